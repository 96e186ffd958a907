"""Post authentication: the profile knows when its user last signed in."""

import os

from poolhouse.profiles import ProfileRepository
from poolhouse.triggers import Event, added_hooks, sources, trigger

PROFILES = ProfileRepository(os.environ["PROFILES_TABLE"])
PROFILES.prepare()


# The user is who they say they are: a time that could not be noted is no reason to turn them away.
@trigger(*sources.POST_AUTHENTICATION, on_failure="continue", added=added_hooks("post_authentication"))
def lambda_handler(event: Event) -> None:
    """Note the time on the profile, if there is one."""
    PROFILES.record_sign_in(event["request"]["userAttributes"]["sub"])
