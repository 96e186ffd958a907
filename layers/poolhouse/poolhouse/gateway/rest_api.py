"""REST APIs: a Lambda authorizer of type TOKEN or REQUEST, and what the integration receives.

The formats: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-input.html and
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from poolhouse.gateway import bearer, context, policies

if TYPE_CHECKING:
    from poolhouse.access.principal import Principal
    from poolhouse.tokens import Claims


class UnauthorizedError(Exception):
    """Makes API Gateway answer 401, which it does when an authorizer fails with exactly this message.

    Lambda counts it among the function's errors: raise alarms on the metric of the cause instead.
    """

    def __init__(self) -> None:
        super().__init__("Unauthorized")


class RestApi:
    """The authorizer's side of a REST API."""

    def token(self, event: Mapping[str, Any]) -> str:
        """Return the token of the request, or an empty string where there is none.

        Of a TOKEN authorizer it is the value of its one header, with ``Bearer`` or without; of a REQUEST authorizer the
        credentials in the ``Authorization`` header.

        Example:
            >>> RestApi().token({"type": "TOKEN", "authorizationToken": "Bearer abc"})
            'abc'
        """
        if event["type"] == "TOKEN":
            return bearer.credentials_or_bare(event.get("authorizationToken"))
        return bearer.credentials(bearer.only_value(event, "Headers", "authorization"))

    def allow(self, event: Mapping[str, Any], claims: Claims) -> dict[str, Any]:
        """Let the caller invoke every method of the stage, and tell the integration who calls."""
        return policies.allow(claims, _methods(event))

    def unauthenticated(self, _event: Mapping[str, Any]) -> dict[str, Any]:
        """Refuse the request: the API answers 401 and keeps nothing in its cache.

        Raises:
            UnauthorizedError: Always; it is what API Gateway understands.
        """
        raise UnauthorizedError

    def forbidden(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Refuse every method of the stage: the API answers 403."""
        return policies.deny(_methods(event))


def principal(event: Mapping[str, Any], *, now: float) -> Principal:
    """Return who calls, as the authorizer told the gateway.

    Args:
        event: The event that a Lambda proxy integration received.
        now: The time in seconds since the epoch.

    Raises:
        NoPrincipalError: See :func:`poolhouse.gateway.context.to_principal`.
    """
    request = event.get("requestContext")
    return context.to_principal(request.get("authorizer") if isinstance(request, dict) else None, now=now)


def _methods(event: Mapping[str, Any]) -> str:
    return f"{policies.stage_of(event)}/*"
