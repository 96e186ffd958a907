"""Where a request carries its token (RFC 6750, section 2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SCHEME = "bearer "


def credentials(value: Any) -> str:
    """Return what follows the scheme of an ``Authorization`` header, or an empty string.

    The scheme is compared without regard to case (RFC 9110, section 11.1). Several headers arrive joined by commas in
    some types of event, and what they make is no token.

    Example:
        >>> credentials("Bearer abc")
        'abc'
    """
    if not isinstance(value, str) or value[: len(_SCHEME)].lower() != _SCHEME:
        return ""
    return value[len(_SCHEME) :].strip(" ")


def credentials_or_bare(value: Any) -> str:
    """Return the token of a value that is nothing but credentials, with the scheme or without.

    REST APIs with a TOKEN authorizer and AppSync hand over the value of one header. Clients of Cognito's own
    authorizers send the token bare.

    Example:
        >>> credentials_or_bare("abc"), credentials_or_bare("Bearer abc"), credentials_or_bare("Basic abc")
        ('abc', 'abc', '')
    """
    if isinstance(value, str) and " " not in value:
        return value
    return credentials(value)


def only_value(event: Mapping[str, Any], members: str, name: str) -> str:
    """Return the one value of a header or query parameter, or an empty string where there is none or more than one.

    Which of two would count is for nobody to guess: a proxy before us may have looked at the other.

    Example:
        >>> only_value({"multiValueHeaders": {"Authorization": ["Bearer abc"]}}, "Headers", "authorization")
        'Bearer abc'
    """
    found = values(event, members, name)
    return found[0] if len(found) == 1 and isinstance(found[0], str) else ""


def values(event: Mapping[str, Any], members: str, name: str) -> list[Any]:
    """Return all values of a header or query parameter.

    Args:
        event: An event of a REST or WebSocket API, or of an HTTP API with payload format 1.0.
        members: ``Headers``, whose names are compared without regard to case, or ``QueryStringParameters``.
        name: The name, in lower case.

    Example:
        >>> values({"multiValueHeaders": {"Authorization": ["Bearer abc"]}}, "Headers", "authorization")
        ['Bearer abc']
    """
    several = event.get(f"multiValue{members}")
    single = event.get(members[0].lower() + members[1:])
    return (
        [value for key, sent in several.items() if key.lower() == name and isinstance(sent, list) for value in sent]
        if several
        else [value for key, value in (single or {}).items() if key.lower() == name]
    )
