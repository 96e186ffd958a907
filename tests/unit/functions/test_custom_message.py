from pathlib import Path

import pytest

from tests.unit.functions.conftest import Load
from tests.unit.functions.samples import sample, sample_names

CASES = [name for name in sample_names() if name.startswith("custom_message/")]
GERMAN = {
    "admin_create_user": "Ihr neues Konto",
    "authentication": "Ihr Anmeldecode",
    "forgot_password": "Setzen Sie Ihr Passwort zurück",
    "resend_code": "Bestätigen Sie Ihr Konto",
    "sign_up": "Bestätigen Sie Ihr Konto",
    "update_user_attribute": "Bestätigen Sie die Änderung",
    "verify_user_attribute": "Bestätigen Sie Ihre Angabe",
}


def test_samples_are_of_every_source() -> None:
    assert {name.partition("/")[2] for name in CASES} == set(GERMAN)


@pytest.mark.parametrize("name", CASES)
def test_custom_message_is_in_the_users_language(load: Load, name: str) -> None:
    event = sample(name)
    event["request"]["userAttributes"]["locale"] = "de-CH"
    answer = load("custom_message", DEFAULT_LANGUAGE="en").lambda_handler(event, None)
    assert answer["response"]["emailSubject"] == GERMAN[name.partition("/")[2]]
    assert '<html lang="de">' in answer["response"]["emailMessage"]
    assert {**answer, "response": event["response"]} == event


def test_custom_message_uses_the_placeholders_that_cognito_names(load: Load) -> None:
    event = sample("custom_message/admin_create_user")
    event["request"] |= {"codeParameter": "{code!}", "usernameParameter": "{user!}"}
    response = load("custom_message").lambda_handler(event, None)["response"]
    for member in ("emailMessage", "smsMessage"):
        assert "{code!}" in response[member]
        assert "{user!}" in response[member]


def test_custom_message_speaks_the_default_language(load: Load) -> None:
    app = load("custom_message", DEFAULT_LANGUAGE="de")
    assert app.lambda_handler(sample("custom_message/sign_up"), None)["response"]["emailSubject"].startswith("Best")


def test_custom_message_takes_the_callers_language_for_a_user_without_one(load: Load) -> None:
    event = sample("custom_message/sign_up")
    event["request"]["clientMetadata"] = {"locale": "de"}
    assert load("custom_message").lambda_handler(event, None)["response"]["emailSubject"] == GERMAN["sign_up"]


@pytest.mark.parametrize("member", ["userAttributes", "codeParameter"])
def test_custom_message_leaves_cognitos_own_text_when_it_fails(
    load: Load, member: str, caplog: pytest.LogCaptureFixture
) -> None:
    event = sample("custom_message/sign_up")
    del event["request"][member]
    assert load("custom_message").lambda_handler(event, None) == event
    assert "the trigger function failed" in caplog.text


def test_custom_message_leaves_cognitos_own_text_when_no_text_can_be_sent(
    load: Load, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    texts = {"subject.txt": "Hello", "email.html": "<p>$code</p>", "sms.txt": "no code in here"}
    (tmp_path / "en").mkdir()
    for part, text in texts.items():
        (tmp_path / "en" / f"sign_up.{part}").write_text(text)
    monkeypatch.setattr("poolhouse.triggers.messages.OURS", str(tmp_path))
    event = sample("custom_message/sign_up")
    assert load("custom_message").lambda_handler(event, None) == event
    text_, function = (str(vars(record)["rule"]) for record in caplog.records)
    assert text_.startswith("sms.txt: it must contain $code")
    assert function.startswith("sign_up.sms.txt: there is no text that can be sent")
