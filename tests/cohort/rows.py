"""What a row must say, worked out of the published JSON of an assessment and nothing else."""

from __future__ import annotations

from datetime import date
from typing import Any

from refractory import Assessment
from refractory.vocabulary import Rdf, rfy

JsonObject = dict[str, Any]


def expected(assessment: Assessment) -> JsonObject:
    """Return the row of an answer, without its place."""
    answer = assessment.to_json()
    failure = answer["failure"]
    failing = "Failing" if failure["failing"] else "NotFailing"
    return {
        "case": answer["case"],
        "assessedOn": date.fromisoformat(answer["assessedOn"]) if "assessedOn" in answer else None,
        "outcome": "NotApplicable" if answer["notApplicable"] else failing,
        "failing": failure["failing"],
        "dose": failure["dose"],
        "dayOfTreatment": failure.get("dayOfTreatment"),
        "populations": _populations(assessment),
        "notApplicable": answer["notApplicable"],
        "resistance": [_with_ids(one, "drug", "status", "heightenedBy") for one in answer["resistance"]],
        "hypotheses": [_with_ids(one, "name", "status", "for", "against", "open") for one in answer["hypotheses"]],
        "recommendations": [
            _with_ids(one, "action", "kind", "urgency", "drug")
            | {
                "redFlag": one.get("redFlag", False),
                "regimen": _parts(one.get("regimen"), _REGIMEN),
                "forThisPatient": _parts(one.get("forThisPatient"), ("dose", "unit")),
                "cautions": _names(one["cautions"]),
                "weakenedBy": one.get("weakenedBy", []),
                "positions": _names(one.get("positions", [])),
            }
            for one in answer["recommendations"]
        ],
        "cautions": [_with_ids(one, "name") for one in answer["cautions"]],
        "pitfalls": [_with_ids(one, "name") for one in answer["pitfalls"]],
        "conflicts": [_with_ids(one, "name", "about", "between") for one in answer["conflicts"]],
        "gaps": [_parts(one, ("id", "source", "line")) for one in answer["gaps"]],
        "redFlags": answer.get("redFlags", []),
        "times": [_parts(one, ("name", "source", "fromDay", "reached")) for one in failure.get("times", [])],
        "warnings": [_parts(one, ("shape", "name", "place", "value")) for one in answer["warnings"]],
        "genotype": [
            _parts(one, ("virus", "gene", "mutation"))
            | {
                "calls": [_parts(call, ("drug", "call", "strength")) for call in one["calls"]],
                **one["mechanism"],
            }
            for one in answer.get("genotype", [])
        ],
    }


_REGIMEN = ("dose", "unit", "route", "everyHours", "timesPerDay", "days", "until", "product")


def _parts(said: JsonObject | None, names: tuple[str, ...]) -> Any:
    return None if said is None else {name: said.get(name) for name in names}


def _with_ids(said: JsonObject, *names: str) -> JsonObject:
    return {name: said.get(name) for name in names} | {"statements": [one["id"] for one in said["statements"]]}


def _names(said: list[JsonObject]) -> list[str]:
    return [one["name"] for one in said]


def _populations(assessment: Assessment) -> list[str]:
    """Return the populations as the named query `populations-of-a-case` would."""
    facts = {*assessment.facts.all, *assessment.closure.inferred}
    patients = {fact.object for fact in facts if fact.predicate == rfy("hasPatient")}
    classes = {str(fact.object) for fact in facts if fact.predicate == Rdf.TYPE and fact.subject in patients}
    return sorted(name for name in _PATIENTS if str(rfy(name)) in classes)


# As the ontology has them; a class that is added below Patient is added here.
_PATIENTS = (
    "ImmunocompromisedPatient",
    "PatientOnImmunosuppressants",
    "PatientWithAids",
    "PatientWithHivInfection",
    "PatientWithOtherImmunodeficiency",
    "PregnantPatient",
    "StemCellRecipient",
    "TransplantRecipient",
)
