"""Requests that a gateway let through by mistake, or that somebody made by hand: never another person's data.

As events they go to the deployed function itself. Over HTTP, whatever the gateway makes of a path is part of the test.
"""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from local.settings import ROOT
from local.stack import LocalStack
from tests.e2e.conftest import Api, Fire, records_of, store, stored
from tests.e2e.people import Person, new_person
from tests.e2e.routes import BODIES, routes

OTHER = str(uuid4())
VERSION = 77  # what every change here names, so that it fits the other profile and not the caller's own
PROFILE = {
    "sub": OTHER,
    "email": "forged@example.com",
    "name": "Pat Quill",
    "phone": "+15555550142",
    "picture": "pat.jpg",
    "preferences": {"theme": "sepia"},
    "status": "active",
    "created_at": "2026-01-01T00:00:00.000Z",
    "updated_at": "2026-01-01T00:00:00.000Z",
    "version": VERSION,
}
SECRETS = ("forged@", "Quill", "5555550142", "pat.jpg", "sepia")

PATHS = [
    "/profiles/OTHER/",
    "/profiles/OTHER//",
    "//profiles/OTHER",
    "/profiles//OTHER",
    "/profiles/%2FOTHER",
    "/profiles%2FOTHER",
    "/profiles/OTHER%2F",
    "/profiles/OTHER%2Faudit",
    "/profiles/OWN%2F..%2FOTHER",
    "/profiles/OWN/../OTHER",
    "/profile/../profiles/OTHER",
    "/profile/OTHER",
    "/profile//../profiles/OTHER",
    "/PROFILES/OTHER",
    "/Profiles/OTHER",
    "/profiles/OTHER%00",
    "/profiles/OTHER%20",
    "/profiles/OTHER%0a",
    "/profiles/OTHER;a=b",
    "/profiles/OTHER,OWN",
    "/profiles/OWN,OTHER",
    "/profiles/OTHER%252F",
    "/profiles/OTHER/audit/",
    "/profiles/OTHER//audit",
    "/profiles/OTHER/AUDIT",
    "/profiles/OTHER/suspend/",
    "/profiles/OTHER/Suspend",
    "/profiles/OWN/../OTHER/suspend",
    "/$default/profiles/OTHER",
    "/profiles/search/",
    "/profiles/",
    "//profiles",
    "/profile/",
    "//profile",
    "/PROFILE",
    "/profile%2F",
    "/",
    "",
]
METHODS = ("GET", "PATCH", "DELETE", "POST")

CONTEXTS: dict[str, Any] = {
    "none": None,
    "empty": {},
    "empty context": {"lambda": {}},
    "no kind of token": {"lambda": {"sub": "SUB", "roles": "admin", "scopes": "profiles/read profiles/read.any"}},
    "of a JWT authorizer": {"jwt": {"claims": {"sub": "SUB", "token_use": "access"}, "scopes": ["profiles/read.any"]}},
    "of a REST API": {"principalId": "SUB", "sub": "SUB", "roles": "admin", "token_use": "access"},
    "a list": [],
    "null": {"lambda": None, "principalId": "SUB"},
    "an ID token's": {"lambda": {"token_use": "id"}},
    "ended": {"lambda": {"exp": 1}},
    "no end": {"lambda": {"exp": None}},
    "no client": {"lambda": {"client_id": ""}},
    "nobody's": {"lambda": {"sub": ""}},
    "a machine with a role": {"lambda": {"principal_type": "machine", "sub": "1example23456789", "roles": "admin"}},
    "a user whose sub is the client": {"lambda": {"sub": "1example23456789"}},
    "roles in a list": {"lambda": {"roles": ["admin"]}},
}


@pytest.fixture(scope="module")
def member(stack: LocalStack) -> Person:
    return new_person(stack)


@pytest.fixture(scope="module")
def supporter(stack: LocalStack) -> Person:
    return new_person(stack, "support")


@pytest.fixture(scope="module", autouse=True)
def other(stack: LocalStack) -> Iterator[None]:
    """Another's profile, which is to stay as it is whatever is tried."""
    store(stack, PROFILE)
    yield
    assert stored(stack, OTHER) == PROFILE
    assert records_of(stack, OTHER) == []
    stack.settings.client("dynamodb").delete_item(TableName=stack.outputs["ProfilesTable"], Key={"sub": {"S": OTHER}})


def request(method: str, path: str, caller: Person, roles: str = "", scopes: str = "") -> dict[str, Any]:
    """An event as the gateway makes it, for a caller with every right that a member has, and more."""
    event: dict[str, Any] = json.loads((ROOT / "events/profile_api/get_profile.json").read_text())
    event["rawPath"] = event["requestContext"]["http"]["path"] = path
    event["requestContext"]["http"]["method"] = method
    event["routeKey"] = event["requestContext"]["routeKey"] = f"{method} /profiles/{{sub}}"
    event["pathParameters"] = {"sub": caller.sub}  # the router reads the path, and must not mix the two
    event["headers"] |= {"if-match": f'"{VERSION}"', "content-type": "application/json"}
    event["body"] = json.dumps(BODIES.get(method, {}))
    context = {"sub": caller.sub, "username": caller.sub, "roles": roles}
    event["requestContext"]["authorizer"]["lambda"] |= context | {"scopes": f"profiles/read profiles/write {scopes}"}
    return event


@pytest.mark.parametrize("name", CONTEXTS)
def test_context_that_is_not_whole_names_nobody_on_any_route(fire: Fire, supporter: Person, name: str) -> None:
    answers = {}
    for method, path in routes(supporter.sub, OTHER):
        event = request(method, path, supporter, "admin", "profiles/read.any profiles/write.any profiles/delete.any")
        whole = event["requestContext"]["authorizer"]["lambda"]
        given = json.loads(json.dumps(CONTEXTS[name]).replace("SUB", supporter.sub))
        if isinstance(given, dict) and given.get("lambda") and name != "no kind of token":
            given["lambda"] = whole | given["lambda"]
        event["requestContext"]["authorizer"] = given
        if given is None:
            del event["requestContext"]["authorizer"]
        answer = fire("ProfileApiFunction", event)
        assert not [secret for secret in SECRETS if secret in json.dumps(answer)]
        answers[method, path] = (answer["statusCode"], json.loads(answer["body"])["code"])

    assert set(answers.values()) == {(401, "unauthorized")}


def test_event_and_version_of_these_tests_would_reach_the_other_profile(fire: Fire, supporter: Person) -> None:
    """What is refused below is refused for its path and its caller."""
    rights = "profiles/read.any profiles/write.any"
    seen = fire("ProfileApiFunction", request("GET", f"/profiles/{OTHER}", supporter, "support", rights))
    assert (seen["statusCode"], seen["headers"]["ETag"]) == (200, f'"{VERSION}"')
    assert json.loads(seen["body"])["name"] == "P••• Q•••"


@pytest.mark.parametrize("path", PATHS)
def test_odd_path_in_an_event_shows_and_changes_nobody_else(
    fire: Fire, member: Person, supporter: Person, path: str
) -> None:
    path = path.replace("OWN", member.sub).replace("OTHER", OTHER)
    for method in METHODS:
        answer = fire("ProfileApiFunction", request(method, path, member))
        assert_shows_nobody_but(member, answer["statusCode"], answer["body"])
    # Who may read another's profile sees no more of it by another spelling of its path.
    seen = fire("ProfileApiFunction", request("GET", path, supporter, "support", "profiles/read.any"))
    assert seen["statusCode"] in {200, 400, 403, 404}
    assert not [secret for secret in SECRETS if secret in seen["body"]]


@pytest.mark.parametrize("path", PATHS)
def test_odd_path_over_http_shows_and_changes_nobody_else(api: Api, member: Person, path: str) -> None:
    path = path.replace("OWN", member.sub).replace("OTHER", OTHER) or "/"
    for method in METHODS:
        answer = api.send(method, path, member.token, BODIES.get(method), If_Match=f'"{VERSION}"')
        assert_shows_nobody_but(member, answer.status_code, answer.text)
        without = api.send(method, path, None, BODIES.get(method), If_Match=f'"{VERSION}"')
        assert without.status_code in {401, 403, 404}, without.text


def assert_shows_nobody_but(person: Person, status: int, body: str) -> None:
    """An answer is a refusal, or the person's own profile, as a path such as /profile/ may be read."""
    assert status in {200, 400, 403, 404, 405, 412}, body
    assert not [secret for secret in SECRETS if secret in body]
    if status == 200:
        assert json.loads(body)["sub"] == person.sub
