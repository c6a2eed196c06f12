"""The page in a browser: filled, dropped on, answered, by mouse and by keyboard alone, with script and without."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests import fhir_writer
from tests.service.served import Served
from tests.support import CASES, read_case

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

URGENT = "v3b-verrucous-zoster-resistant-in-vitro"
DATED = "beside-immunosuppressed-zoster-nervous-system"
COLORS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
LOOKS = [(scheme, width) for scheme in ("light", "dark") for width in (1280, 390)]
# A browser writes a line for each answer that is a refusal; that is no fault of the page.
REFUSAL = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")


@contextmanager
def opened(browser: Browser, service: Served, **options: Any) -> Iterator[Page]:
    """Open a page of its own, and hold it to asking nobody else, to saying no error, and to keeping nothing."""
    context = browser.new_context(base_url=service.url, **options)
    page = context.new_page()
    page.set_default_timeout(15_000)
    asked: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: errors.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    kept = context.storage_state()
    assert [] == [url for url in asked if not url.startswith((f"{service.url}/", "data:", "blob:"))]
    assert [] == [url for url in asked if "?" in url]
    assert [] == [error for error in errors if not REFUSAL.match(error)]
    assert ([], []) == (kept.get("cookies"), kept.get("origins"))
    context.close()


@pytest.fixture
def page(browser: Browser, service: Served) -> Iterator[Page]:
    """Return an empty form in a browser."""
    with opened(browser, service) as page:
        page.goto("/")
        yield page


def give(page: Page, slug: str) -> None:
    """Give a golden case as a file."""
    page.goto("/")
    page.set_input_files("#field-file", CASES / slug / "case.json")
    page.click(".drop button")
    page.wait_for_selector("#carried", state="attached")


def titles(page: Page) -> list[str]:
    """Return the headlines of the cards."""
    return page.locator("article h3").all_inner_texts()


def test_an_empty_form_is_filled_until_advice_is_seen(page: Page) -> None:
    """Condition, course and a treatment, and the browser shows cards; what was said stands below them."""
    page.select_option('[name="condition"]', "HerpesZoster")
    page.select_option('[name="lesionCourse"]', "Spreading")
    page.fill('[name="assessedOn"]', "2026-03-10")
    page.select_option('[name="treatments[0].drug"]', "Valacyclovir")
    page.select_option('[name="treatments[0].status"]', "Ongoing")
    page.fill('[name="treatments[0].doseMg"]', "1000")
    page.fill('[name="treatments[0].timesPerDay"]', "3")
    page.fill('[name="treatments[0].startedOn"]', "2026-02-20")
    page.locator("#field-fact-HivInfection").get_by_label("absent").check()
    page.get_by_role("button", name="Assess the case").click()

    page.wait_for_selector("article")
    assert "Assessment" == page.locator("h1").inner_text()
    assert any(title.startswith("Recommend:") for title in titles(page))
    assert "HIV infection absent" in " ".join(page.locator(".rest").inner_text().split())
    assert 1 == page.locator(".timeline li").count()
    assert page.url.endswith("/case")


def test_the_browser_says_what_is_missing_before_anything_is_sent(page: Page) -> None:
    """A treatment that is begun needs a drug and a status; a number has its bounds; an empty part needs nothing."""
    status = page.locator('[name="treatments[0].status"]')
    assert not status.evaluate("field => field.required")
    page.select_option('[name="treatments[0].drug"]', "Valacyclovir")
    page.fill('[name="patient.weightKg"]', "501")
    page.get_by_role("button", name="Assess the case").click()

    assert status.evaluate("field => field.validity.valueMissing")
    assert page.locator('[name="patient.weightKg"]').evaluate("field => field.validity.rangeOverflow")
    assert "Assess a case" == page.locator("h1").inner_text()
    page.select_option('[name="treatments[0].drug"]', "")
    assert not status.evaluate("field => field.required")


def test_a_fault_leads_to_its_field(page: Page) -> None:
    """What only the service can find comes back; the summary has the focus, and its link leads to the field."""
    page.fill('[name="patient.weightKg"]', "0")
    page.get_by_role("button", name="Assess the case").click()
    page.wait_for_selector("#faults")

    assert "faults" == page.evaluate("document.activeElement.id")
    page.locator("#faults a").click()
    field = page.locator('[name="patient.weightKg"]')
    assert ("true", "0") == (field.get_attribute("aria-invalid"), field.input_value())
    assert field.evaluate("field => field === document.activeElement")


def test_another_treatment_is_added_in_place(page: Page) -> None:
    """What stands in the form stays, and the first field of the new part has the focus."""
    page.fill('[name="treatments[0].doseMg"]', "500")
    page.get_by_role("button", name="Add another treatment").click()
    page.wait_for_selector('[name="treatments[1].drug"]')

    assert "treatments[1].drug" == page.evaluate("document.activeElement.name")
    assert "500" == page.input_value('[name="treatments[0].doseMg"]')


def test_a_bundle_is_dropped(page: Page) -> None:
    """It may be dropped anywhere on the page; then it is ready, and one press shows the assessment."""
    bundle = json.dumps(fhir_writer.written(read_case(URGENT).to_json()))
    dropped = page.evaluate_handle(
        """text => {
            const carried = new DataTransfer();
            carried.items.add(new File([text], "bundle.json", { type: "application/json" }));
            return carried;
        }""",
        bundle,
    )
    for kind in ("dragover", "drop"):
        page.dispatch_event(".drop", kind, {"dataTransfer": dropped})
    assert "bundle.json is ready" in page.inner_text("#said")
    page.keyboard.press("Enter")

    page.wait_for_selector("article")
    assert any(title.startswith("Avoid:") for title in titles(page))
    page.click("#trace summary")
    assert page.locator("#trace tbody tr").first.is_visible()


def test_a_question_is_answered_and_the_cards_change(page: Page) -> None:
    """The cards change at once and are marked; the change is said aloud; the next question has the focus."""
    give(page, URGENT)
    before, loads = titles(page), []
    page.on("load", lambda _: loads.append(1))
    page.locator("#ask-EyeInvolvementSigns").get_by_role("button", name="Present").click()
    page.wait_for_selector("#changes")

    new = [title for title in titles(page) if title not in before]
    assert 1 == len(new)
    assert "new" == page.locator("article.changed .badge.changed").inner_text()
    assert "present. 1 new." in page.inner_text("#said")
    assert "status" == page.locator("#said").get_attribute("role")
    assert page.evaluate("document.activeElement.classList.contains('question')")
    assert [] == loads
    assert 0 == page.locator("#ask-EyeInvolvementSigns").count()

    page.locator("#changes").get_by_role("button", name=re.compile("Take back")).click()
    page.wait_for_selector("#changes s")
    assert before == titles(page)
    assert "gone" == page.locator("#changes .badge").inner_text()
    assert 1 == page.locator("#ask-EyeInvolvementSigns").count()


def test_a_value_is_answered_in_place(page: Page) -> None:
    """A weight gives the dose for this patient; one that cannot be is told at its question, and takes the focus."""
    give(page, URGENT)
    question = page.locator("#ask-WeightOfPatient")
    question.locator("input[type=number]").fill("0")
    question.get_by_role("button", name="Answer").click()
    page.wait_for_selector("#ask-WeightOfPatient .fault")
    assert "value" == page.evaluate("document.activeElement.name")
    assert page.inner_text("#said").startswith("A body weight is")

    question.locator("input[type=number]").fill("70")
    page.keyboard.press("Enter")
    page.wait_for_selector("#changes")
    assert "2800 mg each time" in page.inner_text(".advice")


def test_what_was_unfolded_stays_so(page: Page) -> None:
    """An answer folds nothing up that the reader had opened."""
    give(page, URGENT)
    lines = page.locator("article details").first
    lines.locator("summary").click()
    anchor = lines.get_attribute("id")
    page.locator(".question button").first.click()
    page.wait_for_selector("#changes")

    assert page.locator(f"#{anchor}").get_attribute("open") is not None


def test_without_a_service_an_answer_says_so(browser: Browser, service: Served) -> None:
    """Where the service does not answer, the page stays as it is and says so."""
    context = browser.new_context(base_url=service.url)
    page = context.new_page()
    give(page, URGENT)
    before = titles(page)
    page.route("**/case", lambda route: route.abort())
    page.locator(".question button").first.click()
    page.wait_for_selector("#said:has-text('Nothing was changed')")

    assert before == titles(page)
    context.close()


def test_everything_works_without_script(browser: Browser, service: Served) -> None:
    """Whole pages instead: a part is added, a case is given, a question answered, marked, and taken back."""
    with opened(browser, service, java_script_enabled=False) as page:
        page.goto("/")
        page.get_by_role("button", name="Add another treatment").click()
        assert 1 == page.locator('[name="treatments[0].drug"]').count()
        give(page, URGENT)
        page.locator("#ask-EyeInvolvementSigns").get_by_role("button", name="Present").click()
        assert "new" == page.locator("article.changed .badge.changed").inner_text()
        page.locator("#changes").get_by_role("button", name=re.compile("Take back")).click()
        assert "gone" == page.locator("#changes .badge").inner_text()
        page.get_by_role("button", name="Change the case").click()
        assert "Acyclovir" == page.input_value('[name="treatments[0].drug"]')


def tab_to(page: Page, wanted: str, limit: int = 300) -> None:
    """Press Tab until an element that a selector matches has the focus; what has it must be seen to have it."""
    for _ in range(limit):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", wanted):
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert "none" != outline, f"the focus on {wanted} is not seen"
            return
    raise AssertionError(f"{wanted} is not reached by the keyboard")


def test_everything_can_be_done_by_keyboard_alone(page: Page) -> None:
    """From the top of the page to an answered question, a proof and back to the case, with keys alone."""
    page.keyboard.press("Tab")
    assert "Skip to the content" == page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    tab_to(page, '[name="condition"]')
    page.keyboard.type("herpes z")
    tab_to(page, '[name="lesionCourse"]')
    page.keyboard.type("sp")
    tab_to(page, '[name="treatments[0].drug"]')
    page.keyboard.type("vala")
    tab_to(page, '[name="treatments[0].status"]')
    page.keyboard.type("on")
    tab_to(page, '[name="fact.Pregnancy"]')
    page.keyboard.press("ArrowLeft")
    tab_to(page, "summary")
    page.keyboard.press("Enter")
    tab_to(page, '[name="allergies"]')
    page.keyboard.press("Space")
    tab_to(page, "#assess")
    page.keyboard.press("Enter")

    page.wait_for_selector("article")
    text = " ".join(page.locator(".rest").inner_text().split())
    assert "Condition herpes zoster" in text
    assert "Pregnancy absent" in text
    assert "Allergies acyclovir" in text
    tab_to(page, ".question button")
    page.keyboard.press("Enter")
    page.wait_for_selector("#changes")
    tab_to(page, ".question button, .question select")
    page.keyboard.press("Shift+Tab")
    tab_to(page, "article summary", limit=600)
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.parentElement.open")
    tab_to(page, "button[name='what'][value='edit']", limit=600)
    page.keyboard.press("Enter")
    page.wait_for_selector("#form")
    assert "Change the case" == page.inner_text("h1")


# ---- everybody can read it ----


def faulty(page: Page) -> None:
    """Show the form with faults, in a part that is folded too."""
    page.goto("/")
    page.locator("details.more summary").nth(1).click()
    page.fill('[name="patient.weightKg"]', "0")
    page.get_by_role("button", name="Assess the case").click()
    page.wait_for_selector("#faults")


def answered(page: Page) -> None:
    """Show an assessment in which something changed."""
    give(page, URGENT)
    page.locator("#ask-EyeInvolvementSigns").get_by_role("button", name="Present").click()
    page.wait_for_selector("#changes")


def silent(page: Page) -> None:
    """Show the answer to an empty form."""
    page.goto("/")
    page.get_by_role("button", name="Assess the case").click()
    page.wait_for_selector(".question")


def unfolded(page: Page) -> None:
    """Show an assessment with a course, something of each sort unfolded, after an answer that could not be taken."""
    give(page, DATED)
    question = page.locator("#ask-WeightOfPatient")
    question.locator("input[type=number]").fill("0")
    question.get_by_role("button").click()
    page.wait_for_selector(".question .fault")
    page.evaluate("""
        for (const kind of ["article details", ".sources"]) document.querySelector(kind).open = true;
    """)


def unfolded_form(page: Page) -> None:
    """Show the form with everything unfolded."""
    page.goto("/")
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")


def problem(page: Page) -> None:
    """Show a refusal that is no form."""
    page.goto("/")
    page.evaluate("document.querySelector('[name=what][value=form]').value = 'nothing'")
    page.get_by_role("button", name="Assess the case").click()
    page.wait_for_selector("text=Nothing was concluded")


@pytest.mark.parametrize("state", [unfolded_form, faulty, silent, answered, unfolded, problem])
def test_axe_finds_nothing(browser: Browser, service: Served, state: Callable[[Page], None]) -> None:
    """WCAG 2.2 AA and axe's best practices, in light and dark, wide and on a phone; and nothing scrolls sideways."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()

    with opened(browser, service, reduced_motion="reduce") as page:
        state(page)
        for scheme, width in LOOKS:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            # In the dark only colors differ.
            found = axe.run(page, options=COLORS if scheme == "dark" else None)
            assert 0 == found.violations_count, f"{scheme}, {width} px: {found.generate_report()}"
            assert width >= page.evaluate("document.documentElement.scrollWidth"), f"{scheme}, {width} px"


def test_no_color_alone_says_anything(browser: Browser, service: Served) -> None:
    """With all colors forced to the reader's own, kinds, urgencies and marks are still words."""
    with opened(browser, service, forced_colors="active") as page:
        answered(page)
        for card in page.locator(".advice article").all():
            assert re.match(r"(\w+ )?(Recommend|Consider|Avoid): ", " ".join(card.inner_text().split()))


def test_on_paper_the_answer_stands_and_the_forms_do_not(browser: Browser, service: Served) -> None:
    """Printed, the advice, the case and the sources are there; questions and buttons are not."""
    with opened(browser, service) as page:
        give(page, URGENT)
        page.emulate_media(media="print")
        assert page.locator(".advice article").first.is_visible()
        assert page.locator(".sources li").first.is_visible()
        assert page.locator("#said-of-case").is_visible()
        assert [] == [button for button in page.locator("button").all() if button.is_visible()]
        assert page.pdf().startswith(b"%PDF")
