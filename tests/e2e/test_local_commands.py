"""The commands behind the Makefile, against the deployed stack."""

import json
from pathlib import Path

import pytest

from local import users
from local.settings import ROOT
from local.stack import LocalStack
from tests.e2e.conftest import Api, Run


def test_status_tells_addresses(run: Run, stack: LocalStack, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("status") == 0
    shown = capsys.readouterr().out
    assert stack.settings.endpoint in shown
    assert stack.outputs["ApiUrl"] in shown
    assert stack.outputs["WebClientId"] in shown


def test_token_of_a_role_works(
    run: Run, api: Api, seeded: dict[str, users.User], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("token", "--role", "support") == 0
    assert api.get("/profile", capsys.readouterr().out.strip()).json()["sub"] == seeded["support"].sub


def test_token_of_an_unknown_role_names_the_roles(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("token", "--role", "king") == 1
    assert "There is no role 'king'. There are: member, support, admin, machine" in capsys.readouterr().err


REFUSED = {
    "authorizer/unknown_event.json": "This is not an event that API Gateway",
    "authorizer/websocket_token_in_query.json": "Unauthorized",
    "user_migration/authentication.json": "try_again: ",  # samconfig.toml's old directory does not exist
    "user_migration/forgot_password.json": "try_again: ",
    "pre_sign_up/blocked_domain.json": "email_domain_refused: ",
}


# Only a stack beside an existing pool has the function: see test_existing_pool.py.
NOT_DEPLOYED = "attach_triggers"
EVENTS = [path for path in ROOT.glob("events/*/*.json") if path.parent.name != NOT_DEPLOYED]


@pytest.mark.parametrize("event", sorted(path.relative_to(ROOT) for path in EVENTS), ids=str)
def test_sample_event_runs_through_its_deployed_function(
    run: Run, seeded: dict[str, users.User], capsys: pytest.CaptureFixture[str], event: Path
) -> None:
    code = run("invoke", "--function", event.parent.name, "--event", str(ROOT / event))

    answer = json.loads(capsys.readouterr().out)
    refusal = REFUSED.get("/".join(event.parts[1:]))
    if refusal:
        assert code == 1  # the emulator does not keep the type of an error
        assert answer["errorMessage"].startswith(refusal)
    else:
        assert code == 0
        assert "errorMessage" not in answer


def test_invoke_of_an_unknown_function_names_them(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("invoke", "--function", "nothing", "--event", "x") == 1
    assert "There are: api_docs, attach_triggers, authorizer, custom_message, " in capsys.readouterr().err


def test_invoke_of_a_missing_event_names_the_samples(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("invoke", "--function", "pre_sign_up", "--event", "nowhere.json") == 1
    assert "EVENT=events/pre_sign_up/sign_up.json" in capsys.readouterr().err


def test_logs_show_why_a_token_was_refused(run: Run, api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.get("/profile", "no.such.token")
    assert run("logs", "--function", "authorizer") == 0
    assert "token refused" in capsys.readouterr().out


def test_outputs_are_written(written: Path, stack: LocalStack) -> None:
    amplify = json.loads((written / "amplify_outputs.json").read_text())
    assert amplify["auth"]["user_pool_id"] == stack.outputs["UserPoolId"]
    assert amplify["auth"]["oauth"]["redirect_sign_in_uri"] == ["http://localhost:5173/"]
    assert amplify["custom"]["API"]["profiles"]["endpoint"] == stack.outputs["ApiUrl"]
    assert amplify["auth"]["identity_pool_id"] == stack.outputs["IdentityPoolId"]
    assert amplify["auth"]["unauthenticated_identities_enabled"] is False
    assert amplify["custom"]["profiles_table"] == stack.outputs["ProfilesTable"]
    assert amplify["custom"]["pictures_bucket"] == stack.outputs["PicturesBucket"]
    assert amplify["custom"]["aws_endpoint_url"] == stack.settings.endpoint
    variables = dict(line.split("=", 1) for line in (written / ".env").read_text().splitlines())
    assert variables["AWS_ENDPOINT_URL"] == stack.settings.endpoint
    assert variables["POOLHOUSE_API_URL"] == stack.outputs["ApiUrl"]
    assert variables["POOLHOUSE_IDENTITY_POOL_ID"] == stack.outputs["IdentityPoolId"]
    assert variables["POOLHOUSE_SIGN_IN_URL"].startswith(f"{stack.settings.endpoint}/oauth2/authorize?client_id=")


@pytest.mark.parametrize("port", ["0", "80", "70000", "x"])
def test_impossible_port_is_refused(run: Run, capsys: pytest.CaptureFixture[str], port: str) -> None:
    with pytest.raises(SystemExit) as ended:
        run("--port", port, "status")
    assert ended.value.code == 2
    assert "has to be a number from 1024 to 65535" in capsys.readouterr().err
