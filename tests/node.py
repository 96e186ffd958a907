"""Node.js and the packages that tests run on it. What a package.json of ours pins is installed by `make`, or here."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

OLDEST = 20


def program() -> str:
    """Node.js of this machine, or the test is skipped. Mark the test `node`."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("Node.js is not installed")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    if (match := re.match(r"v(\d+)", version)) is None or int(match[1]) < OLDEST:
        pytest.skip(f"Node.js is {version.strip()}, and {OLDEST} or later is needed")
    return found


def packages(folder: Path, scratch: Path) -> Path:
    """Return the node_modules with what a folder's package.json pins.

    Args:
        folder: Has package.json, package-lock.json and .npmrc, and node_modules where `make` has been.
        scratch: An empty folder, for where it has not.
    """
    modules = folder / "node_modules"
    if (modules / ".installed").exists():
        return modules
    if shutil.which("npm") is None:
        pytest.skip(f"npm is not installed, and without it what {folder.name}/package.json pins cannot be")
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(folder / name, scratch)
    subprocess.run(["npm", "ci", "--silent", "--ignore-scripts"], cwd=scratch, check=True)
    return scratch / "node_modules"
