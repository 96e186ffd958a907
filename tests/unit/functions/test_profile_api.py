import json
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.unit.functions.conftest import Load
from tests.unit.functions.samples import sample
from tests.unit.pools.stubbed_pool import StubbedPool
from tests.unit.profiles.stubbed_table import StubbedTable

ADA = "aaaaaaaa-0000-4000-8000-000000000001"
SUPPORTER = "dddddddd-0000-4000-8000-000000000003"
PROFILE = {
    "sub": ADA,
    "email": "ada@example.com",
    "name": "Ada Exämple",
    "status": "active",
    "created_at": "2026-01-01T00:00:00.000Z",
    "updated_at": "2026-01-01T00:00:00.000Z",
    "version": 1,
}
CONTEXT = SimpleNamespace(
    function_name="profile_api",
    function_version="$LATEST",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:profile_api",
    aws_request_id="ffffffff-0000-4000-8000-000000000009",
)


@pytest.fixture
def api(load: Load, table: StubbedTable) -> ModuleType:
    return load("profile_api")


def own(**context: Any) -> dict[str, Any]:
    return with_context(sample("profile_api/get_own_profile"), **context)


def another(**context: Any) -> dict[str, Any]:
    return with_context(sample("profile_api/get_profile"), **context)


def with_context(event: dict[str, Any], **context: Any) -> dict[str, Any]:
    event["requestContext"]["authorizer"]["lambda"] |= context
    return event


def problem(answer: dict[str, Any]) -> tuple[int, str]:
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert answer["headers"]["Cache-Control"] == "no-store"
    document = json.loads(answer["body"])
    assert document["status"] == answer["statusCode"]
    assert document["type"] == f"urn:poolhouse:problem:{document['code']}"
    return answer["statusCode"], document["code"]


def test_profile_api_answers_with_own_profile(api: ModuleType, table: StubbedTable) -> None:
    table.will_get(ADA, PROFILE)
    answer = api.lambda_handler(own(), CONTEXT)
    assert answer["statusCode"] == 200
    assert answer["headers"] == {"Content-Type": "application/json", "Cache-Control": "no-store", "ETag": '"1"'}
    assert answer["isBase64Encoded"] is False
    assert "Ada Exämple" in answer["body"]
    assert json.loads(answer["body"]) == PROFILE


def test_profile_api_reads_the_profile_that_the_path_names(api: ModuleType, table: StubbedTable) -> None:
    table.will_get(SUPPORTER, None)
    table.will_get("b2", {**PROFILE, "sub": "b2"})
    answer = api.lambda_handler({**another(), "rawPath": "/profiles/b2"}, CONTEXT)
    assert json.loads(answer["body"])["sub"] == "b2"


def test_profile_api_refuses_member_another_profile(api: ModuleType) -> None:
    answer = api.lambda_handler(another(roles=""), CONTEXT)
    assert problem(answer) == (403, "insufficient_scope")
    assert answer["headers"]["WWW-Authenticate"] == 'Bearer error="insufficient_scope", scope="profiles/read.any"'


def test_profile_api_says_that_there_is_no_profile(api: ModuleType, table: StubbedTable) -> None:
    table.will_get(SUPPORTER, None)
    table.will_get(ADA, None)
    assert problem(api.lambda_handler(another(), CONTEXT)) == (404, "profile_not_found")


def test_profile_api_refuses_suspended_caller(api: ModuleType, table: StubbedTable) -> None:
    table.will_get(ADA, {**PROFILE, "status": "suspended"})
    answer = api.lambda_handler(own(), CONTEXT)
    assert problem(answer) == (403, "account_suspended")
    assert "ada@example.com" not in answer["body"]


@pytest.mark.parametrize(
    "context",
    [{"exp": 1700000000}, {"token_use": "id"}, {"sub": ""}, {"sub": None}, {"principal_type": "root"}],
    ids=str,
)
def test_profile_api_refuses_context_that_names_nobody(api: ModuleType, context: dict[str, Any]) -> None:
    answer = api.lambda_handler(own(**context), CONTEXT)
    assert problem(answer) == (401, "unauthorized")
    assert answer["headers"]["WWW-Authenticate"] == 'Bearer error="invalid_token"'


@pytest.mark.parametrize("case", ["get_own_profile", "get_profile"])
@pytest.mark.parametrize("authorizer", [None, {}, {"lambda": None}, {"jwt": {"claims": {"sub": ADA}}}], ids=str)
def test_profile_api_invents_no_identity_for_forged_event(
    api: ModuleType, case: str, authorizer: dict[str, Any] | None
) -> None:
    event = sample(f"profile_api/{case}")
    event["requestContext"]["authorizer"] = authorizer
    # What a forger would also write: an identity where other kinds of event have it.
    event["requestContext"]["identity"] = {"cognitoIdentityId": ADA, "user": ADA}
    event["headers"]["x-user-id"] = ADA
    assert problem(api.lambda_handler(event, CONTEXT)) == (401, "unauthorized")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/profile"),
        ("GET", "/"),
        ("PUT", "/profile"),
        ("POST", "/profiles"),
        ("GET", "/profiles/"),
        ("POST", f"/profiles/{ADA}/delete"),
        ("GET", "/profile/x"),
        ("GET", f"/profiles/{ADA}/email"),
        ("GET", f"/v1/profiles/{ADA}"),
    ],
)
def test_profile_api_has_no_other_route(api: ModuleType, method: str, path: str) -> None:
    event = {**own(), "rawPath": path}
    event["requestContext"]["http"] |= {"method": method, "path": path}
    assert problem(api.lambda_handler(event, CONTEXT)) == (404, "no_such_route")


def test_profile_api_says_nothing_of_its_failures(
    load: Load, table: StubbedTable, capsys: pytest.CaptureFixture[str]
) -> None:
    api = load("profile_api")  # here and not in a fixture: the logger writes to the output that it finds
    table.will_fail("get_item", "AccessDeniedException", "cannot read ada@example.com")
    answer = api.lambda_handler(own(), CONTEXT)
    assert problem(answer) == (500, "internal_error")
    output = capsys.readouterr()
    failure, refusal, _metrics = (json.loads(line) for line in output.out.splitlines())
    assert (failure["level"], failure["message"]) == ("ERROR", "the request failed")
    assert failure["error"].startswith("ClientError AccessDeniedException ")
    assert (refusal["code"], refusal["status"]) == ("internal_error", 500)
    for text in (answer["body"], output.out, output.err):
        assert "cannot read" not in text
        assert "ada@example.com" not in text


@pytest.mark.parametrize(
    ("roles", "metric", "lines"), [("support", "ProfileRead", 1), ("", "Problem403", 2)], ids=["allowed", "refused"]
)
def test_profile_api_logs_json_without_token_or_personal_data(
    load: Load, table: StubbedTable, capsys: pytest.CaptureFixture[str], roles: str, metric: str, lines: int
) -> None:
    api = load("profile_api")
    if roles:
        table.will_get(SUPPORTER, {**PROFILE, "sub": SUPPORTER, "email": "bob@example.com"})
        table.will_get(ADA, PROFILE)
    api.lambda_handler(another(roles=roles), CONTEXT)
    output = capsys.readouterr().out
    logged = [json.loads(line) for line in output.splitlines()]
    assert len(logged) == lines
    assert logged[-1][metric] == [1.0]
    for hidden in ("header.payload.signature", "ada@example.com", "bob@example.com", "Ada"):
        assert hidden not in output


def test_profile_api_carries_nothing_over_to_the_next_call(api: ModuleType, table: StubbedTable) -> None:
    table.will_get(ADA, PROFILE)
    assert api.lambda_handler(own(), CONTEXT)["statusCode"] == 200
    assert api.lambda_handler(sample("profile_api/no_authorizer_context"), CONTEXT)["statusCode"] == 401


@pytest.mark.parametrize(
    "code", ["ProvisionedThroughputExceededException", "ThrottlingException", "InternalServerError"]
)
def test_profile_api_asks_for_patience_while_dynamodb_is_busy(api: ModuleType, table: StubbedTable, code: str) -> None:
    table.will_fail("get_item", code)
    answer = api.lambda_handler(own(), CONTEXT)
    assert problem(answer) == (503, "try_again")
    assert answer["headers"]["Retry-After"] == "2"


@pytest.mark.parametrize("event", [{}, {"Records": []}, {"rawPath": "/profile"}, {"rawPath": 3, "requestContext": {}}])
def test_profile_api_refuses_what_is_no_request(api: ModuleType, event: dict[str, Any]) -> None:
    assert problem(api.lambda_handler(event, CONTEXT)) == (400, "not_a_request")


def test_profile_api_answers_deletion_with_nothing(api: ModuleType, table: StubbedTable) -> None:
    table.will_get(ADA, PROFILE)
    table.will_delete(PROFILE, {"action": "profile_deleted", "actor": ADA, "role": "member"})
    answer = api.lambda_handler(sample("profile_api/delete_own_profile"), CONTEXT)
    assert (answer["statusCode"], answer["body"], answer["headers"]["Cache-Control"]) == (204, "", "no-store")


@pytest.mark.parametrize(
    ("query", "code"),
    [("limit=0", "invalid_parameter"), ("limit=ten", "invalid_parameter"), ("cursor=%21", "invalid_parameter")],
)
def test_profile_api_refuses_page_that_is_none(api: ModuleType, query: str, code: str) -> None:
    event = sample("profile_api/list_profiles")
    name, value = query.split("=")
    event |= {"rawQueryString": query, "queryStringParameters": {name: value}}
    assert problem(api.lambda_handler(event, CONTEXT)) == (400, code)


@pytest.mark.parametrize(
    ("how", "call"), [("disable", "admin_disable_user"), ("delete", "admin_delete_user")], ids=["disable", "delete"]
)
def test_profile_api_takes_the_user_out_of_the_pool_by_parameter(
    load: Load, table: StubbedTable, pool: StubbedPool, how: str, call: str
) -> None:
    api = load("profile_api", DELETED_USERS=how)
    table.will_get(ADA, PROFILE)
    table.will_delete(PROFILE, {"action": "profile_deleted", "actor": ADA, "role": "member"})
    pool.will_take_out(ADA, "ada", call)
    assert api.lambda_handler(sample("profile_api/delete_own_profile"), CONTEXT)["statusCode"] == 204
