"""Checks a trigger's response before Cognito sees it.

Each kind of trigger has its page in the AWS documentation, which an error names. Null stands for a member that is not
decided, as in the events that Cognito sends. A trigger source that no rule is known for is not checked.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, NamedTuple

from poolhouse.triggers import sources
from poolhouse.triggers.responses import tokens
from poolhouse.triggers.responses.rules import AwsPage, IllegalResponseError, as_object, inside

__all__ = ["IllegalResponseError", "check"]

Event = Mapping[str, Any]
Response = Mapping[str, Any]

_GUIDE: Final = "https://docs.aws.amazon.com/cognito/latest/developerguide"
_API: Final = "https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference"

_TRIGGERS: Final = AwsPage(f"{_GUIDE}/cognito-user-pools-working-with-lambda-triggers.html")
_PRE_SIGN_UP: Final = AwsPage(f"{_GUIDE}/user-pool-lambda-pre-sign-up.html")
_CUSTOM_MESSAGE: Final = AwsPage(f"{_GUIDE}/user-pool-lambda-custom-message.html")
_MESSAGE_TEMPLATE: Final = AwsPage(f"{_API}/API_MessageTemplateType.html")
_DEFINE_CHALLENGE: Final = AwsPage(f"{_GUIDE}/user-pool-lambda-define-auth-challenge.html")
_CHALLENGE_NAME: Final = AwsPage(f"{_API}/API_RespondToAuthChallenge.html")
_CREATE_CHALLENGE: Final = AwsPage(f"{_GUIDE}/user-pool-lambda-create-auth-challenge.html")
_VERIFY_CHALLENGE: Final = AwsPage(f"{_GUIDE}/user-pool-lambda-verify-auth-challenge-response.html")
_USER_MIGRATION: Final = AwsPage(f"{_GUIDE}/user-pool-lambda-migrate-user.html")
_INBOUND_FEDERATION: Final = AwsPage(f"{_GUIDE}/user-pool-lambda-inbound-federation.html")
_ATTRIBUTE: Final = AwsPage(f"{_API}/API_AttributeType.html")

_VERIFIED: Final = {"autoVerifyEmail": "email", "autoVerifyPhone": "phone_number"}
_MAX_LENGTH: Final = {"smsMessage": 140, "emailMessage": 20_000, "emailSubject": 140}
_LINK: Final = re.compile(r"\{##.+?##\}", re.DOTALL)
_WITH_LINK: Final = frozenset(sources.CUSTOM_MESSAGE) - {
    "CustomMessage_AdminCreateUser",
    "CustomMessage_ForgotPassword",
    "CustomMessage_Authentication",
}
CHALLENGE_NAMES: Final = (
    "ADMIN_NO_SRP_AUTH",
    "CUSTOM_CHALLENGE",
    "DEVICE_PASSWORD_VERIFIER",
    "DEVICE_SRP_AUTH",
    "EMAIL_OTP",
    "MFA_SETUP",
    "NEW_PASSWORD_REQUIRED",
    "PASSWORD",
    "PASSWORD_SRP",
    "PASSWORD_VERIFIER",
    "SELECT_CHALLENGE",
    "SELECT_MFA_TYPE",
    "SMS_MFA",
    "SMS_OTP",
    "SOFTWARE_TOKEN_MFA",
    "WEB_AUTHN",
)
"""The challenges that Cognito can name to a client."""


def check(event: Event, sent: Collection[str] = ()) -> None:
    """Refuse a response that Cognito would refuse, ignore in part, or take in a way that hurts.

    Args:
        event: The event as it would be returned to Cognito.
        sent: Names of the members that stood in ``response`` when Cognito sent it: one that we do not know is Cognito's
            own then, and no misspelling.

    Raises:
        IllegalResponseError: With the member, the rule and the page that it is from.

    Example:
        >>> check({"triggerSource": "PreSignUp_SignUp", "request": {}, "response": {"autoConfirmUser": "false"}})
        Traceback (most recent call last):
        ...
        poolhouse.triggers.responses.rules.IllegalResponseError: autoConfirmUser: a boolean is expected, ...
    """
    source = event.get("triggerSource")
    kind = _KINDS.get(source) if isinstance(source, str) else None
    if kind:
        response = kind.page.members(event.get("response"), "response", {*kind.members, *sent})
        kind.rules(event, response)


def _check_pre_sign_up(event: Event, response: Response) -> None:
    attributes = as_object(as_object(event.get("request")).get("userAttributes"))
    _PRE_SIGN_UP.boolean(response.get("autoConfirmUser"), "autoConfirmUser")
    for member, attribute in _VERIFIED.items():
        verified = _PRE_SIGN_UP.boolean(response.get(member), member)
        ignored = event["triggerSource"] == "PreSignUp_AdminCreateUser"
        if verified and not ignored and not attributes.get(attribute):
            raise _PRE_SIGN_UP.illegal(member, f"the sign-up fails where the user has no attribute {attribute}")


def _check_custom_message(event: Event, response: Response) -> None:
    request = as_object(event.get("request"))
    needed = [request.get("codeParameter") or "{####}"]
    if event["triggerSource"] == "CustomMessage_AdminCreateUser":
        needed.append(request.get("usernameParameter") or "{username}")
    for member, max_length in _MAX_LENGTH.items():
        text = _CUSTOM_MESSAGE.text(response.get(member), member)
        if text is None:
            continue
        if not 1 <= len(text) <= max_length:
            raise _MESSAGE_TEMPLATE.illegal(member, f"it has 1 to {max_length} characters, the code included")
        if member == "emailSubject":
            continue
        link = member == "emailMessage" and event["triggerSource"] in _WITH_LINK and _LINK.search(text)
        if not link and not all(str(placeholder) in text for placeholder in needed):
            names = " and ".join(("request.codeParameter", "request.usernameParameter")[: len(needed)])
            raise _CUSTOM_MESSAGE.illegal(member, f"it must contain {names}, or nobody can use the message")


def _check_define_challenge(_event: Event, response: Response) -> None:
    name = _DEFINE_CHALLENGE.text(response.get("challengeName"), "challengeName")
    if name is not None and name not in CHALLENGE_NAMES:
        raise _CHALLENGE_NAME.illegal("challengeName", "Cognito has no challenge of this name")
    issue = _DEFINE_CHALLENGE.boolean(response.get("issueTokens"), "issueTokens")
    fail = _DEFINE_CHALLENGE.boolean(response.get("failAuthentication"), "failAuthentication")
    if issue and fail:
        raise _DEFINE_CHALLENGE.illegal("issueTokens", "a sign-in cannot succeed and fail (failAuthentication) at once")


def _check_create_challenge(_event: Event, response: Response) -> None:
    for member in ("publicChallengeParameters", "privateChallengeParameters"):
        _CREATE_CHALLENGE.text_map(response.get(member), member)
    _CREATE_CHALLENGE.text(response.get("challengeMetadata"), "challengeMetadata")


def _check_verify_challenge(_event: Event, response: Response) -> None:
    _VERIFY_CHALLENGE.boolean(response.get("answerCorrect"), "answerCorrect")


def _check_user_migration(event: Event, response: Response) -> None:
    attributes = _attributes(_USER_MIGRATION, response, "userAttributes")
    if not attributes and any(response.get(member) for member in _MIGRATION):
        raise _USER_MIGRATION.illegal("userAttributes", "a user is migrated with at least one attribute")
    if response.get("finalUserStatus") not in (None, "CONFIRMED", "RESET_REQUIRED"):
        raise _USER_MIGRATION.illegal("finalUserStatus", "it is CONFIRMED or RESET_REQUIRED")
    if response.get("messageAction") not in (None, "SUPPRESS"):
        raise _USER_MIGRATION.illegal("messageAction", "it is SUPPRESS or left out")
    for medium in _USER_MIGRATION.texts(response.get("desiredDeliveryMediums"), "desiredDeliveryMediums"):
        if medium not in ("EMAIL", "SMS"):
            raise _USER_MIGRATION.illegal("desiredDeliveryMediums", "a medium is EMAIL or SMS")
    _USER_MIGRATION.boolean(response.get("forceAliasCreation"), "forceAliasCreation")
    by_sms = _USER_MIGRATION.boolean(response.get("enableSMSMFA"), "enableSMSMFA")
    if by_sms and not attributes.get("phone_number"):
        raise _USER_MIGRATION.illegal("enableSMSMFA", "the migration fails where the user has no phone_number")
    if event["triggerSource"] == "UserMigration_ForgotPassword" and attributes:
        verified = {name for name in ("email", "phone_number") if attributes.get(f"{name}_verified") == "true"}
        if not any(attributes.get(name) for name in verified):
            rule = 'a code can only be sent to an email or phone_number whose email_verified or ... is "true"'
            raise _USER_MIGRATION.illegal("userAttributes", rule)


def _check_inbound_federation(_event: Event, response: Response) -> None:
    _attributes(_INBOUND_FEDERATION, response, "userAttributesToMap")


def _attributes(page: AwsPage, response: Response, member: str) -> Mapping[str, str]:
    attributes = page.text_map(response.get(member), member)
    for name, text in attributes.items():
        if len(text) > 2048:
            raise _ATTRIBUTE.illegal(inside(member, name), "an attribute has at most 2,048 characters")
    return attributes


def _check_nothing(_event: Event, _response: Response) -> None:
    """Cognito reads no member of this kind's response."""


class _Kind(NamedTuple):
    page: AwsPage
    members: Collection[str] = ()
    rules: Callable[[Event, Response], None] = _check_nothing


_CHALLENGE: Final = ("publicChallengeParameters", "privateChallengeParameters", "challengeMetadata")
_MIGRATION: Final = (
    "userAttributes",
    "finalUserStatus",
    "messageAction",
    "desiredDeliveryMediums",
    "forceAliasCreation",
    "enableSMSMFA",
)
_KINDS: Final = {
    source: kind
    for kind, its_sources in (
        (_Kind(_PRE_SIGN_UP, ("autoConfirmUser", *_VERIFIED), _check_pre_sign_up), sources.PRE_SIGN_UP),
        (_Kind(_TRIGGERS), sources.POST_CONFIRMATION),
        (_Kind(_TRIGGERS), sources.PRE_AUTHENTICATION),
        (_Kind(_TRIGGERS), sources.POST_AUTHENTICATION),
        (_Kind(tokens.PAGE, tokens.MEMBERS, tokens.check), sources.PRE_TOKEN_GENERATION),
        (_Kind(_CUSTOM_MESSAGE, _MAX_LENGTH, _check_custom_message), sources.CUSTOM_MESSAGE),
        (
            _Kind(_DEFINE_CHALLENGE, ("challengeName", "issueTokens", "failAuthentication"), _check_define_challenge),
            sources.DEFINE_AUTH_CHALLENGE,
        ),
        (_Kind(_CREATE_CHALLENGE, _CHALLENGE, _check_create_challenge), sources.CREATE_AUTH_CHALLENGE),
        (_Kind(_VERIFY_CHALLENGE, ("answerCorrect",), _check_verify_challenge), sources.VERIFY_AUTH_CHALLENGE),
        (_Kind(_USER_MIGRATION, _MIGRATION, _check_user_migration), sources.USER_MIGRATION),
        (_Kind(_TRIGGERS), sources.CUSTOM_EMAIL_SENDER),
        (_Kind(_TRIGGERS), sources.CUSTOM_SMS_SENDER),
        (_Kind(_INBOUND_FEDERATION, ("userAttributesToMap",), _check_inbound_federation), sources.INBOUND_FEDERATION),
    )
    for source in its_sources
}
