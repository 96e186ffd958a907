"""What values a field of the profile takes: how each kind is checked, brought into one form, and described.

A field in ``policy.toml`` names its kind. Each kind says what it takes as a JSON schema too, for the API's document.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

MAX_TEXT: Final = 200
"""Longest text of a field that names no other bound, in characters."""

MAX_ENTRIES: Final = 50
"""Most entries of a map."""

MAX_ENTRY_TEXT: Final = 200
"""Longest text of an entry of a map, in characters."""

_MAX_INTEGER: Final = 2**53 - 1  # what JavaScript counts to without a gap

# Line ends, NUL and their like; half of a character, which nobody can send on.
_CONTROLS: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
# Other characters of format join emoji and letters. These turn the direction of all that follows them on a page.
_TURNING: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")

_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_PHONE_SPACE: Final = re.compile(r"[ ().\-]")
# Language, script, region and variants (RFC 5646, section 2.1), without extensions.
_LOCALE: Final = re.compile(
    "([A-Za-z]{2,3})(?:-([A-Za-z]{4}))?(?:-([A-Za-z]{2}|[0-9]{3}))?((?:-(?:[A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*)"
)
_KEY: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}")
_ENTRY: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")


class InvalidValueError(ValueError):
    """A value is not of its field's kind. The message says what the kind takes, and never the value."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of value.

    Attributes:
        normalise: Takes a value as JSON has it and the field's ``max_length`` and returns the form that is kept. It
            raises :class:`InvalidValueError` for a value of another kind.
        schema: What the kind takes, as a JSON schema without the length.
    """

    normalise: Callable[[Any, int], Any]
    schema: Mapping[str, Any]


def text(value: Any, max_length: int) -> str:
    """One line of text: composed (Unicode NFC), without space around it, control characters and half characters.

    Example:
        >>> text("  Ada Lovelace ", 100)
        'Ada Lovelace'
    """
    if not isinstance(value, str):
        raise InvalidValueError("it is a text")
    # Composing may change the length: what is kept is what is counted.
    composed = unicodedata.normalize("NFC", value).strip()
    if not 0 < len(composed) <= max_length:
        raise InvalidValueError(f"it has 1 to {max_length} characters; null removes it")
    if any(unicodedata.category(each) in _CONTROLS or each in _TURNING for each in composed):
        raise InvalidValueError("it is one line, without control characters and marks that turn its direction")
    return composed


def phone(value: Any, _max_length: int) -> str:
    """A telephone number in E.164 form; spaces, dots, dashes and brackets are taken out.

    Example:
        >>> phone("+1 (555) 555-0100", 0)
        '+15555550100'
    """
    number = _PHONE_SPACE.sub("", value) if isinstance(value, str) and len(value) <= 40 else ""
    if not _PHONE.fullmatch(number):
        raise InvalidValueError("it is a telephone number with + and the country's code, such as +15555550100")
    return number


def locale(value: Any, _max_length: int) -> str:
    """A language tag (RFC 5646: language, script, region, variants), each part in its usual case.

    Example:
        >>> locale("zh-hant-tw", 0)
        'zh-Hant-TW'
    """
    tag = _LOCALE.fullmatch(value) if isinstance(value, str) and len(value) <= 35 else None
    if tag is None:
        raise InvalidValueError("it is a language tag, such as en, de-CH or zh-Hant-TW")
    language, script, region, variants = (part or "" for part in tag.groups())
    return "-".join(part for part in (language.lower(), script.title(), region.upper()) if part) + variants.lower()


def zone(value: Any, _max_length: int) -> str:
    """The name of a time zone in the IANA database.

    Example:
        >>> zone("Europe/Zurich", 0)
        'Europe/Zurich'
    """
    if not isinstance(value, str) or value not in _zones():
        raise InvalidValueError("it is the name of a time zone in the IANA database, such as Europe/Zurich")
    return value


@cache
def _zones() -> frozenset[str]:
    # From the package tzdata: the same names everywhere, whatever the system has.
    from importlib.resources import files  # noqa: PLC0415 - few requests set a zone, and every cold start would pay

    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())


def key(value: Any, _max_length: int) -> str:
    """The name of an object below the user's own prefix: one name, with no slash that could lead elsewhere.

    Example:
        >>> key("me.jpg", 0)
        'me.jpg'
    """
    if not isinstance(value, str) or not _KEY.fullmatch(value):
        raise InvalidValueError("it is a file's name of 1 to 128 letters, digits, dots, dashes and underscores")
    return value


def mapping(value: Any, _max_length: int) -> dict[str, str | int | bool]:
    """Names with texts, whole numbers and flags, bounded in number and length.

    Example:
        >>> mapping({"theme": "dark", "page_size": 50}, 0)
        {'theme': 'dark', 'page_size': 50}
    """
    if not isinstance(value, dict):
        raise InvalidValueError("it is an object")
    if len(value) > MAX_ENTRIES:
        raise InvalidValueError(f"it has {MAX_ENTRIES} entries at most")
    if not all(isinstance(name, str) and _ENTRY.fullmatch(name) for name in value):
        raise InvalidValueError("its names have 1 to 64 letters, digits, dots, dashes and underscores, a letter first")
    return {name: _entry(each) for name, each in value.items()}


def _entry(value: Any) -> str | int | bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) <= _MAX_INTEGER:
        return value
    if isinstance(value, str):
        return text(value, MAX_ENTRY_TEXT)
    raise InvalidValueError("its values are texts, whole numbers below 2^53, true and false")


KINDS: Final[Mapping[str, Kind]] = {
    "text": Kind(text, {"type": "string", "minLength": 1}),
    "phone": Kind(phone, {"type": "string", "maxLength": 40, "examples": ["+15555550100"]}),
    "locale": Kind(locale, {"type": "string", "maxLength": 35, "pattern": f"^{_LOCALE.pattern}$"}),
    "zone": Kind(zone, {"type": "string", "examples": ["Europe/Zurich"]}),
    "key": Kind(key, {"type": "string", "pattern": f"^{_KEY.pattern}$"}),
    "map": Kind(
        mapping,
        {
            "type": "object",
            "maxProperties": MAX_ENTRIES,
            "propertyNames": {"pattern": f"^{_ENTRY.pattern}$"},
            "additionalProperties": {"type": ["string", "integer", "boolean", "null"], "maxLength": MAX_ENTRY_TEXT},
        },
    ),
}
"""The kinds that ``policy.toml`` may name."""
