import json
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from poolhouse.gateway.http_api import NoPrincipalError, allow, bearer_token, deny, principal
from poolhouse.tokens import Claims

NOW = 1_800_000_000.0

CONTEXT: dict[str, Any] = {
    "sub": "a1",
    "username": "a1",
    "client_id": "web",
    "principal_type": "user",
    "roles": "support admin",
    "scopes": "profiles/read profiles/read.any",
    "token_use": "access",
    "exp": int(NOW) + 60,
    "jti": "j1",
}
MACHINE = {**CONTEXT, "sub": "job", "username": "", "client_id": "job", "principal_type": "machine", "roles": ""}


def event(context: Any) -> dict[str, Any]:
    return {"version": "2.0", "requestContext": {"authorizer": {"lambda": context}}}


def claims(**members: Any) -> Claims:
    values: dict[str, Any] = {
        "issuer": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_EXAMPLE01",
        "sub": "a1",
        "username": "a1",
        "groups": ("support", "admin"),
        "scopes": frozenset({"profiles/read.any", "profiles/read"}),
        "client_id": "web",
        "origin_jti": "o1",
        "jti": "j1",
        "token_use": "access",
        "expires_at": int(NOW) + 60,
        "principal_type": "user",
        "claims": {},
    }
    return Claims(**{**values, **members})


def compact_json(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


# -------------------------------------------------------------------------------------------------------- bearer_token
@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ({"authorization": "Bearer abc.def.ghi"}, "abc.def.ghi"),
        ({"authorization": "bearer abc"}, "abc"),
        ({"authorization": "BEARER abc"}, "abc"),
        ({"authorization": "Bearer   abc  "}, "abc"),
        ({"authorization": "Bearer "}, ""),
        ({"authorization": "Bearer"}, ""),
        ({"authorization": "Bearerabc"}, ""),
        ({"authorization": "Bearer\tabc"}, ""),
        ({"authorization": " Bearer abc"}, ""),
        ({"authorization": "Basic YTpi"}, ""),
        ({"authorization": "abc.def.ghi"}, ""),
        ({"authorization": ""}, ""),
        ({"authorization": None}, ""),
        ({"x-authorization": "Bearer abc"}, ""),
        ({}, ""),
        (None, ""),
    ],
)
def test_bearer_token_is_what_follows_the_scheme(headers: dict[str, Any] | None, token: str) -> None:
    assert bearer_token({"headers": headers}) == token


def test_bearer_token_of_event_without_headers_is_empty() -> None:
    assert bearer_token({}) == ""


def test_bearer_token_of_several_headers_is_no_token() -> None:
    # Joined by a comma, as payload format 2.0 does. Neither one may be picked out: a token has no comma and no space.
    assert bearer_token({"headers": {"authorization": "Bearer one,Bearer two"}}) == "one,Bearer two"


# ------------------------------------------------------------------------------------------------------- allow and deny
def test_allow_tells_the_integration_who_calls() -> None:
    assert allow(claims()) == {"isAuthorized": True, "context": CONTEXT}


def test_allow_of_machine_leaves_no_gap_in_context() -> None:
    context = allow(claims(username=None, groups=(), scopes=frozenset(), jti=None, principal_type="machine"))["context"]
    assert (context["username"], context["roles"], context["scopes"], context["jti"]) == ("", "", "", "")
    assert context.keys() == CONTEXT.keys()


def test_allow_context_holds_scalars_only() -> None:
    # A list or a map makes the integration fail without a word.
    for value in allow(claims(username=None, jti=None))["context"].values():
        assert type(value) in {str, int}


@pytest.mark.parametrize("name", ["g" * 128, "g", "ß" * 64], ids=["long", "short", "two_bytes"])
def test_allow_fits_authorizer_limit_for_every_token_a_header_can_carry(name: str) -> None:
    # The whole request header may have 10,240 bytes, of which base64url leaves three quarters to the payload; the
    # answer may have 8 kB (docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html).
    payload = {"sub": "a" * 36, "username": "a" * 36, "client_id": "c" * 26, "jti": "j" * 36, "scope": "profiles/read"}
    room = 10_240 * 3 // 4 - len(compact_json({**payload, "cognito:groups": []}))
    groups = (name,) * (room // (len(compact_json(name)) + 1))
    answer = allow(claims(**{each: payload[each] for each in ("sub", "username", "client_id", "jti")}, groups=groups))
    assert len(json.dumps(answer, ensure_ascii=False).encode()) < 8 * 1024  # as Lambda's runtime writes it


def test_deny_says_no_and_nothing_else() -> None:
    assert deny() == {"isAuthorized": False}


@pytest.mark.parametrize("group", ["site admin", "x\tadmin", "admin\u00a0", ""])
def test_allow_makes_no_role_of_a_group_with_a_space(group: str) -> None:
    # Cognito's own groups have none, but another trigger or an identity provider's mapping may put one in the token,
    # and roles travel separated by spaces.
    caller = principal(event(allow(claims(groups=(group, "support")))["context"]), now=NOW)
    assert caller.roles == {"support"}


# ----------------------------------------------------------------------------------------------------------- principal
def test_principal_is_who_the_authorizer_named() -> None:
    caller = principal(event(allow(claims())["context"]), now=NOW)
    assert (caller.sub, caller.client_id, caller.principal_type) == ("a1", "web", "user")
    assert caller.roles == {"support", "admin"}
    assert caller.scopes == {"profiles/read", "profiles/read.any"}


def test_principal_of_machine_has_scopes_only() -> None:
    caller = principal(event(MACHINE), now=NOW)
    assert (caller.sub, caller.is_user, caller.roles) == ("job", False, frozenset())
    assert caller.scopes == {"profiles/read", "profiles/read.any"}


def test_principal_reads_end_that_arrives_as_text() -> None:
    # REST APIs and WebSockets turn every context value into a string.
    assert principal(event({**CONTEXT, "exp": str(CONTEXT["exp"])}), now=NOW).sub == "a1"


@pytest.mark.parametrize(
    "forged",
    [
        {},
        {"requestContext": None},
        {"requestContext": "lambda"},
        {"requestContext": []},
        {"requestContext": {}},
        {"requestContext": {"authorizer": None}},
        {"requestContext": {"authorizer": "lambda"}},
        {"requestContext": {"authorizer": {}}},
        {"requestContext": {"authorizer": {"jwt": {"claims": CONTEXT}}}},
        {"requestContext": {"authorizer": CONTEXT}},
        event(None),
        event({}),
        event("sub"),
        event([CONTEXT]),
    ],
)
def test_principal_refuses_event_without_authorizer_context(forged: dict[str, Any]) -> None:
    with pytest.raises(NoPrincipalError, match="^the authorizer context is missing or incomplete$"):
        principal(forged, now=NOW)


REQUIRED = ["sub", "client_id", "principal_type", "roles", "scopes", "token_use", "exp"]


@pytest.mark.parametrize("member", REQUIRED)
def test_principal_refuses_context_without_member(member: str) -> None:
    context = {name: value for name, value in CONTEXT.items() if name != member}
    with pytest.raises(NoPrincipalError):
        principal(event(context), now=NOW)


@pytest.mark.parametrize("member", REQUIRED)
@pytest.mark.parametrize("value", [None, True, False, 0, 1, 1.5, [], ["admin"], {}, {"S": "a1"}, b"a1"], ids=repr)
def test_principal_refuses_member_of_odd_type(member: str, value: object) -> None:
    with pytest.raises(NoPrincipalError):
        principal(event({**CONTEXT, member: value}), now=NOW)


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
        principal(event({**CONTEXT, **members}), now=NOW)


@pytest.mark.parametrize("token_use", ["id", "refresh", "", "Access", "access "])
def test_principal_refuses_token_other_than_access(token_use: str) -> None:
    with pytest.raises(NoPrincipalError, match="^the caller is not known by an access token$"):
        principal(event({**CONTEXT, "token_use": token_use}), now=NOW)


@pytest.mark.parametrize("exp", [NOW, NOW - 1, int(NOW) - 3600, 0, -1, str(int(NOW) - 1)])
def test_principal_refuses_token_that_has_ended(exp: object) -> None:
    with pytest.raises(NoPrincipalError, match="^the access token has ended$"):
        principal(event({**CONTEXT, "exp": exp}), now=NOW)


@pytest.mark.parametrize("exp", [math.nan, math.inf, "nan", "inf", "1e999", 10**400, "", "soon"], ids=str)
def test_principal_refuses_end_that_is_no_date(exp: object) -> None:
    with pytest.raises(NoPrincipalError):
        principal(event({**CONTEXT, "exp": exp}), now=NOW)


def test_principal_error_quotes_nothing_of_the_context() -> None:
    with pytest.raises(NoPrincipalError) as raised:
        principal(event({**CONTEXT, "exp": "ada@example.com"}), now=NOW)
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
        caller = principal(event(context), now=NOW)
    except NoPrincipalError:
        return
    assert caller.sub == context["sub"]
    assert caller.client_id == context["client_id"]
    assert (context["token_use"], context["principal_type"]) == ("access", caller.principal_type)
    assert NOW < float(context["exp"]) < math.inf


@given(ANYTHING)
def test_principal_refuses_odd_event_and_raises_nothing_else(odd: Any) -> None:
    for forged in (odd, {"requestContext": odd}, {"requestContext": {"authorizer": odd}}):
        with pytest.raises(NoPrincipalError):
            principal(forged, now=NOW)
