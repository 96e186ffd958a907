"""A proxy before the emulator's DynamoDB that fails as a network or a busy service does, in the middle of a request."""

import contextlib
import http.client
import json
import socket
import struct
import threading
from collections import deque
from collections.abc import Iterator
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import urlsplit

from tests.serving import serving


class Fault(Enum):
    """What befalls a request; whether DynamoDB has done it by then is said by `is_late`."""

    THROTTLED = "throttled"
    TOO_MANY_REQUESTS = "too many requests"
    IN_PROGRESS = "the same transaction is in progress"
    CONFLICT = "another transaction is in the way"
    ERROR = "500 from DynamoDB"
    UNAVAILABLE = "503 from a proxy on the way, in HTML"
    SILENT_BEFORE = "no answer, before it is done"
    SILENT_AFTER = "no answer, after it is done"
    RESET_BEFORE = "connection reset, before it is done"
    RESET_AFTER = "connection reset, after it is done"
    CUT_AFTER = "half an answer, after it is done"

    @property
    def is_late(self) -> bool:
        """Whether DynamoDB does what it is asked to, and only its answer is lost."""
        return self in {Fault.SILENT_AFTER, Fault.RESET_AFTER, Fault.CUT_AFTER}


def _error(code: str, **members: Any) -> str:
    return json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "of the tests", **members})


# What DynamoDB answers: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
_ANSWERS: Final = {
    Fault.THROTTLED: (400, _error("ThrottlingException")),
    Fault.TOO_MANY_REQUESTS: (400, _error("ProvisionedThroughputExceededException")),
    Fault.IN_PROGRESS: (400, _error("TransactionInProgressException")),
    Fault.CONFLICT: (
        400,
        _error("TransactionCanceledException", CancellationReasons=[{"Code": "TransactionConflict"}, {"Code": "None"}]),
    ),
    Fault.ERROR: (500, _error("InternalServerError")),
    Fault.UNAVAILABLE: (503, "<html><body>Service Unavailable</body></html>"),
}


class FaultyDynamoDb:
    """Passes every request on to DynamoDB, but for those that a fault is waiting for.

    Args:
        endpoint: Where DynamoDB is.

    Attributes:
        url: Where the proxy is.
        faults: What is to befall the next requests for an operation, in this order.
        tokens: ``ClientRequestToken`` of each transaction that came, in this order.
    """

    def __init__(self, endpoint: str) -> None:
        self.faults: dict[str, deque[Fault]] = {}
        self.tokens: list[str] = []
        self._ended = threading.Event()
        self._behind = urlsplit(endpoint)
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextlib.contextmanager
    def running(self) -> Iterator["FaultyDynamoDb"]:
        """Serve until the end of the block."""
        with serving(self._server, self._ended.set):  # whoever keeps silent
            yield self

    def _pass_on(self, headers: dict[str, str], body: bytes) -> tuple[int, bytes, str]:
        connection = http.client.HTTPConnection(str(self._behind.hostname), self._behind.port, timeout=30)
        with contextlib.closing(connection):
            connection.request("POST", "/", body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers["x-amz-crc32"]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    proxy: FaultyDynamoDb


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        proxy = self.server.proxy
        operation = self.headers["X-Amz-Target"].rpartition(".")[2]
        if operation == "TransactWriteItems":
            proxy.tokens.append(json.loads(body)["ClientRequestToken"])
        waiting = proxy.faults.get(operation)
        fault = waiting.popleft() if waiting else None
        if fault in _ANSWERS:
            status, text = _ANSWERS[fault]
            self._answer(status, text.encode())
        elif fault is None:
            self._answer(*proxy._pass_on(dict(self.headers), body))
        else:
            self._break(fault, proxy._pass_on(dict(self.headers), body) if fault.is_late else None)

    def _break(self, fault: Fault, answer: tuple[int, bytes, str] | None) -> None:
        self.close_connection = True
        if fault in {Fault.SILENT_BEFORE, Fault.SILENT_AFTER}:
            self.server.proxy._ended.wait(3)
        elif fault is Fault.CUT_AFTER and answer:
            self._answer(*answer, cut=len(answer[1]) // 2)
        else:  # no farewell: the other side gets a reset
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def _answer(self, status: int, body: bytes, checksum: str = "", cut: int = 0) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        if checksum:
            self.send_header("x-amz-crc32", checksum)
        self.end_headers()
        self.wfile.write(body[: len(body) - cut])

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""
