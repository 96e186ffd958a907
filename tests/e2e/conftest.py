"""Real clients of the deployed stack."""

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from local.settings import HOST
from local.stack import LocalStack

PASSWORD = "Tests-Only-Horse-7"

Fire = Callable[[str, dict[str, Any]], Any]
"""Calls a deployed function, by its logical id, with an event, and returns the answer."""


@dataclass(frozen=True)
class Api:
    """The deployed HTTP API. Python does not resolve names below localhost, so the name goes into the Host header."""

    client: httpx.Client
    host: str

    def get(self, path: str, token: str | None = None, **headers: str) -> httpx.Response:
        """GET a path, with a bearer token if there is one."""
        authorization = {"Authorization": f"Bearer {token}"} if token is not None else {}
        return self.client.get(path, headers={"Host": self.host, **authorization, **headers})

    def preflight(self, path: str, origin: str, method: str) -> httpx.Response:
        """Ask as a browser does before a request from another origin."""
        headers = {
            "Host": self.host,
            "Origin": origin,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "authorization,if-match",
        }
        return self.client.options(path, headers=headers)


@pytest.fixture(scope="session")
def api(stack: LocalStack) -> Iterator[Api]:
    url = urlsplit(stack.outputs["ApiUrl"])
    with httpx.Client(base_url=f"http://{HOST}:{url.port}", timeout=30) as client:
        yield Api(client, url.netloc)


@pytest.fixture
def new_address() -> Callable[[], str]:
    """A new e-mail address at each call, so that tests do not meet."""
    return lambda: f"{uuid.uuid4().hex[:12]}@example.com"


@pytest.fixture
def fire(stack: LocalStack) -> Fire:
    def fire(function: str, event: dict[str, Any]) -> Any:
        answer = stack.settings.client("lambda").invoke(
            FunctionName=stack.physical_id(function), Payload=json.dumps(event)
        )
        return json.load(answer["Payload"])

    return fire


def records_of(stack: LocalStack, sub: str) -> list[dict[str, Any]]:
    """The audit records of a user, oldest first."""
    answer = stack.settings.client("dynamodb").query(
        TableName=stack.physical_id("AuditTable"),
        KeyConditionExpression="#sub = :sub",
        ExpressionAttributeNames={"#sub": "sub"},
        ExpressionAttributeValues={":sub": {"S": sub}},
    )
    return [{name: next(iter(value.values())) for name, value in item.items()} for item in answer["Items"]]
