"""Rotate the secret of an app client while its callers go on: for a while Cognito takes both the old one and the new.

Cognito takes two secrets of an app client at most
(https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AddUserPoolClientSecret.html). Callers
read theirs from Secrets Manager. Each step leaves what they read a secret that Cognito takes, and a run that was
interrupted anywhere can be run again: the new secret is kept under ``AWSPENDING`` before Cognito is told of it, as a
rotation of Secrets Manager's own does
(https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets.html).
"""

import json
import secrets
import string
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_secretsmanager import SecretsManagerClient

LENGTH: Final = 48
_LETTERS: Final = string.ascii_letters + string.digits


class ClientSecretError(Exception):
    """Nothing was changed for the callers; the message says why, and what to do."""


class Try(Protocol):
    """Gets a token with a secret, and raises when Cognito does not take it."""

    def __call__(self, client_id: str, client_secret: str, /) -> object:
        """Try the secret."""


@dataclass(frozen=True)
class _Stored:
    """A version of the secret in Secrets Manager."""

    version: str
    made_at: datetime
    client_secret: str = field(repr=False)
    client_secret_id: str | None


class ClientSecrets:
    """The secrets of one app client: those that Cognito takes, and the one that callers read.

    Args:
        cognito: A Cognito client.
        store: A Secrets Manager client.
        user_pool_id: The pool.
        client_id: The app client.
        secret_arn: The secret that callers read: JSON with ``client_id`` and ``client_secret``.
        attempt: Gets a token with a secret, or raises; None for an app client that gets none without a user. A new
            secret that it does not take is never given to the callers.

    Example:
        >>> ClientSecrets(cognito, secrets_manager, pool, client, arn, attempt).rotate()  # doctest: +SKIP
    """

    def __init__(
        self,
        cognito: "CognitoIdentityProviderClient",
        store: "SecretsManagerClient",
        user_pool_id: str,
        client_id: str,
        secret_arn: str,
        attempt: Try | None,
    ) -> None:
        self._cognito = cognito
        self._store = store
        self._pool = user_pool_id
        self._client = client_id
        self._arn = secret_arn
        self._attempt = attempt

    def rotate(self) -> None:
        """Give the callers a new secret. The old one stays good until `retire`.

        Raises:
            ClientSecretError: There are two secrets already, or Cognito does not take the new one.
            botocore.exceptions.ClientError: AWS refuses a call. Mend that and run this again.
        """
        current, pending = self._stored("AWSCURRENT"), self._stored("AWSPENDING")
        if current is None:
            raise ClientSecretError(f"The secret {self._arn} has no value. Callers have nothing to read.")
        if pending is None or pending.client_secret != current.client_secret:
            live = self._live()
            if pending is None:
                if len(live) > 1:
                    raise ClientSecretError(
                        f"App client {self._client} has two secrets, which is as many as Cognito takes. When no caller "
                        "uses the old one any more, retire it, then rotate again."
                    )
                pending = self._make_pending()
            secret_id = self._tell_cognito(pending) if len(live) < 2 else self._told_earlier(live, pending)
            self._check(pending.client_secret, "the new secret. Callers keep the old one; try again in a minute")
            # From here on callers read the new one. The id tells `retire` which of the two they use.
            self._put(pending.client_secret, "AWSCURRENT", secret_id)
        self._store.update_secret_version_stage(
            SecretId=self._arn, VersionStage="AWSPENDING", RemoveFromVersionId=pending.version
        )

    def retire(self) -> bool:
        """Delete the secret that callers no longer read.

        Returns:
            Whether there was one.

        Raises:
            ClientSecretError: It is not certain which of the two callers read, or Cognito does not take that one.
            botocore.exceptions.ClientError: AWS refuses a call.
        """
        live, current = self._live(), self._stored("AWSCURRENT")
        if len(live) < 2:
            return False
        if current is None or current.client_secret_id not in live:
            raise ClientSecretError(
                f"App client {self._client} has two secrets, and {self._arn} does not say which one callers read, so "
                "none is deleted. An interrupted rotation is finished by rotating again."
            )
        self._check(current.client_secret, "the secret that callers read. Nothing was deleted")
        for secret_id in live:
            if secret_id != current.client_secret_id:
                self._cognito.delete_user_pool_client_secret(
                    UserPoolId=self._pool, ClientId=self._client, ClientSecretId=secret_id
                )
        return True

    def _live(self) -> dict[str, datetime]:
        """When each secret that Cognito takes was made, by id."""
        answer = self._cognito.list_user_pool_client_secrets(UserPoolId=self._pool, ClientId=self._client)
        return {each["ClientSecretId"]: each["ClientSecretCreateDate"] for each in answer["ClientSecrets"]}

    def _stored(self, stage: str) -> _Stored | None:
        try:
            answer = self._store.get_secret_value(SecretId=self._arn, VersionStage=stage)
        except self._store.exceptions.ResourceNotFoundException:
            return None
        found = json.loads(answer["SecretString"])
        return _Stored(
            answer["VersionId"], answer["CreatedDate"], found["client_secret"], found.get("client_secret_id")
        )

    def _make_pending(self) -> _Stored:
        made = "".join(secrets.choice(_LETTERS) for _ in range(LENGTH))
        self._put(made, "AWSPENDING")
        pending = self._stored("AWSPENDING")
        if pending is None or pending.client_secret != made:
            raise ClientSecretError(
                "Somebody else rotates this secret at this moment. Run this again when they are done."
            )
        return pending

    def _put(self, client_secret: str, stage: str, secret_id: str | None = None) -> None:
        value = {"client_id": self._client, "client_secret": client_secret}
        if secret_id is not None:
            value["client_secret_id"] = secret_id
        self._store.put_secret_value(SecretId=self._arn, SecretString=json.dumps(value), VersionStages=[stage])

    def _tell_cognito(self, pending: _Stored) -> str:
        answer = self._cognito.add_user_pool_client_secret(
            UserPoolId=self._pool, ClientId=self._client, ClientSecret=pending.client_secret
        )
        return answer["ClientSecretDescriptor"]["ClientSecretId"]

    def _told_earlier(self, live: dict[str, datetime], pending: _Stored) -> str:
        """The id that Cognito gave the pending secret in a run that was interrupted: the newer of the two."""
        newest = max(live, key=lambda secret_id: live[secret_id])
        # Cognito counts whole seconds.
        if live[newest].replace(microsecond=0) < pending.made_at.replace(microsecond=0):
            raise ClientSecretError(
                f"App client {self._client} has two secrets, and neither is the one that waits in {self._arn}. When no "
                "caller uses the older one any more, delete it, then rotate again."
            )
        return newest

    def _check(self, client_secret: str, what: str) -> None:
        if self._attempt is None:
            return
        try:
            self._attempt(self._client, client_secret)
        except Exception as failure:
            raise ClientSecretError(f"Cognito does not take {what}. {failure}") from None
