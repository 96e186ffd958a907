"""docs/clients: the programs on its pages, as they stand there.

docs/clients/oauth.md has a file of its own, test_oauth_page.py.
"""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from local.settings import ROOT
from local.users import User
from tests import node
from tests.e2e.conftest import PASSWORD

CLIENTS = ROOT / "tests" / "clients"
ANSWER_SECONDS = 120

Walk = Callable[[str], tuple[list[str], list[str]]]
"""Runs the program of a page. Returns what it said, line by line, and which calls of Cognito it made."""


def program_of(page: str, language: str) -> str:
    """The one program of a page."""
    [program] = re.findall(
        rf"```{language}\n(.*?)```", (ROOT / "docs" / "clients" / page).read_text("utf-8"), re.DOTALL
    )
    return str(program)


def converse(program: Sequence[str | Path], folder: Path, answers: Mapping[str, str], **environment: str) -> list[str]:
    """Run a program that asks questions. Returns the lines that it said, without the questions."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "NODE_"))}
    with (
        (folder / "complaints").open("w+") as complaints,
        subprocess.Popen(
            program,
            cwd=folder,
            env=own | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        overdue = threading.Timer(ANSWER_SECONDS, process.kill)  # it may wait for an answer that nobody knows
        overdue.start()
        said = ""
        while letter := process.stdout.read(1):
            said += letter
            for question, answer in answers.items():
                if said.endswith(question):
                    said = said.removesuffix(question)
                    process.stdin.write(f"{answer}\n")
                    process.stdin.flush()
        overdue.cancel()
        complaints.seek(0)
        assert process.wait() == 0, complaints.read()
    return said.splitlines()


@pytest.fixture
def address(new_address: Callable[[], str]) -> str:
    return new_address()


def answers_of(address: str) -> dict[str, str]:
    """What somebody with this address answers who signs up."""
    return {"E-mail address: ": address, "New password: ": PASSWORD, "Code from the e-mail: ": "123456"}


@pytest.fixture
def walk(written: Path, address: str, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Beside amplify_outputs.json as it was written, answering like somebody who signs up."""
    interpreter = node.program()
    (written / "node_modules").symlink_to(node.packages(CLIENTS, tmp_path_factory.mktemp("clients")))
    answers = answers_of(address)

    def walk(page: str) -> tuple[list[str], list[str]]:
        (written / "program.mjs").write_text(program_of(page, "js"))
        calls = written / "calls"
        program = [interpreter, "--import", (CLIENTS / "browser.mjs").as_uri(), "program.mjs"]
        said = converse(program, written, answers, CALLS=str(calls))
        return said, calls.read_text().splitlines()

    return walk


@pytest.mark.node
def test_amplify_signs_up_signs_in_calls_refreshes_and_signs_out(walk: Walk, address: str) -> None:
    said, calls = walk("amplify.md")

    assert said == [f"Signed in: {address}", f"Refreshed: {address}", "Signed in still: false"]
    assert calls == [
        "SignUp 200",
        "ConfirmSignUp 200",
        "InitiateAuth 200",
        "RespondToAuthChallenge 200",
        "GetId 200",  # Amplify takes credentials of the identity pool along with the tokens
        "GetCredentialsForIdentity 200",
        "GetTokensFromRefreshToken 200",  # which a client with rotation takes too
        "GetCredentialsForIdentity 200",
        "RevokeToken 200",
    ]


@pytest.mark.node
def test_amazon_cognito_identity_js_signs_up_signs_in_calls_refreshes_and_signs_out(walk: Walk, address: str) -> None:
    said, calls = walk("amazon-cognito-identity-js.md")

    assert said == [f"Signed in: {address}", f"Refreshed: {address}", "Signed in still: false"]
    assert calls == [
        "SignUp 200",
        "ConfirmSignUp 200",
        "InitiateAuth 200",
        "RespondToAuthChallenge 200",
        "InitiateAuth 200",  # REFRESH_TOKEN_AUTH, which a client with rotation refuses
        "RevokeToken 200",
    ]


# A browser knows that names below localhost are this machine; Python asks the system, which may not.
RESOLVING = """
import socket
asked = socket.getaddrinfo
def getaddrinfo(host, *rest, **named):
    return asked("127.0.0.1" if str(host).endswith(".localhost") else host, *rest, **named)
socket.getaddrinfo = getaddrinfo
"""


@pytest.fixture
def run_python(written: Path) -> Callable[..., list[str]]:
    """Runs the program of a page in Python beside `.env` as it was written."""
    (written / "sitecustomize.py").write_text(RESOLVING)

    def run_python(page: str, *arguments: str, answers: Mapping[str, str] | None = None) -> list[str]:
        (written / "program.py").write_text(program_of(page, "python"))
        return converse(
            [sys.executable, "program.py", *arguments],
            written,
            answers or {},
            PYTHONPATH=f"{written}:{ROOT / 'layers/poolhouse'}",
            AWS_ACCESS_KEY_ID="test",
            AWS_SECRET_ACCESS_KEY="test",
        )

    return run_python


def test_machine_calls_the_api_with_a_token_of_its_own(
    run_python: Callable[..., list[str]], seeded: dict[str, User]
) -> None:
    subs = [seeded[role].sub for role in ("member", "support", "admin")]
    said = [json.loads(line) for line in run_python("machine.md", *subs)]

    assert [profile["sub"] for profile in said] == subs
    assert not [profile for profile in said if "email" in profile]  # without profiles/read.personal


def test_boto3_signs_up_signs_in_calls_refreshes_and_signs_out(
    run_python: Callable[..., list[str]], address: str
) -> None:
    said = run_python("boto3.md", answers=answers_of(address))

    assert said == [f"Signed in: {address}", f"Refreshed: {address}", "Signed out"]
