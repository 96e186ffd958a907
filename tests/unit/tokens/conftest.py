from collections.abc import Iterator

import pytest
from poolhouse.tokens import keys, verifier

from tests.unit.tokens import minting
from tests.unit.tokens.key_server import Clock, KeyServer


@pytest.fixture
def key_server() -> Iterator[KeyServer]:
    """A key endpoint that serves the pool's key."""
    with KeyServer(minting.key_set()).running() as server:
        yield server


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The wall clock as the store and the verifier see it; it stands still until a test moves it."""
    fake = Clock()
    monkeypatch.setattr(keys, "time", fake)
    monkeypatch.setattr(verifier, "time", fake)
    return fake
