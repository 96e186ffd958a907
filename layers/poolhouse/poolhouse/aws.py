"""Clients of AWS services with deadlines that fit a Cognito trigger."""

from typing import TYPE_CHECKING, Final, cast

try:
    import botocore.session
    from botocore.config import Config
except ModuleNotFoundError as missing:  # on Lambda the runtime brings it
    missing.add_note("Clients of AWS are made with botocore: install poolhouse[profiles] or poolhouse[pools].")
    raise

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb import DynamoDBClient

# Cognito gives a trigger 5 s and nothing can change that
# (https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html).
# Botocore would wait 60 s for one answer. Two attempts of at most 1 s each leave time to say what went wrong.
_DEADLINES: Final = Config(
    connect_timeout=1, read_timeout=1, retries={"mode": "standard", "total_max_attempts": 2}, max_pool_connections=4
)


def dynamodb() -> "DynamoDBClient":
    """A DynamoDB client that gives up within the time a trigger has."""
    return cast("DynamoDBClient", _session().create_client("dynamodb", config=_DEADLINES))


def cognito() -> "CognitoIdentityProviderClient":
    """A user pool client that gives up within the time a trigger has."""
    return cast("CognitoIdentityProviderClient", _session().create_client("cognito-idp", config=_DEADLINES))


def _session() -> botocore.session.Session:
    # botocore alone starts faster than boto3, which adds nothing that is used here.
    return botocore.session.get_session()
