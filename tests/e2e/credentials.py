"""From an ID token to AWS credentials, by the calls that a browser makes."""

from collections.abc import Mapping

import boto3

from local.settings import REGION, Settings


def session_of(settings: Settings, outputs: Mapping[str, str], token: str, **logins: str) -> boto3.Session:
    """Exchange a token at a stack's identity pool: both calls take no credentials."""
    identities = settings.client("cognito-identity")
    provider = f"cognito-idp.{REGION}.amazonaws.com/{outputs['UserPoolId']}"
    login = {"Logins": {provider: token} | logins}
    identity = identities.get_id(IdentityPoolId=outputs["IdentityPoolId"], **login)["IdentityId"]
    given = identities.get_credentials_for_identity(IdentityId=identity, **login)["Credentials"]
    return boto3.Session(given["AccessKeyId"], given["SecretKey"], given["SessionToken"], REGION)
