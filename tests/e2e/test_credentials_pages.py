"""docs/clients/credentials-*.md: the programs on the pages, as they stand there, against the deployed stack."""

import sys
from pathlib import Path

import pytest

from local.stack import LocalStack
from tests import node
from tests.e2e.conftest import PASSWORD
from tests.e2e.people import Person, new_person
from tests.e2e.test_client_pages import CLIENTS, converse, program_of

PICTURE = b"\x89PNG\r\n\x1a\n and so on"
# Browsers take names below localhost for this machine; Python asks the system, which may not know them.
LIKE_A_BROWSER = """
import runpy, socket
ask = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest: ask("127.0.0.1" if str(host).endswith(".localhost") else host, *rest)
runpy.run_path("program.py", run_name="__main__")
"""


@pytest.fixture
def person(stack: LocalStack) -> Person:
    return new_person(stack)


@pytest.fixture
def answers(person: Person, written: Path) -> dict[str, str]:
    """Of somebody who has a picture beside amplify_outputs.json."""
    (written / "me.png").write_bytes(PICTURE)
    return {"E-mail address: ": person.email, "Password: ": PASSWORD}


@pytest.mark.node
def test_browser_reads_its_own_item_and_puts_and_gets_its_picture(
    written: Path, answers: dict[str, str], person: Person, tmp_path_factory: pytest.TempPathFactory
) -> None:
    interpreter = node.program()
    (written / "node_modules").symlink_to(node.packages(CLIENTS, tmp_path_factory.mktemp("clients")))
    (written / "program.mjs").write_text(program_of("credentials-browser.md", "js"))
    program = [interpreter, "--import", (CLIENTS / "browser.mjs").as_uri(), "program.mjs"]

    said = converse(program, written, answers, CALLS=str(written / "calls"))

    assert said == [f"Profile: {person.email} active", "Picture: image/png true", "Credentials still: false"]
    calls = (written / "calls").read_text().splitlines()
    assert calls[:4] == [
        "InitiateAuth 200",
        "RespondToAuthChallenge 200",
        "GetId 200",
        "GetCredentialsForIdentity 200",
    ]


def test_sdk_reads_its_own_item_and_puts_and_gets_its_picture(
    written: Path, answers: dict[str, str], person: Person
) -> None:
    (written / "program.py").write_text(program_of("credentials-sdk.md", "python"))

    said = converse([sys.executable, "-c", LIKE_A_BROWSER], written, answers)

    assert said == [f"Profile: {person.email} active", "Picture: image/png True", "Renewed"]
