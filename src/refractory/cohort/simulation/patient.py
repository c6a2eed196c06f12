"""The latent truth of one simulated patient: what is so, whether or not a record says it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

Number = int | float


class LabResult(NamedTuple):
    """A result of the laboratory, on record or not."""

    drug: str
    interpretation: str
    method: str
    day: int
    specimen: str


@dataclass(slots=True)
class Patient:
    """What is so of one patient. Days are counted from the start of the treatment.

    Attributes:
        host: Which kind of patient.
        immunocompromised: Whether a fact makes the host so.
        undiagnosed: That fact is not known to anybody.
        facts: The clinical facts that hold.
        condition: The condition; `disease` says of which kind it is.
        virus: The virus that causes it.
        forced: Whether treatment fails, where that was drawn first; None: it was not.
        mechanism: The enzyme by which the virus resists; empty: it does not.
        resistant: The drugs that it resists.
        age, kilograms, clearance: The body.
        drug, dose, times: The treatment, the drug by its name in the file.
        counts: The treatment is of the drug that the question is about.
        dose_right: The dose is right.
        day: On which day of treatment the patient is looked at; `end`: on which day it ended; None: it goes on.
        status: How the treatment stands.
        active: The lesions are active; `course` says how they go.
        cause: Why they are active; empty: they are not.
        features: Other causes that the patient has, whether or not they keep lesions active.
        tests: What the laboratory has found by now.
        allergy, unavailable: A drug or product; empty: none.
    """

    host: str
    immunocompromised: bool
    undiagnosed: bool = False
    facts: list[str] = field(default_factory=list)
    condition: str = ""
    disease: str = ""
    virus: str = ""
    forced: bool | None = None
    mechanism: str = ""
    resistant: list[str] = field(default_factory=list)
    age: int = 0
    kilograms: float = 0.0
    clearance: int = 0
    drug: str = ""
    dose: Number = 0
    times: Number = 0
    counts: bool = False
    dose_right: bool = True
    day: int = 0
    end: int | None = None
    status: str = ""
    active: bool = False
    course: str = ""
    cause: str = ""
    features: list[str] = field(default_factory=list)
    tests: list[LabResult] = field(default_factory=list)
    allergy: str = ""
    unavailable: str = ""

    @property
    def failing(self) -> bool:
        """Whether the lesions are active despite a treatment of the drug in question that was not stopped."""
        return self.active and self.counts and self.day > 0 and self.status != "Stopped"

    def holds(self) -> set[str]:
        """Return what holds of the patient, in the words by which the file says when a conclusion is right."""
        held = {f"resistant:{drug}" for drug in self.resistant} | {f"fact:{fact}" for fact in self.facts}
        held.add("dose-right" if self.dose_right else "dose-low")
        held.add(f"cause:{self.cause}")
        held.update(
            name
            for name, so in (
                ("failing", self.failing),
                ("immunocompromised", self.immunocompromised),
                ("counts", self.counts and self.day > 0 and self.status != "Stopped"),
            )
            if so
        )
        return held
