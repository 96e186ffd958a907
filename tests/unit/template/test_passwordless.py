"""Sign-in without a password: by a link of ours, and by Cognito's own means.

The emulator takes the settings of Cognito's own means without effect, so they are judged on the processed template.
"""

import pytest

from tests.unit.template.conftest import SES
from tests.unit.template.processing import Node, Stack, process

LINKS = SES | {"MagicLink": "on", "MagicLinkUrl": "https://app.example.com/sign-in", "MfaConfiguration": "OFF"}
CHALLENGES = ("DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse")


def pool_of(stack: Stack) -> Node:
    return stack.only("AWS::Cognito::UserPool")


def flows_of(stack: Stack, client: str = "WebClient") -> set[str]:
    return set(stack.resources[client]["Properties"]["ExplicitAuthFlows"])


def mail_right(stack: Stack) -> Node:
    statements = stack.resources["MagicLinkRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    (found,) = [each for each in statements if each["Action"] == "ses:SendEmail"]
    return found


def test_links_are_off_by_default(default_stack: Stack) -> None:
    assert not [name for name in default_stack.resources if name.startswith("MagicLink")]
    assert not set(CHALLENGES) & set(pool_of(default_stack)["LambdaConfig"])
    assert "ALLOW_CUSTOM_AUTH" not in flows_of(default_stack)
    assert "AuthSessionValidity" not in default_stack.resources["WebClient"]["Properties"]


def test_links_have_one_function_for_all_three_triggers(template: Node) -> None:
    config = pool_of(process(template, **LINKS))["LambdaConfig"]
    assert {config[trigger] for trigger in CHALLENGES} == {"${MagicLinkFunction.Arn}"}


def test_links_are_for_the_web_client_alone(template: Node) -> None:
    stack = process(template, **LINKS)
    allowing = {
        name for name in stack.of_type("AWS::Cognito::UserPoolClient") if "ALLOW_CUSTOM_AUTH" in flows_of(stack, name)
    }
    assert allowing == {"WebClient"}


@pytest.mark.parametrize("minutes", ["3", "15"])
def test_links_work_no_longer_than_the_session_that_they_answer(template: Node, minutes: str) -> None:
    """15 minutes is Cognito's limit.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html
    """
    stack = process(template, **LINKS, SignInLinkMinutes=minutes)
    environment = stack.resources["MagicLinkFunction"]["Properties"]["Environment"]["Variables"]
    assert environment["SIGN_IN_LINK_MINUTES"] == minutes
    assert stack.resources["WebClient"]["Properties"]["AuthSessionValidity"] == 15


@pytest.mark.parametrize(
    "sender", ["no-reply@example.com", "Example <no-reply@example.com>", "<no-reply@example.com>"], ids=str
)
def test_links_are_mailed_by_one_identity_from_one_address(template: Node, sender: str) -> None:
    """https://docs.aws.amazon.com/ses/latest/dg/control-user-access.html"""
    assert mail_right(process(template, **LINKS | {"FromEmailAddress": sender})) == {
        "Effect": "Allow",
        "Action": "ses:SendEmail",
        "Resource": SES["SesIdentityArn"],
        "Condition": {"StringEquals": {"ses:FromAddress": "no-reply@example.com"}},
    }


def test_choice_is_off_by_default(default_stack: Stack) -> None:
    pool = pool_of(default_stack)
    assert "SignInPolicy" not in pool["Policies"]
    assert not [name for name in pool if name.startswith("WebAuthn")]
    assert "ALLOW_USER_AUTH" not in flows_of(default_stack)


@pytest.mark.parametrize(
    ("choice", "factors"),
    [
        ("email_otp", ["PASSWORD", "EMAIL_OTP"]),
        ("passkey", ["PASSWORD", "WEB_AUTHN"]),
        ("email_otp_and_passkey", ["PASSWORD", "EMAIL_OTP", "WEB_AUTHN"]),
    ],
)
def test_choice_sets_the_first_factors(template: Node, choice: str, factors: list[str]) -> None:
    """The setting needs Essentials or Plus.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-cognito-userpool-signinpolicy.html
    """
    stack = process(template, **SES, ChoiceSignIn=choice)
    pool = pool_of(stack)
    assert pool["Policies"]["SignInPolicy"] == {"AllowedFirstAuthFactors": factors}
    assert pool["UserPoolTier"] in {"ESSENTIALS", "PLUS"}
    assert pool.get("WebAuthnUserVerification") == ("preferred" if "WEB_AUTHN" in factors else None)
    allowing = {
        name for name in stack.of_type("AWS::Cognito::UserPoolClient") if "ALLOW_USER_AUTH" in flows_of(stack, name)
    }
    assert allowing == {"WebClient"}


def test_choice_of_passkeys_names_their_domain(template: Node) -> None:
    """Left out, it is the domain of the sign-in page.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_WebAuthnConfigurationType.html
    """
    given = {"ChoiceSignIn": "passkey", "PasskeyRelyingPartyId": "example.com", "PasskeyUserVerification": "required"}
    pool = pool_of(process(template, **given))
    assert (pool["WebAuthnRelyingPartyID"], pool["WebAuthnUserVerification"]) == ("example.com", "required")
    assert "WebAuthnRelyingPartyID" not in pool_of(process(template, ChoiceSignIn="passkey"))
