"""Every sample event goes through its function. A file under ``events/`` that no test answers for fails the suite."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.session import Session
from botocore.stub import Stubber
from poolhouse.gateway.authorizer import UnknownEventError
from poolhouse.gateway.rest_api import UnauthorizedError
from poolhouse.profiles.pages import to_cursor
from poolhouse.triggers import Refusal

from tests.unit.functions.conftest import Load
from tests.unit.functions.old_directory import SECRET, DirectoryServer
from tests.unit.functions.samples import sample, sample_names
from tests.unit.functions.signing import POOL, access_token
from tests.unit.pools.pool_server import POOL as POOL_OF_SAMPLES
from tests.unit.pools.pool_server import RECORD, Pool, PoolServer
from tests.unit.pools.stubbed_pool import StubbedPool, told
from tests.unit.profiles.stubbed_table import LINKS_TABLE, MARKER, StubbedTable
from tests.unit.triggers.stubbed_mail import StubbedMail
from tests.unit.triggers.stubbed_sender import IDENTITY, KEY, StubbedSender

Event = dict[str, Any]

ADA = "aaaaaaaa-0000-4000-8000-000000000001"
SUPPORTER = "dddddddd-0000-4000-8000-000000000003"
WEB = "1example23456789"
PROFILE = {
    "sub": ADA,
    "status": "active",
    "created_at": "2026-01-01T00:00:00.000Z",
    "updated_at": "2026-01-01T00:00:00.000Z",
    "version": 1,
    "email": "ada@example.com",
    "name": "Ada Example",
}
SAML_USER = {"email": "ada@example.com", "given_name": "Ada", "family_name": "Example"}
OPENID_USER = {**SAML_USER, "sub": "1000", "email_verified": "true", "name": "Ada Example"}
ALL_SCOPES = [
    f"profiles/{name}" for name in ("delete.any", "read", "read.any", "read.personal", "suspend", "write", "write.any")
]


@dataclass(frozen=True)
class House:
    load: Load
    table: StubbedTable
    pool: StubbedPool
    mail: StubbedMail
    keys_url: str


@pytest.fixture
def house(load: Load, table: StubbedTable, pool: StubbedPool, mail: StubbedMail, keys_url: str) -> House:
    return House(load, table, pool, mail, keys_url)


def check_allowed_sign_up(house: House, event: Event) -> None:
    app = house.load("pre_sign_up", ALLOWED_EMAIL_DOMAINS="example.com", BLOCKED_EMAIL_DOMAINS="blocked.example")
    assert app.lambda_handler(event, None) == event


def check_blocked_sign_up(house: House, event: Event) -> None:
    app = house.load("pre_sign_up", BLOCKED_EMAIL_DOMAINS="blocked.example")
    with pytest.raises(Refusal, match="^email_domain_refused: "):
        app.lambda_handler(event, None)


def check_linked_identity(house: House, event: Event) -> None:
    app = house.load("pre_sign_up", TRUSTED_IDENTITY_PROVIDERS="ExampleIdP")
    house.pool.will_list_users("ada@example.com", [told(ADA)])
    house.pool.will_link(ADA, "ExampleIdP", "1000")
    with pytest.raises(Refusal, match="^account_linked_try_again: "):
        app.lambda_handler(event, None)


def check_inbound_attributes(**kept: str) -> Callable[[House, Event], None]:
    def check(house: House, event: Event) -> None:
        names = "email,email_verified,name,given_name,family_name,groups=custom:groups"
        answer = house.load("inbound_federation", FEDERATED_ATTRIBUTES=names).lambda_handler(event, None)
        assert answer == {**event, "response": {"userAttributesToMap": kept}}

    return check


def check_confirmation(house: House, event: Event) -> None:
    house.table.will_create(PROFILE)
    assert house.load("post_confirmation").lambda_handler(event, None) == event


def check_password_reset(house: House, event: Event) -> None:
    record = {"sub": ADA, "action": "password_reset", "actor": ADA, "role": "member", "fields": []}
    house.table.will_record(record, MARKER)  # first: nobody makes up for it
    house.table.will_create(PROFILE)
    assert house.load("post_confirmation").lambda_handler(event, None) == event


def check_picture_form(house: House, event: Event) -> None:
    house.table.will_get(ADA, PROFILE)
    status, form = call_api(house, event, PICTURES_BUCKET="pictures")
    assert (status, form["fields"]["key"]) == (200, f"{ADA}/me.jpg")


def check_pre_authentication(sub: str, profile: dict[str, Any] | None) -> Callable[[House, Event], None]:
    def check(house: House, event: Event) -> None:
        house.table.will_get(sub, profile)
        assert house.load("pre_authentication").lambda_handler(event, None) == event

    return check


def check_post_authentication(house: House, event: Event) -> None:
    house.table.will_record_sign_in(ADA)
    assert house.load("post_authentication").lambda_handler(event, None) == event


def check_user_token(add: list[str], suppress: list[str]) -> Callable[[House, Event], None]:
    def check(house: House, event: Event) -> None:
        house.table.will_get(ADA, PROFILE)
        house.pool.will_describe_client(WEB, ["openid", "email", *ALL_SCOPES])
        answer = house.load("pre_token_generation").lambda_handler(event, None)
        assert answer["response"] == {
            "claimsAndScopeOverrideDetails": {
                "accessTokenGeneration": {"scopesToAdd": add, "scopesToSuppress": suppress},
                "groupOverrideDetails": event["request"]["groupConfiguration"],
            }
        }
        assert {**answer, "response": event["response"]} == event

    return check


def check_v1_token(house: House, event: Event) -> None:
    # A pool of the Lite plan: access tokens cannot be changed, so the app client is not asked for.
    house.table.will_get(ADA, PROFILE)
    assert house.load("pre_token_generation").lambda_handler(event, None) == event


def check_machine_token(house: House, event: Event) -> None:
    assert house.load("pre_token_generation").lambda_handler(event, None) == event


def authorize(house: House, event: Event) -> dict[str, Any]:
    app = house.load("authorizer", USER_POOL_ID=POOL, CLIENT_IDS=WEB, AWS_ENDPOINT_URL=house.keys_url)
    answer: dict[str, Any] = app.lambda_handler(event, None)
    return answer


def with_token(event: Event) -> Event:
    """The event with a good token: a file cannot hold one that is valid when the test runs."""
    return cast("Event", json.loads(json.dumps(event).replace("header.payload.signature", access_token())))


def check_authorized(house: House, event: Event) -> None:
    answer = authorize(house, with_token(event))
    assert answer["isAuthorized"] is True
    assert (answer.get("context") or answer["resolverContext"])["sub"] == ADA


def check_policy(resource: str) -> Callable[[House, Event], None]:
    def check(house: House, event: Event) -> None:
        answer = authorize(house, with_token(event))
        (statement,) = answer["policyDocument"]["Statement"]
        arn = f"arn:aws:execute-api:us-east-1:123456789012:abcdef1234/{resource}"
        assert statement == {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": arn}
        assert (answer["principalId"], answer["context"]["sub"]) == (ADA, ADA)

    return check


def check_not_authorized(house: House, event: Event) -> None:
    assert authorize(house, event) == {"isAuthorized": False}


def check_unauthorized_connection(house: House, event: Event) -> None:
    with pytest.raises(UnauthorizedError, match="^Unauthorized$"):
        authorize(house, with_token(event))


def check_unknown_event(house: House, event: Event) -> None:
    with pytest.raises(UnknownEventError):
        authorize(house, with_token(event))


def call_api(house: House, event: Event, **environment: str) -> tuple[int, Any]:
    context = SimpleNamespace(
        function_name="profile_api",
        function_version="$LATEST",
        memory_limit_in_mb=512,
        invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:profile_api",
        aws_request_id="ffffffff-0000-4000-8000-000000000009",
    )
    answer = house.load("profile_api", **environment).lambda_handler(event, context)
    return answer["statusCode"], json.loads(answer["body"] or "null")


def check_own_profile(house: House, event: Event) -> None:
    house.table.will_get(ADA, PROFILE)
    assert call_api(house, event) == (200, PROFILE)


def check_another_profile(house: House, event: Event) -> None:
    house.table.will_get(SUPPORTER, None)
    house.table.will_get(ADA, PROFILE)
    assert call_api(house, event) == (200, {**PROFILE, "email": "a•••@example.com", "name": "A••• E•••"})


def check_change(sub: str, changes: dict[str, Any], done: str, role: str) -> Callable[[House, Event], None]:
    """The event's caller changes a profile: one transaction, with its record."""

    def check(house: House, event: Event) -> None:
        caller = event["requestContext"]["authorizer"]["lambda"]["sub"]
        if caller != sub:
            house.table.will_get(caller, None)
        house.table.will_get(sub, PROFILE)
        house.table.will_change(PROFILE, changes, {"action": done, "actor": caller, "role": role})
        status, profile = call_api(house, event)
        assert (status, profile["version"]) == (200, 2)

    return check


def check_reinstating(house: House, event: Event) -> None:
    suspended = {**PROFILE, "status": "suspended"}
    house.table.will_get(SUPPORTER, None)
    house.table.will_get(ADA, suspended)
    record = {"action": "profile_reinstated", "actor": SUPPORTER, "role": "support"}
    house.table.will_change(suspended, {"status": "active"}, record)
    assert call_api(house, event)[1]["status"] == "active"


def check_deletion(role: str) -> Callable[[House, Event], None]:
    def check(house: House, event: Event) -> None:
        caller = event["requestContext"]["authorizer"]["lambda"]["sub"]
        if caller != ADA:
            house.table.will_get(caller, None)
        house.table.will_get(ADA, PROFILE)
        house.table.will_delete(PROFILE, {"action": "profile_deleted", "actor": caller, "role": role})
        assert call_api(house, event) == (204, None)

    return check


def check_list(house: House, event: Event) -> None:
    house.table.will_get(SUPPORTER, None)
    house.table.will_scan(10, [PROFILE], ADA)
    masked = {**PROFILE, "email": "a•••@example.com", "name": "A••• E•••"}
    assert call_api(house, event) == (200, {"profiles": [masked], "cursor": to_cursor(ADA)})


def check_search(house: House, event: Event) -> None:
    house.table.will_get(SUPPORTER, None)
    house.table.will_find_by_email("ada@example.com", [ADA])
    house.table.will_get(ADA, PROFILE)
    status, page = call_api(house, event)
    assert (status, [profile["sub"] for profile in page["profiles"]]) == (200, [ADA])


def check_audit(house: House, event: Event) -> None:
    record = {"sub": ADA, "action": "password_reset", "actor": ADA, "role": "member", "fields": [], "at": "2026-01-02"}
    house.table.will_get(SUPPORTER, None)
    house.table.will_read_records(ADA, 25, [record])
    assert call_api(house, event) == (200, {"records": [record], "cursor": None})


def check_stale_change(house: House, event: Event) -> None:
    house.table.will_get(SUPPORTER, None)
    house.table.will_get(ADA, PROFILE)
    status, problem = call_api(house, event)
    assert (status, problem["code"]) == (412, "version_mismatch")


def check_change_without_version(house: House, event: Event) -> None:
    status, problem = call_api(house, event)
    assert (status, problem["code"]) == (428, "version_required")


def check_docs(content_type: str, part: str) -> Callable[[House, Event], None]:
    def check(house: House, event: Event) -> None:
        app = house.load("api_docs", CLIENT_ID="web", SIGN_IN_URL="https://sign-in.example.com")
        answer = app.lambda_handler(event, None)
        assert (answer["statusCode"], answer["headers"]["Content-Type"]) == (200, content_type)
        assert part in answer["body"]

    return check


def check_unauthorized(house: House, event: Event) -> None:
    status, problem = call_api(house, event)
    assert (status, problem["code"]) == (401, "unauthorized")


def check_user_migration(members: set[str], status: str | None) -> Callable[[House, Event], None]:
    def check(house: House, event: Event) -> None:
        attributes = {"email": "ada@example.com", "email_verified": "true"}
        secret = Stubber(Session().create_client("secretsmanager", region_name="us-east-1"))
        secret.add_response("get_secret_value", {"SecretString": SECRET}, {"SecretId": "arn"})
        with DirectoryServer().running() as server, secret, pytest.MonkeyPatch.context() as patch:
            patch.setattr("poolhouse.aws.secrets_manager", lambda: secret.client)
            server.users["ada@example.com"] = ("an-example-password", attributes)
            app = house.load("user_migration", USER_MIGRATION_URL=server.url, USER_MIGRATION_SECRET_ARN="arn")
            response = app.lambda_handler(event, None)["response"]
        assert set(server.asked[0]) == members
        assert (response["userAttributes"], response["finalUserStatus"]) == (attributes, status)

    return check


def check_message(house: House, event: Event) -> None:
    response = house.load("custom_message").lambda_handler(event, None)["response"]
    assert all("{####}" in response[member] for member in ("emailMessage", "smsMessage"))
    assert response["emailSubject"]


def check_sent_message(house: House, event: Event) -> None:
    request = event["request"]
    with StubbedSender.of_test() as services, pytest.MonkeyPatch.context() as patch:
        if request["code"]:  # a file cannot hold one that the test's key decrypts
            request["code"] = services.encrypted("123456")
            services.will_decrypt()
        services.will_send_anything(event["triggerSource"])
        for service in ("kms", "sns"):
            patch.setattr(f"poolhouse.aws.{service}", lambda service=service: getattr(services, service))
        patch.setattr("poolhouse.aws.ses", lambda _region: services.ses)
        app = house.load(
            "message_sender", KEY_ARN=KEY, FROM_EMAIL_ADDRESS="no-reply@example.com", SES_IDENTITY_ARN=IDENTITY
        )
        assert app.lambda_handler(event, None) == {**event, "response": {}}


def answer_magic_link(house: House, event: Event) -> dict[str, Any]:
    app = house.load(
        "magic_link",
        SIGN_IN_LINKS_TABLE=LINKS_TABLE,
        SIGN_IN_LINK_MINUTES="15",
        MAGIC_LINK_URL="https://app.example.com/sign-in",
        SES_IDENTITY_ARN="arn:aws:ses:us-east-1:123456789012:identity/example.com",
        FROM_EMAIL_ADDRESS="no-reply@example.com",
    )
    answer = app.lambda_handler(event, None)
    assert {**answer, "response": event["response"]} == event
    response: dict[str, Any] = answer["response"]
    return response


def check_defined(**response: object) -> Callable[[House, Event], None]:
    def check(house: House, event: Event) -> None:
        assert answer_magic_link(house, event) == {"challengeName": None, **response}

    return check


def check_link_made(*, mailed: bool) -> Callable[[House, Event], None]:
    def check(house: House, event: Event) -> None:
        house.table.will_take_turns(True)
        house.table.will_keep_link()
        if mailed:
            house.mail.will_send()
        response = answer_magic_link(house, event)
        assert response["publicChallengeParameters"]["challenge"] == "sign_in_link"
        assert len(house.mail.sent) == mailed

    return check


def check_link_made_before(house: House, event: Event) -> None:
    salt = event["request"]["session"][-1]["challengeMetadata"].split()[1]
    assert answer_magic_link(house, event)["privateChallengeParameters"] == {"salt": salt}


def check_answer(*, there: bool, right: bool) -> Callable[[House, Event], None]:
    def check(house: House, event: Event) -> None:
        house.table.will_use_link(there)
        assert answer_magic_link(house, event) == {"answerCorrect": right}

    return check


def check_custom_resource(before: dict[str, str], after: dict[str, str], status: str) -> Callable[[House, Event], None]:
    """What is in the pool before and after; before a Delete and an Update, the Create went through the function."""

    def check(house: House, event: Event) -> None:
        pool = Pool({"LambdaConfig": before})
        context = SimpleNamespace(get_remaining_time_in_millis=lambda: 60_000)
        with PoolServer({POOL_OF_SAMPLES: pool}).running() as server, pytest.MonkeyPatch.context() as patch:
            services = {"user_pools": "cognito-idp", "parameters": "ssm", "stacks": "cloudformation"}
            for name, service in services.items():
                patch.setattr(f"poolhouse.aws.{name}", lambda service=service: server.client(service))
            app = house.load("attach_triggers", RECORD_PARAMETER=RECORD)
            first = sample("attach_triggers/create")
            for request in [first, event] if event["RequestType"] in {"Update", "Delete"} else [event]:
                request["ResponseURL"] = f"{server.url}/answer"
                server.status = status if request is event else "CREATE_IN_PROGRESS"
                answer = app.lambda_handler(request, context)
        assert pool.settings["LambdaConfig"] == after
        if event["RequestType"] == "Plan":
            assert "+++ the pool with Poolhouse" in answer["diff"]
        else:
            assert {each["Status"] for each in server.responses} == {"SUCCESS"}
            assert {each["PhysicalResourceId"] for each in server.responses} == {"attached-triggers"}

    return check


THEIRS = {"UserMigration": "arn:aws:lambda:us-east-1:123456789012:function:theirs"}
OURS = {
    name: f"arn:aws:lambda:us-east-1:123456789012:function:poolhouse-{name}Function-EXAMPLE"
    for name in ("PreSignUp", "PostConfirmation")
}
CHECKS: dict[str, Callable[[House, Event], None]] = {
    "attach_triggers/create": check_custom_resource(THEIRS, {**THEIRS, **OURS}, "CREATE_IN_PROGRESS"),
    "attach_triggers/update": check_custom_resource(
        THEIRS, {**THEIRS, "PreSignUp": OURS["PreSignUp"]}, "UPDATE_IN_PROGRESS"
    ),
    "attach_triggers/delete": check_custom_resource(THEIRS, THEIRS, "DELETE_IN_PROGRESS"),
    "attach_triggers/plan": check_custom_resource(THEIRS, THEIRS, "CREATE_COMPLETE"),
    "authorizer/appsync": check_authorized,
    "authorizer/http_api": check_authorized,
    "authorizer/http_api_1_0": check_policy("$default/*"),
    "authorizer/no_such_token": check_not_authorized,
    "authorizer/rest_request": check_policy("prod/*"),
    "authorizer/rest_token": check_policy("prod/*"),
    "authorizer/unknown_event": check_unknown_event,
    "authorizer/websocket_connect": check_policy("prod/$connect"),
    "authorizer/websocket_token_in_query": check_unauthorized_connection,
    **dict.fromkeys((name for name in sample_names() if name.startswith("custom_message/")), check_message),
    **dict.fromkeys((name for name in sample_names() if name.startswith("message_sender/")), check_sent_message),
    "magic_link/create_after_wrong_answer": check_link_made_before,
    "magic_link/create_first": check_link_made(mailed=True),
    "magic_link/create_unknown_user": check_link_made(mailed=False),
    "magic_link/define_after_right_answer": check_defined(issueTokens=True, failAuthentication=False),
    "magic_link/define_after_three_wrong_answers": check_defined(issueTokens=False, failAuthentication=True),
    "magic_link/define_after_wrong_answer": check_defined(
        challengeName="CUSTOM_CHALLENGE", issueTokens=False, failAuthentication=False
    ),
    "magic_link/define_first": check_defined(
        challengeName="CUSTOM_CHALLENGE", issueTokens=False, failAuthentication=False
    ),
    "magic_link/define_unknown_user": check_defined(
        challengeName="CUSTOM_CHALLENGE", issueTokens=False, failAuthentication=False
    ),
    "magic_link/verify": check_answer(there=True, right=True),
    "magic_link/verify_unknown_user": check_answer(there=True, right=False),
    "post_authentication/authentication": check_post_authentication,
    "inbound_federation/external_provider": check_inbound_attributes(**OPENID_USER),
    "inbound_federation/external_provider_google": check_inbound_attributes(**OPENID_USER),
    "inbound_federation/external_provider_saml": check_inbound_attributes(
        **SAML_USER, **{"custom:groups": "Engineering,Domain Admins"}
    ),
    "post_confirmation/confirm_forgot_password": check_password_reset,
    "post_confirmation/confirm_sign_up": check_confirmation,
    "pre_authentication/authentication": check_pre_authentication(ADA, PROFILE),
    "pre_authentication/authentication_unknown_user": check_pre_authentication("unknown", None),
    "pre_sign_up/admin_create_user": check_allowed_sign_up,
    "pre_sign_up/blocked_domain": check_blocked_sign_up,
    "pre_sign_up/external_provider": check_allowed_sign_up,
    "pre_sign_up/external_provider_verified": check_linked_identity,
    "pre_sign_up/sign_up": check_allowed_sign_up,
    "pre_token_generation/authenticate_device": check_user_token(["profiles/read", "profiles/write"], []),
    "pre_token_generation/authentication": check_user_token(["profiles/read", "profiles/write"], []),
    "pre_token_generation/authentication_v1": check_v1_token,
    "pre_token_generation/authentication_v3": check_user_token(["profiles/read", "profiles/write"], []),
    "pre_token_generation/client_credentials": check_machine_token,
    "pre_token_generation/hosted_auth": check_user_token([], ["profiles/delete.any"]),
    "pre_token_generation/hosted_auth_federated": check_user_token([], []),
    "pre_token_generation/new_password_challenge": check_user_token(ALL_SCOPES, []),
    "pre_token_generation/refresh_tokens": check_user_token(
        ["profiles/read", "profiles/read.any", "profiles/suspend", "profiles/write"], []
    ),
    "api_docs/file": check_docs("application/json", "https://sign-in.example.com/oauth2/token"),
    "api_docs/page": check_docs("text/html; charset=utf-8", "docs/start.js"),
    "profile_api/change_own_profile": check_change(ADA, {"zone": "Europe/Zurich"}, "profile_changed", "member"),
    "profile_api/change_own_profile_without_version": check_change_without_version,
    "profile_api/change_profile": check_change(ADA, {"name": "Ada King"}, "profile_changed", "admin"),
    "profile_api/change_profile_in_an_older_version": check_stale_change,
    "profile_api/delete_own_profile": check_deletion("member"),
    "profile_api/delete_profile": check_deletion("admin"),
    "profile_api/get_profile_audit": check_audit,
    "profile_api/list_profiles": check_list,
    "profile_api/reinstate_profile": check_reinstating,
    "profile_api/search_profiles": check_search,
    "profile_api/make_picture_form": check_picture_form,
    "profile_api/suspend_profile": check_change(ADA, {"status": "suspended"}, "profile_suspended", "support"),
    "profile_api/get_own_profile": check_own_profile,
    "profile_api/get_profile": check_another_profile,
    "profile_api/no_authorizer_context": check_unauthorized,
    "user_migration/authentication": check_user_migration({"username", "password"}, "CONFIRMED"),
    "user_migration/forgot_password": check_user_migration({"username"}, None),
}


@pytest.mark.parametrize("name", sorted({*CHECKS, *sample_names()}))
def test_function_answers_sample_event(name: str, house: House, caplog: pytest.LogCaptureFixture) -> None:
    assert name in CHECKS, f"no test answers for events/{name}.json: add it to CHECKS"
    CHECKS[name](house, sample(name))
    # A trigger that goes on after a failure of its own, or an unknown source, would answer as if all were well.
    assert [record.getMessage() for record in caplog.records if record.levelname in {"WARNING", "ERROR"}] == []


@pytest.mark.parametrize("name", sample_names())
def test_sample_event_holds_no_address_outside_example_domains(name: str) -> None:
    text = json.dumps(sample(name))
    assert text.count("@") == text.count("@example.com") + text.count("@blocked.example")


@pytest.mark.parametrize("name", [name for name in sample_names() if "userPoolId" in sample(name)])
def test_sample_event_of_trigger_has_common_members(name: str) -> None:
    event = sample(name)
    assert event.keys() | {"response"} == {  # the senders' events have none
        "version",
        "region",
        "userPoolId",
        "userName",
        "callerContext",
        "triggerSource",
        "request",
        "response",
    }
    assert (event["region"], event["userPoolId"]) == ("us-east-1", POOL)
    assert event["callerContext"].keys() == {"awsSdkVersion", "clientId"}
