"""Triples between pyoxigraph, in which we keep them, and rdflib, in which Python shares them; lexical forms kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from refractory.vocabulary import Xsd

if TYPE_CHECKING:
    import rdflib
    from rdflib.term import Node


def to_rdflib(triple: Triple) -> tuple[Node, Node, Node]:
    """Return a triple in rdflib's terms."""
    return (_to_node(triple.subject), _to_node(triple.predicate), _to_node(triple.object))


def from_rdflib(triple: tuple[Node, Node, Node]) -> Triple:
    """Return a triple without blank nodes in pyoxigraph's terms."""
    subject, predicate, value = triple
    return Triple(NamedNode(str(subject)), NamedNode(str(predicate)), _from_node(value))


def to_rdflib_graph(triples: Iterable[Triple]) -> rdflib.Graph:
    """Return triples as an rdflib graph with our prefix bound."""
    import rdflib

    from refractory.vocabulary import NAMESPACE, PREFIX

    graph = rdflib.Graph()
    graph.bind(PREFIX, NAMESPACE)
    for triple in triples:
        graph.add(to_rdflib(triple))
    return graph


def _to_node(term: object) -> Node:
    import rdflib

    match term:
        case NamedNode():
            return rdflib.URIRef(term.value)
        case BlankNode():
            return rdflib.BNode(term.value)
        case Literal() if term.language:
            return rdflib.Literal(term.value, lang=term.language)
        case Literal() if term.datatype == Xsd.STRING:
            # rdflib does not take "a" and "a"^^xsd:string for the same, and its users write the first.
            return rdflib.Literal(term.value)
        case Literal():
            # Normalizing would turn "yes"^^xsd:boolean into false and "01" into "1".
            return rdflib.Literal(term.value, datatype=rdflib.URIRef(term.datatype.value), normalize=False)
    raise TypeError(f"not a term of a triple we keep: {term!r}")


def _from_node(node: Node) -> NamedNode | Literal:
    import rdflib

    if isinstance(node, rdflib.Literal):
        return Literal(str(node), datatype=NamedNode(str(node.datatype))) if node.datatype else Literal(str(node))
    return NamedNode(str(node))
