"""Makes the first sign-in through an identity provider one more way into an account that is there already."""

import time
from typing import Final

from poolhouse.logs import get_logger
from poolhouse.pools.users import PoolUser, Users
from poolhouse.triggers.refusal import Refusal
from poolhouse.triggers.running import Event

_MAX_IDENTITIES: Final = 5

_SETTLED_SECONDS: Final = 60
"""A link that is older has taken effect, or never will."""

_logger = get_logger(__name__)


class AccountLinking:
    """Links identities of trusted providers to users with the same verified address, and no others.

    Whoever controls the provider, or an address there that it did not check, would get into the account. So all of this
    must hold: the provider is trusted by name, it says ``email_verified``, and exactly one user of the pool holds the
    address, verified, confirmed and enabled. A sign-in for which something is missing goes on as it would without us:
    Cognito makes a user apart.

    Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-identity-federation-consolidate-users.html

    Args:
        providers: Names of the trusted providers as the pool spells them, separated by commas. Empty trusts none.
        users: The users of pools.

    Attributes:
        providers: The names.

    Example:
        >>> AccountLinking("Google,ExampleIdP", Users()).providers
        ('Google', 'ExampleIdP')
    """

    def __init__(self, providers: str, users: Users) -> None:
        self.providers = tuple(filter(None, (name.strip() for name in providers.split(","))))
        self._users = users

    def link(self, event: Event) -> None:
        """Link the identity that signs in for the first time, if it may be.

        Args:
            event: An event of ``PreSignUp_ExternalProvider``.

        Raises:
            Refusal: With the code ``account_linked_try_again``: the identity is linked now. This sign-in has to end
                nonetheless, since Cognito would go on to make the user that must not be; the next one succeeds.
            botocore.exceptions.ClientError: Cognito refuses to answer.
            botocore.exceptions.BotoCoreError: Cognito does not answer.
        """
        provider, subject = self._identity(event["userName"])
        if not subject:
            return
        reason = self._link(event, provider, subject)
        _logger.info("identity not linked", extra={"provider": provider, "reason": reason})

    def _identity(self, username: str) -> tuple[str, str]:
        """The trusted provider and the subject that a federated user's name is made of; empty for any other."""
        for provider in self.providers:
            prefix = f"{provider}_"  # lower-case in the name where the pool's names know no case
            if username.lower().startswith(prefix.lower()):
                return provider, username[len(prefix) :]
        return "", ""

    def _link(self, event: Event, provider: str, subject: str) -> str:
        """Return why the identity was not linked."""
        attributes = event["request"]["userAttributes"]
        email = attributes.get("email")
        # Cognito writes "true"; the emulator hands on what the provider said.
        if not email or not email.isascii() or str(attributes.get("email_verified")).lower() != "true":
            return "address_not_verified"
        able = [user for user in self._users.with_email(event["userPoolId"], email) if _may_be_signed_in_as(user)]
        if len(able) != 1:
            return "no_such_user" if not able else "several_users"
        (user,) = able
        for identity in user.identities:
            if (identity.provider.lower(), identity.subject.lower()) == (provider.lower(), subject.lower()):
                # Cognito calls up to three times. But a link by which it does not find the user, for instance since the
                # name held the subject in lower case, must not keep them out for good.
                if time.time() - identity.linked_at < _SETTLED_SECONDS:
                    raise _linked()
                return "link_without_effect"
        if len(user.identities) >= _MAX_IDENTITIES:
            return "too_many_identities"
        if not self._users.link(event["userPoolId"], user.username, provider, subject):
            return "refused_by_cognito"
        _logger.info("identity linked", extra={"provider": provider, "sub": user.attributes.get("sub")})
        raise _linked()


def _linked() -> Refusal:
    return Refusal(
        "account_linked_try_again", "This sign-in now belongs to your existing account. Please sign in once more."
    )


def _may_be_signed_in_as(user: PoolUser) -> bool:
    """Whether the user has proved the address. Who did not may be a stranger who waits for its holder to link."""
    return user.status == "CONFIRMED" and user.enabled and user.attributes.get("email_verified") == "true"
