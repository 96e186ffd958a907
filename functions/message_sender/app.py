"""Message sender: sends every e-mail and text message in Cognito's place."""

import os

from poolhouse.triggers import Event, sources, trigger
from poolhouse.triggers.added_hooks import replacement
from poolhouse.triggers.messages import Messages
from poolhouse.triggers.secret_codes import SecretCodes
from poolhouse.triggers.sending import SesAndSns, outgoing_message

CODES = SecretCodes(os.environ["KEY_ARN"])
MESSAGES = Messages(os.environ.get("DEFAULT_LANGUAGE", "en"))
SEND = (
    replacement("message_sender", "send")
    or SesAndSns(os.environ["FROM_EMAIL_ADDRESS"], os.environ["SES_IDENTITY_ARN"]).send
)


# Cognito does not wait for a sender, and shows nobody what it says: an error makes Lambda try twice more. Sending comes
# last, so that nothing of ours can fail behind it and send the message again.
@trigger(*sources.CUSTOM_EMAIL_SENDER, *sources.CUSTOM_SMS_SENDER, on_failure="refuse")
def lambda_handler(event: Event) -> None:
    """Decrypt the code, write the message in the user's language, send it."""
    encrypted = event["request"].get("code")
    code = CODES.decrypt(encrypted, event["userPoolId"]) if encrypted else None
    SEND(outgoing_message(event, code, MESSAGES))
