"""The authorizer of the HTTP API: verify the access token and tell the API who calls."""

import os
from typing import Any

from poolhouse.gateway import http_api
from poolhouse.logs import get_logger
from poolhouse.tokens import CognitoVerifier, KeysUnavailableError, TokenError, loopback_jwks_url

USER_POOL_ID = os.environ["USER_POOL_ID"]
VERIFIER = CognitoVerifier(
    USER_POOL_ID,
    client_ids=os.environ["CLIENT_IDS"].split(","),
    token_use="access",  # noqa: S106 - a kind of token, no password
    jwks_url=loopback_jwks_url(USER_POOL_ID),
)

_logger = get_logger(__name__)


def lambda_handler(event: dict[str, Any], _context: object = None) -> dict[str, Any]:
    """Let a request with a valid access token through, refuse every other one (the API then answers 403).

    Raises:
        KeysUnavailableError: The pool's keys cannot be had, so nothing can be said of the token: the API answers 500.
    """
    try:
        claims = VERIFIER.verify(http_api.bearer_token(event))
    except KeysUnavailableError:
        raise
    except TokenError as error:
        _logger.info("token refused", extra={"code": error.code})
        return http_api.deny()
    return http_api.allow(claims)
