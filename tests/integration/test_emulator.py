"""The emulator starts where it is told to, and leaves nothing behind, however it ends."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.emulator import Emulator
from local.settings import HOST, ROOT, LocalError, Settings
from tests.conftest import free_port

HOLD = """
import sys, time
from pathlib import Path
from local.emulator import Emulator
from local.settings import Settings
emulator = Emulator(Settings(int(sys.argv[1]), Path(sys.argv[2])))
emulator.start(tied=True)
print("up", flush=True)
time.sleep(600)
"""
ENVIRONMENT = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'layers' / 'poolhouse'}"}


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    given = Settings(free_port(), tmp_path)
    yield given
    Emulator(given).stop()


def processes_in(folder: Path) -> list[str]:
    """The command lines of running processes that have the folder as TMPDIR."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"TMPDIR={folder}".encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def eventually(condition: Callable[[], bool], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def test_taken_port_is_named_and_nothing_starts(settings: Settings) -> None:
    with socket.socket() as other:
        other.bind((HOST, settings.port))
        other.listen()
        with pytest.raises(LocalError, match=rf"(?s)Port {settings.port} is taken .* make up PORT={settings.port + 1}"):
            Emulator(settings).start()
    assert Emulator(settings).pid is None


def test_emulator_listens_on_loopback_only_and_stops_with_all_it_made(settings: Settings) -> None:
    if not Path("/proc/net/tcp").exists():
        pytest.skip("sockets are listed in /proc on Linux only")
    emulator = Emulator(settings)
    emulator.start()
    pid = emulator.pid
    assert pid is not None

    inodes = {
        match[1]
        for link in Path(f"/proc/{pid}/fd").iterdir()
        if (match := re.match(r"socket:\[(\d+)\]", str(link.readlink())))
    }
    listening = [
        fields[1].rpartition(":")[0]
        for table in ("tcp", "tcp6")
        for line in Path("/proc/net", table).read_text().splitlines()[1:]
        if (fields := line.split())[3] == "0A" and fields[9] in inodes
    ]
    assert listening == ["0100007F"]  # 127.0.0.1, and one socket
    assert emulator.stop()
    assert processes_in(settings.folder / "tmp") == []
    assert not (settings.folder / "tmp").exists()
    assert not emulator.stop()


def test_tied_emulator_ends_with_a_holder_that_is_killed(settings: Settings) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(settings.port), str(settings.folder)],
        env=ENVIRONMENT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert holder.stdout is not None
    assert holder.stdout.readline() == "up\n"
    assert processes_in(settings.folder / "tmp")

    holder.kill()
    holder.communicate()

    assert eventually(lambda: processes_in(settings.folder / "tmp") == [])
    assert eventually(lambda: not (settings.folder / "tmp").exists())


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_up_leaves_nothing_running(sign: signal.Signals) -> None:
    port = free_port()
    folder = ROOT / ".local" / str(port)
    up = subprocess.Popen(
        [sys.executable, "-m", "local", "--port", str(port), "up"],
        cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        assert eventually(lambda: (folder / "emulator.json").exists() and (folder / "build.log").exists())
        os.killpg(up.pid, sign)  # as Ctrl-C reaches the whole group
        _, said = up.communicate(timeout=30)

        assert up.returncode != 0
        assert "Stopped the emulator again: nothing is left running." in said
        assert "Traceback" not in said
        assert processes_in(folder / "tmp") == []
        assert not (folder / "tmp").exists()
        assert not (folder / "emulator.json").exists()
    finally:
        up.kill()
        up.communicate()
        shutil.rmtree(folder, ignore_errors=True)


def test_stop_ends_nothing_that_it_did_not_start(settings: Settings) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    try:
        state = {"pid": stranger.pid, "started": "Thu Jan  1 00:00:00 1970"}  # the id is used again
        (settings.folder / "emulator.json").write_text(json.dumps(state))
        emulator = Emulator(settings)
        assert emulator.pid is None
        assert not emulator.stop()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()
