"""The policy file: which role has which scopes, what an action needs, who sees and sets which field of a profile."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self, cast, get_args

from poolhouse.access.kinds import KINDS, MAX_TEXT
from poolhouse.access.masks import MASKS
from poolhouse.access.principal import Principal

Personal = Literal["hidden", "masked"]
Settable = Literal["own", "any"]
Action = Literal["read", "change", "delete", "list", "search", "suspend", "reinstate", "read_audit"]

READ_PERSONAL = "profiles/read.personal"

MAX_LENGTH = 2000
"""Longest bound that a text field may have, in characters: an item of DynamoDB and an answer have limits too."""

# What Poolhouse itself keeps true: no policy hands it to the API's callers.
_KEPT = frozenset({"sub", "email", "status", "created_at", "updated_at", "last_sign_in_at", "version", "expires_at"})
_NUMBERS = frozenset({"version", "expires_at"})


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
    """A field of the profile: how it is shown, and what may be put there.

    Attributes:
        personal: It tells something about a person.
        mask: A name from :data:`poolhouse.access.masks.MASKS`, or None: left out where it may not be seen in full.
        settable: Who may set it: whoever may change the profile (``own``), only who may change any (``any``), or, with
            None, nobody.
        kind: A name from :data:`poolhouse.access.kinds.KINDS`; None where nobody may set it.
        max_length: Longest text, in characters.
    """

    personal: bool = False
    mask: str | None = None
    settable: Settable | None = None
    kind: str | None = None
    max_length: int = MAX_TEXT


@dataclass(frozen=True, slots=True)
class Needs:
    """The scopes that an action needs.

    Attributes:
        own: On one's own profile; None where nobody may.
        any: On another's, or on all; None where nobody may.
    """

    own: str | None = None
    any: str | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """What the policy file says.

    Attributes:
        scopes: Each scope, with what it allows in words.
        roles: Each role by its name, which is a Cognito group's name.
        actions: What each action needs. One that is not there is open to nobody.
        fields: Each field of a profile, in the order in which an answer shows them.
    """

    scopes: Mapping[str, str]
    roles: Mapping[str, Role]
    actions: Mapping[Action, Needs]
    fields: Mapping[str, Field]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a policy.

        Args:
            text: The contents of a policy file, in TOML.

        Raises:
            PolicyError: The text is not TOML, an entry is unknown, or a scope is named that is not declared.

        Example:
            >>> Policy.parse('roles.auditor.personal = "masked"').roles["auditor"].personal
            'masked'
        """
        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise PolicyError(f"the policy is not TOML: {error}") from error
        sections = _table(document, {"scopes", "roles", "actions", "fields"}, "the policy")
        scopes = _table(sections.get("scopes", {}), None, "[scopes]")
        roles = _table(sections.get("roles", {}), None, "[roles]")
        actions = _table(sections.get("actions", {}), set(get_args(Action)), "[actions]")
        fields = _table(sections.get("fields", {}), None, "[fields]")
        return cls(
            scopes,
            {name: _role(name, entry, scopes) for name, entry in roles.items()},
            {cast("Action", name): _needs(name, entry, scopes) for name, entry in actions.items()},
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

    def needed(self, action: Action, *, own: bool) -> str | None:
        """The scope that an action needs, or None: nobody may do it.

        Example:
            >>> default_policy().needed("delete", own=False)
            'profiles/delete.any'
            >>> default_policy().needed("suspend", own=True) is None
            True
        """
        needs = self.actions.get(action, Needs())
        return needs.own if own else needs.any

    def acting_role(self, caller: Principal, scope: str) -> str:
        """The role in which the caller does what ``scope`` stands for: the first in the policy's order that grants it.

        Returns:
            The role's name; ``machine`` for a machine. Empty where no role grants it.
        """
        if not caller.is_user:
            return "machine"
        granting = (
            name for name, role in self.roles.items() if scope in role.scopes and (role.implied or name in caller.roles)
        )
        return next(granting, "")

    def visible(self, caller: Principal, profile: Mapping[str, Any], *, own: bool) -> dict[str, Any]:
        """What the caller sees of a profile that it may read.

        Args:
            caller: Who asks.
            profile: The fields of the profile. A field that the policy does not know is left out, as is an absent one.
            own: Whether the profile is the caller's.

        Returns:
            The visible fields in the policy's order, personal ones in full, masked or left out.
        """
        shown: dict[str, Any] = {}
        for name in self.fields:
            value = profile.get(name)
            how = self.shown(caller, name, own=own)
            if value is None or how == "hidden":
                continue
            mask = self.fields[name].mask
            shown[name] = MASKS[mask](value) if how == "masked" and mask else value
        return shown

    def shown(self, caller: Principal, name: str, *, own: bool) -> Literal["full", "masked", "hidden"]:
        """How the caller sees a field of a profile that it may read.

        Args:
            caller: Who asks.
            name: The field. One that the policy does not know is hidden.
            own: Whether the profile is the caller's.
        """
        field = self.fields.get(name)
        if field is None:
            return "hidden"
        if own or not field.personal or self.permits(caller, READ_PERSONAL):
            return "full"
        masking = caller.is_user and any(role.personal == "masked" for role in self.roles_of(caller.roles))
        return "masked" if masking and field.mask else "hidden"

    def settable(self, caller: Principal, name: str, *, own: bool) -> bool:
        """Whether the caller may set a field of a profile that it may change.

        What somebody does not see in full they cannot set: they would write over what they do not know.

        Args:
            caller: Who asks.
            name: The field.
            own: Whether the profile is the caller's.
        """
        field = self.fields.get(name)
        if field is None or field.settable is None or self.shown(caller, name, own=own) != "full":
            return False
        anybodys = self.needed("change", own=False)
        return field.settable == "own" or (anybodys is not None and self.permits(caller, anybodys))


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


def _needs(name: str, entry: object, declared: Mapping[str, str]) -> Needs:
    where = f"action '{name}'"
    members = _table(entry, {"own", "any"}, where)
    for scope in members.values():
        if not isinstance(scope, str) or scope not in declared:
            raise PolicyError(f"{where} names {scope!r}, which [scopes] does not declare")
    return Needs(**members)


def _field(name: str, entry: object) -> Field:
    where = f"field '{name}'"
    members = _table(entry, {"personal", "mask", "settable", "kind", "max_length"}, where)
    settable = _one_of(members, "settable", get_args(Settable), where)
    kind = _one_of(members, "kind", sorted(KINDS), where)
    if (settable is None) != (kind is None):
        raise PolicyError(f"{where} has settable or kind alone; a field that may be set has both")
    if settable and name in _KEPT:
        raise PolicyError(f"{where} is kept by Poolhouse itself, so settable cannot stand there")
    length = members.get("max_length", MAX_TEXT)
    if type(length) is not int or not 0 < length <= MAX_LENGTH:
        raise PolicyError(f"{where}: max_length is {length!r}, and may be 1 to {MAX_LENGTH}")
    mask = _one_of(members, "mask", sorted(MASKS), where)
    if mask and (kind == "map" or name in _NUMBERS):
        raise PolicyError(
            f"{where} holds no text, so mask cannot stand there: without it the field is left out instead"
        )
    return Field(_flag(members, "personal", where), mask, cast("Settable | None", settable), kind, length)


def _one_of(members: Mapping[str, Any], name: str, known: Sequence[str], where: str) -> str | None:
    value: str | None = members.get(name)
    if value is not None and value not in known:
        raise PolicyError(f"{where}: {name} is {value!r}, and may be one of {list(known)}")
    return value


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
