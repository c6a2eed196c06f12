"""Changed copies of a case: what if a fact were present, absent, or a value known. The original stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pyoxigraph import Literal, NamedNode, Triple

from refractory.case.frame import frame
from refractory.case.mapping import CaseMapping
from refractory.case.quantities import Quantities
from refractory.knowledge.knowledge import Knowledge
from refractory.model.facts import CaseFacts, Closure, canonical
from refractory.vocabulary import rfy

_PRESENT, _ABSENT, _KIND_OF = rfy("hasPresent"), rfy("hasAbsent"), rfy("isKindOf")


def said_of(facts: CaseFacts, fact: NamedNode, *, present: bool) -> Triple:
    """Return what a case says in which a fact is present, or absent."""
    return Triple(facts.case, _PRESENT if present else _ABSENT, fact)


def with_fact(facts: CaseFacts, fact: NamedNode, *, present: bool) -> CaseFacts:
    """Return a case in which a fact that it does not speak of is present, or absent."""
    said = said_of(facts, fact, present=present)
    # No fact of the frame depends on what is present or absent.
    return replace(facts, asserted=canonical((*facts.asserted, said)))


def with_present(facts: CaseFacts, fact: NamedNode, knowledge: Knowledge) -> CaseFacts:
    """Return a case in which a fact is present; what it said against that, of the fact or its wholes, is left out."""
    against = {fact, *_above(fact, knowledge)}
    return with_fact(_without(facts, _ABSENT, against), fact, present=True)


def with_absent(facts: CaseFacts, fact: NamedNode, knowledge: Knowledge) -> CaseFacts:
    """Return a case in which a fact is absent; what it said against that, of the fact or its kinds, is left out."""
    against = {fact, *_below(fact, knowledge)}
    return with_fact(_without(facts, _PRESENT, against), fact, present=False)


def said_with(
    facts: CaseFacts, predicate: NamedNode, value: NamedNode | Literal, knowledge: Knowledge
) -> tuple[Triple, ...] | None:
    """Return what a case says more in which a value is known; None if it has not the part that this is said of."""
    subject = _subject(facts, predicate, CaseMapping.of(knowledge))
    if subject is None:
        return None
    said = Triple(subject, predicate, value)
    # The reader would add quantities and days to it; what it, or a table, added before still holds.
    added = frame(facts.case, canonical((*facts.asserted, said)), Quantities.of(knowledge))
    known = frozenset(facts.all)
    return tuple(fact for fact in (said, *added) if fact not in known)


def known_facts(facts: CaseFacts, closure: Closure) -> frozenset[object]:
    """Return the facts that are present or absent: said to be so, or so through their kinds."""
    said = {t.object for t in facts.asserted if t.predicate in (_PRESENT, _ABSENT)}
    return frozenset(said) | closure.concluded(_PRESENT).keys() | closure.concluded(_ABSENT).keys()


def whole_members(knowledge: Knowledge, cls: NamedNode) -> tuple[NamedNode, ...]:
    """Return the members of a class that are not a kind of another thing, in canonical order."""
    return tuple(sorted((m for m in knowledge.members(cls) if not any(_above(m, knowledge))), key=str))


def contradiction(
    present: tuple[NamedNode, ...], absent: tuple[NamedNode, ...], knowledge: Knowledge
) -> tuple[NamedNode, NamedNode] | None:
    """Return two facts of which one cannot be present while the other is absent, or None."""
    for fact in present:
        for other in (fact, *_above(fact, knowledge)):
            if other in absent:
                return fact, other
    return None


def _without(facts: CaseFacts, predicate: NamedNode, values: set[NamedNode]) -> CaseFacts:
    kept = tuple(t for t in facts.asserted if not (t.predicate == predicate and t.object in values))
    return replace(facts, asserted=kept)


def _subject(facts: CaseFacts, predicate: NamedNode, mapping: CaseMapping) -> NamedNode | None:
    """Return the node of a case of which a property is said: the case itself, or its one part of a sort."""
    if any(key.predicate == predicate for key in mapping.case.keys.values()):
        return facts.case
    for key in mapping.case.keys.values():
        if key.part and not key.many and any(inner.predicate == predicate for inner in key.part.keys.values()):
            parts = [t.object for t in facts.all if t.subject == facts.case and t.predicate == key.predicate]
            return next((part for part in parts if isinstance(part, NamedNode)), None)
    return None


def _above(term: NamedNode, knowledge: Knowledge) -> Iterator[NamedNode]:
    """Yield what a term is a kind of, near or far."""
    pending, seen = [term], {term}
    while pending:
        for whole in knowledge.values(pending.pop(), _KIND_OF):
            if isinstance(whole, NamedNode) and whole not in seen:
                seen.add(whole)
                pending.append(whole)
                yield whole


def _below(term: NamedNode, knowledge: Knowledge) -> Iterator[NamedNode]:
    """Yield the kinds of a term, near or far."""
    pending, seen = [term], {term}
    while pending:
        for kind in knowledge.subjects(_KIND_OF, pending.pop()):
            if kind not in seen:
                seen.add(kind)
                pending.append(kind)
                yield kind
