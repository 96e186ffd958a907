"""The users of a pool who hold an address, and identities of other providers that become theirs."""

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from poolhouse.addresses import spelling
from poolhouse.logs import describe_error, get_logger
from poolhouse.pools.cognito import Cognito

_logger = get_logger(__name__)

REMOVALS: Final = ("disable", "delete")
"""How a user is taken out of a pool: kept, but never signed in again; or gone, with every attribute."""


class Identity(NamedTuple):
    """An identity of another provider that signs in as a user of the pool.

    Attributes:
        provider: The provider's name in the pool.
        subject: Who the user is there.
        linked_at: When it became the user's, in seconds since 1970.
    """

    provider: str
    subject: str
    linked_at: float


class PoolUser(NamedTuple):
    """A user as ListUsers tells it.

    Attributes:
        username: What the pool knows the user by.
        status: ``UserStatus``, such as ``CONFIRMED``; ``EXTERNAL_PROVIDER`` for one who has no password here.
        enabled: Whether the user may sign in at all.
        attributes: Every attribute, as text.
    """

    username: str
    status: str
    enabled: bool
    attributes: Mapping[str, str]

    @property
    def identities(self) -> list[Identity]:
        """The identities of other providers that sign in as this user."""
        return [
            Identity(each["providerName"], each["userId"], int(each["dateCreated"]) / 1000)
            for each in json.loads(self.attributes.get("identities", "[]"))
        ]


class Users(Cognito):
    """Finds users of a pool, and links identities to them.

    Args:
        client: A Cognito client; by default one is made when it is first needed.

    Example:
        >>> Users().with_email("eu-central-1_EXAMPLE", "ada@example.com")  # doctest: +SKIP
        [PoolUser(username='aaaaaaaa-0000-4000-8000-000000000001', status='CONFIRMED', ...)]
    """

    def with_email(self, user_pool_id: str, email: str) -> list[PoolUser]:
        """Every user who holds an address, verified or not, native or federated.

        Only letters of ASCII are the same in both cases: by the rules of Unicode, ``K`` (U+212A, the Kelvin sign) would
        be a ``k`` too, and an address with it somebody else's.

        Raises:
            botocore.exceptions.ClientError: Cognito refuses: no right to ask, or too many calls.
            botocore.exceptions.BotoCoreError: Cognito does not answer.
        """
        quoted = email.replace("\\", "\\\\").replace('"', '\\"')
        pages = self._client.get_paginator("list_users").paginate(UserPoolId=user_pool_id, Filter=f'email = "{quoted}"')
        found = [_user(each) for page in pages for each in page.get("Users", ())]
        return [user for user in found if spelling(user.attributes.get("email", "")) == spelling(email)]

    def link(self, user_pool_id: str, username: str, provider: str, subject: str) -> bool:
        """Let an identity of another provider sign in as a user of the pool from now on.

        Args:
            user_pool_id: The pool.
            username: The user to sign in as.
            provider: The provider's name, spelt as in the pool.
            subject: The subject of the identity there.

        Returns:
            Whether the identity is the user's. Cognito does not link one that has a user of its own or is another
            user's, a sixth one, or one to a user with an attribute that can never change.

        Raises:
            botocore.exceptions.ClientError: Cognito refuses for another cause: no right to ask, or too many calls.
            botocore.exceptions.BotoCoreError: Cognito does not answer.

        Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminLinkProviderForUser.html
        """
        refusals = self._client.exceptions
        try:
            self._client.admin_link_provider_for_user(
                UserPoolId=user_pool_id,
                DestinationUser={"ProviderName": "Cognito", "ProviderAttributeValue": username},
                SourceUser={
                    "ProviderName": provider,
                    "ProviderAttributeName": "Cognito_Subject",
                    "ProviderAttributeValue": subject,
                },
            )
        except (
            refusals.AliasExistsException,
            refusals.InvalidParameterException,
            refusals.LimitExceededException,
            refusals.UserNotFoundException,
        ) as error:
            _logger.warning("Cognito did not link an identity: %s", describe_error(error))
            return False
        return True

    def remove(self, user_pool_id: str, sub: str, how: str) -> None:
        """Take a user out of the pool. To do it again does no harm, and a user who is gone already is no error.

        Args:
            user_pool_id: The pool.
            sub: The user's ``sub``. It is not the user name in every pool, nor of users of other providers.
            how: One of :data:`REMOVALS`.

        Raises:
            ValueError: The pool's id or the ``sub`` is empty, or ``how`` is neither.
            botocore.exceptions.ClientError: Cognito refuses: no right to ask, or too many calls.
            botocore.exceptions.BotoCoreError: Cognito does not answer.

        Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html
        """
        if not user_pool_id or not sub or how not in REMOVALS:
            raise ValueError(f"a user is taken out of a pool by its id and their sub, by one of {REMOVALS}")
        quoted = sub.replace("\\", "\\\\").replace('"', '\\"')
        found = self._client.list_users(UserPoolId=user_pool_id, Filter=f'sub = "{quoted}"', AttributesToGet=["sub"])
        for user in found["Users"]:
            try:
                if how == "delete":
                    self._client.admin_delete_user(UserPoolId=user_pool_id, Username=user["Username"])
                else:
                    self._client.admin_disable_user(UserPoolId=user_pool_id, Username=user["Username"])
            except self._client.exceptions.UserNotFoundException:  # somebody else was faster
                continue


def _user(told: Any) -> PoolUser:
    attributes = {each["Name"]: each.get("Value", "") for each in told.get("Attributes", ())}
    return PoolUser(told["Username"], told.get("UserStatus", "UNKNOWN"), told.get("Enabled", False), attributes)
