"""Every request of CloudFormation gets one answer."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from poolhouse import custom_resource
from poolhouse.pools.errors import AttachError, PoolNotFoundError

from tests.unit.pools.pool_server import STACK, PoolServer

IDS = {"StackId": STACK, "RequestId": "request-1", "LogicalResourceId": "AttachedTriggers"}


class Context:
    def __init__(self, seconds: float = 60) -> None:
        self._seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(self._seconds * 1000)


@pytest.fixture
def server() -> Iterator[PoolServer]:
    with PoolServer({}).running() as server:
        yield server


def run(server: PoolServer, work: Callable[[float], None], context: Context | None = None) -> dict[str, Any]:
    request = {**IDS, "RequestType": "Create", "ResponseURL": f"{server.url}/answer?signature=x"}
    custom_resource.run(request, context or Context(), "an-id", work)
    (answer,) = server.responses
    return answer


def test_success_is_answered(server: PoolServer) -> None:
    given: list[float] = []
    assert run(server, given.append) == {**IDS, "PhysicalResourceId": "an-id", "Status": "SUCCESS"}
    assert given == [45]  # some time is kept for the answer


def failing(error: Exception) -> Callable[[float], None]:
    def work(seconds: float) -> None:
        raise error

    return work


def test_failure_is_answered_with_its_reason(server: PoolServer) -> None:
    answer = run(server, failing(PoolNotFoundError("eu-central-1_Missing")))
    assert answer["Status"] == "FAILED"
    assert answer["PhysicalResourceId"] == "an-id"
    assert answer["Reason"].startswith("pool_not_found: there is no user pool eu-central-1_Missing")


def test_error_of_other_kinds_is_answered_without_its_text(
    server: PoolServer, caplog: pytest.LogCaptureFixture
) -> None:
    answer = run(server, failing(ValueError("secret")))
    assert answer["Reason"].startswith("internal_error: ValueError at ")
    assert "secret" not in str(answer) + str([vars(record) for record in caplog.records])


def test_reason_of_any_length_fits(server: PoolServer) -> None:
    class LongError(AttachError):
        code = "long"

    assert len(run(server, failing(LongError("x" * 10_000)))["Reason"]) == 2000


def test_answer_comes_before_the_functions_time_is_up(server: PoolServer) -> None:
    """The work hangs, and the answer is there all the same, once."""
    answered = threading.Event()

    def work(seconds: float) -> None:
        for _ in range(1000):
            if server.responses:
                answered.set()
                return
            threading.Event().wait(0.01)

    answer = run(server, work, Context(seconds=5.05))
    assert answered.is_set()
    assert (answer["Status"], answer["Reason"]) == ("FAILED", "the function ran out of time")


def test_answer_is_sent_again_until_it_is_taken(server: PoolServer) -> None:
    server.refuses_answers = 2
    assert run(server, lambda _: None)["Status"] == "SUCCESS"


def test_answer_that_is_not_taken_raises_so_that_lambda_delivers_again(
    server: PoolServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.refuses_answers = 99
    with pytest.raises(custom_resource.UnansweredError):
        run(server, lambda _: None)
    assert "signature" not in str([vars(record) for record in caplog.records])


@pytest.mark.parametrize(("refused", "taken"), [(3, ["SUCCESS"]), (99, [])])
def test_answer_goes_out_anew_when_the_one_at_the_last_moment_was_not_taken(
    server: PoolServer, refused: int, taken: list[str]
) -> None:
    """The work ends while the other thread is still trying: returning then would be the end of the request."""
    server.refuses_answers = refused

    def work(seconds: float) -> None:
        while server.refuses_answers == refused:
            threading.Event().wait(0.001)

    request = {**IDS, "RequestType": "Create", "ResponseURL": f"{server.url}/answer?signature=x"}
    with contextlib.nullcontext() if taken else pytest.raises(custom_resource.UnansweredError):
        custom_resource.run(request, Context(seconds=5.05), "an-id", work)
    assert [answer["Status"] for answer in server.responses] == taken


def test_request_without_an_address_is_refused() -> None:
    with pytest.raises(ValueError, match="no ResponseURL"):
        custom_resource.run({**IDS, "RequestType": "Create"}, Context(), "an-id", lambda _: None)
