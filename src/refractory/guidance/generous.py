"""The case of which everything is said: whatever no rule finds here, it finds in no case.

Each part of a case is one node, and has each property with each value that the shapes let through. Any case is this one
with things left out and nodes told apart, so a rule whose patterns do not hold here can never conclude anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, parse

from refractory.case import nodes
from refractory.case.frame import frame
from refractory.case.mapping import CaseMapping, Part
from refractory.case.quantities import Quantities
from refractory.engine.axioms import is_axiom, is_declaration, read_axioms
from refractory.engine.clauses import Clause
from refractory.genotype.facts import CALLED
from refractory.guidance.matching import ANY_LITERAL, Fact, Facts
from refractory.knowledge.knowledge import Knowledge
from refractory.vocabulary import Rdf, Xsd, rfy

_CASE: Final = NamedNode("urn:case")
_SH: Final = "http://www.w3.org/ns/shacl#"
_PATH, _CLASS, _OR = (NamedNode(_SH + name) for name in ("path", "class", "or"))
# One value of each datatype that a case has, so that the reader can count days and convert.
_VALUES: Final = {Xsd.DATE: "2000-01-01", Xsd.DECIMAL: "1"}


def stated(knowledge: Knowledge) -> Facts:
    """Return what the knowledge states, with what OWL makes of it."""
    return knowledge.once(_stated)


def _stated(knowledge: Knowledge) -> Facts:
    found = Facts(read_axioms(knowledge.logic))
    found.add(
        general(t.subject, t.predicate, t.object)
        for t in knowledge.logic
        if isinstance(t.subject, NamedNode)
        and isinstance(t.object, NamedNode | Literal)
        and not is_axiom(t)
        and not is_declaration(t)
    )
    return found


def all_that_may_hold(knowledge: Knowledge, rules: tuple[Clause, ...], *, table: bool = True) -> Facts:
    """Return everything that any case may say, and all that rules and axioms may make of it.

    Args:
        knowledge: The knowledge.
        rules: The clauses of its rules.
        table: Whether a table of mutations may be at hand.
    """
    below = stated(knowledge)
    found = Facts((*read_axioms(knowledge.logic), *rules), below)
    found.add(_said(knowledge, below, table=table))
    return found


def general(subject: NamedNode, predicate: NamedNode, value: NamedNode | Literal) -> Fact:
    """Return a fact without the number, day or text that it gives."""
    return (subject, predicate, value if isinstance(value, NamedNode) else ANY_LITERAL)


def _said(knowledge: Knowledge, below: Facts, *, table: bool) -> Iterator[Fact]:
    """Yield what may be said of the parts of a case, and what its reader adds."""
    mapping = CaseMapping.of(knowledge)
    classes = _classes(knowledge)
    asserted: list[Triple] = []
    for part in mapping.parts:
        node = _node(part)
        asserted.append(Triple(node, Rdf.TYPE, part.type))
        for key in part.keys.values():
            if key.part is not None:
                asserted.append(Triple(node, key.predicate, _node(key.part)))
            elif key.datatype is not None:
                value = Literal(_VALUES.get(key.datatype, "any"), datatype=key.datatype)
                asserted.append(Triple(node, key.predicate, value))
            else:
                wanted = classes.get(key.predicate)
                asserted.extend(
                    Triple(node, key.predicate, term)
                    for term in knowledge.individuals
                    if wanted is None or any((term, Rdf.TYPE, cls) in below for cls in wanted)
                )
    added = list(frame(_CASE, tuple(asserted), Quantities.of(knowledge)))
    for t in (*asserted, *added):
        if isinstance(t.subject, NamedNode) and isinstance(t.object, NamedNode | Literal):
            yield general(t.subject, t.predicate, t.object)
    yield from _besides(mapping, knowledge, table=table)


def _besides(mapping: CaseMapping, knowledge: Knowledge, *, table: bool) -> Iterator[Fact]:
    """Yield what the reader adds of one measurement for each quantity, and what a table adds."""
    parts = {key.predicate: _node(key.part) for key in mapping.case.keys.values() if key.part}
    measurement, finding = parts.get(rfy("hasMeasurement")), parts.get(rfy("hasGenotypeFinding"))
    if measurement is not None:
        yield (_CASE, rfy("hasQuantityValue"), measurement)
        yield (measurement, rfy("canonicalValue"), ANY_LITERAL)
    if table and finding is not None:
        yield from ((finding, called, drug) for called in CALLED.values() for drug in knowledge.individuals)


def _node(part: Part) -> NamedNode:
    return nodes.node(_CASE, part.node) if part.node else _CASE


def _classes(knowledge: Knowledge) -> dict[NamedNode, set[NamedNode]]:
    """Return the classes of which a value of a case may be, by the property, as the shapes say."""
    found: dict[NamedNode, set[NamedNode]] = {}
    for _, content in knowledge.shapes:
        said: dict[object, dict[NamedNode, list[object]]] = {}
        for quad in parse(content, format=RdfFormat.TURTLE, rename_blank_nodes=True):
            said.setdefault(quad.subject, {}).setdefault(quad.predicate, []).append(quad.object)
        for shape in said.values():
            for path in shape.get(_PATH, ()):
                if isinstance(path, NamedNode) and (classes := set(_of_shape(shape, said))):
                    found.setdefault(path, set()).update(classes)
    return found


def _of_shape(
    shape: dict[NamedNode, list[object]], said: dict[object, dict[NamedNode, list[object]]]
) -> Iterator[NamedNode]:
    yield from (cls for cls in shape.get(_CLASS, ()) if isinstance(cls, NamedNode))
    pending = list(shape.get(_OR, ()))
    while pending:
        item = said.get(pending.pop(), {})
        for choice in item.get(Rdf.FIRST, ()):
            yield from _of_shape(said.get(choice, {}), said)
        pending.extend(item.get(Rdf.REST, ()))
