"""Strata: in which order rules run, so that an absence is only asked for once nothing can fill it any more.

Computed over kinds of facts (a predicate with its object where the object is constant) from the rules and the axioms
together. Knowledge whose absences go in a circle has no order, and is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rdflib.term import URIRef

from refractory.engine.axioms import Dependency, Kind
from refractory.engine.rules import Pattern, Rule
from refractory.errors import RuleError


def stratify(rules: Sequence[Rule], axioms: Iterable[Dependency]) -> tuple[tuple[Rule, ...], ...]:
    """Return the rules in strata, lowest first, each in the order of names.

    Raises:
        RuleError: An absence depends on itself; the rules of the circle are named.
    """
    steps = [_Step(rule) for rule in sorted(rules, key=lambda rule: rule.name)]
    passes = tuple(axioms)
    level = [0] * len(steps)
    feeds = [{index for index, step in enumerate(steps) if _reaches(other.adds, step.reads, passes)} for other in steps]
    blocks = [
        {index for index, step in enumerate(steps) if _reaches(other.adds, step.absences, passes)} for other in steps
    ]
    for _ in range(len(steps) + 1):
        changed = False
        for index in range(len(steps)):
            for other in feeds[index] | blocks[index]:
                least = level[index] + (1 if other in blocks[index] else 0)
                if level[other] < least:
                    level[other], changed = least, True
        if not changed:
            break
    else:
        circle = sorted(step.rule.name for index, step in enumerate(steps) if level[index] >= len(steps))
        raise RuleError(
            f"an absence depends on itself through the rules {', '.join(circle)}.",
            why="There is no order in which such rules could be run.",
            fix="Let one of them read something that the others do not conclude.",
        )
    return tuple(
        tuple(step.rule for index, step in enumerate(steps) if level[index] == height) for height in sorted(set(level))
    )


class _Step:
    """What a rule adds, reads, and asks to be absent, as kinds of facts."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.adds = frozenset(map(_kind, rule.head))
        self.reads = frozenset(map(_kind, rule.body))
        self.absences = frozenset(_kind(pattern) for group in rule.absent for pattern in group)


def _kind(pattern: Pattern) -> Kind:
    _, predicate, value = pattern
    return (str(predicate), str(value) if isinstance(value, URIRef) else None)


def _meets(one: Kind, other: Kind) -> bool:
    """Say whether a fact may be of both kinds."""
    return one[0] == other[0] and (one[1] is None or other[1] is None or one[1] == other[1])


def spread(kinds: Iterable[Kind], axioms: Sequence[Dependency]) -> frozenset[Kind]:
    """Return the kinds of facts that may follow by OWL from facts of some kinds, those included."""
    found = set(kinds)
    while (
        more := {
            (axiom.adds[0], kind[1] if axiom.keeps_object and len(axiom.reads) == 1 else axiom.adds[1])
            for axiom in axioms
            for kind in found
            if any(_meets(kind, read) for read in axiom.reads)
        }
        - found
    ):
        found |= more
    return frozenset(found)


def _reaches(adds: Iterable[Kind], wants: Iterable[Kind], axioms: Sequence[Dependency]) -> bool:
    wants = tuple(wants)
    return any(_meets(kind, want) for kind in spread(adds, axioms) for want in wants)


def drives_owl(kinds: Iterable[Kind], axioms: Iterable[Dependency]) -> bool:
    """Say whether facts of some kinds can make OWL conclude anything."""
    return any(_meets(kind, read) for kind in kinds for axiom in axioms for read in axiom.reads)
