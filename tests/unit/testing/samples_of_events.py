"""Which sample event under ``events/`` the generator makes, and of what."""

from typing import Any

from poolhouse.testing.events import FEDERATED_USER, event

_SENT = {
    "sign_up": "SignUp",
    "admin_create_user": "AdminCreateUser",
    "resend_code": "ResendCode",
    "forgot_password": "ForgotPassword",
    "update_user_attribute": "UpdateUserAttribute",
    "verify_user_attribute": "VerifyUserAttribute",
    "authentication": "Authentication",
}


_SALT = "00112233445566778899aabbccddeeff"  # what magic_link keeps in Cognito's session


def _round(result: bool) -> dict[str, object]:
    return {
        "challengeName": "CUSTOM_CHALLENGE",
        "challengeResult": result,
        "challengeMetadata": f"sign-in-link {_SALT}",
    }


SAMPLES: dict[str, dict[str, Any]] = {
    "pre_sign_up/sign_up": event("PreSignUp_SignUp"),
    "pre_sign_up/admin_create_user": event("PreSignUp_AdminCreateUser"),
    "pre_sign_up/external_provider": event("PreSignUp_ExternalProvider"),
    "post_confirmation/confirm_sign_up": event("PostConfirmation_ConfirmSignUp"),
    "post_confirmation/confirm_forgot_password": event("PostConfirmation_ConfirmForgotPassword"),
    "pre_authentication/authentication": event("PreAuthentication_Authentication"),
    "pre_authentication/authentication_unknown_user": event(
        "PreAuthentication_Authentication", userNotFound=True, userAttributes={}
    ),
    "post_authentication/authentication": event("PostAuthentication_Authentication"),
    "pre_token_generation/hosted_auth": event(
        "TokenGeneration_HostedAuth",
        groupConfiguration={"groupsToOverride": ["support"], "iamRolesToOverride": [], "preferredRole": None},
        scopes=["openid", "email", "profiles/read", "profiles/read.any", "profiles/delete.any"],
    ),
    "pre_token_generation/hosted_auth_federated": event("TokenGeneration_HostedAuth", user_attributes=FEDERATED_USER),
    "pre_token_generation/authentication": event("TokenGeneration_Authentication"),
    "pre_token_generation/authentication_v1": event("TokenGeneration_Authentication", version="1"),
    "pre_token_generation/authentication_v3": event("TokenGeneration_Authentication", version="3"),
    "pre_token_generation/new_password_challenge": event(
        "TokenGeneration_NewPasswordChallenge",
        groupConfiguration={"groupsToOverride": ["admin"], "iamRolesToOverride": [], "preferredRole": None},
    ),
    "pre_token_generation/authenticate_device": event("TokenGeneration_AuthenticateDevice"),
    "pre_token_generation/refresh_tokens": event(
        "TokenGeneration_RefreshTokens",
        groupConfiguration={"groupsToOverride": ["support"], "iamRolesToOverride": [], "preferredRole": None},
    ),
    "pre_token_generation/client_credentials": event("TokenGeneration_ClientCredentials"),
    **{f"custom_message/{file}": event(f"CustomMessage_{occasion}") for file, occasion in _SENT.items()},
    "magic_link/define_first": event("DefineAuthChallenge_Authentication"),
    "magic_link/define_after_wrong_answer": event("DefineAuthChallenge_Authentication", session=[_round(False)]),
    "magic_link/define_after_right_answer": event(
        "DefineAuthChallenge_Authentication", session=[_round(False), _round(True)]
    ),
    "magic_link/define_after_three_wrong_answers": event(
        "DefineAuthChallenge_Authentication", session=[_round(False)] * 3
    ),
    "magic_link/define_unknown_user": event("DefineAuthChallenge_Authentication", userNotFound=True, userAttributes={}),
    "magic_link/create_first": event("CreateAuthChallenge_Authentication"),
    "magic_link/create_after_wrong_answer": event("CreateAuthChallenge_Authentication", session=[_round(False)]),
    "magic_link/create_unknown_user": event("CreateAuthChallenge_Authentication", userNotFound=True, userAttributes={}),
    "magic_link/verify": event(
        "VerifyAuthChallengeResponse_Authentication", privateChallengeParameters={"salt": _SALT}
    ),
    "magic_link/verify_unknown_user": event(
        "VerifyAuthChallengeResponse_Authentication",
        privateChallengeParameters={"salt": _SALT},
        userNotFound=True,
        userAttributes={},
    ),
    "user_migration/authentication": event("UserMigration_Authentication"),
    "user_migration/forgot_password": event("UserMigration_ForgotPassword"),
    **{f"message_sender/email_{file}": event(f"CustomEmailSender_{occasion}") for file, occasion in _SENT.items()},
    "message_sender/email_account_take_over_notification": event("CustomEmailSender_AccountTakeOverNotification"),
    **{f"message_sender/sms_{file}": event(f"CustomSMSSender_{occasion}") for file, occasion in _SENT.items()},
    "inbound_federation/external_provider": event("InboundFederation_ExternalProvider"),
    "inbound_federation/external_provider_google": event("InboundFederation_ExternalProvider", providerType="Google"),
    "inbound_federation/external_provider_saml": event("InboundFederation_ExternalProvider", providerType="SAML"),
}
