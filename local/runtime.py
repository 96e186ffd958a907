"""One function under the Lambda Runtime Interface Emulator that ships with SAM CLI.

The emulator of AWS runs functions in a worker of its own. Here they run as on Lambda: a process that asks the Runtime
API for one invocation after the other. The tests look at what a built function does there, the benchmark at how fast.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import contextlib
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final

import samcli

from local.settings import HOST, free_port

_MACHINES: Final = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
EMULATOR: Final = (
    Path(samcli.__file__).parent / "local" / "rapid" / f"aws-lambda-rie-{_MACHINES.get(platform.machine(), 'unknown')}"
)

# Lambda's Python runtime: its client, without this environment's packages.
PYTHON: Final = (sys.executable, "-S", "-m", "awslambdaric", "app.lambda_handler")

# What that runtime brings besides the standard library. Nothing else of this environment is visible to a function, so
# that a package that is missing from a layer is missing here too.
_RUNTIME_BRINGS: Final = (
    "awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py",
    "boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six",
)  # fmt: skip


def runtime_packages(folder: Path, installed: Path = Path(samcli.__file__).parent.parent) -> Path:
    """A folder with links to what Lambda's runtime brings, and nothing else.

    Args:
        folder: Where the links go; it is made.
        installed: Where the packages are.
    """
    folder.mkdir(exist_ok=True)
    for name in _RUNTIME_BRINGS:
        for found in (*installed.glob(name), *installed.glob(f"{name}.*")):
            with contextlib.suppress(FileExistsError):
                (folder / found.name).symlink_to(found)
    return folder


def layers(build: Path) -> list[Path]:
    """The folders of the built layers that Lambda would put on the import path.

    Args:
        build: Where ``sam build`` put the local stack.
    """
    return [build / layer / "python" for layer in ("PoolhouseLayer", "DependenciesLayerArm64", "HooksLayer")]


@dataclass(frozen=True)
class Runtime:
    """One running function. It takes one invocation at a time: the emulator ends at a second one.

    Attributes:
        port: Where it is invoked.
        log: What it and the emulator write.
        pid: Process id of the emulator, whose child the function is.
    """

    port: int
    log: Path
    pid: int

    def invoke(self, event: Mapping[str, Any]) -> Any:
        """Send an event and return what the function answers. The first one starts the function."""
        connection = HTTPConnection(HOST, self.port, timeout=30)
        try:
            connection.request("POST", "/2015-03-31/functions/function/invocations", json.dumps(event))
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()


@contextlib.contextmanager
def running(command: Sequence[str | Path], code: Path, environment: Mapping[str, str], log: Path) -> Iterator[Runtime]:
    """Run a function until the block ends.

    Args:
        command: What Lambda would start; for Python it is :data:`PYTHON`.
        code: The function's folder.
        environment: Its variables.
        log: The file that its output goes to.

    Raises:
        TimeoutError: The emulator does not come up.
    """
    port = free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                EMULATOR,
                *("--log-level", "info"),
                *("--runtime-interface-emulator-address", f"{HOST}:{port}"),
                *("--runtime-api-address", f"{HOST}:{free_port()}"),
                *command,
            ],
            cwd=code,
            env={**environment, "LAMBDA_TASK_ROOT": str(code)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # the function is its child, and both end as one group
        )
    try:
        _wait_for(port)
        yield Runtime(port, log, process.pid)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return
        time.sleep(0.02)
    raise TimeoutError(f"the runtime emulator did not come up on {HOST}:{port}")
