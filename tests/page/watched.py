"""A browser that is watched: what leaves the origin, what the policy forbids, and what axe finds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page

CHROMIUM: Final = Path("/usr/bin/chromium")

LOOKS: Final = [(scheme, width) for scheme in ("light", "dark") for width in (1280, 390)]
"""The schemes and widths in which every page is looked at."""

_TELL: Final = """
document.addEventListener(
  "securitypolicyviolation", (said) => violated(`${said.effectiveDirective} ${said.blockedURI}`),
);
"""
_KEPT: Final = "[...Object.keys(localStorage), ...Object.keys(sessionStorage)]"


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run the system's Chromium; where it or Playwright is missing, the test is skipped and says so."""
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}")
    with api.sync_playwright() as playwright:
        browser: Browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Watched:
    """A page of a browser, and what was seen of it.

    Attributes:
        page: The page.
        url: Where the service is.
        violations: What the content security policy stopped.
        errors: What scripts threw, and dialogs that were opened.
        urls: The addresses of all requests.
    """

    page: Page
    url: str
    violations: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Begin to note what happens."""
        self.page.expose_function("violated", self._forbidden)
        self.page.add_init_script(_TELL)
        self.page.on("request", lambda request: self.urls.append(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("dialog", self._refuse)

    def _forbidden(self, said: str) -> None:
        self.violations.append(said)

    def _refuse(self, dialog: Dialog) -> None:
        self.errors.append(dialog.message)
        dialog.dismiss()

    def post(self, path: str, **fields: str) -> None:
        """Send a form, as a page of the service does."""
        if not self.page.url.startswith(self.url):
            self.page.goto(f"{self.url}/console")
        with self.page.expect_navigation():
            self.page.evaluate(_SEND, [f"{self.url}{path}", fields])

    def axe(self) -> list[str]:
        """Return what axe finds on the page."""
        module = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
        found: dict[str, Any] = module.Axe().run(self.page).response
        return [f"{one['id']}: {node['html'][:120]}" for one in found["violations"] for node in one["nodes"]]

    def fits(self) -> bool:
        """Say whether the page as a whole needs no scrolling sideways."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))

    def within(self, selector: str) -> bool:
        """Say whether the focus is on an element, or within it."""
        return bool(self.page.evaluate("(s) => !!document.activeElement.closest(s)", selector))

    def tab_to(self, selector: str, key: str = "Tab", most: int = 120) -> None:
        """Press a key until the focus is within an element."""
        for _ in range(most):
            self.page.keyboard.press(key)
            if self.within(selector):
                return
        raise AssertionError(f"{selector} was not reached by {key}")


_SEND: Final = """([path, fields]) => {
  const form = Object.assign(document.createElement("form"), { method: "post", action: path });
  for (const [name, value] of Object.entries(fields)) {
    form.append(Object.assign(document.createElement("textarea"), { name, value }));
  }
  document.body.append(form);
  form.submit();
}"""


@contextmanager
def watched(browser: Browser, url: str, scheme: str = "light", width: int = 1280, **more: Any) -> Iterator[Watched]:
    """Open a page. In the end nothing left the origin, the policy stopped nothing, no script failed, nothing stays."""
    look: Any = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
    context = browser.new_context(**look, **more)
    context.set_default_timeout(15_000)
    seen = Watched(context.new_page(), url)
    seen.watch()
    yield seen
    elsewhere = [one for one in seen.urls if not one.startswith((f"{url}/", "data:", "blob:"))]
    kept = seen.page.evaluate(_KEPT) if more.get("java_script_enabled", True) else []
    cookies = context.cookies()
    context.close()
    assert ([], [], [], [], []) == (elsewhere, seen.violations, seen.errors, kept, cookies)
