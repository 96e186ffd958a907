import json
import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from poolhouse.gateway.http_api import principal
from poolhouse.gateway.rest_api import UnauthorizedError
from poolhouse.tokens import KeysUnavailableError, keys

from tests.unit.functions.conftest import Load
from tests.unit.functions.samples import sample
from tests.unit.functions.signing import ISSUER, POOL, access_token
from tests.unit.tokens import minting
from tests.unit.tokens.key_server import Clock, KeyServer

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
    caller = principal(
        {"version": "2.0", "requestContext": {"authorizer": {"lambda": answer["context"]}}}, now=time.time()
    )
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
        f"os.environ |= dict(USER_POOL_ID='{POOL}', CLIENT_IDS='{WEB}', AWS_ENDPOINT_URL='http://127.0.0.1:1');"
        "from functions.authorizer import app;"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    answer = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"boto3", "botocore", "aws_lambda_powertools", "pydantic", "jwt"} & set(answer.stdout.split())


# ------------------------------------------------------------------------------------------ parameters of a deployment
@pytest.fixture
def key_server() -> Iterator[KeyServer]:
    """The key endpoint of the pool of `minting`, which counts its requests."""
    with KeyServer(minting.key_set()).running() as server:
        yield server


@pytest.fixture
def start(load: Load, key_server: KeyServer) -> Load:
    """Starts the authorizer for that pool, with these variables beside those that it needs."""

    def start(function: str = "authorizer", **variables: str) -> ModuleType:
        endpoint = key_server.url.removesuffix("/keys")
        needed = {"USER_POOL_ID": minting.POOL, "CLIENT_IDS": minting.CLIENT, "AWS_ENDPOINT_URL": endpoint}
        return load(function, **needed, **variables)

    return start


def answer_to(app: ModuleType, sent: str, event: str = "authorizer/http_api") -> dict[str, Any]:
    text = json.dumps(sample(event)).replace("header.payload.signature", sent)
    answer: dict[str, Any] = app.lambda_handler(json.loads(text), None)
    return answer


@pytest.mark.parametrize(
    ("variables", "claims", "code"),
    [
        ({}, {"scope": None, "cognito:groups": None}, None),
        ({"REQUIRED_SCOPES": "", "REQUIRED_GROUPS": ""}, {"scope": None, "cognito:groups": None}, None),
        ({"REQUIRED_SCOPES": "profiles/read"}, {}, None),
        ({"REQUIRED_SCOPES": "profiles/read"}, {"scope": "profiles/read.any"}, "insufficient_scope"),
        ({"REQUIRED_SCOPES": "profiles/read,orders/read"}, {}, "insufficient_scope"),
        ({"REQUIRED_SCOPES": "profiles/read,orders/read"}, {"scope": "x orders/read profiles/read"}, None),
        ({"REQUIRED_GROUPS": "admin,x"}, {}, None),
        ({"REQUIRED_GROUPS": "x,y"}, {}, "insufficient_group"),
        ({"REQUIRED_GROUPS": "admin"}, {"cognito:groups": None}, "insufficient_group"),
        ({"REQUIRED_SCOPES": "profiles/read", "REQUIRED_GROUPS": "x"}, {}, "insufficient_group"),
        ({"REQUIRED_SCOPES": "x", "REQUIRED_GROUPS": "admin"}, {}, "insufficient_scope"),
    ],
    ids=str,
)
def test_authorizer_requires_every_scope_and_one_of_the_groups(
    start: Load,
    variables: dict[str, str],
    claims: dict[str, Any],
    code: str | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = start("authorizer", **variables)
    caplog.set_level(logging.INFO, "poolhouse.gateway.authorizer")
    answer = answer_to(app, minting.token(minting.access_claims(**claims)))
    assert answer["isAuthorized"] is (code is None)
    assert [vars(record)["code"] for record in caplog.records if "TokensRefused" in vars(record)] == [code] * bool(code)


@pytest.mark.parametrize("variable", ["REQUIRED_SCOPES", "REQUIRED_GROUPS", "CLIENT_IDS"])
@pytest.mark.parametrize("value", [",", "a,", "a, b"])
def test_authorizer_does_not_start_with_a_list_that_has_gaps(load: Load, variable: str, value: str) -> None:
    # An empty name would be one that no token has, or, if it were left out, no requirement at all.
    with pytest.raises(ValueError, match="must be a name or a list of names without spaces"):
        load("authorizer", **{"USER_POOL_ID": minting.POOL, "CLIENT_IDS": minting.CLIENT, variable: value})


@pytest.mark.parametrize(("value", "allowed"), [("on", True), ("off", False), ("", False), ("ON", False), ("1", False)])
def test_authorizer_takes_the_token_of_the_query_only_if_on(start: Load, value: str, allowed: bool) -> None:
    app = start("authorizer", ALLOW_TOKEN_IN_QUERY=value)
    if allowed:
        answer = answer_to(app, minting.token(), "authorizer/websocket_token_in_query")
        assert answer["context"]["sub"] == minting.SUB
    else:
        with pytest.raises(UnauthorizedError, match="^Unauthorized$"):
            answer_to(app, minting.token(), "authorizer/websocket_token_in_query")


@pytest.mark.parametrize(("variables", "ttl"), [({}, 0), ({"CACHE_SECONDS": "0"}, 0), ({"CACHE_SECONDS": "60"}, 60)])
def test_authorizer_tells_appsync_how_long_to_keep_the_answer(start: Load, variables: dict[str, str], ttl: int) -> None:
    assert answer_to(start("authorizer", **variables), minting.token(), "authorizer/appsync")["ttlOverride"] == ttl


def test_authorizer_fetches_keys_as_it_starts(
    start: Load, key_server: KeyServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    app = start("authorizer")
    assert key_server.fetches == 1
    assert [vars(record)["event"] for record in caplog.records if "KeyStoreEvents" in vars(record)] == ["keys_fetched"]
    assert answer_to(app, minting.token())["isAuthorized"] is True
    assert key_server.fetches == 1


def test_authorizer_starts_while_keys_cannot_be_had(
    start: Load, key_server: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(keys, "time", clock)
    key_server.status = 503
    app = start("authorizer")
    with pytest.raises(KeysUnavailableError):
        answer_to(app, minting.token())
    key_server.status = 200
    clock.now += 30
    assert answer_to(app, minting.token())["isAuthorized"] is True


@pytest.mark.parametrize("padding", ["", "\n"])
def test_authorizer_with_given_keys_fetches_none_until_a_token_names_another(
    start: Load, key_server: KeyServer, padding: str
) -> None:
    app = start("authorizer", JWKS=padding + json.dumps(minting.key_set()) + padding)
    assert answer_to(app, minting.token())["isAuthorized"] is True
    assert key_server.fetches == 0
    rotated = minting.private_key("rotated")
    key_server.keys = minting.key_set(minting.public_jwk(rotated, "rotated"))
    sent = minting.token(header={"kid": "rotated", "alg": "RS256"}, key=rotated)
    assert answer_to(app, sent)["isAuthorized"] is True
    assert key_server.fetches == 1


@pytest.mark.parametrize("blank", ["", " ", "\n"])
def test_authorizer_takes_blank_keys_for_none(start: Load, key_server: KeyServer, blank: str) -> None:
    start("authorizer", JWKS=blank)
    assert key_server.fetches == 1


@pytest.mark.parametrize("given", ['{"keys": []}', '{"keys": [{"kty": "oct", "kid": "a", "k": "AAAA"}]}', "{"])
def test_authorizer_does_not_start_with_keys_that_are_none(start: Load, given: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - either the JSON or the key set is no good
        start("authorizer", JWKS=given)
