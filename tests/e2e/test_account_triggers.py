"""The triggers around a sign-in and a password reset, deployed.

The emulator fires none of them: each is called with the event that Cognito documents, of users who do exist.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from poolhouse.profiles import AuditLog
from poolhouse.profiles.audit import RETRY_WINDOW
from poolhouse.testing.events import event

from local import users
from local.settings import LocalError
from local.stack import LocalStack
from tests.e2e.conftest import PASSWORD, Api, Fire, records_of
from tests.e2e.tokens import claims_of

RESET = "PostConfirmation_ConfirmForgotPassword"


@pytest.fixture
def address(stack: LocalStack, new_address: Callable[[], str]) -> str:
    """The address of a new user of the pool."""
    address, pool, cognito = new_address(), stack.outputs["UserPoolId"], stack.settings.client("cognito-idp")
    cognito.admin_create_user(
        UserPoolId=pool,
        Username=address,
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": "email", "Value": address}, {"Name": "email_verified", "Value": "true"}],
    )
    cognito.admin_set_user_password(UserPoolId=pool, Username=address, Password=PASSWORD, Permanent=True)
    return address


@pytest.fixture
def token(stack: LocalStack, address: str) -> str:
    """An access token of that user, who has a profile by it."""
    return users.sign_in(stack, address, PASSWORD)["AccessToken"]


@pytest.fixture
def sub(token: str) -> str:
    """The key of that user's profile."""
    return str(claims_of(token)["sub"])


@pytest.fixture
def audit(stack: LocalStack) -> AuditLog:
    return AuditLog(stack.physical_id("AuditTable"), stack.settings.client("dynamodb"))


def suspend(stack: LocalStack, sub: str) -> None:
    stack.settings.client("dynamodb").update_item(
        TableName=stack.outputs["ProfilesTable"],
        Key={"sub": {"S": sub}},
        UpdateExpression="SET #status = :suspended",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":suspended": {"S": "suspended"}},
    )


# -------------------------------------------------------------------------------------------------- pre authentication
def test_suspended_user_is_turned_away_before_the_password(
    stack: LocalStack, fire: Fire, address: str, sub: str
) -> None:
    sent = event("PreAuthentication_Authentication", user_attributes={"sub": sub, "email": address})
    assert fire("PreAuthenticationFunction", sent) == sent

    suspend(stack, sub)

    assert fire("PreAuthenticationFunction", sent)["errorMessage"] == "sign_in_refused: Incorrect username or password"
    with pytest.raises(LocalError, match="account_suspended"):  # and this is what holds them out without it
        users.sign_in(stack, address, PASSWORD)


# ------------------------------------------------------------------------------------------------- post authentication
def test_sign_in_is_noted_and_changes_nothing_else(api: Api, fire: Fire, token: str, sub: str) -> None:
    sent = event("PostAuthentication_Authentication", user_attributes={"sub": sub})
    before = api.get("/profile", token).json()

    assert fire("PostAuthenticationFunction", sent) == sent

    after = api.get("/profile", token).json()
    noted = datetime.fromisoformat(after.pop("last_sign_in_at"))
    assert abs(datetime.now(UTC) - noted) < timedelta(minutes=1)
    assert after == before  # the version among them: a change that names it is not refused


@pytest.mark.parametrize("role", ["support", "admin"])
def test_last_sign_in_is_shown_to_support_and_admin(
    stack: LocalStack, seeded: dict[str, users.User], api: Api, fire: Fire, sub: str, role: str
) -> None:
    fire("PostAuthenticationFunction", event("PostAuthentication_Authentication", user_attributes={"sub": sub}))
    assert "last_sign_in_at" in api.get(f"/profiles/{sub}", users.access_token(stack, role)).json()


def test_sign_in_brings_no_deleted_profile_back(stack: LocalStack, fire: Fire, sub: str) -> None:
    place: Any = {"TableName": stack.outputs["ProfilesTable"], "Key": {"sub": {"S": sub}}}
    stack.settings.client("dynamodb").delete_item(**place)
    sent = event("PostAuthentication_Authentication", user_attributes={"sub": sub})

    assert fire("PostAuthenticationFunction", sent) == sent

    assert "Item" not in stack.settings.client("dynamodb").get_item(**place)


# --------------------------------------------------------------------------------------------------- post confirmation
def test_password_reset_is_recorded_once_for_three_calls(stack: LocalStack, fire: Fire, address: str, sub: str) -> None:
    sent = event(RESET, user_attributes={"sub": sub, "email": address})

    assert [fire("PostConfirmationFunction", sent) for _ in range(3)] == [sent] * 3

    (record,) = records_of(stack, sub)
    assert abs(datetime.now(UTC) - datetime.fromisoformat(record.pop("at"))) < timedelta(minutes=1)
    assert record == {"sub": sub, "action": "password_reset", "actor": sub, "role": "member", "fields": []}


def test_confirmed_sign_up_is_not_recorded(stack: LocalStack, fire: Fire, sub: str) -> None:
    fire("PostConfirmationFunction", event("PostConfirmation_ConfirmSignUp", user_attributes={"sub": sub}))
    assert records_of(stack, sub) == []


# ----------------------------------------------------------------------------------------------------------- audit log
def test_event_is_recorded_again_after_the_retry_window(stack: LocalStack, audit: AuditLog, sub: str) -> None:
    sent, first = event(RESET, user_attributes={"sub": sub}), datetime(2026, 1, 2, tzinfo=UTC)

    def recorded(after: timedelta, sent: dict[str, Any] = sent) -> bool:
        return audit.record(sub, "password_reset", actor=sub, role="member", at=first + after, event=sent)

    late = RETRY_WINDOW + timedelta(microseconds=1)
    assert recorded(timedelta(0)) is True
    assert recorded(RETRY_WINDOW) is False
    assert recorded(timedelta(seconds=1), event(RESET, user_attributes={"sub": sub, "name": "Another"})) is True
    assert recorded(late) is True  # a second reset, a minute later: its event is the same
    assert recorded(late + RETRY_WINDOW) is False
    assert len(records_of(stack, sub)) == 3


def test_record_is_never_written_over(stack: LocalStack, audit: AuditLog, sub: str) -> None:
    at = datetime(2026, 1, 2, tzinfo=UTC)
    sent = event(RESET, user_attributes={"sub": sub})
    audit.record(sub, "first", actor="a", role="admin", at=at)

    for led_to_it in (None, sent):
        with pytest.raises(stack.settings.client("dynamodb").exceptions.TransactionCanceledException):
            audit.record(sub, "second", actor="a", role="admin", at=at, event=led_to_it)

    assert [record["action"] for record in records_of(stack, sub)] == ["first"]
    # Both or neither: the event of a record that could not be written was not marked.
    assert audit.record(sub, "second", actor="a", role="admin", at=at + timedelta(microseconds=1), event=sent) is True
