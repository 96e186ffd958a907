"""What can never change about the stateful resources: their logical ids, types and create-only properties.

Write it anew, after reading what the failing test says, with `python -m tests.unit.template.create_only`.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from tests.unit.template.processing import REGION, Node, Stack, load, process

GOLDEN = Path(__file__).with_name("create_only.json")

WHY = {
    "AWS::ApiGatewayV2::Api": "a new API has another address, which every app has built in",
    "AWS::Cognito::IdentityPool": "a new identity pool gives every user another identity id",
    "AWS::Cognito::UserPool": "a new pool has no users and another issuer; passwords cannot be moved to it",
    "AWS::Cognito::UserPoolClient": "a new client has another id and secret: apps break and every user is signed out",
    "AWS::Cognito::UserPoolDomain": "the sign-in page moves: links, callbacks at identity providers and passkeys break",
    "AWS::Cognito::UserPoolGroup": "a new group is empty: its members lose their role",
    "AWS::Cognito::UserPoolIdentityProvider": "another name means other users: whoever came through it is new",
    "AWS::Cognito::UserPoolResourceServer": "a new identifier renames every scope, in tokens and in all clients",
    "AWS::S3::Bucket": "a new bucket is empty; what the old one holds stays behind, or is deleted with it",
    "AWS::DynamoDB::Table": "a new table is empty; what the old one holds stays behind, or is deleted with it",
    "AWS::SecretsManager::Secret": "a new secret has another ARN, under which servers no longer find it",
}
"""By type of stateful resource: what is lost when CloudFormation replaces one."""

FIXED_BY_SERVICE = {
    # CloudFormation's schema does not call these create-only, but UpdateUserPool does not take them. Attributes can be
    # added to a Schema; none can be changed or removed.
    # https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserPool.html
    "AWS::Cognito::UserPool": ("AliasAttributes", "Schema", "UsernameAttributes", "UsernameConfiguration"),
    # An index can be added and removed, but not changed, and its name stands in code and in policies. The type of a key
    # attribute is part of the key.
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
    "AWS::DynamoDB::Table": ("AttributeDefinitions", "GlobalSecondaryIndexes", "LocalSecondaryIndexes"),
}
"""Properties that a service refuses to change, or changes only by losing something, beside the create-only ones."""


@cache
def create_only_properties(resource_type: str) -> tuple[str, ...]:
    """Return the names of a type's create-only properties, those included that are so under conditions."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, resource_type).schema
    paths = schema.get("createOnlyProperties", []) + schema.get("conditionalCreateOnlyProperties", [])
    declared = {path.removeprefix("/properties/").partition("/")[0] for path in paths}
    return tuple(sorted(declared | set(FIXED_BY_SERVICE.get(resource_type, ()))))


def snapshot(stack: Stack) -> dict[str, Node]:
    """Return type and create-only properties of every stateful resource, by logical id.

    A property that is not set is null: setting it later replaces the resource, too.
    """
    return {
        name: {
            "Type": resource["Type"],
            "CreateOnly": {key: resource["Properties"].get(key) for key in create_only_properties(resource["Type"])},
        }
        for name, resource in sorted(stack.resources.items())
        if resource["Type"] in WHY
    }


def differences(before: Mapping[str, Node], now: Mapping[str, Node]) -> Iterator[str]:
    """Say what changed between two snapshots, and what it costs."""
    for name in sorted(before.keys() | now.keys()):
        if name not in now:
            lost = before[name]["Type"]
            yield f"{name} ({lost}) is gone or has another logical id, so CloudFormation deletes it: {WHY[lost]}"
        elif name not in before:
            yield f"{name} ({now[name]['Type']}) is new: from its first deploy on it cannot change"
        elif before[name]["Type"] != now[name]["Type"]:
            yield f"{name} was {before[name]['Type']} and is now {now[name]['Type']}: a type cannot change"
        else:
            old, new = before[name]["CreateOnly"], now[name]["CreateOnly"]
            kind = now[name]["Type"]
            for key in sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key)):
                effect = (
                    "The service can at most add to it, so any other change fails or replaces the resource"
                    if key in FIXED_BY_SERVICE.get(kind, ())
                    else "It is set when the resource is made, so the change replaces it"
                )
                was, is_now = json.dumps(old.get(key)), json.dumps(new.get(key))
                yield f"{name}.{key} was {was}, is {is_now}. {effect}: {WHY[kind]}"


def main() -> None:
    """Accept the template's create-only properties as they are now."""
    GOLDEN.write_text(json.dumps(snapshot(process(load())), indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
