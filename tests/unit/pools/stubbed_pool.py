"""A user pool that answers what a test has told it to: a botocore client with botocore's Stubber.

The Stubber holds each call to Cognito's own model, in order, and refuses every call that was not announced.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Self

import botocore.session
from botocore.stub import Stubber

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

POOL = "us-east-1_EXAMPLE01"


@cache
def _client() -> "CognitoIdentityProviderClient":
    client: CognitoIdentityProviderClient = botocore.session.Session().create_client(  # type: ignore[assignment]
        "cognito-idp", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    return client


class StubbedPool:
    """Announces calls; every method is one call that is to come, in this order."""

    def __init__(self, client: "CognitoIdentityProviderClient", stubber: Stubber) -> None:
        self.client = client
        self._stubber = stubber

    @classmethod
    @contextmanager
    def of_test(cls) -> Iterator[Self]:
        """The pool, and at the end the check that every announced call came."""
        with Stubber(_client()) as stubber:
            yield cls(_client(), stubber)
            stubber.assert_no_pending_responses()

    def will_describe_client(self, client_id: str, scopes: list[str] | None) -> None:
        """The description of an app client, which lists these scopes or has no such list."""
        described: dict[str, Any] = {"UserPoolId": POOL, "ClientId": client_id}
        if scopes is not None:
            described["AllowedOAuthScopes"] = scopes
        self._stubber.add_response(
            "describe_user_pool_client", {"UserPoolClient": described}, {"UserPoolId": POOL, "ClientId": client_id}
        )

    def will_fail(self, code: str, text: str = "") -> None:
        """An error of Cognito in answer to the question for an app client."""
        self._stubber.add_client_error("describe_user_pool_client", service_error_code=code, service_message=text)
