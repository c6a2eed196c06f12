"""A report in a browser: axe finds nothing, it asks for nothing, fits narrow windows, and its numbers are printed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from refractory.cohort.summary.report import report
from refractory.cohort.summary.summary import summarize
from tests.cohort.answered import assessor, folder, simulated, truth
from tests.support import NOTE, shipped

CHROMIUM = Path("/usr/bin/chromium")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe_package = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
pytestmark = pytest.mark.skipif(not CHROMIUM.is_file(), reason=f"there is no {CHROMIUM}")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a report with all sections."""
    records = simulated(150)
    lines = [one.line for one in records]
    place = tmp_path_factory.mktemp("shown")
    out = folder(place / "all", lines, assessor())
    other = folder(place / "note", lines, assessor((NOTE,)))
    said = summarize(out, shipped().knowledge, truth=truth(records, place / "truth.ndjson"), others=(other,))
    path = place / "report.html"
    path.write_text(report(said, title="A cohort"), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Open a browser."""
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_it_is_accessible_fits_and_asks_for_nothing(file: Path, browser: Any, scheme: str, width: int) -> None:
    """Wide and light, narrow and dark, with all numbers shown: axe finds nothing, and no request leaves."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(file.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    found = axe_package.Axe().run(page)
    assert [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found.response["violations"]] == []
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert asked == [file.as_uri()]
    assert said == []
    page.close()


def test_words_of_pictures_stay_within_them(file: Path, browser: Any) -> None:
    """No label, number or legend is cut off, whatever font the reader has."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(file.as_uri())
    for family in ("DejaVu Sans", "Liberation Sans", "serif"):
        page.add_style_tag(content=f".picture text {{ font-family: '{family}' !important }}")
        cut = page.evaluate(
            """[...document.querySelectorAll('.picture')].flatMap(picture => {
                const frame = picture.getBoundingClientRect();
                return [...picture.querySelectorAll('text')].filter(text => {
                    const box = text.getBoundingClientRect();
                    return box.left < frame.left - 1 || box.right > frame.right + 1 ||
                        box.top < frame.top - 1 || box.bottom > frame.bottom + 1;
                }).map(text => text.textContent);
            })"""
        )
        assert cut == [], family
    assert page.locator(".picture text").count() > 100
    page.close()


def test_on_paper_the_numbers_are_open(file: Path, browser: Any) -> None:
    """What is folded on the screen is printed, and the contents, which lead nowhere on paper, are not."""
    page = browser.new_page()
    page.goto(file.as_uri())
    table = page.locator("details table").first
    contents = page.get_by_role("navigation")
    assert (table.is_visible(), contents.is_visible()) == (False, True)
    page.emulate_media(media="print")
    assert (table.is_visible(), contents.is_visible()) == (True, False)
    page.close()
