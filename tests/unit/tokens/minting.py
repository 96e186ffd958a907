"""Keys and tokens for the tests: what Cognito would issue, and anything else."""

import base64
import json
import time
from collections.abc import Mapping
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

POOL = "eu-west-1_AbCdEf123"
ISSUER = f"https://cognito-idp.eu-west-1.amazonaws.com/{POOL}"
UPDATED_ISSUER = f"https://issuer-cognito-idp.eu-west-1.amazonaws.com/{POOL}"
CLIENT = "1example23456789abcdefghi0"
KEY_ID = "Q1s7Zb0N4c+3xW/kY8uR2mVtLhE6pJ5oDfGaTiXeMwA="
SUB = "7a1b2c3d-0000-4000-8000-1234567890ab"


@cache
def private_key(name: str = "pool", bits: int = 2048) -> RSAPrivateKey:
    """Return a key made once in a run; equal names are the same key."""
    return generate_private_key(65537, bits)


def encode(value: bytes | Mapping[str, Any] | str) -> str:
    """Return bytes, text or a JSON object as base64url without padding."""
    if isinstance(value, Mapping):
        value = json.dumps(value, separators=(",", ":"))
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogatepass")
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def number(value: int) -> str:
    return encode(value.to_bytes((value.bit_length() + 7) // 8))


def public_jwk(key: RSAPrivateKey, key_id: str = KEY_ID, **members: object) -> dict[str, Any]:
    numbers = key.public_key().public_numbers()
    jwk = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": key_id, "n": number(numbers.n), "e": number(numbers.e)}
    return jwk | members


def key_set(*jwks: Mapping[str, Any]) -> dict[str, Any]:
    return {"keys": list(jwks) or [public_jwk(private_key())]}


def access_claims(**changes: object) -> dict[str, Any]:
    """Return the claims of an access token; a change to None leaves the claim out."""
    now = int(time.time())
    claims = {
        "sub": SUB,
        "cognito:groups": ["admin", "support"],
        "iss": ISSUER,
        "client_id": CLIENT,
        "origin_jti": "0f0e0d0c-0000-4000-8000-000000000001",
        "event_id": "0f0e0d0c-0000-4000-8000-000000000002",
        "token_use": "access",
        "scope": "openid profiles/read profiles/write",
        "auth_time": now - 60,
        "exp": now + 3600,
        "iat": now - 60,
        "jti": "0f0e0d0c-0000-4000-8000-000000000003",
        "username": "ada",
    }
    return {name: value for name, value in (claims | changes).items() if value is not None}


def id_claims(**changes: object) -> dict[str, Any]:
    """Return the claims of an ID token; a change to None leaves the claim out."""
    claims = access_claims(client_id=None, scope=None, username=None)
    claims |= {"aud": CLIENT, "token_use": "id", "cognito:username": "ada", "email": "ada@example.com"}
    return {name: value for name, value in (claims | changes).items() if value is not None}


def machine_claims(**changes: object) -> dict[str, Any]:
    """Return the claims of a client_credentials token; a change to None leaves the claim out."""
    changes = {"sub": CLIENT, "username": None, "cognito:groups": None, "origin_jti": None} | changes
    return access_claims(**changes)


def sign(signing_input: str, key: RSAPrivateKey | None = None) -> str:
    """Return the RS256 signature of an input, encoded."""
    return encode((key or private_key()).sign(signing_input.encode(), PKCS1v15(), SHA256()))


def token(
    claims: Mapping[str, Any] | str | None = None,
    header: Mapping[str, Any] | str | None = None,
    key: RSAPrivateKey | None = None,
) -> str:
    """Return a token signed with RS256. A header or claims given as text go in as they are."""
    header = {"kid": KEY_ID, "alg": "RS256"} if header is None else header
    signing_input = f"{encode(header)}.{encode(access_claims() if claims is None else claims)}"
    return f"{signing_input}.{sign(signing_input, key)}"
