from typing import Any

import pytest
from botocore.exceptions import ClientError
from poolhouse.aws import is_passing
from poolhouse.profiles import (
    AuditLog,
    AuditRecord,
    Profile,
    ProfileDeletedError,
    ProfileNotFoundError,
    ProfileRepository,
    StaleVersionError,
    Status,
)

from tests.unit.profiles.stubbed_table import AUDIT_TABLE, TABLE, StubbedTable

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
GONE = {name: ITEM[name] for name in ("sub", "created_at", "updated_at")} | {
    "status": "deleted",
    "version": 4,
    "expires_at": 1_800_000_000,
}
RECORD = {"action": "profile_changed", "actor": "b2", "role": "admin"}


@pytest.fixture
def profiles(table: StubbedTable) -> ProfileRepository:
    return ProfileRepository(TABLE, table.client, audit=AuditLog(AUDIT_TABLE, table.client))


def test_get_reads_profile(profiles: ProfileRepository, table: StubbedTable) -> None:
    table.will_get("a1", ITEM)
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


def test_ensure_refreshes_copy_of_address_and_records_it(profiles: ProfileRepository, table: StubbedTable) -> None:
    table.will_get("a1", ITEM)
    table.will_set_email(ITEM, "ada@example.org")
    profile = profiles.ensure({**ATTRIBUTES, "email": "Ada@Example.org"})
    assert (profile.email, profile.version) == ("ada@example.org", 4)


def test_ensure_leaves_address_to_another_sign_in_that_was_faster(
    profiles: ProfileRepository, table: StubbedTable
) -> None:
    changed = {**ITEM, "email": "ada@example.org", "version": 4}
    table.will_get("a1", ITEM)
    record = {"action": "email_changed", "actor": "a1", "role": "member"}
    table.will_change(ITEM, {"email": "ada@example.org"}, record, Code="ConditionalCheckFailed", Item=changed)
    table.will_get("a1", changed)
    assert profiles.ensure({**ATTRIBUTES, "email": "ada@example.org"}) == Profile.from_item(changed)


def test_ensure_takes_another_case_for_the_same_address(profiles: ProfileRepository, table: StubbedTable) -> None:
    table.will_get("a1", ITEM)
    assert profiles.ensure({**ATTRIBUTES, "email": "ADA@example.com"}) == Profile.from_item(ITEM)


def test_ensure_never_writes_to_what_is_left_of_a_deleted_profile(
    profiles: ProfileRepository, table: StubbedTable
) -> None:
    table.will_get("a1", GONE)
    assert profiles.ensure({**ATTRIBUTES, "email": "new@example.com"}) == Profile.from_item(GONE)


def test_create_does_not_resurrect_a_deleted_profile(profiles: ProfileRepository, table: StubbedTable) -> None:
    table.will_find_on_create(NEW, GONE)
    assert profiles.create(Profile.from_item(NEW)).status is Status.DELETED


@pytest.mark.parametrize("email", [{}, {"email": ""}])
def test_ensure_keeps_address_where_pool_names_none(
    profiles: ProfileRepository, table: StubbedTable, email: dict[str, str]
) -> None:
    table.will_get("a1", ITEM)
    assert profiles.ensure({"sub": "a1", **email}).email == "ada@example.com"


def test_ensure_does_not_reinstate_suspended_user(profiles: ProfileRepository, table: StubbedTable) -> None:
    table.will_get("a1", {**ITEM, "status": "suspended"})
    table.will_set_email({**ITEM, "status": "suspended"}, "new@example.com")
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


def change(profiles: ProfileRepository, **changes: Any) -> Profile:
    record = AuditRecord(sub="a1", fields=sorted(changes), **RECORD)
    return profiles.change(Profile.from_item(ITEM), changes, record)


def test_change_is_one_transaction_with_its_record(profiles: ProfileRepository, table: StubbedTable) -> None:
    table.will_change(ITEM, {"name": "Ada", "zone": None, "preferences": {"n": 3}}, RECORD)
    after = change(profiles, name="Ada", zone=None, preferences={"n": 3})
    assert (after.version, after.fields) == (4, {"name": "Ada", "preferences": {"n": 3}})


@pytest.mark.parametrize(
    ("item", "error"),
    [
        ({**ITEM, "version": 4}, StaleVersionError),
        (GONE, ProfileDeletedError),
        (None, ProfileNotFoundError),
    ],
    ids=["changed", "deleted", "gone"],
)
def test_change_tells_why_nothing_was_written(
    profiles: ProfileRepository, table: StubbedTable, item: dict[str, Any] | None, error: type[Exception]
) -> None:
    table.will_change(ITEM, {"name": "Ada"}, RECORD, Code="ConditionalCheckFailed", Item=item)
    with pytest.raises(error):
        change(profiles, name="Ada")


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_change_is_repeated_with_the_same_token_while_others_are_in_the_way(
    profiles: ProfileRepository, table: StubbedTable, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    table.will_change(ITEM, {"name": "Ada"}, RECORD, Code=code)
    table.will_change(ITEM, {"name": "Ada"}, RECORD, Code="None", of_record=code)
    table.will_change(ITEM, {"name": "Ada"}, RECORD)

    assert change(profiles, name="Ada").version == 4

    assert len({token.seen for token in table.tokens}) == 1
    assert [0.05 <= pauses[0] <= 0.1, 0.1 <= pauses[1] <= 0.2] == [True, True]


def test_change_gives_up_after_four_attempts(
    profiles: ProfileRepository, table: StubbedTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    for _ in range(4):
        table.will_change(ITEM, {"name": "Ada"}, RECORD, Code="TransactionConflict")
    with pytest.raises(ClientError) as raised:
        change(profiles, name="Ada")
    assert is_passing(raised.value)


def test_change_of_another_kind_of_failure_is_not_repeated(profiles: ProfileRepository, table: StubbedTable) -> None:
    table.will_change(ITEM, {"name": "Ada"}, RECORD, Code="ValidationError")
    with pytest.raises(ClientError) as raised:
        change(profiles, name="Ada")
    assert not is_passing(raised.value)


def test_change_needs_an_audit_log(table: StubbedTable) -> None:
    with pytest.raises(TypeError, match="audit log"):
        change(ProfileRepository(TABLE, table.client), name="Ada")


def test_delete_leaves_a_mark_in_one_transaction_with_its_record(
    profiles: ProfileRepository, table: StubbedTable
) -> None:
    record = AuditRecord(sub="a1", action="profile_deleted", actor="a1", role="member")
    table.will_delete(ITEM, {"action": "profile_deleted", "actor": "a1", "role": "member"})
    assert profiles.delete(Profile.from_item(ITEM), 1_800_000_000, record).status is Status.DELETED


def test_page_passes_its_last_key_on(profiles: ProfileRepository, table: StubbedTable) -> None:
    table.will_scan(2, [ITEM], "a1")
    page = profiles.page(2)
    assert (list(page.entries), page.last) == ([Profile.from_item(ITEM)], "a1")


def test_with_email_reads_again_what_the_index_named(profiles: ProfileRepository, table: StubbedTable) -> None:
    table.will_find_by_email("ada@example.com", ["a1", "b2", "c3"])
    table.will_get("a1", ITEM)
    table.will_get("b2", {**ITEM, "sub": "b2", "email": "moved@example.com"})
    table.will_get("c3", None)
    assert profiles.with_email("Ada@Example.com", 10) == [Profile.from_item(ITEM)]
