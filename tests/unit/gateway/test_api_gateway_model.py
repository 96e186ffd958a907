"""The stand-in for API Gateway and AppSync that the tests of authorizers use: it keeps AWS's rules."""

import doctest
import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gateway import api_gateway, authorizers, policies
from tests.gateway import appsync as appsync_module
from tests.gateway.api_gateway import Endpoint, HttpApi, RestApi, WebSocketApi
from tests.gateway.appsync import AppSyncAnswer, AppSyncApi
from tests.gateway.authorizers import Answer, Clock
from tests.gateway.policies import MalformedPolicyError, Policy, UnsupportedPolicyError, matches

API = "arn:aws:execute-api:us-east-1:123456789012:abcdef1234"
ROUTES = ["GET /profile", "GET /profiles/{sub}", "DELETE /profiles/{sub}"]
TOKEN = {"Authorization": "t1"}


class Function:
    """An authorizer that does what it is told and remembers what it received."""

    def __init__(self, does: object) -> None:
        self.does = does
        self.events: list[dict[str, Any]] = []

    def __call__(self, event: dict[str, Any], context: object) -> Any:
        self.events.append(event)
        if isinstance(self.does, Exception):
            raise self.does
        return self.does(event) if callable(self.does) else self.does


def statement(effect: str = "Allow", *resources: str, action: Any = "execute-api:Invoke") -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": list(resources) or ["*"]}


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def grant(*statements: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"principalId": "a1", "policyDocument": policy(*statements or [statement()]), **members}


def allow_method(event: dict[str, Any]) -> dict[str, Any]:
    """What most examples do, and what breaks as soon as the answer is held."""
    return grant(statement("Allow", event.get("methodArn") or event["routeArn"]))


# ------------------------------------------------------------------------------------------------------------ policies
def slow_match(pattern: str, text: str) -> bool:
    """The meaning of ``*`` and ``?``, one character at a time."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return slow_match(pattern[1:], text) or (bool(text) and slow_match(pattern, text[1:]))
    return bool(text) and pattern[0] in ("?", text[0]) and slow_match(pattern[1:], text[1:])


@given(st.text("ab/.[\n*?", max_size=8), st.text("ab/.[\n*?", max_size=10))
def test_matches_agrees_with_the_definition(pattern: str, text: str) -> None:
    assert matches(pattern, text) is slow_match(pattern, text)


@given(st.data())
def test_matches_what_a_pattern_was_made_from(data: st.DataObject) -> None:
    text = data.draw(st.text(max_size=12))
    parts = data.draw(st.lists(st.tuples(st.sampled_from(["keep", "?", "*"]), st.integers(1, 3)), max_size=12))
    pattern, rest = "", text
    for kind, length in parts:
        piece, rest = rest[:length], rest[length:]
        pattern += {"keep": piece, "?": "?" * len(piece), "*": "*"}[kind]
    assert matches(pattern + rest, text)


def test_matches_ends_in_time_on_a_hostile_pattern() -> None:
    assert not matches("*a" * 200 + "b", "a" * 1500)


@pytest.mark.parametrize(
    ("statements", "method", "decision"),
    [
        ([statement("Allow", f"{API}/prod/GET/users/1")], "prod/GET/users/1", "allowed"),
        ([statement("Allow", f"{API}/prod/GET/users/1")], "prod/GET/users/2", "implicitDeny"),
        ([statement("Allow", f"{API}/prod/GET/users/1")], "prod/GET/users/1/", "implicitDeny"),
        ([statement("Allow", f"{API}/prod/GET/users/*")], "prod/GET/users/1/admin", "allowed"),
        ([statement("Allow", f"{API}/prod/GET/users/?")], "prod/GET/users//", "allowed"),
        ([statement("Allow", f"{API}/prod/GET/users/?/x")], "prod/GET/users/12/x", "implicitDeny"),
        ([statement("Allow", f"{API}/*/profile")], "prod/DELETE/profile", "allowed"),
        ([statement("Allow", f"{API}/prod/get/users/1")], "prod/GET/users/1", "implicitDeny"),
        ([statement("Allow", f"{API}/PROD/GET/users/1")], "prod/GET/users/1", "implicitDeny"),
        ([statement("Allow", "arn:aws:execute-api:*:*:*")], "prod/GET/users/1", "allowed"),
        ([statement("Allow", "*")], "prod/GET/users/1", "allowed"),
        ([statement("Allow", "arn:aws:execute-api:*")], "prod/GET/users/1", "allowed"),
        ([statement("Allow", API.replace("arn:aws:", "arn:aws-cn:") + "/*")], "prod/GET/x", "implicitDeny"),
        ([statement("Allow", API.replace("arn:aws:", "arn:aws-us-gov:") + "/*")], "prod/GET/x", "implicitDeny"),
        ([statement("Allow"), statement("Deny", f"{API}/prod/GET/a")], "prod/GET/a", "explicitDeny"),
        ([statement("Deny", f"{API}/prod/GET/a"), statement("Allow")], "prod/GET/a", "explicitDeny"),
        ([statement("Allow"), statement("Deny", f"{API}/prod/GET/a")], "prod/GET/b", "allowed"),
        ([statement("Deny", f"{API}/prod/GET/a")], "prod/GET/b", "implicitDeny"),
        ([statement("Allow", f"{API}/prod/GET/a", f"{API}/prod/GET/b")], "prod/GET/b", "allowed"),
        ([statement("Allow", f"{API}/prod/GET/a"), statement("Allow", f"{API}/prod/GET/b")], "prod/GET/b", "allowed"),
        ([statement(action="execute-api:*")], "prod/GET/a", "allowed"),
        ([statement(action="execute-api:In?oke")], "prod/GET/a", "allowed"),
        ([statement(action="EXECUTE-API:invoke")], "prod/GET/a", "allowed"),
        ([statement(action="*")], "prod/GET/a", "allowed"),
        ([statement(action=["execute-api:InvalidateCache", "execute-api:Invoke"])], "prod/GET/a", "allowed"),
        ([statement(action="execute-api:InvalidateCache")], "prod/GET/a", "implicitDeny"),
        ([statement(), statement("Deny", action="execute-api:ManageConnections")], "prod/GET/a", "allowed"),
    ],
)
def test_policy_decides(statements: list[dict[str, Any]], method: str, decision: str) -> None:
    assert Policy.parse(policy(*statements)).decide(f"{API}/{method}") == decision


def test_policy_takes_a_text_for_resource_and_names_for_statements() -> None:
    one = {"Sid": "Profile", "Effect": "Allow", "Action": "execute-api:Invoke", "Resource": f"{API}/prod/GET/a"}
    assert Policy.parse({**policy(one), "Id": "p"}).decide(f"{API}/prod/GET/a") == "allowed"


@pytest.mark.parametrize(
    "document",
    [
        None,
        "{}",
        [],
        {},
        policy(),
        {**policy(statement()), "Version": "2008-10-17"},
        {"Statement": [statement()]},
        {"Version": "2012-10-17"},
        {"Version": "2012-10-17", "Statement": statement()},
        {**policy(statement()), "version": "2012-10-17"},
        policy(None),  # type: ignore[arg-type]
        policy({}),
        policy({**statement(), "Effect": "allow"}),
        policy({**statement(), "Effect": ["Allow"]}),
        policy({**statement(), "Resource": []}),
        policy({**statement(), "Resource": ""}),
        policy({**statement(), "Resource": None}),
        policy({**statement(), "Resource": [["*"]]}),
        policy({**statement(), "Action": []}),
        policy({**statement(), "Action": "Invoke"}),
        policy({"Effect": "Allow", "Action": "execute-api:Invoke"}),
        policy({"Effect": "Allow", "Resource": "*"}),
        policy({"Action": "execute-api:Invoke", "Resource": "*"}),
        policy({**statement(), "effect": "Deny"}),
        policy(statement("Allow", "GET/profile")),
        policy(statement("Allow", "arn:aws:s3:::bucket/*")),
        policy(statement("Allow", "arn:aws:*:us-east-1:123456789012:abcdef1234/*")),
        policy(statement("Allow", "arn:*:execute-api:us-east-1:123456789012:abcdef1234/*")),
        policy(statement("Allow", f"{API}/".ljust(513, "a"))),
        policy(statement(), statement("Allow", f"{API}/".ljust(513, "a"))),
    ],
)
def test_policy_that_is_malformed(document: object) -> None:
    with pytest.raises(MalformedPolicyError):
        Policy.parse(document)


def test_policy_resource_of_512_characters_is_taken() -> None:
    resource = f"{API}/".ljust(512, "a")
    assert Policy.parse(policy(statement("Allow", resource))).decide(resource) == "allowed"


@pytest.mark.parametrize(
    "document",
    [
        policy({**statement(), "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}),
        policy({**statement(), "Principal": "*"}),
        policy({"Effect": "Allow", "Action": "execute-api:Invoke", "NotResource": f"{API}/prod/GET/a"}),
        policy({"Effect": "Allow", "NotAction": "execute-api:Invoke", "Resource": "*"}),
        policy(statement("Allow", f"{API}/prod/GET/${{aws:username}}")),
        policy(statement("Allow", f"{API}/prod/GET/${{*}}")),
    ],
)
def test_policy_beyond_the_model_is_an_error_and_no_answer(document: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedPolicyError):
        Policy.parse(document)
    api = RestApi(Function({"principalId": "a1", "policyDocument": document}), authorizer="TOKEN", routes=ROUTES)
    with pytest.raises(UnsupportedPolicyError):
        api.request("GET", "/profile", headers=TOKEN)


# -------------------------------------------------------------------------------------------- every type of API Gateway
type Send = Callable[[Function], Answer]


def rest_token(function: Function) -> Answer:
    return RestApi(function, authorizer="TOKEN", routes=ROUTES).request("GET", "/profile", headers=TOKEN)


def rest_request(function: Function) -> Answer:
    return RestApi(function, authorizer="REQUEST", routes=ROUTES).request("GET", "/profile", headers=TOKEN)


def http_simple(function: Function) -> Answer:
    return HttpApi(function, routes=ROUTES).request("GET", "/profile", headers=TOKEN)


def http_iam(function: Function) -> Answer:
    return HttpApi(function, routes=ROUTES, simple_responses=False).request("GET", "/profile", headers=TOKEN)


def http_1(function: Function) -> Answer:
    api = HttpApi(function, routes=ROUTES, simple_responses=False, payload_format_version="1.0")
    return api.request("GET", "/profile", headers=TOKEN)


def websocket(function: Function) -> Answer:
    return WebSocketApi(function).connect()


def appsync(function: Function) -> Answer:
    return AppSyncApi(function).execute("query { me { sub } }", token="t1")


IAM_TYPES = [rest_token, rest_request, http_iam, http_1, websocket]
REST_LIKE = [rest_token, rest_request, websocket]
HTTP_TYPES = [http_simple, http_iam, http_1]
GATEWAY_TYPES = [*REST_LIKE, *HTTP_TYPES]


def passes(send: Send, context: dict[str, Any]) -> dict[str, Any]:
    """A result that the API type takes, with this context."""
    if send is http_simple:
        return {"isAuthorized": True, "context": context}
    if send is appsync:
        return {"isAuthorized": True, "resolverContext": context}
    return grant(context=context)


@pytest.mark.parametrize("send", [*REST_LIKE, *HTTP_TYPES, appsync])
@pytest.mark.parametrize("value", [None, ["admin"], {"role": "admin"}, [], {}])
def test_context_value_that_is_no_scalar_fails(send: Send, value: object) -> None:
    answer = send(Function(passes(send, {"roles": value})))
    assert (answer.status, answer.context, answer.called) == (500, None, True)
    assert "roles is not a string, a number or a boolean" in answer.reason


@pytest.mark.parametrize("send", [*REST_LIKE, *HTTP_TYPES, appsync])
@pytest.mark.parametrize("context", [None, [], "sub"])
def test_context_that_is_no_object_fails(send: Send, context: Any) -> None:
    assert send(Function(passes(send, context))).status == 500


SCALARS = {"sub": "a1", "exp": 1800000060, "ratio": 1.5, "admin": True, "empty": ""}


@pytest.mark.parametrize("send", REST_LIKE)
def test_context_reaches_a_rest_or_websocket_integration_as_strings(send: Send) -> None:
    assert send(Function(passes(send, SCALARS))).context == {
        "principalId": "a1",
        "sub": "a1",
        "exp": "1800000060",
        "ratio": "1.5",
        "admin": "true",
        "empty": "",
    }


@pytest.mark.parametrize("send", [*HTTP_TYPES, appsync])
def test_context_reaches_an_http_integration_or_a_resolver_as_it_is(send: Send) -> None:
    answer = send(Function(passes(send, SCALARS)))
    assert answer.context == SCALARS
    assert answer.context["admin"] is True


@pytest.mark.parametrize("send", GATEWAY_TYPES)
def test_context_named_claims_is_reserved(send: Send) -> None:
    assert send(Function(passes(send, {"claims": "a"}))).status == 500


@pytest.mark.parametrize("send", GATEWAY_TYPES)
def test_result_may_have_8192_bytes(send: Send) -> None:
    def answer(length: int) -> Answer:
        return send(Function(passes(send, {"long": "é" * length})))

    # What is around the value differs by type: find the longest that passes, then weigh it.
    longest = max(length for length in range(3700, 4097) if answer(length).status in (101, 200))
    assert answer(longest + 1).status == 500
    around = len(json.dumps(passes(send, {"long": ""})))
    assert 8191 <= around + 2 * longest <= 8192


@pytest.mark.parametrize("send", [*GATEWAY_TYPES, appsync])
@pytest.mark.parametrize(
    "does",
    [
        RuntimeError("Unauthorised"),
        RuntimeError("unauthorized"),
        RuntimeError("[401] Unauthorized"),
        KeyError("Unauthorized"),  # its message has quotes
        None,
        "Unauthorized",
        [],
        {},
        {"statusCode": 401},
        {"isAuthorized": "true"},
        {"isAuthorized": 1},
        {"isAuthorized": None},
        {"isAuthorized": True, "context": {}, "principalId": "a1"},
        {"isAuthorized": True, "context": {"ratio": float("nan")}},
        {"isAuthorized": True, "context": {"when": object()}},
        {"principalId": "a1"},
        {"policyDocument": policy(statement())},
        {**grant(), "principalId": ""},
        {**grant(), "principalId": None},
        {**grant(), "principalId": 1},
        {**grant(), "isAuthorized": True},
        {"principalId": "a1", "policyDocument": policy()},
        {"principalId": "a1", "policyDocument": policy({**statement(), "Resource": []})},
        {"principalId": "a1", "policyDocument": policy({**statement(), "Effect": "ALLOW"})},
    ],
)
def test_failure_or_malformed_result_is_500(send: Send, does: object) -> None:
    answer = send(Function(does))
    assert (answer.status, answer.context, answer.called) == (500, None, True)


@pytest.mark.parametrize("send", REST_LIKE)
def test_exception_unauthorized_is_401_on_rest_and_websocket(send: Send) -> None:
    answer = send(Function(Exception("Unauthorized")))
    assert (answer.status, answer.context, answer.called) == (401, None, True)


@pytest.mark.parametrize("send", [*HTTP_TYPES, appsync])
def test_exception_unauthorized_is_500_elsewhere(send: Send) -> None:
    assert send(Function(Exception("Unauthorized"))).status == 500


@pytest.mark.parametrize("send", IAM_TYPES)
@pytest.mark.parametrize(
    ("statements", "reason"),
    [([statement("Deny")], "explicitDeny"), ([statement("Allow", f"{API}/prod/PUT/x")], "implicitDeny")],
)
def test_denial_is_403(send: Send, statements: list[dict[str, Any]], reason: str) -> None:
    answer = send(Function(grant(*statements)))
    assert (answer.status, answer.context, answer.called, answer.reason) == (403, None, True, reason)


@pytest.mark.parametrize("send", HTTP_TYPES)
def test_simple_response_and_policy_do_not_stand_in_for_each_other(send: Send) -> None:
    assert send(Function(grant() if send is http_simple else {"isAuthorized": True})).status == 500


def test_function_cannot_change_the_event_that_the_integration_receives() -> None:
    def spoil(event: dict[str, Any]) -> dict[str, Any]:
        event["headers"].clear()
        event["requestContext"].clear()
        return grant()

    integration = Function({"statusCode": 200})
    WebSocketApi(Function(spoil), integration=integration).connect(headers=TOKEN)
    [event] = integration.events
    assert (event["headers"]["Authorization"], event["requestContext"]["stage"]) == ("t1", "prod")


# --------------------------------------------------------------------------------------------------------- REST: routes
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("GET", "/profile/"), ("GET", "/profiles/"), ("GET", "/profiles/a/b"), ("POST", "/profile")],
)
def test_unknown_route_ends_before_the_function(method: str, path: str) -> None:
    function = Function(grant())
    rest = RestApi(function, authorizer="TOKEN", routes=ROUTES).request(method, path, headers=TOKEN)
    http = HttpApi(function, routes=ROUTES).request(method, path, headers=TOKEN)
    assert (rest.status, rest.reason, rest.called) == (403, "Missing Authentication Token", False)
    assert (http.status, http.reason, http.called) == (404, "Not Found", False)
    assert function.events == []


def test_route_is_the_most_specific_one() -> None:
    routes = ["ANY /{proxy+}", "GET /pets/{proxy+}", "ANY /pets/dog/1", "GET /pets/dog/{id}", "GET /pets/dog/1"]
    function = Function({"isAuthorized": True})
    api = HttpApi(function, routes=routes)
    for method, path in [
        ("GET", "/pets/dog/1"),
        ("PUT", "/pets/dog/1"),
        ("GET", "/pets/dog/2"),
        ("GET", "/pets/cat/1"),
        ("POST", "/test/5"),
    ]:
        assert api.request(method, path, headers=TOKEN).status == 200
    assert [event["routeKey"] for event in function.events] == [
        "GET /pets/dog/1",
        "ANY /pets/dog/1",
        "GET /pets/dog/{id}",
        "GET /pets/{proxy+}",
        "ANY /{proxy+}",
    ]
    assert [event.get("pathParameters") for event in function.events] == [
        None,
        None,
        {"id": "2"},
        {"proxy": "cat/1"},
        {"proxy": "test/5"},
    ]


# ---------------------------------------------------------------------------------------------------------- REST: TOKEN
def test_rest_token_event_is_as_documented() -> None:
    function = Function(grant())
    endpoint = Endpoint(partition="aws-cn", region="cn-north-1", account_id="210987654321", api_id="zz")
    api = RestApi(function, authorizer="TOKEN", routes=ROUTES, endpoint=endpoint, stage="v1")
    assert api.request("DELETE", "/profiles/a*b", headers={"AUTHORIZATION": "Bearer t"}).status == 200
    assert function.events == [
        {
            "type": "TOKEN",
            "authorizationToken": "Bearer t",
            "methodArn": "arn:aws-cn:execute-api:cn-north-1:210987654321:zz/v1/DELETE/profiles/a*b",
        }
    ]


@pytest.mark.parametrize("headers", [None, {}, {"Authorization": ""}, {"X-Authorization": "t1"}])
@pytest.mark.parametrize("ttl", [0, 300])
def test_rest_token_without_token_is_401_and_not_called(headers: dict[str, str] | None, ttl: int) -> None:
    function = Function(grant())
    answer = RestApi(function, authorizer="TOKEN", routes=ROUTES, ttl=ttl).request("GET", "/profile", headers=headers)
    assert (answer.status, answer.called, function.events) == (401, False, [])


@pytest.mark.parametrize(
    ("token", "status"),
    [("Bearer abc", 200), ("abc", 401), ("Bearer ABC", 401), ("xBearer abc", 401), ("Bearer a b", 401)],
)
def test_rest_token_has_to_match_the_validation_expression(token: str, status: int) -> None:
    function = Function(grant())
    api = RestApi(function, authorizer="TOKEN", routes=ROUTES, identity_validation_expression="Bearer [a-z]+")
    answer = api.request("GET", "/profile", headers={"Authorization": token})
    assert (answer.status, answer.called, len(function.events)) == (status, status == 200, status == 200)


def test_rest_policy_for_the_method_alone_breaks_other_routes_while_it_is_held() -> None:
    function = Function(allow_method)
    api = RestApi(function, authorizer="TOKEN", routes=ROUTES)
    assert api.request("GET", "/profile", headers=TOKEN).status == 200
    other = api.request("GET", "/profiles/a1", headers=TOKEN)
    assert (other.status, other.called, other.reason) == (403, False, "implicitDeny")
    assert api.request("GET", "/profiles/a1", headers={"Authorization": "t2"}).status == 200

    uncached = RestApi(function, authorizer="TOKEN", routes=ROUTES, ttl=0)
    assert [uncached.request("GET", path, headers=TOKEN).status for path in ("/profile", "/profiles/a1")] == [200, 200]


def test_rest_policy_with_a_wildcard_reaches_below_while_it_is_held() -> None:
    function = Function(grant(statement("Allow", f"{API}/prod/GET/users/*")))
    api = RestApi(function, authorizer="TOKEN", routes=["GET /users/{id}", "GET /users/{id}/admin"])
    assert api.request("GET", "/users/1", headers=TOKEN).called is True
    assert api.request("GET", "/users/1/admin", headers=TOKEN) == Answer(200, {"principalId": "a1"}, False, "allowed")


def test_rest_path_put_into_a_policy_grants_what_was_not_asked_for() -> None:
    api = RestApi(Function(allow_method), authorizer="TOKEN", routes=ROUTES)
    assert api.request("GET", "/profiles/*", headers=TOKEN).status == 200
    assert api.request("GET", "/profiles/somebody-else", headers=TOKEN).status == 200


def test_rest_path_put_into_a_policy_fails_when_it_is_long() -> None:
    answer = RestApi(Function(allow_method), authorizer="TOKEN", routes=ROUTES).request(
        "GET", "/profiles/" + "a" * 512, headers=TOKEN
    )
    assert (answer.status, answer.called) == (500, True)


@pytest.mark.parametrize("authorizer", ["TOKEN", "REQUEST"])
def test_rest_answer_is_held_for_the_ttl_and_no_longer(authorizer: Any) -> None:
    clock = Clock()
    function = Function(grant(context={"n": 1}))
    api = RestApi(function, authorizer=authorizer, routes=ROUTES, clock=clock)
    first = api.request("GET", "/profile", headers=TOKEN)
    clock.advance(299)
    function.does = grant(statement("Deny"))
    assert api.request("GET", "/profile", headers=TOKEN) == Answer(200, first.context, False, "allowed")
    clock.advance(1)
    assert api.request("GET", "/profile", headers=TOKEN) == Answer(403, None, True, "explicitDeny")
    function.does = grant()
    assert api.request("GET", "/profile", headers=TOKEN) == Answer(403, None, False, "explicitDeny")
    assert len(function.events) == 2


@pytest.mark.parametrize("does", [Exception("Unauthorized"), ValueError("x"), None, grant(context={"a": []})])
def test_rest_failure_is_not_held(does: object) -> None:
    function = Function(does)
    api = RestApi(function, authorizer="TOKEN", routes=ROUTES)
    assert api.request("GET", "/profile", headers=TOKEN).status in (401, 500)
    function.does = grant()
    assert api.request("GET", "/profile", headers=TOKEN) == Answer(200, {"principalId": "a1"}, True, "allowed")


def test_rest_ttl_0_holds_nothing() -> None:
    function = Function(grant())
    api = RestApi(function, authorizer="TOKEN", routes=ROUTES, ttl=0)
    assert [api.request("GET", "/profile", headers=TOKEN).called for _ in range(3)] == [True, True, True]


def test_rest_held_answer_changes_neither_with_the_result_nor_with_an_answer() -> None:
    result = grant(context={"n": 1})
    api = RestApi(Function(result), authorizer="TOKEN", routes=ROUTES)
    first = api.request("GET", "/profile", headers=TOKEN).context
    assert first is not None
    first["n"] = "2"
    result["context"]["n"] = 3
    result["policyDocument"]["Statement"].clear()
    assert api.request("GET", "/profile", headers=TOKEN).context == {"n": "1", "principalId": "a1"}


def test_rest_method_arn_has_1600_bytes_at_most() -> None:
    function = Function(grant())
    api = RestApi(function, authorizer="TOKEN", routes=ROUTES)
    room = 1600 - len(f"{API}/prod/GET/profiles/")
    assert api.request("GET", "/profiles/" + "a" * room, headers=TOKEN).status == 200
    for path in ("/profiles/" + "a" * (room + 1), "/profiles/" + "a" * (room - 1) + "é"):
        answer = api.request("GET", path, headers=TOKEN)
        assert (answer.status, answer.called) == (414, False)


# -------------------------------------------------------------------------------------------------------- REST: REQUEST
SOURCES = (
    "method.request.header.Authorization",
    "method.request.querystring.tenant",
    "stageVariables.realm",
    "context.httpMethod",
)


def test_rest_request_event_is_as_documented() -> None:
    function = Function(grant())
    api = RestApi(function, authorizer="REQUEST", routes=ROUTES, stage_variables={"realm": "eu"})
    api.request("GET", "/profiles/a1", headers={**TOKEN, "Accept": ["a", "b"]}, query={"x": ["1", "2"]})
    [event] = function.events
    context = event.pop("requestContext")
    headers, several = event.pop("headers"), event.pop("multiValueHeaders")
    assert event == {
        "type": "REQUEST",
        "methodArn": f"{API}/prod/GET/profiles/a1",
        "resource": "/profiles/{sub}",
        "path": "/profiles/a1",
        "httpMethod": "GET",
        "queryStringParameters": {"x": "2"},
        "multiValueQueryStringParameters": {"x": ["1", "2"]},
        "pathParameters": {"sub": "a1"},
        "stageVariables": {"realm": "eu"},
    }
    assert (headers["Authorization"], headers["Accept"]) == ("t1", "b")
    assert (several["Authorization"], several["Accept"]) == (["t1"], ["a", "b"])
    assert headers["Host"] == "abcdef1234.execute-api.us-east-1.amazonaws.com"
    assert headers.keys() == several.keys()
    documented = {
        "path",
        "accountId",
        "resourceId",
        "stage",
        "requestId",
        "identity",
        "resourcePath",
        "httpMethod",
        "apiId",
    }
    assert context.keys() >= documented
    assert (context["accountId"], context["apiId"], context["stage"]) == ("123456789012", "abcdef1234", "prod")
    assert (context["path"], context["resourcePath"]) == ("/profiles/a1", "/profiles/{sub}")
    assert context["identity"]["sourceIp"] == "192.0.2.10"


def test_rest_request_event_of_a_bare_request_has_empty_maps() -> None:
    function = Function(grant())
    RestApi(function, authorizer="REQUEST", routes=ROUTES).request("GET", "/profile", headers=TOKEN)
    [event] = function.events
    for name in ("queryStringParameters", "multiValueQueryStringParameters", "pathParameters", "stageVariables"):
        assert event[name] == {}


@pytest.mark.parametrize("lacks", ["header", "query", "empty query", "stage variable"])
@pytest.mark.parametrize("ttl", [0, 60])
def test_rest_request_without_an_identity_source_is_401(lacks: str, ttl: int) -> None:
    function = Function(grant())
    variables = {} if lacks == "stage variable" else {"realm": "eu"}
    api = RestApi(
        function, authorizer="REQUEST", routes=ROUTES, ttl=ttl, identity_sources=SOURCES, stage_variables=variables
    )
    answer = api.request(
        "GET",
        "/profile",
        headers=None if lacks == "header" else TOKEN,
        query=None if lacks == "query" else {"tenant": "" if lacks == "empty query" else "one"},
    )
    assert (answer.status, answer.called, function.events) == (401, False, [])


def test_rest_request_without_caching_needs_no_identity_source() -> None:
    function = Function(grant())
    api = RestApi(function, authorizer="REQUEST", routes=ROUTES, ttl=0, identity_sources=())
    assert api.request("GET", "/profile").status == 200
    with pytest.raises(ValueError, match="identity source"):
        RestApi(function, authorizer="REQUEST", routes=ROUTES, ttl=1, identity_sources=())


def test_rest_request_is_held_by_all_identity_sources() -> None:
    api = RestApi(
        Function(grant()),
        authorizer="REQUEST",
        routes=ROUTES,
        identity_sources=SOURCES,
        stage_variables={"realm": "eu"},
    )
    asked = [
        api.request(method, path, headers={"authorization": token}, query={"tenant": tenant}).called
        for method, path, token, tenant in [
            ("GET", "/profile", "t1", "one"),
            ("GET", "/profiles/a1", "t1", "one"),
            ("GET", "/profile", "t2", "one"),
            ("GET", "/profile", "t1", "two"),
            ("DELETE", "/profiles/a1", "t1", "one"),
            ("GET", "/profile", "t2", "one"),
        ]
    ]
    assert asked == [True, False, True, True, True, False]


# ----------------------------------------------------------------------------------------------------------------- HTTP
def test_http_event_2_is_as_documented() -> None:
    function = Function({"isAuthorized": True})
    api = HttpApi(
        function,
        routes=ROUTES,
        stage_variables={"realm": "eu"},
        identity_sources=["$request.header.authorization", "$context.routeKey", "$stageVariables.realm"],
        clock=Clock(1583348638.39),
    )
    api.request(
        "GET",
        "/profiles/a1",
        headers={"Authorization": ["t1", "t2"], "Cookie": "a=1; b=2", "User-Agent": "agent"},
        query={"parameter1": ["value1", "value2"], "parameter2": "value"},
    )
    [event] = function.events
    assert event == {
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": f"{API}/$default/GET/profiles/a1",
        "identitySource": ["t1,t2", "GET /profiles/{sub}", "eu"],
        "routeKey": "GET /profiles/{sub}",
        "rawPath": "/profiles/a1",
        "rawQueryString": "parameter1=value1&parameter1=value2&parameter2=value",
        "cookies": ["a=1", "b=2"],
        "headers": {
            "authorization": "t1,t2",
            "host": "abcdef1234.execute-api.us-east-1.amazonaws.com",
            "user-agent": "agent",
            "x-amzn-trace-id": "Root=1-00000000-000000000000000000000000",
            "x-forwarded-for": "192.0.2.10",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "queryStringParameters": {"parameter1": "value1,value2", "parameter2": "value"},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abcdef1234",
            "domainName": "abcdef1234.execute-api.us-east-1.amazonaws.com",
            "domainPrefix": "abcdef1234",
            "http": {
                "method": "GET",
                "path": "/profiles/a1",
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.10",
                "userAgent": "agent",
            },
            "requestId": "EXAMPLErequest=",
            "routeKey": "GET /profiles/{sub}",
            "stage": "$default",
            "time": "04/Mar/2020:19:03:58 +0000",
            "timeEpoch": 1583348638390,
        },
        "pathParameters": {"sub": "a1"},
        "stageVariables": {"realm": "eu"},
    }


def test_http_event_2_leaves_out_what_the_request_has_not() -> None:
    function = Function({"isAuthorized": True})
    HttpApi(function, routes=ROUTES, identity_sources=()).request("GET", "/profile")
    [event] = function.events
    assert not event.keys() & {"cookies", "queryStringParameters", "pathParameters", "stageVariables"}
    assert event["identitySource"] is None


def test_http_event_1_is_as_documented() -> None:
    function = Function(grant())
    api = HttpApi(
        function,
        routes=ROUTES,
        payload_format_version="1.0",
        simple_responses=False,
        identity_sources=["$request.header.Authorization", "$request.querystring.tenant"],
    )
    api.request("GET", "/profiles/a1", headers=TOKEN, query={"tenant": "one"})
    [event] = function.events
    context, headers = event.pop("requestContext"), event.pop("headers")
    assert event == {
        "version": "1.0",
        "type": "REQUEST",
        "methodArn": f"{API}/$default/GET/profiles/a1",
        "identitySource": "t1,one",
        "authorizationToken": "t1,one",
        "resource": "/profiles/{sub}",
        "path": "/profiles/a1",
        "httpMethod": "GET",
        "queryStringParameters": {"tenant": "one"},
        "pathParameters": {"sub": "a1"},
        "stageVariables": {},
    }
    assert headers["authorization"] == "t1"
    assert (context["stage"], context["resourcePath"]) == ("$default", "/profiles/{sub}")


def test_http_simple_refusal_is_403() -> None:
    answer = http_simple(Function({"isAuthorized": False, "context": {"a": 1}}))
    assert (answer.status, answer.context, answer.called) == (403, None, True)


@pytest.mark.parametrize(
    ("headers", "query"),
    [({}, {"tenant": "a"}), ({"Authorization": ""}, {"tenant": "a"}), (TOKEN, {}), (TOKEN, {"Tenant": "a"})],
)
def test_http_without_an_identity_source_is_401_and_not_called(headers: dict[str, str], query: dict[str, str]) -> None:
    function = Function({"isAuthorized": True})
    sources = ["$request.header.authorization", "$request.querystring.tenant"]
    answer = HttpApi(function, routes=ROUTES, identity_sources=sources).request(
        "GET", "/profile", headers=headers, query=query
    )
    assert (answer.status, answer.called, function.events) == (401, False, [])


def test_http_holds_nothing_by_default() -> None:
    api = HttpApi(Function({"isAuthorized": True}), routes=ROUTES)
    assert [api.request("GET", "/profile", headers=TOKEN).called for _ in range(2)] == [True, True]


@pytest.mark.parametrize(
    ("sources", "called", "status"),
    [
        (["$request.header.Authorization"], False, 200),
        (["$request.header.Authorization", "$context.routeKey"], True, 403),
    ],
)
def test_http_simple_response_serves_every_route_unless_keyed_by_route(
    sources: list[str], called: bool, status: int
) -> None:
    clock = Clock()
    function = Function(lambda event: {"isAuthorized": event["routeKey"] == "GET /profile"})
    api = HttpApi(function, routes=ROUTES, ttl=60, identity_sources=sources, clock=clock)
    assert api.request("GET", "/profile", headers=TOKEN) == Answer(200, {}, True, "allowed")
    other = api.request("DELETE", "/profiles/a1", headers=TOKEN)
    assert (other.status, other.called) == (status, called)
    clock.advance(60)
    later = api.request("DELETE", "/profiles/a1", headers=TOKEN)
    assert (later.status, later.called) == (403, True)


def test_http_refusal_is_held() -> None:
    function = Function({"isAuthorized": False})
    api = HttpApi(function, routes=ROUTES, ttl=60)
    assert api.request("GET", "/profile", headers=TOKEN).called is True
    function.does = {"isAuthorized": True}
    answer = api.request("GET", "/profiles/a1", headers=TOKEN)
    assert (answer.status, answer.called) == (403, False)


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_http_held_policy_is_evaluated_for_every_route(version: Any) -> None:
    api = HttpApi(Function(allow_method), routes=ROUTES, ttl=60, simple_responses=False, payload_format_version=version)
    assert api.request("GET", "/profile", headers=TOKEN).status == 200
    other = api.request("GET", "/profiles/a1", headers=TOKEN)
    assert (other.status, other.called) == (403, False)


# ------------------------------------------------------------------------------------------------------------ WebSocket
def echo(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer with the first subprotocol that the client asked for."""
    asked = event["headers"].get("Sec-WebSocket-Protocol", "").split(",")[0]
    return {"statusCode": 200, "headers": {"sec-websocket-protocol": asked} if asked else {}}


def test_websocket_event_is_as_documented() -> None:
    function = Function(grant())
    api = WebSocketApi(function, stage="default", clock=Clock(1674162806.344))
    api.connect(subprotocols=["poolhouse", "a.b.c"], headers={"HeaderAuth1": "headerValue1"}, query={"q": ["1", "2"]})
    [event] = function.events
    headers, several = event.pop("headers"), event.pop("multiValueHeaders")
    context = event.pop("requestContext")
    assert event == {
        "type": "REQUEST",
        "methodArn": f"{API}/default/$connect",
        "queryStringParameters": {"q": "2"},
        "multiValueQueryStringParameters": {"q": ["1", "2"]},
        "stageVariables": {},
    }
    assert headers["Sec-WebSocket-Protocol"] == "poolhouse, a.b.c"
    assert several["HeaderAuth1"] == ["headerValue1"]
    assert headers["Upgrade"] == "websocket"
    assert headers == {name: values[-1] for name, values in several.items()}
    assert context.keys() == {
        "routeKey",
        "eventType",
        "extendedRequestId",
        "requestTime",
        "messageDirection",
        "stage",
        "connectedAt",
        "requestTimeEpoch",
        "identity",
        "requestId",
        "domainName",
        "connectionId",
        "apiId",
    }
    assert (context["routeKey"], context["eventType"], context["stage"]) == ("$connect", "CONNECT", "default")
    assert (context["requestTime"], context["connectedAt"]) == ("19/Jan/2023:21:13:26 +0000", 1674162806344)


def test_websocket_integration_receives_the_context_as_strings() -> None:
    integration = Function({"statusCode": 200})
    WebSocketApi(Function(grant(context=SCALARS)), integration=integration).connect()
    [event] = integration.events
    assert event["requestContext"]["authorizer"]["exp"] == "1800000060"
    assert event["requestContext"]["authorizer"]["principalId"] == "a1"
    assert not event.keys() & {"type", "methodArn"}


@pytest.mark.parametrize(
    ("subprotocols", "answered", "accepts"),
    [
        ([], None, True),
        ([], {}, True),
        ([], {"Sec-WebSocket-Protocol": "chat"}, False),
        (["chat"], {}, False),
        (["chat"], None, False),
        (["chat"], {"Sec-WebSocket-Protocol": ""}, False),
        (["chat"], {"Sec-WebSocket-Protocol": "chat"}, True),
        (["chat"], {"SEC-WEBSOCKET-PROTOCOL": "chat"}, True),
        (["chat"], {"Sec-WebSocket-Protocol": "Chat"}, False),
        (["chat", "a.b.c"], {"Sec-WebSocket-Protocol": "a.b.c"}, True),
        (["chat", "a.b.c"], {"Sec-WebSocket-Protocol": "chat, a.b.c"}, False),
    ],
)
def test_websocket_browser_wants_one_of_its_subprotocols_back(
    subprotocols: list[str], answered: dict[str, str] | None, accepts: bool
) -> None:
    integration = Function({"statusCode": 200, "headers": answered})
    handshake = WebSocketApi(Function(grant()), integration=integration).connect(subprotocols=subprotocols)
    assert (handshake.status, handshake.browser_accepts) == (101, accepts)


def test_websocket_without_integration_answers_no_subprotocol() -> None:
    handshake = WebSocketApi(Function(grant())).connect(subprotocols=["chat"])
    assert (handshake.status, handshake.subprotocol, handshake.browser_accepts) == (101, None, False)


def test_websocket_echo_satisfies_a_browser() -> None:
    handshake = WebSocketApi(Function(grant()), integration=echo).connect(subprotocols=["poolhouse", "a.b.c"])
    assert (handshake.subprotocol, handshake.browser_accepts) == ("poolhouse", True)


@pytest.mark.parametrize("does", [grant(statement("Deny")), Exception("Unauthorized"), None])
def test_websocket_refusal_keeps_the_integration_from_running(does: object) -> None:
    integration = Function({"statusCode": 200})
    handshake = WebSocketApi(Function(does), integration=integration).connect()
    assert handshake.status in (401, 403, 500)
    assert (handshake.browser_accepts, handshake.context, integration.events) == (False, None, [])


@pytest.mark.parametrize(
    ("does", "status"),
    [({"statusCode": 400}, 400), ({"statusCode": 302}, 302), (ValueError("x"), 500), (None, 500), ({}, 500)],
)
def test_websocket_integration_that_does_not_succeed_makes_no_connection(does: object, status: int) -> None:
    handshake = WebSocketApi(Function(grant()), integration=Function(does)).connect()
    assert (handshake.status, handshake.context, handshake.browser_accepts) == (status, None, False)


def test_websocket_identity_source_missing_is_401_and_not_called() -> None:
    function = Function(grant())
    api = WebSocketApi(function, identity_sources=["route.request.querystring.token", "route.request.header.Origin"])
    assert api.connect(query={"token": "t"}).status == 401
    assert api.connect(headers={"origin": "https://example.com"}).status == 401
    assert function.events == []
    assert api.connect(query={"token": "t"}, headers={"origin": "https://example.com"}).status == 101


def test_websocket_answers_are_never_held() -> None:
    function = Function(grant())
    api = WebSocketApi(function, identity_sources=["route.request.querystring.token"])
    assert [api.connect(query={"token": "t"}).called for _ in range(2)] == [True, True]
    assert len(function.events) == 2


@pytest.mark.parametrize("subprotocols", [["a", "a"], ["a b"], [""], ["a,b"], ["Bearer=="]])
def test_websocket_subprotocols_that_no_browser_sends(subprotocols: list[str]) -> None:
    with pytest.raises(ValueError, match="browser"):
        WebSocketApi(Function(grant())).connect(subprotocols=subprotocols)


# -------------------------------------------------------------------------------------------------------------- AppSync
QUERY = "query Me { me { sub } }"


def test_appsync_event_is_as_documented() -> None:
    function = Function({"isAuthorized": True})
    AppSyncApi(function).execute(
        QUERY, token="Bearer t1", operation_name="Me", variables={"n": 1}, headers={"X-Tenant": "one"}
    )
    [event] = function.events
    assert event["requestContext"].pop("requestId")
    assert event == {
        "authorizationToken": "Bearer t1",
        "requestContext": {
            "apiId": "aaaaaa123123123example123",
            "accountId": "123456789012",
            "queryString": QUERY,
            "operationName": "Me",
            "variables": {"n": 1},
        },
        "requestHeaders": {"x-tenant": "one"},
    }


def test_appsync_refusal_is_401() -> None:
    answer = AppSyncApi(Function({"isAuthorized": False, "resolverContext": {"a": 1}})).execute(QUERY, token="t")
    assert answer == AppSyncAnswer(401, None, True, "UnauthorizedException")


def test_appsync_tells_the_denied_fields() -> None:
    denied = ["Mutation.createEvent", "arn:aws:appsync:us-east-1:111122223333:apis/abc/types/Query/fields/me"]
    answer = AppSyncApi(Function({"isAuthorized": True, "deniedFields": denied})).execute(QUERY, token="t")
    assert (answer.status, answer.context, answer.denied_fields) == (200, {}, tuple(denied))


@pytest.mark.parametrize(
    "members",
    [
        {"deniedFields": "Mutation.createEvent"},
        {"deniedFields": ["createEvent"]},
        {"deniedFields": ["Mutation.*"]},
        {"deniedFields": None},
        {"deniedFields": [1]},
        {"ttlOverride": "60"},
        {"ttlOverride": -1},
        {"ttlOverride": 3601},
        {"ttlOverride": True},
        {"ttlOverride": None},
        {"context": {}},
        {"resolverContext": {"long": "a" * 5_000_000}},
    ],
)
def test_appsync_malformed_result_is_500(members: dict[str, Any]) -> None:
    answer = AppSyncApi(Function({"isAuthorized": True, **members})).execute(QUERY, token="t")
    assert (answer.status, answer.called) == (500, True)


def test_appsync_resolver_context_may_be_larger_than_on_api_gateway() -> None:
    context = {"long": "a" * 4_999_988}
    answer = AppSyncApi(Function({"isAuthorized": True, "resolverContext": context})).execute(QUERY, token="t")
    assert answer.context == context


@pytest.mark.parametrize(("token", "status"), [("a" * 2048, 200), ("a" * 2049, 401), ("a" * 9 + "b", 401)])
def test_appsync_token_is_looked_at_before_the_function(token: str, status: int) -> None:
    function = Function({"isAuthorized": True})
    answer = AppSyncApi(function, identity_validation_expression="a+").execute(QUERY, token=token)
    assert (answer.status, answer.called, len(function.events)) == (status, status == 200, status == 200)


@pytest.mark.parametrize("token", ["", None])
def test_appsync_without_token_is_401_and_not_called(token: str | None) -> None:
    function = Function({"isAuthorized": True})
    assert AppSyncApi(function).execute(QUERY, token=token).status == 401
    assert function.events == []


@pytest.mark.parametrize(
    ("ttl", "override", "held"), [(0, None, 0), (60, None, 60), (60, 0, 0), (60, 10, 10), (0, 10, 10), (10, 3600, 3600)]
)
def test_appsync_answer_is_held_by_token(ttl: int, override: int | None, held: int) -> None:
    clock = Clock()
    result = {"isAuthorized": True} if override is None else {"isAuthorized": True, "ttlOverride": override}
    api = AppSyncApi(Function(result), ttl=ttl, clock=clock)
    assert api.execute(QUERY, token="t").called is True
    assert api.execute("mutation { other }", token="u").called is True
    if held:
        clock.advance(held - 1)
        assert api.execute("mutation { other }", token="t") == AppSyncAnswer(200, {}, False, "allowed")
    clock.advance(1)
    assert api.execute(QUERY, token="t").called is True


def test_appsync_refusal_is_held() -> None:
    function = Function({"isAuthorized": False})
    api = AppSyncApi(function, ttl=60)
    api.execute(QUERY, token="t")
    function.does = {"isAuthorized": True}
    assert api.execute(QUERY, token="t") == AppSyncAnswer(401, None, False, "UnauthorizedException")


# ------------------------------------------------------------------------------------------------------------- settings
@pytest.mark.parametrize(
    "make",
    [
        lambda f: RestApi(f, authorizer="TOKEN", routes=ROUTES, ttl=3601),
        lambda f: RestApi(f, authorizer="TOKEN", routes=ROUTES, ttl=-1),
        lambda f: RestApi(f, authorizer="TOKEN", routes=ROUTES, identity_sources=["method.request.querystring.t"]),
        lambda f: RestApi(f, authorizer="TOKEN", routes=ROUTES, identity_sources=[*SOURCES]),
        lambda f: RestApi(f, authorizer="REQUEST", routes=ROUTES, identity_validation_expression="a"),
        lambda f: RestApi(f, authorizer="TOKEN", routes=["/profile"]),
        lambda f: HttpApi(f, routes=["$default"]),
        lambda f: HttpApi(f, routes=ROUTES, ttl=60, identity_sources=[]),
        lambda f: HttpApi(f, routes=ROUTES, payload_format_version="1.0"),
        lambda f: AppSyncApi(f, ttl=3601),
        lambda f: HttpApi(f, routes=ROUTES).request("GET", "/profile?a=b", headers=TOKEN),
        lambda f: HttpApi(f, routes=ROUTES).request("GET", "profile", headers=TOKEN),
        lambda f: HttpApi(f, routes=ROUTES).request("GET", "/profile", headers={"A": "1", "a": "2"}),
        lambda f: HttpApi(f, routes=ROUTES, identity_sources=[SOURCES[0]]).request("GET", "/profile", headers=TOKEN),
        lambda f: RestApi(f, authorizer="REQUEST", routes=ROUTES, identity_sources=["$request.header.A"]).request(
            "GET", "/profile"
        ),
    ],
)
def test_settings_that_aws_refuses_are_errors(make: Callable[[Function], object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        make(Function(grant()))


def test_identity_source_that_is_not_modelled_is_an_error() -> None:
    http = HttpApi(Function({"isAuthorized": True}), routes=ROUTES, identity_sources=["$context.awsEndpointRequestId"])
    rest = RestApi(Function(grant()), authorizer="REQUEST", routes=ROUTES, identity_sources=["context.wafResponseCode"])
    for api in (http, rest):
        with pytest.raises(KeyError):
            api.request("GET", "/profile")


@pytest.mark.parametrize("module", [api_gateway, appsync_module, authorizers, policies])
def test_examples_hold(module: ModuleType) -> None:
    result = doctest.testmod(module)
    assert result.attempted
    assert not result.failed
