"""Starts and stops the emulator, and nothing else.

The emulator runs from an environment of its own (``.emulator``): functions see whatever it sees, so that a package that
is missing from a layer has to fail here as it would on AWS. It listens on loopback only, with IAM enforced.
"""

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

from local.processes import end_group, started
from local.settings import HOST, ROOT, LocalError, Settings

_PROGRAM: Final = ROOT / ".emulator" / "bin" / "ministack"
_START_SECONDS: Final = 60


class Emulator:
    """The emulator of one local stack."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._state = settings.folder / "emulator.json"
        self._scratch = settings.folder / "tmp"
        self._process: subprocess.Popen[bytes] | None = None
        self.log = settings.folder / "emulator.log"

    @property
    def pid(self) -> int | None:
        """The process that an earlier :meth:`start` started, or None when it no longer runs."""
        try:
            state = json.loads(self._state.read_text())
            pid, start = int(state["pid"]), state["started"]
        except (OSError, ValueError, TypeError, KeyError):  # none, or cut short when what wrote it was killed
            return None
        # A process id is used again: the same one counts only with the same start time.
        return pid if start and start == started(pid) else None

    def start(self, *, tied: bool = False) -> None:
        """Start it and wait until it answers.

        Args:
            tied: It ends with this process, however this process ends. For tests.

        Raises:
            LocalError: The port is taken, the emulator is not installed, or it does not come up. Nothing is left
                running.
        """
        if not _PROGRAM.exists():
            raise LocalError("The emulator is not installed. Run it through make, which installs it: make up")
        if _taken(self._settings.port):
            raise LocalError(
                f"Port {self._settings.port} is taken by a program that `make up` did not start.\n"
                f"Stop that program, or take another port: make up PORT={self._settings.port + 1}"
            )
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir(parents=True)
        command: list[str | Path] = [_PROGRAM]
        if tied:
            command = [sys.executable, Path(__file__).with_name("tether.py"), *command]
        try:
            with self.log.open("wb") as log:
                self._process = subprocess.Popen(
                    command,
                    env=self._environment(),
                    stdin=subprocess.PIPE if tied else subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # Ctrl-C at the keyboard is for make, and the group can be ended as one
                )
            self._state.write_text(json.dumps({"pid": self._process.pid, "started": started(self._process.pid)}))
            self._wait_until_it_answers(self._process)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> bool:
        """End it with all it started, and remove what it unpacked. Returns whether there was anything to end."""
        # What this object started counts even when it was interrupted before it could write that down.
        pid = self._process.pid if self._process is not None and self._process.poll() is None else self.pid
        if pid is not None:
            end_group(pid)
        if self._process is not None:
            self._process.communicate()  # takes the exit status and closes the tether's pipe
        self._state.unlink(missing_ok=True)
        shutil.rmtree(self._scratch, ignore_errors=True)
        return pid is not None

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in self._settings.environment().items() if not name.startswith("AWS_")}
        return inherited | {
            "GATEWAY_PORT": str(self._settings.port),
            "BIND_HOST": HOST,
            "IOT_MTLS_ENABLED": "false",  # it would listen on every interface
            "AUTH": "true",  # IAM judges every call
            "MINISTACK_COGNITO_PRETOKEN_STRICT": "1",  # a refusal by pre token generation refuses, as on AWS
            "TMPDIR": str(self._scratch),
        }

    def _wait_until_it_answers(self, process: "subprocess.Popen[bytes]") -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise LocalError(f"The emulator ended at once:\n{tail(self.log)}\nAll it said: {self.log}")
            try:
                with urllib.request.urlopen(f"{self._settings.endpoint}/_ministack/health", timeout=1):
                    return
            except (urllib.error.URLError, TimeoutError):
                time.sleep(0.1)
        raise LocalError(f"The emulator did not answer within {_START_SECONDS} s:\n{tail(self.log)}")


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log, indented."""
    return "\n".join("    " + line for line in log.read_text(errors="replace").splitlines()[-lines:])


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False
