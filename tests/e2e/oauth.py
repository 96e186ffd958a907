"""Signs in as a browser does at the hosted sign-in page: authorization code with PKCE (RFC 7636)."""

import base64
import hashlib
import re
import secrets
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx

from local.stack import LocalStack

REDIRECT = "http://localhost:5173/"


def sign_in_with_pkce(stack: LocalStack, email: str, password: str, scope: str) -> dict[str, Any]:
    """Fill in the sign-in page's form and exchange the code. Returns the token endpoint's answer."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    client_id = stack.outputs["WebClientId"]
    query = urlencode(
        {
            "client_id": client_id,
            "response_type": "code",
            "scope": scope,
            "redirect_uri": REDIRECT,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "state": "state-of-the-app",
        }
    )
    sent_back = sign_in_at(f"{stack.settings.endpoint}/oauth2/authorize?{query}", email, password)
    answer = parse_qs(urlsplit(sent_back).query)
    assert answer["state"] == ["state-of-the-app"]
    return exchange(
        stack,
        {
            "grant_type": "authorization_code",
            "client_id": client_id,
            "code": answer["code"][0],
            "redirect_uri": REDIRECT,
            "code_verifier": verifier,
        },
    )


def sign_in_at(address: str, email: str, password: str) -> str:
    """Fill in the form of the sign-in page at an address. Returns where it sends the browser then."""
    with httpx.Client(timeout=30) as browser:
        page = browser.get(address)
        fields = dict(re.findall(r'name="([^"]+)"[^>]*value="([^"]*)"', page.text))
        sent_back = browser.post(urljoin(address, "/login"), data={**fields, "username": email, "password": password})
    return str(sent_back.headers["location"])


def exchange(stack: LocalStack, grant: dict[str, str]) -> dict[str, Any]:
    """Send a grant to the token endpoint. Returns its answer."""
    answer = httpx.post(f"{stack.settings.endpoint}/oauth2/token", data=grant, timeout=30)
    tokens: dict[str, Any] = answer.raise_for_status().json()
    return tokens
