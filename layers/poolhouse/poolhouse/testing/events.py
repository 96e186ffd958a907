"""Events of a user pool's triggers, as Cognito sends them, for the tests of your own hooks.

Every source of `poolhouse.triggers.sources` is known here. An event has the members that the AWS page of its trigger
names. The pages are below https://docs.aws.amazon.com/cognito/latest/developerguide/; the common members are on
``cognito-user-pools-working-with-lambda-triggers.html``.

=================================================== ===============================================
Sources                                             Page
=================================================== ===============================================
``PreSignUp_*``                                     ``user-pool-lambda-pre-sign-up.html``
``PostConfirmation_*``                              ``user-pool-lambda-post-confirmation.html``
``PreAuthentication_Authentication``                ``user-pool-lambda-pre-authentication.html``
``PostAuthentication_Authentication``               ``user-pool-lambda-post-authentication.html``
``TokenGeneration_*``                               ``user-pool-lambda-pre-token-generation.html``
``CustomMessage_*``                                 ``user-pool-lambda-custom-message.html``
``DefineAuthChallenge_Authentication``              ``user-pool-lambda-define-auth-challenge.html``
``CreateAuthChallenge_Authentication``              ``user-pool-lambda-create-auth-challenge.html``
``VerifyAuthChallengeResponse_Authentication``      ``user-pool-lambda-verify-auth-challenge-response.html``
``UserMigration_*``                                 ``user-pool-lambda-migrate-user.html``
``CustomEmailSender_*``                             ``user-pool-lambda-custom-email-sender.html``
``CustomSMSSender_*``                               ``user-pool-lambda-custom-sms-sender.html``
``InboundFederation_ExternalProvider``              ``user-pool-lambda-inbound-federation.html``
=================================================== ===============================================

Cognito sends less than these pages say, and more: what the caller gave no value for is null or left out, and custom
message has a ``linkParameter``. Where a page is silent, an event is as user pools are seen to send it.

Example:
    >>> from poolhouse.testing.events import event
    >>> event("CustomMessage_ForgotPassword", user_attributes={"locale": "de"})["request"]["codeParameter"]
    '{####}'

In a terminal, ``python -m poolhouse.testing.events CustomMessage_ForgotPassword`` prints an event as JSON.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

_SUB: Final = "aaaaaaaa-0000-4000-8000-000000000001"
_EMAIL: Final = "ada@example.com"
_CLIENTS: Final = {"AdminCreateUser": "CLIENT_ID_NOT_APPLICABLE", "ClientCredentials": "2example23456789"}
_PHONE: Final = {"phone_number": "+12065550100", "phone_number_verified": "true"}

USER: Final[Mapping[str, str]] = {
    "sub": _SUB,
    "email_verified": "true",
    "cognito:user_status": "CONFIRMED",
    "name": "Ada Example",
    "email": _EMAIL,
}
"""The attributes of a user of the pool, in most events. Every value is a string."""

FEDERATED_USER: Final[Mapping[str, str]] = {
    **USER,
    "cognito:user_status": "EXTERNAL_PROVIDER",
    "email_verified": "false",
    "identities": json.dumps(
        [
            {
                "userId": "1000",
                "providerName": "ExampleIdP",
                "providerType": "OIDC",
                "issuer": None,
                "primary": True,
                "dateCreated": 1790841600000,
            }
        ]
    ),
}
"""The attributes of a user who signs in through an identity provider: give them as ``user_attributes``."""

_UNCONFIRMED: Final = {**USER, "email_verified": "false", "cognito:user_status": "UNCONFIRMED"}
_INVITED: Final = {**USER, "cognito:user_status": "FORCE_CHANGE_PASSWORD"}
_UNVERIFIED: Final = {**USER, "email_verified": "false"}
_ADDRESSED: Final = {
    "SignUp": _UNCONFIRMED,
    "AdminCreateUser": _INVITED,
    "ResendCode": _UNCONFIRMED,
    "ForgotPassword": USER,
    "UpdateUserAttribute": _UNVERIFIED,
    "VerifyUserAttribute": _UNVERIFIED,
    "Authentication": {**USER, **_PHONE},
}
_GROUPS: Final[Mapping[str, Any]] = {"groupsToOverride": [], "iamRolesToOverride": [], "preferredRole": None}
_TOKENS: Final = {
    "userAttributes": USER,
    "groupConfiguration": _GROUPS,
    "scopes": ["aws.cognito.signin.user.admin"],
}
_CODE: Final = "YW4gZW5jcnlwdGVkIGNvZGU="
_OPENID: Final = {
    "tokenResponse": {
        "access_token": "example-access-token",
        "id_token": "example-id-token",
        "refresh_token": "example-refresh-token",
        "token_type": "Bearer",
        "expires_in": "3600",
        "scope": "openid email profile",
    },
    "idToken": {
        "sub": "1000",
        "email": _EMAIL,
        "email_verified": "true",
        "name": "Ada Example",
        "iss": "https://idp.example.com",
        "aud": "example-client",
        "exp": "1790845200",
        "iat": "1790841600",
    },
    "userInfo": {"sub": "1000", "email": _EMAIL, "given_name": "Ada", "family_name": "Example"},
}
_SAML: Final = {
    "samlResponse": {
        "email": _EMAIL,
        "given_name": "Ada",
        "family_name": "Example",
        "groups": "Engineering,Domain Admins",
    }
}

_REQUESTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "PreSignUp_SignUp": {"userAttributes": {"email": _EMAIL}, "validationData": None},
    "PreSignUp_AdminCreateUser": {
        "userAttributes": {"email": _EMAIL, "email_verified": "true"},
        "validationData": None,
    },
    "PreSignUp_ExternalProvider": {
        "userAttributes": {
            "cognito:email_alias": "",
            "cognito:phone_number_alias": "",
            "email": _EMAIL,
            "email_verified": "false",
            "name": "Ada Example",
        },
        "validationData": {},
    },
    "PostConfirmation_ConfirmSignUp": {"userAttributes": USER},
    "PostConfirmation_ConfirmForgotPassword": {"userAttributes": USER},
    "PreAuthentication_Authentication": {"userAttributes": USER, "validationData": {}, "userNotFound": False},
    "PostAuthentication_Authentication": {"userAttributes": USER, "newDeviceUsed": False},
    "TokenGeneration_HostedAuth": {**_TOKENS, "scopes": ["openid", "email", "profile"]},
    "TokenGeneration_Authentication": _TOKENS,
    "TokenGeneration_NewPasswordChallenge": {**_TOKENS, "userAttributes": _INVITED},
    "TokenGeneration_AuthenticateDevice": _TOKENS,
    "TokenGeneration_RefreshTokens": _TOKENS,
    "TokenGeneration_ClientCredentials": {
        "userAttributes": {},
        "groupConfiguration": _GROUPS,
        "scopes": ["profiles/read.any"],
        "clientMetadata": {},
    },
    **{
        f"CustomMessage_{occasion}": {
            "userAttributes": attributes,
            "codeParameter": "{####}",
            "linkParameter": "{##Click Here##}",
            "usernameParameter": "{username}" if occasion == "AdminCreateUser" else None,
        }
        for occasion, attributes in _ADDRESSED.items()
    },
    "DefineAuthChallenge_Authentication": {"userAttributes": USER, "session": [], "userNotFound": False},
    "CreateAuthChallenge_Authentication": {
        "userAttributes": USER,
        "challengeName": "CUSTOM_CHALLENGE",
        "session": [],
        "userNotFound": False,
    },
    "VerifyAuthChallengeResponse_Authentication": {
        "userAttributes": USER,
        "privateChallengeParameters": {"answer": "an-example-answer"},
        "challengeAnswer": "an-example-answer",
        "userNotFound": False,
    },
    "UserMigration_Authentication": {"password": "an-example-password", "validationData": None},
    "UserMigration_ForgotPassword": {"validationData": None},
    **{
        f"CustomEmailSender_{occasion}": {
            "type": "customEmailSenderRequestV1",
            "code": _CODE,
            "clientMetadata": None,
            "userAttributes": attributes,
        }
        for occasion, attributes in _ADDRESSED.items()
    },
    "CustomEmailSender_AccountTakeOverNotification": {
        "type": "customEmailSenderRequestV1",
        "code": None,
        # The page names none beside the user's own: these are those of TypeScript's types, @types/aws-lambda.
        "userAttributes": {
            **USER,
            "EVENT_ID": "eeeeeeee-0000-4000-8000-000000000005",
            "USER_NAME": _SUB,
            "IP_ADDRESS": "192.0.2.10",
            "ACCOUNT_TAKE_OVER_ACTION": "BLOCK",
            "ONE_CLICK_LINK_VALID": "https://auth.example.com/feedback?valid",
            "ONE_CLICK_LINK_INVALID": "https://auth.example.com/feedback?invalid",
            "LOGIN_TIME": "2026-10-01T08:00:00Z",
            "FEEDBACK_TOKEN": "example-feedback-token",
            "CITY": "London",
            "COUNTRY": "GB",
            "DEVICE_NAME": "Firefox",
        },
    },
    **{
        f"CustomSMSSender_{occasion}": {
            "type": "customSMSSenderRequestV1",
            "code": _CODE,
            "clientMetadata": None,
            "userAttributes": {**attributes, **_PHONE},
        }
        for occasion, attributes in _ADDRESSED.items()
    },
    "InboundFederation_ExternalProvider": {
        "providerName": "ExampleIdP",
        "providerType": "OIDC",
        "attributes": _OPENID,
    },
}

_UNANSWERED: Final[Mapping[str, Mapping[str, Any]]] = {
    "PreSignUp": {"autoConfirmUser": False, "autoVerifyEmail": False, "autoVerifyPhone": False},
    "PostConfirmation": {},
    "PreAuthentication": {},
    "PostAuthentication": {},
    "TokenGeneration": {"claimsAndScopeOverrideDetails": None},
    "CustomMessage": {"smsMessage": None, "emailMessage": None, "emailSubject": None},
    "DefineAuthChallenge": {"challengeName": None, "issueTokens": None, "failAuthentication": None},
    "CreateAuthChallenge": {
        "publicChallengeParameters": None,
        "privateChallengeParameters": None,
        "challengeMetadata": None,
    },
    "VerifyAuthChallengeResponse": {"answerCorrect": None},
    "UserMigration": {
        "userAttributes": None,
        "finalUserStatus": None,
        "messageAction": None,
        "desiredDeliveryMediums": None,
        "forceAliasCreation": None,
        "enableSMSMFA": None,
    },
    "InboundFederation": {"userAttributesToMap": {}},
}
"""``response`` as the function finds it. The senders' events have none: Cognito reads no answer of theirs."""

_WITHOUT_CLIENT_METADATA: Final = {
    "PreAuthentication_Authentication",
    "CustomEmailSender_AccountTakeOverNotification",
    "InboundFederation_ExternalProvider",
}


def event(
    source: str,
    *,
    version: str | None = None,
    user_attributes: Mapping[str, str | None] | None = None,
    client_metadata: Mapping[str, str] | None = None,
    **request_members: Any,
) -> dict[str, Any]:
    """Make an event of a trigger source: the same for the same arguments, and yours to change.

    Args:
        source: The ``triggerSource``, such as ``PreSignUp_SignUp``.
        version: ``version`` of the event. Pre token generation has 1, 2 and 3: by default 2 for a user and 3 for a
            machine, which has no other; 1 has no scopes. Every other trigger has 1.
        user_attributes: Attributes to add to the sample user's; one with None as its value is taken away.
        client_metadata: ``clientMetadata`` of the request.
        **request_members: Members of ``request``, in place of the sample's, such as ``scopes`` or ``userNotFound``; any
            other is added. ``providerType`` of inbound federation brings the attributes of that type of provider.

    Returns:
        The event, a plain dictionary: change its other members with ``event(...) | {"userName": "ada"}``.

    Raises:
        ValueError: There is no such source, or it has no such version, no user attributes or no client metadata.

    Example:
        >>> event("TokenGeneration_HostedAuth", user_attributes=FEDERATED_USER)["userName"]
        'exampleidp_1000'
        >>> event("DefineAuthChallenge_Authentication", userNotFound=True, userAttributes={})["request"]["session"]
        []
    """
    if source not in _REQUESTS:
        raise ValueError(f"{source!r} is no trigger source of a user pool: take one of {', '.join(_REQUESTS)}")
    kind, _, occasion = source.partition("_")
    request, response = {**_REQUESTS[source]}, _UNANSWERED.get(kind)
    if kind == "TokenGeneration":
        version = version or ("3" if occasion == "ClientCredentials" else "2")
        if version != "3" and occasion == "ClientCredentials":
            raise ValueError(f"{source} has version 3 and no other")
        if version == "1":
            del request["scopes"]
            response = {"claimsOverrideDetails": None}
    if kind == "InboundFederation":
        request |= _provider(request_members.get("providerType", "OIDC"))
    if user_attributes is not None:
        request["userAttributes"] = _changed(source, request, user_attributes)
    if client_metadata is not None:
        if source in _WITHOUT_CLIENT_METADATA:
            raise ValueError(f"Cognito sends no client metadata with {source}")
        request["clientMetadata"] = client_metadata
    request |= request_members
    made = {
        "version": version or "1",
        "region": "us-east-1",
        "userPoolId": "us-east-1_EXAMPLE01",
        "userName": _user_name(source, request),
        "callerContext": {
            "awsSdkVersion": "aws-sdk-unknown-unknown",
            "clientId": _CLIENTS.get(occasion, "1example23456789"),
        },
        "triggerSource": source,
        "request": request,
    }
    return deepcopy(made if response is None else {**made, "response": response})


def _provider(type_: str) -> dict[str, Any]:
    return {
        "providerName": "ExampleIdP" if type_ in {"OIDC", "SAML"} else type_,
        "providerType": type_,
        "attributes": _SAML if type_ == "SAML" else _OPENID,
    }


def _changed(source: str, request: Mapping[str, Any], changes: Mapping[str, str | None]) -> dict[str, str]:
    if not request.get("userAttributes"):
        raise ValueError(f"an event of {source} has no user attributes")
    changed = {**request["userAttributes"], **changes}
    return {name: value for name, value in changed.items() if value is not None}


def _user_name(source: str, request: Mapping[str, Any]) -> str:
    match source.partition("_"):
        case "TokenGeneration", _, "ClientCredentials":
            return _CLIENTS["ClientCredentials"]
        case "UserMigration", _, _:
            return _EMAIL  # what was typed: there is no user yet
        case "InboundFederation", _, _:
            return f"{request['providerName']}_1000".lower()
    attributes = request.get("userAttributes") or {}
    federated = source == "PreSignUp_ExternalProvider" or attributes.get("cognito:user_status") == "EXTERNAL_PROVIDER"
    return "exampleidp_1000" if federated else _SUB


def main() -> None:
    """Print an event of a trigger source, as JSON."""
    parser = argparse.ArgumentParser(prog="python -m poolhouse.testing.events", description=main.__doc__)
    parser.add_argument("source", choices=list(_REQUESTS), metavar="SOURCE", help="such as PreSignUp_SignUp")
    json.dump(event(parser.parse_args().source), sys.stdout, indent=2)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
