"""The page of a source: what it is, and each of its lines or statements with what carries it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pyoxigraph import NamedNode

from refractory.site.graph import dcterms
from refractory.site.library import Draft, Library
from refractory.site.links import anchor, line_anchor
from refractory.site.pieces import Piece
from refractory.site.statements import Carrier, Cited
from refractory.vocabulary import Dcterms, Owl, Rdf, Skos, rfy


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the document: its place, and what stands on it."""

    number: str
    anchor: str
    page: str
    characters: str
    nothing_because: str
    statements: tuple[Statement, ...]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement where it stands in its source."""

    anchor: str
    page: str
    label: str
    says: str
    number: str
    place: str
    citation: str
    modality: Piece | None
    carriers: tuple[Carrier, ...]
    rests_on: tuple[Cited, ...]
    read_in: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """What a source leaves open."""

    anchor: str
    page: str
    label: str
    says: str
    asks: str
    rules: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Lines under one heading of the document."""

    heading: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a citation number of the document may refer to."""

    anchor: str
    citation: str
    says: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Summary:
    """A source in a list of sources."""

    piece: Piece
    id: str
    position: str
    kind: str
    year: str
    version: str
    statements: int
    gaps: int


def source(library: Library, node: NamedNode) -> Draft:
    """Return the page of a source."""
    graph = library.graph
    document = next(iter(graph.named(node, rfy("hasSourceDocument"))), None)
    own = graph.subjects(rfy("ofGuidance"), node)
    values = {
        "summary": summary(library, node),
        "page": library.links.terms.get(node, ""),
        "definition": graph.text(node, Skos.DEFINITION),
        "citation": graph.text(node, dcterms("bibliographicCitation")),
        "position": position(library, node),
        "particulars": [
            (library.piece(rfy(name)), text)
            for name in ("studiedPopulation", "studiedVirus", "sureness")
            if (text := graph.text(node, rfy(name)))
        ],
        "document": _document(library, document) if document else None,
        "candidates": [_candidate(library, one) for one in own if _is(library, one, "CandidateReference")],
        "parts": _sections(library, document) if document else (),
        "statements": [_statement(library, one) for one in _without_line(library, own, "Statement")],
        "gaps": [_gap(library, one) for one in _without_line(library, own, "Gap")],
    }
    return Draft("source.html", graph.label(node), "sources", values)


def summary(library: Library, node: NamedNode) -> Summary:
    """Return a source as a row of the list of sources."""
    graph = library.graph
    own = graph.subjects(rfy("ofGuidance"), node)
    return Summary(
        library.piece(node),
        graph.text(node, Dcterms.IDENTIFIER),
        _position_word(library, node),
        ", ".join(graph.label(kind) for kind in graph.named(node, rfy("hasSourceKind"))),
        graph.text(node, Dcterms.ISSUED),
        graph.text(node, Owl.VERSION_INFO),
        sum(_is(library, one, "Statement") for one in own),
        sum(_is(library, one, "Gap") for one in own),
    )


def position(library: Library, node: NamedNode) -> tuple[Piece, ...]:
    """Return where a source stands among all, with the source that it stands by."""
    for predicate, words in (
        ("standsBeside", "Stands beside "),
        ("accompanies", "Our own reading; accompanies "),
        ("accompaniesSourcesBeside", "Our own comparison; accompanies all that stands beside "),
    ):
        for other in library.graph.named(node, rfy(predicate)):
            return (Piece(words), library.piece(other))
    return (Piece("Leads: its statements decide what is recommended"),)


def _position_word(library: Library, node: NamedNode) -> str:
    words = {"standsBeside": "beside", "accompanies": "our reading", "accompaniesSourcesBeside": "our comparison"}
    found = (word for predicate, word in words.items() if library.graph.named(node, rfy(predicate)))
    return next(found, "leading")


def _is(library: Library, node: NamedNode, kind: str) -> bool:
    return rfy(kind) in library.graph.values(node, Rdf.TYPE)


def _without_line(library: Library, nodes: Iterable[NamedNode], kind: str) -> list[NamedNode]:
    """Return what stands on no line of a document, by its number."""
    found = [one for one in nodes if _is(library, one, kind) and not library.graph.values(one, rfy("onLine"))]
    return sorted(found, key=library.statements.order)


def _document(library: Library, node: NamedNode) -> dict[str, str]:
    graph = library.graph
    return {
        "title": graph.text(node, Dcterms.TITLE),
        "description": graph.text(node, dcterms("description")),
        "sha256": graph.text(node, rfy("sha256")),
        "lines": graph.text(node, rfy("lineCount")),
        "characters": graph.text(node, rfy("characterCount")),
        "page": library.links.terms.get(node, ""),
    }


def _candidate(library: Library, node: NamedNode) -> Candidate:
    graph = library.graph
    return Candidate(
        anchor(node),
        graph.text(node, rfy("citation")),
        graph.text(node, rfy("paraphrase")),
        graph.text(node, rfy("confidence")),
    )


def _sections(library: Library, document: NamedNode) -> tuple[Section, ...]:
    """Return the lines of a document in their order, under the headings of its sections."""
    lines = sorted(library.graph.subjects(rfy("inDocument"), document), key=lambda line: _number(library, line))
    found: list[tuple[str, list[Line]]] = []
    for line in lines:
        heading = library.graph.text(line, rfy("section"))
        if not found or found[-1][0] != heading:
            found.append((heading, []))
        found[-1][1].append(_line(library, line))
    return tuple(Section(heading, tuple(lines_)) for heading, lines_ in found)


def _number(library: Library, line: NamedNode) -> int:
    number = library.graph.text(line, rfy("lineNumber"))
    return int(number) if number.isdigit() else 0


def _line(library: Library, line: NamedNode) -> Line:
    graph = library.graph
    on = sorted(graph.subjects(rfy("onLine"), line), key=library.statements.order)
    return Line(
        graph.text(line, rfy("lineNumber")),
        line_anchor(graph, line),
        library.links.terms.get(line, ""),
        library.statements.characters(line),
        graph.text(line, rfy("carriesNothingBecause")),
        tuple(_statement(library, one) for one in on if _is(library, one, "Statement")),
        tuple(_gap(library, one) for one in on if _is(library, one, "Gap")),
    )


def _statement(library: Library, node: NamedNode) -> Statement:
    graph = library.graph
    return Statement(
        anchor(node),
        library.links.terms.get(node, ""),
        graph.label(node),
        graph.text(node, rfy("paraphrase")),
        graph.text(node, rfy("statementNumber")),
        graph.text(node, rfy("place")),
        graph.text(node, rfy("citation")),
        library.statements.modality(node),
        library.statements.carriers(node),
        library.statements.cited(graph.named(node, rfy("restsOn"))),
        graph.texts(node, dcterms("source")),
    )


def _gap(library: Library, node: NamedNode) -> Gap:
    graph = library.graph
    return Gap(
        anchor(node),
        library.links.terms.get(node, ""),
        graph.label(node),
        graph.text(node, rfy("paraphrase")),
        graph.text(node, rfy("asks")),
        library.uses.concluding(node),
    )
