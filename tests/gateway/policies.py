"""The part of IAM's policy language that an authorizer's policy for ``execute-api:Invoke`` uses.

It errs on the strict side. What IAM has and this lacks (conditions, policy variables, ``NotAction`` and the like) is
refused with `UnsupportedPolicyError`, never ignored. Where the documentation does not say whether API Gateway takes a
policy, it is malformed here.

The rules: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html and
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Self

type Decision = Literal["allowed", "explicitDeny", "implicitDeny"]

MAX_RESOURCE_CHARACTERS: Final = 512
"""https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html"""

_INVOKE: Final = "execute-api:Invoke"
_UNSUPPORTED: Final = {"Condition", "NotAction", "NotPrincipal", "NotResource", "Principal"}
# IAM allows no wildcard in the service; that of the partition is not spoken of.
_ARN: Final = re.compile(r"arn:[a-z0-9-]+:execute-api:.+", re.DOTALL)


class MalformedPolicyError(ValueError):
    """The document is no policy that API Gateway takes."""


class UnsupportedPolicyError(NotImplementedError):
    """The policy uses a part of IAM that is not modelled here, so nothing can be said of it."""


@dataclass(frozen=True)
class Statement:
    """One statement of a policy."""

    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]

    def applies(self, resource: str) -> bool:
        """Whether the statement speaks of invoking this method.

        IAM compares actions without regard to case
        (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html), resources with it.
        """
        return any(matches(action.lower(), _INVOKE.lower()) for action in self.actions) and any(
            matches(pattern, resource) for pattern in self.resources
        )


@dataclass(frozen=True)
class Policy:
    """A parsed policy document.

    Example:
        >>> policy = Policy.parse({
        ...     "Version": "2012-10-17",
        ...     "Statement": [{
        ...         "Effect": "Allow",
        ...         "Action": "execute-api:Invoke",
        ...         "Resource": "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/prod/GET/users/*",
        ...     }],
        ... })
        >>> policy.decide("arn:aws:execute-api:us-east-1:123456789012:abcdef1234/prod/GET/users/1/admin")
        'allowed'
    """

    statements: tuple[Statement, ...]

    @classmethod
    def parse(cls, document: object) -> Self:
        """Read a policy document as it comes out of JSON.

        Raises:
            MalformedPolicyError: It is no policy, or none that is sure to be taken.
            UnsupportedPolicyError: It is a policy, with parts that are not modelled.
        """
        members = _members(document, "the policy", required={"Version", "Statement"}, optional={"Id"})
        # Without the version, IAM falls back to the language of 2008.
        if members["Version"] != "2012-10-17":
            raise MalformedPolicyError("Version is not 2012-10-17")
        # IAM also takes one statement without its list; API Gateway's page speaks of a list.
        if not isinstance(members["Statement"], list) or not members["Statement"]:
            raise MalformedPolicyError("Statement is not a list with a statement in it")
        return cls(tuple(_statement(statement) for statement in members["Statement"]))

    def decide(self, resource: str) -> Decision:
        """What the policy says of invoking a method: an explicit deny wins, and no match is a deny.

        Args:
            resource: The ARN of the method that the request is for, with its real path.
        """
        effects = {statement.effect for statement in self.statements if statement.applies(resource)}
        if "Deny" in effects:
            return "explicitDeny"
        return "allowed" if effects else "implicitDeny"


def matches(pattern: str, text: str) -> bool:
    """Whether a text matches a pattern, in which ``*`` is any text, even none, and ``?`` is any one character.

    Both cross slashes. IAM lets an asterisk cross a colon only at the end of a segment; here it always may, which
    differs only where a path holds a colon.

    Example:
        >>> matches("GET/users/*", "GET/users/1/admin")
        True
    """
    first, *others = (
        "".join("." if character == "?" else re.escape(character) for character in part) for part in pattern.split("*")
    )
    if others:
        # The first place where a middle part fits is as good as any later one: no backtracking, no blow-up.
        first += "".join(f"(?>.*?{part})" for part in others[:-1]) + ".*" + others[-1]
    return re.fullmatch(first, text, re.DOTALL) is not None


def _statement(value: object) -> Statement:
    members = _members(value, "a statement", required={"Effect", "Action", "Resource"}, optional={"Sid"})
    if members["Effect"] not in ("Allow", "Deny"):
        raise MalformedPolicyError(f"Effect is neither Allow nor Deny: {members['Effect']!r}")
    actions, resources = _texts(members["Action"], "Action"), _texts(members["Resource"], "Resource")
    for action in actions:
        if action != "*" and ":" not in action:
            raise MalformedPolicyError(f"Action names no service: {action!r}")
    for resource in resources:
        if "${" in resource:
            raise UnsupportedPolicyError(f"policy variable in {resource!r}")
        if len(resource) > MAX_RESOURCE_CHARACTERS:
            raise MalformedPolicyError(f"Resource has {len(resource)} characters, more than {MAX_RESOURCE_CHARACTERS}")
        if resource != "*" and not _ARN.fullmatch(resource):
            raise MalformedPolicyError(f"Resource is not the ARN of an API: {resource!r}")
    return Statement(members["Effect"], actions, resources)


def _members(value: object, name: str, *, required: set[str], optional: set[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise MalformedPolicyError(f"{name} is not an object")
    if unsupported := _UNSUPPORTED & value.keys():
        raise UnsupportedPolicyError(f"{name} has {', '.join(sorted(unsupported))}")
    if missing := required - value.keys():
        raise MalformedPolicyError(f"{name} lacks {', '.join(sorted(missing))}")
    if unknown := value.keys() - required - optional:
        raise MalformedPolicyError(f"{name} has {', '.join(sorted(unknown))}, which a policy does not have")
    return value


def _texts(value: object, name: str) -> tuple[str, ...]:
    texts = value if isinstance(value, list) else [value]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise MalformedPolicyError(f"{name} is neither a text nor a list of texts")
    return tuple(texts)
