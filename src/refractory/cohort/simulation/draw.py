"""Draws patients: who they are, whether the virus resists, how they are treated, and how it goes.

Each draw is from a table that the file of figures gives; the order of the draws is part of what a seed stands for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from refractory.cohort.simulation.chance import Choice, Even, Quantiles
from refractory.cohort.simulation.figures import Simulated
from refractory.cohort.simulation.patient import LabResult, Number, Patient

_COMPETENT, _COMPROMISED = "immunocompetent", "immunocompromised"


@dataclass(frozen=True, slots=True)
class _Resisting:
    """How a resistant virus resists: which drugs always, and which with what share."""

    enzyme: str
    always: tuple[str, ...]
    also: tuple[tuple[tuple[str, ...], float], ...]


class Draws:
    """Tables made ready for drawing.

    Args:
        data: The file of figures.
    """

    def __init__(self, data: Simulated) -> None:
        words = data.said["words"]
        self._hosts = Choice[str](data["hosts"], whole=True)
        self._facts = {host: tuple(part["facts"]) for host, part in data.said["host"].items()}
        self._undiagnosed: Mapping[str, float] = data["undiagnosed"]
        self._conditions = {who: Choice[str](shares, whole=True) for who, shares in data["conditions"].items()}
        self._viruses = {what: Choice[str](shares, whole=True) for what, shares in data["viruses"].items()}
        diseases = data.said["disease"]
        self._diseases = {what: disease for disease, part in diseases.items() for what in part["conditions"]}
        self._ages = {what: Quantiles(knots) for what, knots in data["age"].items()}
        self._kilograms = Quantiles(data["kilograms"])
        self._clearances = {who: Quantiles(knots) for who, knots in data["clearance"].items()}
        self._before_age = tuple((fact, part["share"], part["age"]) for fact, part in data["before-age"].items())
        self._allergies = Choice[str](data["allergies"])
        self._unavailable = Choice[str](data["unavailable"])
        self._history = {who: tuple(shares.items()) for who, shares in data["history"].items()}
        self._clues = {who: tuple(shares.items()) for who, shares in data["clues"].items()}
        self._signs = {what: Choice[str](shares) for what, shares in data["signs"].items()}
        self._resistance = {
            (host, disease): _row(data, host, disease) for host in self._hosts.shares for disease in diseases
        }
        self._failing_first: float = data["failing-first"]
        self._failing_first_day = int(data["failing-first-day"])
        self._by_kinase: float = data["kinase-mechanism"]
        self._mechanisms = tuple(_resisting(data, part) for part in data.said["mechanism"])
        self._drugs = Choice[str](data["drugs"], whole=True)
        self._doses = {
            (drug, disease): data[figure]
            for disease, part in diseases.items()
            for drug, figure in part["doses"].items()
        }
        self._low_doses: Mapping[str, Mapping[str, Number]] = data["low-doses"]
        self._counting = frozenset(drug for drug, part in data.said["drug"].items() if part.get("counts"))
        self._dose_low: float = data["dose-low"]
        self._day = Quantiles(data["day"])
        self._duration = Quantiles(data["duration"])
        self._statuses = {how: Choice[str](shares, whole=True) for how, shares in data["status"].items()}
        self._natural_days: Mapping[str, int] = data["natural-days"]
        self._natural: Mapping[str, float] = data["natural-active"]
        self._acts = tuple(data["acts"].items())
        self._causes = tuple(data["causes"].items())
        self._features: Mapping[str, str] = words["features"]
        self._named = {name: words[name] for name in ("resistance", "dose", "natural", "tested", "tested-beyond")}
        self._spreading: float = data["spreading"]
        self._resolved: float = data["resolved"]
        self._tested: Mapping[str, float] = data["tested"]
        self._tested_from = int(data["tested-from-day"])
        self._genotypic: float = data["genotypic"]
        self._delays = {method: Quantiles(knots) for method, knots in data["delay"].items()}
        self._result: Mapping[str, float] = data["result"]
        self._beyond: float = data["tested-beyond"]
        self._specimens: Sequence[str] = words["specimens"]

    def patient(self, even: Even) -> Patient:
        """Return a patient, drawn from even numbers between 0 and 1."""
        host = self._hosts.one(even)
        facts = self._facts[host]
        patient = Patient(host, bool(facts))
        patient.facts.extend(facts)
        patient.undiagnosed = even() < self._undiagnosed.get(host, 0)
        who = _COMPROMISED if patient.immunocompromised else _COMPETENT
        patient.condition = self._conditions[who].one(even)
        patient.disease = self._diseases[patient.condition]
        patient.virus = self._viruses[patient.condition].one(even)
        self._body(patient, who, even)
        self._resist(patient, even)
        self._background(patient, who, even)
        self._treat(patient, even)
        self._go(patient, who, even)
        if patient.day >= self._tested_from:
            self._test(patient, who, even)
        return patient

    def _body(self, patient: Patient, who: str, even: Even) -> None:
        patient.age = int(self._ages[patient.disease].draw(even))
        patient.kilograms = round(self._kilograms.draw(even), 1)
        patient.clearance = int(self._clearances[who].draw(even))

    def _resist(self, patient: Patient, even: Even) -> None:
        share, among_failing = self._resistance[patient.host, patient.disease]
        if among_failing:
            patient.forced = even() < self._failing_first
            if not patient.forced:
                return
        if even() >= share:
            return
        how = self._mechanisms[0] if even() < self._by_kinase else self._mechanisms[-1]
        patient.mechanism = how.enzyme
        patient.resistant.extend(how.always)
        for drugs, chance in how.also:
            if even() < chance:
                patient.resistant.extend(drugs)

    def _background(self, patient: Patient, who: str, even: Even) -> None:
        for fact, share in self._history["resistant" if patient.mechanism else who]:
            if even() < share:
                patient.facts.append(fact)
        for fact, share in self._clues.get(patient.host) or self._clues["others"]:
            if even() < share:
                patient.facts.append(fact)
        sign = (self._signs.get(patient.condition) or self._signs["others"]).draw(even)
        if sign:
            patient.facts.append(sign)
        for fact, share, age in self._before_age:
            if even() < share and patient.age < age:
                patient.facts.append(fact)
        patient.allergy = self._allergies.draw(even) or ""
        patient.unavailable = self._unavailable.draw(even) or ""
        for cause, share in self._causes:
            if even() < share:
                patient.features.append(cause)
                patient.facts.append(self._features[cause])

    def _treat(self, patient: Patient, even: Even) -> None:
        patient.drug = drug = self._drugs.one(even)
        patient.counts = drug in self._counting
        patient.dose_right = even() >= self._dose_low
        regimen = self._doses[drug, patient.disease] if patient.dose_right else self._low_doses[drug]
        patient.dose, patient.times = regimen["doseMg"], regimen["timesPerDay"]
        patient.day = int(self._day.draw(even))

    def _go(self, patient: Patient, who: str, even: Even) -> None:
        """Let the lesions take their course, and the treatment end or not."""
        if patient.forced is None:
            patient.cause = self._acting(patient, even)
            if not patient.cause:
                within = patient.day <= self._natural_days[who]
                if even() < self._natural["within" if within else "after"]:
                    patient.cause = self._named["natural"]
        elif patient.forced:
            patient.day = max(patient.day, self._failing_first_day)
            patient.cause = next(
                (cause for cause, _ in self._acts if self._has(patient, cause)), self._named["natural"]
            )
        patient.active = bool(patient.cause)
        if patient.active:
            patient.course = "Spreading" if even() < self._spreading else "Persisting"
        else:
            patient.course = "Resolved" if even() < self._resolved else "Improving"
        duration = int(self._duration.draw(even))
        if not patient.active and patient.day > duration:
            patient.status, patient.end = "Completed", duration
            return
        patient.status = self._statuses["active" if patient.active else "healing"].one(even)
        if patient.status != "Ongoing":
            patient.end = min(int(even() * (patient.day + 1)), patient.day)

    def _has(self, patient: Patient, cause: str) -> bool:
        if cause == self._named["resistance"]:
            return bool(patient.mechanism)
        return not patient.dose_right if cause == self._named["dose"] else cause in patient.features

    def _acting(self, patient: Patient, even: Even) -> str:
        """Return the first cause that the patient has and that keeps the lesions active."""
        if not patient.mechanism and patient.dose_right and not patient.features:
            return ""
        return next((cause for cause, share in self._acts if self._has(patient, cause) and even() < share), "")

    def _test(self, patient: Patient, who: str, even: Even) -> None:
        """Have the laboratory test the virus, and keep what it has found by the day of the assessment."""
        if even() >= self._tested[who if patient.active else "healing"]:
            return
        day = self._tested_from + int(even() * (patient.day - self._tested_from + 1))
        method = "Genotypic" if even() < self._genotypic else "Phenotypic"
        if patient.day - day < self._delays[method].draw(even):
            return
        specimen = self._specimens[int(even() * len(self._specimens))]
        drugs = [self._named["tested"]]
        if self._named["tested"] in patient.resistant and even() < self._beyond:
            drugs.append(self._named["tested-beyond"])
        for drug in drugs:
            if even() < self._result["indeterminate"]:
                found = "Indeterminate"
            else:
                chance = self._result["found" if drug in patient.resistant else "false-alarm"]
                found = "Resistant" if even() < chance else "Susceptible"
            patient.tests.append(LabResult(drug, found, method, day, specimen))


def _row(data: Simulated, host: str, disease: str) -> tuple[float, bool]:
    """Return the share of resistant virus in a kind of patient, and whether it is of those who fail."""
    for row in data.said["resistance"]:
        if row["disease"] == disease and host in row.get("hosts", (host,)):
            return data[row["figure"]], row.get("among") == "failing"
    raise LookupError(f"no row of resistance is for {host} with {disease}")


def _resisting(data: Simulated, part: Mapping[str, Any]) -> _Resisting:
    also = (
        (tuple(row["drugs"]), data[row["figure"]] if "figure" in row else 1 - data[row["unless"]])
        for row in part["also"]
    )
    return _Resisting(part["enzyme"], tuple(part["always"]), tuple(also))
