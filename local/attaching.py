"""Says what attaching to an existing user pool would change of it, before anything is deployed. Only reads."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, cast

import boto3
from botocore.exceptions import ClientError
from cfnlint.decode.cfn_yaml import load
from poolhouse.pools.attachment import Attachment, Plan, Wanted
from poolhouse.pools.errors import AttachError, MalformedPoolIdError
from poolhouse.pools.records import Records
from poolhouse.pools.settings import PoolSettings

from local.settings import ROOT, LocalError

_TEMPLATE: Final = ROOT / "template.yaml"


def plan(pool: str, stack: str, overrides: str) -> Plan:
    """What a deployment would change of a pool.

    Args:
        pool: The pool's id. Its region is where the calls go, with the AWS profile as usual.
        stack: Name of the stack that is or will be beside the pool. What it was deployed with counts.
        overrides: Parameters in place of the stack's or the defaults, as ``sam deploy`` takes them: ``A=b C=d``.

    Raises:
        LocalError: A parameter is none, or attaching would be refused; the message says why.
    """
    region = pool.partition("_")[0]
    client = cast("Callable[..., Any]", boto3.Session().client)
    try:
        if not region or region == pool:
            raise MalformedPoolIdError(pool)
        deployed = _deployed(client("cloudformation", region_name=region), stack)
        given = deployed.parameters | {"ExistingUserPoolId": pool} | parsed(overrides)
        wanted = Wanted.from_properties(attached_triggers(given, deployed.arn_of))
        settings = PoolSettings(client("cognito-idp", region_name=region))
        records = Records(f"/poolhouse/{stack}/attached-triggers", client("ssm", region_name=region))
        return Attachment(records, settings).plan(wanted)
    except AttachError as error:
        raise LocalError(f"{error.code}: {error}") from error


def shown(plan: Plan) -> str:
    """A plan in words: the diff, and what the deployment has to be allowed."""
    lines = [plan.diff() or "Nothing would change: the pool has these triggers already."]
    for name, arns in (("ExistingPoolRoleArns", plan.roles), ("ExistingPoolKeyArns", plan.keys)):
        if arns:
            lines += [
                "",
                f"Whoever updates this pool has to be allowed to use them: deploy with {name}={','.join(arns)}",
            ]
    return "\n".join(lines)


def parsed(overrides: str) -> dict[str, str]:
    """Parameters out of ``A=b C=d``.

    Raises:
        LocalError: A word has no equals sign.
    """
    pairs = [word.partition("=") for word in overrides.split()]
    if wrong := [name for name, equals, _ in pairs if not equals]:
        raise LocalError(f"PARAMETERS has {wrong[0]!r}: write them as Name=value, with spaces between")
    return {name: value for name, _, value in pairs}


def attached_triggers(
    given: Mapping[str, str], arn_of: Callable[[str], str], template: Path = _TEMPLATE
) -> dict[str, Any]:
    """The properties of the template's resource ``AttachedTriggers`` for some parameters.

    Args:
        given: Parameters in place of their defaults.
        arn_of: Gives the ARN of a function or key, by its name in the template.
        template: The template as it stands in the repository.

    Raises:
        LocalError: There is no such parameter.
    """
    whole: Mapping[str, Any] = load(str(template))
    if unknown := given.keys() - whole["Parameters"].keys():
        raise LocalError(f"There is no parameter {', '.join(sorted(unknown))}: docs/parameters.md has them all")
    values = {name: str(each["Default"]) for name, each in whole["Parameters"].items()} | {**given}
    found = _Evaluation(whole["Conditions"], values, arn_of)
    properties = whole["Resources"]["AttachedTriggers"]["Properties"]
    return {name: found.value(properties[name]) for name in ("UserPoolId", "OnConflict", "Triggers")}


class _Evaluation:
    """As much of CloudFormation's language as these properties and their conditions need."""

    def __init__(self, conditions: Mapping[str, Any], values: Mapping[str, str], arn_of: Callable[[str], str]) -> None:
        self._conditions, self._values, self._arn_of = conditions, values, arn_of

    def value(self, node: Any) -> Any:
        match node:
            case {"Ref": "AWS::NoValue"}:
                return None
            case {"Ref": name}:
                return self._values[name]
            case {"Fn::GetAtt": [name, "Arn"]}:
                return self._arn_of(name)
            case {"Fn::If": [condition, then, otherwise]}:
                return self.value(then if self._holds(self._conditions[condition]) else otherwise)
            case dict():
                members = {name: self.value(each) for name, each in node.items()}
                return {name: each for name, each in members.items() if each is not None}
        return node

    def _holds(self, node: Any) -> bool:
        match node:
            case {"Condition": name}:
                return self._holds(self._conditions[name])
            case {"Fn::Equals": [one, other]}:
                return bool(self.value(one) == self.value(other))
            case {"Fn::Not": [one]}:
                return not self._holds(one)
            case {"Fn::And": parts}:
                return all(map(self._holds, parts))
            case {"Fn::Or": parts}:
                return any(map(self._holds, parts))
        raise LocalError(f"template.yaml has a condition that this command does not know: {node}")


class _Deployed:
    """A stack, or one that is not there yet."""

    def __init__(self, cloudformation: Any, description: Mapping[str, Any]) -> None:
        self._cloudformation, self._description = cloudformation, description

    @property
    def parameters(self) -> dict[str, str]:
        """The values that it was deployed with."""
        listed = self._description.get("Parameters", ())
        return {each["ParameterKey"]: each["ParameterValue"] for each in listed}

    def arn_of(self, logical_id: str) -> str:
        """The ARN of a function or key, or words in its place while there is none."""
        stack_id = str(self._description.get("StackId", ""))
        found = self._physical_id(stack_id, logical_id) if stack_id else None
        if not found:
            return f"(the ARN of {logical_id}, which the deployment makes)"
        partition, _, region, account = stack_id.split(":")[1:5]
        kind = "kms" if logical_id.endswith("Key") else "lambda"
        return f"arn:{partition}:{kind}:{region}:{account}:{'key/' if kind == 'kms' else 'function:'}{found}"

    def _physical_id(self, stack_id: str, logical_id: str) -> str | None:
        try:
            answer = self._cloudformation.describe_stack_resource(StackName=stack_id, LogicalResourceId=logical_id)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationError":
                return None
            raise
        return str(answer["StackResourceDetail"]["PhysicalResourceId"])


def _deployed(cloudformation: Any, stack: str) -> _Deployed:
    try:
        return _Deployed(cloudformation, cloudformation.describe_stacks(StackName=stack)["Stacks"][0])
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":  # no such stack
            return _Deployed(cloudformation, {})
        raise
