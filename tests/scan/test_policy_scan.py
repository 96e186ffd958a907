"""What checkov says of the stacks: policies, encryption, exposure.

It runs from an environment of its own, `.scan`, since it pins an old boto3, and needs no network. `make scan` runs this
alone. What it finds and may stay is in exceptions.toml, with the reason.
"""

import copy
import json
import os
import subprocess
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.unit.template.conftest import BESIDE_A_POOL, EMULATOR_POLICIES, PARAMETER_SETS
from tests.unit.template.processing import ROOT, Node, as_template, load, process

CHECKOV: Final = ROOT / ".scan/bin/checkov"
STACKS: Final = {
    name: (PARAMETER_SETS | BESIDE_A_POOL)[name]
    for name in ("defaults", "everything", "passwordless", "custom-message", "own-domains", "existing-everything")
}
"""Together they have every resource of the template."""
BROKEN: Final = "broken"
EXCEPTIONS: Final = tomllib.loads(Path(__file__).with_name("exceptions.toml").read_text("utf-8"))


class Finding(NamedTuple):
    """One failed check."""

    stack: str
    check: str
    resource: str
    title: str


def broken_stack(stack: Node) -> Node:
    """Return a stack with what a scan is there to find."""
    broken = copy.deepcopy(stack)
    resources = broken["Resources"]
    statement = resources["ProfileApiRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"][1]
    statement |= {"Action": "*", "Resource": "*"}
    del resources["ProfilesTable"]["Properties"]["PointInTimeRecoverySpecification"]
    return broken


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> list[Finding]:
    """Return everything that checkov finds, in the stacks and in the broken one, in one run."""
    if not CHECKOV.exists():
        pytest.fail(
            "There is no .scan/bin/checkov. Run `make .scan/.installed`, or `make test`, which does.", pytrace=False
        )
    folder = tmp_path_factory.mktemp("stacks")
    template = load()
    stacks = {name: as_template(process(template, **parameters)) for name, parameters in STACKS.items()}
    for name, stack in {**stacks, BROKEN: broken_stack(stacks["everything"])}.items():
        (folder / f"{name}.json").write_text(json.dumps(stack, indent=1), "utf-8")
    # Nothing is downloaded or sent: the addresses of its platform are unreachable, too.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BC_", "PRISMA_"))}
    environment |= dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"), "http://127.0.0.1:9")
    options = [
        "--framework",
        "cloudformation",
        "--skip-download",
        "--compact",
        "--quiet",
        "--soft-fail",
        "--output",
        "json",
    ]
    done = subprocess.run(
        [CHECKOV, "--directory", folder, *options], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 100 * len(STACKS), "hardly a check has run"
    return list(_read(report))


def _read(report: Node) -> Iterator[Finding]:
    for each in report["results"]["failed_checks"]:
        name = Path(each["file_path"]).stem
        yield Finding(name, each["check_id"], each["resource"], each["check_name"])


def is_excepted(finding: Finding) -> bool:
    exception = EXCEPTIONS.get(finding.check, {})
    concerns = finding.stack in exception.get("stacks", [finding.stack])
    return concerns and any(fnmatchcase(finding.resource, pattern) for pattern in exception.get("resources", []))


def test_stacks_have_every_resource_of_the_template() -> None:
    template = load()
    scanned = {name for parameters in STACKS.values() for name in process(template, **parameters).resources}
    every = {
        name
        for parameters in (PARAMETER_SETS | BESIDE_A_POOL).values()
        for name in process(template, **parameters).resources
    }
    assert every - scanned == EMULATOR_POLICIES


def test_scan_finds_nothing_that_is_not_excepted(findings: list[Finding]) -> None:
    """https://www.checkov.io/5.Policy%20Index/cloudformation.html"""
    found = sorted(each for each in findings if each.stack != BROKEN and not is_excepted(each))
    lines = [f"{each.stack}: {each.check} {each.resource}: {each.title}" for each in found]
    assert lines == []


def test_scan_finds_what_is_broken_on_purpose(findings: list[Finding]) -> None:
    found = {(each.check, each.resource) for each in findings if each.stack == BROKEN and not is_excepted(each)}
    role, table = "AWS::IAM::Role.ProfileApiRole", "AWS::DynamoDB::Table.ProfilesTable"
    assert {("CKV_AWS_62", role), ("CKV_AWS_111", role), ("CKV_AWS_28", table)} <= found


def test_exceptions_have_a_reason_and_are_needed(findings: list[Finding]) -> None:
    for check, exception in EXCEPTIONS.items():
        assert {"resources", "reason"} <= set(exception) <= {"resources", "reason", "stacks"}, check
        assert set(exception.get("stacks", [])) <= set(STACKS), check
        assert len(exception["reason"].split()) >= 5, check
        for pattern in exception["resources"]:
            needed = any(each.check == check and fnmatchcase(each.resource, pattern) for each in findings)
            assert needed, f"{check} is excepted for {pattern}, and nothing is found there: take the exception out"
