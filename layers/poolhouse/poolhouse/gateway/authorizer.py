"""One authorizer for every type of API.

It recognises the type by the event, verifies the token, and answers as that type understands:

==================  =====================  ================  ===============================
API                 a bad token            lacks permission  keys cannot be had
==================  =====================  ================  ===============================
HTTP API            403                    403               500
REST API            401                    403               500
WebSocket API       401                    403               500
AppSync             401                    401               an error, and no data
==================  =====================  ================  ===============================
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from poolhouse.gateway.appsync import AppSyncApi
from poolhouse.gateway.http_api import PolicyResponses, SimpleResponses
from poolhouse.gateway.rest_api import RestApi
from poolhouse.gateway.websocket import WebSocketApi
from poolhouse.logs import get_logger
from poolhouse.metrics import count
from poolhouse.tokens import InsufficientPermissionError, KeysUnavailableError, TokenError

if TYPE_CHECKING:
    from poolhouse.tokens import Claims

_logger = get_logger(__name__)

_OBJECTS = (
    "headers",
    "multiValueHeaders",
    "multiValueQueryStringParameters",
    "queryStringParameters",
    "requestContext",
)


class ApiType(Protocol):
    """The authorizer's side of one type of API."""

    def token(self, event: Mapping[str, Any]) -> str:
        """Return the token of the request, or an empty string."""

    def allow(self, event: Mapping[str, Any], claims: Claims) -> dict[str, Any]:
        """Return the answer that lets the request through."""

    def unauthenticated(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to a request without a good token, or raise what stands for it."""

    def forbidden(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to a request whose good token lacks a permission."""


class Verifier(Protocol):
    """What verifies tokens: `CognitoVerifier`, `OidcVerifier`, or your own."""

    def verify(self, token: str) -> Claims:
        """Return the claims of a good token, or raise a `TokenError`."""


class UnknownEventError(ValueError):
    """The event is not what API Gateway or AppSync sends to an authorizer."""


class Authorizer:
    """Lets requests with a good token through, and refuses all others.

    Args:
        verifier: Says which tokens are good. Give it scopes and groups to require them of every request.
        token_in_query: For WebSocket APIs; see `WebSocketApi`.
        cache_seconds: For AppSync; see `AppSyncApi`. Other types of API have this setting to themselves.
        simple_responses: What HTTP APIs with payload format 2.0 expect: their events do not tell.

    Example:
        >>> AUTHORIZER = Authorizer(verifier)  # doctest: +SKIP
        >>> def lambda_handler(event, context):  # doctest: +SKIP
        ...     return AUTHORIZER.authorize(event)
    """

    def __init__(
        self,
        verifier: Verifier,
        *,
        token_in_query: bool = False,
        cache_seconds: int = 0,
        simple_responses: bool = True,
    ) -> None:
        self._verifier = verifier
        self._http_api_2 = SimpleResponses() if simple_responses else PolicyResponses()
        self._http_api_1 = PolicyResponses()
        self._rest_api = RestApi()
        self._websocket = WebSocketApi(token_in_query=token_in_query)
        self._appsync = AppSyncApi(cache_seconds=cache_seconds)

    def authorize(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Answer one request to authorize.

        Args:
            event: The event as API Gateway or AppSync sent it.

        Returns:
            What that type of API expects. A refusal is logged with its code and counted; nothing of the token is.

        Raises:
            UnauthorizedError: The token is no good, and the API is of a type that answers 401 to this exception.
            KeysUnavailableError: The issuer's keys cannot be had, so nothing can be said of the token. The API answers
                500; a refusal would be cached, and would tell a user with a good token to sign in again.
            UnknownEventError: No such event is known.
        """
        api = self._recognise(event) if _has_form_of_event(event) else None
        if api is None:
            raise UnknownEventError(
                "This is not an event that API Gateway (HTTP, REST or WebSocket API) or AppSync (GraphQL) sends to a "
                "Lambda authorizer. Sample events are in events/authorizer/."
            )
        try:
            claims = self._verifier.verify(api.token(event))
        except KeysUnavailableError as error:
            _logger.warning("keys unavailable", extra=count("KeysUnavailable", code=error.code))
            raise
        except InsufficientPermissionError as error:
            _log_refusal(error)
            return api.forbidden(event)
        except TokenError as error:
            _log_refusal(error)
            refusal = api.unauthenticated
        else:
            return api.allow(event, claims)
        return refusal(event)  # outside of the handler: what it raises is no consequence of the token's error

    def _recognise(self, event: Mapping[str, Any]) -> ApiType | None:
        kind, request = event.get("type"), event.get("requestContext") or {}
        if kind == "REQUEST" and event.get("version") == "2.0":
            return self._http_api_2
        if kind == "REQUEST" and event.get("version") == "1.0":
            return self._http_api_1
        if kind == "REQUEST" and request.get("eventType") == "CONNECT":
            return self._websocket
        if kind == "TOKEN" or (kind == "REQUEST" and "httpMethod" in event):
            return self._rest_api
        if kind is None and "authorizationToken" in event and "queryString" in request:
            return self._appsync
        return None


def _has_form_of_event(event: object) -> bool:
    return isinstance(event, dict) and all(isinstance(event.get(name) or {}, dict) for name in _OBJECTS)


def _log_refusal(error: TokenError) -> None:
    _logger.info("token refused", extra=count("TokensRefused", code=error.code))
