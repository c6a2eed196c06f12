"""The frame: what the reader of a case adds, because no rule makes a node."""

from __future__ import annotations

from typing import Any

import pytest
from pyoxigraph import Literal, NamedNode, Triple

from refractory.case.reader import Case
from refractory.vocabulary import Rdf, Xsd, local_name, rfy

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


def days(day: str | None, today: str | None, key: str = "startedOn", count: str = "daysSinceStart") -> list[str]:
    """Return the days since the start of a treatment, or since its end."""
    began = {key: day} if day else {}
    said = {"treatments": [{"drug": "Valacyclovir", "status": "Completed", **began}]}
    facts = frame({**said, "assessedOn": today} if today else said)
    found = [t.object for t in facts if t.predicate == rfy(count) and t.subject == of("treatment.1")]
    return [number.value for number in found if isinstance(number, Literal) and number.datatype == Xsd.DECIMAL]


def measured(quantity: str, value: float, unit: str, day: str | None = None) -> dict[str, Any]:
    """Return a measurement."""
    return {"quantity": quantity, "value": value, "unit": unit, **({"takenOn": day} if day else {})}


def quantities(said: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Return for each quantity of a case the node and the value that count."""
    facts = Case.from_json({"id": IRI, **said}).facts
    found = {}
    for has in facts.frame:
        if has.predicate == rfy("hasQuantityValue"):
            assert isinstance(has.object, NamedNode)
            (quantity,) = (t.object for t in facts.all if (t.subject, t.predicate) == (has.object, rfy("ofQuantity")))
            (value,) = (t.object for t in facts.all if (t.subject, t.predicate) == (has.object, rfy("canonicalValue")))
            assert isinstance(quantity, NamedNode)
            assert isinstance(value, Literal)
            assert value.datatype == Xsd.DECIMAL
            found[local_name(quantity.value)] = (has.object.value.rpartition("#")[2], value.value)
    return found


def stated(said: dict[str, Any], name: str) -> list[str]:
    """Return the values of a property of the patient that the frame adds."""
    return [str(t.object.value) for t in frame(said) if t.subject == of("patient") and t.predicate == rfy(name)]  # type: ignore[union-attr]  # a literal


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


@pytest.mark.parametrize(("end", "expected"), [("2026-03-03", "7"), ("2026-03-10", "0"), ("2026-02-28", "10")])
def test_days_are_counted_from_the_end_to_the_assessment(end: str, expected: str) -> None:
    """The days since a treatment ended are counted as those since it began, and neither stands for the other."""
    assert [expected] == days(end, "2026-03-10", "endedOn", "daysSinceEnd")
    assert days(end, "2026-03-10", "endedOn", "daysSinceStart") == []
    assert days(end, None, "endedOn", "daysSinceEnd") == []


def test_a_genotype_finding_describes_an_isolate_numbered_after_the_results() -> None:
    """A result has the first isolate whatever genotype findings there are, and one text is one specimen for both."""
    results = [{"drug": "Acyclovir", "specimen": "swab"}, {"drug": "Foscarnet"}]
    findings = [{"virus": "VZV", "gene": "ORF36", "mutation": "x", "specimen": text} for text in ("Swab.", "blood")]
    without = frame({"susceptibility": results})
    facts = frame({"susceptibility": results, "genotype": findings})
    described = {(t.subject, t.object) for t in facts if t.predicate == rfy("describesIsolate")}
    specimens_of = {(t.subject, t.object) for t in facts if t.predicate == rfy("fromSpecimen")}

    assert without <= facts
    assert described == {
        (of("result.1"), of("isolate.1")), (of("result.2"), of("isolate.2")),
        (of("genotype.1"), of("isolate.3")), (of("genotype.2"), of("isolate.4")),
    }  # fmt: skip
    assert specimens_of == {
        (of("isolate.1"), of("specimen.1")), (of("isolate.3"), of("specimen.1")), (of("isolate.4"), of("specimen.2")),
    }  # fmt: skip


def test_what_the_patient_states_is_a_quantity_with_a_node_of_its_own() -> None:
    """Weight and clearance of the patient are quantities too, plainly written; the age is none."""
    patient = {"ageYears": 64, "weightKg": 70.50, "creatinineClearanceMlPerMin": 85.0}

    assert quantities({"patient": patient}) == {
        "BodyWeight": ("quantity.1", "70.5"), "CreatinineClearance": ("quantity.2", "85"),
    }  # fmt: skip
    assert quantities({"patient": {"creatinineClearanceMlPerMin": 85}}) == {"CreatinineClearance": ("quantity.1", "85")}
    assert quantities({"patient": {"ageYears": 64}}) == {}


def test_without_a_quantity_nothing_is_added() -> None:
    """Neither a measurement nor a value of the patient: no triple of the frame speaks of quantities."""
    spoken = {rfy("hasQuantityValue"), rfy("ofQuantity"), rfy("canonicalValue")}

    assert not {t.predicate for t in frame({"treatments": [{"drug": "Valacyclovir", "status": "Ongoing"}]})} & spoken


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (measured("SerumCreatinine", 1.8, "mg/dL"), "1.8"),
        (measured("SerumCreatinine", 18, "mg/L"), "1.8"),
        (measured("SerumCreatinine", 0.018, "g/L"), "1.8"),
        (measured("CreatinineClearance", 50, "mL/min"), "50"),
        (measured("CreatinineClearance", 3.0, "L/h"), "50"),
        (measured("CreatinineClearance", 3.3, "L/h"), "55"),
        (measured("CreatinineClearance", 5, "L/h"), "83.333333333333"),
        (measured("BodyWeight", 70500, "g"), "70.5"),
        (measured("BodyWeight", 154, "[lb_av]"), "69.85322498"),
    ],
)
def test_a_measurement_counts_in_the_canonical_unit(entry: dict[str, Any], expected: str) -> None:
    """The measurement's own node has the value, converted exactly where a decimal number is exact."""
    assert quantities({"measurements": [entry]}) == {entry["quantity"]: ("measurement.1", expected)}


def test_a_measured_weight_or_clearance_is_the_patients() -> None:
    """A measurement of what a property of the patient states yields that property; another one yields none."""
    entries = [measured("BodyWeight", 154, "[lb_av]"), measured("CreatinineClearance", 3, "L/h")]
    facts = frame({"measurements": [*entries, measured("SerumCreatinine", 1.8, "mg/dL")]})

    assert stated({"measurements": entries}, "weightKg") == ["69.85322498"]
    assert stated({"measurements": entries}, "creatinineClearanceMlPerMin") == ["50"]
    assert {t.predicate for t in facts if t.subject == of("patient")} == {
        Rdf.TYPE, rfy("weightKg"), rfy("creatinineClearanceMlPerMin"),
    }  # fmt: skip


def test_what_is_stated_and_measured_alike_is_said_once() -> None:
    """The patient's property stays as it was written, and the measurement is the value that counts."""
    said = {"patient": {"weightKg": 70.0}, "measurements": [measured("BodyWeight", 70000, "g")]}

    assert quantities(said) == {"BodyWeight": ("measurement.1", "70")}
    assert stated(said, "weightKg") == []


def test_of_several_measurements_the_latest_counts() -> None:
    """The order in the file does not matter, and a measurement without a day gives way to one that has one."""
    entries = [
        measured("SerumCreatinine", 1.2, "mg/dL", "2026-03-01"),
        measured("SerumCreatinine", 18, "mg/L", "2026-03-09"),
        measured("SerumCreatinine", 1.5, "mg/dL", "2025-12-31"),
        measured("BodyWeight", 70, "kg"),
        measured("BodyWeight", 70000, "g", "2026-03-01"),
    ]

    assert quantities({"measurements": entries}) == {
        "SerumCreatinine": ("measurement.2", "1.8"), "BodyWeight": ("measurement.5", "70"),
    }  # fmt: skip


@pytest.mark.parametrize(
    "entry",
    [
        measured("SerumCreatinine", 160, "umol/L"),
        measured("CreatinineClearance", 60, "mL/min/{1.73_m2}"),
        measured("BodyWeight", 70, "mL/min"),
        measured("BodyWeight", 70, "mg/kg"),
        measured("Foscarnet", 70, "kg"),
        {"quantity": "BodyWeight", "unit": "kg"},
        {"quantity": "BodyWeight", "value": 70},
        {"value": 70, "unit": "kg"},
    ],
)
def test_what_the_shapes_refuse_counts_as_nothing(entry: dict[str, Any]) -> None:
    """A unit of another dimension, or a missing part, gives no value and no property, and no error here."""
    assert quantities({"measurements": [entry]}) == {}
    assert stated({"measurements": [entry]}, "weightKg") == []


def test_a_measurement_that_says_two_things_counts_as_nothing() -> None:
    """Two values, units, quantities or days in one measurement are for the shapes to tell."""
    node = 'rfy:ofQuantity rfy:BodyWeight ; rfy:measuredValue 70 ; rfy:unitCode "kg"'
    more = (
        "rfy:measuredValue 71", 'rfy:unitCode "g"', "rfy:ofQuantity rfy:SerumCreatinine",
        'rfy:takenOn "2026-03-01"^^xsd:date , "2026-03-02"^^xsd:date',
    )  # fmt: skip
    for second in more:
        turtle = f"""@prefix rfy: <https://w3id.org/refractory/> .
            @prefix xsd: <{Xsd.DATE.value.removesuffix("date")}> .
            <{IRI}> a rfy:Case ; rfy:hasMeasurement [ {node} ; {second} ] ."""
        facts = Case.from_turtle(turtle).facts

        assert not [t for t in facts.frame if t.predicate == rfy("hasQuantityValue")], second


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
