"""Beside a pool that exists already: what is not made, what is attached and in which order, and with which rights.

The emulator invokes triggers without any permission and resets nothing at an update, so these rules are judged on the
processed template, and what is written to a pool against a strict stand-in: see tests/unit/pools.
"""

import json
import re

import pytest
from botocore.session import get_session
from poolhouse.pools import settings

from tests.unit.template.cognito_roles import provider_of, web_client_of
from tests.unit.template.conftest import BESIDE_A_POOL, EXISTING, EXISTING_WITH_EVERYTHING, existing_pool_arn
from tests.unit.template.processing import ACCOUNT, Node, Stack, process, references
from tests.unit.template.test_functions import LOG_WRITING, RECORD_ARN, listed, policies_of

POOL = EXISTING["ExistingUserPoolId"]
ONLY_FOR_EXISTING = {
    *("ExistingUserPoolId", "OnConflict", "CreateScopes", "ExistingPoolRoleArns", "ExistingPoolKeyArns"),
    *("ExistingPoolWebClientId", "TokenTriggerVersion"),
}
NOT_MADE = {
    "AWS::Cognito::ManagedLoginBranding",
    "AWS::Cognito::UserPool",
    "AWS::Cognito::UserPoolClient",
    "AWS::Cognito::UserPoolDomain",
    "AWS::Cognito::UserPoolGroup",
    "AWS::Cognito::UserPoolResourceServer",
    "AWS::SecretsManager::Secret",
}
"""Types that only a stack with a pool of its own has."""


@pytest.fixture(scope="module", params=list(BESIDE_A_POOL.values()), ids=list(BESIDE_A_POOL))
def beside(template: Node, request: pytest.FixtureRequest) -> Stack:
    """Return the stack beside an existing pool."""
    return process(template, **request.param)


@pytest.fixture(scope="module")
def everything(template: Node) -> Stack:
    """Return the stack beside an existing pool with every trigger that it can have."""
    return process(template, **EXISTING_WITH_EVERYTHING)


@pytest.mark.parametrize("region", ["eu-central-1", "us-gov-west-1", "cn-north-1", "eusc-de-east-1", "us-isob-east-1"])
def test_pool_of_every_partition_can_be_named(template: Node, region: str) -> None:
    pool = f"{region}_AbCdEf123"
    assert re.fullmatch(template["Parameters"]["ExistingUserPoolId"]["AllowedPattern"], pool)
    assert settings._POOL_ID.fullmatch(pool)


def attached(stack: Stack) -> Node:
    """Return the properties of the custom resource that changes the pool."""
    return stack.only("Custom::AttachedTriggers")


def own_pool_like(template: Node, beside: Stack) -> Stack:
    """Return the stack that makes a pool, with the same values of all parameters that both have."""
    given = {name: value for name, value in beside.parameters.items() if name not in ONLY_FOR_EXISTING}
    as_text = {name: ",".join(value) if isinstance(value, list) else value for name, value in given.items()}
    # Links exclude a second factor, which of an existing pool only the attachment knows.
    no_mfa = {"MfaConfiguration": "OFF"} if as_text["MagicLink"] == "on" else {}
    credentials = {"AwsCredentials": "on" if "IdentityPool" in beside.resources else "off"}
    return process(template, **as_text | no_mfa | credentials)


def as_of(stack: Stack, resource: Node) -> Node:
    """Return a resource with what names an existing pool as it reads in a stack with a pool of its own."""
    names = {  # in this order: the later ones are parts of the first
        str(existing_pool_arn(stack)): "${UserPool.Arn}",
        provider_of(stack): "${UserPool.ProviderName}",
        stack.parameters["ExistingUserPoolId"]: "${UserPool}",
        f'{web_client_of(stack)}"': '${WebClient}"',
    }
    text = json.dumps(resource)
    for name, own in names.items():
        text = text.replace(name, own)
    return json.loads(text)


def test_stack_differs_from_one_with_its_own_pool_by_the_pool_alone(template: Node, beside: Stack) -> None:
    """What both have is the same but for the pool's id and ARN; of the pool's own nothing is made."""
    own = own_pool_like(template, beside)
    both = own.resources.keys() & beside.resources.keys()
    scopes = {"ProfilesResourceServer"} if beside.parameters["CreateScopes"] == "on" else set()
    gone = {own.resources[name]["Type"] for name in own.resources.keys() - both}
    assert gone == (NOT_MADE - {"AWS::Cognito::UserPoolResourceServer"} if scopes else NOT_MADE)
    new = {name for name in beside.resources.keys() - both if not name.startswith("AttachTriggers")}
    assert new == {"AttachedTriggers"}
    assert scopes <= both
    for name in both - {"AuthorizerFunction"}:
        assert as_of(beside, beside.resources[name]) == own.resources[name], name


def test_nothing_of_a_pool_is_made(beside: Stack) -> None:
    made = {each["Type"] for each in beside.resources.values() if each["Type"].startswith("AWS::Cognito::")}
    wanted = {"AWS::Cognito::UserPoolResourceServer"} if beside.parameters["CreateScopes"] == "on" else set()
    if beside.parameters["ExistingPoolWebClientId"]:
        wanted |= {f"AWS::Cognito::IdentityPool{part}" for part in ("", "PrincipalTag", "RoleAttachment")}
    assert made == wanted
    assert beside.outputs["UserPoolId"]["Value"] == POOL
    assert beside.outputs["UserPoolArn"]["Value"] == existing_pool_arn(beside)


def test_scopes_go_into_the_existing_pool(everything: Stack) -> None:
    assert everything.only("AWS::Cognito::UserPoolResourceServer")["UserPoolId"] == POOL


def test_authorizer_accepts_the_named_clients_alone(beside: Stack) -> None:
    variables = beside.resources["AuthorizerFunction"]["Properties"]["Environment"]["Variables"]
    assert (variables["USER_POOL_ID"], variables["CLIENT_IDS"]) == (POOL, beside.parameters["AcceptedClientIds"])


def test_triggers_are_those_of_a_pool_of_the_stacks_own(template: Node, beside: Stack) -> None:
    """Whatever the stack would have put into its own pool's LambdaConfig is attached, and nothing else."""
    config = own_pool_like(template, beside).only("AWS::Cognito::UserPool")["LambdaConfig"]
    if "PreTokenGenerationConfig" in config:
        config["PreTokenGenerationConfig"]["LambdaVersion"] = beside.parameters["TokenTriggerVersion"]
    assert attached(beside)["Triggers"] == config
    assert attached(beside)["UserPoolId"] == POOL
    assert attached(beside)["OnConflict"] == beside.parameters["OnConflict"]


def test_triggers_are_all_that_cognito_has(everything: Stack) -> None:
    """Every member of LambdaConfig is attached by some parameter; custom message alone excludes the senders."""
    known = get_session().get_service_model("cognito-idp").shape_for("LambdaConfigType")
    assert set(known.members) - attached(everything)["Triggers"].keys() == {"CustomMessage"}  # type: ignore[attr-defined]


def test_triggers_come_after_what_they_need_and_go_before_it(beside: Stack) -> None:
    """A pool that calls a function without a permission fails every sign-in, as one whose function lacks a right.

    CloudFormation makes what is referred to first, and deletes it last.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-dependson.html
    """
    first = beside.needs("AttachedTriggers")
    functions = references(attached(beside)["Triggers"]) - {"MessageSenderKey"}
    assert functions
    for function in functions:
        stem = function.removesuffix("Function")
        permission = beside.resources[f"{stem}Permission"]["Properties"]
        assert f"{stem}Permission" in first
        assert (permission["SourceArn"], permission["SourceAccount"]) == (existing_pool_arn(beside), ACCOUNT)
    policies = {
        name
        for name, policy in beside.of_type("AWS::IAM::Policy").items()
        for function in functions
        if function.replace("Function", "Role") in references(policy["Roles"])
    }
    assert policies <= first


def test_permission_that_nothing_waits_for_would_be_found(template: Node) -> None:
    """The parts of `After` are as many as there are permissions for Cognito."""
    permissions = {
        name
        for name, each in template["Resources"].items()
        if each["Type"] == "AWS::Lambda::Permission" and each["Properties"]["Principal"] == "cognito-idp.amazonaws.com"
    }
    waited_for = template["Resources"]["AttachedTriggers"]["Properties"]["After"]
    named = {each["Fn::If"][1]["Ref"] for each in waited_for}
    assert permissions <= named
    for each in waited_for:
        condition, reference, _ = each["Fn::If"]
        assert template["Resources"][reference["Ref"]]["Condition"] == condition


def test_stack_waits_as_long_as_the_function_may_take(beside: Stack) -> None:
    """Lambda runs a failed function again after a minute.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
    """
    timeout = beside.resources["AttachTriggersFunction"]["Properties"]["Timeout"]
    assert attached(beside)["ServiceTimeout"] >= 2 * timeout + 60
    (config,) = (
        each
        for each in beside.of_type("AWS::Lambda::EventInvokeConfig").values()
        if references(each["FunctionName"]) == {"AttachTriggersFunction"}
    )
    assert config["MaximumEventAgeInSeconds"] <= attached(beside)["ServiceTimeout"]


def test_rights_are_for_one_pool_one_record_and_one_stack(template: Node) -> None:
    stack = process(template, **EXISTING)
    rights = policies_of(stack, "AttachTriggersRole")
    by_resource = {each["Resource"]: set(listed(each["Action"])) for each in rights}
    assert by_resource == {
        "${AttachTriggersLogGroup.Arn}": LOG_WRITING,
        existing_pool_arn(stack): {
            "cognito-idp:DescribeUserPool",
            "cognito-idp:UpdateUserPool",
            "cognito-idp:TagResource",
        },
        RECORD_ARN: {"ssm:GetParameter", "ssm:PutParameter", "ssm:DeleteParameter"},
        "arn:aws:cloudformation:eu-central-1:123456789012:stack/poolhouse/5c0d1b2a-8c1e-11ef-9f6b-0a1b2c3d4e5f": {
            "cloudformation:DescribeStackEvents"
        },
    }
    variables = stack.resources["AttachTriggersFunction"]["Properties"]["Environment"]["Variables"]
    assert RECORD_ARN.endswith(f":parameter{variables['RECORD_PARAMETER']}")


def test_rights_to_roles_and_keys_are_for_those_that_are_named(everything: Stack) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html"""
    rights = policies_of(everything, "AttachTriggersRole")
    roles = [each for each in rights if each["Action"] == "iam:PassRole"]
    keys = [each for each in rights if any(action.startswith("kms:") for action in listed(each["Action"]))]
    assert [(each["Resource"], each["Condition"]) for each in roles] == [
        (
            EXISTING_WITH_EVERYTHING["ExistingPoolRoleArns"].split(","),
            {"StringEquals": {"iam:PassedToService": "cognito-idp.amazonaws.com"}},
        )
    ]
    named = EXISTING_WITH_EVERYTHING["ExistingPoolKeyArns"].split(",")
    of_this_pool = {"StringEquals": {"kms:EncryptionContext:userpool-id": POOL}}
    through_cognito = {"StringEquals": {"kms:ViaService": "cognito-idp.eu-central-1.amazonaws.com"}}
    assert [(each["Resource"], each["Condition"]) for each in keys] == [
        (named, of_this_pool),
        (named, through_cognito),
        ("${MessageSenderKey.Arn}", of_this_pool),
    ]
