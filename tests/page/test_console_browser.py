"""The SPARQL console as a person meets it in a browser: by keyboard alone, in each look, with and without script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.page.watched import LOOKS, Watched, chromium, watched
from tests.service.served import Served
from tests.support import CASES, shipped
from tests.test_competency import expected_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

START = "PREFIX rfy: <https://w3id.org/refractory/>\n"
EDITOR = ".CodeMirror"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a browser."""
    with chromium() as running:
        yield running


def opened(seen: Watched) -> Page:
    """Return the console with its editor."""
    seen.page.goto(f"{seen.url}/console")
    seen.page.wait_for_selector(EDITOR)
    return seen.page


def text_in(page: Page) -> str:
    """Return what stands in the editor."""
    return str(page.evaluate("document.querySelector('.CodeMirror').CodeMirror.getValue()"))


def asked(page: Page, query: str) -> None:
    """Type a query over what stands in the editor, and ask it by the keys."""
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(query)
    page.keyboard.press("Control+Enter")


def rows(page: Page) -> list[list[str]]:
    """Return the rows of the answer, without what is said of languages and datatypes."""
    found: list[list[str]] = page.evaluate(
        """() => [...document.querySelectorAll("#found tbody tr")].map((row) => [...row.cells].map((cell) =>
             [...cell.childNodes].filter((n) => n.className !== "extra").map((n) => n.textContent).join("").trim()))"""
    )
    return found


def test_a_query_of_the_catalogue_is_run_by_keyboard_alone(browser: Browser, service: Served) -> None:
    """By Tab to the catalogue, by Enter into the editor, by keys to the answer: the rows are those written by hand."""
    name = "red-flags"
    with watched(browser, service.url) as seen:
        page = opened(seen)
        seen.tab_to("aside details:last-of-type > summary")
        page.keyboard.press("Enter")
        seen.tab_to(f".pick[value={name}]")
        page.keyboard.press("Enter")
        assert seen.within(EDITOR)
        assert "SELECT" in text_in(page)
        page.keyboard.press("Control+Enter")
        page.wait_for_selector("#found table")

        columns, expected = expected_of(name)
        assert columns == page.locator("#found thead th").all_inner_texts()
        assert expected == sorted(rows(page))
        assert f"{len(expected)} row" in page.locator("#status").inner_text()
        assert seen.within(EDITOR)
        seen.tab_to("#answer .scroll")
        seen.tab_to("#files button")
        assert not [url for url in seen.urls if "?" in url]


def test_tab_leaves_the_editor_both_ways(browser: Browser, service: Served) -> None:
    """The editor is no trap: Tab goes on, Shift and Tab goes back, and neither writes anything."""
    with watched(browser, service.url) as seen:
        page = opened(seen)
        before = text_in(page)
        seen.tab_to(EDITOR)
        page.keyboard.press("Tab")
        assert not seen.within(EDITOR)
        assert seen.within("#console")
        seen.tab_to(EDITOR, "Shift+Tab", 1)
        page.keyboard.press("Shift+Tab")
        assert not seen.within(EDITOR)
        assert before == text_in(page)


def test_the_editor_has_a_name_and_a_hint(browser: Browser, service: Served) -> None:
    """Who does not see the editor is told what it is, how to ask and how to leave; its label leads to it."""
    with watched(browser, service.url) as seen:
        page = opened(seen)
        field = page.get_by_role("textbox", name="Query")
        hint = field.get_attribute("aria-describedby")
        assert "Tab leaves the editor" in page.locator(f"#{hint}").inner_text()
        page.locator("#query-label").click()
        assert seen.within(EDITOR)


def test_a_plain_field_is_to_be_had(browser: Browser, service: Served) -> None:
    """Who is hindered by the editor takes a plain field, which keeps the text and asks by the same keys; and back."""
    with watched(browser, service.url) as seen:
        page = opened(seen)
        toggle = page.get_by_role("button", name="Plain text field")
        before = text_in(page)
        toggle.click()
        assert (True, 0) == (page.locator("textarea#query").is_visible(), page.locator(EDITOR).count())
        assert before == page.locator("textarea#query").input_value()
        assert "true" == toggle.get_attribute("aria-pressed")
        page.locator("textarea#query").focus()
        asked(page, f"{START}ASK {{ ?a a rfy:Action }}")
        page.wait_for_selector("#found .boolean")
        toggle.click()
        assert "ASK" in text_in(page)


def test_a_fault_a_warning_and_other_answers_are_shown_in_place(browser: Browser, service: Served) -> None:
    """A fault has its caret and marks its line, the next answer takes the mark away; warnings and graphs are shown."""
    with watched(browser, service.url) as seen:
        page = opened(seen)
        page.locator("#query-label").click()
        asked(page, f"{START}SELECT ?a WHERE {{ ?a a rfy:Action . FILTER }}")
        page.wait_for_selector("#found .critical pre")
        assert "^" in page.locator("#found pre").inner_text()
        assert "line 2" in page.locator("#status").inner_text()
        assert page.locator(".at-fault").count() == 1
        assert not page.locator("#files").is_visible()

        asked(page, f"{START}SELECT ?a WHERE {{ ?a a rfy:Acton }}")
        page.wait_for_selector("#found .warning")
        assert "rfy:Acton" in page.locator("#found .warning").inner_text()
        assert page.locator(".at-fault").count() == 0

        asked(page, f"{START}ASK {{ ?a a rfy:Action }}")
        page.wait_for_selector("#found .boolean")
        asked(page, f"{START}CONSTRUCT WHERE {{ ?a a rfy:Urgency }}")
        page.wait_for_selector("#found pre:has-text('@prefix')")
        assert ["Turtle"] == page.locator("#files button:visible").all_inner_texts()


def test_a_case_goes_along_and_a_file_comes_back(browser: Browser, service: Served, tmp_path: Path) -> None:
    """A query of a case is asked with it; the file holds the same rows; the case stands in no address."""
    name = "what-follows-for-a-case"
    slug = shipped().queries[name].header["case"]
    with watched(browser, service.url) as seen:
        page = opened(seen)
        page.locator(f".pick[value={name}]").click()
        page.fill("#case", (CASES / slug / "case.json").read_text())
        page.get_by_role("button", name="Ask", exact=True).click()
        page.wait_for_selector("#found table")
        assert expected_of(name)[1] == sorted(rows(page))

        with page.expect_download() as coming:
            page.get_by_role("button", name="CSV").click()
        coming.value.save_as(tmp_path / "answer.csv")
        assert "answer.csv" == coming.value.suggested_filename
        assert len(expected_of(name)[1]) == len((tmp_path / "answer.csv").read_text().splitlines()) - 1
        assert {f"{service.url}/console", f"{service.url}/sparql"} <= set(seen.urls)
        assert not [url for url in seen.urls if "?" in url]


def test_hostile_text_does_nothing(browser: Browser, service: Served) -> None:
    """Markup in an answer or in a fault is read as text."""
    with watched(browser, service.url) as seen:
        page = opened(seen)
        page.locator("#query-label").click()
        asked(page, "SELECT ('<img src=x onerror=alert(1)><script>alert(2)</script>' AS ?x) WHERE {}")
        page.wait_for_selector("#found table")
        assert [["<img src=x onerror=alert(1)><script>alert(2)</script>"]] == rows(page)
        asked(page, "<img src=x onerror=alert(1)>")
        page.wait_for_selector("#found .critical")
        assert page.locator("main img").count() == 0


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_axe_finds_nothing(browser: Browser, service: Served, scheme: str, width: int) -> None:
    """The console is without a fault that axe knows, empty, with rows and with a fault, and fits the window."""
    with watched(browser, service.url, scheme, width) as seen:
        page = opened(seen)
        assert ([], True) == (seen.axe(), seen.fits())
        page.locator("#query-label").click()
        page.keyboard.press("Control+Enter")
        page.wait_for_selector("#found table")
        assert ([], True) == (seen.axe(), seen.fits())
        asked(page, f"{START}SELECT ?a WHERE {{ ?a a rfy:Action . FILTER }}")
        page.wait_for_selector("#found .critical")
        assert ([], True) == (seen.axe(), seen.fits())


def test_the_console_works_without_script(browser: Browser, service: Served) -> None:
    """Picked, asked and answered by whole pages: the same rows, and nothing that does not work is offered."""
    name = "red-flags"
    with watched(browser, service.url, java_script_enabled=False) as seen:
        page = seen.page
        page.goto(f"{service.url}/console")
        page.locator("aside summary:has-text('whole')").click()
        page.locator(f".pick[value={name}]").click()
        page.get_by_role("button", name="Ask", exact=True).click()
        page.wait_for_selector("#found table")

        assert page.locator("textarea#query").is_visible()
        assert len(expected_of(name)[1]) == page.locator("#found tbody tr").count()
        assert f"{service.url}/console" == page.url
