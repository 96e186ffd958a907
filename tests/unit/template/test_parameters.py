"""Parameters, rules and outputs: what a user can set, what is refused before anything is made, what they get back."""

import tomllib
from collections import Counter

import pytest

from tests.unit.template.conftest import (
    API_DOMAIN,
    APPLE,
    DOMAINS,
    EXISTING,
    FACEBOOK,
    GOOGLE,
    OPENID,
    SAML,
    SIGN_IN_DOMAIN,
)
from tests.unit.template.processing import ROOT, Node, RefusedError, Stack, process, references, walk

SES_ARN = "arn:aws:ses:eu-central-1:123456789012:identity/example.com"
LINK_PAGE = "https://app.example.com/sign-in"
SECRET_ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:old/directory-AbCdEf"
ROLE_ARN = "arn:aws:iam::123456789012:role/service-role/sms"
KEY_ARN = "arn:aws:kms:eu-central-1:123456789012:key/mrk-0a1b2c3d"
WEB_CLIENT = {"ExistingPoolWebClientId": "1example23456789"}
SES = {"SesIdentityArn": SES_ARN, "FromEmailAddress": "a@example.com"}
NOT_LOCALHOST = [
    "http://localhost.example.com/",
    "http://localhost@example.com/",
    "http://localhost:80@example.com/",
    "http://127.0.0.1.example.com/",
]
BAD_REDIRECTS = [
    "http://example.com/",  # Cognito wants https
    "https://app.example.com/,http://example.com/",  # every item of a list counts
    *NOT_LOCALHOST,
    "https://app.example.com/#fragment",
    "javascript://%0aalert(1)",
    "data://text",
    "https://app.example.com/a b",
    "https://",
    "http://",
    "/signed-in",
    "",
]
GOOD_REDIRECTS = [
    "https://app.example.com/signed-in",
    "http://localhost:3000/",
    "http://localhost/",
    "http://127.0.0.1:8080/signed-in",
    "http://[::1]:8080/",
    "https://app.example.com/a?b=c,http://localhost:5173/",
    "myapp://signed-in",
    "com.example.app://signed-in",
]
BAD_DOMAIN_LISTS = ["@example.com", "someone@example.com", "https://example.com", "example.com/path", "a.com;b.com"]
BAD_SECRETS = [
    "google",
    "arn:aws:secretsmanager:eu-central-1:123456789012:secret:google",
    "arn:aws:secretsmanager:eu-central-1:123456789012:secret:*",
    f"{SECRET_ARN}:SecretString:key",
    SECRET_ARN + "}}{{resolve:ssm:other",
    "arn:aws:ssm:eu-central-1:123456789012:parameter/google-AbCdEf",
]
BAD_PROVIDER_NAMES = [
    "Ex",
    "a" * 33,
    "My_IdP",
    "My IdP",
    "-IdP",
    "Google",
    "google",
    "COGNITO",
    "SignInWithApple",
    "My,IdP",
    "IdP/1",
]
GOOD_PROVIDER_NAMES = ["", "IdP", "Entra-ID", "example.com", "Google2", "a" * 32]
BAD_DOMAINS = [
    "https://login.example.com",
    "login.example.com/",
    "Login.example.com",
    "login_1.example.com",
    "example.com",
    "com",
    "login..example.com",
    "-login.example.com",
    "login.example.com.",
    "*.example.com",
    "login.example.1",
    f"login.{'a' * 60}.com",
]
GOOD_DOMAINS = ["", "login.example.com", "a.b.c-d.example.org", f"{'a' * 51}.example.com"]
CERTIFICATE = "123456789012:certificate/0a1b2c3d-1111-2222-3333-444455556666"
BAD_CERTIFICATES = [
    "0a1b2c3d-1111-2222-3333-444455556666",
    "arn:aws:iam::123456789012:server-certificate/login",
    "arn:aws:acm:us-east-1:1:certificate/0a1b2c3d",
    "arn:aws:acm:us-east-1:123456789012:certificate/*",
]
GOOD_DOMAIN_LISTS = [
    "example.com",
    "*.example.com",
    "example.com,*.example.org",
    "example.com, example.org",
    "bücher.example",
]

BAD_VALUES = {
    "StageName": ["a b", "$latest", "a/b", "", "a" * 65],
    "Architecture": ["arm", "x86"],
    "ApiDocs": ["true", ""],
    "DeletedUsers": ["on", "off", ""],
    "DeletedProfileDays": ["0", "-1", "3651", ""],
    "LogRetentionDays": ["2", "0", "-1"],
    "DataProtection": ["true", "On", ""],
    "RunsOn": ["local", ""],
    "ExistingUserPoolId": ["AbCdEf123", "eu-central-1_", "eu-central-1_a b", "arn:aws:x:y/eu-central-1_AbCdEf123", "*"],
    "OnConflict": ["refuse", "Overwrite", ""],
    "CreateScopes": ["true", "On", ""],
    "ExistingPoolRoleArns": [
        "sms",
        "arn:aws:iam::123456789012:role/*",
        "arn:aws:iam::123456789012:user/sms",
        f"{ROLE_ARN}, {ROLE_ARN}",
        f"{ROLE_ARN},",
    ],
    "ExistingPoolKeyArns": [
        "alias/codes",
        "arn:aws:kms:eu-central-1:123456789012:key/*",
        "arn:aws:kms:eu-central-1:123456789012:alias/codes",
        f"{KEY_ARN}, {KEY_ARN}",
    ],
    "AllowedEmailDomains": BAD_DOMAIN_LISTS,
    "BlockedEmailDomains": BAD_DOMAIN_LISTS,
    "CallbackUrls": BAD_REDIRECTS,
    "LogoutUrls": BAD_REDIRECTS,
    "AllowedOrigins": [
        "*",
        "https://*.example.com",
        "http://example.com",
        "https://app.example.com,http://example.com",
        "https://app.example.com/",
        "https://app.example.com/path",
        "https://user@example.com",
        "https://app.example.com?a=b",
        "null",
        "app.example.com",
        *(each.rstrip("/") for each in NOT_LOCALHOST),
        "",
    ],
    "MachineScopes": ["profiles/unknown", "openid", "profiles/read,openid", "read", "profiles/read write", ""],
    "AcceptedClientIds": ["a, b", "a,,b", "a;b", ",a", "a,"],
    "ExistingPoolWebClientId": ["a,b", "a b", "a;b", "https://a"],
    "DomainPrefix": [
        "my-cognito",
        "cognito",
        "myaws",
        "aws-login",
        "amazon",
        "shop-on-amazon-1",
        "Login",
        "-login",
        "login-",
        "lo_gin",
        "login.example",
        "a" * 64,
    ],
    "MfaConfiguration": ["on", "false", ""],
    "IssuerType": ["updated", "", "NEW"],
    "TokenTriggerVersion": ["V1", "V2", ""],
    "AccessTokenMinutes": ["4", "1441", "0"],
    "IdTokenMinutes": ["4", "1441", "0"],
    "RefreshTokenDays": ["0", "3651"],
    "ServerRefreshTokenDays": ["0", "3651"],
    "MachineTokenMinutes": ["4", "1441"],
    "RefreshTokenRotation": ["true", "ENABLED"],
    "AuthorizerCacheSeconds": ["-1", "3601"],
    "SesIdentityArn": ["example.com", "arn:aws:ses:eu-central-1:1:identity/example.com", f"{SES_ARN} x"],
    "FromEmailAddress": ["example.com", "no address", "a@example.com\nBcc: b@example.com"],
    "ApiRateLimit": ["0", "-5", "many"],
    "ApiBurstLimit": ["0", "-5"],
    "RequiredScopes": ["a b", "a, b", "a,", ",a", 'a"b', "a\\b"],
    "RequiredGroups": ["a b", "a, b", "a,", ",a"],
    "AllowTokenInQuery": ["true", "On", ""],
    "Jwks": ["https://cognito-idp.us-east-1.amazonaws.com/pool", "{}", '[{"kty":"RSA"}]', '{"keys":['],
    "UserMigrationUrl": [
        "old.example.com/users",
        "http://old.example.com/users",
        "http://localhost.example.com/",
        "http://127.0.0.1@old.example.com/",
        "https://user:word@old.example.com/",
        "https://old.example.com/#users",
        "https://old.example.com/a b",
        "https://",
    ],
    "UserMigrationSecretArn": [
        "old-directory",
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:old-directory",
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:*",
        "arn:aws:ssm:eu-central-1:123456789012:parameter/old-directory-AbCdEf",
    ],
    "PreSignUp": ["true", ""],
    "PostConfirmation": ["true", ""],
    "PreTokenGeneration": ["true", ""],
    "PreAuthentication": ["true", "On", ""],
    "PostAuthentication": ["true", "On", ""],
    "AutoConfirmUsers": ["true", "On", ""],
    "TrustedIdentityProviders": ["Google, ExampleIdP", "Google,", ",Google", "Go", "a" * 33],
    "InboundFederation": ["true", "On", ""],
    "FederatedAttributes": ["email, name", "email,", "=email", "email=", "a=b=c"],
    "MagicLink": ["true", "On", ""],
    "MagicLinkUrl": [
        *NOT_LOCALHOST,
        "https://",
        "https://app.example.com/sign-in#link",
        "https://user@app.example.com/",
        "https://app.example.com/a b",
        "myapp://sign-in",
        "/sign-in",
    ],
    "SignInLinkMinutes": ["2", "16", "0", "-5"],
    "ChoiceSignIn": ["on", "sms_otp", "EMAIL_OTP", ""],
    "PasskeyRelyingPartyId": [
        "https://app.example.com",
        "app.example.com/",
        "App.example.com",
        "app..example.com",
        "-app.example.com",
        "a." * 64,
        f"{'a' * 60}.com",  # CloudFormation takes 63 characters
    ],
    "PasskeyUserVerification": ["discouraged", "Required", ""],
    "CustomMessage": ["true", "own", ""],
    "MessageSender": ["true", "ses", ""],
    "AwsCredentials": ["true", "On", ""],
    "GuestCredentials": ["true", "On", ""],
    "DefaultLanguage": ["", "e", "../de", "de/..", "de-", "pt BR", "de,en"],
    "GoogleClientId": ["1-example", "1-example.googleusercontent.com", "https://1-example.apps.googleusercontent.com"],
    "FacebookClientId": ["example", "1234", "12 345", "1" * 21],
    "AppleServicesId": ["example", "com.example app", "com..example", ".com.example"],
    "AppleTeamId": ["1EXAMPLE2", "1EXAMPLE234", "1example23"],
    "AppleKeyId": ["1EXAMPLE2", "1EXAMPLE234", "1example23"],
    "GoogleSecretArn": BAD_SECRETS,
    "FacebookSecretArn": BAD_SECRETS,
    "AppleSecretArn": BAD_SECRETS,
    "OpenIdSecretArn": BAD_SECRETS,
    "OpenIdProviderName": BAD_PROVIDER_NAMES,
    "OpenIdIssuer": [
        "http://id.example.com",
        "id.example.com",
        "https://id.example.com/",
        "https://id.example.com/tenant/",
        "https://user@id.example.com",
        "https://id.example.com?a=b",
        "https://id.example.com#a",
    ],
    "OpenIdClientId": ["a b", "a\n", "ü"],
    "OpenIdScopes": ["", "email profile", "openid,email", "openid  email", " openid", "openid "],
    "OpenIdEmailClaim": ["", "e mail", "e,mail", "a" * 256],
    "SamlProviderName": BAD_PROVIDER_NAMES,
    "SamlMetadataUrl": [
        "http://saml.example.com/metadata",
        "saml.example.com",
        "https://user@saml.example.com/",
        "<xml/>",
    ],
    "SamlEmailAttribute": ["", "e mail", "a" * 256],
    "SamlEmailVerifiedAttribute": ["e mail", "a" * 256],
    "SignInDomainName": BAD_DOMAINS,
    "SignInCertificateArn": [*BAD_CERTIFICATES, f"arn:aws:acm:eu-central-1:{CERTIFICATE}"],
    "ApiDomainName": BAD_DOMAINS,
    "ApiCertificateArn": BAD_CERTIFICATES,
    "HostedZoneId": ["example.com", "/hostedzone/Z0123456789EXAMPLE", "z0123456789example", "Z" + "A" * 32],
}
GOOD_VALUES = {
    "StageName": ["$default", "v1", "test_stage-2"],
    "ExistingUserPoolId": ["", "eu-central-1_AbCdEf123", "us-gov-west-1_a"],
    "ExistingPoolRoleArns": ["", ROLE_ARN, f"{ROLE_ARN},{ROLE_ARN}"],
    "ExistingPoolKeyArns": ["", KEY_ARN, f"{KEY_ARN},{KEY_ARN}"],
    "TokenTriggerVersion": ["V1_0", "V2_0", "V3_0"],
    "AllowedEmailDomains": GOOD_DOMAIN_LISTS,
    "BlockedEmailDomains": GOOD_DOMAIN_LISTS,
    "CallbackUrls": GOOD_REDIRECTS,
    "LogoutUrls": GOOD_REDIRECTS,
    "AllowedOrigins": [
        "https://app.example.com",
        "https://app.example.com:8443",
        "http://localhost:3000",
        "http://localhost",
        "https://a.example.com, https://b.example.com",
    ],
    "AcceptedClientIds": ["", "1example23456789", "1example23456789,2example23456789"],
    "ExistingPoolWebClientId": ["", "1example23456789"],
    "DomainPrefix": ["", "a", "login", "my-login-2", "a" * 63],
    "DefaultLanguage": ["en", "de", "pt-BR", "pt_br", "zh-Hant-TW"],
    "AccessTokenMinutes": ["5", "1440"],
    "AuthorizerCacheSeconds": ["0", "3600"],
    "UserMigrationUrl": ["https://old.example.com", "https://old.example.com:8443/users?a=b", "http://[::1]:80/"],
    "UserMigrationSecretArn": [SECRET_ARN],
    "RequiredScopes": ["", "profiles/read", "profiles/read,https://api.example.com/orders:read"],
    "RequiredGroups": ["", "admin", "admin,support"],
    "TrustedIdentityProviders": ["", "Google", "Google,ExampleIdP,Entra-ID"],
    "Jwks": ["", '{"keys":[{"kty":"RSA","kid":"a"}]}', '{ "keys": [\n{"kty":"RSA"}\n] }\n'],
    "MagicLinkUrl": [
        "",
        "https://app.example.com",
        "https://app.example.com/sign-in?lang=de",
        "http://localhost:5173/",
        "http://127.0.0.1/",
    ],
    "SignInLinkMinutes": ["3", "15"],
    "PasskeyRelyingPartyId": [""],
    "GoogleClientId": ["", GOOGLE["GoogleClientId"], "12345-abc_d.apps.googleusercontent.com"],
    "FacebookClientId": ["", "12345", "123456789012345"],
    "AppleServicesId": ["", "com.example.app", "com.example-app.sign-in"],
    "OpenIdProviderName": GOOD_PROVIDER_NAMES,
    "OpenIdIssuer": [
        "",
        "https://id.example.com",
        "https://id.example.com:8443/realms/a",
        "https://login.example.com/0a1b2c3d/v2.0",
    ],
    "OpenIdClientId": ["", "poolhouse", "0oa1b2c3:/d+e=="],
    "OpenIdScopes": ["openid", "openid email", "email openid https://api.example.com/.default"],
    "OpenIdEmailClaim": ["email", "upn", "https://example.com/claims/mail"],
    "SamlProviderName": GOOD_PROVIDER_NAMES,
    "SamlMetadataUrl": ["", "https://saml.example.com/metadata?appid=0a1b2c3d"],
    "SamlEmailAttribute": ["mail", "urn:oid:0.9.2342.19200300.100.1.3"],
    "SamlEmailVerifiedAttribute": ["", "verified", "https://example.com/claims/verified"],
    "SignInDomainName": GOOD_DOMAINS,
    "SignInCertificateArn": ["", f"arn:aws:acm:us-east-1:{CERTIFICATE}"],
    "ApiDomainName": GOOD_DOMAINS,
    "ApiCertificateArn": [
        "",
        f"arn:aws:acm:eu-central-1:{CERTIFICATE}",
        f"arn:aws-us-gov:acm:us-gov-west-1:{CERTIFICATE}",
    ],
    "HostedZoneId": ["", "Z0123456789EXAMPLE", "Z2FDTNDATAQYW2"],
}

NEEDED_WITH = {
    "ExistingUserPoolId": {"AcceptedClientIds": "1example23456789"},
    "ExistingPoolRoleArns": EXISTING,
    "ExistingPoolKeyArns": EXISTING,
    "ExistingPoolWebClientId": EXISTING,
    "TokenTriggerVersion": EXISTING,
    "UserMigrationUrl": {"UserMigrationSecretArn": SECRET_ARN},
    "UserMigrationSecretArn": {"UserMigrationUrl": "https://old.example.com"},
    "HostedZoneId": DOMAINS,
} | {
    name: parameters
    for parameters in (GOOGLE, FACEBOOK, APPLE, OPENID, SAML, SIGN_IN_DOMAIN, API_DOMAIN)
    for name in (*parameters, *(["SamlEmailVerifiedAttribute"] if parameters is SAML else []))
}
"""By parameter: others without which a rule would refuse it."""

WHOLE = {
    "GoogleIsWhole": GOOGLE,
    "FacebookIsWhole": FACEBOOK,
    "AppleIsWhole": APPLE,
    "OpenIdIsWhole": OPENID,
    "SamlIsWhole": SAML,
    "SignInDomainIsWhole": SIGN_IN_DOMAIN,
    "ApiDomainIsWhole": API_DOMAIN,
}
"""By rule: parameters of which it takes all or none."""

RULES = {
    "ExistingPoolNeedsClients": ({"ExistingUserPoolId": EXISTING["ExistingUserPoolId"]}, EXISTING),
    "ExistingPoolKeepsItsSettings": (EXISTING | {"ChoiceSignIn": "passkey"}, EXISTING | {"PreAuthentication": "on"}),
    "ExistingPoolKeepsItsProviders": (EXISTING | GOOGLE, EXISTING | API_DOMAIN),
    "ExistingPoolExcludesApiDocs": (EXISTING | {"ApiDocs": "on"}, {"ApiDocs": "on"}),
    "OwnPoolExcludesWhatIsForExistingOnes": ({"CreateScopes": "on"}, EXISTING | {"CreateScopes": "on"}),
    "MigrationNeedsSecret": (
        {"UserMigrationUrl": "https://old.example.com/"},
        {"UserMigrationUrl": "https://old.example.com/", "UserMigrationSecretArn": SECRET_ARN},
    ),
    "MigrationSecretNeedsUrl": ({"UserMigrationSecretArn": SECRET_ARN}, {}),
    "SesNeedsFromAddress": (
        {"SesIdentityArn": SES_ARN},
        {"SesIdentityArn": SES_ARN, "FromEmailAddress": "a@example.com"},
    ),
    "FromAddressNeedsSes": ({"FromEmailAddress": "a@example.com"}, {}),
    "SignUpRulesNeedTheirFunction": (
        {"PreSignUp": "off", "BlockedEmailDomains": "bad.example.com"},
        {"PreSignUp": "off"},
    ),
    "DomainListsAreNotTheSame": (
        {"AllowedEmailDomains": "example.com", "BlockedEmailDomains": "example.com"},
        {"AllowedEmailDomains": "*.example.com", "BlockedEmailDomains": "bad.example.com"},
    ),
    "AutoConfirmExcludesLinking": (
        {"AutoConfirmUsers": "on", "TrustedIdentityProviders": "Google"},
        {"AutoConfirmUsers": "off", "TrustedIdentityProviders": "Google"},
    ),
    "PreAuthenticationNeedsPreTokenGeneration": (
        {"PreAuthentication": "on", "PreTokenGeneration": "off"},
        {"PreAuthentication": "on"},
    ),
    "FederatedAttributesNeedTheirFunction": (
        {"FederatedAttributes": "email"},
        {"FederatedAttributes": "http://example.com/mail=email,groups=custom:groups,name", "InboundFederation": "on"},
    ),
    "MagicLinkNeedsSes": (
        {"MagicLink": "on", "MagicLinkUrl": LINK_PAGE},
        {
            "MagicLink": "on",
            "MagicLinkUrl": LINK_PAGE,
            "MfaConfiguration": "OFF",
            "SesIdentityArn": SES_ARN,
            "FromEmailAddress": "a@example.com",
        },
    ),
    "MagicLinkNeedsUrl": (
        {"MagicLink": "on", "SesIdentityArn": SES_ARN, "FromEmailAddress": "a@example.com"},
        {"MagicLink": "off", "SesIdentityArn": SES_ARN, "FromEmailAddress": "a@example.com"},
    ),
    "MagicLinkExcludesMfa": (
        {
            "MagicLink": "on",
            "MagicLinkUrl": LINK_PAGE,
            "SesIdentityArn": SES_ARN,
            "FromEmailAddress": "a@example.com",
            "MfaConfiguration": "OPTIONAL",
        },
        {"MagicLink": "off", "MfaConfiguration": "OPTIONAL"},
    ),
    "ChoiceSignInExcludesRequiredMfa": (
        {"ChoiceSignIn": "passkey", "MfaConfiguration": "ON"},
        {"ChoiceSignIn": "passkey", "MfaConfiguration": "OPTIONAL"},
    ),
    "EmailOtpNeedsSes": (
        {"ChoiceSignIn": "email_otp_and_passkey"},
        {"ChoiceSignIn": "email_otp", "SesIdentityArn": SES_ARN, "FromEmailAddress": "a@example.com"},
    ),
    "RelyingPartyNeedsPasskeys": (
        {"PasskeyRelyingPartyId": "app.example.com"},
        {"PasskeyRelyingPartyId": "app.example.com", "ChoiceSignIn": "passkey"},
    ),
    "SamlAttributesNeedTheirProvider": (
        {"SamlEmailVerifiedAttribute": "verified"},
        {"SamlEmailVerifiedAttribute": "verified"} | SAML,
    ),
    "ProviderNamesDiffer": (
        OPENID | SAML | {"SamlProviderName": OPENID["OpenIdProviderName"]},
        OPENID | SAML,
    ),
    "DomainNamesDiffer": (
        DOMAINS | {"ApiDomainName": SIGN_IN_DOMAIN["SignInDomainName"]},
        DOMAINS | {"HostedZoneId": "Z0123456789EXAMPLE"},
    ),
    "HostedZoneNeedsADomain": (
        {"HostedZoneId": "Z0123456789EXAMPLE"},
        {"HostedZoneId": "Z0123456789EXAMPLE"} | API_DOMAIN,
    ),
    **{
        rule: ({next(iter(parameters)): next(iter(parameters.values()))}, parameters)
        for rule, parameters in WHOLE.items()
    },
    "CustomMessageNeedsSes": ({"CustomMessage": "on"}, {"CustomMessage": "on"} | SES),
    "MessageSenderNeedsSes": ({"MessageSender": "on"}, {"MessageSender": "own"}),
    "GuestCredentialsNeedAnIdentityPool": (
        {"AwsCredentials": "off", "GuestCredentials": "on"},
        {"AwsCredentials": "off"},
    ),
    "ExistingPoolWebClientNeedsAnIdentityPool": (
        EXISTING | WEB_CLIENT | {"AwsCredentials": "off"},
        EXISTING | WEB_CLIENT,
    ),
    "MessageSenderReplacesCustomMessage": (
        {"MessageSender": "on", "CustomMessage": "on"} | SES,
        {"MessageSender": "on", "CustomMessage": "on", "RunsOn": "emulator"} | SES,
    ),
}
"""By rule: parameter values that it refuses, and similar ones that are possible."""

DESIGNED_OUTPUTS = {
    "ApiUrl",
    "UserPoolId",
    "UserPoolArn",
    "WebClientId",
    "ServerClientId",
    "MachineClientId",
    "SignInUrl",
    "IdentityPoolId",
    "ProfilesTable",
    "AuthorizerArn",
    "LibraryLayerArn",
}


OF_AN_OWN_POOL = {"WebClientId", "ServerClientId", "MachineClientId", "SignInUrl"}


def cases(values: dict[str, list[str]]) -> list[tuple[str, str]]:
    """Return every (parameter, value) pair."""
    return [(parameter, value) for parameter, listed in values.items() for value in listed]


@pytest.mark.parametrize(("parameter", "value"), cases(BAD_VALUES))
def test_parameters_refuse_bad_values(template: Node, parameter: str, value: str) -> None:
    """A value that a service would refuse, or that opens a hole, is refused before anything is created.

    Callback URLs: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html
    Domain prefix: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-assign-domain-prefix.html
    Token lifetimes:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-cognito-userpoolclient-tokenvalidityunits.html
    """
    with pytest.raises(RefusedError, match=f"^{parameter} refuses"):
        process(template, **{parameter: value})


@pytest.mark.parametrize(("parameter", "value"), cases(GOOD_VALUES))
def test_parameters_accept_good_values(template: Node, parameter: str, value: str) -> None:
    needed = NEEDED_WITH.get(parameter, {}) if value else {}
    process(template, **needed | {parameter: value})


def test_parameters_constraints_are_all_tested(template: Node) -> None:
    assert set(BAD_VALUES) == set(template["Parameters"])


def test_parameters_have_a_description_and_a_default(template: Node) -> None:
    for name, definition in template["Parameters"].items():
        assert definition.get("Description", "").strip(), f"{name} has no description"
        assert "Default" in definition, f"{name} has no default, so `sam deploy` would stop and ask"
        assert "AllowedPattern" not in definition or definition.get("ConstraintDescription"), (
            f"{name} would be refused with a regular expression for a reason: it needs a ConstraintDescription"
        )


def test_parameters_stand_in_the_interface_once(template: Node) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-interface.html"""
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    listed = Counter(name for group in groups for name in group["Parameters"])
    assert listed == dict.fromkeys(template["Parameters"], 1)
    assert all(group["Label"]["default"] for group in groups)


def test_parameters_are_all_used(template: Node) -> None:
    unused = set(template["Parameters"]) - {
        name
        for section in ("Conditions", "Resources", "Outputs")
        for each in walk(template[section])
        for name in template["Parameters"]
        if each == {"Ref": name} or (isinstance(each, str) and f"${{{name}}}" in each)
    }
    assert not unused


@pytest.mark.parametrize("rule", RULES)
def test_rules_refuse_the_impossible_and_accept_the_possible(template: Node, rule: str) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html"""
    impossible, possible = RULES[rule]
    process(template, **possible)
    with pytest.raises(RefusedError, match=f"{rule}: ."):
        process(template, **impossible)


@pytest.mark.parametrize(
    "parameters",
    [
        {"DomainPrefix": "login"},
        {"MfaConfiguration": "OFF"},
        {"IssuerType": "UPDATED"},
        {"PasskeyRelyingPartyId": "example.com"},
        {"RefreshTokenRotation": "on"},
    ],
)
def test_rules_refuse_settings_that_an_existing_pool_keeps(template: Node, parameters: dict[str, str]) -> None:
    with pytest.raises(RefusedError, match=f"ExistingPoolKeepsItsSettings: .*{next(iter(parameters))}"):
        process(template, **EXISTING | parameters)


@pytest.mark.parametrize("parameters", [GOOGLE, FACEBOOK, APPLE, OPENID, SAML, SIGN_IN_DOMAIN])
def test_rules_refuse_providers_and_domains_that_an_existing_pool_has_itself(
    template: Node, parameters: dict[str, str]
) -> None:
    with pytest.raises(RefusedError, match=f"ExistingPoolKeepsItsProviders: .*{next(iter(parameters))}"):
        process(template, **EXISTING | parameters)


@pytest.mark.parametrize(
    "parameters",
    [
        {"OnConflict": "Replace"},
        {"ExistingPoolRoleArns": ROLE_ARN},
        {"ExistingPoolKeyArns": KEY_ARN},
        WEB_CLIENT,
        {"TokenTriggerVersion": "V1_0"},
    ],
)
def test_rules_refuse_what_is_for_an_existing_pool_without_one(template: Node, parameters: dict[str, str]) -> None:
    with pytest.raises(RefusedError, match=f"OwnPoolExcludesWhatIsForExistingOnes: .*{next(iter(parameters))}"):
        process(template, **parameters)


def test_rules_refuse_guests_beside_an_existing_pool_without_an_identity_pool(template: Node) -> None:
    with pytest.raises(RefusedError, match="GuestCredentialsNeedAnIdentityPool: .*ExistingPoolWebClientId"):
        process(template, **EXISTING, GuestCredentials="on")
    process(template, **EXISTING | WEB_CLIENT, GuestCredentials="on")


def test_rules_leave_mail_and_second_factors_of_an_existing_pool_to_the_attachment(template: Node) -> None:
    """Only the pool knows them: `poolhouse.pools.attachment` refuses what does not go together."""
    process(template, **EXISTING, CustomMessage="on")
    process(template, **EXISTING | SES, MagicLink="on", MagicLinkUrl=LINK_PAGE)


@pytest.mark.parametrize("rule", WHOLE)
def test_rules_refuse_each_half_of_a_set_and_name_its_parameters(template: Node, rule: str) -> None:
    for missing in WHOLE[rule]:
        given = {name: value for name, value in WHOLE[rule].items() if name != missing}
        with pytest.raises(RefusedError, match=f"{rule}: ") as refusal:
            process(template, **given)
        assert all(name in str(refusal.value) for name in WHOLE[rule]), missing
        only = {missing: WHOLE[rule][missing]}
        with pytest.raises(RefusedError, match=f"{rule}: "):
            process(template, **only)


def test_rules_are_all_tested(template: Node) -> None:
    assert set(RULES) == set(template["Rules"])


def test_runs_on_is_the_emulator_only_where_samconfig_says_local(template: Node) -> None:
    config = tomllib.loads((ROOT / "samconfig.toml").read_text("utf-8"))
    assert template["Parameters"]["RunsOn"]["Default"] == "aws"
    for environment, commands in config.items():
        if environment != "version":
            assert ("RunsOn" in str(commands)) == (environment == "local"), environment
    assert "RunsOn=emulator" in config["local"]["deploy"]["parameters"]["parameter_overrides"]


def test_outputs_that_others_rely_on_exist(stack: Stack) -> None:
    without = OF_AN_OWN_POOL if stack.parameters["ExistingUserPoolId"] else set()
    without |= set() if "IdentityPool" in stack.resources else {"IdentityPoolId"}
    assert set(stack.outputs) >= DESIGNED_OUTPUTS - without


def test_outputs_have_a_description_and_a_value(stack: Stack) -> None:
    for name, output in stack.outputs.items():
        assert output.get("Description", "").strip(), f"{name} has no description"
        assert set(output) <= {"Description", "Value", "Export"}, name  # a comma in a flow map makes a new key
        assert references(output["Value"]) <= set(stack.resources), name
        assert output["Value"], name


@pytest.mark.parametrize(
    ("stage", "url"), [("$default", "${Api.ApiEndpoint}"), ("v1", "${Api.ApiEndpoint}/v1")], ids=["default", "named"]
)
def test_outputs_api_url_names_the_stage(template: Node, stage: str, url: str) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-stages.html"""
    assert process(template, StageName=stage).outputs["ApiUrl"]["Value"] == url


def test_outputs_sign_in_url_asks_for_what_the_web_client_has(pool_stack: Stack) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/authorization-endpoint.html"""
    stack = pool_stack
    web = stack.resources["WebClient"]["Properties"]
    _, _, query = stack.outputs["SignInUrl"]["Value"].partition("?")
    fields = dict(field.split("=", 1) for field in query.split("&"))
    assert fields["client_id"] == "${WebClient}"
    assert fields["response_type"] in web["AllowedOAuthFlows"]
    assert set(fields["scope"].split("+")) <= set(web["AllowedOAuthScopes"])
    assert fields["redirect_uri"] in web["CallbackURLs"]


def test_outputs_hold_no_secret(stack: Stack) -> None:
    assert not [each for each in walk(dict(stack.outputs)) if isinstance(each, str) and ".ClientSecret}" in each]
