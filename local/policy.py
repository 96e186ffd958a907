"""What follows from the policy file: the tables of docs/roles.md, and what template.yaml has to have for it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from cfnlint.decode.cfn_yaml import load
from poolhouse.access import Action, Policy, Principal
from poolhouse.access.policy import READ_PERSONAL, Settable

from local.settings import ROOT, LocalError

# An action on one's own profile, and on another's or on all.
_ON_OWN: Final[Mapping[Action, str]] = {
    "read": "`GET /profile`",
    "change": "`PATCH /profile`",
    "delete": "`DELETE /profile`",
    "suspend": "suspend oneself",
    "reinstate": "reinstate oneself",
    "read_audit": "`GET /profiles/{sub}/audit`, one's own",
}
_ON_OTHERS: Final[Mapping[Action, str]] = {
    "read": "`GET /profiles/{sub}`",
    "change": "`PATCH /profiles/{sub}`",
    "delete": "`DELETE /profiles/{sub}`",
    "list": "`GET /profiles`",
    "search": "`POST /profiles/search`",
    "suspend": "`POST /profiles/{sub}/suspend`",
    "reinstate": "`POST /profiles/{sub}/reinstate`",
    "read_audit": "`GET /profiles/{sub}/audit`",
}

_WHO_SETS: Final[Mapping[Settable, str]] = {
    "own": "the owner, and who may change any profile",
    "any": "only who may change any profile",
}

# Statements of the roles of the identity pool, and whether they are about one's own profile.
_STATEMENTS: Final = {"OwnProfile": True, "AnyProfile": False}

_PAGE: Final = """# Who may do what

`make docs` writes this page from [`policy.toml`](../layers/poolhouse/poolhouse/access/policy.toml); a test holds them
equal.

A role is a Cognito group of the same name. A user in several groups has what any of them has, and a group that is no
role gives nothing. Allowed is what both a role and the scopes of the token allow: these tables are for a token with
every scope that the role has. A machine has no role: its scopes alone count. How to change a rule:
[profile-api.md](profile-api.md#change-a-rule).

## Scopes of each role

{scopes}

## Actions

On one's own profile. `/profiles/{{sub}}` with one's own key is the same as `/profile`.

{own}

On another's profile, or on all:

{others}

A refusal is 403 `insufficient_scope`, before anything of the other is read and whether or not there is such a profile.
Where nobody may, it is 403 `action_not_allowed`.

## Fields of another's profile

What each caller sees, if it may read the profile at all. Of one's own profile everybody sees every field.

{fields}

## Fields that may be set

By whoever may change the profile, and sees the field in full.

{settable}
"""


def roles_page(policy: Policy) -> str:
    """``docs/roles.md``.

    Args:
        policy: What it follows.
    """
    callers = dict(_callers(policy))
    own = [
        [what, *(_allowed(policy, caller, action, own=True) for caller in callers.values())]
        for action, what in _ON_OWN.items()
    ]
    others = [
        [what, *(_allowed(policy, caller, action, own=False) for caller in callers.values())]
        for action, what in _ON_OTHERS.items()
    ]
    shown = [
        [f"`{name}`", *(policy.shown(caller, name, own=False) for caller in callers.values())] for name in policy.fields
    ]
    settable = [
        [f"`{name}`", str(field.kind), _WHO_SETS[field.settable]]
        for name, field in policy.fields.items()
        if field.settable
    ]
    roles = [
        [name, f"`{scope}`", words]
        for name, role in policy.roles.items()
        for scope, words in policy.scopes.items()
        if scope in role.scopes
    ]
    return _PAGE.format(
        scopes=_table(["Role", "Scope", "What it allows"], roles),
        own=_table(["Own profile", *callers], own),
        others=_table(["Another's, or all", *callers], others),
        fields=_table(["Field", *callers], shown),
        settable=_table(["Field", "Kind", "Who"], settable),
    )


def missing(policy: Policy, template: Path = ROOT / "template.yaml") -> list[str]:
    """What the template lacks for the policy, each with the lines to paste.

    Args:
        policy: The policy.
        template: The template as it stands in the repository.

    Example:
        >>> missing(default_policy())
        []
    """
    resources: Mapping[str, Any] = load(str(template))["Resources"]
    groups = {each["GroupName"] for each in _of_type(resources, "UserPoolGroup")}
    servers = [each for each in _of_type(resources, "UserPoolResourceServer") if each["Identifier"] == "profiles"]
    declared = {f"profiles/{scope['ScopeName']}" for server in servers for scope in server["Scopes"]}
    found = [_group(name) for name in policy.roles if name not in groups]
    for scope, words in policy.scopes.items():
        if scope not in declared:
            name = scope.removeprefix("profiles/")
            found.append(
                f"No scope {scope}. Paste into ProfilesResourceServer, under Scopes:\n"
                f'        - {{ ScopeName: {name}, ScopeDescription: "{words}" }}'
            )
        found += [
            f"The {client} cannot ask for {scope}. Paste into its AllowedOAuthScopes:\n        - {scope}"
            for client in ("WebClient", "ServerClient")
            if scope not in resources[client]["Properties"]["AllowedOAuthScopes"]
        ]
    found += _credentials(policy, resources)
    return found


def check(policy: Policy) -> None:
    """Say what the template lacks for the policy.

    Raises:
        LocalError: It lacks something; the message has the lines to paste.
    """
    if found := missing(policy):
        raise LocalError("template.yaml lacks what policy.toml needs.\n\n" + "\n\n".join(found))


def _of_type(resources: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    return (each["Properties"] for each in resources.values() if each["Type"] == f"AWS::Cognito::{name}")


def _group(name: str) -> str:
    return (
        f"No group {name}, which is a role. Paste beside the other groups:\n"
        f"  {_camel(name)}Group:\n"
        "    Type: AWS::Cognito::UserPoolGroup\n"
        "    Condition: MakesUserPool\n"
        "    DeletionPolicy: !If [IsProtected, Retain, Delete]\n"
        "    UpdateReplacePolicy: !If [IsProtected, Retain, Delete]\n"
        f"    Properties: {{ UserPoolId: !Ref UserPool, GroupName: {name}, Precedence: 40 }}"
    )


def _camel(name: str) -> str:
    return "".join(part.title() for part in name.replace("_", "-").split("-"))


def readable(policy: Policy, role: str, *, own: bool) -> list[str]:
    """The attributes of a profile's item that AWS credentials may read in a role: the fields that it sees in full.

    IAM cannot mask: a field that the role sees masked is left out.

    Args:
        policy: The policy.
        role: Name of the role.
        own: Whether it is one's own profile.
    """
    caller, scope = _user(policy, role), policy.needed("read", own=own)
    if scope is None or not policy.permits(caller, scope):
        return []
    return [name for name in policy.fields if policy.shown(caller, name, own=own) == "full"]


def _credentials(policy: Policy, resources: Mapping[str, Any]) -> Iterator[str]:
    """What the roles of the identity pool read otherwise than the policy says."""
    for name in policy.roles:
        resource = f"{_camel(name)}IdentityRole"
        if resource not in resources:  # who has the role reads what every user reads
            continue
        statements = {
            statement["Sid"]: statement["Condition"]["ForAllValues:StringEquals"]["dynamodb:Attributes"]
            for inline in resources[resource]["Properties"]["Policies"]
            for statement in inline["PolicyDocument"]["Statement"]
            if statement["Sid"] in _STATEMENTS
        }
        for sid, own in _STATEMENTS.items():
            wanted, found = readable(policy, name, own=own), set(statements.get(sid, ()))
            covered = own and not found and set(wanted) <= set(readable(policy, name, own=False))
            if covered or set(wanted) == found:
                continue
            lines = "\n".join(f"                      - {field}" for field in wanted)
            yield (
                f"{resource} reads other attributes than policy.toml shows. Its statement {sid} has this list:\n{lines}"
                if wanted
                else f"{resource} reads profiles that policy.toml does not show. Take out its statement {sid}."
            )


def _user(policy: Policy, role: str) -> Principal:
    return Principal("user", "app", "user", frozenset({role}), policy.scopes_of([role]))


def _callers(policy: Policy) -> Iterator[tuple[str, Principal]]:
    """One of each kind, by what the tables call it, each with every scope that it can have."""
    for name in policy.roles:
        yield name, _user(policy, name)
    every = frozenset(policy.scopes)
    yield "machine without `read.personal`", Principal("job", "job", "machine", scopes=every - {READ_PERSONAL})
    yield "machine with all scopes", Principal("job", "job", "machine", scopes=every)


def _allowed(policy: Policy, caller: Principal, action: Action, *, own: bool) -> str:
    scope = policy.needed(action, own=own)
    if own and not caller.is_user:
        return "has none"
    if scope is None:
        return "nobody"
    if action == "search" and policy.shown(caller, "email", own=False) == "hidden":
        return "no"
    return "yes" if policy.permits(caller, scope) else "no"


def _table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])
