"""Runs pySHACL over a case and returns the W3C report graph, nothing else.

The data graph is the case together with the logic of the knowledge, so that `sh:class` sees the classes of our terms.
pySHACL's `ont_graph` is never used: it copies classes but not individuals, and so reports what is not so. Nothing is
fetched: imports are not followed, there are no rules, and SHACL's advanced features are off.
"""

from __future__ import annotations

from threading import Lock
from typing import Any

import pyshacl
import rdflib
from pyoxigraph import BlankNode, Literal, NamedNode, Triple
from rdflib.plugins.sparql import prepareQuery
from rdflib.plugins.sparql.sparql import Query
from rdflib.query import Result
from rdflib.term import Node

from refractory.errors import KnowledgeError
from refractory.knowledge.knowledge import Knowledge
from refractory.model.facts import CaseFacts
from refractory.model.interchange import to_rdflib
from refractory.vocabulary import Rdf, rfy


class ShapesRunner:
    """The shapes and the logic of one knowledge, made ready once."""

    def __init__(self, knowledge: Knowledge) -> None:
        """Read the shapes.

        Raises:
            KnowledgeError: There are none, or a file is not Turtle.
        """
        self._shapes = rdflib.Graph()
        for path, content in knowledge.shapes:
            try:
                self._shapes.parse(data=content, format="turtle")
            except (SyntaxError, ValueError) as error:
                raise KnowledgeError(f"the file is not Turtle: {error}.", place=path) from error
        self._logic = [to_rdflib(triple) for triple in knowledge.logic]
        self._queries: dict[str, Query] = {}
        # Parsed queries keep notes while they run, so one case runs at a time; they are one processor's work anyway.
        self._lock = Lock()

    def run(self, case: CaseFacts) -> tuple[Triple, ...]:
        """Return the validation report of a case as triples in no particular order.

        Raises:
            KnowledgeError: pySHACL could not run the shapes.
        """
        with self._lock:
            graph = _DataGraph(self._queries)
            # Without its class no shape would look at the case, and nothing found would read as nothing wrong.
            for triple in (*case.asserted, Triple(case.case, Rdf.TYPE, rfy("Case"))):
                graph.add(to_rdflib(triple))
            for logic in self._logic:
                graph.add(logic)
            _, report, text = pyshacl.validate(
                graph, shacl_graph=self._shapes, advanced=False, inplace=False, do_owl_imports=False, inference="none"
            )
            if not isinstance(report, rdflib.Graph):
                raise KnowledgeError(f"the shapes could not be run: {text}", place="ontology/shapes")
            return tuple(_from_rdflib(triple) for triple in report)


def _from_rdflib(triple: tuple[Node, Node, Node]) -> Triple:
    """Return a triple of a report, whose results are blank nodes, in pyoxigraph's terms."""
    subject, predicate, value = (_term(node) for node in triple)
    if isinstance(subject, Literal) or not isinstance(predicate, NamedNode):
        raise TypeError(triple)
    return Triple(subject, predicate, value)


def _term(node: Node) -> NamedNode | BlankNode | Literal:
    match node:
        case rdflib.URIRef():
            return NamedNode(str(node))
        case rdflib.BNode():
            return BlankNode(str(node))
        case rdflib.Literal() if node.language:
            return Literal(str(node), language=node.language)
        case rdflib.Literal() if node.datatype:
            return Literal(str(node), datatype=NamedNode(str(node.datatype)))
        case rdflib.Literal():
            return Literal(str(node))
    raise TypeError(node)


class _DataGraph(rdflib.Graph):
    """A graph that parses each query once: pySHACL hands over the same texts again and again, and parsing is slow."""

    def __init__(self, queries: dict[str, Query]) -> None:
        super().__init__()
        self._queries = queries

    def query(self, query_object: str | Query, *args: Any, **kwargs: Any) -> Result:
        """Run a query, parsed before if it was asked before."""
        if isinstance(query_object, str):
            if query_object not in self._queries:
                self._queries[query_object] = prepareQuery(query_object)
            query_object = self._queries[query_object]
        return super().query(query_object, *args, **kwargs)
