"""The user pool of the benchmark: a signing key, tokens as Cognito issues them, and a key endpoint on loopback."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

POOL: Final = "eu-west-1_AbCdEf123"
ISSUER: Final = f"https://cognito-idp.eu-west-1.amazonaws.com/{POOL}"
CLIENT: Final = "1example23456789abcdefghi0"
KEY_ID: Final = "Q1s7Zb0N4c+3xW/kY8uR2mVtLhE6pJ5oDfGaTiXeMwA="


class Issuer:
    """A user pool that exists for one run.

    Attributes:
        key: its RSA key of 2048 bits, as Cognito's are.
        jwks: its key set with that one key.
    """

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(65537, 2048)
        jwk = RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        self.jwks = {
            "keys": [{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": KEY_ID, "n": jwk["n"], "e": jwk["e"]}]
        }

    def token(self, number: int = 0, **further: object) -> str:
        """Return an access token with the claims that Cognito writes by default, good for an hour.

        Args:
            number: tokens with different numbers differ.
            further: claims to add.
        """
        now = int(time.time())
        claims: dict[str, Any] = {
            "sub": "7a1b2c3d-0000-4000-8000-1234567890ab",
            "cognito:groups": ["admin", "support"],
            "iss": ISSUER,
            "client_id": CLIENT,
            "origin_jti": f"0f0e0d0c-0001-4000-8000-{number:012}",
            "event_id": f"0f0e0d0c-0002-4000-8000-{number:012}",
            "token_use": "access",
            "scope": "openid profiles/read profiles/write",
            "auth_time": now,
            "exp": now + 3600,
            "iat": now,
            "jti": f"0f0e0d0c-0003-4000-8000-{number:012}",
            "username": "ada",
        }
        # As Cognito writes its header: no `typ`.
        return jwt.encode(claims | further, self.key, "RS256", headers={"kid": KEY_ID, "typ": None})

    @contextlib.contextmanager
    def serving(self) -> Iterator[str]:
        """Serve the key set on a free loopback port, under every path, and give the endpoint's address."""
        body = json.dumps(self.jwks).encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_port}"
            finally:
                server.shutdown()
                thread.join()
