"""The profile API: requests through the whole local stack beside a bare route, and its start beside boto3's own."""

import io
import json
import time
import zipfile
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from bench import triggers
from local import runtime, users
from local.emulator import Emulator
from local.settings import HOST, Settings
from local.stack import LocalStack

AT_ONCE: Final = 4
BLOCKS: Final = 20
REQUESTS_IN_BLOCK: Final = 40

# It writes a line, as ours does: the emulator waits 40 ms for the first line of a function that writes none.
_BARE: Final = """
import json

def lambda_handler(event, context):
    print("{}")
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps({})}
"""
_BOTO3: Final = 'import boto3\nboto3.client("dynamodb")\n\ndef lambda_handler(event, context):\n    return event\n'
_VARIABLES: Final = {
    "DELETED_PROFILE_DAYS": "90",
    "DELETED_USERS": "keep",
    "PICTURES_BUCKET": "",
    "USER_POOL_ID": "eu-west-1_EXAMPLE00",
}


@dataclass(frozen=True)
class _Route:
    host: str
    path: str
    headers: Mapping[str, str]


def requests(settings: Settings) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Send requests to ``GET /profile`` and to a route with nothing behind it, block by block in turn.

    Args:
        settings: of an emulator on a free port, in the folder where the stack is built.

    Returns:
        Milliseconds of each request, by route; and requests a second, by route.
    """
    emulator, stack = Emulator(settings), LocalStack(settings)
    emulator.start(tied=True)
    try:
        stack.deploy()
        users.seed(stack)
        authorization = {"Authorization": f"Bearer {users.access_token(stack, 'member')}"}
        routes = {
            "profile": _Route(urlsplit(stack.outputs["ApiUrl"]).netloc, "/profile", authorization),
            "bare": _Route(_bare_route(stack), "/bare", {}),
        }
        spent: dict[str, list[float]] = defaultdict(list)
        seconds: dict[str, float] = defaultdict(float)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for number in range(BLOCKS + 2):
                for name, route in routes.items():
                    begun = time.perf_counter()
                    times = list(pool.map(_timed, [(settings.port, route)] * REQUESTS_IN_BLOCK))
                    if number >= 2:  # the first blocks start the functions
                        seconds[name] += time.perf_counter() - begun
                        spent[name] += times
        return spent, {name: len(spent[name]) / seconds[name] for name in routes}
    finally:
        emulator.stop()


def inits(build: Path, brought: Path, variables: Mapping[str, str], folder: Path) -> dict[str, list[float]]:
    """Return the milliseconds of the init phase, of the function and of one that makes a boto3 client, in turn.

    Args:
        build: where ``sam build`` put the stack.
        brought: what the runtime brings.
        variables: the environment of both.
        folder: for logs and for the other function.
    """
    other = folder / "boto3_client"
    other.mkdir()
    (other / "app.py").write_text(_BOTO3)
    contenders = [("boto3", other, []), ("profile_api", build / "ProfileApiFunction", runtime.layers(build))]
    return triggers.started_in_turn(contenders, brought, {**variables, **_VARIABLES}, folder)


def _bare_route(stack: LocalStack) -> str:
    """Make an HTTP API with one route and a function that does nothing. Returns its host."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as code:
        code.writestr("app.py", _BARE)
    role = stack.settings.client("iam").get_role(RoleName=stack.physical_id("ProfileApiRole"))["Role"]["Arn"]
    function = stack.settings.client("lambda").create_function(
        FunctionName="bare",
        Runtime="python3.13",
        Handler="app.lambda_handler",
        MemorySize=512,
        Role=role,
        Code={"ZipFile": archive.getvalue()},
    )
    gateway: Any = stack.settings.client("apigatewayv2")
    api = gateway.create_api(Name="bare", ProtocolType="HTTP")["ApiId"]
    integration = gateway.create_integration(
        ApiId=api,
        IntegrationType="AWS_PROXY",
        IntegrationUri=function["FunctionArn"],
        PayloadFormatVersion="2.0",
    )["IntegrationId"]
    gateway.create_route(ApiId=api, RouteKey="GET /bare", Target=f"integrations/{integration}")
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    return f"{api}.execute-api.localhost:{stack.settings.port}"


def _timed(asked: tuple[int, _Route]) -> float:
    port, route = asked
    begun = time.perf_counter()
    connection = HTTPConnection(HOST, port, timeout=30)
    try:
        connection.request("GET", route.path, headers={"Host": route.host, **route.headers})
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    milliseconds = (time.perf_counter() - begun) * 1000
    if answer.status != 200 or not isinstance(json.loads(body), dict):
        raise RuntimeError(f"GET {route.path} was answered with {answer.status}: {body[:300]!r}")
    return milliseconds
