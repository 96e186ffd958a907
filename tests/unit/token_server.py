"""A token endpoint on this machine for one app client: it counts its requests, takes live secrets only, and misbehaves
on demand."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from tests.serving import serving

CLIENT = "1example23456789abcdefghi0"
SCOPES = ("profiles/read.any", "profiles/read.personal")


class TokenServer:
    """What the endpoint answers, and what it was asked.

    Attributes:
        url: Its address.
        secrets: The client's secrets. Any other is refused.
        requests: The fields of each request so far.
        expires_in: Life of the tokens that it gives, in seconds.
        status: None, or the HTTP status of every answer.
        body: None, or what every answer holds.
        delay_seconds: Time before the answer begins.
    """

    def __init__(self, *secrets: str) -> None:
        self.secrets = set(secrets)
        self.requests: list[dict[str, list[str]]] = []
        self.expires_in = 3600
        self.status: int | None = None
        self.body: bytes | None = None
        self.delay_seconds = 0.0
        self.closing = threading.Event()
        self._counting = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/oauth2/token"

    @contextmanager
    def running(self) -> Iterator["TokenServer"]:
        with serving(self._server, self.closing.set):
            yield self

    def answer(self, authorization: str, form: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        """Return the status and the answer, as the documentation of Cognito's token endpoint has them."""
        with self._counting:
            self.requests.append(form)
            number = len(self.requests)
        client, _, secret = (
            base64.b64decode(authorization.removeprefix("Basic "), validate=True).decode().partition(":")
        )
        if client != CLIENT or secret not in self.secrets:
            return 400, {"error": "invalid_client"}
        if form.get("grant_type") != ["client_credentials"]:
            return 400, {"error": "unsupported_grant_type"}
        if not set(form.get("scope", [" ".join(SCOPES)])[0].split(" ")) <= set(SCOPES):
            return 400, {"error": "invalid_scope"}
        return 200, {"access_token": f"token-{number}", "expires_in": self.expires_in, "token_type": "Bearer"}


def _handler(server: TokenServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["Content-Type"] == "application/x-www-form-urlencoded"
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode(), strict_parsing=True)
            status, answer = server.answer(self.headers["Authorization"], form)
            server.closing.wait(server.delay_seconds)
            body = json.dumps(answer).encode() if server.body is None else server.body
            self.send_response(server.status or status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
