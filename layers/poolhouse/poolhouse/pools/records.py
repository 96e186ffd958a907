"""What a pool's triggers were before a stack came, in one parameter of Systems Manager.

A Delete of CloudFormation carries no data of ours, so that what is to be put back needs a home of its own.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from poolhouse import aws

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient


@dataclass(frozen=True)
class Record:
    """Which triggers of a pool are a stack's, and what was there before.

    Attributes:
        user_pool_id: The pool.
        ours: By member of ``LambdaConfig``, what the stack has put there; two values while one gives way to the other.
        before: By member, what was there before; None where nothing was.
    """

    user_pool_id: str
    ours: Mapping[str, list[Any]] = field(default_factory=dict)
    before: Mapping[str, Any] = field(default_factory=dict)

    def holds(self, member: str, value: Any) -> bool:
        """Whether a trigger is the stack's."""
        return value in self.ours.get(member, ())

    def joined(self, other: "Record") -> "Record":
        """What holds while one record gives way to another, whichever of them the pool is found with."""
        ours = {name: list(values) for name, values in self.ours.items()}
        for name, values in other.ours.items():
            ours[name] = [*ours.get(name, ()), *(each for each in values if each not in ours.get(name, ()))]
        return Record(other.user_pool_id, ours, {**self.before, **other.before})


class Records(aws.Caller["SSMClient"]):
    """The one record of a stack.

    Args:
        parameter: Name of the parameter.
        client: A Systems Manager client; by default one is made when it is first needed.
    """

    def __init__(self, parameter: str, client: "SSMClient | None" = None) -> None:
        super().__init__(client, aws.parameters)
        self.parameter = parameter

    def read(self) -> Record | None:
        """The record, or None where there is none.

        Raises:
            botocore.exceptions.ClientError: Systems Manager refuses.
            botocore.exceptions.BotoCoreError: It does not answer.
        """
        try:
            answer = self._client.get_parameter(Name=self.parameter)
        except self._client.exceptions.ParameterNotFound:
            return None
        return Record(**json.loads(answer["Parameter"]["Value"]))

    def write(self, record: Record) -> None:
        """Keep a record in place of the one there is.

        Raises:
            botocore.exceptions.ClientError: Systems Manager refuses.
            botocore.exceptions.BotoCoreError: It does not answer.
        """
        self._client.put_parameter(
            Name=self.parameter,
            Description="Triggers of a user pool before this stack: put back when the stack is removed",
            Value=json.dumps(vars(record), sort_keys=True, separators=(",", ":")),
            Type="String",
            Tier="Intelligent-Tiering",  # 4 KB are enough for all but a pool with every trigger of its own
            Overwrite=True,
        )

    def delete(self) -> None:
        """Forget the record; that there is none is as good.

        Raises:
            botocore.exceptions.ClientError: Systems Manager refuses.
            botocore.exceptions.BotoCoreError: It does not answer.
        """
        try:
            self._client.delete_parameter(Name=self.parameter)
        except self._client.exceptions.ParameterNotFound:
            return
