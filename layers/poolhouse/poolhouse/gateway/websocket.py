"""WebSocket APIs: a Lambda authorizer of ``$connect``, and what the integration receives.

Only ``$connect`` is ever authorized; messages of an open connection are not, and it may stay open for two hours
(https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html). What the token
may do until when is for the integration to keep.

A browser can set no header of a WebSocket but the subprotocols. It offers two, the word ``bearer`` and the token::

    new WebSocket(url, ["bearer", accessToken])

and hangs up unless the integration of ``$connect`` chooses one of them: :func:`connected` chooses the word, so that the
token is not sent back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from poolhouse.gateway import bearer, policies
from poolhouse.gateway.rest_api import RestApi, principal

if TYPE_CHECKING:
    from poolhouse.tokens import Claims

__all__ = ["SUBPROTOCOL", "WebSocketApi", "connected", "principal"]

SUBPROTOCOL = "bearer"
"""The subprotocol that says that the one beside it is an access token."""

_HEADER = "sec-websocket-protocol"


class WebSocketApi(RestApi):
    """The authorizer's side of a WebSocket API.

    Args:
        token_in_query: Whether the query parameter ``access_token`` counts (RFC 6750, section 2.3). Addresses are
            written to logs and histories, tokens within them too: only for clients that can do nothing else.
    """

    def __init__(self, *, token_in_query: bool = False) -> None:
        self._token_in_query = token_in_query
        self._places = [("Headers", "authorization"), ("Headers", _HEADER)]
        if token_in_query:
            self._places.append(("QueryStringParameters", "access_token"))

    def token(self, event: Mapping[str, Any]) -> str:
        """Return the token of the request, or an empty string where there is none, or more than one.

        Example:
            >>> WebSocketApi().token({"headers": {"Sec-WebSocket-Protocol": "bearer, abc"}})
            'abc'
        """
        if any(len(bearer.values(event, *place)) > 1 for place in self._places):
            return ""
        found = {
            bearer.credentials(bearer.only_value(event, "Headers", "authorization")),
            _token_of_subprotocols(event),
        }
        if self._token_in_query:
            found.add(bearer.only_value(event, "QueryStringParameters", "access_token"))
        found.discard("")
        return found.pop() if len(found) == 1 else ""

    def allow(self, event: Mapping[str, Any], claims: Claims) -> dict[str, Any]:
        """Let the caller connect, and tell the integration who calls."""
        return policies.allow(claims, _connect(event))

    def forbidden(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Refuse to connect: the API answers 403."""
        return policies.deny(_connect(event))


def connected(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer of the integration of ``$connect`` that completes the handshake.

    Args:
        event: The event that the integration of ``$connect`` received.

    Example:
        >>> connected({"headers": {"Sec-WebSocket-Protocol": "bearer, abc"}})
        {'statusCode': 200, 'headers': {'Sec-WebSocket-Protocol': 'bearer'}}
    """
    if SUBPROTOCOL in _subprotocols(event):
        return {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": SUBPROTOCOL}}
    return {"statusCode": 200}


def _token_of_subprotocols(event: Mapping[str, Any]) -> str:
    offered = _subprotocols(event)
    return offered[1] if len(offered) == 2 and offered[0] == SUBPROTOCOL else ""


def _subprotocols(event: Mapping[str, Any]) -> list[str]:
    return [name.strip(" \t") for name in bearer.only_value(event, "Headers", _HEADER).split(",")]


def _connect(event: Mapping[str, Any]) -> str:
    return f"{policies.stage_of(event)}/$connect"
