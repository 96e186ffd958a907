"""A deleted profile: its personal data is gone at once, the mark that it was there stays, and so does the audit log.

The emulator lets nothing expire: that the mark does is asserted on the template.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError
from poolhouse.table import plain
from poolhouse.testing.events import event

from local import users
from local.settings import LocalError
from local.stack import LocalStack
from tests.e2e.conftest import PASSWORD, Api, Fire, records_of, stored
from tests.e2e.people import Person, new_person, refreshed
from tests.e2e.routes import BODIES, assert_every_route_refuses
from tests.unit.template.processing import load, process

DAY = 24 * 3600
MARK_DAYS = 90  # what DeletedProfileDays is by itself
OWN_PERSONAL = {"name": "Pat Quill", "phone": "+15555550142", "picture": "pat.jpg", "preferences": {"theme": "sepia"}}


@pytest.fixture
def admin(stack: LocalStack, seeded: dict[str, users.User]) -> str:
    return users.access_token(stack, "admin")


def filled(stack: LocalStack, api: Api, *groups: str) -> Person:
    """Somebody whose profile has every field."""
    person = new_person(stack, *groups)
    assert api.send("PATCH", "/profile", person.token, OWN_PERSONAL, If_Match='"1"').status_code == 200
    return person


def deleted(stack: LocalStack, api: Api, *groups: str) -> Person:
    """Somebody who deleted their profile."""
    person = filled(stack, api, *groups)
    assert api.send("DELETE", "/profile", person.token, If_Match='"2"').status_code == 204
    return person


def with_address(stack: LocalStack, email: str) -> list[Any]:
    """What the index by e-mail address holds."""
    answer = stack.settings.client("dynamodb").query(
        TableName=stack.outputs["ProfilesTable"],
        IndexName="by-email",
        KeyConditionExpression="email = :email",
        ExpressionAttributeValues={":email": {"S": email}},
    )
    return [plain(item) for item in answer["Items"]]


def test_personal_data_is_gone_at_once_and_the_audit_log_stays(stack: LocalStack, api: Api, admin: str) -> None:
    person = filled(stack, api)
    before = stored(stack, person.sub)
    assert before is not None
    assert {name: before[name] for name in OWN_PERSONAL} == OWN_PERSONAL
    assert len(with_address(stack, person.email)) == 1
    begun = int(time.time())

    answer = api.send("DELETE", "/profile", person.token, If_Match='"2"')

    assert (answer.status_code, answer.content) == (204, b"")
    mark = stored(stack, person.sub)
    assert mark is not None
    assert begun <= mark.pop("expires_at") - MARK_DAYS * DAY <= int(time.time())
    assert mark.pop("updated_at") > before["updated_at"]
    assert mark == {"sub": person.sub, "status": "deleted", "created_at": before["created_at"], "version": 3}
    assert with_address(stack, person.email) == []
    records = records_of(stack, person.sub)
    assert [(record["action"], record["actor"], record["role"]) for record in records] == [
        ("profile_changed", person.sub, "member"),
        ("profile_deleted", person.sub, "member"),
    ]
    assert api.get(f"/profiles/{person.sub}/audit", admin).json()["records"] == records[::-1]
    kept = json.dumps([mark, records])
    assert not [value for value in ("Pat", "Quill", "5555550142", "pat.jpg", "sepia", person.email) if value in kept]


def test_token_from_before_gets_410_on_every_route(stack: LocalStack, api: Api) -> None:
    person, other = deleted(stack, api, "admin"), filled(stack, api)
    assert_every_route_refuses(stack, api, person, other, (410, "account_deleted"))


@pytest.mark.parametrize("route", ["GET ", "PATCH ", "DELETE ", "POST /suspend", "POST /reinstate"])
def test_others_are_told_that_it_was_deleted(stack: LocalStack, api: Api, admin: str, route: str) -> None:
    person = deleted(stack, api)
    before = stored(stack, person.sub)
    method, _, action = route.partition(" ")

    answer = api.send(method, f"/profiles/{person.sub}{action}", admin, BODIES.get(method), If_Match='"3"')

    assert (answer.status_code, answer.json()["code"]) == (410, "profile_deleted")
    assert stored(stack, person.sub) == before


def test_list_and_search_leave_it_out(stack: LocalStack, api: Api, admin: str) -> None:
    person, there = deleted(stack, api), filled(stack, api)

    assert api.send("POST", "/profiles/search", admin, {"email": person.email}).json()["profiles"] == []
    listed, cursor = set(), ""
    while cursor is not None:
        page = api.get(f"/profiles?limit=100{cursor and '&cursor=' + cursor}", admin).raise_for_status().json()
        listed |= {profile["sub"] for profile in page["profiles"]}
        cursor = page["cursor"]
    assert there.sub in listed
    assert person.sub not in listed


def test_no_trigger_makes_it_anew(stack: LocalStack, api: Api, fire: Fire) -> None:
    person = deleted(stack, api)
    mark = stored(stack, person.sub)
    attributes = {"sub": person.sub, "email": person.email, "email_verified": "true", "name": "Pat Quill"}

    with pytest.raises(ClientError, match="account_deleted"):
        refreshed(stack, person)
    with pytest.raises(LocalError, match="account_deleted"):
        users.sign_in(stack, person.email, PASSWORD)
    for source, function in (
        ("PostConfirmation_ConfirmSignUp", "PostConfirmationFunction"),
        ("PostConfirmation_ConfirmForgotPassword", "PostConfirmationFunction"),
        ("PostAuthentication_Authentication", "PostAuthenticationFunction"),
    ):
        assert "errorMessage" not in fire(function, event(source, user_attributes=attributes))
    for source in ("TokenGeneration_Authentication", "TokenGeneration_HostedAuth", "TokenGeneration_RefreshTokens"):
        late = event(source, user_attributes=attributes | {"email": "new@example.com"})
        assert "account_deleted" in fire("PreTokenGenerationFunction", late)["errorMessage"]

    assert stored(stack, person.sub) == mark


# --------------------------------------------------------------------------------------------- the user in the pool

Removing = Callable[..., AbstractContextManager[None]]


@pytest.fixture
def removing(stack: LocalStack) -> Removing:
    """The stack as the parameter DeletedUsers makes it: the function's variable, and the rights of its role."""

    @contextmanager
    def removing(how: str, *, rights: str) -> Iterator[None]:
        functions, name = stack.settings.client("lambda"), stack.physical_id("ProfileApiFunction")
        before = functions.get_function_configuration(FunctionName=name)["Environment"]
        iam, role = stack.settings.client("iam"), stack.physical_id("ProfileApiRole")
        pool = stack.outputs["UserPoolArn"]
        granted = process(load(), DeletedUsers=rights).resources.get("ProfileApiPoolPolicy")
        if granted is not None:
            document = json.dumps(granted["Properties"]["PolicyDocument"]).replace("${UserPool.Arn}", pool)
            iam.put_role_policy(RoleName=role, PolicyName="user-pool", PolicyDocument=document)
        functions.update_function_configuration(
            FunctionName=name, Environment={"Variables": before["Variables"] | {"DELETED_USERS": how}}
        )
        try:
            yield
        finally:
            functions.update_function_configuration(FunctionName=name, Environment=before)
            if granted is not None:
                iam.delete_role_policy(RoleName=role, PolicyName="user-pool")

    return removing


def state_of(stack: LocalStack, person: Person) -> str:
    """Whether the user pool still has a user, and lets them in."""
    cognito: Any = stack.settings.client("cognito-idp")
    try:
        user = cognito.admin_get_user(UserPoolId=stack.outputs["UserPoolId"], Username=person.email)
    except cognito.exceptions.UserNotFoundException:
        return "gone"
    return "enabled" if user["Enabled"] else "disabled"


@pytest.mark.parametrize(("how", "state"), [("keep", "enabled"), ("disable", "disabled"), ("delete", "gone")], ids=str)
def test_user_is_taken_out_of_the_pool_as_the_parameter_says(
    stack: LocalStack, api: Api, admin: str, removing: Removing, how: str, state: str
) -> None:
    mine, by_admin, untouched = filled(stack, api), filled(stack, api), new_person(stack)

    with removing(how, rights=how):
        own = api.send("DELETE", "/profile", mine.token, If_Match='"2"')
        others = api.send("DELETE", f"/profiles/{by_admin.sub}", admin, If_Match='"2"')
        stale = api.send("DELETE", f"/profiles/{untouched.sub}", admin, If_Match='"9"')

    assert (own.status_code, others.status_code, stale.status_code) == (204, 204, 412)
    assert [state_of(stack, person) for person in (mine, by_admin, untouched)] == [state, state, "enabled"]
    with pytest.raises(LocalError):
        users.sign_in(stack, mine.email, PASSWORD)


def test_function_that_keeps_users_has_no_right_to_the_pool() -> None:
    assert "ProfileApiPoolPolicy" not in process(load(), DeletedUsers="keep").resources


def test_right_to_disable_is_no_right_to_delete_and_deleting_again_does_the_rest(
    stack: LocalStack, api: Api, admin: str, removing: Removing
) -> None:
    person = filled(stack, api)

    with removing("delete", rights="disable"):
        refused = api.send("DELETE", f"/profiles/{person.sub}", admin, If_Match='"2"')
    assert (refused.status_code, refused.json()["code"]) == (500, "internal_error")
    assert state_of(stack, person) == "enabled"
    mark = stored(stack, person.sub)
    assert mark is not None
    assert mark["status"] == "deleted"  # the personal data does not wait for the pool

    with removing("delete", rights="delete"):
        again = api.send("DELETE", f"/profiles/{person.sub}", admin, If_Match='"3"')
    assert (again.status_code, again.json()["code"]) == (410, "profile_deleted")
    assert state_of(stack, person) == "gone"
    assert stored(stack, person.sub) == mark
    assert [record["action"] for record in records_of(stack, person.sub)] == ["profile_changed", "profile_deleted"]
