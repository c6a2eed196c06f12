"""Names for the blank nodes of a case, by what is said of them: neither their labels nor the file's order count."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from itertools import count

from pyoxigraph import BlankNode, NamedNode

from refractory.case import nodes
from refractory.case.allow_list import Node, Said
from refractory.case.mapping import CaseMapping, Part


def name_blank_nodes(
    case: NamedNode, mapping: CaseMapping, roles: Mapping[Node, list[Part]], facts: Iterable[Said]
) -> dict[Node, NamedNode]:
    """Return a name for each blank node: parts of one kind in the order of what is said of them, then numbered.

    Two nodes of which the same is said stay two; which is the first does not matter, as nothing tells them apart.

    Args:
        case: The case's node.
        mapping: The kinds of parts.
        roles: The parts that each node plays; a blank node plays one.
        facts: What the file says, in which no blank node is the value of anything but a part's property.
    """
    said: dict[Node, list[str]] = {node: [] for node in roles if isinstance(node, BlankNode)}
    for subject, predicate, value in facts:
        if subject in said and value != roles[subject][0].type:
            said[subject].append(f"{predicate} {value}")
    names: dict[Node, NamedNode] = {}
    for key in mapping.case.keys.values():
        if key.part:
            blanks = [node for node in said if roles[node] == [key.part]]
            fresh = _unused(case, key.part, key.many, roles)
            names.update(zip(sorted(blanks, key=lambda node: sorted(said[node])), fresh, strict=False))
    return names


def _unused(case: NamedNode, part: Part, many: bool, taken: Container[Node]) -> Iterator[NamedNode]:
    """Yield the names of a kind of part that no node of the file bears."""
    single = [] if many else [nodes.node(case, part.node)]
    numbered = (nodes.node(case, part.node, number) for number in count(1 if many else 2))
    for names in (single, numbered):
        yield from (name for name in names if name not in taken)
