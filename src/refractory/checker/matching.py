"""Patterns, and the facts that fit them: plain backtracking over facts found by predicate, subject or object."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction

from pyoxigraph import Literal, NamedNode, Triple, Variable

from refractory.checker.values import Binding, Bound, writes, written
from refractory.model.proof import Term

# A fact as its three terms.
Fact = tuple[NamedNode, NamedNode, Term]
Pattern = tuple[Term | Variable, NamedNode, Term | Variable]


def plain(triple: Triple) -> Fact | None:
    """Return a triple as a fact; None if it has a blank node or a quoted triple, which no fact has."""
    if isinstance(triple.subject, NamedNode) and isinstance(triple.object, NamedNode | Literal):
        return (triple.subject, triple.predicate, triple.object)
    return None


def as_triple(fact: Fact) -> Triple:
    """Return a fact as the triple that it is."""
    return Triple(*fact)


def as_fact(found: tuple[Bound, NamedNode, Bound] | None) -> Fact | None:
    """Return an instance of a pattern as a fact; None if its subject is a literal, of which nothing is said."""
    if found is None:
        return None
    subject, predicate, value = found
    if not isinstance(subject, NamedNode):
        return None
    return (subject, predicate, written(value) if isinstance(value, Fraction) else value)


class FactIndex:
    """A set of facts, found by what is known of them."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self._all = set(facts)
        self._by_predicate: dict[NamedNode, list[Fact]] = defaultdict(list)
        self._by_subject: dict[tuple[NamedNode, Term], list[Fact]] = defaultdict(list)
        self._by_object: dict[tuple[NamedNode, Term], list[Fact]] = defaultdict(list)
        for fact in self._all:
            subject, predicate, value = fact
            self._by_predicate[predicate].append(fact)
            self._by_subject[predicate, subject].append(fact)
            self._by_object[predicate, value].append(fact)

    def __contains__(self, fact: object) -> bool:
        return fact in self._all

    def __iter__(self) -> Iterator[Fact]:
        return iter(self._all)

    def candidates(self, subject: Bound | None, predicate: NamedNode, value: Bound | None) -> Sequence[Fact]:
        """Return facts among which all are that have this predicate, and this subject and object where given."""
        if isinstance(subject, NamedNode | Literal):
            return self._by_subject.get((predicate, subject), ())
        if isinstance(value, NamedNode | Literal):
            return self._by_object.get((predicate, value), ())
        return self._by_predicate.get(predicate, ())

    def holds(self, subject: Bound, predicate: NamedNode, value: Bound) -> bool:
        """Say whether a fact is in the set; one whose object was worked out, by its value."""
        if not isinstance(subject, NamedNode):
            return False
        if isinstance(value, NamedNode | Literal):
            return (subject, predicate, value) in self._all
        return any(writes(fact[2], value) for fact in self._by_subject.get((predicate, subject), ()))


def matches(patterns: Sequence[Pattern], facts: FactIndex, binding: Binding) -> Iterator[dict[str, Bound]]:
    """Yield each way to fit all patterns to facts, as what each variable then stands for."""
    if not patterns:
        yield dict(binding)
        return
    subject, predicate, value = patterns[0]
    for fact in facts.candidates(_known(subject, binding), predicate, _known(value, binding)):
        wider = fit(patterns[0], fact, binding)
        if wider is not None:
            yield from matches(patterns[1:], facts, wider)


def fit(pattern: Pattern, fact: Fact, binding: Binding) -> Mapping[str, Bound] | None:
    """Return what variables stand for once a pattern is laid over a fact; None if it does not fit."""
    wider = dict(binding)
    for slot, term in zip(pattern, fact, strict=True):
        if isinstance(slot, Variable):
            if wider.setdefault(slot.value, term) != term:
                return None
        elif slot != term:
            return None
    return wider


def instance(pattern: Pattern, binding: Binding) -> tuple[Bound, NamedNode, Bound] | None:
    """Return a pattern with its variables put in; None if one of them stands for nothing."""
    subject, predicate, value = pattern
    first, last = _known(subject, binding), _known(value, binding)
    return None if first is None or last is None else (first, predicate, last)


def variables(patterns: Iterable[Pattern]) -> set[str]:
    """Return the names of the variables in patterns."""
    return {slot.value for pattern in patterns for slot in pattern if isinstance(slot, Variable)}


def _known(slot: Term | Variable, binding: Binding) -> Bound | None:
    return binding.get(slot.value) if isinstance(slot, Variable) else slot
