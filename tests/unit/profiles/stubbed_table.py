"""A DynamoDB table that answers what a test has told it to.

What only a real table can show (two creations at once) is an
integration test.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from boto3.dynamodb.types import TypeSerializer
from botocore.stub import ANY

from tests.unit.stubbed import StubbedService

TABLE = "profiles-of-the-test"
AUDIT_TABLE = "audit-of-the-test"
LINKS_TABLE = "sign-in-links-of-the-test"
MARKER = {"sub": ANY, "recorded_at": ANY, "since": ANY}
"""What keeps an event from being recorded twice, whichever it is."""


def typed(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item in DynamoDB's form, by boto3's serialiser and not by ours."""
    return {name: TypeSerializer().serialize(value) for name, value in item.items()}


class Text:
    """Any text of a form, as DynamoDB's type; `seen` is the one that came."""

    def __init__(self, form: str) -> None:
        self.seen = ""
        self._form = re.compile(form)

    def __eq__(self, other: object) -> bool:
        self.seen = next(iter(other.values())) if isinstance(other, dict) else ""
        return other == {"S": self.seen} and bool(self._form.fullmatch(self.seen))

    __hash__ = None  # type: ignore[assignment]


class Token:
    """Any token of a request; `seen` is the one that came."""

    def __init__(self) -> None:
        self.seen = ""

    def __eq__(self, other: object) -> bool:
        self.seen = other if isinstance(other, str) else ""
        return 1 <= len(self.seen) <= 36

    __hash__ = None  # type: ignore[assignment]


class StubbedTable(StubbedService):
    """Announces calls; every method is one call that is to come, in this order.

    `tokens` are those of the transactions on profiles, in their order.
    """

    service = "dynamodb"

    @cached_property
    def tokens(self) -> list[Token]:
        return []

    def will_scan(self, limit: int, items: Sequence[Mapping[str, Any]], last: str | None = None) -> None:
        """A page of all profiles that are not deleted."""
        asked = {
            "TableName": TABLE,
            "Limit": limit,
            "FilterExpression": "#status <> :deleted",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": {":deleted": {"S": "deleted"}},
        }
        after = {"LastEvaluatedKey": typed({"sub": last})} if last else {}
        self._stubber.add_response("scan", {"Items": [typed(item) for item in items], **after}, asked)

    def will_find_by_email(self, email: str, subs: Sequence[str]) -> None:
        """A query of the index by e-mail, answered with keys."""
        asked = {
            "TableName": TABLE,
            "IndexName": "by-email",
            "KeyConditionExpression": "email = :email",
            "ExpressionAttributeValues": {":email": {"S": email}},
            "Limit": 10,
        }
        items = [typed({"sub": sub, "email": email}) for sub in subs]
        self._stubber.add_response("query", {"Items": items}, asked)

    def will_read_records(self, sub: str, limit: int, records: Sequence[Mapping[str, Any]]) -> None:
        """A query of one user's audit records, latest first."""
        asked = {
            "TableName": AUDIT_TABLE,
            "KeyConditionExpression": "#sub = :sub",
            "ExpressionAttributeNames": {"#sub": "sub"},
            "ExpressionAttributeValues": {":sub": {"S": sub}},
            "ScanIndexForward": False,
            "Limit": limit,
        }
        self._stubber.add_response("query", {"Items": [typed(record) for record in records]}, asked)

    def will_get(self, sub: str, item: Mapping[str, Any] | None) -> None:
        """A consistent read of one key, answered with the item or with nothing."""
        asked = {"TableName": TABLE, "Key": {"sub": {"S": sub}}, "ConsistentRead": True}
        self._stubber.add_response("get_item", {"Item": typed(item)} if item else {}, asked)

    def will_create(self, item: Mapping[str, Any]) -> None:
        """A conditional put; times are whatever the clock says."""
        self._stubber.add_response("put_item", {}, _creation(item))

    def will_find_on_create(self, item: Mapping[str, Any], there: Mapping[str, Any]) -> None:
        """A conditional put that meets an item."""
        self._stubber.add_client_error(
            "put_item",
            service_error_code="ConditionalCheckFailedException",
            modeled_fields={"Item": typed(there)},
            expected_params=_creation(item),
        )

    def will_set_email(self, before: Mapping[str, Any], email: str) -> None:
        """The transaction that refreshes the copied address and records it."""
        self.will_change(
            before, {"email": email}, {"action": "email_changed", "actor": before["sub"], "role": "member"}
        )

    def will_change(
        self, before: Mapping[str, Any], changes: Mapping[str, Any], record: Mapping[str, Any], **failing: Any
    ) -> None:
        """A transaction that changes a profile on the version that was read, and records it.

        `failing` is what DynamoDB says of the profile instead: `Code`, and `Item` where there is one.
        """
        names = {f"#{position}": name for position, name in enumerate(changes)}
        new = {place: changes[name] for place, name in names.items() if changes[name] is not None}
        removed = [place for place in names if place not in new]
        sets = ", ".join([*(f"{place} = :{place[1:]}" for place in new), "updated_at = :at", "version = :after"])
        values = {f":{place[1:]}": value for place, value in new.items()}
        update = {
            "TableName": TABLE,
            "Key": {"sub": {"S": before["sub"]}},
            "UpdateExpression": f"SET {sets}" + (f" REMOVE {', '.join(removed)}" if removed else ""),
            "ConditionExpression": "version = :before AND #status <> :deleted",
            "ExpressionAttributeNames": {**names, "#status": "status"},
            "ExpressionAttributeValues": {
                **typed({**values, ":after": before["version"] + 1, **_as_read(before)}),
                ":at": {"S": ANY},
            },
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        self._will_write({"Update": update}, before, {"fields": sorted(changes), **record}, failing)

    def will_delete(self, before: Mapping[str, Any], record: Mapping[str, Any], **failing: Any) -> None:
        """A transaction that leaves of a profile that it was there, and records it."""
        left = {"sub": before["sub"], "status": "deleted", "created_at": before["created_at"]}
        put = {
            "TableName": TABLE,
            "Item": {
                **typed({**left, "version": before["version"] + 1}),
                "updated_at": {"S": ANY},
                "expires_at": {"N": ANY},
            },
            "ConditionExpression": "version = :before AND #status <> :deleted",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": typed(_as_read(before)),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        self._will_write({"Put": put}, before, {"fields": [], **record}, failing)

    def _will_write(
        self,
        write: Mapping[str, Any],
        before: Mapping[str, Any],
        record: Mapping[str, Any],
        failing: Mapping[str, Any],
    ) -> None:
        writes = [write, *_recording({"sub": before["sub"], **record}, None)["TransactItems"]]
        self.tokens.append(token := Token())
        asked = {"TransactItems": writes, "ClientRequestToken": token}
        if failing:
            item = {"Item": typed(failing["Item"])} if failing.get("Item") else {}
            reasons = [{"Code": failing["Code"], **item}, {"Code": failing.get("of_record", "None")}]
            self._stubber.add_client_error(
                "transact_write_items",
                service_error_code="TransactionCanceledException",
                modeled_fields={"CancellationReasons": reasons},
                expected_params=asked,
            )
        else:
            self._stubber.add_response("transact_write_items", {}, asked)

    def will_record_sign_in(self, sub: str) -> None:
        """A conditional update of the time of the last sign-in, and of nothing else."""
        self._stubber.add_response("update_item", {}, _sign_in(sub))

    def will_find_no_profile_on_sign_in(self, sub: str) -> None:
        """The same update, refused because there is no item."""
        self._stubber.add_client_error(
            "update_item", service_error_code="ConditionalCheckFailedException", expected_params=_sign_in(sub)
        )

    def will_record(self, record: Mapping[str, Any], marker: Mapping[str, Any] | None = None) -> None:
        """A transaction that adds an audit record, and beside it the marker of an event if there is one."""
        self._stubber.add_response("transact_write_items", {}, _recording(record, marker))

    def will_not_record(self, record: Mapping[str, Any], *reasons: str) -> None:
        """The same transaction, cancelled for a reason of the record, and one of the marker if there is a second."""
        self._stubber.add_client_error(
            "transact_write_items",
            service_error_code="TransactionCanceledException",
            modeled_fields={"CancellationReasons": [{"Code": reason} for reason in reasons]},
            expected_params=_recording(record, MARKER if len(reasons) == 2 else None),
        )

    def will_take_turns(self, *free: bool) -> list[Text]:
        """Conditional puts of a user's turns for a sign-in link, in their order; each is free or not.

        Returns:
            Their keys.
        """
        keys = [Text(f"turn-{number}/[0-9a-f]{{64}}") for number in range(len(free))]
        for key, is_free in zip(keys, free, strict=True):
            asked = {
                "TableName": LINKS_TABLE,
                "Item": {"digest": key, "expires_at": {"N": ANY}},
                "ConditionExpression": "attribute_not_exists(#key) OR expires_at <= :now",
                "ExpressionAttributeNames": {"#key": "digest"},
                "ExpressionAttributeValues": {":now": {"N": ANY}},
            }
            self._put_if(asked, is_free)
        return keys

    def will_keep_link(self) -> Text:
        """A put of a sign-in link's digest, which is returned."""
        digest = Text("[0-9a-f]{64}")
        item = {"digest": digest, "expires_at": {"N": ANY}}
        self._stubber.add_response("put_item", {}, {"TableName": LINKS_TABLE, "Item": item})
        return digest

    def will_use_link(self, there: bool) -> Text:
        """A conditional deletion of a sign-in link, which finds one or not; its digest is returned."""
        digest = Text("[0-9a-f]{64}")
        asked = {
            "TableName": LINKS_TABLE,
            "Key": {"digest": digest},
            "ConditionExpression": "expires_at > :now",
            "ExpressionAttributeValues": {":now": {"N": ANY}},
        }
        if there:
            self._stubber.add_response("delete_item", {}, asked)
        else:
            code = "ConditionalCheckFailedException"
            self._stubber.add_client_error("delete_item", service_error_code=code, expected_params=asked)
        return digest

    def _put_if(self, asked: dict[str, Any], is_free: bool) -> None:
        if is_free:
            self._stubber.add_response("put_item", {}, asked)
        else:
            code = "ConditionalCheckFailedException"
            self._stubber.add_client_error("put_item", service_error_code=code, expected_params=asked)

    def will_fail(self, operation: str, code: str, text: str = "") -> None:
        """An error of DynamoDB."""
        self._stubber.add_client_error(operation, service_error_code=code, service_message=text)


def _creation(item: Mapping[str, Any]) -> dict[str, Any]:
    times = {name: {"S": ANY} for name in ("created_at", "updated_at")}
    return {
        "TableName": TABLE,
        "Item": {**typed(item), **times},
        "ConditionExpression": "attribute_not_exists(#sub)",
        "ExpressionAttributeNames": {"#sub": "sub"},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def _as_read(before: Mapping[str, Any]) -> dict[str, Any]:
    return {":before": before["version"], ":deleted": "deleted"}


def _sign_in(sub: str) -> dict[str, Any]:
    return {
        "TableName": TABLE,
        "Key": {"sub": {"S": sub}},
        "UpdateExpression": "SET last_sign_in_at = :now",
        "ConditionExpression": "attribute_exists(#sub) AND #status <> :deleted",
        "ExpressionAttributeNames": {"#sub": "sub", "#status": "status"},
        "ExpressionAttributeValues": {":now": {"S": ANY}, ":deleted": {"S": "deleted"}},
    }


def _recording(record: Mapping[str, Any], marker: Mapping[str, Any] | None) -> dict[str, Any]:
    added = {
        "TableName": AUDIT_TABLE,
        "Item": {"at": {"S": ANY}, **typed(record)},
        "ConditionExpression": "attribute_not_exists(#sub)",
        "ExpressionAttributeNames": {"#sub": "sub"},
    }
    if marker is None:
        return {"TransactItems": [{"Put": added}]}
    marked = {
        "TableName": AUDIT_TABLE,
        "Item": {"sub": {"S": marker["sub"]}, "at": {"S": "last"}, "recorded_at": {"S": marker["recorded_at"]}},
        "ConditionExpression": "attribute_not_exists(#sub) OR recorded_at < :since",
        "ExpressionAttributeNames": {"#sub": "sub"},
        "ExpressionAttributeValues": {":since": {"S": marker["since"]}},
    }
    return {"TransactItems": [{"Put": added}, {"Put": marked}]}
