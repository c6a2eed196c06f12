"""The form of a case: made from the shapes, answered as JSON is, and given back with what is wrong at its fields."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from refractory import Case
from refractory.service.pages.carried import form_of
from refractory.service.pages.entered import entered_of
from refractory.service.pages.fields import CaseForm
from refractory.service.work.messages import Task
from refractory.service.work.tasks import perform, record_of
from tests.page.asked import advised, facts, page, send, shown, upload
from tests.page.parsed import Element, fields_of, parsed
from tests.support import ROOT, read_case, shipped, slugs

BAD = ROOT / "tests" / "bad"
KNOWLEDGE = shipped().knowledge


def form() -> CaseForm:
    """Return the form of the shipped knowledge."""
    return CaseForm.of(KNOWLEDGE)


def empty() -> Element:
    """Return the page with the empty form."""
    return parsed(perform(shipped(), Task("page", b"", {})).body)


def fields(case: Case) -> dict[str, Any]:
    """Return what a form sends that says what a case says."""
    return {"what": "form", **entered_of(form_of(case.facts, KNOWLEDGE), form())}


# ---- what the form is ----


def test_every_key_of_a_case_has_a_field() -> None:
    """What JSON can say, the form can: no key of the published schema is left out."""
    schema = json.loads((ROOT / "schemas" / "case.schema.json").read_text())["properties"]
    by_section = {section.key: {one.key for one in section.fields} for section in form().sections}

    plain = by_section[""] | {"id", "@context", "present", "absent"}
    assert set(schema) == plain | (set(by_section) - {"", "fact"})
    for key in ("treatments", "susceptibility", "genotype", "measurements"):
        assert set(schema[key]["items"]["properties"]) == by_section[key]
    assert set(schema["patient"]["properties"]) == by_section["patient"]


def test_words_and_bounds_of_a_field_are_those_of_its_shape() -> None:
    """Label, description, least and most are what the shape of the property says, and stand in the page."""
    field = next(one for section in form().sections for one in section.fields if one.key == "doseMg")
    found = empty().one("input", name="treatments[0].doseMg")

    assert ("Dose in milligrams", "number", "0", "20000") == (field.label, field.kind, field.least, field.most)
    assert (field.least, field.most, "any") == (found.get("min"), found.get("max"), found.get("step"))
    assert found.get("aria-describedby") in {one.get("id") for one in empty().all("p", class_="hint")}


def test_every_clinical_fact_is_asked_and_unknown_to_begin_with() -> None:
    """Present, absent and unknown are three different answers, and unknown is the one that nobody has to give."""
    groups = empty().all("fieldset", class_="fact")

    assert len(form().facts) == len(groups) > 20
    for group in groups:
        ways = group.all("input", type="radio")
        assert ["present", "absent", "unknown"] == [way.get("value") for way in ways]
        assert ["unknown"] == [way.get("value") for way in ways if "checked" in way.attributes]


def test_every_field_has_a_label_of_its_own() -> None:
    """No two elements have one anchor, and each label and description points at one that is there."""
    for element in (empty(), page(shown(read_case(slugs()[0])))):
        anchors = [one.get("id") for one in element.walk() if one.get("id")]
        assert len(anchors) == len(set(anchors))
        pointed = [one.get("for") for one in element.all("label") if one.get("for")]
        pointed += [a for one in element.walk() for a in one.get("aria-describedby").split()]
        pointed += [a for one in element.walk() for a in one.get("aria-labelledby").split()]
        pointed += [one.get("form") for one in element.all("button") if one.get("form")]
        assert [] == [anchor for anchor in pointed if anchor not in anchors]


# ---- what it says ----


@pytest.mark.parametrize("slug", slugs()[::6])
def test_a_case_by_form_is_answered_as_by_json(slug: str) -> None:
    """The same facts, the same record, and the same actions on the page, in their order."""
    case = read_case(slug)
    reply = send(fields(case))
    expected = shipped().assess(case)

    assert 200 == reply.status
    assert record_of(expected) == reply.record
    assert case.facts.asserted == facts(reply).asserted
    assert sorted(item.action for item in expected.recommendations) == sorted(advised(page(reply)))


@pytest.mark.parametrize("slug", slugs()[::20])
def test_the_form_of_a_case_says_what_the_case_says(slug: str) -> None:
    """A case that is changed comes back as the form; sent as it stands, it is the same case."""
    case = read_case(slug)
    form_page = page(send({**carried_of(case), "what": "edit"}))
    again = send(fields_of(form_page.one("form", id="form")))

    assert case.facts.asserted == facts(again).asserted


def carried_of(case: Case) -> dict[str, str]:
    """Return the hidden fields of a case."""
    from refractory.service.pages.carried import carried

    return carried(case, KNOWLEDGE)


def test_an_empty_form_is_a_case_that_says_nothing() -> None:
    """It gets a random identifier, no advice, and questions."""
    one, other = (send(fields_of(empty().one("form", id="form"))) for _ in range(2))

    assert (200, []) == (one.status, advised(page(one)))
    assert page(one).all("li", class_="question")
    assert facts(one).case.value.startswith("urn:uuid:")
    assert facts(one).case != facts(other).case
    assert 1 == len(facts(one).asserted)


def test_unknown_is_never_no() -> None:
    """Facts left unknown are neither present nor absent."""
    sent = fields_of(empty().one("form", id="form"))
    fact = form().facts[0].name
    said = facts(send({**sent, f"fact.{fact}": "absent"}))

    assert [f"hasAbsent {fact}"] == [
        f"{t.predicate.value.rpartition('/')[2]} {str(t.object).rpartition('/')[2].rstrip('>')}"
        for t in said.asserted
        if "Absent" in t.predicate.value or "Present" in t.predicate.value
    ]


def test_a_part_left_empty_says_nothing_and_gaps_close() -> None:
    """Of three treatments of which the second is empty, two are said, and the next form counts them without a gap."""
    drug = form().sections[2].fields[0].options
    sent = {"what": "form", "treatments[0].drug": drug[0].value, "treatments[0].status": "Ongoing"}
    sent |= {"treatments[1].drug": "", "treatments[1].doseMg": " "}
    sent |= {"treatments[2].drug": drug[1].value, "treatments[2].status": "Stopped"}
    reply = send(sent)
    again = page(send({**{k: str(v) for k, v in hidden_of(reply).items()}, "what": "edit"}))

    assert 200 == reply.status
    assert drug[1].value == fields_of(again.one("form", id="form"))["treatments[1].drug"]
    assert not again.all("select", name="treatments[2].drug")


def hidden_of(reply: Any) -> dict[str, Any]:
    """Return the hidden fields of a page."""
    from tests.page.asked import hidden

    return hidden(reply)


def test_another_part_is_added_without_script() -> None:
    """The button gives the form back with what stands in it, and with an empty part in which one may go on."""
    sent = {**fields_of(empty().one("form", id="form")), "treatments[0].doseMg": "500"}
    again = page(send({**sent, "add": "treatments"}))

    assert "500" == again.one("input", name="treatments[0].doseMg").get("value")
    assert "autofocus" in again.one("select", name="treatments[1].drug").attributes
    assert not again.all("article")


# ---- what is wrong ----


def nonconforming() -> list[str]:
    """Return the bad cases that are read and then do not conform."""
    found = []
    for path in sorted(BAD.glob("*/expected.json")):
        said = json.loads(path.read_text())
        if said["exit"] == 1 and (path.parent / "bad.json").exists():
            found.append(path.parent.name)
    return found


@pytest.mark.parametrize("slug", nonconforming())
def test_what_does_not_conform_comes_back_with_each_finding_at_its_field(slug: str) -> None:
    """Each violation of the report stands in the summary, linked to a field that is marked wrong and says why."""
    content = (BAD / slug / "bad.json").read_bytes()
    report = shipped().validate(Case.from_json(content, KNOWLEDGE))
    reply = upload(content)
    element = page(reply)
    summary = element.one(id="faults")

    assert (422, None) == (reply.status, reply.record)
    assert not element.all("article")
    assert len(report.violations) == len(summary.all("li"))
    for finding, item in zip(report.violations, summary.all("li"), strict=True):
        assert finding.message in item.text
        target = element.one(id=item.one("a").get("href").removeprefix("#"))
        assert "true" == target.get("aria-invalid") or target.tag in {"fieldset", "section", "details"}
        told = " ".join(element.one(id=a).text for a in target.get("aria-describedby").split())
        whole = told if finding.fix in told else f"{target.text} {item.text}"
        assert finding.message in whole
        assert finding.why in whole
        assert finding.fix in whole


def refused() -> list[Path]:
    """Return the bad cases that are not even read."""
    found = []
    for path in sorted(BAD.glob("*/expected.json")):
        if json.loads(path.read_text())["exit"] in {3, 4}:
            found += [one for one in path.parent.glob("bad.*") if one.suffix in {".json", ".ttl", ".nt"}]
    return found


@pytest.mark.parametrize("path", refused(), ids=lambda path: path.parent.name)
def test_a_refused_file_is_used_in_no_part(path: Path) -> None:
    """The page says what is wrong with the file, and its form is as empty as at the beginning."""
    reply = upload(path.read_bytes(), f"bad{path.suffix}")
    element = page(reply)

    assert (reply.status, reply.record) in {(400, None), (413, None)}
    assert not element.all("article")
    assert "field-file" == element.one(id="faults").one("a").get("href").removeprefix("#")
    assert fields_of(empty().one("form", id="form")) == fields_of(element.one("form", id="form"))


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("patient.weightKg", "70,5", "plain decimal"),
        ("patient.weightKg", "1e2", "plain decimal"),
        ("patient.ageYears", "\N{ARABIC-INDIC DIGIT FOUR}", "plain decimal"),
        ("assessedOn", "10.3.2026", "plain date"),
        ("assessedOn", "2026-02-30", "no day"),
        ("id", "case 1", "absolute IRI"),
        ("id", "https://w3id.org/refractory/x", "own namespace"),
        ("condition", "Nothing", "no term is called"),
        ("susceptibility[0].specimen", "a\u202eb", "control character"),
    ],
)
def test_what_is_not_written_as_it_should_be_is_told_at_its_field(name: str, value: str, says: str) -> None:
    """The field keeps what was entered, is marked wrong, and says what is wrong; nothing is concluded."""
    reply = send({"what": "form", "treatments[0].drug": "", name: value})
    element = page(reply)
    field = next(one for one in element.walk() if one.get("name") == name)

    assert (400, None) == (reply.status, reply.record)
    assert "true" == field.get("aria-invalid")
    assert says in " ".join(element.one(id=anchor).text for anchor in field.get("aria-describedby").split())
    kept = field.get("value") if field.tag == "input" else fields_of(element.one("form", id="form"))[name]
    assert value == kept


def test_all_that_is_wrong_is_told_at_once() -> None:
    """Two faults are two lines, not one after the other."""
    reply = send({"what": "form", "patient.weightKg": "x", "assessedOn": "y"})

    assert 2 == len(page(reply).one(id="faults").all("li"))


@pytest.mark.parametrize(
    "sent",
    [
        {"what": "form", "color": "red"},
        {"what": "form", "treatments[0].color": "red"},
        {"what": "form", "treatments[101].drug": "x"},
        {"what": "form", "fact.Nothing": "present"},
        {"what": "form", "condition": ["x", "y"]},
        {"what": "nothing"},
        {"what": ["form", "form"]},
        {},
    ],
)
def test_what_the_form_has_not_is_not_passed_over(sent: dict[str, Any]) -> None:
    """A field that nobody knows might have meant something: the whole is refused."""
    assert (400, None) == (send(sent).status, send(sent).record)
