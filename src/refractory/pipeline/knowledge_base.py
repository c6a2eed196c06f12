"""The knowledge base: what others call. It only puts the stages in their order."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from refractory.case.reader import Case
from refractory.engine.interface import Reasoner
from refractory.errors import UsageError
from refractory.explain.presenter import ProofPresenter
from refractory.knowledge.headers import QueryFile
from refractory.knowledge.knowledge import Guidance, Knowledge
from refractory.model.assessment import Assessment, GuidanceUsed
from refractory.model.facts import CaseFacts, Closure
from refractory.model.findings import Findings
from refractory.model.report import Finding, Report
from refractory.recommend.recommend import recommend
from refractory.validation.quick import QuickValidator
from refractory.validation.validate import validate
from refractory.version import VERSION

if TYPE_CHECKING:
    from refractory.genotype.table import ResistanceTable
    from refractory.pipeline.genotype import GenotypeAnswer
    from refractory.pipeline.pivot import Pivots
    from refractory.pipeline.questions import Questions
    from refractory.pipeline.what_if import WhatIf
    from refractory.query.run import Rows

ENGINES = ("compiled", "reference")

# Cases reasoned together: the reference engine spends seconds on the ontology and tenths on a case, and joins grow.
_BATCH = 20

_log = logging.getLogger("refractory")


class KnowledgeBase:
    """Knowledge that assesses, validates and answers queries. Immutable, and safe to share between threads."""

    def __init__(self, knowledge: Knowledge, engine: str = "compiled") -> None:
        """Use a knowledge that is already loaded; `load` is the usual way.

        Raises:
            UsageError: There is no such engine.
        """
        if engine not in ENGINES:
            raise UsageError(f"no engine is called {engine!r}.", fix=f"Known are {', '.join(ENGINES)}.")
        self.knowledge = knowledge
        self.engine = engine

    @classmethod
    def load(
        cls,
        path: str | Path | Sequence[str | Path] | None = None,
        *,
        guidance: Sequence[str] | None = None,
        engine: str = "compiled",
    ) -> KnowledgeBase:
        """Load the knowledge that is shipped, that of another folder, or either with modules laid on it.

        Args:
            path: A folder, or several: one with `ontology/refractory.ttl` stands in the place of the shipped knowledge,
                any other is a module that is added to it.
            guidance: Identifiers of the sources to use; all by default.
            engine: `compiled`, or `reference`, which is slow, plain, and keeps no proofs.

        Raises:
            UsageError: A folder, an identifier or the engine is unknown.
            KnowledgeError: The files are at fault.
        """
        return cls(Knowledge.load(path, guidance), engine)

    @property
    def hash(self) -> str:
        """SHA-256 of the knowledge."""
        return self.knowledge.hash

    @property
    def guidance(self) -> tuple[Guidance, ...]:
        """The sources in use, the leading one first."""
        return self.knowledge.guidance

    @property
    def queries(self) -> Mapping[str, QueryFile]:
        """The named queries."""
        return self.knowledge.queries

    @cached_property
    def reasoner(self) -> Reasoner:
        """The engine, made when it is first needed."""
        if self.engine == "reference":
            from refractory.engine.reference import ReferenceReasoner

            return ReferenceReasoner(self.knowledge)
        from refractory.engine.compiled import CompiledReasoner

        return CompiledReasoner(self.knowledge)

    @cached_property
    def questions(self) -> Questions:
        """What works out which questions are worth asking; always with the compiled engine, which takes little time."""
        from refractory.engine.compiled import CompiledReasoner
        from refractory.pipeline.questions import Questions

        reasoner = self.reasoner
        compiled = reasoner if isinstance(reasoner, CompiledReasoner) else CompiledReasoner(self.knowledge)
        return Questions(self.knowledge, compiled)

    def validate(self, case: Case) -> Report:
        """Hold a case against the shapes.

        Returns:
            The report; `raise_if_invalid` turns violations into an error.
        """
        return validate(case.facts, self.knowledge)

    def table(self, path: str | Path) -> ResistanceTable:
        """Read a table of mutations, by which the genotype findings of cases are interpreted.

        Args:
            path: A file in the form of the table that the knowledge names.

        Raises:
            RefusedError: There is no such file, or it is not such a table.
            LimitError: It is larger than any such table.
        """
        from refractory.genotype.table import ResistanceTable

        return ResistanceTable.load(path, self.knowledge)

    def genotype(self, table: ResistanceTable, virus: str, gene: str, mutation: str) -> GenotypeAnswer:
        """Say what a table says of one mutation, and what follows from its gene.

        Args:
            table: The table, from `table`.
            virus: The name of the virus, in any form that a case may use for a term.
            gene: The name of one of its genes.
            mutation: The mutation as the table writes it; one that the table does not have is answered so.

        Raises:
            UsageError: The virus has no such name or no such gene, or no source in use says how calls are made.
        """
        from refractory.pipeline.genotype import genotype

        return genotype(self, table, virus, gene, mutation)

    def assess(self, case: Case, *, questions: bool = True, table: ResistanceTable | None = None) -> Assessment:
        """Answer a case.

        Args:
            case: The case, from `Case.from_json` or `Case.from_turtle`.
            questions: Whether to say what may still be asked.
            table: A table of mutations, from `table`; without one, genotype findings are not interpreted.

        Raises:
            NonConformingError: The case violates the shapes; nothing was concluded.
            ContradictionError: The case's closure is inconsistent; nothing was concluded.
            UsageError: A table is given, and no source in use says how it is read.
        """
        return self.assess_all([case], questions=questions, table=table)[0]

    def assess_all(
        self, cases: Iterable[Case], *, questions: bool = True, table: ResistanceTable | None = None
    ) -> list[Assessment]:
        """Answer several cases at once, each on its own facts; faster than one by one.

        Raises:
            NonConformingError: A case violates the shapes.
            ContradictionError: A case's closure is inconsistent.
            UsageError: A table is given, and no source in use says how it is read.
        """
        cases = [self.looked_up(case, table) for case in cases]
        reports = [self.check(case) for case in cases]
        for report in reports:
            report.raise_if_invalid()
        closures: dict[int, Closure] = {}
        for batch in _batches([case.facts for case in cases]):
            closures.update(zip(batch, self.reasoner.close([cases[place].facts for place in batch]), strict=True))
        _log.debug("assessed %d case(s) with knowledge %s", len(cases), self.hash[:12])
        return [
            self.put_together(case, report, closure, questions=questions, table=table)
            for case, report, closure in zip(cases, reports, (closures[i] for i in range(len(cases))), strict=True)
        ]

    def put_together(
        self, case: Case, report: Report, closure: Closure, *, questions: bool, table: ResistanceTable | None
    ) -> Assessment:
        """Return the answer to a case that was looked up, that conforms, and of which it is known what follows."""
        return Assessment(
            VERSION,
            self.hash,
            self.guidance_used,
            case.facts,
            closure,
            self.warnings(case.facts, report, table),
            self._findings(case.facts, closure, questions=questions, table=table),
            self._presenter,
        )

    def check(self, case: Case) -> Report:
        """Hold a case against the shapes on the way to an answer: the same report as `validate`, sooner if it conforms.

        Beside the reference engine pySHACL does it, else the compiled shapes.
        """
        return self._validator.check(case.facts) if self.engine == "compiled" else self.validate(case)

    @cached_property
    def guidance_used(self) -> tuple[GuidanceUsed, ...]:
        """The sources as an answer names them."""
        return tuple(GuidanceUsed(g.id, g.version, g.source_sha256) for g in self.guidance)

    @cached_property
    def _validator(self) -> QuickValidator:
        return QuickValidator(self.knowledge)

    @cached_property
    def _presenter(self) -> ProofPresenter:
        return ProofPresenter(self.knowledge)

    def _findings(
        self, case: CaseFacts, closure: Closure, *, questions: bool, table: ResistanceTable | None
    ) -> Findings:
        findings = recommend(case, closure, self.knowledge)
        if table is not None:
            from refractory.genotype.facts import interpreted

            findings = replace(findings, genotype=interpreted(case, closure, table, self.knowledge))
        return replace(findings, questions=self.questions.ask(case, closure)) if questions else findings

    def warnings(self, case: CaseFacts, report: Report, table: ResistanceTable | None) -> tuple[Finding, ...]:
        """Return what the shapes found that goes with the answer."""
        if table is None:
            return report.warnings
        from refractory.genotype.facts import told

        return told(report.warnings, case, table, self.knowledge)

    def looked_up(self, case: Case, table: ResistanceTable | None) -> Case:
        """Return a case with what a table says of its genotype findings as facts; without a table, the case itself.

        Raises:
            UsageError: No source in use says how a table is read.
        """
        if table is None:
            return case
        from refractory.genotype.facts import with_calls
        from refractory.pipeline.genotype import ask_for_parameters

        ask_for_parameters(self.knowledge)
        return replace(case, facts=with_calls(case.facts, table, self.knowledge))

    def what_if(
        self,
        case: Case,
        present: Iterable[str] = (),
        absent: Iterable[str] = (),
        *,
        table: ResistanceTable | None = None,
    ) -> WhatIf:
        """Answer a case as it is and as it would be, and say what differs.

        Args:
            case: The case.
            present: Facts that would be present: names in any form that a case may use.
            absent: Facts that would be absent.
            table: A table of mutations, from `table`.

        Raises:
            UsageError: A name is not that of a fact, no fact is named, or the facts exclude each other.
            NonConformingError: The case violates the shapes, as it is or as it would be.
            ContradictionError: The closure of either is inconsistent.
        """
        from refractory.pipeline.what_if import what_if

        return what_if(self, case, present, absent, table=table)

    def pivot(self, case: Case, action: str, *, table: ResistanceTable | None = None) -> Pivots:
        """Find the smallest sets of unknown facts that would bring about, change or remove the advice on an action.

        Args:
            case: The case.
            action: The name of the action, in any form that a case may use for a term.
            table: A table of mutations, from `table`.

        Raises:
            UsageError: The name is not that of an action.
            NonConformingError: The case violates the shapes.
            ContradictionError: The closure of the case is inconsistent.
        """
        from refractory.pipeline.pivot import pivot

        return pivot(self, self.looked_up(case, table), action)

    def query(self, query: str, *, case: Case | None = None, **bindings: object) -> Rows:
        """Ask the knowledge, and a case's graphs if one is given.

        Args:
            query: The name of a query (`queries`), or the text of one.
            case: Adds the graphs asserted, inferred and assessment of this case.
            **bindings: Values for the query's variables: names of terms, strings or numbers.

        Raises:
            UsageError: No such query, a binding without a variable, or a query that reaches outside.
        """
        from refractory.query.run import run_query

        assessment = self.assess(case) if case is not None else None
        return run_query(query, self.knowledge, assessment=assessment, bindings=bindings)


def _batches(cases: Sequence[CaseFacts]) -> list[list[int]]:
    """Return the places of cases in batches of which no two cases speak of the same node.

    Two cases may carry the same identifier; reasoned about together, the facts of one would be taken for the other's.
    """
    batches: list[tuple[list[int], set[object]]] = []
    for place, case in enumerate(cases):
        nodes: set[object] = {triple.subject for triple in case.all}
        for members, taken in batches:
            if len(members) < _BATCH and not taken & nodes:
                break
        else:
            members, taken = [], set()
            batches.append((members, taken))
        members.append(place)
        taken |= nodes
    return [members for members, _ in batches]


def assess(case: Case) -> Assessment:
    """Answer a case with the knowledge that is shipped."""
    return _shipped().assess(case)


@cache
def _shipped() -> KnowledgeBase:
    return KnowledgeBase.load()
