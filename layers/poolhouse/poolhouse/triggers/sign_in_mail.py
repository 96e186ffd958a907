"""The mail that brings a sign-in link."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from poolhouse import aws
from poolhouse.triggers.messages import SIGN_IN_LINK, Messages, values_of
from poolhouse.triggers.sending import send_email

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client


class SignInMail(aws.Caller["SESV2Client"]):
    """Sends sign-in links through Amazon SES.

    Args:
        sender: The From address, with or without a name before it.
        identity_arn: The SES identity of that address. Mail is sent from its region.
        url: The page of the app that a link leads to, without a fragment.
        minutes: How long a link works, for the text.
        messages: The texts.
        client: An SES client; by default one is made when it is first needed.

    Example:
        >>> mail = SignInMail(
        ...     "no-reply@example.com",
        ...     "arn:aws:ses:eu-west-1:123456789012:identity/example.com",
        ...     url="https://app.example.com/sign-in",
        ...     minutes=15,
        ...     messages=Messages("en"),
        ... )
        >>> mail.link("c2VjcmV0")
        'https://app.example.com/sign-in#sign-in-link=c2VjcmV0'
    """

    def __init__(
        self,
        sender: str,
        identity_arn: str,
        *,
        url: str,
        minutes: int,
        messages: Messages,
        client: "SESV2Client | None" = None,
    ) -> None:
        super().__init__(client, partial(aws.ses, identity_arn.split(":")[3]))
        self._sender = sender
        self._url = url
        self._minutes = minutes
        self._messages = messages

    def link(self, secret: str) -> str:
        """Return the link that brings a secret.

        The secret stands in the fragment, which browsers send to no server (RFC 9110, section 7.1): no access log, no
        proxy and no Referer header holds it. Nothing in a link tells whose it is.
        """
        return f"{self._url}#sign-in-link={secret}"

    def send(self, request: Mapping[str, Any], secret: str) -> None:
        """Send a link to a user, in the user's language.

        Args:
            request: ``request`` of the trigger's event.
            secret: What the link brings, in characters that a fragment may have.

        Raises:
            KeyError: The user has no address.
            IllegalResponseError: There is no text that can be sent.
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: SES refused or did not answer.
        """
        language = self._messages.language_of(request)
        values = values_of(request, SIGN_IN_LINK, link=self.link(secret), minutes=str(self._minutes))
        subject = self._messages.text(SIGN_IN_LINK, "subject.txt", language, values)
        page = self._messages.text(SIGN_IN_LINK, "email.html", language, values)
        send_email(self._client, self._sender, request["userAttributes"]["email"], subject, page)
