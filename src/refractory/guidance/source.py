"""One source as the knowledge describes it: its document with the lines, its statements and its gaps."""

from __future__ import annotations

from functools import cached_property
from typing import Final

from pyoxigraph import BlankNode, NamedNode

from refractory.guidance.graph import GuidanceGraph
from refractory.vocabulary import Rdf, rfy

_OA: Final = "http://www.w3.org/ns/oa#"


class Source:
    """What the knowledge says of one source.

    Attributes:
        graph: The knowledge.
        identifier: The identifier of the source.
        document: The document that it is taken from, if it has one.
    """

    def __init__(self, graph: GuidanceGraph, identifier: str) -> None:
        self.graph = graph
        self.identifier = identifier
        self._knowledge = graph.knowledge
        document = self._knowledge.value(rfy(identifier), rfy("hasSourceDocument"))
        self.document = document if isinstance(document, NamedNode) else None

    @cached_property
    def lines(self) -> list[NamedNode]:
        """The lines of the source document that have a node, by number."""
        if not self.document:
            return []
        return sorted(self._knowledge.subjects(rfy("inDocument"), self.document), key=self.number_of)

    @cached_property
    def statements(self) -> list[NamedNode]:
        """Its statements."""
        return [node for node in self._own if self._is_a(node, "Statement")]

    @cached_property
    def gaps(self) -> list[NamedNode]:
        """Its gaps."""
        return [node for node in self._own if self._is_a(node, "Gap")]

    @cached_property
    def _own(self) -> tuple[NamedNode, ...]:
        return self._knowledge.subjects(rfy("ofGuidance"), rfy(self.identifier))

    def range_of(self, node: NamedNode) -> tuple[int, int] | None:
        """Return the range of characters of a line, statement or gap, if it has a whole one."""
        selector = self._knowledge.value(node, rfy("hasSelector"))
        if not isinstance(selector, NamedNode | BlankNode):
            return None
        ends = [self._knowledge.text(selector, NamedNode(_OA + name)) for name in ("start", "end")]
        return (int(ends[0]), int(ends[1])) if all(end.isdigit() for end in ends) else None

    def number_of(self, line: NamedNode) -> int:
        """Return the number of a line; 0 if it has none."""
        return self.integer_of(line, "lineNumber") or 0

    def integer_of(self, node: NamedNode, name: str) -> int | None:
        """Return a whole number that is said of a term, if one is."""
        text = self._knowledge.text(node, rfy(name))
        return int(text) if text.isdigit() else None

    def _is_a(self, node: NamedNode, name: str) -> bool:
        return rfy(name) in self._knowledge.values(node, Rdf.TYPE)
