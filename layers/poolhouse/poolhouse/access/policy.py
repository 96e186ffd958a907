"""The policy file: which role has which scopes, and who sees which field of a profile."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self, get_args

from poolhouse.access.masks import MASKS
from poolhouse.access.principal import Principal

Personal = Literal["hidden", "masked"]

READ_PERSONAL = "profiles/read.personal"


class PolicyError(ValueError):
    """The policy file says something that has no meaning. The message names the entry and what may stand there."""


@dataclass(frozen=True, slots=True)
class Role:
    """A Cognito group, and what it may do.

    Attributes:
        scopes: What the role may do.
        implied: Every human has this role.
        personal: What the role sees of other people's personal fields when the scope ``profiles/read.personal`` is
            not there: nothing (``hidden``) or a masked form (``masked``).
    """

    scopes: frozenset[str]
    implied: bool = False
    personal: Personal = "hidden"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the profile, and how it is shown.

    Attributes:
        personal: It tells something about a person.
        mask: A name from :data:`poolhouse.access.masks.MASKS`, or None: left out where it may not be seen in full.
    """

    personal: bool = False
    mask: str | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """What the policy file says.

    Attributes:
        scopes: Each scope, with what it allows in words.
        roles: Each role by its name, which is a Cognito group's name.
        fields: Each field of a profile, in the order in which an answer shows them.
    """

    scopes: Mapping[str, str]
    roles: Mapping[str, Role]
    fields: Mapping[str, Field]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a policy.

        Args:
            text: The contents of a policy file, in TOML.

        Raises:
            PolicyError: The text is not TOML, an entry is unknown, or a role names a scope that is not declared.

        Example:
            >>> Policy.parse('roles.auditor.personal = "masked"').roles["auditor"].personal
            'masked'
        """
        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise PolicyError(f"the policy is not TOML: {error}") from error
        sections = _table(document, {"scopes", "roles", "fields"}, "the policy")
        scopes = _table(sections.get("scopes", {}), None, "[scopes]")
        roles = _table(sections.get("roles", {}), None, "[roles]")
        fields = _table(sections.get("fields", {}), None, "[fields]")
        return cls(
            scopes,
            {name: _role(name, entry, scopes) for name, entry in roles.items()},
            {name: _field(name, entry) for name, entry in fields.items()},
        )

    def roles_of(self, roles: Iterable[str]) -> list[Role]:
        """The known roles of a human: the named ones that the policy knows, and the implied ones.

        A group that the policy does not know gives nothing.
        """
        named = set(roles)
        return [role for name, role in self.roles.items() if role.implied or name in named]

    def scopes_of(self, roles: Iterable[str]) -> frozenset[str]:
        """What a human in these groups may do: the union over the roles, the implied ones included.

        Example:
            >>> sorted(default_policy().scopes_of(["some-group-of-your-own"]))
            ['profiles/read', 'profiles/write']
        """
        return frozenset().union(*(role.scopes for role in self.roles_of(roles)))

    def permits(self, caller: Principal, scope: str) -> bool:
        """Whether the caller may do what ``scope`` stands for: the token has it, and so does a role of a human."""
        granted = self.scopes_of(caller.roles) if caller.is_user else self.scopes.keys()
        return scope in caller.scopes and scope in granted

    def visible(self, caller: Principal, profile: Mapping[str, Any], *, own: bool) -> dict[str, Any]:
        """What the caller sees of a profile that it may read.

        Args:
            caller: Who asks.
            profile: The fields of the profile. A field that the policy does not know is left out, as is an absent one.
            own: Whether the profile is the caller's.

        Returns:
            The visible fields in the policy's order, personal ones in full, masked or left out.
        """
        in_full = own or self.permits(caller, READ_PERSONAL)
        masked = caller.is_user and any(role.personal == "masked" for role in self.roles_of(caller.roles))
        shown: dict[str, Any] = {}
        for name, field in self.fields.items():
            value = profile.get(name)
            if value is None:
                continue
            if in_full or not field.personal:
                shown[name] = value
            elif masked and field.mask:
                shown[name] = MASKS[field.mask](value)
        return shown


@cache
def default_policy() -> Policy:
    """The policy in ``poolhouse/access/policy.toml``, read once for each process.

    Raises:
        PolicyError: The file says something that has no meaning.
    """
    return Policy.parse(Path(__file__).with_name("policy.toml").read_text(encoding="utf-8"))


def _role(name: str, entry: object, declared: Mapping[str, str]) -> Role:
    where = f"role '{name}'"
    members = _table(entry, {"scopes", "implied", "personal"}, where)
    scopes = members.get("scopes", [])
    if not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
        raise PolicyError(f"{where}: scopes is a list of strings, and here it is not")
    if unknown := set(scopes) - declared.keys():
        raise PolicyError(f"{where} names {sorted(unknown)}, which [scopes] does not declare")
    personal = members.get("personal", "hidden")
    if personal not in get_args(Personal):
        raise PolicyError(f"{where}: personal is {personal!r}, and may be 'hidden' or 'masked'")
    return Role(frozenset(scopes), _flag(members, "implied", where), personal)


def _field(name: str, entry: object) -> Field:
    where = f"field '{name}'"
    members = _table(entry, {"personal", "mask"}, where)
    mask = members.get("mask")
    if mask is not None and (not isinstance(mask, str) or mask not in MASKS):
        raise PolicyError(f"{where}: there is no mask {mask!r}; there are {sorted(MASKS)}")
    return Field(_flag(members, "personal", where), mask)


def _flag(members: Mapping[str, Any], name: str, where: str) -> bool:
    flag = members.get(name, False)
    if not isinstance(flag, bool):
        raise PolicyError(f"{where}: {name} is true or false, and here it is {flag!r}")
    return flag


def _table(entry: object, known: set[str] | None, where: str) -> Mapping[str, Any]:
    if not isinstance(entry, dict):
        raise PolicyError(f"{where} is a table, and here it is {entry!r}")
    if known is not None and (unknown := entry.keys() - known):
        raise PolicyError(f"{where} has {sorted(unknown)}; it may have {sorted(known)}")
    return entry
