"""A real browser: the machine's own Chromium, headless, driven by Playwright. It reaches nothing but this machine."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, sync_playwright

from local.settings import HOST

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
START_SECONDS = 60
ANSWER_SECONDS = 30  # a trigger's first call on a busy machine takes some
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def executable() -> str:
    """The browser of this machine, or the test is skipped: none is ever downloaded."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("there is no Chromium on this machine (Debian: apt-get install chromium libatomic1)")
    return found


@contextmanager
def opened(moved: Mapping[str, str] | None = None) -> Iterator[Page]:
    """An empty page of a new browser without a history. The browser ends with the block.

    Playwright keeps an event loop in this thread while it runs, so it runs for one test at a time.

    Args:
        moved: By host and port, such as ``localhost:5173``: the host and port on this machine that answers for it, so
            that a test need not take a port that may be in use.
    """
    chromium = executable()  # first: where there is none, not even Playwright's driver may be able to start
    # No name but those of this machine is looked up: a page that asks for another host fails instead of leaving.
    rules = [f"MAP {address} {answering}" for address, answering in (moved or {"localhost": HOST}).items()]
    rules += ["MAP * ~NOTFOUND", "EXCLUDE *.localhost", f"EXCLUDE {HOST}"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            headless=True,
            args=[*FLAGS, f"--host-resolver-rules={', '.join(rules)}"],
            timeout=START_SECONDS * 1000,
        )
        try:
            page = browser.new_page()
            page.set_default_timeout(ANSWER_SECONDS * 1000)
            yield page
        finally:
            browser.close()
