"""What the knowledge says of the terms that answers are made of: the same for every case, so looked up once."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from pyoxigraph import NamedNode

from refractory.knowledge.knowledge import Knowledge
from refractory.model.findings import GapMet
from refractory.model.sources import Regimen
from refractory.recommend.regimens import label_of, regimen_of
from refractory.vocabulary import local_name, rfy


class Grade(NamedTuple):
    """A property by which a case gives an action a kind or an urgency.

    Attributes:
        predicate: The property.
        grade: The kind or urgency.
        place: What sorts it among others, the one that counts first: whether it ranks after those of the leading
            source, and its own rank.
    """

    predicate: NamedNode
    grade: NamedNode
    place: tuple[bool, int]


class Action(NamedTuple):
    """What may be advised.

    Attributes:
        drug: The name of the drug that it gives.
        regimen: The leading source's regimen.
        regimens: The nodes of its regimens.
        doses: The properties of a case that say how much of its drug the patient gets, each with its unit.
    """

    drug: str | None
    regimen: Regimen | None
    regimens: tuple[NamedNode, ...]
    doses: tuple[tuple[NamedNode, str], ...]


class Evidence(NamedTuple):
    """The facts that speak for a hypothesis when they are present, and those that do when they are absent."""

    by_presence: frozenset[NamedNode]
    by_absence: frozenset[NamedNode]


class Terms:
    """Looks terms up. Those of a knowledge are `knowledge.once(Terms)`; they only remember what was looked up."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        # Each remembers for this knowledge alone, and goes when it goes.
        self.links = cache(self._links)
        self.grades = cache(self._grades)
        self.step = cache(self._step)
        self.action = cache(self._action)
        self.evidence = cache(self._evidence)
        self.gap = cache(self._gap)

    def _links(self, annotation: str) -> tuple[tuple[NamedNode, NamedNode], ...]:
        """Return (property, value) for each property that an annotation gives a meaning, in canonical order."""
        predicates = self.knowledge.subjects(rfy(annotation))
        return tuple((each, value) for each in predicates for value in nodes_of(self.knowledge, each, annotation))

    def _grades(self, annotation: str) -> tuple[Grade, ...]:
        """Return the same of an annotation whose values have ranks."""
        return tuple(
            Grade(predicate, grade, (self.knowledge.ranks_after_leader(predicate), int(self._text(grade, "rank"))))
            for predicate, grade in self.links(annotation)
        )

    def _step(self, term: NamedNode) -> int:
        """Return the place of a term in the order of the source's steps; what has none comes last."""
        return int(self._text(term, "stepOrder") or 1_000)

    def _action(self, action: NamedNode) -> Action:
        drugs = names(nodes_of(self.knowledge, action, "usesDrug"))
        regimens = nodes_of(self.knowledge, action, "hasRegimen")
        doses = self.knowledge.subjects(rfy("givesDoseOf"), action)
        return Action(
            drugs[0] if drugs else None,
            regimen_of(self.knowledge, regimens[0]) if regimens else None,
            regimens,
            tuple((predicate, label_of(self.knowledge, predicate, "hasUnit") or "") for predicate in doses),
        )

    def _evidence(self, hypothesis: NamedNode) -> Evidence:
        return Evidence(
            frozenset(nodes_of(self.knowledge, hypothesis, "presenceSupports")),
            frozenset(nodes_of(self.knowledge, hypothesis, "absenceSupports")),
        )

    def _gap(self, gap: NamedNode) -> GapMet:
        source = local_name(self._text(gap, "ofGuidance"))
        return GapMet(local_name(gap.value), source, self.knowledge.line_of(gap), self._text(gap, "asks"))

    def _text(self, term: NamedNode, name: str) -> str:
        return self.knowledge.text(term, rfy(name))


def nodes_of(knowledge: Knowledge, subject: NamedNode, name: str) -> tuple[NamedNode, ...]:
    """Return the nodes that a term is said to have under one of our properties, in canonical order."""
    return tuple(value for value in knowledge.values(subject, rfy(name)) if isinstance(value, NamedNode))


def names(nodes: Iterable[NamedNode]) -> tuple[str, ...]:
    """Return the local names of nodes, sorted, without repeats."""
    return tuple(sorted({local_name(node.value) for node in nodes}))
