"""One running service and one browser for the tests of the page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.service.served import Served, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="session")
def service() -> Iterator[Served]:
    """Return a service on loopback, without tokens."""
    with served() as running:
        yield running


# Of a module, not of the session: what drives a browser keeps a loop, beside which nothing else may have one.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a Chromium without a window; where it or what drives it is missing, the tests are skipped."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: refractory[browser]")
    pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed: refractory[browser]")
    if not CHROMIUM.exists():
        pytest.skip(f"there is no browser at {CHROMIUM}")
    with api.sync_playwright() as play:
        running = play.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield running
        running.close()
