"""A view of one case's facts, asserted and inferred, with the statements behind each conclusion."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from operator import attrgetter
from typing import Final

from pyoxigraph import Literal, NamedNode, Triple

from refractory.knowledge.knowledge import Knowledge
from refractory.model.facts import CaseFacts, Closure
from refractory.model.sources import StatementRef
from refractory.recommend.terms import Terms
from refractory.vocabulary import Rdf

_BY_VALUE: Final = attrgetter("value")


class CaseView:
    """Answers what a case has, by predicate, in canonical order."""

    def __init__(self, case: CaseFacts, closure: Closure, knowledge: Knowledge) -> None:
        self.case = case.case
        self.knowledge = knowledge
        self.terms = knowledge.once(Terms)
        self._closure = closure
        self._given: dict[NamedNode, list[Triple]] = {}
        for fact in case.all:
            self._given.setdefault(fact.predicate, []).append(fact)
        # Most facts are never looked at, so what is under a predicate is laid out when it is asked for.
        self._nodes: dict[NamedNode, dict[object, list[NamedNode]]] = {}

    def nodes(self, predicate: NamedNode, subject: NamedNode | None = None) -> Sequence[NamedNode]:
        """Return the nodes that the case (or another subject) has under a predicate."""
        found = self._nodes.get(predicate)
        if found is None:
            found = self._nodes[predicate] = self._laid_out(predicate)
        return found.get(subject or self.case, ())

    def _laid_out(self, predicate: NamedNode) -> dict[object, list[NamedNode]]:
        found: dict[object, list[NamedNode]] = {}
        for subject, value in self._facts(predicate):
            if isinstance(value, NamedNode):
                found.setdefault(subject, []).append(value)
        for nodes in found.values():
            nodes.sort(key=_BY_VALUE)
        return found

    def _facts(self, predicate: NamedNode) -> Iterator[tuple[object, object]]:
        """Yield subject and object of each fact under a predicate: what was given, and what reasoning added."""
        for fact in self._given.get(predicate, ()):
            yield fact.subject, fact.object
        yield from self._closure.added(predicate)

    def numbers(self, predicate: NamedNode) -> list[Decimal]:
        """Return the numbers that the case has under a predicate."""
        facts = self._facts(predicate)
        values = [value.value for subject, value in facts if subject == self.case and isinstance(value, Literal)]
        return [Decimal(value) for value in sorted(values)]

    def is_a(self, cls: NamedNode) -> bool:
        """Say whether the case is of a class."""
        return cls in self.nodes(Rdf.TYPE)

    def statements(
        self, facts: Iterable[tuple[NamedNode, NamedNode, NamedNode]], more: Iterable[str] = ()
    ) -> tuple[StatementRef, ...]:
        """Return the statements of all rules that concluded any of the facts, and more: leading source first."""
        ids = set(more)
        for fact in facts:
            for rule in self._closure.rules_behind(*fact):
                ids.update(self.knowledge.encodes[rule])
        return self.knowledge.cited(ids)
