"""Positions that cannot be met, are not met where they should be, or are taken for and against by one source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

from pyoxigraph import NamedNode, RdfFormat, parse

from refractory.guidance.answers import Answers
from refractory.guidance.fault import Fault
from refractory.guidance.firing import what_may_hold
from refractory.knowledge.knowledge import Knowledge
from refractory.vocabulary import Rdf, local_name, rfy

_FACED = rfy("facesPosition")
# For whom and when a position is.
_CONDITIONS = tuple(map(rfy, ("forPopulation", "forDisease", "inSituation")))
_FOR = ("PositionInFavor", "AgreeingPosition")
_AGAINST = ("OpposingPosition", "ContraindicatingPosition")


def misplaced_positions(knowledge: Knowledge, answers: Answers) -> Iterator[Fault]:
    """Yield the positions that no case can meet, and those that the golden case which they name does not meet.

    Args:
        knowledge: The knowledge with all its sources.
        answers: What followed in the golden cases; what only a table of mutations brings about is not asked for where
            none was at hand.
    """
    may_hold, without = what_may_hold(knowledge), what_may_hold(knowledge, table=answers.with_table)
    for position, path in knowledge.once(_files).items():
        name = local_name(position.value)
        if not may_hold.has_value(_FACED, position):
            yield Fault(
                "position-that-cannot-be-met",
                path,
                name,
                "no case can meet the position: its population, disease and situation, or the advice it goes with, "
                "never come together.",
                "See that each of them is the name of what a case may be of; a case has rfy:isOfPopulation, "
                "rfy:isOfDisease and rfy:isInSituation.",
            )
            continue
        slug = knowledge.text(position, rfy("shownBy"))
        judged = not knowledge.files.added or path in knowledge.files.added
        if judged and slug in answers.closures and without.has_value(_FACED, position):
            closure = answers.closures[slug]
            if not any(f.predicate == _FACED and f.object == position for f in closure.inferred):
                yield Fault(
                    "position-not-met-in-its-case",
                    path,
                    name,
                    f"the position is to be shown by the golden case {slug}, which does not meet it.",
                    "Name a case that is answered by its source and meets it; if this one should, correct for whom and "
                    "when the position is.",
                )


def contradictory_positions(knowledge: Knowledge) -> Iterator[Fault]:
    """Yield the positions by which one source speaks for and against one action, for the same patients.

    Args:
        knowledge: The knowledge with all its sources.
    """
    files = knowledge.once(_files)
    sides = [{p for cls in classes for p in knowledge.members(rfy(cls)) if p in files} for classes in (_FOR, _AGAINST)]
    for pair in product(*(sorted(side, key=str) for side in sides)):
        shared = [_shared(pair, predicate, knowledge) for predicate in map(rfy, ("isPositionOf", "speaksOf"))]
        conditions = [_shared(pair, predicate, knowledge) for predicate in _CONDITIONS]
        if all(shared) and all(conditions):
            # The one that a module brought is the newer.
            one, other = pair if files[pair[0]] in knowledge.files.added else (pair[1], pair[0])
            yield Fault(
                "contradictory-positions",
                files[one],
                local_name(one.value),
                f"with {local_name(other.value)} the source speaks for and against {_names(shared[1])}, for "
                f"{' in '.join(map(_names, conditions))}.",
                "Narrow for whom or when one of them is.",
            )


def _shared(pair: tuple[NamedNode, ...], predicate: NamedNode, knowledge: Knowledge) -> set[object]:
    first, second = (set(knowledge.values(position, predicate)) for position in pair)
    return set(first & second)


def _names(terms: set[object]) -> str:
    return ", ".join(sorted(f"rfy:{local_name(term.value)}" for term in terms if isinstance(term, NamedNode)))


def _files(knowledge: Knowledge) -> Mapping[NamedNode, str]:
    """Return the file in which each position stands."""
    positions = knowledge.members(rfy("Position"))
    return {
        quad.subject: path
        for path, content in knowledge.files.under("ontology/facts", ".ttl").items()
        for quad in parse(content, format=RdfFormat.TURTLE)
        if quad.predicate == Rdf.TYPE and isinstance(quad.subject, NamedNode) and quad.subject in positions
    }
