"""An old user directory on this machine, as a migration endpoint, that misbehaves on demand."""

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.serving import serving

SECRET = "a-secret-of-the-tests"


class DirectoryServer:
    """What it answers, and what it was asked.

    Attributes:
        url: Where it answers.
        users: By e-mail address: the password and the attributes.
        asked: The bodies of the requests that brought the secret.
        status: Answer this instead.
        body: Answer these bytes instead of the attributes.
        drip: Send the answer one byte at a time, 50 ms each.
    """

    def __init__(self) -> None:
        self.users: dict[str, tuple[str, dict[str, Any]]] = {}
        self.asked: list[dict[str, Any]] = []
        self.status: int | None = None
        self.body: bytes | None = None
        self.drip = False
        self.closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/users"

    def answer(self, authorization: str | None, question: dict[str, Any]) -> tuple[int, bytes]:
        """Answer as docs/triggers/user_migration.md wants it."""
        if authorization != f"Bearer {SECRET}":
            return 403, b""
        self.asked.append(question)
        password, attributes = self.users.get(question["username"], (None, None))
        if attributes is None:
            status = 404
        elif "password" in question and question["password"] != password:
            status = 401
        else:
            status = 200
        body = json.dumps({"attributes": attributes}).encode() if self.body is None else self.body
        return self.status or status, body

    @contextlib.contextmanager
    def running(self) -> Iterator["DirectoryServer"]:
        with serving(self._server, self.closing.set):
            yield self


def _handler(server: DirectoryServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, body = server.answer(self.headers["Authorization"], question)
            if self.headers["Content-Type"] != "application/json":
                status = 415
            with contextlib.suppress(OSError):  # the other side may have hung up: that is what some tests are about
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                if status in (301, 307, 308):
                    self.send_header("Location", server.url)
                self.end_headers()
                if not server.drip:
                    self.wfile.write(body)
                    return
                for byte in body:
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    if server.closing.wait(0.05):
                        return

        def log_message(self, *_: object) -> None:
            pass

    return Handler
