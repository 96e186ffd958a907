"""A DynamoDB table that answers what a test has told it to.

A botocore client with botocore's Stubber, not a stand-in of our own: it holds each call to DynamoDB's own model, in
order, and refuses every call that was not announced. What only a real table can show (two creations at once) is an
integration test.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Self

import botocore.session
from boto3.dynamodb.types import TypeSerializer
from botocore.stub import ANY, Stubber

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "profiles-of-the-test"


@cache
def _client() -> "DynamoDBClient":
    client: DynamoDBClient = botocore.session.Session().create_client(  # type: ignore[assignment]
        "dynamodb", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    return client


def typed(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item in DynamoDB's form, by boto3's serialiser and not by ours."""
    return {name: TypeSerializer().serialize(value) for name, value in item.items()}


class StubbedTable:
    """Announces calls; every method is one call that is to come, in this order."""

    def __init__(self, client: "DynamoDBClient", stubber: Stubber) -> None:
        self.client = client
        self._stubber = stubber

    @classmethod
    @contextmanager
    def of_test(cls) -> Iterator[Self]:
        """The table, and at the end the check that every announced call came."""
        with Stubber(_client()) as stubber:
            yield cls(_client(), stubber)
            stubber.assert_no_pending_responses()

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
