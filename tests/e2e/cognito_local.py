"""A second user pool emulator, for triggers that ours never fires: https://github.com/jagregory/cognito-local.

It calls the functions that are deployed on ours. Its pools are its own: a function that calls Cognito back does not
find the user there.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from local.emulator import tail
from local.processes import end_group
from local.settings import HOST, REGION, ROOT, free_port
from tests import node

PACKAGE = ROOT / "tests" / "cognito_local"
START_SECONDS = 60


@dataclass(frozen=True)
class CognitoLocal:
    """A user pool of it, with one app client.

    Attributes:
        client: A boto3 client of it.
        pool_id: The pool.
        client_id: The app client.
        folder: Where it keeps its state and its log.
    """

    client: Any
    pool_id: str
    client_id: str
    folder: Path

    def user(self, address: str) -> dict[str, Any]:
        """Return a user as it stores them, codes included."""
        users = json.loads((self.folder / ".cognito" / "db" / f"{self.pool_id}.json").read_text())["Users"]
        (found,) = (each for each in users.values() if {"Name": "email", "Value": address} in each["Attributes"])
        return dict(found)

    def mails(self) -> str:
        """Return what it has sent so far, as its log shows it."""
        return (self.folder / "log").read_text()


@contextmanager
def running(folder: Path, lambda_endpoint: str, triggers: Mapping[str, str]) -> Iterator[CognitoLocal]:
    """Run it on a free loopback port; it ends with this process, however this process ends.

    Args:
        folder: An empty folder for it.
        lambda_endpoint: Where the functions run.
        triggers: By trigger, such as ``PostConfirmation``: the name of the deployed function.
    """
    program = node.packages(PACKAGE, folder) / "cognito-local" / "lib" / "bin" / "start.js"
    port, scratch, log = free_port(), folder / "tmp", folder / "log"
    (folder / ".cognito").mkdir()
    scratch.mkdir()
    keys = {"accessKeyId": "test", "secretAccessKey": "test"}
    settings = {
        "LambdaClient": {"credentials": keys, "endpoint": lambda_endpoint, "region": REGION},
        "TriggerFunctions": triggers,
    }
    (folder / ".cognito" / "config.json").write_text(json.dumps(settings))
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, ROOT / "local" / "tether.py", node.program(), program],
            cwd=folder,
            env=own | {"HOST": HOST, "PORT": str(port), "TMPDIR": str(scratch), "COLUMNS": "1000"},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while "running on" not in log.read_text():
            assert process.poll() is None, f"cognito-local ended at once:\n{tail(log)}"
            assert time.monotonic() < deadline, f"cognito-local did not answer within {START_SECONDS} s:\n{tail(log)}"
            time.sleep(0.05)
        session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
        client = session.client("cognito-idp", endpoint_url=f"http://{HOST}:{port}")
        pool = client.create_user_pool(
            PoolName="tests", UsernameAttributes=["email"], AutoVerifiedAttributes=["email"]
        )["UserPool"]["Id"]
        app = client.create_user_pool_client(UserPoolId=pool, ClientName="tests")["UserPoolClient"]["ClientId"]
        yield CognitoLocal(client, pool, app, folder)
    finally:
        end_group(process.pid)
        process.communicate()
