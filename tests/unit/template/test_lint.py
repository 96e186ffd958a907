"""What linters say of the stack that each set of parameters makes.

They judge the template too, but there a parameter may be anything: what stands in a property is known once it is given.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cfnlint.api import lint
from cfnlint.config import ManualArgs

from tests.unit.template.conftest import BESIDE_A_POOL, LINTED, PROVIDERS
from tests.unit.template.processing import REGION, ROOT, TEMPLATE, Node, as_template, process

SAM = Path(sys.executable).with_name("sam")
BY_SAM = {"everything": LINTED["everything"], "existing-everything": BESIDE_A_POOL["existing-everything"]}


def findings(template: Node) -> list[str]:
    """Return what cfn-lint finds."""
    found = lint(json.dumps(template), config=ManualArgs(regions=[REGION]))
    return [f"{each.rule.id} {'/'.join(map(str, each.path))}: {each.message}" for each in found]


def sam_validate(path: Path) -> subprocess.CompletedProcess[str]:
    """Run what the SAM CLI offers users, without an AWS account."""
    command: list[str | Path] = [SAM, "validate", "--lint", "--template", path, "--region", REGION]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {"SAM_CLI_TELEMETRY": "0", "AWS_EC2_METADATA_DISABLED": "true"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("parameters", list(LINTED.values()), ids=list(LINTED))
def test_stack_has_no_findings_of_cfn_lint(template: Node, parameters: dict[str, str]) -> None:
    """https://github.com/aws-cloudformation/cfn-lint/blob/main/docs/rules.md"""
    assert findings(as_template(process(template, **parameters))) == []


def test_findings_of_cfn_lint_are_found_in_a_stack(template: Node) -> None:
    """A stack that is handed over in a form that no rule looks at would have none."""
    stack = as_template(process(template, **PROVIDERS["Google"]))
    stack["Resources"]["GoogleProvider"]["Properties"]["ProviderType"] = "Gogle"
    stack["Resources"]["WebClient"]["Properties"]["UserPoolId"] = {"Ref": "NoPool"}
    assert sorted(each.split()[0] for each in findings(stack)) == ["E1020", "E3030"]


def test_template_is_valid_to_the_sam_cli() -> None:
    """https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-cli-command-reference-sam-validate.html"""
    said = sam_validate(TEMPLATE)
    assert said.returncode == 0, said.stdout + said.stderr


@pytest.mark.parametrize("parameters", list(BY_SAM.values()), ids=list(BY_SAM))
def test_stack_is_valid_to_the_sam_cli(template: Node, parameters: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "template.json"
    path.write_text(json.dumps(as_template(process(template, **parameters))), "utf-8")
    said = sam_validate(path)
    assert said.returncode == 0, said.stdout + said.stderr
