"""Pre token generation: a session begins or goes on. Keep the profile, hold out the suspended, add a role's scopes."""

import os
from typing import Any

from poolhouse.access import default_policy
from poolhouse.pools import AppClientScopes
from poolhouse.profiles import ProfileRepository, Status
from poolhouse.triggers import Event, Refusal, trigger
from poolhouse.triggers.token_customisation import customisation, scope_changes

PROFILES = ProfileRepository(os.environ["PROFILES_TABLE"])
CLIENTS = AppClientScopes()


@trigger(
    "TokenGeneration_HostedAuth",
    "TokenGeneration_Authentication",
    "TokenGeneration_NewPasswordChallenge",
    "TokenGeneration_AuthenticateDevice",
    "TokenGeneration_RefreshTokens",
    "TokenGeneration_ClientCredentials",
    on_failure="refuse",
)
def lambda_handler(event: Event) -> dict[str, Any] | None:
    """Refuse a suspended user; add the scopes of the user's roles that the app client lists."""
    if event["triggerSource"] == "TokenGeneration_ClientCredentials":
        return None  # A machine has no profile and no role: Cognito holds it to its client's scopes.
    request = event["request"]
    if PROFILES.ensure(request["userAttributes"]).status is not Status.ACTIVE:
        raise Refusal("account_suspended", "This account is suspended.")
    client_scopes = CLIENTS.of(event["userPoolId"], event["callerContext"]["clientId"])
    return customisation(request, *scope_changes(default_policy(), request, client_scopes))
