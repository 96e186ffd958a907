"""The functions: one name for everything that belongs to one, its log, and no more rights than it needs."""

import re

import pytest

from tests.unit.template.conftest import EMULATOR_POLICIES, existing_pool_arn
from tests.unit.template.processing import ACCOUNT, PSEUDO_PARAMETERS, REGION, ROOT, Node, Stack, references, walk

RECORD_ARN = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/poolhouse/poolhouse/attached-triggers"
LOG_WRITING = {"logs:CreateLogStream", "logs:PutLogEvents"}
TO_PHONES = [  # a phone number has no ARN, so all is allowed but topics
    {"Effect": "Allow", "Action": "sns:Publish", "Resource": "*"},
    {"Effect": "Deny", "Action": "sns:Publish", "Resource": "arn:aws:sns:*:*:*"},
]


def snake_case(name: str) -> str:
    """Return a logical id as the folder that it stands for."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def statements(node: Node) -> list[Node]:
    """Return every policy statement within a node, those of trust policies included."""
    found = [each["Statement"] for each in walk(node) if isinstance(each, dict) and "Statement" in each]
    return [each for listed in found for each in (listed if isinstance(listed, list) else [listed])]


def listed(value: Node) -> list[Node]:
    """Return what IAM lets stand alone or in a list as a list."""
    return value if isinstance(value, list) else [value]


def role_of(stack: Stack, function: str) -> str:
    """Return the logical id of a function's role."""
    (role,) = references(stack.resources[function]["Properties"]["Role"])
    return role


def policies_of(stack: Stack, role: str) -> list[Node]:
    """Return the statements of a role's own policies and of those attached to it."""
    attached = [each for each in stack.of_type("AWS::IAM::Policy").values() if role in references(each["Roles"])]
    return statements([stack.resources[role]["Properties"].get("Policies", []), attached])


def test_functions_have_one_name_everywhere(template: Node, stack: Stack) -> None:
    """Folder, function, role and log group are called alike."""
    functions = stack.of_type("AWS::Lambda::Function")
    for name, function in functions.items():
        stem = name.removesuffix("Function")
        folder = snake_case(stem)
        assert name == f"{stem}Function"
        assert template["Resources"][name]["Properties"]["CodeUri"] == f"functions/{folder}"
        assert function["Role"] == f"${{{stem}Role.Arn}}"
        assert function["LoggingConfig"]["LogGroup"] == f"${{{stem}LogGroup}}"
    in_template = {name for name, each in template["Resources"].items() if each["Type"] == "AWS::Serverless::Function"}
    folders = {each.parent.name for each in (ROOT / "functions").glob("*/app.py")}
    assert {snake_case(name.removesuffix("Function")) for name in in_template} == folders


def test_functions_log_json_to_a_group_of_their_own(stack: Stack) -> None:
    """Lambda makes a group that is never emptied where none is named.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
    """
    groups = []
    for name, function in stack.of_type("AWS::Lambda::Function").items():
        assert function["LoggingConfig"]["LogFormat"] == "JSON", name
        (group,) = references(function["LoggingConfig"]["LogGroup"])
        properties = stack.resources[group]["Properties"]
        assert stack.resources[group]["Type"] == "AWS::Logs::LogGroup"
        assert properties["RetentionInDays"] == stack.parameters["LogRetentionDays"], name
        assert properties["LogGroupName"] == f"/poolhouse/poolhouse/{snake_case(name.removesuffix('Function'))}"
        groups.append(group)
    assert len(groups) == len(set(groups))


def test_functions_may_write_to_their_own_log_alone(stack: Stack) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html"""
    for name, function in stack.of_type("AWS::Lambda::Function").items():
        (group,) = references(function["LoggingConfig"]["LogGroup"])
        writing = [
            (set(listed(each["Action"])), each["Resource"])
            for each in policies_of(stack, role_of(stack, name))
            if any(action.startswith("logs:") for action in listed(each["Action"]))
        ]
        assert writing == [(LOG_WRITING, f"${{{group}.Arn}}")], name


def test_functions_have_a_role_of_their_own(stack: Stack) -> None:
    """SAM would make one, with AWS's managed policy for every log group of the account."""
    roles = [role_of(stack, name) for name in stack.of_type("AWS::Lambda::Function")]
    assert len(roles) == len(set(roles))
    for role in roles:
        (trust,) = statements(stack.resources[role]["Properties"]["AssumeRolePolicyDocument"])
        assert trust == {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }, role


def test_functions_get_layers_of_their_processor(stack: Stack) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/foundation-arch.html"""
    for name, function in stack.of_type("AWS::Lambda::Function").items():
        assert function["Architectures"] == [stack.parameters["Architecture"]], name
        layers = [stack.resources[layer]["Properties"] for ref in function["Layers"] for layer in references(ref)]
        folder = ROOT / "functions" / snake_case(name.removesuffix("Function"))
        takes_hooks = "added_hooks" in (folder / "app.py").read_text(encoding="utf-8")
        assert {layer["LayerName"].removesuffix("Arm64").removesuffix("X86") for layer in layers} >= {
            "PoolhouseLayer",
            "DependenciesLayer",
        }
        assert ("HooksLayer" in {layer["LayerName"] for layer in layers}) == takes_hooks, name
        for layer in layers:
            assert function["Runtime"] in layer["CompatibleRuntimes"]
            processors = layer.get("CompatibleArchitectures", function["Architectures"])
            assert set(function["Architectures"]) <= set(processors), f"{name}: {layer['LayerName']}"


def test_functions_are_told_names_of_tables_that_they_may_read(stack: Stack) -> None:
    """A name without the right ends in AccessDenied at the first call; a right without the name is never used."""
    tables = set(stack.of_type("AWS::DynamoDB::Table"))
    for name, function in stack.of_type("AWS::Lambda::Function").items():
        named = references(function.get("Environment", {})) & tables
        allowed = references(policies_of(stack, role_of(stack, name))) & tables
        assert named == allowed, name


@pytest.mark.parametrize(
    ("function", "rights"),
    [
        ("PostConfirmationFunction", {("dynamodb:PutItem", "ProfilesTable"), ("dynamodb:PutItem", "AuditTable")}),
        ("PreAuthenticationFunction", {("dynamodb:GetItem", "ProfilesTable")}),
        ("PostAuthenticationFunction", {("dynamodb:UpdateItem", "ProfilesTable")}),
    ],
)
def test_functions_of_accounts_may_do_one_thing_to_a_table(
    stack: Stack, function: str, rights: set[tuple[str, str]]
) -> None:
    if function in stack.resources:
        assert {
            (action, table)
            for each in policies_of(stack, role_of(stack, function))
            for action in listed(each["Action"])
            for table in references(each["Resource"])
            if not action.startswith("logs:")
        } == rights


def test_functions_that_are_triggers_never_name_the_pool(stack: Stack) -> None:
    """The pool names them, and CloudFormation refuses a circle.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html
    """
    named = references([pool["LambdaConfig"] for pool in stack.of_type("AWS::Cognito::UserPool").values()])
    for function in named & set(stack.of_type("AWS::Lambda::Function")):
        role = role_of(stack, function)
        for name in (function, role):
            assert not references(stack.resources[name]) & set(stack.of_type("AWS::Cognito::UserPool")), name


def test_rights_name_every_action(stack: Stack) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege"""
    for name, resource in stack.resources.items():
        for each in statements(resource):
            assert not {"NotAction", "NotResource", "NotPrincipal"} & set(each), name
            if each["Effect"] == "Deny":
                continue
            for action in listed(each["Action"]):
                assert re.fullmatch(r"[a-z0-9-]+:[A-Za-z]+", action), f"{name} allows {action}"


def test_rights_name_every_resource(stack: Stack) -> None:
    """Only resources of this stack or of a parameter; of what belongs to one (an index, a log stream, pictures) a star.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege
    """
    given = {
        arn for name, value in stack.parameters.items() if name.endswith(("Arn", "Arns")) for arn in value.split(",")
    }
    given |= {existing_pool_arn(stack), RECORD_ARN, PSEUDO_PARAMETERS["AWS::StackId"]}
    for name, resource in stack.resources.items():
        if name == "EmulatorMailPolicy" or resource["Type"] == "AWS::KMS::Key":  # a key's policy calls the key "*"
            continue
        for each in statements(resource):
            if each in TO_PHONES:
                continue
            for arn in listed(each.get("Resource", [])):
                assert references(arn) or arn in given, f"{name} allows {arn}, which is not a resource of this stack"
                assert re.fullmatch(r"[^*?]+(/index/\*|:\*)?", arn) or arn.startswith("${PicturesBucket.Arn}/"), name
            if "Resource" not in each:
                assert "Principal" in each, name


def test_rights_for_the_emulator_stay_there(stack: Stack) -> None:
    assert set(stack.resources) & EMULATOR_POLICIES == (
        EMULATOR_POLICIES if stack.parameters["RunsOn"] == "emulator" else set()
    )


def test_rights_are_given_to_no_stranger(stack: Stack) -> None:
    principals = [
        principal
        for resource in stack.resources.values()
        if resource["Type"] != "AWS::KMS::Key"  # see test_messages.py
        for each in statements(resource)
        if each["Effect"] == "Allow"
        for kind in listed(each.get("Principal", []))
        for principal in (kind.values() if isinstance(kind, dict) else [kind])
    ]
    assert set(principals) <= {"lambda.amazonaws.com", "cognito-identity.amazonaws.com"}


@pytest.mark.parametrize("found", ["ManagedPolicyArns", ":iam::aws:policy/"])
def test_rights_come_from_no_managed_policy_of_aws(stack: Stack, found: str) -> None:
    """Their content is AWS's to change.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html
    """
    assert [name for name, resource in stack.resources.items() if found in str(resource)] == []
