"""What every page looks things up in, made once from the knowledge."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pyoxigraph import NamedNode

from refractory.knowledge.knowledge import Knowledge
from refractory.site.axioms import Axioms
from refractory.site.codes import Code, codes
from refractory.site.graph import Graph
from refractory.site.links import Links
from refractory.site.pieces import Piece
from refractory.site.statements import Statements
from refractory.site.uses import Uses


class Library:
    """The graph, the addresses in it, and what is looked up from several pages."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self.graph = Graph(knowledge)
        self.links = Links(self.graph)
        self.axioms = Axioms(self.graph, self.links)
        self.statements = Statements(self.graph, self.links, self.axioms)
        self.uses = Uses(self.graph, self.links)

    @cached_property
    def codes(self) -> dict[NamedNode, tuple[Code, ...]]:
        """The codes of each term."""
        return codes(self.knowledge.files)

    def piece(self, node: NamedNode) -> Piece:
        """Return the label of a node, leading to where it is read."""
        return Piece(self.graph.label(node), self.links.of(node))

    def file(self, path: str) -> Piece:
        """Return a file of the knowledge, leading to it."""
        return Piece(path, self.links.files.get(path, ""))


@dataclass(frozen=True, slots=True)
class Draft:
    """A page before it is written.

    Attributes:
        template: The name of its template below `site/`.
        title: Its heading.
        section: The part of the site it belongs to.
        values: What the template shows.
    """

    template: str
    title: str
    section: str
    values: dict[str, Any] = field(default_factory=dict)
