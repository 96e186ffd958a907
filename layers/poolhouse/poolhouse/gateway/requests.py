"""What an integration reads out of a request besides its caller: the body, the versions it names, its parameters."""

import base64
import binascii
import re
from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Any, Final

from poolhouse.tokens import TokenError
from poolhouse.tokens.parsing import parse_object

MAX_BODY: Final = 32_768
"""Largest body that is read, in bytes. API Gateway itself takes 10 MB."""

JSON_TYPES: Final = ("application/json", "application/merge-patch+json")

_TAGS: Final = re.compile(r'\s*(?:W/)?"[^"]*"\s*(?:,\s*(?:W/)?"[^"]*"\s*)*')
_STRONG_VERSION: Final = re.compile(r'(?<!W/)"([0-9]{1,15})"')


class RequestError(Exception):
    """A request that cannot be read. The message is a sentence for whoever sent it.

    Attributes:
        code: Stable, in snake case: what a program goes by.
        status: The HTTP status that means the same.
    """

    def __init__(self, status: HTTPStatus, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.code = code


def json_object(event: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON object in a request's body.

    Read as strictly as a token: what two readers could take for two things is refused, such as a member that is there
    twice.

    Args:
        event: The event that the integration received, payload format 2.0 or 1.0.

    Raises:
        RequestError: The body is no JSON object (400), too large (413), or said to be something else (415).

    Example:
        >>> json_object({"headers": {"content-type": "application/json"}, "body": '{"zone": null}'})
        {'zone': None}
    """
    kind = header(event, "content-type") or ""
    if kind.partition(";")[0].strip().lower() not in JSON_TYPES:
        raise RequestError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            f"Send a JSON object, with Content-Type {' or '.join(JSON_TYPES)}.",
        )
    body = event.get("body") or ""
    if len(body) > MAX_BODY * 2:
        raise _too_large()
    try:
        document = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
    except (binascii.Error, UnicodeEncodeError):
        document = b""
    if len(document) > MAX_BODY:
        raise _too_large()
    try:
        return parse_object(document)
    except TokenError:  # its words are of tokens
        pass
    raise RequestError(
        HTTPStatus.BAD_REQUEST, "invalid_body", "The body is one JSON object in UTF-8, with each member once."
    )


def named_versions(event: Mapping[str, Any]) -> Collection[int]:
    """The versions that ``If-Match`` names (RFC 9110, section 13.1.1). Weak tags match nothing, as the RFC says.

    Args:
        event: The event that the integration received.

    Raises:
        RequestError: The header is missing, or ``*``, which names no version (428: RFC 6585, section 3), or no list
            of entity tags (400).

    Example:
        >>> named_versions({"headers": {"if-match": '"3"'}})
        {3}
    """
    given = header(event, "if-match")
    if given is None or given.strip() == "*":
        raise RequestError(
            HTTPStatus.PRECONDITION_REQUIRED,
            "version_required",
            "Say which version you change: read the profile, and send its ETag as If-Match.",
        )
    if len(given) > 1024 or not _TAGS.fullmatch(given):
        raise RequestError(
            HTTPStatus.BAD_REQUEST, "invalid_if_match", 'If-Match holds the ETag of an answer, with its quotes: "3".'
        )
    return {int(version) for version in _STRONG_VERSION.findall(given)}


def entity_tag(version: int) -> str:
    """A version as an ``ETag``.

    Example:
        >>> entity_tag(3)
        '"3"'
    """
    return f'"{version}"'


def whole_number(name: str, given: str | None, *, default: int, highest: int) -> int:
    """A parameter of the query that is a number from 1.

    Args:
        name: The parameter.
        given: Its text; None where it is missing.
        default: What it is then.
        highest: The highest that is taken.

    Raises:
        RequestError: It is something else (400).

    Example:
        >>> whole_number("limit", "10", default=25, highest=100)
        10
    """
    if given is None:
        return default
    if given.isascii() and given.isdecimal() and len(given) <= 9 and 1 <= int(given) <= highest:
        return int(given)
    raise RequestError(
        HTTPStatus.BAD_REQUEST, "invalid_parameter", f"The parameter {name} is a number from 1 to {highest}."
    )


def header(event: Mapping[str, Any], name: str) -> str | None:
    """A header of the request, by its name in lower case; None where there is none."""
    headers = event.get("headers") or {}
    return next((value for key, value in headers.items() if key.lower() == name), None)


def _too_large() -> RequestError:
    return RequestError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", f"The body has more than {MAX_BODY} bytes."
    )
