"""A DynamoDB table, reached when it is first needed."""

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Table:
    """Base of what keeps its items in one table.

    Args:
        table: Name of the table.
        client: A DynamoDB client; by default one is made when it is first needed.
    """

    def __init__(self, table: str, client: "DynamoDBClient | None" = None) -> None:
        self._table = table
        if client is not None:
            self._client = client

    @cached_property
    def _client(self) -> "DynamoDBClient":
        from poolhouse import aws  # noqa: PLC0415 - botocore is half of a cold start; who gives a client has paid already

        return aws.dynamodb()
