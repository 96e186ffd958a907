"""A DynamoDB table, reached when it is first needed, and the form of its items."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from poolhouse import aws

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# What passes by itself: DynamoDB was asked too much, or two transactions met.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
_PASSING: Final = frozenset(
    {
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingError",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)


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


def reasons(error: Exception) -> list[str]:
    """Why a transaction was cancelled: a code for each write of it, ``None`` for one that was not at fault."""
    response: Mapping[str, Any] = getattr(error, "response", {})
    return [reason.get("Code", "None") for reason in response.get("CancellationReasons", ())]


def is_passing(error: Exception) -> bool:
    """Whether the same call may succeed a little later: the service throttled, failed, or did not answer.

    Args:
        error: What a botocore client raised.
    """
    from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004, PLC0415 - as in aws

    if not isinstance(error, ClientError):
        return isinstance(error, (ConnectionError, HTTPClientError))  # it was not reached, or did not answer
    code, status = error.response["Error"]["Code"], error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code == "TransactionCanceledException":
        return set(reasons(error)) - {"None"} <= _PASSING
    return code in _PASSING or status >= 500


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
