import base64
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from poolhouse.profiles import InvalidCursorError
from poolhouse.profiles.pages import from_cursor, to_cursor

KEYS = string.ascii_letters + string.digits + "-:."


@given(st.text(KEYS, min_size=1, max_size=100))
def test_cursor_leads_back_to_its_key_and_stands_in_a_url_as_it_is(key: str) -> None:
    cursor = to_cursor(key)
    assert cursor is not None
    assert from_cursor(cursor) == key
    assert set(cursor) <= set(string.ascii_letters + string.digits + "-_")


def test_last_page_has_no_cursor_and_no_cursor_is_the_first_page() -> None:
    assert to_cursor(None) is None
    assert from_cursor(None) is None


@given(st.text(max_size=300))
def test_any_text_is_a_cursor_of_ours_or_refused(text: str) -> None:
    try:
        key = from_cursor(text)
    except InvalidCursorError:
        return
    assert key
    assert to_cursor(key) == text
    assert set(key) <= set(KEYS)


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "Y",
        "YTE=",  # padding
        "YTF",  # stray bits: another spelling of the same key
        "YT E",
        "Y+/E",
        "\u00e4",
        base64.urlsafe_b64encode(b"event#0123").decode(),
        base64.urlsafe_b64encode(b"a b").decode(),
        base64.urlsafe_b64encode("\u0661".encode()).decode(),
        base64.urlsafe_b64encode(b"a\x00b").decode(),
        base64.urlsafe_b64encode(b"a" * 240).decode(),
    ],
    ids=ascii,
)
def test_cursor_that_no_answer_gave_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidCursorError) as raised:
        from_cursor(cursor)
    assert (raised.value.status, raised.value.code) == (400, "invalid_parameter")
