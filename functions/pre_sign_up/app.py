"""Pre sign-up: which e-mail domains may have an account here."""

import os

from poolhouse.triggers import Event, trigger
from poolhouse.triggers.email_domains import EmailDomains

DOMAINS = EmailDomains.parse(
    allowed=os.environ.get("ALLOWED_EMAIL_DOMAINS", ""), blocked=os.environ.get("BLOCKED_EMAIL_DOMAINS", "")
)


@trigger(
    "PreSignUp_SignUp",
    "PreSignUp_AdminCreateUser",
    "PreSignUp_ExternalProvider",
    on_failure="refuse",
)
def lambda_handler(event: Event) -> None:
    """Refuse an address of a domain that may not sign up; change nothing else."""
    DOMAINS.check(event["request"]["userAttributes"].get("email"))
