"""The main kinds of pages in a browser: axe finds nothing, nothing scrolls sideways, lists filter by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from refractory.site.publish import publish
from refractory.site.site import Site

CHROMIUM = Path("/usr/bin/chromium")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe_package = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
pytestmark = pytest.mark.skipif(not CHROMIUM.is_file(), reason=f"there is no {CHROMIUM}")

POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; base-uri 'none'"
KINDS = (
    "index.html",
    "about.html",
    "terms.html",
    "sources.html",
    "rules.html",
    "shapes.html",
    "modules.html",
    "term/HivInfection.html",
    "term/encodes.html",
    "source/valacyclovir-failure.html#line-36",
    "source/eacs.html",
    "rule/resistance-to-act-on-calls-for-foscarnet.html",
    "query/cautions-at-an-action.html",
    "shape/CaseConsistencyShape-presentOrAbsent.html",
)
LONG = ("terms.html", "modules.html")


class _Handler(SimpleHTTPRequestHandler):
    def end_headers(self) -> None:
        """Send the pages under the policy of the service."""
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, shipped_site: Site) -> Iterator[str]:
    """Serve the published site."""
    folder = tmp_path_factory.mktemp("served")
    publish(shipped_site, folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Open a browser."""
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_the_main_pages_are_accessible_and_fit(address: str, browser: Any, scheme: str, width: int) -> None:
    """Wide and light, narrow and dark: axe finds nothing, the page is no wider than the window, and nothing is said."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    faults = []
    for kind in KINDS:
        page.goto(f"{address}knowledge/{kind}")
        if kind in LONG:
            # Axe looks at what is shown, and hundreds of entries of one kind cost it seconds.
            page.get_by_role("searchbox").fill("resist")
        found = axe_package.Axe().run(page)
        faults += [f"{kind}: {one['id']}: {one['nodes'][0]['html'][:200]}" for one in found.response["violations"]]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            faults.append(f"{kind}: scrolls sideways")
    page.close()

    assert [] == faults
    assert [] == said


def test_a_list_is_filtered_by_keyboard(address: str, browser: Any) -> None:
    """What is typed leaves the terms that hold it; how many is said; Escape brings all back. No policy is broken."""
    page = browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{address}knowledge/terms.html")
    everything = page.locator("[data-item]:visible").count()
    page.get_by_role("searchbox").focus()
    page.keyboard.type("immuno transplant")
    shown = page.locator("[data-item]:visible")

    assert 0 < shown.count() < everything
    assert all("transplant" in text.lower() for text in shown.all_inner_texts())
    assert f"{shown.count()} of {everything} shown" == page.get_by_role("status").inner_text()
    page.keyboard.press("Escape")
    assert everything == page.locator("[data-item]:visible").count()
    assert [] == said
    page.close()


def test_without_a_script_the_lists_are_whole(address: str, browser: Any) -> None:
    """The letters lead to their terms, and there is no box that does nothing."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}knowledge/terms.html")

    assert 0 == page.get_by_role("searchbox").count()
    page.get_by_role("navigation", name="Letters").get_by_role("link", name="H").click()
    assert page.url.endswith("#letter-H")
    page.get_by_role("link", name="HIV infection", exact=True).click()
    assert "HIV infection" == page.get_by_role("heading", level=1).inner_text()
    context.close()
