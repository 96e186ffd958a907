"""What a caller may do with profiles. Every rule comes from the policy; nothing here knows a role's name."""

import json
import re
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict
from typing import Any, Final, NamedTuple

from poolhouse.access import Action, Policy, Principal
from poolhouse.access.kinds import KINDS, InvalidValueError
from poolhouse.access.policy import READ_PERSONAL
from poolhouse.profiles.audit import AuditLog, AuditRecord
from poolhouse.profiles.errors import (
    AccountDeletedError,
    AccountSuspendedError,
    ActionNotAllowedError,
    FieldNotSettableError,
    InsufficientScopeError,
    InvalidFieldError,
    ProfileDeletedError,
    ProfileNotFoundError,
    StaleVersionError,
    UnknownFieldError,
)
from poolhouse.profiles.model import Profile, Status
from poolhouse.profiles.pages import Page
from poolhouse.profiles.pictures import NAME, TYPES, Pictures
from poolhouse.profiles.repository import ProfileRepository

MAX_FOUND: Final = 10
"""Most profiles that a search by e-mail answers with. Several users may hold one address."""

MAX_EMAIL: Final = 254
"""Longest e-mail address, in characters (RFC 5321, section 4.5.3.1.3, without its brackets)."""

EMAIL: Final = re.compile(r"[^\x00-\x20\x7f]+@[^\x00-\x20\x7f]+")
"""What an e-mail address that is searched for looks like; which ones exist is for the user pool to say."""

DEFAULT_MARK_DAYS: Final = 90
"""How long it is known that a deleted profile was there, in days."""

# A `sub` is a UUID; in the audit table keys of another form are no users.
_SUB: Final = re.compile("[A-Za-z0-9-]{1,64}")


class Shown(NamedTuple):
    """A profile as a caller sees it.

    Attributes:
        fields: The visible fields in the policy's order.
        version: Which version of the profile that is.
    """

    fields: dict[str, Any]
    version: int


class _Reached(NamedTuple):
    """A profile that the caller may act on: as it is stored, whether it is theirs, and which scope lets them."""

    profile: Profile
    own: bool
    scope: str


class ProfileService:
    """Reads and changes profiles on behalf of a caller.

    Args:
        profiles: Where they are kept.
        audit: Where changes are recorded.
        policy: Who may do what.
        remove_user: Takes a deleted profile's user out of the user pool, given the ``sub``; None leaves the user there.
            It may be called again for the same user.
        pictures: Where users' pictures are; None where the stack has none.
        mark_days: How long it is known that a deleted profile was there, in days.

    Every method raises :class:`poolhouse.profiles.ProfileError`, one subclass per cause. What the caller's scopes do
    not allow is refused before anything of another person's is read. A method that takes ``sub`` takes None for the
    caller's own profile. Where DynamoDB refuses or does not answer, botocore's errors come through.
    """

    def __init__(
        self,
        profiles: ProfileRepository,
        audit: AuditLog,
        policy: Policy,
        *,
        remove_user: Callable[[str], object] | None = None,
        pictures: Pictures | None = None,
        mark_days: int = DEFAULT_MARK_DAYS,
    ) -> None:
        self._profiles = profiles
        self._audit = audit
        self._policy = policy
        self._removals = [each for each in (pictures and pictures.remove, remove_user) if each]
        self._pictures = pictures
        self._mark_seconds = mark_days * 24 * 3600

    def read(self, caller: Principal, sub: str | None = None) -> Shown:
        """A profile, as far as the caller may see it.

        Raises:
            InsufficientScopeError: The scope is not granted. Whether the profile exists is not told.
            ProfileNotFoundError: There is none; a machine has none of its own.
            ProfileDeletedError: It was deleted.
            AccountSuspendedError, AccountDeletedError: The caller is suspended, or gone.
        """
        reached = self._reach(caller, "read", sub)
        return self._shown(caller, reached.profile, own=reached.own)

    def change(self, caller: Principal, sub: str | None, versions: Collection[int], patch: Mapping[str, Any]) -> Shown:
        """Change the fields that ``patch`` names, all of them or none.

        Args:
            caller: Who asks.
            sub: Whose profile; None for the caller's.
            versions: The versions of the profile that the change may be made on.
            patch: New values by field; None removes one. In a map the entries that are named change, and one that is
                None goes (RFC 7396).

        Returns:
            The profile after the change. What changes nothing makes no new version and no record.

        Raises:
            UnknownFieldError, FieldNotSettableError, InvalidFieldError: The patch names what cannot be set so.
            StaleVersionError: The profile has another version.
            InsufficientScopeError, ProfileNotFoundError, ProfileDeletedError, AccountSuspendedError,
            AccountDeletedError: As for :meth:`read`.

        Example:
            >>> service.change(caller, None, {3}, {"zone": "Europe/Zurich"})  # doctest: +SKIP
            Shown(fields={'sub': 'a1', ..., 'version': 4}, version=4)
        """
        reached = self._reach(caller, "change", sub, versions)
        changes = self._changes(caller, reached, patch)
        return self._change(caller, reached, "profile_changed", changes)

    def suspend(self, caller: Principal, sub: str, versions: Collection[int]) -> Shown:
        """Suspend an account: its API calls are refused from now on, and it is not signed in again.

        Raises:
            ActionNotAllowedError: It is the caller's own.
            StaleVersionError, InsufficientScopeError, ProfileNotFoundError, ProfileDeletedError, AccountSuspendedError,
            AccountDeletedError: As for :meth:`change`.
        """
        reached = self._reach(caller, "suspend", sub, versions)
        return self._change(caller, reached, "profile_suspended", {"status": Status.SUSPENDED})

    def reinstate(self, caller: Principal, sub: str, versions: Collection[int]) -> Shown:
        """End a suspension.

        Raises:
            See :meth:`suspend`.
        """
        reached = self._reach(caller, "reinstate", sub, versions)
        return self._change(caller, reached, "profile_reinstated", {"status": Status.ACTIVE})

    def delete(self, caller: Principal, sub: str | None, versions: Collection[int]) -> None:
        """Delete a profile: its personal data goes at once, and a mark keeps it from being made anew.

        Then the user's pictures are deleted, and the user is taken out of the user pool, if that is wanted. Where this
        fails the profile is deleted all the same; deleting it again does the rest, and then says that it was deleted.

        Raises:
            StaleVersionError, InsufficientScopeError, ProfileNotFoundError, ProfileDeletedError, AccountSuspendedError,
            AccountDeletedError: As for :meth:`change`.
        """
        reached = self._reach(caller, "delete", sub, versions, again=self._remove_rest)
        record = self._record(caller, reached, "profile_deleted", ())
        self._profiles.delete(reached.profile, int(time.time()) + self._mark_seconds, record)
        self._remove_rest(reached.profile.sub)

    def picture_form(self, caller: Principal, wish: Mapping[str, Any]) -> dict[str, Any]:
        """A form with which the caller puts a picture of their own into the bucket: see :meth:`Pictures.form`.

        It changes nothing of the profile. That names its picture when :meth:`change` sets the field.

        Args:
            caller: Who asks.
            wish: ``picture``, the name that it is to have, and nothing else.

        Raises:
            UnknownFieldError, FieldNotSettableError, InvalidFieldError: The wish is another.
            InsufficientScopeError, ProfileNotFoundError, AccountSuspendedError, AccountDeletedError: As for
            :meth:`change`.
        """
        reached = self._reach(caller, "change", None)
        if self._pictures is None:
            raise UnknownFieldError("picture")
        for name in wish.keys() - {"picture"}:
            raise UnknownFieldError(name)
        name = self._changes(caller, reached, {"picture": wish.get("picture")})["picture"]
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise InvalidFieldError("picture", f"it is a name that ends in {', '.join(sorted(TYPES))}")
        return self._pictures.form(reached.profile.sub, name)

    def list(self, caller: Principal, limit: int, after: str | None = None) -> Page[dict[str, Any]]:
        """Some of all profiles, each as far as the caller may see it.

        Args:
            caller: Who asks.
            limit: How many are looked at; deleted ones among them are left out.
            after: ``Page.last`` of the page before.

        Raises:
            InsufficientScopeError, AccountSuspendedError, AccountDeletedError: As for :meth:`read`.
        """
        self._allow_on_all(caller, "list")
        page = self._profiles.page(limit, after)
        return Page([self._shown_in_list(caller, each) for each in page.entries], page.last)

    def search(self, caller: Principal, criteria: Mapping[str, Any]) -> Page[dict[str, Any]]:
        """The profiles whose users have an e-mail address, each as far as the caller may see it.

        Args:
            caller: Who asks. To find by an address is to learn it, so it takes who sees addresses, at least masked.
            criteria: ``email``, the whole address in whatever case, and nothing else.

        Raises:
            UnknownFieldError, InvalidFieldError: The criteria are others.
            InsufficientScopeError, AccountSuspendedError, AccountDeletedError: As for :meth:`read`.
        """
        if self._policy.shown(caller, "email", own=False) == "hidden":
            self._require(caller, self._needed("search", own=False))
            raise InsufficientScopeError(READ_PERSONAL)
        self._allow_on_all(caller, "search")
        for name in criteria.keys() - {"email"}:
            raise UnknownFieldError(name)
        email = criteria.get("email")
        if not isinstance(email, str) or len(email) > MAX_EMAIL or not EMAIL.fullmatch(email):
            raise InvalidFieldError("email", f"it is a whole e-mail address of {MAX_EMAIL} characters at most")
        found = self._profiles.with_email(email, MAX_FOUND)
        return Page([self._shown_in_list(caller, each) for each in found], None)

    def audit(self, caller: Principal, sub: str, limit: int, after: str | None = None) -> Page[dict[str, Any]]:
        """What was done to a profile, latest first.

        Args:
            caller: Who asks.
            sub: Whose profile. A deleted one has records too.
            limit: How many records at most.
            after: ``Page.last`` of the page before.

        Raises:
            ProfileNotFoundError: There is no profile and no record of one.
            InsufficientScopeError, AccountSuspendedError, AccountDeletedError: As for :meth:`read`.
        """
        own = self._is_own(caller, sub)
        self._require(caller, self._needed("read_audit", own=own))
        self._active(caller)
        if not _SUB.fullmatch(sub):
            raise ProfileNotFoundError
        page = self._audit.of(sub, limit, after)
        if not page.entries and after is None and self._profiles.get(sub) is None:
            raise ProfileNotFoundError
        return Page([asdict(record) for record in page.entries], page.last)

    def _reach(
        self,
        caller: Principal,
        action: Action,
        sub: str | None,
        versions: Collection[int] | None = None,
        again: Callable[[str], object] | None = None,
    ) -> _Reached:
        """The profile that the caller may act on, in a version that they know.

        ``again`` is done for a profile that turns out to be deleted already.
        """
        own = sub is None or self._is_own(caller, sub)
        scope = self._needed(action, own=own)
        self._require(caller, scope)
        if own and not caller.is_user:
            raise ProfileNotFoundError
        # The caller first: a suspended one learns nothing, not even whether another's profile exists.
        profile = self._active(caller, again if own else None)
        if not own:
            profile = self._profiles.get(sub or "") if _SUB.fullmatch(sub or "") else None
        if profile is None:
            raise ProfileNotFoundError
        if profile.status is Status.DELETED:
            if again:
                again(profile.sub)
            raise ProfileDeletedError
        if versions is not None and profile.version not in versions:
            raise StaleVersionError
        return _Reached(profile, own, scope)

    def _active(self, caller: Principal, again: Callable[[str], object] | None = None) -> Profile | None:
        """The caller's own profile, unless they are suspended or gone. A machine has none."""
        profile = self._profiles.get(caller.sub) if caller.is_user else None
        if profile and profile.status is Status.DELETED:
            if again:
                again(profile.sub)
            raise AccountDeletedError
        if profile and profile.status is not Status.ACTIVE:
            raise AccountSuspendedError
        return profile

    def _remove_rest(self, sub: str) -> None:
        for remove in self._removals:
            remove(sub)

    def _allow_on_all(self, caller: Principal, action: Action) -> None:
        self._require(caller, self._needed(action, own=False))
        self._active(caller)

    def _needed(self, action: Action, *, own: bool) -> str:
        scope = self._policy.needed(action, own=own)
        if scope is None:
            raise ActionNotAllowedError(action, own=own)
        return scope

    def _require(self, caller: Principal, scope: str) -> None:
        if not self._policy.permits(caller, scope):
            raise InsufficientScopeError(scope)

    def _changes(self, caller: Principal, reached: _Reached, patch: Mapping[str, Any]) -> dict[str, Any]:
        """A patch with each value in the form that is kept."""
        changes: dict[str, Any] = {}
        for name, given in patch.items():
            if name not in self._policy.fields:
                raise UnknownFieldError(name)
            if not self._policy.settable(caller, name, own=reached.own):
                raise FieldNotSettableError(name)
            changes[name] = self._normalised(name, given, reached.profile.fields.get(name))
        return changes

    def _normalised(self, name: str, given: Any, before: Any) -> Any:
        field = self._policy.fields[name]
        if given is None or field.kind is None:
            return None
        if field.kind == "map" and isinstance(given, dict) and isinstance(before, dict):
            given = before | given
        if field.kind == "map" and isinstance(given, dict):
            given = {entry: value for entry, value in given.items() if value is not None}
        try:
            return KINDS[field.kind].normalise(given, field.max_length) or None
        except InvalidValueError as error:
            raise InvalidFieldError(name, str(error)) from None

    def _change(self, caller: Principal, reached: _Reached, done: str, changes: Mapping[str, Any]) -> Shown:
        profile, item = reached.profile, reached.profile.to_item()
        new = {name: value for name, value in changes.items() if not _same(value, item.get(name))}
        if new:
            profile = self._profiles.change(profile, new, self._record(caller, reached, done, new))
        return self._shown(caller, profile, own=reached.own)

    def _record(self, caller: Principal, reached: _Reached, done: str, fields: Collection[str]) -> AuditRecord:
        role = self._policy.acting_role(caller, reached.scope)
        return AuditRecord(sub=reached.profile.sub, action=done, actor=caller.sub, role=role, fields=sorted(fields))

    def _shown(self, caller: Principal, profile: Profile, *, own: bool) -> Shown:
        return Shown(self._policy.visible(caller, profile.to_item(), own=own), profile.version)

    def _shown_in_list(self, caller: Principal, profile: Profile) -> dict[str, Any]:
        return self._shown(caller, profile, own=self._is_own(caller, profile.sub)).fields

    @staticmethod
    def _is_own(caller: Principal, sub: str) -> bool:
        return caller.is_user and sub == caller.sub


def _same(one: Any, other: Any) -> bool:
    """Whether two values are one in JSON. In Python 1 is True as well."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
