"""Statements of the sources as they are cited, and what carries each into the reasoning."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from pyoxigraph import NamedNode

from refractory.site.axioms import Axioms
from refractory.site.graph import PREFIXES, Graph, Node
from refractory.site.links import Links
from refractory.site.pieces import Piece, Pieces
from refractory.vocabulary import NAMESPACE, Rdf, Rdfs, rfy


@dataclass(frozen=True, slots=True)
class Cited:
    """A statement where it is cited.

    Attributes:
        source: The label of its source.
        place: Its place there: `line 24, citation 1`, or its number.
        href: Where it stands.
        label: Its label.
        says: What it says, in our words.
    """

    source: str
    place: str
    href: str
    label: str
    says: str


@dataclass(frozen=True, slots=True)
class Carrier:
    """What carries a statement.

    Attributes:
        sort: What sort of thing it is.
        pieces: What it is called, or what it states.
        cases: The golden cases that show it.
    """

    sort: str
    pieces: Pieces
    cases: tuple[str, ...] = ()


class Statements:
    """The statements of all sources in use."""

    def __init__(self, graph: Graph, links: Links, axioms: Axioms) -> None:
        self._graph = graph
        self._links = links
        self._axioms = axioms

    def is_one(self, node: object) -> bool:
        """Say whether a node is a statement."""
        return isinstance(node, NamedNode) and rfy("Statement") in self._graph.values(node, Rdf.TYPE)

    def cited(self, nodes: Iterable[NamedNode]) -> tuple[Cited, ...]:
        """Return statements as they are cited, by source and place."""
        return tuple(self._cited(node) for node in sorted(set(nodes), key=self.order))

    def _cited(self, node: NamedNode) -> Cited:
        source = self._graph.value(node, rfy("ofGuidance"))
        return Cited(
            self._graph.label(source) if source is not None else "",
            self.place(node),
            self._links.of(node),
            self._graph.label(node),
            self._graph.text(node, rfy("paraphrase")),
        )

    def place(self, node: NamedNode) -> str:
        """Return the place of a statement or gap in its source."""
        line = self._graph.value(node, rfy("onLine"))
        if line is not None:
            number = f"line {self._graph.text(line, rfy('lineNumber'))}"
        else:
            number = f"statement {self._graph.text(node, rfy('statementNumber'))}".strip()
        citation = self._graph.text(node, rfy("citation"))
        return f"{number}, citation {citation}" if citation else number

    @cached_property
    def _ranks(self) -> dict[Node, int]:
        return {source: rank for rank, source in enumerate(self._links.sources)}

    def order(self, node: NamedNode) -> tuple[int, int, str]:
        """Return the place of a statement among all: the order of its source, its line or number, its name."""
        source = self._graph.value(node, rfy("ofGuidance"))
        line = self._graph.value(node, rfy("onLine"))
        number = (
            self._graph.text(line, rfy("lineNumber"))
            if line is not None
            else self._graph.text(node, rfy("statementNumber"))
        )
        rank = self._ranks.get(source, len(self._ranks)) if source is not None else len(self._ranks)
        return rank, int(number) if number.isdigit() else 0, node.value

    def carriers(self, node: NamedNode) -> tuple[Carrier, ...]:
        """Return what carries a statement: rules, axioms, what encodes it itself, and readings that rest on it."""
        found = [
            Carrier("axiom", self._with_link(axiom.pieces, self._axioms.href(axiom), axiom.identifier), axiom.cases)
            for axiom in self._axioms.carrying(node)
        ]
        for subject, predicate in self._graph.to(node):
            if not isinstance(subject, NamedNode) or predicate not in (rfy("encodes"), rfy("restsOn")):
                continue
            found.append(
                Carrier(
                    self._sort(subject, predicate),
                    (Piece(self._graph.label(subject), self._links.of(subject)),),
                    self._graph.texts(subject, rfy("shownBy")),
                )
            )
        order = ("rule", "axiom")
        return tuple(sorted(found, key=lambda c: (order.index(c.sort) if c.sort in order else len(order), c.sort)))

    def _with_link(self, pieces: Pieces, href: str, identifier: str) -> Pieces:
        """Return an axiom with its own name, which leads to it."""
        return (*pieces, Piece(" ("), Piece(identifier, href), Piece(")")) if identifier else pieces

    def _sort(self, subject: NamedNode, predicate: NamedNode) -> str:
        types = self._graph.named(subject, Rdf.TYPE)
        if rfy("Rule") in types:
            return "rule"
        if predicate == rfy("restsOn"):
            source = self._graph.value(subject, rfy("ofGuidance"))
            return self._graph.label(source) if source is not None else "rests on it"
        above = {one for kind in types for one in self._graph.named(kind, Rdfs.SUB_CLASS_OF)}
        kinds = [kind for kind in types if kind.value.startswith(NAMESPACE) and kind not in above]
        return self._graph.label(kinds[0]) if kinds else ""

    def modality(self, node: NamedNode) -> Piece | None:
        """Return how firmly the source says it."""
        modality = self._graph.value(node, rfy("hasModality"))
        return None if modality is None else Piece(self._graph.label(modality), self._links.of(modality))

    def characters(self, node: NamedNode) -> str:
        """Return the range of characters of a line or statement in its document: `2086 to 2105`."""
        selector = self._graph.value(node, rfy("hasSelector"))
        if selector is None:
            return ""
        ends = (self._graph.text(selector, NamedNode(PREFIXES["oa"] + end)) for end in ("start", "end"))
        return " to ".join(ends)
