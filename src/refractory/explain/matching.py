"""How nearly a clause holds for a case: the match of its conditions that leaves the fewest unmet."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from pyoxigraph import Literal, NamedNode, Triple

from refractory.engine.clauses import Clause, Expression, Node, Pattern, Term, Var
from refractory.model.values import value_of
from refractory.vocabulary import Rdf, Xsd

Bindings = Mapping[str, Term]
Group = tuple[Pattern, ...]
Comparison = tuple[str, Expression, Expression]

_Comparable = Decimal | date | str
_ORDER: Final[Mapping[str, Callable[[Decimal, Decimal], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ARITHMETIC: Final[Mapping[str, Callable[[Decimal, Decimal], Decimal]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


@dataclass(frozen=True, slots=True)
class Match:
    """The best match of a clause.

    Attributes:
        bindings: What its variables are bound to, as far as its conditions hold.
        unmet: The patterns that no fact fits.
        moot: How many patterns speak of something that an unmet pattern would have led to, and so cannot be asked.
        present: The groups that should be absent, with the facts that fit them.
        false: The comparisons that do not hold, or cannot be judged.
    """

    bindings: Bindings
    unmet: tuple[Pattern, ...]
    moot: int
    present: tuple[tuple[Triple, ...], ...]
    false: tuple[Comparison, ...]

    @property
    def count(self) -> int:
        """How many conditions do not hold."""
        return len(self.unmet) + self.moot + len(self.present) + len(self.false)


class Facts:
    """Facts by predicate, each list in canonical order."""

    def __init__(self, facts: Iterable[Triple]) -> None:
        self._by_predicate: dict[NamedNode, list[Triple]] = {}
        for fact in sorted(set(facts), key=str):
            self._by_predicate.setdefault(fact.predicate, []).append(fact)

    def of(self, predicate: NamedNode) -> Sequence[Triple]:
        """Return the facts of a predicate."""
        return self._by_predicate.get(predicate, ())

    def find(self, group: Sequence[Pattern], bindings: Bindings) -> tuple[Triple, ...] | None:
        """Return facts that fit all patterns of a group at once, or None."""
        if not group:
            return ()
        for fact in self.of(group[0][1]):
            bound = fit(group[0], fact, bindings)
            if bound is not None and (rest := self.find(group[1:], bound)) is not None:
                return (fact, *rest)
        return None


def fit(pattern: Pattern, fact: Triple, bindings: Bindings) -> Bindings | None:
    """Return the bindings under which a pattern is a fact, or None."""
    if pattern[1] != fact.predicate:
        return None
    found = dict(bindings)
    for node, term in ((pattern[0], fact.subject), (pattern[2], fact.object)):
        if not isinstance(term, NamedNode | Literal):
            return None
        if isinstance(node, Var):
            if found.setdefault(node, term) != term:
                return None
        elif node != term:
            return None
    return found


def nearest(
    clause: Clause, facts: Facts, bindings: Bindings, fixed: AbstractSet[NamedNode] = frozenset()
) -> Match | None:
    """Return the match of a clause that leaves the fewest conditions unmet; of equal ones the first.

    Args:
        clause: The clause.
        facts: The facts of case and knowledge.
        bindings: What is asked about.
        fixed: Predicates, and classes, of which no case can say anything: what does not fit them never will.

    Returns:
        The match; None where no case could make the clause hold.
    """
    search = _Search(clause, facts, bindings, fixed)
    search.extend(0, bindings, ())
    return search.best


class _Search:
    """Backtracks over the patterns: each is fitted by a fact, or unmet if none fits; what beats no best is left."""

    def __init__(
        self, clause: Clause, facts: Facts, bindings: Bindings, fixed: AbstractSet[NamedNode] = frozenset()
    ) -> None:
        self._clause = clause
        self._body = _in_reach(clause.body, set(bindings), fixed)
        self._facts = facts
        self._fixed = fixed
        self.best: Match | None = None

    def extend(self, place: int, bindings: Bindings, unmet: tuple[Pattern, ...]) -> None:
        open_ = variables(unmet) - set(bindings)
        moot = sum(bool(variables(p) & open_) for p in self._body[:place]) - sum(
            bool(variables(p) & open_) for p in unmet
        )
        if self.best is not None and len(unmet) + moot >= self.best.count:
            return
        if place == len(self._body):
            self._judge(bindings, unmet, moot, open_)
            return
        pattern = self._body[place]
        if variables(pattern) & open_:
            self.extend(place + 1, bindings, unmet)
            return
        fits = [b for fact in self._facts.of(pattern[1]) if (b := fit(pattern, fact, bindings)) is not None]
        for bound in fits:
            self.extend(place + 1, bound, unmet)
        if not fits and not _is_fixed(pattern, self._fixed):
            self.extend(place + 1, bindings, (*unmet, pattern))

    def _judge(self, bindings: Bindings, unmet: tuple[Pattern, ...], moot: int, open_: set[str]) -> None:
        bound = dict(bindings)
        for variable, expression in self._clause.bindings:
            value = worked_out(expression, bound)
            if value is not None:
                bound[variable] = value
            elif variables(expression) & open_:
                open_ = open_ | {variable}
        # What the body would bind is not known here: a comparison or an absence of it cannot be judged, nor blamed.
        false = tuple(c for c in self._clause.filters if not variables(c[1:]) & open_ and not holds(c, bound))
        groups = (self._facts.find(group, bound) for group in self._clause.absent if not variables(group) & open_)
        present = tuple(found for found in groups if found is not None)
        match = Match(bound, unmet, moot, present, false)
        if self.best is None or match.count < self.best.count:
            self.best = match


def _in_reach(
    body: Sequence[Pattern], bound: set[str], fixed: AbstractSet[NamedNode] = frozenset()
) -> tuple[Pattern, ...]:
    """Return patterns in an order in which each, as far as can be, speaks of something that is known by then."""
    left, ordered = list(body), []
    while left:
        # Best is a known subject, then a known variable, then a known object; of equal ones the first. What no case
        # changes comes before all, so that the others are asked of what may hold.
        pattern = min(left, key=lambda p: (not (_is_fixed(p, fixed) and _asked_of(p, bound)), *_unknown(p, bound)))
        left.remove(pattern)
        ordered.append(pattern)
        bound = bound | variables(pattern)
    return tuple(ordered)


def _is_fixed(pattern: Pattern, fixed: AbstractSet[NamedNode]) -> bool:
    """Say whether no case can say anything of what a pattern asks."""
    return (pattern[2] if pattern[1] == Rdf.TYPE else pattern[1]) in fixed


def _asked_of(pattern: Pattern, bound: set[str]) -> bool:
    """Say whether the subject or the object of a pattern is known."""
    return any(not variables(node) - bound for node in (pattern[0], pattern[2]))


def _unknown(pattern: Pattern, bound: set[str]) -> tuple[bool, bool, bool]:
    subject, value = variables(pattern[0]), variables(pattern[2])
    return bool(subject - bound), not (subject | value) & bound, bool(value - bound)


def variables(part: object) -> set[str]:
    """Return the variables of a pattern, an expression, or several."""
    if isinstance(part, Var):
        return {part}
    return {name for item in part for name in variables(item)} if isinstance(part, tuple) else set()


def worked_out(expression: Expression, bindings: Bindings) -> Term | None:
    """Return the value of an expression, or None where it has none."""
    if isinstance(expression, Var):
        return bindings.get(expression)
    if not isinstance(expression, tuple):
        return expression
    left, right = (_number(worked_out(part, bindings)) for part in expression[1:])
    if left is None or right is None or (expression[0] == "/" and right == 0):
        return None
    result = f"{_ARITHMETIC[expression[0]](left, right):f}"
    return Literal(result.rstrip("0").rstrip(".") if "." in result else result, datatype=Xsd.DECIMAL)


def holds(comparison: Comparison, bindings: Bindings) -> bool:
    """Say whether a comparison is true; of what cannot be read, none is."""
    sign, left, right = comparison
    one, other = worked_out(left, bindings), worked_out(right, bindings)
    if isinstance(one, NamedNode) and isinstance(other, NamedNode):
        return (one == other) if sign == "=" else (one != other) if sign == "!=" else False
    first, second = _comparable(one), _comparable(other)
    if first is None or second is None or type(first) is not type(second):
        return False
    if sign == "=":
        return first == second
    if sign == "!=":
        return first != second
    if isinstance(first, str):
        return False
    return _ORDER[sign](first, second)  # type: ignore[arg-type]  # both are numbers, or both are days


def _number(term: Term | None) -> Decimal | None:
    value = _comparable(term)
    return value if isinstance(value, Decimal) else None


def _comparable(term: Term | None) -> _Comparable | None:
    return value_of(term) if isinstance(term, Literal) else None


def put(node: Node, bindings: Bindings) -> Term | None:
    """Return what a node of a pattern stands for; None where its variable is not bound."""
    return bindings.get(node) if isinstance(node, Var) else node
