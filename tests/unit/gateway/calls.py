"""The authorizer behind every type of API, driven through the stand-in for API Gateway and AppSync."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from poolhouse.access.principal import Principal
from poolhouse.gateway import appsync, http_api, rest_api, websocket
from poolhouse.gateway.authorizer import Authorizer
from poolhouse.tokens import CognitoVerifier

from tests.gateway.api_gateway import HttpApi, RestApi, WebSocketApi
from tests.gateway.appsync import AppSyncApi
from tests.gateway.authorizers import Answer, Handler
from tests.unit.tokens import minting

ROUTES = ["ANY /{proxy+}"]
NOWHERE = "http://127.0.0.1:1/keys"
"""Nothing listens there: a test that needs no fetch does not leave this machine by mistake."""

type Event = dict[str, Any]


class Client(Protocol):
    """Sends a request with this token, in the way that browsers and other clients of that type of API send it."""

    def __call__(self, token: str | None, method: str = "GET", path: str = "/profile") -> Answer: ...


class Function:
    """An authorizer as a Lambda function, which remembers what it received and what it answered."""

    def __init__(self, **settings: Any) -> None:
        self._authorizer = authorizer(**settings)
        self.events: list[Event] = []
        self.answers: list[dict[str, Any]] = []

    def __call__(self, event: Event, _context: object) -> dict[str, Any]:
        self.events.append(event)
        self.answers.append(self._authorizer.authorize(event))
        return self.answers[-1]


def authorizer(
    *, token_in_query: bool = False, cache_seconds: int = 0, simple_responses: bool = True, **requirements: Any
) -> Authorizer:
    """An authorizer that takes the tokens of `minting`, with these requirements of `CognitoVerifier`."""
    given = {"jwks": minting.key_set(), "jwks_url": NOWHERE, **requirements}
    return Authorizer(
        CognitoVerifier(minting.POOL, minting.CLIENT, "access", **given),
        token_in_query=token_in_query,
        cache_seconds=cache_seconds,
        simple_responses=simple_responses,
    )


def bearer(token: str | None) -> dict[str, str]:
    return {} if token is None else {"Authorization": f"Bearer {token}"}


def http_simple(function: Handler, **settings: Any) -> Client:
    api = HttpApi(function, routes=ROUTES, **settings)
    return lambda token, method="GET", path="/profile": api.request(method, path, headers=bearer(token))


def http_iam(function: Handler, **settings: Any) -> Client:
    return http_simple(function, simple_responses=False, **settings)


def http_1(function: Handler, **settings: Any) -> Client:
    return http_iam(function, payload_format_version="1.0", **settings)


def rest_request(function: Handler, **settings: Any) -> Client:
    api = RestApi(function, authorizer="REQUEST", routes=ROUTES, **settings)
    return lambda token, method="GET", path="/profile": api.request(method, path, headers=bearer(token))


def rest_token(function: Handler, **settings: Any) -> Client:
    api = RestApi(function, authorizer="TOKEN", routes=ROUTES, **settings)
    return lambda token, method="GET", path="/profile": api.request(method, path, headers=bearer(token))


def websocket_connect(function: Handler, **settings: Any) -> Client:
    api = WebSocketApi(function, **settings)
    return lambda token, method="GET", path="/": api.connect(subprotocols=["bearer", token] if token else [])


def graphql(function: Handler, **settings: Any) -> Client:
    api = AppSyncApi(function, **settings)
    return lambda token, method="POST", path="/graphql": api.execute("query { me { sub } }", token=token)


def event_2(context: object) -> Event:
    return {"version": "2.0", "requestContext": {"authorizer": {"lambda": context}}}


def event_1(context: object) -> Event:
    return {"version": "1.0", "requestContext": {"authorizer": context}}


def rest_event(context: object) -> Event:
    return {"requestContext": {"authorizer": context}}


def resolver_event(context: object) -> Event:
    return {"identity": {"resolverContext": context}}


class Reader(Protocol):
    def __call__(self, event: Mapping[str, Any], *, now: float) -> Principal: ...


@dataclass(frozen=True)
class ApiType:
    """One type of API.

    Attributes:
        client: Makes an API before a function, and a client of it.
        reader: What the integration reads the caller with.
        event: What the integration receives of a context.
        settings: Of the authorizer.
    """

    client: Callable[..., Client]
    reader: Reader
    event: Callable[[object], Event]
    simple_responses: bool = True

    def function(self, **settings: Any) -> Function:
        return Function(simple_responses=self.simple_responses, **settings)


API_TYPES = {
    "http_simple": ApiType(http_simple, http_api.principal, event_2),
    "http_iam": ApiType(http_iam, http_api.principal, event_2, simple_responses=False),
    "http_1": ApiType(http_1, http_api.principal, event_1),
    "rest_token": ApiType(rest_token, rest_api.principal, rest_event),
    "rest_request": ApiType(rest_request, rest_api.principal, rest_event),
    "websocket": ApiType(websocket_connect, websocket.principal, rest_event),
    "appsync": ApiType(graphql, appsync.principal, resolver_event),
}
CACHING = [name for name in API_TYPES if name not in ("websocket", "appsync")]
WITH_POLICY = [name for name in API_TYPES if name not in ("http_simple", "appsync")]
