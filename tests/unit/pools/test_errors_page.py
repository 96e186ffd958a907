"""docs/errors.md has every code with which attaching is refused."""

import re

from poolhouse.pools import errors

from local.settings import ROOT


def test_page_lists_every_code() -> None:
    page = (ROOT / "docs" / "errors.md").read_text("utf-8")
    section = page.split("\n## Refusals to attach to a pool\n")[1].split("\n## ")[0]
    listed = {
        code for row in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE) for code in re.findall(r"`(\w+)`", row)
    }
    codes = {each.code for each in errors.AttachError.__subclasses__()}
    assert listed == codes | {"internal_error"}
