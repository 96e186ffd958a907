"""The parser of refusals that docs/errors.md gives to front ends: on AWS's wording and on what the emulator says."""

import json
import re
import shutil
import subprocess
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.settings import ROOT
from local.stack import LocalStack
from local.users import PASSWORD

pytestmark = pytest.mark.node


def code_of(message: str | None) -> str | None:
    """What the page's function makes of an error with this message."""
    if shutil.which("node") is None:
        pytest.skip("there is no Node.js here")
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    function = re.search(r"export (function refusalCode\(error\) \{\n.*?\n\})", page, re.DOTALL)
    assert function is not None
    script = f"{function[1]}\nconsole.log(JSON.stringify(refusalCode(JSON.parse(process.argv[1]))))"
    done = subprocess.run(
        ["node", "-e", script, json.dumps({"message": message} if message is not None else None)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    code: str | None = json.loads(done.stdout)
    return code


@pytest.mark.parametrize(
    ("message", "code"),
    [
        # https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html
        ("PreSignUp failed with error email_domain_refused: Sign-up is not open.", "email_domain_refused"),
        ("PreTokenGeneration failed with error account_suspended: This account is suspended.", "account_suspended"),
        ("UserMigration failed with error try_again: Please try again.", "try_again"),
        ("PreSignUp failed with error Unhandled.", None),
        ("Incorrect username or password.", None),
        ("", None),
        (None, None),
    ],
)
def test_refusal_code_is_read_out_of_awss_wording(message: str | None, code: str | None) -> None:
    assert code_of(message) == code


def test_refusal_code_is_read_out_of_what_the_emulator_says(stack: LocalStack) -> None:
    cognito: Any = stack.settings.client("cognito-idp")
    with pytest.raises(ClientError) as refused:
        cognito.sign_up(ClientId=stack.outputs["WebClientId"], Username="eve@blocked.example", Password=PASSWORD)
    assert code_of(refused.value.response["Error"]["Message"]) == "email_domain_refused"
