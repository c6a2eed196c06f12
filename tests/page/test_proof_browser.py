"""A proof as a person meets it in a browser: seen, walked through by keyboard, printed, and the same without script."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.page.watched import LOOKS, chromium, watched
from tests.service.served import Served
from tests.support import CASES

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SLUG = "v3b-verrucous-zoster-resistant-in-vitro"
CASE = (CASES / SLUG / "case.json").read_text()
PROOF = {"case": CASE, "conclusion": "recommendation:SwitchToFoscarnet"}
HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)>"\'</text></svg>'


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a browser."""
    with chromium() as running:
        yield running


def test_a_proof_is_seen_from_a_case(browser: Browser, service: Served) -> None:
    """From a file, over the assessment and its first `Why`, to a drawing; and back again."""
    with watched(browser, service.url) as seen:
        page = seen.page
        page.goto(f"{service.url}/")
        page.set_input_files("input[type=file]", {"name": "case.json", "mimeType": "", "buffer": CASE.encode()})
        page.locator("#upload button").click()
        page.locator("button[formaction$='case/proof']").first.click()
        page.wait_for_selector("svg.proof")

        assert page.locator("h1").inner_text().startswith("Why: ")
        assert page.locator("svg.proof a").count() == page.locator("#told [id^=proof-step-]").count() > 3
        assert page.locator("svg.proof a").first.is_visible()
        page.get_by_role("button", name="Back to the assessment").click()
        page.wait_for_selector("h1:has-text('Assessment')")
        assert not [url for url in seen.urls if "?" in url]


def test_a_proof_is_walked_through_by_keyboard(browser: Browser, service: Served) -> None:
    """The drawing is reached by Tab, a box leads to its sentence, which is unfolded, and the sentence leads back."""
    with watched(browser, service.url) as seen:
        seen.post("/case/proof", **PROOF)
        seen.tab_to(".drawing")
        seen.tab_to("#proof-box-9")
        lit = seen.page.locator("svg.proof .line.lit").count()
        seen.page.keyboard.press("Enter")
        seen.page.wait_for_function("document.activeElement.closest('#proof-step-9')")

        assert lit > 0
        assert seen.page.locator("#proof-step-9").is_visible()
        seen.tab_to("a[href='#proof-box-9']")
        seen.page.keyboard.press("Enter")
        seen.page.wait_for_function("document.activeElement.id === 'proof-box-9'")


def test_every_step_unfolds_at_once(browser: Browser, service: Served) -> None:
    """One button shows the whole proof, another what it was."""
    with watched(browser, service.url) as seen:
        seen.post("/case/proof", **PROOF)
        steps = seen.page.locator("#told .step")
        seen.page.get_by_role("button", name="Unfold every step").click()
        assert all(steps.nth(number).is_visible() for number in range(steps.count()))
        seen.page.get_by_role("button", name="Fold", exact=True).click()
        assert [True, False] == [seen.page.locator(f"#proof-step-{number}").is_visible() for number in (1, 2)]


def test_why_not_is_asked_on_the_page(browser: Browser, service: Served) -> None:
    """An action is chosen, and the page says which rules would advise it and what fails; the proof stays."""
    with watched(browser, service.url) as seen:
        seen.post("/case/proof", **PROOF)
        seen.page.select_option("#action", index=3)
        seen.page.get_by_role("button", name="Say why not").click()
        seen.page.wait_for_selector("#refusal")

        assert "Fails:" in seen.page.locator("#refusal").inner_text()
        assert seen.page.locator("svg.proof").count() == 1


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_axe_finds_nothing(browser: Browser, service: Served, scheme: str, width: int) -> None:
    """Proof, refusal and report are without a fault that axe knows, and fit the window's width."""
    with watched(browser, service.url, scheme, width) as seen:
        seen.post("/case/proof", **PROOF, whyNot="ApplyTopicalCidofovir")
        assert ([], True) == (seen.axe(), seen.fits())
        seen.page.get_by_role("button", name="Unfold every step").click()
        assert ([], True) == (seen.axe(), seen.fits())
        seen.post("/case/report", case=CASE)
        assert ([], True) == (seen.axe(), seen.fits())


def test_the_narrowest_window_needs_no_scrolling_sideways(browser: Browser, service: Served) -> None:
    """At 320 pixels, which is a page at 400 percent, only the drawing scrolls, within its own frame."""
    with watched(browser, service.url, width=320) as seen:
        seen.post("/case/report", **PROOF)
        assert seen.fits()
        seen.post("/case/proof", **PROOF, whyNot="UseIntravenousCidofovir")
        seen.page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
        assert seen.fits()
        seen.post("/case/proof", **PROOF)
        box = seen.page.locator("svg.proof a").first.bounding_box()
        assert box is not None
        assert 0 <= box["x"] < 320


def test_hostile_text_does_nothing(browser: Browser, service: Served) -> None:
    """Markup in a case stands on the pages as text; nothing of it runs or is fetched."""
    said = json.loads(CASE)
    said["susceptibility"][0]["specimen"] = HOSTILE
    said["id"] = "https://example.org/case/%3Cscript%3Ealert(1)%3C/script%3E"
    with watched(browser, service.url) as seen:
        for path in ("/case/proof", "/case/report"):
            seen.post(path, case=json.dumps(said), conclusion="resistance:Acyclovir")
            assert seen.page.locator("img").count() == 0
            assert "<script>" not in seen.page.locator("main").inner_html()
        assert HOSTILE in seen.page.locator("table.facts").first.inner_text()


def test_a_proof_is_printed_whole(browser: Browser, service: Served) -> None:
    """On paper every step is told, also one that is folded, and nothing is there to be clicked."""
    with watched(browser, service.url) as seen:
        seen.post("/case/proof", **PROOF)
        seen.page.emulate_media(media="print")
        last = seen.page.locator("#told .step").last.bounding_box()
        hidden = ("nav", "#conclusion", "#action", "button")

        assert last is not None
        assert last["height"] > 0
        assert not [one for one in hidden if seen.page.locator(one).first.is_visible()]
        assert seen.page.pdf().startswith(b"%PDF")


def test_a_proof_is_read_without_script(browser: Browser, service: Served) -> None:
    """Without script the drawing, the sentences and the forms are there; what needs it is not offered."""
    with watched(browser, service.url, java_script_enabled=False) as seen:
        page = seen.page
        page.goto(f"{service.url}/")
        page.set_input_files("input[type=file]", {"name": "case.json", "mimeType": "", "buffer": CASE.encode()})
        page.locator("#upload button").click()
        page.locator("button[formaction$='case/proof']").first.click()
        page.wait_for_selector("svg.proof")

        assert not page.get_by_role("button", name="Unfold every step").is_visible()
        page.locator("#told summary").first.click()
        assert not page.locator("#told [id^=proof-step-]").nth(1).is_visible()
        page.locator("#told summary").first.click()
        page.get_by_role("button", name="Show why").click()
        page.wait_for_selector("svg.proof")
