"""What pre token generation may answer: the one home of its rules, for the check and for `TokenCustomisation`.

Source, where a rule names no other: AWS documentation, "Pre token generation Lambda trigger", with the table "Claims
and scopes reference" (https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html).
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from poolhouse.triggers.responses.rules import AwsPage, as_object, inside

VERSION_1: Final = "claimsOverrideDetails"
VERSIONS_2_AND_3: Final = "claimsAndScopeOverrideDetails"
MEMBERS: Final = frozenset({VERSION_1, VERSIONS_2_AND_3})

BUDGET_BYTES: Final = 4096
"""What the added claims of one token may take, serialised, scopes included. The limit is ours: Cognito documents none,
but a token travels in a header, a third longer in Base64, and API Gateway takes 10,240 bytes of headers in all
(https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html).
"""

PAGE: Final = AwsPage(
    "https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html"
)
_SCOPES_PAGE: Final = AwsPage(
    "https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html"
)
_HEADERS_PAGE: Final = AwsPage("https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html")

_GROUPS: Final = "groupOverrideDetails"
_OF_GROUPS: Final = {
    "cognito:groups": "groupsToOverride",
    "cognito:roles": "iamRolesToOverride",
    "cognito:preferred_role": "preferredRole",
}
_FIXED: Final = (
    "acr",
    "amr",
    "at_hash",
    "auth_time",
    "aud",
    "azp",
    "client_id",
    "device_key",
    "event_id",
    "exp",
    "iat",
    "identities",
    "iss",
    "jti",
    "nbf",
    "nonce",
    "origin_jti",
    "sub",
    "token_use",
    "username",
    "version",
)
_NEVER_ADDED: Final = {
    **dict.fromkeys(_FIXED, "Cognito lets nobody set this claim"),
    **{claim: f"this claim is changed by {_GROUPS}.{member}" for claim, member in _OF_GROUPS.items()},
    "scope": "scopes are changed by scopesToAdd and scopesToSuppress",
}
_NEVER_SUPPRESSED: Final = {
    **dict.fromkeys(_FIXED, "Cognito lets nobody suppress this claim"),
    **dict.fromkeys(_OF_GROUPS, "this claim is suppressed with cognito:groups"),
    "cognito:groups": None,
    "scope": "scopes are suppressed by scopesToSuppress",
}
_TEXT_IN_ID_TOKEN: Final = frozenset({"address", "email_verified", "phone_number_verified", "updated_at"})
_SCOPE: Final = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]{1,256}")

_CLAIMS: Final = ("claimsToAddOrOverride", "claimsToSuppress")
_SCOPES: Final = ("scopesToAdd", "scopesToSuppress")

Event = Mapping[str, Any]


def is_version_1(event: Event) -> bool:
    """Whether the event asks about the ID token alone. It is so in a pool of the Lite plan.

    Versions 2 and 3 are alike; later ones are taken to be like them.
    """
    return str(event.get("version")) == "1"


def is_of_machine(event: Event) -> bool:
    """Whether the token is for an app itself: it has no ID token, no groups and no attributes."""
    return event.get("triggerSource") == "TokenGeneration_ClientCredentials"


def container(event: Event) -> str:
    """The one member of the response that this event's version reads."""
    return VERSION_1 if is_version_1(event) else VERSIONS_2_AND_3


def check(event: Event, response: Mapping[str, Any]) -> None:
    """Check the whole response of pre token generation.

    Raises:
        IllegalResponseError: It breaks a rule.
    """
    name = container(event)
    for other in MEMBERS - {name}:
        if response.get(other):
            raise PAGE.illegal(other, f"this version of the event reads {name} alone")
    if response.get(name) not in (None, []):  # the list is what AWS's test events hold
        check_details(event, response[name])


def check_details(event: Event, details: object) -> None:
    """Check what stands in the container of the event's version.

    Raises:
        IllegalResponseError: It breaks a rule.
    """
    name = container(event)
    if is_version_1(event):
        found = PAGE.members(details, name, (*_CLAIMS, _GROUPS))
        _check_claims(event, found, name, in_access_token=False)
    else:
        found = PAGE.members(details, name, ("idTokenGeneration", "accessTokenGeneration", _GROUPS))
        member = f"{name}.idTokenGeneration"
        section = PAGE.members(found.get("idTokenGeneration"), member, _CLAIMS)
        if is_of_machine(event) and any(section.values()):
            raise PAGE.illegal(member, "a client credentials grant makes no ID token")
        _check_claims(event, section, member, in_access_token=False)
        member = f"{name}.accessTokenGeneration"
        section = PAGE.members(found.get("accessTokenGeneration"), member, (*_CLAIMS, *_SCOPES))
        _check_scopes(section, member)
        _check_claims(event, section, member, in_access_token=True)
    _check_groups(event, found.get(_GROUPS), f"{name}.{_GROUPS}")


def _check_claims(event: Event, section: Mapping[str, Any], member: str, *, in_access_token: bool) -> None:
    adding, suppressing = (f"{member}.{name}" for name in _CLAIMS)
    added = PAGE.entries(section.get("claimsToAddOrOverride"), adding)
    suppressed = PAGE.texts(section.get("claimsToSuppress"), suppressing)
    for claim, value in added.items():
        rule = _rule_of_added_claim(event, claim, value, in_access_token=in_access_token)
        if rule:
            raise PAGE.illegal(inside(adding, claim), rule)
    for claim in suppressed:
        rule = _rule_of_suppressed_claim(claim)
        if rule:
            raise PAGE.illegal(inside(suppressing, claim), rule)
        if claim in added:
            raise PAGE.illegal(inside(adding, claim), "the same claim is suppressed, and that wins")
    scopes = " ".join(section.get("scopesToAdd") or ())
    size = len(json.dumps({**added, "scope": scopes}, ensure_ascii=False).encode(errors="surrogatepass"))
    if size > BUDGET_BYTES:
        raise _HEADERS_PAGE.illegal(adding, f"claims and scopes take {size} bytes, and ours is to add {BUDGET_BYTES}")


def _rule_of_added_claim(event: Event, claim: object, value: object, *, in_access_token: bool) -> str | None:
    if not isinstance(claim, str) or not claim:
        return "a claim's name is a string, and not an empty one"
    if claim == "aud" and in_access_token:
        client_id = as_object(event.get("callerContext")).get("clientId")
        own = isinstance(value, str) and value == client_id
        return None if own else "an access token takes no other audience than callerContext.clientId"
    if claim in _NEVER_ADDED or claim.startswith("cognito:"):
        return _NEVER_ADDED.get(claim, "Cognito lets nobody set a claim of its own")
    if claim.startswith("dev:"):
        return "a dev: attribute can be suppressed, and not set"
    if is_version_1(event) or (claim in _TEXT_IN_ID_TOKEN and not in_access_token):
        return None if isinstance(value, str) else "here this claim takes a string"
    return _rule_of_value(value)


def _rule_of_suppressed_claim(claim: str) -> str | None:
    other = "Cognito lets nobody suppress a claim of its own" if claim.startswith("cognito:") else None
    return _NEVER_SUPPRESSED.get(claim, other)


def _rule_of_value(value: object) -> str | None:
    elements = value if isinstance(value, list | tuple) else [value]
    if not isinstance(value, Mapping) and not all(isinstance(element, str | int | float) for element in elements):
        return "a claim is a string, a number, a boolean, a list of these, or an object"
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return "a claim is what JSON can hold"
    return None


def _check_scopes(section: Mapping[str, Any], member: str) -> None:
    add, suppress = (PAGE.texts(section.get(name), f"{member}.{name}") for name in _SCOPES)
    for name, scopes in zip(_SCOPES, (add, suppress), strict=True):
        if not all(_SCOPE.fullmatch(scope) for scope in scopes):
            rule = 'a scope has at most 256 ASCII characters: no blank, no control character, no " and no backslash'
            raise _SCOPES_PAGE.illegal(f"{member}.{name}", rule)
    if set(add) & set(suppress):
        raise PAGE.illegal(f"{member}.scopesToAdd", "a scope is suppressed as well; Cognito does not say which wins")


def _check_groups(event: Event, override: object, member: str) -> None:
    configuration = as_object(event.get("request")).get("groupConfiguration")
    if override == configuration:
        return
    if is_of_machine(event):
        if override:
            raise PAGE.illegal(member, "a machine has no groups")
        return
    given = PAGE.members(override, member, tuple(_OF_GROUPS.values()))
    held = as_object(configuration)
    lost = [name for name in _OF_GROUPS.values() if held.get(name) and _left_out(given, name)]
    if lost:
        raise PAGE.illegal(
            member,
            f"left out, {' and '.join(lost)} would be taken from the tokens: copy request.groupConfiguration,"
            " or give each of its members, empty where you mean it",
        )
    PAGE.texts(given.get("groupsToOverride"), f"{member}.groupsToOverride")
    PAGE.texts(given.get("iamRolesToOverride"), f"{member}.iamRolesToOverride")
    PAGE.text(given.get("preferredRole"), f"{member}.preferredRole")


def _left_out(given: Mapping[str, Any], name: str) -> bool:
    # To have no groups, one writes []. To have no preferred role, there is nothing but null to write.
    return name not in given if name == "preferredRole" else given.get(name) is None
