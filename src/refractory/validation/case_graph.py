"""A case and the logic of the knowledge as one graph of plain dictionaries, made for looking up and nothing else."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from refractory.model.facts import CaseFacts
from refractory.validation.compiled import Node, NodeShape, PropertyShape, Query, Shapes
from refractory.validation.literals import UnsureError
from refractory.vocabulary import Rdf, Rdfs, rfy

# An IRI is its text, a blank node its text after `_:`, and a literal is itself. Members are keys: in order, and once.
Members = Mapping[Node, None]
_Edges = dict[str, dict[Node, dict[Node, None]]]

# The shape of a property of which something may be found, with those of its queries that may find it, and with the
# values, literals and terms of the knowledge, that passed all its tests before: in this case or another.
Asked = tuple[PropertyShape, tuple[Query, ...], set[Node]]

# How many sets of properties are remembered: most cases speak of the same things.
_REMEMBERED: Final = 2_048
_NONE: Final[Members] = {}
_TYPE: Final = Rdf.TYPE.value
_SUB_CLASS_OF: Final = Rdfs.SUB_CLASS_OF.value
_CASE: Final = rfy("Case").value


class Logic:
    """What the knowledge says, as far as the shapes read it; read once, and shared by all cases.

    Attributes:
        focus: For each node shape, in order, the nodes of the knowledge itself that it looks at.
    """

    def __init__(self, logic: Iterable[Triple], shapes: Shapes) -> None:
        self.edges: _Edges = {}
        self._into: _Edges = {}
        self._chains: dict[tuple[str, Node, bool], Members] = {}
        above: dict[str, list[str]] = {}
        for triple in logic:
            predicate = triple.predicate.value
            if predicate == _SUB_CLASS_OF:
                above.setdefault(str(_logical(triple.subject)), []).append(str(_logical(triple.object)))
            if predicate in shapes.predicates:
                _add(self.edges, _logical(triple.subject), predicate, _logical(triple.object))
        self._above = {cls: frozenset(_reachable(cls, above)) for cls in above}
        types = self.edges.get(_TYPE, {})
        self.classes = {
            node: frozenset(above for cls in classes for above in self.above(cls)) for node, classes in types.items()
        }
        self.focus = tuple(
            tuple(node for node, classes in self.classes.items() if not classes.isdisjoint(shape.targets))
            for shape in shapes.nodes
        )
        self.predicates = shapes.predicates
        self._targets = tuple(shape.targets for shape in shapes.nodes)
        self._looked_at_by: dict[Node, tuple[int, ...]] = {}
        self._passed: dict[str, set[Node]] = {}
        self._shapes = shapes.nodes
        self._asked: dict[tuple[int, frozenset[str], frozenset[str] | None], tuple[Asked, ...]] = {}
        self._nodes = frozenset(node for nodes in self.edges.values() for node in nodes)

    def asked(self, place: int, said: frozenset[str], of_node: frozenset[str] | None) -> tuple[Asked, ...]:
        """Return what a node shape asks of a node.

        Args:
            place: The place of the node shape.
            said: The properties of which the case says anything.
            of_node: Those of which it says something of the node; None for a node of which the knowledge says more.
        """
        key = place, said, of_node
        found = self._asked.get(key)
        if found is None:
            if len(self._asked) >= _REMEMBERED:
                self._asked.clear()
            there = said.union(self.edges)
            found = self._asked[key] = tuple(
                self._asking(self._shapes[place], there, there if of_node is None else of_node)
            )
        return found

    def _asking(self, node: NodeShape, there: frozenset[str], of_node: frozenset[str]) -> Iterator[Asked]:
        for shape in node.properties:
            # Most queries ask for what the node does not say, and to see that once is cheaper than to search.
            queries = tuple(q for q in shape.queries if q.predicates <= there and of_node.issuperset(q.of_focus))
            if queries or shape.least or shape.path in of_node:
                yield shape, queries, self._passed.setdefault(shape.shape, set())

    def knows(self, node: Node) -> bool:
        """Say whether the knowledge says something of a node."""
        return node in self._nodes

    def looked_at_by(self, cls: Node) -> tuple[int, ...]:
        """Return the places of the node shapes that look at the nodes of a class; kept if there are any."""
        if (found := self._looked_at_by.get(cls)) is None:
            above = self.above(cls)
            found = tuple(place for place, targets in enumerate(self._targets) if any(t in above for t in targets))
            if found:
                self._looked_at_by[cls] = found
        return found

    def above(self, cls: Node) -> Collection[Node]:
        """Return a class and the classes above it."""
        return self._above.get(str(cls), (cls,)) if isinstance(cls, str) else (cls,)

    def into(self, predicate: str) -> Mapping[Node, Members]:
        """Return what leads to each node by a predicate."""
        if predicate not in self._into:
            self._into[predicate] = _turned(self.edges.get(predicate, {}))
        return self._into[predicate]

    def chain(self, predicate: str, node: Node, backward: bool) -> Members:
        """Return a node and all that a chain of a predicate leads to from it; the answer is kept for our own terms."""
        key = (predicate, node, backward)
        if (found := self._chains.get(key)) is None:
            edges = self.into(predicate) if backward else self.edges.get(predicate, {})
            found = _follow(node, (edges,))
            if node in edges:
                self._chains[key] = found
        return found


class CaseGraph:
    """One case on top of the logic.

    Attributes:
        types: The classes that the case says of nodes.
        focus: For each node shape, in order, the nodes that it looks at.
    """

    def __init__(self, case: CaseFacts, logic: Logic) -> None:
        """Read what was asserted.

        Raises:
            UnsureError: It has blank nodes, language tags, triples within triples, or classes of its own.
        """
        self._logic = logic
        self._edges: _Edges = {}
        self._into: _Edges = {}
        wanted, edges = logic.predicates, self._edges
        last, name = None, ""
        for subject, property_, value in case.asserted_parts:
            # What is said of one node stands together.
            if subject is not last:
                if not isinstance(subject, NamedNode):
                    raise UnsureError(subject)
                last, name = subject, subject.value
            if isinstance(value, NamedNode):
                end: Node = value.value
            elif isinstance(value, Literal) and not value.language:
                end = value
            else:
                raise UnsureError(value)
            predicate = property_.value
            if predicate == _SUB_CLASS_OF:
                raise UnsureError(predicate)
            if predicate in wanted:
                _add(edges, name, predicate, end)
        # Without its class no shape would look at the case, and nothing found would read as nothing wrong.
        _add(self._edges, case.case.value, _TYPE, _CASE)
        self.types = self._edges[_TYPE]
        self.focus = [dict.fromkeys(nodes) for nodes in logic.focus]
        for node, classes in self.types.items():
            for cls in classes:
                for place in logic.looked_at_by(cls):
                    self.focus[place][node] = None

    def asked(self) -> Iterator[tuple[Node, tuple[Asked, ...]]]:
        """Yield each node that a shape looks at, with what is asked of it."""
        said = frozenset(self._edges)
        of_nodes: dict[Node, list[str]] = {}
        for predicate, nodes in self._edges.items():
            for node in nodes:
                of_nodes.setdefault(node, []).append(predicate)
        logic = self._logic
        own = {node: None if logic.knows(node) else frozenset(of) for node, of in of_nodes.items()}
        for place, looked_at in enumerate(self.focus):
            for node in looked_at:
                yield node, logic.asked(place, said, own.get(node))

    def is_of_no_case(self, node: Node) -> bool:
        """Say whether a value is the same in every case: a literal, or a term of which the case says no class."""
        return isinstance(node, Literal) or (node in self._logic.classes and node not in self.types)

    def is_a(self, node: Node, cls: str) -> bool:
        """Say whether a node is of a class, or of one below it."""
        return cls in self._logic.classes.get(node, ()) or any(
            cls in self._logic.above(own) for own in self.types.get(node, ())
        )

    def values(self, node: Node, predicate: str) -> Members:
        """Return what a node has."""
        own = self._edges.get(predicate, _NONE_OF_ALL).get(node)
        known = self._logic.edges.get(predicate, _NONE_OF_ALL).get(node)
        return own | known if own and known else own or known or _NONE  # type: ignore[operator]

    def subjects(self, node: Node, predicate: str) -> Members:
        """Return the nodes that have a node."""
        if predicate not in self._into:
            self._into[predicate] = _turned(self._edges.get(predicate, {}))
        return {**self._into[predicate].get(node, _NONE), **self._logic.into(predicate).get(node, _NONE)}

    def pairs(self, predicate: str) -> Iterable[tuple[Node, Node]]:
        """Return all that a predicate joins."""
        joined = (
            (s, o) for e in (self._edges, self._logic.edges) for s, ends in e.get(predicate, {}).items() for o in ends
        )
        return dict.fromkeys(joined)

    def chain(self, predicate: str, node: Node, backward: bool = False) -> Members:
        """Return a node and all that a chain of a predicate leads to from it."""
        if predicate not in self._edges:
            return self._logic.chain(predicate, node, backward)
        if backward:
            self.subjects(node, predicate)
            return _follow(node, (self._into[predicate], self._logic.into(predicate)))
        return _follow(node, (self._edges[predicate], self._logic.edges.get(predicate, {})))


_NONE_OF_ALL: Final[Mapping[Node, Members]] = {}


def _logical(term: object) -> Node:
    match term:
        case NamedNode():
            return term.value
        case BlankNode():
            return f"_:{term.value}"
        case Literal():
            return term
    raise TypeError(term)


def _add(edges: _Edges, subject: Node, predicate: str, value: Node) -> None:
    nodes = edges.get(predicate)
    if nodes is None:
        nodes = edges[predicate] = {}
    values = nodes.get(subject)
    if values is None:
        nodes[subject] = {value: None}
    else:
        values[value] = None


def _turned(edges: Mapping[Node, Members]) -> dict[Node, dict[Node, None]]:
    turned: dict[Node, dict[Node, None]] = {}
    for subject, values in edges.items():
        for value in values:
            turned.setdefault(value, {})[subject] = None
    return turned


def _reachable(cls: str, above: Mapping[str, Iterable[str]]) -> set[str]:
    found, todo = {cls}, [cls]
    while todo:
        new = set(above.get(todo.pop(), ())) - found
        found |= new
        todo.extend(new)
    return found


def _follow(node: Node, edges: Iterable[Mapping[Node, Members]]) -> Members:
    found, todo = {node: None}, [node]
    while todo:
        here = todo.pop()
        for each in edges:
            for end in each.get(here, _NONE):
                if end not in found:
                    found[end] = None
                    todo.append(end)
    return found
