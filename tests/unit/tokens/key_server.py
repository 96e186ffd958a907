"""A key endpoint on this machine that counts its requests and misbehaves on demand."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.serving import serving


class KeyServer:
    """What the endpoint answers, and how often it was asked.

    Attributes:
        url: address of the key set.
        fetches: number of requests so far.
        keys: the key set.
        status: HTTP status of the answer.
        body: bytes to answer instead of the key set.
        delay_seconds: time before the answer begins.
        drip: None, "headers" or "body": send these one byte at a time, a little later each.
        headers: further headers.
    """

    def __init__(self, keys: Mapping[str, Any]) -> None:
        self.keys = keys
        self.fetches = 0
        self.status = 200
        self.body: bytes | None = None
        self.delay_seconds = 0.0
        self.drip: str | None = None
        self.headers: dict[str, str] = {}
        self.closing = threading.Event()
        self._counting = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/keys"

    def count(self) -> None:
        with self._counting:
            self.fetches += 1

    @contextlib.contextmanager
    def running(self) -> Iterator["KeyServer"]:
        with serving(self._server, self.closing.set):
            yield self


def _handler(server: KeyServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.count()
            server.closing.wait(server.delay_seconds)
            body = json.dumps(server.keys).encode() if server.body is None else server.body
            # The other side may have hung up: that is what some tests are about.
            with contextlib.suppress(OSError):
                if server.drip == "headers":
                    self._drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 10_000)
                    return
                self.send_response(server.status)
                for name, value in ({"Content-Length": str(len(body))} | server.headers).items():
                    self.send_header(name, value)
                self.end_headers()
                if server.drip == "body":
                    self._drip(body)
                else:
                    self.wfile.write(body)

        def _drip(self, text: bytes) -> None:
            for byte in text:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                if server.closing.wait(0.05):
                    return

        def log_message(self, *_: object) -> None:
            pass

    return Handler


class Clock:
    """Stands in for the module `time` where the wall clock is read; it stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = time.time()

    def time(self) -> float:
        return self.now
