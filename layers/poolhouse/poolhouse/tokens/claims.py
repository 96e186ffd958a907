"""What a verified token says about its bearer."""

# No `from __future__ import annotations` here: `NamedTuple` would compile the annotation of each field, which costs a
# cold start half a millisecond.
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from poolhouse.tokens.errors import InvalidClaimError

GROUPS = "cognito:groups"
"""The claim that names the user's groups."""

_DATES = frozenset({"exp", "iat", "nbf"})
_LAST_DATE = 253_402_300_799  # 9999-12-31T23:59:59Z; what lies beyond is not a date but an attempt
_LISTS = frozenset({GROUPS, "aud"})
_NEVER_TEXT = _DATES | {GROUPS}
_KINDS = dict.fromkeys(_DATES, "a date in seconds since 1970") | {
    GROUPS: "a list of strings",
    "aud": "a string or a list of strings",
}

type PrincipalType = Literal["user", "machine"]


class Claims(NamedTuple):
    """The claims of one verified token. Immutable all the way down, because a cached one serves many requests.

    It is a named tuple and not a dataclass because importing `dataclasses` costs a cold start more than parsing JSON
    does. Its `repr` shows nothing personal, so that it can stand in the text of a log line. What writes a
    tuple member by member, as JSON say, shows all of it: name there what you want to log.

    Attributes:
        issuer: `iss`, one of the issuers the verifier was made for.
        sub: the user's id in the pool; for a machine, the app client's id.
        username: `username` of an access token, `cognito:username` of an ID token; None for a machine.
        groups: `cognito:groups`, in the token's order; empty when the claim is absent.
        scopes: `scope` split at its spaces (RFC 6749, section 3.3); empty for an ID token.
        client_id: the app client it was issued to: `client_id` of an access token, `aud` of an ID token. None only for
            a token of another issuer that names no client.
        origin_jti: the id shared by all tokens of one sign-in, which revocation works on; None when absent.
        jti: this token's own id; None when absent.
        token_use: "access" or "id"; None for a token of another issuer.
        expires_at: `exp`, in whole seconds since 1970-01-01T00:00:00Z.
        principal_type: "machine" for a client_credentials token, whose `sub` is its client id and which has no user
            name; "user" otherwise.
        claims: every claim of the token by its name. Objects are read-only mappings and arrays are tuples.

    Source: AWS documentation, "Understanding the access token"
    (https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html)
    and "Understanding the identity (ID) token".

    Example:
        >>> claims = verifier.verify(token)  # doctest: +SKIP
        >>> "admin" in claims.groups, claims.claims.get("email")  # doctest: +SKIP
    """

    issuer: str
    sub: str
    username: str | None
    groups: tuple[str, ...]
    scopes: frozenset[str]
    client_id: str | None
    origin_jti: str | None
    jti: str | None
    token_use: str | None
    expires_at: int
    principal_type: PrincipalType
    claims: Mapping[str, Any]

    def __repr__(self) -> str:
        return (
            f"Claims(principal_type={self.principal_type!r}, token_use={self.token_use!r}, "
            f"client_id={self.client_id!r}, expires_at={self.expires_at})"
        )


def check(payload: dict[str, Any], text_claims: frozenset[str]) -> int:
    """Check that each claim is of its kind and make nested values immutable, in one walk over the claims.

    `exp`, `iat` and `nbf` are dates, `cognito:groups` is a list of strings, and `aud` a string or a list of strings.

    Args:
        payload: a parsed payload; its arrays become tuples and its objects read-only mappings.
        text_claims: names of the claims that must be strings when they are there.

    Returns:
        The number of values inside arrays and objects, which tells their size in memory.

    Raises:
        InvalidClaimError: a claim is of another kind.
    """
    nested = 0
    for name, value in payload.items():
        kind = type(value)
        if kind is str:
            if name in _NEVER_TEXT:
                raise _not_its_kind(name)
        elif name in text_claims:
            raise _not_its_kind(name)
        elif name in _DATES:
            if (kind is not int and kind is not float) or not 0 <= value <= _LAST_DATE:
                raise _not_its_kind(name)
        elif kind is list and all([type(member) is str for member in value]):  # noqa: C419 - half the time
            payload[name] = tuple(value)
            nested += len(value)
        elif name in _LISTS:
            raise _not_its_kind(name)
        elif kind is list or kind is dict:
            payload[name], members = _frozen(value)
            nested += members
    return nested


def _not_its_kind(name: str) -> InvalidClaimError:
    return InvalidClaimError(f"The claim {name} is not {_KINDS.get(name, 'a string')}.")


def _frozen(value: Any) -> tuple[Any, int]:  # noqa: ANN401, RUF100 - any JSON value
    """Return an array as a tuple or an object as a read-only mapping, with the number of values in it."""
    names = None
    if type(value) is dict:
        names, value = value.keys(), value.values()
    count = len(value)
    members = []
    for member in value:
        if type(member) is list or type(member) is dict:
            frozen, inner = _frozen(member)
            members.append(frozen)
            count += inner
        else:
            members.append(member)
    return (tuple(members) if names is None else MappingProxyType(dict(zip(names, members, strict=True)))), count
