from typing import Any, Literal

import pytest
from poolhouse.gateway.context import NoPrincipalError
from poolhouse.gateway.rest_api import UnauthorizedError, principal

from tests.gateway.api_gateway import RestApi
from tests.unit.gateway.calls import ROUTES, Function
from tests.unit.gateway.samples import CONTEXT, NOW
from tests.unit.tokens.minting import CLIENT, SUB, access_claims, token

GOOD = token()
API = "arn:aws:execute-api:us-east-1:123456789012:abcdef1234"


@pytest.mark.parametrize(
    ("value", "token_status", "request_status"),
    [
        (f"Bearer {GOOD}", 200, 200),
        (f"bearer {GOOD}", 200, 200),
        (f"Bearer  {GOOD} ", 200, 200),
        (GOOD, 200, 401),  # clients of Cognito's own authorizer send it bare
        (f"{GOOD} ", 401, 401),
        (f"Basic {GOOD}", 401, 401),
        (f"Bearer\t{GOOD}", 401, 401),
        (f"Bearer {GOOD} {GOOD}", 401, 401),
        (f"Bearer {GOOD},Bearer {GOOD}", 401, 401),
        (f"{GOOD},{GOOD}", 401, 401),
        ("Bearer", 401, 401),
        ("Bearer ", 401, 401),
        ("null", 401, 401),
    ],
)
def test_rest_api_takes_the_token_of_the_authorization_header(
    value: str, token_status: int, request_status: int
) -> None:
    authorizers: dict[Literal["TOKEN", "REQUEST"], int] = {"TOKEN": token_status, "REQUEST": request_status}
    for authorizer, status in authorizers.items():
        api = RestApi(Function(), authorizer=authorizer, routes=ROUTES)
        answer = api.request("GET", "/profile", headers={"aUTHORIZATION": value})
        assert (answer.status, answer.called) == (status, True)
        assert answer.reason in {"allowed", "the function raised Unauthorized"}


def test_rest_api_takes_the_token_of_the_header_that_a_token_authorizer_names() -> None:
    source = ["method.request.header.X-Token"]
    api = RestApi(Function(), authorizer="TOKEN", routes=ROUTES, identity_sources=source)
    assert api.request("GET", "/profile", headers={"X-Token": GOOD, "Authorization": "Bearer x"}).status == 200
    assert api.request("GET", "/profile", headers={"X-Token": "x", "Authorization": GOOD}).status == 401


@pytest.mark.parametrize(
    "sent",
    [
        {"headers": {"Authorization": [f"Bearer {GOOD}", f"Bearer {GOOD}"]}},
        {"headers": {"Authorization": ["Bearer x", f"Bearer {GOOD}"]}},
        {"headers": {"Sec-WebSocket-Protocol": f"bearer, {GOOD}"}},
        {"query": {"access_token": GOOD}},
        {"query": {"authorization": f"Bearer {GOOD}"}},
    ],
    ids=["twice the same", "two", "subprotocol", "query", "query, named as the header"],
)
def test_rest_api_takes_no_token_of_elsewhere_nor_one_of_two(sent: dict[str, Any]) -> None:
    api = RestApi(Function(token_in_query=True), authorizer="REQUEST", routes=ROUTES, ttl=0, identity_sources=[])
    assert (api.request("GET", "/profile", **sent).status) == 401


def test_rest_api_answer_is_a_policy_and_who_calls() -> None:
    function = Function(groups="admin")
    api = RestApi(function, authorizer="TOKEN", routes=ROUTES)
    end = access_claims()["exp"] + 5
    for claims in (access_claims(exp=end), access_claims(**{"cognito:groups": None})):
        api.request("GET", "/profile", headers={"Authorization": token(claims)})
    invoke = {"Action": "execute-api:Invoke", "Resource": f"{API}/prod/*"}
    allow, deny = (
        {"Version": "2012-10-17", "Statement": [{**invoke, "Effect": effect}]} for effect in ("Allow", "Deny")
    )
    context = {
        "sub": SUB,
        "username": "ada",
        "client_id": CLIENT,
        "principal_type": "user",
        "roles": "admin support",
        "scopes": "openid profiles/read profiles/write",
        "token_use": "access",
        "exp": end,
        "jti": "0f0e0d0c-0000-4000-8000-000000000003",
    }
    assert function.answers == [
        {"principalId": SUB, "policyDocument": allow, "context": context},
        {"principalId": "nobody", "policyDocument": deny},
    ]


def test_unauthorized_error_says_what_api_gateway_understands() -> None:
    assert str(UnauthorizedError()) == "Unauthorized"


@pytest.mark.parametrize("exp", [CONTEXT["exp"], str(CONTEXT["exp"])])
def test_principal_reads_what_the_authorizer_told(exp: object) -> None:
    event = {"requestContext": {"authorizer": {**CONTEXT, "exp": exp, "principalId": "a1", "integrationLatency": 1}}}
    assert principal(event, now=NOW).sub == "a1"


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"requestContext": None},
        {"requestContext": "authorizer"},
        {"requestContext": [CONTEXT]},
        {"requestContext": {}},
        {"requestContext": CONTEXT},
        {"requestContext": {"authorizer": None}},
        {"requestContext": {"authorizer": "a1"}},
        {"requestContext": {"authorizer": [CONTEXT]}},
        {"requestContext": {"authorizer": {"principalId": "a1"}}},
        {"requestContext": {"authorizer": {"claims": CONTEXT}}},
        {"requestContext": {"authorizer": {"lambda": CONTEXT}}},
        {"authorizer": CONTEXT},
    ],
    ids=str,
)
def test_principal_refuses_event_without_authorizer_context(event: dict[str, Any]) -> None:
    with pytest.raises(NoPrincipalError, match="^the authorizer context is missing or incomplete$"):
        principal(event, now=NOW)
