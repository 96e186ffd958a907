"""The contract of Cognito's triggers, kept once for every function.

A trigger function is a plain function from the event to the members of the response it decides, behind a decorator:

Example:
    >>> from poolhouse.triggers import Event, Refusal, trigger
    >>> @trigger("PreSignUp_SignUp", on_failure="refuse")
    ... def lambda_handler(event: Event) -> dict[str, object]:
    ...     if "birthdate" not in event["request"]["userAttributes"]:
    ...         raise Refusal("birthdate_missing", "Please tell us your date of birth.")
    ...     return {"autoConfirmUser": False}
"""

from typing import TYPE_CHECKING, Any

from poolhouse.triggers.added_hooks import added_hooks
from poolhouse.triggers.refusal import Refusal
from poolhouse.triggers.responses import IllegalResponseError
from poolhouse.triggers.running import Event, trigger

if TYPE_CHECKING:
    from poolhouse.triggers.token_customisation import TokenCustomisation

__all__ = ["Event", "IllegalResponseError", "Refusal", "TokenCustomisation", "added_hooks", "trigger"]


def __getattr__(name: str) -> Any:
    # Imported on demand: it brings the access policy with it, which costs a cold start as much as half of this package.
    if name == "TokenCustomisation":
        from poolhouse.triggers.token_customisation import TokenCustomisation  # noqa: PLC0415

        return TokenCustomisation
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
