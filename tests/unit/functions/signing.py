"""A user pool's keys, served on the loopback interface as an emulator serves them, and tokens signed with them.

The authorizer is tested with its own wiring: its variables, its fetch, its verifier. Tokens are signed with PyJWT,
which is not what verifies them.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

POOL = "us-east-1_EXAMPLE01"
ISSUER = f"https://cognito-idp.us-east-1.amazonaws.com/{POOL}"


@cache
def key(key_id: str) -> rsa.RSAPrivateKey:
    """One key for each id; making one takes a while."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def access_token(*, key_id: str = "pool-key", groups: list[str] | None = None, **claims: Any) -> str:
    """An access token as Cognito makes it, with these groups and claims; None leaves a claim out."""
    now = int(time.time())
    payload = {
        "sub": "aaaaaaaa-0000-4000-8000-000000000001",
        "iss": ISSUER,
        "client_id": "1example23456789",
        "origin_jti": "bbbbbbbb-0000-4000-8000-000000000001",
        "event_id": "bbbbbbbb-0000-4000-8000-000000000002",
        "token_use": "access",
        "scope": "aws.cognito.signin.user.admin profiles/read",
        "auth_time": now,
        "exp": now + 900,
        "iat": now,
        "jti": "cccccccc-0000-4000-8000-000000000004",
        "username": "aaaaaaaa-0000-4000-8000-000000000001",
        "cognito:groups": groups,
        **claims,
    }
    present = {name: value for name, value in payload.items() if value is not None}
    return jwt.encode(present, key(key_id), algorithm="RS256", headers={"kid": "pool-key", "typ": None})


class _KeyEndpoint(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        public = jwt.algorithms.RSAAlgorithm.to_jwk(key("pool-key").public_key(), as_dict=True)
        found = self.path == f"/{POOL}/.well-known/jwks.json"
        body = json.dumps({"keys": [{**public, "kid": "pool-key", "alg": "RS256", "use": "sig"}]}).encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name for it
        pass


@contextmanager
def key_endpoint() -> Iterator[str]:
    """The address of a server that has the pool's keys; it ends with the block."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _KeyEndpoint) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
