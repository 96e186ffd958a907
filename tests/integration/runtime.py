"""A built function under Lambda's own runtime client and the Runtime Interface Emulator that ships with SAM CLI.

The emulator of AWS runs functions in a worker of its own, without Lambda's log handler. Here they run as on Lambda:
``awslambdaric`` imports ``app``, sets up JSON logging, and serves one invocation at a time.
"""

import contextlib
import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import samcli

from local.settings import HOST, STACK
from local.stack import LocalStack
from tests.conftest import free_port

_MACHINES = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
EMULATOR = (
    Path(samcli.__file__).parent / "local" / "rapid" / f"aws-lambda-rie-{_MACHINES.get(platform.machine(), 'unknown')}"
)

# What Lambda's Python runtime brings besides the standard library. Nothing else of this environment is visible to a
# function, so that a package that is missing from a layer is missing here too.
_RUNTIME_BRINGS = (
    "awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py",
    "boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six",
)  # fmt: skip


def runtime_packages(folder: Path) -> Path:
    """A folder with links to what Lambda's runtime brings, and nothing else."""
    folder.mkdir(exist_ok=True)
    installed = Path(samcli.__file__).parent.parent
    for name in _RUNTIME_BRINGS:
        for found in (*installed.glob(name), *installed.glob(f"{name}.*")):
            with contextlib.suppress(FileExistsError):
                (folder / found.name).symlink_to(found)
    return folder


def layers(stack: LocalStack) -> list[Path]:
    """The folders of the built layers that Lambda would put on the import path."""
    build = stack.settings.folder / "build"
    return [build / "PoolhouseLayer" / "python", build / "DependenciesLayerArm64" / "python"]


@dataclass
class Runtime:
    """One running function."""

    url: str
    log: Path

    def invoke(self, event: Mapping[str, Any]) -> Any:
        """Send an event and return what the function answers."""
        answer = httpx.post(f"{self.url}/2015-03-31/functions/function/invocations", json=event, timeout=30)
        return answer.json()

    def lines(self) -> list[str]:
        """What the function wrote so far; the runtime emulator's own lines are left out."""
        time.sleep(0.2)  # the last line may still be on its way through the pipe
        text = self.log.read_text()
        ours = [line for line in text.splitlines() if line.strip()]
        return [line for line in ours if not line.startswith(_OF_THE_EMULATOR) and "(rapid)" not in line]


_OF_THE_EMULATOR = ("START RequestId", "END RequestId", "REPORT RequestId", "INIT_REPORT", "INIT REPORT", "EXTENSION")


@contextlib.contextmanager
def running(stack: LocalStack, logical_id: str, folder: Path, code: Path | None = None) -> Iterator[Runtime]:
    """Run a built function with the variables of the deployed one.

    Args:
        stack: The deployed stack.
        logical_id: Such as ``PreSignUpFunction``.
        folder: Where the log and the runtime's packages go.
        code: Another folder of code than the function's own.
    """
    configuration = stack.settings.client("lambda").get_function_configuration(
        FunctionName=stack.physical_id(logical_id)
    )
    environment = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    environment |= stack.settings.environment() | configuration.get("Environment", {}).get("Variables", {})
    code = code or stack.settings.folder / "build" / logical_id
    path = [code, *layers(stack), runtime_packages(folder / "runtime")]
    environment |= {
        "PYTHONPATH": os.pathsep.join(map(str, path)),
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "AWS_LAMBDA_LOG_LEVEL": "INFO",
        "AWS_LAMBDA_FUNCTION_NAME": f"{STACK}-{logical_id}",
        "LAMBDA_TASK_ROOT": str(code),
    }
    address, log = f"{HOST}:{free_port()}", folder / f"{logical_id}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                EMULATOR,
                *("--log-level", "info"),
                *("--runtime-interface-emulator-address", address),
                *("--runtime-api-address", f"{HOST}:{free_port()}"),
                *(sys.executable, "-S", "-m", "awslambdaric", "app.lambda_handler"),
            ],
            cwd=code,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # the function is its child, and both end as one group
        )
    try:
        _wait_for(address)
        yield Runtime(f"http://{address}", log)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_for(address: str) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            httpx.get(f"http://{address}/", timeout=1)
            return
        time.sleep(0.05)
    raise TimeoutError(f"the runtime emulator did not come up on {address}")


def members(line: str) -> dict[str, Any]:
    """A log line as the JSON object that it has to be."""
    parsed = json.loads(line)
    assert isinstance(parsed, dict), line
    return parsed
