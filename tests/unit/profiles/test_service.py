"""What a caller may do with profiles. A call that no test announced fails, so "denied" means "nothing was read" too."""

from collections.abc import Callable
from typing import Any

import pytest
from poolhouse.access import Principal, default_policy
from poolhouse.profiles import (
    AccountDeletedError,
    AccountSuspendedError,
    ActionNotAllowedError,
    AuditLog,
    FieldNotSettableError,
    InsufficientScopeError,
    InvalidFieldError,
    ProfileDeletedError,
    ProfileError,
    ProfileNotFoundError,
    ProfileRepository,
    ProfileService,
    StaleVersionError,
    UnknownFieldError,
)
from poolhouse.profiles.pictures import Pictures

from local.settings import ROOT
from tests.unit.profiles.stubbed_table import AUDIT_TABLE, TABLE, StubbedTable
from tests.unit.stubbed import client_of

ALL_SCOPES = frozenset(default_policy().scopes)
MINE: dict[str, Any] = {
    "sub": "a1",
    "email": "ada@example.com",
    "name": "Ada Example",
    "phone": "+15555550100",
    "picture": "ada.jpg",
    "preferences": {"theme": "dark", "page": 50, "tour": True},
    "status": "active",
    "created_at": "2026-01-01T00:00:00.000Z",
    "updated_at": "2026-01-02T00:00:00.000Z",
    "last_sign_in_at": "2026-01-03T00:00:00.000Z",
    "version": 3,
}
THEIRS = {**MINE, "sub": "b2", "email": "bob@example.com", "name": "Bob", "phone": "+15555550199"}
PERSONAL = {"email", "name", "phone", "picture", "preferences"}
HIDDEN = {name: value for name, value in THEIRS.items() if name not in PERSONAL}
MASKED = {**HIDDEN, "email": "b•••@example.com", "name": "B•••", "phone": "•••99"}
GONE = {
    "sub": "b2",
    "status": "deleted",
    "created_at": "2026-01-01T00:00:00.000Z",
    "updated_at": "2026-01-02T00:00:00.000Z",
    "version": 4,
    "expires_at": 1_800_000_000,
}

Act = Callable[[ProfileService, Principal, str], object]
ACTIONS: dict[str, tuple[str, Act]] = {
    "read": ("profiles/read.any", lambda service, caller, sub: service.read(caller, sub)),
    "change": ("profiles/write.any", lambda service, caller, sub: service.change(caller, sub, {3}, {"zone": "UTC"})),
    "delete": ("profiles/delete.any", lambda service, caller, sub: service.delete(caller, sub, {3})),
    "suspend": ("profiles/suspend", lambda service, caller, sub: service.suspend(caller, sub, {3})),
    "reinstate": ("profiles/suspend", lambda service, caller, sub: service.reinstate(caller, sub, {3})),
    "read_audit": ("profiles/read.any", lambda service, caller, sub: service.audit(caller, sub, 25)),
    "list": ("profiles/read.any", lambda service, caller, _sub: service.list(caller, 25)),
    "search": ("profiles/read.any", lambda service, caller, _sub: service.search(caller, {"email": "bob@example.com"})),
}
OWN_SCOPE = {"read": "profiles/read", "change": "profiles/write", "delete": "profiles/write"}


def user(*roles: str, scopes: frozenset[str] = ALL_SCOPES) -> Principal:
    return Principal("a1", "web", "user", frozenset(roles), scopes)


def machine(*scopes: str) -> Principal:
    return Principal("job", "job", "machine", scopes=frozenset(scopes))


@pytest.fixture
def removed() -> list[str]:
    return []


@pytest.fixture
def service(table: StubbedTable, removed: list[str]) -> ProfileService:
    audit = AuditLog(AUDIT_TABLE, table.client)
    profiles = ProfileRepository(TABLE, table.client, audit=audit)
    return ProfileService(profiles, audit, default_policy(), remove_user=removed.append, mark_days=90)


@pytest.fixture
def pictured(table: StubbedTable) -> ProfileService:
    """The service of a stack with pictures."""
    audit = AuditLog(AUDIT_TABLE, table.client)
    profiles = ProfileRepository(TABLE, table.client, audit=audit)
    pictures = Pictures("pictures", client_of("s3"))
    return ProfileService(profiles, audit, default_policy(), pictures=pictures)


# ------------------------------------------------------------------------------------------------------ who may do what
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("roles", [(), ("member",), ("stranger",)], ids=str)
def test_member_is_refused_every_action_on_another_before_anything_is_read(
    service: ProfileService, action: str, roles: tuple[str, ...]
) -> None:
    scope, act = ACTIONS[action]
    with pytest.raises(InsufficientScopeError) as raised:
        act(service, user(*roles), "b2")
    assert raised.value.scope == scope


@pytest.mark.parametrize("action", ["change", "delete"])
def test_support_is_refused_what_it_may_not(service: ProfileService, action: str) -> None:
    scope, act = ACTIONS[action]
    with pytest.raises(InsufficientScopeError) as raised:
        act(service, user("support"), "b2")
    assert raised.value.scope == scope


@pytest.mark.parametrize("action", ACTIONS)
def test_admin_without_the_scope_in_the_token_is_refused(service: ProfileService, action: str) -> None:
    scope, act = ACTIONS[action]
    with pytest.raises(InsufficientScopeError):
        act(service, user("admin", scopes=ALL_SCOPES - {scope}), "b2")


@pytest.mark.parametrize("action", ACTIONS)
def test_machine_goes_by_its_scope_alone(service: ProfileService, action: str) -> None:
    scope, act = ACTIONS[action]
    with pytest.raises(InsufficientScopeError):
        act(service, machine(*(ALL_SCOPES - {scope})), "b2")


@pytest.mark.parametrize("action", OWN_SCOPE)
def test_own_profile_needs_the_scope_for_it_in_the_token(service: ProfileService, action: str) -> None:
    with pytest.raises(InsufficientScopeError) as raised:
        ACTIONS[action][1](service, user("admin", scopes=ALL_SCOPES - {OWN_SCOPE[action]}), "a1")
    assert raised.value.scope == OWN_SCOPE[action]


@pytest.mark.parametrize("action", ["suspend", "reinstate"])
@pytest.mark.parametrize("role", ["support", "admin"])
def test_nobody_suspends_or_reinstates_themselves(service: ProfileService, action: str, role: str) -> None:
    with pytest.raises(ActionNotAllowedError, match=f"nobody may {action} their own profile"):
        ACTIONS[action][1](service, user(role), "a1")


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    ("status", "error"), [("suspended", AccountSuspendedError), ("deleted", AccountDeletedError)], ids=str
)
def test_suspended_or_deleted_caller_is_refused_before_another_is_read(
    service: ProfileService, table: StubbedTable, action: str, status: str, error: type[ProfileError]
) -> None:
    table.will_get("a1", {**MINE, "status": status})
    with pytest.raises(error):
        ACTIONS[action][1](service, user("admin"), "b2")


@pytest.mark.parametrize("action", OWN_SCOPE)
def test_suspended_caller_is_refused_their_own_profile(
    service: ProfileService, table: StubbedTable, action: str
) -> None:
    table.will_get("a1", {**MINE, "status": "suspended"})
    with pytest.raises(AccountSuspendedError):
        ACTIONS[action][1](service, user(), "a1")


@pytest.mark.parametrize("action", ["read", "change", "delete", "suspend", "reinstate"])
@pytest.mark.parametrize(("item", "error"), [(None, ProfileNotFoundError), (GONE, ProfileDeletedError)], ids=str)
def test_profile_that_is_not_there_is_told_to_who_may_know(
    service: ProfileService, table: StubbedTable, action: str, item: dict[str, Any] | None, error: type[ProfileError]
) -> None:
    table.will_get("a1", MINE)
    table.will_get("b2", item)
    with pytest.raises(error):
        ACTIONS[action][1](service, user("admin"), "b2")


@pytest.mark.parametrize("action", ["read", "change", "delete", "suspend", "read_audit"])
@pytest.mark.parametrize("sub", ["event#0123", "a b", "../x", "x" * 65, "ä"])
def test_key_that_no_user_has_is_never_looked_up(
    service: ProfileService, table: StubbedTable, action: str, sub: str
) -> None:
    table.will_get("a1", MINE)
    with pytest.raises(ProfileNotFoundError):
        ACTIONS[action][1](service, user("admin"), sub)


@pytest.mark.parametrize("action", OWN_SCOPE)
def test_machine_has_no_profile_of_its_own(service: ProfileService, action: str) -> None:
    acts: dict[str, Callable[[Principal], object]] = {
        "read": service.read,
        "change": lambda caller: service.change(caller, None, {1}, {}),
        "delete": lambda caller: service.delete(caller, None, {1}),
    }
    with pytest.raises(ProfileNotFoundError):
        acts[action](machine(OWN_SCOPE[action]))


# ----------------------------------------------------------------------------------------------------------------- read
@pytest.mark.parametrize("roles", [(), ("member",), ("support",), ("admin",), ("stranger",)])
@pytest.mark.parametrize("sub", [None, "a1"])
def test_read_shows_all_of_the_own_profile_to_every_role(
    service: ProfileService, table: StubbedTable, roles: tuple[str, ...], sub: str | None
) -> None:
    table.will_get("a1", MINE)
    assert service.read(user(*roles), sub) == (MINE, 3)


@pytest.mark.parametrize(
    ("caller", "seen"),
    [
        (user("support"), MASKED),
        (user("admin"), THEIRS),
        (user("support", "admin"), THEIRS),
        (user("admin", scopes=frozenset({"profiles/read.any"})), HIDDEN),
        (machine("profiles/read.any"), HIDDEN),
        (machine("profiles/read.any", "profiles/read.personal"), THEIRS),
    ],
)
def test_read_list_and_search_show_another_profile_as_the_policy_says(
    service: ProfileService, table: StubbedTable, caller: Principal, seen: dict[str, Any]
) -> None:
    if caller.is_user:
        table.will_get("a1", MINE)  # first whether the caller is suspended
    table.will_get("b2", THEIRS)
    assert service.read(caller, "b2").fields == seen
    if caller.is_user:
        table.will_get("a1", MINE)
    table.will_scan(25, [THEIRS], "b2")
    assert service.list(caller, 25) == ([seen], "b2")
    if "email" in seen:
        if caller.is_user:
            table.will_get("a1", MINE)
        table.will_find_by_email("bob@example.com", ["b2"])
        table.will_get("b2", THEIRS)
        assert service.search(caller, {"email": "Bob@example.com"}) == ([seen], None)


def test_list_shows_the_callers_own_profile_in_full(service: ProfileService, table: StubbedTable) -> None:
    table.will_get("a1", MINE)
    table.will_scan(25, [MINE, THEIRS])
    assert service.list(user("support"), 25) == ([MINE, MASKED], None)


@pytest.mark.parametrize(
    "caller", [machine("profiles/read.any"), user("admin", scopes=ALL_SCOPES - {"profiles/read.personal"})]
)
def test_search_takes_who_sees_addresses(service: ProfileService, caller: Principal) -> None:
    with pytest.raises(InsufficientScopeError) as raised:
        service.search(caller, {"email": "bob@example.com"})
    assert raised.value.scope == "profiles/read.personal"


@pytest.mark.parametrize(
    ("criteria", "error"),
    [
        ({}, InvalidFieldError),
        ({"email": None}, InvalidFieldError),
        ({"email": ["bob@example.com"]}, InvalidFieldError),
        ({"email": f"{'x' * 247}@xy.test"}, InvalidFieldError),
        ({"email": "bob"}, InvalidFieldError),
        ({"email": "@example.com"}, InvalidFieldError),
        ({"email": "bob@"}, InvalidFieldError),
        ({"email": "bob @example.com"}, InvalidFieldError),
        ({"email": "a\n@example.com"}, InvalidFieldError),
        ({"email": "bob@example.com", "name": "Bob"}, UnknownFieldError),
    ],
    ids=str,
)
def test_search_refuses_other_criteria(
    service: ProfileService, table: StubbedTable, criteria: dict[str, Any], error: type[ProfileError]
) -> None:
    table.will_get("a1", MINE)
    with pytest.raises(error) as raised:
        service.search(user("admin"), criteria)
    assert "bob@" not in str(raised.value)


# --------------------------------------------------------------------------------------------------------------- change
@pytest.mark.parametrize(
    ("patch", "changes"),
    [
        ({"name": "  Ada L. "}, {"name": "Ada L."}),
        ({"name": None, "zone": "Europe/Paris"}, {"name": None, "zone": "Europe/Paris"}),
        ({"phone": "+1 555 555 0199"}, {"phone": "+15555550199"}),
        (
            {"preferences": {"theme": "light", "page": None, "new": 1}},
            {"preferences": {"theme": "light", "tour": True, "new": 1}},
        ),
        # Python takes 1 for True, JSON does not.
        ({"preferences": {"tour": 1}}, {"preferences": {"theme": "dark", "page": 50, "tour": 1}}),
        ({"preferences": {"theme": None, "page": None, "tour": None}}, {"preferences": None}),
        ({"preferences": None}, {"preferences": None}),
    ],
    ids=str,
)
def test_change_writes_what_is_new_and_records_who_did_it(
    service: ProfileService, table: StubbedTable, patch: dict[str, Any], changes: dict[str, Any]
) -> None:
    table.will_get("a1", MINE)
    table.will_change(MINE, changes, {"action": "profile_changed", "actor": "a1", "role": "member"})
    shown = service.change(user("admin"), None, {3}, patch)
    assert shown.version == 4
    assert {name: shown.fields.get(name) for name in changes} == changes


@pytest.mark.parametrize("patch", [{}, {"name": "Ada Example"}, {"zone": None}, {"preferences": {"page": 50}}], ids=str)
def test_change_of_nothing_writes_nothing(service: ProfileService, table: StubbedTable, patch: dict[str, Any]) -> None:
    table.will_get("a1", MINE)
    assert service.change(user(), None, {3}, patch) == (MINE, 3)


@pytest.mark.parametrize(
    ("patch", "error", "named"),
    [
        ({"nickname": "x"}, UnknownFieldError, "nickname"),
        ({"expires_at": 1}, UnknownFieldError, "expires_at"),
        ({"email": "x@example.com"}, FieldNotSettableError, "email"),
        ({"sub": "b2"}, FieldNotSettableError, "sub"),
        ({"status": "active"}, FieldNotSettableError, "status"),
        ({"version": 9}, FieldNotSettableError, "version"),
        ({"name": 3}, InvalidFieldError, "name"),
        ({"zone": "UTC", "phone": "call me"}, InvalidFieldError, "phone"),
        ({"preferences": {"a": {"b": 1}}}, InvalidFieldError, "preferences"),
        ({"preferences": []}, InvalidFieldError, "preferences"),
    ],
    ids=str,
)
def test_change_refuses_the_whole_patch_and_names_the_field(
    service: ProfileService, table: StubbedTable, patch: dict[str, Any], error: type[ProfileError], named: str
) -> None:
    table.will_get("a1", MINE)
    with pytest.raises(error) as raised:
        service.change(user("admin"), None, {3}, patch)
    assert named in str(raised.value)
    assert "call me" not in str(raised.value)


def test_change_of_another_is_recorded_with_actor_and_role(service: ProfileService, table: StubbedTable) -> None:
    table.will_get("a1", MINE)
    table.will_get("b2", THEIRS)
    table.will_change(THEIRS, {"zone": "UTC"}, {"action": "profile_changed", "actor": "a1", "role": "admin"})
    assert service.change(user("support", "admin"), "b2", {3}, {"zone": "UTC"}).fields["zone"] == "UTC"


def test_machine_changes_in_the_role_of_a_machine_and_sets_no_field_it_does_not_see(
    service: ProfileService, table: StubbedTable
) -> None:
    caller = machine("profiles/write.any")
    table.will_get("b2", THEIRS)
    table.will_change(THEIRS, {"zone": "UTC"}, {"action": "profile_changed", "actor": "job", "role": "machine"})
    service.change(caller, "b2", {3}, {"zone": "UTC"})
    table.will_get("b2", THEIRS)
    with pytest.raises(FieldNotSettableError):
        service.change(caller, "b2", {3}, {"name": "B••• E•••"})


@pytest.mark.parametrize("action", ["change", "delete", "suspend", "reinstate"])
def test_other_version_is_refused_before_anything_is_written(
    service: ProfileService, table: StubbedTable, action: str
) -> None:
    table.will_get("a1", MINE)
    table.will_get("b2", {**THEIRS, "version": 4})
    with pytest.raises(StaleVersionError):
        ACTIONS[action][1](service, user("admin"), "b2")


# ------------------------------------------------------------------------------------------------ suspend and reinstate
@pytest.mark.parametrize(
    ("action", "before", "after", "done"),
    [
        ("suspend", "active", "suspended", "profile_suspended"),
        ("reinstate", "suspended", "active", "profile_reinstated"),
    ],
)
@pytest.mark.parametrize("role", ["support", "admin"])
def test_status_changes_and_is_recorded(
    service: ProfileService, table: StubbedTable, action: str, before: str, after: str, done: str, role: str
) -> None:
    theirs = {**THEIRS, "status": before}
    table.will_get("a1", MINE)
    table.will_get("b2", theirs)
    table.will_change(theirs, {"status": after}, {"action": done, "actor": "a1", "role": role})
    shown: Any = ACTIONS[action][1](service, user(role), "b2")
    assert (shown.fields["status"], shown.version) == (after, 4)


def test_suspending_the_suspended_writes_nothing(service: ProfileService, table: StubbedTable) -> None:
    table.will_get("a1", MINE)
    table.will_get("b2", {**THEIRS, "status": "suspended"})
    assert service.suspend(user("support"), "b2", {3}).version == 3


# --------------------------------------------------------------------------------------------------------------- delete
@pytest.mark.parametrize(("sub", "role"), [(None, "member"), ("b2", "admin")])
def test_delete_leaves_a_mark_and_then_removes_the_user(
    service: ProfileService, table: StubbedTable, removed: list[str], sub: str | None, role: str
) -> None:
    table.will_get("a1", MINE)
    if sub:
        table.will_get("b2", THEIRS)
    target = THEIRS if sub else MINE
    table.will_delete(target, {"action": "profile_deleted", "actor": "a1", "role": role})
    service.delete(user("admin"), sub, {3})
    assert removed == [target["sub"]]


def test_delete_that_was_not_written_removes_nobody(
    service: ProfileService, table: StubbedTable, removed: list[str]
) -> None:
    table.will_get("a1", MINE)
    record = {"action": "profile_deleted", "actor": "a1", "role": "member"}
    table.will_delete(MINE, record, Code="ConditionalCheckFailed", Item={**MINE, "version": 4})
    with pytest.raises(StaleVersionError):
        service.delete(user(), None, {3})
    assert removed == []


def test_delete_again_removes_the_user_again_and_says_that_the_profile_is_gone(
    service: ProfileService, table: StubbedTable, removed: list[str]
) -> None:
    table.will_get("a1", {**GONE, "sub": "a1"})
    with pytest.raises(AccountDeletedError):
        service.delete(user(), None, {3})
    table.will_get("a1", MINE)
    table.will_get("b2", GONE)
    with pytest.raises(ProfileDeletedError):
        service.delete(user("admin"), "b2", {3})
    assert removed == ["a1", "b2"]


def test_reading_what_is_deleted_removes_nobody(
    service: ProfileService, table: StubbedTable, removed: list[str]
) -> None:
    table.will_get("a1", {**GONE, "sub": "a1"})
    with pytest.raises(AccountDeletedError):
        service.read(user())
    assert removed == []


# ---------------------------------------------------------------------------------------------------------------- audit
RECORD = {
    "sub": "b2",
    "at": "2026-01-02T03:04:05.000006Z",
    "action": "profile_changed",
    "actor": "b2",
    "role": "member",
    "fields": ["zone"],
}


def test_audit_shows_records_of_a_user(service: ProfileService, table: StubbedTable) -> None:
    table.will_get("a1", MINE)
    table.will_read_records("b2", 25, [RECORD])
    assert service.audit(user("support"), "b2", 25) == ([RECORD], None)


def test_audit_of_a_profile_without_records_is_empty(service: ProfileService, table: StubbedTable) -> None:
    table.will_get("a1", MINE)
    table.will_read_records("b2", 25, [])
    table.will_get("b2", THEIRS)
    assert service.audit(user("admin"), "b2", 25) == ([], None)


def test_audit_of_nobody_finds_nothing(service: ProfileService, table: StubbedTable) -> None:
    table.will_get("a1", MINE)
    table.will_read_records("b2", 25, [])
    table.will_get("b2", None)
    with pytest.raises(ProfileNotFoundError):
        service.audit(user("admin"), "b2", 25)


@pytest.mark.parametrize("error", ProfileError.__subclasses__())
def test_error_has_a_code_of_its_own_that_the_page_lists(error: type[ProfileError]) -> None:
    assert f"| `{error.code}` |" in (ROOT / "docs/errors.md").read_text("utf-8")


# ------------------------------------------------------------------------------------------------------------- pictures
def test_picture_form_is_for_the_callers_own_prefix(pictured: ProfileService, table: StubbedTable) -> None:
    table.will_get("a1", MINE)
    assert pictured.picture_form(user(), {"picture": "me.png"})["fields"]["key"] == "a1/me.png"


@pytest.mark.parametrize(
    "name",
    [
        "me",
        "me.PNG",
        f"{'m' * 125}.png",
        "me.svg",
        "me.html",
        "b2/me.png",
        "../b2/me.png",
        "me.png/",
        "me.png.exe",
        ".png",
        "",
        None,
        7,
        ["me.png"],
    ],
)
def test_picture_form_is_for_a_plain_name_of_a_picture(
    pictured: ProfileService, table: StubbedTable, name: object
) -> None:
    table.will_get("a1", MINE)
    with pytest.raises(InvalidFieldError):
        pictured.picture_form(user(), {"picture": name})


def test_picture_form_takes_nothing_but_a_name(pictured: ProfileService, table: StubbedTable) -> None:
    table.will_get("a1", MINE)
    with pytest.raises(UnknownFieldError):
        pictured.picture_form(user(), {"picture": "me.png", "sub": "b2"})


def test_picture_form_is_refused_without_the_scope_before_anything_is_read(pictured: ProfileService) -> None:
    with pytest.raises(InsufficientScopeError):
        pictured.picture_form(user(scopes=ALL_SCOPES - {"profiles/write"}), {"picture": "me.png"})


def test_picture_form_is_refused_to_the_suspended(pictured: ProfileService, table: StubbedTable) -> None:
    table.will_get("a1", {**MINE, "status": "suspended"})
    with pytest.raises(AccountSuspendedError):
        pictured.picture_form(user(), {"picture": "me.png"})


def test_picture_form_is_refused_where_there_are_no_pictures(service: ProfileService, table: StubbedTable) -> None:
    table.will_get("a1", MINE)
    with pytest.raises(UnknownFieldError):
        service.picture_form(user(), {"picture": "me.png"})
