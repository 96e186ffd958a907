"""HTTP APIs: a Lambda authorizer with payload format 2.0 or 1.0, and what the integration receives.

The format: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html

An HTTP API answers 401 by itself to a request without the identity source, and 403 to whatever its authorizer refuses.
No answer of the authorizer makes it 401.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from poolhouse.gateway import bearer, context
from poolhouse.gateway.rest_api import RestApi

if TYPE_CHECKING:
    from poolhouse.access.principal import Principal
    from poolhouse.tokens import Claims


class SimpleResponses:
    """The authorizer's side of an HTTP API with payload format 2.0 and simple responses."""

    def token(self, event: Mapping[str, Any]) -> str:
        """Return the token in the ``Authorization`` header, or an empty string where there is none.

        Example:
            >>> SimpleResponses().token({"headers": {"authorization": "Bearer abc"}})
            'abc'
        """
        return bearer.credentials((event.get("headers") or {}).get("authorization"))

    def allow(self, _event: Mapping[str, Any], claims: Claims) -> dict[str, Any]:
        """Let the request through and tell the integration who calls."""
        return {"isAuthorized": True, "context": context.from_claims(claims)}

    def unauthenticated(self, _event: Mapping[str, Any]) -> dict[str, Any]:
        """Refuse the request: the API answers 403 and the integration never runs."""
        return {"isAuthorized": False}

    forbidden = unauthenticated


class PolicyResponses(RestApi):
    """The authorizer's side of an HTTP API that expects an IAM policy, with payload format 2.0 or 1.0.

    As of a REST API, but for a bad token: of no exception AWS says that an HTTP API makes 401 of it.
    """

    def unauthenticated(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Refuse every route of the stage: the API answers 403 and the integration never runs."""
        return self.forbidden(event)


def principal(event: Mapping[str, Any], *, now: float) -> Principal:
    """Return who calls, as the authorizer told the gateway.

    Args:
        event: The event that the integration received, payload format 2.0 or 1.0.
        now: The time in seconds since the epoch.

    Raises:
        NoPrincipalError: See :func:`poolhouse.gateway.context.to_principal`.
    """
    request = event.get("requestContext")
    given = request.get("authorizer") if isinstance(request, dict) else None
    if isinstance(given, dict) and event.get("version") != "1.0":
        given = given.get("lambda")
    return context.to_principal(given, now=now)


def is_request(event: Any) -> bool:
    """Whether an event is a request to an HTTP API with payload format 2.0.

    Example:
        >>> is_request({"Records": []})
        False
    """
    if not isinstance(event, dict) or not isinstance(event.get("rawPath"), str):
        return False
    request = event.get("requestContext")
    http = request.get("http") if isinstance(request, dict) else None
    return isinstance(http, dict) and isinstance(http.get("method"), str)
