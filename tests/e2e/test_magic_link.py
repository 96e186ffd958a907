"""Sign-in by a link in an e-mail, through the user pool that calls the deployed function.

The emulator fires define, create and verify auth challenge. It never sends ``userNotFound``: an unknown user gets an
error of its own. So what the function answers about unknown users is seen by calling it with Cognito's events.
"""

import json
import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError
from poolhouse.testing.events import event

from local.stack import LocalStack
from tests.e2e.conftest import PASSWORD, Api
from tests.e2e.tokens import claims_of

PAGE = "http://localhost:5173/sign-in"


@dataclass(frozen=True)
class Mailbox:
    """What Amazon SES was asked to send."""

    stack: LocalStack

    def of(self, address: str) -> list[dict[str, Any]]:
        """The mails to an address, oldest first."""
        answer = httpx.get(f"{self.stack.settings.endpoint}/_ministack/ses/messages", timeout=10).json()
        return [mail for mails in answer["messages"].values() for mail in mails if address in mail["To"]]

    def secrets_of(self, address: str) -> list[str]:
        """The secrets of the links to an address, oldest first."""
        pattern = re.escape(f'href="{PAGE}#sign-in-link=') + r'([\w-]+)"'
        found = [re.findall(pattern, mail["BodyHtml"]) for mail in self.of(address)]
        return [secret for (secret,) in found]


@dataclass(frozen=True)
class Person:
    """A user, and what a browser does for them."""

    stack: LocalStack
    address: str
    sub: str

    def ask(self) -> dict[str, Any]:
        """Begin a sign-in, which mails a link."""
        cognito = self.stack.settings.client("cognito-idp")
        answer: dict[str, Any] = cognito.initiate_auth(
            AuthFlow="CUSTOM_AUTH",
            ClientId=self.stack.outputs["WebClientId"],
            AuthParameters={"USERNAME": self.address},
        )
        return answer

    def answer(self, challenge: dict[str, Any], secret: str) -> dict[str, Any]:
        """Go on with a sign-in by the secret of a link."""
        cognito = self.stack.settings.client("cognito-idp")
        answer: dict[str, Any] = cognito.respond_to_auth_challenge(
            ClientId=self.stack.outputs["WebClientId"],
            ChallengeName="CUSTOM_CHALLENGE",
            Session=challenge["Session"],
            ChallengeResponses={"USERNAME": self.address, "ANSWER": secret},
        )
        return answer


@pytest.fixture
def mailbox(stack: LocalStack) -> Mailbox:
    return Mailbox(stack)


@pytest.fixture
def new_person(stack: LocalStack, new_address: Callable[[], str]) -> Callable[..., Person]:
    """Makes a user whose address is verified."""

    def make(**attributes: str) -> Person:
        cognito, address = stack.settings.client("cognito-idp"), new_address()
        known = {"email": address, "email_verified": "true", "name": "Ada Example"} | attributes
        pool = stack.outputs["UserPoolId"]
        user = cognito.admin_create_user(
            UserPoolId=pool,
            Username=address,
            MessageAction="SUPPRESS",
            UserAttributes=[{"Name": name, "Value": value} for name, value in known.items()],
        )["User"]
        cognito.admin_set_user_password(UserPoolId=pool, Username=address, Password=PASSWORD, Permanent=True)
        (sub,) = [each["Value"] for each in user["Attributes"] if each["Name"] == "sub"]
        return Person(stack, address, sub)

    return make


@pytest.fixture
def ada(new_person: Callable[..., Person]) -> Person:
    return new_person()


@pytest.fixture
def call(stack: LocalStack) -> Callable[..., bytes]:
    """Calls the deployed function as Cognito does, and returns the bytes of its ``response``."""

    def call(source: str, user_name: str, **request: Any) -> bytes:
        given = event(source, **request) | {"userPoolId": stack.outputs["UserPoolId"], "userName": user_name}
        answer = stack.settings.client("lambda").invoke(
            FunctionName=stack.physical_id("MagicLinkFunction"), Payload=json.dumps(given).encode()
        )
        returned = json.load(answer["Payload"])
        assert "FunctionError" not in answer, returned
        return json.dumps(returned["response"]).encode()

    return call


def links_of(stack: LocalStack) -> Iterable[dict[str, Any]]:
    """What the table holds."""
    table = stack.physical_id("SignInLinksTable")
    return list(stack.settings.client("dynamodb").get_paginator("scan").paginate(TableName=table).search("Items"))


def code_of(refused: pytest.ExceptionInfo[ClientError]) -> str:
    return str(refused.value.response["Error"]["Code"])


def test_link_signs_in(ada: Person, mailbox: Mailbox, api: Api) -> None:
    challenge = ada.ask()
    (secret,) = mailbox.secrets_of(ada.address)

    tokens = ada.answer(challenge, secret)["AuthenticationResult"]

    assert claims_of(tokens["AccessToken"])["sub"] == ada.sub
    assert api.get("/profile", tokens["AccessToken"]).json()["email"] == ada.address


def test_link_tells_nothing_but_its_secret(ada: Person, mailbox: Mailbox, stack: LocalStack) -> None:
    challenge = ada.ask()
    (secret,) = mailbox.secrets_of(ada.address)
    assert len(secret) == 43  # 256 bits
    assert challenge["ChallengeParameters"] == {"challenge": "sign_in_link", "minutes": "15", "links_per_hour": "3"}
    kept = json.dumps(links_of(stack))
    assert not [told for told in (secret, ada.address, ada.sub) if told in kept]


def test_link_is_mailed_in_the_users_language(new_person: Callable[..., Person], mailbox: Mailbox) -> None:
    german, other = new_person(locale="de-CH"), new_person(locale="fr")
    german.ask()
    other.ask()
    assert [mail["Subject"] for mail in mailbox.of(german.address)] == ["Ihr Anmeldelink"]
    assert [mail["Subject"] for mail in mailbox.of(other.address)] == ["Your sign-in link"]
    assert mailbox.of(german.address)[0]["Source"] == "no-reply@example.com"


def test_link_is_not_mailed_to_an_unverified_address(new_person: Callable[..., Person], mailbox: Mailbox) -> None:
    stranger = new_person(email_verified="false")
    assert stranger.ask()["ChallengeName"] == "CUSTOM_CHALLENGE"
    assert mailbox.of(stranger.address) == []


def test_used_link_is_refused(ada: Person, mailbox: Mailbox) -> None:
    challenge = ada.ask()
    (secret,) = mailbox.secrets_of(ada.address)
    assert "AuthenticationResult" in ada.answer(challenge, secret)

    with pytest.raises(ClientError):  # the session is over
        ada.answer(challenge, secret)
    assert "AuthenticationResult" not in ada.answer(ada.ask(), secret)


def test_used_link_is_refused_within_its_session(ada: Person, mailbox: Mailbox, call: Callable[..., bytes]) -> None:
    """As when a client answers the same session twice."""
    attributes = {"sub": ada.sub, "email": ada.address}
    created = json.loads(call("CreateAuthChallenge_Authentication", ada.sub, user_attributes=attributes))
    (secret,) = mailbox.secrets_of(ada.address)
    answer = {
        "user_attributes": attributes,
        "privateChallengeParameters": created["privateChallengeParameters"],
        "challengeAnswer": secret,
    }

    with ThreadPoolExecutor(8) as at_once:
        verdicts = list(
            at_once.map(lambda _: call("VerifyAuthChallengeResponse_Authentication", ada.sub, **answer), range(8))
        )

    assert sorted(verdicts) == [b'{"answerCorrect": false}'] * 7 + [b'{"answerCorrect": true}']


def test_expired_link_is_refused(ada: Person, mailbox: Mailbox, stack: LocalStack) -> None:
    before = {item["digest"]["S"] for item in links_of(stack)}
    challenge = ada.ask()
    (secret,) = mailbox.secrets_of(ada.address)
    digests = {item["digest"]["S"] for item in links_of(stack)} - before
    (digest,) = [each for each in digests if not each.startswith("turn-")]
    stack.settings.client("dynamodb").update_item(
        TableName=stack.physical_id("SignInLinksTable"),
        Key={"digest": {"S": digest}},
        UpdateExpression="SET expires_at = :past",
        ExpressionAttributeValues={":past": {"N": "1"}},
    )
    assert ada.answer(challenge, secret)["ChallengeName"] == "CUSTOM_CHALLENGE"


def test_three_wrong_answers_end_the_session(ada: Person, mailbox: Mailbox) -> None:
    challenge = ada.ask()
    (secret,) = mailbox.secrets_of(ada.address)
    for _ in range(2):
        challenge = ada.answer(challenge, "wrong")
        assert challenge["ChallengeName"] == "CUSTOM_CHALLENGE"
    with pytest.raises(ClientError) as refused:
        ada.answer(challenge, "wrong")
    assert code_of(refused) == "NotAuthorizedException"

    with pytest.raises(ClientError):
        ada.answer(challenge, secret)
    assert len(mailbox.of(ada.address)) == 1, "a wrong answer sends no further mail"


def test_link_still_works_after_two_wrong_answers(ada: Person, mailbox: Mailbox) -> None:
    challenge = ada.answer(ada.answer(ada.ask(), "wrong"), "")
    (secret,) = mailbox.secrets_of(ada.address)
    assert "AuthenticationResult" in ada.answer(challenge, secret)


def test_fourth_link_within_an_hour_is_refused(ada: Person, mailbox: Mailbox) -> None:
    """The answer is that of a link, but for the session: it tells nobody who has asked how often, or who exists."""
    asked = [ada.ask() for _ in range(4)]
    assert len({json.dumps(each["ChallengeParameters"]) for each in asked}) == 1
    secrets = mailbox.secrets_of(ada.address)
    assert len(secrets) == 3
    assert "AuthenticationResult" not in ada.answer(asked[3], secrets[2])
    assert "AuthenticationResult" in ada.answer(asked[2], secrets[2])


def test_link_of_one_user_answers_for_no_other(new_person: Callable[..., Person], mailbox: Mailbox) -> None:
    ada, eve = new_person(), new_person()
    ada.ask()
    (secret,) = mailbox.secrets_of(ada.address)
    assert "AuthenticationResult" not in eve.answer(eve.ask(), secret)


def test_link_answers_no_other_session(ada: Person, mailbox: Mailbox) -> None:
    """What happens on another device, which has begun a sign-in of its own, or to who forwards a link."""
    first, second = ada.ask(), ada.ask()
    of_first, _ = mailbox.secrets_of(ada.address)
    assert "AuthenticationResult" not in ada.answer(second, of_first)
    assert "AuthenticationResult" in ada.answer(first, of_first)


def test_known_and_unknown_users_get_equal_answers(ada: Person, mailbox: Mailbox, call: Callable[..., bytes]) -> None:
    """Byte by byte, but for the salt, which is as long; and the client is never shown it."""
    known = {"user_attributes": {"sub": ada.sub, "email": ada.address}, "userNotFound": False}
    unknown = {"userAttributes": {}, "userNotFound": True}
    nobody = "cccccccc-0000-4000-8000-00000000000c"

    for _ in range(4):  # the fourth is one too many, for both
        created = [
            json.loads(call("CreateAuthChallenge_Authentication", ada.sub, **known)),
            json.loads(call("CreateAuthChallenge_Authentication", nobody, **unknown)),
        ]
        assert len({json.dumps(each["publicChallengeParameters"]) for each in created}) == 1
        salts = [each["privateChallengeParameters"].pop("salt") for each in created]
        assert [len(salt) for salt in salts] == [32, 32]
        metadata = [each.pop("challengeMetadata").replace(salt, "") for each, salt in zip(created, salts, strict=True)]
        assert metadata[0] == metadata[1]
        assert created[0] == created[1]
    assert len(mailbox.of(ada.address)) == 3

    wrong = {"privateChallengeParameters": {"salt": "00" * 16}, "challengeAnswer": "wrong"}
    verify = "VerifyAuthChallengeResponse_Authentication"
    assert call(verify, ada.sub, **known, **wrong) == call(verify, nobody, **unknown, **wrong)

    define = "DefineAuthChallenge_Authentication"
    rounds = [{"challengeName": "CUSTOM_CHALLENGE", "challengeResult": False, "challengeMetadata": None}] * 3
    for number in range(4):
        session = rounds[:number]
        assert call(define, ada.sub, **known, session=session) == call(define, nobody, **unknown, session=session)
