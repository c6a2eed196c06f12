"""Who uses a term: rules that conclude or read it, queries that ask for it, shapes that check it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Final

from pyoxigraph import BlankNode, NamedNode

from refractory.site.graph import Graph, Node, sh
from refractory.site.links import Links
from refractory.site.pieces import Piece, names_in
from refractory.vocabulary import NAMESPACE, rfy

SELECT: Final = sh("select")


class Uses:
    """Rules, queries and shapes by the terms that they name."""

    def __init__(self, graph: Graph, links: Links) -> None:
        self._graph = graph
        self._links = links

    def concluding(self, term: NamedNode) -> tuple[Piece, ...]:
        """Return the rules that name a term in their heads."""
        return self._rules(term, rfy("concludes"))

    def reading(self, term: NamedNode) -> tuple[Piece, ...]:
        """Return the rules that name a term in their bodies."""
        return self._rules(term, rfy("reads"))

    def _rules(self, term: NamedNode, predicate: NamedNode) -> tuple[Piece, ...]:
        rules = self._graph.by_label(self._graph.subjects(predicate, term))
        return tuple(Piece(self._graph.label(rule), self._links.of(rule)) for rule in rules)

    def queries(self, term: NamedNode) -> tuple[Piece, ...]:
        """Return the queries that name a term."""
        return tuple(
            Piece(self._graph.knowledge.queries[name].header["title"], self._links.queries[name])
            for name in self._in_queries.get(_name(term), ())
        )

    def shapes(self, term: NamedNode) -> tuple[Piece, ...]:
        """Return the shapes that name a term."""
        shapes = self._graph.by_label(list(self._in_shapes.get(term, ())))
        return tuple(Piece(f"{self._graph.label(shape)} ({_name(shape)})", self._links.of(shape)) for shape in shapes)

    @cached_property
    def _in_queries(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in sorted(self._graph.knowledge.queries):
            for term in names_in(self._graph.knowledge.queries[name].text):
                found.setdefault(term, []).append(name)
        return found

    @cached_property
    def _in_shapes(self) -> dict[NamedNode, list[NamedNode]]:
        found: dict[NamedNode, list[NamedNode]] = {}
        for shape in self._links.shapes:
            for term in set(self._named_by(shape, set())):
                found.setdefault(term, []).append(shape)
        return found

    def _named_by(self, node: Node, seen: set[Node]) -> Iterator[NamedNode]:
        """Yield our terms that a shape names: as a value, inside a list or a blank node, or in a query."""
        seen.add(node)
        for predicate, values in self._graph.about(node).items():
            if not predicate.value.startswith(sh("").value):
                continue
            for value in values:
                if predicate == SELECT:
                    yield from map(rfy, names_in(self._graph.label(value)))
                elif isinstance(value, NamedNode) and value.value.startswith(NAMESPACE):
                    if predicate == sh("sparql"):
                        yield from self._named_by(value, seen)
                    elif predicate != sh("property"):
                        yield value
                elif isinstance(value, BlankNode) and value not in seen:
                    yield from self._inside(value, seen)

    def _inside(self, node: BlankNode, seen: set[Node]) -> Iterator[NamedNode]:
        if not self._graph.is_list(node):
            yield from self._named_by(node, seen)
            return
        for member in self._graph.members(node):
            if isinstance(member, NamedNode) and member.value.startswith(NAMESPACE):
                yield member
            elif isinstance(member, BlankNode) and member not in seen:
                yield from self._named_by(member, seen)


def _name(term: NamedNode) -> str:
    return term.value.removeprefix(NAMESPACE)
