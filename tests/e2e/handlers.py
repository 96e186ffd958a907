"""A process of its own, in which handlers answer events under whichever library stands on the import path.

``python -m tests.e2e.handlers ANSWERS < EVENTS``: EVENTS is a JSON list of pairs, a function's name and an event.
The file ANSWERS gets the list of answers, and the pages that follow the policy, by their names.
"""

import importlib
import json
import sys
from pathlib import Path

from poolhouse.access import default_policy

from local.__main__ import documents
from tests.unit.functions.test_profile_api import CONTEXT

if __name__ == "__main__":
    answers = [
        importlib.import_module(f"functions.{name}.app").lambda_handler(event, CONTEXT)
        for name, event in json.load(sys.stdin)
    ]
    pages = {path.name: text for path, text in documents(default_policy()).items()}
    Path(sys.argv[1]).write_text(json.dumps({"answers": answers, "pages": pages}), encoding="utf-8")
