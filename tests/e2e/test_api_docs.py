"""The page at /docs: what it is made of, and that a developer signs in there and calls the API, in a real browser."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from local import users
from local.settings import ROOT
from local.stack import LocalStack
from tests import browser
from tests.e2e.conftest import Api

DOCUMENT = json.loads((ROOT / "docs/openapi.json").read_text("utf-8"))
FILES = {
    "start.js": "text/javascript",
    "oauth2-redirect.html": "text/html; charset=utf-8",
    "oauth2-redirect.js": "text/javascript",
    "swagger-ui-bundle.min.js": "text/javascript",
    "swagger-ui.min.css": "text/css",
}


def test_document_is_served_with_the_addresses_of_the_stack(api: Api, stack: LocalStack) -> None:
    answer = api.get("/docs/openapi.json")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    served = answer.json()
    scheme = served["components"]["securitySchemes"]["signIn"]
    assert scheme.pop("x-client-id") == stack.outputs["WebClientId"]
    flow = scheme["flows"]["authorizationCode"]
    assert flow["authorizationUrl"] == f"{stack.settings.endpoint}/oauth2/authorize"
    assert flow["tokenUrl"] == f"{stack.settings.endpoint}/oauth2/token"
    written = DOCUMENT["components"]["securitySchemes"]["signIn"]["flows"]["authorizationCode"]
    flow |= {name: written[name] for name in ("authorizationUrl", "tokenUrl")}
    assert served == DOCUMENT


@pytest.mark.parametrize("name", FILES)
def test_page_is_whole_without_anybody_else(api: Api, name: str) -> None:
    answer = api.get(f"/docs/{name}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, FILES[name])


def test_page_loads_its_own_files_alone_and_lets_no_other_page_frame_it(api: Api, stack: LocalStack) -> None:
    answer = api.get("/docs")

    assert re.findall(r'(?:src|href)="([^"]*)"', answer.text) == [
        "data:,",
        "docs/swagger-ui.min.css",
        "docs/swagger-ui-bundle.min.js",
        "docs/start.js",
    ]
    policy = dict(each.strip().partition(" ")[::2] for each in answer.headers["content-security-policy"].split(";"))
    assert policy["script-src"] == "'self'"
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    assert policy["connect-src"] == f"'self' {stack.settings.endpoint}"


@pytest.mark.parametrize("name", ["app.py", "nothing", "..%2Fapp.py", "%2e%2e%2fapp.py", "poolhouse"])
def test_page_serves_no_other_file(api: Api, name: str) -> None:
    answer = api.get(f"/docs/{name}")
    assert answer.status_code == 404
    assert "import" not in answer.text


@pytest.mark.browser
@pytest.mark.parametrize("role", ["member", "support", "admin"])
def test_developer_signs_in_and_calls_the_api(stack: LocalStack, seeded: dict[str, users.User], role: str) -> None:
    with browser.opened() as page:
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.goto(f"{stack.outputs['ApiUrl']}/docs")
        authorize(page, seeded[role].email)
        route = page.locator("#operations-My_profile-read_own_profile")
        route.locator(".opblock-summary-control").click()
        route.locator("button.execute").click()

        answer = route.locator(".live-responses-table")
        expect(answer.locator(".response-col_status").nth(1)).to_contain_text("200")
        shown = json.loads(answer.locator(".highlight-code code").first.inner_text())
        assert (shown["sub"], shown["email"]) == (seeded[role].sub, seeded[role].email)
        assert errors == []  # the content security policy lets the page work


@pytest.mark.browser
def test_page_takes_no_code_that_it_did_not_ask_for(stack: LocalStack) -> None:
    with browser.opened() as page:
        page.goto(f"{stack.outputs['ApiUrl']}/docs/oauth2-redirect.html?code=of-someone-else&state=invented")
        expect(page.locator("#status")).to_contain_text("press Authorize there")


def authorize(page: Page, email: str) -> None:
    """Press Authorize, and sign in on the pool's page, which opens in a window of its own."""
    page.click("button.authorize")
    with page.expect_popup() as opened:
        page.locator(".auth-container", has_text="signIn").locator("button.authorize").click()
    sign_in = opened.value
    sign_in.fill("input[name=username]", email)
    sign_in.fill("input[name=password]", users.PASSWORD)
    sign_in.click("button[type=submit]")
    expect(page.locator(".auth-container", has_text="signIn")).to_contain_text("Authorized")
    page.click("button.close-modal")
