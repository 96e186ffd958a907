"""One user for each role, and their tokens, by the calls that an application makes."""

import json
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError
from poolhouse.access import default_policy
from poolhouse.machine_tokens import MachineTokenError, MachineTokens
from pycognito.aws_srp import AWSSRP

from local.settings import LocalError
from local.stack import LocalStack

PASSWORD: Final = "Correct-Horse-42"  # noqa: S105 - of users that live in memory on this machine
MACHINE: Final = "machine"


@dataclass(frozen=True)
class User:
    """A seeded user.

    Attributes:
        role: The group, and the local part of the e-mail address.
        sub: The key of the profile.
    """

    role: str
    sub: str

    @property
    def email(self) -> str:
        """What the user signs in with."""
        return address_of(self.role)


def address_of(role: str) -> str:
    """The e-mail address of the seeded user of a role."""
    return f"{role}@example.com"


def seed(stack: LocalStack) -> list[User]:
    """Make one user for each role of the policy, unless there already; each signs in once, which makes the profile."""
    return [_ensure(stack, role) for role in default_policy().roles]


def access_token(stack: LocalStack, role: str) -> str:
    """A fresh access token of the seeded user of a role, or of the machine client for ``machine``.

    Raises:
        LocalError: There is no such role, or the sign-in was refused.
    """
    if role == MACHINE:
        return _machine_token(stack)
    if role not in default_policy().roles:
        raise LocalError(f"There is no role {role!r}. There are: {', '.join([*default_policy().roles, MACHINE])}")
    return sign_in(stack, address_of(role), PASSWORD)["AccessToken"]


def sign_in(stack: LocalStack, email: str, password: str, client_id: str | None = None) -> dict[str, str]:
    """Sign in with SRP, as a browser does: the password never leaves this process.

    Args:
        stack: The local stack.
        email: The user's e-mail address.
        password: The user's password.
        client_id: The app client; by default the web client.

    Returns:
        ``AccessToken``, ``IdToken`` and ``RefreshToken``.

    Raises:
        LocalError: The user pool refused; the message says why, in its words.
    """
    srp = AWSSRP(
        username=email,
        password=password,
        pool_id=stack.outputs["UserPoolId"],
        client_id=client_id or stack.outputs["WebClientId"],
        client=stack.settings.client("cognito-idp"),
    )
    try:
        tokens: dict[str, str] = srp.authenticate_user()["AuthenticationResult"]
    except ClientError as error:
        raise LocalError(f"{email} could not sign in: {error.response['Error'].get('Message', error)}") from error
    return tokens


def _machine_token(stack: LocalStack) -> str:
    secrets = stack.settings.client("secretsmanager")
    secret = json.loads(secrets.get_secret_value(SecretId=stack.outputs["MachineClientSecretArn"])["SecretString"])
    url = f"{stack.settings.endpoint}/oauth2/token"
    try:
        return MachineTokens(url, secret["client_id"], secret["client_secret"]).get()
    except MachineTokenError as error:
        raise LocalError(f"The machine client got no token: {error}") from error


def _ensure(stack: LocalStack, role: str) -> User:
    cognito: Any = stack.settings.client("cognito-idp")
    pool, email = stack.outputs["UserPoolId"], address_of(role)
    attributes = {
        "email": email,
        "email_verified": "true",
        "name": f"{role.title()} Example",
        "phone_number": "+15555550100",  # a number reserved for fiction
        "locale": "en",
        "zoneinfo": "Europe/Zurich",
    }
    try:
        cognito.admin_create_user(
            UserPoolId=pool,
            Username=email,
            MessageAction="SUPPRESS",
            UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
        )
    except cognito.exceptions.UsernameExistsException:
        pass
    else:
        cognito.admin_set_user_password(UserPoolId=pool, Username=email, Password=PASSWORD, Permanent=True)
        cognito.admin_add_user_to_group(UserPoolId=pool, Username=email, GroupName=role)
        sign_in(stack, email, PASSWORD)
    user = cognito.admin_get_user(UserPoolId=pool, Username=email)
    return User(role, next(item["Value"] for item in user["UserAttributes"] if item["Name"] == "sub"))
