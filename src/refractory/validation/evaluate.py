"""Holds a case against compiled shapes: the results that pySHACL gives, or the word that only pySHACL can give them.

It never guesses: a value that libraries read differently, or a comparison of what does not compare, is left to pySHACL.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final, NamedTuple

from pyoxigraph import Literal

from refractory.validation.case_graph import Asked, CaseGraph, Members
from refractory.validation.compiled import (
    SH,
    Bound,
    Class,
    Datatype,
    In,
    Length,
    Node,
    Or,
    PropertyShape,
    ValueTest,
)
from refractory.validation.literals import UnsureError, read
from refractory.validation.queries import HOLDS
from refractory.vocabulary import Xsd

_MIN_COUNT: Final = SH + "MinCountConstraintComponent"
_MAX_COUNT: Final = SH + "MaxCountConstraintComponent"
_SPARQL: Final = SH + "SPARQLConstraintComponent"
# How many values that pass are remembered for each property: doses and ages come again, and few days are not of a year.
_REMEMBERED: Final = 4_096


class Result(NamedTuple):
    """One SHACL result.

    Attributes:
        shape: The shape.
        focus: The node.
        component: The IRI of the constraint component.
        value: The value, if there is one.
        constraint: The IRI of the constraint in SPARQL, if it is one.
    """

    shape: PropertyShape
    focus: Node
    component: str
    value: Node | None = None
    constraint: str | None = None


def evaluate(graph: CaseGraph) -> Iterator[Result]:
    """Yield what the shapes find, one by one, so that who needs no more than one violation can stop there.

    Raises:
        UnsureError: Only pySHACL can tell.
    """
    for focus, all_asked in graph.asked():
        for asked in all_asked:
            shape, queries, passed = asked
            values = graph.values(focus, shape.path)
            few = shape.least <= len(values)
            right = few and (shape.most is None or len(values) <= shape.most)
            # Most have nothing to be asked of, or what was found right before.
            if queries or not right or not passed.issuperset(values):
                yield from _results(asked, focus, values, graph)


def _results(asked: Asked, focus: Node, values: Members, graph: CaseGraph) -> Iterator[Result]:
    shape, queries, passed = asked
    if len(values) < shape.least:
        yield Result(shape, focus, _MIN_COUNT)
    if shape.most is not None and len(values) > shape.most:
        yield Result(shape, focus, _MAX_COUNT)
    for value in values:
        if value in passed:
            continue
        failed = [test for test in shape.tests if not _passes(value, test, graph)]
        for test in failed:
            yield Result(shape, focus, test.component, value)
        if not failed and graph.is_of_no_case(value) and len(passed) < _REMEMBERED:
            passed.add(value)
    for query in queries:
        for row in query.run(focus, graph):
            yield Result(shape, focus, _SPARQL, row, query.constraint)


def _passes(value: Node, test: ValueTest, graph: CaseGraph) -> bool:
    match test:
        case Class():
            return isinstance(value, str) and graph.is_a(value, test.cls)
        case Datatype():
            return isinstance(value, Literal) and value.datatype.value == test.datatype and _is_well_written(value)
        case Bound():
            return _lies_within(value, test)
        case Length():
            return bool(HOLDS[test.sign](len(_text(value)), test.characters))
        case In():
            return value in test.values
        case Or():
            return any(all(_passes(value, each, graph) for each in alternative) for alternative in test.alternatives)


def _is_well_written(value: Literal) -> bool:
    """Say so of a text, or of a plain number or date; of any other, pySHACL must."""
    return value.datatype == Xsd.STRING or read(value) is not None


def _text(value: Node) -> str:
    if isinstance(value, str):
        if value.startswith("_:"):
            raise UnsureError(value)
        return value
    return value.value


def _lies_within(value: Node, test: Bound) -> bool:
    """Compare with a number; what is a node or a text lies nowhere."""
    if not isinstance(value, Literal) or value.datatype == Xsd.STRING:
        return False
    if not isinstance(number := read(value), Decimal):
        raise UnsureError(value)
    return bool(HOLDS[test.sign](number, test.number))
