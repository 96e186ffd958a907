"""How long each function of a trigger takes to start, beside a function that does nothing."""

import json
import random
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from local import runtime
from local.settings import ROOT

STARTS: Final = 15
EMPTY: Final = "empty"
_INIT: Final = re.compile(r"INIT.REPORT\(durationMs: ([0-9.]+)\)")
_NO_TRIGGER: Final = frozenset({"api_docs", "attach_triggers", "authorizer", "profile_api"})

VARIABLES: Final = {
    "AUDIT_TABLE": "audit",
    "FROM_EMAIL_ADDRESS": "no-reply@example.com",
    "KEY_ARN": "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-4000-8000-000000000001",
    "MAGIC_LINK_URL": "https://app.example.com/sign-in",
    "PROFILES_TABLE": "profiles",
    "SES_IDENTITY_ARN": "arn:aws:ses:eu-west-1:123456789012:identity/example.com",
    "SIGN_IN_LINKS_TABLE": "links",
    "SIGN_IN_LINK_MINUTES": "15",
    "USER_MIGRATION_SECRET_ARN": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:old-directory-AbCdEf",
    "USER_MIGRATION_URL": "https://old.example.com/sign-in",
}
"""What the functions are told by the template. Nothing is called at start, so nothing has to be there."""


def names() -> list[str]:
    """Return the functions of triggers, by folder."""
    return sorted({each.parent.name for each in ROOT.glob("functions/*/app.py")} - _NO_TRIGGER)


def measure(build: Path, brought: Path, variables: Mapping[str, str], folder: Path) -> dict[str, list[float]]:
    """Return the milliseconds that Lambda calls the init phase, by function, all in turn.

    Args:
        build: where ``sam build`` put the stack.
        brought: what the runtime brings.
        variables: the environment of every function.
        folder: for logs and for the empty function.

    Raises:
        RuntimeError: a function does not start.
    """
    empty = folder / EMPTY
    empty.mkdir()
    (empty / "app.py").write_text("def lambda_handler(event, context):\n    return event\n")
    layers = runtime.layers(build)
    senders = build / "MessageSenderDependenciesLayerArm64" / "python"
    contenders: list[tuple[str, Path, Sequence[Path]]] = [(EMPTY, empty, [])]
    for name in names():
        code = build / f"{''.join(part.title() for part in name.split('_'))}Function"
        contenders.append((name, code, [*layers, senders] if name == "message_sender" else layers))
    return started_in_turn(contenders, brought, {**variables, **VARIABLES}, folder)


def started_in_turn(
    contenders: Sequence[tuple[str, Path, Sequence[Path]]], brought: Path, variables: Mapping[str, str], folder: Path
) -> dict[str, list[float]]:
    """Start functions again and again, all in turn.

    Args:
        contenders: name, code and layers of each.
        brought: what the runtime brings.
        variables: the environment of every function.
        folder: for logs.

    Returns:
        Milliseconds of the init phase, by name.

    Raises:
        RuntimeError: a function does not start.
    """
    spent: dict[str, list[float]] = defaultdict(list)
    for number in range(STARTS + 1):
        for name, code, layered in random.sample(contenders, len(contenders)):
            environment = {
                **variables,
                "AWS_LAMBDA_FUNCTION_NAME": name,
                "PYTHONPATH": ":".join(map(str, (code, *layered, brought))),
            }
            milliseconds = _started(code, environment, folder / f"{name}.log")
            if number:  # the first round brings the files into memory
                spent[name].append(milliseconds)
    return spent


def _started(code: Path, environment: Mapping[str, str], log: Path) -> float:
    event: dict[str, Any] = {"triggerSource": "Nothing_AtAll"}  # passes through untouched
    with runtime.running(runtime.PYTHON, code, environment, log) as running:
        answer = running.invoke(event)
    told = _INIT.search(log.read_text())
    if not isinstance(answer, dict) or "errorType" in answer or told is None:
        raise RuntimeError(f"{code.name} did not start: {json.dumps(answer)[:300]} {log.read_text()[-1500:]}")
    return float(told[1])
