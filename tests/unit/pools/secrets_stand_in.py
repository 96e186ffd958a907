"""Cognito's and Secrets Manager's handling of one app client's secrets, as their service models and documentation say.

The emulator has no second secret of an app client. botocore checks what is sent against the service's model; here the
patterns are checked as well, which botocore leaves to AWS, and every answer against the model.
"""

import json
import re
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from botocore.validate import validate_parameters

from tests.unit.stubbed import client_of
from tests.unit.token_server import CLIENT, TokenServer

POOL = "us-east-1_Example01"
ARN = "arn:aws:secretsmanager:us-east-1:111122223333:secret:machine"
FIRST = "first-secret-of-the-client01".replace("-", "_")


class Refused(Exception):  # noqa: N818 - the code of an error, not an error of the tests
    """AWS refuses a call."""


class Interrupted(BaseException):
    """The process ends."""


@dataclass
class Version:
    """A version of the secret in Secrets Manager, with its stages."""

    value: str
    stages: set[str]
    made_at: datetime


class StandIn:
    """One app client and its secret.

    Attributes:
        server: The token endpoint, which takes what Cognito takes.
        cognito: A botocore client of Cognito that comes here.
        store: The same of Secrets Manager.
        calls: The calls so far.
        ends_at: None, or the number of the call at which the process ends, and whether the call still happens.
    """

    def __init__(self, server: TokenServer) -> None:
        self.server = server
        self._lock = threading.RLock()  # each call happens at once or not at all, as on AWS
        self.live = {f"{CLIENT}--1": (FIRST, datetime.now(UTC) - timedelta(days=90))}
        self.versions = {
            str(uuid.uuid4()): Version(
                json.dumps({"client_id": CLIENT, "client_secret": FIRST}),
                {"AWSCURRENT"},
                datetime.now(UTC) - timedelta(days=90),
            )
        }
        self.calls: list[str] = []
        self.ends_at: tuple[int, bool] | None = None
        self.cognito, self.store = client_of("cognito-idp"), client_of("secretsmanager")
        self._publish()

    def callers_read(self, stage: str = "AWSCURRENT") -> str:
        """The secret that callers read now, or the one with another stage."""
        with self._lock:
            [value] = [each.value for each in self.versions.values() if stage in each.stages]
        return str(json.loads(value)["client_secret"])

    def strict(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        for name, value in params.items():
            pattern = model.input_shape.members[name].metadata.get("pattern")
            assert pattern is None or re.fullmatch(pattern, value), f"{name} does not match {pattern}"
        self._asked = params

    def answer(self, model: Any, **_: Any) -> Any:
        self.calls.append(model.name)
        number, happens = self.ends_at or (-1, False)
        if number == len(self.calls) and not happens:
            raise Interrupted
        try:
            with self._lock:
                answer = getattr(self, model.name)(**self._asked)
        except Refused as refusal:
            code = refusal.args[0]
            if code not in [each.name for each in model.error_shapes]:
                raise
            status, answer = 400, {"Error": {"Code": code, "Message": code}}
        else:
            status = 200
            validate_parameters(answer, model.output_shape)
        self._publish()
        assert self.callers_read() in self.server.secrets, "callers read a secret that Cognito does not take"
        if number == len(self.calls):
            raise Interrupted
        return SimpleNamespace(status_code=status), answer

    def _publish(self) -> None:
        self.server.secrets = {secret for secret, _ in self.live.values()}

    # The operations, by their names.

    def AddUserPoolClientSecret(self, UserPoolId: str, ClientId: str, ClientSecret: str) -> dict[str, Any]:  # noqa: N802, N803
        self._known(UserPoolId, ClientId)
        if len(self.live) >= 2:
            raise Refused("LimitExceededException")
        made_at = datetime.now(UTC).replace(microsecond=0)
        secret_id = f"{ClientId}--{len(self.calls)}{int(made_at.timestamp())}"
        self.live[secret_id] = (ClientSecret, made_at)
        return {"ClientSecretDescriptor": {"ClientSecretId": secret_id, "ClientSecretCreateDate": made_at}}

    def ListUserPoolClientSecrets(self, UserPoolId: str, ClientId: str) -> dict[str, Any]:  # noqa: N802, N803
        self._known(UserPoolId, ClientId)
        return {
            "ClientSecrets": [
                {"ClientSecretId": name, "ClientSecretCreateDate": made_at} for name, (_, made_at) in self.live.items()
            ]
        }

    def DeleteUserPoolClientSecret(self, UserPoolId: str, ClientId: str, ClientSecretId: str) -> dict[str, Any]:  # noqa: N802, N803
        self._known(UserPoolId, ClientId)
        if ClientSecretId not in self.live:
            raise Refused("ResourceNotFoundException")
        if len(self.live) == 1:
            raise Refused("InvalidParameterException")
        del self.live[ClientSecretId]
        return {}

    def GetSecretValue(self, SecretId: str, VersionStage: str = "AWSCURRENT") -> dict[str, Any]:  # noqa: N802, N803
        assert SecretId == ARN
        for name, version in self.versions.items():
            if VersionStage in version.stages:
                return {
                    "ARN": ARN,
                    "Name": "machine",
                    "VersionId": name,
                    "SecretString": version.value,
                    "VersionStages": sorted(version.stages),
                    "CreatedDate": version.made_at,
                }
        raise Refused("ResourceNotFoundException")

    def PutSecretValue(  # noqa: N802
        self,
        SecretId: str,  # noqa: N803
        ClientRequestToken: str,  # noqa: N803
        SecretString: str,  # noqa: N803
        VersionStages: list[str],  # noqa: N803
    ) -> dict[str, Any]:
        assert SecretId == ARN
        assert uuid.UUID(ClientRequestToken)
        if "AWSCURRENT" in VersionStages:
            self._move("AWSPREVIOUS", next(n for n, each in self.versions.items() if "AWSCURRENT" in each.stages))
        self.versions[ClientRequestToken] = Version(SecretString, set(), datetime.now(UTC))
        for stage in VersionStages:
            self._move(stage, ClientRequestToken)
        return {"ARN": ARN, "Name": "machine", "VersionId": ClientRequestToken, "VersionStages": VersionStages}

    def UpdateSecretVersionStage(  # noqa: N802
        self,
        SecretId: str,  # noqa: N803
        VersionStage: str,  # noqa: N803
        RemoveFromVersionId: str,  # noqa: N803
    ) -> dict[str, Any]:
        assert SecretId == ARN
        if VersionStage not in self.versions[RemoveFromVersionId].stages:
            raise Refused("InvalidParameterException")
        self.versions[RemoveFromVersionId].stages.remove(VersionStage)
        return {"ARN": ARN, "Name": "machine"}

    def _known(self, pool: str, client: str) -> None:
        if (pool, client) != (POOL, CLIENT):
            raise Refused("ResourceNotFoundException")

    def _move(self, stage: str, version: str) -> None:
        for each in self.versions.values():
            each.stages.discard(stage)
        self.versions[version].stages.add(stage)


@contextmanager
def running() -> Iterator[StandIn]:
    """The stand-in, and its token endpoint on this machine."""
    with TokenServer().running() as server:
        stand_in = StandIn(server)
        # What the second one returns is the answer: nothing is sent.
        handlers = {"before-parameter-build": stand_in.strict, "before-call": stand_in.answer}
        events = [client.meta.events for client in (stand_in.cognito, stand_in.store)]
        for each in events:
            for event, handler in handlers.items():
                each.register(event, handler)
        try:
            yield stand_in
        finally:
            for each in events:
                for event, handler in handlers.items():
                    each.unregister(event, handler)


def stages(stand_in: StandIn) -> Mapping[str, int]:
    """How many versions have each stage."""
    return {
        stage: sum(stage in each.stages for each in stand_in.versions.values())
        for stage in ("AWSCURRENT", "AWSPENDING", "AWSPREVIOUS")
    }
