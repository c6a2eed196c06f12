"""The triples of one file as texts that compare: terms by their names, blank nodes by what they say.

The name of a blank node and the order of triples say nothing, so they are nowhere in these texts; nor are labels, so
that new words are no new axiom.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from refractory.site.axioms import CHARACTERISTICS, RELATIONS
from refractory.site.graph import curie
from refractory.vocabulary import NAMESPACE, Dcterms, Owl, Rdf, Rdfs, rfy

Node = NamedNode | BlankNode | Literal

_FILLERS: Final = {Owl.HAS_VALUE: "value", Owl.SOME_VALUES_FROM: "some", Owl.ALL_VALUES_FROM: "only"}
_JOINED: Final = {Owl.INTERSECTION_OF: " and ", Owl.UNION_OF: " or "}
_CLASSES: Final = {Owl.CLASS, Owl.RESTRICTION}

# What is said to people, though it is no text in a language: a reasoner reads none of it, and no answer compares it.
_WORDS: Final = {
    Rdfs.IS_DEFINED_BY,
    Dcterms.TITLE,
    Dcterms.ISSUED,
    NamedNode("http://purl.org/dc/terms/bibliographicCitation"),
    NamedNode("http://purl.org/dc/terms/license"),
    NamedNode("http://purl.org/dc/terms/source"),
    rfy("shownBy"),
}


def name_of(node: NamedNode) -> str:
    """Return a term as people write it: the local name of one of ours, another with its prefix."""
    return node.value.removeprefix(NAMESPACE) if node.value.startswith(NAMESPACE) else curie(node.value)


def is_words(triple: Triple) -> bool:
    """Say whether a triple is words alone: a text in a language, or what only tells where something comes from."""
    value = triple.object
    return triple.predicate in _WORDS or (isinstance(value, Literal) and value.language is not None)


def is_axiom(triple: Triple) -> bool:
    """Say whether OWL gives a triple a meaning of its own, beyond declaring a term."""
    return triple.predicate in RELATIONS or (triple.predicate == Rdf.TYPE and triple.object in CHARACTERISTICS)


class Expressions:
    """Reads the nodes of one file."""

    def __init__(self, triples: Iterable[Triple]) -> None:
        self.about: dict[NamedNode | BlankNode, list[Triple]] = {}
        self._inside: set[BlankNode] = set()
        for t in triples:
            if isinstance(t.subject, NamedNode | BlankNode):
                self.about.setdefault(t.subject, []).append(t)
            if isinstance(t.object, BlankNode):
                self._inside.add(t.object)

    def is_root(self, node: NamedNode | BlankNode) -> bool:
        """Say whether nothing in the file leads to a node, or it has a name: then it stands for itself."""
        return isinstance(node, NamedNode) or node not in self._inside

    def triple(self, triple: Triple, *, words: bool = True) -> str:
        """Return a triple as text.

        Args:
            triple: A triple of the file, or one that an annotation in it speaks of.
            words: Whether what is words alone is said too, in the blank nodes to which it leads.
        """
        subject, value = (self.node(part, words=words) for part in (triple.subject, triple.object))
        if triple.predicate == Owl.PROPERTY_CHAIN_AXIOM:
            return f"{' o '.join(self._members(triple.object, words, ()) or [value])} SubPropertyOf {subject}"
        if triple.predicate == Rdf.TYPE and triple.object in CHARACTERISTICS:
            return f"{subject} Characteristics {CHARACTERISTICS[triple.object]}"  # type: ignore[index]
        if triple.predicate == Rdf.TYPE:
            return f"{subject} a {value}"
        return f"{subject} {RELATIONS.get(triple.predicate) or name_of(triple.predicate)} {value}"

    def said(self, triple: Triple, *, words: bool = True) -> str:
        """Return what a triple says of its subject, without naming it."""
        value = self.node(triple.object, words=words)
        return f"a {value}" if triple.predicate == Rdf.TYPE else f"{name_of(triple.predicate)} {value}"

    def node(self, node: object, *, words: bool = True, path: tuple[BlankNode, ...] = ()) -> str:
        """Return a node as text: a term by its name, a literal by its value, a blank node by what it says."""
        match node:
            case NamedNode():
                return name_of(node)
            case Literal():
                text = node.language is not None or node.datatype.value.endswith("#string")
                return f"“{node.value}”" if text else node.value
            case BlankNode():
                # A node that leads to itself says nothing new there.
                return "..." if node in path else self._blank(node, words, (*path, node))
        return str(node)

    def _blank(self, node: BlankNode, words: bool, path: tuple[BlankNode, ...]) -> str:
        said = self._own(node)
        if Rdf.FIRST in said:
            return f"( {' '.join(self._members(node, words, path))} )"
        return self._class(said, words, path) or f"[ {' ; '.join(self.inside(node, words=words, path=path))} ]"

    def _own(self, node: BlankNode) -> Mapping[NamedNode, list[Triple]]:
        """Return what a node says by property, without the axioms that are about it."""
        found: dict[NamedNode, list[Triple]] = {}
        for t in self.about.get(node, ()):
            if t.predicate not in RELATIONS and not (t.predicate == Rdf.TYPE and t.object in _CLASSES):
                found.setdefault(t.predicate, []).append(t)
        return found

    def _class(self, said: Mapping[NamedNode, list[Triple]], words: bool, path: tuple[BlankNode, ...]) -> str:
        """Return a class expression that says one thing and no more as OWL's Manchester syntax has it, else nothing."""
        if any(len(triples) > 1 for triples in said.values()):
            return ""
        values = {predicate: triples[0].object for predicate, triples in said.items()}
        for predicate, word in _FILLERS.items():
            if values.keys() == {Owl.ON_PROPERTY, predicate}:
                on, filler = (self.node(values[part], words=words, path=path) for part in (Owl.ON_PROPERTY, predicate))
                return f"{on} {word} {filler}"
        for predicate, word in _JOINED.items():
            if values.keys() == {predicate}:
                # The order of the parts of an intersection or a union says nothing.
                return f"({word.join(sorted(self._members(values[predicate], words, path)))})"
        return ""

    def inside(self, node: BlankNode, *, words: bool, path: tuple[BlankNode, ...] = ()) -> list[str]:
        """Return what a blank node says, in canonical order, without the axioms that are about it."""
        triples = (t for some in self._own(node).values() for t in some if words or not is_words(t))
        return sorted(
            f"{'a' if t.predicate == Rdf.TYPE else name_of(t.predicate)} {self.node(t.object, words=words, path=path)}"
            for t in triples
        )

    def _members(self, node: object, words: bool, path: tuple[BlankNode, ...]) -> list[str]:
        return [self.node(member, words=words, path=path) for member in self._list(node)]

    def _list(self, node: object) -> Iterator[object]:
        seen: set[object] = set()
        while isinstance(node, BlankNode) and node not in seen:
            seen.add(node)
            said = {t.predicate: t.object for t in self.about.get(node, ())}
            if Rdf.FIRST in said:
                yield said[Rdf.FIRST]
            node = said.get(Rdf.REST)
