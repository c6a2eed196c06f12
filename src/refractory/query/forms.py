"""The forms in which an answer goes over the wire, by their media types, and graphs in the forms of RDF."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Final

from pyoxigraph import NamedNode, RdfFormat, Triple, serialize

from refractory.errors import UsageError
from refractory.query.prefixes import DESCRIBING
from refractory.query.rows import Rows, xml_text

ROWS: Final[Mapping[str, str]] = {
    "application/sparql-results+json": "json",
    "application/sparql-results+xml": "xml",
    "text/csv": "csv",
    "text/tab-separated-values": "tsv",
    "application/json": "json",
    "application/xml": "xml",
    "text/xml": "xml",
}
"""The media types of an answer with rows or a truth value, the preferred one first; the last three are other names."""

GRAPHS: Final[Mapping[str, str]] = {
    "text/turtle": "turtle",
    "application/n-triples": "ntriples",
    "application/ld+json": "jsonld",
    "application/rdf+xml": "rdfxml",
    "application/x-turtle": "turtle",
    "text/plain": "ntriples",
}
"""The media types of an answer that is a graph, the preferred one first; the last two are other names."""

_RDF: Final = {
    "turtle": RdfFormat.TURTLE,
    "ntriples": RdfFormat.N_TRIPLES,
    "jsonld": RdfFormat.JSON_LD,
    "rdfxml": RdfFormat.RDF_XML,
}
# RDF/XML writes a predicate as the name of an element, so that it must end in one.
_ENDS_IN_NAME: Final = re.compile(r"[A-Za-z_\u00c0-\ufffd][\w.\u00b7-]*\Z")


def forms_of(rows: Rows) -> Mapping[str, str]:
    """Return the forms that an answer has, by their media types."""
    return GRAPHS if rows.kind == "graph" else ROWS


def written(rows: Rows, media: str) -> bytes:
    """Return an answer in a form, exactly as the W3C says it.

    Args:
        rows: The answer.
        media: One of the media types of `forms_of`.

    Raises:
        UsageError: The form has no way to say it.
    """
    form = forms_of(rows)[media]
    match form:
        case "json":
            return json.dumps(rows.to_json(), ensure_ascii=False, separators=(",", ":")).encode()
        case "xml":
            return rows.to_xml().encode()
        case "csv":
            return rows.to_csv(exact=True).encode()
        case "tsv":
            return rows.to_tsv().encode()
    return graph(rows.triples, form)


def graph(triples: Iterable[Triple], form: str) -> bytes:
    """Return triples in one of the forms of RDF.

    Raises:
        UsageError: A predicate or a text cannot be said in RDF/XML.
    """
    triples = list(triples)
    if form == "rdfxml":
        for triple in triples:
            if not _ENDS_IN_NAME.search(triple.predicate.value):
                what = f"<{triple.predicate.value}> does not end in a name, so RDF/XML cannot say it."
                raise UsageError(what, fix="Take another form.")
    prefixes = _used(triples) if form in {"turtle", "rdfxml"} else None
    content = serialize(triples, format=_RDF[form], prefixes=prefixes) or b""
    return xml_text(content.decode()).encode() if form == "rdfxml" else content


def _used(triples: Iterable[Triple]) -> dict[str, str]:
    """Return the prefixes that triples use, so that a reader finds none to wonder about."""
    namespaces = set()
    for triple in triples:
        for term in (triple.subject, triple.predicate, triple.object):
            if isinstance(term, NamedNode):
                namespaces |= {prefix for prefix, namespace in DESCRIBING.items() if term.value.startswith(namespace)}
    return {prefix: namespace for prefix, namespace in DESCRIBING.items() if prefix in namespaces}
