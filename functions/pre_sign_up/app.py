"""Pre sign-up: who may have an account here, who needs no code, and which sign-ins belong to the same account."""

import os
from typing import Any

from poolhouse.pools import Users
from poolhouse.triggers import Event, added_hooks, sources, trigger
from poolhouse.triggers.email_domains import EmailDomains
from poolhouse.triggers.linking import AccountLinking

DOMAINS = EmailDomains.parse(
    allowed=os.environ.get("ALLOWED_EMAIL_DOMAINS", ""), blocked=os.environ.get("BLOCKED_EMAIL_DOMAINS", "")
)
AUTO_CONFIRM = os.environ.get("AUTO_CONFIRM_USERS") == "on"
USERS = Users()
LINKING = AccountLinking(os.environ.get("TRUSTED_IDENTITY_PROVIDERS", ""), USERS)
if AUTO_CONFIRM and LINKING.providers:
    # Anybody could sign up with an address that is not theirs, and wait for its holder to be linked to the account.
    raise ValueError("AUTO_CONFIRM_USERS and TRUSTED_IDENTITY_PROVIDERS exclude each other")
if AUTO_CONFIRM or LINKING.providers:
    USERS.prepare()


@trigger(*sources.PRE_SIGN_UP, on_failure="refuse", added=added_hooks("pre_sign_up"))
def lambda_handler(event: Event) -> dict[str, Any] | None:
    """Refuse an address of a domain that may not sign up; confirm or link where a parameter says so."""
    email = event["request"]["userAttributes"].get("email")
    DOMAINS.check(email)
    match event["triggerSource"]:
        case "PreSignUp_SignUp" if AUTO_CONFIRM:
            # Verifying an address that somebody holds would make it the new user's. They are confirmed all the same:
            # the answer to a sign-up must not tell whether the address is known.
            is_free = bool(email) and not USERS.with_email(event["userPoolId"], email)
            return {"autoConfirmUser": True, "autoVerifyEmail": is_free}
        case "PreSignUp_ExternalProvider":
            LINKING.link(event)
    return None
