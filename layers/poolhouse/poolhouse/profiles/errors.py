"""Why a request for a profile is not granted. One class per cause, each with a stable code and an HTTP status."""

from http import HTTPStatus
from typing import ClassVar


class ProfileError(Exception):
    """The base of them all. The message is a sentence for whoever asked, and holds no value of a profile.

    Attributes:
        code: Stable, in snake case: what a program goes by.
        status: The HTTP status that means the same.
    """

    code: ClassVar[str]
    status: ClassVar[HTTPStatus]


class AccountSuspendedError(ProfileError):
    """The caller's own account is suspended; tokens from before may still be alive."""

    code = "account_suspended"
    status = HTTPStatus.FORBIDDEN

    def __init__(self) -> None:
        super().__init__("This account is suspended.")


class AccountDeletedError(ProfileError):
    """The caller's own profile has been deleted; tokens from before may still be alive."""

    code = "account_deleted"
    status = HTTPStatus.GONE

    def __init__(self) -> None:
        super().__init__("This account has been deleted.")


class InsufficientScopeError(ProfileError):
    """The caller's roles and the token's scopes do not both allow it.

    Args:
        scope: What was needed.
    """

    code = "insufficient_scope"
    status = HTTPStatus.FORBIDDEN

    def __init__(self, scope: str) -> None:
        super().__init__(f"Not allowed: this needs the scope {scope}, from the token and from a role of the caller.")
        self.scope = scope


class ActionNotAllowedError(ProfileError):
    """The policy lets nobody do this; suspending oneself, for one.

    Args:
        action: The action, as the policy names it.
        own: Whether it was asked for on the caller's own profile.
    """

    code = "action_not_allowed"
    status = HTTPStatus.FORBIDDEN

    def __init__(self, action: str, *, own: bool) -> None:
        super().__init__(
            f"Not allowed: nobody may {action.replace('_', ' ')} {'their own profile' if own else 'this'}."
        )


class FieldNotSettableError(ProfileError):
    """The field cannot be set by this caller, or by nobody.

    Args:
        name: The field.
    """

    code = "field_not_settable"
    status = HTTPStatus.FORBIDDEN

    def __init__(self, name: str) -> None:
        super().__init__(f"Not allowed: you may not set the field {name}. Nothing was changed.")


class ProfileNotFoundError(ProfileError):
    """There is no profile with this key."""

    code = "profile_not_found"
    status = HTTPStatus.NOT_FOUND

    def __init__(self) -> None:
        super().__init__("There is no such profile.")


class ProfileDeletedError(ProfileError):
    """The profile was deleted; what is left of it is a mark that it was there."""

    code = "profile_deleted"
    status = HTTPStatus.GONE

    def __init__(self) -> None:
        super().__init__("This profile has been deleted.")


class StaleVersionError(ProfileError):
    """The profile was changed since the caller read it. Nothing was written."""

    code = "version_mismatch"
    status = HTTPStatus.PRECONDITION_FAILED

    def __init__(self) -> None:
        super().__init__("The profile has changed since you read it. Read it again, and repeat the change on that.")


class UnknownFieldError(ProfileError):
    """A profile has no such field.

    Args:
        name: What the caller named.
    """

    code = "unknown_field"
    status = HTTPStatus.BAD_REQUEST

    def __init__(self, name: str) -> None:
        super().__init__(f"A profile has no field {name[:64]!r}. Nothing was changed.")


class InvalidFieldError(ProfileError):
    """The value is not of the field's kind.

    Args:
        name: The field.
        rule: What the field takes.
    """

    code = "invalid_field"
    status = HTTPStatus.BAD_REQUEST

    def __init__(self, name: str, rule: str) -> None:
        super().__init__(f"The field {name} was not taken: {rule}. Nothing was changed.")


class InvalidCursorError(ProfileError):
    """The cursor is none that an earlier answer gave."""

    code = "invalid_parameter"
    status = HTTPStatus.BAD_REQUEST

    def __init__(self) -> None:
        super().__init__("The parameter cursor is none that an earlier answer gave. Leave it out to begin again.")
