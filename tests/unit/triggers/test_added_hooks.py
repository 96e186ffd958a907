import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from poolhouse.triggers import Event, added_hooks, trigger

Write = Callable[[str, str], object]

EVENT: Event = {
    "version": "1",
    "triggerSource": "PreSignUp_SignUp",
    "request": {"userAttributes": {"email": "ada@example.com"}},
    "response": {"autoConfirmUser": False},
}


def forget_hooks() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "hooks"]:
        del sys.modules[name]
    importlib.invalidate_caches()


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Writes a module of a package ``hooks`` as a layer puts it on the path: a folder without an ``__init__.py``."""
    (tmp_path / "hooks").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    forget_hooks()
    yield lambda name, text: (tmp_path / "hooks" / f"{name}.py").write_text(text)
    forget_hooks()


def test_added_hooks_are_none_without_package() -> None:
    assert "hooks" not in sys.modules
    assert added_hooks("pre_sign_up") == ()


def test_added_hooks_are_none_without_module_of_function(write: Write) -> None:
    write("post_confirmation", "HOOKS = [print]")
    assert added_hooks("pre_sign_up") == ()


@pytest.mark.parametrize("init", [False, True])
def test_added_hooks_are_those_of_function_in_their_order(write: Write, init: bool) -> None:
    if init:
        write("__init__", "\n")
    write("pre_sign_up", "def first(event): pass\ndef second(event): pass\nHOOKS = [second, first]")
    write("post_confirmation", "HOOKS = [print]")
    hooks = added_hooks("pre_sign_up")
    assert isinstance(hooks, tuple)
    assert [hook.__name__ for hook in hooks] == ["second", "first"]


def test_added_hooks_may_be_none(write: Write) -> None:
    write("pre_sign_up", "HOOKS = []")
    assert added_hooks("pre_sign_up") == ()


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("HOKS = []", AttributeError),
        ("import no_such_module", ModuleNotFoundError),
        ("1/0", ZeroDivisionError),
        ("def", SyntaxError),
    ],
)
def test_broken_hooks_stop_function_at_start(write: Write, text: str, error: type[Exception]) -> None:
    write("pre_sign_up", text)
    with pytest.raises(error):
        added_hooks("pre_sign_up")


def test_added_hooks_run_behind_trigger(write: Write) -> None:
    write(
        "pre_sign_up",
        "def confirm(event):\n"
        "    assert event['response'] == {'autoConfirmUser': False, 'autoVerifyEmail': True}\n"
        "    return {'autoConfirmUser': True}\n"
        "HOOKS = [confirm]\n",
    )
    handler = trigger("PreSignUp_SignUp", on_failure="refuse", added=added_hooks("pre_sign_up"))(
        lambda event: {"autoVerifyEmail": True}
    )
    assert handler(EVENT)["response"] == {"autoConfirmUser": True, "autoVerifyEmail": True}
