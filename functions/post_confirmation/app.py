"""Post confirmation: a confirmed user gets a profile."""

import os

from poolhouse.profiles import Profile, ProfileRepository
from poolhouse.triggers import Event, trigger

PROFILES = ProfileRepository(os.environ["PROFILES_TABLE"])


# Failing here would tell the user that signing up failed, when it did not: the first sign-in makes the profile.
@trigger(
    "PostConfirmation_ConfirmSignUp",
    "PostConfirmation_ConfirmForgotPassword",
    on_failure="continue",
)
def lambda_handler(event: Event) -> None:
    """Make the profile unless it is there. Cognito may call up to three times, also at once."""
    PROFILES.create(Profile.from_attributes(event["request"]["userAttributes"]))
