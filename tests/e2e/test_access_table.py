"""The whole access table: every kind of caller, on every route, on their own profile and on another's.

What is expected is written down here by hand: nothing of it is computed by the code under test or read from the policy.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest

from local import users
from local.stack import LocalStack
from tests.e2e.conftest import PASSWORD, Api, records_of, store, stored
from tests.e2e.oauth import sign_in_with_pkce
from tests.e2e.people import machine_client_with, machine_token, new_person
from tests.e2e.tokens import claims_of, scopes_of

SCOPES = {
    "profiles/" + name for name in ("read", "write", "read.any", "read.personal", "write.any", "delete.any", "suspend")
}

# By column: the groups of a user.
USERS: Mapping[str, tuple[str, ...]] = {
    "member": (),
    "unknown": ("editors", "Admin", "administrators"),  # groups of the pool that are no roles
    "support": ("support",),
    "several": ("editors", "member", "support"),
    "admin": ("admin",),
    "both": ("support", "admin"),
    "narrow": ("admin",),  # who signs in to an app that asks for profiles/read and profiles/read.any only
}
# By column: the scopes of a machine's token.
MACHINES = {
    "reader": {"profiles/read.any"},
    "personal": {"profiles/read.any", "profiles/read.personal"},
    "writer": SCOPES - {"profiles/read.personal"},
    "all": SCOPES,
}
CALLERS = (*USERS, *MACHINES)

# full, masked, hidden: 200, with the personal fields so | records: 200, the audit records | done: 204
# none: 404 profile_not_found | nobody: 403 action_not_allowed | else the scope without which it is 403.
# The first rows are on the caller's own profile, the others on another's. A machine has no profile of its own: by its
# client id it asks for a profile that is not there.
TABLE = """
                              | member     | unknown    | support    | several    | admin   | both    | narrow     | reader     | personal   | writer  | all
own GET /profile              | full       | full       | full       | full       | full    | full    | full       | read       | read       | none    | none
own PATCH /profile            | full       | full       | full       | full       | full    | full    | write      | write      | write      | none    | none
own DELETE /profile           | done       | done       | done       | done       | done    | done    | write      | write      | write      | none    | none
own GET /profiles/SUB         | full       | full       | full       | full       | full    | full    | full       | none       | none       | none    | none
own PATCH /profiles/SUB       | full       | full       | full       | full       | full    | full    | write      | write.any  | write.any  | none    | none
own DELETE /profiles/SUB      | done       | done       | done       | done       | done    | done    | write      | delete.any | delete.any | none    | none
own POST /profiles/SUB/suspend   | nobody  | nobody     | nobody     | nobody     | nobody  | nobody  | nobody     | suspend    | suspend    | none    | none
own POST /profiles/SUB/reinstate | nobody  | nobody     | nobody     | nobody     | nobody  | nobody  | nobody     | suspend    | suspend    | none    | none
own GET /profiles/SUB/audit   | read.any   | read.any   | records    | records    | records | records | records    | none       | none       | none    | none
any GET /profiles             | read.any   | read.any   | masked     | masked     | full    | full    | hidden     | hidden     | full       | hidden  | full
any POST /profiles/search     | read.any   | read.any   | masked     | masked     | full    | full    | personal   | personal   | full       | personal | full
any GET /profiles/SUB         | read.any   | read.any   | masked     | masked     | full    | full    | hidden     | hidden     | full       | hidden  | full
any PATCH /profiles/SUB       | write.any  | write.any  | write.any  | write.any  | full    | full    | write.any  | write.any  | write.any  | hidden  | full
any DELETE /profiles/SUB      | delete.any | delete.any | delete.any | delete.any | done    | done    | delete.any | delete.any | delete.any | done    | done
any POST /profiles/SUB/suspend   | suspend | suspend    | masked     | masked     | full    | full    | suspend    | suspend    | suspend    | hidden  | full
any POST /profiles/SUB/reinstate | suspend | suspend    | masked     | masked     | full    | full    | suspend    | suspend    | suspend    | hidden  | full
any GET /profiles/SUB/audit   | read.any   | read.any   | records    | records    | records | records | records    | records    | records    | records | records
"""  # noqa: E501 - a table is read by its columns
HEAD, *ROWS = ([cell.strip() for cell in line.split("|")] for line in TABLE.strip("\n").splitlines())
EXPECTED = {(row[0], caller): cell for row in ROWS for caller, cell in zip(HEAD[1:], row[1:], strict=True)}

OTHER = str(uuid4())
OPEN = {
    "locale": "en",
    "zone": "UTC",
    "status": "active",
    "created_at": "2026-01-01T00:00:00.000Z",
    "updated_at": "2026-01-02T00:00:00.000Z",
    "last_sign_in_at": "2026-01-03T00:00:00.000Z",
    "version": 7,
}
PERSONAL = {
    "email": "table@example.com",
    "name": "Pat Quill",
    "phone": "+15555550142",
    "picture": "pat.jpg",
    "preferences": {"theme": "sepia", "page_size": 50},
}
SHOWN: Mapping[str, dict[str, Any]] = {
    "full": PERSONAL,
    "masked": {"email": "t•••@example.com", "name": "P••• Q•••", "phone": "•••42"},
    "hidden": {},
}
SECRETS = ("table@", "Pat", "Quill", "5555550142", "pat.jpg", "sepia")  # what tells who it is

RECORD = {
    "at": "2026-01-02T00:00:00.000000Z",
    "action": "profile_changed",
    "actor": "of-the-tests",
    "role": "admin",
    "fields": ["zone"],
}
CHANGES = {"PATCH": {"zone": "Asia/Tokyo"}, "suspend": {"status": "suspended"}, "reinstate": {"status": "active"}}


@dataclass(frozen=True)
class Caller:
    """Somebody with a token.

    Attributes:
        sub: The user's ``sub``, or the client id of a machine.
        token: An access token.
        is_user: Whether it is a human.
    """

    sub: str
    token: str
    is_user: bool


@pytest.fixture(scope="module")
def callers(stack: LocalStack) -> dict[str, Caller]:
    """Everybody who calls, by column."""
    found = {}
    for name, groups in USERS.items():
        person = new_person(stack, *groups)
        token = person.token
        if name == "narrow":
            scope = "openid profiles/read profiles/read.any"
            token = sign_in_with_pkce(stack, person.email, PASSWORD, scope)["access_token"]
            assert scopes_of(token) == set(scope.split())
        assert set(claims_of(token).get("cognito:groups", ())) == set(groups)
        found[name] = Caller(person.sub, token, True)
    with machine_client_with(stack, SCOPES):
        for name, scopes in MACHINES.items():
            token = machine_token(stack, scopes)
            assert scopes_of(token) == scopes
            found[name] = Caller(str(claims_of(token)["sub"]), token, False)
    return found


@pytest.fixture(scope="module", autouse=True)
def other(stack: LocalStack) -> Iterator[None]:
    """Another's profile is there while this module runs."""
    yield
    stack.settings.client("dynamodb").delete_item(TableName=stack.outputs["ProfilesTable"], Key={"sub": {"S": OTHER}})


def given(stack: LocalStack, sub: str, **changes: Any) -> dict[str, Any]:
    """The profile under a key as every test here finds it, with one audit record."""
    address = {} if sub == OTHER else {"email": f"{sub}@example.com"}  # a search finds the other one alone
    profile = {"sub": sub} | OPEN | PERSONAL | address | changes
    store(stack, profile)
    stack.settings.client("dynamodb").put_item(
        TableName=stack.physical_id("AuditTable"),
        Item={"fields": {"L": [{"S": "zone"}]}, "sub": {"S": sub}}
        | {name: {"S": value} for name, value in RECORD.items() if isinstance(value, str)},
    )
    return profile


def test_access_table_has_a_cell_for_everybody_and_everything() -> None:
    assert HEAD[1:] == list(CALLERS)
    assert len(EXPECTED) == 17 * len(CALLERS)


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("route", [row[0] for row in ROWS])
def test_every_caller_on_every_route(
    stack: LocalStack, api: Api, callers: dict[str, Caller], route: str, caller: str
) -> None:
    asking, expected = callers[caller], EXPECTED[route, caller]
    whose, method, path = route.split()
    action = path.rpartition("/")[2] if path.endswith(("/suspend", "/reinstate")) else method
    sub = asking.sub if whose == "own" else OTHER
    before = None
    if whose == "any" or asking.is_user:
        before = given(stack, sub, status="suspended" if action == "reinstate" and whose == "any" else "active")
    recorded = len(records_of(stack, sub))

    answer = send(api, method, path.replace("SUB", sub), asking.token, action)

    after, new = stored(stack, sub), records_of(stack, sub)[recorded:]
    if expected in {"full", "masked", "hidden"}:
        changes = CHANGES.get(action, {})
        assert answer.status_code == 200, answer.text
        shown, version = found_in(api, answer, path, sub, asking.token), 8 if changes else 7
        assert before is not None
        open_now = OPEN | {"status": before["status"]} | changes | {"version": version}
        if changes:
            open_now["updated_at"] = shown["updated_at"]
            assert shown["updated_at"] > before["updated_at"]
        address = {"email": before["email"]} if expected == "full" else {}
        assert shown == {"sub": sub} | open_now | SHOWN[expected] | address
        assert after == before | open_now
        assert_recorded(new, asking, action, changes)
        if path not in {"/profiles", "/profiles/search"}:
            assert answer.headers["etag"] == f'"{version}"'
        if expected != "full" and path != "/profiles":  # others are on that page too
            assert not [secret for secret in SECRETS if secret in answer.text]
    elif expected == "done":
        assert (answer.status_code, answer.content) == (204, b"")
        assert_deleted(before, after)
        assert [record["action"] for record in new] == ["profile_deleted"]
    elif expected == "records":
        assert answer.status_code == 200
        assert {"sub": sub} | RECORD in answer.json()["records"]
        assert answer.json() == {"records": records_of(stack, sub)[::-1], "cursor": None}
        assert not [secret for secret in SECRETS if secret in answer.text]
    else:
        assert_refused(answer, expected)
        assert after == before
        assert new == []
    assert answer.headers["cache-control"] == "no-store"


def send(api: Api, method: str, path: str, token: str, action: str) -> httpx.Response:
    """Ask for what a row of the table stands for."""
    if path == "/profiles/search":
        return api.send(method, path, token, {"email": "Table@Example.com"})
    if path == "/profiles":
        return api.send(method, "/profiles?limit=100", token)
    if method == "GET":
        return api.send(method, f"{path}?limit=100" if path.endswith("/audit") else path, token)
    return api.send(method, path, token, CHANGES["PATCH"] if method == "PATCH" else None, If_Match='"7"')


def found_in(api: Api, answer: httpx.Response, path: str, sub: str, token: str) -> dict[str, Any]:
    """The profile in an answer: the answer itself, or the one of that key in a list, on whichever page it is."""
    body: dict[str, Any] = answer.json()
    if path not in {"/profiles", "/profiles/search"}:
        return body
    assert body.keys() == {"profiles", "cursor"}
    while not (found := [profile for profile in body["profiles"] if profile["sub"] == sub]):
        body = api.get(f"/profiles?limit=100&cursor={body['cursor']}", token).raise_for_status().json()
    (profile,) = found
    return dict(profile)


def assert_recorded(new: list[dict[str, Any]], asking: Caller, action: str, changes: Mapping[str, Any]) -> None:
    """A change makes one record, which names fields and no value; a reading makes none."""
    if not changes:
        assert new == []
        return
    (record,) = new
    done = {"PATCH": "profile_changed", "suspend": "profile_suspended", "reinstate": "profile_reinstated"}[action]
    assert (record["action"], record["actor"], record["fields"]) == (done, asking.sub, list(changes))
    assert (record["role"] == "machine") is not asking.is_user


def assert_deleted(before: dict[str, Any] | None, after: dict[str, Any] | None) -> None:
    """A mark is left, and nothing that tells of a person."""
    assert before is not None
    assert after is not None
    assert after.keys() == {"sub", "status", "created_at", "updated_at", "version", "expires_at"}
    assert (after["status"], after["version"]) == ("deleted", 8)


def assert_refused(answer: httpx.Response, expected: str) -> None:
    """A problem document, with a challenge where it is 403, and nothing of a profile."""
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json().keys() == {"type", "title", "status", "detail", "code"}
    assert not [secret for secret in SECRETS if secret in answer.text]
    if expected == "none":
        assert (answer.status_code, answer.json()["code"]) == (404, "profile_not_found")
    elif expected == "nobody":
        assert (answer.status_code, answer.json()["code"]) == (403, "action_not_allowed")
        assert answer.headers["www-authenticate"] == "Bearer"
    else:
        scope = "profiles/read.personal" if expected == "personal" else f"profiles/{expected}"
        assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
        assert answer.headers["www-authenticate"] == f'Bearer error="insufficient_scope", scope="{scope}"'


# ------------------------------------------------------------------------------------------------------------- fields

# By field: a value, and who sets it on their own profile and on another's.
SETTABLE: dict[str, Any] = {
    "name": "New Name",
    "phone": "+1 (555) 555-0199",
    "locale": "de-ch",
    "zone": "Europe/Paris",
    "picture": "new.png",
    "preferences": {"theme": "dark", "page_size": None},
}
KEPT_AS: dict[str, Any] = SETTABLE | {"phone": "+15555550199", "locale": "de-CH", "preferences": {"theme": "dark"}}
KEPT_BY_POOLHOUSE = ("sub", "email", "status", "created_at", "updated_at", "last_sign_in_at", "version")


@pytest.mark.parametrize(("caller", "own"), [("member", True), ("admin", False), ("all", False)])
def test_fields_are_set_and_removed(
    stack: LocalStack, api: Api, callers: dict[str, Caller], caller: str, own: bool
) -> None:
    asking = callers[caller]
    sub = asking.sub if own else OTHER
    path = f"/profiles/{sub}"
    before = given(stack, sub)

    answer = api.send("PATCH", path, asking.token, dict(SETTABLE), If_Match='"7"')

    assert answer.status_code == 200, answer.text
    assert {name: answer.json()[name] for name in SETTABLE} == KEPT_AS
    removed = api.send("PATCH", path, asking.token, dict.fromkeys(SETTABLE), If_Match=answer.headers["etag"])
    assert not removed.json().keys() & SETTABLE.keys()
    assert (removed.json()["email"], removed.json()["version"]) == (before["email"], 9)


@pytest.mark.parametrize("name", [*KEPT_BY_POOLHOUSE, "expires_at", "groups", "__proto__"])
@pytest.mark.parametrize(("caller", "own"), [("member", True), ("admin", True), ("admin", False), ("all", False)])
def test_no_caller_sets_what_poolhouse_keeps(
    stack: LocalStack, api: Api, callers: dict[str, Caller], caller: str, own: bool, name: str
) -> None:
    asking = callers[caller]
    sub = asking.sub if own else OTHER
    before = given(stack, sub)

    answer = api.send("PATCH", f"/profiles/{sub}", asking.token, {"zone": "Asia/Tokyo", name: "active"}, If_Match='"7"')

    refused = (403, "field_not_settable") if name in KEPT_BY_POOLHOUSE else (400, "unknown_field")
    assert (answer.status_code, answer.json()["code"]) == refused
    assert stored(stack, sub) == before  # not the other field of the patch either


@pytest.mark.parametrize("name", SETTABLE)
def test_machine_sets_no_field_that_it_does_not_see(
    stack: LocalStack, api: Api, callers: dict[str, Caller], name: str
) -> None:
    before = given(stack, OTHER)

    answer = api.send("PATCH", f"/profiles/{OTHER}", callers["writer"].token, {name: SETTABLE[name]}, If_Match='"7"')

    if name in {"locale", "zone"}:
        assert answer.status_code == 200
    else:
        assert (answer.status_code, answer.json()["code"]) == (403, "field_not_settable")
        assert stored(stack, OTHER) == before


@pytest.mark.parametrize("route", ["PATCH /profile", "DELETE /profile", "PATCH /profiles/SUB", "DELETE /profiles/SUB"])
@pytest.mark.parametrize(
    ("tag", "status", "code"),
    [
        (None, 428, "version_required"),
        ("*", 428, "version_required"),
        ("7", 400, "invalid_if_match"),
        ('"6"', 412, "version_mismatch"),
        ('W/"7"', 412, "version_mismatch"),
        ('"6", "8"', 412, "version_mismatch"),
    ],
)
def test_change_of_another_version_is_refused(
    stack: LocalStack, api: Api, callers: dict[str, Caller], route: str, tag: str | None, status: int, code: str
) -> None:
    method, path = route.split()
    asking = callers["member"] if path == "/profile" else callers["admin"]
    sub = asking.sub if path == "/profile" else OTHER
    before = given(stack, sub)
    headers = {} if tag is None else {"If_Match": tag}

    answer = api.send(method, path.replace("SUB", sub), asking.token, CHANGES["PATCH"], **headers)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert stored(stack, sub) == before


@pytest.mark.parametrize("caller", ["member", "support", "admin", "reader", "all"])
def test_missing_profile_is_not_told_to_who_may_not_read(api: Api, callers: dict[str, Caller], caller: str) -> None:
    answer = api.get("/profiles/00000000-0000-4000-8000-00000000ffff", callers[caller].token)

    refused = (403, "insufficient_scope") if caller == "member" else (404, "profile_not_found")
    assert (answer.status_code, answer.json()["code"]) == refused


def test_seeded_roles_have_the_rights_of_the_table(stack: LocalStack, seeded: dict[str, users.User], api: Api) -> None:
    """What `make token` gives out is what the table is about."""
    for role in ("member", "support", "admin"):
        shown = api.get("/profile", users.access_token(stack, role)).json()
        assert (shown["sub"], shown["email"]) == (seeded[role].sub, seeded[role].email)
    assert scopes_of(users.access_token(stack, "machine")) == MACHINES["reader"]
