"""Who moves from the old directory, with what, and what happens when it fails."""

import json
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.session import Session
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st
from poolhouse.testing.events import event
from poolhouse.triggers import old_directory
from poolhouse.triggers.old_directory import (
    ATTRIBUTES,
    MAX_BODY_BYTES,
    SECRET_SECONDS,
    OldDirectory,
    OldDirectoryError,
)
from poolhouse.triggers.responses import check

from tests.unit.functions.old_directory import SECRET, DirectoryServer

ADA = "ada@example.com"
NAMES = [*sorted(ATTRIBUTES), "sub", "custom:tier"]
PASSWORD = "An-Old-Password-1"
ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:old-directory-AbCdEf"


@dataclass
class House:
    """The old directory, and what asks it."""

    server: DirectoryServer
    stub: Stubber
    directory: OldDirectory

    def will_read_secret(self, text: str = SECRET) -> None:
        self.stub.add_response("get_secret_value", {"SecretString": text}, {"SecretId": ARN})

    def sign_in(self, username: str = ADA, password: Any = PASSWORD) -> dict[str, Any] | None:
        return self.directory.migrate(
            {**event("UserMigration_Authentication"), "userName": username, "request": {"password": password}}
        )

    def forget_password(self) -> dict[str, Any] | None:
        return self.directory.migrate({**event("UserMigration_ForgotPassword"), "userName": ADA})


@cache
def secrets_manager() -> Any:
    return Session().create_client(
        "secretsmanager", region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test"
    )


@pytest.fixture
def house() -> Iterator[House]:
    client = secrets_manager()
    with DirectoryServer().running() as server, Stubber(client) as stub:
        server.users[ADA] = (PASSWORD, {"email": ADA, "email_verified": True, "name": "Ada Example"})
        house = House(server, stub, OldDirectory(server.url, ARN, client))
        yield house
        stub.assert_no_pending_responses()


def test_user_moves_with_the_old_password(house: House) -> None:
    house.will_read_secret()
    decided = house.sign_in()
    assert decided == {
        "userAttributes": {"email": ADA, "email_verified": "true", "name": "Ada Example"},
        "finalUserStatus": "CONFIRMED",
        "messageAction": "SUPPRESS",
        "forceAliasCreation": False,
    }
    assert house.server.asked == [{"username": ADA, "password": PASSWORD}]
    check({**event("UserMigration_Authentication"), "response": decided})


def test_user_who_forgot_the_password_moves_without_one(house: House) -> None:
    house.will_read_secret()
    decided = house.forget_password()
    assert decided is not None
    assert "finalUserStatus" not in decided  # nobody has shown a password yet
    assert decided["userAttributes"]["email_verified"] == "true"
    assert house.server.asked == [{"username": ADA}]
    check({**event("UserMigration_ForgotPassword"), "response": decided})


def test_user_who_forgot_the_password_needs_a_verified_address(house: House) -> None:
    house.will_read_secret()
    house.server.users[ADA] = (PASSWORD, {"email": ADA, "email_verified": False})
    assert house.forget_password() is None


def test_wrong_password_and_unknown_user_are_answered_alike(house: House) -> None:
    house.will_read_secret()
    assert house.sign_in(password="another") is None
    assert house.sign_in("nobody@example.com") is None
    assert [question["username"] for question in house.server.asked] == [ADA, "nobody@example.com"]


@pytest.mark.parametrize("password", [None, "", 1, ["x"], {}])
def test_sign_in_without_a_password_is_never_asked_as_a_forgotten_one(house: House, password: Any) -> None:
    with pytest.raises(OldDirectoryError, match="no password"):
        house.sign_in(password=password)
    with pytest.raises(KeyError):
        house.directory.migrate({**event("UserMigration_Authentication"), "request": {}})
    assert house.server.asked == []


@pytest.mark.parametrize(
    ("told", "taken"),
    [
        ({"email_verified": "true"}, {"email_verified": "true"}),
        ({"email_verified": True}, {"email_verified": "true"}),
        ({"email_verified": "True"}, {}),
        ({"email_verified": 1}, {}),
        ({"email_verified": "yes"}, {}),
        ({"email_verified": False}, {}),
        ({"email_verified": None}, {}),
        ({}, {}),
        ({"phone_number": "+15555550100", "phone_number_verified": True}, "as told"),
        ({"phone_number_verified": "true"}, {}),
        ({"sub": "a", "custom:tier": "x", "cognito:groups": "admin", "identities": "[]", "dev:x": "y"}, {}),
        ({"name": "x" * 2048, "locale": "en"}, "as told"),
        ({"name": "x" * 2049, "nickname": "", "zoneinfo": 7, "address": {"street": "x"}}, {}),
    ],
    ids=lambda value: str(value)[:40],
)
def test_only_what_the_pool_holds_is_taken(house: House, told: dict[str, Any], taken: Any) -> None:
    house.will_read_secret()
    house.server.users[ADA] = (PASSWORD, {"email": ADA, **told})
    expected = {name: "true" if text is True else text for name, text in told.items()} if taken == "as told" else taken
    decided = house.sign_in()
    assert decided is not None
    assert decided["userAttributes"] == {"email": ADA, **expected}


@pytest.mark.parametrize("email", ["eve@example.com", "", None, "ADA@e\u212aample.com", "ada@example\u00ad.com"])
def test_answer_for_another_address_moves_nobody(house: House, email: str | None) -> None:
    house.will_read_secret()
    house.server.users[ADA] = (PASSWORD, {"email": email, "email_verified": True})
    with pytest.raises(OldDirectoryError, match="another e-mail address"):
        house.sign_in()


def test_case_of_the_address_does_not_matter(house: House) -> None:
    house.will_read_secret()
    house.server.users["ADA@example.com"] = (PASSWORD, {"email": ADA})
    assert house.sign_in("ADA@example.com") is not None


@pytest.mark.parametrize("status", [201, 204, 301, 307, 308, 400, 403, 429, 500, 503])
def test_any_other_status_is_a_failure_and_no_redirect_is_followed(
    house: House, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    house.will_read_secret()
    house.server.status = status
    with pytest.raises(OldDirectoryError):
        house.sign_in()
    assert len(house.server.asked) == 1
    (record,) = caplog.records
    assert vars(record)["reason"] == f"status {status}"
    assert not any(text in str(vars(record)) for text in (PASSWORD, ADA, SECRET))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"attributes": null}',
        b'{"attributes": []}',
        b'{"email": "ada@example.com"}',
        b"\xff",
        b"[" * 10_000,
        b'{"attributes": {"email": "ada@example.com"}}' + b" " * MAX_BODY_BYTES,
    ],
    ids=lambda body: str(body[:24]),
)
def test_answer_that_cannot_be_read_is_a_failure(house: House, body: bytes) -> None:
    house.will_read_secret()
    house.server.body = body
    with pytest.raises(OldDirectoryError):
        house.sign_in()


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(), inner),
    )
)
def test_any_answer_becomes_attributes_or_a_failure(attributes: Any) -> None:
    answer = json.dumps({"attributes": attributes}).encode()
    try:
        taken = old_directory._attributes(answer)
    except OldDirectoryError:
        return
    assert taken.keys() <= ATTRIBUTES
    check({"triggerSource": "UserMigration_Authentication", "response": {"userAttributes": taken}})


def test_deadline_is_that_documented() -> None:
    assert old_directory.DEADLINE_SECONDS == 3.0


def test_slow_drip_does_not_extend_the_deadline(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(old_directory, "DEADLINE_SECONDS", 0.4)
    house.will_read_secret()
    house.server.drip = True
    started = time.monotonic()
    with pytest.raises(OldDirectoryError):
        house.sign_in()
    assert 0.35 < time.monotonic() - started < 1.5


def test_time_for_the_secret_counts_too(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(old_directory, "DEADLINE_SECONDS", 0.2)

    def slow(**_arguments: object) -> dict[str, str]:
        time.sleep(0.3)
        return {"SecretString": SECRET}

    monkeypatch.setattr(house.directory._client, "get_secret_value", slow)
    with pytest.raises(OldDirectoryError):
        house.sign_in()
    assert house.server.asked == []


def test_secret_is_read_once_for_a_while(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_800_000_000.0
    monkeypatch.setattr(old_directory, "time", SimpleNamespace(monotonic=time.monotonic, time=lambda: now))
    house.will_read_secret(f"{SECRET}\n")
    house.sign_in()
    now += SECRET_SECONDS - 1
    house.sign_in()
    for passed in (1, -1):  # a clock that was set back tells no age
        now += passed
        house.will_read_secret()
        house.sign_in()
        house.stub.assert_no_pending_responses()


def test_rotated_secret_is_read_anew_after_a_refusal(house: House) -> None:
    house.will_read_secret("the-secret-of-yesterday")
    with pytest.raises(OldDirectoryError):
        house.sign_in()
    house.will_read_secret()
    assert house.sign_in() is not None


@pytest.mark.parametrize(
    "url", ["http://old.example.com/", "ftp://old.example.com/", "https://a:b@old.example.com/", ""]
)
def test_url_is_https_or_this_machine(url: str) -> None:
    with pytest.raises(ValueError, match="address|https"):
        OldDirectory(url, ARN, client=object())  # type: ignore[arg-type]


def test_log_of_an_unverified_address_names_nobody(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    house.will_read_secret()
    house.server.users[ADA] = (PASSWORD, {"email": ADA})
    house.forget_password()
    (record,) = [record for record in caplog.records if record.name.startswith("poolhouse")]
    assert ADA not in str(vars(record))
