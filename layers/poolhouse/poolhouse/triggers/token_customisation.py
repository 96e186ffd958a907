"""What pre token generation adds to a token: the scopes of the user's roles, and the groups as they are.

The event and the response, versions 2 and 3:
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html
"""

from collections.abc import Mapping
from typing import Any, Final

from poolhouse.access import Policy

API_SIGN_IN: Final = "aws.cognito.signin.user.admin"
"""The scope of every token from an SDK sign-in, which cannot ask for scopes; an OAuth sign-in has it if it asked."""


def scope_changes(
    policy: Policy, request: Mapping[str, Any], client_scopes: frozenset[str]
) -> tuple[frozenset[str], frozenset[str]]:
    """Which scopes to add to a user's access token, and which to take from it.

    The scopes of the roles are added, but none that the app client does not list, so that an administrator who signs in
    to a small app stays harmless there. An app that signs in by OAuth gets what it asked for and no more. What it asked
    for beyond the user's roles is taken away: Cognito itself gives every user each scope that the client lists.

    Args:
        policy: Whose scopes are meant; other scopes are left alone.
        request: ``request`` of the event: ``scopes`` and ``groupConfiguration.groupsToOverride``.
        client_scopes: ``AllowedOAuthScopes`` of the app client.

    Returns:
        The scopes to add and the scopes to suppress.
    """
    asked = frozenset(request.get("scopes") or ())
    groups = (request.get("groupConfiguration") or {}).get("groupsToOverride") or ()
    granted = policy.scopes_of(groups) & client_scopes
    if API_SIGN_IN not in asked:
        granted &= asked
    return granted - asked, (asked & policy.scopes.keys()) - granted


def customisation(request: Mapping[str, Any], add: frozenset[str], suppress: frozenset[str]) -> dict[str, Any]:
    """The response of pre token generation, versions 2 and 3.

    The group configuration is sent back as it came: left out or empty, it would take every group from the tokens.

    Args:
        request: ``request`` of the event.
        add: Scopes to add to the access token.
        suppress: Scopes to take from the access token.
    """
    return {
        "claimsAndScopeOverrideDetails": {
            "accessTokenGeneration": {"scopesToAdd": sorted(add), "scopesToSuppress": sorted(suppress)},
            "groupOverrideDetails": request.get("groupConfiguration"),
        }
    }
