"""What CloudFormation would create from `template.yaml` for given parameter values.

SAM's own translator expands the serverless resources, as it does on AWS. Parameters, rules, conditions and intrinsic
functions are then evaluated here. What is known only once a resource exists stays symbolic: `!Ref UserPool` becomes the
string "${UserPool}" and `!GetAtt UserPool.Arn` the string "${UserPool.Arn}", alone or within longer text, both of type
`Symbolic`, so that they cannot be taken for a policy variable such as "${aws:PrincipalTag/sub}".

A function that is not known here raises: a test must never pass because something was skipped.
"""

import copy
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from samtranslator.parser.parser import Parser  # type: ignore[import-untyped]
from samtranslator.translator.translator import Translator  # type: ignore[import-untyped]
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

type Node = Any
"""A piece of a template: whatever YAML can hold."""

ROOT = Path(__file__).parents[3]
TEMPLATE = ROOT / "template.yaml"

ACCOUNT = "123456789012"
REGION = "eu-central-1"
PSEUDO_PARAMETERS: Mapping[str, str] = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/poolhouse/5c0d1b2a-8c1e-11ef-9f6b-0a1b2c3d4e5f",
    "AWS::StackName": "poolhouse",
    "AWS::URLSuffix": "amazonaws.com",
}
NO_VALUE = object()

_NAME = re.compile(r"\$\{([A-Za-z0-9]+)\}")
_ATTRIBUTE = re.compile(r"\$\{([A-Za-z0-9]+)\.([A-Za-z0-9.]+)\}")
_PLACEHOLDER = re.compile(r"\$\{([^}]+)\}")
_REFERENCE = re.compile(r"\$\{([A-Za-z0-9]+)(?:\.[A-Za-z0-9.]+)?\}")


class RefusedError(Exception):
    """CloudFormation would refuse these parameter values, and create or change nothing."""


class UnevaluatedError(Exception):
    """The template uses something that this module does not evaluate."""


class Symbolic(str):
    """Text that names what only the deployed stack knows, such as "${UserPool.Arn}"."""

    __slots__ = ()


@dataclass(frozen=True)
class Stack:
    """The resources and outputs that exist for one set of parameter values."""

    parameters: Mapping[str, Node]
    resources: Mapping[str, Node]
    outputs: Mapping[str, Node]

    def of_type(self, resource_type: str) -> dict[str, Node]:
        """Return the properties of every resource of a type, by logical id."""
        return {name: each["Properties"] for name, each in self.resources.items() if each["Type"] == resource_type}

    def only(self, resource_type: str) -> Node:
        """Return the properties of the one resource of a type."""
        (properties,) = self.of_type(resource_type).values()
        return properties

    def needs(self, name: str) -> set[str]:
        """Return the resources that CloudFormation makes before this one: those it refers to and its DependsOn."""
        depends = self.resources[name].get("DependsOn", [])
        return references(self.resources[name]) | ({depends} if isinstance(depends, str) else set(depends))


def load(path: Path = TEMPLATE) -> Node:
    """Read a template, with short forms such as `!Ref` written out."""
    return yaml_parse(path.read_text("utf-8"))


def local_parameters() -> dict[str, str]:
    """Return the parameter values that the local stack is deployed with."""
    config = tomllib.loads((ROOT / "samconfig.toml").read_text("utf-8"))
    pairs = (each.partition("=") for each in config["local"]["deploy"]["parameters"]["parameter_overrides"])
    return {name: value for name, _, value in pairs}


def process(template: Node, **parameters: str) -> Stack:
    """Return what a template creates with these parameter values and the defaults of all others.

    Raises:
        RefusedError: A parameter value or a combination of them is not allowed.
        UnevaluatedError: The template uses a function that is not known here.
    """
    values = _parameter_values(template.get("Parameters", {}), parameters)
    _Evaluation(template, values).check_rules()
    evaluation = _Evaluation(_apply_sam(template, parameters), values)
    return Stack(values, evaluation.section("Resources"), evaluation.section("Outputs"))


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and everything within it."""
    yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from walk(child)


def references(node: Node) -> set[str]:
    """Return the logical ids of the resources that evaluated text refers to."""
    return {name for each in walk(node) if isinstance(each, Symbolic) for name in _REFERENCE.findall(each)}


def as_template(stack: Stack) -> Node:
    """Return a stack as a template without parameters and conditions, for tools that judge one."""

    def written(node: Node) -> Node:
        if isinstance(node, dict):
            return {key: written(each) for key, each in node.items()}
        if isinstance(node, list):
            return list(map(written, node))
        if not isinstance(node, Symbolic):
            return node
        if name := _NAME.fullmatch(node):
            return {"Ref": name[1]}
        if attribute := _ATTRIBUTE.fullmatch(node):
            return {"Fn::GetAtt": [attribute[1], attribute[2]]}
        return {"Fn::Sub": _PLACEHOLDER.sub(keep_what_is_no_resource, node)}

    def keep_what_is_no_resource(placeholder: re.Match[str]) -> str:
        return placeholder[0] if placeholder[1].partition(".")[0] in stack.resources else f"${{!{placeholder[1]}}}"

    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": written(dict(stack.resources)),
        "Outputs": written(dict(stack.outputs)),
    }


def _apply_sam(template: Node, parameters: Mapping[str, str]) -> Node:
    """Expand the serverless resources, as https://github.com/aws/serverless-application-model does on AWS."""
    uploaded = copy.deepcopy(template)
    for resource in uploaded["Resources"].values():
        for key in ("CodeUri", "ContentUri"):
            if key in resource.get("Properties", {}):  # `sam package` puts the place of the upload here
                resource["Properties"][key] = f"s3://packaged/{resource['Properties'][key]}"
    session = SimpleNamespace(region_name=REGION)  # a real one would read this machine's AWS configuration
    translator = Translator(None, Parser(), boto_session=session)
    return translator.translate(uploaded, dict(parameters))


def _parameter_values(definitions: Node, given: Mapping[str, str]) -> dict[str, Node]:
    """Return every parameter's value, checked as CloudFormation does it.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
    """
    problems = [f"{name} is not a parameter" for name in given.keys() - definitions.keys()]
    values: dict[str, Node] = {}
    for name, definition in definitions.items():
        text = given.get(name, definition.get("Default"))
        if text is None:
            problems.append(f"{name} has no value")
            continue
        is_list = definition["Type"] == "CommaDelimitedList"
        items = [each.strip() for each in text.split(",")] if is_list else [str(text)]
        values[name] = items if is_list else items[0]
        problems += [f"{name} refuses {each!r}" for each in items if not _is_allowed(definition, each)]
    if problems:
        raise RefusedError("; ".join(problems))
    return values


def _is_allowed(definition: Node, value: str) -> bool:
    if "AllowedValues" in definition and value not in map(str, definition["AllowedValues"]):
        return False
    if "AllowedPattern" in definition and not re.fullmatch(definition["AllowedPattern"], value):
        return False
    if definition["Type"] == "Number":
        lowest, highest = definition.get("MinValue", float("-inf")), definition.get("MaxValue", float("inf"))
        return bool(re.fullmatch(r"-?\d+(\.\d+)?", value)) and lowest <= float(value) <= highest
    return bool(definition.get("MinLength", 0) <= len(value) <= definition.get("MaxLength", len(value)))


class _Evaluation:
    """Evaluates one template with one set of parameter values."""

    def __init__(self, template: Node, parameters: Mapping[str, Node]) -> None:
        self._template = template
        self._parameters = parameters
        self._functions: Mapping[str, Callable[[Node], Node]] = {
            "Ref": self._ref,
            "Fn::FindInMap": self._find_in_map,
            "Fn::GetAtt": self._get_att,
            "Fn::If": self._if,
            "Fn::Join": self._join,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::Sub": self._sub,
        }
        self._condition_functions: Mapping[str, Callable[[Node], bool]] = {
            "Condition": self._condition,
            "Fn::And": lambda nodes: all(map(self.truth, nodes)),
            "Fn::Contains": self._contains,
            "Fn::Equals": self._equals,
            "Fn::Not": lambda nodes: not self.truth(nodes[0]),
            "Fn::Or": lambda nodes: any(map(self.truth, nodes)),
        }

    def check_rules(self) -> None:
        """Raise `RefusedError` with every rule that these parameter values break.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html
        """
        broken = [
            f"{name}: {assertion['AssertDescription']}"
            for name, rule in self._template.get("Rules", {}).items()
            if "RuleCondition" not in rule or self.truth(rule["RuleCondition"])
            for assertion in rule["Assertions"]
            if not self.truth(assertion["Assert"])
        ]
        if broken:
            raise RefusedError("; ".join(broken))

    def section(self, name: str) -> dict[str, Node]:
        """Return the entries of a section whose condition holds, evaluated."""
        entries = self._template.get(name, {}).items()
        return {
            key: self.value({attribute: each for attribute, each in entry.items() if attribute != "Condition"})
            for key, entry in entries
            if "Condition" not in entry or self._condition(entry["Condition"])
        }

    def truth(self, node: Node) -> bool:
        """Evaluate a condition or a rule's assertion."""
        ((function, argument),) = node.items()
        if function not in self._condition_functions:
            raise UnevaluatedError(f"condition function {function}")
        return self._condition_functions[function](argument)

    def value(self, node: Node) -> Node:
        """Evaluate any part of the template; what is `AWS::NoValue` disappears from its parent."""
        if isinstance(node, list):
            return [each for each in map(self.value, node) if each is not NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((function, argument),) = node.items()
            if function in self._functions:
                return self._functions[function](argument)
            if str(function).startswith("Fn::"):
                raise UnevaluatedError(f"function {function}")
        evaluated = {key: self.value(each) for key, each in node.items()}
        return {key: each for key, each in evaluated.items() if each is not NO_VALUE}

    def _condition(self, name: str) -> bool:
        return self.truth(self._template["Conditions"][name])

    def _equals(self, argument: Node) -> bool:
        left, right = self.value(argument)
        return bool(left == right)

    def _contains(self, argument: Node) -> bool:
        items, item = self.value(argument)
        return item in items

    def _ref(self, name: str) -> Node:
        if name == "AWS::NoValue":
            return NO_VALUE
        known = {**PSEUDO_PARAMETERS, **self._parameters}
        return known[name] if name in known else self._symbol(name, name)

    def _get_att(self, argument: Node) -> Node:
        name, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        return self._symbol(name, f"{name}.{attribute}")

    def _named(self, name: str) -> Node:
        return self._get_att(name) if "." in name else self._ref(name)

    def _symbol(self, resource: str, text: str) -> Symbolic:
        if resource not in self._template["Resources"]:
            raise UnevaluatedError(f"reference to {text}, which the template does not define")
        return Symbolic(f"${{{text}}}")

    def _if(self, argument: Node) -> Node:
        name, when_true, when_false = argument
        return self.value(when_true if self._condition(name) else when_false)

    def _join(self, argument: Node) -> Node:
        separator, items = self.value(argument)
        return _text(separator.join(map(str, items)), items)

    def _split(self, argument: Node) -> Node:
        separator, text = self.value(argument)
        parts = text.split(separator)
        if isinstance(text, Symbolic) and len(parts) == 1:
            raise UnevaluatedError(f"Fn::Split of {text}")
        return [_text(part, [Symbolic(part)] if "${" in part else []) for part in parts]

    def _select(self, argument: Node) -> Node:
        index, items = self.value(argument)
        return items[int(index)]

    def _find_in_map(self, argument: Node) -> Node:
        name, first, second = self.value(argument)
        return self._template["Mappings"][name][first][second]

    def _sub(self, argument: Node) -> Node:
        text, variables = (argument, {}) if isinstance(argument, str) else argument
        variables = self.value(variables)
        parts: list[Node] = []

        def replace(match: re.Match[str]) -> str:
            name = match[1]
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            part = variables[name] if name in variables else self._named(name)
            parts.append(part)
            return str(part)

        return _text(_PLACEHOLDER.sub(replace, text), parts)


def _text(text: str, parts: list[Node]) -> str:
    """Return text made of parts: symbolic, if one of them is."""
    return Symbolic(text) if any(isinstance(each, Symbolic) for each in parts) else text
