"""What an authorizer tells the integration about the caller, and how the integration reads it.

The members are the same for every type of API, so that code behind one serves behind another. All are scalars: a list
or a map makes the integration of a REST API fail without a word
(https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html).
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from poolhouse.access.principal import Principal, PrincipalType
    from poolhouse.tokens import Claims


class NoPrincipalError(Exception):
    """The request carries no authorizer context that names a caller, or one whose token has ended."""


def from_claims(claims: Claims) -> dict[str, str | int]:
    """Return the context of a verified access token.

    Example:
        >>> from_claims(verifier.verify(token))["roles"]  # doctest: +SKIP
        'support admin'
    """
    return {
        "sub": claims.sub,
        "username": claims.username or "",
        "client_id": claims.client_id or "",
        "principal_type": claims.principal_type,
        # A name with a space would arrive as two; Cognito's own groups have none.
        "roles": " ".join(group for group in claims.groups if group.split() == [group]),
        "scopes": " ".join(sorted(claims.scopes)),
        "token_use": claims.token_use or "",
        "exp": claims.expires_at,
        "jti": claims.jti or "",
    }


def to_principal(context: Any, *, now: float) -> Principal:
    """Return who calls, as the authorizer said.

    The integration does not trust that the gateway did its part: a context that is not whole, made by hand or let
    through by a routing mistake, names nobody.

    Args:
        context: The authorizer's context out of the integration's event. REST and WebSocket APIs and AppSync make every
            value a string, which is read the same.
        now: The time in seconds since the epoch. The gateway may answer from its cache after the token has ended, so
            the end is looked at again.

    Raises:
        NoPrincipalError: The context is missing, incomplete or contradictory, not of an access token, or past its end.

    Example:
        >>> to_principal({}, now=0)
        Traceback (most recent call last):
        poolhouse.gateway.context.NoPrincipalError: the authorizer context is missing or incomplete
    """
    # The authorizer writes contexts and never reads one: importing this costs its cold start 3 ms.
    from poolhouse.access.principal import Principal  # noqa: PLC0415

    try:
        if context["token_use"] != "access":  # noqa: S105 - a kind of token, no password
            raise NoPrincipalError("the caller is not known by an access token")
        end = float(context["exp"])
        if end <= now:
            raise NoPrincipalError("the access token has ended")
        if not isfinite(end):
            raise ValueError("the end of the access token is no date")  # noqa: TRY301 - one place says what is wrong
        return Principal(
            sub=_text(context["sub"]),
            client_id=_text(context["client_id"]),
            principal_type=cast("PrincipalType", context["principal_type"]),
            roles=frozenset(_text(context["roles"]).split()),
            scopes=frozenset(_text(context["scopes"]).split(" ")) - {""},
        )
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise NoPrincipalError("the authorizer context is missing or incomplete") from error


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a member of the authorizer context is not a string")
    return value
