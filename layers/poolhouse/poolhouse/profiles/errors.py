"""Why a profile is not shown. One class per cause, each with a stable code."""

from typing import ClassVar


class ProfileError(Exception):
    """The base of them all.

    Attributes:
        code: Stable, in snake case: what a program goes by.
    """

    code: ClassVar[str]


class AccountSuspendedError(ProfileError):
    """The caller's own account is suspended; tokens from before may still be alive."""

    code = "account_suspended"


class InsufficientScopeError(ProfileError):
    """The caller's roles and the token's scopes do not both allow it.

    Args:
        scope: What was needed.
    """

    code = "insufficient_scope"

    def __init__(self, scope: str) -> None:
        super().__init__(f"this needs the scope {scope}, from the token and from a role of the caller")
        self.scope = scope


class ProfileNotFoundError(ProfileError):
    """There is no profile with this key."""

    code = "profile_not_found"
