"""What a profile is."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, Self

from poolhouse.access import default_policy
from poolhouse.access.kinds import KINDS, InvalidValueError
from poolhouse.addresses import spelling


class Status(StrEnum):
    """Whether the account may be used."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    DELETED = "deleted"


# Cognito's attribute names, which are those of OpenID Connect Core 1.0, section 5.1; ours, and the kind of value.
_ATTRIBUTES: Final = (
    ("name", "name", "text"),
    ("phone_number", "phone", "phone"),
    ("locale", "locale", "locale"),
    ("zoneinfo", "zone", "zone"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What the application knows of one user.

    Attributes:
        sub: The user's ``sub`` in the user pool, the key.
        status: Whether the account may be used. Of a deleted one nothing else is left but times and version.
        created_at: When the profile was made, ISO 8601 in UTC.
        updated_at: When it last changed, ISO 8601 in UTC.
        last_sign_in_at: When the user last signed in, ISO 8601 in UTC; None where the post authentication trigger is
            off or has not run. It is no change of the profile.
        version: Counts the changes, from 1.
        email: A copy of the address in the user pool, kept by the pre token generation trigger, in the spelling by
            which it is searched for.
        fields: The other fields by name, as ``policy.toml`` declares them: texts, and maps of texts, whole numbers and
            flags.
        expires_at: When DynamoDB may remove what is left of a deleted profile, in seconds since 1970.
    """

    sub: str
    status: Status = Status.ACTIVE
    created_at: str
    updated_at: str
    last_sign_in_at: str | None = None
    version: int = 1
    email: str | None = field(default=None, repr=False)
    fields: Mapping[str, Any] = field(default_factory=dict, repr=False)
    expires_at: int | None = None

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, Any]) -> Self:
        """The profile of a user who has none yet.

        Attributes are what users or other providers wrote. They are copied in the form in which the API would keep
        them; what it would not take is left out, and the user may set it there.

        Args:
            attributes: ``request.userAttributes`` of a trigger's event.

        Raises:
            KeyError: There is no ``sub`` among the attributes.

        Example:
            >>> Profile.from_attributes({"sub": "a1", "zoneinfo": "Europe/Zurich"}).fields
            {'zone': 'Europe/Zurich'}
        """
        now, email = utc_now(), attributes.get("email")
        return cls(
            sub=attributes["sub"],
            created_at=now,
            updated_at=now,
            email=spelling(email) if email else None,
            fields=_copied(attributes),
        )

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """The profile that an item of the table holds.

        Raises:
            KeyError: A member that every profile has is missing.
            ValueError: The status is none that this version knows.
        """
        members = {name: item[name] for name in _MEMBERS if name in item or name in _REQUIRED}
        others = {name: value for name, value in item.items() if name not in _MEMBERS}
        return cls(**members | {"status": Status(item["status"]), "version": int(item["version"])}, fields=others)

    def to_item(self) -> dict[str, Any]:
        """The members that are set, as the table holds them and as an answer shows them."""
        members = {name: getattr(self, name) for name in _MEMBERS}
        return {name: value for name, value in members.items() if value is not None} | dict(self.fields)

    def changed(self, changes: Mapping[str, Any], at: str) -> Self:
        """The profile after a change.

        Args:
            changes: New values by name; None removes a field.
            at: When, ISO 8601 in UTC.
        """
        item = {name: value for name, value in {**self.to_item(), **changes}.items() if value is not None}
        return self.from_item(item | {"updated_at": at, "version": self.version + 1})

    def deleted(self, at: str, expires_at: int) -> Self:
        """What is left of the profile when it is deleted: that it was there.

        Args:
            at: When, ISO 8601 in UTC.
            expires_at: When that may go too, in seconds since 1970.
        """
        return type(self)(
            sub=self.sub,
            status=Status.DELETED,
            created_at=self.created_at,
            updated_at=at,
            version=self.version + 1,
            expires_at=expires_at,
        )


_MEMBERS: Final = tuple(each.name for each in fields(Profile) if each.name != "fields")
_REQUIRED: Final = frozenset({"sub", "status", "created_at", "updated_at", "version"})


def _copied(attributes: Mapping[str, Any]) -> dict[str, Any]:
    copied: dict[str, Any] = {}
    for theirs, ours, kind in _ATTRIBUTES:
        given, known = attributes.get(theirs), default_policy().fields.get(ours)
        if not given or known is None:
            continue
        if kind == "locale":  # "en_US" is met too: OpenID Connect Core 1.0, section 5.1
            given = str(given).replace("_", "-")
        with suppress(InvalidValueError):
            copied[ours] = KINDS[kind].normalise(given, known.max_length)
    return copied


def utc_now() -> str:
    """The time in UTC, ISO 8601 to the millisecond.

    Example:
        >>> len(utc_now())
        24
    """
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
