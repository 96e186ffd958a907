"""Pre token generation: a session begins or goes on. Keep the profile, hold out the suspended, add a role's scopes."""

import os
from typing import Any

from poolhouse.access import default_policy
from poolhouse.pools import AppClientScopes
from poolhouse.profiles import AuditLog, ProfileRepository, Status
from poolhouse.triggers import Event, Refusal, TokenCustomisation, added_hooks, sources, trigger
from poolhouse.triggers.token_customisation import scope_changes

PROFILES = ProfileRepository(os.environ["PROFILES_TABLE"], audit=AuditLog(os.environ["AUDIT_TABLE"]))
CLIENTS = AppClientScopes()
PROFILES.prepare()
CLIENTS.prepare()


@trigger(*sources.PRE_TOKEN_GENERATION, on_failure="refuse", added=added_hooks("pre_token_generation"))
def lambda_handler(event: Event) -> dict[str, Any] | None:
    """Refuse a suspended user; add the scopes of the user's roles that the app client lists."""
    if event["triggerSource"] == "TokenGeneration_ClientCredentials":
        return None  # A machine has no profile and no role: Cognito holds it to its client's scopes.
    request = event["request"]
    status = PROFILES.ensure(request["userAttributes"]).status
    if status is not Status.ACTIVE:
        raise Refusal(f"account_{status}", f"This account is {status}.")
    customisation = TokenCustomisation(event)
    if not customisation.changes_access_token:
        return None  # Version 1, all that a pool of the Lite plan has: there are no scopes to change.
    client_scopes = CLIENTS.of(event["userPoolId"], event["callerContext"]["clientId"])
    add, suppress = scope_changes(default_policy(), request, client_scopes)
    return customisation.add_scopes(*add).suppress_scopes(*suppress).response()
