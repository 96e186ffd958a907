"""The key store against a real endpoint, with every fetch counted."""

import json
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import pytest
from poolhouse.tokens import JwksStore, KeysUnavailableError, TokenError, UnknownKeyError
from poolhouse.tokens.fetching import DEADLINE_SECONDS, MAX_BODY_BYTES

from tests.unit.tokens import minting
from tests.unit.tokens.key_server import Clock, KeyServer
from tests.unit.tokens.minting import KEY_ID


def _codes(store: JwksStore, key_ids: list[str]) -> list[str]:
    """Return what each look-up came to: "key", or the code of its error."""
    outcomes = []
    for key_id in key_ids:
        try:
            store.get(key_id)
            outcomes.append("key")
        except TokenError as refusal:
            outcomes.append(refusal.code)
    return outcomes


def test_known_key_is_fetched_once(key_server: KeyServer) -> None:
    store = JwksStore(key_server.url)
    first = store.get(KEY_ID)
    assert all(store.get(KEY_ID) is first for _ in range(1_000))
    assert key_server.fetches == 1


def test_endpoint_up_thousand_unknown_ids_make_one_fetch_per_cooldown(key_server: KeyServer, clock: Clock) -> None:
    store = JwksStore(key_server.url, cooldown_seconds=10)
    for period in range(1, 4):
        codes = _codes(store, [f"unknown-{period}-{number}" for number in range(1_000)])
        assert codes == ["unknown_key"] * 1_000
        assert key_server.fetches == period
        clock.now += 9.9
        assert _codes(store, ["unknown"]) == ["unknown_key"]
        assert key_server.fetches == period
        clock.now += 0.2
    assert store.get(KEY_ID)


def test_unknown_ids_leave_no_trace_in_memory(key_server: KeyServer, clock: Clock) -> None:
    store = JwksStore(key_server.url)
    store.get(KEY_ID)
    _codes(store, [f"unknown-{number}" for number in range(1_000)])
    assert list(store._held.keys) == [KEY_ID]
    assert not [name for name, value in vars(store).items() if isinstance(value, dict | list | set) and len(value) > 1]


def test_endpoint_down_from_cold_thousand_calls_make_a_handful_of_fetches(key_server: KeyServer, clock: Clock) -> None:
    key_server.status = 503
    store = JwksStore(key_server.url)
    assert _codes(store, [KEY_ID] * 1_000) == ["keys_unavailable"] * 1_000
    assert key_server.fetches == 1


def test_endpoint_down_fetches_get_rarer_and_end_with_the_outage(key_server: KeyServer, clock: Clock) -> None:
    key_server.status = 503
    store = JwksStore(key_server.url)
    started = clock.now
    fetched_at = []
    for _ in range(1_000):
        before = key_server.fetches
        assert _codes(store, [KEY_ID]) == ["keys_unavailable"]
        if key_server.fetches > before:
            fetched_at.append(round(clock.now - started))
        clock.now += 0.25
    gaps = [later - earlier for earlier, later in pairwise(fetched_at)]
    assert gaps == [1, 2, 4, 8, 16, 30, 30, 30, 30, 30, 30, 30]
    key_server.status = 200
    clock.now += 30
    assert store.get(KEY_ID)


def test_endpoint_down_after_warm_up_every_known_key_is_served(key_server: KeyServer, clock: Clock) -> None:
    events: list[tuple[str, float]] = []
    store = JwksStore(key_server.url, refresh_seconds=3_600, on_event=lambda name, age: events.append((name, age)))
    store.prefetch()
    key_server.status = 503
    clock.now += 3_601
    assert _codes(store, [KEY_ID] * 1_000) == ["key"] * 1_000
    assert key_server.fetches == 2
    assert events == [("keys_fetched", 0.0), ("fetch_failed", 3_601.0), ("stale_keys_served", 3_601.0)]
    # An unknown id may be a rotated key that nobody can look up now: not the caller's fault.
    assert _codes(store, ["unknown"]) == ["keys_unavailable"]


def test_old_keys_end_with_the_hard_age(key_server: KeyServer, clock: Clock) -> None:
    store = JwksStore(key_server.url, hard_age_seconds=86_400)
    store.prefetch()
    key_server.status = 503
    clock.now += 86_399
    assert _codes(store, [KEY_ID]) == ["key"]
    clock.now += 2
    assert _codes(store, [KEY_ID] * 100) == ["keys_unavailable"] * 100
    key_server.status = 200
    clock.now += 60
    assert _codes(store, [KEY_ID]) == ["key"]


def test_refresh_age_without_outage_drops_a_withdrawn_key(key_server: KeyServer, clock: Clock) -> None:
    store = JwksStore(key_server.url, refresh_seconds=3_600)
    old = store.get(KEY_ID)
    key_server.keys = minting.key_set(minting.public_jwk(minting.private_key("next"), "next"))
    clock.now += 3_599
    assert store.get(KEY_ID) is old
    clock.now += 2
    assert _codes(store, [KEY_ID]) == ["unknown_key"]
    assert _codes(store, ["next"]) == ["key"]


def test_refresh_keeps_the_same_object_for_the_same_key(key_server: KeyServer, clock: Clock) -> None:
    store = JwksStore(key_server.url)
    old = store.get(KEY_ID)
    clock.now += 3_601
    assert store.get(KEY_ID) is old
    assert key_server.fetches == 2
    # The same id for another key is another key.
    key_server.keys = minting.key_set(minting.public_jwk(minting.private_key("next"), KEY_ID))
    clock.now += 3_601
    assert store.get(KEY_ID) is not old


def test_clock_set_back_refreshes_and_does_not_extend_a_pause(key_server: KeyServer, clock: Clock) -> None:
    store = JwksStore(key_server.url)
    store.get(KEY_ID)
    assert _codes(store, ["unknown"]) == ["unknown_key"]
    clock.now -= 86_400
    assert _codes(store, [KEY_ID]) == ["key"]
    assert key_server.fetches == 3
    assert _codes(store, ["unknown"]) == ["unknown_key"]
    assert key_server.fetches == 4


def test_old_keys_end_when_the_clock_was_set_back(key_server: KeyServer, clock: Clock) -> None:
    store = JwksStore(key_server.url)
    store.get(KEY_ID)
    key_server.status = 503
    clock.now -= 30 * 86_400
    assert _codes(store, [KEY_ID]) == ["keys_unavailable"]


def test_pause_ends_when_the_clock_was_set_back(key_server: KeyServer, clock: Clock) -> None:
    store = JwksStore(key_server.url)
    key_server.status = 503
    assert _codes(store, [KEY_ID]) == ["keys_unavailable"]
    key_server.status = 200
    assert _codes(store, [KEY_ID]) == ["keys_unavailable"]
    clock.now -= 86_400
    assert _codes(store, [KEY_ID]) == ["key"]


def test_rotation_during_someone_elses_fetch_refuses_no_valid_token(key_server: KeyServer) -> None:
    store = JwksStore(key_server.url)
    store.get(KEY_ID)
    fetch, began, may_end = store._fetch, threading.Event(), threading.Event()

    def fetch_slowly(url: str) -> bytes:
        body = fetch(url)
        began.set()
        may_end.wait(5)
        return body

    store._fetch = fetch_slowly
    with ThreadPoolExecutor(2) as threads:
        earlier = threads.submit(store.prefetch)
        assert began.wait(5)
        store._fetch = fetch
        key_server.keys = minting.key_set(minting.public_jwk(minting.private_key("next"), "next"))
        later = threads.submit(_codes, store, ["next"])
        time.sleep(0.1)  # it waits for the fetch that began before the rotation
        may_end.set()
        assert (earlier.result(), later.result()) == (None, ["key"])
    assert key_server.fetches == 3


def test_rotation_refuses_no_valid_token(key_server: KeyServer, clock: Clock) -> None:
    store = JwksStore(key_server.url)
    store.get(KEY_ID)
    for turn in range(20):
        # However soon after the last fetch: no unknown id was asked for, so nothing stands in the way.
        key_id = f"turn-{turn}"
        key_server.keys = minting.key_set(
            minting.public_jwk(minting.private_key()), minting.public_jwk(minting.private_key("next"), key_id)
        )
        assert _codes(store, [KEY_ID, key_id, key_id]) == ["key"] * 3
    assert key_server.fetches == 21


def test_rotation_within_the_cooldown_of_an_unknown_id_is_refused_no_longer_than_it(
    key_server: KeyServer, clock: Clock
) -> None:
    store = JwksStore(key_server.url, cooldown_seconds=10)
    assert _codes(store, [KEY_ID, "unknown"]) == ["key", "unknown_key"]
    key_server.keys = minting.key_set(minting.public_jwk(minting.private_key("next"), "next"))
    clock.now += 9
    assert _codes(store, ["next", KEY_ID]) == ["unknown_key", "key"]
    clock.now += 1
    assert _codes(store, ["next"]) == ["key"]


def test_fifty_threads_on_a_cold_store_make_one_fetch(key_server: KeyServer) -> None:
    key_server.delay_seconds = 0.2
    store = JwksStore(key_server.url)
    start = threading.Barrier(50)

    def look_up(_number: int) -> Any:
        start.wait()
        return store.get(KEY_ID)

    with ThreadPoolExecutor(50) as threads:
        found = list(threads.map(look_up, range(50)))
    assert len(found) == 50
    assert len(set(found)) == 1
    assert key_server.fetches == 1


@pytest.mark.parametrize(("status", "code"), [(200, "unknown_key"), (503, "keys_unavailable")])
def test_fifty_threads_share_an_outcome_that_is_no_key(key_server: KeyServer, status: int, code: str) -> None:
    key_server.delay_seconds = 0.2
    key_server.status = status
    store = JwksStore(key_server.url)
    start = threading.Barrier(50)

    def look_up(number: int) -> list[str]:
        start.wait()
        return _codes(store, [f"unknown-{number}"])

    with ThreadPoolExecutor(50) as threads:
        assert list(threads.map(look_up, range(50))) == [[code]] * 50
    assert key_server.fetches == 1


def _stuck_fetch(store: JwksStore) -> tuple[threading.Event, threading.Event]:
    """Make the store's next fetch hang; return the events that it began and that it may end."""
    began, may_end = threading.Event(), threading.Event()

    def fetch(_url: str) -> bytes:
        began.set()
        may_end.wait(5)
        raise OSError("down")

    store._fetch = fetch
    return began, may_end


def test_known_keys_do_not_wait_for_someone_elses_fetch(key_server: KeyServer, clock: Clock) -> None:
    store = JwksStore(key_server.url)
    store.prefetch()
    clock.now += 3_601
    began, may_end = _stuck_fetch(store)
    slow = threading.Thread(target=_codes, args=(store, [KEY_ID]))
    slow.start()
    assert began.wait(5)
    assert _codes(store, [KEY_ID] * 100) == ["key"] * 100
    assert slow.is_alive(), "a stale key was served only after another thread's fetch had ended"
    may_end.set()
    slow.join()


def test_flood_in_a_cooldown_does_not_wait_for_someone_elses_fetch(key_server: KeyServer, clock: Clock) -> None:
    store = JwksStore(key_server.url)
    assert _codes(store, ["unknown"]) == ["unknown_key"]
    began, may_end = _stuck_fetch(store)

    def prefetch() -> None:
        with pytest.raises(KeysUnavailableError):
            store.prefetch()

    slow = threading.Thread(target=prefetch)
    slow.start()
    assert began.wait(5)
    assert _codes(store, ["unknown"] * 100) == ["unknown_key"] * 100
    assert slow.is_alive(), "an unknown id was refused only after another thread's fetch had ended"
    may_end.set()
    slow.join()


def test_given_keys_serve_without_a_fetch_until_one_succeeds(key_server: KeyServer, clock: Clock) -> None:
    store = JwksStore(key_server.url, jwks=minting.key_set())
    clock.now += 10 * 365 * 86_400
    assert _codes(store, [KEY_ID] * 10) == ["key"] * 10
    assert key_server.fetches == 0
    key_server.status = 500
    assert _codes(store, ["next", KEY_ID]) == ["keys_unavailable", "key"]
    key_server.status = 200
    key_server.keys = minting.key_set(minting.public_jwk(minting.private_key("next"), "next"))
    clock.now += 2
    assert _codes(store, ["next", KEY_ID]) == ["key", "unknown_key"]


def test_prefetch_fetches_and_reports_failure(key_server: KeyServer, clock: Clock) -> None:
    store = JwksStore(key_server.url)
    store.prefetch()
    store.prefetch()
    assert key_server.fetches == 2
    key_server.status = 403
    with pytest.raises(KeysUnavailableError):
        store.prefetch()
    with pytest.raises(KeysUnavailableError):
        store.prefetch()
    assert key_server.fetches == 3
    assert _codes(store, [KEY_ID]) == ["key"]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<html>", b"[]", b"null", b'{"keys": null}', b'{"keys": {}}', b'{"keys": []}', b'{"keys": [1, null, {}]}',
        b'{"keys": [], "keys": []}', b'{"keys": [{"kty": "RSA", "kid": "a", "n": "AQAB", "e": "AQAB"}]}',
        b'{"keys": [{"kty": "oct", "kid": "a", "k": "c2VjcmV0", "alg": "HS256"}]}', b"\xff\xfe", b"[" * 100_000,
    ],
    ids=lambda body: repr(body[:30]),
)  # fmt: skip
def test_body_without_usable_keys_keeps_the_old_ones(key_server: KeyServer, clock: Clock, body: bytes) -> None:
    store = JwksStore(key_server.url)
    store.prefetch()
    key_server.body = body
    with pytest.raises(KeysUnavailableError):
        store.prefetch()
    assert _codes(store, [KEY_ID]) == ["key"]


def test_failures_are_logged_without_what_was_received(
    key_server: KeyServer, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="poolhouse.tokens.keys")
    store = JwksStore(key_server.url)
    store.prefetch()
    key_server.body = b'{"keys": ["evil words"'
    assert _codes(store, ["evil-id"]) == ["keys_unavailable"]
    events = [record.__dict__["event"] for record in caplog.records]
    assert events == ["keys_fetched", "fetch_failed", "stale_keys_served"]
    assert "evil" not in caplog.text
    assert all(key_server.url in record.getMessage() for record in caplog.records)


def test_broken_metric_refuses_nobody(key_server: KeyServer) -> None:
    def broken(_event: str, _age: float) -> None:
        raise RuntimeError("no metrics today")

    assert _codes(JwksStore(key_server.url, on_event=broken), [KEY_ID, "unknown"]) == ["key", "unknown_key"]


def test_whatever_a_custom_fetch_raises_means_no_keys(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    def broken(_url: str) -> bytes:
        raise LookupError("secret words")

    store = JwksStore("https://issuer.example/keys", fetch=broken)
    with pytest.raises(KeysUnavailableError) as caught:
        store.get(KEY_ID)
    assert "secret" not in str(caught.value) + caplog.text
    assert "LookupError" in caplog.text
    assert caught.value.__context__ is None


def test_store_itself_has_the_limits_of_a_fetch(key_server: KeyServer) -> None:
    padded = json.dumps(key_server.keys).encode().ljust(MAX_BODY_BYTES)
    key_server.body = padded
    assert _codes(JwksStore(key_server.url), [KEY_ID]) == ["key"]
    key_server.body = padded + b" "
    assert _codes(JwksStore(key_server.url), [KEY_ID]) == ["keys_unavailable"]
    key_server.body, key_server.drip = None, "body"
    begun = time.monotonic()
    assert _codes(JwksStore(key_server.url), [KEY_ID]) == ["keys_unavailable"]
    assert time.monotonic() - begun >= DEADLINE_SECONDS - 0.1  # how much more depends on the machine's load
    assert time.monotonic() - begun < 10


def test_given_keys_that_cannot_be_used_are_a_mistake_to_hear_about() -> None:
    with pytest.raises(ValueError, match="no key usable"):
        JwksStore("https://issuer.example/keys", jwks={"keys": []})


@pytest.mark.parametrize(
    "limits",
    [{"cooldown_seconds": 0}, {"refresh_seconds": 5}, {"hard_age_seconds": 60}, {"algorithms": []},
     {"algorithms": ["HS256"]}, {"algorithms": ["none"]}],
    ids=str,
)  # fmt: skip
def test_limits_that_make_no_sense_are_refused(limits: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        JwksStore("https://issuer.example/keys", **limits)


def test_unknown_key_error_is_no_keys_unavailable_error() -> None:
    assert not issubclass(UnknownKeyError, KeysUnavailableError)
    assert not issubclass(KeysUnavailableError, UnknownKeyError)
