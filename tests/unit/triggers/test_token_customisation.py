from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from poolhouse.access import default_policy
from poolhouse.triggers.token_customisation import API_SIGN_IN, customisation, scope_changes

OWN = {"profiles/read", "profiles/write"}
SUPPORT = OWN | {"profiles/read.any", "profiles/suspend"}
ALL = frozenset(default_policy().scopes)
OTHER = frozenset({"openid", "email", "orders/read", API_SIGN_IN})


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
    if API_SIGN_IN not in asked:
        assert token <= set(asked)
    else:
        assert token & ALL == allowed


def test_customisation_has_shape_of_versions_2_and_3() -> None:
    groups = {"groupsToOverride": ["support"], "iamRolesToOverride": [], "preferredRole": None}
    answer = customisation({"groupConfiguration": groups}, frozenset({"b", "a"}), frozenset({"d", "c"}))
    assert answer == {
        "claimsAndScopeOverrideDetails": {
            "accessTokenGeneration": {"scopesToAdd": ["a", "b"], "scopesToSuppress": ["c", "d"]},
            "groupOverrideDetails": groups,
        }
    }


@given(st.lists(st.text()), st.lists(st.text()), st.none() | st.text())
def test_customisation_sends_groups_back_as_they_came(
    groups: list[str], roles: list[str], preferred: str | None
) -> None:
    # Left out or empty, groupOverrideDetails would take every group from the tokens.
    configuration = {"groupsToOverride": groups, "iamRolesToOverride": roles, "preferredRole": preferred}
    answer = customisation({"groupConfiguration": configuration}, frozenset(), frozenset())
    assert answer["claimsAndScopeOverrideDetails"]["groupOverrideDetails"] == configuration
