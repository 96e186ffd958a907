"""Verified tokens that are remembered: when a verdict ends, and how much memory verdicts take."""

import gc
import hashlib
import sys
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from poolhouse.tokens import (
    CognitoVerifier,
    ExpiredTokenError,
    KeysUnavailableError,
    TokenError,
    UnknownKeyError,
    verdicts,
)
from poolhouse.tokens.signatures import VerificationKey
from poolhouse.tokens.verdicts import CACHE_BYTES, digest, size_of

from tests.unit.tokens import minting
from tests.unit.tokens.key_server import Clock, KeyServer
from tests.unit.tokens.minting import CLIENT, KEY_ID, POOL, access_claims, token


class Checks:
    """Counts signature checks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        check = VerificationKey.verify

        def counted(key: VerificationKey, algorithm: str, signature: bytes, signing_input: bytes) -> bool:
            self.count += 1
            return check(key, algorithm, signature, signing_input)

        monkeypatch.setattr(VerificationKey, "verify", counted)


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> Checks:
    return Checks(monkeypatch)


def make(**options: Any) -> CognitoVerifier:
    return CognitoVerifier(POOL, CLIENT, "access", **({"jwks": minting.key_set()} | options))


def test_token_seen_again_is_not_checked_again(checks: Checks) -> None:
    verifier = make()
    text = token()
    first = verifier.verify(text)
    assert all(verifier.verify(text) is first for _ in range(100))
    assert checks.count == 1


def test_cache_of_nothing_checks_every_time(checks: Checks) -> None:
    verifier = make(cache_bytes=0)
    text = token()
    for _ in range(3):
        verifier.verify(text)
    assert checks.count == 3


def test_refused_tokens_are_not_remembered(checks: Checks) -> None:
    verifier = make()
    for text in (
        token(key=minting.private_key("stranger")),
        token(access_claims(exp=1)),
        token(access_claims(client_id="x")),
    ):
        for _ in range(2):
            with pytest.raises(TokenError):
                verifier.verify(text)
    assert checks.count == 6
    assert len(verifier._verdicts) == 0


def test_a_verdict_is_for_one_token_only() -> None:
    verifier = make()
    text = token()
    verifier.verify(text)
    with pytest.raises(TokenError):
        verifier.verify(text[:-1] + ("A" if text[-1] != "A" else "Q"))
    assert digest(b"a") != digest(b"b")
    assert digest(text.encode()) == hashlib.blake2b(text.encode()).digest()


def test_verdict_ends_with_exp(clock: Clock) -> None:
    clock.now = float(int(clock.now))
    verifier = make(leeway_seconds=5)
    text = token(access_claims(exp=int(clock.now) + 100))
    verifier.verify(text)
    clock.now += 104
    verifier.verify(text)
    clock.now += 1
    with pytest.raises(ExpiredTokenError):
        verifier.verify(text)
    assert len(verifier._verdicts) == 0


def test_verdict_ends_with_its_key_leaving_the_store(key_server: KeyServer, clock: Clock) -> None:
    verifier = make(jwks=None, jwks_url=key_server.url)
    text = token()
    verifier.verify(text)
    key_server.keys = minting.key_set(minting.public_jwk(minting.private_key("next"), "next"))
    verifier.verify(token(header={"kid": "next", "alg": "RS256"}, key=minting.private_key("next")))
    with pytest.raises(UnknownKeyError):
        verifier.verify(text)


def test_verdict_ends_with_another_key_under_its_id(key_server: KeyServer, clock: Clock) -> None:
    verifier = make(jwks=None, jwks_url=key_server.url)
    text = token()
    verifier.verify(text)
    key_server.keys = minting.key_set(minting.public_jwk(minting.private_key("next"), KEY_ID))
    verifier.prefetch()
    with pytest.raises(TokenError) as caught:
        verifier.verify(text)
    assert caught.value.code == "invalid_signature"


def test_verdict_ends_with_the_hard_age_of_the_store(key_server: KeyServer, clock: Clock) -> None:
    verifier = make(jwks=None, jwks_url=key_server.url)
    text = token(access_claims(exp=int(clock.now) + 10 * 86_400))
    verifier.verify(text)
    key_server.status = 503
    clock.now += 86_399
    verifier.verify(text)
    clock.now += 61
    with pytest.raises(KeysUnavailableError):
        verifier.verify(text)


def test_remembered_tokens_alone_notice_a_withdrawn_key(key_server: KeyServer, clock: Clock) -> None:
    verifier = make(jwks=None, jwks_url=key_server.url)
    text = token(access_claims(exp=int(clock.now) + 10 * 86_400))
    verifier.verify(text)
    key_server.keys = minting.key_set(minting.public_jwk(minting.private_key("next"), "next"))
    clock.now += 3_601
    with pytest.raises(UnknownKeyError):
        verifier.verify(text)


def test_same_key_fetched_again_keeps_verdicts(key_server: KeyServer, clock: Clock, checks: Checks) -> None:
    verifier = make(jwks=None, jwks_url=key_server.url)
    text = token()
    verifier.verify(text)
    clock.now += 3_601 - 60
    verifier.prefetch()
    verifier.verify(text)
    assert checks.count == 1


def _flat(number: int) -> dict[str, Any]:
    return access_claims(jti=f"{number}", sub=f"user-{number}")


def _wide(number: int) -> dict[str, Any]:
    return access_claims(jti=f"{number}", **{f"c{number}x{place}": place + 1_000 for place in range(150)})


def _nested(number: int) -> dict[str, Any]:
    return access_claims(jti=f"{number}", x=[[number + 1_000] for _ in range(60)], y=[{} for _ in range(60)])


def _scoped(number: int) -> dict[str, Any]:
    return access_claims(jti=f"{number}", scope=" ".join(f"api-{number}/{place}" for place in range(60)))


def _four_byte_text(number: int) -> dict[str, Any]:
    return access_claims(jti=f"{number}", x=["\U0001f600" + "x" * 300 for _ in range(8)])


@pytest.mark.parametrize("shape", [_flat, _wide, _nested, _scoped, _four_byte_text], ids=lambda shape: shape.__name__)
def test_memory_stays_within_the_bound(shape: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # Signing takes a millisecond each; that the signature is right is not what is measured here.
    monkeypatch.setattr(VerificationKey, "verify", lambda *_: True)
    start = minting.encode({"kid": KEY_ID, "alg": "RS256"})
    texts = [f"{start}.{minting.encode(shape(number))}.{'A' * 342}" for number in range(1_200)]
    verifier = make()
    verifier.verify(texts[0])
    gc.collect()
    tracemalloc.start()
    try:
        for text in texts:
            verifier.verify(text)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 0.3 * CACHE_BYTES < peak <= CACHE_BYTES == 4_000_000
    assert 20 < len(verifier._verdicts) < len(texts)
    assert verifier._verdicts._put <= CACHE_BYTES // 2


def test_oldest_verdict_makes_room(checks: Checks) -> None:
    verifier = make(cache_bytes=100_000)
    texts = [token(_flat(number)) for number in range(60)]
    for text in texts:
        verifier.verify(text)
    kept = len(verifier._verdicts)
    assert 0 < kept < 60
    verifier.verify(texts[-1])
    assert checks.count == 60
    verifier.verify(texts[0])
    assert checks.count == 61


def test_verdicts_are_answered_until_half_of_the_bound_is_newer(clock: Clock, checks: Checks) -> None:
    verifier = make(cache_bytes=100_000)
    texts = [token(_flat(number)) for number in range(60)]
    fitting = 0
    while not verifier._verdicts._older:  # until the first generation is full
        verifier.verify(texts[fitting])
        fitting += 1
    for text in texts[: 2 * fitting - 2]:
        verifier.verify(text)
    assert (checks.count, len(verifier._verdicts)) == (2 * fitting - 2, 2 * fitting - 2)
    for text in texts[: 2 * fitting - 2]:
        verifier.verify(text)
    assert checks.count == 2 * fitting - 2
    verifier.verify(texts[2 * fitting - 2])  # drops the older half
    assert len(verifier._verdicts) == fitting
    clock.now += 10 * 86_400
    for text in texts[fitting - 1 : 2 * fitting - 1]:
        with pytest.raises(ExpiredTokenError):
            verifier.verify(text)
    assert len(verifier._verdicts) == 0


def test_one_huge_token_pushes_nobody_out() -> None:
    verifier = make(cache_bytes=100_000)
    verifier.verify(token())
    verifier.verify(token(access_claims(x="x" * 9_000)))
    assert len(verifier._verdicts) == 1


def test_fifty_threads_share_one_verifier(key_server: KeyServer) -> None:
    verifier = make(jwks=None, jwks_url=key_server.url, cache_bytes=200_000)
    texts = [token(_flat(number)) for number in range(60)]
    bad = token(key=minting.private_key("stranger"))
    start = threading.Barrier(50)

    def work(thread: int) -> int:
        start.wait()
        accepted = 0
        for turn in range(120):
            text = texts[(thread + turn * 7) % len(texts)]
            accepted += verifier.verify(text).sub == f"user-{(thread + turn * 7) % len(texts)}"
            if turn % 10 == 0:
                with pytest.raises(TokenError):
                    verifier.verify(bad)
        return accepted

    with ThreadPoolExecutor(50) as threads:
        assert list(threads.map(work, range(50))) == [120] * 50
    assert key_server.fetches == 1
    # The texts are of one shape, so that a verdict's size is known: that of the shortest payload, with its values.
    claims = verifier.verify(texts[0])
    values = len(claims.claims) + len(claims.groups) + len(claims.scopes)
    size = size_of(minting.decode(min(texts, key=len).split(".")[1]), values)
    assert 0 < len(verifier._verdicts) * size <= 200_000
    assert verifier._verdicts._put <= 100_000


def _refuse(*_: object) -> None:
    raise ValueError("_blake2 is not available in FIPS mode")


@pytest.mark.parametrize("blake2", [None, SimpleNamespace(blake2b=_refuse)], ids=["not there", "refused"])
def test_digest_is_sha_256_in_a_python_for_fips_140(blake2: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in: Python as it is released always has BLAKE2b; those of some Linux distributions do as these two."""
    monkeypatch.setitem(sys.modules, "_blake2", blake2)
    assert verdicts._hash_function() is hashlib.sha256
