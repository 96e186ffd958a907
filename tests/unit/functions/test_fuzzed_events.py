"""Whatever a trigger's event holds, the event comes back or a stated refusal does, and never a bare exception.

The functions are real, and so are botocore's clients, with AWS's own models: a call that AWS would find malformed is
refused here as well. Only the wire is not: what a broken event makes a function ask for cannot be announced, as
botocore's Stubber wants it, so the wire answers every request, in one of a few states of the world.
"""

import base64
import io
import json
import logging
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.httpsession import URLLib3Session
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from poolhouse.triggers import Refusal, sources

from tests.unit.functions.conftest import Load
from tests.unit.triggers.fuzzing import broken_events
from tests.unit.triggers.stubbed_sender import DATA_KEY, IDENTITY, KEY, encrypted_code

Event = dict[str, Any]

MANY = settings(max_examples=1_000, deadline=None, database=None, suppress_health_check=list(HealthCheck))
PROFILE = {
    "sub": {"S": "aaaaaaaa-0000-4000-8000-000000000001"},
    "status": {"S": "active"},
    "created_at": {"S": "2026-01-01T00:00:00.000Z"},
    "updated_at": {"S": "2026-01-01T00:00:00.000Z"},
    "version": {"N": "1"},
}
USER = {
    "Username": "ada",
    "UserStatus": "CONFIRMED",
    "Enabled": True,
    "Attributes": [{"Name": "email", "Value": "ada@example.com"}, {"Name": "email_verified", "Value": "true"}],
}
CLIENT = {"UserPoolClient": {"AllowedOAuthScopes": ["openid", "profiles/read"]}}
DECRYPTED = {"Plaintext": base64.b64encode(DATA_KEY).decode(), "KeyId": KEY}


@dataclass(frozen=True)
class Fuzzed:
    """A function, and what it may refuse an event with; ``try_again`` is not for one that never stops a user.

    Attributes:
        members: What `event` makes the event of, before it is broken.
    """

    sources: Sequence[str]
    refusals: frozenset[str]
    environment: dict[str, str] = field(default_factory=dict)
    members: dict[str, Any] = field(default_factory=dict)


# A new function is one more line; what follows a comma tells two lines of one function apart.
FUZZED = {
    "pre_sign_up": Fuzzed(
        sources.PRE_SIGN_UP,
        frozenset({"try_again", "email_domain_refused"}),
        {"ALLOWED_EMAIL_DOMAINS": "example.com", "BLOCKED_EMAIL_DOMAINS": "*.blocked.example"},
    ),
    "pre_sign_up, confirming": Fuzzed(
        ["PreSignUp_SignUp"], frozenset({"try_again"}), {"AUTO_CONFIRM_USERS": "on", "ALLOWED_EMAIL_DOMAINS": ""}
    ),
    "pre_sign_up, linking": Fuzzed(
        ["PreSignUp_ExternalProvider"],
        frozenset({"try_again", "account_linked_try_again"}),
        {"TRUSTED_IDENTITY_PROVIDERS": "ExampleIdP"},
        {"user_attributes": {"email_verified": "true"}},
    ),
    "inbound_federation": Fuzzed(
        sources.INBOUND_FEDERATION,
        frozenset({"try_again", "federated_attributes_missing"}),
        {"FEDERATED_ATTRIBUTES": "email"},
        {"attributes": {"idToken": {"email": "ada@example.com", "email_verified": True, "groups": ["a"]}}},
    ),
    "inbound_federation, SAML": Fuzzed(
        sources.INBOUND_FEDERATION,
        frozenset({"try_again", "federated_attributes_missing"}),
        {"FEDERATED_ATTRIBUTES": "email"},
        {"providerType": "SAML"},
    ),
    "post_confirmation": Fuzzed(
        sources.POST_CONFIRMATION, frozenset(), {"PROFILES_TABLE": "profiles", "AUDIT_TABLE": "audit"}
    ),
    "pre_authentication": Fuzzed(
        sources.PRE_AUTHENTICATION, frozenset({"sign_in_refused"}), {"PROFILES_TABLE": "profiles"}
    ),
    "post_authentication": Fuzzed(sources.POST_AUTHENTICATION, frozenset(), {"PROFILES_TABLE": "profiles"}),
    "user_migration": Fuzzed(
        sources.USER_MIGRATION,
        frozenset({"try_again"}),
        {"USER_MIGRATION_URL": "http://127.0.0.1:9/", "USER_MIGRATION_SECRET_ARN": "old-directory"},  # nothing answers
    ),
    "magic_link": Fuzzed(
        (*sources.DEFINE_AUTH_CHALLENGE, *sources.CREATE_AUTH_CHALLENGE, *sources.VERIFY_AUTH_CHALLENGE),
        frozenset({"try_again"}),
        {
            "SIGN_IN_LINKS_TABLE": "links",
            "SIGN_IN_LINK_MINUTES": "15",
            "MAGIC_LINK_URL": "https://app.example.com/sign-in",
            "SES_IDENTITY_ARN": "arn:aws:ses:us-east-1:123456789012:identity/example.com",
            "FROM_EMAIL_ADDRESS": "no-reply@example.com",
        },
    ),
    "pre_token_generation": Fuzzed(
        sources.PRE_TOKEN_GENERATION,
        frozenset({"try_again", "account_suspended"}),
        {"PROFILES_TABLE": "profiles", "AUDIT_TABLE": "audit"},
    ),
    "custom_message": Fuzzed(sources.CUSTOM_MESSAGE, frozenset()),
    "message_sender": Fuzzed(
        (*sources.CUSTOM_EMAIL_SENDER, *sources.CUSTOM_SMS_SENDER),
        frozenset({"try_again"}),
        {"KEY_ARN": KEY, "FROM_EMAIL_ADDRESS": "no-reply@example.com", "SES_IDENTITY_ARN": IDENTITY},
        {"code": encrypted_code()},
    ),
}


class Body(io.BytesIO):
    """A response's body, as botocore reads it."""

    def stream(self) -> list[bytes]:
        return [self.read()]


class Wire:
    """Answers every request of every client; `world` says how."""

    WORLDS = ("empty", "there", "suspended", "unreadable", "refused")

    def __init__(self) -> None:
        self.world = "empty"
        self.asked: set[str] = set()

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        target = request.headers.get("X-Amz-Target", b"")
        operation = (target.decode() if isinstance(target, bytes) else target).partition(".")[2]
        self.asked.add(operation)
        status, answer = self._answer(operation)
        raw: Any = Body(json.dumps(answer).encode())
        return AWSResponse(request.url, status, HTTPHeaders(), raw)

    def _answer(self, operation: str) -> tuple[int, dict[str, Any]]:
        item = {
            "there": PROFILE,
            "suspended": PROFILE | {"status": {"S": "suspended"}},
            "unreadable": {"sub": {"S": "a"}, "status": {"S": "tomorrow"}},
        }.get(self.world)
        if self.world == "refused":
            return 400, {"__type": "AccessDeniedException", "message": "no"}
        match operation:
            case "GetItem":
                return 200, {"Item": item} if item else {}
            case "PutItem" if item:
                return 400, {"__type": "ConditionalCheckFailedException", "message": "there", "Item": item}
            case "UpdateItem":
                return 200, {"Attributes": item or PROFILE}
            case "DescribeUserPoolClient" | "ListUsers" | "GetSecretValue" | "Decrypt":  # botocore takes what it knows
                return 200, {**CLIENT, **DECRYPTED, "SecretString": "secret", "Users": [USER] if item else []}
        return 200, {}


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    wire = Wire()
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(URLLib3Session, "send", lambda _self, request: wire.send(request))
    monkeypatch.setattr("time.sleep", lambda _seconds: None)  # magic_link answers everybody equally slowly
    return wire


def outcome(handler: Callable[[Event, None], Event], event: Event) -> Event | str:
    """What the handler answered, or the code that it refused with."""
    try:
        return handler(event, None)
    except Refusal as refusal:
        return refusal.code


@pytest.mark.parametrize("function", FUZZED)
def test_function_answers_any_event(function: str, load: Load, wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    fuzzed = FUZZED[function]
    handler = load(function.partition(",")[0], **fuzzed.environment).lambda_handler
    caplog.set_level(logging.INFO, "poolhouse")
    seen = set()

    @MANY
    @given(
        event=st.sampled_from(fuzzed.sources).flatmap(lambda source: broken_events(source, **fuzzed.members)),
        world=st.sampled_from(Wire.WORLDS),
    )
    def answers(event: Event, world: str) -> None:
        wire.world = world
        given = deepcopy(event)
        answer = outcome(handler, event)
        seen.add(answer if isinstance(answer, str) else "answered")
        assert event == given, "the event that came in was changed"
        if isinstance(answer, str):
            assert answer in fuzzed.refusals
        else:
            json.dumps(answer)  # Lambda does the same
            assert {**answer, "response": None} == {**event, "response": None}

    answers()
    assert seen == {"answered", *fuzzed.refusals}
    assert not [record for record in caplog.records if "ada@example.com" in str(vars(record))]
