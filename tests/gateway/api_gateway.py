"""A stand-in for API Gateway's side of Lambda authorizers, for tests: emulators model neither caching nor policies.

It drives a function with the events that REST, HTTP and WebSocket APIs send and does with its result what they do.
Where AWS's documentation is silent or contradicts itself, the stricter reading is taken; a comment says so. Not
modelled: time-outs, the limit on headers (10,240 bytes), usage plans, mutual TLS, and the decoding of paths: a path
reaches the function and its ARN as the test wrote it.

The rules, unless another page is named:

- https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
- https://docs.aws.amazon.com/apigateway/latest/developerguide/configure-api-gateway-lambda-authorization-with-console.html
- https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-input.html
- https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
- https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
- https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html
"""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal
from urllib.parse import urlencode

from tests.gateway.authorizers import (
    Answer,
    Cache,
    Clock,
    Handler,
    Refusal,
    Scalar,
    call,
    check_ttl,
    malformed,
    members,
    scalars,
    serialized,
)
from tests.gateway.policies import MalformedPolicyError, Policy

type Values = Mapping[str, str | Sequence[str]]
"""Headers or query parameters; a sequence is one that was sent several times."""

MAX_METHOD_ARN_BYTES: Final = 1600
MAX_RESULT_BYTES: Final = 8192
"""The quota of WebSocket APIs ("8 KB", https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html).
None is documented for REST and HTTP APIs; here it holds for every type, so that one function may serve them all."""

# RFC 9110, section 5.6.2: what a WebSocket subprotocol is made of (RFC 6455, section 4.1).
_HTTP_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_ROUTE: Final = re.compile(r"[A-Z]+ (/|(/([^/{}]+|\{[A-Za-z_]\w*\+?\}))+)")
_SOURCE_IP: Final = "192.0.2.10"
_REQUEST_ID: Final = "EXAMPLErequest="


@dataclass(frozen=True)
class Endpoint:
    """Where an API is deployed."""

    partition: str = "aws"
    region: str = "us-east-1"
    account_id: str = "123456789012"
    api_id: str = "abcdef1234"

    @property
    def domain(self) -> str:
        """The API's host name."""
        suffix = "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"
        return f"{self.api_id}.execute-api.{self.region}.{suffix}"

    def arn(self, resource: str) -> str:
        """The ARN of something in this API: ``{stage}/{method}/{path}``, or ``{stage}/{route key}`` for WebSockets."""
        return f"arn:{self.partition}:execute-api:{self.region}:{self.account_id}:{self.api_id}/{resource}"


@dataclass(frozen=True)
class Handshake(Answer):
    """What became of a WebSocket handshake. The status of one that succeeded is 101.

    Attributes:
        subprotocol: The ``Sec-WebSocket-Protocol`` header of the answer, None where there is none.
        browser_accepts: Whether a browser keeps the connection. One that asked for subprotocols closes it unless the
            answer names one of them (https://websockets.spec.whatwg.org/#establish-a-websocket-connection); an answer
            that names another ends every client's connection (RFC 6455, section 4.1).
    """

    subprotocol: str | None = None
    browser_accepts: bool = False


@dataclass(frozen=True)
class _Grant:
    """A result with an IAM policy."""

    principal_id: str
    policy: Policy
    context: dict[str, Scalar]


@dataclass(frozen=True)
class _Verdict:
    """A simple response."""

    authorized: bool
    context: dict[str, Scalar]


@dataclass(frozen=True)
class _Request:
    method: str
    path: str
    headers: dict[str, list[str]]
    query: dict[str, list[str]]
    resource: str
    path_parameters: dict[str, str]
    time: datetime

    def header(self, name: str) -> list[str]:
        return [value for key, values in self.headers.items() if key.lower() == name.lower() for value in values]

    @property
    def epoch_ms(self) -> int:
        return int(self.time.timestamp() * 1000)

    @property
    def formatted_time(self) -> str:
        return self.time.strftime("%d/%b/%Y:%H:%M:%S +0000")


@dataclass
class _Api:
    handler: Handler
    endpoint: Endpoint = field(default_factory=Endpoint, kw_only=True)
    stage: str = field(default="prod", kw_only=True)
    stage_variables: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    clock: Clock = field(default_factory=Clock, kw_only=True)

    def _sent(self, method: str, path: str, headers: Values | None, query: Values | None) -> _Request:
        """The request as API Gateway sees it, with the headers that clients and the network add."""
        sent = _lists(headers or {})
        if len({name.lower() for name in sent}) != len(sent):
            raise ValueError("a header that is sent several times is one name with several values")
        for name, value in {
            "Host": self.endpoint.domain,
            "User-Agent": "curl/8.7.1",
            "X-Amzn-Trace-Id": "Root=1-00000000-000000000000000000000000",
            "X-Forwarded-For": _SOURCE_IP,
            "X-Forwarded-Port": "443",
            "X-Forwarded-Proto": "https",
        }.items():
            if name.lower() not in map(str.lower, sent):
                sent[name] = [value]
        return _Request(method, path, sent, _lists(query or {}), "", {}, datetime.fromtimestamp(self.clock.now, UTC))


@dataclass(kw_only=True)
class _RoutedApi(_Api, ABC):
    """REST and HTTP APIs: routes, and answers held by identity."""

    routes: Sequence[str]
    ttl: int
    identity_sources: Sequence[str]

    def __post_init__(self) -> None:
        check_ttl(self.ttl)
        if self.ttl and not self.identity_sources:
            raise ValueError("caching needs at least one identity source")
        if unknown := [route for route in self.routes if not _ROUTE.fullmatch(route)]:
            raise ValueError(f"not modelled as routes: {unknown}")
        self._cache = Cache(self.clock)

    def request(self, method: str, path: str, *, headers: Values | None = None, query: Values | None = None) -> Answer:
        """Send a request.

        Args:
            method: The HTTP method.
            path: The path, beginning with a slash, without a query string.
            headers: The headers. A name is compared without regard to case.
            query: The query parameters.

        Raises:
            ValueError: The arguments or the API's settings are not of the form that is asked for.
            UnsupportedPolicyError: The function's policy uses a part of IAM that is not modelled.
        """
        if not path.startswith("/") or "?" in path:
            raise ValueError(f"not a path: {path!r}")
        request = self._sent(method, path, headers, query)
        found = _route(self.routes, method, path)
        try:
            if found is None:
                raise self._no_route()
            resource, parameters = found
            context, called = self._authorize(replace(request, resource=resource, path_parameters=parameters))
        except Refusal as refusal:
            return refusal.answer
        return Answer(200, context, called, "allowed")

    @abstractmethod
    def _no_route(self) -> Refusal: ...

    @abstractmethod
    def _authorize(self, request: _Request) -> tuple[dict[str, Scalar], bool]:
        """The context for the integration, and whether the function was called."""

    def _ask[T](
        self, event: dict[str, Any], identity: tuple[str, ...], read: Callable[[object], T], *, unauthorized_status: int
    ) -> tuple[T, bool]:
        """The function's result, from the cache where it may be. Failures are not held, denials are."""
        held: T | None = self._cache.recall(identity)
        if held is not None:
            return held, False
        result = read(call(self.handler, event, unauthorized_status=unauthorized_status))
        self._cache.keep(identity, result, self.ttl)
        return result, True


@dataclass(kw_only=True)
class RestApi(_RoutedApi):
    """A REST API whose methods all use one Lambda authorizer.

    Args:
        handler: The authorizer.
        authorizer: Its type.
        routes: Methods with resource paths, such as ``GET /profiles/{sub}``; ``ANY`` and ``{proxy+}`` work.
        ttl: For how many seconds an answer is held: 0 to 3600. A held policy decides on every later method and path
            of the stage that comes with the same identity.
        identity_sources: ``method.request.header.X``, ``method.request.querystring.X``, ``stageVariables.X`` or
            ``context.X``. The TOKEN type has one, a header. The REQUEST type without caching may have none.
        identity_validation_expression: For the TOKEN type. Whether a match of a part suffices is not documented;
            here the whole token has to match.
        endpoint: Where it is deployed.
        stage: Its stage.
        stage_variables: The variables of the stage.
        clock: The time.

    Example:
        >>> def authorize(event, context):
        ...     statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": event["methodArn"]}
        ...     return {
        ...         "principalId": "a1",
        ...         "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        ...     }
        >>> api = RestApi(authorize, authorizer="TOKEN", routes=["GET /profile", "DELETE /profile"])
        >>> api.request("GET", "/profile", headers={"Authorization": "t"}).status
        200
        >>> api.request("DELETE", "/profile", headers={"Authorization": "t"}).status
        403
    """

    authorizer: Literal["TOKEN", "REQUEST"]
    ttl: int = 300
    identity_sources: Sequence[str] = ("method.request.header.Authorization",)
    identity_validation_expression: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.authorizer == "TOKEN":
            if len(self.identity_sources) != 1 or not self.identity_sources[0].startswith("method.request.header."):
                raise ValueError("the TOKEN type has one identity source, a header")
        elif self.identity_validation_expression is not None:
            raise ValueError("only the TOKEN type has an identity validation expression")

    def _no_route(self) -> Refusal:
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
        return Refusal(403, "Missing Authentication Token", called=False)

    def _authorize(self, request: _Request) -> tuple[dict[str, Scalar], bool]:
        arn = self.endpoint.arn(f"{self.stage}/{request.method}{request.path}")
        if len(arn.encode()) > MAX_METHOD_ARN_BYTES:
            raise Refusal(414, "Request URI too long", called=False)
        context = _rest_context(self, request)
        # The guide asks for identity sources only when answers are held, the API reference
        # (https://docs.aws.amazon.com/apigateway/latest/api/API_Authorizer.html) whenever there are any.
        identity = _identity(
            self.identity_sources,
            {
                "method.request.header.": lambda name: request.header(name)[-1:],
                "method.request.querystring.": lambda name: request.query.get(name, [])[-1:],
                "stageVariables.": lambda name: _optional(self.stage_variables.get(name)),
                "context.": lambda name: _optional(_member(context, name)),
            },
        )
        if self.authorizer == "TOKEN":
            expression = self.identity_validation_expression
            if expression is not None and not re.fullmatch(expression, identity[0]):
                raise Refusal(401, "the token does not match the identity validation expression", called=False)
            event: dict[str, Any] = {"type": "TOKEN", "authorizationToken": identity[0], "methodArn": arn}
        else:
            # The page's example has no member for several values; the events that API Gateway sends do
            # (https://github.com/aws/aws-lambda-go/blob/main/events/apigw.go).
            event = {
                "type": "REQUEST",
                "methodArn": arn,
                **_request_members(request),
                "multiValueHeaders": request.headers,
                "multiValueQueryStringParameters": request.query,
                "stageVariables": dict(self.stage_variables),
                "requestContext": context,
            }
        grant, called = self._ask(event, identity, _read_grant, unauthorized_status=401)
        return _as_strings(_evaluate(grant, arn, called=called)), called


@dataclass(kw_only=True)
class HttpApi(_RoutedApi):
    """An HTTP API whose routes all use one Lambda authorizer, on the stage ``$default``.

    Args:
        handler: The authorizer.
        routes: Route keys, such as ``GET /profiles/{sub}``; ``ANY`` and ``{proxy+}`` work, ``$default`` does not.
        payload_format_version: Of the authorizer.
        simple_responses: Whether it answers ``isAuthorized`` and no IAM policy; needs format 2.0.
        ttl: For how many seconds an answer is held: 0 to 3600. A held answer serves every route that comes with the
            same identity, unless ``$context.routeKey`` is one of the identity sources.
        identity_sources: ``$request.header.X``, ``$request.querystring.X``, ``$context.X`` or ``$stageVariables.X``.
        endpoint: Where it is deployed.
        stage_variables: The variables of the stage.
        clock: The time.

    Example:
        >>> api = HttpApi(lambda event, context: {"isAuthorized": True, "context": {"n": 1}}, routes=["GET /profile"])
        >>> api.request("GET", "/profile", headers={"Authorization": "t"}).context
        {'n': 1}
    """

    payload_format_version: Literal["1.0", "2.0"] = "2.0"
    simple_responses: bool = True
    ttl: int = 0
    identity_sources: Sequence[str] = ("$request.header.Authorization",)
    stage: str = field(default="$default", init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.simple_responses and self.payload_format_version != "2.0":
            raise ValueError("simple responses need payload format 2.0")

    def _no_route(self) -> Refusal:
        return Refusal(404, "Not Found", called=False)

    def _authorize(self, request: _Request) -> tuple[dict[str, Scalar], bool]:
        arn = self.endpoint.arn(f"{self.stage}/{request.method}{request.path}")
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
        variables = {
            "accountId": self.endpoint.account_id,
            "apiId": self.endpoint.api_id,
            "domainName": self.endpoint.domain,
            "httpMethod": request.method,
            "identity.sourceIp": _SOURCE_IP,
            "identity.userAgent": ",".join(request.header("User-Agent")),
            "path": request.path,
            "routeKey": request.resource,
            "stage": self.stage,
        }
        identity = _identity(
            self.identity_sources,
            {
                "$request.header.": request.header,
                "$request.querystring.": lambda name: request.query.get(name, []),
                "$stageVariables.": lambda name: _optional(self.stage_variables.get(name)),
                # A variable that is not modelled is an error of the test, no missing identity.
                "$context.": lambda name: [variables[name]],
            },
        )
        event = (self._event_2 if self.payload_format_version == "2.0" else self._event_1)(request, arn, identity)
        # The page knows only 500 for a function that fails; that an exception named Unauthorized means 401, as on REST
        # APIs, is not documented here.
        if self.simple_responses:
            verdict, called = self._ask(event, identity, _read_verdict, unauthorized_status=500)
            if not verdict.authorized:
                raise Refusal(403, "isAuthorized is false", called=called)
            return dict(verdict.context), called
        grant, called = self._ask(event, identity, _read_grant, unauthorized_status=500)
        return dict(_evaluate(grant, arn, called=called).context), called

    def _event_2(self, request: _Request, arn: str, identity: tuple[str, ...]) -> dict[str, Any]:
        # Header names are lowercased and values joined, cookies stand apart:
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
        headers = {name.lower(): ",".join(values) for name, values in request.headers.items()}
        cookies = headers.pop("cookie", "")
        optional = {
            "cookies": [cookie.strip() for cookie in cookies.split(";") if cookie.strip()],
            "queryStringParameters": {name: ",".join(values) for name, values in request.query.items()},
            "pathParameters": request.path_parameters,
            "stageVariables": dict(self.stage_variables),
        }
        return {
            "version": "2.0",
            "type": "REQUEST",
            "routeArn": arn,
            "identitySource": list(identity) or None,
            "routeKey": request.resource,
            "rawPath": request.path,
            "rawQueryString": urlencode(request.query, doseq=True),
            "headers": headers,
            "requestContext": {
                "accountId": self.endpoint.account_id,
                "apiId": self.endpoint.api_id,
                "domainName": self.endpoint.domain,
                "domainPrefix": self.endpoint.api_id,
                "http": {
                    "method": request.method,
                    "path": request.path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": _SOURCE_IP,
                    "userAgent": headers["user-agent"],
                },
                "requestId": _REQUEST_ID,
                "routeKey": request.resource,
                "stage": self.stage,
                "time": request.formatted_time,
                "timeEpoch": request.epoch_ms,
            },
            **{name: value for name, value in optional.items() if value},
        }

    def _event_1(self, request: _Request, arn: str, identity: tuple[str, ...]) -> dict[str, Any]:
        found = _request_members(request)
        return {
            "version": "1.0",
            "type": "REQUEST",
            "methodArn": arn,
            "identitySource": ",".join(identity) or None,
            "authorizationToken": ",".join(identity) or None,
            **found,
            "headers": {name.lower(): value for name, value in found["headers"].items()},
            "stageVariables": dict(self.stage_variables),
            "requestContext": _rest_context(self, request),
        }


@dataclass(kw_only=True)
class WebSocketApi(_Api):
    """A WebSocket API with a Lambda authorizer on ``$connect``, of the REQUEST type; answers are never held.

    Args:
        handler: The authorizer.
        integration: The function behind ``$connect``, None where there is none. For a browser that asks for
            subprotocols it has to answer with the header ``Sec-WebSocket-Protocol``
            (https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-connect-route-subprotocol.html).
        identity_sources: ``route.request.header.X``, ``route.request.querystring.X``, ``stageVariables.X`` or
            ``context.X``.
        endpoint: Where it is deployed.
        stage: Its stage.
        stage_variables: The variables of the stage.
        clock: The time.

    Example:
        >>> def authorize(event, context):
        ...     statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": event["methodArn"]}
        ...     return {
        ...         "principalId": "a1",
        ...         "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        ...     }
        >>> handshake = WebSocketApi(authorize).connect(subprotocols=["chat"])
        >>> handshake.status, handshake.browser_accepts
        (101, False)
    """

    integration: Handler | None = None
    identity_sources: Sequence[str] = ()

    def connect(
        self, *, subprotocols: Sequence[str] = (), headers: Values | None = None, query: Values | None = None
    ) -> Handshake:
        """Open a connection.

        Args:
            subprotocols: What a browser sends for ``new WebSocket(url, subprotocols)``.
            headers: Further headers; a browser cannot set any.
            query: The query parameters.

        Raises:
            ValueError: A browser would not send these subprotocols.
            UnsupportedPolicyError: The function's policy uses a part of IAM that is not modelled.
        """
        if len(set(subprotocols)) != len(subprotocols) or not all(map(_HTTP_TOKEN.fullmatch, subprotocols)):
            raise ValueError(f"a browser takes no such subprotocols: {subprotocols!r}")
        asked: Values = {"Sec-WebSocket-Protocol": ", ".join(subprotocols)} if subprotocols else {}
        upgrade = {"Connection": "upgrade", "Sec-WebSocket-Version": "13", "Upgrade": "websocket"}
        try:
            response, context = self._connect(self._sent("GET", "/", {**upgrade, **asked, **(headers or {})}, query))
        except Refusal as refusal:
            return Handshake(**vars(refusal.answer))
        subprotocol = next(
            (value for name, value in response["headers"].items() if name.lower() == "sec-websocket-protocol"), None
        )
        # The documentation says only that no connection is made unless the integration succeeds.
        if not 200 <= response["statusCode"] <= 299:
            return Handshake(response["statusCode"], None, True, "the integration refused")
        accepts = subprotocol in subprotocols if subprotocols or subprotocol else True
        return Handshake(101, context, True, "allowed", subprotocol, accepts)

    def _connect(self, request: _Request) -> tuple[dict[str, Any], dict[str, Scalar]]:
        arn = self.endpoint.arn(f"{self.stage}/$connect")
        single = {name: values[-1] for name, values in request.query.items()}
        event: dict[str, Any] = {
            "headers": {name: values[-1] for name, values in request.headers.items()},
            "multiValueHeaders": request.headers,
            **({"queryStringParameters": single, "multiValueQueryStringParameters": request.query} if single else {}),
            "stageVariables": dict(self.stage_variables),
            "requestContext": {
                "routeKey": "$connect",
                "eventType": "CONNECT",
                "extendedRequestId": _REQUEST_ID,
                "requestTime": request.formatted_time,
                "messageDirection": "IN",
                "stage": self.stage,
                "connectedAt": request.epoch_ms,
                "requestTimeEpoch": request.epoch_ms,
                "identity": {"userAgent": request.header("User-Agent")[-1], "sourceIp": _SOURCE_IP},
                "requestId": _REQUEST_ID,
                "domainName": self.endpoint.domain,
                "connectionId": "EXAMPLEconnection=",
                "apiId": self.endpoint.api_id,
            },
        }
        _identity(
            self.identity_sources,
            {
                "route.request.header.": lambda name: request.header(name)[-1:],
                "route.request.querystring.": lambda name: request.query.get(name, [])[-1:],
                "stageVariables.": lambda name: _optional(self.stage_variables.get(name)),
                "context.": lambda name: _optional(_member(event["requestContext"], name)),
            },
        )
        result = call(self.handler, {"type": "REQUEST", "methodArn": arn, **event}, unauthorized_status=401)
        context = _as_strings(_evaluate(_read_grant(result), arn, called=True))
        if self.integration is None:
            return {"statusCode": 200, "headers": {}}, context
        event["requestContext"]["authorizer"] = context
        response = call(self.integration, {**event, "isBase64Encoded": False})
        if not isinstance(response, dict) or type(response.get("statusCode")) is not int:
            raise Refusal(500, "the integration's answer has no statusCode", called=True)
        return {"statusCode": response["statusCode"], "headers": response.get("headers") or {}}, context


def _read_grant(result: object) -> _Grant:
    """Read a result with an IAM policy.

    Raises:
        Refusal: It is malformed: 500, an ``AuthorizerConfigurationException`` on REST APIs.
    """
    found = members(result, required={"principalId", "policyDocument"}, optional={"context", "usageIdentifierKey"})
    if not isinstance(found["principalId"], str) or not found["principalId"]:
        raise malformed("principalId is not a text")
    try:
        policy = Policy.parse(found["policyDocument"])
    except MalformedPolicyError as error:
        raise malformed(str(error)) from error
    return _Grant(found["principalId"], policy, _read_context(found))


def _read_verdict(result: object) -> _Verdict:
    """Read a simple response.

    Raises:
        Refusal: It is malformed: 500.
    """
    found = members(result, required={"isAuthorized"}, optional={"context"})
    if not isinstance(found["isAuthorized"], bool):
        raise malformed("isAuthorized is not a boolean")
    return _Verdict(found["isAuthorized"], _read_context(found))


def _read_context(result: dict[str, Any]) -> dict[str, Scalar]:
    if len(serialized(result)) > MAX_RESULT_BYTES:
        raise malformed(f"it has more than {MAX_RESULT_BYTES} bytes")
    context = scalars(result.get("context", {}), "context")
    # Reserved for HTTP APIs with format 1.0, always null on REST APIs.
    if "claims" in context:
        raise malformed("context.claims is reserved")
    return context


def _evaluate(grant: _Grant, arn: str, *, called: bool) -> _Grant:
    decision = grant.policy.decide(arn)
    if decision != "allowed":
        raise Refusal(403, decision, called=called)
    return grant


def _as_strings(grant: _Grant) -> dict[str, Scalar]:
    """The context as REST and WebSocket APIs hand it on: every value a string, beside the principal.

    API Gateway adds ``integrationLatency``, which is left out here.
    """
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in grant.context.items()}
    return {**texts, "principalId": grant.principal_id}


def _identity(sources: Sequence[str], lookups: Mapping[str, Callable[[str], Sequence[str]]]) -> tuple[str, ...]:
    """The values of the identity sources.

    Raises:
        Refusal: One is missing or empty: 401, and the function is not called.
        ValueError: A source is not of the form that the API type takes.
    """
    identity = []
    for source in sources:
        prefix = next((prefix for prefix in lookups if source.startswith(prefix)), None)
        if prefix is None:
            raise ValueError(f"not an identity source of this API type: {source!r}")
        value = ",".join(lookups[prefix](source.removeprefix(prefix)))
        if not value:
            raise Refusal(401, f"identity source missing: {source}", called=False)
        identity.append(value)
    return tuple(identity)


def _route(routes: Sequence[str], method: str, path: str) -> tuple[str, dict[str, str]] | None:
    """The route for a request, the most specific first, and its path parameters.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
    """
    found = []
    for route in routes:
        verb, _, template = route.partition(" ")
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(template))
        pattern = re.sub(r"\\{(\w+)\\\+\\}", r"(?P<\1>.+)", pattern)
        match = re.fullmatch(pattern, path, re.DOTALL)
        if verb in (method, "ANY") and match:
            kinds = [2 if part.endswith("+}") else 1 if part.startswith("{") else 0 for part in template.split("/")]
            found.append(((kinds, verb == "ANY"), route, match.groupdict()))
    return min(found)[1:] if found else None


def _rest_context(api: _Api, request: _Request) -> dict[str, Any]:
    return {
        "path": request.path,
        "accountId": api.endpoint.account_id,
        "resourceId": "05c7jb",
        "stage": api.stage,
        "domainPrefix": api.endpoint.api_id,
        "requestId": _REQUEST_ID,
        "extendedRequestId": _REQUEST_ID,
        "identity": {"apiKey": None, "sourceIp": _SOURCE_IP, "userAgent": request.header("User-Agent")[-1]},
        "domainName": api.endpoint.domain,
        "resourcePath": request.resource.partition(" ")[2],
        "httpMethod": request.method,
        "protocol": "HTTP/1.1",
        "requestTime": request.formatted_time,
        "requestTimeEpoch": request.epoch_ms,
        "apiId": api.endpoint.api_id,
    }


def _request_members(request: _Request) -> dict[str, Any]:
    return {
        "resource": request.resource.partition(" ")[2],
        "path": request.path,
        "httpMethod": request.method,
        "headers": {name: values[-1] for name, values in request.headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in request.query.items()},
        "pathParameters": request.path_parameters,
    }


def _member(context: Mapping[str, Any], path: str) -> str | None:
    value: Any = context
    for name in path.split("."):
        value = value[name]
    return value if value is None else str(value)


def _optional(value: str | None) -> list[str]:
    return [] if value is None else [value]


def _lists(values: Values) -> dict[str, list[str]]:
    return {name: [value] if isinstance(value, str) else list(value) for name, value in values.items()}
