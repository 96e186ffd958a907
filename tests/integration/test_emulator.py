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
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local import emulator as local_emulator
from local import processes
from local.emulator import Emulator
from local.settings import HOST, ROOT, LocalError, Settings, free_port

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
START = """
import sys
from pathlib import Path
from local.emulator import Emulator
from local.settings import Settings
Emulator(Settings(int(sys.argv[1]), Path(sys.argv[2]))).start()
"""
ENVIRONMENT = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'layers' / 'poolhouse'}"}


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    given = Settings(free_port(), tmp_path)
    yield given
    Emulator(given).stop()


def processes_with(variable: str) -> list[str]:
    """The command lines of running processes that have the environment variable, given as NAME=value."""
    if not Path("/proc/self/environ").exists():
        pytest.skip("other processes' environments are listed in /proc on Linux only")
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if variable.encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def processes_in(folder: Path) -> list[str]:
    """The command lines of running processes that have the folder as TMPDIR."""
    return processes_with(f"TMPDIR={folder}")


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


def test_emulator_is_ended_by_another_process_in_another_time_zone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    subprocess.run(
        [sys.executable, "-c", START, str(settings.port), str(settings.folder)],
        env=ENVIRONMENT | {"TZ": "Asia/Tokyo"}, check=True,
    )  # fmt: skip
    assert processes_in(settings.folder / "tmp")
    try:
        monkeypatch.setenv("TZ", "America/New_York")
        assert Emulator(settings).stop()
        assert processes_in(settings.folder / "tmp") == []
    finally:
        monkeypatch.setenv("TZ", "Asia/Tokyo")
        Emulator(settings).stop()


@pytest.mark.parametrize("tied", [True, False], ids=["tied", "untied"])
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_start_interrupted_before_it_wrote_its_state_leaves_nothing_running(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, sign: signal.Signals, tied: bool
) -> None:
    # The start time is asked for between the start of the process and the writing of the state.
    monkeypatch.setattr(local_emulator, "started", lambda pid: os.kill(os.getpid(), sign))
    emulator = Emulator(settings)
    before = signal.signal(sign, lambda *_: sys.exit(1))
    signal.signal(signal.SIGALRM, lambda *_: pytest.fail("it waits for an emulator that it does not end"))
    signal.alarm(20)
    try:
        with pytest.raises(SystemExit):
            emulator.start(tied=tied)
        assert processes_in(settings.folder / "tmp") == []
        assert not (settings.folder / "tmp").exists()
        assert not (settings.folder / "emulator.json").exists()
        assert not emulator.stop()
    finally:
        signal.alarm(0)
        signal.signal(sign, before)
        if emulator._process is not None and emulator._process.poll() is None:
            os.killpg(emulator._process.pid, signal.SIGKILL)
            emulator._process.communicate()


@pytest.mark.parametrize(
    ("sign", "send"),
    [
        pytest.param(signal.SIGINT, os.killpg, id="Ctrl-C reaches the whole group"),
        pytest.param(signal.SIGTERM, os.kill, id="SIGTERM reaches one process"),
    ],
)
def test_interrupted_up_leaves_nothing_running(sign: signal.Signals, send: Callable[[int, int], None]) -> None:
    port = free_port()
    folder = ROOT / ".local" / str(port)
    mark = str(uuid.uuid4())  # what `make up` starts inherits it, whatever it does to its TMPDIR
    up = subprocess.Popen(
        [sys.executable, "-m", "local", "--port", str(port), "up"],
        cwd=ROOT, env=ENVIRONMENT | {"MARK": mark}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        assert eventually(lambda: any(" pip install " in line for line in processes_with(f"MARK={mark}")), 60)
        send(up.pid, sign)
        _, said = up.communicate(timeout=30)
        left = processes_with(f"MARK={mark}")

        assert up.returncode != 0
        assert "Stopped the emulator again: nothing is left running." in said
        assert "Traceback" not in said
        assert left == []
        assert not (folder / "build" / "template.yaml").exists()  # sam was ended, not waited for
        assert not (folder / "tmp").exists()
        assert not (folder / "emulator.json").exists()
    finally:
        up.kill()
        up.communicate()
        eventually(lambda: processes_with(f"MARK={mark}") == [])  # else what is left would write the folder again
        shutil.rmtree(folder, ignore_errors=True)


def test_up_beside_a_state_cut_short_says_that_the_port_is_taken() -> None:
    port = free_port()
    folder = ROOT / ".local" / str(port)
    folder.mkdir(parents=True)
    try:
        (folder / "emulator.json").write_text('{"pid": 1')
        with socket.socket() as lost:  # an emulator whose state is lost is a stranger
            lost.bind((HOST, port))
            lost.listen()
            up = subprocess.run(
                [sys.executable, "-m", "local", "--port", str(port), "up"],
                cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=False,
            )  # fmt: skip
        assert up.returncode == 1
        assert f"Port {port} is taken by a program that `make up` did not start." in up.stderr
        assert "Traceback" not in up.stderr
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_stop_ends_nothing_that_it_did_not_start(settings: Settings) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    try:
        # The id is used again: another process with it started at another time, here that of this process.
        state = {"pid": stranger.pid, "started": processes.started(os.getpid())}
        (settings.folder / "emulator.json").write_text(json.dumps(state))
        emulator = Emulator(settings)
        assert emulator.pid is None
        assert not emulator.stop()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()
