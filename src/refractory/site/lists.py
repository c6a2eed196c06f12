"""The first page, and the lists of terms, modules, sources and files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pyoxigraph import NamedNode

from refractory.model.assessment import NOTICE
from refractory.site.graph import dcterms, file_of
from refractory.site.library import Draft, Library
from refractory.site.links import module_anchor
from refractory.site.pieces import Piece
from refractory.site.sources import summary
from refractory.site.terms import SORTS, sort_of
from refractory.version import VERSION
from refractory.vocabulary import NAMESPACE, ONTOLOGY, Dcterms, Owl, Rdf, Rdfs, Skos, rfy

_FRONT_DOOR = NamedNode(ONTOLOGY)
_PLURALS = {
    "class": "classes",
    "object property": "object properties",
    "datatype property": "datatype properties",
    "annotation property": "annotation properties",
    "individual": "individuals",
}
_OF_SOURCES = ("Statement", "SourceLine", "Gap", "CandidateReference")


@dataclass(frozen=True, slots=True)
class Entry:
    """A term in a list."""

    piece: Piece
    name: str
    sort: str
    synonyms: tuple[str, ...]
    definition: str


def index(library: Library) -> Draft:
    """Return the first page: what is here, how much of it, of which version, from which sources."""
    graph = library.graph
    sorts = [sort_of(library, node) for node in library.links.terms if not _is_of_source(library, node)]
    summaries = [summary(library, node) for node in library.links.sources]
    values = {
        **_header(library),
        "counts": {
            "terms": len(sorts),
            "sorts": [(_PLURALS[sort], sorts.count(sort)) for sort in (*SORTS.values(), "individual")],
            "sources": len(summaries),
            "statements": sum(one.statements for one in summaries),
            "gaps": sum(one.gaps for one in summaries),
            "lines": len(graph.instances(rfy("SourceLine"))),
            "rules": len(library.links.rules),
            "queries": len(library.links.queries),
            "shapes": len(library.links.shapes),
            "modules": len(library.links.modules),
            "codes": sum(map(len, library.codes.values())),
            "files": len(library.links.files),
        },
        "sources": summaries,
        "front_door": library.file(file_of(ONTOLOGY, library.knowledge.files)),
    }
    return Draft("index.html", "Knowledge", "knowledge", values)


def about(library: Library) -> Draft:
    """Return the page on intended use, limits, licenses and how to cite."""
    return Draft("about.html", "About", "about", _header(library))


def _header(library: Library) -> dict[str, object]:
    graph = library.graph
    return {
        "notice": NOTICE,
        "name": graph.text(_FRONT_DOOR, Dcterms.TITLE),
        "abstract": graph.text(_FRONT_DOOR, dcterms("abstract")),
        "description": graph.text(_FRONT_DOOR, dcterms("description")),
        "citation": graph.text(_FRONT_DOOR, dcterms("bibliographicCitation")),
        "license": next((one.value for one in graph.named(_FRONT_DOOR, dcterms("license"))), ""),
        "version": graph.text(_FRONT_DOOR, Owl.VERSION_INFO),
        "software": VERSION,
        "iri": ONTOLOGY,
        "namespace": NAMESPACE,
        "hash": library.knowledge.hash,
    }


def sources(library: Library) -> Draft:
    """Return the list of sources."""
    rows = [summary(library, node) for node in library.links.sources]
    return Draft("sources.html", "Sources", "sources", {"sources": rows})


def terms(library: Library) -> Draft:
    """Return all terms by their labels; what stands in a source is found there."""
    letters: dict[str, list[Entry]] = {}
    for node in library.graph.by_label(list(library.links.terms)):
        if not _is_of_source(library, node):
            first = library.graph.label(node)[:1].upper()
            letter = first if first.isalpha() and first.isascii() else "0-9"
            letters.setdefault(letter, []).append(_entry(library, node))
    ordered = sorted(letters.items())
    values = {"letters": ordered, "count": sum(len(entries) for _, entries in ordered)}
    return Draft("terms.html", "Terms", "terms", values)


def modules(library: Library) -> Draft:
    """Return the terms by the module that defines them, with the files of each."""
    graph = library.graph
    rows = []
    for module in sorted(library.links.modules, key=lambda one: ("/facts/" in one.value, one.value)):
        defined = [node for node in graph.subjects(Rdfs.IS_DEFINED_BY, module) if library.links.of(node)]
        own = [node for node in defined if not _is_of_source(library, node)]
        path = file_of(module.value, library.knowledge.files)
        rows.append(
            {
                "anchor": module_anchor(module),
                "title": graph.text(module, Dcterms.TITLE),
                "description": graph.text(module, dcterms("description")),
                "iri": module.value,
                "file": library.file(path),
                "terms": [library.piece(node) for node in graph.by_label(own)],
                "others": len(defined) - len(own),
                "imports": [library.piece(one) for one in graph.named(module, Owl.IMPORTS) if module != _FRONT_DOOR],
            }
        )
    return Draft("modules.html", "Modules", "terms", {"modules": rows})


def files(library: Library) -> Draft:
    """Return the files of the knowledge, by folder."""
    folders: dict[str, list[Piece]] = {}
    for path in library.links.files:
        folders.setdefault(path.rpartition("/")[0], []).append(library.file(path))
    return Draft("files.html", "Files", "knowledge", {"folders": list(folders.items())})


def _is_of_source(library: Library, node: NamedNode) -> bool:
    """Say whether a node stands on the page of its source: a line, a statement, a gap."""
    types = library.graph.values(node, Rdf.TYPE)
    return any(rfy(name) in types for name in _OF_SOURCES)


def _entry(library: Library, node: NamedNode) -> Entry:
    graph = library.graph
    types: Iterable[NamedNode] = graph.named(node, Rdf.TYPE)
    ours = [graph.label(kind) for kind in types if kind.value.startswith(NAMESPACE)]
    sort = sort_of(library, node)
    return Entry(
        Piece(graph.label(node), library.links.page_of(node)),
        node.value.removeprefix(NAMESPACE),
        ", ".join(sorted(ours)) if sort == "individual" and ours else sort,
        tuple(sorted(graph.texts(node, Skos.ALT_LABEL), key=str.casefold)),
        graph.text(node, Skos.DEFINITION),
    )
