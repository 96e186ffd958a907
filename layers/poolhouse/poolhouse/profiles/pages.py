"""Long lists in pages: what a page holds, and the cursor that a caller gets for the next one."""

import base64
import binascii
from collections.abc import Sequence
from typing import Final, NamedTuple

from poolhouse.profiles.errors import InvalidCursorError

MAX_LIMIT: Final = 100
"""Most entries of a page."""

DEFAULT_LIMIT: Final = 25
"""Entries of a page where the caller names no number."""


class Page[T](NamedTuple):
    """A part of a list.

    Attributes:
        entries: What is on the page. It may be fewer than asked for, even none, with more to come.
        last: The key after which the next page begins; None where there is nothing more.
    """

    entries: Sequence[T]
    last: str | None


def to_cursor(last: str | None) -> str | None:
    """The key after which the next page begins, as callers get it: opaque, and safe in a URL.

    Example:
        >>> to_cursor("a1")
        'YTE'
    """
    return None if last is None else base64.urlsafe_b64encode(last.encode()).decode().rstrip("=")


def from_cursor(cursor: str | None) -> str | None:
    """The key that a cursor stands for. A made-up one leads to another page of the same list, and nowhere else.

    Raises:
        InvalidCursorError: No answer can have given this cursor.

    Example:
        >>> from_cursor("YTE")
        'a1'
    """
    if cursor is None:
        return None
    key = ""
    if cursor.isascii() and 0 < len(cursor) <= 256:
        try:
            key = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
        except (binascii.Error, UnicodeDecodeError):
            key = ""
    # Keys and times are of these characters, so that nothing else ever reaches the table.
    if not key or not all(each.isalnum() or each in "-:." for each in key) or to_cursor(key) != cursor:
        raise InvalidCursorError
    return key
