import logging

import pytest
from poolhouse.testing.events import event

from tests.unit.functions.conftest import Load
from tests.unit.profiles.stubbed_table import StubbedTable

ADA = "aaaaaaaa-0000-4000-8000-000000000001"
SOURCE = "PostAuthentication_Authentication"


def test_post_authentication_notes_the_time(load: Load, table: StubbedTable, caplog: pytest.LogCaptureFixture) -> None:
    table.will_record_sign_in(ADA)
    given = event(SOURCE)
    assert load("post_authentication").lambda_handler(given, None) == given
    assert caplog.records == []


def test_post_authentication_makes_no_profile(
    load: Load, table: StubbedTable, caplog: pytest.LogCaptureFixture
) -> None:
    # Nor is it worth a line in the log: pre token generation makes a missing one.
    table.will_find_no_profile_on_sign_in(ADA)
    given = event(SOURCE)
    assert load("post_authentication").lambda_handler(given, None) == given
    assert caplog.records == []


def test_post_authentication_stops_nobody_when_it_fails(
    load: Load, table: StubbedTable, caplog: pytest.LogCaptureFixture
) -> None:
    table.will_fail("update_item", "InternalServerError", "cannot store ada@example.com")
    given = event(SOURCE)
    assert load("post_authentication").lambda_handler(given, None) == given
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "ada@example.com" not in str(vars(record))
