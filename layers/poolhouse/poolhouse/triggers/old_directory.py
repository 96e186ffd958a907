"""Users of an old directory, who move into the user pool when they sign in or ask for a new password.

The trigger: https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-migrate-user.html
"""

from __future__ import annotations

import json
import math
import time
from typing import TYPE_CHECKING, Any, Final

from poolhouse import aws
from poolhouse.addresses import spelling
from poolhouse.logs import get_logger
from poolhouse.tokens.endpoints import web_address

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

    from poolhouse.triggers.running import Event

DEADLINE_SECONDS: Final = 3.0
"""Time for the secret and the old directory's whole answer together: within what a trigger's hooks have."""

MAX_BODY_BYTES: Final = 20_000
"""Largest answer. A user's attributes have at most 2,048 characters each."""

SECRET_SECONDS: Final = 300
"""How long a secret is kept before it is read again."""

ATTRIBUTES: Final = frozenset(
    {
        *("address", "birthdate", "email", "email_verified", "family_name", "gender", "given_name", "locale"),
        *("middle_name", "name", "nickname", "phone_number", "phone_number_verified", "picture"),
        *("preferred_username", "profile", "website", "zoneinfo"),
    }
)
"""What is taken over: the standard attributes. One that the pool's schema lacks would fail the whole migration."""

_NOT_FOUND: Final = (401, 404)
_MAX_LENGTH: Final = 2048
_logger = get_logger(__name__)


class OldDirectoryError(Exception):
    """The old directory said nothing that can be used. The text holds nothing that it sent."""


class OldDirectory:
    """The directory behind an HTTPS endpoint that knows the users who are not in the pool yet.

    It is asked with ``POST`` and a JSON object: ``username`` and ``password`` of a user who signs in, ``username``
    alone of one who forgot the password; ``Authorization`` holds the secret as a bearer token. It answers 200 with
    ``{"attributes": {...}}``, 401 where the password is wrong, 404 where it has no such user. Any other answer, and
    none in time, is a failure.

    Args:
        url: https, or http on the loopback interface.
        secret_arn: Secret of Secrets Manager whose whole text is the bearer token.
        client: None makes one.

    Raises:
        ValueError: The URL is none that anything may be fetched from.

    Example:
        >>> directory = OldDirectory("https://old.example.com/users", "arn:aws:secretsmanager:...")
        ... # doctest: +SKIP
    """

    def __init__(self, url: str, secret_arn: str, client: SecretsManagerClient | None = None) -> None:
        web_address(url)
        self._url = url
        self._secret_arn = secret_arn
        self._client = client or aws.secrets_manager()
        self._secret = ""
        self._secret_asked_at = -math.inf

    def migrate(self, event: Event) -> dict[str, Any] | None:
        """Decide the response of the trigger.

        The response stays empty for a wrong password and for an unknown user. Cognito then answers both as it answers a
        wrong password of a user it has, where the app client prevents user existence errors. An error would be shown as
        ``UserMigration failed with error ...`` instead, which tells who has an account
        (https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-managing-errors.html).

        Returns:
            The members of the response; None moves nobody.

        Raises:
            OldDirectoryError: The old directory failed, or answered for somebody else.
            KeyError: The event lacks a member.
            botocore.exceptions.ClientError: Secrets Manager refuses.
            botocore.exceptions.BotoCoreError: Secrets Manager does not answer.
        """
        username = event["userName"]
        question = {"username": username}
        signs_in = event["triggerSource"] == "UserMigration_Authentication"
        if signs_in:
            question["password"] = event["request"]["password"]
        if not all(isinstance(text, str) and text for text in question.values()):
            # Without a password the question would be that of a forgotten one, and the answer would sign the user in.
            raise OldDirectoryError("the event has no username, or no password")
        attributes = self._ask(question)
        if attributes is None:
            return None
        if spelling(attributes.get("email", "")) != spelling(username):
            raise OldDirectoryError("the answer is for another e-mail address than the one that was asked for")
        if signs_in:
            status = {"finalUserStatus": "CONFIRMED"}
        elif attributes.get("email_verified") == "true":
            status = {}  # with a new password the user will be confirmed
        else:
            _logger.info("not migrated: no code can be sent to an address that is not verified")
            return None
        # An alias is never taken from the user in the pool who has it.
        return {"userAttributes": attributes, "messageAction": "SUPPRESS", "forceAliasCreation": False, **status}

    def _ask(self, question: dict[str, str]) -> dict[str, str] | None:
        from poolhouse.tokens import fetching  # noqa: PLC0415 - network modules only when they are needed

        ends = time.monotonic() + DEADLINE_SECONDS
        headers = {"Authorization": f"Bearer {self._bearer()}", "Content-Type": "application/json"}
        try:
            answer = fetching.fetch(
                self._url,
                deadline_seconds=max(0.0, ends - time.monotonic()),
                max_bytes=MAX_BODY_BYTES,
                body=json.dumps(question).encode(),
                headers=headers,
            )
        except fetching.FetchError as failure:
            if failure.status in _NOT_FOUND:
                return None
            self._secret_asked_at = -math.inf  # it may have been rotated
            _logger.warning("the old directory failed", extra={"reason": str(failure)})
            raise OldDirectoryError("the old directory failed") from None
        return _attributes(answer)

    def _bearer(self) -> str:
        # The wall clock: a Lambda environment may be frozen between two calls. One that was set back counts as passed.
        now = time.time()
        if not 0 <= now - self._secret_asked_at < SECRET_SECONDS:
            self._secret = self._client.get_secret_value(SecretId=self._secret_arn)["SecretString"].strip()
            self._secret_asked_at = now
        return self._secret


def _attributes(answer: bytes) -> dict[str, str]:
    """What of the old directory's answer the pool can hold."""
    try:
        found = json.loads(answer)["attributes"]
        texts = {name: _text(value) for name, value in found.items() if name in ATTRIBUTES}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise OldDirectoryError('the answer is no {"attributes": {...}}') from None
    attributes = {name: text for name, text in texts.items() if 0 < len(text) <= _MAX_LENGTH}
    for name in ("email", "phone_number"):  # verified is what the old directory says is, and nothing else
        if attributes.pop(f"{name}_verified", None) == "true" and name in attributes:
            attributes[f"{name}_verified"] = "true"
    return attributes


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else ""
