"""A DynamoDB table, reached when it is first needed, and the form of its items."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from poolhouse import aws

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Table(aws.Caller["DynamoDBClient"]):
    """Base of what keeps its items in one table.

    Args:
        table: Name of the table.
        client: A DynamoDB client; by default one is made when it is first needed.
    """

    def __init__(self, table: str, client: "DynamoDBClient | None" = None) -> None:
        super().__init__(client, aws.dynamodb)
        self._table = table


def typed(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item in DynamoDB's form: texts, whole numbers, flags, and lists and maps of them.

    Example:
        >>> typed({"sub": "a1", "version": 3})
        {'sub': {'S': 'a1'}, 'version': {'N': '3'}}
    """
    return {name: _typed(value) for name, value in item.items()}


def plain(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item out of DynamoDB's form.

    Raises:
        ValueError: A number is not whole, or a member has a type that no item of ours has.

    Example:
        >>> plain({"sub": {"S": "a1"}, "version": {"N": "3"}})
        {'sub': 'a1', 'version': 3}
    """
    return {name: _plain(value) for name, value in item.items()}


def _typed(value: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case str():
            return {"S": value}
        case Mapping():
            return {"M": typed(value)}
        case list() | tuple():
            return {"L": [_typed(each) for each in value]}
    raise TypeError(f"an item holds no {type(value).__name__}")


def _plain(value: Mapping[str, Any]) -> Any:
    ((kind, held),) = value.items()
    match kind:
        case "S" | "BOOL":
            return held
        case "N":
            return int(held)
        case "M":
            return plain(held)
        case "L":
            return [_plain(each) for each in held]
    raise ValueError(f"an item of ours holds no {kind}")
