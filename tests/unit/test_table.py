import string
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore import exceptions
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from poolhouse.table import is_passing, plain, reasons, typed

values = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(string.ascii_letters, min_size=1), inner),
    max_leaves=12,
)
items = st.dictionaries(st.text(string.ascii_letters, min_size=1), values)


@given(items)
def test_item_comes_back_as_it_was(item: dict[str, Any]) -> None:
    assert plain(typed(item)) == item
    assert repr(plain(typed(item))) == repr(item)  # True is not 1


@given(items)
def test_form_of_an_item_is_that_of_boto3(item: dict[str, Any]) -> None:
    assert typed(item) == {name: TypeSerializer().serialize(value) for name, value in item.items()}
    assert {name: TypeDeserializer().deserialize(value) for name, value in typed(item).items()} == item


@pytest.mark.parametrize("value", [1.5, None, b"bytes", {1}, object()], ids=lambda value: type(value).__name__)
def test_what_no_item_of_ours_holds_is_not_written(value: Any) -> None:
    with pytest.raises(TypeError, match=f"an item holds no {type(value).__name__}"):
        typed({"name": [value]})


@pytest.mark.parametrize("value", [{"NULL": True}, {"B": b"bytes"}, {"SS": ["a"]}, {"N": "1.5"}], ids=str)
def test_what_no_item_of_ours_holds_is_not_read(value: Any) -> None:
    with pytest.raises(ValueError, match=r"an item of ours holds no|invalid literal"):
        plain({"name": {"M": {"inner": value}}})


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
