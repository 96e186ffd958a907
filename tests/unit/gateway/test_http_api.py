from typing import Any

import pytest
from poolhouse.gateway.context import NoPrincipalError
from poolhouse.gateway.http_api import principal

from tests.gateway.api_gateway import HttpApi
from tests.gateway.authorizers import Answer
from tests.unit.gateway.calls import ROUTES, Function
from tests.unit.gateway.samples import CONTEXT, MACHINE, NOW
from tests.unit.tokens.minting import CLIENT, SUB, access_claims, token

GOOD = token()
FORMATS: dict[str, dict[str, Any]] = {
    "simple": {"simple_responses": True, "payload_format_version": "2.0"},
    "iam": {"simple_responses": False, "payload_format_version": "2.0"},
    "1.0": {"simple_responses": False, "payload_format_version": "1.0"},
}


def request(form: str, headers: dict[str, Any], **query: str) -> Answer:
    """A request to an API that asks its authorizer whatever comes."""
    api = HttpApi(
        # An event of format 1.0 says that a policy is due; those of 2.0 do not say.
        Function(simple_responses=form != "iam"),
        routes=ROUTES,
        identity_sources=[],
        **FORMATS[form],
    )
    return api.request("GET", "/profile", headers=headers, query=query)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": f"Bearer {GOOD}"}, 200),
        ({"AUTHORIZATION": f"bearer {GOOD}"}, 200),
        ({"authorization": f"BEARER   {GOOD} "}, 200),
        ({"Authorization": GOOD}, 403),
        ({"Authorization": f"Basic {GOOD}"}, 403),
        ({"Authorization": f"Bearer {GOOD} {GOOD}"}, 403),
        ({"Authorization": f"Bearer {GOOD},Bearer {GOOD}"}, 403),
        ({"Authorization": "Bearer"}, 403),
        ({"Authorization": ""}, 403),
        ({"X-Authorization": f"Bearer {GOOD}"}, 403),
        ({"Cookie": f"authorization=Bearer {GOOD}"}, 403),
        ({"Sec-WebSocket-Protocol": f"bearer, {GOOD}"}, 403),
        ({}, 403),
    ],
)
def test_http_api_takes_the_token_of_the_authorization_header(form: str, headers: dict[str, str], status: int) -> None:
    answer = request(form, headers)
    assert (answer.status, answer.called) == (status, True)


@pytest.mark.parametrize("form", ["simple", "iam"])  # an event of format 1.0 holds the last value alone
def test_http_api_takes_neither_of_two_tokens(form: str) -> None:
    assert request(form, {"Authorization": [f"Bearer {GOOD}", f"Bearer {GOOD}"]}).status == 403


@pytest.mark.parametrize("form", FORMATS)
def test_http_api_takes_no_token_of_the_query(form: str) -> None:
    assert request(form, {}, access_token=GOOD, authorization=f"Bearer {GOOD}").status == 403


def test_http_api_simple_response_says_who_calls_and_nothing_else() -> None:
    function = Function()
    api = HttpApi(function, routes=ROUTES, identity_sources=[])
    end = access_claims()["exp"] + 5
    api.request("GET", "/a", headers={"Authorization": f"Bearer {token(access_claims(exp=end))}"})
    api.request("GET", "/a")
    assert function.answers == [
        {
            "isAuthorized": True,
            "context": {
                "sub": SUB,
                "username": "ada",
                "client_id": CLIENT,
                "principal_type": "user",
                "roles": "admin support",
                "scopes": "openid profiles/read profiles/write",
                "token_use": "access",
                "exp": end,
                "jti": "0f0e0d0c-0000-4000-8000-000000000003",
            },
        },
        {"isAuthorized": False},
    ]


@pytest.mark.parametrize("form", ["simple", "iam"])
def test_http_api_that_expects_the_other_response_answers_500(form: str) -> None:
    # Its events do not say which it expects: the setting has to.
    api = HttpApi(Function(simple_responses=form != "simple"), routes=ROUTES, **FORMATS[form])
    for sent in (GOOD, "abc"):
        answer = api.request("GET", "/profile", headers={"Authorization": f"Bearer {sent}"})
        assert (answer.status, answer.reason[:16]) == (500, "malformed result")


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("context", [CONTEXT, MACHINE], ids=["user", "machine"])
def test_principal_reads_both_payload_formats(version: str, context: dict[str, Any]) -> None:
    given = context if version == "1.0" else {"lambda": context}
    caller = principal({"version": version, "requestContext": {"authorizer": given}}, now=NOW)
    assert (caller.sub, caller.principal_type) == (context["sub"], context["principal_type"])


@pytest.mark.parametrize("version", ["1.0", "2.0", "3.0", None])
@pytest.mark.parametrize(
    "request_context",
    [
        None,
        "lambda",
        [],
        {},
        {"authorizer": None},
        {"authorizer": "lambda"},
        {"authorizer": {}},
        {"authorizer": {"jwt": {"claims": CONTEXT}}},
        {"authorizer": {"iam": CONTEXT}},
        {"authorizer": {"claims": CONTEXT}},
        {"authorizer": {"lambda": None}},
        {"authorizer": {"lambda": {}}},
        {"authorizer": {"lambda": "sub"}},
        {"authorizer": {"lambda": [CONTEXT]}},
        {"authorizer": {"lambda": {"lambda": CONTEXT}}},
        {"lambda": CONTEXT},
    ],
    ids=str,
)
def test_principal_refuses_event_without_authorizer_context(request_context: Any, version: str | None) -> None:
    for event in ({"version": version, "requestContext": request_context}, {"version": version, **CONTEXT}):
        with pytest.raises(NoPrincipalError, match="^the authorizer context is missing or incomplete$"):
            principal(event, now=NOW)


@pytest.mark.parametrize(("version", "given"), [("1.0", {"lambda": CONTEXT}), ("2.0", CONTEXT), (None, CONTEXT)])
def test_principal_refuses_context_in_the_place_of_the_other_format(version: str | None, given: object) -> None:
    with pytest.raises(NoPrincipalError):
        principal({"version": version, "requestContext": {"authorizer": given}}, now=NOW)
