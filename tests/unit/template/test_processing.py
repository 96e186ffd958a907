"""The processing itself: it must not make a wrong template look right."""

import re
from typing import Any

import pytest

from tests.unit.template.processing import ACCOUNT, RefusedError, Symbolic, UnevaluatedError, process, references


def small_template(properties: dict[str, Any], **sections: Any) -> dict[str, Any]:
    """Return a template with one queue, "Queue", beside "Other"."""
    return {
        "Parameters": {
            "Mode": {"Type": "String", "Default": "off", "AllowedValues": ["on", "off"]},
            "Names": {"Type": "CommaDelimitedList", "Default": "a, b", "AllowedPattern": "[a-z]+"},
            "Count": {"Type": "Number", "Default": 3, "MinValue": 1, "MaxValue": 5},
        },
        "Conditions": {
            "IsOn": {"Fn::Equals": [{"Ref": "Mode"}, "on"]},
            "IsOff": {"Fn::Not": [{"Condition": "IsOn"}]},
        },
        "Resources": {
            "Queue": {"Type": "AWS::SQS::Queue", "Properties": properties},
            "Other": {"Type": "AWS::SQS::Queue", "Condition": "IsOn", "Properties": {}},
        },
        **sections,
    }


@pytest.mark.parametrize(
    ("node", "value"),
    [
        ({"Ref": "Names"}, ["a", "b"]),
        ({"Ref": "Count"}, "3"),
        ({"Ref": "AWS::AccountId"}, ACCOUNT),
        ({"Fn::If": ["IsOff", "yes", "no"]}, "yes"),
        ({"Fn::Sub": "${Mode}-${AWS::AccountId}-${!Mode}"}, f"off-{ACCOUNT}-${{Mode}}"),
        ({"Fn::Sub": ["${First}!", {"First": {"Fn::Select": [0, {"Ref": "Names"}]}}]}, "a!"),
        ({"Fn::Select": [1, {"Fn::Split": ["-", "x-y-z"]}]}, "y"),
        ({"Fn::Join": ["/", ["a", {"Ref": "Mode"}]]}, "a/off"),
        ([1, {"Fn::If": ["IsOn", 2, {"Ref": "AWS::NoValue"}]}], [1]),
        ({"a": 1, "b": {"Ref": "AWS::NoValue"}}, {"a": 1}),
    ],
)
def test_processing_evaluates_functions(node: Any, value: Any) -> None:
    assert process(small_template({"Value": node})).only("AWS::SQS::Queue")["Value"] == value


@pytest.mark.parametrize(
    ("node", "text"),
    [
        ({"Ref": "Other"}, "${Other}"),
        ({"Fn::GetAtt": ["Other", "Arn"]}, "${Other.Arn}"),
        ({"Fn::Sub": "${Other.Arn}/${Mode}"}, "${Other.Arn}/off"),
        ({"Fn::Sub": ["${It}/*", {"It": {"Ref": "Other"}}]}, "${Other}/*"),
    ],
)
def test_processing_keeps_references_to_resources_symbolic(node: Any, text: str) -> None:
    value = process(small_template({"Value": node})).only("AWS::SQS::Queue")["Value"]
    assert isinstance(value, Symbolic)
    assert value == text
    assert references(value) == {"Other"}


def test_processing_takes_a_policy_variable_for_plain_text() -> None:
    value = process(small_template({"Value": "${Other}"})).only("AWS::SQS::Queue")["Value"]
    assert not isinstance(value, Symbolic)
    assert references(value) == set()


def test_processing_creates_only_what_its_condition_allows() -> None:
    assert set(process(small_template({})).resources) == {"Queue"}
    assert set(process(small_template({}), Mode="on").resources) == {"Queue", "Other"}


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({"Mode": "maybe"}, "Mode refuses 'maybe'"),
        ({"Names": "a,B"}, "Names refuses 'B'"),
        ({"Count": "6"}, "Count refuses '6'"),
        ({"Count": "many"}, "Count refuses 'many'"),
        ({"Absent": "x"}, "Absent is not a parameter"),
    ],
)
def test_processing_refuses_parameters_as_cloudformation_does(parameters: dict[str, str], problem: str) -> None:
    with pytest.raises(RefusedError, match=re.escape(problem)):
        process(small_template({}), **parameters)


def test_processing_applies_rules_only_where_their_condition_holds() -> None:
    rule = {
        "RuleCondition": {"Fn::Equals": [{"Ref": "Mode"}, "on"]},
        "Assertions": [{"Assert": {"Fn::Contains": [{"Ref": "Names"}, "c"]}, "AssertDescription": "c is missing"}],
    }
    template = small_template({}, Rules={"NeedsC": rule})
    process(template)
    process(template, Mode="on", Names="b,c")
    with pytest.raises(RefusedError, match="NeedsC: c is missing"):
        process(template, Mode="on")


@pytest.mark.parametrize(
    "node", [{"Fn::Cidr": ["10.0.0.0/24", 6, 5]}, {"Ref": "Nowhere"}, {"Fn::Sub": "${Nowhere.Arn}"}]
)
def test_processing_raises_for_what_it_does_not_know(node: Any) -> None:
    with pytest.raises(UnevaluatedError):
        process(small_template({"Value": node}))
