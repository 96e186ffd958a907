"""What a profile is."""

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, Self


class Status(StrEnum):
    """Whether the account may be used."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


# Cognito's attribute names, which are those of OpenID Connect Core 1.0, section 5.1, and ours.
_ATTRIBUTES: Final = {"email": "email", "name": "name", "phone_number": "phone", "locale": "locale", "zoneinfo": "zone"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What the application knows of one user.

    Attributes:
        sub: The user's ``sub`` in the user pool, the key.
        status: Whether the account may be used.
        created_at: When the profile was made, ISO 8601 in UTC.
        updated_at: When it last changed, ISO 8601 in UTC.
        last_sign_in_at: When the user last signed in, ISO 8601 in UTC; None where the post authentication trigger is
            off or has not run. It is no change of the profile.
        version: Counts the changes, from 1.
        email: A copy of the address in the user pool, kept by the pre token generation trigger.
        name: The name in full.
        phone: The telephone number in E.164 form.
        locale: The language, a BCP 47 tag.
        zone: The time zone, an IANA name.
    """

    sub: str
    status: Status = Status.ACTIVE
    created_at: str
    updated_at: str
    last_sign_in_at: str | None = None
    version: int = 1
    email: str | None = field(default=None, repr=False)
    name: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    locale: str | None = None
    zone: str | None = None

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, Any]) -> Self:
        """The profile of a user who has none yet.

        Args:
            attributes: ``request.userAttributes`` of a trigger's event.

        Raises:
            KeyError: There is no ``sub`` among the attributes.

        Example:
            >>> Profile.from_attributes({"sub": "a1", "zoneinfo": "Europe/Zurich"}).zone
            'Europe/Zurich'
        """
        now = utc_now()
        copied = {ours: attributes[theirs] for theirs, ours in _ATTRIBUTES.items() if attributes.get(theirs)}
        return cls(sub=attributes["sub"], created_at=now, updated_at=now, **copied)

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """The profile that an item of the table holds; members that this version does not know are left out.

        Raises:
            KeyError: A member that every profile has is missing.
            ValueError: The status is none that this version knows.
        """
        known = {each.name: item[each.name] for each in fields(cls) if each.name in item or each.default is MISSING}
        return cls(**known | {"status": Status(item["status"]), "version": int(item["version"])})

    def to_item(self) -> dict[str, Any]:
        """The members that are set, as the table holds them and as an answer shows them."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def utc_now() -> str:
    """The time in UTC, ISO 8601 to the millisecond.

    Example:
        >>> len(utc_now())
        24
    """
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
