from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError
from poolhouse.pools import AppClientScopes

from tests.unit.pools.stubbed_pool import POOL, StubbedPool
from tests.unit.tokens.key_server import Clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    clock.now = 1000.0
    # The module's own name for time, so that nothing else loses its clock.
    monkeypatch.setattr("poolhouse.pools.app_clients.time", clock)
    return clock


@pytest.fixture
def pool() -> Iterator[StubbedPool]:
    with StubbedPool.of_test() as pool:
        yield pool


@pytest.fixture
def clients(pool: StubbedPool, clock: Clock) -> AppClientScopes:
    return AppClientScopes(pool.client)


def test_app_client_scopes_are_those_that_the_client_lists(clients: AppClientScopes, pool: StubbedPool) -> None:
    pool.will_describe_client("web", ["openid", "profiles/read"])
    assert clients.of(POOL, "web") == {"openid", "profiles/read"}


@pytest.mark.parametrize("listed", [None, []])
def test_app_client_scopes_that_are_none_are_remembered_too(
    clients: AppClientScopes, pool: StubbedPool, listed: list[str] | None
) -> None:
    pool.will_describe_client("web", listed)
    assert clients.of(POOL, "web") == clients.of(POOL, "web") == frozenset()


def test_app_client_scopes_are_remembered_for_five_minutes(
    clients: AppClientScopes, pool: StubbedPool, clock: Clock
) -> None:
    pool.will_describe_client("web", ["openid"])
    for seconds in (0.0, 1.0, 299.0, 300.0):
        clock.now = 1000.0 + seconds
        assert clients.of(POOL, "web") == {"openid"}
    pool.will_describe_client("web", ["profiles/read"])
    for seconds in (300.5, 600.5):
        clock.now = 1000.0 + seconds
        assert clients.of(POOL, "web") == {"profiles/read"}


def test_app_client_scopes_are_asked_for_anew_after_a_clock_was_set_back(
    clients: AppClientScopes, pool: StubbedPool, clock: Clock
) -> None:
    pool.will_describe_client("web", ["openid"])
    assert clients.of(POOL, "web") == {"openid"}
    clock.now -= 1.0
    pool.will_fail("TooManyRequestsException", "slow down")
    with pytest.raises(ClientError, match="TooManyRequestsException"):
        clients.of(POOL, "web")
    pool.will_describe_client("web", ["profiles/read"])
    assert clients.of(POOL, "web") == {"profiles/read"}


def test_app_client_scopes_are_kept_apart_by_client(clients: AppClientScopes, pool: StubbedPool) -> None:
    pool.will_describe_client("web", ["openid"])
    pool.will_describe_client("server", ["email"])
    for _ in range(2):
        assert clients.of(POOL, "web") == {"openid"}
        assert clients.of(POOL, "server") == {"email"}


def test_app_client_scopes_of_unknown_client_raise_and_are_not_remembered(
    clients: AppClientScopes, pool: StubbedPool
) -> None:
    pool.will_fail("ResourceNotFoundException")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        clients.of(POOL, "web")
    pool.will_describe_client("web", ["openid"])
    assert clients.of(POOL, "web") == {"openid"}


def test_app_client_scopes_hold_a_bounded_number_of_clients(
    clients: AppClientScopes, pool: StubbedPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("poolhouse.pools.app_clients._MAX_CLIENTS", 3)
    for number in range(4):
        pool.will_describe_client(f"client{number}", [f"scope{number}"])
        assert clients.of(POOL, f"client{number}") == {f"scope{number}"}
    assert clients.of(POOL, "client3") == {"scope3"}  # the newest is remembered
    pool.will_describe_client("client0", ["scope0"])  # the oldest was let go
    assert clients.of(POOL, "client0") == {"scope0"}


def test_app_client_scopes_make_their_client_when_they_need_one(
    pool: StubbedPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []

    def make() -> object:
        made.append(pool.client)
        return pool.client

    monkeypatch.setattr("poolhouse.aws.cognito", make)
    clients = AppClientScopes()
    assert made == []
    pool.will_describe_client("web", ["openid"])
    pool.will_describe_client("server", None)
    clients.of(POOL, "web")
    clients.of(POOL, "server")
    assert made == [pool.client]


def test_app_client_scopes_survive_an_outage_for_an_hour(
    clients: AppClientScopes, pool: StubbedPool, clock: Clock
) -> None:
    pool.will_describe_client("web", ["openid"])
    clock.now = 1000.0
    assert clients.of(POOL, "web") == {"openid"}

    pool.will_fail("TooManyRequestsException", "slow down")
    clock.now = 1000.0 + 3600
    assert clients.of(POOL, "web") == {"openid"}

    pool.will_fail("TooManyRequestsException", "slow down")
    clock.now = 1000.0 + 3601
    with pytest.raises(ClientError, match="TooManyRequestsException"):
        clients.of(POOL, "web")


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "AccessDeniedException", "InvalidParameterException"])
def test_app_client_scopes_of_client_that_is_gone_are_not_used(
    clients: AppClientScopes, pool: StubbedPool, clock: Clock, code: str
) -> None:
    pool.will_describe_client("web", ["openid"])
    clock.now = 1000.0
    assert clients.of(POOL, "web") == {"openid"}

    pool.will_fail(code)
    clock.now = 1000.0 + 301
    with pytest.raises(ClientError, match=code):
        clients.of(POOL, "web")
