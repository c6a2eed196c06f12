"""The page of a term: what it means, what the graph says of it, and who uses it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from pyoxigraph import NamedNode, Triple

from refractory.site.axioms import CHARACTERISTICS, RELATIONS, Axiom
from refractory.site.graph import DESCRIBING, PREFIXES, Node, curie, file_of
from refractory.site.library import Draft, Library
from refractory.site.pieces import Piece, Pieces, plain
from refractory.site.statements import Cited
from refractory.vocabulary import NAMESPACE, Owl, Rdf, Rdfs, Skos, rfy

SCOPE_NOTE: Final = NamedNode(PREFIXES["skos"] + "scopeNote")
EXAMPLE: Final = NamedNode(PREFIXES["skos"] + "example")

SORTS: Final = {
    Owl.CLASS: "class",
    Owl.OBJECT_PROPERTY: "object property",
    Owl.DATATYPE_PROPERTY: "datatype property",
    Owl.ANNOTATION_PROPERTY: "annotation property",
}
"""What sort of term OWL makes of it; everything else is an individual."""

_KINDS: Final = (Rdfs.SUB_CLASS_OF, Rdfs.SUB_PROPERTY_OF, rfy("isKindOf"))
_ELSEWHERE: Final = DESCRIBING | {
    SCOPE_NOTE, EXAMPLE, rfy("paraphrase"), rfy("encodes"), rfy("restsOn"), rfy("shownBy"), rfy("hasSelector"),
    rfy("hasNoCodeBecause"),
}  # fmt: skip
_NO_REFERENCE: Final = {
    Rdf.TYPE, Rdf.FIRST, Rdf.REST, Rdfs.IS_DEFINED_BY, *_KINDS, *RELATIONS, Owl.ANNOTATED_SOURCE,
    Owl.ANNOTATED_PROPERTY, Owl.ANNOTATED_TARGET, rfy("concludes"), rfy("reads"), rfy("encodes"), rfy("restsOn"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kind:
    """A node of the tree of kinds."""

    piece: Piece
    kinds: tuple[Kind, ...]


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a property.

    Attributes:
        pieces: How it is read.
        anchor: The anchor of the axiom that states it, or an empty string.
        statements: The statements that it carries.
        cases: The golden cases that show it.
    """

    pieces: Pieces
    anchor: str = ""
    statements: tuple[Cited, ...] = ()
    cases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """What a property says of a term, or who says it of the term."""

    property: Piece
    values: tuple[Value, ...]


def term(library: Library, node: NamedNode) -> Draft:
    """Return the page of a term."""
    graph = library.graph
    statement = library.statements.is_one(node)
    values = {
        "name": node.value.removeprefix(NAMESPACE),
        "iri": node.value,
        "sort": sort_of(library, node),
        "types": [library.piece(kind) for kind in _types(library, node)],
        "definition": graph.text(node, Skos.DEFINITION) or graph.text(node, rfy("paraphrase")),
        "comments": graph.texts(node, Rdfs.COMMENT),
        "notes": graph.texts(node, SCOPE_NOTE),
        "examples": graph.texts(node, EXAMPLE),
        "synonyms": sorted(graph.texts(node, Skos.ALT_LABEL), key=str.casefold),
        "module": _module(library, node),
        "files": _files(library, node),
        "read_at": library.links.of(node) if library.links.of(node) != library.links.terms[node] else "",
        "place": library.statements.place(node) if statement else "",
        "above": _tree(library, node, _above),
        "below": _tree(library, node, _below),
        "individuals": [library.piece(one) for one in graph.by_label(graph.instances(node))],
        "axioms": [value for axiom in library.axioms.of(node) if (value := _axiom_value(library, node, axiom))],
        "mentioned": [
            Value(axiom.pieces, "", _cited(library, axiom))
            for axiom in library.axioms.mentioning(node)
            if axiom.triple.predicate in RELATIONS
        ],
        "said": _said(library, node),
        "rests_on": _rests_on(library, node),
        "carriers": library.statements.carriers(node) if statement else None,
        "cases": graph.texts(node, rfy("shownBy")),
        "codes": library.codes.get(node, ()),
        "no_code": graph.text(node, rfy("hasNoCodeBecause")),
        "concluding": library.uses.concluding(node),
        "reading": library.uses.reading(node),
        "queries": library.uses.queries(node),
        "shapes": library.uses.shapes(node),
        "referring": tuple(_referring(library, node)),
        "used": tuple(_used(library, node)),
    }
    return Draft("term.html", graph.label(node), "terms", values)


def sort_of(library: Library, node: NamedNode) -> str:
    """Return what sort of term OWL makes of a node."""
    return next((SORTS[kind] for kind in library.graph.named(node, Rdf.TYPE) if kind in SORTS), "individual")


def _types(library: Library, node: NamedNode) -> tuple[NamedNode, ...]:
    ours = [kind for kind in library.graph.named(node, Rdf.TYPE) if kind.value.startswith(NAMESPACE)]
    return library.graph.by_label(ours)


def _module(library: Library, node: NamedNode) -> Piece | None:
    module = library.graph.value(node, Rdfs.IS_DEFINED_BY)
    return library.piece(module) if isinstance(module, NamedNode) else None


def _files(library: Library, node: NamedNode) -> list[Piece]:
    """Return the files of a term's module: its logic, and the words beside it."""
    module = library.graph.value(node, Rdfs.IS_DEFINED_BY)
    if not isinstance(module, NamedNode):
        return []
    names = dict.fromkeys((module.value, f"{module.value.removesuffix('-words')}-words"))
    paths = (file_of(name, library.knowledge.files) for name in names)
    return [library.file(path) for path in paths if path]


def _above(library: Library, node: NamedNode) -> list[NamedNode]:
    return [value for predicate in _KINDS for value in library.graph.named(node, predicate)]


def _below(library: Library, node: NamedNode) -> list[NamedNode]:
    return [one for one, by in library.graph.to(node) if by in _KINDS and isinstance(one, NamedNode)]


def _tree(
    library: Library,
    node: NamedNode,
    step: Callable[[Library, NamedNode], list[NamedNode]],
    seen: frozenset[NamedNode] = frozenset(),
) -> tuple[Kind, ...]:
    """Return what is above or below a term, as a tree; a circle ends where it closes."""
    seen |= {node}
    return tuple(
        Kind(library.piece(one), _tree(library, one, step, seen))
        for one in library.graph.by_label(step(library, node))
        if one not in seen
    )


def _cited(library: Library, axiom: Axiom) -> tuple[Cited, ...]:
    return library.statements.cited(axiom.statements)


def _axiom_value(library: Library, node: NamedNode, axiom: Axiom) -> Value | None:
    """Return an axiom of OWL; what only relates individuals stands with the other values."""
    if axiom.triple.predicate not in RELATIONS and axiom.triple.object not in CHARACTERISTICS:
        return None
    return Value(axiom.pieces, axiom.anchor if axiom.home == node else "", _cited(library, axiom), axiom.cases)


def _said(library: Library, node: NamedNode) -> tuple[Said, ...]:
    """Return what the graph says of a term, apart from what is shown elsewhere on its page: first what it is."""
    found = []
    for predicate, values in library.graph.about(node).items():
        if predicate in _ELSEWHERE or predicate in RELATIONS:
            continue
        shown = [
            _value(library, node, predicate, value)
            for value in values
            if predicate != Rdf.TYPE or (isinstance(value, NamedNode) and value.value.startswith(NAMESPACE))
        ]
        if shown:
            shown.sort(key=lambda value: plain(value.pieces).casefold())
            found.append(Said(Piece("is a") if predicate == Rdf.TYPE else library.piece(predicate), tuple(shown)))
    return tuple(sorted(found, key=lambda said: (said.property != Piece("is a"), said.property.text.casefold())))


def _value(library: Library, node: NamedNode, predicate: NamedNode, value: Node) -> Value:
    axiom = library.axioms.by_triple.get(Triple(node, predicate, value))
    pieces = library.axioms.node(value)
    if axiom is None:
        return Value(pieces)
    return Value(pieces, axiom.anchor, _cited(library, axiom), axiom.cases)


def _rests_on(library: Library, node: NamedNode) -> tuple[Cited, ...]:
    named = library.graph.named
    return library.statements.cited((*named(node, rfy("encodes")), *named(node, rfy("restsOn"))))


def _referring(library: Library, node: NamedNode) -> Iterator[Said]:
    """Yield who refers to a term, by property; rules, queries and shapes are shown for themselves."""
    by: dict[NamedNode, list[NamedNode]] = {}
    for one, predicate in library.graph.to(node):
        if isinstance(one, NamedNode) and predicate not in _NO_REFERENCE and not _is_shacl(predicate):
            by.setdefault(predicate, []).append(one)
    for predicate in sorted(by, key=lambda p: (library.graph.label(p).casefold(), p.value)):
        who = library.graph.by_label(by[predicate])
        yield Said(library.piece(predicate), tuple(Value((library.piece(one),)) for one in who))


def _used(library: Library, node: NamedNode) -> Iterator[tuple[Piece, Pieces]]:
    """Yield who has a property, and what it says of each."""
    rows = [
        (library.piece(t.subject), library.axioms.node(t.object))
        for t in library.graph.uses(node)
        if isinstance(t.subject, NamedNode) and isinstance(t.object, Node)
    ]
    yield from sorted(rows, key=lambda row: (row[0].text.casefold(), row[0].href, plain(row[1]).casefold()))


def _is_shacl(predicate: NamedNode) -> bool:
    return curie(predicate.value).startswith("sh:")
