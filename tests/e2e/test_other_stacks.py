"""Stacks of other people: each template in examples/, deployed as its page says, beside the stack it asks."""

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from local import users
from local.settings import HOST, ROOT
from local.stack import LocalStack, outputs_of
from tests.e2e.conftest import Api
from tests.e2e.tokens import claims_of, scopes_of, tampered
from tests.unit.template.test_examples import COMMANDS

ROLES = ("member", "support", "admin", "machine")
HTTP_AND_REST = ("http_api", "rest_token", "rest_request")
SHORT_LIFE = 3


@pytest.fixture(scope="module")
def short_lived(stack: LocalStack, seeded: dict[str, users.User]) -> Callable[[], str]:
    """Signs an administrator in with a client whose access tokens live for seconds, which AWS would refuse."""
    client = stack.settings.client("cognito-idp").create_user_pool_client(
        UserPoolId=stack.outputs["UserPoolId"],
        ClientName="short-lived",
        ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH"],
        AllowedOAuthFlows=["code"],
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthScopes=["openid", "profiles/read", "profiles/read.any"],
        CallbackURLs=["http://localhost:5173/"],
        SupportedIdentityProviders=["COGNITO"],
        AccessTokenValidity=SHORT_LIFE,
        TokenValidityUnits={"AccessToken": "seconds"},
    )["UserPoolClient"]
    email = seeded["admin"].email
    return lambda: users.sign_in(stack, email, users.PASSWORD, client["ClientId"])["AccessToken"]


@pytest.fixture(scope="module")
def expired(short_lived: Callable[[], str]) -> str:
    """An access token that has ended by the time that the stacks are deployed."""
    return short_lived()


@pytest.fixture(scope="module")
def addresses(
    stack: LocalStack, short_lived: Callable[[], str], expired: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Where each example answers, all deployed at once."""
    outputs = "".join(f"{name}) echo '{value}';; " for name, value in stack.outputs.items())
    clients = ",".join(
        [stack.outputs["WebClientId"], stack.outputs["MachineClientId"], claims_of(expired)["client_id"]]
    )
    given = {"websocket": "RunsOn=emulator", "own_authorizer": f"ClientIds={clients}"}
    environment = stack.settings.environment()
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"

    def deploy(name: str) -> str:
        command = f"output() {{ case $1 in {outputs}esac; }}\n{COMMANDS[name].rstrip()} {given.get(name, '')}"
        done = subprocess.run(
            ["sh", "-euc", command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        made = re.findall(r"--stack-name (\S+)", command)[0]
        return outputs_of(stack.settings.client("cloudformation"), made)["ApiUrl"]

    with ThreadPoolExecutor(len(COMMANDS)) as pool:  # most of a deployment is waiting
        return dict(zip(COMMANDS, pool.map(deploy, COMMANDS), strict=True))


@pytest.fixture(scope="module")
def tokens(stack: LocalStack, seeded: dict[str, users.User]) -> dict[str, str]:
    """An access token for each role."""
    return {role: users.access_token(stack, role) for role in ROLES}


@pytest.fixture(scope="module")
def bad_tokens(stack: LocalStack, seeded: dict[str, users.User], expired: str) -> dict[str, str]:
    """Tokens that no authorizer may accept, by what is wrong with them."""
    signed_in = users.sign_in(stack, seeded["member"].email, users.PASSWORD)
    good = signed_in["AccessToken"]
    return {
        "garbage": "garbage",
        "ID token": signed_in["IdToken"],
        "other groups": tampered(good, **{"cognito:groups": ["admin"]}),
        "no signature": good.rsplit(".", 1)[0] + ".",
        "expired, and of another client": expired,
    }


@pytest.fixture(scope="module")
def call(stack: LocalStack, addresses: dict[str, str]) -> Iterator[Callable[..., httpx.Response]]:
    """Calls a route of an example, with a token if there is one."""
    with httpx.Client(base_url=stack.settings.endpoint, timeout=30) as client:

        def get(name: str, path: str, token: str | None = None) -> httpx.Response:
            url = urlsplit(addresses[name])
            # The emulator knows an API by its id and no region.
            host = f"{url.netloc.partition('.')[0]}.execute-api.localhost:{stack.settings.port}"
            return Api(client, host).get(url.path + path, token)

        yield get


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", HTTP_AND_REST)
def test_good_token_reaches_every_route_with_who_calls(
    call: Callable[..., httpx.Response], tokens: dict[str, str], name: str, role: str
) -> None:
    """The second route is judged by the answer that was kept for the first."""
    for path in ("/orders", "/orders/7"):
        answer = call(name, path, tokens[role])

        assert answer.status_code == 200, answer.text
        assert answer.json() == caller_of(tokens[role])


@pytest.mark.parametrize("name", ["http_api", "own_authorizer"])
def test_bad_token_is_403_from_an_http_api(
    call: Callable[..., httpx.Response], bad_tokens: dict[str, str], name: str
) -> None:
    verdicts = {what: call(name, "/orders", token).status_code for what, token in bad_tokens.items()}

    assert call(name, "/orders").status_code == 401
    assert verdicts == dict.fromkeys(bad_tokens, 403)


@pytest.mark.parametrize("what", ["other groups", "ID token"])  # the emulator takes seconds for each
@pytest.mark.parametrize("name", ["rest_token", "rest_request"])
def test_bad_token_is_401_from_a_rest_api(
    call: Callable[..., httpx.Response], bad_tokens: dict[str, str], name: str, what: str
) -> None:
    assert call(name, "/orders").status_code == 401
    assert call(name, "/orders", bad_tokens[what]).status_code == 401


@pytest.mark.parametrize(("role", "status"), [("member", 403), ("support", 200), ("admin", 200), ("machine", 200)])
def test_own_authorizer_requires_its_own_scope(
    call: Callable[..., httpx.Response], tokens: dict[str, str], role: str, status: int
) -> None:
    assert ("profiles/read.any" in scopes_of(tokens[role])) is (status == 200)
    assert call("own_authorizer", "/orders", tokens[role]).status_code == status
    assert call("http_api", "/orders", tokens[role]).status_code == 200


def test_kept_answer_serves_no_token_that_has_ended(
    call: Callable[..., httpx.Response], short_lived: Callable[[], str]
) -> None:
    """The API keeps the answer for a minute; the integration looks at the end again."""
    token = short_lived()
    assert call("own_authorizer", "/orders", token).json() == caller_of(token)

    time.sleep(max(0.0, claims_of(token)["exp"] - time.time()))
    answer = call("own_authorizer", "/orders/7", token)

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("scheme", ["", "Bearer "])
def test_appsync_resolver_knows_who_calls(
    stack: LocalStack, addresses: dict[str, str], tokens: dict[str, str], role: str, scheme: str
) -> None:
    answer = query(stack, addresses["appsync"], scheme + tokens[role])

    assert answer.json() == {"data": {"caller": caller_of(tokens[role])}}


def test_appsync_refuses_bad_tokens(stack: LocalStack, addresses: dict[str, str], bad_tokens: dict[str, str]) -> None:
    verdicts = {what: query(stack, addresses["appsync"], token) for what, token in bad_tokens.items()}

    for what, answer in verdicts.items():
        assert answer.status_code == 401, what
        assert answer.json()["errors"][0]["errorType"] == "UnauthorizedException", what


@pytest.mark.parametrize("role", ROLES)
def test_websocket_answers_each_message_with_who_sent_it(
    stack: LocalStack, addresses: dict[str, str], tokens: dict[str, str], role: str
) -> None:
    with open_socket(stack, addresses["websocket"], "bearer", tokens[role]) as connection:
        for message in ('{"action": "order"}', "no JSON"):
            connection.send(message)
            answer = json.loads(connection.recv(timeout=10))
            assert answer == {name: caller_of(tokens[role])[name] for name in ("sub", "roles")}


def test_websocket_refuses_bad_tokens_and_tokens_in_the_address(
    stack: LocalStack, addresses: dict[str, str], tokens: dict[str, str], bad_tokens: dict[str, str]
) -> None:
    """The emulator makes 500 of what is 401 on AWS."""
    url = addresses["websocket"]
    offers: list[tuple[str, ...]] = [
        (url,),
        (f"{url}?access_token={tokens['admin']}",),
        (f"{url}?access_token={tokens['admin']}", "bearer"),
        (url, tokens["admin"]),
        (url, "bearer", bad_tokens["other groups"]),
    ]
    for offer in offers:
        with pytest.raises(InvalidStatus) as refused, open_socket(stack, *offer):
            pass
        assert refused.value.response.status_code in {401, 500}


@pytest.mark.parametrize(("lives", "status"), [(60, 200), (-1, 401)])
def test_websocket_function_chooses_the_subprotocol_until_the_token_ends(
    stack: LocalStack, addresses: dict[str, str], lives: int, status: int
) -> None:
    """What the emulator does not send on to the client, asked of the deployed function."""
    context = {
        "sub": "a1",
        "client_id": "web",
        "principal_type": "user",
        "roles": "",
        "scopes": "",
        "token_use": "access",
        "exp": str(int(time.time()) + lives),
    }
    event = {
        "headers": {"Sec-WebSocket-Protocol": "bearer, token"},
        "requestContext": {"routeKey": "$connect", "eventType": "CONNECT", "authorizer": context},
    }
    found = stack.settings.client("cloudformation").describe_stack_resource(
        StackName="orders-websocket", LogicalResourceId="OrdersFunction"
    )
    function = found["StackResourceDetail"]["PhysicalResourceId"]
    answers = stack.settings.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode())
    answer = json.load(answers["Payload"])

    assert answer["statusCode"] == status
    assert answer.get("headers") == ({"Sec-WebSocket-Protocol": "bearer"} if status == 200 else None)


def caller_of(token: str) -> dict[str, Any]:
    """What the integrations tell of a token."""
    claims = claims_of(token)
    roles, scopes = sorted(claims.get("cognito:groups", [])), sorted(scopes_of(token))
    return {"sub": claims["sub"], "roles": roles, "scopes": scopes}


def query(stack: LocalStack, address: str, authorization: str) -> httpx.Response:
    """Ask a GraphQL API who calls."""
    url = urlsplit(address)
    return httpx.post(
        f"{stack.settings.endpoint}{url.path}",
        headers={"Host": url.netloc, "Authorization": authorization},
        json={"query": "{ caller { sub roles scopes } }"},
        timeout=30,
    )


def open_socket(stack: LocalStack, address: str, *subprotocols: str) -> ClientConnection:
    """Connect to a WebSocket API by its name, at the emulator's address."""
    return connect(
        urlsplit(address)._replace(scheme="ws").geturl(),
        sock=socket.create_connection((HOST, stack.settings.port)),
        open_timeout=30,
        subprotocols=[Subprotocol(name) for name in subprotocols] or None,
    )
