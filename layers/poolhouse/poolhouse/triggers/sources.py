"""Every ``triggerSource`` of a user pool, by the kind of trigger that it belongs to.

Source: AWS documentation, "Customizing user pool workflows with Lambda triggers"
(https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html).
"""

from typing import Final

PRE_SIGN_UP: Final = ("PreSignUp_SignUp", "PreSignUp_AdminCreateUser", "PreSignUp_ExternalProvider")
POST_CONFIRMATION: Final = ("PostConfirmation_ConfirmSignUp", "PostConfirmation_ConfirmForgotPassword")
PRE_AUTHENTICATION: Final = ("PreAuthentication_Authentication",)
POST_AUTHENTICATION: Final = ("PostAuthentication_Authentication",)
PRE_TOKEN_GENERATION: Final = (
    "TokenGeneration_HostedAuth",
    "TokenGeneration_Authentication",
    "TokenGeneration_NewPasswordChallenge",
    "TokenGeneration_ClientCredentials",
    "TokenGeneration_AuthenticateDevice",
    "TokenGeneration_RefreshTokens",
)
CUSTOM_MESSAGE: Final = (
    "CustomMessage_SignUp",
    "CustomMessage_AdminCreateUser",
    "CustomMessage_ResendCode",
    "CustomMessage_ForgotPassword",
    "CustomMessage_UpdateUserAttribute",
    "CustomMessage_VerifyUserAttribute",
    "CustomMessage_Authentication",
)
DEFINE_AUTH_CHALLENGE: Final = ("DefineAuthChallenge_Authentication",)
CREATE_AUTH_CHALLENGE: Final = ("CreateAuthChallenge_Authentication",)
VERIFY_AUTH_CHALLENGE: Final = ("VerifyAuthChallengeResponse_Authentication",)
USER_MIGRATION: Final = ("UserMigration_Authentication", "UserMigration_ForgotPassword")
_SENT: Final = (
    "SignUp",
    "AdminCreateUser",
    "ResendCode",
    "ForgotPassword",
    "UpdateUserAttribute",
    "VerifyUserAttribute",
    "Authentication",
)
CUSTOM_EMAIL_SENDER: Final = (
    *(f"CustomEmailSender_{source}" for source in _SENT),
    "CustomEmailSender_AccountTakeOverNotification",
)
CUSTOM_SMS_SENDER: Final = tuple(f"CustomSMSSender_{source}" for source in _SENT)
INBOUND_FEDERATION: Final = ("InboundFederation_ExternalProvider",)
