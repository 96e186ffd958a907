import re
from typing import Any

import pytest
from poolhouse.access import Field, Policy, PolicyError, Principal, Role, default_policy

OWN_SCOPES = {"profiles/read", "profiles/write"}
SUPPORT_SCOPES = OWN_SCOPES | {"profiles/read.any", "profiles/suspend"}
ALL_SCOPES = SUPPORT_SCOPES | {"profiles/read.personal", "profiles/write.any", "profiles/delete.any"}

PROFILE: dict[str, Any] = {
    "sub": "b2",
    "email": "ada@example.com",
    "name": "Ada Lovelace",
    "phone": "+15550100",
    "locale": "en-GB",
    "zone": "Europe/London",
    "status": "active",
    "created_at": "2026-01-01T00:00:00.000Z",
    "updated_at": "2026-01-02T00:00:00.000Z",
    "last_sign_in_at": "2026-01-03T00:00:00.000Z",
    "version": 3,
}
PERSONAL = {"email", "name", "phone"}
IMPERSONAL = {name: value for name, value in PROFILE.items() if name not in PERSONAL}
MASKED = {**PROFILE, "email": "a•••@example.com", "name": "A••• L•••", "phone": "•••00"}


def user(*roles: str, scopes: set[str] | None = None) -> Principal:
    return Principal("a1", "web", "user", frozenset(roles), frozenset(ALL_SCOPES if scopes is None else scopes))


def machine(*scopes: str) -> Principal:
    return Principal("job", "job", "machine", scopes=frozenset(scopes))


# ------------------------------------------------------------------------------------------------------------- parsing
def test_parse_reads_scopes_roles_and_fields() -> None:
    policy = Policy.parse("""
        [scopes]
        "things/read" = "Read things"
        [roles.reader]
        implied = true
        scopes = ["things/read"]
        personal = "masked"
        [roles.guest]
        [fields]
        sub = {}
        email = { personal = true, mask = "email" }
        note = { personal = true }
    """)
    assert policy.scopes == {"things/read": "Read things"}
    assert policy.roles == {
        "reader": Role(frozenset({"things/read"}), implied=True, personal="masked"),
        "guest": Role(frozenset(), implied=False, personal="hidden"),
    }
    assert policy.fields == {"sub": Field(), "email": Field(personal=True, mask="email"), "note": Field(personal=True)}
    assert list(policy.fields) == ["sub", "email", "note"]


def test_parse_of_nothing_allows_and_shows_nothing() -> None:
    policy = Policy.parse("")
    assert not policy.permits(user("admin"), "profiles/read")
    assert policy.visible(user("admin"), PROFILE, own=True) == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("scope = {}", "the policy has ['scope']; it may have ['actions', 'fields', 'roles', 'scopes']"),
        ("roles.r.scope = []", "role 'r' has ['scope']; it may have ['implied', 'personal', 'scopes']"),
        ("roles.r.scopes = ['x/y', 'a/b']", "role 'r' names ['a/b', 'x/y'], which [scopes] does not declare"),
        ("roles.r.personal = 'shown'", "role 'r': personal is 'shown', and may be 'hidden' or 'masked'"),
        (
            "fields.f.masked = true",
            "field 'f' has ['masked']; it may have ['kind', 'mask', 'max_length', 'personal', 'settable']",
        ),
        ("fields.f.mask = 'iban'", "field 'f': mask is 'iban', and may be one of ['email', 'name', 'phone']"),
    ],
)
def test_parse_names_entry_and_what_may_stand_there(text: str, message: str) -> None:
    with pytest.raises(PolicyError, match=f"^{re.escape(message)}$"):
        Policy.parse(text)


def test_parse_says_where_text_is_no_toml() -> None:
    with pytest.raises(PolicyError, match=r"^the policy is not TOML: .*line 2, column 1"):
        Policy.parse("[roles]\n=")


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("roles = 3", "roles"),
        ("fields = []", "fields"),
        ("scopes = ['x/y']", "scopes"),
        ("roles.r = 'admin'", "role 'r'"),
        ("fields.f = true", "field 'f'"),
        ("roles.r.scopes = 'x/y'", "role 'r'"),
        ("actions.read.own = ['a/b']", "action 'read'"),
        ("fields.f = { mask = 'name', settable = 'own', kind = 'map' }", "field 'f' holds no text"),
        ("fields.version.mask = 'name'", "field 'version' holds no text"),
        ("roles.r.scopes = [['x/y']]", "role 'r'"),
        ("roles.r.personal = []", "role 'r'"),
        ("fields.f.mask = []", "field 'f'"),
    ],
)
def test_parse_refuses_entry_of_wrong_type_by_name(text: str, entry: str) -> None:
    with pytest.raises(PolicyError, match=entry):
        Policy.parse(text)


@pytest.mark.parametrize("text", ["roles.r.implied = 'false'", "roles.r.implied = 1", "fields.f.personal = 'no'"])
def test_parse_refuses_flag_that_is_no_boolean(text: str) -> None:
    # bool("false") is True: every human would have the role.
    with pytest.raises(PolicyError, match="true or false"):
        Policy.parse(text)


# --------------------------------------------------------------------------------------------------- roles and scopes
def test_default_policy_declares_the_seven_scopes() -> None:
    assert set(default_policy().scopes) == ALL_SCOPES


def test_default_policy_has_the_shipped_roles() -> None:
    roles = default_policy().roles
    assert {name: role.implied for name, role in roles.items()} == {"member": True, "support": False, "admin": False}


@pytest.mark.parametrize(
    ("groups", "roles"),
    [
        ([], ["member"]),
        (["member"], ["member"]),
        (["support"], ["member", "support"]),
        (["admin"], ["member", "admin"]),
        (["admin", "support", "admin"], ["member", "support", "admin"]),
        (["Admin", "administrators", ""], ["member"]),
    ],
)
def test_roles_of_knows_named_and_implied_roles_only(groups: list[str], roles: list[str]) -> None:
    policy = default_policy()
    assert policy.roles_of(groups) == [policy.roles[name] for name in roles]


@pytest.mark.parametrize(
    ("groups", "scopes"),
    [
        ([], OWN_SCOPES),
        (["member"], OWN_SCOPES),
        (["some-group-of-your-own"], OWN_SCOPES),
        (["support"], SUPPORT_SCOPES),
        (["admin"], ALL_SCOPES),
        (["support", "admin"], ALL_SCOPES),
    ],
)
def test_scopes_of_is_the_union_over_roles(groups: list[str], scopes: set[str]) -> None:
    assert default_policy().scopes_of(groups) == scopes


@pytest.mark.parametrize("scope", sorted(ALL_SCOPES))
@pytest.mark.parametrize(
    ("roles", "granted"),
    [
        ((), OWN_SCOPES),
        (("member",), OWN_SCOPES),
        (("stranger",), OWN_SCOPES),
        (("support",), SUPPORT_SCOPES),
        (("admin",), ALL_SCOPES),
    ],
)
def test_permits_user_what_role_and_token_both_allow(roles: tuple[str, ...], granted: set[str], scope: str) -> None:
    policy = default_policy()
    assert policy.permits(user(*roles), scope) == (scope in granted)
    assert not policy.permits(user(*roles, scopes=ALL_SCOPES - {scope}), scope)


@pytest.mark.parametrize("scope", sorted(ALL_SCOPES))
def test_permits_machine_what_token_allows(scope: str) -> None:
    policy = default_policy()
    assert policy.permits(machine(scope), scope)
    assert not policy.permits(machine(*(ALL_SCOPES - {scope})), scope)


@pytest.mark.parametrize("caller", [user("admin", scopes={"other/read"}), machine("other/read")])
def test_permits_nobody_a_scope_that_policy_does_not_declare(caller: Principal) -> None:
    assert not default_policy().permits(caller, "other/read")


# --------------------------------------------------------------------------------------------------------- visibility
@pytest.mark.parametrize(
    ("caller", "seen"),
    [
        (user(), IMPERSONAL),
        (user("member"), IMPERSONAL),
        (user("stranger"), IMPERSONAL),
        (user("support"), MASKED),
        (user("admin"), PROFILE),
        (user("support", "admin"), PROFILE),
        (user("admin", scopes={"profiles/read.any"}), IMPERSONAL),  # the role may, this token may not
        (user("support", "admin", scopes={"profiles/read.any"}), MASKED),
        (machine("profiles/read.any"), IMPERSONAL),
        (machine("profiles/read.any", "profiles/read.personal"), PROFILE),
    ],
)
def test_visible_shows_another_profile_as_role_and_token_allow(caller: Principal, seen: dict[str, Any]) -> None:
    shown = default_policy().visible(caller, PROFILE, own=False)
    assert shown == seen
    assert list(shown) == [name for name in default_policy().fields if name in seen]


def test_visible_shows_own_profile_in_full() -> None:
    assert default_policy().visible(user(scopes={"profiles/read"}), PROFILE, own=True) == PROFILE


@pytest.mark.parametrize("caller", [user("admin"), user("support"), machine(*ALL_SCOPES)])
@pytest.mark.parametrize("own", [True, False])
def test_visible_leaves_out_unknown_and_absent_fields(caller: Principal, own: bool) -> None:  # noqa: FBT001, RUF100
    profile = {"sub": "b2", "email": None, "password_hash": "x", "expires_at": 1}
    assert default_policy().visible(caller, profile, own=own) == {"sub": "b2"}


def test_visible_leaves_out_personal_field_without_mask_for_masking_role() -> None:
    policy = Policy.parse("roles.r.personal = 'masked'\nfields.note.personal = true\nfields.email.mask = 'email'")
    # A mask alone does not make a field personal.
    shown = policy.visible(user("r"), {"note": "likes tea", "email": "ada@example.com"}, own=False)
    assert shown == {"email": "ada@example.com"}


def test_visible_hides_personal_field_from_machine_whatever_every_human_sees() -> None:
    policy = Policy.parse("""
        roles.r = { implied = true, personal = "masked" }
        fields.email = { personal = true, mask = "email" }
    """)
    assert policy.visible(user(), PROFILE, own=False) == {"email": "a•••@example.com"}
    assert policy.visible(machine("profiles/read.any"), PROFILE, own=False) == {}


def test_default_policy_is_read_once() -> None:
    assert default_policy() is default_policy()
