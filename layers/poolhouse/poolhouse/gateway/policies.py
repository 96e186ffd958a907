"""Policies that API Gateway may cache: they speak of the whole stage of an API, and never of the request.

API Gateway keeps an authorizer's answer and judges later requests of the same token by it, whatever their path
(https://docs.aws.amazon.com/apigateway/latest/developerguide/configure-api-gateway-lambda-authorization.html). A policy
for the one method that was called would refuse every other method until the cache ends; one with the request's path in
it could be widened by whoever writes the path, because ``*`` and ``?`` match across slashes. What the token allows does
not depend on the path here, so the policy does not either.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from poolhouse.gateway import context

if TYPE_CHECKING:
    from poolhouse.tokens import Claims

NOBODY = "nobody"
"""Principal id of a refusal: API Gateway wants one."""

_IN_ARN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_$")
_MAX_RESOURCE = 512


def stage_of(event: Mapping[str, Any]) -> str:
    """Return the ARN of the stage that was called, in the partition of the request.

    Args:
        event: An authorizer's event, with ``methodArn`` (``routeArn`` in payload format 2.0 of HTTP APIs).

    Raises:
        ValueError: That is not the ARN of a request to an API, or it has a name that no stage has.

    Example:
        >>> stage_of({"methodArn": "arn:aws-cn:execute-api:cn-north-1:123456789012:abcdef1234/prod/GET/users/*"})
        'arn:aws-cn:execute-api:cn-north-1:123456789012:abcdef1234/prod'
    """
    api, _, rest = str(event.get("methodArn") or event.get("routeArn")).partition("/")
    stage = rest.partition("/")[0]
    names = api.split(":")
    if (
        len(names) != 6
        or names[0] != "arn"
        or names[2] != "execute-api"
        or not all(name and _IN_ARN.issuperset(name) for name in (*names, stage))
        or len(api) + len(stage) > _MAX_RESOURCE - len("//$connect")
    ):
        raise ValueError("the event's methodArn or routeArn is not the ARN of a request to an API")
    return f"{api}/{stage}"


def allow(claims: Claims, resource: str) -> dict[str, Any]:
    """Return an answer that lets the caller invoke a resource, and tells the integration who calls."""
    return {**_answer("Allow", resource, claims.sub), "context": context.from_claims(claims)}


def deny(resource: str) -> dict[str, Any]:
    """Return an answer that refuses a resource. An explicit Deny, because a policy without statements is invalid."""
    return _answer("Deny", resource, NOBODY)


def _answer(effect: Literal["Allow", "Deny"], resource: str, principal_id: str) -> dict[str, Any]:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}
    return {"principalId": principal_id, "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
