"""All that pages speak of, as triples that can be followed from either end: knowledge, rules, shapes, header."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, parse

from refractory.errors import KnowledgeError
from refractory.knowledge.files import KnowledgeFiles
from refractory.knowledge.knowledge import Knowledge
from refractory.knowledge.rule_graph import rule_triples
from refractory.vocabulary import NAMESPACE, ONTOLOGY, PREFIX, Dcterms, Rdf, Rdfs, Skos

Node = NamedNode | BlankNode | Literal
Subject = NamedNode | BlankNode

FRONT_DOOR: Final = "ontology/refractory.ttl"
"""The file with the header of the whole ontology."""

PREFIXES: Final = {
    PREFIX: NAMESPACE,
    "dcterms": "http://purl.org/dc/terms/",
    "oa": "http://www.w3.org/ns/oa#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "sh": "http://www.w3.org/ns/shacl#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "vann": "http://purl.org/vocab/vann/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
"""The prefixes by which IRIs are shown."""

NOTHING: Final[Mapping[NamedNode, tuple[Node, ...]]] = MappingProxyType({})


def sh(name: str) -> NamedNode:
    """Return the term of SHACL with a local name."""
    return NamedNode(PREFIXES["sh"] + name)


def dcterms(name: str) -> NamedNode:
    """Return the term of Dublin Core with a local name."""
    return NamedNode(PREFIXES["dcterms"] + name)


def curie(iri: str) -> str:
    """Return an IRI with its prefix; one without a known prefix whole."""
    for prefix, namespace in PREFIXES.items():
        if iri.startswith(namespace):
            return f"{prefix}:{iri.removeprefix(namespace)}"
    return iri


class Graph:
    """Triples in the order of the files that say them, so that blank nodes need no name to have a place."""

    def __init__(self, knowledge: Knowledge) -> None:
        """Put the triples together.

        Raises:
            KnowledgeError: A file of shapes, or the front door, is not Turtle.
        """
        self.knowledge = knowledge
        self.triples: tuple[Triple, ...] = tuple(dict.fromkeys(_triples(knowledge)))

    @cached_property
    def _out(self) -> dict[Subject, dict[NamedNode, tuple[Node, ...]]]:
        found: dict[Subject, dict[NamedNode, tuple[Node, ...]]] = {}
        for t in self.triples:
            if isinstance(t.subject, Subject) and isinstance(t.object, Node):
                values = found.setdefault(t.subject, {})
                values[t.predicate] = (*values.get(t.predicate, ()), t.object)
        return found

    @cached_property
    def _in(self) -> dict[Node, tuple[tuple[Subject, NamedNode], ...]]:
        found: dict[Node, list[tuple[Subject, NamedNode]]] = {}
        for t in self.triples:
            if isinstance(t.subject, Subject) and isinstance(t.object, NamedNode | BlankNode):
                found.setdefault(t.object, []).append((t.subject, t.predicate))
        return {node: tuple(pairs) for node, pairs in found.items()}

    @cached_property
    def _uses(self) -> dict[NamedNode, tuple[Triple, ...]]:
        found: dict[NamedNode, list[Triple]] = {}
        for t in self.triples:
            found.setdefault(t.predicate, []).append(t)
        return {predicate: tuple(triples) for predicate, triples in found.items()}

    def about(self, node: Node) -> Mapping[NamedNode, tuple[Node, ...]]:
        """Return what is said of a node, by property."""
        return NOTHING if isinstance(node, Literal) else self._out.get(node, NOTHING)

    def to(self, node: Node) -> tuple[tuple[Subject, NamedNode], ...]:
        """Return who refers to a node, and by which property."""
        return self._in.get(node, ())

    def uses(self, predicate: NamedNode) -> tuple[Triple, ...]:
        """Return the triples with a property."""
        return self._uses.get(predicate, ())

    def values(self, node: Node, predicate: NamedNode) -> tuple[Node, ...]:
        """Return the values of a property of a node."""
        return self.about(node).get(predicate, ())

    def value(self, node: Node, predicate: NamedNode) -> Node | None:
        """Return the one value of a property of a node, or None."""
        return next(iter(self.values(node, predicate)), None)

    def named(self, node: Node, predicate: NamedNode) -> tuple[NamedNode, ...]:
        """Return the values of a property that are named nodes."""
        return tuple(value for value in self.values(node, predicate) if isinstance(value, NamedNode))

    def texts(self, node: Node, predicate: NamedNode) -> tuple[str, ...]:
        """Return the values of a property that are texts."""
        return tuple(value.value for value in self.values(node, predicate) if isinstance(value, Literal))

    def text(self, node: Node, predicate: NamedNode) -> str:
        """Return the text that a property gives, or an empty string."""
        return next(iter(self.texts(node, predicate)), "")

    def label(self, node: Node) -> str:
        """Return how a node is called: by its label, else by what is nearest to one, else by its own name."""
        if isinstance(node, Literal):
            return node.value
        for predicate in (Rdfs.LABEL, sh("name"), Dcterms.TITLE):
            if text := self.text(node, predicate):
                return text
        return curie(node.value) if isinstance(node, NamedNode) else ""

    def subjects(self, predicate: NamedNode, value: Node) -> tuple[NamedNode, ...]:
        """Return the named nodes that have a value, by name."""
        found = {node for node, by in self.to(value) if by == predicate and isinstance(node, NamedNode)}
        return tuple(sorted(found, key=str))

    def instances(self, cls: NamedNode) -> tuple[NamedNode, ...]:
        """Return the named nodes of a class itself, by name."""
        return self.subjects(Rdf.TYPE, cls)

    def members(self, node: Node) -> tuple[Node, ...]:
        """Return the members of an RDF list."""
        found: list[Node] = []
        seen: set[Node] = set()
        here: Node | None = node
        while here is not None and here != Rdf.NIL and here not in seen:
            seen.add(here)
            found.extend(self.values(here, Rdf.FIRST)[:1])
            here = self.value(here, Rdf.REST)
        return tuple(found)

    def is_list(self, node: Node) -> bool:
        """Say whether a node is an RDF list."""
        return node == Rdf.NIL or bool(self.values(node, Rdf.FIRST))

    def by_label(self, nodes: Iterator[NamedNode] | tuple[NamedNode, ...] | list[NamedNode]) -> tuple[NamedNode, ...]:
        """Return nodes in the order of their labels, each once."""
        return tuple(sorted(set(nodes), key=lambda node: (self.label(node).casefold(), node.value)))


def _triples(knowledge: Knowledge) -> Iterator[Triple]:
    yield from knowledge.triples
    yield from rule_triples(knowledge.rules)
    for path, content in knowledge.shapes:
        yield from _parsed(path, content)
    if FRONT_DOOR in knowledge.files.contents:
        yield from _parsed(FRONT_DOOR, knowledge.files.contents[FRONT_DOOR])


def _parsed(path: str, content: bytes) -> Iterator[Triple]:
    try:
        for quad in parse(content, format=RdfFormat.TURTLE, rename_blank_nodes=True):
            yield Triple(quad.subject, quad.predicate, quad.object)
    except SyntaxError as error:
        raise KnowledgeError(f"the file is not Turtle: {error}.", place=path) from error


def file_of(module: str, files: KnowledgeFiles) -> str:
    """Return the path of the file that declares a module, by the module's IRI; an empty string where there is none."""
    name = module.removeprefix(ONTOLOGY).strip("/")
    candidates = (f"ontology/modules/{name}.ttl", f"ontology/{name}.ttl") if name else (FRONT_DOOR,)
    return next((path for path in candidates if path in files.contents), "")


DESCRIBING: Final = frozenset({Rdfs.LABEL, Rdfs.COMMENT, Rdfs.IS_DEFINED_BY, Skos.DEFINITION, Skos.ALT_LABEL})
"""What describes a term in words; it is shown at the top of its page."""
