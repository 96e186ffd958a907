"""The tests of the stack go to one worker, however many run, but for the modules that have a stack for themselves."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local.settings import ROOT
from tests.conftest import APART, pytest_xdist_make_scheduler

TESTS = """
import pytest

@pytest.mark.parametrize("number", range(6))
def test(number):
    pass
"""


def test_tests_of_the_stack_are_one_unit_of_work_and_every_other_test_is_its_own(
    pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pytestconfig.option, "tx", ["popen"])
    scheduler: Any = pytest_xdist_make_scheduler(pytestconfig, None)
    of_the_stack = [
        "tests/e2e/test_a.py::test_x",
        "tests/e2e/test_b.py::test_x[1]",
        "tests/integration/test_a.py::T::t",
    ]
    apart = [f"{module}::test_{name}" for module in APART for name in ("x", "y")]
    others = ["tests/unit/e2e/test_a.py::test_x", "tests/unit/e2e/test_a.py::test_y", "tests/unit/test_a.py::test_x[1]"]

    assert len({scheduler._split_scope(test) for test in of_the_stack}) == 1
    assert len({scheduler._split_scope(test) for test in others + of_the_stack}) == len(others) + 1
    assert len({scheduler._split_scope(test) for test in apart + of_the_stack}) == len(APART) + 1
    assert all((ROOT / module).is_file() for module in APART)


def test_two_workers_share_the_tests_and_one_has_all_of_the_stack(tmp_path: Path) -> None:
    for suite in ("e2e", "integration", "unit"):
        (tmp_path / "tests" / suite).mkdir(parents=True)
        for module in ("test_a.py", "test_b.py"):
            (tmp_path / "tests" / suite / module).write_text(TESTS)
    for module in ("conftest.py", "browser.py"):
        shutil.copy(ROOT / "tests" / module, tmp_path / "tests")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)

    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "2", "-v"],
        cwd=tmp_path, env=environment | {"PYTHONPATH": f"{ROOT}:{ROOT / 'layers' / 'poolhouse'}"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert run.returncode == 0, run.stdout + run.stderr
    workers: dict[str, set[str]] = {}
    for worker, suite in re.findall(r"^\[(gw\d)\].* PASSED tests/(\w+)/", run.stdout, re.MULTILINE):
        workers.setdefault(suite, set()).add(worker)
    assert workers["e2e"] == workers["integration"]
    assert len(workers["e2e"]) == 1
    assert workers["unit"] - workers["e2e"]
