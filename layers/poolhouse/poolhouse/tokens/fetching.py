"""Fetch a key set over HTTP within one deadline, whatever the other side does.

Imported only when keys are fetched: `http.client` and `ssl` cost a cold start more than a verification does.
`urllib.request` would follow redirects and obey proxy variables; this does neither.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time

from poolhouse.tokens.endpoints import key_address

DEADLINE_SECONDS = 2.0
"""Time for a whole fetch, from the name look-up to the last byte of the body. Well under the 10 s that an HTTP API
gives its authorizer and the 5 s that Cognito gives a trigger."""

MAX_BODY_BYTES = 150_000
"""Largest key set. API Gateway has the same limit for its own JWT authorizer; Cognito's sets have about 1 kB."""


class FetchError(Exception):
    """The keys did not come. The message says why and holds nothing that the other side sent."""


class _Fetch:
    """One fetch, on a thread of its own: a name look-up has no time limit that could be set."""

    def __init__(self, url: str, deadline_seconds: float, max_bytes: int) -> None:
        self.body: bytes | None = None
        self.failure = ""
        self.late = f"no complete answer within {deadline_seconds:g} s"
        self.done = threading.Event()
        self._address = key_address(url)
        self._ends = time.monotonic() + deadline_seconds
        self._max_bytes = max_bytes
        self._connection: http.client.HTTPConnection | None = None

    def remaining(self) -> float:
        """Return the seconds left, or raise when there are none."""
        seconds = self._ends - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds

    def run(self) -> None:
        """Fetch, and keep the body or the reason why there is none."""
        try:
            self.body = self._download()
        except TimeoutError:
            self.failure = self.late
        except FetchError as failure:
            self.failure = str(failure)
        except Exception as failure:  # noqa: BLE001, RUF100 - any failure means the same here: no keys
            self.failure = type(failure).__name__
        finally:
            if self._connection is not None:
                self._connection.close()
            self.done.set()

    def abandon(self) -> None:
        """End a fetch that took too long, so that its thread does not outlive it by more than a moment."""
        connection = self._connection
        channel = connection.sock if connection is not None else None
        if channel is not None:
            with contextlib.suppress(OSError):
                channel.shutdown(socket.SHUT_RDWR)

    def _download(self) -> bytes:
        secure, host, port, path = self._address
        if secure:
            self._connection = http.client.HTTPSConnection(
                host, port, timeout=self.remaining(), context=ssl.create_default_context()
            )
        else:
            self._connection = http.client.HTTPConnection(host, port, timeout=self.remaining())
        connection = self._connection
        connection.connect()
        connection.sock.settimeout(self.remaining())
        connection.request("GET", path, headers={"Accept": "application/json", "Connection": "close"})
        with connection.getresponse() as response:
            if response.status != 200:
                raise FetchError(f"status {response.status}")
            body = bytearray()
            while chunk := response.read1(16_384):
                self.remaining()
                body += chunk
                if len(body) > self._max_bytes:
                    raise FetchError(f"more than {self._max_bytes} bytes")
            if response.length:
                raise FetchError("the answer ended early")
            return bytes(body)


def fetch(url: str, deadline_seconds: float = DEADLINE_SECONDS, max_bytes: int = MAX_BODY_BYTES) -> bytes:
    """Return the body of a key set.

    Args:
        url: the key endpoint; https, or http on the loopback interface.
        deadline_seconds: time for the whole fetch, in seconds. An answer that drips in slowly does not extend it.
        max_bytes: largest body, in bytes.

    Raises:
        FetchError: no answer with status 200, complete, in time and within the limit. A redirect is such a status: keys
            come from the address that was configured or not at all.
        ValueError: not an address to fetch keys from.

    Example:
        >>> fetch("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf123/.well-known/jwks.json")
        ... # doctest: +SKIP
    """
    attempt = _Fetch(url, deadline_seconds, max_bytes)
    threading.Thread(target=attempt.run, name="poolhouse-keys", daemon=True).start()
    if not attempt.done.wait(deadline_seconds):
        attempt.abandon()
        raise FetchError(attempt.late)
    if attempt.body is None:
        raise FetchError(attempt.failure)
    return attempt.body
