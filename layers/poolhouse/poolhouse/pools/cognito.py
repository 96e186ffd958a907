"""Amazon Cognito, reached when it is first needed."""

from typing import TYPE_CHECKING

from poolhouse import aws

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient


class Cognito(aws.Caller["CognitoIdentityProviderClient"]):
    """Base of what asks Cognito about user pools.

    Args:
        client: A Cognito client; by default one is made when it is first needed.
    """

    def __init__(self, client: "CognitoIdentityProviderClient | None" = None) -> None:
        super().__init__(client, aws.cognito)
