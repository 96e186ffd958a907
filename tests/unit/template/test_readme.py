"""The README's tables tell the template's parameters and outputs, all of them and in their order."""

import re

from tests.unit.template.processing import ROOT, Node


def rows(title: str) -> list[list[str]]:
    """Return the cells of the table below a heading of the README."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").split(f"### {title}\n")[1].split("\n#")[0]
    return [re.findall(r"[^|]+", line) for line in section.splitlines() if line.startswith("| `")]


def test_readme_lists_every_parameter_with_its_default(template: Node) -> None:
    told = [(name.strip(" `"), default.strip(" `")) for name, default, _ in rows("Parameters")]
    assert told == [
        (name, str(definition["Default"]) or "(empty)") for name, definition in template["Parameters"].items()
    ]


def test_readme_lists_every_output(template: Node) -> None:
    assert [name.strip(" `") for name, _ in rows("Outputs")] == list(template["Outputs"])
