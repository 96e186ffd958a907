import re
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from poolhouse.access import Action, Field, Needs, Policy, PolicyError, Principal, default_policy
from poolhouse.access.policy import MAX_LENGTH

SCOPES = sorted(default_policy().scopes)
ROLES = ["member", "support", "admin", "stranger"]
FIELDS = [*default_policy().fields, "password_hash"]

callers = st.one_of(
    st.builds(
        lambda roles, scopes: Principal("a1", "web", "user", frozenset(roles), frozenset(scopes)),
        st.sets(st.sampled_from(ROLES)),
        st.sets(st.sampled_from([*SCOPES, "other/scope"])),
    ),
    st.builds(
        lambda scopes: Principal("job", "job", "machine", scopes=frozenset(scopes)), st.sets(st.sampled_from(SCOPES))
    ),
)


def user(*roles: str, scopes: list[str] = SCOPES) -> Principal:
    return Principal("a1", "web", "user", frozenset(roles), frozenset(scopes))


# -------------------------------------------------------------------------------------------------------------- parsing
DECLARED = 'scopes."x/y" = "Y"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "actions.fly = {}",
            f"[actions] has ['fly']; it may have {sorted(get_args(Action))}",
        ),
        ("actions.read = { all = 'x/y' }", "action 'read' has ['all']; it may have ['any', 'own']"),
        ("actions.read = { own = 'a/b' }", "action 'read' names 'a/b', which [scopes] does not declare"),
        ("actions.read = 'x/y'", "action 'read' is a table, and here it is 'x/y'"),
        ("fields.f.settable = 'own'", "field 'f' has settable or kind alone; a field that may be set has both"),
        ("fields.f.kind = 'text'", "field 'f' has settable or kind alone; a field that may be set has both"),
        (
            "fields.f = { settable = 'all', kind = 'text' }",
            "field 'f': settable is 'all', and may be one of ['own', 'any']",
        ),
        (
            "fields.f = { settable = 'own', kind = 'date' }",
            "field 'f': kind is 'date', and may be one of ['key', 'locale', 'map', 'phone', 'text', 'zone']",
        ),
        ("fields.f.max_length = 0", f"field 'f': max_length is 0, and may be 1 to {MAX_LENGTH}"),
        ("fields.f.max_length = 2001", f"field 'f': max_length is 2001, and may be 1 to {MAX_LENGTH}"),
        ("fields.f.max_length = true", f"field 'f': max_length is True, and may be 1 to {MAX_LENGTH}"),
        ("fields.f.max_length = '9'", f"field 'f': max_length is '9', and may be 1 to {MAX_LENGTH}"),
    ],
)
def test_policy_error_names_the_entry_and_what_may_stand_there(text: str, message: str) -> None:
    with pytest.raises(PolicyError, match=f"^{re.escape(message)}$"):
        Policy.parse(DECLARED + text)


@pytest.mark.parametrize(
    "name",
    ["sub", "email", "status", "created_at", "updated_at", "last_sign_in_at", "version", "expires_at"],
)
def test_no_policy_hands_out_what_poolhouse_keeps_true(name: str) -> None:
    with pytest.raises(PolicyError, match=f"^field '{name}' is kept by Poolhouse itself"):
        Policy.parse(f"fields.{name} = {{ settable = 'own', kind = 'text' }}")


def test_parse_reads_actions_and_what_may_be_set() -> None:
    policy = Policy.parse(
        DECLARED
        + "actions.read.own = 'x/y'\nactions.list.any = 'x/y'\n"
        + "fields.note = { settable = 'any', kind = 'text', max_length = 2000 }"
    )
    assert policy.actions == {"read": Needs(own="x/y"), "list": Needs(any="x/y")}
    assert policy.fields == {"note": Field(settable="any", kind="text", max_length=2000)}


# -------------------------------------------------------------------------------------------------------------- actions
@pytest.mark.parametrize(
    ("action", "own", "any_"),
    [
        ("read", "profiles/read", "profiles/read.any"),
        ("change", "profiles/write", "profiles/write.any"),
        ("delete", "profiles/write", "profiles/delete.any"),
        ("list", None, "profiles/read.any"),
        ("search", None, "profiles/read.any"),
        ("suspend", None, "profiles/suspend"),
        ("reinstate", None, "profiles/suspend"),
        ("read_audit", "profiles/read.any", "profiles/read.any"),
    ],
)
def test_shipped_policy_says_what_an_action_needs(action: Action, own: str | None, any_: str | None) -> None:
    assert default_policy().needed(action, own=True) == own
    assert default_policy().needed(action, own=False) == any_


def test_action_that_the_policy_does_not_name_is_open_to_nobody() -> None:
    assert Policy.parse("").needed("read", own=True) is None
    assert Policy.parse("").needed("read", own=False) is None


@pytest.mark.parametrize(
    ("roles", "scope", "role"),
    [
        ((), "profiles/write", "member"),
        (("admin",), "profiles/write", "member"),
        (("support",), "profiles/suspend", "support"),
        (("admin",), "profiles/suspend", "admin"),
        (("admin", "support"), "profiles/suspend", "support"),
        (("admin", "support"), "profiles/delete.any", "admin"),
    ],
)
def test_acting_role_is_the_first_that_grants_the_scope(roles: tuple[str, ...], scope: str, role: str) -> None:
    assert default_policy().acting_role(user(*roles), scope) == role


def test_acting_role_of_a_machine_is_machine() -> None:
    assert default_policy().acting_role(Principal("job", "job", "machine"), "profiles/write.any") == "machine"


@given(callers, st.sampled_from(SCOPES))
def test_who_is_permitted_has_a_role_to_act_in(caller: Principal, scope: str) -> None:
    policy = default_policy()
    if policy.permits(caller, scope):
        role = policy.acting_role(caller, scope)
        assert role == "machine" if not caller.is_user else scope in policy.roles[role].scopes


@given(callers, st.sampled_from(SCOPES), st.sampled_from(ROLES), st.sampled_from(SCOPES))
def test_more_roles_and_more_scopes_never_take_anything_away(
    caller: Principal, scope: str, role: str, more: str
) -> None:
    policy = default_policy()
    roles = caller.roles | {role} if caller.is_user else caller.roles
    richer = Principal(caller.sub, caller.client_id, caller.principal_type, roles, caller.scopes | {more})
    if policy.permits(caller, scope):
        assert policy.permits(richer, scope)
    degrees = ["hidden", "masked", "full"]
    for name in FIELDS:
        seen, seen_by_richer = (policy.shown(each, name, own=False) for each in (caller, richer))
        assert degrees.index(seen) <= degrees.index(seen_by_richer)


# --------------------------------------------------------------------------------------------------------------- fields
@given(callers, st.sampled_from(FIELDS), st.booleans())
def test_field_is_shown_as_the_caller_may_see_it(caller: Principal, name: str, own: bool) -> None:  # noqa: FBT001, RUF100
    policy = default_policy()
    value = "Pat Quill +15555550142 pat@example.com"
    shown = policy.visible(caller, {name: value}, own=own)
    match policy.shown(caller, name, own=own):
        case "full":
            assert shown == {name: value}
        case "masked":
            assert shown[name] != value
        case "hidden":
            assert shown == {}


@given(callers, st.sampled_from(FIELDS), st.booleans())
def test_nobody_sets_what_they_do_not_see_in_full(caller: Principal, name: str, own: bool) -> None:  # noqa: FBT001, RUF100
    policy = default_policy()
    if policy.settable(caller, name, own=own):
        assert policy.shown(caller, name, own=own) == "full"
        assert policy.fields[name].kind is not None


SETTABLE = {"name", "phone", "locale", "zone", "picture", "preferences"}


@pytest.mark.parametrize("own", [True, False])
def test_shipped_policy_says_which_fields_may_be_set(own: bool) -> None:  # noqa: FBT001, RUF100
    found = {name for name in FIELDS if default_policy().settable(user("admin"), name, own=own)}
    assert found == SETTABLE


def test_who_sees_personal_fields_masked_sets_the_others_alone() -> None:
    support = user("support")
    assert {name for name in FIELDS if default_policy().settable(support, name, own=False)} == {"locale", "zone"}
    assert {name for name in FIELDS if default_policy().settable(support, name, own=True)} == SETTABLE


OF_ANY = Policy.parse("""
    scopes = { "w" = "Write", "w.any" = "Write any" }
    actions.change = { own = "w", any = "w.any" }
    roles.member = { implied = true, scopes = ["w"] }
    roles.boss.scopes = ["w.any"]
    fields.plan = { settable = "any", kind = "text" }
""")


@pytest.mark.parametrize("own", [True, False])
def test_field_of_any_is_set_by_who_may_change_any_profile(own: bool) -> None:  # noqa: FBT001, RUF100
    assert not OF_ANY.settable(user(scopes=["w", "w.any"]), "plan", own=own)
    assert OF_ANY.settable(user("boss", scopes=["w", "w.any"]), "plan", own=own)
    assert not OF_ANY.settable(user("boss", scopes=["w"]), "plan", own=own)


def test_field_of_any_is_set_by_nobody_where_nobody_may_change_any_profile() -> None:
    policy = Policy.parse("fields.plan = { settable = 'any', kind = 'text' }")
    assert not policy.settable(user("admin"), "plan", own=True)
