"""Facts: RDF triples as plain values, in one canonical order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from pyoxigraph import Literal, NamedNode, Triple

from refractory.model.proof import Proof, Term

_PARTS: Final = "_parts"

Fact: TypeAlias = tuple[NamedNode, NamedNode, NamedNode | Literal]
"""A fact as its three parts. To make a triple of it takes longer than all else that becomes of it in a reader."""


def canonical(facts: Iterable[Triple]) -> tuple[Triple, ...]:
    """Return facts without repeats in the order of their N-Triples lines, the same whatever order they came in."""
    # Facts are equal when their lines are, and a text is told apart sooner than a fact.
    lines = {str(fact): fact for fact in facts}
    return tuple([lines[line] for line in sorted(lines)])


def parts(triples: Iterable[Triple]) -> tuple[Fact, ...]:
    """Return triples in their parts."""
    return tuple(map(tuple, triples))


def in_order(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """Return facts in parts as `canonical` returns triples."""
    lines: dict[str, Fact] = {}
    last, start = None, ""
    for fact in facts:
        subject, predicate, value = fact
        if subject is not last:
            last, start = subject, subject.value + ">"
        # As in the line, an IRI ends with a character that none has: so of two, the longer comes where it comes there.
        lines[f"{start}{predicate.value}>{value!s}"] = fact
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
        asserted_parts: The asserted facts in parts.
        frame_parts: The frame in parts.
    """

    case: NamedNode
    asserted: tuple[Triple, ...]
    frame: tuple[Triple, ...] = ()
    assessed_on: date | None = None
    sources: Mapping[Triple, str] = field(default_factory=dict, compare=False, repr=False)
    asserted_parts: tuple[Fact, ...] = field(init=False, compare=False, repr=False)
    frame_parts: tuple[Fact, ...] = field(init=False, compare=False, repr=False)

    @classmethod
    def of_parts(
        cls, case: NamedNode, asserted: tuple[Fact, ...], frame: tuple[Fact, ...], assessed_on: date | None
    ) -> CaseFacts:
        """Return the facts of a case from their parts; its triples are made when they are asked for, if ever."""
        facts = object.__new__(cls)
        given = {"case": case, "asserted_parts": asserted, "frame_parts": frame, "assessed_on": assessed_on}
        for name, value in {**given, "sources": {}}.items():
            object.__setattr__(facts, name, value)
        return facts

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            """Make what is not there yet: triples of parts, or parts of triples."""
            if name in ("asserted", "frame"):
                made = tuple([Triple(*fact) for fact in getattr(self, name + _PARTS)])
            elif name in ("asserted" + _PARTS, "frame" + _PARTS):
                made = parts(getattr(self, name.removesuffix(_PARTS)))
            else:
                raise AttributeError(name)
            object.__setattr__(self, name, made)
            return made

    @property
    def all_parts(self) -> tuple[Fact, ...]:
        """The same as `all`, in parts."""
        return self.asserted_parts + self.frame_parts

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
