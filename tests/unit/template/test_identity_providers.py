"""Identity providers: what Cognito is told of each, where their secrets stand, and which clients show them.

The emulator cannot create the resource type, so it is judged here against what Cognito documents. A sign-in through a
provider with these properties: tests/e2e/test_federation.py.
"""

import re

import pytest

from tests.unit.template.conftest import EVERY_PROVIDER, EXISTING, OPENID, PROVIDERS, SAML
from tests.unit.template.processing import Node, Stack, process, references, walk

TYPE = "AWS::Cognito::UserPoolIdentityProvider"
DETAILS = {
    "Google": {"authorize_scopes", "client_id", "client_secret"},
    "Facebook": {"authorize_scopes", "client_id", "client_secret"},
    "SignInWithApple": {"authorize_scopes", "client_id", "key_id", "private_key", "team_id"},
    "OIDC": {"attributes_request_method", "authorize_scopes", "client_id", "client_secret", "oidc_issuer"},
    "SAML": {"IDPInit", "IDPSignout", "MetadataURL"},
}
"""By type of provider: the details that it is made with."""
SOCIAL_SCOPES = {"Google": "email profile openid", "Facebook": "public_profile, email", "SignInWithApple": "email name"}
SECRET_DETAILS = {"client_secret", "private_key"}
KNOWN_CLAIMS = {
    "Google": {"sub", "email", "email_verified", "name", "given_name", "family_name", "picture"},
    "Facebook": {"id", "email", "name", "first_name", "last_name"},
    "SignInWithApple": {"sub", "email", "email_verified", "name", "firstName", "lastName"},
}
VERIFIED = {"email_verified", "phone_number_verified"}
"""Attributes that Cognito writes for a provider, though no app client may."""


def provider_of(stack: Stack) -> Node:
    return stack.only(TYPE)


@pytest.fixture(params=list(PROVIDERS))
def kind(request: pytest.FixtureRequest) -> str:
    """Return each type of provider."""
    return str(request.param)


@pytest.fixture
def provider(template: Node, kind: str) -> Node:
    """Return the one provider of a stack that has this type alone."""
    return provider_of(process(template, **PROVIDERS[kind]))


def test_providers_are_off_by_default(default_stack: Stack) -> None:
    assert default_stack.of_type(TYPE) == {}
    for client in default_stack.of_type("AWS::Cognito::UserPoolClient").values():
        assert client.get("SupportedIdentityProviders", ["COGNITO"]) == ["COGNITO"]


def test_providers_are_told_what_cognito_needs(kind: str, provider: Node) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateIdentityProvider.html"""
    assert provider["ProviderType"] == kind
    assert provider["UserPoolId"] == "${UserPool}"
    assert set(provider["ProviderDetails"]) == DETAILS[kind]
    assert all(isinstance(each, str) and each for each in provider["ProviderDetails"].values())
    if kind in SOCIAL_SCOPES:
        assert provider["ProviderName"] == kind  # Cognito takes no other name for these
        assert provider["ProviderDetails"]["authorize_scopes"] == SOCIAL_SCOPES[kind]


def test_providers_have_names_that_cognito_takes(template: Node) -> None:
    """And that `TrustedIdentityProviders` can name.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateIdentityProvider.html
    """
    names = [each["ProviderName"] for each in process(template, **EVERY_PROVIDER).of_type(TYPE).values()]
    assert len(names) == len(set(names)) == len(PROVIDERS)
    for name in names:
        assert re.fullmatch(r"[^_\s][^_\s]+[^_\s]", name), name
        assert len(name) <= 32, name
        process(template, **EVERY_PROVIDER, TrustedIdentityProviders=name)


def test_providers_get_their_secrets_from_secrets_manager(kind: str, provider: Node) -> None:
    """A parameter stands in the stack's description, readable for many.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-secretsmanager.html
    """
    given = PROVIDERS[kind]
    references_to = [
        f"{{{{resolve:secretsmanager:{value}}}}}" for name, value in given.items() if name.endswith("SecretArn")
    ]
    secrets = [value for name, value in provider["ProviderDetails"].items() if name in SECRET_DETAILS]
    assert secrets == references_to
    assert len(secrets) == (0 if kind == "SAML" else 1)


def test_providers_secrets_stand_nowhere_else(template: Node) -> None:
    """Neither in a function's environment nor in an output, where a dynamic reference would be in the clear."""
    stack = process(template, **EVERY_PROVIDER)
    holders = {
        name
        for name, resource in stack.resources.items()
        if any(isinstance(each, str) and "{{resolve:" in each for each in walk(resource))
    }
    assert {stack.resources[name]["Type"] for name in holders} == {TYPE}
    assert "{{resolve:" not in str(stack.outputs)


def test_providers_map_the_address_and_only_claims_that_there_are(kind: str, provider: Node) -> None:
    """Cognito makes no user without the required attributes of the pool.

    https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-specifying-attribute-mapping.html
    """
    mapping = provider["AttributeMapping"]
    assert mapping["email"]
    if kind in KNOWN_CLAIMS:
        assert set(mapping.values()) <= KNOWN_CLAIMS[kind]
    assert not {"sub", "username", "identities"} & set(mapping)


def test_providers_map_every_required_attribute(template: Node) -> None:
    stack = process(template, **EVERY_PROVIDER)
    required = {each["Name"] for each in stack.only("AWS::Cognito::UserPool")["Schema"] if each["Required"]}
    for name, provider in stack.of_type(TYPE).items():
        assert required <= set(provider["AttributeMapping"]), name


def test_providers_map_what_every_client_that_shows_them_may_write(template: Node) -> None:
    """Cognito writes mapped attributes with the client's rights, and else fails: "Attribute cannot be updated".

    https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-specifying-attribute-mapping.html
    """
    stack = process(template, **EVERY_PROVIDER, SamlEmailVerifiedAttribute="verified")
    schema = {each["Name"]: each for each in stack.only("AWS::Cognito::UserPool")["Schema"]}
    for name, provider in stack.of_type(TYPE).items():
        written = set(provider["AttributeMapping"]) - VERIFIED
        for client in ("WebClient", "ServerClient"):
            assert written <= set(stack.resources[client]["Properties"]["WriteAttributes"]), (name, client)
        assert all(schema[each]["Mutable"] for each in written & set(schema)), name


def test_openid_address_is_verified_only_where_the_provider_spoke_of_it(template: Node) -> None:
    """`email_verified` is about the claim `email`: OpenID Connect Core 1.0, section 5.1."""
    plain = provider_of(process(template, **OPENID))["AttributeMapping"]
    other = provider_of(process(template, **OPENID, OpenIdEmailClaim="upn"))["AttributeMapping"]
    assert (plain["email"], plain["email_verified"]) == ("email", "email_verified")
    assert other["email"] == "upn"
    assert "email_verified" not in other


def test_saml_address_is_verified_only_by_an_attribute_that_says_so(template: Node) -> None:
    plain = provider_of(process(template, **SAML))["AttributeMapping"]
    checked = provider_of(process(template, **SAML, SamlEmailAttribute="mail", SamlEmailVerifiedAttribute="ok"))
    assert "email_verified" not in plain
    assert checked["AttributeMapping"] == {"email": "mail", "email_verified": "ok"}


def test_saml_signs_in_nobody_who_did_not_ask(template: Node) -> None:
    """A response without a request can be another's: one is signed in as them, and writes into their account.

    https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-SAML-session-initiation.html
    """
    assert provider_of(process(template, **SAML))["ProviderDetails"]["IDPInit"] == "false"


def test_facebook_is_not_believed_an_address(template: Node) -> None:
    """It does not say whether it has checked one, so nobody is linked by it."""
    assert "email_verified" not in provider_of(process(template, **PROVIDERS["Facebook"]))["AttributeMapping"]


@pytest.mark.parametrize("client", ["WebClient", "ServerClient"])
def test_sign_in_page_shows_each_provider_that_is_there(template: Node, kind: str, client: str) -> None:
    """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html"""
    stack = process(template, **PROVIDERS[kind])
    (name,) = stack.of_type(TYPE)
    shown = stack.resources[client]["Properties"]["SupportedIdentityProviders"]
    assert shown == ["COGNITO", f"${{{name}}}"]  # a reference: the client waits for the provider
    assert name in references(stack.resources[client])


def test_sign_in_page_shows_all_of_them(template: Node) -> None:
    stack = process(template, **EVERY_PROVIDER)
    shown = stack.resources["WebClient"]["Properties"]["SupportedIdentityProviders"]
    assert shown == ["COGNITO", *(f"${{{name}}}" for name in stack.of_type(TYPE))]
    assert len(shown) == 1 + len(PROVIDERS)


def test_machine_client_shows_no_provider(template: Node) -> None:
    client = process(template, **EVERY_PROVIDER).resources["MachineClient"]["Properties"]
    assert "SupportedIdentityProviders" not in client


def test_providers_are_left_out_on_the_emulator(template: Node) -> None:
    stack = process(template, **EVERY_PROVIDER, RunsOn="emulator")
    assert stack.of_type(TYPE) == {}
    assert stack.resources["WebClient"]["Properties"]["SupportedIdentityProviders"] == ["COGNITO"]


def test_providers_are_left_out_beside_an_existing_pool(template: Node) -> None:
    assert process(template, **EXISTING).of_type(TYPE) == {}
