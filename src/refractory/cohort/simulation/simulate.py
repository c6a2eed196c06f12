"""Simulates a cohort: for each index a case as a record has it, and the truth that the record may hide.

Index and seed alone decide a patient, so a longer cohort begins with the shorter one, and parts can be made apart.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from refractory.cohort.simulation.breaking import broken
from refractory.cohort.simulation.chance import mixed
from refractory.cohort.simulation.conclusions import Conclusion, conclusions
from refractory.cohort.simulation.draw import Draws
from refractory.cohort.simulation.figures import Simulated, reading
from refractory.cohort.simulation.patient import Patient
from refractory.cohort.simulation.record import Records
from refractory.knowledge.knowledge import Knowledge

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


@dataclass(frozen=True, slots=True)
class Simulation:
    """One simulated record.

    Attributes:
        id: The IRI of the case.
        line: The case as a line of NDJSON, without the line feed; a broken record may be no JSON.
        patient: What is so of the patient.
        hidden: What holds, or was done, and is not in the record.
        invalid: How the record was broken; None: it was not.
    """

    id: str
    line: str
    patient: Patient
    hidden: tuple[str, ...]
    invalid: dict[str, str] | None

    def truth(self, known: tuple[Conclusion, ...]) -> dict[str, Any]:
        """Return what is so, and which conclusions are right of the patient.

        Args:
            known: The conclusions, from `conclusions`.
        """
        patient = self.patient
        holds = patient.holds()
        return {
            "id": self.id,
            "host": patient.host,
            "hostImmunocompromised": patient.immunocompromised,
            "condition": patient.condition,
            "virus": patient.virus,
            "mechanism": patient.mechanism or None,
            "resistantTo": patient.resistant,
            "drug": patient.drug,
            "doseWasRight": patient.dose_right,
            "dayOfTreatment": patient.day,
            "active": patient.active,
            "failing": patient.failing,
            "whyActive": patient.cause or None,
            "whyFailing": patient.cause if patient.failing else None,
            "facts": patient.facts,
            "hidden": self.hidden,
            "right": [conclusion.id for conclusion in known if conclusion.right(holds)],
            "invalid": self.invalid,
        }


class Simulator:
    """Makes the records of one cohort.

    Args:
        data: The file of figures, from `Simulated.of`.
        seed: Which cohort.
        invalid_share: The share of records that are broken on purpose.
        complete: Write the same patients with nothing left out, which shows what missing facts cost.

    Raises:
        KnowledgeError: A table of the file makes no sense, or a word is missing.
    """

    def __init__(self, data: Simulated, seed: int, *, invalid_share: float = 0.0, complete: bool = False) -> None:
        with reading():
            self.conclusions = conclusions(data)
            self._draws = Draws(data)
            self._records = Records(data, complete=complete)
            self._fact: str = data.said["words"]["immune"][0]
        self._seed = seed
        self._base = mixed(seed)
        self._invalid_share = invalid_share
        self._random = Random(0)  # noqa: S311  # a seed that gives the same patients is what is wanted here

    @classmethod
    def of(cls, knowledge: Knowledge, seed: int, *, invalid_share: float = 0.0, complete: bool = False) -> Simulator:
        """Return the simulator of a knowledge's own figures; errors as in `Simulated.of`."""
        return cls(Simulated.of(knowledge), seed, invalid_share=invalid_share, complete=complete)

    def one(self, index: int) -> Simulation:
        """Return the record of one index, whatever was made before."""
        self._random.seed(mixed(self._base + index))
        even = self._random.random
        patient = self._draws.patient(even)
        identifier = f"https://example.org/simulated/{self._seed}/{index}"
        case, hidden = self._records.write(patient, identifier, even)
        # Drawn last and always, so that planting broken records changes none of the others.
        if even() < self._invalid_share:
            line, invalid = broken(case, self._fact, even)
            return Simulation(identifier, line, patient, tuple(hidden), invalid)
        return Simulation(identifier, _encode(case), patient, tuple(hidden), None)

    def records(self, count: int, first: int = 0) -> Iterator[Simulation]:
        """Yield so many records from an index on, one at a time."""
        return map(self.one, range(first, first + count))
