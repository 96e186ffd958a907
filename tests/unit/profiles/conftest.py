from collections.abc import Iterator

import pytest

from tests.unit.profiles.stubbed_table import StubbedTable


@pytest.fixture
def table() -> Iterator[StubbedTable]:
    with StubbedTable.of_test() as table:
        yield table
