import logging
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from poolhouse.gateway.http_api import principal
from poolhouse.tokens import KeysUnavailableError

from tests.unit.functions.conftest import Load
from tests.unit.functions.samples import sample
from tests.unit.functions.signing import ISSUER, POOL, access_token

ROOT = Path(__file__).parents[3]
WEB, MACHINE, STRANGER = "1example23456789", "2example23456789", "3example23456789"
DENIED = {"isAuthorized": False}


@pytest.fixture
def authorizer(load: Load, keys_url: str) -> ModuleType:
    return load("authorizer", USER_POOL_ID=POOL, CLIENT_IDS=f"{WEB},{MACHINE}", AWS_ENDPOINT_URL=keys_url)


def request(authorization: str | None) -> dict[str, Any]:
    event = sample("authorizer/http_api")
    del event["headers"]["authorization"]
    if authorization is not None:
        event["headers"]["authorization"] = authorization
    return event


def test_authorizer_tells_the_api_who_calls(authorizer: ModuleType) -> None:
    end = int(time.time()) + 600
    token = access_token(exp=end, groups=["support", "admin"])
    assert authorizer.lambda_handler(request(f"Bearer {token}"), None) == {
        "isAuthorized": True,
        "context": {
            "sub": "aaaaaaaa-0000-4000-8000-000000000001",
            "username": "aaaaaaaa-0000-4000-8000-000000000001",
            "client_id": WEB,
            "principal_type": "user",
            "roles": "support admin",
            "scopes": "aws.cognito.signin.user.admin profiles/read",
            "token_use": "access",
            "exp": end,
            "jti": "cccccccc-0000-4000-8000-000000000004",
        },
    }


def test_authorizer_knows_machine(authorizer: ModuleType) -> None:
    token = access_token(
        sub=MACHINE, client_id=MACHINE, username=None, origin_jti=None, event_id=None, scope="profiles/read.any"
    )
    answer = authorizer.lambda_handler(request(f"Bearer {token}"), None)
    caller = principal({"requestContext": {"authorizer": {"lambda": answer["context"]}}}, now=time.time())
    assert (caller.sub, caller.is_user, caller.roles) == (MACHINE, False, frozenset())
    assert caller.scopes == {"profiles/read.any"}


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"exp": 1_700_000_000}, "expired"),
        ({"token_use": "id", "aud": WEB}, "token_use"),
        ({"client_id": STRANGER}, "client"),
        ({"client_id": None}, "missing"),
        ({"iss": ISSUER.replace("EXAMPLE01", "EXAMPLE02")}, "issuer"),
        ({"iss": "https://issuer.example"}, "issuer"),
        ({"sub": None}, "missing"),
        ({"key_id": "another-key"}, "signature"),
    ],
    ids=str,
)
def test_authorizer_refuses_token_that_is_not_good_here(
    authorizer: ModuleType, claims: dict[str, Any], code: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    token = access_token(**claims)
    assert authorizer.lambda_handler(request(f"Bearer {token}"), None) == DENIED
    record = caplog.records[-1]
    assert code in vars(record)["code"]
    logged = " ".join(str(vars(record)) for record in caplog.records)
    for part in token.split("."):
        assert part not in logged


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer not-a-token", "Bearer a.b.c", "Bearer " + "a" * 20_000],
    ids=lambda value: str(value)[:20],
)
def test_authorizer_refuses_request_without_token(authorizer: ModuleType, authorization: str | None) -> None:
    assert authorizer.lambda_handler(request(authorization), None) == DENIED


def test_authorizer_refuses_two_tokens(authorizer: ModuleType) -> None:
    token = access_token()
    assert authorizer.lambda_handler(request(f"Bearer {token},Bearer {token}"), None) == DENIED


def test_authorizer_refuses_changed_token(authorizer: ModuleType) -> None:
    header, _, signature = access_token().split(".")
    _, payload, _ = access_token(groups=["admin"]).split(".")
    assert authorizer.lambda_handler(request(f"Bearer {header}.{payload}.{signature}"), None) == DENIED


def test_authorizer_raises_where_keys_cannot_be_had(load: Load) -> None:
    # Nothing listens there. A refusal would be cached, and tell a user with a good token to sign in again.
    app = load("authorizer", USER_POOL_ID=POOL, CLIENT_IDS=WEB, AWS_ENDPOINT_URL="http://127.0.0.1:1")
    with pytest.raises(KeysUnavailableError):
        app.lambda_handler(request(f"Bearer {access_token()}"), None)


@pytest.mark.parametrize("missing", ["USER_POOL_ID", "CLIENT_IDS"])
def test_authorizer_does_not_start_without_its_pool_and_clients(
    load: Load, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {"USER_POOL_ID": POOL, "CLIENT_IDS": WEB}
    del variables[missing]
    monkeypatch.delenv(missing, raising=False)
    with pytest.raises(KeyError, match=missing):
        load("authorizer", **variables)


def test_authorizer_does_not_start_with_an_empty_client_id(load: Load) -> None:
    with pytest.raises(ValueError, match="client_ids"):
        load("authorizer", USER_POOL_ID=POOL, CLIENT_IDS="")


def test_authorizer_imports_nothing_that_slows_a_cold_start() -> None:
    # A process of its own: this one has imported them all.
    script = (
        "import os, sys; sys.path[:0] = ['.', 'layers/poolhouse'];"
        f"os.environ |= dict(USER_POOL_ID='{POOL}', CLIENT_IDS='{WEB}');"
        "from functions.authorizer import app;"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    answer = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"boto3", "botocore", "aws_lambda_powertools", "pydantic", "jwt"} & set(answer.stdout.split())
