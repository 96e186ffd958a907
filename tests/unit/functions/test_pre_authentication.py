import logging
from typing import Any

import pytest
from poolhouse.testing.events import event
from poolhouse.triggers import Refusal

from tests.unit.functions.conftest import Load
from tests.unit.profiles.stubbed_table import StubbedTable

ADA = "aaaaaaaa-0000-4000-8000-000000000001"
SOURCE = "PreAuthentication_Authentication"
PROFILE = {
    "sub": ADA,
    "status": "active",
    "created_at": "2026-01-01T00:00:00.000Z",
    "updated_at": "2026-01-01T00:00:00.000Z",
    "version": 1,
    "email": "ada@example.com",
}


def test_pre_authentication_turns_suspended_user_away_in_the_words_of_a_wrong_password(
    load: Load, table: StubbedTable
) -> None:
    table.will_get(ADA, {**PROFILE, "status": "suspended"})
    with pytest.raises(Refusal, match=r"^sign_in_refused: Incorrect username or password$"):  # Cognito adds the stop
        load("pre_authentication").lambda_handler(event(SOURCE), None)


def test_pre_authentication_lets_active_user_go_on(load: Load, table: StubbedTable) -> None:
    table.will_get(ADA, PROFILE)
    given = event(SOURCE)
    assert load("pre_authentication").lambda_handler(given, None) == given


def test_pre_authentication_lets_user_without_profile_go_on(
    load: Load, table: StubbedTable, caplog: pytest.LogCaptureFixture
) -> None:
    # Pre token generation makes the profile of a user whom an administrator made, or a migration.
    table.will_get(ADA, None)
    given = event(SOURCE)
    assert load("pre_authentication").lambda_handler(given, None) == given
    assert caplog.records == []


@pytest.mark.parametrize("attributes", [{}, None])
def test_pre_authentication_looks_for_unknown_user_just_as_well(
    load: Load, table: StubbedTable, caplog: pytest.LogCaptureFixture, attributes: dict[str, Any] | None
) -> None:
    # Without the read an unknown user would be answered sooner than a known one.
    table.will_get("unknown", None)
    given = event(SOURCE, userNotFound=True, userAttributes=attributes)
    assert load("pre_authentication").lambda_handler(given, None) == given
    assert caplog.records == []


@pytest.mark.parametrize("failure", ["no answer", "no profile of this version"])
def test_pre_authentication_leaves_it_to_pre_token_generation_when_it_fails(
    load: Load, table: StubbedTable, caplog: pytest.LogCaptureFixture, failure: str
) -> None:
    if failure == "no answer":
        table.will_fail("get_item", "InternalServerError", "cannot read ada@example.com")
    else:
        table.will_get(ADA, {**PROFILE, "status": "of tomorrow"})
    given = event(SOURCE)
    assert load("pre_authentication").lambda_handler(given, None) == given
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "ada@example.com" not in str(vars(record))


def test_pre_authentication_logs_a_refusal_without_naming_anybody(
    load: Load, table: StubbedTable, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "poolhouse")
    table.will_get(ADA, {**PROFILE, "status": "suspended"})
    given = event(SOURCE, validationData={"password": "Hunter-2-Hunter-2"})
    with pytest.raises(Refusal):
        load("pre_authentication").lambda_handler(given, None)
    (record,) = caplog.records
    assert vars(record)["code"] == "sign_in_refused"
    assert not any(text in str(vars(record)) for text in ("ada@example.com", "Hunter"))
