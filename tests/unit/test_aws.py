"""Which refusals of AWS pass by themselves."""

from typing import Any

import pytest
from botocore import exceptions
from botocore.exceptions import ClientError
from poolhouse.aws import is_passing, reasons


def client_error(code: str, status: int = 400, *causes: str) -> ClientError:
    response: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    if causes:
        response["CancellationReasons"] = [{"Code": cause} for cause in causes]
    return ClientError(response, "TransactWriteItems")


CANCELLED = "TransactionCanceledException"


@pytest.mark.parametrize(
    "error",
    [
        client_error("ProvisionedThroughputExceededException"),
        client_error("ThrottlingException"),
        client_error("RequestLimitExceeded"),
        client_error("TransactionInProgressException"),
        client_error("InternalServerError", 500),
        client_error("SomethingNew", 503),
        client_error("ConcurrentModificationException"),
        client_error("TooManyUpdates"),
        client_error("Throttling"),
        client_error("InternalFailure", 500),
        client_error(CANCELLED, 400, "None", "TransactionConflict"),
        client_error(CANCELLED, 400, "ThrottlingError", "ProvisionedThroughputExceeded"),
        exceptions.ConnectTimeoutError(endpoint_url="http://x"),
        exceptions.EndpointConnectionError(endpoint_url="http://x"),
        exceptions.ReadTimeoutError(endpoint_url="http://x"),
        exceptions.ConnectionClosedError(endpoint_url="http://x"),
        exceptions.HTTPClientError(error="reset"),
    ],
    ids=repr,
)
def test_what_may_pass_by_itself_is_passing(error: Exception) -> None:
    assert is_passing(error)


@pytest.mark.parametrize(
    "error",
    [
        client_error("ValidationException"),
        client_error("AccessDeniedException"),
        client_error("ResourceNotFoundException"),
        client_error("ConditionalCheckFailedException"),
        client_error("IdempotentParameterMismatchException"),
        client_error(CANCELLED, 400, "ConditionalCheckFailed", "None"),
        client_error(CANCELLED, 400, "TransactionConflict", "ValidationError"),
        exceptions.NoCredentialsError(),
        exceptions.ParamValidationError(report="x"),
        ValueError(),
        KeyError("sub"),
    ],
    ids=repr,
)
def test_what_stays_as_it_is_is_not_passing(error: Exception) -> None:
    assert not is_passing(error)


def test_error_that_says_no_status_is_judged_by_its_code() -> None:
    assert is_passing(ClientError({"Error": {"Code": "ThrottlingException"}}, "GetItem"))
    assert not is_passing(ClientError({"Error": {"Code": "Odd"}}, "GetItem"))


def test_reasons_are_in_the_order_of_the_writes() -> None:
    error = client_error(CANCELLED, 400, "None", "ConditionalCheckFailed")
    assert reasons(error) == ["None", "ConditionalCheckFailed"]
    response: Any = {"Error": {"Code": CANCELLED}, "CancellationReasons": [{}, {"Code": "TransactionConflict"}]}
    assert reasons(ClientError(response, "TransactWriteItems")) == ["None", "TransactionConflict"]


def test_error_that_is_no_cancelled_transaction_has_no_reasons() -> None:
    assert reasons(client_error("ThrottlingException")) == []
    assert reasons(ValueError()) == []
