"""The key store: an issuer's public keys by their id, through rotations, floods and outages.

What it promises:

- A known key is answered from memory. An endpoint that is down does not take sign-in down with it: known keys keep
  working until the hard age.
- Only an unknown key id makes it fetch before the refresh age. When a fetch did not bring the id that was asked for,
  unknown ids are refused without a fetch until the cool-down is over, so that invented ids cannot become requests.
- A fetch that failed is not repeated at once: the pause begins at 1 s and doubles up to 30 s.
- One fetch at a time. Who needs its outcome waits for it; who asks for a known key does not.
- Memory does not grow with what strangers ask for: an id that was not found is not remembered, only the time.

Source: RFC 7517 (JSON Web Key Set); AWS documentation, "Verifying JSON web tokens", on caching keys and on rotation
(https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html).
"""

from __future__ import annotations

import sys
import time
from _thread import allocate_lock  # `threading` would cost the cold start 2 ms for the same lock
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from poolhouse.tokens.endpoints import pause_seconds, web_address
from poolhouse.tokens.errors import KeysUnavailableError, TokenError, UnknownKeyError
from poolhouse.tokens.parsing import parse_object
from poolhouse.tokens.signatures import ALGORITHMS, VerificationKey, read_keys

COOLDOWN_SECONDS = 10.0
"""After a fetch that did not bring the key id asked for: seconds in which no unknown id causes another one."""

REFRESH_SECONDS = 3_600.0
"""Age at which fetched keys are fetched again, in seconds: while the endpoint answers, a key that the issuer withdrew
is trusted no longer than this."""

HARD_AGE_SECONDS = 86_400.0
"""Age at which fetched keys are no longer trusted although the endpoint is down, in seconds."""

type Event = Literal["keys_fetched", "fetch_failed", "stale_keys_served"]


class _Held:
    """The keys at one moment. Replaced whole and never changed, so that a reader needs no lock.

    Attributes:
        keys: by id.
        fetched_at: seconds since the epoch, or None for keys that were given at start: they have no age.
    """

    __slots__ = ("fetched_at", "keys")

    def __init__(self, keys: Mapping[str, VerificationKey], fetched_at: float | None) -> None:
        self.keys = keys
        self.fetched_at = fetched_at


class JwksStore:
    """The public keys of one issuer.

    Safe for use by several threads. Times are wall-clock seconds, because a Lambda environment may be frozen or
    restored from a snapshot between two calls; a clock that was set back counts as time passed.

    Args:
        url: the key endpoint, https, or http on the loopback interface. From configuration, never from a token.
        jwks: a key set to begin with, `{"keys": [...]}`. It serves without any fetch, and without an age, until a live
            fetch succeeds; then only what was fetched counts.
        algorithms: names of the allowed algorithms; keys for others are left out.
        cooldown_seconds: see `COOLDOWN_SECONDS`.
        refresh_seconds: see `REFRESH_SECONDS`.
        hard_age_seconds: see `HARD_AGE_SECONDS`.
        fetch: returns the body of a key set for a URL, or raises anything. Default: HTTP with a deadline of 2 s in all,
            150 kB at most, no redirect. With one of your own, for a proxy say, these limits are yours to keep.
        on_event: called with the name of an event and the age of the held keys in seconds (0 without any), for metrics:
            "keys_fetched", "fetch_failed", and "stale_keys_served" for each failed fetch that left old keys in use. The
            same events are logged by the logger `poolhouse.tokens.keys`. What it raises is ignored; it must
            not ask this store for a key.

    Attributes:
        url: as given.
        is_absent: whether the endpoint's last answer was that there is nothing (status 403 or 404), as it is for the
            form of issuer that a user pool is not set to.

    Raises:
        ValueError: an address or algorithm that is not accepted, ages in the wrong order, or a `jwks` without any
            usable key.

    Example:
        >>> store = JwksStore("https://issuer.example/.well-known/jwks.json")
        >>> store.prefetch()  # doctest: +SKIP
        >>> key = store.get("AbC123=")  # doctest: +SKIP
    """

    def __init__(
        self,
        url: str,
        *,
        jwks: Mapping[str, Any] | None = None,
        algorithms: Iterable[str] = ("RS256",),
        cooldown_seconds: float = COOLDOWN_SECONDS,
        refresh_seconds: float = REFRESH_SECONDS,
        hard_age_seconds: float = HARD_AGE_SECONDS,
        fetch: Callable[[str], bytes] | None = None,
        on_event: Callable[[Event, float], object] | None = None,
    ) -> None:
        web_address(url)
        self.url = url
        self._algorithms = frozenset(algorithms)
        if not self._algorithms or not self._algorithms <= ALGORITHMS:
            raise ValueError(f"algorithms must be some of {', '.join(sorted(ALGORITHMS))}")
        if not 0 < cooldown_seconds <= refresh_seconds <= hard_age_seconds:
            raise ValueError("cooldown, refresh and hard age must be positive and in this order")
        self._cooldown = cooldown_seconds
        self._refresh = refresh_seconds
        self._hard_age = hard_age_seconds
        self._fetch = fetch or _fetch
        self._on_event = on_event
        self._held = _Held({}, None)
        if jwks is not None:
            self._held = _Held(read_keys(jwks, self._algorithms), None)
            if not self._held.keys:
                raise ValueError(f"the key set given for {url} has no key usable with {sorted(self._algorithms)}")
        self._lock = allocate_lock()
        self._fetches = 0  # begun ones, failed or not: who waited sees whether one has begun meanwhile
        self._failures = 0  # in a row
        self._paused_at = self._cooling_at = float("-inf")
        self.is_absent = False

    @property
    def has_keys(self) -> bool:
        """Whether there are keys at hand that are not past their hard age."""
        return bool(self._held.keys) and self._within_hard_age(self._held)

    def get(self, key_id: str) -> VerificationKey:
        """Return the key with this id.

        Args:
            key_id: `kid` of a token's header.

        Raises:
            UnknownKeyError: the endpoint answered, now or within the cool-down, and has no such key.
            KeysUnavailableError: the endpoint does not answer, and the key is unknown or past its hard age.
        """
        held = self._held
        key = held.keys.get(key_id)
        if key is None:
            return self._find(key_id)
        if self._is_fresh(held):
            return key
        if not self._within_hard_age(held):
            return self._find(key_id)
        return self._refreshed(key_id, key)

    def prefetch(self) -> None:
        """Fetch the keys now, for instance while a Lambda environment starts or after it was restored.

        Raises:
            KeysUnavailableError: no keys came. Keys held before stay in use.
        """
        fetches = self._fetches
        with self._lock:
            if self._fetches == fetches and not self._is_paused():
                self._try_fetch()
            if self._failures:
                raise _unavailable()

    def _find(self, key_id: str) -> VerificationKey:
        """Look for a key that is unknown or too old, fetching at most once."""
        fetches = self._fetches
        # Checked before the lock too: refusing a flood must not wait for a fetch that someone else needs.
        if self._is_paused():
            raise _unavailable()
        if self._is_cooling():
            raise _unknown()
        with self._lock:
            key = self._usable(key_id)
            # Someone else's fetch counts as this call's own if it brought the key, or has begun after the call: an
            # earlier one may not know yet of a rotation.
            if key is None and self._fetches == fetches and not self._is_paused() and not self._is_cooling():
                self._try_fetch()
                key = self._usable(key_id)
            if key is not None:
                return key
            if self._failures:
                raise _unavailable()
            if not self._is_cooling():
                self._cooling_at = time.time()
            raise _unknown()

    def _usable(self, key_id: str) -> VerificationKey | None:
        """Return the key with this id, unless it is unknown or past its hard age."""
        held = self._held
        return held.keys.get(key_id) if self._within_hard_age(held) else None

    def _refreshed(self, key_id: str, key: VerificationKey) -> VerificationKey:
        """Fetch keys past their refresh age, if nobody does yet. Without success the old ones go on."""
        if self._is_paused() or not self._lock.acquire(blocking=False):
            return key
        try:
            if not self._is_fresh(self._held):
                self._try_fetch()
            current = self._held.keys.get(key_id)
        finally:
            self._lock.release()
        if current is None:
            raise _unknown()
        return current

    def _try_fetch(self) -> None:
        """Fetch and keep the outcome; the caller holds the lock."""
        self._fetches += 1
        keys: dict[str, VerificationKey] = {}
        reason, status = "it has no usable key", None
        try:
            keys = read_keys(parse_object(self._fetch(self.url)), self._algorithms)
        except TokenError:
            reason = "it is not a JSON object"
        except Exception as failure:  # noqa: BLE001, RUF100 - whatever a fetch raises, it brought no keys
            # Our own fetch says why in words it chose; a message from elsewhere may quote what was received.
            reason, status = type(failure).__name__, getattr(failure, "status", None)
            if reason == "FetchError":
                reason = str(failure)
        now = time.time()
        self.is_absent = status in (403, 404)
        if keys:
            known = self._held.keys
            # The same object for the same key: verdicts that were reached with it stay good.
            kept = {
                key_id: known[key_id] if key_id in known and known[key_id].material == key.material else key
                for key_id, key in keys.items()
            }
            self._held = _Held(kept, now)
            self._failures = 0
            self._report("keys_fetched", "Fetched keys from %s", self.url)
        else:
            self._failures += 1
            self._paused_at = now
            self._report("fetch_failed", "No keys from %s: %s", self.url, reason)
            if self.has_keys:
                self._report("stale_keys_served", "Keys fetched earlier from %s stay in use", self.url)

    def _is_fresh(self, held: _Held) -> bool:
        return held.fetched_at is None or 0 <= time.time() - held.fetched_at < self._refresh

    def _within_hard_age(self, held: _Held) -> bool:
        return held.fetched_at is None or 0 <= time.time() - held.fetched_at < self._hard_age

    def _is_paused(self) -> bool:
        if not self._failures:
            return False
        return 0 <= time.time() - self._paused_at < pause_seconds(self._failures)

    def _is_cooling(self) -> bool:
        return 0 <= time.time() - self._cooling_at < self._cooldown

    def _report(self, event: Event, sentence: str, *values: str) -> None:
        held = self._held
        age = max(0.0, time.time() - held.fetched_at) if held.fetched_at is not None else 0.0
        _log(event, age, sentence, values)
        if self._on_event is not None:
            try:  # noqa: SIM105 - importing `contextlib` for this costs the cold start
                self._on_event(event, age)
            except Exception:  # noqa: S110 - a broken metric must not refuse a valid token
                pass


def _log(event: Event, age: float, sentence: str, values: tuple[str, ...]) -> None:
    good_news = event == "keys_fetched"
    if good_news and "logging" not in sys.modules:
        # Nobody has asked for lines at INFO, which are dropped then. The import costs a cold start 7 ms.
        return
    import logging  # noqa: PLC0415 - needed when keys are fetched, not to verify

    level = logging.INFO if good_news else logging.WARNING
    facts = {"event": event, "keys_age_seconds": round(age)}
    logging.getLogger(__name__).log(level, sentence, *values, extra=facts)


def _fetch(url: str) -> bytes:
    from poolhouse.tokens.fetching import fetch  # noqa: PLC0415 - network modules only when they are needed

    return fetch(url)


def _unknown() -> UnknownKeyError:
    return UnknownKeyError("The issuer has no key with the token's key id; it was signed elsewhere, or long ago.")


def _unavailable() -> KeysUnavailableError:
    return KeysUnavailableError("The issuer's keys could not be fetched; check that its key endpoint can be reached.")
