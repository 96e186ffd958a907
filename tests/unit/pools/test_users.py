import json
import logging
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError
from poolhouse.pools import Users
from poolhouse.pools.users import Identity

from tests.unit.pools.stubbed_pool import POOL, StubbedPool, told

KELVIN = "\u212a"


@pytest.fixture
def pool() -> Iterator[StubbedPool]:
    with StubbedPool.of_test() as pool:
        yield pool


@pytest.fixture
def users(pool: StubbedPool) -> Users:
    return Users(pool.client)


def test_users_with_email_are_all_of_every_page(users: Users, pool: StubbedPool) -> None:
    pool.will_list_users("ada@example.com", [told("a")], [], [told("b", status="EXTERNAL_PROVIDER", enabled=False)])
    found = users.with_email(POOL, "ada@example.com")
    assert [(user.username, user.status, user.enabled) for user in found] == [
        ("a", "CONFIRMED", True),
        ("b", "EXTERNAL_PROVIDER", False),
    ]
    assert found[0].attributes == {"sub": "a", "email": "ada@example.com", "email_verified": "true"}


def test_users_with_email_are_none_for_a_free_address(users: Users, pool: StubbedPool) -> None:
    pool.will_list_users("ada@example.com", [])
    assert users.with_email(POOL, "ada@example.com") == []


@pytest.mark.parametrize(
    ("asked", "held"),
    [
        ("mike@example.com", f"mi{KELVIN}e@example.com"),
        (f"mi{KELVIN}e@example.com", "mike@example.com"),
        ("ada@example.com", "ada@example.com.evil.example"),
        ("ada@example.com", ""),
    ],
)
def test_users_with_email_are_none_of_another_address(users: Users, pool: StubbedPool, asked: str, held: str) -> None:
    pool.will_list_users(asked, [told(email=held)])
    assert users.with_email(POOL, asked) == []


def test_users_with_email_are_those_in_other_letters_too(users: Users, pool: StubbedPool) -> None:
    pool.will_list_users("Ada@example.com", [told(email="ada@Example.com")])
    assert len(users.with_email(POOL, "Ada@example.com")) == 1


def test_users_with_email_keep_the_address_within_the_filter(users: Users, pool: StubbedPool) -> None:
    # https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html
    pool.will_list_users('a\\"\\\\ or email ^= \\"@example.com', [told()])
    assert users.with_email(POOL, 'a"\\ or email ^= "@example.com') == []


def test_users_have_identities(users: Users, pool: StubbedPool) -> None:
    identities = [{"userId": "1000", "providerName": "Google", "providerType": "Google", "dateCreated": 1790841600500}]
    pool.will_list_users("ada@example.com", [told(identities=json.dumps(identities)), told()])
    first, second = users.with_email(POOL, "ada@example.com")
    assert first.identities == [Identity("Google", "1000", 1790841600.5)]
    assert second.identities == []


def test_users_link_an_identity(users: Users, pool: StubbedPool) -> None:
    pool.will_link("ada", "Google", "1000")
    assert users.link(POOL, "ada", "Google", "1000") is True


@pytest.mark.parametrize(
    "code",
    ["AliasExistsException", "InvalidParameterException", "LimitExceededException", "UserNotFoundException"],
)
def test_users_tell_what_cognito_does_not_link(
    users: Users, pool: StubbedPool, caplog: pytest.LogCaptureFixture, code: str
) -> None:
    pool.will_fail(code, "1000 of ada@example.com", "admin_link_provider_for_user")
    assert users.link(POOL, "ada", "Google", "1000") is False
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert code in record.getMessage()
    assert "ada@example.com" not in str(vars(record))


@pytest.mark.parametrize("code", ["TooManyRequestsException", "NotAuthorizedException", "AccessDeniedException"])
def test_users_raise_what_says_nothing_of_the_identity(users: Users, pool: StubbedPool, code: str) -> None:
    pool.will_fail(code, "", "admin_link_provider_for_user")
    with pytest.raises(ClientError, match=code):
        users.link(POOL, "ada", "Google", "1000")
    pool.will_fail(code, "", "list_users")
    with pytest.raises(ClientError, match=code):
        users.with_email(POOL, "ada@example.com")


def test_users_make_their_client_when_they_need_one(pool: StubbedPool, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []

    def make() -> object:
        made.append(pool.client)
        return pool.client

    monkeypatch.setattr("poolhouse.aws.cognito", make)
    users = Users()
    assert made == []
    for _ in range(2):
        pool.will_list_users("ada@example.com", [])
        users.with_email(POOL, "ada@example.com")
    assert made == [pool.client]
