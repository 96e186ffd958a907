"""Signs in as a browser does at the hosted sign-in page: authorization code with PKCE (RFC 7636)."""

import base64
import hashlib
import re
import secrets
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from local.stack import LocalStack

REDIRECT = "http://localhost:5173/"


def sign_in_with_pkce(stack: LocalStack, email: str, password: str, scope: str) -> dict[str, Any]:
    """Fill in the sign-in page's form and exchange the code. Returns the token endpoint's answer."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    client_id = stack.outputs["WebClientId"]
    with httpx.Client(base_url=stack.settings.endpoint, timeout=30) as browser:
        page = browser.get(
            "/oauth2/authorize",
            params={
                "client_id": client_id,
                "response_type": "code",
                "scope": scope,
                "redirect_uri": REDIRECT,
                "code_challenge": challenge,
                "code_challenge_method": "S256",
                "state": "state-of-the-app",
            },
        )
        fields = dict(re.findall(r'name="([^"]+)"[^>]*value="([^"]*)"', page.text))
        sent_back = browser.post("/login", data={**fields, "username": email, "password": password})
        query = parse_qs(urlsplit(sent_back.headers["location"]).query)
        assert query["state"] == ["state-of-the-app"]
        answer = browser.post(
            "/oauth2/token",
            data={
                "grant_type": "authorization_code",
                "client_id": client_id,
                "code": query["code"][0],
                "redirect_uri": REDIRECT,
                "code_verifier": verifier,
            },
        )
    tokens: dict[str, Any] = answer.raise_for_status().json()
    return tokens
