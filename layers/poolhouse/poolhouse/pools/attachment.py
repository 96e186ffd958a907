"""Puts a stack's triggers into a user pool that exists already, and takes them out again.

Describe, merge, update: see `poolhouse.pools.settings` for why every setting is sent. UpdateUserPool has no condition,
so the gap between reading and writing is held small: the pool is read a second time just before the write and must not
have changed, and after the write it is read again.

The record of what was there is written before the pool, so that whatever is cut short can be taken back.
"""

import difflib
import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Self, cast, get_args

from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from poolhouse.aws import is_passing
from poolhouse.logs import describe_error, get_logger
from poolhouse.pools.errors import (
    CallRefusedError,
    LitePoolError,
    MailSenderError,
    MalformedTriggerError,
    MissingRightError,
    OtherPoolError,
    OvertakenError,
    PoolBusyError,
    PoolNotFoundError,
    SecondFactorError,
    SettingChangedError,
    TriggerOccupiedError,
    UnknownTriggerError,
)
from poolhouse.pools.records import Record, Records
from poolhouse.pools.settings import PoolDescription, PoolSettings

OnConflict = Literal["Refuse", "Replace", "Discard"]
"""What becomes of another function in a wanted place: refused; replaced and put back later; replaced for good."""

_ATTEMPTS: Final = 8
_FIRST_DELAY_SECONDS: Final = 0.5
_LONGEST_DELAY_SECONDS: Final = 8.0
# A right that a deployment has just given takes a moment to be known everywhere
# (https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency).
_ATTEMPTS_WITHOUT_A_RIGHT: Final = 4

_DENIED: Final = frozenset({"AccessDeniedException", "AccessDenied", "NotAuthorizedException"})

_logger = get_logger(__name__)


class _ChangedMeanwhileError(Exception):
    """Somebody changed the pool between two looks at it."""


@dataclass(frozen=True)
class Wanted:
    """The triggers that a pool is to have.

    Attributes:
        user_pool_id: The pool.
        triggers: By member of ``LambdaConfig``: ARN of the function, or a structure with ``LambdaArn``.
        on_conflict: What becomes of another function in the same place.
    """

    user_pool_id: str
    triggers: Mapping[str, Any] = field(default_factory=dict)
    on_conflict: OnConflict = "Refuse"

    @classmethod
    def from_properties(cls, properties: Mapping[str, Any]) -> Self:
        """Read the properties of the custom resource.

        Raises:
            ValueError: ``OnConflict`` is none of its values.
        """
        on_conflict = properties.get("OnConflict", "Refuse")
        if on_conflict not in get_args(OnConflict):
            raise ValueError(f"OnConflict is {on_conflict!r}: it has to be one of {', '.join(get_args(OnConflict))}")
        return cls(
            str(properties.get("UserPoolId", "")), properties.get("Triggers") or {}, cast("OnConflict", on_conflict)
        )


@dataclass(frozen=True)
class Plan:
    """What would become of a pool.

    Attributes:
        before: Arguments of UpdateUserPool that leave the pool as it is.
        after: Arguments of UpdateUserPool that would be sent.
        record: What would be kept of it.
    """

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    record: Record

    @property
    def lambda_config(self) -> dict[str, Any]:
        """Every trigger that the pool would have."""
        return dict(self.after.get("LambdaConfig", {}))

    @property
    def roles(self) -> list[str]:
        """IAM roles that whoever updates the pool must be allowed to pass on: Cognito sends text messages with them."""
        sms = self.after.get("SmsConfiguration", {})
        return sorted({sms.get("SnsCallerArn"), sms.get("EumsSms", {}).get("CallerArn")} - {None, ""})

    @property
    def keys(self) -> list[str]:
        """KMS keys of the pool that whoever updates it may have to be allowed to use."""
        kept = self.before.get("LambdaConfig", {}).get("KMSKeyID")
        return sorted({kept, self.after.get("KeyConfiguration", {}).get("KmsKeyArn")} - {None, ""})

    def diff(self) -> str:
        """All settings of the pool as they are sent, before and after, as a unified diff; empty if nothing changes."""
        texts = [json.dumps(each, indent=2, sort_keys=True, ensure_ascii=False) for each in (self.before, self.after)]
        now, then = (text.splitlines() for text in texts)
        return "\n".join(difflib.unified_diff(now, then, "the pool now", "the pool with Poolhouse", lineterm=""))

    def as_answer(self) -> dict[str, Any]:
        """What a person is told, as JSON: the diff, and the roles and keys of the pool that the update needs."""
        return {"diff": self.diff(), "roles": self.roles, "keys": self.keys}


class Attachment:
    """The triggers of one stack in a user pool.

    Args:
        records: Where what was there before is kept.
        settings: Reads and writes pools.

    Example:
        >>> attachment = Attachment(Records("/poolhouse/poolhouse/attached-triggers"))  # doctest: +SKIP
        >>> print(attachment.plan(Wanted("eu-central-1_EXAMPLE", {"PreSignUp": arn})).diff())  # doctest: +SKIP
    """

    def __init__(self, records: Records, settings: PoolSettings | None = None) -> None:
        self._records = records
        self._settings = settings or PoolSettings()

    def plan(self, wanted: Wanted) -> Plan:
        """Say what `attach` would do. Only reads.

        Raises:
            AttachError: `attach` would refuse.
            botocore.exceptions.BotoCoreError: AWS does not answer.
        """
        return _asked(
            lambda: self._plan(wanted, self._settings.read(wanted.user_pool_id), self._records.read()),
            wanted.user_pool_id,
        )

    def attach(self, wanted: Wanted, *, still_wanted: Callable[[], bool], seconds: float) -> None:
        """Give a pool the wanted triggers, and put back what earlier ones of this stack took the place of.

        What is wanted is in the pool when this returns, and its record is kept. To do it twice is to do it once.

        Args:
            wanted: The pool and its triggers.
            still_wanted: Whether the stack is still at it. Asked before anything is done and once it is: what a removal
                of the stack could not find in the pool yet is taken back here.
            seconds: How long to go on trying.

        Raises:
            AttachError: A refusal; the pool is as it was, or as its record says.
        """
        written: Record | None = None

        def attempt() -> None:
            nonlocal written
            if not still_wanted():
                if written:
                    self._take_back(written)
                raise OvertakenError
            pool, record = self._settings.read(wanted.user_pool_id), self._records.read()
            plan = self._plan(wanted, pool, record)
            if plan.lambda_config != pool.lambda_config:
                written = record.joined(plan.record) if record else plan.record
                self._records.write(written)
                after = self._write(pool, plan.lambda_config)
                if any(after.lambda_config.get(name) != value for name, value in wanted.triggers.items()):
                    raise _ChangedMeanwhileError("the triggers were others after the update")
                lost = pool.settings_other_than(after)
                if lost:
                    raise SettingChangedError(lost)
            if plan.record != record:
                self._records.write(plan.record)
            if written and not still_wanted():
                self._take_back(written)
                raise OvertakenError

        _persist(attempt, wanted.user_pool_id, seconds)

    def detach(self, user_pool_id: str, *, seconds: float) -> None:
        """Put back what was in a pool before `attach`, and forget it.

        A trigger that somebody has changed since stays as it is. A pool without a record, and one that is gone, need
        nothing.

        Args:
            user_pool_id: The pool.
            seconds: How long to go on trying.

        Raises:
            AttachError: The pool could not be written; the record is kept.
        """

        def attempt() -> None:
            record = self._records.read()
            if record is None or record.user_pool_id != user_pool_id:
                return
            self._take_back(record)

        _persist(attempt, user_pool_id, seconds)

    def _plan(self, wanted: Wanted, pool: PoolDescription, record: Record | None) -> Plan:
        """Merge, and refuse what must not be."""
        known_triggers = self._settings.triggers
        unknown = wanted.triggers.keys() - known_triggers.members.keys()
        if unknown:
            raise UnknownTriggerError(unknown, known_triggers.members)
        report = ParamValidator().validate(dict(wanted.triggers), known_triggers)
        if report.has_errors():
            raise MalformedTriggerError(report.generate_report())
        if record and record.user_pool_id != wanted.user_pool_id:
            raise OtherPoolError(record.user_pool_id, wanted.user_pool_id, self._records.parameter)
        _check_abilities(wanted, pool)
        known, current = record or Record(wanted.user_pool_id), pool.lambda_config
        target = _without_ours(current, known)
        occupied = {
            name: target[name] for name, value in wanted.triggers.items() if target.get(name) not in (None, value)
        }
        # What this stack has replaced before is no conflict now.
        conflicts = {name: value for name, value in occupied.items() if not known.holds(name, current.get(name))}
        if conflicts and wanted.on_conflict == "Refuse":
            raise TriggerOccupiedError(conflicts)
        forgotten = conflicts if wanted.on_conflict == "Discard" else {}
        before = {name: None if name in forgotten else occupied.get(name) for name in wanted.triggers}
        merged = {**target, **wanted.triggers}
        kept = Record(wanted.user_pool_id, {name: [value] for name, value in wanted.triggers.items()}, before)
        return Plan(self._settings.request(pool, current), self._settings.request(pool, merged), kept)

    def _write(self, pool: PoolDescription, lambda_config: Mapping[str, Any]) -> PoolDescription:
        """Update a pool that is still as it was read. Returns what it is then."""
        user_pool_id = pool.raw["Id"]
        if not self._settings.read(user_pool_id).is_same_as(pool):
            raise _ChangedMeanwhileError("the pool changed between reading and writing")
        self._settings.write(pool, lambda_config)
        return self._settings.read(user_pool_id)

    def _take_back(self, record: Record) -> None:
        try:
            pool = self._settings.read(record.user_pool_id)
            target = _without_ours(pool.lambda_config, record)
            if target != pool.lambda_config:
                after = self._write(pool, target)
                if _without_ours(after.lambda_config, record) != after.lambda_config:
                    raise _ChangedMeanwhileError("the triggers were still there after the update")
        except ClientError as error:
            if _code(error) != "ResourceNotFoundException":  # a pool that is gone needs nothing
                raise
        self._records.delete()


def _without_ours(current: Mapping[str, Any], record: Record) -> dict[str, Any]:
    """Return a pool's triggers with what a stack took the place of in its place again."""
    restored = {
        name: record.before.get(name) if record.holds(name, value) else value for name, value in current.items()
    }
    return {name: value for name, value in restored.items() if value is not None}


def _check_abilities(wanted: Wanted, pool: PoolDescription) -> None:
    """Refuse triggers that the pool's other settings do not let work.

    Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-sign-in-feature-plans.html
    """
    version = wanted.triggers.get("PreTokenGenerationConfig", {}).get("LambdaVersion", "V1_0")
    if pool.is_lite and version != "V1_0":
        raise LitePoolError(version)
    email = pool.raw.get("EmailConfiguration") or {}
    if "CustomMessage" in wanted.triggers and email.get("EmailSendingAccount") != "DEVELOPER":
        raise MailSenderError
    factors = pool.raw.get("MfaConfiguration", "OFF")
    if "CreateAuthChallenge" in wanted.triggers and factors != "OFF":
        raise SecondFactorError(factors)


def _asked[T](call: Callable[[], T], user_pool_id: str) -> T:
    """Return what a call returns, with refusals of AWS for good said in our words."""
    try:
        return call()
    except ClientError as error:
        code, message = _code(error), str(error.response.get("Error", {}).get("Message", ""))
        if code in _DENIED:
            raise MissingRightError(message) from error
        if code == "ResourceNotFoundException" and error.operation_name == "DescribeUserPool":
            raise PoolNotFoundError(user_pool_id) from error
        if is_passing(error):
            raise
        raise CallRefusedError(error.operation_name, code, message) from error


def _persist(attempt: Callable[[], None], user_pool_id: str, seconds: float) -> None:
    """Make attempts until one succeeds, with pauses of random length in between.

    Raises:
        PoolBusyError: None did.
        AttachError: A refusal for good.
    """
    ends, last = time.monotonic() + seconds, ""
    for number in range(1, _ATTEMPTS + 1):
        try:
            return _asked(attempt, user_pool_id)
        except MissingRightError:
            if number == _ATTEMPTS_WITHOUT_A_RIGHT:
                raise
            last = MissingRightError.code
        except Exception as error:
            if not (isinstance(error, _ChangedMeanwhileError) or is_passing(error)):
                raise
            _logger.warning("another attempt on the pool: %s", describe_error(error))
            last = _code(error) if isinstance(error, ClientError) else str(error)
        longest = min(_LONGEST_DELAY_SECONDS, _FIRST_DELAY_SECONDS * 2**number)
        delay = random.uniform(0, longest)  # noqa: S311 - so that two do not meet again; nothing to guess
        if number == _ATTEMPTS or time.monotonic() + delay > ends:
            raise PoolBusyError(number, last)
        time.sleep(delay)
    raise AssertionError("unreachable")


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
