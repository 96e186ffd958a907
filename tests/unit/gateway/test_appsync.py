from typing import Any

import pytest
from poolhouse.gateway.appsync import principal
from poolhouse.gateway.context import NoPrincipalError

from tests.gateway.appsync import AppSyncApi
from tests.unit.gateway.calls import Function
from tests.unit.gateway.conftest import SharedClock
from tests.unit.gateway.samples import CONTEXT, MACHINE, NOW
from tests.unit.tokens.minting import CLIENT, SUB, access_claims, machine_claims, token

QUERY = "query { me { sub } }"
GOOD = token()


@pytest.mark.parametrize(
    ("value", "status"),
    [
        (GOOD, 200),
        (f"Bearer {GOOD}", 200),
        (f"bearer  {GOOD} ", 200),
        (f"Basic {GOOD}", 401),
        (f"custom-{GOOD}", 401),
        (f"{GOOD} ", 401),
        (f"{GOOD},x", 401),
        ("Bearer ", 401),
    ],
)
def test_appsync_takes_the_token_with_the_scheme_and_without(value: str, status: int) -> None:
    answer = AppSyncApi(Function()).execute(QUERY, token=value)
    assert (answer.status, answer.called) == (status, True)
    assert answer.reason == ("allowed" if status == 200 else "UnauthorizedException")


def test_appsync_takes_no_token_of_other_headers() -> None:
    answer = AppSyncApi(Function()).execute(QUERY, token="x", headers={"Authorization": f"Bearer {GOOD}"})
    assert answer.status == 401


@pytest.mark.parametrize("claims", [access_claims(jti=None), machine_claims(jti=None)], ids=["user", "machine"])
def test_appsync_answer_is_text_only(claims: dict[str, Any]) -> None:
    function = Function()
    AppSyncApi(function).execute(QUERY, token=token(claims))
    machine = claims["sub"] == CLIENT
    assert function.answers == [
        {
            "isAuthorized": True,
            "resolverContext": {
                "sub": claims["sub"],
                "username": "" if machine else "ada",
                "client_id": CLIENT,
                "principal_type": "machine" if machine else "user",
                "roles": "" if machine else "admin support",
                "scopes": "openid profiles/read profiles/write",
                "token_use": "access",
                "exp": str(claims["exp"]),
                "jti": "",
            },
            "ttlOverride": 0,
        }
    ]


@pytest.mark.parametrize(
    ("cache_seconds", "left", "ttl"),
    [
        (0, 3600, 0),
        (60, 3600, 60),
        (300, 60, 60),
        (60, 60, 60),
        (60, 59.5, 59),
        (60, 1, 1),
        (60, 0.5, 0),
        (60, 0, 0),
        (60, -4.5, 0),  # the verifier's tolerance for clocks
    ],
)
def test_appsync_keeps_no_answer_beyond_the_end_of_its_token(
    clock: SharedClock, cache_seconds: int, left: float, ttl: int
) -> None:
    sent = token(access_claims(exp=int(clock.now) + 3600))
    clock.advance(3600 - left)
    function = Function(cache_seconds=cache_seconds)
    api = AppSyncApi(function, ttl=3600, clock=clock)
    assert api.execute(QUERY, token=sent).status == 200
    assert [answer["ttlOverride"] for answer in function.answers] == [ttl]
    # What is kept is kept until then and no longer.
    clock.advance(max(0, ttl - 0.5))
    assert api.execute(QUERY, token=sent).called is (ttl == 0)
    clock.advance(0.5)
    assert api.execute(QUERY, token=sent).called is True


def test_appsync_keeps_no_refusal() -> None:
    function = Function(cache_seconds=60, all_scopes="profiles/delete.any")
    api = AppSyncApi(function, ttl=3600)
    for sent in (GOOD, GOOD, "abc", "abc"):
        answer = api.execute(QUERY, token=sent)
        assert (answer.status, answer.called) == (401, True)
    assert function.answers == [{"isAuthorized": False, "ttlOverride": 0}] * 4


def test_appsync_cached_answer_serves_every_operation_of_the_token() -> None:
    api = AppSyncApi(Function(cache_seconds=60))
    answers = [
        api.execute(QUERY, token=GOOD),
        api.execute("mutation { remove }", token=GOOD, operation_name="Remove", variables={"id": "7"}),
        api.execute(QUERY, token="abc"),
        api.execute(QUERY, token=GOOD),
    ]
    assert [(answer.status, answer.called) for answer in answers] == [
        (200, True),
        (200, False),
        (401, True),
        (200, False),
    ]
    assert [answer.denied_fields for answer in answers] == [()] * 4


@pytest.mark.parametrize("context", [CONTEXT, MACHINE], ids=["user", "machine"])
def test_principal_reads_what_the_authorizer_told(context: dict[str, Any]) -> None:
    texts = {name: str(value) for name, value in context.items()}
    caller = principal({"arguments": {}, "identity": {"resolverContext": texts}, "info": {}}, now=NOW)
    assert (caller.sub, caller.principal_type) == (context["sub"], context["principal_type"])


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"identity": None},
        {"identity": "a1"},
        {"identity": [CONTEXT]},
        {"identity": {}},
        {"identity": CONTEXT},
        {"identity": {"resolverContext": None}},
        {"identity": {"resolverContext": [CONTEXT]}},
        {"identity": {"resolverContext": {"sub": SUB}}},
        {"identity": {"sub": SUB, "issuer": "x", "claims": CONTEXT}},
        {"resolverContext": CONTEXT},
        {"requestContext": {"authorizer": CONTEXT}},
    ],
    ids=str,
)
def test_principal_refuses_event_without_authorizer_context(event: dict[str, Any]) -> None:
    with pytest.raises(NoPrincipalError, match="^the authorizer context is missing or incomplete$"):
        principal(event, now=NOW)
