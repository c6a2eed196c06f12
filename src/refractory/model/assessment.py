"""The answer to a case as frozen values; `to_json` gives the published form (`schemas/assessment.schema.json`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING, Any, Protocol

from pyoxigraph import Literal, NamedNode, Triple

from refractory.model.facts import CaseFacts, Closure, canonical
from refractory.model.interchange import to_rdflib_graph
from refractory.model.report import Finding
from refractory.vocabulary import Rdf, rfy

if TYPE_CHECKING:
    import rdflib


@dataclass(frozen=True, slots=True)
class StatementRef:
    """A statement of a source and its place: the line of the source, or the number of our own reading."""

    id: str
    source: str
    line: int
    citation: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return _without_none(id=self.id, source=self.source, line=self.line, citation=self.citation)


@dataclass(frozen=True, slots=True)
class Failure:
    """Whether treatment is failing, and what that rests on.

    Attributes:
        failing: Active lesions despite a treatment that counts.
        dose: `Right`, `Low` or `Unknown`.
        day_of_treatment: Days since the earliest start of an ongoing entry that counts; None: not known.
        because: How the lesions go, and the treatments that count.
    """

    failing: bool
    dose: str
    day_of_treatment: int | None
    because: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return _without_none(
            failing=self.failing, dose=self.dose, dayOfTreatment=self.day_of_treatment, because=list(self.because)
        )


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

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return {
            "name": self.name,
            "status": self.status,
            "for": list(self.for_),
            "against": list(self.against),
            "open": list(self.open),
            "statements": [s.to_json() for s in self.statements],
        }


@dataclass(frozen=True, slots=True)
class Noted:
    """A caution or pitfall that a case meets, with the statements it rests on."""

    name: str
    statements: tuple[StatementRef, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return {"name": self.name, "statements": [s.to_json() for s in self.statements]}


@dataclass(frozen=True, slots=True)
class Quantity:
    """An amount and its unit (`mg`, `mg/kg`, `%`)."""

    dose: Decimal
    unit: str

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return {"dose": number(self.dose), "unit": self.unit}


@dataclass(frozen=True, slots=True)
class Regimen:
    """How a drug is given; what the source does not say is None.

    Attributes:
        dose: Amount for each application, with its unit.
        route: The name of the route.
        every_hours: Hours between applications.
        times_per_day: Applications a day.
        days: Duration in days.
        until: The end point in words.
        product: The name of the product.
    """

    dose: Quantity | None = None
    route: str | None = None
    every_hours: Decimal | None = None
    times_per_day: Decimal | None = None
    days: Decimal | None = None
    until: str | None = None
    product: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return {
            **(self.dose.to_json() if self.dose else {}),
            **_without_none(
                route=self.route,
                everyHours=number(self.every_hours),
                timesPerDay=number(self.times_per_day),
                days=number(self.days),
                until=self.until,
                product=self.product,
            ),
        }


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One action with its strongest kind (`Recommend`, `Consider`, `Avoid`) and urgency, and all its statements."""

    action: str
    kind: str
    urgency: str
    drug: str | None
    regimen: Regimen | None
    for_this_patient: Quantity | None
    cautions: tuple[Noted, ...]
    statements: tuple[StatementRef, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return {
            **_without_none(
                action=self.action,
                kind=self.kind,
                urgency=self.urgency,
                drug=self.drug,
                regimen=self.regimen.to_json() if self.regimen else None,
                forThisPatient=self.for_this_patient.to_json() if self.for_this_patient else None,
            ),
            "cautions": [c.to_json() for c in self.cautions],
            "statements": [s.to_json() for s in self.statements],
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
    """Two actions that stand against each other; both stay, and a person decides."""

    name: str
    between: tuple[str, str]
    asks: str
    statements: tuple[StatementRef, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return {
            "name": self.name,
            "between": list(self.between),
            "asks": self.asks,
            "statements": [s.to_json() for s in self.statements],
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
class GuidanceUsed:
    """A source that was used, its version and the hash of the document it encodes."""

    id: str
    version: str
    source_sha256: str | None

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return _without_none(id=self.id, version=self.version, sourceSha256=self.source_sha256)


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
        }


def number(value: Decimal | None) -> int | float | None:
    """Return a decimal as the plainest JSON number."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def _without_none(**parts: Any) -> dict[str, Any]:
    return {key: value for key, value in parts.items() if value is not None}


NOTICE = (
    "For a professional who decides; it informs and does not replace judgement. Not for emergencies. "
    "It repeats what the named sources say and nothing else."
)
SCHEMA_VERSION = "1"


class Presenter(Protocol):
    """What writes proofs into an assessment's forms; whoever makes the assessment provides it."""

    def json(self, assessment: Assessment, plain: dict[str, Any]) -> dict[str, Any]:
        """Return the JSON of an assessment with its proofs."""
        ...

    def html(self, assessment: Assessment) -> str:
        """Return HTML that unfolds to the proofs, or an empty text."""
        ...


@dataclass(frozen=True, slots=True)
class Assessment:
    """The answer to one case.

    Attributes:
        software_version: Version of this package.
        knowledge_hash: SHA-256 of the knowledge that was used.
        guidance: The sources that were used, the leading one first.
        facts: What was said of the case.
        closure: What follows from it.
        warnings: Findings of the shapes that did not stop the reasoning.
        findings: What is concluded.
        presenter: What writes the proofs; without it there are none.
    """

    software_version: str
    knowledge_hash: str
    guidance: tuple[GuidanceUsed, ...]
    facts: CaseFacts
    closure: Closure
    warnings: tuple[Finding, ...]
    findings: Findings
    presenter: Presenter | None = field(default=None, compare=False, repr=False)

    @property
    def case(self) -> str:
        """The IRI of the case."""
        return self.facts.case.value

    @property
    def failure(self) -> Failure:
        """Whether treatment is failing."""
        return self.findings.failure

    @property
    def not_applicable(self) -> tuple[str, ...]:
        """Why the sources have nothing to say, if so."""
        return self.findings.not_applicable

    @property
    def resistance(self) -> tuple[Resistance, ...]:
        """The status of each drug that has one."""
        return self.findings.resistance

    @property
    def hypotheses(self) -> tuple[Hypothesis, ...]:
        """The possible causes of failure."""
        return self.findings.hypotheses

    @property
    def recommendations(self) -> tuple[Recommendation, ...]:
        """The actions, most urgent first."""
        return self.findings.recommendations

    @property
    def cautions(self) -> tuple[Noted, ...]:
        """Cautions that belong to no single action."""
        return self.findings.cautions

    @property
    def pitfalls(self) -> tuple[Noted, ...]:
        """Mistakes that this case invites."""
        return self.findings.pitfalls

    @property
    def questions(self) -> tuple[Question, ...]:
        """What is unknown and may matter."""
        return self.findings.questions

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """Actions that stand against each other."""
        return self.findings.conflicts

    @property
    def gaps(self) -> tuple[GapMet, ...]:
        """What the sources leave open and the case touches."""
        return self.findings.gaps

    def to_json(self) -> dict[str, Any]:
        """Return the published form: plain values, keys as in `schemas/assessment.schema.json`."""
        plain: dict[str, Any] = {
            "schemaVersion": SCHEMA_VERSION,
            "softwareVersion": self.software_version,
            "knowledgeHash": self.knowledge_hash,
            "notice": NOTICE,
            "guidance": [source.to_json() for source in self.guidance],
            "case": self.case,
            **_without_none(assessedOn=self.facts.assessed_on.isoformat() if self.facts.assessed_on else None),
            "warnings": [warning.to_json() for warning in self.warnings],
            **self.findings.to_json(),
            "proofs": {},
        }
        return self.presenter.json(self, plain) if self.presenter else plain

    def to_graph(self) -> rdflib.Graph:
        """Return the assessment as an rdflib graph: each recommendation with kind, urgency and statements."""
        return to_rdflib_graph(assessment_triples(self))

    def _repr_html_(self) -> str:
        """Show the conclusions in a notebook, each unfolding to its proof; without proofs, a table of the actions."""
        if self.presenter and (unfolding := self.presenter.html(self)):
            return unfolding
        rows = "".join(
            f"<tr><td>{escape(r.kind)}</td><td>{escape(r.action)}</td><td>{escape(r.urgency)}</td>"
            f"<td>{escape(', '.join(s.id for s in r.statements))}</td></tr>"
            for r in self.recommendations
        )
        return (
            f"<p><b>{escape(self.case)}</b></p><table><tr><th>Kind</th><th>Action</th><th>Urgency</th>"
            f"<th>Statements</th></tr>{rows}</table><p><small>{escape(NOTICE)}</small></p>"
        )


def assessment_triples(assessment: Assessment) -> tuple[Triple, ...]:
    """Return the assessment graph: a node for the assessment and for each recommendation, with what each rests on."""
    case = assessment.facts.case
    node = part_of(case, "assessment")
    triples = [
        Triple(case, rfy("hasAssessment"), node),
        Triple(node, Rdf.TYPE, rfy("Assessment")),
        Triple(node, rfy("knowledgeHash"), Literal(assessment.knowledge_hash)),
    ]
    for item in assessment.recommendations:
        advice = part_of(case, f"recommendation.{item.action}")
        triples += [
            Triple(node, rfy("hasRecommendation"), advice),
            Triple(advice, Rdf.TYPE, rfy("Recommendation")),
            Triple(advice, rfy("hasAction"), rfy(item.action)),
            Triple(advice, rfy("hasKindOfAdvice"), rfy(item.kind)),
            Triple(advice, rfy("hasUrgency"), rfy(item.urgency)),
            *(Triple(advice, rfy("isBasedOn"), rfy(statement.id)) for statement in item.statements),
        ]
    return canonical(triples)


def part_of(case: NamedNode, name: str) -> NamedNode:
    """Return the node of a part of a case: a fragment of the case's IRI."""
    return NamedNode(f"{case.value}{'.' if '#' in case.value else '#'}{name}")
