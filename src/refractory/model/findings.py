"""What is concluded of a case, as frozen values; `to_json` gives the published form of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from refractory.model.genotype import Calls
from refractory.model.sources import Position, Quantity, Regimen, StatementRef, Time, without_none

UNKNOWN: Final = "Unknown"
"""What the dose is where nothing says more."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Whether treatment is failing, and what that rests on.

    Attributes:
        failing: Active lesions despite a treatment that counts.
        dose: `Right`, `Low` or `Unknown`.
        day_of_treatment: Days since the earliest start of an ongoing entry that counts; None: not known.
        because: How the lesions go, and the treatments that count.
        times: From which day on sources beside the leading one suspect resistance.
        spoken_of: Whether a source that the case is about speaks of failure at all; where none does, nothing is said.
    """

    failing: bool
    dose: str
    day_of_treatment: int | None
    because: tuple[str, ...]
    times: tuple[Time, ...] = ()
    spoken_of: bool = True

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return without_none(
            failing=self.failing,
            dose=self.dose,
            dayOfTreatment=self.day_of_treatment,
            because=list(self.because),
            times=_listed(self.times),
        )

    @property
    def state(self) -> str:
        """Whether treatment is failing, as the beginning of a sentence; empty where no source in use speaks of it."""
        if not self.spoken_of:
            return ""
        return "Treatment is failing" if self.failing else "Treatment is not shown to be failing"


@dataclass(frozen=True, slots=True)
class Resistance:
    """The one status of one drug, the results behind it, and what heightens a suspicion."""

    drug: str
    status: str
    heightened_by: tuple[str, ...] = ()
    results_for: tuple[str, ...] = ()
    results_against: tuple[str, ...] = ()
    statements: tuple[StatementRef, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return {
            "drug": self.drug,
            "status": self.status,
            "heightenedBy": list(self.heightened_by),
            "resultsFor": list(self.results_for),
            "resultsAgainst": list(self.results_against),
            "statements": [s.to_json() for s in self.statements],
        }


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A possible cause of failure, its status, and the facts for it, against it, and still open."""

    name: str
    status: str
    for_: tuple[str, ...]
    against: tuple[str, ...]
    open: tuple[str, ...]
    statements: tuple[StatementRef, ...] = ()
    positions: tuple[Position, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return {
            "name": self.name,
            "status": self.status,
            "for": list(self.for_),
            "against": list(self.against),
            "open": list(self.open),
            "statements": [s.to_json() for s in self.statements],
            **without_none(positions=_listed(self.positions)),
        }


@dataclass(frozen=True, slots=True)
class Noted:
    """A caution or pitfall that a case meets, with the statements it rests on, and what sources say of it."""

    name: str
    statements: tuple[StatementRef, ...]
    positions: tuple[Position, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return {
            "name": self.name,
            "statements": [s.to_json() for s in self.statements],
            **without_none(positions=_listed(self.positions)),
        }


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One action with its strongest kind (`Recommend`, `Consider`, `Avoid`) and urgency, and all its statements.

    Attributes:
        action: The name of the action.
        kind: How strongly it is advised, or that it is to be avoided.
        urgency: How soon.
        drug: The drug it gives.
        regimen: The leading source's regimen, or the only one that a source gives which adds the action.
        for_this_patient: The amount worked out for the patient.
        cautions: What to mind with it.
        statements: The statements it rests on.
        red_flag: It comes before everything else.
        weakened_by: The positions for whose sake it is only to be considered.
        positions: What sources beside the leading one say of it.
    """

    action: str
    kind: str
    urgency: str
    drug: str | None
    regimen: Regimen | None
    for_this_patient: Quantity | None
    cautions: tuple[Noted, ...]
    statements: tuple[StatementRef, ...]
    red_flag: bool = False
    weakened_by: tuple[str, ...] = ()
    positions: tuple[Position, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return {
            **without_none(
                action=self.action,
                kind=self.kind,
                urgency=self.urgency,
                drug=self.drug,
                regimen=self.regimen.to_json() if self.regimen else None,
                forThisPatient=self.for_this_patient.to_json() if self.for_this_patient else None,
                redFlag=self.red_flag or None,
                weakenedBy=list(self.weakened_by) or None,
            ),
            "cautions": [c.to_json() for c in self.cautions],
            "statements": [s.to_json() for s in self.statements],
            **without_none(positions=_listed(self.positions)),
        }


@dataclass(frozen=True, slots=True)
class Question:
    """A fact that is unknown and may matter, how to ask for it, and the conclusions that an answer would change."""

    fact: str
    asks: str
    would_change: tuple[str, ...]
    statements: tuple[StatementRef, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return {
            "fact": self.fact,
            "asks": self.asks,
            "wouldChange": list(self.would_change),
            "statements": [s.to_json() for s in self.statements],
        }


@dataclass(frozen=True, slots=True)
class Conflict:
    """What stands against each other; all of it stays, and a person decides.

    Attributes:
        name: The name of the conflict.
        between: Two actions; of a disagreement of sources, the sources, the leading one first.
        asks: What the person is to decide.
        statements: The statements it rests on.
        about: Of a disagreement, its subject.
        positions: Of a disagreement, what each source says.
    """

    name: str
    between: tuple[str, ...]
    asks: str
    statements: tuple[StatementRef, ...]
    about: str | None = None
    positions: tuple[Position, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return {
            "name": self.name,
            **without_none(about=self.about),
            "between": list(self.between),
            "asks": self.asks,
            "statements": [s.to_json() for s in self.statements],
            **without_none(positions=_listed(self.positions)),
        }


@dataclass(frozen=True, slots=True)
class GapMet:
    """A gap of a source that touches the case: shown, and filled by nobody."""

    id: str
    source: str
    line: int
    asks: str

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return {"id": self.id, "source": self.source, "line": self.line, "asks": self.asks}


@dataclass(frozen=True, slots=True)
class Findings:
    """All that is concluded of a case: an assessment without its letterhead."""

    failure: Failure
    not_applicable: tuple[str, ...]
    resistance: tuple[Resistance, ...]
    hypotheses: tuple[Hypothesis, ...]
    recommendations: tuple[Recommendation, ...]
    cautions: tuple[Noted, ...]
    pitfalls: tuple[Noted, ...]
    questions: tuple[Question, ...]
    conflicts: tuple[Conflict, ...]
    gaps: tuple[GapMet, ...]
    red_flags: tuple[str, ...] = ()
    genotype: tuple[Calls, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return {
            "failure": self.failure.to_json(),
            "notApplicable": list(self.not_applicable),
            "resistance": [item.to_json() for item in self.resistance],
            "hypotheses": [item.to_json() for item in self.hypotheses],
            "recommendations": [item.to_json() for item in self.recommendations],
            "cautions": [item.to_json() for item in self.cautions],
            "pitfalls": [item.to_json() for item in self.pitfalls],
            "questions": [item.to_json() for item in self.questions],
            "conflicts": [item.to_json() for item in self.conflicts],
            "gaps": [item.to_json() for item in self.gaps],
            **without_none(
                redFlags=list(self.red_flags) or None, genotype=[item.to_json() for item in self.genotype] or None
            ),
        }


def _listed(items: tuple[Position, ...] | tuple[Time, ...]) -> list[dict[str, Any]] | None:
    """Return the published form of what only some answers have: without any, the key is left out."""
    return [item.to_json() for item in items] or None
