"""Whole authorizers under the Lambda Runtime Interface Emulator: how they start, answer, and fill memory."""

import contextlib
import itertools
import json
import os
import random
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.issuer import Issuer
from bench.start import variables
from local import runtime
from local.settings import ROOT

STARTS: Final = 20
BLOCKS: Final = 50
INVOCATIONS_IN_BLOCK: Final = 30
_WARM_UP_BLOCKS: Final = 5


@dataclass(frozen=True)
class Authorizer:
    """What Lambda would run.

    Attributes:
        command: the program.
        code: the function's folder.
        environment: variables of its own.
    """

    command: Sequence[str | Path]
    code: Path
    environment: Mapping[str, str]


def python(code: Path, layers: Sequence[Path], packages: Path) -> Authorizer:
    """Return a built function in Python.

    Args:
        code: its folder.
        layers: folders of its layers.
        packages: the folder of what the runtime brings.
    """
    path = os.pathsep.join(map(str, (code, *layers, packages)))
    return Authorizer(runtime.PYTHON, code, {"PYTHONPATH": path})


def node() -> Authorizer:
    """Return the authorizer with aws-jwt-verify."""
    program = ROOT / "bench" / "node" / "runtime.mjs"
    return Authorizer(("node", program), program.parent, {})


class Measurement:
    """Measures authorizers in turn. Every event has a token of its own.

    Attributes:
        spent: milliseconds by name: from the first event to its answer, with the function's start in it; the same with
            the keys from the key server under "name:fetch"; an invocation of a running function under "name:warm".
        resident: memory of each function's process after those invocations, in bytes.

    Args:
        issuer: the user pool.
        address: of its key server.
        authorizers: by name.
        folder: for logs.
    """

    def __init__(self, issuer: Issuer, address: str, authorizers: Mapping[str, Authorizer], folder: Path) -> None:
        self.spent: dict[str, list[float]] = defaultdict(list)
        self.resident: dict[str, int] = {}
        self._issuer = issuer
        self._authorizers = authorizers
        self._folder = folder
        self._keys: dict[str, dict[str, str]] = {"": {"JWKS": json.dumps(issuer.jwks)}, ":fetch": {}}
        self._environment = variables(address) | {
            "AWS_LAMBDA_LOG_FORMAT": "JSON",
            "AWS_LAMBDA_LOG_LEVEL": "INFO",
            "AWS_LAMBDA_FUNCTION_NAME": "authorizer",
        }
        self._token_numbers = itertools.count()

    def starts(self) -> None:
        """Start every authorizer again and again, with keys given and with keys fetched."""
        figures = [(name, suffix, keys) for name in self._authorizers for suffix, keys in self._keys.items()]
        for number in range(STARTS + 1):
            random.shuffle(figures)  # nobody always comes after the heaviest
            for name, suffix, keys in figures:
                with self._running(name, keys) as running:
                    milliseconds = self._timed(running)
                if number:  # the first round brings the files into memory
                    self.spent[name + suffix].append(milliseconds)

    def warm(self) -> None:
        """Invoke every authorizer, all running at the same time, block by block."""
        with contextlib.ExitStack() as stack:
            all_running = {name: stack.enter_context(self._running(name, self._keys[""])) for name in self._authorizers}
            for number in range(_WARM_UP_BLOCKS + BLOCKS):
                for name, running in all_running.items():
                    times = [self._timed(running) for _ in range(INVOCATIONS_IN_BLOCK)]
                    if number >= _WARM_UP_BLOCKS:
                        self.spent[f"{name}:warm"] += times
            self.resident = {name: _resident_bytes(running.pid) for name, running in all_running.items()}

    def _running(self, name: str, keys: Mapping[str, str]) -> contextlib.AbstractContextManager[runtime.Runtime]:
        authorizer = self._authorizers[name]
        environment = {**self._environment, **authorizer.environment, **keys}
        return runtime.running(authorizer.command, authorizer.code, environment, self._folder / f"{name}.log")

    def _timed(self, running: runtime.Runtime) -> float:
        event = _event(self._issuer.token(next(self._token_numbers)))
        begun = time.perf_counter()
        answer = running.invoke(event)
        milliseconds = (time.perf_counter() - begun) * 1000
        if not isinstance(answer, dict) or answer.get("isAuthorized") is not True:
            raise RuntimeError(f"an authorizer refused a good token or failed: {running.log.read_text()[-2000:]}")
        return milliseconds


def _event(token: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((ROOT / "events" / "authorizer" / "http_api.json").read_text())
    event["headers"]["authorization"] = f"Bearer {token}"
    event["identitySource"][0] = f"Bearer {token}"
    return event


def _resident_bytes(emulator: int) -> int:
    """Return the resident memory of the function that an emulator runs, as Linux tells it."""
    tasks = Path(f"/proc/{emulator}/task").iterdir()
    (child,) = [child for task in tasks for child in (task / "children").read_text().split()]
    status = Path(f"/proc/{child}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024
