import json
import logging
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from poolhouse.pools import Users
from poolhouse.testing.events import event
from poolhouse.triggers import Refusal
from poolhouse.triggers.linking import AccountLinking

from tests.unit.pools.stubbed_pool import POOL, StubbedPool, told

ADDRESS = "ada@example.com"
LINKED = "^account_linked_try_again: This sign-in now belongs to your existing account. Please sign in once more$"


@pytest.fixture
def pool() -> Iterator[StubbedPool]:
    with StubbedPool.of_test() as pool:
        yield pool


@pytest.fixture
def linking(pool: StubbedPool) -> AccountLinking:
    return AccountLinking("Google,ExampleIdP", Users(pool.client))


def first_sign_in(username: str = "exampleidp_1000", **attributes: str | None) -> dict[str, Any]:
    """An event of a first federated sign-in: by default through ExampleIdP, which says the address is verified."""
    made = event("PreSignUp_ExternalProvider", user_attributes={"email_verified": "true", **attributes})
    return {**made, "userName": username, "userPoolId": POOL}


def identities(*subjects: str, provider: str = "ExampleIdP", age: float = 0) -> str:
    """The attribute ``identities`` with these subjects, linked so many seconds ago."""
    at = int((time.time() - age) * 1000)
    return json.dumps([{"userId": each, "providerName": provider, "dateCreated": at} for each in subjects])


def reason(caplog: pytest.LogCaptureFixture) -> str:
    """Why the one identity of the test was not linked, as the log has it."""
    (record,) = (each for each in caplog.records if each.getMessage() == "identity not linked")
    return str(vars(record)["reason"])


def test_linking_links_to_the_user_with_the_same_verified_address(linking: AccountLinking, pool: StubbedPool) -> None:
    pool.will_list_users(ADDRESS, [told("ada")])
    pool.will_link("ada", "ExampleIdP", "1000")
    with pytest.raises(Refusal, match=LINKED):
        linking.link(first_sign_in())


@pytest.mark.parametrize(
    ("username", "provider", "subject"),
    [
        ("ExampleIdP_1000", "ExampleIdP", "1000"),
        ("google_a_b|C", "Google", "a_b|C"),
    ],
)
def test_linking_names_provider_as_the_pool_spells_it(
    linking: AccountLinking, pool: StubbedPool, username: str, provider: str, subject: str
) -> None:
    pool.will_list_users(ADDRESS, [told("ada")])
    pool.will_link("ada", provider, subject)
    with pytest.raises(Refusal, match=LINKED):
        linking.link(first_sign_in(username))


@pytest.mark.parametrize(
    "username", ["facebook_1000", "googleplus_1", "google", "google_", "1000", "oogle_1", "x_google_1"]
)
def test_linking_asks_nothing_for_provider_that_is_not_trusted(linking: AccountLinking, username: str) -> None:
    linking.link(first_sign_in(username))


@pytest.mark.parametrize("providers", ["", " , "])
def test_linking_without_providers_asks_nothing(pool: StubbedPool, providers: str) -> None:
    linking = AccountLinking(providers, Users(pool.client))
    assert linking.providers == ()
    linking.link(first_sign_in())
    linking.link(first_sign_in("_1000"))


@pytest.mark.parametrize(
    "attributes",
    [
        {"email_verified": "false"},
        {"email_verified": None},
        {"email_verified": ""},
        {"email_verified": "1"},
        {"email": None},
        {"email": ""},
        {"email": "\u212aim@example.com"},
    ],
)
def test_linking_asks_nothing_for_address_that_provider_did_not_verify(
    linking: AccountLinking, caplog: pytest.LogCaptureFixture, attributes: dict[str, str | None]
) -> None:
    caplog.set_level(logging.INFO)
    linking.link(first_sign_in("exampleidp_1000", **attributes))
    assert reason(caplog) == "address_not_verified"


@pytest.mark.parametrize(
    "user",
    [
        told(email_verified="false"),
        told(status="UNCONFIRMED"),
        told(status="FORCE_CHANGE_PASSWORD"),
        told(status="RESET_REQUIRED"),
        told(status="EXTERNAL_PROVIDER"),
        told(enabled=False),
        told(email="eve@example.com"),
    ],
    ids=["unverified", "unconfirmed", "invited", "reset", "federated", "disabled", "other address"],
)
def test_linking_leaves_alone_user_who_may_not_be_signed_in_as(
    linking: AccountLinking, pool: StubbedPool, caplog: pytest.LogCaptureFixture, user: dict[str, Any]
) -> None:
    caplog.set_level(logging.INFO)
    pool.will_list_users(ADDRESS, [user])
    linking.link(first_sign_in())
    assert reason(caplog) == "no_such_user"


def test_linking_takes_the_user_among_those_who_may_not_be(linking: AccountLinking, pool: StubbedPool) -> None:
    pool.will_list_users(
        ADDRESS, [told("other", status="EXTERNAL_PROVIDER"), told("eve", status="UNCONFIRMED")], [told()]
    )
    pool.will_link("ada", "ExampleIdP", "1000")
    with pytest.raises(Refusal, match=LINKED):
        linking.link(first_sign_in())


def test_linking_does_not_choose_among_several(
    linking: AccountLinking, pool: StubbedPool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    pool.will_list_users(ADDRESS, [told("a"), told("b")])
    linking.link(first_sign_in())
    assert reason(caplog) == "several_users"


def test_linking_links_up_to_five_identities(
    linking: AccountLinking, pool: StubbedPool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    pool.will_list_users(ADDRESS, [told(identities=identities("1", "2", "3", "4", provider="Google"))])
    pool.will_link("ada", "ExampleIdP", "1000")
    with pytest.raises(Refusal, match=LINKED):
        linking.link(first_sign_in())
    caplog.clear()
    pool.will_list_users(ADDRESS, [told(identities=identities("1", "2", "3", "4", "5", provider="Google"))])
    linking.link(first_sign_in())
    assert reason(caplog) == "too_many_identities"


def test_linking_may_be_called_again(linking: AccountLinking, pool: StubbedPool) -> None:
    """Cognito calls up to three times for one sign-in."""
    pool.will_list_users(ADDRESS, [told(identities=identities("1", "2", "3", "4", "1000", age=55))])
    with pytest.raises(Refusal, match=LINKED):
        linking.link(first_sign_in())


def test_linking_keeps_nobody_out_by_a_link_without_effect(
    linking: AccountLinking, pool: StubbedPool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    pool.will_list_users(ADDRESS, [told(identities=identities("AbC", age=65))])
    linking.link(first_sign_in("exampleidp_abc"))
    assert reason(caplog) == "link_without_effect"


def test_linking_goes_on_where_cognito_does_not_link(
    linking: AccountLinking, pool: StubbedPool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    pool.will_list_users(ADDRESS, [told()])
    pool.will_fail("AliasExistsException", "", "admin_link_provider_for_user")
    linking.link(first_sign_in())
    assert reason(caplog) == "refused_by_cognito"


def test_linking_raises_when_cognito_cannot_say(linking: AccountLinking, pool: StubbedPool) -> None:
    pool.will_fail("TooManyRequestsException", "", "list_users")
    with pytest.raises(ClientError, match="TooManyRequestsException"):
        linking.link(first_sign_in())


def test_linking_logs_no_address(linking: AccountLinking, pool: StubbedPool, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    pool.will_list_users(ADDRESS, [told("ada")])
    pool.will_link("ada", "ExampleIdP", "1000")
    with pytest.raises(Refusal):
        linking.link(first_sign_in())
    (record,) = caplog.records
    assert (record.getMessage(), vars(record)["provider"], vars(record)["sub"]) == (
        "identity linked",
        "ExampleIdP",
        "ada",
    )
    assert ADDRESS not in str(vars(record))
