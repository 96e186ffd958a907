import time
from collections.abc import Iterator

import pytest
from poolhouse.gateway import appsync
from poolhouse.tokens import keys, verifier

from tests.gateway.authorizers import Clock
from tests.unit.tokens import minting
from tests.unit.tokens.key_server import KeyServer


class SharedClock(Clock):
    """The stand-in's clock, also in place of the module `time` where the authorizer reads the wall clock."""

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SharedClock:
    """One time for the API, the authorizer and the verifier; it stands still until a test moves it."""
    shared = SharedClock(float(int(time.time())))  # a whole second: tokens made now end in whole seconds from now
    for module in (appsync, keys, verifier):
        monkeypatch.setattr(module, "time", shared)
    return shared


@pytest.fixture
def key_server() -> Iterator[KeyServer]:
    """A key endpoint that serves the pool's key."""
    with KeyServer(minting.key_set()).running() as server:
        yield server
