"""A stand-in for AppSync's side of Lambda authorization, for tests: emulators do not model it.

The rules, unless another page is named:
https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html#aws-lambda-authorization
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.gateway.authorizers import (
    Answer,
    Cache,
    Clock,
    Handler,
    Refusal,
    Scalar,
    call,
    check_ttl,
    malformed,
    members,
    scalars,
    serialized,
)

MAX_TOKEN_CHARACTERS: Final = 2048
MAX_RESOLVER_CONTEXT_BYTES: Final = 5_000_000  # "5MB"; the smaller of its two meanings

_NAME: Final = "[_A-Za-z][_0-9A-Za-z]*"
_FIELD: Final = re.compile(rf"{_NAME}\.{_NAME}|arn:[^:]+:appsync:[^:]+:\d{{12}}:apis/\w+/types/{_NAME}/fields/{_NAME}")


@dataclass(frozen=True)
class AppSyncAnswer(Answer):
    """What became of a GraphQL operation.

    Attributes:
        denied_fields: The fields that AppSync answers with null, as the authorizer named them.
    """

    denied_fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Verdict:
    authorized: bool
    context: dict[str, Scalar]
    denied_fields: tuple[str, ...]
    ttl: int


@dataclass
class AppSyncApi:
    """A GraphQL API with a Lambda authorizer.

    Args:
        handler: The authorizer.
        ttl: For how many seconds an answer is held, by token: 0 to 3600. The guide calls 300 the default, the API
            reference 0 (https://docs.aws.amazon.com/appsync/latest/APIReference/API_LambdaAuthorizerConfig.html).
        identity_validation_expression: A regular expression for tokens. Whether a match of a part suffices is not
            documented; here the whole token has to match.
        clock: The time.

    Example:
        >>> api = AppSyncApi(lambda event, context: {"isAuthorized": event["authorizationToken"] == "open"})
        >>> api.execute("query { me { sub } }", token="open").status
        200
    """

    handler: Handler
    ttl: int = 0
    identity_validation_expression: str | None = None
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        check_ttl(self.ttl)
        self._cache = Cache(self.clock)

    def execute(
        self,
        query: str,
        *,
        token: str | None,
        operation_name: str | None = None,
        variables: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AppSyncAnswer:
        """Send a GraphQL operation.

        Args:
            query: The GraphQL document.
            token: The ``Authorization`` header, handed to the function as it is: a prefix such as ``Bearer`` stays.
            operation_name: Which operation of the document to run.
            variables: The operation's variables.
            headers: Further headers.
        """
        event = {
            "authorizationToken": token,
            "requestContext": {
                "apiId": "aaaaaa123123123example123",
                "accountId": "123456789012",
                "requestId": "00000000-0000-4000-8000-000000000000",
                "queryString": query,
                "operationName": operation_name,
                "variables": dict(variables or {}),
            },
            # Whether the token stands here again is not documented: a function must not count on it.
            "requestHeaders": {name.lower(): value for name, value in (headers or {}).items()},
        }
        try:
            if not token:
                raise Refusal(401, "no authorization token", called=False)
            # The limit was in AWS's guide; what happens beyond it is not documented.
            if len(token) > MAX_TOKEN_CHARACTERS:
                raise Refusal(401, f"the token has more than {MAX_TOKEN_CHARACTERS} characters", called=False)
            expression = self.identity_validation_expression
            if expression is not None and not re.fullmatch(expression, token):
                raise Refusal(401, "the token does not match the identity validation expression", called=False)
            verdict: _Verdict | None = self._cache.recall(token)
            called = verdict is None
            if verdict is None:
                verdict = self._read(call(self.handler, event))
                self._cache.keep(token, verdict, verdict.ttl)
        except Refusal as refusal:
            return AppSyncAnswer(**vars(refusal.answer))
        if not verdict.authorized:
            return AppSyncAnswer(401, None, called, "UnauthorizedException")
        return AppSyncAnswer(200, dict(verdict.context), called, "allowed", verdict.denied_fields)

    def _read(self, result: object) -> _Verdict:
        # The status for a function that failed or answered nonsense is not documented; 500 tells it from a refusal.
        found = members(result, required={"isAuthorized"}, optional={"resolverContext", "deniedFields", "ttlOverride"})
        if not isinstance(found["isAuthorized"], bool):
            raise malformed("isAuthorized is not a boolean")
        context = scalars(found.get("resolverContext", {}), "resolverContext")
        if len(serialized(context)) > MAX_RESOLVER_CONTEXT_BYTES:
            raise malformed("resolverContext has more than 5 MB")
        denied = found.get("deniedFields", [])
        if not isinstance(denied, list) or not all(isinstance(name, str) and _FIELD.fullmatch(name) for name in denied):
            raise malformed("deniedFields is not a list of Type.field or of ARNs of fields")
        ttl = found.get("ttlOverride", self.ttl)
        # The longest override is not documented; that of the setting is.
        if isinstance(ttl, bool) or not isinstance(ttl, int) or not 0 <= ttl <= 3600:
            raise malformed("ttlOverride is not a whole number from 0 to 3600")
        return _Verdict(found["isAuthorized"], context, tuple(denied), ttl)
