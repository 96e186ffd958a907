"""The identity pool: whose token becomes AWS credentials, and what those reach.

The emulator knows neither the keys of an item nor the tags of a session, and gives guests credentials although they are
off: none of this can be seen there.
"""

import pytest

from tests.unit.template.processing import Node, Stack, Symbolic, references
from tests.unit.template.test_functions import listed, policies_of, statements

KEYS = "dynamodb:LeadingKeys"
TAG = "aws:PrincipalTag/sub"
READS_BY_KEY = {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"}


@pytest.fixture
def stack(pool_stack: Stack) -> Stack:
    """Return the stack with a pool of its own: beside an existing one there is no identity pool."""
    return pool_stack


def identity_roles(stack: Stack) -> dict[str, Node]:
    """Return the roles that signed-in users may get from the identity pool."""
    attached = references(stack.only("AWS::Cognito::IdentityPoolRoleAttachment"))
    return {name: each for name, each in stack.of_type("AWS::IAM::Role").items() if name in attached}


def test_identity_pool_knows_no_guests_and_no_classic_flow(stack: Stack) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flow.html"""
    pool = stack.only("AWS::Cognito::IdentityPool")
    assert pool["AllowUnauthenticatedIdentities"] is False
    assert pool["AllowClassicFlow"] is False


def test_identity_pool_checks_that_the_user_is_still_signed_in(stack: Stack) -> None:
    """https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_CognitoIdentityProvider.html"""
    providers = stack.only("AWS::Cognito::IdentityPool")["CognitoIdentityProviders"]
    assert providers
    for provider in providers:
        assert provider["ServerSideTokenCheck"] is True
        assert provider["ProviderName"] == "${UserPool.ProviderName}"
        (client,) = references(provider["ClientId"])
        assert "code" in stack.resources[client]["Properties"]["AllowedOAuthFlows"], "a machine has no identity"


def test_identity_pool_has_roles_for_signed_in_users_alone(stack: Stack) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/role-based-access-control.html"""
    attachment = stack.only("AWS::Cognito::IdentityPoolRoleAttachment")
    assert attachment["IdentityPoolId"] == "${IdentityPool}"
    assert set(attachment["Roles"]) == {"authenticated"}
    for mapping in attachment.get("RoleMappings", {}).values():
        assert mapping["AmbiguousRoleResolution"] == "Deny"


def test_identity_roles_trust_signed_in_users_of_this_pool_alone(stack: Stack) -> None:
    """Without the audience, any identity pool of any account could hand out the role.

    https://docs.aws.amazon.com/cognito/latest/developerguide/iam-roles.html
    """
    roles = identity_roles(stack)
    assert roles
    for name, role in roles.items():
        (trust,) = statements(role["AssumeRolePolicyDocument"])
        assert trust["Effect"] == "Allow", name
        assert trust["Principal"] == {"Federated": "cognito-identity.amazonaws.com"}, name
        condition = trust["Condition"]
        assert condition["StringEquals"] == {"cognito-identity.amazonaws.com:aud": "${IdentityPool}"}, name
        assert isinstance(condition["StringEquals"]["cognito-identity.amazonaws.com:aud"], Symbolic), name
        assert condition["ForAnyValue:StringLike"] == {"cognito-identity.amazonaws.com:amr": "authenticated"}, name


def test_identity_roles_may_be_tagged(stack: Stack) -> None:
    """Without sts:TagSession, a pool that maps claims to tags can hand out no credentials.

    https://docs.aws.amazon.com/cognito/latest/developerguide/using-attributes-for-access-control.html
    """
    for name, role in identity_roles(stack).items():
        (trust,) = statements(role["AssumeRolePolicyDocument"])
        assert sorted(listed(trust["Action"])) == ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"], name


def test_identity_pool_tags_the_session_with_the_users_key(stack: Stack) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/using-attributes-for-access-control-custom-mapping.html"""
    tags = stack.only("AWS::Cognito::IdentityPoolPrincipalTag")
    assert tags["IdentityPoolId"] == "${IdentityPool}"
    assert tags["IdentityProviderName"] == "${UserPool.ProviderName}"
    assert tags["UseDefaults"] is False
    assert tags["PrincipalTags"] == {"sub": "sub"}


def test_identity_roles_read_rows_of_the_user_alone(stack: Stack) -> None:
    """A condition on all keys is true of a request without any: a scan, or a user without the tag.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
    """
    for name in identity_roles(stack):
        rights = policies_of(stack, name)
        assert rights, name
        for right in rights:
            assert set(listed(right["Action"])) <= READS_BY_KEY, f"{name}: writes go through the API"
            condition = right["Condition"]
            assert listed(condition["ForAllValues:StringEquals"][KEYS]) == [f"${{{TAG}}}"], name
            assert not references(condition), f"{name}: Fn::Sub must leave the policy variable alone"
            assert condition["Null"] == {KEYS: "false", TAG: "false"}, name


def test_identity_roles_reach_the_profiles_table_alone(stack: Stack) -> None:
    """The user's key is the hash key there, so that it is the first of the leading keys."""
    for name in identity_roles(stack):
        for right in policies_of(stack, name):
            assert listed(right["Resource"]) == ["${ProfilesTable.Arn}"], name
