"""Run a command that ends when this program's standard input does.

The tests hold the other end of the pipe: however they end, killed outright included, the operating system closes it,
and the emulator goes with them.
"""

import os
import shutil
import signal
import subprocess
import sys


def main() -> None:
    """Run the command given as arguments until standard input ends; then end it and clear its TMPDIR."""
    command = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        sys.stdin.buffer.read()
    finally:
        command.terminate()
        try:
            command.wait(timeout=10)
        except subprocess.TimeoutExpired:
            command.kill()
        shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)
        # Workers of the emulator that it did not end itself are in this program's group.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(os.getpgrp(), signal.SIGTERM)


if __name__ == "__main__":
    main()
