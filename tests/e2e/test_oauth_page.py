"""docs/clients/oauth.md: both its programs sign in with PKCE, as they stand there."""

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from local import users
from local.settings import HOST, ROOT
from local.stack import LocalStack
from tests import browser
from tests.e2e.oauth import REDIRECT, sign_in_at

PAGE = (ROOT / "docs/clients/oauth.md").read_text("utf-8")
[SIGN_IN, REFRESH] = re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)
[DOCUMENT] = re.findall(r"```html\n(.*?)```", PAGE, re.DOTALL)


class Silent(SimpleHTTPRequestHandler):
    """Serves files, and logs nothing."""

    def log_message(self, *_: object) -> None:
        pass


Shown = Callable[[str], Any]
"""What the page shows under a name, once it does."""


@pytest.fixture
def page(written: Path) -> Iterator[Page]:
    """A browser at the page, which is served with ``amplify_outputs.json`` beside it.

    The port 5173 that the pool sends the browser back to may be in use: the browser finds it at another one.
    """
    (written / "index.html").write_text(DOCUMENT)
    handler = partial(Silent, directory=written)
    with ThreadingHTTPServer((HOST, 0), handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            with browser.opened({urlsplit(REDIRECT).netloc: f"{HOST}:{server.server_port}"}) as page:
                page.goto(REDIRECT)
                yield page
        finally:
            server.shutdown()


@pytest.fixture
def shown(page: Page) -> Shown:
    def shown(name: str) -> Any:
        page.wait_for_function(f"document.getElementById('shown')?.textContent.includes('{name}: ')")
        lines = dict(line.split(": ", 1) for line in page.inner_text("#shown").splitlines())
        assert name in lines, lines
        return json.loads(lines[name])

    return shown


def fill_in(page: Page, email: str) -> None:
    """Sign in at the pool's page."""
    page.click("#sign-in")
    page.fill("input[name=username]", email)
    page.fill("input[name=password]", users.PASSWORD)
    page.click("button[type=submit]")


@pytest.mark.browser
def test_browser_signs_in_reads_calls_and_signs_out(
    page: Page, shown: Shown, stack: LocalStack, seeded: dict[str, users.User]
) -> None:
    member = seeded["member"]
    fill_in(page, member.email)

    told = shown("userInfo")
    assert (told["sub"], told["email"]) == (member.sub, member.email)
    assert shown("profile")["sub"] == member.sub
    assert page.url == REDIRECT  # the code is out of the address
    assert page.evaluate("JSON.stringify([localStorage, sessionStorage])") == "[{},{}]"

    with page.expect_response(lambda answer: answer.request.method == "POST") as revoking:
        page.click("#sign-out")
    revoked = json.loads(revoking.value.request.post_data or "")
    page.wait_for_selector("#sign-in:visible")
    assert (page.url, page.inner_text("#shown")) == (REDIRECT, "")
    refused = page.request.post(
        f"{stack.settings.endpoint}/oauth2/token",
        form={"grant_type": "refresh_token", "client_id": revoked["ClientId"], "refresh_token": revoked["Token"]},
    )
    assert (refused.status, refused.json()["error"]) == (400, "invalid_grant")


@pytest.mark.browser
def test_browser_takes_no_code_that_it_did_not_ask_for(page: Page, shown: Shown) -> None:
    page.goto(f"{REDIRECT}?code=of-someone-else&state=invented")

    assert shown("error").startswith("This is not the answer to a sign-in that began in this tab")
    assert page.url == REDIRECT


@pytest.mark.skipif(not shutil.which("curl") or not shutil.which("openssl"), reason="needs curl and openssl")
def test_shell_signs_in_reads_and_calls(written: Path, seeded: dict[str, users.User]) -> None:
    member = seeded["member"]
    (written / "sign-in.sh").write_text(SIGN_IN)
    with subprocess.Popen(
        ["bash", "sign-in.sh"],
        cwd=written,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None
        address = program.stdout.readline().removeprefix("Sign in at: ").strip()
        program.stdout.readline()  # the second line as well: `communicate` does not see what was read ahead
        said, complaints = program.communicate(sign_in_at(address, member.email, users.PASSWORD) + "\n", timeout=120)

    assert (program.returncode, complaints) == (0, "")
    told, profile = map(json.loads, said.splitlines())
    assert (told["email"], profile["sub"]) == (member.email, member.sub)
    assert (written / "refresh_token").stat().st_mode & 0o077 == 0
    assert len((written / "refresh_token").read_text().split(".")) > 2


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_shell_refreshes(written: Path, stack: LocalStack, seeded: dict[str, users.User]) -> None:
    member = seeded["member"]
    # From SRP: the emulator cannot refresh what came from its sign-in page here, as the page says.
    tokens = users.sign_in(stack, member.email, users.PASSWORD)
    (written / "refresh_token").write_text(tokens["RefreshToken"] + "\n")
    (written / "refresh.sh").write_text(REFRESH)

    ended = subprocess.run(["bash", "refresh.sh"], cwd=written, capture_output=True, text=True, check=False)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads(ended.stdout)["sub"] == member.sub


@pytest.mark.skipif(not shutil.which("curl") or not shutil.which("openssl"), reason="needs curl and openssl")
def test_shell_takes_no_answer_to_another_sign_in(written: Path) -> None:
    (written / "sign-in.sh").write_text(SIGN_IN)
    ended = subprocess.run(
        ["bash", "sign-in.sh"],
        cwd=written,
        input=f"{REDIRECT}?code=x&state=invented\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (1, "This is not the answer to this sign-in.\n")
