"""Verified tokens, remembered by digest, so that a token seen again costs a hash and not a signature check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from poolhouse.tokens.claims import Claims
from poolhouse.tokens.keys import JwksStore
from poolhouse.tokens.signatures import VerificationKey

CACHE_BYTES = 4_000_000
"""Memory for remembered tokens, in bytes: 400 to 850 usual access tokens, as the older half goes at once."""

# A verdict with its claims object, and a claim's name, value and place in a container, as measured and rounded up.
_ENTRY_BYTES = 1_200
_VALUE_BYTES = 200

_BACKSLASH = ord("\\")  # as a number: looking for bytes in bytes makes and drops an exception first


def _hash_function() -> Callable[[bytes], Any]:
    # Where `hashlib` has BLAKE2b from; `hashlib` itself would load a second OpenSSL beside the one that `cryptography`
    # brings, at 6 ms of cold start. With OpenSSL's own BLAKE2b each new token takes two microseconds more.
    try:
        from _blake2 import blake2b  # noqa: PLC0415 - not there, or not to be called, in a Python for FIPS 140

        blake2b()
    except (ImportError, ValueError):
        from hashlib import sha256  # noqa: PLC0415

        return sha256
    return blake2b


_hash = _hash_function()

type Verdict = tuple[Claims, VerificationKey, JwksStore, float]
"""A token that passed every check which depends on the token and the verifier alone: what it says, the very key it was
verified with, the store that key is from, and the seconds since the epoch at which the verdict ends: `exp` with the
clock tolerance. It ends before when the store does not answer with that key any more. A tuple, as there is one for
each token: an object of its own takes three times the time to make."""


class VerdictCache:
    """A bounded memory of verdicts. The oldest make room for new ones.

    Only verified tokens enter, so that nobody fills it with invented ones. It is keyed by the digest of the whole
    token: a memory dump has no token in it, and a token that differs in one bit is another token. It needs no
    lock: nothing in `put` lets another thread in between. (Without the global interpreter lock two threads could begin
    a generation too early, or count one verdict less.)

    There are two generations. When the newer one has half of the bound it becomes the older one, whose verdicts are
    dropped all at once. To drop one for each new one would take every new token three microseconds more, as the
    processor has to fetch from memory what it is to free.

    Args:
        max_bytes: bound of the memory in use, in bytes; 0 remembers nothing.
    """

    def __init__(self, max_bytes: int) -> None:
        self._bound_of_each = max_bytes // 2
        self._newer: dict[bytes, Verdict] = {}
        self._older: dict[bytes, Verdict] = {}
        self._put = 0  # bytes put into the newer, with what was replaced or dropped since: too much at worst

    def __len__(self) -> int:
        return len(self._newer.keys() | self._older.keys())

    def get(self, token_digest: bytes) -> Verdict | None:
        """Return what was found, or None if nothing is remembered.

        Args:
            token_digest: of the token, by `digest`.
        """
        return self._newer.get(token_digest) or self._older.get(token_digest)

    def put(self, token_digest: bytes, verdict: Verdict, size: int) -> None:
        """Remember a verdict.

        Args:
            token_digest: of the token, by `digest`.
            verdict: what was found.
            size: upper bound of the memory it takes, in bytes, by `size_of`.
        """
        # One huge token must not push out everyone else's.
        if size > self._bound_of_each // 8:
            return
        self._put += size
        if self._put > self._bound_of_each:
            self._older, self._newer = self._newer, {}
            self._put = size
        self._newer[token_digest] = verdict

    def drop(self, token_digest: bytes) -> None:
        """Forget a verdict, if it is still there."""
        self._newer.pop(token_digest, None)
        self._older.pop(token_digest, None)


def digest(token: bytes) -> bytes:
    """Return a cryptographic digest of a token's text."""
    hashed: bytes = _hash(token).digest()
    return hashed


def size_of(payload: bytes, values: int) -> int:
    """Return an upper bound of the memory that a remembered token takes, in bytes, without measuring its claims.

    Args:
        payload: the decoded payload of the token.
        values: number of its claims, of the values nested in them, and of its scopes.
    """
    # One character outside Latin-1 makes Python store its whole string with four bytes a character.
    width = 1 if payload.isascii() and _BACKSLASH not in payload else 4
    return _ENTRY_BYTES + width * len(payload) + _VALUE_BYTES * values
