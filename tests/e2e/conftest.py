"""Real clients of the deployed stack."""

import json
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from poolhouse.table import plain, typed

from local import __main__ as command
from local.settings import HOST, Settings
from local.stack import LocalStack

pytest.register_assert_rewrite("tests.e2e.routes")  # a failure there names the route too

PASSWORD = "Tests-Only-Horse-7"

Fire = Callable[[str, dict[str, Any]], Any]
"""Calls a deployed function, by its logical id, with an event, and returns the answer."""

Run = Callable[..., int]
"""Runs ``python -m local`` with these arguments, and returns the exit code."""


@dataclass(frozen=True)
class Api:
    """The deployed HTTP API. Python does not resolve names below localhost, so the name goes into the Host header."""

    client: httpx.Client
    host: str

    def get(self, path: str, token: str | None = None, **headers: str) -> httpx.Response:
        """GET a path, with a bearer token if there is one."""
        return self.send("GET", path, token, None, **headers)

    def send(
        self, method: str, path: str, token: str | None = None, body: dict[str, Any] | None = None, **headers: str
    ) -> httpx.Response:
        """Send a request; in the names of headers an underscore stands for a dash."""
        given = {"Host": self.host} | {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            given["Authorization"] = f"Bearer {token}"
        return self.client.request(method, path, headers=given, json=body)

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
def run(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run ``python -m local`` in this process, on the tests' stack."""
    monkeypatch.setattr(Settings, "for_port", lambda _port: stack.settings)

    def run(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["local", *arguments])
        return command.main()

    return run


@pytest.fixture
def written(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """The folder with ``amplify_outputs.json`` and ``.env`` as ``make outputs`` writes them."""
    monkeypatch.setattr(command, "ROOT", tmp_path)
    assert run("outputs") == 0
    assert capsys.readouterr().out == f"Wrote {tmp_path / 'amplify_outputs.json'}\nWrote {tmp_path / '.env'}\n"
    return tmp_path


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


def variables_of(stack: LocalStack, function: str) -> dict[str, str]:
    """The environment of a deployed function, by its logical id, and what leads its AWS clients to the emulator."""
    functions = stack.settings.client("lambda")
    configuration = functions.get_function_configuration(FunctionName=stack.physical_id(function))
    variables: dict[str, str] = configuration["Environment"]["Variables"]
    return stack.settings.environment() | variables


def stored(stack: LocalStack, sub: str) -> dict[str, Any] | None:
    """What the table of profiles holds under a key."""
    answer = stack.settings.client("dynamodb").get_item(
        TableName=stack.outputs["ProfilesTable"], Key={"sub": {"S": sub}}, ConsistentRead=True
    )
    return plain(answer["Item"]) if "Item" in answer else None


def store(stack: LocalStack, profile: dict[str, Any]) -> None:
    """Put a profile into the table, whatever was there."""
    stack.settings.client("dynamodb").put_item(TableName=stack.outputs["ProfilesTable"], Item=typed(profile))


def records_of(stack: LocalStack, sub: str) -> list[dict[str, Any]]:
    """The audit records of a user, oldest first."""
    answer = stack.settings.client("dynamodb").query(
        TableName=stack.physical_id("AuditTable"),
        KeyConditionExpression="#sub = :sub",
        ExpressionAttributeNames={"#sub": "sub"},
        ExpressionAttributeValues={":sub": {"S": sub}},
    )
    return [plain(item) for item in answer["Items"]]
