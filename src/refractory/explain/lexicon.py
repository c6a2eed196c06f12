"""What an explanation looks up in the knowledge: labels, grades, and the statements behind each rule and axiom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property
from itertools import groupby
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from refractory.knowledge.headers import QueryFile
from refractory.knowledge.knowledge import Knowledge
from refractory.model.proof import Derived, Given, Step, Term
from refractory.model.sources import StatementRef
from refractory.vocabulary import Owl, Rdf, Rdfs, local_name, rfy

# How an axiom shows in a proof: the W3C names of its rules, and its terms.
AxiomKey = tuple[str, tuple[Term, ...]]

# What an action, a gap or a position is called is a piece of a sentence, or too long for a noun.
_PHRASES: Final = ("Action", "Gap", "Position")


def lexicon(knowledge: Knowledge) -> Lexicon:
    """Return the lexicon of a knowledge; the same knowledge has the same one, because reading it takes time."""
    return knowledge.once(Lexicon)


class Lexicon:
    """Looks up words and statements. It never changes, apart from remembering what it has looked up."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self.rules: Mapping[str, QueryFile] = {rule.name: rule for rule in knowledge.rules}
        # Each remembers for this knowledge alone, and goes when it goes.
        self.label = cache(knowledge.label)
        self.graded = cache(self._graded)
        self.of_rule = cache(self._of_rule)
        self.of_stated = cache(self._of_stated)

    def _graded(self, annotation: str, grade: str) -> tuple[NamedNode, ...]:
        """Return the properties to which an annotation gives a grade, such as a kind of advice, in canonical order."""
        return self.knowledge.subjects(rfy(annotation), rfy(grade))

    @cached_property
    def data_properties(self) -> frozenset[NamedNode]:
        """The properties whose values are numbers, days and texts: their labels are nouns."""
        return frozenset(self.knowledge.subjects(Rdf.TYPE, Owl.DATATYPE_PROPERTY))

    @cached_property
    def phrases(self) -> frozenset[NamedNode]:
        """The terms whose labels are no nouns, and so stand in quotes in a sentence."""
        return frozenset(term for name in _PHRASES for term in self.knowledge.subjects(Rdf.TYPE, rfy(name)))

    def statements(self, step: Step) -> tuple[StatementRef, ...]:
        """Return the statements that a step carries: of its rule, its axiom, or the fact as it stands in a file."""
        match step:
            case Given():
                return ()
            case Derived() if step.rule in self.rules:
                return self.of_rule(step.rule)
            case Derived():
                return self._of_axiom.get((step.rule, step.axiom), ())
        return self.of_stated(step.conclusion)

    def _of_stated(self, fact: Triple) -> tuple[StatementRef, ...]:
        """Return the statements that a fact carries where it stands, or that the position encodes that it is of."""
        return self._of_fact.get(fact) or self._of_position(fact.subject)

    def _of_position(self, subject: object) -> tuple[StatementRef, ...]:
        """Return the statements of a position, or of the position that offers a regimen."""
        if not isinstance(subject, NamedNode):
            return ()
        positions = (subject, *self.knowledge.subjects(rfy("offersRegimen"), subject))
        encoded = (value for position in positions for value in self.knowledge.values(position, rfy("encodes")))
        return self.knowledge.cited(local_name(value.value) for value in encoded if isinstance(value, NamedNode))

    def _of_rule(self, name: str) -> tuple[StatementRef, ...]:
        """Return the statements that a rule encodes."""
        return self.knowledge.cited(self.rules[name].list("encodes"))

    def places(self, statements: Iterable[StatementRef]) -> str:
        """Return the places of statements by source: `<source> line 24, citation 1; line 25`."""
        groups = []
        for source, group in groupby(statements, key=lambda statement: statement.source):
            groups.append(f"{source} {'; '.join(dict.fromkeys(map(self._place, group)))}")
        return " / ".join(groups)

    def _place(self, statement: StatementRef) -> str:
        on_line = self.knowledge.value(rfy(statement.id), rfy("onLine")) is not None
        number = f"line {statement.line}" if on_line else str(statement.line)
        return f"{number}, citation {statement.citation}" if statement.citation else number

    @cached_property
    def _annotated(self) -> tuple[tuple[Triple, tuple[StatementRef, ...]], ...]:
        """The triples of the files that carry statements: what an `owl:Axiom` says of them."""
        return tuple((axiom, self.knowledge.cited(names)) for axiom, names in self.knowledge.carried.items())

    @cached_property
    def _of_fact(self) -> Mapping[Triple, tuple[StatementRef, ...]]:
        return dict(self._annotated)

    @cached_property
    def _of_axiom(self) -> Mapping[AxiomKey, tuple[StatementRef, ...]]:
        return {key: statements for triple, statements in self._annotated for key in self.keys(triple)}

    def keys(self, axiom: Triple) -> Iterator[AxiomKey]:
        """Yield under which names a proof may cite an axiom that stands as a triple in a file."""
        source, target = axiom.subject, axiom.object
        match axiom.predicate:
            case Rdfs.SUB_CLASS_OF:
                yield from self._subclass(source, target)
            case Owl.EQUIVALENT_CLASS:
                yield from self._subclass(source, target)
                yield from self._subclass(target, source)
            case Rdfs.SUB_PROPERTY_OF:
                yield from _named("prp-spo1", source, target)
            case Owl.EQUIVALENT_PROPERTY:
                yield from _named("prp-spo1", source, target)
                yield from _named("prp-spo1", target, source)
            case Owl.INVERSE_OF:
                yield from _named("prp-inv1", source, target)
                yield from _named("prp-inv2", source, target)
            case Rdfs.DOMAIN:
                yield from _named("prp-dom", source, target)
            case Rdfs.RANGE:
                yield from _named("prp-rng", source, target)
            case Owl.PROPERTY_CHAIN_AXIOM:
                yield from _named("prp-spo2", source, *self._list(target))
            case Rdf.TYPE if target == Owl.TRANSITIVE_PROPERTY:
                yield from _named("prp-trp", source)
            case Rdf.TYPE if target == Owl.SYMMETRIC_PROPERTY:
                yield from _named("prp-symp", source)

    def _subclass(self, lower: object, upper: object) -> Iterator[AxiomKey]:
        if isinstance(upper, BlankNode):
            on = self.knowledge.value(upper, Owl.ON_PROPERTY)
            for name, part in (("cax-sco+cls-avf", Owl.ALL_VALUES_FROM), ("cax-sco+cls-hv1", Owl.HAS_VALUE)):
                if (value := self.knowledge.value(upper, part)) is not None:
                    yield from _named(name, lower, on, value)
        elif isinstance(lower, BlankNode):
            yield from self._complex(lower, upper)
        else:
            yield from _named("cax-sco", lower, upper)

    def _complex(self, lower: BlankNode, upper: object) -> Iterator[AxiomKey]:
        value = self.knowledge.value
        on = value(lower, Owl.ON_PROPERTY)
        if (wanted := value(lower, Owl.HAS_VALUE)) is not None:
            yield from _named("cls-hv2+cax-sco", on, wanted, upper)
        if (some := value(lower, Owl.SOME_VALUES_FROM)) == Owl.THING:
            yield from _named("cls-svf2+cax-sco", on, upper)
        elif some is not None:
            yield from _named("cls-svf1+cax-sco", on, some, upper)
        if (parts := value(lower, Owl.INTERSECTION_OF)) is not None:
            yield from _named("cls-int1+cax-sco", *self._list(parts), upper)
        if (parts := value(lower, Owl.UNION_OF)) is not None:
            for part in self._list(parts):
                yield from _named("cls-uni+cax-sco", part, upper)

    def _list(self, node: object) -> Iterator[object]:
        while isinstance(node, NamedNode | BlankNode) and node != Rdf.NIL:
            yield self.knowledge.value(node, Rdf.FIRST)
            node = self.knowledge.value(node, Rdf.REST)


def _named(name: str, *terms: object) -> Iterator[AxiomKey]:
    """Yield the key if all its terms can stand in a proof: blank nodes cannot."""
    known = tuple(term for term in terms if isinstance(term, NamedNode | Literal))
    if len(known) == len(terms):
        yield name, known
