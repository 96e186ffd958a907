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

from poolhouse.triggers.refusal import Refusal
from poolhouse.triggers.running import Event, trigger

__all__ = ["Event", "Refusal", "trigger"]
