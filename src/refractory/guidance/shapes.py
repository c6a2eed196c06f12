"""Holds encoded guidance against the SHACL shapes of `ontology/lint/`, with pySHACL; cases have shapes of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import pyshacl
import rdflib
from pyoxigraph import BlankNode, NamedNode
from rdflib.namespace import RDF, RDFS, SH
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
    for file in graph.knowledge.files.under(_FOLDER, ".ttl"):
        shapes += to_rdflib_graph(graph.by_file[file])
    if graph.of_module:
        _aim(shapes, graph)
    found = {(focus, shape): path for focus, path, shape in _results(_looked_at(graph, shapes), shapes)}
    for (focus, shape), path in sorted(found.items(), key=lambda item: (str(item[0][0]), str(item[0][1]))):
        entity = NamedNode(str(focus)) if isinstance(focus, rdflib.URIRef) else BlankNode(str(focus))
        file = graph.file_of(entity, NamedNode(str(path)))
        if graph.checks(file) and not graph.is_told_of_a_name(entity, NamedNode(str(path)), None):
            said = {word: str(shapes.value(shape, word) or "") for word in (SH.message, _WHY, _FIX)}
            message = f"{name_of(NamedNode(str(path)))}: {said[SH.message]} {said[_WHY]}"
            yield Fault(f"shape-{_kebab(str(shape))}", file, name_of(entity), message, said[_FIX])


def _aim(shapes: rdflib.Graph, graph: GuidanceGraph) -> None:
    """Aim the shapes at what a module speaks of: the knowledge below it is large, and is checked by itself."""
    own = to_rdflib_graph(t for file, triples in graph.by_file.items() if graph.checks(file) for t in triples)
    whole = to_rdflib_graph(t for word in (Rdf.TYPE, Rdfs.SUB_CLASS_OF) for _, t in graph.triples(word))
    for shape, cls in list(shapes.subject_objects(SH.targetClass)):
        shapes.remove((shape, SH.targetClass, cls))
        for below in whole.transitive_subjects(RDFS.subClassOf, cls):
            for node in whole.subjects(RDF.type, below):
                if (node, None, None) in own:
                    shapes.add((shape, SH.targetNode, node))


def _looked_at(graph: GuidanceGraph, shapes: rdflib.Graph) -> rdflib.Graph:
    """Return of the knowledge what the shapes look at: pySHACL copies what it is given, and words are most of it."""
    wanted = {str(path) for path in shapes.objects(None, SH.path)} | {Rdf.TYPE.value, Rdfs.SUB_CLASS_OF.value}
    return to_rdflib_graph(t for _, t in graph.triples() if t.predicate.value in wanted)


def _results(data: rdflib.Graph, shapes: rdflib.Graph) -> Iterator[tuple[Node, Node, Node]]:
    """Yield focus, path and shape of each result. Nothing is fetched, and nothing is inferred."""
    _, report, text = pyshacl.validate(
        data, shacl_graph=shapes, advanced=False, inplace=True, do_owl_imports=False, inference="none"
    )
    if not isinstance(report, rdflib.Graph):
        raise KnowledgeError(f"the shapes could not be run: {text}", place=_FOLDER)
    for result in report.objects(None, SH.result):
        focus, path, shape = (report.value(result, word) for word in (SH.focusNode, SH.resultPath, SH.sourceShape))
        if focus is not None and path is not None and shape is not None:
            yield focus, path, shape


def _kebab(shape: str) -> str:
    """Return the name of a shape as that of a check: `SourceLineLint-inDocument` is `source-line-in-document`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", shape.removeprefix(NAMESPACE).replace("Lint-", "-")).lower()
