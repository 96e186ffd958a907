"""The template, and the stacks that it makes with several sets of parameter values."""

import pytest

from tests.unit.template.processing import ACCOUNT, REGION, Node, Stack, load, local_parameters, process

EMULATOR_POLICIES = {"EmulatorIdentityPolicy", "EmulatorMailPolicy"}
SES = {
    "SesIdentityArn": "arn:aws:ses:eu-central-1:123456789012:identity/example.com",
    "FromEmailAddress": "Example <no-reply@example.com>",
}
SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:"
GOOGLE = {"GoogleClientId": "1-example.apps.googleusercontent.com", "GoogleSecretArn": f"{SECRET}google-AbCdEf"}
FACEBOOK = {"FacebookClientId": "1234567890", "FacebookSecretArn": f"{SECRET}facebook-AbCdEf"}
APPLE = {
    "AppleServicesId": "com.example.app.signin",
    "AppleTeamId": "1EXAMPLE23",
    "AppleKeyId": "4EXAMPLE56",
    "AppleSecretArn": f"{SECRET}apple-AbCdEf",
}
OPENID = {
    "OpenIdProviderName": "ExampleIdP",
    "OpenIdIssuer": "https://id.example.com/tenant",
    "OpenIdClientId": "poolhouse",
    "OpenIdSecretArn": f"{SECRET}openid-AbCdEf",
}
SAML = {"SamlProviderName": "Example-SAML", "SamlMetadataUrl": "https://saml.example.com/metadata.xml"}
PROVIDERS = {"Google": GOOGLE, "Facebook": FACEBOOK, "SignInWithApple": APPLE, "OIDC": OPENID, "SAML": SAML}
"""By type of identity provider: the parameters that switch it on."""
EVERY_PROVIDER = GOOGLE | FACEBOOK | APPLE | OPENID | SAML
SIGN_IN_DOMAIN = {
    "SignInDomainName": "login.example.com",
    "SignInCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d-1111-2222-3333-444455556666",
}
API_DOMAIN = {
    "ApiDomainName": "api.example.com",
    "ApiCertificateArn": "arn:aws:acm:eu-central-1:123456789012:certificate/0a1b2c3d-7777-2222-3333-444455556666",
}
DOMAINS = SIGN_IN_DOMAIN | API_DOMAIN
EVERYTHING = (
    SES
    | EVERY_PROVIDER
    | DOMAINS
    | {
        "HostedZoneId": "Z0123456789EXAMPLE",
        "ApiDocs": "on",
        "InboundFederation": "on",
        "TrustedIdentityProviders": "Google,ExampleIdP",
        "UserMigrationUrl": "https://old.example.com/users",
        "UserMigrationSecretArn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:old-directory-AbCdEf",
        "StageName": "v1",
        "Architecture": "x86_64",
        "LogRetentionDays": "365",
        "DataProtection": "off",
        "AllowedEmailDomains": "example.com,*.example.org",
        "BlockedEmailDomains": "blocked.example.org",
        "CallbackUrls": "https://app.example.com/signed-in,myapp://signed-in",
        "LogoutUrls": "https://app.example.com/,myapp://signed-out",
        "AllowedOrigins": "https://app.example.com,https://admin.example.com",
        "MachineScopes": "profiles/read.any,profiles/suspend",
        "AcceptedClientIds": "1example23456789,2example23456789",
        "DomainPrefix": "example-login",
        "MfaConfiguration": "ON",
        "IssuerType": "UPDATED",
        "TokenTriggerVersion": "V3_0",
        "RefreshTokenRotation": "on",
        "AuthorizerCacheSeconds": "0",
        "PreAuthentication": "on",
        "PostAuthentication": "on",
        "MessageSender": "on",
        "DefaultLanguage": "de",
        "GuestCredentials": "on",
    }
)
EXISTING = {"ExistingUserPoolId": "eu-central-1_Existing1", "AcceptedClientIds": "1example23456789"}
EXISTING_WITH_EVERYTHING = (
    SES
    | EXISTING
    | {
        "OnConflict": "Replace",
        "CreateScopes": "on",
        "ExistingPoolRoleArns": "arn:aws:iam::123456789012:role/sms,arn:aws:iam::123456789012:role/service-role/sms-2",
        "ExistingPoolKeyArns": "arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-0000-4000-8000-000000000001",
        "TokenTriggerVersion": "V1_0",
        "UserMigrationUrl": "https://old.example.com/users",
        "UserMigrationSecretArn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:old-directory-AbCdEf",
        "PreAuthentication": "on",
        "PostAuthentication": "on",
        "TrustedIdentityProviders": "Google",
        "InboundFederation": "on",
        "MagicLink": "on",
        "MagicLinkUrl": "https://app.example.com/sign-in",
        "MessageSender": "on",
        "AcceptedClientIds": "1example23456789,2example23456789",
        "ExistingPoolWebClientId": "2example23456789",
        "GuestCredentials": "on",
    }
)
BESIDE_A_POOL = {"existing": EXISTING, "existing-everything": EXISTING_WITH_EVERYTHING}
PARAMETER_SETS: dict[str, dict[str, str]] = {
    "defaults": {},
    "everything": EVERYTHING,
    "x86_64": {"Architecture": "x86_64"},
    "rotation": {"RefreshTokenRotation": "on"},
    "ses": SES,
    "no-triggers": {"PreSignUp": "off", "PostConfirmation": "off", "PreTokenGeneration": "off"},
    "no-mfa": {"MfaConfiguration": "OFF"},
    "custom-message": SES | {"CustomMessage": "on"},
    "no-credentials": {"AwsCredentials": "off"},
    "own-sender": {"MessageSender": "own"},
    "passwordless": SES
    | {
        "MagicLink": "on",
        "MfaConfiguration": "OFF",
        "MagicLinkUrl": "https://app.example.com/sign-in",
        "SignInLinkMinutes": "10",
        "ChoiceSignIn": "email_otp_and_passkey",
        "PasskeyRelyingPartyId": "example.com",
        "PasskeyUserVerification": "required",
        "RefreshTokenRotation": "on",
    },
    "every-provider": EVERY_PROVIDER,
    "own-domains": DOMAINS | {"ApiDocs": "on"},
    "local": local_parameters(),
}


LINTED = {
    **PARAMETER_SETS,
    **BESIDE_A_POOL,
    **PROVIDERS,
    "sign-in-domain": SIGN_IN_DOMAIN,
    "api-domain": API_DOMAIN | {"StageName": "v1"},
}
"""Every set of parameters that makes a stack of another kind."""


def existing_pool_arn(stack: Stack) -> str | None:
    """Return the ARN of the existing pool that a stack is beside; None if it makes one."""
    user_pool_id = stack.parameters["ExistingUserPoolId"]
    return f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{user_pool_id}" if user_pool_id else None


@pytest.fixture(scope="session")
def template() -> Node:
    """Return `template.yaml` as written."""
    return load()


@pytest.fixture(scope="session", params=list(PARAMETER_SETS.values()), ids=list(PARAMETER_SETS))
def pool_stack(template: Node, request: pytest.FixtureRequest) -> Stack:
    """Return the stack with a pool of its own that one set of parameter values makes."""
    return process(template, **request.param)


@pytest.fixture(
    scope="session", params=[*PARAMETER_SETS.values(), *BESIDE_A_POOL.values()], ids=[*PARAMETER_SETS, *BESIDE_A_POOL]
)
def stack(template: Node, request: pytest.FixtureRequest) -> Stack:
    """Return the stack that one set of parameter values makes; a test that asks for it runs with every set."""
    return process(template, **request.param)


WITH_IDENTITY_POOL = {
    **{name: each for name, each in PARAMETER_SETS.items() if each.get("AwsCredentials") != "off"},
    "existing-everything": EXISTING_WITH_EVERYTHING,
}


@pytest.fixture(scope="session", params=list(WITH_IDENTITY_POOL.values()), ids=list(WITH_IDENTITY_POOL))
def pooled(template: Node, request: pytest.FixtureRequest) -> Stack:
    """Return the stack of each set of parameter values that has an identity pool."""
    return process(template, **request.param)


@pytest.fixture(scope="session")
def default_stack(template: Node) -> Stack:
    """Return the stack that the defaults make."""
    return process(template)
