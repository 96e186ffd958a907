"""Faults between the profile API and DynamoDB: nothing is written by half or twice, and the answers are as stated.

The function runs here, with the client that it makes itself, on the deployed tables, with a proxy between.
"""

import importlib
import json
import logging
import sys
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from poolhouse import aws

from local.settings import ROOT
from local.stack import LocalStack
from tests.e2e.conftest import records_of, store, stored, variables_of
from tests.e2e.faulty_dynamodb import Fault, FaultyDynamoDb
from tests.unit.functions.test_profile_api import CONTEXT

Handle = Callable[..., dict[str, Any]]
"""Answers a sample event as if a person had sent it, who has every right."""

TIMES = {"created_at": "2026-01-01T00:00:00.000Z", "updated_at": "2026-01-01T00:00:00.000Z"}
ATTEMPTS = 2  # of the client, for one call
REPETITIONS = 4  # of a transaction that another one was in the way of


@pytest.fixture(scope="module")
def dynamodb(stack: LocalStack) -> Iterator[FaultyDynamoDb]:
    with FaultyDynamoDb(stack.settings.endpoint).running() as proxy:
        yield proxy


@pytest.fixture
def profile(stack: LocalStack) -> dict[str, Any]:
    profile = {"sub": str(uuid4()), "status": "active", "version": 1, "name": "Pat Quill", "zone": "UTC"} | TIMES
    store(stack, profile)
    return profile


@pytest.fixture
def address(dynamodb: FaultyDynamoDb) -> str:
    """Where the function finds DynamoDB."""
    return dynamodb.url


@pytest.fixture
def handle(
    stack: LocalStack, dynamodb: FaultyDynamoDb, address: str, profile: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Handle]:
    dynamodb.faults.clear()
    dynamodb.tokens.clear()
    variables = variables_of(stack, "ProfileApiFunction") | {"AWS_ENDPOINT_URL_DYNAMODB": address}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    # Botocore's pause before it repeats is up to a second, and its own affair.
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda _self, _context: 0.05)
    aws.dynamodb.cache_clear()
    logging.Logger.manager.loggerDict.pop("profile_api", None)
    sys.modules.pop("functions.profile_api.app", None)
    function = importlib.import_module("functions.profile_api.app").lambda_handler

    def handle(sample: str) -> dict[str, Any]:
        event = json.loads((ROOT / f"events/profile_api/{sample}.json").read_text("utf-8"))
        event["requestContext"]["authorizer"]["lambda"] |= {"sub": profile["sub"], "roles": "admin support"}
        answer: dict[str, Any] = function(event, CONTEXT)
        return answer

    yield handle
    aws.dynamodb.cache_clear()
    del sys.modules["functions.profile_api.app"]


def assert_asks_for_patience(answer: dict[str, Any]) -> None:
    headers = answer["headers"]
    assert (answer["statusCode"], headers["Retry-After"]) == (503, "2"), answer
    assert (headers["Content-Type"], headers["Cache-Control"]) == ("application/problem+json", "no-store")
    document = json.loads(answer["body"])
    assert (document["type"], document["code"]) == ("urn:poolhouse:problem:try_again", "try_again")
    assert not [word for word in ("Traceback", "boto", "Pat", "127.0.0.1") if word in answer["body"]]


def state(stack: LocalStack, sub: str) -> tuple[Any, list[str]]:
    """What is stored of a person, and what is recorded."""
    return stored(stack, sub), [record["action"] for record in records_of(stack, sub)]


@pytest.mark.parametrize("fault", Fault, ids=lambda fault: fault.value)
def test_change_that_one_fault_befalls_is_done_once(
    stack: LocalStack, dynamodb: FaultyDynamoDb, handle: Handle, profile: dict[str, Any], fault: Fault
) -> None:
    dynamodb.faults["TransactWriteItems"] = deque([fault])

    answer = handle("change_own_profile")

    assert (answer["statusCode"], answer["headers"].get("ETag")) == (200, '"2"'), answer
    after, records = state(stack, profile["sub"])
    assert after == profile | {"zone": "Europe/Zurich", "version": 2, "updated_at": after["updated_at"]}
    assert records == ["profile_changed"]
    assert (len(dynamodb.tokens), len(set(dynamodb.tokens))) == (2, 1)


@pytest.mark.parametrize("fault", Fault, ids=lambda fault: fault.value)
def test_change_that_every_attempt_fails_at_is_done_whole_or_not_at_all(
    stack: LocalStack, dynamodb: FaultyDynamoDb, handle: Handle, profile: dict[str, Any], fault: Fault
) -> None:
    attempts = REPETITIONS if fault is Fault.CONFLICT else ATTEMPTS
    dynamodb.faults["TransactWriteItems"] = deque([fault] * 10)

    assert_asks_for_patience(handle("change_own_profile"))

    assert (len(dynamodb.tokens), len(set(dynamodb.tokens))) == (attempts, 1)
    after, records = state(stack, profile["sub"])
    if not fault.is_late:
        assert (after, records) == (profile, [])
    else:
        assert after == profile | {"zone": "Europe/Zurich", "version": 2, "updated_at": after["updated_at"]}
        assert records == ["profile_changed"]
    # Who sends the same once more does no harm.
    dynamodb.faults.clear()
    assert handle("change_own_profile")["statusCode"] == (412 if fault.is_late else 200)
    again, records = state(stack, profile["sub"])
    assert (again["version"], records) == (2, ["profile_changed"])


@pytest.mark.parametrize("fault", [Fault.SILENT_AFTER, Fault.RESET_BEFORE], ids=lambda fault: fault.value)
def test_deletion_that_one_fault_befalls_is_done_once(
    stack: LocalStack, dynamodb: FaultyDynamoDb, handle: Handle, profile: dict[str, Any], fault: Fault
) -> None:
    dynamodb.faults["TransactWriteItems"] = deque([fault])

    assert handle("delete_own_profile")["statusCode"] == 204

    after, records = state(stack, profile["sub"])
    assert (after["status"], after["version"], records) == ("deleted", 2, ["profile_deleted"])
    assert "name" not in after


READS = {
    "GetItem": "get_own_profile",
    "Scan": "list_profiles",
    "Query": "search_profiles",
}


@pytest.mark.parametrize(
    "fault", [Fault.THROTTLED, *(fault for fault in Fault if fault.is_late)], ids=lambda fault: fault.value
)
def test_read_that_one_fault_befalls_is_answered(
    dynamodb: FaultyDynamoDb, handle: Handle, profile: dict[str, Any], fault: Fault
) -> None:
    dynamodb.faults["GetItem"] = deque([fault])

    answer = handle("get_own_profile")

    assert (answer["statusCode"], json.loads(answer["body"])) == (200, profile)


@pytest.mark.parametrize("operation", READS)
@pytest.mark.parametrize(
    "fault", [Fault.THROTTLED, Fault.RESET_BEFORE, Fault.ERROR, Fault.CUT_AFTER], ids=lambda fault: fault.value
)
def test_read_that_every_attempt_fails_at_asks_for_patience(
    dynamodb: FaultyDynamoDb, handle: Handle, operation: str, fault: Fault
) -> None:
    dynamodb.faults[operation] = deque([fault] * 10)

    assert_asks_for_patience(handle(READS[operation]))

    assert len(dynamodb.faults[operation]) == 10 - ATTEMPTS


def test_read_from_what_is_silent_asks_for_patience(dynamodb: FaultyDynamoDb, handle: Handle) -> None:
    dynamodb.faults["GetItem"] = deque([Fault.SILENT_BEFORE] * 10)
    assert_asks_for_patience(handle("get_own_profile"))


def test_change_before_which_the_read_fails_is_not_tried(
    stack: LocalStack, dynamodb: FaultyDynamoDb, handle: Handle, profile: dict[str, Any]
) -> None:
    dynamodb.faults["GetItem"] = deque([Fault.ERROR] * 10)

    assert_asks_for_patience(handle("change_own_profile"))

    assert dynamodb.tokens == []
    assert state(stack, profile["sub"]) == (profile, [])


def test_suspended_caller_is_not_let_in_by_half_an_answer(
    stack: LocalStack, dynamodb: FaultyDynamoDb, handle: Handle, profile: dict[str, Any]
) -> None:
    """Half an answer of DynamoDB looks like an empty one, and who has no profile is not suspended."""
    store(stack, profile | {"status": "suspended"})
    dynamodb.faults["GetItem"] = deque([Fault.CUT_AFTER] * 10)

    assert_asks_for_patience(handle("list_profiles"))


@pytest.mark.parametrize("address", ["http://127.0.0.1:9"])  # the port "discard", where nothing listens
def test_nobody_at_the_address_asks_for_patience(handle: Handle) -> None:
    assert_asks_for_patience(handle("get_own_profile"))
