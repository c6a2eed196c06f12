"""The answer to a case: its cards, its questions answered in place, what changed, and the case that is carried."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from pyoxigraph import NamedNode

from refractory import Assessment, Case
from refractory.case.fhir.reading import read_bundle
from refractory.render.page import page as written
from refractory.render.words import Words
from refractory.service.pages.answers import asked, with_answer, with_value
from refractory.service.pages.cards import SOURCES as SOURCE_PARTS
from refractory.service.pages.cards import view
from refractory.service.pages.carried import CASE, SOURCES, carried, case_of
from refractory.service.pages.differences import differences
from refractory.service.pages.timeline import timeline
from refractory.service.work.tasks import record_of
from tests import fhir_writer
from tests.page.asked import advised, answer, facts, hidden, page, send, shown, upload
from tests.support import ROOT, read_case, shipped, slugs

KNOWLEDGE = shipped().knowledge
URGENT = "v3b-verrucous-zoster-resistant-in-vitro"
DATED = "beside-immunosuppressed-zoster-nervous-system"


@cache
def assessed(slug: str) -> Assessment:
    """Return the answer of the library, without a table of mutations."""
    return shipped().assess(read_case(slug))


# ---- the case that is carried ----


@pytest.mark.parametrize("slug", slugs())
def test_a_carried_case_is_the_same_case(slug: str) -> None:
    """What a page carries along is read as the same facts, to the digit."""
    case = read_case(slug)

    assert case.facts == case_of(carried(case, KNOWLEDGE), KNOWLEDGE).facts


def test_no_digit_and_no_character_is_lost() -> None:
    """Numbers keep their zeros, texts their quotes and signs, through the page and back."""
    text = (
        '{"id": "urn:x:1", "patient": {"weightKg": 70.00, "ageYears": 0.10}, "susceptibility": [{"drug": '
        '"Acyclovir", "interpretation": "Resistant", "specimen": "a\\"b\'c<d>&amp; \\\\ ü 🙂"}]}'
    )
    case = Case.from_json(text, KNOWLEDGE)
    again = facts(shown(case))

    assert case.facts.asserted == again.asserted
    assert "value=70.00 " in str(again.asserted)


def test_a_bundle_is_carried_with_what_its_facts_were_made_from() -> None:
    """The sources of a Bundle's facts go along, stay with their facts when others come, and change no answer."""
    bundle = json.dumps(fhir_writer.written(read_case(DATED).to_json())).encode()
    reply = upload(bundle)
    reading = read_bundle(bundle, KNOWLEDGE)
    case = case_of(hidden(reply), KNOWLEDGE)
    question = page(reply).all("button", name="answer", form="carried")[0].get("value")
    later = case_of(hidden(answer(reply, question)), KNOWLEDGE)

    assert dict(reading.sources[0]) == json.loads(hidden(reply)[SOURCES])
    assert case.facts.sources
    assert set(case.facts.sources.items()) == set(later.facts.sources.items())
    assert len(case.facts.asserted) + 1 == len(later.facts.asserted)


def test_sources_that_are_no_sources_say_nothing() -> None:
    """Whatever stands in the hidden field of sources, the answer is that of the case."""
    fields = carried(read_case(URGENT), KNOWLEDGE)

    for odd in ("[", "[1]", '{"condition": 1}', '"x"', '{"nowhere": "x"}', "[" * 100_000):
        assert 200 == send({"what": "show", **fields, SOURCES: odd}).status


@pytest.mark.parametrize("odd", ["", "{", "[]", '{"id": "urn:x:1", "color": 1}', "[" * 100_000])
def test_a_carried_case_that_is_none_is_refused(odd: str) -> None:
    """Whoever tampers with the hidden field gets a problem, and no answer."""
    reply = send({"what": "show", CASE: odd})

    assert reply.status in {400, 413}
    assert reply.record is None


# ---- the cards ----


@pytest.mark.parametrize("slug", slugs()[::5])
def test_every_line_of_the_written_answer_stands_on_the_page(slug: str) -> None:
    """The page leaves out nothing that the text says: each headline, detail and caution of each section is there."""
    assessment = assessed(slug)
    text = page(shown(read_case(slug))).text
    said = written(assessment, KNOWLEDGE)
    sections = [*([said.alarm] if said.alarm else []), *said.sections]

    assert [] == [sentence for sentence in (*said.lead, *said.foot) if " ".join(sentence.split()) not in text]
    for section in sections:
        for item in section.items:
            plain = [item.text, *(line.rpartition(" [")[0] if line.endswith("]") else line for line in item.details)]
            for line in plain:
                missing = [part for part in line.replace("Caution: ", "").split(": ") if part not in text]
                assert [] == [part for part in missing if f"{part}." not in text], (section.heading, line)


@pytest.mark.parametrize("slug", slugs()[::5])
def test_each_card_belongs_to_one_conclusion(slug: str) -> None:
    """Each card goes by the name of its conclusion; none is left to be counted but what has no name."""
    assessment = assessed(slug)
    shown_view = view(assessment, KNOWLEDGE)
    keys = [card.key for _, card in shown_view.cards]
    nameless = {"red flag", "genotype", "Warnings about the data", "Status of resistance"}

    assert len(keys) == len(set(keys)) == len({key.anchor for key in keys})
    assert {key.sort for key in keys if not key.conclusion} <= nameless
    assert sorted(r.action for r in assessment.recommendations) == sorted(
        key.name for key in keys if key.sort == "recommendation"
    )
    assert {part.heading for part in shown_view.sources} <= set(SOURCE_PARTS)


def test_a_card_says_what_the_assessment_says() -> None:
    """How strongly, how soon, the regimen and the amount for this patient stand on the card, as words."""
    case = Case.from_json({**read_case(URGENT).to_json(), "patient": {"weightKg": 70}}, KNOWLEDGE)
    advice = next(r for r in shipped().assess(case).recommendations if r.for_this_patient)
    card = page(shown(case)).one("article", id=f"recommendation-{advice.action}")

    assert f"Recommend: {Words(KNOWLEDGE).label(advice.action)} {advice.urgency.lower()}" in card.text
    assert "Regimen 40 mg/kg" in card.text
    assert "For this patient 2800 mg each time" in card.text
    assert {f"knowledge/source/{s.source}.html" for s in advice.statements} <= {
        one.get("href").removeprefix("./").partition("#")[0] for one in card.all("a")
    }


def test_what_is_to_be_avoided_says_so_itself() -> None:
    """No card, and no line of what changed, names an action that is to be avoided without saying so."""
    element = page(shown(read_case(URGENT)))
    avoided = [r.action for r in assessed(URGENT).recommendations if r.kind == "Avoid"]

    assert avoided
    for action in avoided:
        assert element.one("article", id=f"recommendation-{action}").one("h3").text.startswith("Avoid: ")


def test_red_flags_stand_before_everything_else() -> None:
    """The first card is a red flag, before the lead and before any other advice."""
    element = page(shown(read_case(URGENT)))
    order = [one for one in element.one("main").walk() if one.tag in {"section", "article"}]

    assert "alarm" == order[0].get("class")
    assert advised(element)[0] in {r.action for r in assessed(URGENT).recommendations if r.red_flag}


def test_a_line_of_a_source_is_a_link_to_its_place() -> None:
    """A statement on a line leads to the line, one without a line to itself."""
    assessment = assessed(URGENT)
    hrefs = {a.get("href") for a in page(shown(read_case(URGENT))).all("a")}
    words = Words(KNOWLEDGE)

    for statement in (s for r in assessment.recommendations for s in r.statements):
        anchor = f"line-{statement.line}" if words.has_line(statement.id) else statement.id
        assert f"./knowledge/source/{statement.source}.html#{anchor}" in hrefs


def test_a_proof_is_offered_for_each_conclusion_that_has_one() -> None:
    """The button of a card names the conclusion and its sort; the case goes along in the form."""
    buttons = page(shown(read_case(URGENT))).all("button", name="conclusion")
    offered = {button.get("value") for button in buttons}

    assert {f"recommendation:{r.action}" for r in assessed(URGENT).recommendations} <= offered
    assert {"./case/proof"} == {button.get("formaction") for button in buttons}
    assert {"carried"} == {button.get("form") for button in buttons}


# ---- questions ----


def test_every_question_can_be_answered_in_place() -> None:
    """What is asked is a fact, or the value of a field: nothing is asked that the page cannot take."""
    for slug in slugs()[::10]:
        assessment = assessed(slug)
        assert [q.fact for q in assessment.questions] == [one.name for one in asked(assessment, KNOWLEDGE)]


@pytest.mark.parametrize("slug", slugs()[::25])
@pytest.mark.parametrize("said", ["present", "absent"])
def test_an_answer_gives_the_assessment_of_the_case_with_it(slug: str, said: str) -> None:
    """The page after an answer is the page of the case in which the fact is written; its record too."""
    case = read_case(slug)
    name = next(q.name for q in asked(assessed(slug), KNOWLEDGE) if q.field is None)
    form = case.to_json()
    form.setdefault(said, []).append(name)
    expected = shipped().assess(Case.from_json(form, KNOWLEDGE))
    reply = answer(shown(case), f"{said}:{name}")

    assert (200, record_of(expected)) == (reply.status, reply.record)
    assert f"ask-{name}" not in {one.get("id") for one in page(reply).walk()}


def test_a_value_is_answered_with_what_the_ontology_names() -> None:
    """A weight is a number within the bounds of its shape; a condition is chosen; each becomes part of the case."""
    reply = shown(read_case(URGENT))
    question = page(reply).one("li", id="ask-WeightOfPatient")
    after = answer(reply, "value:WeightOfPatient", value="70.50")

    assert ("0", "500") == (
        question.one("input", type="number").get("min"),
        question.one("input", type="number").get("max"),
    )
    assert '"weightKg":70.50' in hidden(after)[CASE]
    assert "2820 mg" in page(after).text
    again = answer(after, "unknown:WeightOfPatient")
    assert facts(reply).asserted == facts(again).asserted


@pytest.mark.parametrize(
    ("value", "says"), [("9999", "at most 500"), ("seventy", "plain decimal"), ("", "nothing is answered")]
)
def test_an_answer_that_cannot_be_taken_is_told_at_its_question(value: str, says: str) -> None:
    """The case stays as it was; the question says what is wrong, and keeps what was entered."""
    reply = shown(read_case(URGENT))
    after = answer(reply, "value:WeightOfPatient", value=value)
    question = page(after).one("li", id="ask-WeightOfPatient")

    assert after.status in {400, 422}
    assert facts(reply).asserted == facts(after).asserted
    assert says in question.one(class_="fault").text
    field = question.one("input", type="number")
    assert ("true", value) == (field.get("aria-invalid"), field.get("value"))


@pytest.mark.parametrize(
    "said",
    ["present:Nothing", "maybe:Pregnancy", "present:WeightOfPatient", "value:Nothing", "", "present:", "x" * 999],
)
def test_an_answer_to_nothing_changes_nothing(said: str) -> None:
    """A fact that is none is refused, and the case stays."""
    reply = shown(read_case(URGENT))
    after = answer(reply, said, value="1")

    assert 400 == after.status
    assert facts(reply).asserted == facts(after).asserted


def test_what_was_answered_can_be_taken_back() -> None:
    """A fact that was answered stands among what is known; taken back, case and answer are what they were."""
    reply = shown(read_case(DATED))
    name = next(q.name for q in asked(assessed(DATED), KNOWLEDGE) if q.field is None)
    after = answer(reply, f"absent:{name}")
    button = page(after).one("section", id="changes").one("button", value=f"unknown:{name}")
    again = answer(after, button.get("value"))

    assert facts(reply).asserted == facts(again).asserted
    assert reply.record == again.record
    assert "You took back" in page(again).one(id="changes").text


def test_an_answer_against_a_kind_takes_the_kind_out() -> None:
    """Who says that a whole is absent does not leave its kind present: no case contradicts itself by an answer."""
    kind = next(f for f in KNOWLEDGE.members(_rfy("ClinicalFact")) if KNOWLEDGE.values(f, _rfy("isKindOf")))
    (whole, *_) = KNOWLEDGE.values(kind, _rfy("isKindOf"))
    assert isinstance(whole, NamedNode)
    case = Case.from_json({"id": "urn:x:1", "present": [kind.value]}, KNOWLEDGE)
    after = with_answer(case, whole.value.rpartition("/")[2], "absent", KNOWLEDGE)

    assert ["absent"] == [key for key in after.to_json() if key in {"present", "absent"}]


def _rfy(name: str) -> NamedNode:
    return NamedNode(f"https://w3id.org/refractory/{name}")


# ---- what changed ----


@pytest.mark.parametrize("slug", slugs()[::15])
def test_all_that_what_if_tells_is_marked(slug: str) -> None:
    """Whatever comes, goes or changes in the answer by `what_if` is new, gone or changed on the page."""
    case = read_case(slug)
    for question in asked(assessed(slug), KNOWLEDGE)[:4]:
        if question.field is not None:
            continue
        found = shipped().what_if(case, present=[question.name])
        after = with_answer(case, question.name, "present", KNOWLEDGE)
        was, now = view(found.before, KNOWLEDGE), view(shipped().assess(after), KNOWLEDGE)
        told = differences(was, now)
        cards = {card.key.name: card for _, card in (*was.cards, *now.cards)}
        marked = {c.title for c in told.changes}
        for change in found.changes:
            if change.what == "action":
                titles = [f"{c.kind}: {c.title}" for c in cards.values() if c.key.name == change.name]
                assert set(titles) & marked, (slug, question.name, change)
        assert bool(found.changes) <= bool(told.changes or told.lead)


def test_cards_say_themselves_that_they_are_new_or_changed() -> None:
    """Each change stands on its card as a word, and in the list; a card that is gone stands in the list."""
    reply = answer(shown(read_case(URGENT)), "present:EyeInvolvementSigns")
    element = page(reply)
    changes = element.one("section", id="changes")
    marked = [one for one in element.all("article") if "changed" in one.get("class").split()]

    assert marked
    for card in marked:
        assert card.one(class_="mark").one("span", class_="badge").text in {"new", "changed"}
        assert f"#{card.get('id')}" in {a.get("href") for a in changes.all("a")}
    gone = answer(reply, "unknown:EyeInvolvementSigns")
    assert "gone" in page(gone).one(id="changes").text


def test_nothing_is_marked_where_nothing_was_answered() -> None:
    """A page that was not answered on has no list of changes, and no marks."""
    element = page(shown(read_case(URGENT)))

    assert not element.all(id="changes")
    assert not element.all(class_="changed")


# ---- the course ----


def test_treatments_and_findings_stand_on_a_line_of_days() -> None:
    """Each has its place in percent, its days in words, and what has no day stands apart."""
    case: dict[str, Any] = {
        "id": "urn:x:1",
        "assessedOn": "2026-03-11",
        "treatments": [
            {
                "drug": "Valacyclovir",
                "status": "Ongoing",
                "startedOn": "2026-03-01",
                "doseMg": "1000",
                "timesPerDay": "3",
            },
            {"drug": "Acyclovir", "status": "Completed", "startedOn": "2026-02-19", "endedOn": "2026-03-01"},
            {"drug": "Famciclovir", "status": "Stopped"},
        ],
        "susceptibility": [{"drug": "Acyclovir", "interpretation": "Resistant", "collectedOn": "2026-03-11"}],
    }
    line = timeline(case, Words(KNOWLEDGE))

    assert ["Famciclovir, stopped"] == [entry.title for entry in line.undated]
    first, second, result = line.dated
    assert ("Acyclovir, completed", 3.0, 47.0) == (first.title, first.left, first.width)
    assert "From 2026-02-19, 20 days before until 2026-03-01, 10 days before" == first.when
    assert ("Valacyclovir 1000 mg 3 times a day, ongoing", 50.0, 47.0, True) == (
        second.title, second.left, second.width, second.open_end,
    )  # fmt: skip
    assert ("Acyclovir: resistant", 97.0, 0.0) == (result.title, result.left, result.width)
    assert "2026-03-11, the day of the assessment" == result.when
    assert (97.0, "0 d") == (line.marks[-1].left, line.marks[-1].text)


def test_without_a_day_of_assessment_days_are_dates() -> None:
    """Nothing is said to be before or after a day that is not known."""
    case = {"id": "urn:x:1", "treatments": [{"drug": "Acyclovir", "status": "Stopped", "endedOn": "2026-03-01"}]}
    line = timeline(case, Words(KNOWLEDGE))

    assert (None, "Until 2026-03-01", True) == (line.assessed, line.dated[0].when, line.dated[0].open_start)
    assert ["2026-03-01"] == [mark.text for mark in line.marks]


# ---- words ----


def test_no_clinical_name_stands_in_a_template_or_a_script() -> None:
    """What is clinical comes from the graph: templates and scripts of the page know no drug, fact or action."""
    from tests.test_no_clinical_name_in_python import mentions

    folder = ROOT / "src" / "refractory" / "web"
    files = [*(folder / "templates" / "page").glob("*.html"), *(folder / "assets").glob("case.*")]

    assert len(files) > 5
    for path in files:
        assert set() == mentions(path.read_text(encoding="utf-8")), path.name


def test_a_value_of_an_item_is_read_as_any_other() -> None:
    """A condition that is chosen is the condition of the case; taken back, it is unknown."""
    case = Case.from_json({"id": "urn:x:1"}, KNOWLEDGE)
    after = with_value(case, "ConditionOfCase", "HerpesZoster", KNOWLEDGE)

    assert {"id": "urn:x:1", "condition": "HerpesZoster"} == after.to_json()
    assert case.facts == with_value(after, "ConditionOfCase", "", KNOWLEDGE).facts


def test_every_cited_line_leads_to_its_place() -> None:
    """Each statement at the end of the page has a link to where it stands, and each source one to its page."""
    for slug in (URGENT, DATED):
        for part in view(assessed(slug), KNOWLEDGE).sources:
            nameless = [card.title for card in part.cards if not card.places]
            assert len(nameless) <= (part.heading == SOURCE_PARTS[0])
