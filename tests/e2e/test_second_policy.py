"""Another policy file changes the tokens, the API, its document and the page of roles, and no line of code changes.

The handlers run in a process of their own, on a copy of the library in which `policy.toml` is another file, with the
deployed pool and tables. Events and profiles are the same under both policies.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from local.settings import ROOT
from local.stack import LocalStack
from tests.e2e.conftest import records_of, store, stored, variables_of

LIBRARY = ROOT / "layers/poolhouse"
SHIPPED = (LIBRARY / "poolhouse/access/policy.toml").read_text("utf-8")
OTHER_RULES = (
    # A role with a scope of its own, and one that was there.
    ("[actions]", '"profiles/audit" = "Read the audit log"\n\n[actions]'),
    (
        'read_audit = { own = "profiles/read.any", any = "profiles/read.any" }',
        'read_audit = { any = "profiles/audit" }',
    ),
    (
        "[roles.admin]",
        '[roles.auditor]\nscopes = ["profiles/read.any", "profiles/audit"]\npersonal = "masked"\n\n[roles.admin]',
    ),
    # A field that was open is personal now, one that could be set cannot be, and two are new.
    (
        'locale = { settable = "own", kind = "locale" }',
        'locale = { personal = true, settable = "own", kind = "locale" }',
    ),
    ('zone = { settable = "own", kind = "zone" }', "zone = {}"),
    ("version = {}\n", 'version = {}\ncompany = { settable = "own", kind = "text", max_length = 8 }\n'),
    ("version = {}\n", 'version = {}\nplan = { settable = "any", kind = "text" }\n'),
)
TIMES = {"created_at": "2026-01-01T00:00:00.000Z", "updated_at": "2026-01-01T00:00:00.000Z"}
ALL = "profiles/read profiles/write profiles/read.any profiles/read.personal profiles/write.any profiles/audit"


def second_policy() -> str:
    """The shipped policy with other rules."""
    text = SHIPPED
    for before, after in OTHER_RULES:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    return text


@dataclass(frozen=True)
class Under:
    """What comes of a policy.

    Attributes:
        answers: Of the handlers, in the order of the events.
        pages: The pages that follow the policy, by their names.
    """

    answers: list[dict[str, Any]]
    pages: dict[str, str]


Run = Callable[[str, list[tuple[str, dict[str, Any]]]], Under]


@pytest.fixture
def run(stack: LocalStack, tmp_path: Path) -> Run:
    def run(policy: str, events: list[tuple[str, dict[str, Any]]]) -> Under:
        library, answers = tmp_path / uuid4().hex, tmp_path / f"{uuid4().hex}.json"
        shutil.copytree(LIBRARY, library, ignore=shutil.ignore_patterns("__pycache__"))
        (library / "poolhouse/access/policy.toml").write_text(policy, encoding="utf-8")
        environment = variables_of(stack, "ProfileApiFunction")
        environment["PYTHONPATH"] = os.pathsep.join([str(library), str(ROOT)])
        ended = subprocess.run(
            [sys.executable, "-m", "tests.e2e.handlers", answers],
            input=json.dumps(events),
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        return Under(**json.loads(answers.read_text("utf-8")))

    return run


@pytest.fixture
def client(stack: LocalStack) -> Iterator[str]:
    """An app client that lists every scope, the new one among them."""
    cognito, pool = stack.settings.client("cognito-idp"), stack.outputs["UserPoolId"]
    made = cognito.create_user_pool_client(
        UserPoolId=pool,
        ClientName="of-the-second-policy",
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["code"],
        AllowedOAuthScopes=ALL.split(),
        CallbackURLs=["http://localhost:5173/"],
    )["UserPoolClient"]["ClientId"]
    yield made
    cognito.delete_user_pool_client(UserPoolId=pool, ClientId=made)


@pytest.fixture
def mine(stack: LocalStack) -> dict[str, Any]:
    profile = {"sub": str(uuid4()), "status": "active", "version": 1, "email": "auditor@example.com"} | TIMES
    store(stack, profile)
    return profile


@pytest.fixture
def theirs(stack: LocalStack) -> dict[str, Any]:
    personal = {"email": "pat@example.com", "name": "Pat Quill", "locale": "de-CH", "zone": "UTC"}
    profile = {"sub": str(uuid4()), "status": "active", "version": 1} | TIMES | personal
    store(stack, profile)
    return profile


def sign_in(stack: LocalStack, client: str, caller: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """What Cognito sends when an auditor signs in."""
    event = json.loads((ROOT / "events/pre_token_generation/authentication.json").read_text("utf-8"))
    event |= {"userPoolId": stack.outputs["UserPoolId"], "userName": caller["sub"]}
    event["callerContext"]["clientId"] = client
    event["request"]["userAttributes"] = {"sub": caller["sub"], "email": caller["email"]}
    event["request"]["groupConfiguration"]["groupsToOverride"] = ["auditor"]
    return "pre_token_generation", event


def request(method: str, path: str, caller: dict[str, Any], body: object = None) -> tuple[str, dict[str, Any]]:
    """What the gateway sends for a request of an auditor whose token has every scope."""
    event = json.loads((ROOT / "events/profile_api/change_own_profile.json").read_text("utf-8"))
    event["rawPath"] = event["requestContext"]["http"]["path"] = path
    event["requestContext"]["http"]["method"] = method
    event["requestContext"]["authorizer"]["lambda"] |= {"sub": caller["sub"], "roles": "auditor", "scopes": ALL}
    event["body"] = json.dumps(body)
    return "profile_api", event


def told(answer: dict[str, Any]) -> tuple[int, str]:
    return answer["statusCode"], json.loads(answer["body"]).get("code", "")


def added(answer: dict[str, Any]) -> set[str]:
    return set(answer["response"]["claimsAndScopeOverrideDetails"]["accessTokenGeneration"]["scopesToAdd"])


def test_second_policy_changes_tokens_api_and_pages_with_no_edit_of_code(
    stack: LocalStack, run: Run, client: str, mine: dict[str, Any], theirs: dict[str, Any]
) -> None:
    events = [
        sign_in(stack, client, mine),
        request("GET", f"/profiles/{theirs['sub']}", mine),
        request("GET", f"/profiles/{theirs['sub']}/audit", mine),
        request("PATCH", "/profile", mine, {"company": "  Ace "}),
        request("PATCH", "/profile", mine, {"company": "longer than 8"}),
        request("PATCH", "/profile", mine, {"plan": "gold"}),
    ]

    before, after = run(SHIPPED, events), run(second_policy(), events)

    # Tokens
    assert added(before.answers[0]) == {"profiles/read", "profiles/write"}
    assert added(after.answers[0]) == {"profiles/read", "profiles/write", "profiles/read.any", "profiles/audit"}
    # API
    assert [told(answer) for answer in before.answers[1:]] == [
        (403, "insufficient_scope"),
        (403, "insufficient_scope"),
        (400, "unknown_field"),
        (400, "unknown_field"),
        (400, "unknown_field"),
    ]
    read, audit, changed, *others = after.answers[1:]
    assert json.loads(read["body"]) == {
        **{name: theirs[name] for name in ("sub", "status", "version", "zone", "created_at", "updated_at")},
        "email": "p•••@example.com",
        "name": "P••• Q•••",
    }
    assert told(audit) == (200, "")
    assert (changed["statusCode"], json.loads(changed["body"])["company"]) == (200, "Ace")
    assert [told(answer) for answer in others] == [(412, "version_mismatch")] * 2
    kept = stored(stack, mine["sub"])
    assert kept is not None
    assert (kept["company"], kept["version"]) == ("Ace", 2)
    assert [(each["role"], each["fields"]) for each in records_of(stack, mine["sub"])] == [("member", ["company"])]
    # Pages
    assert before.pages["openapi.json"] == (ROOT / "docs/openapi.json").read_text("utf-8")
    assert before.pages["roles.md"] == (ROOT / "docs/roles.md").read_text("utf-8")
    document = json.loads(after.pages["openapi.json"])
    change = document["components"]["schemas"]["Change"]["properties"]
    assert change["company"] == {"type": ["string", "null"], "minLength": 1, "maxLength": 8}
    assert ("plan" in change, "zone" in change) == (True, False)
    assert document["paths"]["/profiles/{sub}/audit"]["get"]["security"] == [
        {"signIn": ["profiles/audit"]},
        {"token": ["profiles/audit"]},
    ]
    assert "| auditor | `profiles/audit` | Read the audit log |" in after.pages["roles.md"]
    assert "| `company` | text | the owner, and who may change any profile |" in after.pages["roles.md"]


def test_second_policy_says_who_sets_which_field(stack: LocalStack, run: Run, mine: dict[str, Any]) -> None:
    events = [
        request("PATCH", "/profile", mine, {"plan": "gold"}),
        request("PATCH", "/profile", mine, {"zone": "Asia/Tokyo"}),
        request("PATCH", "/profile", mine, {"company": "longer than 8"}),
        request("GET", f"/profiles/{mine['sub']}/audit", mine),
    ]
    _, by_admin = request("PATCH", "/profile", mine, {"plan": "gold"})
    by_admin["requestContext"]["authorizer"]["lambda"]["roles"] = "admin"

    answers = run(second_policy(), [*events, ("profile_api", by_admin)]).answers

    assert [told(answer) for answer in answers] == [
        (403, "field_not_settable"),
        (403, "field_not_settable"),
        (400, "invalid_field"),
        (403, "action_not_allowed"),
        (200, ""),
    ]
    assert stored(stack, mine["sub"]) == mine | {"plan": "gold", "version": 2} | {
        "updated_at": json.loads(answers[-1]["body"])["updated_at"]
    }
