"""Writes plain cases as FHIR R4 Bundles, for tests: what the reader has to read back as the same case."""

from __future__ import annotations

from datetime import date
from typing import Any

OWN = "https://w3id.org/refractory/"
UCUM = "http://unitsofmeasure.org"
INTERPRETATION = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
STATUS = {"Ongoing": "active", "Completed": "completed", "Stopped": "stopped"}
INTERPRETED = {"Resistant": "R", "Susceptible": "S", "Indeterminate": "IND"}
QUANTITIES = {"weightKg": ("BodyWeight", "kg"), "creatinineClearanceMlPerMin": ("CreatinineClearance", "mL/min")}


def concept(code: str, system: str = OWN) -> dict[str, Any]:
    """Return a CodeableConcept of one code."""
    return {"coding": [{"system": system, "code": code}]}


def quantity(value: Any, unit: str) -> dict[str, Any]:
    """Return a Quantity in a UCUM unit."""
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def bundle(*resources: dict[str, Any], **said: Any) -> dict[str, Any]:
    """Return a Bundle of one patient and resources about them; ids are given where they have none."""
    patient: dict[str, Any] = {"resourceType": "Patient", "id": "p"}
    if resources and resources[0]["resourceType"] == "Patient":
        patient, resources = {**patient, **resources[0]}, resources[1:]
    entries: list[dict[str, Any]] = [{"resource": patient}]
    for number, resource in enumerate(resources, 1):
        subject = "patient" if resource["resourceType"] == "AllergyIntolerance" else "subject"
        entries.append({"resource": {"id": f"r{number}", subject: {"reference": "Patient/p"}, **resource}})
    return {"resourceType": "Bundle", "type": "collection", **said, "entry": entries}


def observation(code: str, **said: Any) -> dict[str, Any]:
    """Return a final Observation under a code of our own."""
    return {"resourceType": "Observation", "status": "final", "code": concept(code), **said}


def condition(code: str, system: str = OWN, **said: Any) -> dict[str, Any]:
    """Return an active Condition."""
    return {
        "resourceType": "Condition",
        "clinicalStatus": concept("active", CLINICAL),
        "code": concept(code, system),
        **said,
    }


def statement(treatment: dict[str, Any]) -> dict[str, Any]:
    """Return a treatment as a MedicationStatement."""
    dosage: dict[str, Any] = {}
    if "route" in treatment:
        dosage["route"] = concept(treatment["route"])
    if "doseMg" in treatment:
        dosage["doseAndRate"] = [{"doseQuantity": quantity(treatment["doseMg"], "mg")}]
    if "timesPerDay" in treatment:
        frequency = treatment["timesPerDay"]
        whole = isinstance(frequency, int)
        repeat = {"frequency": frequency, "period": 1} if whole else {"frequency": 1, "period": 1 / frequency}
        dosage["timing"] = {"repeat": {**repeat, "periodUnit": "d"}}
    period = {key: treatment[name] for key, name in (("start", "startedOn"), ("end", "endedOn")) if name in treatment}
    found: dict[str, Any] = {
        "resourceType": "MedicationStatement",
        "status": STATUS[treatment["status"]],
        "medicationCodeableConcept": concept(treatment["drug"]),
    }
    if dosage:
        found["dosage"] = [dosage]
    if period:
        found["effectivePeriod"] = period
    if "for" in treatment:
        found["reasonCode"] = [concept(treatment["for"])]
    return found


def laboratory(result: dict[str, Any], code: str, properties: dict[str, str]) -> dict[str, Any]:
    """Return a laboratory result, with its parts as components."""
    found = observation(code)
    found["component"] = [
        {"code": concept(properties[name]), "valueString": value}
        if name == "mutation"
        else {"code": concept(properties[name]), "valueCodeableConcept": concept(value)}
        for name, value in result.items()
        if name in properties
    ]
    if "interpretation" in result:
        found["interpretation"] = [concept(INTERPRETED[result["interpretation"]], INTERPRETATION)]
    if "method" in result:
        found["method"] = concept(result["method"])
    if "collectedOn" in result:
        found["effectiveDateTime"] = result["collectedOn"]
    if "specimen" in result:
        found["specimen"] = {"display": result["specimen"]}
    return found


def written(case: dict[str, Any]) -> dict[str, Any]:
    """Return a case in its JSON form as a Bundle."""
    said: dict[str, Any] = {"identifier": {"system": "urn:ietf:rfc:3986", "value": case["id"]}}
    if "assessedOn" in case:
        said["timestamp"] = f"{case['assessedOn']}T12:00:00Z"
    patient: dict[str, Any] = {"resourceType": "Patient"}
    body = dict(case.get("patient", {}))
    if "ageYears" in body:
        today = date.fromisoformat(case["assessedOn"])
        patient["birthDate"] = today.replace(year=today.year - body.pop("ageYears")).isoformat()
    resources = [patient]
    if "condition" in case:
        resources.append(condition(case["condition"]))
    if "lesionCourse" in case:
        resources.append(observation("hasLesionCourse", valueCodeableConcept=concept(case["lesionCourse"])))
    resources += [statement(treatment) for treatment in case.get("treatments", ())]
    for key, value in (("present", True), ("absent", False)):
        resources += [observation(fact, valueBoolean=value) for fact in case.get(key, ())]
    resources += [{"resourceType": "AllergyIntolerance", "code": concept(drug)} for drug in case.get("allergies", ())]
    results = {"drug": "testsDrug"}
    resources += [laboratory(one, "SusceptibilityResult", results) for one in case.get("susceptibility", ())]
    findings = {"virus": "foundInVirus", "gene": "foundInGene", "mutation": "mutation", "effect": "hasEffect"}
    resources += [laboratory(one, "GenotypeFinding", findings) for one in case.get("genotype", ())]
    for name, value in body.items():
        code, unit = QUANTITIES[name]
        resources.append(observation(code, valueQuantity=quantity(value, unit)))
    for one in case.get("measurements", ()):
        day = {"effectiveDateTime": one["takenOn"]} if "takenOn" in one else {}
        resources.append(observation(one["quantity"], valueQuantity=quantity(one["value"], one["unit"]), **day))
    return bundle(*resources, **said)
