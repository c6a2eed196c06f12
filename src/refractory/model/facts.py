"""Facts: RDF triples as plain values, in one canonical order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from pyoxigraph import Literal, NamedNode, Triple

from refractory.model.proof import Proof, Term


def canonical(facts: Iterable[Triple]) -> tuple[Triple, ...]:
    """Return facts without repeats in the order of their N-Triples lines, the same whatever order they came in."""
    # Facts are equal when their lines are, and a text is told apart sooner than a fact.
    lines = {str(fact): fact for fact in facts}
    return tuple([lines[line] for line in sorted(lines)])


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What is known of one case before reasoning.

    Attributes:
        case: The case's node.
        asserted: What was said of it, in canonical order.
        frame: What its reader added because no rule makes a node: patient, virus, isolates, specimens, day counts.
        assessed_on: The day of the assessment, if said.
        sources: For asserted facts that were made from other data, what they were made from. It changes no answer,
            so two cases that differ in it alone are equal.
    """

    case: NamedNode
    asserted: tuple[Triple, ...]
    frame: tuple[Triple, ...] = ()
    assessed_on: date | None = None
    sources: Mapping[Triple, str] = field(default_factory=dict, compare=False, repr=False)

    @property
    def all(self) -> tuple[Triple, ...]:
        """What the reasoner starts from: the asserted facts and the frame."""
        return self.asserted + self.frame


class Closure(Protocol):
    """What follows from one case."""

    @property
    def inferred(self) -> frozenset[Triple]:
        """The facts about the case that reasoning added, without those it started from."""
        ...

    @property
    def rules(self) -> Mapping[Triple, tuple[str, ...]]:
        """For each fact that a rule concluded, the names of all rules that concluded it, sorted."""
        ...

    @property
    def proof(self) -> Proof | None:
        """Why each fact holds; None from an engine that keeps no proofs."""
        ...

    def concluded(self, predicate: NamedNode) -> Mapping[Term, tuple[str, ...]]:
        """Return what reasoning added under a predicate, with the names of all rules that concluded it, sorted."""
        ...

    def added(self, predicate: NamedNode) -> Iterable[tuple[Term, Term]]:
        """Return subject and object of each fact that reasoning added under a predicate."""
        ...

    def held(self, subject: Term, predicate: NamedNode) -> Sequence[Term] | None:
        """Return what a node has under a predicate, given or added, each once; None if that is not laid out so."""
        ...

    def lacking(self, subject: Term) -> Mapping[object, tuple[()]]:
        """Return predicates under which a node surely has nothing, each with no value."""
        ...

    def rules_behind(self, subject: Term, predicate: NamedNode, value: Term) -> Iterable[str]:
        """Return the names of all rules that concluded a fact; none if no rule did."""
        ...


@dataclass(frozen=True, slots=True)
class PlainClosure:
    """A closure without proofs."""

    inferred: frozenset[Triple]
    rules: Mapping[Triple, tuple[str, ...]]
    proof: None = None

    def concluded(self, predicate: NamedNode) -> Mapping[Term, tuple[str, ...]]:
        """Return what reasoning added under a predicate, with the names of all rules that concluded it, sorted."""
        return {
            fact.object: self.rules.get(fact, ())
            for fact in self.inferred
            if fact.predicate == predicate and isinstance(fact.object, NamedNode | Literal)
        }

    def added(self, predicate: NamedNode) -> Iterator[tuple[Term, Term]]:
        """Yield subject and object of each fact that reasoning added under a predicate."""
        for fact in self.inferred:
            if fact.predicate == predicate:
                yield fact.subject, fact.object  # type: ignore[misc]  # a case holds no blank nodes

    def held(self, subject: Term, predicate: NamedNode) -> None:  # noqa: ARG002  # what every closure is asked
        """Return nothing: facts are not laid out by their subjects."""
        return

    def lacking(self, subject: Term) -> Mapping[object, tuple[()]]:  # noqa: ARG002  # what every closure is asked
        """Return none: facts are not laid out by their subjects."""
        return {}

    def rules_behind(self, subject: Term, predicate: NamedNode, value: Term) -> tuple[str, ...]:
        """Return the names of all rules that concluded a fact; none if no rule did."""
        return self.rules.get(Triple(subject, predicate, value), ())  # type: ignore[arg-type]  # subjects are IRIs
