"""What the suites share: the deployed stack, made once."""

import socket
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from local import users
from local.emulator import Emulator
from local.settings import HOST, ROOT, Settings
from local.stack import LocalStack

DEPLOYED = ("e2e", "integration")

# A busy machine is no failure: how fast something is belongs into the benchmark.
hypothesis.settings.register_profile("poolhouse", deadline=None)
hypothesis.settings.load_profile("poolhouse")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give all tests of the deployed stack to one worker: it deploys once, while the other runs the rest."""
    for item in items:
        if Path(item.path).relative_to(ROOT / "tests").parts[0] in DEPLOYED:
            item.add_marker(pytest.mark.xdist_group("stack"))


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


def free_port() -> int:
    """A port of the loopback interface that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
