import importlib
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from poolhouse.triggers import Refusal

from tests.unit.functions.conftest import Load
from tests.unit.functions.samples import sample
from tests.unit.triggers.stubbed_sender import IDENTITY, KEY, StubbedSender

FROM = "Example <no-reply@example.com>"
Hook = Callable[[str], object]


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Iterator[StubbedSender]:
    with StubbedSender.of_test() as services:
        monkeypatch.setattr("poolhouse.aws.kms", lambda: services.kms)
        monkeypatch.setattr("poolhouse.aws.ses", lambda _region: services.ses)
        monkeypatch.setattr("poolhouse.aws.sns", lambda: services.sns)
        yield services


@pytest.fixture
def hook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    """Writes ``hooks/message_sender.py``."""

    def forget() -> None:
        for name in [name for name in sys.modules if name.partition(".")[0] == "hooks"]:
            del sys.modules[name]
        importlib.invalidate_caches()

    (tmp_path / "hooks").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    forget()
    yield (tmp_path / "hooks" / "message_sender.py").write_text
    forget()


def start(load: Load, **environment: str) -> Any:
    return load(
        "message_sender",
        **{"KEY_ARN": KEY, "FROM_EMAIL_ADDRESS": FROM, "SES_IDENTITY_ARN": IDENTITY, "DEFAULT_LANGUAGE": "en"}
        | environment,
    )


def test_message_sender_mails_the_code(load: Load, services: StubbedSender, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "poolhouse")
    event = sample("message_sender/email_sign_up")
    event["request"]["code"] = services.encrypted("123456")
    services.will_decrypt()
    body = (
        '<!doctype html>\n<html lang="en">\n<body>\n<p>Your confirmation code is <strong>123456</strong>.</p>\n'
        "<p>Did you not sign up? Then ignore this message.</p>\n</body>\n</html>"
    )
    services.will_mail(FROM, "ada@example.com", "Confirm your account", body)
    assert start(load).lambda_handler(event, None) == {**event, "response": {}}
    assert caplog.records == []


def test_message_sender_texts_the_code(load: Load, services: StubbedSender) -> None:
    event = sample("message_sender/sms_authentication")
    event["request"]["userAttributes"]["locale"] = "de"
    event["request"]["code"] = services.encrypted("123456")
    services.will_decrypt()
    services.will_text("+12065550100", "Ihr Anmeldecode lautet 123456. Geben Sie ihn nie weiter.")
    start(load).lambda_handler(event, None)


def test_message_sender_sends_nothing_that_it_cannot_decrypt(load: Load, services: StubbedSender) -> None:
    event = sample("message_sender/email_sign_up")
    event["request"]["code"] = services.encrypted("123456", "us-east-1_ANOTHER01")
    services.will_decrypt()
    with pytest.raises(Refusal, match="^try_again: "):
        start(load).lambda_handler(event, None)


def test_message_sender_fails_for_lambda_to_try_again_and_tells_no_secret(
    load: Load, services: StubbedSender, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    event = sample("message_sender/email_sign_up")
    event["request"]["code"] = services.encrypted("123456")
    services.will_decrypt()
    services.will_not_mail()
    with pytest.raises(Refusal, match="^try_again: ") as raised:
        start(load).lambda_handler(event, None)
    (record,) = caplog.records
    assert "MessageRejected" in vars(record)["error"]
    told = str(vars(record)) + repr(raised.value)
    assert "123456" not in told
    assert "ada@example.com" not in told


def test_message_sender_is_replaced_by_ones_own(load: Load, services: StubbedSender, hook: Hook) -> None:
    hook("SENT = []\ndef send(message):\n    SENT.append(message)\n")
    event = sample("message_sender/email_forgot_password")
    event["request"]["code"] = services.encrypted("123456")
    services.will_decrypt()
    start(load, FROM_EMAIL_ADDRESS="", SES_IDENTITY_ARN="").lambda_handler(event, None)
    (message,) = importlib.import_module("hooks.message_sender").SENT
    assert (message.medium, message.recipient, message.occasion) == ("email", "ada@example.com", "forgot_password")
    assert "<strong>123456</strong>" in message.body


def test_message_sender_without_ones_own_does_not_start_where_it_may_not_send(
    load: Load, services: StubbedSender
) -> None:
    with pytest.raises(ValueError, match=r"hooks/message_sender\.py"):
        start(load, SES_IDENTITY_ARN="")


def test_message_sender_does_not_start_with_a_hook_that_sends_nothing(
    load: Load, services: StubbedSender, hook: Hook
) -> None:
    hook("def sned(message): ...")
    with pytest.raises(AttributeError, match="send"):
        start(load)
