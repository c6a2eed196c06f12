"""What a clinician reads: every conclusion with its place, in the order in which it is needed."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from functools import cache
from html.parser import HTMLParser

import pytest
from tests.support import read_case, shipped

from refractory import Assessment, Case
from refractory.model.assessment import NOTICE, Quantity, Regimen, StatementRef
from refractory.render.assessment import assessment_html, assessment_markdown, assessment_text
from refractory.render.page import Item, Page, Section, page
from refractory.render.text import page_rich, page_text
from refractory.render.words import Words
from refractory.vocabulary import rfy

HEADINGS = [
    "Status of resistance",
    "What to do now",
    "What to consider",
    "What to avoid",
    "Conflicts for you to decide",
    "What to find out",
    "Cautions",
    "Pitfalls",
    "Hypotheses",
    "What the guidance does not say",
    "Why the guidance does not apply",
    "Warnings about the data",
    "What the cited lines say, in our words",
]


@cache
def assessed(slug: str) -> Assessment:
    """Return the assessment of a golden case."""
    return shipped().assess(read_case(slug))


def text_of(slug: str) -> str:
    """Return the text of a golden case's assessment."""
    return assessment_text(assessed(slug), shipped().knowledge)


def flat(text: str) -> str:
    """Return a text without its line breaks and indents."""
    return " ".join(text.split())


def test_the_first_line_says_case_and_day_and_the_last_ones_what_it_was_made_with() -> None:
    """A printed page can be told from another one, and be repeated."""
    text = text_of("design-example")
    first, *_ = text.splitlines()
    *_, end = text.split("\n\n")

    assert first == "Assessment of https://example.org/case/design-example, on 2026-03-10"
    assert flat(end).startswith(NOTICE)
    assert assessed("design-example").knowledge_hash[:12] in end
    for source in assessed("design-example").guidance:
        assert f"{source.id} {source.version}" in flat(end)


@pytest.mark.parametrize("slug", ["design-example", "dose-judgement-against-low", "v1-zoster-and-unrecognized-hiv"])
def test_sections_stand_in_the_order_of_reading_and_none_is_empty(slug: str) -> None:
    """What is needed first stands first."""
    shown = page(assessed(slug), shipped().knowledge)
    headings = [section.heading for section in shown.sections]

    assert [heading for heading in HEADINGS if heading in headings] == headings
    assert all(section.items for section in shown.sections)


def test_each_recommendation_stands_under_its_kind_with_urgency_and_places() -> None:
    """Nothing of the answer is lost on the page."""
    answer, knowledge = assessed("design-example"), shipped().knowledge
    text = flat(text_of("design-example"))
    for advice in answer.recommendations:
        label = knowledge.label(rfy(advice.action))
        mark = f"{knowledge.label(rfy(advice.kind)).capitalize()}, {knowledge.label(rfy(advice.urgency))}"

        assert f"{mark}: {label}" in text
        for statement in advice.statements:
            assert f"line {statement.line}" in text or f"refractory-reading {statement.line}" in text


def test_every_cited_statement_is_told_in_our_words() -> None:
    """A place in brackets can be looked up at the end of the page."""
    text, knowledge = flat(text_of("design-example")), shipped().knowledge
    cited = {s.id for advice in assessed("design-example").recommendations for s in advice.statements}

    assert cited
    for statement in cited:
        assert knowledge.text(rfy(statement), rfy("paraphrase")) in text


def test_the_dose_for_the_patient_stands_by_the_regimen_with_its_cautions() -> None:
    """2800 mg is 40 mg/kg for 70 kg, and it says that nothing was adjusted to the kidneys."""
    advice = next(item for item in assessed("design-example").recommendations if item.for_this_patient)
    text = text_of("design-example")
    after = text[text.index("For this patient:") :]

    assert Quantity(Decimal(2800), "mg") == advice.for_this_patient
    assert after.startswith("For this patient: 2800 mg each time\n     Caution: Dose not renally adjusted.")
    assert "until clinical resolution\n     For this patient" in text


def test_if_nothing_applies_the_page_says_so_and_why_first() -> None:
    """The reason is the second line, before any status."""
    first, second, *_ = text_of("v1-zoster-and-unrecognized-hiv").splitlines()

    assert first.endswith("without a day of assessment")
    assert second == "The guidance does not apply to this case: no valacyclovir. It recommends nothing."


def test_if_nothing_follows_the_page_points_to_what_is_unknown() -> None:
    """No recommendation is not the same as nothing to do."""
    text = flat(text_of("v6-resistant-ulcers-under-prophylaxis"))

    assert "the guidance recommends nothing. What is not known may change this" in text
    assert "WHAT TO FIND OUT" in text


def test_gaps_of_the_source_are_shown_with_their_line() -> None:
    """What the source leaves open is never left out."""
    text = flat(text_of("design-example"))
    for gap in assessed("design-example").gaps:
        assert gap.asks in text
        assert f"[{gap.source} line {gap.line}]" in text


def test_warnings_of_the_shapes_are_shown() -> None:
    """A warning that did not stop the reasoning stands in the answer, with reason and fix."""
    (warning,) = assessed("dose-judgement-against-low").warnings
    text = flat(text_of("dose-judgement-against-low"))

    assert "WARNINGS ABOUT THE DATA" in text
    for part in (warning.place, warning.message, warning.why, warning.fix):
        assert flat(part) in text


@pytest.mark.parametrize(
    ("regimen", "said"),
    [
        (
            Regimen(Quantity(Decimal("40.0"), "mg/kg"), "Intravenous", Decimal(8), until="clinical resolution"),
            "40 mg/kg intravenously every 8 hours until clinical resolution",
        ),
        (
            Regimen(
                Quantity(Decimal("1.0"), "%"), "Topical", None, Decimal(1), Decimal(5), product="CidofovirTopicalGel"
            ),
            "1% topical cidofovir gel once a day for 5 days",
        ),
        (Regimen(route="Intravenous"), "intravenously"),
        (Regimen(Quantity(Decimal(1000), "mg"), None, None, Decimal(3)), "1000 mg 3 times a day"),
        (
            Regimen(Quantity(Decimal("0.5"), "mg"), "Oral", Decimal(1), days=Decimal(1)),
            "0.5 mg orally every hour for 1 day",
        ),
        (Regimen(), ""),
    ],
)
def test_a_regimen_is_read_aloud(regimen: Regimen, said: str) -> None:
    """The words come from labels, put together without knowing the drug."""
    assert said == Words(shipped().knowledge).regimen(regimen)


def test_places_are_grouped_by_source() -> None:
    """A line of a document and a number of our own reading are told apart."""
    statements = (
        StatementRef("valacyclovir-failure-24", "valacyclovir-failure", 24, "1"),
        StatementRef("valacyclovir-failure-25", "valacyclovir-failure", 25),
        StatementRef("refractory-reading-12", "refractory-reading", 12),
    )
    expected = "valacyclovir-failure line 24, citation 1; line 25 / refractory-reading 12"

    assert expected == Words(shipped().knowledge).places(statements)


def test_markup_in_a_case_is_text() -> None:
    """What a case says can neither run in a browser nor change the page."""
    specimen = "<script>alert(1)</script> **bold** [x](y)"
    facts = {
        "id": "https://example.org/case/markup",
        "susceptibility": [{"drug": "Acyclovir", "interpretation": "Resistant", "specimen": specimen}],
    }
    answer, knowledge = shipped().assess(Case.from_json(facts)), shipped().knowledge
    html, markdown = assessment_html(answer, knowledge), assessment_markdown(answer, knowledge)

    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert r"\<script\>alert(1)\</script\> \*\*bold\*\* \[x\](y)" in markdown


def test_control_characters_do_not_reach_a_terminal() -> None:
    """A name cannot move the cursor or colour the screen."""
    shown = Page("a\x1b[2Jb", ("c\x07d",), (Section("E", (Item("f\x9bg", places="h\ni"),)),), ())

    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", page_text(shown))
    assert page_text(shown) == page_rich(shown).plain


class _Tags(HTMLParser):
    """Collects the attributes of a page, and checks that its tags close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.attributes: set[str] = set()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes |= {name for name, _ in attrs}
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_html_page_needs_nothing_from_anywhere() -> None:
    """No attribute points outside, and the page is well formed."""
    html = assessment_html(assessed("design-example"), shipped().knowledge)
    tags = _Tags()
    tags.feed(html)

    assert [] == tags.open
    assert {"lang", "charset", "name", "content", "class"} == tags.attributes
    assert "@import" not in html
    assert "url(" not in html


def test_all_forms_say_the_same() -> None:
    """Text, Markdown and HTML are one page: each headline and each place stands in all of them."""
    answer, knowledge = assessed("design-example"), shipped().knowledge
    shown = page(answer, knowledge)
    html = flat(re.sub("<[^>]+>", " ", assessment_html(answer, knowledge)))
    markdown = flat(assessment_markdown(answer, knowledge).replace("\\", ""))
    text = flat(assessment_text(answer, knowledge))
    for item in (item for section in shown.sections for item in section.items):
        for form in (text, markdown):
            assert item.text in form
            assert item.places in form
        assert item.text.replace("'", "&#x27;") in html


def test_an_unknown_kind_of_advice_still_stands_on_the_page() -> None:
    """Knowledge with a kind of its own loses no advice; the kind's label is the heading."""
    answer = assessed("design-example")
    first, *others = answer.recommendations
    changed = (replace(first, kind="Routine"), *others)
    answer = replace(answer, findings=replace(answer.findings, recommendations=changed))
    headings = [section.heading for section in page(answer, shipped().knowledge).sections]

    assert "Routine" in headings
