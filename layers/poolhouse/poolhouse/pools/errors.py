"""Why triggers are not attached to a user pool. One class per cause, each with a stable code."""

from collections.abc import Iterable
from typing import Any, ClassVar


class AttachError(Exception):
    """The base of them all. The message says what was found, where, and what to do; it holds no secret.

    Attributes:
        code: Stable, in snake case: what a program goes by.
    """

    code: ClassVar[str]


class MalformedPoolIdError(AttachError):
    """What was given is no id of a user pool."""

    code = "malformed_pool_id"

    def __init__(self, given: str) -> None:
        super().__init__(f"{given!r} is no user pool id: one reads like eu-central-1_AbCdEf123")


class PoolNotFoundError(AttachError):
    """There is no user pool with this id in this account and region."""

    code = "pool_not_found"

    def __init__(self, user_pool_id: str) -> None:
        super().__init__(f"there is no user pool {user_pool_id} in this account and region: check ExistingUserPoolId")


class UnknownTriggerError(AttachError):
    """A trigger that Cognito, or the service model at hand, does not know."""

    code = "unknown_trigger"

    def __init__(self, names: Iterable[str], known: Iterable[str]) -> None:
        super().__init__(f"no such trigger: {', '.join(sorted(names))}. There are: {', '.join(known)}")


class MalformedTriggerError(AttachError):
    """A trigger is no function, in the form that Cognito wants."""

    code = "malformed_trigger"

    def __init__(self, report: str) -> None:
        super().__init__(f"a trigger is not in Cognito's form: {report}")


class UnknownSettingError(AttachError):
    """The pool has a setting that the service model at hand does not know, and an update would reset it."""

    code = "unknown_setting"

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__(
            f"the pool has settings that this version of botocore does not know: {', '.join(sorted(names))}. Updating "
            "the pool would reset them, so nothing was written. A newer botocore that knows them is needed"
        )


class TriggerOccupiedError(AttachError):
    """Another function is there already."""

    code = "trigger_occupied"

    def __init__(self, occupied: dict[str, Any]) -> None:
        told = ", ".join(f"{name} is {_arn(value)}" for name, value in sorted(occupied.items()))
        super().__init__(
            f"the pool has triggers of its own: {told}. Switch ours off, or deploy with OnConflict=Replace, which puts "
            "yours back when the stack is removed (OnConflict=Discard forgets it, which suits a function that is gone)"
        )


class LitePoolError(AttachError):
    """The pool's plan has no access token customisation."""

    code = "lite_pool"

    def __init__(self, version: str) -> None:
        super().__init__(
            f"the pool is on the Lite plan, which has no pre token generation {version}. Deploy with "
            "TokenTriggerVersion=V1_0 (suspended users are refused, roles add no scopes), with PreTokenGeneration=off "
            "and RequiredGroups (the API by groups), or move the pool to Essentials"
        )


class MailSenderError(AttachError):
    """Custom message cannot work with Cognito's own mail."""

    code = "cognito_sends_mail"

    def __init__(self) -> None:
        super().__init__(
            "CustomMessage is on and the pool lets Cognito send its mail (EmailSendingAccount is not DEVELOPER), which "
            "takes no other text: every sign-up would fail. Let the pool send through SES, or turn CustomMessage off"
        )


class SecondFactorError(AttachError):
    """A sign-in link would go round the second factor that the pool knows."""

    code = "link_skips_mfa"

    def __init__(self, configuration: str) -> None:
        super().__init__(
            f"MagicLink is on and the pool's MfaConfiguration is {configuration}: a link would sign users in without "
            "their second factor. Turn MagicLink off, or the pool's MFA"
        )


class MissingRightError(AttachError):
    """AWS refused a call for want of a right."""

    code = "missing_right"

    def __init__(self, message: str) -> None:
        advice = ""
        if "iam:PassRole" in message:
            advice = ". The pool sends text messages with that role: name it in ExistingPoolRoleArns"
        elif "kms:" in message:
            advice = ". The pool uses that key: name it in ExistingPoolKeyArns"
        super().__init__(f"{message.rstrip('.')}{advice}")


class CallRefusedError(AttachError):
    """AWS refused a call for another cause, in its own words."""

    code = "call_refused"

    def __init__(self, call: str, code: str, message: str) -> None:
        super().__init__(f"{call} was refused: {code}: {message}")


class PoolBusyError(AttachError):
    """The pool kept changing, or Cognito kept refusing, until the time was up."""

    code = "pool_busy"

    def __init__(self, attempts: int, last: str) -> None:
        super().__init__(f"gave up after {attempts} attempts, the last ended with: {last}. Deploy again later")


class SettingChangedError(AttachError):
    """Settings other than the triggers were different after the update."""

    code = "setting_changed"

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__(
            f"settings of the pool were different after the update: {', '.join(sorted(names))}. Somebody changed them "
            "at that moment, or Cognito did: compare them with what they should be"
        )


class OtherPoolError(AttachError):
    """The stack's record tells of another pool."""

    code = "other_pool"

    def __init__(self, recorded: str, wanted: str, parameter: str) -> None:
        super().__init__(
            f"this stack is attached to {recorded}, by its record {parameter}, and not to {wanted}. Remove the stack "
            "and deploy it anew for another pool; if it is gone already, delete that parameter"
        )


class OvertakenError(AttachError):
    """The request is no longer what the stack is doing: it was answered already, or the stack is being removed."""

    code = "overtaken"

    def __init__(self) -> None:
        super().__init__("the stack has moved on since this request; nothing of it is left in the pool")


def _arn(value: Any) -> str:
    return str(value["LambdaArn"] if isinstance(value, dict) and "LambdaArn" in value else value)
