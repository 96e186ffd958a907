"""Mistakes in what one edits that neither sam nor the emulator would tell of: they would show at the first sign-in."""

import ast
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

from cfnlint.decode.cfn_yaml import load
from poolhouse.access import Policy, PolicyError
from yaml import MarkedYAMLError

from local.settings import LocalError

_POLICY = Path("layers/poolhouse/poolhouse/access/policy.toml")
_HOOKS = Path("layers/hooks/hooks")
_WITHOUT_A_LIST = "message_sender"  # its hook is a function that takes the place of another


def mistakes(root: Path) -> list[str]:
    """Return what is wrong in the functions, their hooks, the policy and samconfig.toml, a sentence with its file each.

    Args:
        root: The project's folder.
    """
    return [*_in_code(root), *_in_policy(root), *_in_parameters(root)]


def check(root: Path) -> None:
    """Refuse the mistakes of :func:`mistakes`.

    Raises:
        LocalError: There are some; the message has them all.
    """
    if found := mistakes(root):
        raise LocalError("\n".join(found))


def _in_code(root: Path) -> Iterator[str]:
    functions = {handler.parent.name for handler in root.glob("functions/*/app.py")}
    for path in sorted([*root.glob("functions/*/app.py"), *root.glob(f"{_HOOKS}/**/*.py")]):
        shown = path.relative_to(root)
        try:  # sam copies it unread
            module = ast.parse(path.read_text(encoding="utf-8"))
            compile(module, path, "exec")
        except SyntaxError as error:
            yield f"{shown}, line {error.lineno}: {error.msg}"
            continue
        if shown.parent != _HOOKS:
            continue
        has_list = "HOOKS" in {
            target.id
            for statement in module.body
            for target in [*getattr(statement, "targets", ()), getattr(statement, "target", None)]
            if isinstance(target, ast.Name)
        }
        if has_list and path.stem not in functions:
            yield f"{shown}: nothing runs these HOOKS, as no function has its name. Functions: {_list(functions)}"
        if path.stem in functions - {_WITHOUT_A_LIST} and not has_list:
            yield f"{shown} has no list HOOKS: {path.stem} would not start"


def _in_policy(root: Path) -> Iterator[str]:
    try:
        Policy.parse((root / _POLICY).read_text(encoding="utf-8"))
    except PolicyError as error:
        yield f"{_POLICY}: {error}"


def _in_parameters(root: Path) -> Iterator[str]:
    """Names that the template does not have. sam drops them without a word, and a misspelt limit is no limit."""
    try:
        known = load(str(root / "template.yaml"))["Parameters"].keys()
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        yield f"template.yaml, line {line}: {error.problem}"
        return
    for name, environment in tomllib.loads((root / "samconfig.toml").read_text(encoding="utf-8")).items():
        commands = environment.values() if isinstance(environment, dict) else ()
        for command in commands:
            given = command.get("parameters", {}).get("parameter_overrides", [])
            entries = shlex.split(given) if isinstance(given, str) else given
            # Name=value, or the older ParameterKey=Name,ParameterValue=value
            names = {entry.removeprefix("ParameterKey=").split(",")[0].partition("=")[0] for entry in entries}
            if unknown := names - known:
                yield f"samconfig.toml, [{name}]: template.yaml has no parameter {_list(unknown)}"


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names))
