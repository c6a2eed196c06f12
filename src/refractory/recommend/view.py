"""A view of one case's facts, asserted and inferred, with the statements behind each conclusion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
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
        self.closure = closure
        self._facts = case
        # Most facts are never looked at, so what a node has under a predicate is looked up when it is asked for. Under
        # most predicates the case has nothing, and that is known at once.
        self._nodes: dict[object, Sequence[NamedNode]] = {**closure.lacking(case.case)}

    def nodes(self, predicate: NamedNode, subject: NamedNode | None = None) -> Sequence[NamedNode]:
        """Return the nodes that the case (or another subject) has under a predicate."""
        key = predicate if subject is None else (predicate, subject)
        found = self._nodes.get(key)
        if found is None:
            held = self._held(subject or self.case, predicate)
            found = sorted([term for term in held if isinstance(term, NamedNode)], key=_BY_VALUE) if held else ()
            self._nodes[key] = found
        return found

    def _held(self, subject: NamedNode, predicate: NamedNode) -> Sequence[object]:
        """Return what a node has under a predicate: what was given, and what reasoning added."""
        held = self.closure.held(subject, predicate)
        if held is not None:
            return held
        given = (fact.object for fact in self._given.get(predicate, ()) if fact.subject == subject)
        return [*given, *(value for one, value in self.closure.added(predicate) if one == subject)]

    @cached_property
    def _given(self) -> Mapping[NamedNode, Sequence[Triple]]:
        found: dict[NamedNode, list[Triple]] = {}
        for fact in self._facts.all:
            found.setdefault(fact.predicate, []).append(fact)
        return found

    def numbers(self, predicate: NamedNode) -> list[Decimal]:
        """Return the numbers that the case has under a predicate."""
        values = [value.value for value in self._held(self.case, predicate) if isinstance(value, Literal)]
        return [Decimal(value) for value in sorted(values)]

    def is_a(self, cls: NamedNode) -> bool:
        """Say whether the case is of a class."""
        return cls in self._held(self.case, Rdf.TYPE)

    def statements(
        self, facts: Iterable[tuple[NamedNode, NamedNode, NamedNode]], more: Iterable[str] = ()
    ) -> tuple[StatementRef, ...]:
        """Return the statements of all rules that concluded any of the facts, and more: leading source first."""
        ids = set(more)
        for fact in facts:
            for rule in self.closure.rules_behind(*fact):
                ids.update(self.knowledge.encodes[rule])
        return self.knowledge.cited(ids)
