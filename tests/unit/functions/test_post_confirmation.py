import logging

import pytest

from tests.unit.functions.conftest import Load
from tests.unit.functions.samples import sample
from tests.unit.profiles.stubbed_table import MARKER, StubbedTable

PROFILE = {
    "sub": "aaaaaaaa-0000-4000-8000-000000000001",
    "status": "active",
    "created_at": "2026-01-01T00:00:00.000Z",
    "updated_at": "2026-01-01T00:00:00.000Z",
    "version": 1,
    "email": "ada@example.com",
    "name": "Ada Example",
}
RESET = {
    "sub": PROFILE["sub"],
    "action": "password_reset",
    "actor": PROFILE["sub"],
    "role": "member",
    "fields": [],
}


def test_post_confirmation_may_run_twice(load: Load, table: StubbedTable, caplog: pytest.LogCaptureFixture) -> None:
    app = load("post_confirmation")
    event = sample("post_confirmation/confirm_sign_up")
    table.will_create(PROFILE)
    table.will_find_on_create(PROFILE, {**PROFILE, "status": "suspended", "version": 2})
    assert app.lambda_handler(event, None) == app.lambda_handler(event, None) == event
    assert caplog.records == []


def test_post_confirmation_does_not_stop_user_when_profile_cannot_be_made(
    load: Load, table: StubbedTable, caplog: pytest.LogCaptureFixture
) -> None:
    table.will_fail("put_item", "InternalServerError", "cannot store ada@example.com")
    event = sample("post_confirmation/confirm_sign_up")
    assert load("post_confirmation").lambda_handler(event, None) == event
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "ada@example.com" not in str(vars(record))


@pytest.mark.parametrize("operation", ["put_item", "transact_write_items"])
def test_post_confirmation_keeps_profile_and_record_apart(
    load: Load, table: StubbedTable, caplog: pytest.LogCaptureFixture, operation: str
) -> None:
    # The failure of one is no reason to lose the other.
    if operation == "put_item":
        table.will_record(RESET, MARKER)
        table.will_fail("put_item", "InternalServerError", "cannot store ada@example.com")
    else:
        table.will_fail("transact_write_items", "InternalServerError", "cannot store ada@example.com")
        table.will_create(PROFILE)
    event = sample("post_confirmation/confirm_forgot_password")
    assert load("post_confirmation").lambda_handler(event, None) == event
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "ada@example.com" not in str(vars(record))


def test_post_confirmation_records_a_repeated_call_once(
    load: Load, table: StubbedTable, caplog: pytest.LogCaptureFixture
) -> None:
    app = load("post_confirmation")
    event = sample("post_confirmation/confirm_forgot_password")
    table.will_record(RESET, MARKER)
    table.will_find_on_create(PROFILE, PROFILE)
    table.will_not_record(RESET, "None", "ConditionalCheckFailed")
    table.will_find_on_create(PROFILE, PROFILE)
    assert app.lambda_handler(event, None) == app.lambda_handler(event, None) == event
    assert caplog.records == []


@pytest.mark.parametrize("name", ["PROFILES_TABLE", "AUDIT_TABLE"])
def test_post_confirmation_needs_its_tables(
    load: Load, table: StubbedTable, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv(name)
    with pytest.raises(KeyError, match=name):
        load("post_confirmation")
