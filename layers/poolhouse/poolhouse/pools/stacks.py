"""What a stack is doing to the resource that a request is about."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from poolhouse import aws

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

_AT_IT: Final = frozenset({"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"})


class StackResource(aws.Caller["CloudFormationClient"]):
    """Tells requests of CloudFormation that still count from those that events have overtaken.

    Lambda may deliver a request twice, long after it was answered, and a stack that is still being made can be deleted.

    Args:
        client: A CloudFormation client; by default one is made when it is first needed.
    """

    def __init__(self, client: "CloudFormationClient | None" = None) -> None:
        super().__init__(client, aws.stacks)

    def is_in_progress(self, request: Mapping[str, Any]) -> bool:
        """Whether the stack is making or updating the resource of a Create or Update request right now.

        Raises:
            botocore.exceptions.ClientError: CloudFormation refuses.
            botocore.exceptions.BotoCoreError: It does not answer.
        """
        pages = self._client.get_paginator("describe_stack_events").paginate(StackName=request["StackId"])
        try:
            for page in pages:  # the newest event comes first
                for event in page["StackEvents"]:
                    if event["LogicalResourceId"] == request["LogicalResourceId"]:
                        return event["ResourceStatus"] in _AT_IT
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "ValidationError":  # no such stack
                raise
        return False
