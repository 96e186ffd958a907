import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from poolhouse.access import default_policy
from poolhouse.triggers import IllegalResponseError, TokenCustomisation
from poolhouse.triggers.responses import check
from poolhouse.triggers.token_customisation import API_SIGN_IN, scope_changes

OWN = {"profiles/read", "profiles/write"}
SUPPORT = OWN | {"profiles/read.any", "profiles/suspend"}
ALL = frozenset(default_policy().scopes)
OTHER = frozenset({"openid", "email", "orders/read", API_SIGN_IN})
CLIENT = "1example23456789"
GROUPS = {"groupsToOverride": ["support"], "iamRolesToOverride": ["arn:role/a"], "preferredRole": "arn:role/a"}


def changes(scopes: Sequence[str] | None, groups: Sequence[str] | None, client: set[str]) -> tuple[set[str], set[str]]:
    request = {"scopes": scopes, "groupConfiguration": {"groupsToOverride": groups}}
    add, suppress = scope_changes(default_policy(), request, frozenset(client))
    return set(add), set(suppress)


@pytest.mark.parametrize(
    ("groups", "granted"),
    [([], OWN), (None, OWN), (["unknown"], OWN), (["support"], SUPPORT), (["admin"], set(ALL))],
)
def test_scope_changes_add_scopes_of_roles_to_sdk_sign_in(groups: list[str] | None, granted: set[str]) -> None:
    assert changes([API_SIGN_IN], groups, {*ALL, *OTHER}) == (granted, set())


@pytest.mark.parametrize("client", [set(), {"openid"}, {"orders/read"}])
def test_scope_changes_add_nothing_that_client_does_not_list(client: set[str]) -> None:
    assert changes([API_SIGN_IN], ["admin"], client) == (set(), set())


def test_scope_changes_add_what_role_and_client_share() -> None:
    assert changes([API_SIGN_IN], ["support"], {"profiles/read", "profiles/write.any"}) == ({"profiles/read"}, set())


def test_scope_changes_give_oauth_sign_in_what_it_asked_for() -> None:
    assert changes(["openid", "profiles/read"], ["admin"], {*ALL, "openid"}) == (set(), set())


def test_scope_changes_take_from_oauth_sign_in_what_role_lacks() -> None:
    asked = ["openid", "profiles/read", "profiles/read.any", "profiles/delete.any"]
    assert changes(asked, ["support"], {*ALL, "openid"}) == (set(), {"profiles/delete.any"})


@pytest.mark.parametrize("scopes", [[], None])
def test_scope_changes_leave_token_without_scopes_alone(scopes: list[str] | None) -> None:
    assert changes(scopes, ["admin"], set(ALL)) == (set(), set())


@pytest.mark.parametrize("request_", [{}, {"scopes": None, "groupConfiguration": None}, {"groupConfiguration": {}}])
def test_scope_changes_read_request_leniently(request_: dict[str, Any]) -> None:
    assert scope_changes(default_policy(), request_, ALL) == (frozenset(), frozenset())


@given(
    asked=st.lists(st.sampled_from(sorted(ALL | OTHER)), unique=True),
    groups=st.lists(st.sampled_from(["member", "support", "admin", "unknown"])),
    client=st.sets(st.sampled_from(sorted(ALL | OTHER))),
)
def test_scope_changes_hold_token_to_role_and_client(asked: list[str], groups: list[str], client: set[str]) -> None:
    add, suppress = changes(asked, groups, client)
    allowed = default_policy().scopes_of(groups) & client
    token = (set(asked) | add) - suppress
    assert token & ALL <= allowed
    assert token - ALL == set(asked) - ALL  # scopes of other resource servers are not our business
    assert not add & suppress
    if asked == [API_SIGN_IN]:
        assert token & ALL == allowed
    else:  # asked for by OAuth, where API_SIGN_IN may stand beside others
        assert token <= set(asked)


def event(version: str = "2", groups: Any = None, **members: Any) -> dict[str, Any]:
    return {
        "version": version,
        "triggerSource": "TokenGeneration_Authentication",
        "callerContext": {"clientId": CLIENT},
        "request": {"groupConfiguration": GROUPS if groups is None else groups},
        "response": {},
        **members,
    }


def machine_event() -> dict[str, Any]:
    return event("3", {}, triggerSource="TokenGeneration_ClientCredentials")


def details(customisation: TokenCustomisation) -> Any:
    (answer,) = customisation.response().values()
    return answer


def test_customisation_renders_versions_2_and_3() -> None:
    for version in ("2", "3"):
        customisation = (
            TokenCustomisation(event(version))
            .add_claim("tenant", {"id": 7}, token="access")
            .add_claim("nickname", "Ada", token="id")
            .add_claim("plan", "free", token="both")
            .suppress_claim("email", token="id")
            .suppress_claim("a", token="access")
            .suppress_claim("b", token="both")
            .add_scopes("b/c", "a/b")
            .suppress_scopes("phone")
        )
        assert customisation.changes_access_token
        assert customisation.response() == {
            "claimsAndScopeOverrideDetails": {
                "idTokenGeneration": {
                    "claimsToAddOrOverride": {"nickname": "Ada", "plan": "free"},
                    "claimsToSuppress": ["b", "email"],
                },
                "accessTokenGeneration": {
                    "claimsToAddOrOverride": {"tenant": {"id": 7}, "plan": "free"},
                    "claimsToSuppress": ["a", "b"],
                    "scopesToAdd": ["a/b", "b/c"],
                    "scopesToSuppress": ["phone"],
                },
                "groupOverrideDetails": GROUPS,
            }
        }


def test_customisation_renders_version_1() -> None:
    customisation = TokenCustomisation(event("1")).add_claim("tenant", "acme", token="id")
    assert not customisation.changes_access_token
    assert customisation.suppress_claim("email", token="id").response() == {
        "claimsOverrideDetails": {
            "claimsToAddOrOverride": {"tenant": "acme"},
            "claimsToSuppress": ["email"],
            "groupOverrideDetails": GROUPS,
        }
    }


def test_customisation_renders_machine_without_groups() -> None:
    sent = {**machine_event(), "request": {"groupConfiguration": GROUPS}}
    customisation = TokenCustomisation(sent).add_claim("aud", CLIENT, token="access").add_scopes("a/b")
    assert details(customisation) == {
        "accessTokenGeneration": {"claimsToAddOrOverride": {"aud": CLIENT}, "scopesToAdd": ["a/b"]}
    }


@pytest.mark.parametrize("sent", [machine_event(), event(groups={}), {**event("1"), "request": None}, {"version": "1"}])
def test_customisation_decides_nothing_by_itself(sent: dict[str, Any]) -> None:
    assert details(TokenCustomisation(sent)) is None


@pytest.mark.parametrize(
    "groups",
    [
        GROUPS,
        {"groupsToOverride": [], "iamRolesToOverride": [], "preferredRole": None},
        {**GROUPS, "preferredRole": ["arn"], "aMemberOfTomorrow": 1},
    ],
)
def test_customisation_sends_groups_back_as_they_came(groups: Any) -> None:
    # Left out or empty, groupOverrideDetails would take every group from the tokens.
    for version in ("1", "2", "3"):
        assert details(TokenCustomisation(event(version, groups))) == {"groupOverrideDetails": groups}


def test_customisation_overrides_groups() -> None:
    customisation = TokenCustomisation(event())
    customisation.override_groups(["a"], iam_roles=["arn:b"], preferred_role="arn:b")
    expected: dict[str, Any] = {"groupsToOverride": ["a"], "iamRolesToOverride": ["arn:b"], "preferredRole": "arn:b"}
    assert details(customisation) == {"groupOverrideDetails": expected}
    customisation.override_groups([], iam_roles=[], preferred_role=None)
    expected = {"groupsToOverride": [], "iamRolesToOverride": [], "preferredRole": None}
    assert details(customisation) == {"groupOverrideDetails": expected}


def test_customisation_goes_on_from_earlier_hook() -> None:
    first = TokenCustomisation(event()).add_scopes("a/b").suppress_claim("x", token="id")
    first.override_groups(["a"], iam_roles=[], preferred_role=None)
    second = TokenCustomisation(event(response=first.response())).add_scopes("c/d", "a/b").add_claim("n", 1, token="id")
    assert details(second) == {
        "idTokenGeneration": {"claimsToAddOrOverride": {"n": 1}, "claimsToSuppress": ["x"]},
        "accessTokenGeneration": {"scopesToAdd": ["a/b", "c/d"]},
        "groupOverrideDetails": {"groupsToOverride": ["a"], "iamRolesToOverride": [], "preferredRole": None},
    }
    assert details(first)["accessTokenGeneration"] == {"scopesToAdd": ["a/b"]}


def test_customisation_reads_null_as_nothing() -> None:
    sections = {
        "accessTokenGeneration": {"claimsToAddOrOverride": None, "scopesToAdd": None},
        "idTokenGeneration": None,
    }
    sent = event(groups={}, response={"claimsAndScopeOverrideDetails": sections})
    customisation = TokenCustomisation(sent).add_claim("a", "b", token="both").add_scopes("c")
    assert details(customisation) == {
        "idTokenGeneration": {"claimsToAddOrOverride": {"a": "b"}},
        "accessTokenGeneration": {"claimsToAddOrOverride": {"a": "b"}, "scopesToAdd": ["c"]},
    }


def test_customisation_refuses_illegal_decision_of_earlier_hook() -> None:
    with pytest.raises(IllegalResponseError):
        TokenCustomisation(event(response={"claimsAndScopeOverrideDetails": {"groupOverrideDetails": {}}}))


def test_customisation_shares_nothing_with_event_or_caller() -> None:
    sent = event()
    value = {"a": ["b"]}
    groups = ["a"]
    customisation = TokenCustomisation(sent).add_claim("x", value, token="access")
    value["a"].append("c")
    customisation.response()["claimsAndScopeOverrideDetails"]["groupOverrideDetails"]["groupsToOverride"].append("c")
    assert sent == event()
    assert details(customisation)["groupOverrideDetails"] == GROUPS
    customisation.override_groups(groups, iam_roles=[], preferred_role=None)
    groups.append("admin")
    assert details(customisation)["groupOverrideDetails"]["groupsToOverride"] == ["a"]
    assert details(customisation)["accessTokenGeneration"]["claimsToAddOrOverride"] == {"x": {"a": ["b"]}}


@pytest.mark.parametrize(
    ("sent", "change", "rule"),
    [
        (event(), lambda c: c.add_claim("sub", "x", token="id"), "Cognito lets nobody set"),
        (event(), lambda c: c.add_claim("aud", CLIENT, token="both"), "Cognito lets nobody set"),
        (event(), lambda c: c.add_claim("aud", "other", token="access"), "no other audience"),
        (event(), lambda c: c.add_claim("a", None, token="access"), "a claim is a string"),
        (event(), lambda c: c.add_claim("a", "x" * 5000, token="id"), "bytes"),
        (event(), lambda c: c.add_claim("dev:a", "x", token="id"), "can be suppressed"),
        (event(), lambda c: c.suppress_claim("sub", token="id"), "Cognito lets nobody suppress"),
        (event(), lambda c: c.suppress_claim("", token="id"), "a list of strings"),
        (event(), lambda c: c.suppress_claim("kept", token="access"), "that wins"),
        (event(), lambda c: c.add_scopes("a b"), "a scope has"),
        (event(), lambda c: c.add_scopes("a", 1), "a list of strings"),
        (event(), lambda c: c.suppress_scopes("kept/scope"), "which wins"),
        (event(), lambda c: c.override_groups("admin", iam_roles=[], preferred_role=None), "a list of strings"),
        (event(), lambda c: c.override_groups(["a"], iam_roles=None, preferred_role=None), "would be taken"),
        (event("1"), lambda c: c.add_claim("a", 1, token="id"), "takes a string"),
        (event("1"), lambda c: c.add_claim("a", "b", token="access"), "Cognito knows no such member here"),
        (event("1"), lambda c: c.add_claim("a", "b", token="both"), "Cognito knows no such member here"),
        (event("1"), lambda c: c.add_scopes("a/b"), "Cognito knows no such member here"),
        (event("1"), lambda c: c.suppress_scopes("a/b"), "Cognito knows no such member here"),
        (machine_event(), lambda c: c.add_claim("a", "b", token="both"), "no ID token"),
        (machine_event(), lambda c: c.override_groups(["a"], iam_roles=[], preferred_role=None), "no groups"),
    ],
)
def test_customisation_refuses_at_line_that_made_it(
    sent: dict[str, Any], change: Callable[[TokenCustomisation], object], rule: str
) -> None:
    customisation = TokenCustomisation(sent)
    if customisation.changes_access_token:
        customisation.add_claim("kept", "x", token="access").add_scopes("kept/scope")
    before = customisation.response()
    with pytest.raises(IllegalResponseError, match=rule):
        change(customisation)
    assert customisation.response() == before


NAMES = st.sampled_from(["tenant", "email", "email_verified", "sub", "aud", "scope", "cognito:groups", "dev:a", ""])
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(CLIENT) | st.just({"a": [None]})
SCOPES = st.sampled_from(["a/b", "openid", "a b", "", "x" * 300])
TOKENS = st.sampled_from(["id", "access", "both"])
STRINGS = st.lists(st.text(max_size=3), max_size=2)
CHANGES: st.SearchStrategy[Any] = st.one_of(
    st.tuples(st.just("add_claim"), st.tuples(NAMES | st.text(), VALUES), st.fixed_dictionaries({"token": TOKENS})),
    st.tuples(st.just("suppress_claim"), st.tuples(NAMES | st.text()), st.fixed_dictionaries({"token": TOKENS})),
    st.tuples(st.just("add_scopes"), st.lists(SCOPES | st.text(), max_size=3), st.just({})),
    st.tuples(st.just("suppress_scopes"), st.lists(SCOPES | st.text(), max_size=3), st.just({})),
    st.tuples(
        st.just("override_groups"),
        st.tuples(STRINGS),
        st.fixed_dictionaries({"iam_roles": STRINGS, "preferred_role": st.none() | st.text()}),
    ),
)


@given(st.sampled_from([event("1"), event("2"), event("3"), event(groups={}), machine_event()]), st.lists(CHANGES))
def test_check_takes_whatever_customisation_took(sent: dict[str, Any], changes_: list[Any]) -> None:
    customisation = TokenCustomisation(sent)
    for method, positional, named in changes_:
        with contextlib.suppress(IllegalResponseError):
            getattr(customisation, method)(*positional, **named)
        check({**sent, "response": customisation.response()})
