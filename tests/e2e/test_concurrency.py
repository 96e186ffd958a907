"""Cognito may send one event several times, also at once: what post confirmation writes is written once.

The function runs here, in fifty threads, on the deployed tables: the emulator starts a process for each call at once,
and fifty of those take longer than Cognito waits. Through the deployed function it is three, as many as Cognito calls.
"""

import importlib
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from poolhouse.testing.events import event

from local.stack import LocalStack
from tests.e2e.conftest import Fire, records_of

AT_ONCE = 50
TIMES = {name: {"S": "2026-01-01T00:00:00.000Z"} for name in ("created_at", "updated_at")}


def at_once(number: int, call: Callable[[], Any]) -> list[Any]:
    """What each of so many calls returned that began together."""
    together = Barrier(number)

    def begin(_number: int) -> Any:
        together.wait()
        return call()

    with ThreadPoolExecutor(number) as callers:
        return list(callers.map(begin, range(number)))


@pytest.fixture
def handle(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """The handler of post_confirmation, on the deployed tables."""
    client = stack.settings.client("dynamodb")  # without the deadlines of a trigger: a busy machine is no failure
    monkeypatch.setattr("poolhouse.aws.dynamodb", lambda: client)
    monkeypatch.setenv("PROFILES_TABLE", stack.outputs["ProfilesTable"])
    monkeypatch.setenv("AUDIT_TABLE", stack.physical_id("AuditTable"))
    sys.modules.pop("functions.post_confirmation.app", None)
    yield importlib.import_module("functions.post_confirmation.app").lambda_handler
    del sys.modules["functions.post_confirmation.app"]


def profile_of(stack: LocalStack, sub: str) -> Any:
    table = stack.outputs["ProfilesTable"]
    return stack.settings.client("dynamodb").get_item(TableName=table, Key={"sub": {"S": sub}}).get("Item")


def test_one_confirmation_fifty_times_at_once_makes_one_profile(
    stack: LocalStack, handle: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("ERROR")
    sub = str(uuid4())
    sent = event("PostConfirmation_ConfirmSignUp", user_attributes={"sub": sub, "email": f"{sub}@example.com"})

    answers = at_once(AT_ONCE, lambda: handle(sent))

    assert all(answer == sent for answer in answers)
    profile = profile_of(stack, sub)
    assert (profile["email"]["S"], profile["version"]["N"]) == (f"{sub}@example.com", "1")
    handle(sent)
    assert profile_of(stack, sub) == profile  # the times among it: the first call's, whoever came after
    assert records_of(stack, sub) == []
    assert caplog.messages == []


def test_one_reset_fifty_times_at_once_is_recorded_once_and_loses_nothing(
    stack: LocalStack, handle: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("ERROR")
    sub = str(uuid4())
    there = {"sub": {"S": sub}, "status": {"S": "suspended"}, "version": {"N": "7"}, "name": {"S": "Ada"}} | TIMES
    stack.settings.client("dynamodb").put_item(TableName=stack.outputs["ProfilesTable"], Item=there)
    sent = event("PostConfirmation_ConfirmForgotPassword", user_attributes={"sub": sub, "name": "Another"})

    answers = at_once(AT_ONCE, lambda: handle(sent))

    assert all(answer == sent for answer in answers)
    assert profile_of(stack, sub) == there
    assert [record["action"] for record in records_of(stack, sub)] == ["password_reset"]
    assert caplog.messages == []


def test_resets_of_fifty_users_at_once_are_all_recorded(stack: LocalStack, handle: Callable[..., Any]) -> None:
    subs = [str(uuid4()) for _ in range(AT_ONCE)]
    waiting = iter([event("PostConfirmation_ConfirmForgotPassword", user_attributes={"sub": sub}) for sub in subs])

    at_once(AT_ONCE, lambda: handle(next(waiting)))

    for sub in subs:
        assert profile_of(stack, sub)["version"] == {"N": "1"}
        assert [record["action"] for record in records_of(stack, sub)] == ["password_reset"]


def test_three_calls_at_once_of_the_deployed_function_make_one_profile_and_one_record(
    stack: LocalStack, fire: Fire
) -> None:
    sub = str(uuid4())
    sent = event("PostConfirmation_ConfirmForgotPassword", user_attributes={"sub": sub})
    fire("PostConfirmationFunction", event("PostConfirmation_ConfirmSignUp", user_attributes={"sub": "warm-up"}))

    answers = at_once(3, lambda: fire("PostConfirmationFunction", sent))

    assert answers == [sent] * 3
    assert profile_of(stack, sub)["version"] == {"N": "1"}
    (record,) = records_of(stack, sub)
    assert (record["action"], record["actor"]) == ("password_reset", sub)
