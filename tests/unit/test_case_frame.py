"""The frame: what the reader of a case adds, because no rule makes a node."""

from __future__ import annotations

from typing import Any

import pytest
from pyoxigraph import Literal, NamedNode, Triple

from refractory.case.reader import Case
from refractory.vocabulary import Rdf, Xsd, rfy

IRI = "https://example.org/case/1"


def frame(said: dict[str, Any], iri: str = IRI) -> set[Triple]:
    """Return the frame of a case in JSON."""
    return set(Case.from_json({"id": iri, **said}).facts.frame)


def of(name: str, iri: str = IRI) -> NamedNode:
    """Return a node of the case."""
    return NamedNode(f"{iri}#{name}")


def specimens(*texts: str | None) -> list[str]:
    """Return for each result, by the text of its specimen, the local name of its specimen's node."""
    results = [{"drug": "Acyclovir", **({"specimen": text} if text else {})} for text in texts]
    facts = frame({"susceptibility": results})
    found = {t.subject: t.object for t in facts if t.predicate == rfy("fromSpecimen")}
    nodes = [found.get(of(f"isolate.{number}")) for number in range(1, len(texts) + 1)]
    return [node.value.rpartition("#")[2] if isinstance(node, NamedNode) else "" for node in nodes]


def days(start: str | None, today: str | None) -> list[str]:
    """Return the days since the start of a treatment."""
    began = {"startedOn": start} if start else {}
    said = {"treatments": [{"drug": "Valacyclovir", "status": "Ongoing", **began}]}
    facts = frame({**said, "assessedOn": today} if today else said)
    found = [t.object for t in facts if t.predicate == rfy("daysSinceStart") and t.subject == of("treatment.1")]
    return [number.value for number in found if isinstance(number, Literal) and number.datatype == Xsd.DECIMAL]


def test_the_least_case_has_a_patient_and_a_virus() -> None:
    """Of a case that says nothing, the frame has a patient and the virus of the episode."""
    case = NamedNode(IRI)

    assert frame({}) == {
        Triple(case, rfy("hasPatient"), of("patient")),
        Triple(of("patient"), Rdf.TYPE, rfy("Patient")),
        Triple(case, rfy("hasVirus"), of("virus")),
        Triple(of("virus"), Rdf.TYPE, rfy("EpisodeVirus")),
    }


def test_a_patient_that_is_described_is_not_made_again() -> None:
    """Where the case says something of the patient, the frame adds none."""
    assert not [t for t in frame({"patient": {"ageYears": 64}}) if t.predicate == rfy("hasPatient")]


def test_each_result_describes_an_isolate_of_its_own() -> None:
    """Two results have two isolates of the one virus, and without a specimen no specimen is made."""
    facts = frame({"susceptibility": [{"drug": "Acyclovir"}, {"drug": "Foscarnet"}]})

    for number in (1, 2):
        assert {
            Triple(of(f"isolate.{number}"), Rdf.TYPE, rfy("Isolate")),
            Triple(of("virus"), rfy("hasIsolate"), of(f"isolate.{number}")),
            Triple(of(f"result.{number}"), rfy("describesIsolate"), of(f"isolate.{number}")),
        } <= facts
    assert not [t for t in facts if t.predicate == rfy("fromSpecimen")]


def test_the_isolate_of_the_tenth_result_is_the_tenth() -> None:
    """Isolates are numbered as their results are."""
    facts = frame({"susceptibility": [{"drug": "Acyclovir"}] * 11})

    assert {(of(f"result.{n}"), of(f"isolate.{n}")) for n in range(1, 12)} == {
        (t.subject, t.object) for t in facts if t.predicate == rfy("describesIsolate")
    }


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("swab", "swab"), ["specimen.1", "specimen.1"]),
        (("lesion, left thorax", " Lesion,  LEFT thorax. "), ["specimen.1", "specimen.1"]),
        (("(swab)", "swab"), ["specimen.1", "specimen.1"]),
        (("l\u00e9sion", "le\u0301sion"), ["specimen.1", "specimen.1"]),
        (("lesion, left thorax", "lesion, right thorax"), ["specimen.1", "specimen.2"]),
        (("swab 1", "swab 2", "swab 1"), ["specimen.1", "specimen.2", "specimen.1"]),
        (("swab", None), ["specimen.1", ""]),
        (("...", "?"), ["specimen.1", "specimen.2"]),
    ],
)
def test_one_specimen_written_twice_is_one(texts: tuple[str | None, ...], expected: list[str]) -> None:
    """Letter case, spacing and punctuation at the ends do not make another specimen; other words do."""
    assert expected == specimens(*texts)


@pytest.mark.parametrize(
    ("start", "today", "expected"),
    [
        ("2026-03-01", "2026-03-10", "9"),
        ("2026-03-10", "2026-03-10", "0"),
        ("2026-03-11", "2026-03-10", "-1"),
        ("2024-02-28", "2024-03-01", "2"),
    ],
)
def test_days_are_counted_from_the_start_to_the_assessment(start: str, today: str, expected: str) -> None:
    """The days since a treatment began are those between two dates of the calendar."""
    assert [expected] == days(start, today)


def test_without_both_dates_no_day_is_counted() -> None:
    """The assessment never defaults to today."""
    assert days("2026-03-01", None) == []
    assert days(None, "2026-03-10") == []


def test_two_days_of_assessment_count_nothing() -> None:
    """A case that names two days, which the shapes refuse, is not counted by either."""
    turtle = f"""@prefix rfy: <https://w3id.org/refractory/> . @prefix xsd: <{Xsd.DATE.value.removesuffix("date")}> .
        <{IRI}> a rfy:Case ; rfy:assessedOn "2026-03-10"^^xsd:date , "2026-03-11"^^xsd:date ;
        rfy:hasTreatment [ rfy:startedOn "2026-03-01"^^xsd:date ] ."""
    facts = Case.from_turtle(turtle).facts

    assert facts.assessed_on is None
    assert not [t for t in facts.frame if t.predicate == rfy("daysSinceStart")]


def test_parts_of_a_case_whose_iri_has_a_fragment_join_it_with_a_dot() -> None:
    """An IRI has one fragment, so the names of parts extend it."""
    iri = "https://example.org/cases#1"

    assert NamedNode(f"{iri}.patient") in {t.object for t in frame({}, iri)}
