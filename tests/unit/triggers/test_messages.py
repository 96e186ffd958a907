"""The texts of messages: ours in every language, yours beside them, and what a text must hold."""

import html
import importlib
import logging
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from poolhouse.testing.events import event
from poolhouse.triggers import IllegalResponseError, sources
from poolhouse.triggers.messages import (
    MAX_LENGTH,
    OURS,
    PLACEHOLDERS,
    SIGN_IN_LINK,
    TAKE_OVER,
    Messages,
    fill,
    occasion_of,
    values_of,
)
from poolhouse.triggers.responses import check

YOURS = Path(__file__).parents[3] / "layers/hooks/hooks/messages"
FILES = sorted(path for root in (Path(OURS), YOURS) for path in root.glob("*/*.*") if "__pycache__" not in path.parts)
LONGEST = {"code": "{####}", "username": "{username}", "name": "x" * 40, "link": "https://x", "minutes": "15"}
OF_SIGN_UP = {"code": "123456", "name": "Ada"}

type Write = Callable[[str, str], object]


def parted(file: Path) -> tuple[str, str]:
    occasion, _, part = file.name.partition(".")
    return occasion, part


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file below the folder of one's own texts."""

    def write(name: str, text: str) -> None:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")

    return write


@pytest.fixture
def hooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The package ``hooks`` as the layer puts it on the path."""
    (tmp_path / "hooks").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    sys.modules.pop("hooks", None)
    importlib.invalidate_caches()
    yield tmp_path / "hooks"
    sys.modules.pop("hooks", None)


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_every_text_can_be_sent(file: Path) -> None:
    """Placeholders and limits hold for ours and for yours: a broken text fails here, before it is deployed."""
    occasion, part = parted(file)
    assert occasion in PLACEHOLDERS
    assert part in MAX_LENGTH
    values = values_of({"userAttributes": {"name": "x" * 99}}, occasion, **LONGEST)
    filled = fill(file.read_text("utf-8"), occasion, part, values)
    if part != "email.html":
        assert "\n" not in filled
        assert not re.search(r"&[a-z]+;|<", filled), "there is no markup in a subject or a text message"
    elif file.parent.parent == Path(OURS):
        assert f'<html lang="{file.parent.name}">' in filled


@pytest.mark.parametrize("language", ["en", "de"])
def test_shipped_language_has_every_text(language: str) -> None:
    there = {path.name for path in (Path(OURS) / language).iterdir()}
    assert there == {f"{occasion}.{part}" for occasion in PLACEHOLDERS for part in MAX_LENGTH} - {
        f"{TAKE_OVER}.sms.txt",
        f"{SIGN_IN_LINK}.sms.txt",
    }


def test_shipped_languages_differ() -> None:
    for file in (Path(OURS) / "en").iterdir():
        assert file.read_text("utf-8") != (Path(OURS) / "de" / file.name).read_text("utf-8")


def test_occasions_are_those_of_every_source() -> None:
    every = (*sources.CUSTOM_MESSAGE, *sources.CUSTOM_EMAIL_SENDER, *sources.CUSTOM_SMS_SENDER)
    assert {occasion_of(source) for source in every} | {SIGN_IN_LINK} == set(PLACEHOLDERS)


@pytest.mark.parametrize("source", sources.CUSTOM_MESSAGE)
@pytest.mark.parametrize("language", ["en", "de"])
def test_limits_and_placeholders_are_those_that_responses_are_checked_for(source: str, language: str) -> None:
    messages, occasion, asked = Messages("en"), occasion_of(source), event(source)
    values = {**LONGEST, "code": asked["request"]["codeParameter"]}
    response = {
        member: messages.text(occasion, part, language, values)
        for member, part in {
            "emailSubject": "subject.txt",
            "emailMessage": "email.html",
            "smsMessage": "sms.txt",
        }.items()
    }
    check({**asked, "response": response})


@pytest.mark.parametrize(
    ("attribute", "metadata", "language"),
    [
        ("de", None, "de"),
        ("de-CH", None, "de"),
        ("de_AT", None, "de"),
        ("DE", None, "de"),
        ("de-Latn-CH-1996", None, "de"),
        (None, "de", "de"),
        ("en", "de", "en"),  # the user's own word counts before the caller's
        ("fr", "de", "de"),
        ("fr", "it", "en"),
        ("", "", "en"),
        ("dedicated", None, "en"),
        ("d", None, "en"),
        ("../de", None, "en"),
        ("de/../en", None, "en"),
        ("en/../de", "de\x00", "en"),
        ("--", "-de", "en"),
        ("de" + "-x" * 10_000, None, "de"),
        (7, ["de"], "en"),
        ({"de": 1}, True, "en"),
    ],
)
def test_language_is_the_users_or_the_callers_or_the_default(attribute: Any, metadata: Any, language: str) -> None:
    request = {"userAttributes": {"locale": attribute}, "clientMetadata": {"locale": metadata}}
    assert Messages("en").language_of(request) == language


@pytest.mark.parametrize("request_", [{}, {"userAttributes": None}, {"userAttributes": [], "clientMetadata": "de"}])
def test_language_of_request_without_attributes_is_the_default(request_: dict[str, Any]) -> None:
    assert Messages("de").language_of(request_) == "de"


@given(st.text() | st.from_regex(r"[a-z]{2}([-_/.][A-Za-z.]{1,8}){0,5}"))
def test_language_is_always_one_that_has_a_folder(locale: str) -> None:
    messages = Messages("en")
    assert messages.language_of({"userAttributes": {"locale": locale}}) in messages.languages


def test_default_language_without_folder_is_english_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    messages = Messages("xx")
    assert messages.language_of({}) == "en"
    assert "the default language has no folder" in caplog.text


def test_one_more_folder_is_one_more_language(write: Write, tmp_path: Path) -> None:
    write("pt-BR/sign_up.sms.txt", "O seu codigo: $code\n")
    messages = Messages("de", str(tmp_path))
    assert messages.languages == ["de", "en", "pt-br"]
    language = messages.language_of({"userAttributes": {"locale": "pt_br"}})
    assert messages.text("sign_up", "sms.txt", language, OF_SIGN_UP) == "O seu codigo: 123456"
    # What the new language lacks comes in the default language.
    assert messages.text("sign_up", "subject.txt", language, OF_SIGN_UP) == "Bestätigen Sie Ihr Konto"


def test_own_texts_are_found_in_the_hooks_layer(hooks: Path) -> None:
    (hooks / "messages/fr").mkdir(parents=True)
    (hooks / "messages/fr/sign_up.sms.txt").write_text("Votre code : $code")
    assert Messages("en").text("sign_up", "sms.txt", "fr", OF_SIGN_UP) == "Votre code : 123456"


def test_hooks_layer_may_have_no_texts(hooks: Path) -> None:
    assert Messages("en").languages == ["de", "en"]


def test_own_text_replaces_ours_and_no_other(write: Write, tmp_path: Path) -> None:
    write("de/sign_up.sms.txt", "Hallo: $code")
    messages = Messages("en", str(tmp_path))
    assert messages.text("sign_up", "sms.txt", "de", OF_SIGN_UP) == "Hallo: 123456"
    assert messages.text("resend_code", "sms.txt", "de", OF_SIGN_UP) == "Ihr neuer Bestätigungscode lautet 123456"


@pytest.mark.parametrize("text", ["Hallo!", "$code $nobody", "$code 5$", "", "$code " + "x" * 140])
def test_broken_own_text_is_logged_and_ours_sent(
    write: Write, tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    write("de/sign_up.sms.txt", text)
    sent = Messages("en", str(tmp_path)).text("sign_up", "sms.txt", "de", OF_SIGN_UP)
    assert sent == "Ihr Bestätigungscode lautet 123456"
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.__dict__["file"] == f"{tmp_path}/de/sign_up.sms.txt"
    assert "sms.txt: " in record.__dict__["rule"]
    assert "123456" not in str(vars(record))


def test_own_text_that_is_no_utf_8_is_logged_and_ours_sent(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "de").mkdir()
    (tmp_path / "de/sign_up.sms.txt").write_bytes("Für $code".encode("latin-1"))
    assert "lautet" in Messages("en", str(tmp_path)).text("sign_up", "sms.txt", "de", OF_SIGN_UP)
    assert [record.__dict__["rule"] for record in caplog.records] == ["UnicodeDecodeError"]


def test_text_that_no_language_can_send_is_refused() -> None:
    with pytest.raises(IllegalResponseError, match=r"^sign_up\.sms\.txt: there is no text that can be sent"):
        Messages("en").text("sign_up", "sms.txt", "de", {"code": "1" * 141, "name": ""})


@pytest.mark.parametrize(
    ("occasion", "part", "text", "rule"),
    [
        ("sign_up", "email.html", "<p>Hello</p>", "must contain \\$code"),
        ("admin_create_user", "sms.txt", "$code", "must contain \\$code and \\$username"),
        ("sign_up", "sms.txt", "$code $username", "placeholder that there is not; here there are \\$code, \\$name"),
        ("sign_up", "subject.txt", "Your code: $code", "here there are \\$name"),  # subjects stand in notifications
        ("sign_up", "sms.txt", "$code costs 5 $", "written \\$\\$"),
        ("sign_up", "subject.txt", "x" * 141, "1 to 140"),
        ("sign_up", "sms.txt", "$code " + "x" * 134, "1 to 140"),
        ("sign_up", "email.html", "$code " + "x" * 19_994, "1 to 20000"),
        (TAKE_OVER, "email.html", "$code", "placeholder that there is not"),
        (TAKE_OVER, "subject.txt", "  \n", "1 to 140"),
    ],
)
def test_illegal_text_is_refused_with_its_rule(occasion: str, part: str, text: str, rule: str) -> None:
    with pytest.raises(IllegalResponseError, match=f"^{part}: .*{rule}"):
        fill(text, occasion, part, values_of({"userAttributes": {}}, occasion, code="123456", username="ada"))


def test_longest_legal_text_is_taken() -> None:
    for part, length in MAX_LENGTH.items():
        occasion = TAKE_OVER if part == "subject.txt" else "sign_up"
        text = "x" * length if part == "subject.txt" else "${code}" + "x" * (length - len(OF_SIGN_UP["code"]))
        assert len(fill(text, occasion, part, OF_SIGN_UP)) == length


@given(st.text())
def test_values_are_escaped_in_html_and_nowhere_else(value: str) -> None:
    filled = fill('<p title="$name">$code</p>', "sign_up", "email.html", {"code": "1", "name": value})
    assert not set("<>\"'") & set(filled.removeprefix('<p title="').removesuffix('">1</p>'))
    assert html.unescape(filled.removeprefix('<p title="').removesuffix('">1</p>')) == html.unescape(html.escape(value))
    assert fill("$code!", "sign_up", "sms.txt", {"code": "a<b&c", "name": ""}) == "a<b&c!"


def test_values_are_not_read_as_a_template() -> None:
    assert fill("$name $code", "sign_up", "sms.txt", {"code": "1", "name": "$code ${code} $$"}) == "$code ${code} $$ 1"


def test_name_is_one_short_line() -> None:
    # It comes from whoever signed up with this address, and would stand in a subject.
    name = values_of({"userAttributes": {"name": "Ada\r\nBcc: eve@example.com " + "x" * 99}}, "sign_up")["name"]
    assert name == "Ada Bcc: eve@example.com xxxxxxxxxxxxxxx"
    assert len(name) == 40


def test_values_of_take_over_are_what_cognito_tells() -> None:
    request = event("CustomEmailSender_AccountTakeOverNotification")["request"]
    body = Messages("en").text(TAKE_OVER, "email.html", "en", values_of(request, TAKE_OVER))
    assert "2026-10-01T08:00:00Z, London GB, 192.0.2.10, Firefox" in body
    assert '<a href="https://auth.example.com/feedback?valid">' in body
