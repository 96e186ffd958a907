"""What a mask lets through: nothing else changes the outcome, so nothing else can be read off it."""

from hypothesis import given
from hypothesis import strategies as st
from poolhouse.access.masks import HIDDEN, MASKS, mask_email, mask_name, mask_phone

LETTER = st.characters(exclude_characters="@").filter(lambda letter: not letter.isspace())
WORD_REST = st.text(LETTER, max_size=12)


@given(first=LETTER, rest=st.tuples(st.text(), st.text()), domain=WORD_REST)
def test_mask_email_shows_first_character_and_domain_only(first: str, rest: tuple[str, str], domain: str) -> None:
    one, other = (mask_email(f"{first}{tail}@{domain}") for tail in rest)
    assert one == other == f"{first}{HIDDEN}@{domain}"


@given(st.text(LETTER))
def test_mask_email_hides_what_is_no_address(text: str) -> None:
    assert mask_email(text) == HIDDEN


@given(st.lists(st.tuples(LETTER, WORD_REST, WORD_REST), min_size=1, max_size=5))
def test_mask_name_shows_initials_only(words: list[tuple[str, str, str]]) -> None:
    one = mask_name(" ".join(first + rest for first, rest, _ in words))
    other = mask_name("  ".join(first + rest for first, _, rest in words))
    assert one == other == " ".join(first + HIDDEN for first, _, _ in words)


def test_mask_name_hides_blank_name() -> None:
    assert mask_name(" \t") == HIDDEN


@given(start=st.tuples(st.text(min_size=4), st.text(min_size=4)), end=st.text(min_size=2, max_size=2))
def test_mask_phone_shows_last_two_digits_only(start: tuple[str, str], end: str) -> None:
    assert mask_phone(start[0] + end) == mask_phone(start[1] + end) == HIDDEN + end


@given(st.text(max_size=5))
def test_mask_phone_hides_short_number(number: str) -> None:
    assert mask_phone(number) == HIDDEN


def test_masks_are_the_documented_three() -> None:
    assert {"email": mask_email, "name": mask_name, "phone": mask_phone} == MASKS
