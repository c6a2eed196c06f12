"""Do two engines agree? Run it: `python -m tests.agreement --singly 100 --batches 40`.

What is compared, for each case: the inferred facts about the nodes of the case, and for each of them that a rule
concluded, the names of the rules that did. What is left out: how a number is written, for two engines may write one
decimal differently, so numbers compare by value; a fact that only restates a number of the case, written otherwise;
facts about the knowledge's own terms; and the proofs, of which the reference engine has none.

The cases have in them what the resistance table of the tests says of their mutations.

The reference engine is made to do nothing twice, or it would take several times as long: owlrl passes over triples
that drive none of its rules (`SparingSemantics`), and a query is not run again over the same triples. A test holds it
against the engine as it is, which `--plain` runs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache, partial
from typing import Any
from unittest.mock import patch

import owlrl
import rdflib
from pyoxigraph import Literal, NamedNode, Triple
from rdflib.plugins.sparql.algebra import traverse
from rdflib.plugins.sparql.parserutils import CompValue
from rdflib.plugins.sparql.sparql import Query
from rdflib.term import Variable

from refractory import Case, KnowledgeBase
from refractory.engine import reference
from refractory.engine.interface import Reasoner
from refractory.engine.rules import Pattern, Rule
from refractory.knowledge.knowledge import Knowledge
from refractory.model.facts import CaseFacts, Closure
from refractory.vocabulary import Xsd
from tests.generated import generated, read
from tests.support import as_answered, shipped, slugs

Fact = tuple[str, str, str | Decimal]

BATCH = 50
# Seeds are fixed, so every run looks at the same cases; a longer run goes on from where a shorter one ends.
SINGLY, IN_BATCHES = 1_000, 2_000


@dataclass(frozen=True, slots=True)
class Compared:
    """What a closure says, in the form in which two are compared.

    Attributes:
        facts: The inferred facts by value, without those that restate a given fact.
        rules: The names of the rules behind each of them that a rule concluded.
    """

    facts: frozenset[Fact]
    rules: frozenset[tuple[Fact, tuple[str, ...]]]


def by_value(triple: Triple) -> Fact:
    """Return a triple with its number, if it has one, by value."""
    assert isinstance(triple.subject, NamedNode), triple
    value = triple.object
    if isinstance(value, Literal):
        numeric = value.datatype in {Xsd.DECIMAL, Xsd.INTEGER}
        return triple.subject.value, triple.predicate.value, Decimal(value.value) if numeric else repr(value)
    assert isinstance(value, NamedNode), triple
    return triple.subject.value, triple.predicate.value, value.value


def facts_by_value(triples: Iterable[Triple], given: Iterable[Triple]) -> frozenset[Fact]:
    """Return facts by value without those that are given."""
    return frozenset(map(by_value, triples)) - frozenset(map(by_value, given))


def compared(case: CaseFacts, closure: Closure) -> Compared:
    """Return a closure in the form in which two are compared."""
    facts = facts_by_value(closure.inferred, case.all)
    rules: dict[Fact, set[str]] = {}
    for triple, names in closure.rules.items():
        if (fact := by_value(triple)) in facts:
            rules.setdefault(fact, set()).update(names)
    return Compared(facts, frozenset((fact, tuple(sorted(names))) for fact, names in rules.items()))


def difference(case: CaseFacts, one: Closure, other: Closure) -> str:
    """Return how two closures of a case differ, in words; an empty string if they do not."""
    left, right = compared(case, one), compared(case, other)
    parts = [
        ("only the first infers", left.facts - right.facts),
        ("only the second infers", right.facts - left.facts),
        ("only the first concludes by rules", left.rules - right.rules),
        ("only the second concludes by rules", right.rules - left.rules),
    ]
    return "; ".join(f"{what} {sorted(map(str, found))}" for what, found in parts if found)


def disagreements(cases: Sequence[Case], one: Reasoner, other: Reasoner) -> list[str]:
    """Return how two engines differ over cases reasoned together; a case that differs is looked at again singly.

    The closures of a batch must agree as they are. A difference in a batch is reported with what the two engines say of
    the case alone, which tells a wrong conclusion from one that leaks out of another case.
    """
    batch = [case.facts for case in cases]
    found = []
    for case, left, right in zip(batch, one.close(batch), other.close(batch), strict=True):
        if differs := difference(case, left, right):
            alone = difference(case, one.close([case])[0], other.close([case])[0]) if len(batch) > 1 else differs
            found.append(f"{case.case.value}: {differs} (alone: {alone or 'they agree'})")
    return found


_VOCABULARIES = tuple(str(namespace) for namespace in (rdflib.RDF, rdflib.RDFS, rdflib.OWL))


@cache
def _is_vocabulary(term: Any) -> bool:
    # rdflib's own `startswith` wants a term.
    return isinstance(term, rdflib.URIRef) and str(term).startswith(_VOCABULARIES)


class SparingSemantics(owlrl.OWLRL_Semantics):  # type: ignore[misc]  # published without types
    """OWL 2 RL as owlrl has it, without running its rules on triples that drive none.

    owlrl finds the premises of a rule from the one that stands in the vocabularies of RDF, RDFS or OWL. Any other
    triple, and a type that is not of them, drives only eq-ref: each of its terms is the same as itself. That is
    concluded here once for each term. What follows from a term being the same as itself is there already.
    """

    def pre_process(self) -> None:
        """Look for what makes a term that is the same as itself a contradiction: then nothing is passed over."""
        super().pre_process()
        self._same: set[Any] = set()
        self._spares = (None, rdflib.OWL.differentFrom, None) not in self.graph

    def rules(self, triple: tuple[Any, Any, Any], cycle: int) -> None:
        """Run the rules on a triple."""
        subject, predicate, value = triple
        itself = predicate == rdflib.OWL.sameAs and subject == value
        drives = _is_vocabulary(predicate) and (predicate != rdflib.RDF.type or _is_vocabulary(value)) and not itself
        if drives or not self._spares:
            super().rules(triple, cycle)
            return
        for term in triple:
            if term not in self._same:
                self._same.add(term)
                self.store_triple((term, rdflib.OWL.sameAs, term))


class _Remembering:
    """Runs a rule on a graph, or returns what it concluded before if nothing came that its patterns match.

    A graph only grows, so as many triples that match a pattern are the same triples. rdflib joins patterns one after
    the other as they stand; here those come first that match little, and are joined to what is there.
    """

    def __init__(self) -> None:
        self._construct = reference._construct
        self._known: dict[str, tuple[list[int], list[Any]]] = {}

    def __call__(self, graph: rdflib.Graph, rule: Rule) -> list[Any]:
        patterns = [*rule.body, *(pattern for group in rule.absent for pattern in group)]
        matching = [_matching(graph, pattern) for pattern in patterns]
        if rule.name not in self._known or self._known[rule.name][0] != matching:
            counts = dict(zip(patterns, matching, strict=True))
            self._known[rule.name] = (matching, self._construct(graph, replace(rule, query=_reordered(rule, counts))))
        return self._known[rule.name][1]


def _matching(graph: rdflib.Graph, pattern: Pattern) -> int:
    fixed: Any = tuple(None if isinstance(term, Variable) else term for term in pattern)
    return len(list(graph.triples(fixed)))


def _reordered(rule: Rule, counts: Mapping[Pattern, int]) -> Query:
    def reorder(node: Any) -> Any:
        if isinstance(node, CompValue) and node.name == "BGP":
            return CompValue("BGP", triples=_in_order(node.triples, counts), _vars=node["_vars"])
        return None

    return Query(rule.query.prologue, traverse(rule.query.algebra, visitPre=reorder))


def _in_order(patterns: Iterable[Pattern], counts: Mapping[Pattern, int]) -> list[Pattern]:
    """Return patterns so that each has as few unknown variables as may be, and of those matches least."""
    left, found, known = list(patterns), list[Pattern](), set[Any]()
    while left:
        unknown = {p: {term for term in p if isinstance(term, Variable)} - known for p in left}
        apart = {p: bool(known) and not {term for term in p if isinstance(term, Variable)} & known for p in left}
        best = min(left, key=lambda p: (apart[p], len(unknown[p]) if known else 0, counts.get(p, 0)))
        left.remove(best)
        found.append(best)
        known |= unknown[best]
    return found


class SparingReference:
    """The reference engine, but that it does nothing twice."""

    def __init__(self, knowledge: Knowledge) -> None:
        """Take the knowledge, with what follows from it alone: that is the same for all cases."""
        self._reasoner = reference.ReferenceReasoner(knowledge)
        graph = rdflib.Graph("SimpleMemory")
        for triple in self._reasoner._logic:
            graph.add(triple)
        owlrl.DeductiveClosure(SparingSemantics, axiomatic_triples=False, datatype_axioms=False).expand(graph)
        self._reasoner._logic = tuple(graph)

    def close(self, cases: Sequence[CaseFacts]) -> Sequence[Closure]:
        """Return what follows from each case."""
        with (
            patch.object(owlrl, "OWLRL_Semantics", SparingSemantics),
            patch.object(reference, "_construct", _Remembering()),
            # The store that rdflib takes otherwise keeps track of contexts, of which there are none here.
            patch.object(rdflib, "Graph", partial(rdflib.Graph, "SimpleMemory")),
        ):
            return self._reasoner.close(cases)


@cache
def engines() -> tuple[Reasoner, Reasoner]:
    """Return the compiled engine and the reference engine over the shipped knowledge."""
    return KnowledgeBase(shipped().knowledge, engine="compiled").reasoner, SparingReference(shipped().knowledge)


@cache
def plain_reference() -> Reasoner:
    """Return the reference engine as it is."""
    return KnowledgeBase(shipped().knowledge, engine="reference").reasoner


def golden_cases() -> list[Case]:
    """Return the golden cases."""
    return [as_answered(slug) for slug in slugs()]


def main() -> int:
    """Compare on all golden cases, on generated ones singly and on generated ones in batches; return the exit code."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--singly", type=int, default=100, help="generated cases reasoned one by one")
    parser.add_argument("--batches", type=int, default=40, help=f"batches of {BATCH} generated cases")
    parser.add_argument("--plain", action="store_true", help="with the reference engine as it is, which takes long")
    options = parser.parse_args()
    compiled, oracle = engines()
    if options.plain:
        oracle = plain_reference()
    batches = [[case] for case in golden_cases()]
    batches += [[case] for case in read(generated(SINGLY, options.singly))]
    batches += [read(generated(IN_BATCHES + number, BATCH)) for number in range(options.batches)]
    failed = 0
    for batch in batches:
        for text in disagreements(batch, compiled, oracle):
            failed += 1
            print(text, file=sys.stderr)  # noqa: T201  # a command prints
    total = sum(map(len, batches))
    print(f"{total - failed} passed, {failed} failed")  # noqa: T201  # a command prints
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
