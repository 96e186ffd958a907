"""One HTTP request within one deadline, whatever the other side does: for a key set, or what the caller asks.

Imported only when something is fetched: `http.client` and `ssl` cost a cold start more than a verification does.
`urllib.request` would follow redirects and obey proxy variables; this does neither.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping

from poolhouse.tokens.endpoints import web_address

DEADLINE_SECONDS = 2.0
"""Time for a whole fetch of keys, from the name look-up to the last byte of the body. Well under the 10 s that an HTTP
API gives its authorizer and the 5 s that Cognito gives a trigger."""

MAX_BODY_BYTES = 150_000
"""Largest key set. API Gateway has the same limit for its own JWT authorizer; Cognito's sets have about 1 kB."""


class FetchError(Exception):
    """No whole answer with status 200 came. The message says why and holds nothing that the other side sent.

    Attributes:
        status: The status of the answer if it was another one; None if there was no answer, or no whole one.
        body: The body of an answer with another status, for a caller that asked for it.
    """

    def __init__(self, reason: str, status: int | None = None, body: bytes = b"") -> None:
        super().__init__(reason)
        self.status = status
        self.body = body


class _Fetch:
    """One request, on a thread of its own: a name look-up has no time limit that could be set."""

    def __init__(
        self,
        method: str,
        url: str,
        deadline_seconds: float,
        max_bytes: int,
        body: bytes | None,
        headers: Mapping[str, str],
        *,
        read_refusals: bool,
    ) -> None:
        self._method = method
        self.answer: bytes | None = None
        self.failure = FetchError("")
        self.late = FetchError(f"no complete answer within {deadline_seconds:g} s")
        self.done = threading.Event()
        self._address = web_address(url)
        self._ends = time.monotonic() + deadline_seconds
        self._max_bytes = max_bytes
        self._body = body
        self._read_refusals = read_refusals
        self._headers = {"Accept": "application/json", "Connection": "close", **headers}
        self._connection: http.client.HTTPConnection | None = None

    def remaining(self) -> float:
        """Return the seconds left, or raise when there are none."""
        seconds = self._ends - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds

    def run(self) -> None:
        """Fetch, and keep the answer's body or the reason why there is none."""
        try:
            self.answer = self._exchange()
        except TimeoutError:
            self.failure = self.late
        except FetchError as failure:
            self.failure = failure
        except Exception as failure:  # noqa: BLE001, RUF100 - any failure means the same here: no answer
            self.failure = FetchError(type(failure).__name__)
        finally:
            if self._connection is not None:
                self._connection.close()
            self.done.set()

    def abandon(self) -> None:
        """End a request that took too long, so that its thread does not outlive it by more than a moment."""
        connection = self._connection
        channel = connection.sock if connection is not None else None
        if channel is not None:
            try:  # noqa: SIM105 - importing `contextlib` for this costs the cold start
                channel.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _exchange(self) -> bytes:
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
        connection.request(self._method, path, self._body, self._headers)
        with connection.getresponse() as response:
            if response.status != 200:
                refusal = self._body_of(response) if self._read_refusals else b""
                raise FetchError(f"status {response.status}", response.status, refusal)
            return self._body_of(response)

    def _body_of(self, response: http.client.HTTPResponse) -> bytes:
        answer = bytearray()
        while chunk := response.read1(16_384):
            self.remaining()
            answer += chunk
            if len(answer) > self._max_bytes:
                raise FetchError(f"more than {self._max_bytes} bytes")
        if response.length:
            raise FetchError("the answer ended early")
        return bytes(answer)


def fetch(
    url: str,
    *,
    deadline_seconds: float = DEADLINE_SECONDS,
    max_bytes: int = MAX_BODY_BYTES,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    method: str | None = None,
    read_refusals: bool = False,
) -> bytes:
    """Return the body of the answer.

    Args:
        url: https, or http on the loopback interface.
        deadline_seconds: Time for the whole request, from the name look-up to the last byte of the answer, in seconds.
            An answer that drips in slowly does not extend it.
        max_bytes: Largest body of an answer, in bytes.
        body: What to send; None sends nothing.
        headers: Further headers, such as ``Content-Type``.
        method: By default POST for what has a body, and GET.
        read_refusals: Read the body of an answer with another status too, into `FetchError.body`.

    Raises:
        FetchError: No answer with status 200, complete, in time and within the limit. A redirect is such a status: the
            answer comes from the address that was configured or not at all.
        ValueError: Not an address to fetch from.

    Example:
        >>> fetch("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf123/.well-known/jwks.json")
        ... # doctest: +SKIP
    """
    attempt = _Fetch(
        method or ("GET" if body is None else "POST"),
        url,
        deadline_seconds,
        max_bytes,
        body,
        headers or {},
        read_refusals=read_refusals,
    )
    threading.Thread(target=attempt.run, name="poolhouse-fetch", daemon=True).start()
    if not attempt.done.wait(deadline_seconds):
        attempt.abandon()
        raise attempt.late
    if attempt.answer is None:
        raise attempt.failure
    return attempt.answer
