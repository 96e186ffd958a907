"""What pre token generation adds to a token, in any version of its event.

The event and the response:
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal, Self

from poolhouse.access import Policy
from poolhouse.triggers.responses import tokens
from poolhouse.triggers.running import Event

API_SIGN_IN: Final = "aws.cognito.signin.user.admin"
"""The only scope of a token from an SDK sign-in, which cannot ask for scopes; an OAuth sign-in may ask for it too."""

Token = Literal["id", "access", "both"]


class TokenCustomisation:
    """The response of pre token generation, refused at the line that makes it illegal.

    It starts from what the hooks before this one decided. The user's groups stay as they are until `override_groups`.
    A refused change leaves it as it was. The rules are those of `poolhouse.triggers.responses.tokens`.

    Args:
        event: The trigger's event.

    Raises:
        IllegalResponseError: What the event's response already holds is illegal.

    Example:
        >>> event = {"version": "2", "triggerSource": "TokenGeneration_Authentication", "request": {}}
        >>> TokenCustomisation(event).add_claim("tenant", "acme", token="access").response()
        {'claimsAndScopeOverrideDetails': {'accessTokenGeneration': {'claimsToAddOrOverride': {'tenant': 'acme'}}}}
    """

    def __init__(self, event: Event) -> None:
        self._event = event
        self._container = tokens.container(event)
        decided = event.get("response") or {}
        tokens.check(event, decided)
        self._details: dict[str, Any] = {**(decided.get(self._container) or {})}
        groups = (event.get("request") or {}).get("groupConfiguration")
        if groups and not tokens.is_of_machine(event):
            self._details.setdefault("groupOverrideDetails", groups)

    @property
    def changes_access_token(self) -> bool:
        """Whether claims and scopes of the access token can be changed: not in version 1, that of the Lite plan."""
        return not tokens.is_version_1(self._event)

    def add_claim(self, name: str, value: object, *, token: Token) -> Self:
        """Add a claim, or give one another value.

        Args:
            name: The claim.
            value: A string; in versions 2 and 3 also a number, a boolean, a list of these, or an object.
            token: Which token gets it.

        Raises:
            IllegalResponseError: Cognito would not take the claim, its value or its place.
        """
        details = copy.deepcopy(self._details)
        for section in self._sections(details, token):
            section["claimsToAddOrOverride"] = {**(section.get("claimsToAddOrOverride") or {}), name: value}
        return self._with(details)

    def suppress_claim(self, name: str, *, token: Token) -> Self:
        """Take a claim from a token.

        Raises:
            IllegalResponseError: Cognito would not take the claim away, or it is added as well.
        """
        return self._extend(token, "claimsToSuppress", name)

    def add_scopes(self, *scopes: str) -> Self:
        """Add scopes to the access token.

        Raises:
            IllegalResponseError: A scope is none, is suppressed as well, or the event's version has no scopes.
        """
        return self._extend("access", "scopesToAdd", *scopes)

    def suppress_scopes(self, *scopes: str) -> Self:
        """Take scopes from the access token.

        Raises:
            IllegalResponseError: A scope is none, is added as well, or the event's version has no scopes.
        """
        return self._extend("access", "scopesToSuppress", *scopes)

    def override_groups(self, groups: Sequence[str], *, iam_roles: Sequence[str], preferred_role: str | None) -> Self:
        """Give both tokens other groups than the user's, and the ID token other IAM roles.

        Args:
            groups: The groups; none if this is empty.
            iam_roles: ARNs of the roles; none if this is empty.
            preferred_role: ARN of the role that an identity pool takes first, or None.

        Raises:
            IllegalResponseError: One is no string, or the event is a machine's.
        """
        override = {"groupsToOverride": groups, "iamRolesToOverride": iam_roles, "preferredRole": preferred_role}
        return self._with({**self._details, "groupOverrideDetails": override})

    def response(self) -> dict[str, Any]:
        """Render the members of the response, for a hook to return."""
        return {self._container: copy.deepcopy(self._details) or None}

    def _extend(self, token: Token, member: str, *names: str) -> Self:
        details = copy.deepcopy(self._details)
        for section in self._sections(details, token):
            section[member] = sorted({*(section.get(member) or ()), *names}, key=str)
        return self._with(details)

    def _sections(self, details: dict[str, Any], token: Token) -> Iterator[dict[str, Any]]:
        if token in ("id", "both"):
            yield self._section(details, "idTokenGeneration") if self.changes_access_token else details
        if token in ("access", "both"):
            yield self._section(details, "accessTokenGeneration")

    def _section(self, details: dict[str, Any], name: str) -> dict[str, Any]:
        section: dict[str, Any] = details.get(name) or {}
        details[name] = section
        return section

    def _with(self, details: dict[str, Any]) -> Self:
        tokens.check_details(self._event, details)
        self._details = copy.deepcopy(details)  # what the caller gave may change later
        return self


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
    if asked != {API_SIGN_IN}:  # with more beside it, an app asked by OAuth
        granted &= asked
    return granted - asked, (asked & policy.scopes.keys()) - granted
