"""Every setting of a user pool, read whole and written back whole.

UpdateUserPool resets each setting that a call leaves out, so that to change one means to send them all
(https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserPool.html). What there is to
send is read from botocore's service model and not from a list of ours: a new setting is kept from the day that botocore
knows it. botocore drops what its model does not know; the raw answer has it, and then nothing is written at all.

Where UpdateUserPool does not take what DescribeUserPool told:

- The name is ``Name`` there and ``PoolName`` here.
- Of ``AdminCreateUserConfig.UnusedAccountValidityDays`` and its successor
  ``Policies.PasswordPolicy.TemporaryPasswordValidityDays`` both are told and only the successor is taken.
- ``SmsVerificationMessage``, ``EmailVerificationMessage`` and ``EmailVerificationSubject`` are out of use, and told and
  taken beside ``VerificationMessageTemplate``; they go back as they came. So does ``SmsAuthenticationMessage``, which
  SetUserPoolMfaConfig sets as well.
- An empty text or list where the model wants at least one character or item means that there is none: it is left out.
  So are members that are null, and structures in which nothing is left.
- Tags that begin with ``aws:`` are AWS's own (CloudFormation's, of a pool that a stack made). Nobody may set them, and
  nobody can remove them (https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html).
- What only DescribeUserPool has, such as ``Arn`` and ``EstimatedNumberOfUsers``, can be read and not set.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from poolhouse import aws
from poolhouse.pools.errors import MalformedPoolIdError, UnknownSettingError

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

_POOL_ID: Final = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d_[0-9A-Za-z]{1,40}")  # eusc-de-east-1 too
_RAW: Final = "Raw"
_OTHER_NAME: Final = {"PoolName": "Name"}
"""By member of UpdateUserPool: what DescribeUserPool calls it."""

# What changes without anybody changing the pool's settings.
_MOVING: Final = frozenset({"EstimatedNumberOfUsers"})
_STATUS: Final = frozenset({"LastModifiedDate", "Status", "SmsConfigurationFailure", "EmailConfigurationFailure"})


@dataclass(frozen=True)
class PoolDescription:
    """A user pool as DescribeUserPool tells it, before botocore drops anything.

    Attributes:
        raw: ``UserPool`` of the answer.
    """

    raw: Mapping[str, Any]

    @property
    def lambda_config(self) -> dict[str, Any]:
        """The triggers, by member of ``LambdaConfig``; none where the pool has none."""
        return {name: value for name, value in (self.raw.get("LambdaConfig") or {}).items() if value}

    @property
    def is_lite(self) -> bool:
        """Whether the pool is on the Lite plan. Where no plan is told, there are none."""
        return self.raw.get("UserPoolTier") == "LITE"

    def is_same_as(self, other: "PoolDescription") -> bool:
        """Whether nobody changed the pool between this description and another one."""
        return not _differences(self.raw, other.raw, _MOVING)

    def settings_other_than(self, other: "PoolDescription") -> set[str]:
        """Names of settings that differ between two descriptions; triggers are none of them."""
        return _differences(self.raw, other.raw, _MOVING | _STATUS | {"LambdaConfig"})


class PoolSettings(aws.Caller["CognitoIdentityProviderClient"]):
    """Reads and writes the settings of user pools.

    Args:
        client: A Cognito client; by default one is made when it is first needed.

    Example:
        >>> settings = PoolSettings()  # doctest: +SKIP
        >>> pool = settings.read("eu-central-1_EXAMPLE")  # doctest: +SKIP
        >>> settings.write(pool, {**pool.lambda_config, "PreSignUp": arn})  # doctest: +SKIP
    """

    def __init__(self, client: "CognitoIdentityProviderClient | None" = None) -> None:
        super().__init__(client, aws.user_pools)

    def read(self, user_pool_id: str) -> PoolDescription:
        """Return every setting of a pool.

        Raises:
            MalformedPoolIdError: The id is none.
            UnknownSettingError: The pool has a setting that the service model does not know.
            botocore.exceptions.ClientError: Cognito refuses.
            botocore.exceptions.BotoCoreError: Cognito does not answer.
        """
        if not _POOL_ID.fullmatch(user_pool_id):
            raise MalformedPoolIdError(user_pool_id)
        client = self._listening()
        answer: Mapping[str, Any] = client.describe_user_pool(UserPoolId=user_pool_id)
        raw: dict[str, Any] = answer[_RAW]["UserPool"]
        described = client.meta.service_model.operation_model("DescribeUserPool").output_shape
        unknown = set(_unknown(raw, cast("StructureShape", described).members["UserPool"], ""))
        if unknown:
            raise UnknownSettingError(unknown)
        return PoolDescription(raw)

    def request(self, pool: PoolDescription, lambda_config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments of UpdateUserPool that change a pool's triggers and nothing else.

        Args:
            pool: The pool as it is.
            lambda_config: Every trigger that it is to have.
        """
        described = {**pool.raw, "LambdaConfig": dict(lambda_config)}
        days = ((described.get("Policies") or {}).get("PasswordPolicy") or {}).get("TemporaryPasswordValidityDays")
        if days is not None and described.get("AdminCreateUserConfig"):
            created = described["AdminCreateUserConfig"]
            described["AdminCreateUserConfig"] = {
                name: value for name, value in created.items() if name != "UnusedAccountValidityDays"
            }
        tags = described.get("UserPoolTags") or {}
        described["UserPoolTags"] = {name: value for name, value in tags.items() if not name.startswith("aws:")}
        settings = {
            name: _writable(described.get(_OTHER_NAME.get(name, name)), shape)
            for name, shape in self._update.members.items()
            if name != "UserPoolId"
        }
        return {"UserPoolId": pool.raw["Id"]} | {name: value for name, value in settings.items() if value is not None}

    def write(self, pool: PoolDescription, lambda_config: Mapping[str, Any]) -> None:
        """Change a pool's triggers and nothing else.

        Args:
            pool: The pool as it is: read it just before.
            lambda_config: Every trigger that it is to have.

        Raises:
            botocore.exceptions.ClientError: Cognito refuses.
            botocore.exceptions.BotoCoreError: Cognito does not answer.
        """
        self._client.update_user_pool(**self.request(pool, lambda_config))

    @property
    def triggers(self) -> StructureShape:
        """The triggers that the service model knows: the shape of ``LambdaConfig``."""
        return cast("StructureShape", self._update.members["LambdaConfig"])

    @property
    def _update(self) -> StructureShape:
        return cast("StructureShape", self._client.meta.service_model.operation_model("UpdateUserPool").input_shape)

    def _listening(self) -> "CognitoIdentityProviderClient":
        """The client, which keeps raw descriptions; to be told twice makes no difference."""
        self._client.meta.events.register(
            "before-parse.cognito-idp.DescribeUserPool", _keep_raw, unique_id="poolhouse-raw-description"
        )
        return self._client


def _keep_raw(response_dict: Mapping[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    if response_dict["status_code"] < 300:
        customized_response_dict[_RAW] = json.loads(response_dict["body"])


def _unknown(value: Any, shape: Shape, path: str) -> Iterator[str]:
    """Yield the path of every member that the shape does not have, at any depth."""
    match shape:
        case StructureShape():
            for name, each in (value or {}).items():
                if name in shape.members:
                    yield from _unknown(each, shape.members[name], f"{path}{name}.")
                else:
                    yield f"{path}{name}"
        case ListShape():
            for each in value or ():
                yield from _unknown(each, shape.member, path)


def _writable(value: Any, shape: Shape) -> Any:
    """Return what of a described value UpdateUserPool takes, or None if that is nothing."""
    if value is None:
        return None
    match shape:
        case StructureShape():
            members = {name: _writable(value.get(name), each) for name, each in shape.members.items()}
            return {name: each for name, each in members.items() if each is not None} or None
        case MapShape():
            return value or None
        case ListShape() | StringShape():
            return None if len(value) < shape.metadata.get("min", 0) else value
    return value


def _differences(one: Mapping[str, Any], other: Mapping[str, Any], ignored: frozenset[str]) -> set[str]:
    return {
        name for name in (one.keys() | other.keys()) - ignored if _sorted(one.get(name)) != _sorted(other.get(name))
    }


def _sorted(value: Any) -> Any:
    """Return a value with its lists in order: Cognito promises no order for them."""
    if isinstance(value, dict):
        return {name: _sorted(each) for name, each in value.items()}
    if isinstance(value, list):
        return sorted((_sorted(each) for each in value), key=lambda each: json.dumps(each, sort_keys=True))
    return value
