"""The authorizer of every type of API: verify the access token and tell the API who calls."""

import json
import os
from contextlib import suppress
from typing import Any

from poolhouse.gateway.authorizer import Authorizer
from poolhouse.logs import get_logger
from poolhouse.metrics import count
from poolhouse.tokens import CognitoVerifier, KeysUnavailableError, loopback_jwks_url

USER_POOL_ID = os.environ["USER_POOL_ID"]
JWKS = os.environ.get("JWKS", "").strip()

_logger = get_logger(__name__)


def _names(variable: str) -> list[str] | None:
    return os.environ[variable].split(",") if os.environ.get(variable) else None


VERIFIER = CognitoVerifier(
    USER_POOL_ID,
    client_ids=os.environ["CLIENT_IDS"].split(","),
    token_use="access",  # noqa: S106 - a kind of token, no password
    groups=_names("REQUIRED_GROUPS"),
    all_scopes=_names("REQUIRED_SCOPES"),
    jwks=json.loads(JWKS) if JWKS else None,
    jwks_url=loopback_jwks_url(USER_POOL_ID),
    on_event=lambda event, _age: _logger.info("key store", extra=count("KeyStoreEvents", event=event)),
)
AUTHORIZER = Authorizer(
    VERIFIER,
    token_in_query=os.environ.get("ALLOW_TOKEN_IN_QUERY") == "on",
    cache_seconds=int(os.environ.get("CACHE_SECONDS", "0")),
)

if not JWKS:
    # Lambda gives a starting environment a whole processor, and the first request a share of one.
    with suppress(KeysUnavailableError):
        VERIFIER.prefetch()


def lambda_handler(event: dict[str, Any], _context: object = None) -> dict[str, Any]:
    """Let a request with a good access token through, and refuse every other one as its type of API understands.

    Raises:
        UnauthorizedError: The token is no good; a REST or WebSocket API answers 401.
        KeysUnavailableError: The pool's keys cannot be had, so nothing can be said of the token: the API answers 500.
        UnknownEventError: Neither API Gateway nor AppSync sends such an event to an authorizer.
    """
    return AUTHORIZER.authorize(event)
