"""A view of one case's facts, asserted and inferred, with the statements behind each conclusion."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from pyoxigraph import Literal, NamedNode, Triple

from refractory.knowledge.knowledge import Knowledge
from refractory.model.facts import CaseFacts, Closure
from refractory.model.sources import StatementRef
from refractory.vocabulary import Rdf


class CaseView:
    """Answers what a case has, by predicate, in canonical order."""

    def __init__(self, case: CaseFacts, closure: Closure, knowledge: Knowledge) -> None:
        self.case = case.case
        self.knowledge = knowledge
        self._closure = closure
        self._objects: dict[tuple[object, NamedNode], list[NamedNode | Literal]] = {}
        for fact in {*case.all, *closure.inferred}:
            if isinstance(fact.object, NamedNode | Literal):
                self._objects.setdefault((fact.subject, fact.predicate), []).append(fact.object)
        for values in self._objects.values():
            values.sort(key=_text)

    def nodes(self, predicate: NamedNode, subject: NamedNode | None = None) -> list[NamedNode]:
        """Return the nodes that the case (or another subject) has under a predicate."""
        return [o for o in self._objects.get((subject or self.case, predicate), ()) if isinstance(o, NamedNode)]

    def numbers(self, predicate: NamedNode) -> list[Decimal]:
        """Return the numbers that the case has under a predicate."""
        return [Decimal(o.value) for o in self._objects.get((self.case, predicate), ()) if isinstance(o, Literal)]

    def is_a(self, cls: NamedNode) -> bool:
        """Say whether the case is of a class."""
        return cls in self._objects.get((self.case, Rdf.TYPE), ())

    def statements(
        self, facts: Iterable[tuple[NamedNode, NamedNode, NamedNode]], more: Iterable[str] = ()
    ) -> tuple[StatementRef, ...]:
        """Return the statements of all rules that concluded any of the facts, and more: leading source first."""
        ids = set(more) | {
            statement
            for fact in facts
            for rule in self._closure.rules.get(Triple(*fact), ())
            for statement in self.knowledge.encodes[rule]
        }
        return self.knowledge.cited(ids)

    def linked(self, annotation: NamedNode) -> Iterator[tuple[NamedNode, NamedNode]]:
        """Yield (property, value) for each property that an annotation gives a meaning, in canonical order."""
        for predicate in self.knowledge.subjects(annotation):
            for value in self.knowledge.values(predicate, annotation):
                if isinstance(value, NamedNode):
                    yield predicate, value


def _text(term: NamedNode | Literal) -> str:
    return term.value
