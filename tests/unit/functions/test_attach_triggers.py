"""What CloudFormation is answered when attaching fails: why, in words, and that nothing of the pool is lost.

The whole function, against `pool_server`. The sample events that succeed are in test_sample_events.py.
"""

import copy
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.unit.functions.conftest import Load
from tests.unit.functions.samples import sample
from tests.unit.pools.pool_server import POOL, RECORD, Pool, PoolServer

THEIRS = "arn:aws:lambda:us-east-1:123456789012:function:theirs"
TOKEN_FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:ours"
CONTEXT = SimpleNamespace(get_remaining_time_in_millis=lambda: 60_000)
Change = Callable[[PoolServer, dict[str, Any]], object]
"""Makes the world, and the request's properties, such that attaching fails."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[PoolServer]:
    settings = {"LambdaConfig": {"UserMigration": THEIRS}, "DeletionProtection": "ACTIVE", "UserPoolTags": {"a": "b"}}
    with PoolServer({POOL: Pool(settings)}).running() as server:
        services = {"user_pools": "cognito-idp", "parameters": "ssm", "stacks": "cloudformation"}
        for name, service in services.items():
            monkeypatch.setattr(f"poolhouse.aws.{name}", lambda service=service: server.client(service))
        clock = SimpleNamespace(sleep=lambda _: None, monotonic=lambda: 1000.0)
        monkeypatch.setattr("poolhouse.pools.attachment.time", clock)
        yield server


@pytest.fixture
def app(server: PoolServer, load: Load) -> ModuleType:
    return load("attach_triggers", RECORD_PARAMETER=RECORD)


def send(app: ModuleType, server: PoolServer, name: str, properties: dict[str, Any]) -> dict[str, Any]:
    """Send a request as CloudFormation does, and return the answer that it got."""
    request = sample(f"attach_triggers/{name}") | {"ResponseURL": f"{server.url}/answer"}
    request["ResourceProperties"] |= properties
    app.lambda_handler(request, CONTEXT)
    return server.responses.pop()


def occupied(server: PoolServer, properties: dict[str, Any]) -> None:
    server.pool.settings["LambdaConfig"]["PreSignUp"] = THEIRS


def on_the_lite_plan(server: PoolServer, properties: dict[str, Any]) -> None:
    server.pool.settings["UserPoolTier"] = "LITE"
    del server.pool.settings["Policies"]["SignInPolicy"]
    properties["Triggers"] = {
        "PreTokenGeneration": TOKEN_FUNCTION,
        "PreTokenGenerationConfig": {"LambdaArn": TOKEN_FUNCTION, "LambdaVersion": "V2_0"},
    }


def with_a_role_that_must_not_be_passed(server: PoolServer, properties: dict[str, Any]) -> None:
    server.pool.settings["SmsConfiguration"] = {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}
    server.passable = set()


def changing_all_the_time(server: PoolServer, properties: dict[str, Any]) -> None:
    for number in range(2, 40, 2):  # just before each second look
        server.before_call("DescribeUserPool", lambda: server.pool.update(server.pool.settings), number)


def overtaken_by_a_removal(server: PoolServer, properties: dict[str, Any]) -> None:
    server.before_call("UpdateUserPool", lambda: vars(server).update(status="DELETE_IN_PROGRESS"))


FAILURES: dict[str, tuple[Change, str]] = {
    "conflict": (occupied, f"trigger_occupied: the pool has triggers of its own: PreSignUp is {THEIRS}"),
    "missing permission": (
        lambda server, _: server.denied.add("UpdateUserPool"),
        "missing_right: User: x is not authorized to perform: UpdateUserPool",
    ),
    "role that must not be passed": (
        with_a_role_that_must_not_be_passed,
        "missing_right: User: x is not authorized to perform: iam:PassRole",
    ),
    "concurrent change": (changing_all_the_time, "pool_busy: gave up after 8 attempts, the last ended with: the pool"),
    "concurrent update": (
        lambda server, _: server.will_fail("UpdateUserPool", "ConcurrentModificationException", times=99),
        "pool_busy: gave up after 8 attempts, the last ended with: ConcurrentModificationException",
    ),
    "throttle": (
        lambda server, _: server.will_fail("DescribeUserPool", "TooManyRequestsException", times=8),
        "pool_busy: gave up after 8 attempts, the last ended with: TooManyRequestsException",
    ),
    "Delete during Create": (overtaken_by_a_removal, "overtaken: the stack has moved on since this request"),
    "double delivery, late": (
        lambda server, _: setattr(server, "status", "CREATE_COMPLETE"),
        "overtaken: the stack has moved on since this request",
    ),
    "deleted pool": (
        lambda server, _: setattr(server, "pools", {}),
        f"pool_not_found: there is no user pool {POOL} in this account and region",
    ),
    "unknown member": (
        lambda server, _: server.pool.extra.update(NewestSetting="x"),
        "unknown_setting: the pool has settings that this version of botocore does not know: NewestSetting.",
    ),
    "Lite pool": (on_the_lite_plan, "lite_pool: the pool is on the Lite plan, which has no pre token generation V2_0."),
    "unknown trigger": (
        lambda _, properties: properties.update(Triggers={"PreSignIn": THEIRS}),
        "unknown_trigger: no such trigger: PreSignIn.",
    ),
    "malformed trigger": (
        lambda _, properties: properties.update(Triggers={"PreSignUp": {"LambdaArn": THEIRS}}),
        "malformed_trigger: a trigger is not in Cognito's form: ",
    ),
    "malformed pool id": (
        lambda _, properties: properties.update(UserPoolId="theirs"),
        "malformed_pool_id: 'theirs' is no user pool id",
    ),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_failed_create_says_why_and_its_removal_leaves_the_pool_as_it_was(
    app: ModuleType, server: PoolServer, failure: str
) -> None:
    """CloudFormation deletes what it could not make."""
    change, reason = FAILURES[failure]
    properties: dict[str, Any] = {}
    change(server, properties)
    before = copy.deepcopy([pool.settings for pool in server.pools.values()])

    answer = send(app, server, "create", properties)
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", "attached-triggers")
    assert answer["Reason"].startswith(reason)
    assert [pool.settings for pool in server.pools.values()] == before

    server.forgive()
    for pool in server.pools.values():
        pool.extra.clear()
    server.status = "DELETE_IN_PROGRESS"
    assert send(app, server, "delete", properties)["Status"] == "SUCCESS"
    assert [pool.settings for pool in server.pools.values()] == before
    assert server.parameters == {}


@pytest.mark.parametrize("name", ["create", "delete"])
def test_request_that_is_delivered_twice_succeeds_twice(app: ModuleType, server: PoolServer, name: str) -> None:
    before = copy.deepcopy(server.pool.settings)
    assert send(app, server, "create", {})["Status"] == "SUCCESS"
    attached = copy.deepcopy(server.pool.settings)
    answers = [send(app, server, name, {}) for _ in range(2)]
    assert [each["Status"] for each in answers] == ["SUCCESS", "SUCCESS"]
    assert server.pool.settings == (attached if name == "create" else before)


def test_failed_update_leaves_what_was_attached(app: ModuleType, server: PoolServer) -> None:
    """CloudFormation then sends the earlier properties once more."""
    send(app, server, "create", {})
    attached = copy.deepcopy(server.pool.settings)
    server.denied.add("UpdateUserPool")
    server.status = "UPDATE_IN_PROGRESS"
    answer = send(app, server, "update", {})
    assert answer["Reason"].startswith("missing_right: ")
    assert server.pool.settings == attached
    server.forgive()
    assert send(app, server, "create", {})["Status"] == "SUCCESS"
    assert server.pool.settings == attached


def test_malformed_conflict_rule_is_answered(app: ModuleType, server: PoolServer) -> None:
    answer = send(app, server, "create", {"OnConflict": "Overwrite"})
    assert (answer["Status"], answer["Reason"].partition(":")[0]) == ("FAILED", "internal_error")


def test_plan_of_a_person_answers_nobody_else(app: ModuleType, server: PoolServer) -> None:
    answer = app.lambda_handler(sample("attach_triggers/plan"), CONTEXT)
    assert "+++ the pool with Poolhouse" in answer["diff"]
    assert (server.responses, set(server.calls)) == ([], {"DescribeUserPool", "GetParameter"})
