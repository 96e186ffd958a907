"""The file as a whole: what CloudFormation's parser takes, what its linter says, what the emulator may change."""

import re

import yaml
from cfnlint.api import lint_file

from tests.unit.template.conftest import EMULATOR_POLICIES
from tests.unit.template.processing import TEMPLATE, Node, Stack, local_parameters, process, walk

EMULATOR_LACKS = {
    "AWS::Cognito::ManagedLoginBranding",
    "AWS::Cognito::UserPoolIdentityProvider",
    "AWS::S3::BucketPolicy",
}
"""Resource types that stop the emulator's deploy, and one that stops what is not sent over TLS, which it lacks."""


def test_template_has_no_findings_of_cfn_lint() -> None:
    """https://github.com/aws-cloudformation/cfn-lint/blob/main/docs/rules.md"""
    findings = [f"{each.rule.id} line {each.linenumber}: {each.message}" for each in lint_file(TEMPLATE)]
    assert findings == []


def test_template_ignores_no_lint_rule_without_a_reason() -> None:
    for number, line in enumerate(TEMPLATE.read_text("utf-8").splitlines(), start=1):
        if "ignore_checks" in line:
            assert re.search(r"#\s*\w{3,}", line), f"line {number} ignores a rule of cfn-lint without saying why"


def test_template_uses_no_yaml_aliases() -> None:
    """CloudFormation supports neither aliases nor merges.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
    """
    tokens = list(yaml.scan(TEMPLATE.read_text("utf-8")))
    lines = [
        token.start_mark.line + 1
        for token in tokens
        if isinstance(token, yaml.AliasToken | yaml.AnchorToken)
        or (isinstance(token, yaml.ScalarToken) and token.value == "<<")
    ]
    assert lines == []


def test_template_holds_no_null(template: Node) -> None:
    """A comma in a flow map makes a null, `{ Description: this, and that }`, which cfn-lint lets pass in outputs.

    CloudFormation refuses the whole template: "Null values are not allowed in templates".
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
    """
    holders = [each for each in walk(template) if isinstance(each, dict) and None in each.values()]
    assert holders == []


def test_template_applies_language_extensions_before_sam(template: Node) -> None:
    """SAM's transform has to find DeletionPolicy resolved.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-languageextensions.html
    """
    assert template["Transform"] == ["AWS::LanguageExtensions", "AWS::Serverless-2016-10-31"]


def test_template_names_no_partition_region_or_account(template: Node) -> None:
    fixed = re.compile(r"arn:aws:|\b\d{12}\b|\b[a-z]{2}-[a-z]+-\d\b")
    assert [each for each in walk(template["Resources"]) if isinstance(each, str) and fixed.search(each)] == []


def test_stack_refers_to_nothing_that_its_conditions_leave_out(stack: Stack) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/conditions-section-structure.html"""
    for name in stack.resources:
        assert stack.needs(name) <= set(stack.resources), name


def test_emulator_only_leaves_out_types_that_it_lacks(template: Node) -> None:
    # On AWS the sender excludes CustomMessage, and links exclude a second factor.
    local = local_parameters() | {"MessageSender": "off", "MfaConfiguration": "OFF"}
    emulated, real = process(template, **local), process(template, **local | {"RunsOn": "aws"})
    left_out = {name: each["Type"] for name, each in real.resources.items() if name not in emulated.resources}
    assert set(left_out.values()) <= EMULATOR_LACKS
    assert emulated.resources.keys() - real.resources.keys() == EMULATOR_POLICIES
    both = emulated.resources.keys() & real.resources.keys()
    assert all(emulated.resources[name] == real.resources[name] for name in both), "what both have must not differ"
    assert all(each == real.outputs[name] for name, each in emulated.outputs.items())


def test_emulator_is_spared_every_type_that_it_lacks(template: Node) -> None:
    types = {each["Type"] for each in process(template, **local_parameters()).resources.values()}
    assert types.isdisjoint(EMULATOR_LACKS)


def test_emulator_has_one_condition(template: Node) -> None:
    users = [name for name, each in template["Conditions"].items() if {"Ref": "RunsOn"} in list(walk(each))]
    assert users == ["OnAws"]
    assert {"Ref": "RunsOn"} not in list(walk([template["Resources"], template["Outputs"]]))
