"""The identity pool: whose token becomes AWS credentials, and what those may do.

The emulator knows neither the keys of an item nor the tags of a session, never chooses a role by group, and gives
guests credentials although they are off: none of this can be seen there. What the policies below allow and refuse is
judged by an IAM simulator in test_identity_policies.py.
"""

from collections.abc import Mapping
from typing import Any

import pytest
from poolhouse.access import default_policy

from local.policy import readable
from tests.unit.template.cognito_roles import RefusedError, id_token, provider_of, role_of, trusts, web_client_of
from tests.unit.template.conftest import EXISTING
from tests.unit.template.processing import Node, Stack, Symbolic, process, references
from tests.unit.template.test_functions import listed, policies_of, statements

KEYS = "dynamodb:LeadingKeys"
ATTRIBUTES = "dynamodb:Attributes"
TAG = "aws:PrincipalTag/sub"
READS = {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"}
ROLES = {"member": "MemberIdentityRole", "support": "SupportIdentityRole", "admin": "AdminIdentityRole"}
GUEST = "GuestIdentityRole"
EMULATOR = "EmulatorIdentityPolicy"
ASSUMING = ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]


@pytest.fixture(scope="module")
def with_guests(template: Node) -> Stack:
    return process(template, GuestCredentials="on")


def rights_of(stack: Stack, role: str) -> list[Node]:
    """Return the statements of a role's own policies, without the one that exists on the emulator alone."""
    on_emulator = statements(stack.resources.get(EMULATOR, {}))
    return [each for each in policies_of(stack, role) if each not in on_emulator]


def groups(stack: Stack, *names: str) -> dict[str, tuple[str | None, int]]:
    """Return groups as `id_token` wants them. The owner of an existing pool is taken to have given them our roles."""
    if stack.parameters["ExistingUserPoolId"]:
        precedences = {"admin": 10, "support": 20, "member": 30}
        return {name: (f"${{{ROLES[name]}.Arn}}", precedences[name]) for name in names}
    found = {each["GroupName"]: each for each in stack.of_type("AWS::Cognito::UserPoolGroup").values()}
    return {name: (found[name].get("RoleArn"), found[name]["Precedence"]) for name in names}


def signed_in(stack: Stack, groups: Mapping[str, tuple[str | None, int]]) -> dict[str, Any]:
    """Return the claims of a user of the web client."""
    return id_token(web_client_of(stack), groups)


# ------------------------------------------------------------------------------------------------ who gets credentials
def test_identity_pool_is_left_out_with_all_that_belongs_to_it(template: Node) -> None:
    stack = process(template, AwsCredentials="off")
    assert not [name for name in stack.resources if "Identity" in name or "Picture" in name]
    assert not {"IdentityPoolId", "PicturesBucket"} & set(stack.outputs)
    assert not [each for each in stack.of_type("AWS::Cognito::UserPoolGroup").values() if "RoleArn" in each]


@pytest.mark.parametrize("parameters", [{}, {"AwsCredentials": "off"}])
def test_identity_pool_beside_an_existing_pool_is_off_by_default(template: Node, parameters: dict[str, str]) -> None:
    """Only its owner knows whether the groups of that pool carry roles."""
    stack = process(template, **EXISTING | parameters)
    assert not [name for name in stack.resources if "Identity" in name or "Picture" in name]
    assert not {"IdentityPoolId", "PicturesBucket"} & set(stack.outputs)


def test_identity_pool_knows_guests_by_parameter_alone(pooled: Stack) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flow.html"""
    pool = pooled.only("AWS::Cognito::IdentityPool")
    roles = pooled.only("AWS::Cognito::IdentityPoolRoleAttachment")["Roles"]
    knows_guests = pooled.parameters["GuestCredentials"] == "on"
    assert pool["AllowUnauthenticatedIdentities"] is knows_guests
    assert ("unauthenticated" in roles) is knows_guests
    assert (GUEST in pooled.resources) is knows_guests


def test_identity_pool_has_no_classic_flow(pooled: Stack) -> None:
    """There the client itself names a role to STS, and the session is cut by no policy of Cognito's.

    https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flow.html
    """
    assert pooled.only("AWS::Cognito::IdentityPool")["AllowClassicFlow"] is False


def test_identity_pool_checks_that_the_user_is_still_signed_in(pooled: Stack) -> None:
    """https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_CognitoIdentityProvider.html"""
    providers = pooled.only("AWS::Cognito::IdentityPool")["CognitoIdentityProviders"]
    assert providers
    for provider in providers:
        assert provider["ServerSideTokenCheck"] is True
        assert provider["ProviderName"] == provider_of(pooled)
        assert provider["ClientId"] == web_client_of(pooled)
        for client in references(provider["ClientId"]):
            assert "code" in pooled.resources[client]["Properties"]["AllowedOAuthFlows"], "a machine has no identity"


def test_identity_pool_tags_the_session_with_the_users_key(pooled: Stack) -> None:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/using-attributes-for-access-control-custom-mapping.html"""
    tags = pooled.only("AWS::Cognito::IdentityPoolPrincipalTag")
    assert tags["IdentityPoolId"] == "${IdentityPool}"
    assert tags["IdentityProviderName"] == provider_of(pooled)
    assert tags["UseDefaults"] is False
    assert tags["PrincipalTags"] == {"sub": "sub"}


# ---------------------------------------------------------------------------------------------------------- which role
def test_role_of_a_user_without_a_group_is_the_members(pooled: Stack) -> None:
    """Every user is a member, in whatever groups they are."""
    assert role_of(pooled, signed_in(pooled, {})) == "${MemberIdentityRole.Arn}"
    assert role_of(pooled, signed_in(pooled, {"some-group-of-your-own": (None, 0)})) == "${MemberIdentityRole.Arn}"


@pytest.mark.parametrize(
    ("names", "role"),
    [
        (["member"], "member"),
        (["support"], "support"),
        (["admin"], "admin"),
        (["support", "member"], "support"),
        (["admin", "support", "member"], "admin"),
    ],
)
def test_role_of_a_user_is_that_of_the_first_group(pooled: Stack, names: list[str], role: str) -> None:
    assert role_of(pooled, signed_in(pooled, groups(pooled, *names))) == f"${{{ROLES[role]}.Arn}}"


def test_role_of_a_user_is_that_of_a_group_of_ones_own(pooled: Stack) -> None:
    """Whether this identity pool may hand it out, its trust policy says."""
    editors = "arn:aws:iam::123456789012:role/editors"
    assert role_of(pooled, signed_in(pooled, {"editors": (editors, 1)} | groups(pooled, "member"))) == editors


def test_role_of_a_user_in_two_groups_of_the_same_precedence_is_none(pooled: Stack) -> None:
    """Which of the two was meant is not for us to guess."""
    _, precedence = groups(pooled, "admin")["admin"]
    conflicting = groups(pooled, "admin") | {"operators": ("arn:aws:iam::123456789012:role/operators", precedence)}
    with pytest.raises(RefusedError, match="ambiguous"):
        role_of(pooled, signed_in(pooled, conflicting))


def test_role_that_a_user_asks_for_is_one_of_the_users_groups(pooled: Stack) -> None:
    support, admin = f"${{{ROLES['support']}.Arn}}", f"${{{ROLES['admin']}.Arn}}"
    assert role_of(pooled, signed_in(pooled, groups(pooled, "admin", "support")), custom=support) == support
    for held in ({}, groups(pooled, "support")):
        with pytest.raises(RefusedError, match="asked for"):
            role_of(pooled, signed_in(pooled, held), custom=admin)


def test_role_of_a_guest_is_none_unless_guests_are_on(template: Node, with_guests: Stack) -> None:
    with pytest.raises(RefusedError, match="unauthenticated"):
        role_of(process(template), None)
    assert role_of(with_guests, None) == f"${{{GUEST}.Arn}}"


def test_role_of_a_signed_out_user_is_none(pooled: Stack) -> None:
    with pytest.raises(RefusedError, match="signed out"):
        role_of(pooled, signed_in(pooled, groups(pooled, "admin")), is_signed_out=True)


@pytest.mark.parametrize("client", ["${ServerClient}", "${MachineClient}", "9example23456789"])
def test_role_for_a_token_of_another_client_is_none(pooled: Stack, client: str) -> None:
    with pytest.raises(RefusedError, match="provider"):
        role_of(pooled, id_token(client, {}))


def test_role_for_an_access_token_is_none(pooled: Stack) -> None:
    with pytest.raises(RefusedError, match="provider"):
        role_of(pooled, {"token_use": "access", "client_id": web_client_of(pooled), "sub": "pat"})


def test_groups_that_are_roles_have_their_role_and_others_none(pooled: Stack) -> None:
    """Those of an existing pool are its owner's."""
    named = {each["GroupName"]: each["RoleArn"] for each in pooled.of_type("AWS::Cognito::UserPoolGroup").values()}
    of_the_stack = {} if pooled.parameters["ExistingUserPoolId"] else ROLES
    assert named == {group: f"${{{role}.Arn}}" for group, role in of_the_stack.items()}
    assert set(ROLES) == set(default_policy().roles)


# ------------------------------------------------------------------------------------------------- who may hand it out
def test_identity_roles_trust_this_pool_alone(pooled: Stack) -> None:
    """Without the audience, any identity pool of any account could hand out the role.

    Without sts:TagSession, a pool that maps claims to tags can hand out no credentials.
    https://docs.aws.amazon.com/cognito/latest/developerguide/iam-roles.html
    https://docs.aws.amazon.com/cognito/latest/developerguide/using-attributes-for-access-control.html
    """
    user, guest = ["authenticated", "cognito-idp.eu-central-1.amazonaws.com/pool"], ["unauthenticated"]
    for name in [*ROLES.values(), *([GUEST] if GUEST in pooled.resources else [])]:
        (trust,) = statements(pooled.resources[name]["Properties"]["AssumeRolePolicyDocument"])
        mine, others, actions = (guest, user, ASSUMING[:1]) if name == GUEST else (user, guest, ASSUMING)
        assert trusts(trust, "${IdentityPool}", mine, actions), name
        assert not trusts(trust, "eu-central-1:00000000-0000-4000-8000-000000000000", mine, actions), name
        assert not trusts(trust, "${IdentityPool}", others, actions), name
        assert listed(trust["Action"]) == actions, name
        assert isinstance(trust["Condition"]["StringEquals"]["cognito-identity.amazonaws.com:aud"], Symbolic), name


def test_identity_roles_are_the_known_ones(pooled: Stack) -> None:
    trusting = {
        name
        for name, role in pooled.of_type("AWS::IAM::Role").items()
        if "cognito-identity.amazonaws.com" in str(role["AssumeRolePolicyDocument"])
    }
    assert trusting - {GUEST} == set(ROLES.values())


# ------------------------------------------------------------------------------------------------- what a role allows
def test_identity_roles_read_what_the_policy_shows_them(pooled: Stack) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html"""
    for name, role in ROLES.items():
        read = {
            KEYS in str(each["Condition"].get("ForAllValues:StringEquals")): each for each in of_table(pooled, role)
        }
        of_others = readable(default_policy(), name, own=False)
        of_own = readable(default_policy(), name, own=True)
        assert set(attributes(read.get(False))) == set(of_others), f"{name}, others' profiles"
        assert set(attributes(read.get(True))) | set(of_others) == set(of_own), f"{name}, own profile"


def test_identity_roles_read_by_key_and_over_tls(pooled: Stack) -> None:
    """A condition on all values is true of a request without any: a scan, or a user without the tag.

    `dynamodb:Select` always has a value when items are read: without a list of attributes it is ALL_ATTRIBUTES.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
    """
    for role in ROLES.values():
        assert of_table(pooled, role)
        for right in of_table(pooled, role):
            condition = right["Condition"]
            assert set(listed(right["Action"])) <= READS, f"{role}: writes go through the API"
            assert listed(right["Resource"]) == ["${ProfilesTable.Arn}"], f"{role}: no index, no other table"
            assert not references(condition), f"{role}: Fn::Sub must leave the policy variable alone"
            assert condition["Bool"] == {"aws:SecureTransport": "true"}, role
            assert condition["StringEquals"] == {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"}, role
            all_of = condition["ForAllValues:StringEquals"]
            assert all_of.get(KEYS) in (None, f"${{{TAG}}}"), role
            guarded = {KEYS, ATTRIBUTES} | ({TAG} if KEYS in all_of else set())
            assert condition["Null"] == dict.fromkeys(guarded, "false"), role


def test_identity_roles_reach_own_pictures_alone(pooled: Stack) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html"""
    for name, role in ROLES.items():
        of_pictures = [each for each in rights_of(pooled, role) if each not in of_table(pooled, role)]
        assert len(of_pictures) == (name != "support"), f"{name}: support has no pictures"
        for right in of_pictures:
            assert right["Action"] == "s3:GetObject", f"{role}: writes go through the API"
            assert right["Resource"] == f"${{PicturesBucket.Arn}}/${{{TAG}}}/*", role
            assert references(right["Resource"]) == {"PicturesBucket"}, role
            assert right["Condition"] == {"Bool": {"aws:SecureTransport": "true"}, "Null": {TAG: "false"}}, role


def test_guests_may_do_nothing(with_guests: Stack) -> None:
    assert policies_of(with_guests, GUEST) == []


def test_rights_without_conditions_are_for_the_emulator_alone(pooled: Stack) -> None:
    assert (EMULATOR in pooled.resources) == (pooled.parameters["RunsOn"] == "emulator")
    for right in statements(pooled.resources.get(EMULATOR, {})):
        assert set(listed(right["Action"])) <= {"dynamodb:GetItem", "dynamodb:Query", "s3:GetObject"}


def of_table(stack: Stack, role: str) -> list[Node]:
    """Return a role's statements about the profiles table."""
    return [each for each in rights_of(stack, role) if "ProfilesTable" in references(each["Resource"])]


def attributes(right: Node | None) -> list[str]:
    return listed(right["Condition"]["ForAllValues:StringEquals"][ATTRIBUTES]) if right else []
