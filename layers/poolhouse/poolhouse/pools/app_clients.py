"""What an app client of a user pool may ask for."""

import math
import time
from typing import TYPE_CHECKING, Final

from poolhouse.aws import is_passing
from poolhouse.logs import describe_error, get_logger
from poolhouse.pools.cognito import Cognito

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

_MAX_AGE_SECONDS: Final = 300
_HARD_AGE_SECONDS: Final = 3600
_MAX_CLIENTS: Final = 1000

_logger = get_logger(__name__)


class AppClientScopes(Cognito):
    """``AllowedOAuthScopes`` of app clients, asked once for each client and then remembered for five minutes.

    DescribeUserPoolClient is a throttled call, and every sign-in needs its answer.

    Args:
        client: A Cognito client; by default one is made when it is first needed.

    Example:
        >>> AppClientScopes().of("eu-central-1_EXAMPLE", "1example23456789")  # doctest: +SKIP
        frozenset({'openid', 'profiles/read'})
    """

    def __init__(self, client: "CognitoIdentityProviderClient | None" = None) -> None:
        super().__init__(client)
        self._known: dict[str, tuple[float, frozenset[str]]] = {}

    def of(self, user_pool_id: str, client_id: str) -> frozenset[str]:
        """The scopes that the app client lists; none where it lists none.

        When Cognito throttles or does not answer, an answer from the last hour is used.

        Raises:
            botocore.exceptions.ClientError: Cognito refuses: no such client, no right to ask, or too many calls.
            botocore.exceptions.BotoCoreError: Cognito does not answer.
        """
        # The wall clock: a Lambda environment may be frozen between two calls. One that was set back counts as passed.
        now = time.time()
        asked_at, scopes = self._known.get(client_id, (-math.inf, frozenset[str]()))
        age = now - asked_at
        if not 0 <= age <= _MAX_AGE_SECONDS:
            try:
                answer = self._client.describe_user_pool_client(UserPoolId=user_pool_id, ClientId=client_id)
            except Exception as error:
                # A client that is gone must not keep its scopes.
                if not 0 <= age <= _HARD_AGE_SECONDS or not is_passing(error):
                    raise
                # A throttled call must not stop every sign-in while what it would answer is known.
                _logger.warning("using the scopes of an app client asked for earlier: %s", describe_error(error))
                return scopes
            scopes = frozenset(answer["UserPoolClient"].get("AllowedOAuthScopes", ()))
            if len(self._known) >= _MAX_CLIENTS:
                self._known.clear()
            self._known[client_id] = (now, scopes)
        return scopes
