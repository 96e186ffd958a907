"""A DynamoDB table that answers what a test has told it to.

What only a real table can show (two creations at once) is an
integration test.
"""

import re
from collections.abc import Mapping
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


class StubbedTable(StubbedService):
    """Announces calls; every method is one call that is to come, in this order."""

    service = "dynamodb"

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

    def will_set_email(self, sub: str, email: str, item: Mapping[str, Any]) -> None:
        """An update of the copied address, answered with the whole new item."""
        asked = {
            "TableName": TABLE,
            "Key": {"sub": {"S": sub}},
            "UpdateExpression": "SET email = :email, updated_at = :now ADD version :one",
            "ConditionExpression": "attribute_exists(#sub)",
            "ExpressionAttributeNames": {"#sub": "sub"},
            "ExpressionAttributeValues": {":email": {"S": email}, ":now": {"S": ANY}, ":one": {"N": "1"}},
            "ReturnValues": "ALL_NEW",
        }
        self._stubber.add_response("update_item", {"Attributes": typed(item)}, asked)

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


def _sign_in(sub: str) -> dict[str, Any]:
    return {
        "TableName": TABLE,
        "Key": {"sub": {"S": sub}},
        "UpdateExpression": "SET last_sign_in_at = :now",
        "ConditionExpression": "attribute_exists(#sub)",
        "ExpressionAttributeNames": {"#sub": "sub"},
        "ExpressionAttributeValues": {":now": {"S": ANY}},
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
