"""What functions log on Lambda: JSON, with what an operator needs, and nothing that is secret or personal.

On the emulator the same tests would pass without proving anything: it has no log handler.
"""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local import users
from local.settings import ROOT
from local.stack import LocalStack
from tests.integration.runtime import EMULATOR, Runtime, members, running

pytestmark = pytest.mark.skipif(
    not os.access(EMULATOR, os.X_OK) or os.uname().sysname != "Linux",
    reason="SAM CLI's runtime emulator runs on Linux only",
)

Start = Callable[..., Runtime]


@pytest.fixture
def start(stack: LocalStack, tmp_path: Path) -> Iterator[Start]:
    """Run functions for the length of a test."""
    open_ones = []

    def start(logical_id: str, code: Path | None = None) -> Runtime:
        runtime = running(stack, logical_id, tmp_path, code)
        open_ones.append(runtime)
        return runtime.__enter__()

    yield start
    for runtime in open_ones:
        runtime.__exit__(None, None, None)


def sample(path: str, stack: LocalStack) -> dict[str, Any]:
    text = (ROOT / "events" / path).read_text().replace("us-east-1_EXAMPLE01", stack.outputs["UserPoolId"])
    event: dict[str, Any] = json.loads(text.replace("1example23456789", stack.outputs["WebClientId"]))
    return event


def assert_clean(lines: list[str], *secrets: str) -> list[dict[str, Any]]:
    """Every line is JSON and none holds a secret or a part of one. Returns the lines as objects."""
    parts = [part for secret in secrets for part in secret.split(".") if len(part) > 8] + [*secrets]
    for line in lines:
        for part in parts:
            assert part not in line, f"a log line holds {part[:6]}..."
    return [members(line) for line in lines]


def logged(lines: list[dict[str, Any]], message: str) -> dict[str, Any]:
    found = [line for line in lines if line.get("message") == message]
    assert found, f"no line says {message!r}: {[line.get('message') for line in lines]}"
    return found[-1]


def test_authorizer_logs_the_reason_and_no_token(
    stack: LocalStack, seeded: dict[str, users.User], start: Start
) -> None:
    tokens = users.sign_in(stack, seeded["member"].email, users.PASSWORD)
    good = tokens["AccessToken"]
    spoiled = good[:-8] + "AAAAAAAA"
    event = sample("authorizer/http_api.json", stack)
    authorizer = start("AuthorizerFunction")

    def ask(token: str) -> Any:
        return authorizer.invoke({**event, "headers": {"authorization": f"Bearer {token}"}})["isAuthorized"]

    assert [ask(token) for token in (good, spoiled, tokens["IdToken"], "garbage")] == [True, False, False, False]

    lines = assert_clean(authorizer.lines(), good, spoiled, tokens["IdToken"], seeded["member"].email)
    codes = [line["code"] for line in lines if line.get("message") == "token refused"]
    assert codes == ["invalid_signature", "token_use_not_allowed", "malformed_token"]
    assert {"timestamp", "level", "requestId"} <= lines[-1].keys()


def test_pre_sign_up_logs_the_code_and_no_address(stack: LocalStack, start: Start) -> None:
    event = sample("pre_sign_up/blocked_domain.json", stack)
    function = start("PreSignUpFunction")

    answer = function.invoke(event)

    assert answer["errorType"] == "Refusal"
    assert answer["errorMessage"].startswith("email_domain_refused: ")
    lines = assert_clean(function.lines(), event["request"]["userAttributes"]["email"])
    assert logged(lines, "refused")["code"] == "email_domain_refused"


def test_triggers_that_keep_the_profile_log_nothing_personal(
    stack: LocalStack, seeded: dict[str, users.User], start: Start
) -> None:
    personal = ("member@example.com", "Member Example", "+15555550100")
    attributes = {"sub": seeded["member"].sub, "email": personal[0], "name": personal[1], "phone_number": personal[2]}
    confirmed = sample("post_confirmation/confirm_sign_up.json", stack)
    confirmed["request"]["userAttributes"] = attributes
    signing_in = sample("pre_token_generation/authentication.json", stack)
    signing_in["request"]["userAttributes"] = attributes
    confirmation, token_generation = start("PostConfirmationFunction"), start("PreTokenGenerationFunction")

    assert confirmation.invoke(confirmed) == confirmed
    assert "claimsAndScopeOverrideDetails" in token_generation.invoke(signing_in)["response"]
    del signing_in["request"]["userAttributes"]["sub"]
    assert token_generation.invoke(signing_in)["errorMessage"].startswith("try_again: ")

    assert_clean(confirmation.lines(), *personal)
    failure = logged(assert_clean(token_generation.lines(), *personal), "the trigger function failed")
    assert failure["error"].startswith("KeyError at ")


def test_profile_api_logs_nothing_personal(stack: LocalStack, seeded: dict[str, users.User], start: Start) -> None:
    event = sample("profile_api/get_own_profile.json", stack)
    event["requestContext"]["authorizer"]["lambda"]["sub"] = seeded["member"].sub
    api = start("ProfileApiFunction")

    assert api.invoke(event)["statusCode"] == 200
    del event["requestContext"]["authorizer"]
    assert api.invoke(event)["statusCode"] == 401

    lines = assert_clean(api.lines(), "member@example.com", "Member Example", "+15555550100")
    assert logged(lines, "refused")["code"] == "unauthorized"


def test_leak_would_be_found(stack: LocalStack, start: Start, tmp_path: Path) -> None:
    code = tmp_path / "leaky"
    code.mkdir()
    (code / "app.py").write_text(
        "import logging\n"
        "def lambda_handler(event, context):\n"
        "    logging.getLogger().info('signed up', extra={'who': event['request']['userAttributes']['email']})\n"
    )
    function = start("PreSignUpFunction", code)

    function.invoke(sample("pre_sign_up/sign_up.json", stack))

    with pytest.raises(AssertionError, match="a log line holds"):
        assert_clean(function.lines(), "ada@example.com")
