"""What is remembered of a started emulator counts for that process only, whoever asks; broken, it counts as none."""

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local import processes
from local.__main__ import down, status
from local.emulator import Emulator
from local.settings import Settings

LINUX = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="start times are read from /proc on Linux only")
# A process with a name that no parser expects: any program may give itself one.
SLEEPER = r"""
import pathlib, time
name = pathlib.Path("/proc/self/comm")
if name.exists():
    name.write_bytes(b"a) \xff 1 2 3")
print("named", flush=True)
time.sleep(60)
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(4566, tmp_path)


@contextmanager
def sleeping() -> Iterator[int]:
    """A running process, which stands for the emulator, by its id."""
    with subprocess.Popen([sys.executable, "-c", SLEEPER], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "named\n"
            yield process.pid
            assert process.poll() is None  # nobody ended it
        finally:
            process.kill()


@pytest.fixture
def sleeper() -> Iterator[int]:
    with sleeping() as pid:
        yield pid


def remember(settings: Settings, pid: int) -> None:
    state = {"pid": pid, "started": processes.started(pid)}
    (settings.folder / "emulator.json").write_text(json.dumps(state))


def test_running_process_is_recognised(settings: Settings, sleeper: int) -> None:
    remember(settings, sleeper)
    assert Emulator(settings).pid == sleeper


@LINUX
def test_running_process_is_recognised_where_there_is_no_ps(
    settings: Settings, sleeper: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    remember(settings, sleeper)
    assert Emulator(settings).pid == sleeper


@pytest.mark.parametrize("source", [pytest.param("proc", marks=LINUX), "ps"])
def test_running_process_is_recognised_in_another_time_zone_and_language(
    settings: Settings, sleeper: int, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if source == "ps":  # what other systems ask
        if shutil.which("ps") is None:
            pytest.skip("no ps here")
        monkeypatch.setattr(processes, "Path", lambda path: settings.folder / "no" / path.lstrip("/"))
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setenv("LC_ALL", "ja_JP.UTF-8")
    remember(settings, sleeper)
    monkeypatch.setenv("TZ", "America/New_York")
    monkeypatch.setenv("LC_ALL", "C")
    assert Emulator(settings).pid == sleeper


def test_ended_process_is_not_recognised(settings: Settings) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        remember(settings, process.pid)
        assert Emulator(settings).pid == process.pid
    assert Emulator(settings).pid is None


def test_other_process_with_the_same_id_is_not_recognised(settings: Settings, sleeper: int) -> None:
    with sleeping() as other:
        state = {"pid": sleeper, "started": processes.started(other)}
    (settings.folder / "emulator.json").write_text(json.dumps(state))
    assert Emulator(settings).pid is None


@pytest.mark.parametrize(
    "state",
    [
        b"",
        b'{"pid": PID, "star',
        b"null",
        b"[]",
        b"{}",
        b'{"started": "x"}',
        b'{"pid": PID}',
        b'{"pid": PID, "started": null}',
        b'{"pid": PID, "started": ["x"]}',
        b'{"pid": "x", "started": "x"}',
        b'{"pid": null, "started": "x"}',
        b'{"pid": -1, "started": ""}',
        b'{"pid": 99999999999999999999, "started": ""}',
        b"\xff\xfe\x00\x80",
    ],
)
def test_broken_state_counts_as_none(
    settings: Settings, sleeper: int, state: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    file = settings.folder / "emulator.json"
    file.write_bytes(state.replace(b"PID", str(sleeper).encode()))
    assert Emulator(settings).pid is None

    status(argparse.Namespace(), settings)
    assert capsys.readouterr().out == "Nothing of ours runs on port 4566. Start it with: make up\n"
    down(argparse.Namespace(), settings)
    assert capsys.readouterr().out == "Nothing of ours runs on port 4566.\n"
    assert not file.exists()
