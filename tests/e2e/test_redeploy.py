"""A change of code reaches the running stack and costs nobody their account."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from local import users
from local.stack import LocalStack
from tests.e2e.conftest import PASSWORD, Api

KEPT = ("UserPoolId", "WebClientId", "ServerClientId", "MachineClientId", "ProfilesTable", "ApiUrl", "IdentityPoolId")


def test_redeployed_code_runs_and_everything_is_kept(
    stack: LocalStack, seeded: dict[str, users.User], api: Api
) -> None:
    profile = api.get("/profile", users.access_token(stack, "member")).json()
    outputs = {name: stack.outputs[name] for name in KEPT}
    # What a developer would edit under functions/, edited where sam build has put it.
    code = stack.settings.folder / "build" / "PreSignUpFunction" / "app.py"
    source = code.read_text()
    changed = source.replace(
        '.environ.get("BLOCKED_EMAIL_DOMAINS", "")', '.environ["BLOCKED_EMAIL_DOMAINS"] + ",new.example"'
    )
    assert changed != source
    code.write_text(changed)
    try:
        stack.deploy()
    finally:
        code.write_text(source)

    assert {name: stack.outputs[name] for name in KEPT} == outputs
    assert api.get("/profile", users.access_token(stack, "member")).json() == profile
    assert api.preflight("/profile", "http://localhost:5173", "GET").headers["access-control-allow-origin"]
    cognito: Any = stack.settings.client("cognito-idp")
    with pytest.raises(ClientError, match="email_domain_refused"):
        cognito.sign_up(
            ClientId=outputs["WebClientId"],
            Username="eve@new.example",
            Password=PASSWORD,
            UserAttributes=[{"Name": "email", "Value": "eve@new.example"}],
        )
