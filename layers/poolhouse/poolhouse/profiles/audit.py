"""The audit log: who did what to which profile or account, and when. It is only ever added to."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from poolhouse.table import Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

RETRY_WINDOW: Final = timedelta(minutes=1)
"""How long the same event is taken for a repeated call. Cognito waits 5 s and calls up to three times
(https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html).
"""


class AuditLog(Table):
    """Adds records to the audit table. It changes none and removes none.

    A record is an item of ``sub`` and ``at`` (the key), ``action``, ``actor``, ``role`` and ``fields``. It holds no
    value of a profile.

    Args:
        table: Name of the audit table, whose key is ``sub`` and ``at``.
        client: A DynamoDB client; by default one is made when it is first needed.
    """

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
        item = {
            "sub": {"S": sub},
            "at": {"S": _iso(at)},
            "action": {"S": action},
            "actor": {"S": actor},
            "role": {"S": role},
            "fields": {"L": [{"S": name} for name in fields]},
        }
        writes = [self._put(item, "attribute_not_exists(#sub)")]
        if event is not None:
            # Beside the users' records, not among them: no user's sub looks like this.
            marker = {"sub": {"S": f"event#{_digest(event)}"}, "at": {"S": "last"}, "recorded_at": {"S": _iso(at)}}
            writes.append(
                self._put(
                    marker,
                    "attribute_not_exists(#sub) OR recorded_at < :since",
                    {":since": {"S": _iso(at - RETRY_WINDOW)}},
                )
            )
        try:
            self._client.transact_write_items(TransactItems=writes)
        except self._client.exceptions.TransactionCanceledException as error:
            reasons = [reason.get("Code") for reason in error.response["CancellationReasons"]]
            if reasons[1:] == ["ConditionalCheckFailed"]:
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


def _iso(moment: datetime) -> str:
    # To the microsecond and of one length, so that records sort by time and no two of one user meet.
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
