import json
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from poolhouse.gateway.authorizer import ApiType
from poolhouse.gateway.context import NoPrincipalError, from_claims, to_principal
from poolhouse.gateway.http_api import PolicyResponses, SimpleResponses
from poolhouse.gateway.rest_api import RestApi
from poolhouse.gateway.websocket import WebSocketApi

from tests.unit.gateway.samples import CONTEXT, MACHINE, NOW, claims

EVENT = {"methodArn": "arn:aws-us-gov:execute-api:us-gov-west-1:123456789012:abcdef1234/" + "s" * 128 + "/GET/"}


def compact_json(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def test_context_tells_the_integration_who_calls() -> None:
    assert from_claims(claims()) == CONTEXT


def test_context_of_machine_leaves_no_gap_in_context() -> None:
    context = from_claims(claims(username=None, groups=(), scopes=frozenset(), jti=None, principal_type="machine"))
    assert (context["username"], context["roles"], context["scopes"], context["jti"]) == ("", "", "", "")
    assert context.keys() == CONTEXT.keys()


def test_context_holds_scalars_only() -> None:
    # A list or a map makes the integration fail without a word.
    for value in from_claims(claims(username=None, jti=None)).values():
        assert type(value) in {str, int}


@pytest.mark.parametrize(
    "api", [SimpleResponses(), PolicyResponses(), RestApi(), WebSocketApi()], ids=lambda api: type(api).__name__
)
@pytest.mark.parametrize("name", ["g" * 128, "g", "ß" * 64], ids=["long", "short", "two_bytes"])
def test_answer_fits_limit_for_every_token_a_request_can_carry(name: str, api: ApiType) -> None:
    # Request line and headers may have 10,240 bytes together, of which base64url leaves three quarters to the payload;
    # the answer may have 8 kB (docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html).
    payload = {"sub": "a" * 36, "username": "a" * 36, "client_id": "c" * 26, "jti": "j" * 36, "scope": "profiles/read"}
    room = 10_240 * 3 // 4 - len(compact_json({**payload, "cognito:groups": []}))
    groups = (name,) * (room // (len(compact_json(name)) + 1))
    answer = api.allow(EVENT, claims(**{each: payload[each] for each in payload if each != "scope"}, groups=groups))
    assert len(json.dumps(answer, ensure_ascii=False).encode()) < 8 * 1024  # as Lambda's runtime writes it


@pytest.mark.parametrize("group", ["site admin", "x\tadmin", "admin\u00a0", ""])
def test_context_makes_no_role_of_a_group_with_a_space(group: str) -> None:
    # Cognito's own groups have none, but another trigger or an identity provider's mapping may put one in the token,
    # and roles travel separated by spaces.
    caller = to_principal(from_claims(claims(groups=(group, "support"))), now=NOW)
    assert caller.roles == {"support"}


def test_principal_is_who_the_authorizer_named() -> None:
    caller = to_principal(from_claims(claims()), now=NOW)
    assert (caller.sub, caller.client_id, caller.principal_type) == ("a1", "web", "user")
    assert caller.roles == {"support", "admin"}
    assert caller.scopes == {"profiles/read", "profiles/read.any"}


def test_principal_of_machine_has_scopes_only() -> None:
    caller = to_principal(MACHINE, now=NOW)
    assert (caller.sub, caller.is_user, caller.roles) == ("job", False, frozenset())
    assert caller.scopes == {"profiles/read", "profiles/read.any"}


def test_principal_reads_end_that_arrives_as_text() -> None:
    # REST APIs and WebSockets turn every context value into a string.
    assert to_principal({**CONTEXT, "exp": str(CONTEXT["exp"])}, now=NOW).sub == "a1"


@pytest.mark.parametrize("context", [None, {}, "sub", [CONTEXT], 1, True])
def test_principal_refuses_what_is_no_context(context: object) -> None:
    with pytest.raises(NoPrincipalError, match="^the authorizer context is missing or incomplete$"):
        to_principal(context, now=NOW)


REQUIRED = ["sub", "client_id", "principal_type", "roles", "scopes", "token_use", "exp"]


@pytest.mark.parametrize("member", REQUIRED)
def test_principal_refuses_context_without_member(member: str) -> None:
    context = {name: value for name, value in CONTEXT.items() if name != member}
    with pytest.raises(NoPrincipalError):
        to_principal(context, now=NOW)


@pytest.mark.parametrize("member", REQUIRED)
@pytest.mark.parametrize("value", [None, True, False, 0, 1, 1.5, [], ["admin"], {}, {"S": "a1"}, b"a1"], ids=repr)
def test_principal_refuses_member_of_odd_type(member: str, value: object) -> None:
    with pytest.raises(NoPrincipalError):
        to_principal({**CONTEXT, member: value}, now=NOW)


@pytest.mark.parametrize(
    "members",
    [
        {"sub": ""},
        {"client_id": ""},
        {"principal_type": ""},
        {"principal_type": "admin"},
        {"principal_type": "User"},
        {"principal_type": "machine"},  # with roles
        {"principal_type": "machine", "roles": ""},  # and a sub that is not the client's
        {"sub": "web"},  # a user who is the client
    ],
    ids=repr,
)
def test_principal_refuses_members_that_contradict_each_other(members: dict[str, str]) -> None:
    with pytest.raises(NoPrincipalError):
        to_principal({**CONTEXT, **members}, now=NOW)


@pytest.mark.parametrize("token_use", ["id", "refresh", "", "Access", "access "])
def test_principal_refuses_token_other_than_access(token_use: str) -> None:
    with pytest.raises(NoPrincipalError, match="^the caller is not known by an access token$"):
        to_principal({**CONTEXT, "token_use": token_use}, now=NOW)


@pytest.mark.parametrize("exp", [NOW, NOW - 1, int(NOW) - 3600, 0, -1, str(int(NOW) - 1)])
def test_principal_refuses_token_that_has_ended(exp: object) -> None:
    with pytest.raises(NoPrincipalError, match="^the access token has ended$"):
        to_principal({**CONTEXT, "exp": exp}, now=NOW)


@pytest.mark.parametrize("exp", [math.nan, math.inf, "nan", "inf", "1e999", 10**400, "", "soon"], ids=str)
def test_principal_refuses_end_that_is_no_date(exp: object) -> None:
    with pytest.raises(NoPrincipalError):
        to_principal({**CONTEXT, "exp": exp}, now=NOW)


def test_principal_error_quotes_nothing_of_the_context() -> None:
    with pytest.raises(NoPrincipalError) as raised:
        to_principal({**CONTEXT, "exp": "ada@example.com"}, now=NOW)
    assert "ada" not in str(raised.value)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
MEMBERS = st.dictionaries(
    st.sampled_from(list(CONTEXT)), ANYTHING | st.sampled_from(["a1", "web", "user", "machine", "access", "id", 1e12])
)


@given(
    st.one_of(
        ANYTHING, MEMBERS, MEMBERS.map(lambda odd: {**CONTEXT, **odd}), MEMBERS.map(lambda odd: {**MACHINE, **odd})
    )
)
@example({**CONTEXT, "exp": 10**400})
@example({**CONTEXT, "principal_type": []})
def test_principal_refuses_odd_context_and_raises_nothing_else(context: Any) -> None:
    try:
        caller = to_principal(context, now=NOW)
    except NoPrincipalError:
        return
    assert caller.sub == context["sub"]
    assert caller.client_id == context["client_id"]
    assert (context["token_use"], context["principal_type"]) == ("access", caller.principal_type)
    assert NOW < float(context["exp"]) < math.inf
