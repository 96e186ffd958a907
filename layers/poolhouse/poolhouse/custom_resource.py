"""The contract of CloudFormation's custom resources: every request gets one answer, whatever happens.

Without an answer a stack waits for as long as ``ServiceTimeout`` says, an hour by default. The request and the answer:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref.html
"""

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from poolhouse.logs import describe_error, get_logger
from poolhouse.tokens.fetching import FetchError, fetch

Request = Mapping[str, Any]

_LAST_WORD_SECONDS: Final = 5.0
_MAX_REASON: Final = 2000  # characters; an answer has 4096 bytes at most
_ANSWER_ATTEMPTS: Final = 3

_logger = get_logger(__name__)


class Context(Protocol):
    """What is used of Lambda's context object."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends the function."""


class UnansweredError(Exception):
    """CloudFormation did not take the answer. Lambda then delivers the request once more."""


def run(request: Request, context: Context, physical_id: str, work: Callable[[float], None]) -> None:
    """Do what CloudFormation asks for, and tell it how that went.

    A failure is an answer too: its sentence becomes the reason in the stack's events. When the function's time is
    nearly up the answer is a failure, even while the work still hangs.

    Args:
        request: The event: ``ResponseURL``, ``StackId``, ``RequestId``, ``LogicalResourceId``.
        context: Lambda's context object.
        physical_id: Id of the resource. A stable one: another than before makes CloudFormation delete the earlier one.
        work: Does it, within the seconds that it is given.

    Raises:
        UnansweredError: The answer did not arrive.
        ValueError: The request says nowhere to answer to.
    """
    remaining = context.get_remaining_time_in_millis() / 1000
    answering = _Answering(request, physical_id)
    watchdog = threading.Timer(
        max(0.0, remaining - _LAST_WORD_SECONDS), answering.send, ["the function ran out of time"]
    )
    watchdog.daemon = True
    watchdog.start()
    failure = None
    try:
        work(remaining - 3 * _LAST_WORD_SECONDS)
    except Exception as error:
        code = getattr(error, "code", "internal_error")
        _logger.warning("the request failed: %s", describe_error(error), extra={"code": code})
        # Only our own sentences: another error's may quote anything.
        failure = f"{code}: {error}" if hasattr(error, "code") else f"{code}: {describe_error(error)}"
    finally:
        watchdog.cancel()
    if not answering.send(failure):
        raise UnansweredError("CloudFormation did not take the answer")


class _Answering:
    """Sends one answer, from whichever thread comes first; the other one waits, and sends its own if none was taken."""

    def __init__(self, request: Request, physical_id: str) -> None:
        self._url = str(request.get("ResponseURL", ""))
        if not self._url:
            raise ValueError("the event has no ResponseURL: it is no request of CloudFormation")
        self._answer = {name: request[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
        self._answer["PhysicalResourceId"] = physical_id
        self._sending = threading.Lock()
        self._taken = False

    def send(self, failure: str | None) -> bool:
        """Whether CloudFormation has taken an answer, this one or an earlier one."""
        with self._sending:
            self._taken = self._taken or self._put(failure)
            return self._taken

    def _put(self, failure: str | None) -> bool:
        outcome = {"Status": "FAILED", "Reason": failure[:_MAX_REASON]} if failure else {"Status": "SUCCESS"}
        # The address is signed with an empty content type, and with the method.
        body = json.dumps(self._answer | outcome).encode()
        for attempt in range(1, _ANSWER_ATTEMPTS + 1):
            try:
                fetch(
                    self._url,
                    method="PUT",
                    body=body,
                    headers={"Content-Type": ""},
                    deadline_seconds=1.5,
                    max_bytes=10_000,
                )
            except FetchError as error:
                _logger.warning("CloudFormation did not take the answer: %s", error, extra={"attempt": attempt})
            else:
                return True
        return False
