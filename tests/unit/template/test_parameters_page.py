"""`docs/parameters.md` tells the parameters and outputs, all of them, grouped and ordered as in the template."""

import re

from tests.unit.template.processing import ROOT, Node

PAGE = (ROOT / "docs" / "parameters.md").read_text(encoding="utf-8")


def rows(title: str) -> list[list[str]]:
    """Return the cells of the table below a heading of the page, without the row of titles."""
    section = PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]
    return [re.findall(r"[^|]+", line) for line in section.splitlines() if line.startswith("| `")]


def test_page_lists_every_parameter_with_its_default_in_its_group(template: Node) -> None:
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    for group in groups:
        told = [(name.strip(" `"), default.strip(" `")) for name, default, _ in rows(group["Label"]["default"])]
        assert told == [
            (name, str(template["Parameters"][name]["Default"]) or "(empty)") for name in group["Parameters"]
        ]
    assert re.findall(r"^## (.+)$", PAGE, re.MULTILINE) == [
        *(group["Label"]["default"] for group in groups),
        "What goes together",
        "Outputs",
    ]


def test_page_lists_every_output(template: Node) -> None:
    assert [name.strip(" `") for name, _ in rows("Outputs")] == list(template["Outputs"])
