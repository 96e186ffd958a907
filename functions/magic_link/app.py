"""Define, create and verify auth challenge: sign-in by a link in an e-mail."""

import os
from collections.abc import Mapping
from typing import Any

from poolhouse.triggers import Event, added_hooks, sources, trigger
from poolhouse.triggers.magic_links import MagicLinks
from poolhouse.triggers.messages import Messages
from poolhouse.triggers.sign_in_links import SignInLinks
from poolhouse.triggers.sign_in_mail import SignInMail

MINUTES = int(os.environ["SIGN_IN_LINK_MINUTES"])
LINKS = SignInLinks(os.environ["SIGN_IN_LINKS_TABLE"])
MAIL = SignInMail(
    os.environ["FROM_EMAIL_ADDRESS"],
    os.environ["SES_IDENTITY_ARN"],
    url=os.environ["MAGIC_LINK_URL"],
    minutes=MINUTES,
    messages=Messages(os.environ.get("DEFAULT_LANGUAGE", "en")),
)
LINKS.prepare()
MAIL.prepare()
MAGIC_LINKS = MagicLinks(LINKS, MAIL, minutes=MINUTES)
DECISIONS = {
    **dict.fromkeys(sources.DEFINE_AUTH_CHALLENGE, MAGIC_LINKS.define),
    **dict.fromkeys(sources.CREATE_AUTH_CHALLENGE, MAGIC_LINKS.create),
    **dict.fromkeys(sources.VERIFY_AUTH_CHALLENGE, MAGIC_LINKS.verify),
}


@trigger(*DECISIONS, on_failure="refuse", added=added_hooks("magic_link"))
def lambda_handler(event: Event) -> Mapping[str, Any]:
    """Say what comes next, mail a link, or judge an answer."""
    return DECISIONS[event["triggerSource"]](event)
