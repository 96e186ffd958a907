"""Clients of AWS services with deadlines that fit a Cognito trigger."""

from collections.abc import Callable, Mapping
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_ssm import SSMClient

# Cognito gives a trigger 5 s and nothing can change that
# (https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html).
# Botocore would wait 60 s for one answer. An attempt takes 1 s to connect and 1 s to answer at most; what all
# attempts take together, the trigger's own budget ends.
_DEADLINES: Final = {
    "connect_timeout": 1,
    "read_timeout": 1,
    "retries": {"mode": "standard", "total_max_attempts": 2},
    "max_pool_connections": 4,
}
# What sends a message gets no second attempt: the first may have arrived although its answer did not.
_ONCE: Final = {"connect_timeout": 1, "read_timeout": 2, "retries": {"mode": "standard", "total_max_attempts": 1}}

# What changes a pool has minutes, and reads anew before each attempt: to repeat a stale update would undo another's.
_SLOWLY: Final = {"connect_timeout": 3, "read_timeout": 15, "retries": {"mode": "standard", "total_max_attempts": 1}}


# What passes by itself: the service was asked too much, two calls met, or it takes one change at a time.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
# https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/CommonErrors.html
_PASSING: Final = frozenset(
    {
        "ConcurrentModificationException",
        "InternalErrorException",
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingError",
        "ThrottlingException",
        "TooManyRequestsException",
        "TooManyUpdates",
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)


class Caller[Client]:
    """Base of what calls one service of AWS.

    Args:
        client: A client of the service; with None one is made when it is first needed.
        make: Makes one.

    Example:
        >>> class Buckets(Caller["S3Client"]):
        ...     def __init__(self) -> None:
        ...         super().__init__(None, s3)
    """

    def __init__(self, client: Client | None, make: Callable[[], Client]) -> None:
        if client is not None:
            self._client = client
        self._make = make

    def prepare(self) -> None:
        """Make the client now: for a function that always needs it, before its handler.

        Lambda gives a starting environment a whole processor, and the first event a share of one. Making a client takes
        more work than all else in a function, and Cognito waits 5 s for the first event as for any other.

        Source: https://docs.aws.amazon.com/lambda/latest/dg/best-practices.html

        Example:
            >>> Buckets().prepare()  # doctest: +SKIP
        """
        _ = self._client

    @cached_property
    def _client(self) -> Client:
        return self._make()


def is_passing(error: Exception) -> bool:
    """Whether the same call may succeed a little later: the service throttled, failed, or did not answer.

    Args:
        error: What a botocore client raised.
    """
    from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004, PLC0415 - as in _made

    if not isinstance(error, ClientError):
        return isinstance(error, (ConnectionError, HTTPClientError))  # it was not reached, or did not answer
    code = error.response.get("Error", {}).get("Code")
    if code == "TransactionCanceledException":
        return set(reasons(error)) - {"None"} <= _PASSING
    return code in _PASSING or error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500


def reasons(error: Exception) -> list[str]:
    """Why a transaction was cancelled: a code for each write of it, ``None`` for one that was not at fault."""
    response: Mapping[str, Any] = getattr(error, "response", {})
    return [reason.get("Code", "None") for reason in response.get("CancellationReasons", ())]


@cache  # one for all tables of a function: to make one is most of a cold start
def dynamodb() -> "DynamoDBClient":
    """The DynamoDB client, which gives up within the time a trigger has."""
    client = cast("DynamoDBClient", _made("dynamodb", _DEADLINES))
    client.meta.events.register("after-call.dynamodb", _refuse_part_of_an_answer)
    return client


def cognito() -> "CognitoIdentityProviderClient":
    """A user pool client that gives up within the time a trigger has."""
    return cast("CognitoIdentityProviderClient", _made("cognito-idp", _DEADLINES))


def user_pools() -> "CognitoIdentityProviderClient":
    """A user pool client that waits for a change of a pool, and makes it once."""
    return cast("CognitoIdentityProviderClient", _made("cognito-idp", _SLOWLY))


def parameters() -> "SSMClient":
    """A Systems Manager client for what changes a pool."""
    return cast("SSMClient", _made("ssm", _SLOWLY))


def stacks() -> "CloudFormationClient":
    """A CloudFormation client for what changes a pool."""
    return cast("CloudFormationClient", _made("cloudformation", _SLOWLY))


def secrets_manager() -> "SecretsManagerClient":
    """A Secrets Manager client that gives up within the time a trigger has."""
    return cast("SecretsManagerClient", _made("secretsmanager", _DEADLINES))


@cache  # its model is large, and signing a form is all that most calls want of it
def s3() -> "S3Client":
    """An S3 client that gives up within the time a request has. What it signs names the region's own address.

    At the address without a region a young bucket answers with a redirection, which a browser does not follow for
    another origin: https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html
    """
    signing = {"signature_version": "s3v4", "s3": {"addressing_style": "virtual"}}
    return cast("S3Client", _made("s3", _DEADLINES | signing))


def kms() -> "KMSClient":
    """A KMS client that gives up within the time a trigger has."""
    return cast("KMSClient", _made("kms", _DEADLINES))


def ses(region: str) -> "SESV2Client":
    """An SES client that tries once.

    Args:
        region: Where the identity is that sends.
    """
    return cast("SESV2Client", _made("sesv2", _ONCE, region))


def sns() -> "SNSClient":
    """An SNS client that tries once."""
    return cast("SNSClient", _made("sns", _ONCE))


def _refuse_part_of_an_answer(http_response: Any, **_rest: Any) -> None:
    # Botocore reads an answer that was cut off once more, and after the last attempt takes it for an empty one: there
    # would be no profile, and nobody suspended.
    length = http_response.headers.get("content-length")
    if length is not None and len(http_response.content) < int(length):
        from botocore.exceptions import ConnectionClosedError  # noqa: PLC0415 - as in _made

        raise ConnectionClosedError(endpoint_url=http_response.url)


def _made(service: str, options: Mapping[str, Any], region: str | None = None) -> Any:
    try:  # here, as botocore is half of a cold start: who brings a client, or never needs one, does not pay for it
        from botocore.config import Config  # noqa: PLC0415
        from botocore.session import get_session  # noqa: PLC0415
    except ModuleNotFoundError as missing:  # on Lambda the runtime brings it
        missing.add_note("Clients of AWS are made with botocore: install poolhouse[profiles] or poolhouse[pools].")
        raise
    # botocore alone starts faster than boto3, which adds nothing that is used here.
    return get_session().create_client(service, region_name=region, config=Config(**options))
