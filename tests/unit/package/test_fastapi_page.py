"""The page on FastAPI: its application runs as it stands there, and answers as it says there."""

import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import httpx
import pytest

from local.settings import HOST, ROOT, free_port
from tests.unit.package.environments import Install, check_types, run
from tests.unit.tokens import minting
from tests.unit.tokens.key_server import KeyServer

PAGE = (ROOT / "docs/fastapi.md").read_text("utf-8")
APP, OWN_TESTS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
[DOCKERFILE] = re.findall(r"```dockerfile\n(.*?)```", PAGE, re.DOTALL)
INVALID = 'Bearer error="invalid_token"'
INSUFFICIENT = 'Bearer error="insufficient_scope"'
READ, WRITE, ADMIN = "orders/read", "orders/write", "admin"


@dataclass(frozen=True)
class Case:
    """A request with a token, and its answer.

    Attributes:
        request: method and path.
        authorization: the header's value; "{}" stands for the token.
        changes: what is unusual about the token's claims.
    """

    status: int
    challenge: str | None
    code: str | None
    request: str = "GET /orders"
    authorization: str = "Bearer {}"
    changes: tuple[tuple[str, object], ...] = (("scope", READ),)


CASES = [
    Case(200, None, None),
    Case(200, None, None, authorization="bearer {}"),
    Case(201, None, None, "POST /orders", changes=(("scope", f"{READ} {WRITE}"),)),
    Case(200, None, None, "DELETE /orders", changes=(("scope", READ), ("cognito:groups", [ADMIN]))),
    Case(200, None, None, "GET /prices"),
    Case(401, "Bearer", None, "GET /prices", authorization=""),
    Case(401, "Bearer", None, authorization=""),
    Case(401, "Bearer", None, authorization="Bearer"),
    Case(401, "Bearer", None, authorization="Basic {}"),
    Case(401, "Bearer", None, "DELETE /orders", authorization=""),
    Case(401, INVALID, "invalid_encoding", authorization="Bearer {}="),
    Case(401, INVALID, "invalid_signature", authorization="Bearer {}AAAA"),
    Case(401, INVALID, "token_expired", changes=(("exp", 1_700_000_000), ("scope", READ))),
    Case(401, INVALID, "client_id_not_allowed", changes=(("client_id", "another"), ("scope", READ))),
    Case(401, INVALID, "token_use_not_allowed", changes=(("token_use", "id"), ("aud", minting.CLIENT))),
    Case(403, INSUFFICIENT, "insufficient_scope", changes=(("scope", "aws.cognito.signin.user.admin"),)),
    Case(403, f'{INSUFFICIENT}, scope="{WRITE}"', None, "POST /orders"),
    Case(403, f'{INSUFFICIENT}, scope="{READ}"', None, changes=(("scope", WRITE),)),
    Case(403, INSUFFICIENT, None, "DELETE /orders", changes=(("scope", READ), ("cognito:groups", ["support"]))),
    Case(403, INSUFFICIENT, None, "DELETE /orders", changes=(("scope", READ), ("cognito:groups", None))),
]


@dataclass(frozen=True)
class Served:
    """The application at work.

    Attributes:
        client: for requests to it.
        log: what it and its server wrote.
    """

    client: httpx.Client
    log: Path

    def send(self, case: Case, token: str) -> httpx.Response:
        headers = {"Authorization": case.authorization.format(token)} if case.authorization else {}
        return self.client.request(*case.request.split(), headers=headers)


@pytest.fixture(scope="module")
def command(install: Install, wheel: Path) -> list[str]:
    """The Dockerfile's command, in an environment made by the Dockerfile's installation."""
    [wheels, *packages] = re.findall(r"pip install --no-cache-dir (.*)", DOCKERFILE)[0].split()
    assert fnmatch(f"./{wheel.name}", wheels)
    python = install(*packages)
    [program, *arguments] = json.loads(re.findall(r"CMD (.*)", DOCKERFILE)[0])
    return [str(python.with_name(program)), *arguments]


@contextmanager
def serving(command: list[str], folder: Path, endpoint: str) -> Iterator[Served]:
    """Run the application on a port of this machine, where an emulator at the endpoint has the pool's keys."""
    (folder / "app.py").write_text(APP)
    address = {"0.0.0.0": HOST, "8000": str(free_port())}
    settings = {"USER_POOL_ID": minting.POOL, "CLIENT_IDS": minting.CLIENT, "AWS_ENDPOINT_URL": endpoint}
    log = folder / "log"
    with (
        log.open("wb") as output,
        httpx.Client(base_url=f"http://{HOST}:{address['8000']}", trust_env=False) as client,
        subprocess.Popen(
            [address.get(word, word) for word in command],
            cwd=folder,
            env={"PATH": os.environ["PATH"], **settings},
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as server,
    ):
        try:
            wait_until_up(client, server, log)
            yield Served(client, log)
        finally:
            server.terminate()


def wait_until_up(client: httpx.Client, server: subprocess.Popen[bytes], log: Path) -> None:
    ends = time.monotonic() + 30
    while server.poll() is None and time.monotonic() < ends:
        try:
            assert client.get("/health").status_code == 200
        except httpx.ConnectError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(log.read_text())


def test_application_answers_as_its_page_says(command: list[str], tmp_path: Path) -> None:
    said: list[str] = []
    secrets: set[str] = set()
    with (
        KeyServer(minting.key_set()).running() as keys,
        serving(command, tmp_path, keys.url[: -len("/keys")]) as served,
    ):
        assert keys.fetches == 1  # at start, before any token
        for case in CASES:
            token = minting.token(minting.access_claims(**dict(case.changes)))
            answer = served.send(case, token)
            assert answer.status_code == case.status, (case, answer.text)
            assert answer.headers.get("WWW-Authenticate") == case.challenge, case
            assert answer.json().get("code") == case.code, case
            said.append(f"{answer.headers} {answer.text}")
            secrets.update(token.split("."))
        assert keys.fetches == 1
    log = served.log.read_text()
    assert {case.code for case in CASES if case.code} == set(re.findall(r'"code": "(\w+)"', log))
    assert not [secret for secret in secrets if secret in log or any(secret in answer for answer in said)]
    assert minting.SUB not in log


def test_application_starts_without_keys_and_says_that_it_is_not_the_callers_fault(
    command: list[str], tmp_path: Path
) -> None:
    with socket.socket() as nobody:
        nobody.bind((HOST, 0))  # and does not listen
        with serving(command, tmp_path, f"http://{HOST}:{nobody.getsockname()[1]}") as served:
            token = minting.token(minting.access_claims(scope=READ))
            answer = served.send(CASES[0], token)
    assert answer.status_code == 503
    assert answer.json()["code"] == "keys_unavailable"
    assert answer.headers["Retry-After"] == "5"
    assert "WWW-Authenticate" not in answer.headers
    log = served.log.read_text()
    assert '"event": "fetch_failed"' in log
    assert not [part for part in token.split(".") if part in log + answer.text]


def test_page_installs_the_same_packages_with_and_without_a_container() -> None:
    [in_image] = re.findall(r"pip install --no-cache-dir (.*)", DOCKERFILE)
    assert f"\npip install {in_image}\n" in PAGE


def test_pages_application_is_typed_without_a_gap(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    assert check_types(Path(command[0]).with_name("python"), tmp_path) == []


def test_pages_own_tests_pass(install: Install, tmp_path: Path) -> None:
    [needed] = re.findall(r"`pip install (pytest .*?)`", PAGE)
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "test_app.py").write_text(OWN_TESTS)
    python = install("fastapi", *needed.split())
    assert "2 passed" in run(python, "-m", "pytest", "-W", "error", folder=tmp_path)
