"""Facts and what follows from them where nothing is taken back: what a rule could read at all, and what it implies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from pyoxigraph import Literal, NamedNode

from refractory.case.showing import short
from refractory.engine.clauses import Clause, Expression, Node, Pattern, Term, Var

Fact = tuple[Term, NamedNode, Term]
Bindings = Mapping[str, Term]
_Key = tuple[Term | None, NamedNode, Term | None]

# A variable that stands for whatever it may be bound to; no name in a file begins so.
_FROZEN: Final = "urn:variable:"


class Facts:
    """A set of facts that only grows, closed under clauses of which only the patterns count.

    Absences, comparisons and arithmetic are left aside, so it holds at least what any engine would conclude.
    """

    def __init__(self, clauses: Iterable[Clause], below: Facts | None = None) -> None:
        """Begin with no facts, or with those of another set, which is not changed.

        Args:
            clauses: What is concluded from.
            below: Facts that hold here too.
        """
        self._below = below
        self._clauses = tuple(clause for clause in clauses if clause.head is not None)
        self._found: dict[_Key, list[Fact]] = {}
        self._all: set[Fact] = set()
        self._readers: dict[NamedNode, list[tuple[Clause, int]]] = {}
        for clause in self._clauses:
            for place, pattern in enumerate(clause.body):
                self._readers.setdefault(pattern[1], []).append((clause, place))

    def __contains__(self, fact: Fact) -> bool:
        return fact in self._all or (self._below is not None and fact in self._below)

    def add(self, facts: Iterable[Fact]) -> None:
        """Add facts with all that follows from them."""
        pending = [fact for fact in facts if self._keep(fact)]
        while pending:
            fact = pending.pop()
            for clause, place in self._readers.get(fact[1], ()):
                start = unified(clause.body[place], fact, {})
                if start is None or clause.head is None:
                    continue
                rest = clause.body[:place] + clause.body[place + 1 :]
                for bindings in list(self.matches(rest, start)):
                    new = put(clause.head, bindings)
                    if self._keep(new):
                        pending.append(new)

    def _keep(self, fact: Fact) -> bool:
        if fact in self:
            return False
        self._all.add(fact)
        subject, predicate, value = fact
        for key in ((None, predicate, None), (subject, predicate, None), (None, predicate, value)):
            self._found.setdefault(key, []).append(fact)
        return True

    def matches(self, body: Sequence[Pattern], bindings: Bindings) -> Iterator[Bindings]:
        """Yield the ways in which all patterns hold."""
        if not body:
            yield bindings
            return
        subject, predicate, value = put_known(body[0], bindings)
        one = None if isinstance(subject, Var) else subject
        other = None if isinstance(value, Var) or one is not None else value
        for fact in self._with((one, predicate, other)):
            if (more := unified(body[0], fact, bindings)) is not None:
                yield from self.matches(body[1:], more)

    def has(self, body: Sequence[Pattern]) -> bool:
        """Say whether all patterns hold together."""
        return any(True for _ in self.matches(body, {}))

    def has_value(self, predicate: NamedNode, value: Term) -> bool:
        """Say whether anything has a value."""
        return any(True for _ in self._with((None, predicate, value)))

    def _with(self, key: _Key) -> Iterator[Fact]:
        if self._below is not None:
            yield from self._below._with(key)
        yield from self._found.get(key, ())


def unified(pattern: Pattern, fact: Fact, bindings: Bindings) -> Bindings | None:
    """Return bindings with those by which a pattern is a fact; None if it is not."""
    found = dict(bindings)
    for node, term in zip(pattern, fact, strict=True):
        if (found.setdefault(node, term) if isinstance(node, Var) else node) != term:
            return None
    return found


def put(pattern: Pattern, bindings: Bindings) -> Fact:
    """Return the fact that a pattern is under bindings; a variable that nothing binds is taken for a number."""
    subject, predicate, value = put_known(pattern, bindings)
    # What arithmetic works out is some number.
    return (
        ANY_LITERAL if isinstance(subject, Var) else subject,
        predicate,
        ANY_LITERAL if isinstance(value, Var) else value,
    )


def put_known(pattern: Pattern, bindings: Bindings) -> Pattern:
    """Return a pattern with its variables replaced where something binds them; the others stay."""

    def term(node: Node) -> Node:
        return bindings.get(node, node) if isinstance(node, Var) else node

    return (term(pattern[0]), pattern[1], term(pattern[2]))


ANY_LITERAL: Final = Literal("any")
"""Stands for every number, day and text where only their being there counts."""


def frozen(clause: Clause) -> dict[str, Term]:
    """Return a name of its own for each variable that a clause binds, as if each were unlike all else."""
    nodes = [node for pattern in clause.body for node in (pattern[0], pattern[2])]
    nodes += [variable for variable, _ in clause.bindings]
    return {node: name_of(node) for node in nodes if isinstance(node, Var)}


def name_of(variable: Var) -> NamedNode:
    """Return what stands for a variable that may be bound to anything."""
    return NamedNode(_FROZEN + variable)


def replaced(expression: Expression, bindings: Bindings) -> Expression:
    """Return an expression with its variables replaced where something binds them."""
    if isinstance(expression, tuple):
        return (expression[0], replaced(expression[1], bindings), replaced(expression[2], bindings))
    return bindings.get(expression, expression) if isinstance(expression, Var) else expression


def shown(pattern: Pattern) -> str:
    """Return a pattern as a rule writes it."""
    return " ".join(f"?{node}" if isinstance(node, Var) else short(node) for node in pattern)
