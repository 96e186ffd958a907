"""What a custom sender sends, and how: through SES and SNS."""

import html
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from poolhouse import aws
from poolhouse.triggers.messages import Messages, occasion_of, values_of
from poolhouse.triggers.running import Event

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

_UTF_8: Final = "UTF-8"


class OutgoingMessage(NamedTuple):
    """A message with its code in clear. Send it, and keep it nowhere: printing it shows neither code nor recipient.

    Attributes:
        medium: How it is sent.
        recipient: An e-mail address, or a phone number such as ``+41791234567``.
        subject: Of an e-mail; None for a text message.
        body: HTML of an e-mail, or the text message.
        occasion: What it is for, such as ``forgot_password``.
        language: What it is written in, such as ``de``.
    """

    medium: Literal["email", "sms"]
    recipient: str
    subject: str | None
    body: str
    occasion: str
    language: str

    def __repr__(self) -> str:
        return f"OutgoingMessage({self.medium}, {self.occasion}, {self.language})"


def outgoing_message(event: Event, code: str | None, messages: Messages) -> OutgoingMessage:
    """Write the message that a custom sender's event asks for.

    Args:
        event: The event of a custom e-mail or SMS sender.
        code: The code in clear, or None where the event has none.
        messages: The texts.

    Raises:
        KeyError: The user has no address or number.
        IllegalResponseError: There is no text that can be sent.
    """
    request, source = event["request"], event["triggerSource"]
    occasion, language, attributes = occasion_of(source), messages.language_of(request), request["userAttributes"]
    values = values_of(request, occasion)
    if code is not None:
        values["code"] = code
    if occasion == "admin_create_user":
        # Cognito gives the function a temporary password with its <, > and & written as in HTML, see
        # https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-custom-sender-triggers.html
        values |= {"code": html.unescape(values["code"]), "username": attributes.get("email") or event["userName"]}
    if source.startswith("CustomSMSSender_"):
        body = messages.text(occasion, "sms.txt", language, values)
        return OutgoingMessage("sms", attributes["phone_number"], None, body, occasion, language)
    subject = messages.text(occasion, "subject.txt", language, values)
    body = messages.text(occasion, "email.html", language, values)
    return OutgoingMessage("email", attributes["email"], subject, body, occasion, language)


_TRANSACTIONAL: Final[dict[str, Any]] = {
    "AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"}  # codes are worth more than a saving
}


class SesAndSns:
    """Sends e-mail through SES and text messages through SNS.

    Args:
        from_address: Who the e-mail is from, such as ``Example <no-reply@example.com>``.
        identity_arn: ARN of the SES identity; its region is where SES is called.

    Raises:
        ValueError: There is no identity to send with.
    """

    def __init__(self, from_address: str, identity_arn: str) -> None:
        if not identity_arn:
            raise ValueError("MessageSender is own: hooks/message_sender.py needs a function send(message)")
        self._from = from_address
        self._ses = aws.ses(identity_arn.split(":")[3])
        self._sns = aws.sns()

    def send(self, message: OutgoingMessage) -> None:
        """Send one message, with one attempt: a second one could be a second message.

        Raises:
            botocore.exceptions.BotoCoreError: The service did not answer.
            botocore.exceptions.ClientError: The service refused.
        """
        if message.medium == "sms":
            self._sns.publish(PhoneNumber=message.recipient, Message=message.body, MessageAttributes=_TRANSACTIONAL)
            return
        send_email(self._ses, self._from, message.recipient, message.subject or "", message.body)


def send_email(ses: "SESV2Client", sender: str, recipient: str, subject: str, page: str) -> None:
    """Send one e-mail through SES.

    Args:
        ses: An SES client.
        sender: Who it is from, such as ``Example <no-reply@example.com>``.
        recipient: The address.
        subject: Its subject.
        page: What it says, in HTML.

    Raises:
        botocore.exceptions.BotoCoreError: The service did not answer.
        botocore.exceptions.ClientError: The service refused.
    """
    ses.send_email(
        FromEmailAddress=sender,
        Destination={"ToAddresses": [recipient]},
        Content={
            "Simple": {
                "Subject": {"Data": subject, "Charset": _UTF_8},
                "Body": {"Html": {"Data": page, "Charset": _UTF_8}},
            }
        },
    )
