"""The sample events under ``events/``."""

import json
from pathlib import Path
from typing import Any

EVENTS = Path(__file__).parents[3] / "events"


def sample_names() -> list[str]:
    """Every sample event as ``function/case``."""
    return sorted(path.relative_to(EVENTS).with_suffix("").as_posix() for path in EVENTS.rglob("*.json"))


def sample(name: str) -> dict[str, Any]:
    """A fresh copy of a sample event.

    Args:
        name: ``function/case``.
    """
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    return event
