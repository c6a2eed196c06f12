"""Every row of the mapping, and every status in it, has a positive and a negative twin, made from the mapping."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from refractory.case.fhir.codes import Codes
from refractory.case.fhir.mapping import Check, FhirMapping, Row
from refractory.case.fhir.reading import read_bundle
from refractory.case.fhir.trace import IGNORED, UNKNOWN, USED, FhirReading
from refractory.vocabulary import local_name
from tests.fhir_writer import INTERPRETATION, OWN, bundle, concept, quantity
from tests.support import shipped

MAPPING = FhirMapping.of(shipped().knowledge.files)
CODES = Codes(shipped().knowledge, MAPPING)
ROWS = {row.id: row for row in MAPPING.rows}
SYSTEMS = {prefix: system for system, prefix in MAPPING.systems.items()}
TODAY = "2026-03-10"

# What makes a resource of a type say something, besides code and status.
SAYS: dict[str, dict[str, Any]] = {
    "age": {"birthDate": "1960-05-01"},
    "fact-as-observation": {"valueBoolean": True},
    "hiv-test": {"interpretation": [concept("POS", INTERPRETATION)]},
    "hiv-screen": {"interpretation": [concept("NEG", INTERPRETATION)]},
    "lesion-course": {"valueCodeableConcept": concept("Spreading")},
    "body-weight": {"valueQuantity": quantity(70, "kg")},
    "serum-creatinine": {"valueQuantity": quantity(1, "mg/dL")},
    "creatinine-clearance": {"valueQuantity": quantity(80, "mL/min")},
    "susceptibility": {
        "interpretation": [concept("R", INTERPRETATION)],
        "component": [{"code": concept("testsDrug"), "valueCodeableConcept": concept("Foscarnet")}],
    },
    "variant": {
        "component": [
            {"code": concept("foundInVirus"), "valueCodeableConcept": concept("VaricellaZosterVirus")},
            {"code": concept("foundInGene"), "valueCodeableConcept": concept("ORF36")},
            {"code": concept("mutation"), "valueString": "frameshift"},
        ]
    },
    "medication-statement": {"effectivePeriod": {"start": "2026-03-01"}},
    "medication-request": {"authoredOn": "2026-03-01", "intent": "order"},
    "medication-administration": {"effectivePeriod": {"start": "2026-03-01", "end": "2026-03-05"}},
}


def coded(curie: str) -> dict[str, Any]:
    """Return a CodeableConcept of a CURIE."""
    prefix, _, code = curie.partition(":")
    return concept(code, SYSTEMS[prefix])


def codes_of(row: Row) -> dict[str, bool]:
    """Return every code that speaks of a row, and whether the row admits it."""
    if row.term:
        return dict.fromkeys(row.codes, True)
    terms = CODES.terms(row.codes_of)
    found = {f"rfy:{local_name(term.value)}": True for term in terms}
    for term, nearness, curie in shipped().knowledge.code_table:
        if term in terms and curie.partition(":")[0] in SYSTEMS:
            admitted = curie in row.also or (nearness in row.matches and curie not in row.without)
            found[curie] = found.get(curie, False) or admitted
    return found


def with_status(resource: dict[str, Any], check: Check, code: str) -> None:
    """Give a resource a status, as the element of the check has it."""
    name = check.path.split(".", maxsplit=1)[0]
    if "system = " in check.path:
        resource[name] = concept(code, check.path.split("'")[1])
    else:
        resource[name] = code


def resource_of(row: Row, curie: str = "") -> dict[str, Any]:
    """Return a resource that a row uses."""
    resource = {"resourceType": row.resource, "id": "x", **copy.deepcopy(SAYS.get(row.id, {}))}
    for name in row.checks:
        with_status(resource, MAPPING.checks[name], MAPPING.checks[name].used[0])
    if row.code:
        admitted = sorted(code for code, admitted in codes_of(row).items() if admitted)
        # A code of our own means exactly the term, so that its negative denies the term.
        curie = curie or next((code for code in admitted if code.startswith("rfy:")), admitted[0])
        resource["medicationCodeableConcept" if row.code.startswith("medication") else "code"] = coded(curie)
    return resource


def reading_of(resource: dict[str, Any]) -> FhirReading:
    """Return what is made of one resource."""
    return read_bundle(bundle(resource), shipped().knowledge, assessed_on=TODAY)


def outcomes(reading: FhirReading, row: Row) -> set[str]:
    """Return what became of the resource by a row."""
    return {entry.outcome for entry in reading.trace if entry.row == row.id}


def facts(reading: FhirReading) -> dict[str, Any]:
    """Return what the one case says, besides its name and day."""
    (case,) = reading.cases
    return {key: value for key, value in case.items() if key not in ("id", "assessedOn")}


@cache
def statuses() -> tuple[tuple[str, str, str], ...]:
    """Return each row with each status in its checks, and what that makes of a resource."""

    def each() -> Iterator[tuple[str, str, str]]:
        for row in MAPPING.rows:
            for name in row.checks:
                for verdict in ("used", "unknown", "excluded", "absent"):
                    yield from ((row.id, f"{name}={code}", verdict) for code in getattr(MAPPING.checks[name], verdict))

    return tuple(each())


@pytest.mark.parametrize("row_id", ROWS)
def test_a_row_uses_what_it_speaks_of(row_id: str) -> None:
    """The positive twin makes a fact, and the trace says which."""
    row = ROWS[row_id]
    reading = reading_of(resource_of(row))

    assert outcomes(reading, row) == {USED}
    assert facts(reading)
    assert all(source.startswith(row.resource) for place, source in reading.sources[0].items() if place != "assessedOn")


@pytest.mark.parametrize("row_id", ROWS)
def test_a_row_ignores_another_code(row_id: str) -> None:
    """The negative twin, with a code that no row has, or without what the row reads, makes nothing."""
    row = ROWS[row_id]
    resource = resource_of(row)
    for key in ("code", "medicationCodeableConcept"):
        if key in resource:
            resource[key] = concept("no-such-code", "http://loinc.org")
    resource.pop("birthDate", None)

    assert facts(reading_of(resource)) == {}


@pytest.mark.parametrize(
    ("row_id", "curie"), [(row.id, code) for row in MAPPING.rows if row.code for code in codes_of(row)]
)
def test_every_code_is_used_or_said_to_be_only_near(row_id: str, curie: str) -> None:
    """A code that the row admits makes a fact; one that is only near makes none, and the trace says so."""
    row = ROWS[row_id]
    reading = reading_of(resource_of(row, curie))

    admitted = codes_of(row)[curie]
    # A negative result of something narrower than the term denies too little.
    assert outcomes(reading, row) == ({USED} if admitted else {UNKNOWN})


@pytest.mark.parametrize(("row_id", "status", "verdict"), statuses())
def test_every_status_does_what_the_mapping_says(row_id: str, status: str, verdict: str) -> None:
    """A status that is used makes a fact; one that excludes makes none and is ignored; others are unknown."""
    row = ROWS[row_id]
    resource = resource_of(row)
    name, _, code = status.partition("=")
    with_status(resource, MAPPING.checks[name], code)
    reading = reading_of(resource)

    expected = {"used": USED, "absent": USED, "unknown": UNKNOWN, "excluded": IGNORED}[verdict]
    assert outcomes(reading, row) == {expected}
    assert bool(facts(reading)) == (expected == USED)
    if verdict == "absent":
        assert set(facts(reading)) == {"absent"}


@pytest.mark.parametrize(("row_id", "name"), [(row.id, name) for row in MAPPING.rows for name in row.checks])
def test_a_status_that_no_list_has_is_unknown(row_id: str, name: str) -> None:
    """A code that FHIR does not have is no permission."""
    row, check = ROWS[row_id], MAPPING.checks[name]
    resource = resource_of(row)
    with_status(resource, check, "bogus")

    assert facts(reading_of(resource)) == {}


@pytest.mark.parametrize(("row_id", "name"), [(row.id, name) for row in MAPPING.rows for name in row.checks])
def test_a_status_that_is_missing_is_what_the_mapping_says(row_id: str, name: str) -> None:
    """A missing status is used only where the mapping says so."""
    row, check = ROWS[row_id], MAPPING.checks[name]
    resource = resource_of(row)
    resource.pop(check.path.split(".", maxsplit=1)[0])

    assert bool(facts(reading_of(resource))) == (check.missing == "used")


FIELDS = [
    (row.id, field.name) for row in MAPPING.rows for field in row.fields if field.kind in ("measured", "quantity")
]


def with_quantity(row: Row, changed: dict[str, Any]) -> FhirReading:
    """Return what is made of a resource whose quantity is changed."""
    resource = resource_of(row)
    said = {**resource.get("valueQuantity", quantity(500, "mg")), **changed}
    said = {key: value for key, value in said.items() if value is not None}
    if "valueQuantity" in resource:
        resource["valueQuantity"] = said
    elif row.resource == "MedicationAdministration":
        resource["dosage"] = {"dose": said}
    else:
        dosage = "dosage" if row.resource == "MedicationStatement" else "dosageInstruction"
        resource[dosage] = [{"doseAndRate": [{"doseQuantity": said}]}]
    return reading_of(resource)


def numbers(reading: FhirReading) -> list[Any]:
    """Return doses and measured values of the one case."""
    (case,) = reading.cases
    treatments, measurements = case.get("treatments", []), case.get("measurements", [])
    return [part[key] for part in (*treatments, *measurements) for key in ("doseMg", "value") if key in part]


@pytest.mark.parametrize(("row_id", "name"), FIELDS)
def test_a_quantity_with_its_ucum_code_is_read(row_id: str, name: str) -> None:
    """The positive twin of those below."""
    assert len(numbers(with_quantity(ROWS[row_id], {}))) == 1, name


@pytest.mark.parametrize(("row_id", "name"), FIELDS)
@pytest.mark.parametrize(
    "changed",
    [
        {"comparator": "<"},
        {"comparator": ">"},
        {"code": None},
        {"system": None},
        {"system": "http://example.org/units"},
        {"code": "MG/DL"},
        {"code": "mL/min/{1.73_m2}"},
        {"value": None},
    ],
    ids=str,
)
def test_a_quantity_that_is_not_sure_is_unknown(row_id: str, name: str, changed: dict[str, Any]) -> None:
    """A comparator, a unit in words, another system, another unit, and no value at all make no number."""
    reading = with_quantity(ROWS[row_id], changed)

    assert numbers(reading) == [], name
    assert {entry.outcome for entry in reading.trace} & {UNKNOWN, IGNORED}


def test_an_egfr_is_named_and_ignored() -> None:
    """Even under the code of a clearance, a value per 1.73 m2 is no clearance, and the trace says why."""
    reading = with_quantity(ROWS["creatinine-clearance"], {"code": "mL/min/{1.73_m2}"})

    assert facts(reading) == {}
    assert any("eGFR" in entry.reason and entry.outcome == IGNORED for entry in reading.trace)


@pytest.mark.parametrize("row_id", [row.id for row in MAPPING.rows if row.resource == "Observation"])
def test_data_that_is_absent_with_a_reason_is_unknown(row_id: str) -> None:
    """Where a value could not be had, nothing is said, neither yes nor no."""
    resource = resource_of(ROWS[row_id])
    for key in [key for key in resource if key.startswith("value") or key in ("interpretation", "component")]:
        del resource[key]
    resource["dataAbsentReason"] = concept("unknown", "http://terminology.hl7.org/CodeSystem/data-absent-reason")

    assert facts(reading_of(resource)) == {}


DENIED = [row.id for row in MAPPING.rows if row.absent]


@pytest.mark.parametrize("row_id", DENIED)
@pytest.mark.parametrize(
    "said", [{"valueBoolean": False}, {"interpretation": [concept("NEG", INTERPRETATION)]}], ids=str
)
def test_a_negative_is_absent_and_not_missing(row_id: str, said: dict[str, Any]) -> None:
    """What was looked for and not found is absent."""
    resource = resource_of(ROWS[row_id])
    resource.pop("valueBoolean", None)
    resource.pop("interpretation", None)

    assert set(facts(reading_of({**resource, **said}))) == {"absent"}


@pytest.mark.parametrize("row_id", DENIED)
@pytest.mark.parametrize("code", ["IND", "E", "A"])
def test_an_indeterminate_result_is_unknown(row_id: str, code: str) -> None:
    """What is neither positive nor negative says neither."""
    resource = resource_of(ROWS[row_id])
    resource.pop("valueBoolean", None)
    resource["interpretation"] = [concept(code, INTERPRETATION)]

    assert facts(reading_of(resource)) == {}


@pytest.mark.parametrize("row_id", [row.id for row in MAPPING.rows if row.ignored_if or row.unknown_if])
def test_a_condition_of_a_row_leaves_a_resource_out(row_id: str) -> None:
    """What asks that a drug not be given, and one dose alone, are no treatment; an intolerance is no allergy."""
    changed: dict[str, dict[str, Any]] = {
        "medication-request": {"doNotPerform": True},
        "allergy": {"type": "intolerance"},
        "medication-administration": {
            "status": "completed", "effectivePeriod": None, "effectiveDateTime": "2026-03-01",
        },
    }  # fmt: skip
    resource = {key: value for key, value in {**resource_of(ROWS[row_id]), **changed[row_id]}.items() if value}

    assert facts(reading_of(resource)) == {}


def test_codes_stand_in_the_table_alone() -> None:
    """The mapping admits single codes of the table, and each row without them says its terms."""
    known = {curie for _, _, curie in shipped().knowledge.code_table}

    for row in MAPPING.rows:
        assert {*row.codes, *row.also, *row.without} <= known
        assert row.codes_of or row.term or not row.code
    assert OWN in MAPPING.systems


def test_no_path_asks_for_the_time_of_reading() -> None:
    """Nothing depends on the day on which it is read."""
    text = shipped().knowledge.files.text("schemas/fhir-mapping.toml")

    assert "now()" not in text
    assert "today()" not in text
