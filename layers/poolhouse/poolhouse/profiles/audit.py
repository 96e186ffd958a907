"""The audit log: who did what to which profile or account, and when. It is only ever added to."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from poolhouse.aws import reasons
from poolhouse.profiles.pages import Page
from poolhouse.table import Table, plain, typed

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

RETRY_WINDOW: Final = timedelta(minutes=1)
"""How long the same event is taken for a repeated call. Cognito waits 5 s and calls up to three times
(https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """What happened to a profile or an account. It holds no value of a profile.

    Attributes:
        sub: Whom it happened to.
        at: When, ISO 8601 in UTC to the microsecond.
        action: What happened, in snake case.
        actor: Who did it: a user's ``sub``, or a machine's client id.
        role: The role in which they did it; ``machine`` for a machine.
        fields: Names of the fields of the profile that changed; never their values.
    """

    sub: str
    action: str
    actor: str
    role: str
    fields: Sequence[str] = ()
    at: str = field(default_factory=lambda: iso(datetime.now(UTC)))


class AuditLog(Table):
    """Adds records to the audit table, and reads them. It changes none and removes none.

    Args:
        table: Name of the audit table, whose key is ``sub`` and ``at``.
        client: A DynamoDB client; by default one is made when it is first needed.
    """

    def addition(self, record: AuditRecord) -> "TransactWriteItemTypeDef":
        """A record as part of a transaction that also does what it records: both or neither."""
        return self._put(typed(asdict(record)), "attribute_not_exists(#sub)")

    def of(self, sub: str, limit: int, after: str | None = None) -> Page[AuditRecord]:
        """The records of one user, latest first.

        Args:
            sub: Whose.
            limit: How many at most.
            after: ``Page.last`` of the page before; None begins with the latest.

        Raises:
            botocore.exceptions.ClientError: DynamoDB refused.
            botocore.exceptions.BotoCoreError: DynamoDB did not answer.
        """
        start: Any = {"ExclusiveStartKey": typed({"sub": sub, "at": after})} if after else {}
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="#sub = :sub",
            ExpressionAttributeNames={"#sub": "sub"},
            ExpressionAttributeValues={":sub": {"S": sub}},
            ScanIndexForward=False,
            Limit=limit,
            **start,
        )
        last = answer.get("LastEvaluatedKey")
        return Page([AuditRecord(**plain(item)) for item in answer["Items"]], plain(last)["at"] if last else None)

    def record(
        self,
        sub: str,
        action: str,
        *,
        actor: str,
        role: str,
        fields: Sequence[str] = (),
        at: datetime | None = None,
        event: Mapping[str, Any] | None = None,
    ) -> bool:
        """Add a record.

        A trigger's event names neither a call nor a time, and two resets of one password send the same event. So an
        event counts as a repeated call when it was recorded within `RETRY_WINDOW` before. One transaction writes the
        record and, under the digest of the event, when it was: both or neither, also for calls at once. The right to
        ``dynamodb:PutItem`` is enough
        (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html).

        Args:
            sub: Whom it happened to.
            action: What happened, in snake case.
            actor: Who did it: a user's ``sub``, or a machine's client id.
            role: The role in which they did it.
            fields: Names of the fields of the profile that changed; never their values.
            at: When; by default now.
            event: The trigger's event that led to it, where Cognito may send it again.

        Returns:
            False if a record was made for this event before; nothing is written then.

        Raises:
            botocore.exceptions.ClientError: DynamoDB refused. ``TransactionCanceledException`` also means that there
                is a record of the same user and microsecond, or that a call with the same event runs right now.
            botocore.exceptions.BotoCoreError: DynamoDB did not answer.

        Example:
            >>> AuditLog("audit").record("a1", "profile_changed", actor="b2", role="admin", fields=["name"])
            True
        """
        at = at or datetime.now(UTC)
        entry = AuditRecord(sub=sub, action=action, actor=actor, role=role, fields=fields, at=iso(at))
        writes = [self.addition(entry)]
        if event is not None:
            # Beside the users' records, not among them: no user's sub looks like this.
            marker = {"sub": {"S": f"event#{_digest(event)}"}, "at": {"S": "last"}, "recorded_at": {"S": iso(at)}}
            writes.append(
                self._put(
                    marker,
                    "attribute_not_exists(#sub) OR recorded_at < :since",
                    {":since": {"S": iso(at - RETRY_WINDOW)}},
                )
            )
        try:
            self._client.transact_write_items(TransactItems=writes)
        except self._client.exceptions.TransactionCanceledException as error:
            if reasons(error)[1:] == ["ConditionalCheckFailed"]:
                return False
            raise
        return True

    def _put(
        self, item: dict[str, Any], condition: str, values: dict[str, Any] | None = None
    ) -> "TransactWriteItemTypeDef":
        put: dict[str, Any] = {
            "TableName": self._table,
            "Item": item,
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {"#sub": "sub"},
        }
        if values:
            put["ExpressionAttributeValues"] = values
        return {"Put": put}  # type: ignore[typeddict-item]


def _digest(event: Mapping[str, Any]) -> str:
    # Not the response: it is ours, and hooks before this one may have written to it.
    sent = {name: value for name, value in event.items() if name != "response"}
    return hashlib.sha256(json.dumps(sent, sort_keys=True).encode()).hexdigest()


def iso(moment: datetime) -> str:
    """A moment as records have it: in UTC, to the microsecond and of one length.

    So records sort by time, and no two of one user meet.
    """
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
