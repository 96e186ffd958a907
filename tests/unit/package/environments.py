"""Commands in environments that hold the library's wheel and nothing else of this repository."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

# Makes an environment of the wheel, with extras like "[profiles]", and other packages; returns its interpreter.
type Install = Callable[..., Path]


def run(*command: str | Path, folder: Path | None = None) -> str:
    """Run a command to its end and return what it printed; fail with what it complained of."""
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def check_types(python: Path, folder: Path) -> list[str]:
    """Return what `mypy --strict` finds in a folder's files, with the packages that an interpreter has."""
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-error-summary"]
    command += ["--python-executable", str(python), *sorted(path.name for path in folder.glob("*.py"))]
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    assert not done.stderr
    return done.stdout.splitlines()
