import sys
from pathlib import Path
from typing import Any

import pytest
from poolhouse.triggers import Refusal

from tests.unit.functions.conftest import Load
from tests.unit.functions.samples import sample, sample_names
from tests.unit.pools.stubbed_pool import StubbedPool
from tests.unit.profiles.stubbed_table import StubbedTable

ADA = "aaaaaaaa-0000-4000-8000-000000000001"
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
# Version 1 changes no scopes: it has a test of its own.
OF_USERS = [
    name
    for name in sample_names()
    if name.startswith("pre_token_generation/") and not name.endswith(("client_credentials", "_v1"))
]


def customisation(answer: dict[str, Any]) -> tuple[list[str], list[str]]:
    generation = answer["response"]["claimsAndScopeOverrideDetails"]["accessTokenGeneration"]
    return generation["scopesToAdd"], generation["scopesToSuppress"]


@pytest.mark.parametrize("name", OF_USERS)
def test_pre_token_generation_holds_suspended_user_out(load: Load, table: StubbedTable, name: str) -> None:
    # At every sign-in and at every refresh, and before the app client is asked for.
    table.will_get(ADA, {**PROFILE, "status": "suspended"})
    with pytest.raises(Refusal, match=r"^account_suspended: This account is suspended$"):
        load("pre_token_generation").lambda_handler(sample(name), None)


@pytest.mark.parametrize("name", OF_USERS)
def test_pre_token_generation_makes_missing_profile(
    load: Load, table: StubbedTable, pool: StubbedPool, name: str
) -> None:
    table.will_get(ADA, None)
    table.will_create(PROFILE)
    pool.will_describe_client(WEB, [])
    load("pre_token_generation").lambda_handler(sample(name), None)


def test_pre_token_generation_refreshes_address(load: Load, table: StubbedTable, pool: StubbedPool) -> None:
    table.will_get(ADA, {**PROFILE, "email": "old@example.com"})
    table.will_set_email({**PROFILE, "email": "old@example.com"}, "ada@example.com")
    pool.will_describe_client(WEB, [])
    load("pre_token_generation").lambda_handler(sample("pre_token_generation/refresh_tokens"), None)


@pytest.mark.parametrize("name", OF_USERS)
def test_pre_token_generation_loses_no_group(load: Load, table: StubbedTable, pool: StubbedPool, name: str) -> None:
    event = sample(name)
    groups = {
        "groupsToOverride": ["admin", "a-group-of-your-own"],
        "iamRolesToOverride": ["arn:aws:iam::123456789012:role/example"],
        "preferredRole": "arn:aws:iam::123456789012:role/example",
    }
    event["request"]["groupConfiguration"] = groups
    table.will_get(ADA, PROFILE)
    pool.will_describe_client(WEB, ["openid"])
    answer = load("pre_token_generation").lambda_handler(event, None)
    assert answer["response"]["claimsAndScopeOverrideDetails"]["groupOverrideDetails"] == groups


def test_pre_token_generation_gives_administrator_no_scope_that_client_does_not_list(
    load: Load, table: StubbedTable, pool: StubbedPool
) -> None:
    table.will_get(ADA, PROFILE)
    pool.will_describe_client(WEB, ["openid"])
    event = sample("pre_token_generation/new_password_challenge")
    assert event["request"]["groupConfiguration"]["groupsToOverride"] == ["admin"]
    assert customisation(load("pre_token_generation").lambda_handler(event, None)) == ([], [])


def test_pre_token_generation_asks_for_app_client_once(load: Load, table: StubbedTable, pool: StubbedPool) -> None:
    app = load("pre_token_generation")
    pool.will_describe_client(WEB, ["profiles/read"])
    for _ in range(3):
        table.will_get(ADA, PROFILE)
        answer = app.lambda_handler(sample("pre_token_generation/authentication"), None)
        assert customisation(answer) == (["profiles/read"], [])


def test_pre_token_generation_leaves_machine_to_cognito(load: Load, table: StubbedTable, pool: StubbedPool) -> None:
    # Neither the table nor the pool is asked: no call was announced.
    event = sample("pre_token_generation/client_credentials")
    answer = load("pre_token_generation").lambda_handler(event, None)
    assert answer["response"] == {"claimsAndScopeOverrideDetails": None}


def test_pre_token_generation_changes_nothing_in_version_1(
    load: Load, table: StubbedTable, pool: StubbedPool, caplog: pytest.LogCaptureFixture
) -> None:
    # The pool is not asked for the client's scopes: no call was announced. Null leaves the groups as they are.
    event = sample("pre_token_generation/new_password_challenge")
    del event["request"]["scopes"]
    sent = {**event, "version": "1", "response": {"claimsOverrideDetails": None}}
    table.will_get(ADA, PROFILE)
    assert load("pre_token_generation").lambda_handler(sent, None) == sent
    assert not caplog.records


def test_pre_token_generation_holds_suspended_user_out_in_version_1(load: Load, table: StubbedTable) -> None:
    event = {**sample("pre_token_generation/authentication"), "version": "1"}
    table.will_get(ADA, {**PROFILE, "status": "suspended"})
    with pytest.raises(Refusal, match=r"^account_suspended: "):
        load("pre_token_generation").lambda_handler(event, None)


def test_pre_token_generation_runs_added_hooks_behind_its_own(
    load: Load, table: StubbedTable, pool: StubbedPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hooks").mkdir()
    (tmp_path / "hooks" / "pre_token_generation.py").write_text(
        "from poolhouse.triggers import TokenCustomisation\n"
        "def add_tenant(event):\n"
        "    return TokenCustomisation(event).add_claim('tenant', 'acme', token='access').response()\n"
        "HOOKS = [add_tenant]\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    table.will_get(ADA, PROFILE)
    pool.will_describe_client(WEB, ["profiles/read"])
    try:
        answer = load("pre_token_generation").lambda_handler(sample("pre_token_generation/authentication"), None)
    finally:
        for name in ("hooks", "hooks.pre_token_generation"):
            sys.modules.pop(name, None)
    assert customisation(answer) == (["profiles/read"], [])
    details = answer["response"]["claimsAndScopeOverrideDetails"]
    assert details["accessTokenGeneration"]["claimsToAddOrOverride"] == {"tenant": "acme"}


@pytest.mark.parametrize("failing", ["table", "pool"])
def test_pre_token_generation_fails_closed_and_says_nothing_of_the_cause(
    load: Load, table: StubbedTable, pool: StubbedPool, failing: str, caplog: pytest.LogCaptureFixture
) -> None:
    if failing == "table":
        table.will_fail("get_item", "InternalServerError", "ada@example.com")
    else:
        table.will_get(ADA, PROFILE)
        pool.will_fail("TooManyRequestsException", "ada@example.com")
    with pytest.raises(Refusal) as raised:
        load("pre_token_generation").lambda_handler(sample("pre_token_generation/authentication"), None)
    assert str(raised.value) == "try_again: Something went wrong on our side. Please try again"
    (record,) = caplog.records
    assert "ada@example.com" not in str(vars(record))


def test_pre_token_generation_refuses_user_without_sub(load: Load, table: StubbedTable) -> None:
    event = sample("pre_token_generation/authentication")
    del event["request"]["userAttributes"]["sub"]
    with pytest.raises(Refusal, match="^try_again: "):
        load("pre_token_generation").lambda_handler(event, None)
