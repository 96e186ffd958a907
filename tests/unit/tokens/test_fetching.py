"""One fetch: its deadline, its limits, and what it refuses to follow."""

import contextlib
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from poolhouse.tokens.fetching import DEADLINE_SECONDS, MAX_BODY_BYTES, FetchError, fetch

from tests.unit.tokens.key_server import KeyServer


def test_fetch_returns_the_body(key_server: KeyServer) -> None:
    key_server.body = b"x" * MAX_BODY_BYTES
    assert fetch(key_server.url) == key_server.body


def test_limits_are_those_documented() -> None:
    assert DEADLINE_SECONDS == 2.0
    assert MAX_BODY_BYTES == 150_000


def test_fetch_refuses_a_body_one_byte_too_large(key_server: KeyServer) -> None:
    key_server.body = b"x" * (MAX_BODY_BYTES + 1)
    with pytest.raises(FetchError, match="more than 150000 bytes"):
        fetch(key_server.url)


def test_fetch_refuses_an_endless_body_without_a_length(key_server: KeyServer) -> None:
    key_server.body = b"x" * 10_000_000
    key_server.headers = {"Content-Length": "10000000000"}
    with pytest.raises(FetchError, match="more than"):
        fetch(key_server.url)


def test_fetch_refuses_a_body_that_ends_early(key_server: KeyServer) -> None:
    key_server.body = b'{"keys": []}'
    key_server.headers = {"Content-Length": "100", "Connection": "close"}
    with pytest.raises(FetchError):
        fetch(key_server.url)


@pytest.mark.parametrize("status", [201, 204, 301, 302, 303, 307, 308, 401, 403, 404, 429, 500, 503])
def test_fetch_takes_no_other_status_and_follows_no_redirect(key_server: KeyServer, status: int) -> None:
    key_server.status = status
    key_server.headers = {"Location": key_server.url}
    with pytest.raises(FetchError, match=f"status {status}"):
        fetch(key_server.url)
    assert key_server.fetches == 1


def test_body_of_a_refusal_is_read_for_who_asks_for_it(key_server: KeyServer) -> None:
    key_server.status, key_server.body = 400, b'{"error": "invalid_client"}'
    for asked, body in ((False, b""), (True, key_server.body)):
        with pytest.raises(FetchError, match="status 400") as raised:
            fetch(key_server.url, read_refusals=asked)
        assert (raised.value.status, raised.value.body) == (400, body)


def test_body_of_a_refusal_has_the_same_limit(key_server: KeyServer) -> None:
    key_server.status, key_server.body = 400, b"x" * 1_001
    with pytest.raises(FetchError, match="more than 1000 bytes"):
        fetch(key_server.url, read_refusals=True, max_bytes=1_000)


@pytest.mark.parametrize("drip", ["headers", "body"])
def test_slow_drip_does_not_extend_the_deadline(key_server: KeyServer, drip: str) -> None:
    key_server.body = b"x" * 10_000
    key_server.drip = drip
    before = threading.active_count()
    started = time.monotonic()
    with pytest.raises(FetchError, match=r"within 0\.4 s"):
        fetch(key_server.url, deadline_seconds=0.4)
    assert time.monotonic() - started < 1.0
    # The abandoned fetch hangs up and ends: nobody may keep a thread of ours alive by dripping.
    for _ in range(100):
        if not [thread for thread in threading.enumerate() if thread.name == "poolhouse-fetch"]:
            break
        time.sleep(0.02)
    assert not [thread for thread in threading.enumerate() if thread.name == "poolhouse-fetch"]
    assert threading.active_count() <= before + 1


def test_silence_ends_with_the_deadline(key_server: KeyServer) -> None:
    key_server.delay_seconds = 5
    started = time.monotonic()
    with pytest.raises(FetchError, match=r"within 0\.3 s"):
        fetch(key_server.url, deadline_seconds=0.3)
    assert time.monotonic() - started < 1.0


def test_name_look_up_counts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    # No time limit can be set for it, so it has to happen where it can be left behind.
    released = threading.Event()

    def stuck(*_arguments: object, **_options: object) -> None:
        released.wait(5)
        raise OSError("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", stuck)
    started = time.monotonic()
    with pytest.raises(FetchError, match=r"within 0\.3 s"):
        fetch("https://issuer.example/keys", deadline_seconds=0.3)
    assert time.monotonic() - started < 1.0
    released.set()


def test_refused_connection_is_a_fetch_error() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(FetchError, match="ConnectionRefusedError"):
        fetch(f"http://127.0.0.1:{port}/keys")


def test_answer_that_is_not_http_is_a_fetch_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"SSH-2.0-OpenSSH\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(FetchError, match="BadStatusLine"):
            fetch(f"http://127.0.0.1:{server.getsockname()[1]}/keys")
        thread.join()


def _certificate(address: str) -> tuple[bytes, bytes]:
    """A certificate that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "keys")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(1), now + timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM), secret


@pytest.mark.parametrize(
    ("address", "is_trusted", "answers"),
    [("127.0.0.1", True, True), ("127.0.0.1", False, False), ("127.0.0.2", True, False)],
    ids=["ours", "of nobody we trust", "of another address"],
)
def test_https_needs_a_certificate_of_that_address_by_who_is_trusted(
    address: str, is_trusted: bool, answers: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    (tmp_path / "certificate").write_bytes(b"".join(_certificate(address)))
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate"))
    server = KeyServer({"keys": []})
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate")
    server._server.socket = context.wrap_socket(server._server.socket, server_side=True)
    with server.running(), contextlib.nullcontext() if answers else pytest.raises(FetchError, match="Cert|SSL"):
        fetch(server.url.replace("http://", "https://"))
    assert server.fetches == answers


def test_https_falls_back_to_no_plain_text(key_server: KeyServer) -> None:
    with pytest.raises(FetchError):
        fetch(key_server.url.replace("http://", "https://"))
    assert key_server.fetches == 0


def test_proxy_variables_are_not_obeyed(key_server: KeyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert b"keys" in fetch(key_server.url)
