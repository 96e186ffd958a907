"""Amazon Cognito, reached when it is first needed."""

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient


class Cognito:
    """Base of what asks Cognito about user pools.

    Args:
        client: A Cognito client; by default one is made when it is first needed.
    """

    def __init__(self, client: "CognitoIdentityProviderClient | None" = None) -> None:
        if client is not None:
            self._client = client

    @cached_property
    def _client(self) -> "CognitoIdentityProviderClient":
        from poolhouse import aws  # noqa: PLC0415 - botocore is half of a cold start; who gives a client has paid already

        return aws.cognito()
