"""The library's wheel, and environments that it is installed in."""

import sys
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

from local.settings import ROOT
from tests.unit.package.environments import Install, run

UV = Path(sys.executable).with_name("uv")

# The workspace's pins, so that no release of somebody else's fails a test. uv checks the hashes in it too.
PINS = ROOT / "requirements/dev.txt"


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, made from the source distribution, made from a copy of the library."""
    folder = tmp_path_factory.mktemp("wheel")
    library = folder / "library"
    copytree(ROOT / "layers/poolhouse", library, ignore=ignore_patterns("__pycache__"))
    # What lies about in a tree that somebody works in, and must not travel.
    for stray in ("poolhouse/__pycache__/logs.cpython-313.pyc", "poolhouse/logs.pyc", "tests/test_logs.py"):
        (library / stray).parent.mkdir(exist_ok=True)
        (library / stray).write_bytes(b"")
    run(UV, "build", "--no-build-isolation", "--python", sys.executable, "--out-dir", folder, library)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def install(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Install:
    def install(*packages: str, extras: str = "") -> Path:
        folder = tmp_path_factory.mktemp("environment")
        python = folder / "bin/python"
        run(UV, "venv", "--python", sys.executable, folder)
        library = f"poolhouse{extras} @ {wheel.as_uri()}"
        run(UV, "pip", "install", "--python", python, "--constraint", PINS, library, *packages)
        return python

    return install
