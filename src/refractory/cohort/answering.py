"""Answers one case of a cohort: the stages of `KnowledgeBase.assess`, and what a row needs of what they come to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from refractory.case.fhir.recognize import looks_like_fhir
from refractory.case.reader import Case
from refractory.cohort import rows
from refractory.cohort.rows import Row
from refractory.errors import RefusedError
from refractory.genotype.facts import interpreted
from refractory.model.facts import Closure
from refractory.model.findings import Findings
from refractory.model.report import Report
from refractory.pipeline.knowledge_base import KnowledgeBase
from refractory.recommend.recommend import findings_of
from refractory.recommend.terms import names
from refractory.recommend.view import CaseView
from refractory.vocabulary import Rdf, Rdfs, rfy


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to one case.

    Attributes:
        case: Its IRI.
        assessed_on: The day of the assessment.
        findings: What was concluded.
        populations: The classes of patients to which its patient belongs.
        warnings: What the shapes found.
        genotype: What the table says of its mutations.
        questions: What may still be asked; empty unless wanted.
        assessment: The whole answer as JSON text; empty unless wanted.
    """

    case: str
    assessed_on: date | None
    findings: Findings
    populations: tuple[str, ...]
    warnings: list[Row]
    genotype: list[Row]
    questions: list[Row]
    assessment: str


class Answering:
    """Answers cases with one knowledge."""

    def __init__(
        self,
        base: KnowledgeBase,
        table: str | None,
        *,
        questions: bool,
        proofs: bool,
        assessed_on: str | None = None,
    ) -> None:
        self._base = base
        self._assessed_on = assessed_on
        self._table = base.table(table) if table is not None else None
        self._questions = questions
        self._proofs = proofs
        self._populations = frozenset(base.knowledge.subjects(Rdfs.SUB_CLASS_OF, rfy("Patient")))

    def answer(self, data: bytes | str | Mapping[str, Any]) -> Answered:
        """Answer one case.

        Raises:
            RefusedError: It cannot be read.
            LimitError: It is larger or deeper than allowed.
            NonConformingError: It violates the shapes.
            ContradictionError: Its closure is inconsistent.
            UsageError: A table is given, and no source in use says how it is read.
        """
        base = self._base
        case = base.looked_up(self._read(data), self._table)
        report = base.check(case)
        report.raise_if_invalid()
        (closure,) = base.reasoner.close([case.facts])
        return self._answered(case, report, closure)

    def _read(self, data: bytes | str | Mapping[str, Any]) -> Case:
        try:
            return Case.from_json(data, self._base.knowledge)
        except RefusedError:
            if isinstance(data, Mapping) or not looks_like_fhir(data if isinstance(data, bytes) else data.encode()):
                raise
        return Case.from_fhir(data, self._base.knowledge, assessed_on=self._assessed_on)

    def warm(self) -> None:
        """Make all that is made when it is first needed."""
        self.answer({"id": "https://example.org/cohort/warm"})

    def _answered(self, case: Case, report: Report, closure: Closure) -> Answered:
        base, facts, table = self._base, case.facts, self._table
        view = CaseView(facts, closure, base.knowledge)
        return Answered(
            facts.case.value,
            facts.assessed_on,
            findings_of(view),
            self._populations_of(view),
            rows.warnings(base.warnings(facts, report, table)),
            rows.genotype(() if table is None else interpreted(facts, closure, table, base.knowledge)),
            rows.questions(base.questions.ask(facts, closure)) if self._questions else [],
            self._written(case, report, closure) if self._proofs else "",
        )

    def _populations_of(self, view: CaseView) -> tuple[str, ...]:
        classes = {cls for patient in view.nodes(rfy("hasPatient")) for cls in view.nodes(Rdf.TYPE, patient)}
        return names(classes & self._populations)

    def _written(self, case: Case, report: Report, closure: Closure) -> str:
        """Return the whole answer as `refractory assess --format json` writes it."""
        answer = self._base.put_together(case, report, closure, questions=self._questions, table=self._table)
        return json.dumps(answer.to_json(), ensure_ascii=False, separators=(",", ":"))
