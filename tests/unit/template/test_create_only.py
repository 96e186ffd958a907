"""An upgrade must not replace what holds users, data, or addresses that others have built in."""

import copy
import json
import re

import pytest

from tests.unit.template.conftest import EVERYTHING
from tests.unit.template.create_only import GOLDEN, WHY, create_only_properties, differences, snapshot
from tests.unit.template.processing import Node, Stack, local_parameters, process

HOW_TO_ACCEPT = """

If this is wanted, tell users of earlier versions in CHANGELOG.md and docs/aws.md what it costs them, and accept:
    python -m tests.unit.template.create_only"""

CHOSEN_BY_PARAMETER = {"SignInDomain.Domain"}
"""Create-only properties that follow a parameter, because nobody but the user can choose them: DomainPrefix."""


def golden() -> Node:
    """Return the recorded create-only properties."""
    return json.loads(GOLDEN.read_text("utf-8"))


def test_create_only_properties_have_not_changed(default_stack: Stack) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html"""
    found = list(differences(golden(), snapshot(default_stack)))
    if found:
        pytest.fail("\n".join(found) + HOW_TO_ACCEPT, pytrace=False)


def test_create_only_properties_do_not_follow_parameters(template: Node, default_stack: Stack) -> None:
    """Turning a feature on later must not replace anything."""
    before = snapshot(default_stack)
    for parameters in (EVERYTHING, local_parameters()):
        now = snapshot(process(template, **parameters))
        changed = differences(before, {name: each for name, each in now.items() if name in before})
        names = {each.partition(" ")[0]: each for each in changed}
        assert {name: each for name, each in names.items() if name not in CHOSEN_BY_PARAMETER} == {}


def test_create_only_covers_every_kind_of_resource_that_holds_something(default_stack: Stack) -> None:
    types = {each["Type"] for each in default_stack.resources.values()}
    stateless = {each for each in types - set(WHY) if each.startswith(("AWS::Cognito::", "AWS::DynamoDB::"))}
    assert stateless == {
        "AWS::Cognito::IdentityPoolPrincipalTag",
        "AWS::Cognito::IdentityPoolRoleAttachment",
        "AWS::Cognito::ManagedLoginBranding",
    }


@pytest.mark.parametrize(
    ("resource_type", "expected"),
    [
        ("AWS::Cognito::UserPool", {"AliasAttributes", "Schema", "UsernameAttributes", "UsernameConfiguration"}),
        ("AWS::Cognito::UserPoolClient", {"GenerateSecret", "UserPoolId"}),
        ("AWS::Cognito::UserPoolDomain", {"Domain", "UserPoolId"}),
        ("AWS::Cognito::UserPoolGroup", {"GroupName", "UserPoolId"}),
        ("AWS::Cognito::UserPoolResourceServer", {"Identifier", "UserPoolId"}),
        ("AWS::DynamoDB::Table", {"GlobalSecondaryIndexes", "KeySchema", "TableName"}),
        ("AWS::SecretsManager::Secret", {"Name"}),
    ],
)
def test_create_only_lists_know_what_is_documented(resource_type: str, expected: set[str]) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Cognito.html"""
    assert expected <= set(create_only_properties(resource_type))


CHANGES: dict[str, tuple[str, ...]] = {
    "UserPool.UsernameAttributes": ("UserPool", "Properties", "UsernameAttributes"),
    "WebClient.GenerateSecret": ("WebClient", "Properties", "GenerateSecret"),
    "SupportGroup.GroupName": ("SupportGroup", "Properties", "GroupName"),
    "ProfilesResourceServer.Identifier": ("ProfilesResourceServer", "Properties", "Identifier"),
    "ProfilesTable.KeySchema": ("ProfilesTable", "Properties", "KeySchema"),
    "ProfilesTable.GlobalSecondaryIndexes": ("ProfilesTable", "Properties", "GlobalSecondaryIndexes"),
    "AuditTable.TableName": ("AuditTable", "Properties", "TableName"),
    "ServerClientSecret.Name": ("ServerClientSecret", "Properties", "Name"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_create_only_change_is_named_with_its_reason(template: Node, change: str) -> None:
    changed = copy.deepcopy(template)
    *path, key = CHANGES[change]
    node = changed["Resources"]
    for step in path:
        node = node[step]
    node[key] = "changed"
    (message,) = differences(golden(), snapshot(process(changed)))
    reason = WHY[template["Resources"][path[0]]["Type"]]
    assert re.match(rf'{re.escape(change)} was .*, is "changed"\. .* replaces .*: {reason}$', message)


def test_create_only_renaming_a_resource_is_named(template: Node) -> None:
    renamed = json.loads(json.dumps(template).replace("AuditTable", "HistoryTable"))
    gone, new = differences(golden(), snapshot(process(renamed)))
    assert gone.startswith("AuditTable (AWS::DynamoDB::Table) is gone")
    assert new.startswith("HistoryTable (AWS::DynamoDB::Table) is new")
