"""What every kind of Lambda authorizer has in common: the function is called, its answer is kept, the time passes."""

import json
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

type Handler = Callable[[dict[str, Any], Any], Any]
type Scalar = str | int | float | bool


@dataclass(frozen=True)
class Answer:
    """What became of a request.

    Attributes:
        status: The HTTP status: 200 where the integration runs, otherwise what the client receives.
        context: What the integration reads of the authorizer's context, None where no integration runs.
            REST and WebSocket APIs: the event's ``requestContext.authorizer``; HTTP APIs:
            ``requestContext.authorizer.lambda``; AppSync: ``identity.resolverContext``.
        called: Whether the authorizer ran; False where a cached answer served or the request was refused before.
        reason: Why, for people: of a policy ``allowed``, ``explicitDeny`` or ``implicitDeny``.
    """

    status: int
    context: dict[str, Scalar] | None
    called: bool
    reason: str


@dataclass
class Clock:
    """The time, in seconds since the epoch. It stands still until it is moved.

    Example:
        >>> clock = Clock()
        >>> clock.advance(300)
    """

    now: float = 1_800_000_000.0

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


class Refusal(Exception):  # noqa: N818 - an answer to a client, no error of the model
    """The request ends here, with this status."""

    def __init__(self, status: int, reason: str, *, called: bool) -> None:
        super().__init__(reason)
        self.answer = Answer(status, None, called, reason)


def malformed(detail: str) -> Refusal:
    """What a client receives when the function's result is not of the documented form: 500."""
    return Refusal(500, f"malformed result: {detail}", called=True)


@dataclass
class Cache:
    """Answers of an authorizer, each held for a number of seconds."""

    clock: Clock
    _held: dict[Hashable, tuple[float, Any]] = field(default_factory=dict)

    def recall(self, key: Hashable) -> Any:
        """The answer that is held, or None."""
        end, answer = self._held.get(key, (self.clock.now, None))
        return answer if self.clock.now < end else None

    def keep(self, key: Hashable, answer: object, seconds: int) -> None:
        """Hold an answer; for 0 seconds, not at all."""
        self._held[key] = (self.clock.now + seconds, answer)


def check_ttl(ttl: int) -> None:
    """Refuse a time to live that AWS refuses: REST and HTTP APIs and AppSync take 0 to 3600 seconds."""
    if not 0 <= ttl <= 3600:
        raise ValueError(f"ttl is not between 0 and 3600 seconds: {ttl}")


def call(handler: Handler, event: dict[str, Any], *, unauthorized_status: int = 500) -> Any:
    """Run the function as Lambda does: a JSON event in, a JSON result out. What is not JSON is a failure.

    The time-out of the function is not modelled (10 s for HTTP APIs and AppSync).

    Args:
        handler: The function.
        event: What it receives; it cannot change the caller's copy.
        unauthorized_status: The status for an exception whose message is exactly ``Unauthorized``.

    Raises:
        Refusal: The function raised, or returned what JSON cannot hold.
    """
    received = json.loads(serialized(event))
    try:
        return json.loads(serialized(handler(received, None)))
    except Exception as error:
        if str(error) == "Unauthorized":
            raise Refusal(unauthorized_status, "the function raised Unauthorized", called=True) from error
        raise Refusal(500, f"the function failed: {error!r}", called=True) from error


def serialized(value: object) -> bytes:
    """JSON as Lambda's Python runtime writes it.

    NaN and infinity are no JSON, though Python would write them.
    """
    return json.dumps(value, allow_nan=False, ensure_ascii=False).encode()


def members(result: object, *, required: set[str], optional: set[str]) -> dict[str, Any]:
    """The members of a result.

    Whether AWS passes over members that it does not know is not documented; here they make the result malformed.
    """
    if not isinstance(result, dict):
        raise malformed("it is not an object")
    if missing := required - result.keys():
        raise malformed(f"it lacks {', '.join(sorted(missing))}")
    if unknown := result.keys() - required - optional:
        raise malformed(f"it has {', '.join(sorted(unknown))}, which is not documented")
    return result


def scalars(value: object, name: str) -> dict[str, Scalar]:
    """A context: names with strings, numbers and booleans.

    REST APIs and AppSync document that objects and lists are no values. The example on the page of HTTP APIs shows
    some, yet people report integrations that fail without a word, so they are refused for every type, and so is null.
    """
    if not isinstance(value, dict):
        raise malformed(f"{name} is not an object")
    for key, member in value.items():
        if not isinstance(member, str | int | float):
            raise malformed(f"{name}.{key} is not a string, a number or a boolean")
    return value
