"""Post confirmation: a confirmed user gets a profile, and a password reset an audit record."""

import os

from poolhouse.profiles import AuditLog, Profile, ProfileRepository
from poolhouse.triggers import Event, added_hooks, sources, trigger

PROFILES = ProfileRepository(os.environ["PROFILES_TABLE"])
AUDIT = AuditLog(os.environ["AUDIT_TABLE"])
PROFILES.prepare()  # and with it AUDIT, which has the same client


def make_profile(event: Event) -> None:
    """Make the profile unless it is there; after the record, which nobody makes up for: they share the time."""
    PROFILES.create(Profile.from_attributes(event["request"]["userAttributes"]))


# Failing here would tell the user that signing up, or the reset, failed, when it did not. The first sign-in makes the
# profile; a record that could not be written stands in the log as an error.
@trigger(
    *sources.POST_CONFIRMATION,
    on_failure="continue",
    added=[make_profile, *added_hooks("post_confirmation")],
)
def lambda_handler(event: Event) -> None:
    """Record a password reset. Cognito may call up to three times, also at once."""
    if event["triggerSource"] == "PostConfirmation_ConfirmForgotPassword":
        sub = event["request"]["userAttributes"]["sub"]
        AUDIT.record(sub, "password_reset", actor=sub, role="member", event=event)
