"""Verified tokens, remembered by digest, so that a token seen again costs a hash and not a signature check."""

from __future__ import annotations

from _thread import allocate_lock
from collections import OrderedDict

from cryptography.hazmat.primitives.hashes import SHA256, Hash

from poolhouse.tokens.claims import Claims
from poolhouse.tokens.keys import JwksStore
from poolhouse.tokens.signatures import VerificationKey

CACHE_BYTES = 4_000_000
"""Memory for remembered tokens, in bytes: about 900 usual access tokens."""

# A verdict with its claims object, and a claim's name, value and place in a container, as measured and rounded up.
_ENTRY_BYTES = 1_200
_VALUE_BYTES = 200

_BACKSLASH = ord("\\")  # as a number: looking for bytes in bytes makes and drops an exception first

# `hashlib` would load a second OpenSSL beside the one that `cryptography` brings, at 6 ms of cold start.
_EMPTY = Hash(SHA256())


class Verdict:
    """A token that passed every check which depends on the token and the verifier alone.

    Attributes:
        claims: what it says.
        key: the very key it was verified with.
        store: where that key is from. The verdict ends when the store does not answer with that key any more.
        ends_at: seconds since the epoch at which it ends in any case: `exp` with the clock tolerance.
        size: upper bound of the memory it takes, in bytes.
    """

    __slots__ = ("claims", "ends_at", "key", "size", "store")

    def __init__(self, claims: Claims, key: VerificationKey, store: JwksStore, ends_at: float, size: int) -> None:
        self.claims = claims
        self.key = key
        self.store = store
        self.ends_at = ends_at
        self.size = size


class VerdictCache:
    """A bounded memory of verdicts. The oldest make room for new ones.

    Only verified tokens enter, so that nobody fills it with invented ones. It is keyed by the SHA-256 of the whole
    token: a memory dump has no token in it, and a token that differs in one bit is another token. Reading takes
    no lock.

    Args:
        max_bytes: bound of the memory in use, in bytes; 0 remembers nothing.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._used = 0
        self._verdicts: OrderedDict[bytes, Verdict] = OrderedDict()  # its first is found at once, a plain one's not
        self._lock = allocate_lock()
        self.get = self._verdicts.get

    def __len__(self) -> int:
        return len(self._verdicts)

    def put(self, token_digest: bytes, verdict: Verdict) -> None:
        """Remember a verdict.

        Args:
            token_digest: of the token, by `digest`.
            verdict: what was found.
        """
        # One huge token must not push out everyone else's.
        if verdict.size > self._max_bytes // 16:
            return
        verdicts = self._verdicts
        with self._lock:
            if token_digest in verdicts:
                self._drop(token_digest)
            used = self._used + verdict.size
            while used > self._max_bytes:
                _, oldest = verdicts.popitem(last=False)
                used -= oldest.size
            verdicts[token_digest] = verdict
            self._used = used

    def drop(self, token_digest: bytes) -> None:
        """Forget a verdict, if it is still there."""
        with self._lock:
            if token_digest in self._verdicts:
                self._drop(token_digest)

    def _drop(self, token_digest: bytes) -> None:
        self._used -= self._verdicts.pop(token_digest).size


def digest(token: bytes) -> bytes:
    """Return the SHA-256 of a token's text, 32 bytes."""
    hasher = _EMPTY.copy()
    hasher.update(token)
    return hasher.finalize()


def size_of(payload: bytes, values: int) -> int:
    """Return an upper bound of the memory that a remembered token takes, in bytes, without measuring its claims.

    Args:
        payload: the decoded payload of the token.
        values: number of its claims and of the values nested in them.
    """
    # One character outside Latin-1 makes Python store its whole string with four bytes a character.
    width = 1 if payload.isascii() and _BACKSLASH not in payload else 4
    return _ENTRY_BYTES + width * len(payload) + _VALUE_BYTES * values
