from typing import Any

import pytest
from botocore.exceptions import ClientError
from poolhouse.profiles import Profile, ProfileRepository, Status

from tests.unit.profiles.stubbed_table import TABLE, StubbedTable

ITEM: dict[str, Any] = {
    "sub": "a1",
    "status": "active",
    "created_at": "2026-01-01T00:00:00.000Z",
    "updated_at": "2026-01-02T00:00:00.000Z",
    "version": 3,
    "email": "ada@example.com",
}
ATTRIBUTES = {"sub": "a1", "email": "ada@example.com"}
NEW = {**ITEM, "version": 1}


@pytest.fixture
def profiles(table: StubbedTable) -> ProfileRepository:
    return ProfileRepository(TABLE, table.client)


def test_get_reads_profile(profiles: ProfileRepository, table: StubbedTable) -> None:
    table.will_get("a1", {**ITEM, "a_member_of_tomorrow": 1})
    assert profiles.get("a1") == Profile.from_item(ITEM)


def test_get_of_unknown_key_is_none(profiles: ProfileRepository, table: StubbedTable) -> None:
    table.will_get("a1", None)
    assert profiles.get("a1") is None


def test_get_of_what_is_no_profile_raises(profiles: ProfileRepository, table: StubbedTable) -> None:
    table.will_get("a1", {**ITEM, "status": "on_leave"})
    with pytest.raises(ValueError, match="on_leave"):
        profiles.get("a1")


def test_create_stores_profile_unless_there_is_one(profiles: ProfileRepository, table: StubbedTable) -> None:
    table.will_create(ITEM)
    profile = Profile.from_item(ITEM)
    assert profiles.create(profile) == profile


def test_create_gives_back_the_profile_that_was_there(profiles: ProfileRepository, table: StubbedTable) -> None:
    there = {**ITEM, "version": 7, "status": "suspended"}
    table.will_find_on_create(NEW, there)
    assert profiles.create(Profile.from_item(NEW)) == Profile.from_item(there)


@pytest.mark.parametrize("code", ["ProvisionedThroughputExceededException", "AccessDeniedException"])
def test_create_passes_other_errors_on(profiles: ProfileRepository, table: StubbedTable, code: str) -> None:
    table.will_fail("put_item", code)
    with pytest.raises(ClientError, match=code):
        profiles.create(Profile.from_item(ITEM))


def test_ensure_only_reads_where_all_is_as_it_should_be(profiles: ProfileRepository, table: StubbedTable) -> None:
    table.will_get("a1", ITEM)
    assert profiles.ensure(ATTRIBUTES) == Profile.from_item(ITEM)


def test_ensure_makes_missing_profile(profiles: ProfileRepository, table: StubbedTable) -> None:
    table.will_get("a1", None)
    table.will_create(NEW)
    profile = profiles.ensure(ATTRIBUTES)
    assert (profile.sub, profile.email, profile.status, profile.version) == ("a1", "ada@example.com", Status.ACTIVE, 1)


def test_ensure_keeps_profile_that_another_sign_in_has_just_made(
    profiles: ProfileRepository, table: StubbedTable
) -> None:
    table.will_get("a1", None)
    table.will_find_on_create(NEW, ITEM)
    assert profiles.ensure(ATTRIBUTES) == Profile.from_item(ITEM)


def test_ensure_refreshes_copy_of_address(profiles: ProfileRepository, table: StubbedTable) -> None:
    changed = {**ITEM, "email": "ada@example.org", "version": 4}
    table.will_get("a1", ITEM)
    table.will_set_email("a1", "ada@example.org", changed)
    assert profiles.ensure({**ATTRIBUTES, "email": "ada@example.org"}) == Profile.from_item(changed)


@pytest.mark.parametrize("email", [{}, {"email": ""}])
def test_ensure_keeps_address_where_pool_names_none(
    profiles: ProfileRepository, table: StubbedTable, email: dict[str, str]
) -> None:
    table.will_get("a1", ITEM)
    assert profiles.ensure({"sub": "a1", **email}).email == "ada@example.com"


def test_ensure_does_not_reinstate_suspended_user(profiles: ProfileRepository, table: StubbedTable) -> None:
    table.will_get("a1", {**ITEM, "status": "suspended"})
    table.will_set_email("a1", "new@example.com", {**ITEM, "status": "suspended", "email": "new@example.com"})
    assert profiles.ensure({"sub": "a1", "email": "new@example.com"}).status is Status.SUSPENDED


def test_record_sign_in_changes_the_time_of_the_last_one_alone(
    profiles: ProfileRepository, table: StubbedTable
) -> None:
    table.will_record_sign_in("a1")
    assert profiles.record_sign_in("a1") is True


def test_record_sign_in_makes_no_profile(profiles: ProfileRepository, table: StubbedTable) -> None:
    table.will_find_no_profile_on_sign_in("a1")
    assert profiles.record_sign_in("a1") is False


def test_record_sign_in_passes_other_errors_on(profiles: ProfileRepository, table: StubbedTable) -> None:
    table.will_fail("update_item", "AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDeniedException"):
        profiles.record_sign_in("a1")


def test_repository_makes_its_client_when_it_needs_one(table: StubbedTable, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []

    def make() -> object:
        made.append(table.client)
        return table.client

    monkeypatch.setattr("poolhouse.aws.dynamodb", make)
    profiles = ProfileRepository(TABLE)
    assert made == []
    table.will_get("a1", None)
    table.will_get("b2", None)
    assert (profiles.get("a1"), profiles.get("b2")) == (None, None)
    assert made == [table.client]
