"""Knows a process again, and ends one with all that it started."""

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Final

_GRACE_SECONDS: Final = 10


def started(pid: int) -> str:
    """When the process started, as the system tells it; empty when there is none."""
    if Path("/proc/self/stat").exists():  # Linux: ticks since this boot, and no ps in slim images
        try:
            fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()  # a name is any bytes but NUL
        except OSError:
            return ""
        return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()} {int(fields[19])}"
    shown = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)],
        env=os.environ | {"TZ": "UTC", "LC_ALL": "C"},  # the same words whoever asks, wherever
        capture_output=True,
        text=True,
        check=False,
    )
    return shown.stdout.strip()


def end_group(pid: int, *, by: signal.Signals = signal.SIGTERM) -> None:
    """End a process group: ask it, and end it by force when it does not.

    Args:
        pid: The process that leads the group.
        by: How to ask. After SIGINT programs such as pip remove their scratch files, after SIGTERM they do not.
    """
    for sign, seconds in ((by, _GRACE_SECONDS), (signal.SIGKILL, 2)):
        deadline = time.monotonic() + seconds
        try:
            os.killpg(pid, sign)
            while time.monotonic() < deadline:
                _reap(pid)
                os.killpg(pid, 0)
                time.sleep(0.05)
        except (ProcessLookupError, PermissionError):
            return


def _reap(pid: int) -> None:
    """Take a child's exit status, so that it does not count as alive; another's child is not ours to take."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return
