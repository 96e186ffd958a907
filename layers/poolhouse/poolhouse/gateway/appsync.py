"""AppSync GraphQL APIs: Lambda authorization, and what a resolver receives.

The format: https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html#aws-lambda-authorization

AppSync knows two answers. Whoever is refused gets ``UnauthorizedException`` (401), whether the token was no good or
lacked a scope. What single fields need is for resolvers to judge: ``deniedFields`` would be cached with the answer.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from poolhouse.gateway import bearer, context

if TYPE_CHECKING:
    from poolhouse.access.principal import Principal
    from poolhouse.tokens import Claims


class AppSyncApi:
    """The authorizer's side of an AppSync GraphQL API.

    Args:
        cache_seconds: How long AppSync may keep the answer for a token. It never keeps one beyond the token's end. The
            answer says so itself, because the API's own setting knows nothing of when a token ends.
    """

    def __init__(self, *, cache_seconds: int = 0) -> None:
        self._cache_seconds = cache_seconds

    def token(self, event: Mapping[str, Any]) -> str:
        """Return the token of the request, with ``Bearer`` or without.

        Example:
            >>> AppSyncApi().token({"authorizationToken": "abc"})
            'abc'
        """
        return bearer.credentials_or_bare(event.get("authorizationToken"))

    def allow(self, _event: Mapping[str, Any], claims: Claims) -> dict[str, Any]:
        """Let the request through and tell the resolvers who calls."""
        return {
            "isAuthorized": True,
            "resolverContext": {name: str(value) for name, value in context.from_claims(claims).items()},
            "ttlOverride": max(0, min(self._cache_seconds, int(claims.expires_at - time.time()))),
        }

    def unauthenticated(self, _event: Mapping[str, Any]) -> dict[str, Any]:
        """Refuse the request: AppSync answers 401."""
        return {"isAuthorized": False, "ttlOverride": 0}

    forbidden = unauthenticated


def principal(event: Mapping[str, Any], *, now: float) -> Principal:
    """Return who calls, as the authorizer told AppSync.

    Args:
        event: The event of a direct Lambda resolver, or what a mapping template passes on, with ``identity``.
        now: The time in seconds since the epoch.

    Raises:
        NoPrincipalError: See :func:`poolhouse.gateway.context.to_principal`.
    """
    identity = event.get("identity")
    return context.to_principal(identity.get("resolverContext") if isinstance(identity, dict) else None, now=now)
