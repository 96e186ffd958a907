"""Fetch a key set. Imported only when keys are fetched: it brings Python's network modules with it."""

from __future__ import annotations

from poolhouse import http
from poolhouse.http import FetchError

__all__ = ["DEADLINE_SECONDS", "MAX_BODY_BYTES", "FetchError", "fetch"]

DEADLINE_SECONDS = 2.0
"""Time for a whole fetch, from the name look-up to the last byte of the body. Well under the 10 s that an HTTP API
gives its authorizer and the 5 s that Cognito gives a trigger."""

MAX_BODY_BYTES = 150_000
"""Largest key set. API Gateway has the same limit for its own JWT authorizer; Cognito's sets have about 1 kB."""


def fetch(url: str, deadline_seconds: float = DEADLINE_SECONDS, max_bytes: int = MAX_BODY_BYTES) -> bytes:
    """Return the body of a key set.

    Args:
        url: the key endpoint; https, or http on the loopback interface.
        deadline_seconds: time for the whole fetch, in seconds.
        max_bytes: largest body, in bytes.

    Raises:
        FetchError: no whole answer with status 200 in time and within the limit. No redirect is followed: keys come
            from the address that was configured or not at all.
        ValueError: not an address to fetch from.

    Example:
        >>> fetch("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf123/.well-known/jwks.json")
        ... # doctest: +SKIP
    """
    return http.fetch(url, deadline_seconds=deadline_seconds, max_bytes=max_bytes)
