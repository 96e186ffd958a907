"""An OpenID provider on this machine: discovery, authorization code flow, ID tokens in RS256, keys, UserInfo."""

import contextlib
import json
import secrets
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.serving import serving

CLIENT_ID: Final = "poolhouse-tests"
CLIENT_SECRET: Final = secrets.token_urlsafe(24)
_KEY_ID: Final = "of-the-tests"


class OpenIdProvider:
    """Says of whoever comes that they are `user`.

    Source: OpenID Connect Core 1.0, section 3.1, and Discovery 1.0, section 4.

    Attributes:
        issuer: Its address.
        user: The claims of the user who is signed in there; ``sub`` among them.
        asked: The paths that were asked for.
    """

    def __init__(self) -> None:
        self.user: dict[str, Any] = {}
        self.asked: list[str] = []
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._codes: dict[str, tuple[str, dict[str, Any]]] = {}
        self._access_tokens: dict[str, dict[str, Any]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"

    @contextlib.contextmanager
    def running(self) -> Iterator["OpenIdProvider"]:
        """Serve until the end of the block."""
        with serving(self._server):
            yield self

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/sign-in",
            "token_endpoint": f"{self.issuer}/tokens",
            "userinfo_endpoint": f"{self.issuer}/user-info",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def keys(self) -> dict[str, Any]:
        key = jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{**key, "kid": _KEY_ID, "use": "sig", "alg": "RS256"}]}

    def redirect(self, query: dict[str, str]) -> str:
        """Where a user who has signed in is sent: back, with a code."""
        assert query["client_id"] == CLIENT_ID
        assert query["response_type"] == "code"
        assert "openid" in query["scope"].split()
        code = secrets.token_urlsafe(16)
        self._codes[code] = (query["redirect_uri"], {**self.user})
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def tokens(self, form: dict[str, str]) -> dict[str, Any]:
        """The tokens for a code, which is good once."""
        redirect_uri, user = self._codes.pop(form["code"])
        assert (form["grant_type"], form["redirect_uri"]) == ("authorization_code", redirect_uri)
        assert (form["client_id"], form["client_secret"]) == (CLIENT_ID, CLIENT_SECRET)
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, **user}
        access_token = secrets.token_urlsafe(16)
        self._access_tokens[access_token] = user
        return {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": 300,
            "id_token": jwt.encode(claims, self._key, "RS256", headers={"kid": _KEY_ID}),
        }

    def user_info(self, authorization: str) -> dict[str, Any]:
        return self._access_tokens[authorization.removeprefix("Bearer ")]


def _handler(provider: OpenIdProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            provider.asked.append(url.path)
            match url.path:
                case "/.well-known/openid-configuration":
                    self._answer(provider.discovery())
                case "/keys":
                    self._answer(provider.keys())
                case "/user-info":
                    self._answer(provider.user_info(self.headers["Authorization"]))
                case "/sign-in":
                    self.send_response(302)
                    self.send_header("Location", provider.redirect(_fields(url.query)))
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                case _:
                    self.send_error(404)

        def do_POST(self) -> None:
            provider.asked.append(self.path)
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer(provider.tokens(_fields(body)))

        def _answer(self, answer: dict[str, Any]) -> None:
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """A test's output is no place for it."""

    return Handler


def _fields(form: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(form).items()}
