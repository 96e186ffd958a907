"""Custom message: what Cognito writes to a user, in the user's language."""

import os

from poolhouse.triggers import Event, added_hooks, sources, trigger
from poolhouse.triggers.messages import Messages, occasion_of, values_of

MESSAGES = Messages(os.environ.get("DEFAULT_LANGUAGE", "en"))


# Failing here would fail the sign-up, when Cognito has a text of its own.
@trigger(*sources.CUSTOM_MESSAGE, on_failure="continue", added=added_hooks("custom_message"))
def lambda_handler(event: Event) -> dict[str, str]:
    """Write all three parts, with Cognito's placeholders as the values. Cognito takes the ones it sends."""
    request, occasion = event["request"], occasion_of(event["triggerSource"])
    values = values_of(request, occasion, code=request["codeParameter"])
    if occasion == "admin_create_user":
        values["username"] = request["usernameParameter"]
    language = MESSAGES.language_of(request)
    return {
        "emailSubject": MESSAGES.text(occasion, "subject.txt", language, values),
        "emailMessage": MESSAGES.text(occasion, "email.html", language, values),
        "smsMessage": MESSAGES.text(occasion, "sms.txt", language, values),
    }
