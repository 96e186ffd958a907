"""Who sees what through the deployed API, and who is turned away."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from local import users
from local.stack import LocalStack
from tests.e2e.conftest import Api
from tests.e2e.tokens import claims_of, tampered

ROLES = ("member", "support", "admin", "machine")
OPEN_FIELDS = {"sub", "locale", "zone", "status", "created_at", "updated_at", "version"}
FULL = {"email": "other@example.com", "name": "Other Example", "phone": "+15555550100"}
MASKED = {"email": "o•••@example.com", "name": "O••• E•••", "phone": "•••00"}


@pytest.fixture(scope="module")
def other(stack: LocalStack) -> Iterator[str]:
    """The key of a profile that is nobody's here."""
    sub, now = "00000000-0000-4000-8000-000000000001", "2026-01-01T00:00:00.000Z"
    item = FULL | {"sub": sub, "locale": "en", "zone": "UTC", "status": "active", "created_at": now, "updated_at": now}
    dynamodb, table = stack.settings.client("dynamodb"), stack.outputs["ProfilesTable"]
    typed = {name: {"S": value} for name, value in item.items()} | {"version": {"N": "1"}}
    dynamodb.put_item(TableName=table, Item=typed)
    yield sub
    dynamodb.delete_item(TableName=table, Key={"sub": {"S": sub}})


@pytest.fixture(scope="module")
def tokens(stack: LocalStack, seeded: dict[str, users.User]) -> dict[str, str]:
    """An access token for each role."""
    return {role: users.access_token(stack, role) for role in ROLES}


@pytest.mark.parametrize(
    ("role", "status"), [("member", 200), ("support", 200), ("admin", 200), ("machine", 403)], ids=ROLES
)
def test_own_profile_is_shown_in_full(
    api: Api, seeded: dict[str, users.User], tokens: dict[str, str], role: str, status: int
) -> None:
    answer = api.get("/profile", tokens[role])

    assert answer.status_code == status
    if status == 200:
        shown = answer.json()
        assert shown.keys() == OPEN_FIELDS | FULL.keys()
        assert (shown["sub"], shown["email"]) == (seeded[role].sub, seeded[role].email)
        assert api.get(f"/profiles/{seeded[role].sub}", tokens[role]).json() == shown
    else:
        _assert_refused_for_want_of(answer, "profiles/read")


@pytest.mark.parametrize(
    ("role", "personal"),
    [("member", None), ("support", MASKED), ("admin", FULL), ("machine", {})],
    ids=ROLES,
)
def test_other_profile_is_shown_as_the_role_allows(
    api: Api, tokens: dict[str, str], other: str, role: str, personal: dict[str, str] | None
) -> None:
    answer = api.get(f"/profiles/{other}", tokens[role])

    if personal is None:
        _assert_refused_for_want_of(answer, "profiles/read.any")
        assert "other@" not in answer.text
    else:
        assert answer.status_code == 200
        assert answer.json().keys() == OPEN_FIELDS | personal.keys()
        assert {name: answer.json()[name] for name in personal} == personal


@pytest.mark.parametrize(("role", "status"), [("member", 403), ("support", 404), ("admin", 404), ("machine", 404)])
def test_missing_profile_is_not_told_to_who_may_not_read(
    api: Api, tokens: dict[str, str], role: str, status: int
) -> None:
    assert api.get("/profiles/nobody", tokens[role]).status_code == status


def test_no_token_is_401(api: Api) -> None:
    assert api.get("/profile").status_code == 401


def test_bad_tokens_are_refused(stack: LocalStack, api: Api, seeded: dict[str, users.User]) -> None:
    signed_in = users.sign_in(stack, seeded["member"].email, users.PASSWORD)
    good = signed_in["AccessToken"]
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    bad = {
        "garbage": "garbage",
        "two good ones": f"{good}, {good}",
        "ID token": signed_in["IdToken"],
        "refresh token": signed_in["RefreshToken"],
        "other groups": tampered(good, **{"cognito:groups": ["admin"], "scope": "profiles/read.any"}),
        "later end": tampered(good, exp=claims_of(good)["exp"] + 3600),
        "no signature": good.rsplit(".", 1)[0] + ".",
        "algorithm none": f"{unsigned}.{good.split('.')[1]}.",
        "non-canonical": good + "=",
        "expired": _expired_token(stack, seeded["member"]),
        "foreign pool": _foreign_token(stack),
    }
    assert api.get("/profile", good).status_code == 200

    verdicts = {name: api.get("/profile", token).status_code for name, token in bad.items()}

    assert set(verdicts.values()) <= {401, 403}, verdicts


@pytest.mark.parametrize(
    "path", ["/profile/", "//profile", "/PROFILE", "/profiles/", "/profiles//", "/profiles/x/y", "/"]
)
def test_path_variants_reach_nobody_else(api: Api, tokens: dict[str, str], path: str) -> None:
    answer = api.get(path, tokens["member"])

    # The emulator reads /profile/ as /profile; whatever a gateway makes of a path, it is the caller's profile or none.
    assert answer.status_code in {200, 403, 404}
    if answer.status_code == 200:
        assert answer.json()["sub"] == claims_of(tokens["member"])["sub"]


@pytest.mark.parametrize(
    "context",
    [
        None,
        {},
        {"lambda": {}},
        {"lambda": {"sub": "SUB", "roles": "admin", "scopes": "profiles/read profiles/read.any"}},
        {"jwt": {"claims": {"sub": "SUB", "token_use": "access"}}},
        {"lambda": None, "principalId": "SUB"},
    ],
)
def test_event_without_authorizer_context_names_nobody(
    stack: LocalStack, seeded: dict[str, users.User], context: dict[str, Any] | None
) -> None:
    request: dict[str, Any] = {"http": {"method": "GET", "path": "/profile"}, "stage": "$default"}
    if context is not None:
        request["authorizer"] = json.loads(json.dumps(context).replace("SUB", seeded["member"].sub))
    event = {
        "version": "2.0",
        "routeKey": "GET /profile",
        "rawPath": "/profile",
        "rawQueryString": "",
        "headers": {},
        "requestContext": request,
        "isBase64Encoded": False,
    }

    payload = stack.settings.client("lambda").invoke(
        FunctionName=stack.physical_id("ProfileApiFunction"), Payload=json.dumps(event).encode()
    )["Payload"]
    answer = json.load(payload)

    assert answer["statusCode"] == 401
    assert json.loads(answer["body"])["code"] == "unauthorized"
    assert "@example.com" not in answer["body"]


def test_function_denied_its_table_fails_without_a_trace_of_data(
    stack: LocalStack, api: Api, seeded: dict[str, users.User]
) -> None:
    """IAM is really on: a deny on the function's role is an AccessDenied in the function."""
    iam, role = stack.settings.client("iam"), stack.physical_id("ProfileApiRole")
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "dynamodb:*", "Resource": "*"}]}
    token = users.access_token(stack, "member")
    iam.put_role_policy(RoleName=role, PolicyName="test-deny", PolicyDocument=json.dumps(deny))
    try:
        answer = api.get("/profile", token)
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="test-deny")

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    log = stack.settings.client("logs").filter_log_events(logGroupName="/poolhouse/poolhouse/profile_api")["events"]
    assert any("AccessDenied" in event["message"] for event in log)
    assert api.get("/profile", token).status_code == 200


def test_preflight_allows_the_configured_origin_only(api: Api) -> None:
    allowed = api.preflight("/profile", "http://localhost:5173", "PATCH")
    assert allowed.status_code in {200, 204}
    assert allowed.headers["access-control-allow-origin"] == "http://localhost:5173"
    assert "if-match" in allowed.headers["access-control-allow-headers"].lower()
    assert {"GET", "PATCH", "POST", "DELETE"} <= {
        method.strip() for method in allowed.headers["access-control-allow-methods"].split(",")
    }

    refused = api.preflight("/profile", "https://evil.example", "PATCH")
    assert "access-control-allow-origin" not in refused.headers


def _assert_refused_for_want_of(answer: Any, scope: str) -> None:
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == f'Bearer error="insufficient_scope", scope="{scope}"'
    assert answer.json()["code"] == "insufficient_scope"
    assert scope in answer.json()["detail"]


def _expired_token(stack: LocalStack, user: users.User) -> str:
    # The emulator takes a life of one second, which AWS would refuse.
    cognito, pool = stack.settings.client("cognito-idp"), stack.outputs["UserPoolId"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool,
        ClientName="short-lived",
        ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH"],
        AccessTokenValidity=1,
        TokenValidityUnits={"AccessToken": "seconds"},
    )["UserPoolClient"]
    return users.sign_in(stack, user.email, users.PASSWORD, client["ClientId"])["AccessToken"]


def _foreign_token(stack: LocalStack) -> str:
    cognito = stack.settings.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="foreign")["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool, ClientName="foreign", ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    cognito.admin_create_user(UserPoolId=pool, Username="eve", MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username="eve", Password=users.PASSWORD, Permanent=True)
    result = cognito.admin_initiate_auth(
        UserPoolId=pool,
        ClientId=client,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "eve", "PASSWORD": users.PASSWORD},
    )
    token: str = result["AuthenticationResult"]["AccessToken"]
    return token
