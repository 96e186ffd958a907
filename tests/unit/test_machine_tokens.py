"""The cache of a machine's tokens against a real endpoint, with every request counted."""

import doctest
import logging
import re
import subprocess
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from poolhouse import machine_tokens
from poolhouse.machine_tokens import (
    ClientSecretUnavailableError,
    MachineTokenError,
    MachineTokens,
    TokenEndpointUnavailableError,
    TokenRequestRefusedError,
)

from local.settings import ROOT
from tests.unit.token_server import CLIENT, SCOPES, TokenServer
from tests.unit.tokens.key_server import Clock

SECRET = "secret-of-the-tests-0123456789"


def test_caller_loads_no_cryptography() -> None:
    """A caller's start is not to pay for verifying tokens."""
    program = "import sys; import poolhouse.machine_tokens; print('cryptography' in sys.modules)"
    path = {"PYTHONPATH": str(ROOT / "layers" / "poolhouse")}
    ended = subprocess.run([sys.executable, "-c", program], env=path, capture_output=True, text=True, check=True)
    assert ended.stdout == "False\n"


@pytest.fixture
def server() -> Iterator[TokenServer]:
    with TokenServer(SECRET).running() as server:
        yield server


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(machine_tokens, "time", clock)
    return clock


@pytest.fixture
def tokens(server: TokenServer, clock: Clock) -> MachineTokens:
    return MachineTokens(server.url, CLIENT, SECRET, scopes=["profiles/read.any"])


# ------------------------------------------------------------------------------------------------ one for many calls


def test_thousand_calls_of_32_threads_make_one_request(server: TokenServer, tokens: MachineTokens) -> None:
    server.delay_seconds = 0.2  # so that all of them ask while the first one waits
    together = threading.Barrier(32)

    def calls(number: int) -> list[str]:
        together.wait()
        return [tokens.get() for _ in range(1_000 // 32 + (number < 1_000 % 32))]

    with ThreadPoolExecutor(32) as pool:
        got = [token for each in pool.map(calls, range(32)) for token in each]

    assert Counter(got) == {"token-1": 1_000}
    assert server.requests == [{"grant_type": ["client_credentials"], "scope": ["profiles/read.any"]}]


def test_without_scopes_none_are_asked_for(server: TokenServer) -> None:
    MachineTokens(server.url, CLIENT, SECRET).get()
    assert server.requests == [{"grant_type": ["client_credentials"]}]


def test_several_scopes_are_separated_by_spaces(server: TokenServer) -> None:
    MachineTokens(server.url, CLIENT, SECRET, scopes=SCOPES).get()
    assert server.requests[0]["scope"] == [" ".join(SCOPES)]


@pytest.mark.parametrize("life", [300, 3_600, 86_400])
def test_token_is_fetched_again_at_three_quarters_of_its_life(
    server: TokenServer, tokens: MachineTokens, clock: Clock, life: int
) -> None:
    server.expires_in = life
    assert tokens.get() == "token-1"
    clock.now += life * 0.75 - 1
    assert tokens.get() == "token-1"
    clock.now += 1
    assert [tokens.get(), tokens.get()] == ["token-2", "token-2"]
    assert len(server.requests) == 2


def test_while_one_caller_fetches_again_the_others_get_the_old_token_at_once(
    server: TokenServer, tokens: MachineTokens, clock: Clock
) -> None:
    tokens.get()
    clock.now += 3_000
    server.delay_seconds = 0.5
    with ThreadPoolExecutor(1) as pool:
        fetching = pool.submit(tokens.get)
        while len(server.requests) < 2:
            time.sleep(0.005)
        assert {tokens.get() for _ in range(100)} == {"token-1"}
        assert not fetching.done()
        assert fetching.result() == "token-2"
    assert (tokens.get(), len(server.requests)) == ("token-2", 2)


def test_caller_who_comes_just_after_a_fetch_makes_no_other(
    server: TokenServer, tokens: MachineTokens, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Lock:
        """Another caller fetches between this one's look at the token and its turn."""

        def acquire(self, blocking: bool) -> bool:
            tokens._try_fetch()
            return True

        def release(self) -> None:
            pass

    tokens.get()
    clock.now += 2_700
    monkeypatch.setattr(tokens, "_lock", Lock())
    assert tokens.get() == "token-2"
    assert len(server.requests) == 2


def test_life_begins_before_the_answer_arrives(server: TokenServer, tokens: MachineTokens, clock: Clock) -> None:
    def slow() -> str:
        clock.now += 100  # what passes on the way
        return SECRET

    late = MachineTokens(server.url, CLIENT, slow)
    late.get()
    clock.now += 3_600 * 0.75 - 100
    assert late.get() == "token-2"


def test_clock_that_was_set_back_counts_as_time_passed(
    server: TokenServer, tokens: MachineTokens, clock: Clock
) -> None:
    tokens.get()
    clock.now -= 60
    assert tokens.get() == "token-2"


# ----------------------------------------------------------------------------------------- an endpoint that fails


def test_failing_endpoint_is_survived_until_the_old_token_ends(
    server: TokenServer, tokens: MachineTokens, clock: Clock
) -> None:
    started = clock.now
    tokens.get()
    server.status, server.body = 503, b"down"
    while clock.now - started < 3_600 - machine_tokens.LAST_SECONDS:
        assert tokens.get() == "token-1"
        clock.now += 1
    with pytest.raises(TokenEndpointUnavailableError, match=r"status 503"):
        tokens.get()
    server.status = server.body = None
    clock.now += 30
    assert tokens.get() == f"token-{len(server.requests)}"


def test_failed_requests_get_rarer_and_end_with_the_outage(
    server: TokenServer, tokens: MachineTokens, clock: Clock
) -> None:
    server.status = 503
    started, asked_at = clock.now, []
    for _ in range(500):
        before = len(server.requests)
        with pytest.raises(TokenEndpointUnavailableError):
            tokens.get()
        if len(server.requests) > before:
            asked_at.append(round(clock.now - started))
        clock.now += 0.25
    assert [later - earlier for earlier, later in pairwise(asked_at)] == [1, 2, 4, 8, 16, 30, 30, 30]
    server.status = None
    clock.now += 30
    assert tokens.get()


def test_32_threads_without_a_token_share_one_failure(server: TokenServer, tokens: MachineTokens) -> None:
    server.status, server.delay_seconds = 503, 0.2
    together = threading.Barrier(32)

    def call(_: int) -> MachineTokenError:
        together.wait()
        with pytest.raises(TokenEndpointUnavailableError) as raised:
            tokens.get()
        return raised.value

    with ThreadPoolExecutor(32) as pool:
        failures = list(pool.map(call, range(32)))
    assert len(server.requests) == 1
    assert len({id(failure) for failure in failures}) == 32
    assert len({str(failure) for failure in failures}) == 1


def test_silent_endpoint_ends_with_the_deadline(server: TokenServer) -> None:
    server.delay_seconds = 5
    tokens = MachineTokens(server.url, CLIENT, SECRET, deadline_seconds=0.2)
    with pytest.raises(TokenEndpointUnavailableError, match=r"no complete answer within 0\.2 s"):
        tokens.get()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"[" * 10_000,
        b"{}",
        b'{"access_token": "", "token_type": "Bearer", "expires_in": 3600}',
        b'{"access_token": 1, "token_type": "Bearer", "expires_in": 3600}',
        b'{"access_token": "x", "token_type": "mac", "expires_in": 3600}',
        b'{"access_token": "x", "token_type": null, "expires_in": 3600}',
        b'{"access_token": "x", "token_type": "Bearer", "expires_in": "3600"}',
        b'{"access_token": "x", "token_type": "Bearer", "expires_in": true}',
        b'{"access_token": "x", "token_type": "Bearer"}',
        b'{"access_token": "x", "token_type": "Bearer", "expires_in": 4}',
        b'{"access_token": "x", "token_type": "Bearer", "expires_in": -4}',
    ],
)
def test_answer_that_is_no_usable_token_is_a_failure(server: TokenServer, tokens: MachineTokens, body: bytes) -> None:
    server.body = body
    for _ in range(3):
        with pytest.raises(TokenEndpointUnavailableError, match="something else than a usable bearer token"):
            tokens.get()
    assert len(server.requests) == 1


# ---------------------------------------------------------------------------------------------------------- refused


@pytest.mark.parametrize("status", [400, 401, 403])
@pytest.mark.parametrize("reason", sorted(machine_tokens._REFUSALS))
def test_refusal_names_its_reason_and_what_to_check(
    server: TokenServer, tokens: MachineTokens, reason: str, status: int
) -> None:
    server.status, server.body = status, b'{"error": "%s"}' % reason.encode()
    with pytest.raises(TokenRequestRefusedError, match=rf"status {status}, {reason}\. Check") as raised:
        tokens.get()
    assert raised.value.reason == reason


@pytest.mark.parametrize("body", [b"", b"[]", b'{"error": "what the endpoint made up"}', b'{"error": ["x"]}', b"\xff"])
def test_refusal_repeats_nothing_that_the_endpoint_made_up(
    server: TokenServer, tokens: MachineTokens, body: bytes
) -> None:
    server.status, server.body = 400, body
    with pytest.raises(TokenRequestRefusedError, match=r"status 400\. Check") as raised:
        tokens.get()
    assert raised.value.reason is None


def test_wrong_secret_and_wrong_scope_are_refused(server: TokenServer) -> None:
    with pytest.raises(TokenRequestRefusedError, match="invalid_client"):
        MachineTokens(server.url, CLIENT, "another-secret-0123456789abc").get()
    with pytest.raises(TokenRequestRefusedError, match="invalid_scope"):
        MachineTokens(server.url, CLIENT, SECRET, scopes=["profiles/write.any"]).get()


def test_rotated_secret_is_read_for_the_next_request(server: TokenServer, clock: Clock) -> None:
    kept = {"secret": SECRET}
    tokens = MachineTokens(server.url, CLIENT, lambda: kept["secret"])
    tokens.get()
    kept["secret"] = "the-next-secret-0123456789ab"
    server.secrets = {kept["secret"]}
    clock.now += 2_700
    assert tokens.get() == "token-2"


def test_secret_that_cannot_be_read_is_survived_and_named(server: TokenServer, clock: Clock) -> None:
    kept = {"secret": SECRET}
    tokens = MachineTokens(server.url, CLIENT, lambda: kept["secret"])
    tokens.get()
    kept.clear()
    clock.now += 2_700
    assert tokens.get() == "token-1"
    clock.now += 900
    with pytest.raises(ClientSecretUnavailableError, match="could not be read: KeyError") as raised:
        tokens.get()
    assert isinstance(raised.value.__cause__, KeyError)
    assert len(server.requests) == 1


# ------------------------------------------------------------------------------------------------- what never shows


def test_no_secret_and_no_token_is_logged_raised_or_represented(
    server: TokenServer, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    tokens = MachineTokens(server.url, CLIENT, SECRET)
    token = tokens.get()
    shown = [repr(tokens), repr(tokens._held)]
    for status, body in [(400, b'{"error": "%s"}' % SECRET.encode()), (503, SECRET.encode()), (None, SECRET.encode())]:
        clock.now += 4_000
        server.status, server.body = status, body
        with pytest.raises(MachineTokenError) as raised:
            tokens.get()
        shown += traceback.format_exception(raised.value)
    shown += [f"{record.getMessage()} {vars(record)}" for record in caplog.records]
    assert len(caplog.records) == 3
    assert not [text for text in shown if SECRET in text or token in text]


def test_failures_are_logged_with_their_code(
    server: TokenServer, tokens: MachineTokens, caplog: pytest.LogCaptureFixture
) -> None:
    server.status = 429
    with pytest.raises(MachineTokenError):
        tokens.get()
    [record] = caplog.records
    assert (record.levelname, record.event, record.failures) == ("WARNING", "token_endpoint_unavailable", 1)  # type: ignore[attr-defined]


@pytest.mark.parametrize("url", ["http://auth.example.com/oauth2/token", "ftp://auth.example.com", "auth.example.com"])
def test_secret_is_sent_to_https_or_this_machine_only(url: str) -> None:
    with pytest.raises(ValueError, match=re.escape("http")):
        MachineTokens(url, CLIENT, SECRET)


def test_deadline_has_to_be_positive(server: TokenServer) -> None:
    with pytest.raises(ValueError, match="deadline_seconds"):
        MachineTokens(server.url, CLIENT, SECRET, deadline_seconds=0)


def test_every_error_has_a_code_of_its_own() -> None:
    errors: list[type[MachineTokenError]] = [MachineTokenError, *MachineTokenError.__subclasses__()]
    assert len({error.code for error in errors}) == len(errors) == 4


def test_examples_in_docstrings_are_true() -> None:
    assert doctest.testmod(machine_tokens).failed == 0
