"""Strata: in which order rules run, so that an absence is only asked for once nothing can fill it any more.

Computed over kinds of facts (a predicate with its object where the object is constant) from the rules and the axioms
together. Knowledge whose absences go in a circle has no order, and is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from refractory.engine.clauses import Clause, Kind, circle, conclusions_from, kind, meets
from refractory.engine.rules import Rule, clauses_of


def stratify(rules: Sequence[Rule], axioms: Sequence[Clause]) -> tuple[tuple[Rule, ...], ...]:
    """Return the rules in strata, lowest first, each in the order of names.

    Raises:
        RuleError: An absence depends on itself; the rules of the circle are named.
    """
    steps = [_Step(rule, axioms) for rule in sorted(rules, key=lambda rule: rule.name)]
    level = [0] * len(steps)
    feeds = [{i for i, step in enumerate(steps) if _any_meet(other.adds, step.reads)} for other in steps]
    blocks = [{i for i, step in enumerate(steps) if _any_meet(other.adds, step.absences)} for other in steps]
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
        raise circle(step.rule.name for index, step in enumerate(steps) if level[index] >= len(steps))
    return tuple(
        tuple(step.rule for index, step in enumerate(steps) if level[index] == height) for height in sorted(set(level))
    )


class _Step:
    """What a rule adds (with what OWL makes of it), reads, and asks to be absent, as kinds of facts."""

    def __init__(self, rule: Rule, axioms: Sequence[Clause]) -> None:
        clauses = clauses_of(rule)
        self.rule = rule
        self.adds = spread({kind(c.head) for c in clauses if c.head}, axioms)
        self.reads = frozenset(kind(p) for p in clauses[0].body)
        self.absences = frozenset(kind(p) for group in clauses[0].absent for p in group)


def spread(kinds: Iterable[Kind], axioms: Sequence[Clause]) -> frozenset[Kind]:
    """Return the kinds of facts that may follow by OWL from facts of some kinds, those included."""
    found = set(kinds)
    while more := {new for axiom in axioms for given in found for new in conclusions_from(axiom, given)} - found:
        found |= more
    return frozenset(found)


def _any_meet(some: Iterable[Kind], others: Iterable[Kind]) -> bool:
    others = tuple(others)
    return any(meets(one, other) for one in some for other in others)


def drives_owl(kinds: Iterable[Kind], axioms: Sequence[Clause]) -> bool:
    """Say whether facts of some kinds can make OWL conclude anything."""
    return any(meets(given, kind(pattern)) for given in set(kinds) for axiom in axioms for pattern in axiom.body)
