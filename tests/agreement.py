"""Do two engines agree? Run it: `python -m tests.agreement --singly 100 --batches 40`.

What is compared, for each case: the inferred facts about the nodes of the case, and for each of them that a rule
concluded, the names of the rules that did. What is left out: how a number is written, for two engines may write one
decimal differently, so numbers compare by value; a fact that only restates a number of the case, written otherwise;
facts about the knowledge's own terms; and the proofs, of which the reference engine has none.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from pyoxigraph import Literal, NamedNode, Triple

from refractory import Case, KnowledgeBase
from refractory.engine.interface import Reasoner
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


@cache
def engines() -> tuple[Reasoner, Reasoner]:
    """Return the compiled engine and the reference engine over the shipped knowledge."""
    knowledge = shipped().knowledge
    return KnowledgeBase(knowledge, engine="compiled").reasoner, KnowledgeBase(knowledge, engine="reference").reasoner


def golden_cases() -> list[Case]:
    """Return the golden cases."""
    return [as_answered(slug) for slug in slugs()]


def main() -> int:
    """Compare on all golden cases, on generated ones singly and on generated ones in batches; return the exit code."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--singly", type=int, default=100, help="generated cases reasoned one by one")
    parser.add_argument("--batches", type=int, default=40, help=f"batches of {BATCH} generated cases")
    options = parser.parse_args()
    compiled, reference = engines()
    batches = [[case] for case in golden_cases()]
    batches += [[case] for case in read(generated(SINGLY, options.singly))]
    batches += [read(generated(IN_BATCHES + number, BATCH)) for number in range(options.batches)]
    failed = 0
    for batch in batches:
        for text in disagreements(batch, compiled, reference):
            failed += 1
            print(text, file=sys.stderr)  # noqa: T201  # a command prints
    total = sum(map(len, batches))
    print(f"{total - failed} passed, {failed} failed")  # noqa: T201  # a command prints
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
