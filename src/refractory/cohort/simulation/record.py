"""What gets into the record of a patient, and what does not: the case, and the names of what is hidden."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from refractory.cohort.simulation.chance import Even, Quantiles
from refractory.cohort.simulation.figures import Simulated
from refractory.cohort.simulation.patient import Patient

# How far back of the first assessment a day may lie; further than any treatment.
_BACK = 1000


class Records:
    """Writes cases in the form of `schemas/case.schema.json`.

    Args:
        data: The file of figures.
        complete: Leave out nothing; the draws are the same, so the patients and their days are.
    """

    def __init__(self, data: Simulated, *, complete: bool = False) -> None:
        words = data.said["words"]
        plain: Mapping[str, float] = {key: 1.0 if complete else share for key, share in data["recorded"].items()}
        self._complete = complete
        self._plain = dict(plain)
        self._thorough = {key: max(share, plain["in-thorough"]) for key, share in plain.items()}
        self._share_thorough: float = data["thorough"]
        self._days = int(data["days"])
        first = date.fromisoformat(data["first-day"]) - timedelta(_BACK)
        self._dates = [(first + timedelta(day)).isoformat() for day in range(_BACK + self._days)]
        self._names = {drug: part["name"] for drug, part in data.said["drug"].items()}
        self._immune = tuple(words["immune"])
        self._groups = (
            ("clue", tuple(words["clues"])),
            ("cause", tuple(words["features"].values())),
            ("history", tuple(words["history"])),
        )
        grouped = {*self._immune, *(fact for _, facts in self._groups for fact in facts)}
        hosts = {fact for part in data.said["host"].values() for fact in part["facts"]}
        self._host_facts = frozenset(hosts)
        self._grouped = frozenset(grouped | hosts)
        self._judgement: str = words["judgement"]
        self._judged: float = data["judgement"]
        self._several: str = words["history"][0]
        self._earlier: str = words["earlier"]
        self._earlier_course: float = data["earlier-course"]
        self._earlier_days = Quantiles(data["earlier-days"])
        self._duration = Quantiles(data["duration"])
        self._measured: tuple[str, str] = (words["measured"], words["measured-unit"])
        self._measured_by: float = data["measured-by-clearance"]

    def write(self, patient: Patient, identifier: str, even: Even) -> tuple[dict[str, Any], list[str]]:
        """Return the case, and the names of what holds of the patient and is not in it."""
        recorded = self._thorough if even() < self._share_thorough else self._plain
        today = _BACK + int(even() * self._days)
        case: dict[str, Any] = {"id": identifier}
        hidden: list[str] = []
        for key, value in (
            ("assessedOn", self._dates[today]), ("condition", patient.condition), ("lesionCourse", patient.course),
        ):  # fmt: skip
            if even() < recorded[key]:
                case[key] = value
            else:
                hidden.append(key)
        is_measured = even() < recorded["measured"]
        body = self._body(patient, recorded, hidden, even)
        if body:
            case["patient"] = body
        case["treatments"] = self._treatments(patient, today, recorded, hidden, even)
        self._facts(case, patient, recorded, hidden, even)
        if patient.allergy:
            if even() < recorded["allergy"]:
                case["allergies"] = [patient.allergy]
            else:
                hidden.append("allergies")
        if patient.tests:
            if even() < recorded["result"]:
                case["susceptibility"] = self._results(patient, today)
            else:
                hidden.append("susceptibility")
        if is_measured:
            quantity, unit = self._measured
            amount = round(self._measured_by / patient.clearance, 2)
            back = min(patient.day, int(even() * 8))
            measured = {"quantity": quantity, "value": amount, "unit": unit, "takenOn": self._dates[today - back]}
            case["measurements"] = [measured]
        if patient.unavailable:
            case["unavailable"] = [patient.unavailable]
        return case, hidden

    def _body(self, patient: Patient, recorded: Mapping[str, float], hidden: list[str], even: Even) -> dict[str, Any]:
        body: dict[str, Any] = {}
        for name, key, value in (
            ("age", "ageYears", patient.age),
            ("kilograms", "weightKg", patient.kilograms),
            ("clearance", "creatinineClearanceMlPerMin", patient.clearance),
        ):
            if even() < recorded[name]:
                body[key] = value
            else:
                hidden.append(key)
        return body

    def _treatments(
        self, patient: Patient, today: int, recorded: Mapping[str, float], hidden: list[str], even: Even
    ) -> list[dict[str, Any]]:
        start = today - patient.day
        entry: dict[str, Any] = {"drug": self._names[patient.drug]}
        if even() < recorded["route"]:
            entry["route"] = "Oral"
        if even() < recorded["dose"]:
            entry["doseMg"], entry["timesPerDay"] = patient.dose, patient.times
        else:
            hidden.append("doseMg")
        if even() < recorded["startedOn"]:
            entry["startedOn"] = self._dates[start]
        else:
            hidden.append("startedOn")
        if patient.end is not None:
            entry["endedOn"] = self._dates[start + patient.end]
        entry["status"] = patient.status
        if self._several not in patient.facts or even() >= self._earlier_course:
            return [entry]
        begun = start - int(self._earlier_days.draw(even))
        ended = self._dates[begun + int(self._duration.draw(even))]
        before = {
            "drug": self._earlier, "route": "Oral", "startedOn": self._dates[begun], "endedOn": ended,
            "status": "Completed",
        }  # fmt: skip
        return [before, entry]

    def _facts(
        self, case: dict[str, Any], patient: Patient, recorded: Mapping[str, float], hidden: list[str], even: Even
    ) -> None:
        present: list[str] = []
        absent: list[str] = []
        holds = patient.facts
        for fact in holds:
            if fact in self._host_facts:
                known = even() < recorded["immune-present"] and (self._complete or not patient.undiagnosed)
            elif fact in self._grouped:
                continue
            else:
                known = even() < recorded["sign-present"]
            (present if known else hidden).append(fact)
        share = recorded["immune-absent"]
        absent += [fact for fact in self._immune if fact not in holds and even() < share]
        for group, facts in self._groups:
            if_present, if_absent = recorded[f"{group}-present"], recorded[f"{group}-absent"]
            for fact in facts:
                if fact in holds:
                    (present if even() < if_present else hidden).append(fact)
                elif even() < if_absent:
                    absent.append(fact)
        if even() < self._judged:
            (present if patient.dose_right else absent).append(self._judgement)
        if present:
            case["present"] = present
        if absent:
            case["absent"] = absent

    def _results(self, patient: Patient, today: int) -> list[dict[str, Any]]:
        start = today - patient.day
        return [
            {
                "drug": drug, "interpretation": interpretation, "method": method,
                "collectedOn": self._dates[start + day], "specimen": specimen,
            }
            for drug, interpretation, method, day, specimen in patient.tests
        ]  # fmt: skip
