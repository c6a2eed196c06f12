"""Axioms as they are read: OWL in the words of its Manchester syntax, terms by their labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from refractory.site.graph import PREFIXES, Graph, Node, Subject, curie
from refractory.site.links import Links
from refractory.site.pieces import Piece, Pieces, keyword
from refractory.vocabulary import NAMESPACE, Dcterms, Owl, Rdf, Rdfs, rfy

RELATIONS: Final = {
    Rdfs.SUB_CLASS_OF: "SubClassOf",
    Owl.EQUIVALENT_CLASS: "EquivalentTo",
    Owl.DISJOINT_WITH: "DisjointWith",
    Rdfs.SUB_PROPERTY_OF: "SubPropertyOf",
    Owl.EQUIVALENT_PROPERTY: "EquivalentTo",
    Owl.INVERSE_OF: "InverseOf",
    Rdfs.DOMAIN: "Domain",
    Rdfs.RANGE: "Range",
    Owl.PROPERTY_CHAIN_AXIOM: "SubPropertyChain",
}
"""The properties by which axioms are stated, in the words of the Manchester syntax."""

CHARACTERISTICS: Final = {
    NamedNode(f"{PREFIXES['owl']}{name}Property"): name
    for name in (
        "Transitive", "Symmetric", "Functional", "InverseFunctional", "Asymmetric", "Reflexive", "Irreflexive",
    )
}  # fmt: skip
"""The types that say how a property behaves."""

_FILLERS: Final = {
    Owl.HAS_VALUE: "value",
    Owl.SOME_VALUES_FROM: "some",
    Owl.ALL_VALUES_FROM: "only",
}
_DEEPEST: Final = 12
_JOINED: Final = {Owl.INTERSECTION_OF: "and", Owl.UNION_OF: "or"}


@dataclass(frozen=True, slots=True)
class Axiom:
    """Something that the logic states.

    Attributes:
        triple: The triple that states it.
        pieces: How it is read.
        home: The term on whose page it has its anchor.
        identifier: The name that the files give it, or an empty string.
        mentions: All terms in it.
        statements: The statements that it carries.
        cases: The golden cases whose answer changes without it.
    """

    triple: Triple
    pieces: Pieces
    home: NamedNode | None
    identifier: str
    mentions: frozenset[NamedNode]
    statements: tuple[NamedNode, ...]
    cases: tuple[str, ...]

    @property
    def anchor(self) -> str:
        """The anchor on the page of its home; an empty string without a name."""
        return f"axiom-{self.identifier}" if self.identifier else ""


class Axioms:
    """The axioms of the ontology, by the terms that they are about."""

    def __init__(self, graph: Graph, links: Links) -> None:
        self._graph = graph
        self._links = links

    @cached_property
    def all(self) -> tuple[Axiom, ...]:
        """All axioms, those that carry a statement whatever they state, the others where OWL gives them a meaning."""
        return tuple(
            self._axiom(t)
            for t in self._graph.triples
            if t in self._annotations or t.predicate in RELATIONS or _is_characteristic(t)
        )

    @cached_property
    def by_triple(self) -> dict[Triple, Axiom]:
        """The axioms by the triple that states each."""
        return {axiom.triple: axiom for axiom in self.all}

    @cached_property
    def _about(self) -> dict[NamedNode, list[Axiom]]:
        found: dict[NamedNode, list[Axiom]] = {}
        for axiom in self.all:
            for term in axiom.mentions:
                found.setdefault(term, []).append(axiom)
        return found

    def of(self, term: NamedNode) -> tuple[Axiom, ...]:
        """Return the axioms that have their anchor on the page of a term."""
        return tuple(axiom for axiom in self._about.get(term, ()) if axiom.home == term)

    def mentioning(self, term: NamedNode) -> tuple[Axiom, ...]:
        """Return the axioms of other terms in which a term occurs."""
        return tuple(axiom for axiom in self._about.get(term, ()) if axiom.home != term)

    def carrying(self, statement: NamedNode) -> tuple[Axiom, ...]:
        """Return the axioms that carry a statement."""
        return self._by_statement.get(statement, ())

    @cached_property
    def _by_statement(self) -> dict[NamedNode, tuple[Axiom, ...]]:
        found: dict[NamedNode, tuple[Axiom, ...]] = {}
        for axiom in self.all:
            for statement in axiom.statements:
                found[statement] = (*found.get(statement, ()), axiom)
        return found

    def href(self, axiom: Axiom) -> str:
        """Return the address of an axiom, or that of its home where it has no name."""
        page = self._links.page_of(axiom.home) if axiom.home else ""
        return f"{page}#{axiom.anchor}" if page and axiom.anchor and "#" not in page else page

    @cached_property
    def _annotations(self) -> dict[Triple, Subject]:
        """Return the node that annotates each annotated axiom, by the triple that states it."""
        found: dict[Triple, Subject] = {}
        for node, _ in self._graph.to(Owl.AXIOM):
            source = self._graph.value(node, Owl.ANNOTATED_SOURCE)
            predicate = self._graph.value(node, Owl.ANNOTATED_PROPERTY)
            target = self._graph.value(node, Owl.ANNOTATED_TARGET)
            if isinstance(source, Subject) and isinstance(predicate, NamedNode) and target is not None:
                found[Triple(source, predicate, target)] = node
        return found

    def _axiom(self, triple: Triple) -> Axiom:
        pieces, mentions = self.stated(triple)
        note = self._annotations.get(triple)
        home = next((end for end in (triple.subject, triple.object) if isinstance(end, NamedNode)), None)
        return Axiom(
            triple,
            pieces,
            home or min(mentions, key=str, default=None),
            self._graph.text(note, Dcterms.IDENTIFIER) if note else "",
            mentions,
            self._graph.named(note, rfy("encodes")) if note else (),
            self._graph.texts(note, rfy("shownBy")) if note else (),
        )

    def stated(self, triple: Triple) -> tuple[Pieces, frozenset[NamedNode]]:
        """Return how an axiom is read, and the terms in it."""
        mentions: set[NamedNode] = set()
        subject, value = triple.subject, triple.object
        if not isinstance(subject, Subject) or not isinstance(value, Node):
            return (), frozenset()
        if _is_characteristic(triple):
            said = (keyword("Characteristics"), Piece(" "), keyword(CHARACTERISTICS[value]))  # type: ignore[index]
            return (*self._expression(subject, mentions), Piece(" "), *said), frozenset(mentions)
        if triple.predicate == Owl.PROPERTY_CHAIN_AXIOM:
            chain = self._joined(self._graph.members(value), "o", mentions)
            stated = (*chain, Piece(" "), keyword("SubPropertyOf"), Piece(" "), *self._expression(subject, mentions))
            return stated, frozenset(mentions)
        if triple.predicate in RELATIONS:
            relation: Pieces = (keyword(RELATIONS[triple.predicate]),)
        elif triple.predicate == Rdf.TYPE:
            relation = (keyword("Type"),)
        else:
            relation = self._expression(triple.predicate, mentions)
        left, right = self._expression(subject, mentions), self._expression(value, mentions)
        return (*left, Piece(" "), *relation, Piece(" "), *right), frozenset(mentions)

    def node(self, node: Node) -> Pieces:
        """Return how a value is read: a term by its label, a blank node by what it says."""
        return tuple(self._expression(node, set()))

    def _expression(self, node: Node, mentions: set[NamedNode], depth: int = 0) -> Pieces:
        match node:
            case NamedNode():
                if node.value.startswith(NAMESPACE):
                    mentions.add(node)
                return (Piece(self._graph.label(node), self._links.of(node)),)
            case Literal():
                return (Piece(node.value),)
        return self._anonymous(node, mentions, depth)

    def _anonymous(self, node: BlankNode, mentions: set[NamedNode], depth: int) -> Pieces:
        """Return what stands in brackets in Turtle: a restriction, an intersection, a list; else as Turtle has it."""
        if depth > _DEEPEST:
            return (Piece("..."),)
        if self._graph.is_list(node):
            return self._joined(self._graph.members(node), ",", mentions, depth + 1)
        for predicate, word in _FILLERS.items():
            if filler := self._graph.value(node, predicate):
                on = self._graph.value(node, Owl.ON_PROPERTY)
                left = self._expression(on, mentions, depth + 1) if on else ()
                return (*left, Piece(" "), keyword(word), Piece(" "), *self._expression(filler, mentions, depth + 1))
        for predicate, word in _JOINED.items():
            if members := self._graph.value(node, predicate):
                return self._joined(self._graph.members(members), word, mentions, depth + 1)
        return (Piece("[ "), *self._inside(node, mentions, depth), Piece(" ]"))

    def _inside(self, node: BlankNode, mentions: set[NamedNode], depth: int) -> Iterator[Piece]:
        first = True
        for predicate, values in self._graph.about(node).items():
            for value in values:
                if not first:
                    yield Piece(" ; ")
                first = False
                yield Piece(curie(predicate.value), look="keyword")
                yield Piece(" ")
                yield from self._expression(value, mentions, depth + 1)

    def _joined(self, nodes: tuple[Node, ...], word: str, mentions: set[NamedNode], depth: int = 0) -> Pieces:
        found: list[Piece] = []
        for node in nodes:
            if found:
                found += [Piece(", ")] if word == "," else [Piece(" "), keyword(word), Piece(" ")]
            nested = word != "," and isinstance(node, BlankNode)
            parts = self._expression(node, mentions, depth + 1)
            found += [Piece("("), *parts, Piece(")")] if nested else parts
        return tuple(found)


def _is_characteristic(triple: Triple) -> bool:
    return triple.predicate == Rdf.TYPE and triple.object in CHARACTERISTICS
