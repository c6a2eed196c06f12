"""The facts of a case by which a conclusion of an answer is said; found through the ontology's annotations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pyoxigraph import NamedNode, Triple

from refractory.explain.conclusions import NOTED
from refractory.explain.lexicon import lexicon
from refractory.guidance.parts import Subject, is_name
from refractory.knowledge.knowledge import Knowledge
from refractory.model.assessment import Assessment
from refractory.vocabulary import Rdf, Rdfs, rfy

_Finder = Callable[[Subject, Any], Iterable[Triple]]


class SaidBy:
    """Finds the facts that say a conclusion, whether they hold in the case or not."""

    def __init__(self, assessment: Assessment, knowledge: Knowledge) -> None:
        self._assessment = assessment
        self._knowledge = knowledge
        self._words = lexicon(knowledge)
        self._case = assessment.facts.case
        self._finders: Mapping[str, _Finder] = {
            "failing": lambda _subject, _value: [Triple(self._case, Rdf.TYPE, rfy("FailingCase"))],
            "dose": lambda _subject, value: self._has("hasDoseAdequacy", value),
            "dayOfTreatment": lambda _subject, _value: self._inferred(rfy("dayOfTreatment")),
            "notApplicable": lambda subject, _value: self._noted("not applicable", subject[0]),
            "redFlags": self._met,
            "resistance": self._status,
            "heightenedBy": lambda subject, _value: self._has("isHeightenedBy", subject[0]),
            "times": self._met,
            "hypotheses": lambda subject, value: self._graded("givesHypothesisStatus", value, subject[0]),
            "recommendations": self._advice,
            "weakened": lambda subject, _value: self._has("hasEvidenceAgainst", subject[0]),
            "forThisPatient": self._amount,
            "positions": self._met,
            "cautions": lambda subject, _value: self._noted("caution", subject[0]),
            "cautionsAt": lambda subject, _value: self._noted("caution", subject[1]),
            "pitfalls": lambda subject, _value: self._noted("pitfall", subject[0]),
            "conflicts": self._conflict,
            "gaps": self._gap,
        }

    def facts(self, part: str, subject: Subject, value: Any) -> Iterator[Triple]:
        """Yield the facts that say a conclusion, the main one first.

        Args:
            part: The key of `expected.json`; of one that no facts say, there are none.
            subject: What the conclusion is about; a name that nothing has is said by no fact.
            value: What is said of it.
        """
        names = [name for name in subject if isinstance(name, str)]
        if part in self._finders and all(map(self._is_known, names)):
            yield from self._finders[part](subject, value)

    def _is_known(self, name: object) -> bool:
        return is_name(name) and bool(self._knowledge.text(rfy(str(name)), Rdfs.LABEL))

    def _has(self, predicate: str, name: str) -> Iterator[Triple]:
        if self._is_known(name):
            yield Triple(self._case, rfy(predicate), rfy(name))

    def _noted(self, sort: str, name: str) -> Iterator[Triple]:
        yield Triple(self._case, NOTED[sort], rfy(name))

    def _met(self, subject: Subject, _value: Any) -> Iterator[Triple]:
        """Yield that a position is met: the last name, before which may stand what it speaks of."""
        yield from (Triple(self._case, rfy(name), rfy(subject[-1])) for name in ("meetsPosition", "meetsRemark"))

    def _advice(self, subject: Subject, value: Any) -> Iterator[Triple]:
        yield from self._graded("givesKind", value[0], subject[0])
        yield from self._graded("givesUrgency", value[1], subject[0])

    def _status(self, subject: Subject, value: Any) -> Iterator[Triple]:
        for fact in self._assessment.facts.all:
            if fact.predicate == rfy("hasVirus") and isinstance(fact.object, NamedNode):
                yield from self._graded("givesStatus", value, subject[0], fact.object)

    def _amount(self, subject: Subject, _value: Any) -> Iterator[Triple]:
        yield from self._inferred(*self._words.graded("givesDoseOf", subject[0]))

    def _inferred(self, *predicates: NamedNode) -> Iterator[Triple]:
        """Yield the figures that were worked out for the case: what else they could have been, no fact says."""
        found = (fact for fact in self._assessment.closure.inferred if fact.predicate in predicates)
        yield from sorted((fact for fact in found if fact.subject == self._case), key=str)

    def _conflict(self, subject: Subject, _value: Any) -> Iterator[Triple]:
        if len(subject) > 2:
            for name in subject[2:]:
                yield from self._graded("givesDisagreement", subject[0], name)
        for conflict in self._assessment.conflicts:
            if sorted(conflict.between) == list(subject):
                yield from self._noted("conflict", conflict.name)

    def _gap(self, subject: Subject, _value: Any) -> Iterator[Triple]:
        source, line = subject
        for gap in self._knowledge.subjects(Rdf.TYPE, rfy("Gap")):
            if self._knowledge.value(gap, rfy("ofGuidance")) == rfy(source) and self._knowledge.line_of(gap) == line:
                yield Triple(self._case, NOTED["gap"], gap)

    def _graded(self, annotation: str, grade: Any, name: str, subject: NamedNode | None = None) -> Iterator[Triple]:
        for predicate in self._words.graded(annotation, grade) if self._is_known(grade) else ():
            yield Triple(subject or self._case, predicate, rfy(name))
