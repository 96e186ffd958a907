"""The rules of every trigger's response, each with what it takes and what it refuses."""

import contextlib
import copy
from typing import Any

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st
from poolhouse.triggers import IllegalResponseError, sources
from poolhouse.triggers.responses import CHALLENGE_NAMES, check

CLIENT = "1example23456789"
GROUPS = {"groupsToOverride": ["support"], "iamRolesToOverride": ["arn:role/a"], "preferredRole": "arn:role/a"}
SOURCES = [source for name, kind in vars(sources).items() if name.isupper() and name[0] != "_" for source in kind]
SECRET = "ada@example.com"

USER: dict[str, Any] = {"userAttributes": {"sub": "a1", "email": SECRET, "phone_number": "+12065550100"}}
CODE = {**USER, "codeParameter": "{####}", "usernameParameter": None}
INVITATION = {**USER, "codeParameter": "{####}", "usernameParameter": "{username}"}
MIGRATED = {"email": SECRET, "email_verified": "true"}


def event(source: str, response: Any, request: Any = None, version: Any = "1") -> dict[str, Any]:
    return {
        "version": version,
        "triggerSource": source,
        "callerContext": {"clientId": CLIENT},
        "request": USER if request is None else request,
        "response": response,
    }


def v1(**details: Any) -> dict[str, Any]:
    return event("TokenGeneration_Authentication", {"claimsOverrideDetails": details})


def v2(section: str | None = None, groups: Any = None, /, **members: Any) -> dict[str, Any]:
    details = {section: members} if section else members
    request = {"groupConfiguration": groups}
    if groups and "groupOverrideDetails" not in details:
        details["groupOverrideDetails"] = groups
    return event("TokenGeneration_HostedAuth", {"claimsAndScopeOverrideDetails": details}, request, "2")


def add(claims: Any, token: str = "access") -> dict[str, Any]:
    return v2(f"{token}TokenGeneration", claimsToAddOrOverride=claims)


def suppress(*claims: Any, token: str = "access") -> dict[str, Any]:
    return v2(f"{token}TokenGeneration", claimsToSuppress=list(claims))


def scopes(add: Any = None, suppress: Any = None) -> dict[str, Any]:
    return v2("accessTokenGeneration", scopesToAdd=add, scopesToSuppress=suppress)


def override(groups: Any, configuration: Any = GROUPS) -> dict[str, Any]:
    details = {"claimsAndScopeOverrideDetails": {"groupOverrideDetails": groups}}
    return event("TokenGeneration_RefreshTokens", details, {"groupConfiguration": configuration}, "3")


def machine(**details: Any) -> dict[str, Any]:
    response = {"claimsAndScopeOverrideDetails": details}
    return event("TokenGeneration_ClientCredentials", response, {"groupConfiguration": {}}, "3")


def message(source: str = "SignUp", /, **response: Any) -> dict[str, Any]:
    request = INVITATION if source == "AdminCreateUser" else CODE
    return event(f"CustomMessage_{source}", response, request)


def define(**response: Any) -> dict[str, Any]:
    return event("DefineAuthChallenge_Authentication", response)


def create(**response: Any) -> dict[str, Any]:
    return event("CreateAuthChallenge_Authentication", response)


def migrate(source: str = "Authentication", /, **response: Any) -> dict[str, Any]:
    return event(f"UserMigration_{source}", response)


def inbound(attributes: Any) -> dict[str, Any]:
    return event("InboundFederation_ExternalProvider", {"userAttributesToMap": attributes})


def sign_up(source: str = "SignUp", request: Any = None, /, **response: Any) -> dict[str, Any]:
    return event(f"PreSignUp_{source}", response, request)


def anything(*values: Any) -> tuple[Any, ...]:
    return values


NOBODY: dict[str, Any] = {"userAttributes": {}}

LEGAL = {
    "sign-up, as sent": sign_up(autoConfirmUser=False, autoVerifyEmail=False, autoVerifyPhone=False),
    "sign-up, all": sign_up(autoConfirmUser=True, autoVerifyEmail=True, autoVerifyPhone=True),
    "sign-up, null": sign_up(autoConfirmUser=None, autoVerifyEmail=None),
    "sign-up, nobody verified": sign_up("SignUp", NOBODY, autoVerifyEmail=False),
    "sign-up, ignored for an administrator": sign_up("AdminCreateUser", NOBODY, autoVerifyEmail=True),
    "federated sign-up": sign_up("ExternalProvider", autoVerifyEmail=True),
    "v1, as sent": event("TokenGeneration_Authentication", {"claimsOverrideDetails": None}),
    "v1, claims": v1(claimsToAddOrOverride={"tenant": "acme", "email": "a"}, claimsToSuppress=["phone_number"]),
    "v1, four claims of strings": v1(claimsToAddOrOverride={"email_verified": "true"}),
    "v1, the other container null": event("TokenGeneration_HostedAuth", {"claimsAndScopeOverrideDetails": None}),
    "v2, as sent": event("TokenGeneration_HostedAuth", {"claimsAndScopeOverrideDetails": None}, version="2"),
    "v2, as in AWS's test event": event(
        "TokenGeneration_HostedAuth", {"claimsAndScopeOverrideDetails": []}, {"groupConfiguration": GROUPS}, "2"
    ),
    "v2, empty": v2(),
    "v2, null sections": v2(idTokenGeneration=None, accessTokenGeneration=None),
    "v2, null members": v2("accessTokenGeneration", claimsToAddOrOverride=None, claimsToSuppress=None),
    "types": add({"s": "", "n": 1.5, "b": True, "l": ["a", 1, 1.5, False], "o": {"a": {"b": [None, {}]}}, "e": []}),
    "types in ID token": add({"n": 1, "o": {}, "name": "Ada", "custom:team": "a", "zoneinfo": ["x"]}, "id"),
    "four claims of ID token": add({"email_verified": "true", "updated_at": "1", "address": "x"}, "id"),
    "four claims of access token": add({"email_verified": True, "updated_at": 1, "address": {}}),
    "own audience": add({"aud": CLIENT}),
    "names alike": add({"Sub": "x", "devices": "x", "cognito_groups": "x", "subject": "x"}),
    "suppressed": suppress("email", "custom:a", "dev:a", "cognito:groups", "anything", token="id"),
    "scopes": scopes(["openid", "aws.cognito.signin.user.admin", "a/b.c", "x" * 256], ["phone", "!#~"]),
    "half a surrogate pair": add({"a": "\ud800"}),
    "budget": add({"a": "x" * 4074}),
    "budget of each token": v2(
        idTokenGeneration={"claimsToAddOrOverride": {"a": "x" * 4000}},
        accessTokenGeneration={"claimsToAddOrOverride": {"a": "x" * 4000}},
    ),
    "groups echoed": override(GROUPS),
    "groups echoed as AWS's test event has them": override(
        {**GROUPS, "preferredRole": ["arn"]}, {**GROUPS, "preferredRole": ["arn"]}
    ),
    "groups changed": override({**GROUPS, "groupsToOverride": ["b"]}),
    "no groups, and meant": override({"groupsToOverride": [], "iamRolesToOverride": [], "preferredRole": None}),
    "no groups to lose": override(None, {"groupsToOverride": [], "iamRolesToOverride": None, "preferredRole": None}),
    "no roles to lose": override({"groupsToOverride": ["b"]}, {"groupsToOverride": ["a"], "iamRolesToOverride": []}),
    "no configuration": override({"groupsToOverride": ["a"]}, None),
    "machine": machine(accessTokenGeneration={"claimsToAddOrOverride": {"a": 1}, "scopesToAdd": ["a/b"]}),
    "machine, empty": machine(idTokenGeneration={"claimsToSuppress": []}, groupOverrideDetails={}),
    "message, as sent": message(smsMessage=None, emailMessage=None, emailSubject=None),
    "message": message(smsMessage="{####}", emailMessage="<b>{####}</b>", emailSubject="Your code"),
    "message, longest": message(
        smsMessage="{####}".ljust(140, "ä"), emailMessage="{####}".ljust(20_000, "ä"), emailSubject="ä" * 140
    ),
    "message, link": message(emailMessage="{##Verify##}"),
    "message, link in two lines": message("ResendCode", emailMessage="{##Verify\nnow##}"),
    "message, invitation": message("AdminCreateUser", smsMessage="{username} {####}", emailMessage="{####}{username}"),
    "message, own placeholder": event(
        "CustomMessage_SignUp", {"smsMessage": "<<code>>"}, {"codeParameter": "<<code>>"}
    ),
    "message, no placeholder sent": event("CustomMessage_AdminCreateUser", {"smsMessage": "{####}{username}"}, {}),
    "define, as sent": define(challengeName=None, issueTokens=None, failAuthentication=None),
    "define": define(challengeName="CUSTOM_CHALLENGE", issueTokens=False, failAuthentication=False),
    "define, issue": define(issueTokens=True, failAuthentication=False),
    "define, fail": define(issueTokens=False, failAuthentication=True),
    "create, as sent": create(publicChallengeParameters=None, privateChallengeParameters=None, challengeMetadata=None),
    "create": create(publicChallengeParameters={"a": "b"}, privateChallengeParameters={}, challengeMetadata="x"),
    "verify": event("VerifyAuthChallengeResponse_Authentication", {"answerCorrect": True}),
    "migrate, as sent": migrate(userAttributes=None, finalUserStatus=None, messageAction=None, enableSMSMFA=None),
    "migrate": migrate(
        userAttributes={"phone_number": "+1", "custom:a": "b"},
        finalUserStatus="CONFIRMED",
        messageAction="SUPPRESS",
        desiredDeliveryMediums=["EMAIL", "SMS"],
        forceAliasCreation=False,
        enableSMSMFA=True,
    ),
    "migrate, reset": migrate(userAttributes=MIGRATED, finalUserStatus="RESET_REQUIRED"),
    "migrate, unverified": migrate(userAttributes={"email": "a"}),
    "forgotten password": migrate("ForgotPassword", userAttributes=MIGRATED, messageAction="SUPPRESS"),
    "forgotten password, phone": migrate(
        "ForgotPassword", userAttributes={"phone_number": "+1", "phone_number_verified": "true"}
    ),
    "inbound": inbound({"email": SECRET, "a": "x" * 2048}),
    "inbound, all kept": inbound({}),
    "inbound, as sent": inbound(None),
    "no rules": event("PreSignUp_Tomorrow", {"x": 1}),
    "source of another type": {"triggerSource": ["PreSignUp_SignUp"], "response": 1},
    "no source": {},
    "no response": {"triggerSource": "PreSignUp_SignUp"},
    **{f"nothing: {source}": event(source, {}) for source in SOURCES},
}

FIXED = (
    *("acr", "amr", "at_hash", "auth_time", "azp", "client_id", "cognito:other", "cognito:username", "device_key"),
    *("event_id", "exp", "iat", "identities", "iss", "jti", "nbf", "nonce", "origin_jti", "sub", "token_use"),
    *("username", "version"),
)
WITHOUT_RESPONSE = (
    *sources.POST_CONFIRMATION,
    *sources.PRE_AUTHENTICATION,
    *sources.POST_AUTHENTICATION,
    *sources.CUSTOM_EMAIL_SENDER,
    *sources.CUSTOM_SMS_SENDER,
)
TRIGGERS = "cognito-user-pools-working-with-lambda-triggers.html"
SIGN_UP = "user-pool-lambda-pre-sign-up.html"
TOKENS = "user-pool-lambda-pre-token-generation.html"
MESSAGE = "user-pool-lambda-custom-message.html"
DEFINE = "user-pool-lambda-define-auth-challenge.html"
CREATE = "user-pool-lambda-create-auth-challenge.html"
VERIFY = "user-pool-lambda-verify-auth-challenge-response.html"
MIGRATE = "user-pool-lambda-migrate-user.html"
INBOUND = "user-pool-lambda-inbound-federation.html"
TEMPLATE = "API_MessageTemplateType.html"
ATTRIBUTE = "API_AttributeType.html"
SCOPE = "API_CreateUserPoolClient.html"
CHALLENGE = "API_RespondToAuthChallenge.html"
HEADERS = "http-api-quotas.html"

V1 = "claimsOverrideDetails"
V2 = "claimsAndScopeOverrideDetails"
ACCESS_ADD = f"{V2}.accessTokenGeneration.claimsToAddOrOverride"
ID_ADD = f"{V2}.idTokenGeneration.claimsToAddOrOverride"
OUT = f"{V2}.accessTokenGeneration.claimsToSuppress"
ALL_LOST = "groupsToOverride and iamRolesToOverride and preferredRole"
LOST = "left out, {} would be taken from the tokens"
KINDS_OF_VALUE = "a claim is a string, a number, a boolean, a list of these, or an object"
SCOPE_RULE = "a scope has at most 256 ASCII characters"
UNKNOWN = "Cognito knows no such member here; it knows "
NO_LETTER = 'a code can only be sent to an email or phone_number whose email_verified or ... is "true"'

ILLEGAL: dict[str, tuple[dict[str, Any], str, str, str]] = {
    **{
        f"sign-up, {member} {value!r}": (sign_up(**{member: value}), member, "a boolean is expected", SIGN_UP)
        for member in ("autoConfirmUser", "autoVerifyEmail", "autoVerifyPhone")
        for value in anything("false", 1, 0, [], {})
    },
    "sign-up, administrator's too": (
        sign_up("AdminCreateUser", autoVerifyEmail="true"),
        "autoVerifyEmail",
        "a boolean is expected",
        SIGN_UP,
    ),
    **{
        f"sign-up, no {attribute} ({source}, {there!r})": (
            sign_up(source, {"userAttributes": {attribute: there}}, **{member: True}),
            member,
            f"the sign-up fails where the user has no attribute {attribute}",
            SIGN_UP,
        )
        for member, attribute in (("autoVerifyEmail", "email"), ("autoVerifyPhone", "phone_number"))
        for source in ("SignUp", "ExternalProvider")
        for there in (None, "")
    },
    "sign-up, request of another type": (
        sign_up("SignUp", [], autoVerifyEmail=True),
        "autoVerifyEmail",
        "the sign-up fails",
        SIGN_UP,
    ),
    "misspelt": (
        sign_up(autoConfirmuser=True),
        "response['autoConfirmuser']",
        f"{UNKNOWN}autoConfirmUser, autoVerifyEmail, autoVerifyPhone",
        SIGN_UP,
    ),
    "long name": (sign_up(**{"x" * 99: True}), f"response['{'x' * 64}']", UNKNOWN, SIGN_UP),
    "no object": (event("PreSignUp_SignUp", [1]), "response", "an object is expected", SIGN_UP),
    **{
        f"nothing expected: {source}": (event(source, {"x": None}), "response['x']", f"{UNKNOWN}none", TRIGGERS)
        for source in WITHOUT_RESPONSE
    },
    **{
        f"unknown: {source}": (event(source, {"x": 1}), "response['x']", UNKNOWN, ".html")
        for source in SOURCES
        if source not in WITHOUT_RESPONSE
    },
    "v1 in v2": (
        event("TokenGeneration_HostedAuth", {V1: {"claimsToSuppress": []}}, version="2"),
        V1,
        f"this version of the event reads {V2} alone",
        TOKENS,
    ),
    "v2 in v1": (
        event("TokenGeneration_HostedAuth", {V2: {"groupOverrideDetails": None}}),
        V2,
        f"this version of the event reads {V1} alone",
        TOKENS,
    ),
    "v1, number as version": (
        event("TokenGeneration_HostedAuth", {V2: {"groupOverrideDetails": None}}, version=1),
        V2,
        "reads claimsOverrideDetails alone",
        TOKENS,
    ),
    "v1, no access token": (v1(accessTokenGeneration={}), f"{V1}['accessTokenGeneration']", UNKNOWN, TOKENS),
    **{
        f"v1, {value!r}": (
            v1(claimsToAddOrOverride={"a": value}),
            f"{V1}.claimsToAddOrOverride['a']",
            "here this claim takes a string",
            TOKENS,
        )
        for value in anything(1, True, None, [], {}, ["a"])
    },
    "v1, fixed": (v1(claimsToAddOrOverride={"sub": "a"}), f"{V1}.claimsToAddOrOverride['sub']", "nobody", TOKENS),
    "v1, audience": (v1(claimsToAddOrOverride={"aud": CLIENT}), f"{V1}.claimsToAddOrOverride['aud']", "no", TOKENS),
    "v2, no object": (event("TokenGeneration_HostedAuth", {V2: "x"}, version="2"), V2, "an object is", TOKENS),
    "v2, list": (event("TokenGeneration_HostedAuth", {V2: [1]}, version="2"), V2, "an object is", TOKENS),
    "v2, misspelt": (v2(idTokengeneration={}), f"{V2}['idTokengeneration']", UNKNOWN, TOKENS),
    "v2, scopes of ID token": (v2("idTokenGeneration", scopesToAdd=[]), f"{V2}.idTokenGeneration[", UNKNOWN, TOKENS),
    "v2, section misspelt": (
        v2("accessTokenGeneration", scopesToadd=[]),
        f"{V2}.accessTokenGeneration['scopesToadd']",
        UNKNOWN,
        TOKENS,
    ),
    "claims no object": (add(["a"]), ACCESS_ADD, "an object is expected", TOKENS),
    **{
        f"{claim} in {token}": (add({claim: "a"}, token), f"{V2}.{token}", "Cognito lets nobody set", TOKENS)
        for claim in FIXED
        for token in ("id", "access")
    },
    **{
        f"{claim} suppressed": (suppress(claim), f"{OUT}['{claim}']", "Cognito lets nobody suppress", TOKENS)
        for claim in (*FIXED, "aud")
    },
    "audience of ID token": (add({"aud": CLIENT}, "id"), f"{ID_ADD}['aud']", "Cognito lets nobody set", TOKENS),
    **{
        f"audience {value!r}": (add({"aud": value}), f"{ACCESS_ADD}['aud']", "no other audience than", TOKENS)
        for value in ("other", "", None, [CLIENT], CLIENT.upper())
    },
    "audience of nobody": (
        {**add({"aud": None}), "callerContext": None},
        f"{ACCESS_ADD}['aud']",
        "no other audience than",
        TOKENS,
    ),
    "scope claim": (add({"scope": "a"}), f"{ACCESS_ADD}['scope']", "changed by scopesToAdd", TOKENS),
    "scope claim suppressed": (suppress("scope"), f"{OUT}['scope']", "suppressed by scopesToSuppress", TOKENS),
    **{
        f"{claim} added": (add({claim: "a"}), f"{ACCESS_ADD}['{claim}']", f"groupOverrideDetails.{member}", TOKENS)
        for claim, member in (
            ("cognito:groups", "groupsToOverride"),
            ("cognito:roles", "iamRolesToOverride"),
            ("cognito:preferred_role", "preferredRole"),
        )
    },
    "roles suppressed": (suppress("cognito:roles"), OUT, "is suppressed with cognito:groups", TOKENS),
    "role suppressed": (suppress("cognito:preferred_role"), OUT, "is suppressed with cognito:groups", TOKENS),
    "dev: added": (add({"dev:a": "x"}), f"{ACCESS_ADD}['dev:a']", "can be suppressed, and not set", TOKENS),
    "no name": (add({"": "x"}), f"{ACCESS_ADD}['']", "a claim's name is a string", TOKENS),
    "a number's name": (add({1: "x"}), f"{ACCESS_ADD}['1']", "a claim's name is a string", TOKENS),
    **{
        f"{claim} in ID token": (add({claim: value}, "id"), f"{ID_ADD}['{claim}']", "here this claim takes", TOKENS)
        for claim in ("phone_number_verified", "email_verified", "updated_at", "address")
        for value in anything(True, 1, {}, ["a"])
    },
    **{
        f"value {value!r}": (add({"a": value}), f"{ACCESS_ADD}['a']", KINDS_OF_VALUE, TOKENS)
        for value in anything(None, [None], [["a"]], [{}], b"x", {1, 2})
    },
    **{
        f"no JSON {value!r}": (add({"a": value}), f"{ACCESS_ADD}['a']", "a claim is what JSON can hold", TOKENS)
        for value in anything(float("nan"), [float("inf")], {"a": {1}}, {("a",): 1})
    },
    "added and suppressed": (
        v2("accessTokenGeneration", claimsToAddOrOverride={"a": "x"}, claimsToSuppress=["b", "a"]),
        f"{ACCESS_ADD}['a']",
        "the same claim is suppressed, and that wins",
        TOKENS,
    ),
    **{
        f"suppressed {value!r}": (
            v2("accessTokenGeneration", claimsToSuppress=value),
            OUT,
            "a list of strings is expected",
            TOKENS,
        )
        for value in anything("email", {"a": 1}, [1], [""], [None])
    },
    "budget": (add({"a": "x" * 4075}), ACCESS_ADD, "claims and scopes take 4097 bytes", HEADERS),
    "budget in bytes": (add({"a": "ä" * 2040}, "id"), ID_ADD, "claims and scopes take 4102 bytes", HEADERS),
    "budget of scopes": (scopes(["x" * 250 + str(n) for n in range(17)]), ACCESS_ADD, "bytes", HEADERS),
    "budget of v1": (v1(claimsToAddOrOverride={"a": "x" * 5000}), f"{V1}.claimsToAdd", "bytes", HEADERS),
    **{
        f"scope {scope!r}": (scopes([scope]), f"{V2}.accessTokenGeneration.scopesToAdd", SCOPE_RULE, SCOPE)
        for scope in ("a b", " a", "a\n", 'a"b', "a\\b", "ä", "x" * 257, "\x7f", "\x1f")
    },
    "scope suppressed": (scopes([], ["a b"]), f"{V2}.accessTokenGeneration.scopesToSuppress", SCOPE_RULE, SCOPE),
    "scopes in one string": (scopes("a b"), f"{V2}.accessTokenGeneration.scopesToAdd", "a list of strings", TOKENS),
    "no scope": (scopes([""]), f"{V2}.accessTokenGeneration.scopesToAdd", "a list of strings", TOKENS),
    "scope both": (scopes(["a"], ["a"]), f"{V2}.accessTokenGeneration.scopesToAdd", "which wins", TOKENS),
    "groups null": (override(None), f"{V2}.groupOverrideDetails", LOST.format(ALL_LOST), TOKENS),
    "groups empty": (override({}), f"{V2}.groupOverrideDetails", LOST.format(ALL_LOST), TOKENS),
    "groups missing": (
        {**v2(idTokenGeneration=None), "request": {"groupConfiguration": GROUPS}},
        f"{V2}.groupOverrideDetails",
        LOST.format(ALL_LOST),
        TOKENS,
    ),
    "groups missing in v1": (
        {**v1(claimsToSuppress=["email"]), "request": {"groupConfiguration": GROUPS}},
        f"{V1}.groupOverrideDetails",
        LOST.format(ALL_LOST),
        TOKENS,
    ),
    "container empty": (
        {**v2(), "request": {"groupConfiguration": GROUPS}},
        f"{V2}.groupOverrideDetails",
        LOST.format(ALL_LOST),
        TOKENS,
    ),
    "roles missing": (
        override({"groupsToOverride": ["a"], "preferredRole": None}),
        f"{V2}.groupOverrideDetails",
        LOST.format("iamRolesToOverride"),
        TOKENS,
    ),
    "roles null": (
        override({**GROUPS, "iamRolesToOverride": None}),
        f"{V2}.groupOverrideDetails",
        LOST.format("iamRolesToOverride"),
        TOKENS,
    ),
    "preferred role missing": (
        override({"groupsToOverride": ["a"], "iamRolesToOverride": []}),
        f"{V2}.groupOverrideDetails",
        LOST.format("preferredRole"),
        TOKENS,
    ),
    "groups misspelt": (override({**GROUPS, "groups": []}), f"{V2}.groupOverrideDetails['groups']", UNKNOWN, TOKENS),
    "groups of a string": (
        override({**GROUPS, "groupsToOverride": "admin"}),
        f"{V2}.groupOverrideDetails.groupsToOverride",
        "a list of strings",
        TOKENS,
    ),
    "roles of numbers": (
        override({**GROUPS, "iamRolesToOverride": [1]}),
        f"{V2}.groupOverrideDetails.iamRolesToOverride",
        "a list of strings",
        TOKENS,
    ),
    "preferred role of a list": (
        override({**GROUPS, "preferredRole": ["a"]}),
        f"{V2}.groupOverrideDetails.preferredRole",
        "a string is expected",
        TOKENS,
    ),
    "machine's ID token": (
        machine(idTokenGeneration={"claimsToAddOrOverride": {"a": "x"}}),
        f"{V2}.idTokenGeneration",
        "a client credentials grant makes no ID token",
        TOKENS,
    ),
    "machine's groups": (
        machine(groupOverrideDetails={"groupsToOverride": ["admin"]}),
        f"{V2}.groupOverrideDetails",
        "a machine has no groups",
        TOKENS,
    ),
    **{
        f"{member} of a number": (message(**{member: 1}), member, "a string is expected", MESSAGE)
        for member in ("smsMessage", "emailMessage", "emailSubject")
    },
    **{
        f"{member} too long": (
            message(**{member: "{####}".ljust(length + 1)}),
            member,
            f"it has 1 to {length} characters",
            TEMPLATE,
        )
        for member, length in (("smsMessage", 140), ("emailMessage", 20_000), ("emailSubject", 140))
    },
    **{
        f"{member} empty": (message(**{member: ""}), member, "it has 1 to", TEMPLATE)
        for member in ("smsMessage", "emailMessage", "emailSubject")
    },
    **{
        f"{member} without code, {source}": (message(source, **{member: "Hello"}), member, "it must contain", MESSAGE)
        for member in ("smsMessage", "emailMessage")
        for source in (name.partition("_")[2] for name in sources.CUSTOM_MESSAGE)
    },
    **{
        f"link, {source}": (message(source, emailMessage="{##Here##}"), "emailMessage", "it must contain", MESSAGE)
        for source in ("ForgotPassword", "Authentication", "AdminCreateUser")
    },
    "link without text": (message(emailMessage="{###}{##"), "emailMessage", "it must contain", MESSAGE),
    "empty link": (
        event("CustomMessage_SignUp", {"emailMessage": "{####}"}, {"codeParameter": "<<code>>"}),
        "emailMessage",
        "it must contain",
        MESSAGE,
    ),
    "link by SMS": (message(smsMessage="{##Here##}"), "smsMessage", "it must contain request.codeParameter,", MESSAGE),
    "invitation without name": (
        message("AdminCreateUser", emailMessage="{####}"),
        "emailMessage",
        "it must contain request.codeParameter and request.usernameParameter",
        MESSAGE,
    ),
    "invitation without code": (message("AdminCreateUser", smsMessage="{username}"), "smsMessage", "it must", MESSAGE),
    "another placeholder": (
        event("CustomMessage_SignUp", {"smsMessage": "{####}"}, {"codeParameter": "<<code>>"}),
        "smsMessage",
        "it must contain",
        MESSAGE,
    ),
    "challenge misspelt": (define(challengeName="CUSTOM_CHALENGE"), "challengeName", "no challenge of", CHALLENGE),
    "challenge a number": (define(challengeName=1), "challengeName", "a string is expected", DEFINE),
    "issue a string": (define(issueTokens="true"), "issueTokens", "a boolean is expected", DEFINE),
    "fail a string": (define(failAuthentication="true"), "failAuthentication", "a boolean is expected", DEFINE),
    "issue and fail": (define(issueTokens=True, failAuthentication=True), "issueTokens", "succeed and fail", DEFINE),
    **{
        f"create, {member}": (create(**{member: value}), member, rule, CREATE)
        for member, value, rule in (
            ("publicChallengeParameters", ["a"], "an object is expected"),
            ("publicChallengeParameters", {"a": 1}, "a string is expected"),
            ("privateChallengeParameters", {"a": None}, "a string is expected"),
            ("challengeMetadata", {}, "a string is expected"),
        )
    },
    "answer a string": (
        event("VerifyAuthChallengeResponse_Authentication", {"answerCorrect": "false"}),
        "answerCorrect",
        "a boolean is expected",
        VERIFY,
    ),
    "migrate nobody": (migrate(userAttributes={}, finalUserStatus="CONFIRMED"), "userAttributes", "at least", MIGRATE),
    "migrate without attributes": (migrate(messageAction="SUPPRESS"), "userAttributes", "at least one", MIGRATE),
    "migrate a boolean": (
        migrate(userAttributes={"email_verified": True}),
        "userAttributes['email_verified']",
        "a string is expected",
        MIGRATE,
    ),
    "migrate a long one": (
        migrate(userAttributes={"custom:a": "x" * 2049}),
        "userAttributes['custom:a']",
        "at most 2,048",
        ATTRIBUTE,
    ),
    **{
        f"migrate, {member} {value!r}": (migrate(userAttributes=MIGRATED, **{member: value}), member, rule, MIGRATE)
        for member, value, rule in (
            ("finalUserStatus", "UNCONFIRMED", "CONFIRMED or RESET_REQUIRED"),
            ("finalUserStatus", ["CONFIRMED"], "CONFIRMED or RESET_REQUIRED"),
            ("messageAction", "RESEND", "SUPPRESS or left out"),
            ("desiredDeliveryMediums", "EMAIL", "a list of strings is expected"),
            ("desiredDeliveryMediums", ["EMAIL", "POST"], "a medium is EMAIL or SMS"),
            ("forceAliasCreation", "false", "a boolean is expected"),
            ("enableSMSMFA", "false", "a boolean is expected"),
            ("enableSMSMFA", True, "the migration fails where the user has no phone_number"),
        )
    },
    **{
        f"forgotten password, {attributes}": (
            migrate("ForgotPassword", userAttributes=attributes),
            "userAttributes",
            NO_LETTER,
            MIGRATE,
        )
        for attributes in (
            {"email": "a"},
            {"email": "a", "email_verified": "false"},
            {"email_verified": "true"},
            {"email": "a", "phone_number_verified": "true"},
        )
    },
    "inbound a boolean": (inbound({"a": True}), "userAttributesToMap['a']", "a string is expected", INBOUND),
    "inbound a list": (inbound([]), "userAttributesToMap", "an object is expected", INBOUND),
    "inbound a long one": (inbound({"a": "x" * 2049}), "userAttributesToMap['a']", "at most 2,048", ATTRIBUTE),
}


@pytest.mark.parametrize("name", LEGAL)
def test_check_takes(name: str) -> None:
    before = copy.deepcopy(LEGAL[name])
    check(LEGAL[name])
    assert LEGAL[name] == before


@pytest.mark.parametrize("name", ILLEGAL)
def test_check_refuses(name: str) -> None:
    illegal, member, rule, page = ILLEGAL[name]
    with pytest.raises(IllegalResponseError) as raised:
        check(illegal)
    text = str(raised.value)
    assert text.startswith(member)
    assert rule in text
    assert text.endswith(f"{page})")
    assert "(https://docs.aws.amazon.com/" in text


def test_check_knows_every_challenge_of_cognito() -> None:
    model: Any = botocore.session.get_session().get_service_model("cognito-idp")
    assert set(CHALLENGE_NAMES) == set(model.shape_for("ChallengeNameType").enum)


@pytest.mark.parametrize("source", SOURCES)
def test_check_takes_unknown_member_that_cognito_sent(source: str) -> None:
    check(event(source, {"aMemberOfTomorrow": 1}), sent={"aMemberOfTomorrow": None})
    with pytest.raises(IllegalResponseError):
        check(event(source, {"aMemberOfTomorrow": 1}), sent=["anotherMember"])


def test_check_holds_known_member_to_its_rule_whoever_sent_it() -> None:
    with pytest.raises(IllegalResponseError):
        check(event("PreSignUp_SignUp", {"autoConfirmUser": "x"}), sent=["autoConfirmUser"])


@pytest.mark.parametrize(
    "illegal",
    [
        sign_up(autoConfirmUser=SECRET),
        v1(claimsToAddOrOverride={"a": [SECRET]}),
        add({"a": [{"b": SECRET}], "c": 1}),
        add({"sub": SECRET}),
        add({"aud": SECRET}),
        scopes([f"a {SECRET}"]),
        override({**GROUPS, "groupsToOverride": SECRET}),
        message(smsMessage=SECRET),
        define(challengeName=SECRET),
        create(publicChallengeParameters={"a": [SECRET]}),
        migrate(userAttributes={"email": [SECRET]}),
        migrate(userAttributes=MIGRATED, finalUserStatus=SECRET),
        migrate(userAttributes=MIGRATED, messageAction=SECRET),
        migrate(userAttributes=MIGRATED, desiredDeliveryMediums=[SECRET]),
        inbound({"a": SECRET * 200}),
    ],
)
def test_check_names_no_value(illegal: dict[str, Any]) -> None:
    with pytest.raises(IllegalResponseError) as raised:
        check(illegal)
    assert SECRET not in str(raised.value)


NAMES = sorted(
    {
        *("autoConfirmUser", "autoVerifyEmail", "claimsOverrideDetails", "claimsAndScopeOverrideDetails"),
        *("idTokenGeneration", "accessTokenGeneration", "claimsToAddOrOverride", "claimsToSuppress", "scopesToAdd"),
        *(
            "scopesToSuppress",
            "groupOverrideDetails",
            "groupsToOverride",
            "preferredRole",
            "smsMessage",
            "emailMessage",
        ),
        *("challengeName", "issueTokens", "publicChallengeParameters", "userAttributes", "userAttributesToMap"),
        *("desiredDeliveryMediums", "finalUserStatus", "enableSMSMFA", "request", "groupConfiguration", "aud", "scope"),
        *("callerContext", "clientId", "codeParameter", "usernameParameter", "email", "version"),
    }
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(NAMES)
JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(
    st.sampled_from(SOURCES),
    JSON | st.dictionaries(st.sampled_from(NAMES), JSON, max_size=5),
    JSON | st.dictionaries(st.sampled_from(NAMES), JSON, max_size=5),
    st.sampled_from(["1", "2", "3", None, 1]),
    JSON,
)
def test_check_raises_nothing_else(source: str, response: Any, request: Any, version: Any, caller: Any) -> None:
    with contextlib.suppress(IllegalResponseError):
        check({**event(source, response, request, version), "callerContext": caller})


@given(JSON, JSON, st.sampled_from(["1", "2"]))
def test_check_raises_nothing_else_in_token_containers(details: Any, claims: Any, version: str) -> None:
    container = V1 if version == "1" else V2
    for inner in (details, {"claimsToAddOrOverride": claims}, {"accessTokenGeneration": {"scopesToAdd": claims}}):
        with contextlib.suppress(IllegalResponseError):
            check(event("TokenGeneration_HostedAuth", {container: inner}, {"groupConfiguration": claims}, version))
