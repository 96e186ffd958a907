"""What a caller may do with profiles. Every rule comes from the policy; nothing here knows a role's name."""

from typing import Any, Final

from poolhouse.access import Policy, Principal
from poolhouse.profiles.errors import AccountSuspendedError, InsufficientScopeError, ProfileNotFoundError
from poolhouse.profiles.model import Profile, Status
from poolhouse.profiles.repository import ProfileRepository

READ_OWN: Final = "profiles/read"
READ_ANY: Final = "profiles/read.any"


class ProfileService:
    """Reads profiles on behalf of a caller.

    Args:
        profiles: Where they are kept.
        policy: Who may do what.

    Every method raises :class:`ProfileError`, one subclass per cause, before anything of another person's is read.
    """

    def __init__(self, profiles: ProfileRepository, policy: Policy) -> None:
        self._profiles = profiles
        self._policy = policy

    def read_own(self, caller: Principal) -> dict[str, Any]:
        """The caller's own profile, in full.

        Raises:
            InsufficientScopeError: ``profiles/read`` is not granted.
            ProfileNotFoundError: The caller has none; a machine never has one.
            AccountSuspendedError: The caller is suspended.
        """
        self._require(caller, READ_OWN)
        own = self._own_profile(caller) if caller.is_user else None
        return self._policy.visible(caller, _found(own).to_item(), own=True)

    def read(self, caller: Principal, sub: str) -> dict[str, Any]:
        """The profile of ``sub``, as far as the caller may see it.

        Raises:
            InsufficientScopeError: It is another's, and ``profiles/read.any`` is not granted. Whether that profile
                exists is not told.
            ProfileNotFoundError: There is none.
            AccountSuspendedError: The caller is suspended.
        """
        if caller.is_user and sub == caller.sub:
            return self.read_own(caller)
        self._require(caller, READ_ANY)
        if caller.is_user:
            self._own_profile(caller)
        return self._policy.visible(caller, _found(self._profiles.get(sub)).to_item(), own=False)

    def _require(self, caller: Principal, scope: str) -> None:
        if not self._policy.permits(caller, scope):
            raise InsufficientScopeError(scope)

    def _own_profile(self, caller: Principal) -> Profile | None:
        profile = self._profiles.get(caller.sub)
        if profile and profile.status is not Status.ACTIVE:
            raise AccountSuspendedError("this account is suspended")
        return profile


def _found(profile: Profile | None) -> Profile:
    if profile is None:
        raise ProfileNotFoundError("there is no profile with this key")
    return profile
