"""How an illegal response is refused, and the shapes that all rules share."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

_Object = Mapping[str, Any]


class IllegalResponseError(Exception):
    """A hook decided what Cognito would refuse, ignore, or take in a way that hurts.

    The text names the member, the rule and the AWS page, and never a value: it may be logged.

    Args:
        member: Where it stands in ``response``, such as ``claimsOverrideDetails.claimsToSuppress``.
        rule: What may stand there.
        page: The address of the page that says so.
    """

    def __init__(self, member: str, rule: str, page: str) -> None:
        super().__init__(f"{member}: {rule} ({page})")


class AwsPage(NamedTuple):  # no dataclass: importing those costs every trigger function's cold start 10 ms
    """A page of AWS's documentation, and what is read in its name.

    Every method takes null for a member that is not decided: it is what Cognito itself sends.

    Attributes:
        url: Its address.
    """

    url: str

    def illegal(self, member: str, rule: str) -> IllegalResponseError:
        """The error for a member that breaks a rule of this page."""
        return IllegalResponseError(member, rule, self.url)

    def entries(self, value: object, member: str) -> _Object:
        """Return an object; an empty one for null.

        Raises:
            IllegalResponseError: It is of another type.
        """
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise self.illegal(member, "an object is expected")
        return value

    def members(self, value: object, member: str, known: Collection[str]) -> _Object:
        """Return an object that has none but known members; an empty one for null.

        Raises:
            IllegalResponseError: It is of another type, or has another member: a misspelt one would be ignored.
        """
        found = self.entries(value, member)
        for name in found:
            if name not in known:
                expected = ", ".join(sorted(known)) or "none"
                raise self.illegal(inside(member, name), f"Cognito knows no such member here; it knows {expected}")
        return found

    def boolean(self, value: object, member: str) -> bool:
        """Return a boolean; false for null.

        Raises:
            IllegalResponseError: It is of another type: ``"false"`` would be true.
        """
        if not isinstance(value, bool | None):
            raise self.illegal(member, "a boolean is expected, no string or number")
        return bool(value)

    def text(self, value: object, member: str) -> str | None:
        """Return a string or null.

        Raises:
            IllegalResponseError: It is of another type.
        """
        if not isinstance(value, str | None):
            raise self.illegal(member, "a string is expected")
        return value

    def texts(self, value: object, member: str) -> Sequence[str]:
        """Return a list of strings; an empty one for null.

        Raises:
            IllegalResponseError: It is of another type, or one of its elements is no string or an empty one.
        """
        if value is None:
            return ()
        if not isinstance(value, list | tuple) or not all(isinstance(text, str) and text for text in value):
            raise self.illegal(member, "a list of strings is expected, none of them empty")
        return value

    def text_map(self, value: object, member: str) -> Mapping[str, str]:
        """Return an object of strings; an empty one for null.

        Raises:
            IllegalResponseError: It is of another type, or one of its values is no string.
        """
        found = self.entries(value, member)
        for name, text in found.items():
            if not isinstance(text, str):
                raise self.illegal(inside(member, name), "a string is expected")
        return found


def inside(member: str, name: object) -> str:
    """The place of a member inside another one, for an error's text; a long name is cut."""
    return f"{member}[{str(name)[:64]!r}]"


def as_object(value: object) -> _Object:
    """What an event holds where an object is expected; an empty one for another type: events are read leniently."""
    return value if isinstance(value, Mapping) else {}
