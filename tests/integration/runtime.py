"""A built function under Lambda's own runtime client, with the variables of the deployed one.

The emulator of AWS runs functions in a worker of its own, without Lambda's log handler. Here they run as on Lambda:
``awslambdaric`` imports ``app``, sets up JSON logging, and serves one invocation at a time.
"""

import contextlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from local import runtime
from local.settings import STACK
from local.stack import LocalStack

EMULATOR, runtime_packages = runtime.EMULATOR, runtime.runtime_packages


def layers(stack: LocalStack) -> list[Path]:
    """The folders of the built layers that Lambda would put on the import path."""
    return runtime.layers(stack.settings.folder / "build")


class Runtime:
    """One running function."""

    def __init__(self, running: runtime.Runtime) -> None:
        self._running = running

    def invoke(self, event: Mapping[str, Any]) -> Any:
        """Send an event and return what the function answers."""
        return self._running.invoke(event)

    def lines(self) -> list[str]:
        """What the function wrote so far; the runtime emulator's own lines are left out."""
        time.sleep(0.2)  # the last line may still be on its way through the pipe
        text = self._running.log.read_text()
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
    }
    with runtime.running(runtime.PYTHON, code, environment, folder / f"{logical_id}.log") as started:
        yield Runtime(started)


def members(line: str) -> dict[str, Any]:
    """A log line as the JSON object that it has to be."""
    parsed = json.loads(line)
    assert isinstance(parsed, dict), line
    return parsed
