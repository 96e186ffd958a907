"""Pre authentication: a suspended user is turned away before the password is looked at."""

import os

from poolhouse.profiles import ProfileRepository, Status
from poolhouse.triggers import Event, Refusal, added_hooks, sources, trigger

PROFILES = ProfileRepository(os.environ["PROFILES_TABLE"])
PROFILES.prepare()


# Whom a failure of ours lets pass here still needs the password, and then meets pre token generation, which lets nobody
# pass. Refusing would stop every known user, and by that tell them from the unknown.
@trigger(*sources.PRE_AUTHENTICATION, on_failure="continue", added=added_hooks("pre_authentication"))
def lambda_handler(event: Event) -> None:
    """Refuse a suspended user, in the words of any failed sign-in: whoever asks has proven nothing yet."""
    attributes = event["request"].get("userAttributes") or {}
    # An unknown user (`userNotFound`) has no sub. To look all the same takes the time that it takes for a known one.
    profile = PROFILES.get(attributes.get("sub", "unknown"))
    if profile and profile.status is not Status.ACTIVE:
        raise Refusal("sign_in_refused", "Incorrect username or password.")
