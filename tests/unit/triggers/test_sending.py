from collections.abc import Iterator
from typing import Any

import pytest
from poolhouse.testing.events import event
from poolhouse.triggers import sources
from poolhouse.triggers.messages import Messages
from poolhouse.triggers.sending import OutgoingMessage, SesAndSns, outgoing_message

from tests.unit.triggers.stubbed_sender import IDENTITY, StubbedSender

FROM = "Example <no-reply@example.com>"


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Iterator[StubbedSender]:
    with StubbedSender.of_test() as services:
        monkeypatch.setattr("poolhouse.aws.ses", lambda _region: services.ses)
        monkeypatch.setattr("poolhouse.aws.sns", lambda: services.sns)
        yield services


def written(source: str, code: str | None = "123456", **changes: Any) -> OutgoingMessage:
    return outgoing_message(event(source, **changes), code, Messages("en"))


@pytest.mark.parametrize("source", sources.CUSTOM_EMAIL_SENDER[:-1])
def test_mail_of_every_source_brings_the_code(source: str) -> None:
    message = written(source, user_attributes={"locale": "de"})
    assert (message.medium, message.recipient, message.language) == ("email", "ada@example.com", "de")
    assert "<strong>123456</strong>" in message.body
    assert message.subject
    assert "123456" not in message.subject


@pytest.mark.parametrize("source", sources.CUSTOM_SMS_SENDER)
def test_text_message_of_every_source_brings_the_code(source: str) -> None:
    message = written(source, user_attributes={"locale": "de"})
    assert (message.medium, message.recipient, message.subject) == ("sms", "+12065550100", None)
    assert "123456" in message.body


def test_take_over_needs_no_code() -> None:
    message = written("CustomEmailSender_AccountTakeOverNotification", None)
    assert message.occasion == "account_take_over_notification"
    assert "192.0.2.10" in message.body


def test_mail_that_needs_a_code_is_not_written_without_one() -> None:
    with pytest.raises(KeyError):
        written("CustomEmailSender_SignUp", None)


def test_temporary_password_is_what_the_user_has_to_type() -> None:
    # Cognito writes it as in HTML: a text message would otherwise show "&lt;".
    code = "Aa1&lt;&amp;&gt;lt;"
    assert written("CustomSMSSender_AdminCreateUser", code).body.endswith(": Aa1<&>lt;")
    assert "<strong>Aa1&lt;&amp;&gt;lt;</strong>" in written("CustomEmailSender_AdminCreateUser", code).body


def test_code_that_is_no_password_is_left_as_it_is() -> None:
    assert "12&lt;4" in written("CustomSMSSender_SignUp", "12&lt;4").body


def test_invited_user_is_told_the_address_or_else_the_user_name() -> None:
    assert "ada@example.com" in written("CustomSMSSender_AdminCreateUser").body
    body = written("CustomSMSSender_AdminCreateUser", user_attributes={"email": None}).body
    assert "aaaaaaaa-0000-4000-8000-000000000001" in body


@pytest.mark.parametrize(
    ("source", "attribute"), [("CustomEmailSender_SignUp", "email"), ("CustomSMSSender_SignUp", "phone_number")]
)
def test_user_without_address_or_number_cannot_be_written_to(source: str, attribute: str) -> None:
    with pytest.raises(KeyError):
        written(source, user_attributes={attribute: None})


def test_message_shows_neither_code_nor_recipient_when_printed() -> None:
    assert repr(written("CustomEmailSender_SignUp")) == "OutgoingMessage(email, sign_up, en)"
    assert f"{written('CustomSMSSender_SignUp')}" == "OutgoingMessage(sms, sign_up, en)"


def test_mail_goes_through_ses(services: StubbedSender) -> None:
    services.will_mail(FROM, "ada@example.com", "Hello", "<p>1</p>")
    message = OutgoingMessage("email", "ada@example.com", "Hello", "<p>1</p>", "sign_up", "en")
    SesAndSns(FROM, IDENTITY).send(message)


def test_text_message_goes_through_sns(services: StubbedSender) -> None:
    services.will_text("+12065550100", "1")
    SesAndSns(FROM, IDENTITY).send(OutgoingMessage("sms", "+12065550100", None, "1", "sign_up", "en"))


def test_ses_is_called_once_and_where_the_identity_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    sender = SesAndSns(FROM, IDENTITY)
    assert sender._ses.meta.region_name == "eu-west-1"
    assert sender._sns.meta.region_name == "us-east-1"
    for client in (sender._ses, sender._sns):
        assert vars(client.meta.config)["retries"]["total_max_attempts"] == 1


def test_sender_without_identity_does_not_start() -> None:
    with pytest.raises(ValueError, match=r"hooks/message_sender\.py needs a function send"):
        SesAndSns("", "")
