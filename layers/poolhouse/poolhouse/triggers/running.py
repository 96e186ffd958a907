"""Runs the hooks of a trigger as Cognito expects it."""

import copy
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from types import FrameType
from typing import Any, Final, Literal

from poolhouse.logs import describe_error, get_logger
from poolhouse.triggers.refusal import Refusal
from poolhouse.triggers.responses import IllegalResponseError, check

Event = dict[str, Any]
"""A trigger's event as Cognito sent it. Members come and go with Cognito's versions: read leniently."""

Hook = Callable[[Event], Mapping[str, Any] | None]
Handler = Callable[..., Event]

BUDGET_SECONDS: Final = 4.0
"""How long the hooks of one event may take together. Cognito waits 5 s, of which a cold start may take one, and then
calls again, up to three times (https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html).
"""

_logger = get_logger(__name__)


class OutOfTimeError(BaseException):
    """The hooks took too long. Not an ``Exception``, so that no hook takes it for a failure of its own and goes on."""


def trigger(
    *sources: str, on_failure: Literal["refuse", "continue"], added: Sequence[Hook] = ()
) -> Callable[[Hook], Handler]:
    """Make a Lambda handler of a function that decides members of a trigger's response.

    Cognito wants the whole event back, request and response
    (https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html). It
    may call up to three times for one sign-in, also while an earlier call still runs: what a hook writes has to be safe
    to write twice.

    Args:
        *sources: The ``triggerSource`` values that the function is for. An event from another one passes through
            untouched and is logged: Cognito gains sources, and what we do not know we do not touch.
        on_failure: What happens when our own code fails, takes longer than `BUDGET_SECONDS`, or decides what Cognito
            would not take. ``refuse`` stops the user with the code ``try_again``: for what must not be skipped.
            ``continue`` drops what the failed hook decided and goes on: for what is only recorded.
        added: Further hooks, which run after the decorated one, in this order; each finds in ``response`` what those
            before it decided. See `poolhouse.triggers.added_hooks`.

    Returns:
        A decorator. The decorated function takes the event and returns the members of ``response`` that it decides,
        or None; it raises :class:`Refusal` to stop the user. What a bug says never reaches the user.
    """
    known = frozenset(sources)

    def decorate(hook: Hook) -> Handler:
        @wraps(hook)
        def handler(event: Event, _context: object = None) -> Event:
            source = event.get("triggerSource")
            if not isinstance(source, str) or source not in known:
                _logger.warning("unknown trigger source: the event passes through untouched", extra={"source": source})
                return event
            sent = event.get("response")
            answer = {**event, "response": sent if isinstance(sent, dict) else {}}
            running = hook
            try:
                with _within(BUDGET_SECONDS):
                    for running in (hook, *added):
                        answer = _run(running, answer, on_failure)
            except OutOfTimeError as error:
                _failed(running, event, error, on_failure)
            return answer

        return handler

    return decorate


def _run(hook: Hook, event: Event, on_failure: Literal["refuse", "continue"]) -> Event:
    """Return the event with what the hook decided, if Cognito will take it."""
    own = copy.deepcopy(event)  # what a hook writes into its event is decided too, and gone if the hook fails
    try:
        decisions = hook(own) or {}
        answer = {**event, "response": {**own["response"], **decisions}}
        check(answer, sent=event["response"])
    except Refusal as refusal:
        _logger.info("refused", extra={"source": event["triggerSource"], "code": refusal.code})
        raise
    except Exception as error:
        _failed(hook, event, error, on_failure)
        return event
    return answer


def _failed(hook: Hook, event: Event, error: BaseException, on_failure: Literal["refuse", "continue"]) -> None:
    # No traceback: it ends with the error's text, which may quote the user.
    _logger.error(
        "the trigger function failed",
        extra={
            "source": event["triggerSource"],
            "hook": f"{hook.__module__}.{getattr(hook, '__qualname__', type(hook).__qualname__)}",
            "error": describe_error(error),
            "rule": str(error) if isinstance(error, IllegalResponseError) else None,
        },
    )
    if on_failure == "refuse":
        raise Refusal("try_again", "Something went wrong on our side. Please try again.") from None


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    """Raise `OutOfTimeError` in the middle of what takes longer."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise OutOfTimeError

    if threading.current_thread() is not threading.main_thread():  # signals are for the main thread, Lambda's own
        yield
        return
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
