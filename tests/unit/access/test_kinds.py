import json
import re
import unicodedata
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st
from poolhouse.access import default_policy
from poolhouse.access.kinds import KINDS, MAX_ENTRIES, MAX_ENTRY_TEXT, InvalidValueError

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def taken(kind: str, value: Any, max_length: int = 100) -> Any:
    return KINDS[kind].normalise(value, max_length)


@pytest.mark.parametrize("kind", KINDS)
@given(value=anything)
def test_what_a_kind_takes_it_takes_again_unchanged(kind: str, value: Any) -> None:
    try:
        kept = taken(kind, value)
    except InvalidValueError:
        return
    assert taken(kind, kept) == kept
    json.dumps(kept, ensure_ascii=False).encode("utf-8")  # it can be stored and sent


@given(st.text())
def test_refusal_of_a_text_never_holds_it(value: str) -> None:
    secret = f"\x00{value}-of-somebody"
    for kind in KINDS:
        with pytest.raises(InvalidValueError) as raised:
            taken(kind, secret)
        assert "of-somebody" not in str(raised.value)


@pytest.mark.parametrize(
    ("kind", "given_", "kept"),
    [
        ("text", "  Ada Lovelace\t", "Ada Lovelace"),
        ("text", "Zoe\u0308", "Zo\u00eb"),
        ("text", "👩\u200d🔬", "👩\u200d🔬"),  # a joiner is part of an emoji
        ("text", "x" * 100, "x" * 100),
        ("text", "e\u0301" * 100, "\u00e9" * 100),  # counted as it is kept
        ("phone", "+1 (555) 555-0100", "+15555550100"),
        ("phone", "+41.44.668.18.00", "+41446681800"),
        ("locale", "DE-ch", "de-CH"),
        ("locale", "ZH-HANT-tw", "zh-Hant-TW"),
        ("locale", "es-419", "es-419"),
        ("locale", "de-1996", "de-1996"),
        ("locale", "sl-ROZAJ-Biske", "sl-rozaj-biske"),
        ("zone", "Europe/Zurich", "Europe/Zurich"),
        ("zone", "UTC", "UTC"),
        ("key", "me.jpg", "me.jpg"),
        ("key", "a..b", "a..b"),
        ("map", {}, {}),
        ("map", {"theme": " dark ", "n": 3, "on": True}, {"theme": "dark", "n": 3, "on": True}),
        ("map", {"n": 2**53 - 1, "m": 1 - 2**53}, {"n": 2**53 - 1, "m": 1 - 2**53}),
    ],
)
def test_value_is_brought_into_one_form(kind: str, given_: Any, kept: Any) -> None:
    assert taken(kind, given_) == kept
    assert repr(taken(kind, given_)) == repr(kept)  # True is not 1


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", ""),
        ("text", " \t "),
        ("text", "x" * 101),
        ("text", "two\nlines"),
        ("text", "two\u2028lines"),
        ("text", "nul\x00"),
        ("text", "half \ud83d"),
        ("text", "turned \u202egnp.exe"),
        ("text", "isolated \u2066x"),
        ("text", 3),
        ("text", True),
        ("text", ["Ada"]),
        ("phone", "5555550100"),
        ("phone", "+05555550100"),
        ("phone", "+123456"),
        ("phone", "+1234567890123456"),
        ("phone", "+1555555010\u0660"),  # a digit that is not of ASCII
        ("phone", "+15555550100 ext 4"),
        ("phone", "+1" + " " * 39 + "5555550100"),
        ("locale", "english"),
        ("locale", "de_CH"),
        ("locale", "en-"),
        ("locale", "en-x-private"),
        ("locale", "en" + "-abcde" * 6),
        ("locale", "\u0131d"),
        ("zone", "Europe/Bern"),
        ("zone", "europe/zurich"),
        ("zone", "../../etc/passwd"),
        ("zone", ["UTC"]),
        ("key", "a/b"),
        ("key", ".hidden"),
        ("key", "..\\x"),
        ("key", "ä.jpg"),
        ("key", "a\n"),
        ("key", "x" * 129),
        ("map", []),
        ("map", {"": 1}),
        ("map", {"1st": 1}),
        ("map", {"a b": 1}),
        ("map", {"x" * 65: 1}),
        ("map", {"a": 1.5}),
        ("map", {"a": 2**53}),
        ("map", {"a": None}),
        ("map", {"a": {"deep": 1}}),
        ("map", {"a": "x" * (MAX_ENTRY_TEXT + 1)}),
        ("map", {f"e{number}": number for number in range(MAX_ENTRIES + 1)}),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_value_of_another_kind_is_refused(kind: str, value: Any) -> None:
    with pytest.raises(InvalidValueError):
        taken(kind, value)


@given(st.text(max_size=60))
def test_kept_text_is_composed_and_has_no_space_around_it(value: str) -> None:
    try:
        kept = taken("text", value)
    except InvalidValueError:
        return
    assert kept == unicodedata.normalize("NFC", kept) == kept.strip()
    assert 0 < len(kept) <= 100


@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True), st.data())
def test_number_is_the_same_however_it_is_spaced(number: str, data: st.DataObject) -> None:
    spaced = "".join(digit + data.draw(st.sampled_from(["", " ", "-", "."])) for digit in number)
    assert taken("phone", spaced) == number


@pytest.mark.parametrize("zone", sorted(available_timezones() & {"UTC", "Europe/Zurich", "America/New_York"}))
def test_zone_is_one_that_python_knows(zone: str) -> None:
    assert ZoneInfo(taken("zone", zone)).key == zone


@pytest.mark.parametrize("kind", KINDS)
def test_pattern_in_the_schema_refuses_only_what_the_kind_refuses(kind: str) -> None:
    pattern = KINDS[kind].schema.get("pattern")
    kept = {"text": "Ada", "phone": "+15555550100", "locale": "zh-Hant-TW", "zone": "UTC", "key": "me.jpg", "map": {}}
    assert taken(kind, kept[kind]) == kept[kind]
    if pattern:
        assert re.search(pattern, str(kept[kind]))
        for refused in ("", "a b", "/", "x" * 200):
            assert not re.search(pattern, refused)


def test_every_settable_field_of_the_policy_has_a_kind() -> None:
    for name, field in default_policy().fields.items():
        assert (field.settable is None) == (field.kind is None), name
        assert field.kind is None or field.kind in KINDS
