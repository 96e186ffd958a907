"""Who is turned away by the deployed API. Who sees and does what: test_access_table.py."""

import base64
import json
import time

from local import users
from local.stack import LocalStack
from tests.e2e.conftest import Api
from tests.e2e.tokens import claims_of, tampered


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


def test_function_denied_its_table_fails_without_a_trace_of_data(
    stack: LocalStack, api: Api, seeded: dict[str, users.User]
) -> None:
    """IAM is really on: a deny on the function's role is an AccessDenied in the function."""
    iam, role = stack.settings.client("iam"), stack.physical_id("ProfileApiRole")
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "dynamodb:*", "Resource": "*"}]}
    token = users.access_token(stack, "member")
    begun = int(time.time() * 1000)
    iam.put_role_policy(RoleName=role, PolicyName="test-deny", PolicyDocument=json.dumps(deny))
    try:
        answer = api.get("/profile", token)
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="test-deny")

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    log = stack.settings.client("logs").filter_log_events(
        logGroupName="/poolhouse/poolhouse/profile_api", startTime=begun
    )
    assert any("AccessDenied" in event["message"] for event in log["events"])
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
