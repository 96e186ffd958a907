"""Messages on the deployed stack: Cognito's own in the user's language, and those that the custom sender sends.

ministack fires custom message for an invited user, for real, and records what it would send. It fires no custom sender:
its documented event goes to the deployed function, with a code encrypted by the stack's own key as Cognito does it.
"""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from poolhouse.testing.events import event
from poolhouse.triggers import sources

from local.functions import encrypted_code
from local.stack import LocalStack

CODE = "731904"


def mails_to(stack: LocalStack, address: str) -> list[dict[str, Any]]:
    """The mails that the emulator recorded for an address, oldest first."""
    sent = httpx.get(f"{stack.settings.endpoint}/_ministack/ses/messages").json()["messages"]
    return [mail for mails in sent.values() for mail in mails if mail["To"] == [address]]


def texts_to(stack: LocalStack, number: str) -> list[str]:
    sent = httpx.get(f"{stack.settings.endpoint}/_ministack/sns/sms-messages").json()["sms_messages"]
    return [message["Message"] for message in sent.get(number, ())]


def invite(stack: LocalStack, address: str, locale: str | None, **more: Any) -> None:
    attributes = {"email": address} | ({"locale": locale} if locale else {})
    stack.settings.client("cognito-idp").admin_create_user(
        UserPoolId=stack.outputs["UserPoolId"],
        Username=address,
        TemporaryPassword="Tests-Only-Horse-7",
        UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
        **more,
    )


def send(stack: LocalStack, source: str, code: str | None = CODE, **user_attributes: str) -> tuple[Any, bool]:
    """Give the deployed sender an event of Cognito's. Returns its answer, and whether it failed."""
    asked = event(source, user_attributes=user_attributes) | {"userPoolId": stack.outputs["UserPoolId"]}
    asked["request"]["code"] = code and encrypted_code(stack, code)
    answer = stack.settings.client("lambda").invoke(
        FunctionName=stack.physical_id("MessageSenderFunction"), Payload=json.dumps(asked)
    )
    return json.load(answer["Payload"]), "FunctionError" in answer


@pytest.mark.parametrize(
    ("locale", "more", "subject", "words"),
    [
        ("de-CH", {}, "Ihr neues Konto", "Für Sie wurde ein Konto angelegt"),
        ("en", {"ClientMetadata": {"locale": "de"}}, "Your new account", "An account was made for you"),
        (None, {"ClientMetadata": {"locale": "de"}}, "Ihr neues Konto", "Für Sie wurde ein Konto angelegt"),
        ("../../de", {}, "Your new account", "An account was made for you"),
        (None, {}, "Your new account", "An account was made for you"),
    ],
    ids=["german-user", "user-before-caller", "caller", "hostile", "nobody-said"],
)
def test_invited_user_gets_our_words_in_their_language(
    stack: LocalStack,
    new_address: Callable[[], str],
    locale: str | None,
    more: dict[str, Any],
    subject: str,
    words: str,
) -> None:
    """Fired by ministack: CustomMessage_AdminCreateUser."""
    address = new_address()
    invite(stack, address, locale, **more)
    (mail,) = mails_to(stack, address)
    assert (mail["Source"], mail["Subject"]) == ("no-reply@example.com", subject)
    assert words in mail["BodyHtml"] + mail["BodyText"]
    assert f"<strong>{address}</strong>" in mail["BodyHtml"] + mail["BodyText"]
    assert "<strong>Tests-Only-Horse-7</strong>" in mail["BodyHtml"] + mail["BodyText"]


@pytest.mark.parametrize("source", sources.CUSTOM_EMAIL_SENDER)
def test_sender_mails_the_clear_code(stack: LocalStack, new_address: Callable[[], str], source: str) -> None:
    """Driven with its documented event: no emulator fires it."""
    address = new_address()
    has_code = source != "CustomEmailSender_AccountTakeOverNotification"
    answer, failed = send(stack, source, CODE if has_code else None, email=address, locale="de")
    assert not failed, answer
    (mail,) = mails_to(stack, address)
    assert mail["Source"] == "no-reply@example.com"
    assert '<html lang="de">' in mail["BodyHtml"]
    assert (f"<strong>{CODE}</strong>" in mail["BodyHtml"]) == has_code
    assert CODE not in mail["Subject"]


@pytest.mark.parametrize(("number", "source"), [*enumerate(sources.CUSTOM_SMS_SENDER)])
def test_sender_texts_the_clear_code(stack: LocalStack, number: int, source: str) -> None:
    """Driven with its documented event: no emulator fires it."""
    phone = f"+1206555019{number}"
    answer, failed = send(stack, source, phone_number=phone, locale="de")
    assert not failed, answer
    (text,) = texts_to(stack, phone)
    assert CODE in text


def test_sender_writes_a_temporary_password_as_it_has_to_be_typed(
    stack: LocalStack, new_address: Callable[[], str]
) -> None:
    address = new_address()
    answer, failed = send(stack, "CustomEmailSender_AdminCreateUser", "Aa1!&lt;x&gt;", email=address)
    assert not failed, answer
    assert "<strong>Aa1!&lt;x&gt;</strong>" in mails_to(stack, address)[0]["BodyHtml"]
    send(stack, "CustomSMSSender_AdminCreateUser", "Aa1!&lt;x&gt;", phone_number="+12065550199", email=address)
    assert texts_to(stack, "+12065550199")[-1].endswith(": Aa1!<x>")


def test_sender_sends_nothing_for_a_code_of_another_pool(stack: LocalStack, new_address: Callable[[], str]) -> None:
    address = new_address()
    asked = event(
        "CustomEmailSender_SignUp", user_attributes={"email": address}, code=encrypted_code(stack, CODE)
    )  # the sample's pool
    answer = stack.settings.client("lambda").invoke(
        FunctionName=stack.physical_id("MessageSenderFunction"), Payload=json.dumps(asked)
    )
    assert json.load(answer["Payload"])["errorMessage"].startswith("try_again: ")
    assert mails_to(stack, address) == []


def test_sender_logs_neither_code_nor_recipient(stack: LocalStack, new_address: Callable[[], str]) -> None:
    address = new_address()
    send(stack, "CustomEmailSender_SignUp", email=address)
    send(stack, "CustomEmailSender_SignUp", email=f"{address} is no address\n")
    logs = stack.settings.client("logs").filter_log_events(logGroupName="/poolhouse/poolhouse/message_sender")
    lines = [entry["message"] for entry in logs["events"]]
    assert any("START RequestId" in line for line in lines)
    assert not [line for line in lines if address in line or CODE in line]


def test_key_is_for_the_sender_alone(stack: LocalStack) -> None:
    """The key's policy, as it was deployed: the functions' other roles have no right to it."""
    key = stack.physical_id("MessageSenderKey")
    policy = json.loads(stack.settings.client("kms").get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    (decryption,) = [each for each in policy["Statement"] if "kms:Decrypt" in each["Action"]]
    role = stack.settings.client("iam").get_role(RoleName=stack.physical_id("MessageSenderRole"))["Role"]["Arn"]
    assert decryption["Principal"] == {"AWS": role}
    assert stack.settings.client("kms").get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]
