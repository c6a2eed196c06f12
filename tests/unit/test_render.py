"""What a clinician reads: every conclusion with its place, in the order in which it is needed."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from functools import cache
from html import unescape
from html.parser import HTMLParser

import pytest
from tests.support import note_alone, read_case, shipped

from refractory import Assessment, Case
from refractory.model.assessment import NOTICE
from refractory.model.findings import Conflict, Failure, Hypothesis, Noted, Recommendation
from refractory.model.genotype import Call, Calls, Mechanism
from refractory.model.sources import Position, Quantity, Regimen, StatementRef, Time
from refractory.render.assessment import assessment_html, assessment_markdown, assessment_text
from refractory.render.page import ALARM, BESIDE, Item, Page, Section, page
from refractory.render.text import page_rich, page_text
from refractory.render.words import Words
from refractory.vocabulary import rfy

HEADINGS = [
    "Status of resistance",
    "What a table says of the mutations",
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
    "Sources beside the leading one",
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
            numbered = rf"{statement.source} ([0-9]+; )*{statement.line}\b"

            assert f"line {statement.line}" in text or re.search(numbered, text)


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


@pytest.mark.parametrize("slug", ["design-example", "v3b-verrucous-zoster-resistant-in-vitro", "beside-zoster-day-6"])
def test_all_forms_say_the_same(slug: str) -> None:
    """Text, Markdown and HTML are one page: each headline, detail, line and place stands in all of them."""
    answer, knowledge = assessed(slug), shipped().knowledge
    shown = page(answer, knowledge)
    html = unescape(flat(re.sub("<[^>]+>", " ", assessment_html(answer, knowledge))))
    markdown = flat(assessment_markdown(answer, knowledge).replace("\\", ""))
    text = flat(assessment_text(answer, knowledge))
    alarm = shown.alarm.items if shown.alarm else ()
    for item in (*alarm, *(item for section in shown.sections for item in section.items)):
        for form in (text, markdown, html):
            for part in (item.text, item.places, *item.details, *item.beside):
                assert flat(part) in form


def test_an_unknown_kind_of_advice_still_stands_on_the_page() -> None:
    """Knowledge with a kind of its own loses no advice; the kind's label is the heading."""
    answer = assessed("design-example")
    first, *others = answer.recommendations
    changed = (replace(first, kind="Routine"), *others)
    answer = replace(answer, findings=replace(answer.findings, recommendations=changed))
    headings = [section.heading for section in page(answer, shipped().knowledge).sections]

    assert "Routine" in headings


# ---- sources side by side: small findings by hand, in the words of the graph ----

NOTE = (StatementRef("valacyclovir-failure-24", "valacyclovir-failure", 24, "1"),)
EACS = (StatementRef("eacs-1", "eacs", 1),)
NOTE_REGIMEN = Regimen(
    Quantity(Decimal("40.0"), "mg/kg"), "Intravenous", Decimal(8), until="clinical resolution",
    product="FoscarnetIntravenous",
)  # fmt: skip
EACS_REGIMEN = replace(
    NOTE_REGIMEN, dose=Quantity(Decimal("90.0"), "mg/kg"), every_hours=Decimal(12), until="clinical response"
)


def position(name: str, source: str, stance: str, number: int = 1, **more: object) -> Position:
    """Return a position as the page is given it."""
    known = {"says": "So it says.", "regimens": (), "count": None, "share_percent": ()}
    statement = StatementRef(f"{source}-{number}", source, number)
    return Position(name, source, stance, **(known | {"statements": (statement,)} | more))  # type: ignore[arg-type]


def advice(action: str, *positions: Position, **more: object) -> Recommendation:
    """Return advice on an action."""
    known = {"kind": "Recommend", "urgency": "Prompt", "drug": None, "regimen": None, "for_this_patient": None}
    statements = {"cautions": (), "statements": NOTE}
    return Recommendation(action, **(known | statements | {"positions": positions} | more))  # type: ignore[arg-type]


def answer_with(**parts: object) -> Assessment:
    """Return an assessment of which only some findings are filled."""
    answer = assessed("design-example")
    empty = {
        "recommendations": (), "hypotheses": (), "cautions": (), "conflicts": (), "pitfalls": (), "gaps": (),
        "questions": (), "resistance": (), "failure": Failure(False, "Unknown", None, ()),
    }  # fmt: skip
    return replace(answer, findings=replace(answer.findings, **(empty | parts)))  # type: ignore[arg-type]


def shown(answer: Assessment) -> str:
    """Return the text of an assessment on one line."""
    return flat(assessment_text(answer, shipped().knowledge))


def test_a_position_is_one_line_with_source_sureness_stance_regimen_and_place() -> None:
    """What stands in the regimen above is not said again; the amount a day is what compares."""
    agrees = position("eacs-foscarnet", "eacs", "Agrees", regimens=(EACS_REGIMEN,))
    answer = answer_with(recommendations=(advice("SwitchToFoscarnet", agrees, regimen=NOTE_REGIMEN),))
    lines = page(answer, shipped().knowledge).sections[1].items[0].beside

    assert lines == (
        "EACS guidelines (S1), agrees: 90 mg/kg every 12 hours until clinical response (180 mg/kg a day) [eacs 1]",
    )
    assert f"{BESIDE} - EACS guidelines (S1), agrees:" in shown(answer)


def test_a_position_without_a_regimen_says_the_label_of_its_statement() -> None:
    """A year that the source's name has, and a name that the statement's label begins with, are not said twice."""
    count = position("aids-varicella-series-2001-count", "aids-varicella-series-2001", "Contests", 2, count=(3, 11))
    label = position("valacyclovir-label-immunocompromised", "valacyclovir-label", "Qualifies", 3)
    share = position("survey-france-immunocompromised", "survey-france", "Counts", share_percent=(Decimal("3.8"),))
    hypothesis = Hypothesis("AntiviralResistance", "Open", (), (), (), NOTE, (count, label, share))
    first, second, third = next(
        section.items[0].beside
        for section in page(answer_with(hypotheses=(hypothesis,)), shipped().knowledge).sections
        if section.heading == "Hypotheses"
    )

    assert first.startswith("AIDS varicella series of 2001 (S1), evidence against it: ")
    assert first.endswith("(3 of 11) [aids-varicella-series-2001 2]")
    assert second == (
        "Label of valacyclovir (S1 and S2), notes: not established in most immunocompromised patients "
        "[valacyclovir-label 3]"
    )
    assert third.endswith("(3.8%) [survey-france 1]")


def test_an_action_of_another_source_says_whose_it_is_and_what_it_is() -> None:
    """The note's own advice names nobody; what is ruled out names who rules it out."""
    adds = position("foscarnet-label-hydration", "foscarnet-label", "Adds", 7)
    rules_out = position("cidofovir-label-kidneys", "cidofovir-label", "Contraindicates", 2)
    text = shown(
        answer_with(
            recommendations=(
                advice("HydrateBeforeFoscarnet", adds, statements=adds.statements),
                advice("SwitchToFoscarnet"),
                advice("UseIntravenousCidofovir", rules_out, kind="Avoid", statements=rules_out.statements),
            )
        )
    )

    assert "Recommend, prompt: hydrate before foscarnet (added by label of foscarnet) Action of giving fluid" in text
    assert "Recommend, prompt: switch treatment to foscarnet [" in text
    assert "Avoid, prompt: use intravenous cidofovir (ruled out by label of cidofovir)" in text
    assert "label of foscarnet (S1 and S2), advises it" not in text


def test_a_warning_stands_once_as_a_caution() -> None:
    """A position that warns is not said again where its caution stands."""
    warns = position("foscarnet-label-kidneys", "foscarnet-label", "Warns", 4)
    caution = Noted("FoscarnetKidneyToxicity", warns.statements)
    text = shown(answer_with(recommendations=(advice("SwitchToFoscarnet", warns, cautions=(caution,)),)))

    assert "Caution: Kidney toxicity of foscarnet." in text
    assert BESIDE not in text
    assert "warns:" in shown(answer_with(recommendations=(advice("SwitchToFoscarnet", warns),)))


def test_why_an_action_is_only_to_be_considered_stands_first_at_it() -> None:
    """Too early by every source, or weakened by one, before any regimen or caution."""
    times = (
        Time("oi-guideline-wording-time", "oi-guideline-wording", 7, 10, False, "So.", EACS),
        Time("aids-varicella-series-2001-time", "aids-varicella-series-2001", 21, None, False, "So.", EACS),
    )
    weakens = position("herpesdrg-polymerase", "herpesdrg", "Weakens", 5)
    names = tuple(time.name for time in times)
    answer = answer_with(
        failure=Failure(True, "Right", 6, ("Spreading",), times),
        recommendations=(
            advice(
                "SwitchToFoscarnet",
                weakens,
                kind="Consider",
                regimen=NOTE_REGIMEN,
                cautions=(Noted("TooEarlyToSuspectResistance", NOTE),),
                weakened_by=(*names, weakens.name),
            ),
        ),
    )
    early, weak, regimen, caution = page(answer, shipped().knowledge).sections[1].items[0].details

    assert early == (
        "Consider, not recommend: too early by every source that gives a time for such a case (day 6 of treatment; "
        "OI guideline wording 7 to 10 days; AIDS varicella series of 2001 21 days). [eacs 1]"
    )
    assert weak.startswith("Consider, not recommend: HerpesDRG (2026, S1), weakens it: ")
    assert regimen.startswith("Regimen: ")
    assert caution.startswith("Caution: Too early to suspect resistance.")


@pytest.mark.parametrize(
    ("day", "reached", "said"),
    [
        (
            9,
            (True, False),
            "Day 9 of treatment: OI guideline wording (7 to 10 days; S2) would suspect resistance; "
            "vaccine strain case (10 days, or verrucous lesions; S1) would not yet.",
        ),
        (
            12,
            (True, True),
            "Day 12 of treatment: OI guideline wording (7 to 10 days; S2) and vaccine strain case (10 days, or "
            "verrucous lesions; S1) would suspect resistance.",
        ),
        (
            3,
            (False, False),
            "Day 3 of treatment: OI guideline wording (7 to 10 days; S2) and vaccine strain case (10 days, or "
            "verrucous lesions; S1) would not yet suspect resistance.",
        ),
        (
            None,
            (None, None),
            "The day of treatment is not known: OI guideline wording (7 to 10 days; S2) and vaccine strain case "
            "(10 days, or verrucous lesions; S1) would suspect resistance from then on.",
        ),
    ],
)
def test_times_stand_under_the_day_of_treatment(
    day: int | None, reached: tuple[bool | None, bool | None], said: str
) -> None:
    """Which sources would suspect resistance by now, which not yet, and from which day on."""
    times = (
        Time("oi-guideline-wording-time", "oi-guideline-wording", 7, 10, reached[0], "So.", EACS),
        Time("vaccine-strain-case-time", "vaccine-strain-case", 10, None, reached[1], "So.", EACS),
    )
    answer = answer_with(failure=Failure(True, "Right", day, ("Spreading",), times))

    assert page(answer, shipped().knowledge).lead[-1] == said


def test_a_disagreement_shows_each_value_with_who_gives_it_and_no_winner() -> None:
    """Doses by the amount a day, times by the day, directions by what is said; the question once for each sort."""
    leads = position("FoscarnetRegimen", "valacyclovir-failure", "Leads", regimens=(NOTE_REGIMEN,), statements=NOTE)
    eacs = position("eacs-foscarnet", "eacs", "Agrees", regimens=(EACS_REGIMEN,))
    both = position(
        "prioh-1-comparator", "prioh-1", "Agrees",
        regimens=(NOTE_REGIMEN, replace(EACS_REGIMEN, dose=Quantity(Decimal("60.0"), "mg/kg"))),
    )  # fmt: skip
    asks = "Which one?"
    conflicts = (
        Conflict("DoseDisagreement", ("a", "b"), asks, EACS, "SwitchToFoscarnet", (leads, eacs, both)),
        Conflict("DoseDisagreement", ("a", "b"), asks, EACS, "GiveIntravenousAcyclovir", (eacs, both)),
        Conflict(
            "TimeDisagreement", ("a", "b"), asks, EACS, "AntiviralResistance",
            (
                position("aids-varicella-series-2001-time", "aids-varicella-series-2001", "Times", from_day=21),
                position("oi-guideline-wording-time", "oi-guideline-wording", "Times", from_day=7, by_day=10),
            ),
        ),
        Conflict(
            "DirectionDisagreement", ("a", "b"), asks, EACS, "IncreaseAntiviralDose",
            (
                position("IncreaseAntiviralDose", "valacyclovir-failure", "Leads", statements=NOTE),
                position("higher-dose-trial-zoster", "higher-dose-trial", "Opposes"),
            ),
        ),
    )  # fmt: skip
    answer = answer_with(conflicts=conflicts, recommendations=(advice("IncreaseAntiviralDose", kind="Consider"),))
    doses, again, times, directions = next(
        section.items
        for section in page(answer, shipped().knowledge).sections
        if section.heading == "Conflicts for you to decide"
    )

    assert doses.text == "Dose disagreement: switch treatment to foscarnet"
    assert doses.details == (
        asks,
        "120 mg/kg a day: valacyclovir failure, 40 mg/kg every 8 hours; PRIOH-1 (S1 and S2), 40 mg/kg every 8 hours, "
        "or 60 mg/kg every 12 hours",
        "180 mg/kg a day: EACS guidelines (S1), 90 mg/kg every 12 hours",
    )
    assert asks not in again.details
    assert times.details[1:] == (
        "7 to 10 days: OI guideline wording (S2)",
        "21 days: AIDS varicella series of 2001 (S1)",
    )
    assert directions.details[1:] == (
        "Valacyclovir failure, consider: So it says.",
        "Higher dose trial (S2), speaks against it: Twice the dose did no better in zoster",
    )


def test_red_flags_stand_before_everything_and_not_again_below() -> None:
    """Under their own heading, before the lead, with what raises them; the action is not repeated among the others."""
    answer, knowledge = assessed("v3b-verrucous-zoster-resistant-in-vitro"), shipped().knowledge
    text, html = assessment_text(answer, knowledge), assessment_html(answer, knowledge)
    lines = [line for line in text.splitlines() if line]
    isolate = knowledge.label(rfy("IsolateAirborneAndContact"))

    assert answer.findings.red_flags
    assert lines.index(ALARM.upper()) < next(i for i, line in enumerate(lines) if line.startswith("Treatment is"))
    assert 'class="alarm"' in html
    assert html.index(ALARM) < html.index('class="lead"')
    assert assessment_markdown(answer, knowledge).split("## ")[1].startswith(ALARM)
    assert flat(text).count(f"Recommend, immediate: {isolate}") == 1
    assert "Red flag: isolation in dissemination, because of: disseminated zoster" in text


def test_a_red_flag_without_advice_is_shown_all_the_same() -> None:
    """What is ruled out is avoided, and its red flag still stands first."""
    flag = position("red-flags-dissemination", "red-flags", "Adds", 3)
    avoided = advice("GiveIntravenousAcyclovir", flag, kind="Avoid", red_flag=True, statements=flag.statements)
    answer = answer_with(recommendations=(avoided,), red_flags=("red-flags-dissemination", "red-flags-eye"))
    shown_page = page(answer, shipped().knowledge)

    assert shown_page.alarm is not None
    assert [item.text for item in shown_page.alarm.items] == ["Red flag: dissemination", "Red flag: the eye"]
    assert "What to avoid" in [section.heading for section in shown_page.sections]


def test_calls_of_a_table_stand_with_their_rows() -> None:
    """Each drug with its call, its strength and the rows for and against; and what follows from the gene alone."""
    calls = (
        Call("Acyclovir", "Resistant", "Moderate", ("9001", "9002"), (), "BorrowedFromAnotherVirus", False),
        Call("Foscarnet", "Conflicting", None, ("9013",), ("9014",), None, True),
    )
    finding = Calls(
        "VaricellaZosterVirus", "ORF36", "A9001C", calls, (), of_finding=(("collectedOn", "2026-03-01"),),
        mechanism=Mechanism(("Acyclovir",), ("Foscarnet",)),
    )  # fmt: skip
    missing = replace(finding, calls=(), of_finding=(), mechanism=Mechanism())
    first, second = next(
        section.items
        for section in page(answer_with(genotype=(finding, missing)), shipped().knowledge).sections
        if section.heading == "What a table says of the mutations"
    )

    assert first.text == "Varicella zoster virus, ORF36 A9001C"
    assert first.details == (
        "Collected on: 2026-03-01",
        "Resistant: acyclovir (moderate; rows 9001 9002)",
        "Conflicting: foscarnet (for row 9013; against row 9014; each with something to be minded)",
        "By mechanism doubtful: acyclovir",
        "By mechanism unaffected: foscarnet",
        "Limits of the strengths: borrowed from another virus",
    )
    assert second.text == "Varicella zoster virus, ORF36 A9001C: not in the table"


BESIDE_CASES = [
    "design-example",
    "v3b-verrucous-zoster-resistant-in-vitro",
    "beside-zoster-day-6",
    "beside-aids-zoster-verrucous",
    "beside-hiv-disseminated-zoster",
    "beside-foscarnet-7-days-after-cidofovir",
]


@pytest.mark.parametrize("slug", BESIDE_CASES)
def test_nothing_that_warns_is_missing_in_any_form(slug: str) -> None:
    """Every avoid, caution, conflict, red flag, time, position and disagreement stands in text, Markdown and HTML."""
    answer, knowledge = assessed(slug), shipped().knowledge
    forms = [
        assessment_text(answer, knowledge),
        assessment_markdown(answer, knowledge).replace("\\", ""),
        unescape(re.sub("<[^>]+>", " ", assessment_html(answer, knowledge))),
    ]
    cautions = [*answer.cautions, *(caution for item in answer.recommendations for caution in item.cautions)]
    names = [item.action for item in answer.recommendations]
    names += [*(caution.name for caution in cautions), *answer.findings.red_flags]
    names += [
        name for conflict in answer.conflicts for name in ([conflict.about] if conflict.about else conflict.between)
    ]
    names += [time.source for time in answer.failure.times]
    names += [p.source for conflict in answer.conflicts for p in conflict.positions]
    places = [
        f"{p.source} {p.statements[0].line}" for item in answer.recommendations for p in item.positions if p.statements
    ]
    for form in map(flat, forms):
        for name in names:
            assert knowledge.label(rfy(name)).casefold() in form.casefold()
        for place in places:
            assert place in form


@pytest.mark.parametrize("slug", BESIDE_CASES)
def test_the_text_fits_a_terminal_of_80_columns(slug: str) -> None:
    """No line is wider, and the order of reading is the same."""
    text = assessment_text(assessed(slug), shipped().knowledge, 80)

    assert max(map(len, text.splitlines())) <= 80
    assert flat(text) == flat(text_of(slug))


def test_the_note_alone_shows_no_other_source() -> None:
    """Without sources beside it, the page has nothing of them."""
    kb = note_alone()
    shown_page = page(kb.assess(read_case("design-example")), kb.knowledge)

    assert shown_page.alarm is None
    assert "Sources beside the leading one" not in [section.heading for section in shown_page.sections]
    assert not [item for section in shown_page.sections for item in section.items if item.beside]
