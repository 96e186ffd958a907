"""What follows from the policy file stands in the repository as it would be written now."""

import json
import re
from pathlib import Path

import pytest
from poolhouse.access import Policy, default_policy

from local import openapi, policy
from local.__main__ import documents
from local.settings import ROOT, LocalError
from tests.unit.template.processing import load, process


@pytest.fixture
def second() -> Policy:
    """The shipped policy with one role, one scope and two fields more."""
    text = (ROOT / "layers/poolhouse/poolhouse/access/policy.toml").read_text("utf-8")
    text = text.replace("[actions]", '"profiles/export" = "Export profiles"\n\n[actions]')
    text = text.replace(
        "[roles.admin]",
        '[roles.auditor]\nscopes = ["profiles/read.any", "profiles/export"]\npersonal = "masked"\n\n[roles.admin]',
    )
    text += 'company = { settable = "own", kind = "text", max_length = 80 }\n'
    text += 'plan = { settable = "any", kind = "text" }\n'
    return Policy.parse(text)


@pytest.mark.parametrize("path", documents(default_policy()), ids=lambda path: path.name)
def test_page_is_as_it_would_be_written_now(path: Path) -> None:
    assert path.read_text("utf-8") == documents(default_policy())[path], "run: make docs"


def test_document_names_the_routes_of_the_template() -> None:
    stack = process(load())
    keys = {route["RouteKey"] for route in stack.of_type("AWS::ApiGatewayV2::Route").values()}
    paths = openapi.document(default_policy())["paths"]
    assert {f"{method.upper()} {path}" for path, item in paths.items() for method in item} == keys


def test_document_lets_each_settable_field_be_changed_and_no_other() -> None:
    schemas = openapi.document(default_policy())["components"]["schemas"]
    assert set(schemas["Change"]["properties"]) == {"name", "phone", "locale", "zone", "picture", "preferences"}
    assert schemas["Change"]["properties"]["name"]["maxLength"] == 100
    assert list(schemas["Profile"]["properties"]) == list(default_policy().fields)


def test_document_names_the_headers_of_refusals() -> None:
    for path, item in openapi.document(default_policy())["paths"].items():
        for method, operation in item.items():
            told = {status: sorted(answer.get("headers", ())) for status, answer in operation["responses"].items()}
            assert told["401"] == told["403"] == ["WWW-Authenticate"], (method, path)
            assert told["503"] == ["Retry-After"], (method, path)


def test_document_follows_another_policy(second: Policy) -> None:
    document = openapi.document(second)
    change = document["components"]["schemas"]["Change"]["properties"]
    assert change["company"] == {"type": ["string", "null"], "minLength": 1, "maxLength": 80}
    assert "plan" in change
    flow = document["components"]["securitySchemes"]["signIn"]["flows"]["authorizationCode"]
    assert flow["scopes"]["profiles/export"] == "Export profiles"


def test_roles_page_follows_another_policy(second: Policy) -> None:
    page = policy.roles_page(second)
    assert "| auditor | `profiles/export` | Export profiles |" in page
    assert "| `company` | text | the owner, and who may change any profile |" in page
    assert "| `plan` | text | only who may change any profile |" in page
    (head,) = [line for line in page.splitlines() if line.startswith("| Field | member")]
    column = head.split(" | ").index("auditor")
    (email,) = [line for line in page.splitlines() if line.startswith("| `email`")]
    assert email.split(" | ")[column] == "masked"


def test_template_has_what_the_policy_needs() -> None:
    assert policy.missing(default_policy()) == []


def test_missing_group_scope_and_right_of_clients_are_named_with_what_to_paste(second: Policy) -> None:
    with pytest.raises(LocalError) as raised:
        policy.check(second)

    said = str(raised.value)
    assert "  AuditorGroup:\n    Type: AWS::Cognito::UserPoolGroup\n" in said
    assert "GroupName: auditor" in said
    assert '        - { ScopeName: export, ScopeDescription: "Export profiles" }' in said
    assert said.count("        - profiles/export") == 2


def test_what_to_paste_makes_the_template_whole(second: Policy, tmp_path: Path) -> None:
    template = (ROOT / "template.yaml").read_text("utf-8")
    missing = policy.missing(second)
    group, scope, *clients = (found.split("\n", 1)[1] for found in missing if " reads " not in found)
    template = template.replace("  ProfilesResourceServer:\n", f"{group}\n\n  ProfilesResourceServer:\n")
    template = template.replace("        - { ScopeName: suspend,", f"{scope}\n        - {{ ScopeName: suspend,")
    template = template.replace("        - profiles/suspend\n", f"        - profiles/suspend\n{clients[0]}\n")
    for found in missing:
        if found.startswith(("MemberIdentityRole", "AdminIdentityRole", "SupportIdentityRole")):
            template = with_attributes(template, found)
    (tmp_path / "template.yaml").write_text(template)

    assert policy.missing(second, tmp_path / "template.yaml") == []


def with_attributes(template: str, found: str) -> str:
    """Put the list of attributes that `missing` names where it says."""
    said, lines = found.split("\n", 1)
    role, statement = said.split()[0], said.split("statement ")[1].split()[0]
    before, after = template.split(f"  {role}:", 1)
    before_list, after_list = after.split(f"Sid: {statement}\n", 1)
    head, tail = after_list.split('"dynamodb:Attributes":\n', 1)
    rest = tail[tail.index('                  "Null"') :]
    return f'{before}  {role}:{before_list}Sid: {statement}\n{head}"dynamodb:Attributes":\n{lines}\n{rest}'


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ("name = { personal = true,", "name = {"),
            "SupportIdentityRole reads other attributes .* AnyProfile .*- name",
        ),
        (
            ("locale = {", "locale = { personal = true,"),
            "SupportIdentityRole reads other .* AnyProfile .*sub\n +- zone",
        ),
        (('scopes = ["profiles/read.any", "profiles/suspend"]', "scopes = []"), "Take out its statement AnyProfile"),
        (
            ("zone = {", 'company = { settable = "own", kind = "text" }\nzone = {'),
            "MemberIdentityRole .* OwnProfile .*- comp",
        ),
    ],
)
def test_credentials_that_read_otherwise_than_the_policy_shows_are_named(change: tuple[str, str], said: str) -> None:
    text = (ROOT / "layers/poolhouse/poolhouse/access/policy.toml").read_text("utf-8")
    assert change[0] in text
    found = "\n".join(policy.missing(Policy.parse(text.replace(*change))))
    assert re.search(said, found, re.DOTALL), found


def test_document_is_one_object_that_json_can_hold() -> None:
    document = openapi.document(default_policy())
    assert json.loads(json.dumps(document)) == document
