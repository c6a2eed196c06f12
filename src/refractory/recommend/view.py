"""A view of one case's facts, asserted and inferred, with the statements behind each conclusion."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
        self._facts: dict[NamedNode, list[Triple]] = {}
        for fact in closure.inferred.union(case.all):
            self._facts.setdefault(fact.predicate, []).append(fact)
        # Most facts are never looked at, so the nodes under a predicate are laid out when it is asked for.
        self._nodes: dict[NamedNode, dict[object, list[NamedNode]]] = {}

    def nodes(self, predicate: NamedNode, subject: NamedNode | None = None) -> Sequence[NamedNode]:
        """Return the nodes that the case (or another subject) has under a predicate."""
        found = self._nodes.get(predicate)
        if found is None:
            found = self._nodes[predicate] = self._laid_out(predicate)
        return found.get(subject or self.case, ())

    def _laid_out(self, predicate: NamedNode) -> dict[object, list[NamedNode]]:
        found: dict[object, list[NamedNode]] = {}
        for fact in self._facts.get(predicate, ()):
            if isinstance(node := fact.object, NamedNode):
                found.setdefault(fact.subject, []).append(node)
        for nodes in found.values():
            nodes.sort(key=_BY_VALUE)
        return found

    def numbers(self, predicate: NamedNode) -> list[Decimal]:
        """Return the numbers that the case has under a predicate."""
        facts = [fact for fact in self._facts.get(predicate, ()) if fact.subject == self.case]
        values = [fact.object.value for fact in facts if isinstance(fact.object, Literal)]
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
            for rule in self._closure.rules.get(Triple(*fact), ()):
                ids.update(self.knowledge.encodes[rule])
        return self.knowledge.cited(ids)
