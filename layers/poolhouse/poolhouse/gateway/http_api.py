"""HTTP APIs: the Lambda authorizer with payload format 2.0 and simple responses, and what the integration receives.

The format: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from poolhouse.access.principal import Principal, PrincipalType

if TYPE_CHECKING:
    from poolhouse.tokens import Claims

_SCHEME: Final = "bearer "


class NoPrincipalError(Exception):
    """The request carries no authorizer context that names a caller, or one whose token has ended."""


def bearer_token(event: Mapping[str, Any]) -> str:
    """The token in the ``Authorization`` header, or an empty string where there is none.

    The scheme is compared without regard to case (RFC 9110, section 11.1). Several headers arrive joined by commas,
    and what they make is no token.

    Example:
        >>> bearer_token({"headers": {"authorization": "Bearer abc"}})
        'abc'
    """
    header = (event.get("headers") or {}).get("authorization") or ""
    scheme, token = header[: len(_SCHEME)], header[len(_SCHEME) :]
    return token.strip(" ") if scheme.lower() == _SCHEME else ""


def allow(claims: "Claims") -> dict[str, Any]:
    """Let the request through and tell the integration who calls.

    Context values are scalars, because a list or a map makes the integration fail without a word.
    """
    return {
        "isAuthorized": True,
        "context": {
            "sub": claims.sub,
            "username": claims.username or "",
            "client_id": claims.client_id,
            "principal_type": claims.principal_type,
            # A name with a space would arrive as two; Cognito's own groups have none.
            "roles": " ".join(group for group in claims.groups if group.split() == [group]),
            "scopes": " ".join(sorted(claims.scopes)),
            "token_use": claims.token_use,
            "exp": claims.expires_at,
            "jti": claims.jti or "",
        },
    }


def deny() -> dict[str, Any]:
    """Refuse the request: the API answers 403 and the integration never runs."""
    return {"isAuthorized": False}


def principal(event: Mapping[str, Any], *, now: float) -> Principal:
    """Who calls, as the authorizer told the gateway.

    The integration does not trust that the gateway did its part: an event without a whole authorizer context, made by
    hand or let through by a routing mistake, names nobody.

    Args:
        event: The event that the integration received, payload format 2.0.
        now: The time in seconds since the epoch. The gateway may answer from its cache after the token has ended, so
            the end is looked at again.

    Raises:
        NoPrincipalError: The context is missing, incomplete or contradictory, not of an access token, or past its end.
    """
    try:
        context = event["requestContext"]["authorizer"]["lambda"]
        if context["token_use"] != "access":  # noqa: S105 - a kind of token, no password
            raise NoPrincipalError("the caller is not known by an access token")
        end = float(context["exp"])
        if end <= now:
            raise NoPrincipalError("the access token has ended")
        if not math.isfinite(end):
            raise ValueError("the end of the access token is no date")  # noqa: TRY301 - one place says what is wrong
        return Principal(
            sub=_text(context["sub"]),
            client_id=_text(context["client_id"]),
            principal_type=cast("PrincipalType", context["principal_type"]),
            roles=frozenset(_text(context["roles"]).split()),
            scopes=frozenset(_text(context["scopes"]).split()),
        )
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise NoPrincipalError("the authorizer context is missing or incomplete") from error


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a member of the authorizer context is not a string")
    return value
