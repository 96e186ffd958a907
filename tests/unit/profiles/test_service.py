"""What a caller may do with profiles. A call that no test announced fails, so "denied" means "nothing was read" too."""

from typing import Any

import pytest
from poolhouse.access import Principal, default_policy
from poolhouse.profiles import (
    AccountSuspendedError,
    InsufficientScopeError,
    ProfileError,
    ProfileNotFoundError,
    ProfileRepository,
    ProfileService,
)

from tests.unit.profiles.stubbed_table import TABLE, StubbedTable

ALL_SCOPES = frozenset(default_policy().scopes)
MINE: dict[str, Any] = {
    "sub": "a1",
    "email": "ada@example.com",
    "name": "Ada Example",
    "phone": "+15550100",
    "status": "active",
    "created_at": "2026-01-01T00:00:00.000Z",
    "updated_at": "2026-01-02T00:00:00.000Z",
    "last_sign_in_at": "2026-01-03T00:00:00.000Z",
    "version": 3,
}
THEIRS = {**MINE, "sub": "b2", "email": "bob@example.com", "name": "Bob", "phone": "+15550199"}
HIDDEN = {name: value for name, value in THEIRS.items() if name not in {"email", "name", "phone"}}
MASKED = {**THEIRS, "email": "b•••@example.com", "name": "B•••", "phone": "•••99"}


def user(*roles: str, scopes: frozenset[str] = ALL_SCOPES) -> Principal:
    return Principal("a1", "web", "user", frozenset(roles), scopes)


def machine(*scopes: str) -> Principal:
    return Principal("job", "job", "machine", scopes=frozenset(scopes))


@pytest.fixture
def service(table: StubbedTable) -> ProfileService:
    return ProfileService(ProfileRepository(TABLE, table.client), default_policy())


# ------------------------------------------------------------------------------------------------------------ read_own
@pytest.mark.parametrize("roles", [(), ("member",), ("support",), ("admin",), ("stranger",)])
def test_read_own_shows_all_of_it_to_every_role(
    service: ProfileService, table: StubbedTable, roles: tuple[str, ...]
) -> None:
    table.will_get("a1", MINE)
    assert service.read_own(user(*roles)) == MINE


def test_read_own_needs_scope_in_token_before_anything_is_read(service: ProfileService) -> None:
    with pytest.raises(InsufficientScopeError) as raised:
        service.read_own(user("admin", scopes=ALL_SCOPES - {"profiles/read"}))
    assert raised.value.scope == "profiles/read"
    assert "profiles/read" in str(raised.value)


def test_read_own_without_profile_finds_none(service: ProfileService, table: StubbedTable) -> None:
    table.will_get("a1", None)
    with pytest.raises(ProfileNotFoundError):
        service.read_own(user())


def test_read_own_refuses_suspended_caller(service: ProfileService, table: StubbedTable) -> None:
    table.will_get("a1", {**MINE, "status": "suspended"})
    with pytest.raises(AccountSuspendedError):
        service.read_own(user("admin"))


def test_read_own_of_machine_with_scope_finds_none_and_reads_nothing(service: ProfileService) -> None:
    with pytest.raises(ProfileNotFoundError):
        service.read_own(machine("profiles/read"))


def test_read_own_of_machine_without_scope_is_refused(service: ProfileService) -> None:
    with pytest.raises(InsufficientScopeError):
        service.read_own(machine("profiles/read.any"))


# ---------------------------------------------------------------------------------------------------------------- read
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
def test_read_shows_another_profile_as_role_table_says(
    service: ProfileService, table: StubbedTable, caller: Principal, seen: dict[str, Any]
) -> None:
    if caller.is_user:
        table.will_get("a1", MINE)  # first whether the caller is suspended
    table.will_get("b2", THEIRS)
    assert service.read(caller, "b2") == seen


@pytest.mark.parametrize(
    "caller",
    [
        user(),
        user("member"),
        user("stranger"),
        user("admin", scopes=ALL_SCOPES - {"profiles/read.any"}),
        user("support", scopes=frozenset()),
        machine(),
        machine("profiles/read"),
        machine("profiles/read.personal"),
    ],
)
def test_read_of_another_is_denied_before_anything_is_read(service: ProfileService, caller: Principal) -> None:
    with pytest.raises(InsufficientScopeError) as raised:
        service.read(caller, "b2")
    assert raised.value.scope == "profiles/read.any"


@pytest.mark.parametrize("roles", [(), ("support",), ("admin",)])
def test_read_of_own_key_is_own_profile(service: ProfileService, table: StubbedTable, roles: tuple[str, ...]) -> None:
    table.will_get("a1", MINE)
    assert service.read(user(*roles), "a1") == MINE


def test_read_of_machine_never_reads_as_own(service: ProfileService, table: StubbedTable) -> None:
    table.will_get("job", {**THEIRS, "sub": "job"})
    assert service.read(machine("profiles/read.any", "profiles/read"), "job") == {**HIDDEN, "sub": "job"}


def test_read_refuses_suspended_caller_before_the_other_is_read(service: ProfileService, table: StubbedTable) -> None:
    table.will_get("a1", {**MINE, "status": "suspended"})
    with pytest.raises(AccountSuspendedError):
        service.read(user("admin"), "b2")


def test_read_shows_suspended_account_of_another(service: ProfileService, table: StubbedTable) -> None:
    table.will_get("a1", MINE)
    table.will_get("b2", {**THEIRS, "status": "suspended"})
    assert service.read(user("support"), "b2")["status"] == "suspended"


@pytest.mark.parametrize("caller", [user("support"), user("admin"), machine("profiles/read.any")])
def test_read_of_unknown_key_finds_none(service: ProfileService, table: StubbedTable, caller: Principal) -> None:
    if caller.is_user:
        table.will_get("a1", MINE)
    table.will_get("nobody", None)
    with pytest.raises(ProfileNotFoundError):
        service.read(caller, "nobody")


def test_read_works_for_caller_without_profile(service: ProfileService, table: StubbedTable) -> None:
    table.will_get("a1", None)
    table.will_get("b2", THEIRS)
    assert service.read(user("admin"), "b2") == THEIRS


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AccountSuspendedError, "account_suspended"),
        (InsufficientScopeError, "insufficient_scope"),
        (ProfileNotFoundError, "profile_not_found"),
    ],
)
def test_profile_errors_have_stable_codes(error: type[ProfileError], code: str) -> None:
    assert issubclass(error, ProfileError)
    assert error.code == code
