"""Real clients of the deployed stack."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import pytest

from local.settings import HOST
from local.stack import LocalStack

PASSWORD = "Tests-Only-Horse-7"


@dataclass(frozen=True)
class Api:
    """The deployed HTTP API. Python does not resolve names below localhost, so the name goes into the Host header."""

    client: httpx.Client
    host: str

    def get(self, path: str, token: str | None = None, **headers: str) -> httpx.Response:
        """GET a path, with a bearer token if there is one."""
        authorization = {"Authorization": f"Bearer {token}"} if token is not None else {}
        return self.client.get(path, headers={"Host": self.host, **authorization, **headers})

    def preflight(self, path: str, origin: str, method: str) -> httpx.Response:
        """Ask as a browser does before a request from another origin."""
        headers = {
            "Host": self.host,
            "Origin": origin,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "authorization,if-match",
        }
        return self.client.options(path, headers=headers)


@pytest.fixture(scope="session")
def api(stack: LocalStack) -> Iterator[Api]:
    url = urlsplit(stack.outputs["ApiUrl"])
    with httpx.Client(base_url=f"http://{HOST}:{url.port}", timeout=30) as client:
        yield Api(client, url.netloc)


@pytest.fixture
def new_address() -> Callable[[], str]:
    """A new e-mail address at each call, so that tests do not meet."""
    return lambda: f"{uuid.uuid4().hex[:12]}@example.com"
