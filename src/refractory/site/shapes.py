"""The page of a shape: what it checks, how grave it is, and what it tells whom it stops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pyoxigraph import NamedNode

from refractory.site.graph import Node, curie, file_of, sh
from refractory.site.library import Draft, Library
from refractory.site.pieces import Piece, Pieces, keyword, sparql
from refractory.vocabulary import NAMESPACE, Rdf, Rdfs, Skos, rfy

_WORDS: Final = {
    "name", "description", "order", "group", "severity", "message", "sparql", "path", "property", "targetClass",
}  # fmt: skip
_SEVERITIES: Final = {
    "Violation": "violation: stops the reasoning",
    "Warning": "warning: goes with the answer",
    "Info": "remark: goes with the answer",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A shape in a list of shapes."""

    piece: Piece
    name: str
    says: str
    severity: str


def shape(library: Library, node: NamedNode) -> Draft:
    """Return the page of a shape."""
    graph = library.graph
    holders = [one for one, by in graph.to(node) if by == sh("property") and isinstance(one, NamedNode)]
    module = next((one for holder in (node, *holders) for one in graph.named(holder, Rdfs.IS_DEFINED_BY)), None)
    group = graph.value(node, sh("group"))
    values = {
        "name": node.value.removeprefix(NAMESPACE),
        "iri": node.value,
        "definition": graph.text(node, Skos.DEFINITION) or graph.text(node, sh("description")),
        "message": graph.text(node, sh("message")),
        "why": graph.text(node, rfy("why")),
        "fix": graph.text(node, rfy("fix")),
        "severity": severity(library, node),
        "grave": severity(library, node).startswith("violation"),
        "targets": [library.piece(one) for one in graph.named(node, sh("targetClass"))],
        "holders": [library.piece(one) for one in graph.by_label(holders)],
        "group": library.piece(group) if isinstance(group, NamedNode) else None,
        "path": _path(library, node),
        "constraints": _constraints(library, node),
        "queries": [sparql(_dedented(text), library.links.of_name) for text in _selects(library, node)],
        "properties": [_row(library, one) for one in graph.named(node, sh("property"))],
        "presupposes": [library.piece(one) for one in graph.by_label(graph.named(node, rfy("presupposes")))],
        "presupposed": [library.piece(one) for one in graph.by_label(graph.subjects(rfy("presupposes"), node))],
        "module": library.piece(module) if module else None,
        "file": library.file(path) if module and (path := file_of(module.value, library.knowledge.files)) else None,
    }
    return Draft("shape.html", graph.label(node), "shapes", values)


def shapes(library: Library) -> Draft:
    """Return the list of shapes: each node shape with the properties that it checks."""
    graph = library.graph
    nodes = [one for one in library.links.shapes if sh("NodeShape") in graph.values(one, Rdf.TYPE)]
    groups = [
        (_row(library, one), [_row(library, part) for part in graph.named(one, sh("property"))])
        for one in graph.by_label(nodes)
    ]
    held = {part for one in nodes for part in graph.named(one, sh("property"))}
    others = [_row(library, one) for one in library.links.shapes if one not in held and one not in nodes]
    values = {"groups": groups, "others": others, "count": len(library.links.shapes)}
    return Draft("shapes.html", "Shapes", "shapes", values)


def severity(library: Library, node: NamedNode) -> str:
    """Return how grave a finding of a shape is, in words; an empty string where the shape does not say."""
    found = library.graph.value(node, sh("severity"))
    return _SEVERITIES.get(curie(found.value).removeprefix("sh:"), "") if isinstance(found, NamedNode) else ""


def _row(library: Library, node: NamedNode) -> Row:
    graph = library.graph
    says = graph.text(node, sh("message")) or graph.text(node, Skos.DEFINITION)
    return Row(library.piece(node), node.value.removeprefix(NAMESPACE), says, severity(library, node).partition(":")[0])


def _path(library: Library, node: NamedNode) -> Pieces:
    """Return the path of a property shape: a property, or a list of them one after the other."""
    path = library.graph.value(node, sh("path"))
    if path is None:
        return ()
    if not library.graph.is_list(path):
        return library.axioms.node(path)
    found: list[Piece] = []
    for member in library.graph.members(path):
        found += ([Piece(" / ")] if found else []) + list(library.axioms.node(member))
    return tuple(found)


def _constraints(library: Library, node: NamedNode) -> list[tuple[str, list[Pieces]]]:
    """Return the constraints of a shape by their names in SHACL; those that are queries stand apart."""
    return [
        (curie(predicate.value), [_value(library, value) for value in values])
        for predicate, values in library.graph.about(node).items()
        if curie(predicate.value).startswith("sh:") and curie(predicate.value).removeprefix("sh:") not in _WORDS
    ]


def _value(library: Library, value: Node) -> Pieces:
    if not isinstance(value, NamedNode) and library.graph.is_list(value):
        found: list[Piece] = []
        for member in library.graph.members(value):
            found += ([Piece(" "), keyword("|"), Piece(" ")] if found else []) + list(library.axioms.node(member))
        return tuple(found)
    return library.axioms.node(value)


def _selects(library: Library, node: NamedNode) -> list[str]:
    graph = library.graph
    return [text for query in graph.values(node, sh("sparql")) for text in graph.texts(query, sh("select"))]


def _dedented(text: str) -> str:
    lines = text.strip("\n").rstrip().split("\n")
    depth = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return "\n".join(line[depth:] for line in lines)
