"""What an audit record holds, and what stands for an event. That DynamoDB keeps to it is tested in tests/e2e."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError
from poolhouse.profiles import AuditLog

from tests.unit.profiles.stubbed_table import AUDIT_TABLE, MARKER, StubbedTable

CHANGE: dict[str, Any] = {
    "sub": "a1",
    "at": "2026-01-02T03:04:05.000006Z",
    "action": "profile_changed",
    "actor": "b2",
    "role": "admin",
    "fields": ["name", "zone"],
}
NOW = datetime(2026, 1, 2, 3, 4, 5, 6, UTC)
SENT = {
    "triggerSource": "PostConfirmation_ConfirmForgotPassword",
    "request": {"userAttributes": {"sub": "a1", "name": "\ud800"}},  # JSON can name half a character
}
DIGEST = hashlib.sha256(json.dumps(SENT, sort_keys=True).encode()).hexdigest()


@pytest.fixture
def audit(table: StubbedTable) -> AuditLog:
    return AuditLog(AUDIT_TABLE, table.client)


def record(audit: AuditLog, **changes: Any) -> bool:
    of_change: dict[str, Any] = {"actor": "b2", "role": "admin", "fields": ["name", "zone"], "at": NOW}
    return audit.record("a1", "profile_changed", **(of_change | changes))


def test_record_tells_who_did_what_to_whom_and_when(audit: AuditLog, table: StubbedTable) -> None:
    table.will_record(CHANGE)
    assert record(audit) is True


def test_record_is_in_utc(audit: AuditLog, table: StubbedTable) -> None:
    table.will_record(CHANGE)
    assert record(audit, at=NOW.astimezone(timezone(timedelta(hours=2)))) is True


def test_record_without_time_or_fields_is_of_now_and_of_none(audit: AuditLog, table: StubbedTable) -> None:
    table.will_record({name: value for name, value in CHANGE.items() if name != "at"} | {"fields": []})
    assert record(audit, at=None, fields=()) is True


def test_record_has_the_same_length_at_a_full_second(audit: AuditLog, table: StubbedTable) -> None:
    # Or it would not sort by time.
    table.will_record({**CHANGE, "at": "2026-01-02T03:04:05.000000Z"})
    assert record(audit, at=NOW.replace(microsecond=0)) is True


@pytest.mark.parametrize("response", [{}, {"response": {}}, {"response": {"written": "by a hook"}}])
def test_record_of_event_marks_its_digest_for_a_minute(
    audit: AuditLog, table: StubbedTable, response: dict[str, Any]
) -> None:
    marker = {"sub": f"event#{DIGEST}", "recorded_at": CHANGE["at"], "since": "2026-01-02T03:03:05.000006Z"}
    table.will_record(CHANGE, marker)
    assert record(audit, event=SENT | response) is True


def test_record_of_event_that_was_recorded_is_none(audit: AuditLog, table: StubbedTable) -> None:
    table.will_not_record(CHANGE, "None", "ConditionalCheckFailed")
    assert record(audit, event=SENT) is False


@pytest.mark.parametrize(
    "reasons",
    [
        pytest.param(["ConditionalCheckFailed"], id="a-record-of-that-moment"),
        pytest.param(["ConditionalCheckFailed", "None"], id="a-record-of-that-moment-beside-the-event"),
        pytest.param(["None", "TransactionConflict"], id="the-same-event-right-now"),
        pytest.param(["ThrottlingError", "ThrottlingError"], id="throttled"),
    ],
)
def test_record_that_is_not_written_for_another_reason_raises(
    audit: AuditLog, table: StubbedTable, reasons: list[str]
) -> None:
    table.will_not_record(CHANGE, *reasons)
    with pytest.raises(ClientError, match="TransactionCanceledException"):
        record(audit, event=SENT if len(reasons) == 2 else None)


def test_record_passes_other_errors_on(audit: AuditLog, table: StubbedTable) -> None:
    table.will_fail("transact_write_items", "AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDeniedException"):
        record(audit)


def test_audit_log_makes_its_client_when_it_needs_one(table: StubbedTable, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []

    def make() -> object:
        made.append(table.client)
        return table.client

    monkeypatch.setattr("poolhouse.aws.dynamodb", make)
    audit = AuditLog(AUDIT_TABLE)
    assert made == []
    table.will_record(CHANGE, MARKER)
    table.will_record(CHANGE)
    assert record(audit, event=SENT) is record(audit) is True
    assert made == [table.client]
