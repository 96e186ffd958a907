"""The Makefile's commands, where no other test runs them."""

import shlex
import subprocess

from local.settings import ROOT


def test_bench_finds_what_it_imports() -> None:
    """The benchmark itself takes minutes and is run by hand."""
    printed = subprocess.run(["make", "-n", "bench"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    command = printed.splitlines()[-1].removesuffix("-m bench")
    assert command.endswith("python "), printed
    # Without what the surroundings add: make is typed in a shell that knows no PYTHONPATH.
    subprocess.run(
        f"env -u PYTHONPATH {command} -c {shlex.quote('import bench.__main__')}", cwd=ROOT, shell=True, check=True
    )
