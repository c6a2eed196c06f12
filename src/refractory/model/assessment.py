"""The answer to a case as frozen values; `to_json` gives the published form (`schemas/assessment.schema.json`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any, Protocol

from pyoxigraph import Literal, NamedNode, Triple

from refractory.model.facts import CaseFacts, Closure, canonical
from refractory.model.findings import (
    Conflict,
    Failure,
    Findings,
    GapMet,
    Hypothesis,
    Noted,
    Question,
    Recommendation,
    Resistance,
)
from refractory.model.interchange import to_rdflib_graph
from refractory.model.report import Finding
from refractory.model.sources import without_none
from refractory.vocabulary import Rdf, rfy

if TYPE_CHECKING:
    import rdflib


@dataclass(frozen=True, slots=True)
class GuidanceUsed:
    """A source that was used, its version and the hash of the document it encodes."""

    id: str
    version: str
    source_sha256: str | None

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        sha256 = {} if self.source_sha256 is None else {"sourceSha256": self.source_sha256}
        return {"id": self.id, "version": self.version, **sha256}


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

    def triples(self, assessment: Assessment) -> tuple[Triple, ...]:
        """Return why each fact about the case holds, in PROV-O; nothing where there are no proofs."""
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
            **without_none(assessedOn=self.facts.assessed_on.isoformat() if self.facts.assessed_on else None),
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
    """Return the assessment graph: a node for it, for each recommendation and for each disagreement of sources.

    Each has the statements that it rests on. The positions of sources have the names that the ontology has for them.
    The case has its cautions, pitfalls and conflicts of actions: who reads this graph alone is warned as well.
    """
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
            *(Triple(advice, rfy("hasPosition"), rfy(position.name)) for position in item.positions),
            *(Triple(advice, rfy("isWeakenedBy"), rfy(name)) for name in item.weakened_by),
        ]
    triples += [Triple(node, rfy("hasPosition"), rfy(name)) for name in _positions(assessment)]
    triples += [Triple(node, rfy("hasRedFlag"), rfy(name)) for name in assessment.findings.red_flags]
    triples += [Triple(case, rfy("raisesCaution"), rfy(caution.name)) for caution in _cautions(assessment)]
    triples += [Triple(case, rfy("meetsPitfall"), rfy(pitfall.name)) for pitfall in assessment.pitfalls]
    for conflict in assessment.conflicts:
        if conflict.about is None:
            triples.append(Triple(case, rfy("meetsConflict"), rfy(conflict.name)))
        else:
            triples += _disagreement(case, node, conflict, conflict.about)
    return canonical(triples)


def _cautions(assessment: Assessment) -> tuple[Noted, ...]:
    """Return all cautions that are shown: at actions, and those that belong to none."""
    return (*assessment.cautions, *(caution for advice in assessment.recommendations for caution in advice.cautions))


def _positions(assessment: Assessment) -> set[str]:
    """Return the names of all positions that are shown: times, and what stands at actions, hypotheses and cautions."""
    shown: tuple[Recommendation | Hypothesis | Noted, ...]
    shown = (*assessment.recommendations, *assessment.hypotheses, *_cautions(assessment))
    return {time.name for time in assessment.failure.times} | {p.name for item in shown for p in item.positions}


def _disagreement(case: NamedNode, node: NamedNode, conflict: Conflict, about: str) -> list[Triple]:
    found = part_of(case, f"disagreement.{conflict.name}.{about}")
    return [
        Triple(node, rfy("hasFoundDisagreement"), found),
        Triple(found, Rdf.TYPE, rfy("FoundDisagreement")),
        Triple(found, rfy("hasSortOfDisagreement"), rfy(conflict.name)),
        Triple(found, rfy("isDisagreementOn"), rfy(about)),
        *(Triple(found, rfy("isDisagreementOf"), rfy(source)) for source in conflict.between),
        *(Triple(found, rfy("hasSide"), rfy(position.name)) for position in conflict.positions),
        *(Triple(found, rfy("isBasedOn"), rfy(statement.id)) for statement in conflict.statements),
    ]


def part_of(case: NamedNode, name: str) -> NamedNode:
    """Return the node of a part of a case: a fragment of the case's IRI."""
    return NamedNode(f"{case.value}{'.' if '#' in case.value else '#'}{name}")
