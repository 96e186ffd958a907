"""What the suites share: the deployed stack, made once."""

from collections.abc import Iterator

import hypothesis
import pytest
from playwright.sync_api import Page
from xdist.scheduler import LoadScopeScheduling

from local import users
from local.emulator import Emulator
from local.settings import Settings, free_port
from local.stack import LocalStack
from tests import browser

DEPLOYED = ("tests/e2e/", "tests/integration/")
# These take long and share nothing with the others, so that another worker may have them, with a stack of its own.
APART = ("tests/e2e/test_existing_pool.py", "tests/integration/test_emulator.py")

# A busy machine is no failure: how fast something is belongs into the benchmark.
hypothesis.settings.register_profile("poolhouse", deadline=None)
hypothesis.settings.load_profile("poolhouse")


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Give the tests of the deployed stack to one worker: it deploys once, while the other runs the rest.

    The groups of pytest-xdist have no effect with pytest 9.2 (https://github.com/pytest-dev/pytest-xdist/issues/1386).
    """
    scheduler = LoadScopeScheduling(config, log)
    scheduler._split_scope = _unit_of_work
    return scheduler


def _unit_of_work(test: str) -> str:
    if test.startswith(APART):
        return test.partition("::")[0]
    return "stack" if test.startswith(DEPLOYED) else test


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """The whole stack, built from this tree and deployed to an emulator of the tests' own on a free port."""
    settings = Settings(free_port(), tmp_path_factory.mktemp("stack"))
    emulator = Emulator(settings)
    emulator.start(tied=True)
    try:
        deployed = LocalStack(settings)
        deployed.build()
        deployed.deploy()
        yield deployed
    finally:
        emulator.stop()


@pytest.fixture(scope="session")
def seeded(stack: LocalStack) -> dict[str, users.User]:
    """One user for each role, by role."""
    return {user.role: user for user in users.seed(stack)}


@pytest.fixture
def page() -> Iterator[Page]:
    """An empty page of a real browser; the test is skipped where there is none. Mark the test `browser`."""
    with browser.opened() as page:
        yield page
