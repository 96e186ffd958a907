"""Profiles in DynamoDB."""

import random
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from poolhouse.addresses import spelling
from poolhouse.aws import is_passing
from poolhouse.profiles.audit import AuditLog, AuditRecord
from poolhouse.profiles.errors import ProfileDeletedError, ProfileNotFoundError, StaleVersionError
from poolhouse.profiles.model import Profile, Status, utc_now
from poolhouse.profiles.pages import Page
from poolhouse.table import Table, plain, typed

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

EMAIL_INDEX: Final = "by-email"

_ATTEMPTS: Final = 4
_PAUSE_SECONDS: Final = 0.05  # before the first repetition, doubled each time, and up to as much again by chance


class ProfileRepository(Table):
    """Reads and writes profiles.

    Args:
        table: Name of the profiles table, whose key is ``sub``.
        client: A DynamoDB client; by default one is made when it is first needed.
        audit: Where changes are recorded, in the same transaction. Who only reads needs none.

    Every method raises ``botocore.exceptions.ClientError`` or ``BotoCoreError`` when DynamoDB refuses or does not
    answer; :func:`poolhouse.aws.is_passing` tells what may pass by itself.
    """

    def __init__(self, table: str, client: "DynamoDBClient | None" = None, *, audit: AuditLog | None = None) -> None:
        super().__init__(table, client)
        self._audit = audit

    def get(self, sub: str) -> Profile | None:
        """The profile with this key as it is now, or None. The read is strongly consistent.

        Raises:
            KeyError, ValueError: The item is no profile that this version knows.
        """
        answer = self._client.get_item(TableName=self._table, Key={"sub": {"S": sub}}, ConsistentRead=True)
        item = answer.get("Item")
        return Profile.from_item(plain(item)) if item else None

    def page(self, limit: int, after: str | None = None) -> Page[Profile]:
        """Some of all profiles, without the deleted ones, in an order that means nothing and stays.

        Args:
            limit: How many are looked at.
            after: ``Page.last`` of the page before; None begins.
        """
        start: Any = {"ExclusiveStartKey": typed({"sub": after})} if after else {}
        answer = self._client.scan(
            TableName=self._table,
            Limit=limit,
            FilterExpression="#status <> :deleted",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":deleted": {"S": Status.DELETED}},
            **start,
        )
        last = answer.get("LastEvaluatedKey")
        return Page([Profile.from_item(plain(item)) for item in answer["Items"]], plain(last)["sub"] if last else None)

    def with_email(self, email: str, limit: int) -> list[Profile]:
        """The profiles whose user has this address, in whatever case it is written.

        Args:
            email: The whole address.
            limit: How many at most.
        """
        address = spelling(email)
        # The index follows the table a moment later: what it names is read again.
        answer = self._client.query(
            TableName=self._table,
            IndexName=EMAIL_INDEX,
            KeyConditionExpression="email = :email",
            ExpressionAttributeValues={":email": {"S": address}},
            Limit=limit,
        )
        found = [self.get(plain(item)["sub"]) for item in answer["Items"]]
        return [profile for profile in found if profile and profile.email == address]

    def create(self, profile: Profile) -> Profile:
        """Store a profile unless one exists already, or did until it was deleted; safe to do twice, also at once.

        Returns:
            The stored profile: the given one, or the one that was there before, untouched.
        """
        try:
            self._client.put_item(
                TableName=self._table,
                Item=typed(profile.to_item()),
                ConditionExpression="attribute_not_exists(#sub)",
                ExpressionAttributeNames={"#sub": "sub"},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            there: dict[str, Any] = {**error.response}  # the type of the answer leaves Item out
            return Profile.from_item(plain(there["Item"]))
        return profile

    def change(self, before: Profile, changes: Mapping[str, Any], record: AuditRecord) -> Profile:
        """Change a profile and record it, both or neither.

        Args:
            before: The profile as it was read. If it is another one by now nothing is written.
            changes: New values by name; None removes a field.
            record: What is recorded.

        Returns:
            The profile after the change.

        Raises:
            StaleVersionError: It has changed since it was read.
            ProfileDeletedError, ProfileNotFoundError: It is gone since it was read.
        """
        after = before.changed(changes, utc_now())
        new = {name: value for name, value in changes.items() if value is not None}
        names = {f"#{position}": name for position, name in enumerate(changes)}
        places = {name: place for place, name in names.items()}
        sets = [f"{places[name]} = :{places[name][1:]}" for name in new]
        removes = [places[name] for name in changes if name not in new]
        update = f"SET {', '.join([*sets, 'updated_at = :at', 'version = :after'])}"
        values = {f":{places[name][1:]}": value for name, value in new.items()}
        self._write(
            {
                "Update": {
                    "TableName": self._table,
                    "Key": {"sub": {"S": before.sub}},
                    "UpdateExpression": f"{update} REMOVE {', '.join(removes)}" if removes else update,
                    "ConditionExpression": _AS_READ,
                    "ExpressionAttributeNames": {**names, "#status": "status"},
                    "ExpressionAttributeValues": typed(
                        {**values, ":at": after.updated_at, ":after": after.version, **_as_read(before)}
                    ),
                    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                }
            },
            record,
        )
        return after

    def delete(self, before: Profile, expires_at: int, record: AuditRecord) -> Profile:
        """Put what is left of a deleted profile in its place, and record it. The personal data is gone at once.

        The mark keeps a trigger that comes late from making the profile anew.

        Args:
            before: The profile as it was read. If it is another one by now nothing is written.
            expires_at: When DynamoDB may remove the mark, in seconds since 1970.
            record: What is recorded.

        Raises:
            StaleVersionError: It has changed since it was read.
            ProfileDeletedError, ProfileNotFoundError: It is gone since it was read.
        """
        after = before.deleted(utc_now(), expires_at)
        self._write(
            {
                "Put": {
                    "TableName": self._table,
                    "Item": typed(after.to_item()),
                    "ConditionExpression": _AS_READ,
                    "ExpressionAttributeNames": {"#status": "status"},
                    "ExpressionAttributeValues": typed(_as_read(before)),
                    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                }
            },
            record,
        )
        return after

    def ensure(self, attributes: Mapping[str, Any]) -> Profile:
        """The profile of the user with these attributes: made when missing, its copy of the e-mail address refreshed.

        Args:
            attributes: ``request.userAttributes`` of a trigger's event; the pool is where the address is kept.
        """
        profile = self.get(attributes["sub"])
        if profile is None:
            profile = self.create(Profile.from_attributes(attributes))
        email = spelling(attributes.get("email") or "")
        if not email or email == profile.email or profile.status is Status.DELETED:
            return profile
        record = AuditRecord(
            sub=profile.sub, action="email_changed", actor=profile.sub, role="member", fields=["email"]
        )
        try:
            return self.change(profile, {"email": email}, record)
        except (StaleVersionError, ProfileDeletedError):
            # Another sign-in did the same, or a change through the API came first: the next sign-in sees to the rest.
            return self.get(profile.sub) or profile

    def record_sign_in(self, sub: str) -> bool:
        """Note on the profile that its user has just signed in.

        It is no change of the profile by anybody: ``version`` and ``updated_at`` stay as they are, so that a change
        that names the version it was made on is not refused because of a sign-in.

        Returns:
            False if there is no profile with this key; none is made, so that a deleted one stays deleted.
        """
        try:
            self._client.update_item(
                TableName=self._table,
                Key={"sub": {"S": sub}},
                UpdateExpression="SET last_sign_in_at = :now",
                ConditionExpression="attribute_exists(#sub) AND #status <> :deleted",
                ExpressionAttributeNames={"#sub": "sub", "#status": "status"},
                ExpressionAttributeValues={":now": {"S": utc_now()}, ":deleted": {"S": Status.DELETED}},
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def _write(self, write: "TransactWriteItemTypeDef", record: AuditRecord) -> None:
        if self._audit is None:
            raise TypeError("a repository that changes profiles needs an audit log")
        writes = [write, self._audit.addition(record)]
        # One token for every attempt, botocore's own repetitions included: after an answer that was lost on the way,
        # DynamoDB takes the repetition for the same transaction and does not write twice.
        # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
        token = str(uuid4())
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                self._client.transact_write_items(TransactItems=writes, ClientRequestToken=token)
            except self._client.exceptions.TransactionCanceledException as error:
                _raise_if_changed(error)
                if attempt == _ATTEMPTS or not is_passing(error):
                    raise
                time.sleep(_PAUSE_SECONDS * 2 ** (attempt - 1) * (1 + random.random()))  # noqa: S311 - no secret
            else:
                return


_AS_READ: Final = "version = :before AND #status <> :deleted"


def _as_read(before: Profile) -> dict[str, Any]:
    return {":before": before.version, ":deleted": Status.DELETED}


def _raise_if_changed(error: Exception) -> None:
    reason, *_ = getattr(error, "response", {}).get("CancellationReasons") or [{}]
    if reason.get("Code") != "ConditionalCheckFailed":
        return
    item = reason.get("Item")
    if not item:
        raise ProfileNotFoundError from None
    if plain(item)["status"] == Status.DELETED:
        raise ProfileDeletedError from None
    raise StaleVersionError from None
