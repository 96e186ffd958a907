"""An authorizer of one's own: for this API alone a token needs the scope profiles/read.any."""

import os
from contextlib import suppress
from typing import Any

from poolhouse.gateway.authorizer import Authorizer
from poolhouse.tokens import CognitoVerifier, KeysUnavailableError, loopback_jwks_url

USER_POOL_ID = os.environ["USER_POOL_ID"]
VERIFIER = CognitoVerifier(
    USER_POOL_ID,
    client_ids=os.environ["CLIENT_IDS"].split(","),
    token_use="access",  # noqa: S106 - a kind of token, no password
    all_scopes=["profiles/read.any"],
    jwks_url=loopback_jwks_url(USER_POOL_ID),  # where the emulator has the keys; None on AWS: where the issuer has them
)
AUTHORIZER = Authorizer(VERIFIER)

with suppress(KeysUnavailableError):  # then the first request tries again
    VERIFIER.prefetch()


def lambda_handler(event: dict[str, Any], _context: object = None) -> dict[str, Any]:
    """Let a request with a good access token that has the scope through, and refuse every other one."""
    return AUTHORIZER.authorize(event)
