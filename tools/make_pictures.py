"""Makes pictures of the pages in their main states, so that somebody looks at them: light, dark, phone and print.

Run it in the checkout: `python tools/make_pictures.py OUT`. It starts the service on a free port, drives it with
Chromium, and writes a PNG for each state into the folder OUT. It needs `refractory[browser]` and a Chromium.
"""

from __future__ import annotations

import argparse
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT: Final = Path(__file__).resolve().parent.parent
CASES: Final = ROOT / "tests" / "cases"
CHROMIUM: Final = "/usr/bin/chromium"
# A case with red flags and disagreements, and one that has a course with days.
URGENT: Final = "v3b-verrucous-zoster-resistant-in-vitro"
DATED: Final = "beside-cidofovir-7-days-after-foscarnet"
LOOKS: Final = {
    "light": (1280, 900, "light"),
    "dark": (1280, 900, "dark"),
    "phone": (390, 844, "light"),
    "phone-dark": (390, 844, "dark"),
}


def start(page: Page) -> None:
    """Show the empty form."""
    page.goto("/")


def faults(page: Page) -> None:
    """Show the form with what is wrong at its fields."""
    start(page)
    page.select_option('[name="treatments[0].drug"]', index=1)
    page.evaluate("document.querySelectorAll('[required]').forEach((one) => { one.required = false; })")
    page.fill('[name="patient.weightKg"]', "0")
    page.click("#assess")


def upload(page: Page, slug: str) -> None:
    """Give a golden case as a file."""
    start(page)
    page.set_input_files("#field-file", CASES / slug / "case.json")
    page.click(".drop button")


def urgent(page: Page) -> None:
    """Show an answer with red flags."""
    upload(page, URGENT)


def dated(page: Page) -> None:
    """Show an answer to a case with a course."""
    upload(page, DATED)


def answered(page: Page) -> None:
    """Show what an answer changed."""
    dated(page)
    page.locator(".question button[value^='present:']").first.click()
    page.wait_for_selector("#changes")


def edited(page: Page) -> None:
    """Show the form filled with a case."""
    dated(page)
    page.click("button[value=edit]")


def silent(page: Page) -> None:
    """Show the answer to a case that says nothing."""
    start(page)
    page.click("#assess")


def refused(page: Page) -> None:
    """Show a refused file."""
    start(page)
    file = {"name": "case.json", "mimeType": "application/json", "buffer": b'{"id": "urn:x:1", "color": 1}'}
    page.set_input_files("#field-file", file)  # type: ignore[arg-type]  # a FilePayload, as a plain dictionary
    page.click(".drop button")


def proof(page: Page) -> None:
    """Show a proof."""
    urgent(page)
    page.locator("button[formaction$='case/proof']").nth(3).click()


def report(page: Page) -> None:
    """Show the report."""
    urgent(page)
    page.click("button[formaction$='case/report']")


def at(path: str) -> Callable[[Page], None]:
    """Return what shows a page that is asked for by its address."""
    return lambda page: (page.goto(path), None)[1]


STATES: Final[dict[str, Callable[[Page], None]]] = {
    "start": start,
    "faults": faults,
    "refused": refused,
    "silent": silent,
    "urgent": urgent,
    "dated": dated,
    "answered": answered,
    "edited": edited,
    "proof": proof,
    "report": report,
    "console": at("/console"),
    "knowledge": at("/knowledge/index.html"),
    "about": at("/knowledge/about.html"),
}


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def served() -> Iterator[str]:
    """Run the service until the end of the block, and give its URL."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "refractory", "serve", "--port", str(port), "--workers", "1"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # noqa: S603  # our own command
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{url}/health")  # noqa: S310  # our own server
                break
            except urllib.error.URLError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait()


def take(browser: Browser, url: str, look: str, states: list[str], out: Path) -> None:
    """Write the pictures of some states in one look."""
    width, height, scheme = LOOKS[look]
    for state in states:
        context = browser.new_context(
            base_url=url,
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
            reduced_motion="reduce",
        )
        page = context.new_page()
        STATES[state](page)
        page.wait_for_load_state()
        page.screenshot(path=out / f"{state}-{look}.png", full_page=True)
        wide = page.evaluate("document.documentElement.scrollWidth")
        told = f" ({wide} px wide: it scrolls sideways)" if wide > width else ""
        print(f"{state}-{look}.png{told}")
        context.close()


def take_print(browser: Browser, url: str, states: list[str], out: Path) -> None:
    """Write the pictures of some states as they are printed, one PNG for all of a document, and the PDF."""
    for state in states:
        context = browser.new_context(base_url=url, viewport={"width": 794, "height": 1123}, color_scheme="light")
        page = context.new_page()
        STATES[state](page)
        page.wait_for_load_state()
        page.emulate_media(media="print")
        page.screenshot(path=out / f"{state}-print.png", full_page=True)
        page.pdf(path=out / f"{state}.pdf", format="A4", print_background=False)
        print(f"{state}-print.png, {state}.pdf")
        context.close()


def main() -> int:
    """Make the pictures that are asked for; all by default."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="the folder to write into")
    parser.add_argument("--state", action="append", choices=STATES, help="this state only; may be repeated")
    parser.add_argument("--look", action="append", choices=[*LOOKS, "print"], help="this look only; may be repeated")
    parser.add_argument("--chromium", default=CHROMIUM, help="the browser")
    parser.add_argument("--url", help="a service that runs already")
    said = parser.parse_args()
    said.out.mkdir(parents=True, exist_ok=True)
    states, looks = said.state or list(STATES), said.look or [*LOOKS, "print"]
    with served_at(said.url) as url, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=said.chromium, args=["--no-sandbox"])
        for look in looks:
            if look == "print":
                take_print(
                    browser, url, [state for state in states if state in {"urgent", "dated", "report"}], said.out
                )
            else:
                take(browser, url, look, states, said.out)
        browser.close()
    return 0


@contextmanager
def served_at(url: str | None) -> Iterator[str]:
    """Give the URL of a service: of one that runs, or of one that is started for the block."""
    if url:
        yield url
    else:
        with served() as started:
            yield started


if __name__ == "__main__":
    sys.exit(main())
