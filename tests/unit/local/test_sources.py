"""Mistakes that `make up` and `make lint` tell of, since nothing else would before the first sign-in."""

import shutil
from pathlib import Path

import pytest

from local import sources
from local.settings import ROOT, LocalError

POLICY = "layers/poolhouse/poolhouse/access/policy.toml"
HOOKS = "layers/hooks/hooks"


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of what is looked at."""
    for name in ("functions", HOOKS, POLICY, "template.yaml", "samconfig.toml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_what_is_there_has_none(house: Path) -> None:
    assert sources.mistakes(house) == []
    sources.check(house)


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        (
            "functions/pre_sign_up/app.py",
            "x = 1\ny = (\n",
            "functions/pre_sign_up/app.py, line 2: '(' was never closed",
        ),
        (
            "functions/pre_sign_up/app.py",
            "return 1\n",
            "functions/pre_sign_up/app.py, line 1: 'return' outside function",
        ),
        (f"{HOOKS}/pre_sign_up.py", "HOOKS = [\n", f"{HOOKS}/pre_sign_up.py, line 1: '[' was never closed"),
        (f"{HOOKS}/pre_signup.py", "HOOKS = []\n", f"{HOOKS}/pre_signup.py: nothing runs these HOOKS, "),
        (f"{HOOKS}/pre_signup.py", "HOOKS: list = []\n", f"{HOOKS}/pre_signup.py: nothing runs these HOOKS, "),
        (f"{HOOKS}/pre_sign_up.py", "hooks = []\n", f"{HOOKS}/pre_sign_up.py has no list HOOKS: pre_sign_up would not"),
        (POLICY, "[actions]\nsuspendd = {}\n", f"{POLICY}: [actions] has ['suspendd']"),
        ("template.yaml", "Resources:\n  a: [\n", "template.yaml, line 3: "),
        (
            "samconfig.toml",
            '[default.deploy.parameters]\nparameter_overrides = "AllowedEmailDomain=\\"example.com\\" ApiDocs=on"\n',
            "samconfig.toml, [default]: template.yaml has no parameter AllowedEmailDomain",
        ),
        (
            "samconfig.toml",
            '[prod.deploy.parameters]\nparameter_overrides = ["ParameterKey=ApiDoc,ParameterValue=on"]\n',
            "samconfig.toml, [prod]: template.yaml has no parameter ApiDoc",
        ),
    ],
)
def test_mistake_is_told_with_its_file(house: Path, file: str, text: str, told: str) -> None:
    (house / file).write_text(text)
    (found,) = sources.mistakes(house)
    assert found.startswith(told)
    with pytest.raises(LocalError, match="^" + file.partition("/")[0]):
        sources.check(house)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (f"{HOOKS}/_shared.py", "X = 1\n"),
        (f"{HOOKS}/message_sender.py", "def send(message): ...\n"),
        (f"{HOOKS}/pre_sign_up.py", "HOOKS: list = []\n"),
        (
            "samconfig.toml",
            '[default.deploy.parameters]\nparameter_overrides = "ParameterKey=ApiDocs,ParameterValue=on"\n',
        ),
        ("samconfig.toml", "version = 0.1\n"),
    ],
)
def test_what_is_right_is_not_told(house: Path, file: str, text: str) -> None:
    (house / file).write_text(text)
    assert sources.mistakes(house) == []
