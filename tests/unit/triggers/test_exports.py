import subprocess
import sys

import poolhouse.triggers
import pytest


@pytest.mark.parametrize("name", poolhouse.triggers.__all__)
def test_package_exports(name: str) -> None:
    assert getattr(poolhouse.triggers, name).__name__ in (name, "dict")  # Event is another name for a dict


def test_package_has_nothing_else() -> None:
    with pytest.raises(AttributeError, match="module 'poolhouse.triggers' has no attribute 'customisation'"):
        poolhouse.triggers.customisation  # noqa: B018


def test_package_imports_builder_and_policy_only_on_demand() -> None:
    # Every trigger function imports the package; only pre token generation needs those two.
    program = (
        "import sys, poolhouse.triggers\n"
        "assert not {'poolhouse.triggers.token_customisation', 'poolhouse.access', 'dataclasses'} & {*sys.modules}\n"
        "poolhouse.triggers.TokenCustomisation\n"
        "assert 'poolhouse.access' in sys.modules\n"
    )
    path = ":".join(sys.path)
    subprocess.run([sys.executable, "-c", program], check=True, env={"PYTHONPATH": path})
