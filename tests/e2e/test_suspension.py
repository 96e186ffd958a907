"""A suspended account is held out at once in the API, and by the user pool at the next refresh and sign-in."""

from collections.abc import Callable

import httpx
import pytest
from botocore.exceptions import ClientError

from local import users
from local.settings import LocalError
from local.stack import LocalStack
from tests.e2e.conftest import PASSWORD, Api, records_of, stored
from tests.e2e.people import Person, new_person, refreshed
from tests.e2e.routes import assert_every_route_refuses
from tests.e2e.tokens import claims_of


@pytest.fixture
def change(api: Api) -> Callable[..., httpx.Response]:
    """Suspends or reinstates a person, on the version that is there."""

    def change(action: str, actor: Person, person: Person) -> httpx.Response:
        tag = api.get(f"/profiles/{person.sub}", actor.token).headers["etag"]
        return api.send("POST", f"/profiles/{person.sub}/{action}", actor.token, If_Match=tag)

    return change


def test_suspension_holds_out_at_once_and_reinstating_lets_in_again(
    stack: LocalStack, api: Api, change: Callable[..., httpx.Response]
) -> None:
    supporter, person = new_person(stack, "support"), new_person(stack)
    assert api.get("/profile", person.token).status_code == 200

    suspended = change("suspend", supporter, person)

    assert (suspended.status_code, suspended.json()["status"]) == (200, "suspended")
    answer = api.get("/profile", person.token)  # a token from before is still alive
    assert (answer.status_code, answer.json()["code"]) == (403, "account_suspended")
    assert answer.headers["www-authenticate"] == "Bearer"
    with pytest.raises(ClientError, match="account_suspended"):
        refreshed(stack, person)
    with pytest.raises(LocalError, match="account_suspended"):
        users.sign_in(stack, person.email, PASSWORD)

    reinstated = change("reinstate", supporter, person)

    assert (reinstated.status_code, reinstated.json()["status"]) == (200, "active")
    for token in (
        person.token,
        refreshed(stack, person),
        users.sign_in(stack, person.email, PASSWORD)["AccessToken"],
    ):
        assert api.get("/profile", token).json()["status"] == "active"
    done = [(record["action"], record["actor"], record["role"]) for record in records_of(stack, person.sub)]
    assert done == [("profile_suspended", supporter.sub, "support"), ("profile_reinstated", supporter.sub, "support")]


def test_suspended_admin_does_nothing_on_any_route(
    stack: LocalStack, api: Api, change: Callable[..., httpx.Response]
) -> None:
    supporter, admin, other = new_person(stack, "support"), new_person(stack, "admin"), new_person(stack)
    assert change("suspend", supporter, admin).status_code == 200
    assert_every_route_refuses(stack, api, admin, other, (403, "account_suspended"))


def test_suspending_twice_is_one_change(stack: LocalStack, api: Api, change: Callable[..., httpx.Response]) -> None:
    supporter, person = new_person(stack, "support"), new_person(stack)
    change("suspend", supporter, person)
    before = stored(stack, person.sub)

    again = change("suspend", supporter, person)

    assert (again.status_code, again.json()["status"]) == (200, "suspended")
    assert stored(stack, person.sub) == before
    assert len(records_of(stack, person.sub)) == 1


def test_sign_in_meanwhile_does_not_lift_a_suspension(stack: LocalStack, change: Callable[..., httpx.Response]) -> None:
    supporter, person = new_person(stack, "support"), new_person(stack)
    change("suspend", supporter, person)
    before = stored(stack, person.sub)

    for _ in range(2):
        with pytest.raises(LocalError, match="account_suspended"):
            users.sign_in(stack, person.email, PASSWORD)

    after = stored(stack, person.sub)
    assert after == before
    assert claims_of(person.token)["sub"] == person.sub
