"""Rotates the secret of a stack's app client on AWS: `make rotate-secret` and `make retire-secret`."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from poolhouse.machine_tokens import MachineTokens
from poolhouse.pools.client_secrets import ClientSecretError, ClientSecrets

from local.settings import LocalError

CLIENTS: Final = {"machine": "Machine", "server": "Server"}


def rotate(outputs: Mapping[str, str], client: str, service: Callable[[str], Any]) -> str:
    """Give the callers of an app client a new secret, and keep the old one good.

    Args:
        outputs: The stack's outputs.
        client: ``machine`` or ``server``.
        service: Makes a boto3 client of a service.

    Returns:
        What to tell the person at the keyboard.

    Raises:
        LocalError: It could not be done; callers have a secret that works all the same.
    """
    try:
        _secrets(outputs, client, service).rotate()
    except ClientSecretError as error:
        raise LocalError(str(error)) from error
    return (
        f"Callers that read {outputs[f'{CLIENTS[client]}ClientSecretArn']} get a new secret from now on.\n"
        "The old one works until you delete it. When no caller uses it any more, run:\n"
        f"  make retire-secret CLIENT={client}"
    )


def retire(outputs: Mapping[str, str], client: str, service: Callable[[str], Any]) -> str:
    """Delete the secret of an app client that callers no longer read. Arguments and errors as for `rotate`."""
    try:
        deleted = _secrets(outputs, client, service).retire()
    except ClientSecretError as error:
        raise LocalError(str(error)) from error
    return "Deleted the old secret." if deleted else "There is one secret only; nothing was deleted."


def _secrets(outputs: Mapping[str, str], client: str, service: Callable[[str], Any]) -> ClientSecrets:
    name = CLIENTS[client]
    if f"{name}ClientSecretArn" not in outputs:
        raise LocalError("The stack has no app clients of its own: rotate their secrets where they were made.")
    site = urlsplit(outputs["SignInUrl"])

    def attempt(client_id: str, client_secret: str) -> str:
        return MachineTokens(f"{site.scheme}://{site.netloc}/oauth2/token", client_id, client_secret).get()

    return ClientSecrets(
        service("cognito-idp"),
        service("secretsmanager"),
        outputs["UserPoolId"],
        outputs[f"{name}ClientId"],
        outputs[f"{name}ClientSecretArn"],
        attempt if client == "machine" else None,  # the server client gets no token without a user
    )
