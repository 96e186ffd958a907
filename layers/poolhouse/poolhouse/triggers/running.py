"""Runs a trigger function as Cognito expects it."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Literal

from poolhouse.logs import describe_error, get_logger
from poolhouse.triggers.refusal import Refusal

Event = dict[str, Any]
"""A trigger's event as Cognito sent it. Members come and go with Cognito's versions: read leniently."""

Hook = Callable[[Event], Mapping[str, Any] | None]
Handler = Callable[..., Event]

_logger = get_logger(__name__)


def trigger(*sources: str, on_failure: Literal["refuse", "continue"]) -> Callable[[Hook], Handler]:
    """Make a Lambda handler of a function that decides members of a trigger's response.

    Cognito wants the whole event back, request and response
    (https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html).

    Args:
        *sources: The ``triggerSource`` values that the function is for. An event from another one passes through
            untouched and is logged: Cognito gains sources, and what we do not know we do not touch.
        on_failure: What happens when our own code fails. ``refuse`` stops the user with the code ``try_again``: for
            what must not be skipped. ``continue`` returns the event as it came: for what is only recorded.

    Returns:
        A decorator. The decorated function takes the event and returns the members of ``response`` that it decides,
        or None; it raises :class:`Refusal` to stop the user. What a bug says never reaches the user.
    """
    known = frozenset(sources)

    def decorate(hook: Hook) -> Handler:
        @wraps(hook)
        def handler(event: Event, _context: object = None) -> Event:
            source = event.get("triggerSource")
            if source not in known:
                _logger.warning("unknown trigger source: the event passes through untouched", extra={"source": source})
                return event
            try:
                decisions = hook(event)
            except Refusal as refusal:
                _logger.info("refused", extra={"source": source, "code": refusal.code})
                raise
            except Exception as error:
                _logger.error(  # noqa: TRY400 - a traceback ends with the error's text, which may quote the user
                    "the trigger function failed", extra={"source": source, "error": describe_error(error)}
                )
                if on_failure == "continue":
                    return event
                raise Refusal("try_again", "Something went wrong on our side. Please try again.") from None
            return {**event, "response": {**(event.get("response") or {}), **(decisions or {})}}

        return handler

    return decorate
