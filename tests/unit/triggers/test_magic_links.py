"""Sign-in by a link: what comes next, what is mailed, kept and told, and which answers are right.

That a link works once, also when it is used twice at the same moment, is shown on a real table: see tests/e2e.
"""

import json
import logging
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from poolhouse.testing.events import event
from poolhouse.triggers.magic_links import MagicLinks
from poolhouse.triggers.messages import Messages
from poolhouse.triggers.sign_in_links import SignInLinks
from poolhouse.triggers.sign_in_mail import SignInMail

from tests.unit.profiles.stubbed_table import LINKS_TABLE, StubbedTable
from tests.unit.triggers.stubbed_mail import StubbedMail

ARN = "arn:aws:ses:eu-west-1:123456789012:identity/example.com"
SENDER = "Example <no-reply@example.com>"
PAGE = "https://app.example.com/sign-in?lang=de&x=1"
RIGHT, WRONG = [
    {"challengeName": "CUSTOM_CHALLENGE", "challengeResult": result, "challengeMetadata": None}
    for result in (True, False)
]
KNOWN: dict[str, Any] = {"userNotFound": False}
UNKNOWN: dict[str, Any] = {"userNotFound": True, "userAttributes": {}}


@pytest.fixture
def table() -> Iterator[StubbedTable]:
    with StubbedTable.of_test() as table:
        yield table


@pytest.fixture
def mail() -> Iterator[StubbedMail]:
    with StubbedMail.of_test() as mail:
        yield mail


@pytest.fixture
def links(table: StubbedTable, mail: StubbedMail) -> MagicLinks:
    return make(table, mail)


def make(table: StubbedTable, mail: StubbedMail, seconds_to_answer: float = 0) -> MagicLinks:
    sender = SignInMail(SENDER, ARN, url=PAGE, minutes=15, messages=Messages("en"), client=mail.client)
    return MagicLinks(SignInLinks(LINKS_TABLE, table.client), sender, minutes=15, seconds_to_answer=seconds_to_answer)


def define(links: MagicLinks, *session: dict[str, Any], **request: Any) -> dict[str, Any]:
    return dict(links.define(event("DefineAuthChallenge_Authentication", session=list(session), **request)))


def create(links: MagicLinks, **request: Any) -> dict[str, Any]:
    return dict(links.create(event("CreateAuthChallenge_Authentication", **request)))


def verify(links: MagicLinks, answer: str, salt: str, **request: Any) -> bool:
    request |= {"challengeAnswer": answer, "privateChallengeParameters": {"salt": salt}}
    decided: bool = links.verify(event("VerifyAuthChallengeResponse_Authentication", **request))["answerCorrect"]
    return decided


def secret_in(mail: StubbedMail) -> str:
    page = mail.sent[-1]["Content"]["Simple"]["Body"]["Html"]["Data"]
    (secret,) = re.findall(r'href="[^"]*#sign-in-link=([\w-]{43})"', page)
    return str(secret)


@pytest.mark.parametrize("session", [[], [WRONG], [WRONG, WRONG]], ids=["first", "second", "third"])
@pytest.mark.parametrize("user", [KNOWN, UNKNOWN], ids=["known", "unknown"])
def test_define_asks_for_the_link(links: MagicLinks, session: list[Any], user: dict[str, Any]) -> None:
    assert define(links, *session, **user) == {
        "challengeName": "CUSTOM_CHALLENGE",
        "issueTokens": False,
        "failAuthentication": False,
    }


@pytest.mark.parametrize("session", [[RIGHT], [WRONG, RIGHT], [WRONG, WRONG, RIGHT]], ids=str)
def test_define_issues_tokens_after_a_right_answer(links: MagicLinks, session: list[Any]) -> None:
    assert define(links, *session) == {"issueTokens": True, "failAuthentication": False}


@pytest.mark.parametrize(
    "session",
    [
        [WRONG, WRONG, WRONG],
        [WRONG, WRONG, WRONG, RIGHT],
        [{**RIGHT, "challengeName": "SRP_A"}],
        [{**RIGHT, "challengeName": "PASSWORD_VERIFIER"}],
        [RIGHT, {**RIGHT, "challengeName": "PASSWORD_VERIFIER"}],
        [{**RIGHT, "challengeName": "SRP_A"}, RIGHT],
    ],
    ids=["three wrong", "a fourth", "SRP", "password", "password last", "password first"],
)
def test_define_ends_the_session(links: MagicLinks, session: list[Any]) -> None:
    assert define(links, *session) == {"issueTokens": False, "failAuthentication": True}


@pytest.mark.parametrize("result", ["true", 1, None, "false", {}])
def test_define_takes_nothing_but_true_for_right(links: MagicLinks, result: object) -> None:
    assert define(links, {**RIGHT, "challengeResult": result})["issueTokens"] is False


def test_define_issues_no_tokens_to_an_unknown_user(links: MagicLinks) -> None:
    assert define(links, RIGHT, **UNKNOWN) == {"issueTokens": False, "failAuthentication": True}


def test_create_mails_a_link_and_keeps_its_digest(links: MagicLinks, table: StubbedTable, mail: StubbedMail) -> None:
    table.will_take_turns(True)
    kept = table.will_keep_link()
    mail.will_send()

    challenge = create(links)

    (sent,) = mail.sent
    secret, salt = secret_in(mail), challenge["privateChallengeParameters"]["salt"]
    assert (sent["FromEmailAddress"], sent["Destination"]) == (SENDER, {"ToAddresses": ["ada@example.com"]})
    assert f'href="https://app.example.com/sign-in?lang=de&amp;x=1#sign-in-link={secret}"' in str(sent)
    assert re.fullmatch("[0-9a-f]{32}", salt)
    assert not [hidden for hidden in (secret, kept.seen) if hidden in json.dumps(challenge)]
    assert salt not in json.dumps([sent, challenge["publicChallengeParameters"]])


def test_create_tells_the_same_whoever_asks(links: MagicLinks, table: StubbedTable, mail: StubbedMail) -> None:
    """An unknown user, one without a verified address, one who has had three links, one whose mail is refused."""
    for turns in ([True], [True], [True], [False, False, False], [True]):
        table.will_take_turns(*turns)
        if turns[-1]:
            table.will_keep_link()
    mail.will_send()
    mail.will_fail("MessageRejected")
    asked = [
        create(links),
        create(links, **UNKNOWN),
        create(links, user_attributes={"email_verified": "false"}),
        create(links),
        create(links),
    ]
    told = [json.dumps(each).replace(each["privateChallengeParameters"]["salt"], "s" * 32) for each in asked]
    assert len(set(told)) == 1
    assert len({each["privateChallengeParameters"]["salt"] for each in asked}) == 5
    assert len(mail.sent) == 2


def test_create_mails_nothing_to_an_unknown_user_whatever_the_attributes(
    links: MagicLinks, table: StubbedTable, mail: StubbedMail
) -> None:
    table.will_take_turns(True)
    table.will_keep_link()
    create(links, userNotFound=True)
    assert mail.sent == []


def test_create_mails_a_third_link(links: MagicLinks, table: StubbedTable, mail: StubbedMail) -> None:
    table.will_take_turns(False, False, True)
    table.will_keep_link()
    mail.will_send()
    create(links)
    assert len(mail.sent) == 1


def test_create_counts_links_of_each_user_apart(links: MagicLinks, table: StubbedTable, mail: StubbedMail) -> None:
    """By the user's key where there is one, whatever name was typed; by the name where there is none."""
    given = event("CreateAuthChallenge_Authentication")
    others = [
        given | {"userName": "another-alias"},
        event("CreateAuthChallenge_Authentication", user_attributes={"sub": "bbbbbbbb-0000-4000-8000-000000000002"}),
        event("CreateAuthChallenge_Authentication", **UNKNOWN) | {"userName": "nobody@example.com"},
        event("CreateAuthChallenge_Authentication", **UNKNOWN) | {"userName": "nobody-else@example.com"},
    ]
    turns = []
    for asked in (given, *others):
        turns += table.will_take_turns(True)
        table.will_keep_link()
        if not asked["request"]["userNotFound"]:
            mail.will_send()
        links.create(asked)
    names = [turn.seen for turn in turns]
    assert names[0] == names[1]
    assert len(set(names)) == 4


@pytest.mark.parametrize("turns", [[True], [False, False, False]], ids=["mailed", "refused"])
def test_create_takes_its_time(table: StubbedTable, mail: StubbedMail, turns: list[bool]) -> None:
    table.will_take_turns(*turns)
    if turns[-1]:
        table.will_keep_link()
        mail.will_send()
    begin = time.monotonic()
    create(make(table, mail, seconds_to_answer=0.3))
    assert time.monotonic() - begin >= 0.3


def test_create_sends_nothing_after_a_wrong_answer(links: MagicLinks, mail: StubbedMail) -> None:
    told = {**WRONG, "challengeMetadata": "sign-in-link " + "ab" * 16}
    challenge = create(links, session=[told])
    assert challenge["privateChallengeParameters"] == {"salt": "ab" * 16}
    assert challenge["challengeMetadata"] == told["challengeMetadata"]
    assert mail.sent == []


def test_create_fails_alike_for_all_where_the_table_does(links: MagicLinks, table: StubbedTable) -> None:
    for user in (KNOWN, UNKNOWN):
        table.will_fail("put_item", "InternalServerError")
        with pytest.raises(ClientError):
            create(links, **user)


def test_create_logs_no_address_and_no_secret(
    links: MagicLinks, table: StubbedTable, mail: StubbedMail, caplog: pytest.LogCaptureFixture
) -> None:
    table.will_take_turns(True)
    table.will_keep_link()
    mail.will_fail("MessageRejected", "Email address is not verified: ada@example.com")
    with caplog.at_level(logging.DEBUG, "poolhouse"):
        create(links)
    (record,) = [each for each in caplog.records if each.levelname == "ERROR"]
    assert "MessageRejected" in str(vars(record))
    logged = str([vars(each) for each in caplog.records if each.name.startswith("poolhouse")])
    assert not [told for told in ("ada@example.com", secret_in(mail)) if told in logged]


@pytest.mark.parametrize(
    ("locale", "subject"),
    [("de", "Ihr Anmeldelink"), ("de_CH", "Ihr Anmeldelink"), ("fr", "Your sign-in link"), (None, "Your sign-in link")],
)
def test_create_writes_in_the_users_language(
    links: MagicLinks, table: StubbedTable, mail: StubbedMail, locale: str | None, subject: str
) -> None:
    table.will_take_turns(True)
    table.will_keep_link()
    mail.will_send()
    create(links, user_attributes={"locale": locale})
    assert mail.sent[0]["Content"]["Simple"]["Subject"]["Data"] == subject


def test_verify_takes_the_mailed_secret(links: MagicLinks, table: StubbedTable, mail: StubbedMail) -> None:
    table.will_take_turns(True)
    kept = table.will_keep_link()
    mail.will_send()
    salt = create(links)["privateChallengeParameters"]["salt"]
    used = table.will_use_link(there=True)
    assert verify(links, secret_in(mail), salt) is True
    assert used.seen == kept.seen


@pytest.mark.parametrize(
    "changed",
    ["answer", "salt", "user", "pool"],
)
def test_verify_looks_for_another_digest_for_another(
    links: MagicLinks, table: StubbedTable, mail: StubbedMail, changed: str
) -> None:
    """A link of another session, another user or another pool is none."""
    table.will_take_turns(True)
    kept = table.will_keep_link()
    mail.will_send()
    given = event(
        "VerifyAuthChallengeResponse_Authentication",
        privateChallengeParameters=create(links)["privateChallengeParameters"],
        challengeAnswer=secret_in(mail),
    )
    match changed:
        case "answer":
            given["request"]["challengeAnswer"] += "x"
        case "salt":
            given["request"]["privateChallengeParameters"] = {"salt": "00" * 16}
        case "user":
            given["request"]["userAttributes"]["sub"] = "bbbbbbbb-0000-4000-8000-000000000002"
        case "pool":
            given["userPoolId"] = "us-east-1_EXAMPLE02"
    used = table.will_use_link(there=False)
    assert links.verify(given) == {"answerCorrect": False}
    assert used.seen != kept.seen


def test_verify_refuses_what_is_gone(links: MagicLinks, table: StubbedTable) -> None:
    table.will_use_link(there=False)
    assert verify(links, "used-or-expired", "00" * 16) is False


def test_verify_refuses_an_unknown_user_whatever_is_there(links: MagicLinks, table: StubbedTable) -> None:
    table.will_use_link(there=True)
    assert verify(links, "an-answer", "00" * 16, **UNKNOWN) is False


def test_verify_refuses_an_answer_that_is_no_text(links: MagicLinks, table: StubbedTable) -> None:
    table.will_use_link(there=False)
    assert verify(links, "\ud800", "00" * 16) is False


def test_verify_fails_where_the_table_does(links: MagicLinks, table: StubbedTable) -> None:
    table.will_fail("delete_item", "ProvisionedThroughputExceededException")
    with pytest.raises(ClientError):
        verify(links, "an-answer", "00" * 16)
