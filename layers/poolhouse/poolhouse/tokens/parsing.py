"""From the text of a token to its parts, strictly: what has two readings is refused.

Nothing here trusts the token, knows a key or looks at the clock. Every fault is raised outside the `except` block that
found it, so that the error does not carry the lower-level exception, which holds the token's text.

Source: RFC 7515 (compact serialisation), RFC 7519 (section 7.2), RFC 8259 (JSON), RFC 8725 (best current practice).
"""

from __future__ import annotations

import binascii
import json
from typing import Any, NoReturn

from poolhouse.tokens.errors import (
    AlgorithmNotAllowedError,
    DuplicateMemberError,
    HeaderNotAllowedError,
    InvalidEncodingError,
    InvalidJsonError,
    InvalidKeyIdError,
    MalformedTokenError,
    TokenTooLargeError,
)

MAX_TOKEN_LENGTH = 16_384
"""Longest token that is looked at, in characters. API Gateway takes 10,240 bytes of headers in total; Cognito's own
tokens are 1 to 3 kB. The limit bounds the work that a stranger can cause."""

MAX_KEY_ID_LENGTH = 128
"""Longest `kid` that is looked up, in characters. Cognito's have 44."""

MAX_DEPTH = 32
"""How deep arrays and objects may be nested in a document. Cognito's own claims are at most 1 deep. This is looked at
before the parser runs: in a thread with a small stack a deeper one would end the process."""

# Headers that bring a key or ask for an extension. RFC 7515, sections 4.1.2, 4.1.3, 4.1.5, 4.1.6, 4.1.11; RFC 7797.
_REFUSED_HEADERS = frozenset({"b64", "crit", "jku", "jwk", "x5c", "x5u"})

# The last character of a part carries 4 or 2 bits that belong to no byte. They must be zero, else the same bytes have
# several spellings and one token has several digests (RFC 4648, section 3.5).
_NO_STRAY_BITS = (
    frozenset(range(128)) - {ord("=")},  # four characters, three bytes: every bit counts; padding is not wanted
    frozenset[int](),  # one character is less than a byte: impossible
    frozenset(b"AQgw"),
    frozenset(b"AEIMQUYcgkosw048"),
)
_PADDING = (b"", b"", b"==", b"=")

_JSON_SPACE = " \t\n\r"

# As numbers: looking for `b"."` in bytes makes and drops an exception first.
_DOT = ord(".")
_PLUS = ord("+")
_SLASH = ord("/")


class _DuplicateMember(Exception):  # noqa: N818 - a signal inside this module, never seen outside
    pass


def to_bytes(token: object) -> bytes:
    """Return the token's text as ASCII bytes.

    Args:
        token: what the caller sent; anything.

    Raises:
        MalformedTokenError: it is not a string, or has characters outside ASCII.
        TokenTooLargeError: it is longer than `MAX_TOKEN_LENGTH` characters.
    """
    if type(token) is not str:
        if not issubclass(type(token), str):
            raise MalformedTokenError("A token is a string; nothing else is looked at.")
        token = str.__str__(token)  # a subclass may say of itself what it likes
    if len(token) > MAX_TOKEN_LENGTH:
        raise TokenTooLargeError(f"The token is longer than {MAX_TOKEN_LENGTH} characters.")
    if not token.isascii():
        raise MalformedTokenError("The token has characters outside ASCII; send it exactly as it was issued.")
    return token.encode("ascii")


def split(token: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """Cut a token into its three parts.

    Args:
        token: the token's text.

    Returns:
        Header, payload and signature, still encoded, and what the signature covers: the first two with their dot
        (RFC 7515, section 5.2).

    Raises:
        MalformedTokenError: there are not exactly three parts, or one is empty. An encrypted token has five.
    """
    signing_input, _, signature = token.rpartition(b".")
    header, _, payload = signing_input.partition(b".")
    if not header or not payload or not signature or _DOT in payload:
        raise MalformedTokenError("The token is not three non-empty parts separated by two dots.")
    return header, payload, signature, signing_input


def decode_base64url(part: bytes) -> bytes:
    r"""Decode base64url without padding, accepting the one canonical spelling only.

    Args:
        part: one part of a token, or a number in a JSON Web Key.

    Raises:
        InvalidEncodingError: a character outside the alphabet, padding, an impossible length, or stray last bits.

    Example:
        >>> decode_base64url(b"_-4")
        b'\xff\xee'
    """
    remainder = len(part) % 4
    decoded = None
    if not part or (part[-1] in _NO_STRAY_BITS[remainder] and _PLUS not in part and _SLASH not in part):
        try:
            in_base64 = part.replace(b"-", b"+").replace(b"_", b"/") + _PADDING[remainder]
            decoded = binascii.a2b_base64(in_base64, strict_mode=True)
        except binascii.Error:
            pass
    if decoded is None:
        raise InvalidEncodingError("A part of the token is not canonical base64url without padding.")
    return decoded


def parse_object(document: bytes) -> dict[str, Any]:
    """Parse a JSON object, refusing what readers of JSON disagree on.

    Args:
        document: the bytes of the object.

    Raises:
        InvalidJsonError: not UTF-8, not JSON, not an object, `NaN` or `Infinity`, a number too long to be one, nested
            more than `MAX_DEPTH` deep, or half of a surrogate pair.
        DuplicateMemberError: an object at any depth has the same member twice.
    """
    parsed: object = None
    duplicate = False
    try:
        text = document.decode("utf-8").strip(_JSON_SPACE)
        if text.count("[") + text.count("{") > MAX_DEPTH and _depth(text) > MAX_DEPTH + 1:
            raise ValueError  # noqa: TRY301 - one place says what is wrong
        parsed, end = _decoder.raw_decode(text)
        if end != len(text) or ("\\" in text and _has_lone_surrogate(parsed)):
            parsed = None
    except _DuplicateMember:
        duplicate = True
    except ValueError:
        parsed = None
    if duplicate:
        raise DuplicateMemberError("A JSON object in the token has the same member twice.")
    if not isinstance(parsed, dict):
        raise InvalidJsonError(
            "Header and payload of a token are JSON objects in UTF-8; one of them is not, or is nested more than "
            f"{MAX_DEPTH} deep."
        )
    return parsed


def parse_header(part: bytes) -> tuple[str, str]:
    """Decode and check the header, before any key is looked up.

    Args:
        part: the first part of the token, still encoded.

    Returns:
        `alg` and `kid`, the two header parameters that a verifier acts on.

    Raises:
        InvalidEncodingError: it is not canonical base64url.
        InvalidJsonError: it is not a JSON object.
        DuplicateMemberError: it has a member twice.
        HeaderNotAllowedError: it has one of `crit`, `b64`, `jku`, `jwk`, `x5u`, `x5c`.
        AlgorithmNotAllowedError: `alg` is missing or not a string.
        InvalidKeyIdError: `kid` is missing or not a string of 1 to 128 printable ASCII characters.
    """
    header = parse_object(decode_base64url(part))
    if not _REFUSED_HEADERS.isdisjoint(header):
        raise HeaderNotAllowedError("The header has crit, b64, jku, jwk, x5u or x5c; none of them is accepted.")
    algorithm = header.get("alg")
    if type(algorithm) is not str:
        raise AlgorithmNotAllowedError("The header names no algorithm (alg).")
    key_id = header.get("kid")
    if type(key_id) is not str or not is_key_id(key_id):
        raise InvalidKeyIdError(f"The header has no key id (kid) of 1 to {MAX_KEY_ID_LENGTH} printable characters.")
    return algorithm, key_id


def is_key_id(text: str) -> bool:
    """Say whether a text can be a key id here: 1 to 128 printable ASCII characters without a space."""
    return 0 < len(text) <= MAX_KEY_ID_LENGTH and text.isascii() and text.isprintable() and " " not in text


def _depth(text: str) -> int:
    """How deep a JSON text is nested, itself included, without parsing it. Brackets inside strings do not count."""
    depth = deepest = 0
    for outside in text.replace(r"\\", "").replace(r"\"", "").split('"')[::2]:
        for character in outside:
            if character in "[{":
                depth += 1
                deepest = max(deepest, depth)
            elif character in "]}":
                depth -= 1
    return deepest


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _DuplicateMember
    return members


def _no_constant(_name: str) -> NoReturn:
    # NaN, Infinity and -Infinity, which the parser would take although they are not JSON.
    raise ValueError


def _has_lone_surrogate(parsed: object) -> bool:
    # A string with half a surrogate pair cannot be encoded again: it would fail later, in whoever stores or sends it.
    try:
        json.dumps(parsed, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


_decoder = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)
