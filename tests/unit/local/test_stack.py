"""What the person at the keyboard is told when a build or a deployment fails."""

from pathlib import Path

import pytest
from botocore.session import Session
from botocore.stub import Stubber

from local import stack as local_stack
from local.settings import LocalError, Settings
from local.stack import LocalStack, outputs_of


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A house with one function and no template, in which sam has nothing to build."""
    monkeypatch.setattr(local_stack, "ROOT", tmp_path)
    handler = tmp_path / "functions" / "pre_sign_up" / "app.py"
    handler.parent.mkdir(parents=True)
    handler.write_text("x = 1\n")
    return tmp_path


def test_build_tells_what_sam_calls_the_error_and_where_its_log_is(house: Path) -> None:
    with pytest.raises(LocalError, match=r"^sam build failed:\n") as failed:
        LocalStack(Settings(4566, house)).build()
    assert "Error: " in str(failed.value)
    assert str(house / "build.log") in str(failed.value)


def test_outputs_of_a_stack_that_came_to_nothing_are_none() -> None:
    """A stand-in for CloudFormation, as the emulator keeps no stack that was rolled back."""
    cloudformation = Session().create_client(
        "cloudformation", region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    told = {"StackName": "house", "StackStatus": "ROLLBACK_COMPLETE", "CreationTime": "2026-11-28T00:00:00Z"}
    with Stubber(cloudformation) as stub:
        stub.add_response("describe_stacks", {"Stacks": [told]}, {"StackName": "house"})
        with pytest.raises(LocalError, match="house has no outputs.*ROLLBACK_COMPLETE"):
            outputs_of(cloudformation, "house")
