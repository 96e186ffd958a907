"""A caller as the verifier knows it, and as the authorizer tells it."""

from typing import Any

from poolhouse.tokens import Claims

NOW = 1_800_000_000.0

CONTEXT: dict[str, Any] = {
    "sub": "a1",
    "username": "a1",
    "client_id": "web",
    "principal_type": "user",
    "roles": "support admin",
    "scopes": "profiles/read profiles/read.any",
    "token_use": "access",
    "exp": int(NOW) + 60,
    "jti": "j1",
}
MACHINE = {**CONTEXT, "sub": "job", "username": "", "client_id": "job", "principal_type": "machine", "roles": ""}


def claims(**members: Any) -> Claims:
    values: dict[str, Any] = {
        "issuer": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_EXAMPLE01",
        "sub": "a1",
        "username": "a1",
        "groups": ("support", "admin"),
        "scopes": frozenset({"profiles/read.any", "profiles/read"}),
        "client_id": "web",
        "origin_jti": "o1",
        "jti": "j1",
        "token_use": "access",
        "expires_at": int(NOW) + 60,
        "principal_type": "user",
        "claims": {},
    }
    return Claims(**{**values, **members})
