"""RDF files: the same bytes for the same triples, whatever order they come in and whatever blank nodes are called."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pyoxigraph import (
    CanonicalizationAlgorithm,
    Dataset,
    DefaultGraph,
    NamedNode,
    Quad,
    RdfFormat,
    Triple,
    serialize,
)

from refractory.errors import UsageError
from refractory.knowledge.knowledge import Knowledge
from refractory.model.assessment import Assessment
from refractory.model.graphs import case_graphs
from refractory.vocabulary import NAMESPACE, PREFIX

FORMATS: Final = {
    "turtle": RdfFormat.TURTLE,
    "trig": RdfFormat.TRIG,
    "nquads": RdfFormat.N_QUADS,
    "jsonld": RdfFormat.JSON_LD,
}
"""The forms that are written; all but Turtle keep named graphs."""

_PREFIXES: Final = {
    PREFIX: NAMESPACE,
    "dcterms": "http://purl.org/dc/terms/",
    "oa": "http://www.w3.org/ns/oa#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def export_knowledge(knowledge: Knowledge, form: str = "turtle") -> str:
    """Return ontology and guidance in use, words included, in the default graph.

    Raises:
        UsageError: There is no such form.
    """
    return write((Quad(t.subject, t.predicate, t.object) for t in knowledge.triples), form)


def export_case(assessment: Assessment, form: str = "trig") -> str:
    """Return a case in three named graphs: what was said, what follows, and what is concluded.

    The graphs are called by the case's IRI with `#graph.asserted`, `#graph.inferred` and `#graph.assessment`. Turtle
    knows no graphs: in it the three are one.

    Raises:
        UsageError: There is no such form.
    """
    graphs = case_graphs(assessment)
    return write((Quad(t.subject, t.predicate, t.object, name) for name in graphs for t in graphs[name]), form)


def write_triples(triples: Iterable[Triple]) -> str:
    """Return triples as Turtle."""
    return write((Quad(t.subject, t.predicate, t.object) for t in triples), "turtle")


def write(quads: Iterable[Quad], form: str) -> str:
    """Return quads in one of the `FORMATS`, sorted, with blank nodes named by what is said of them.

    Raises:
        UsageError: There is no such form.
    """
    if form not in FORMATS:
        raise UsageError(f"no form is called {form!r}.", fix=f"Known are {', '.join(FORMATS)}.")
    syntax = FORMATS[form]
    dataset = Dataset(quads)
    # Blank nodes get a random name whenever a file is parsed; the W3C's algorithm names them by what they are.
    dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    ordered = sorted(dataset, key=_place)
    prefixes = _used(ordered) if form in {"turtle", "trig"} else None
    if syntax.supports_datasets:
        return _tidy(serialize(ordered, format=syntax, prefixes=prefixes))
    triples = dict.fromkeys(Triple(q.subject, q.predicate, q.object) for q in sorted(ordered, key=_place_in_graph))
    return _tidy(serialize(triples, format=syntax, prefixes=prefixes))


def _tidy(content: bytes | None) -> str:
    """Return the text with its prefixes in the order of names, and one newline at the end."""
    lines = (content or b"").decode().rstrip("\n").split("\n")
    count = next((number for number, line in enumerate(lines) if not line.startswith("@prefix ")), len(lines))
    return "\n".join([*sorted(lines[:count]), *lines[count:]]) + "\n"


def _place(quad: Quad) -> tuple[str, tuple[bool, str, str, str]]:
    graph = "" if isinstance(quad.graph_name, DefaultGraph) else str(quad.graph_name)
    return graph, _place_in_graph(quad)


def _place_in_graph(quad: Quad) -> tuple[bool, str, str, str]:
    """Return a key that puts named nodes before blank ones."""
    return not isinstance(quad.subject, NamedNode), str(quad.subject), str(quad.predicate), str(quad.object)


def _used(quads: Iterable[Quad]) -> dict[str, str]:
    """Return the prefixes that the quads use, so that a reader finds none to wonder about."""
    text = " ".join(map(str, quads))
    return {name: iri for name, iri in _PREFIXES.items() if f"<{iri}" in text}
