"""The deployed API keeps to its OpenAPI document, whatever it is sent: schemathesis makes the requests and judges."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from local.settings import ROOT
from local.stack import LocalStack
from tests.e2e.conftest import store, stored
from tests.e2e.people import Person, new_person

DOCUMENT = ROOT / "docs/openapi.json"
TIMES = {"created_at": "2026-01-01T00:00:00.000Z", "updated_at": "2026-01-01T00:00:00.000Z"}
VERSION = 3  # the example in the document
OWN_VERSION = 1_000_000_007  # by no guess: DELETE /profile would end the run

# Every check of schemathesis but one, on every answer: that it is documented, in status, type, headers and body, is no
# 5xx, and refuses what the schema forbids. The statuses that three of the checks expect are widened, each for a reason.
CONFIGURATION = """
workers = 2
warnings = false
[generation]
database = "none"
[headers]
Host = {host}
Authorization = {authorization}
[dictionaries]
profiles.values = {profiles}
versions.values = {versions}
own_versions.values = {own_versions}
[parameters]
"path.sub" = {{ dictionary = "profiles", probability = 0.8 }}
[checks]
# API Gateway answers 404 to a method that has no route (docs/errors.md).
unsupported_method.enabled = false
# RFC 6585, section 3: what a change without its condition gets.
missing_required_header.expected-statuses = [401, 403, 404, 410, 428]
# An entity tag of another form is well formed and matches nothing (RFC 9110, section 13.1.1).
negative_data_rejection.expected-statuses = [400, 401, 403, 404, 410, 412, 415, 428]
# No schema says which profiles there are, in which version.
positive_data_acceptance.expected-statuses = ["2xx", 401, 403, 404, 410, 412]
# Nor what is a telephone number, a time zone, or a text that is left when it is trimmed.
[[operations]]
include-operation-id = "change_profile"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 401, 403, 404, 410, 412]
parameters = {{ "header.If-Match" = {{ dictionary = "versions", probability = 0.8 }} }}
[[operations]]
include-operation-id = "change_own_profile"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 401, 403, 404, 410, 412]
parameters = {{ "header.If-Match" = {{ dictionary = "own_versions", probability = 0.8 }} }}
[[operations]]
include-operation-id = ["delete_profile", "suspend", "reinstate"]
parameters = {{ "header.If-Match" = {{ dictionary = "versions", probability = 0.8 }} }}
# Nor which cursors were given.
[[operations]]
include-operation-id = ["list_profiles", "read_audit"]
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 401, 403, 404, 410]
"""


@pytest.fixture(scope="module")
def profiles(stack: LocalStack) -> Iterator[list[str]]:
    """Keys of profiles to try things on: active, suspended, deleted, and none."""
    states = ["active"] * 30 + ["suspended"] * 5 + ["deleted"] * 2
    subs = [str(uuid4()) for _ in states]
    for sub, status in zip(subs, states, strict=True):
        personal = {"email": f"{sub}@example.com", "name": "Pat Quill", "preferences": {"theme": "sepia", "n": 3}}
        given: dict[str, Any] = {} if status == "deleted" else personal
        store(stack, {"sub": sub, "status": status, "version": VERSION} | TIMES | given)
    yield [*subs, str(uuid4())]
    for sub in subs:
        stack.settings.client("dynamodb").delete_item(TableName=stack.outputs["ProfilesTable"], Key={"sub": {"S": sub}})


@dataclass(frozen=True)
class Answer:
    """An answer of the API to a request of schemathesis."""

    method: str
    path: str
    status: int


def answers(stack: LocalStack, folder: Path, caller: Person, profiles: list[str], examples: int) -> list[Answer]:
    """Let schemathesis send what it makes of the document, as often as it likes, and judge the answers.

    Args:
        stack: The deployed stack.
        folder: Where its configuration and its report go; the caller's token is in the first.
        caller: Whose token goes with every request.
        profiles: Keys of profiles that it may use.
        examples: How many requests it makes up for an operation at most, besides those for the edges of the schema.
    """
    own = stored(stack, caller.sub)
    assert own is not None
    store(stack, own | {"version": OWN_VERSION})
    configuration, report = folder / "schemathesis.toml", folder / "sent.har"
    configuration.write_text(
        CONFIGURATION.format(
            host=json.dumps(stack.outputs["ApiUrl"].removeprefix("http://")),
            authorization=json.dumps(f"Bearer {caller.token}"),
            profiles=json.dumps(profiles),
            versions=json.dumps([f'"{VERSION + changes}"' for changes in range(3)]),
            own_versions=json.dumps([f'"{OWN_VERSION + changes}"' for changes in range(5)]),
        )
    )
    ended = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"),
            f"--config-file={configuration}",
            "run",
            DOCUMENT,
            f"--url={stack.settings.endpoint}",  # Python does not resolve the API's name, which is the header Host
            f"--max-examples={examples}",
            "--report=har",
            f"--report-har-path={report}",
            "--no-color",
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    sent = json.loads(report.read_text("utf-8"))["log"]["entries"]
    return [
        Answer(one["request"]["method"], urlsplit(one["request"]["url"]).path, one["response"]["status"])
        for one in sent
    ]


def test_deployed_api_keeps_to_its_document_for_an_admin(
    stack: LocalStack, tmp_path: Path, profiles: list[str]
) -> None:
    found = answers(stack, tmp_path, new_person(stack, "admin"), profiles, examples=55)

    assert len(found) >= 1000
    assert {answer.status for answer in found} >= {200, 400, 401, 403, 404, 410, 412, 415, 428}
    # It got past the conditions, too: what it wrote was taken, and shown again.
    done = [answer for answer in found if answer.method != "GET" and answer.path != "/profiles/search"]
    assert len([answer for answer in done if 200 <= answer.status < 300]) >= 10
    assert max(answer.status for answer in found) < 500


def test_deployed_api_keeps_to_its_document_for_a_member(
    stack: LocalStack, tmp_path: Path, profiles: list[str]
) -> None:
    before = {sub: stored(stack, sub) for sub in profiles}

    found = answers(stack, tmp_path, new_person(stack), profiles, examples=4)

    assert len(found) >= 300
    assert {answer.status for answer in found} >= {200, 403}
    assert max(answer.status for answer in found) < 500
    assert {sub: stored(stack, sub) for sub in profiles} == before
