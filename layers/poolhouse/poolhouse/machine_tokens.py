"""Access tokens for a program that calls an API as itself: fetched once, kept, fetched again before they end.

Each token that an app client gets by its own credentials (RFC 6749, section 4.4) is billed and counts against a quota,
so one has to serve many calls. What this promises:

- One token serves every call and every thread until three quarters of its life are over. Then one caller fetches the
  next one, and nobody else waits: the token that is still good is handed out meanwhile.
- An endpoint that fails takes nothing down while the token lives. A request that failed is not repeated at once: the
  pause begins at 1 s and doubles up to 30 s.
- One request at a time. Who has no token at all waits for its outcome, and shares it.
- No secret and no token is in a log line, an error or a representation.

Sources: AWS documentation, "Managing user pool token expiration and caching", which advises a cache and 75 %
(https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-caching-tokens.html);
"The token issuer endpoint" (https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html).
"""

from __future__ import annotations

import base64
import copy
import json
import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import ClassVar, Final
from urllib.parse import urlencode

from poolhouse.tokens.endpoints import pause_seconds, web_address
from poolhouse.tokens.fetching import FetchError, fetch

FETCHED_AGAIN_AT: Final = 0.75
"""Share of a token's life after which the next one is fetched."""

DEADLINE_SECONDS: Final = 5.0
"""Time for a whole request, from the name look-up to the last byte of the answer."""

LAST_SECONDS: Final = 5.0
"""A token is not handed out in its last seconds: it would end on its way, or by the other side's clock."""

_MAX_BODY_BYTES: Final = 64_000

# RFC 6749, section 5.2. Nothing else that an endpoint says is repeated.
_REFUSALS: Final = {
    "invalid_client": "Check the client's id and its secret; the secret may have been rotated or deleted.",
    "invalid_grant": "Check that the app client allows client_credentials.",
    "invalid_request": "Check the address of the token endpoint.",
    "invalid_scope": "Check the scopes: the app client has to list each of them among its AllowedOAuthScopes.",
    "unauthorized_client": "Check that the app client allows client_credentials.",
    "unsupported_grant_type": "Check that the app client allows client_credentials.",
}

_logger = logging.getLogger(__name__)


class MachineTokenError(Exception):
    """There is no token to call with. Base of what `MachineTokens` raises.

    Attributes:
        code: The cause in snake_case, the same in every release.
    """

    code: ClassVar[str] = "no_machine_token"


class TokenRequestRefusedError(MachineTokenError):
    """The token endpoint answered and gave no token: the client, its secret or its scopes are wrong.

    Attributes:
        reason: The endpoint's ``error`` (RFC 6749, section 5.2), such as ``invalid_client``; None for any other.
    """

    code = "token_request_refused"

    def __init__(self, message: str, reason: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason


class TokenEndpointUnavailableError(MachineTokenError):
    """The token endpoint did not answer, failed, asks for fewer requests, or answered something else than a token."""

    code = "token_endpoint_unavailable"


class ClientSecretUnavailableError(MachineTokenError):
    """The function that was to return the client's secret raised."""

    code = "client_secret_unavailable"


@dataclass(frozen=True, slots=True)
class _Held:
    """A token and its times, in seconds since the epoch."""

    token: str = field(repr=False)
    fetched_at: float
    renew_at: float
    last_at: float


class MachineTokens:
    """The access token of one app client, for one set of scopes.

    Make one for a process, keep it, and use it from any thread. Times are wall-clock seconds, because a Lambda
    environment may be frozen between two calls; a clock that was set back counts as time passed.

    Args:
        token_url: The token endpoint, ``https://DOMAIN/oauth2/token``; http on the loopback interface only.
        client_id: An app client that allows ``client_credentials``.
        client_secret: Its secret, or a function that returns it. The function is called before every request, so that a
            rotated secret is used from then on; it is called by one thread at a time.
        scopes: What to ask for. None of them asks for all that the app client lists.
        deadline_seconds: Time for a whole request.

    Raises:
        ValueError: The address is not one to send a secret to, or the deadline is not positive.

    Example:
        >>> tokens = MachineTokens("https://auth.example.com/oauth2/token", "1example23456789", read_secret)
        ... # doctest: +SKIP
        >>> headers = {"Authorization": f"Bearer {tokens.get()}"}  # doctest: +SKIP
    """

    def __init__(
        self,
        token_url: str,
        client_id: str,
        client_secret: str | Callable[[], str],
        *,
        scopes: Iterable[str] = (),
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        web_address(token_url)
        if deadline_seconds <= 0:
            raise ValueError("deadline_seconds must be positive")
        self._url = token_url
        self._client_id = client_id
        self._read_secret = client_secret if callable(client_secret) else lambda: client_secret
        grant = {"grant_type": "client_credentials", "scope": " ".join(scopes)}
        self._body = urlencode({name: value for name, value in grant.items() if value}).encode()
        self._deadline = deadline_seconds
        self._held: _Held | None = None
        self._lock = threading.Lock()
        self._failure: MachineTokenError | None = None
        self._failures = 0  # in a row
        self._failed_at = 0.0

    def get(self) -> str:
        """Return a token that is good for some seconds at least.

        Raises:
            TokenRequestRefusedError: The endpoint refuses, and there is no token left.
            TokenEndpointUnavailableError: The endpoint does not answer as it should, and there is no token left.
            ClientSecretUnavailableError: The secret could not be read, and there is no token left.
        """
        held = self._held
        if held is None or not self._serves(held):
            return self._first()
        # Replaced whole and never changed, a token needs no lock to be read.
        if time.time() >= held.renew_at and not self._pauses() and self._lock.acquire(blocking=False):
            try:
                if self._held is held:
                    self._try_fetch()
                held = self._held or held
            finally:
                self._lock.release()
        return held.token

    def _first(self) -> str:
        """Wait for a token, of one's own request or of another's."""
        with self._lock:
            if (self._held is None or not self._serves(self._held)) and not self._pauses():
                self._try_fetch()
            if self._held is not None and self._serves(self._held):
                return self._held.token
            failure = self._failure or TokenEndpointUnavailableError("The token endpoint gave a token that has ended.")
        # One for each caller: threads that raise the same object write into each other's traceback.
        raise copy.copy(failure) from failure.__cause__

    def _try_fetch(self) -> None:
        """Fetch the next token and keep the outcome; the caller holds the lock."""
        try:
            self._held = self._fetch()
        except MachineTokenError as failure:
            self._failure, self._failures, self._failed_at = failure, self._failures + 1, time.time()
            _logger.warning("%s", failure, extra={"event": failure.code, "failures": self._failures})
        else:
            self._failure, self._failures = None, 0

    def _fetch(self) -> _Held:
        begun = time.time()  # the life of a token begins while it is on its way
        headers = {"Authorization": self._authorization(), "Content-Type": "application/x-www-form-urlencoded"}
        try:
            answer = fetch(
                self._url,
                deadline_seconds=self._deadline,
                max_bytes=_MAX_BODY_BYTES,
                body=self._body,
                headers=headers,
                read_refusals=True,
            )
        except FetchError as failure:
            raise self._explained(failure) from None
        try:
            found = json.loads(answer)
            token, kind, seconds = found["access_token"], found["token_type"], found["expires_in"]
            usable = isinstance(token, str) and token and kind.lower() == "bearer" and type(seconds) is int
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            usable = False
        if not usable or seconds <= LAST_SECONDS:
            raise TokenEndpointUnavailableError(f"{self._url} answered something else than a usable bearer token.")
        return _Held(token, begun, begun + seconds * FETCHED_AGAIN_AT, begun + seconds - LAST_SECONDS)

    def _authorization(self) -> str:
        try:
            secret = self._read_secret()
        except Exception as failure:  # noqa: BLE001, RUF100 - whatever it raises, there is no secret
            raise ClientSecretUnavailableError(
                f"The secret of app client {self._client_id} could not be read: {type(failure).__name__}."
            ) from failure
        # As Cognito documents it: without the form encoding of both parts that RFC 6749, section 2.3.1, asks for.
        return "Basic " + base64.b64encode(f"{self._client_id}:{secret}".encode()).decode()

    def _explained(self, failure: FetchError) -> MachineTokenError:
        if failure.status not in {400, 401, 403}:
            return TokenEndpointUnavailableError(f"{self._url} gave no token: {failure}.")
        try:
            reason = json.loads(failure.body)["error"]
            advice = _REFUSALS[reason]
        except (ValueError, TypeError, KeyError, RecursionError):
            reason, advice = None, "Check the client's id, its secret and its scopes."
        said = f"{failure}, {reason}" if reason else str(failure)
        return TokenRequestRefusedError(
            f"{self._url} refused app client {self._client_id} a token: {said}. {advice}", reason
        )

    def _serves(self, held: _Held) -> bool:
        return held.fetched_at <= time.time() < held.last_at

    def _pauses(self) -> bool:
        if not self._failures:
            return False
        return 0 <= time.time() - self._failed_at < pause_seconds(self._failures)
