"""A Bundle is answered as the plain case that it stands for; the records of Synthea are answered with nothing."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from refractory import Assessment, Case
from refractory.case.fhir.reading import read_bundle
from refractory.guidance.golden import projected
from refractory.model.proof import Given
from tests import fhir_writer
from tests.fhir_writer import concept, condition, observation, quantity, statement
from tests.support import ROOT, golden, read_case, shipped, slugs, with_table

SYNTHEA = Path(os.environ.get("REFRACTORY_SYNTHEA", ROOT.parent / "shared" / "data" / "synthea-r4"))


def stands_for(slug: str) -> bool:
    """Say whether FHIR can hold a golden case: it has no word for what is not at hand."""
    said = json.loads((ROOT / "tests" / "cases" / slug / "case.json").read_text(encoding="utf-8"))
    age_without_day = "ageYears" in said.get("patient", {}) and "assessedOn" not in said
    if "unavailable" in said or with_table(slug) or age_without_day:
        return False
    # Without all its parts, a result is no result in FHIR.
    return all("interpretation" in one and "drug" in one for one in said.get("susceptibility", ()))


SLUGS = [slug for slug in slugs() if stands_for(slug)]


@cache
def from_bundles() -> dict[str, Assessment]:
    """Return the assessments of the Bundles."""
    cases = [Case.from_fhir(fhir_writer.written(read_case(slug).to_json())) for slug in SLUGS]
    return dict(zip(SLUGS, shipped().assess_all(cases), strict=True))


def test_most_golden_cases_can_be_written_in_fhir() -> None:
    """The comparison is not of a handful."""
    assert len(SLUGS) >= 100


@pytest.mark.parametrize("slug", SLUGS)
def test_a_bundle_is_answered_as_its_plain_case(slug: str) -> None:
    """What is recommended, found, asked and warned of is the same."""
    plain, read = golden()[slug].to_json(), from_bundles()[slug].to_json()

    assert projected(plain) == projected(read)
    assert plain["questions"] == read["questions"]


@pytest.mark.parametrize("slug", SLUGS)
def test_every_given_fact_knows_where_it_came_from(slug: str) -> None:
    """Each given step of a proof names resource and element, but for the case itself and what its reader adds."""
    proof = from_bundles()[slug].closure.proof
    assert proof is not None
    given = [step for step in proof.steps.values() if isinstance(step, Given) and not step.place.startswith("reader:")]

    assert given
    assert [step.place for step in given if ", from " not in step.place and "rdf-syntax" not in step.place] == []


def synthea() -> list[Path]:
    """Return the Synthea Bundles that stand beside the checkout, or where the environment says."""
    return sorted(SYNTHEA.glob("*.json"))


def bundle_of(path: Path) -> Any:
    """Return a Synthea Bundle."""
    return json.loads(path.read_text(encoding="utf-8"))


RECORDS: list[Path | None] = [*synthea()] or [None]


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem if path else "not run")
def test_a_record_without_an_episode_gets_no_recommendation(path: Path | None) -> None:
    """Nothing is recommended, the answer says why, and the trace accounts for every resource."""
    if path is None:
        pytest.skip("not run: no Synthea records beside the checkout")
    data = path.read_bytes()
    reading = read_bundle(data, shipped().knowledge, assessed_on="2026-03-10")
    answer = shipped().assess(Case.from_fhir(data, assessed_on="2026-03-10")).to_json()

    assert answer["recommendations"] == []
    assert answer["notApplicable"]
    named = {entry.path.split(",")[0] for entry in reading.trace}
    assert {f"Bundle.entry[{number}].resource" for number in range(len(bundle_of(path)["entry"]))} <= named


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem if path else "not run")
def test_a_record_with_an_episode_gets_the_right_recommendation(path: Path | None) -> None:
    """With zoster that spreads under valacyclovir in the right dose, the answer is that of the plain case."""
    if path is None:
        pytest.skip("not run: no Synthea records beside the checkout")
    data = bundle_of(path)
    patient = next(entry for entry in data["entry"] if entry["resource"]["resourceType"] == "Patient")
    subject = {"reference": patient["fullUrl"]}
    treatment = {
        "drug": "Valacyclovir",
        "route": "Oral",
        "doseMg": 1000,
        "timesPerDay": 3,
        "startedOn": "2026-03-01",
        "status": "Ongoing",
    }
    episode = [
        condition("4740000", "http://snomed.info/sct"),
        observation("hasLesionCourse", valueCodeableConcept=concept("Spreading")),
        statement(treatment),
        observation(
            "SusceptibilityResult",
            interpretation=[concept("R", fhir_writer.INTERPRETATION)],
            method=concept("Phenotypic"),
            component=[{"code": concept("testsDrug"), "valueCodeableConcept": concept("Acyclovir")}],
        ),
        # The record's own weight may be that of a child of long ago.
        {
            **observation("BodyWeight", valueQuantity=quantity(70, "kg"), effectiveDateTime="2026-03-09"),
            "code": concept("29463-7", "http://loinc.org"),
        },
    ]
    for number, resource in enumerate(episode):
        data["entry"].append({"resource": {**resource, "id": f"episode-{number}", "subject": subject}})
    case = Case.from_fhir(data, assessed_on="2026-03-10")
    plain = Case.from_json(
        {
            "id": "https://example.org/case/plain",
            "assessedOn": "2026-03-10",
            "condition": "HerpesZoster",
            "lesionCourse": "Spreading",
            "patient": case.to_json()["patient"],
            "treatments": [treatment],
            "susceptibility": [{"drug": "Acyclovir", "interpretation": "Resistant", "method": "Phenotypic"}],
            "measurements": [{"quantity": "BodyWeight", "value": 70, "unit": "kg", "takenOn": "2026-03-09"}],
        }
    )
    answer = shipped().assess(case).to_json()

    assert projected(shipped().assess(plain).to_json()) == projected(answer)
    advised = {part["action"]: part["kind"] for part in answer["recommendations"]}
    assert advised["SwitchToFoscarnet"] == "Recommend"
    assert advised["ContinueValacyclovir"] == "Avoid"
