"""Holds encoded guidance against the SHACL shapes of `ontology/lint/`, with pySHACL; cases have shapes of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import pyshacl
import rdflib
from pyoxigraph import BlankNode, NamedNode, Triple
from rdflib.namespace import SH
from rdflib.term import Node

from refractory.errors import KnowledgeError
from refractory.guidance.fault import Fault
from refractory.guidance.graph import GuidanceGraph, name_of
from refractory.model.interchange import to_rdflib_graph
from refractory.vocabulary import NAMESPACE, Rdf, Rdfs

_FOLDER: Final = "ontology/lint"
_WHY, _FIX = rdflib.URIRef(NAMESPACE + "why"), rdflib.URIRef(NAMESPACE + "fix")


def misshapen(graph: GuidanceGraph) -> Iterator[Fault]:
    """Yield what does not have the shape of guidance: each shape once at each term.

    Raises:
        KnowledgeError: There are no shapes, or pySHACL cannot run them.
    """
    shapes = rdflib.Graph()
    for path in graph.knowledge.files.under(_FOLDER, ".ttl"):
        shapes += to_rdflib_graph(graph.by_file[path])
    found = {}
    for focus, path, shape in _results(_looked_at(graph, shapes), shapes, _focus(graph, shapes)):
        found[focus, shape] = path
    for (focus, shape), path in sorted(found.items(), key=lambda item: (str(item[0][0]), str(item[0][1]))):
        entity = NamedNode(str(focus)) if isinstance(focus, rdflib.URIRef) else BlankNode(str(focus))
        file = graph.file_of(entity, NamedNode(str(path)))
        if graph.checks(file):
            said = {word: str(shapes.value(shape, word) or "") for word in (SH.message, _WHY, _FIX)}
            name = str(shape).removeprefix(NAMESPACE)
            message = f"{name_of(NamedNode(str(path)))}: {said[SH.message]} {said[_WHY]}"
            yield Fault(f"shape-{name}", file, name_of(entity), message, said[_FIX])


def _looked_at(graph: GuidanceGraph, shapes: rdflib.Graph) -> rdflib.Graph:
    """Return of the knowledge what the shapes look at: pySHACL copies what it is given, and words are most of it."""
    wanted = {str(path) for path in shapes.objects(None, SH.path)} | {Rdf.TYPE.value, Rdfs.SUB_CLASS_OF.value}
    return to_rdflib_graph(t for _, t in graph.triples() if t.predicate.value in wanted)


def _focus(graph: GuidanceGraph, shapes: rdflib.Graph) -> list[rdflib.URIRef | rdflib.BNode] | None:
    """Return the nodes to look at where a module is checked: those that its files speak of; None: all."""
    if not graph.of_module:
        return None
    own: Mapping[NamedNode | BlankNode | Triple, None] = {
        t.subject: None for path, t in graph.triples() if graph.checks(path)
    }
    return [
        rdflib.URIRef(node.value) if isinstance(node, NamedNode) else rdflib.BNode(node.value)
        for node in own
        if isinstance(node, NamedNode | BlankNode)
    ]


def _results(
    data: rdflib.Graph, shapes: rdflib.Graph, focus: list[rdflib.URIRef | rdflib.BNode] | None
) -> Iterator[tuple[Node, Node, Node]]:
    """Yield focus, path and shape of each result."""
    if focus == []:
        return
    _, report, text = pyshacl.validate(
        data, shacl_graph=shapes, focus_nodes=focus, advanced=False, inplace=True, do_owl_imports=False,
        inference="none",
    )  # fmt: skip
    if not isinstance(report, rdflib.Graph):
        raise KnowledgeError(f"the shapes could not be run: {text}", place=_FOLDER)
    for result in report.objects(None, SH.result):
        parts = [report.value(result, word) for word in (SH.focusNode, SH.resultPath, SH.sourceShape)]
        if None not in parts:
            yield tuple(parts)
