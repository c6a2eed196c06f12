"""Clauses: the one form to which OWL axioms and rule files come, for each engine and for the order of rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode

from refractory.errors import RuleError

Term = NamedNode | Literal


class Var(str):
    """A variable, by its name without `?`."""

    __slots__ = ()


Node = Var | Term
Pattern = tuple[Node, NamedNode, Node]
# A variable, a constant, or an operator with two operands.
Expression = Var | Term | tuple[str, "Expression", "Expression"]

# A kind of fact: a predicate, with its object where that is what tells facts apart (a class, a status, an action).
Kind = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class Clause:
    """One way to conclude one fact.

    Attributes:
        name: The rule file's name, or the W3C names of the OWL 2 RL rules joined by `+`.
        head: What is concluded; None: that the case contradicts itself.
        body: What must hold, in the order of its source.
        absent: Groups of patterns of which none may hold.
        filters: Comparisons that must be true.
        bindings: Variables and what they are worked out from.
        axiom: For OWL, the terms of the axiom.
        from_rule: Whether it comes of a rule file.
    """

    name: str
    head: Pattern | None
    body: tuple[Pattern, ...]
    absent: tuple[tuple[Pattern, ...], ...] = ()
    filters: tuple[tuple[str, Expression, Expression], ...] = ()
    bindings: tuple[tuple[Var, Expression], ...] = ()
    axiom: tuple[Term, ...] = ()
    from_rule: bool = False


def kind(pattern: Pattern) -> Kind:
    """Return the kind of the facts that fit a pattern."""
    value = pattern[2]
    return (pattern[1].value, value.value if isinstance(value, NamedNode) else None)


def meets(one: Kind, other: Kind) -> bool:
    """Say whether a fact may be of both kinds."""
    return one[0] == other[0] and (one[1] is None or other[1] is None or one[1] == other[1])


def conclusions_from(clause: Clause, given: Kind) -> set[Kind]:
    """Return the kinds of facts that a clause may conclude from a fact of a kind."""
    if clause.head is None:
        return set()
    found = set()
    for pattern in clause.body:
        if meets(given, kind(pattern)):
            passed = isinstance(pattern[2], Var) and pattern[2] == clause.head[2] and len(clause.body) == 1
            found.add((clause.head[1].value, given[1]) if passed else kind(clause.head))
    return found


def circle(names: Iterable[str]) -> RuleError:
    """Return the error of absences that depend on themselves."""
    return RuleError(
        f"an absence depends on itself through the rules {', '.join(sorted(names))}.",
        why="There is no order in which such rules could be run.",
        fix="Let one of them read something that the others do not conclude.",
    )
