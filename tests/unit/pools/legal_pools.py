"""Pools that are legal and together hold a value other than the default for every writable setting.

Made from botocore's service model: a setting that a newer one brings is in them without an edit here.
"""

import re
from collections.abc import Iterator
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from tests.unit.pools.pool_server import DEFAULTS, MIRRORED, SETTINGS, UPDATE, pattern_of

NUMBER_OF_POOLS = 6  # each value of an enumeration of two or three, twice and three times

# What strings may look like: the first that a shape takes is its value.
CANDIDATES = [
    "arn:aws:iam::123456789012:role/example",
    "Code {####}, more text",
    "Click {##here##}, more text",
    "someone@example.com",
    "eu-west-1",
    "Level1",
    "https://example.com/acr",
    "example-name-1",
]


def legal_pools() -> list[dict[str, Any]]:
    """Return settings of pools, by member of UpdateUserPool."""
    return [
        _made_legal({name: _value(shape, number) for name, shape in SETTINGS.items()}, is_old=number == 0)
        for number in range(NUMBER_OF_POOLS)
    ]


def leaves(value: Any, shape: Shape, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the path and value of each setting within a value; what is no structure is one setting."""
    if isinstance(shape, StructureShape):
        for name, each in value.items():
            yield from leaves(each, shape.members[name], (*path, name))
    else:
        yield path, value


def all_paths(shape: Shape = UPDATE, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every setting that there is."""
    if not isinstance(shape, StructureShape):
        yield path
        return
    for name, each in shape.members.items():
        if name != "UserPoolId":
            yield from all_paths(each, (*path, name))


def default_of(path: tuple[str, ...]) -> Any:
    """What Cognito sets in place of a setting that a call leaves out; None if nothing."""
    value: Any = DEFAULTS
    for name in path:
        value = (value or {}).get(name)
    return value


def _value(shape: Shape, number: int) -> Any:  # noqa: PLR0911 - one for each type of the model
    match shape:
        case StructureShape():
            return {name: _value(each, number) for name, each in shape.members.items()}
        case ListShape():
            if isinstance(shape.member, StringShape) and shape.member.enum:
                return list(shape.member.enum)[: shape.metadata.get("max")]
            return [_value(shape.member, number)]
        case MapShape():
            return {_value(shape.key, number): _value(shape.value, number)}
        case StringShape():
            if shape.enum:
                return shape.enum[number % len(shape.enum)]
            fitting = (each for each in CANDIDATES if re.fullmatch(pattern_of(shape), each))
            length = shape.metadata
            return next(each for each in fitting if length.get("min", 0) <= len(each) <= length.get("max", len(each)))
    if shape.type_name == "boolean":
        return number % 2 == 0
    if shape.type_name == "integer":
        return min(shape.metadata["min"] + 1 + number % 2, shape.metadata["max"])
    raise AssertionError(f"no value for {shape.type_name} of {shape.name}")


def _made_legal(settings: dict[str, Any], *, is_old: bool) -> dict[str, Any]:
    """Take out what Cognito does not take together. An old pool has the older of two names for a number of days."""
    template = settings["VerificationMessageTemplate"]
    by_link = template["DefaultEmailOption"] == "CONFIRM_WITH_LINK"
    for name in ("EmailMessage", "EmailSubject") if by_link else ("EmailMessageByLink", "EmailSubjectByLink"):
        template.pop(name)
    for old, new in MIRRORED.items():
        settings.pop(old)
        if new in template:
            settings[old] = template[new]
    if is_old:
        settings["Policies"]["PasswordPolicy"].pop("TemporaryPasswordValidityDays")
    else:
        settings["AdminCreateUserConfig"].pop("UnusedAccountValidityDays")
    if settings["EmailConfiguration"]["EmailSendingAccount"] != "DEVELOPER":
        for name in ("From", "ConfigurationSet"):
            settings["EmailConfiguration"].pop(name)
    if settings["KeyConfiguration"]["KeyType"] != "CUSTOMER_MANAGED_KEY":
        settings["KeyConfiguration"].pop("KmsKeyArn")
    if settings["UserPoolTier"] != "PLUS":
        settings.pop("UserPoolAddOns")
    if settings["UserPoolTier"] == "LITE":
        settings.pop("AcrConfiguration")
        settings["Policies"].pop("SignInPolicy")
        settings["Policies"]["PasswordPolicy"].pop("PasswordHistorySize")
        settings["LambdaConfig"]["PreTokenGenerationConfig"]["LambdaVersion"] = "V1_0"
    return settings


def foreign(lambda_config: dict[str, Any]) -> dict[str, Any]:
    """Give every trigger of a pool a function of somebody else's, each another one."""
    arns = (f"arn:aws:lambda:us-east-1:123456789012:function:foreign-{number}" for number in range(100))
    named: dict[str, Any] = {
        name: {**each, "LambdaArn": next(arns)} if isinstance(each, dict) else next(arns)
        for name, each in lambda_config.items()
    }
    named["PreTokenGeneration"] = named["PreTokenGenerationConfig"]["LambdaArn"]
    return named
