"""Users of a test's own, so that what a test does to one meets no other test; and tokens of the machine client."""

import base64
import json
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import httpx

from local import users
from local.stack import LocalStack
from tests.e2e.conftest import PASSWORD
from tests.e2e.tokens import claims_of


@dataclass(frozen=True)
class Person:
    """A user who has signed in once, which makes the profile.

    Attributes:
        sub: The key of the profile.
        email: What the user signs in with; the password is ``PASSWORD``.
        token: An access token of the web client, by an SDK's sign-in.
        refresh_token: What came with it.
    """

    sub: str
    email: str
    token: str
    refresh_token: str


def new_person(stack: LocalStack, *groups: str) -> Person:
    """Make a user in some groups, and sign in. A group that the pool does not have is made."""
    cognito, pool = stack.settings.client("cognito-idp"), stack.outputs["UserPoolId"]
    email = f"{uuid.uuid4().hex[:12]}@example.com"
    cognito.admin_create_user(
        UserPoolId=pool,
        Username=email,
        MessageAction="SUPPRESS",
        UserAttributes=[
            {"Name": "email", "Value": email},
            {"Name": "email_verified", "Value": "true"},
            {"Name": "name", "Value": "Pat Example"},
        ],
    )
    cognito.admin_set_user_password(UserPoolId=pool, Username=email, Password=PASSWORD, Permanent=True)
    for group in groups:
        with suppress(cognito.exceptions.GroupExistsException):
            cognito.create_group(UserPoolId=pool, GroupName=group)
        cognito.admin_add_user_to_group(UserPoolId=pool, Username=email, GroupName=group)
    tokens = users.sign_in(stack, email, PASSWORD)
    return Person(str(claims_of(tokens["AccessToken"])["sub"]), email, tokens["AccessToken"], tokens["RefreshToken"])


def refreshed(stack: LocalStack, person: Person) -> str:
    """An access token for the person's refresh token."""
    cognito = stack.settings.client("cognito-idp")
    answer = cognito.initiate_auth(
        AuthFlow="REFRESH_TOKEN_AUTH",
        ClientId=stack.outputs["WebClientId"],
        AuthParameters={"REFRESH_TOKEN": person.refresh_token},
    )
    return str(answer["AuthenticationResult"]["AccessToken"])


@contextmanager
def machine_client_with(stack: LocalStack, scopes: Collection[str]) -> Iterator[None]:
    """The machine client with other scopes than it was deployed with, as the parameter MachineScopes gives them."""
    cognito, pool = stack.settings.client("cognito-idp"), stack.outputs["UserPoolId"]
    client = stack.outputs["MachineClientId"]
    before = cognito.describe_user_pool_client(UserPoolId=pool, ClientId=client)["UserPoolClient"]["AllowedOAuthScopes"]
    cognito.update_user_pool_client(UserPoolId=pool, ClientId=client, AllowedOAuthScopes=sorted(scopes))
    try:
        yield
    finally:
        cognito.update_user_pool_client(UserPoolId=pool, ClientId=client, AllowedOAuthScopes=before)


def machine_token(stack: LocalStack, scopes: Collection[str]) -> str:
    """A token of the machine client for some of its scopes (RFC 6749, section 4.4)."""
    kept = stack.settings.client("secretsmanager").get_secret_value(SecretId=stack.outputs["MachineClientSecretArn"])
    secret = json.loads(kept["SecretString"])
    basic = base64.b64encode(f"{secret['client_id']}:{secret['client_secret']}".encode()).decode()
    answer = httpx.post(
        f"{stack.settings.endpoint}/oauth2/token",
        data={"grant_type": "client_credentials", "scope": " ".join(sorted(scopes))},
        headers={"Authorization": f"Basic {basic}"},
        timeout=30,
    )
    return str(answer.raise_for_status().json()["access_token"])
