"""Holds a case against compiled shapes: the results that pySHACL gives, or the word that only pySHACL can give them.

It never guesses: a value that libraries read differently, or a comparison of what does not compare, is left to pySHACL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Final, NamedTuple

from pyoxigraph import Literal

from refractory.validation.case_graph import CaseGraph, UnsureError
from refractory.validation.compiled import (
    PLAIN_NUMBER,
    SH,
    Bound,
    Class,
    Datatype,
    In,
    Length,
    Node,
    Or,
    PropertyShape,
    Shapes,
    ValueTest,
)
from refractory.validation.constraints import Absent, Both, Comparison, Expression, Match, Product, Step, Term, Variable
from refractory.validation.constraints import Datatype as DatatypeOf
from refractory.vocabulary import Xsd

_HOLDS: Final[dict[str, Any]] = {"<": lt, "<=": le, ">": gt, ">=": ge, "=": eq, "!=": ne}
_NUMBERS: Final = frozenset({Xsd.DECIMAL.value, Xsd.INTEGER.value})
# Python's own reader of dates also reads weeks.
_PLAIN_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MIN_COUNT: Final = SH + "MinCountConstraintComponent"
_MAX_COUNT: Final = SH + "MaxCountConstraintComponent"
_SPARQL: Final = SH + "SPARQLConstraintComponent"


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


def evaluate(shapes: Shapes, graph: CaseGraph) -> Iterator[Result]:
    """Yield what the shapes find, one by one, so that who needs no more than one violation can stop there.

    Raises:
        UnsureError: Only pySHACL can tell.
    """
    for number, node_shape in enumerate(shapes.nodes):
        for focus in graph.focus[number]:
            for shape in node_shape.properties:
                yield from _results(shape, focus, graph)


def _results(shape: PropertyShape, focus: Node, graph: CaseGraph) -> Iterator[Result]:
    values = graph.values(focus, shape.path)
    if len(values) < shape.least:
        yield Result(shape, focus, _MIN_COUNT)
    if shape.most is not None and len(values) > shape.most:
        yield Result(shape, focus, _MAX_COUNT)
    for value in values:
        for test in shape.tests:
            if not _passes(value, test, graph):
                yield Result(shape, focus, test.component, value)
    for query in shape.queries:
        # Most ask for what the case does not say, and to see that is cheaper than to search.
        if not query.predicates <= graph.predicates or not all(graph.values(focus, each) for each in query.of_focus):
            continue
        bindings: dict[str, Node] = {"this": focus}
        found = dict.fromkeys(
            bindings["value"] if query.select.value else None for _ in _ways(query.select.steps, 0, bindings, graph)
        )
        for row in found:
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
            return bool(_HOLDS[test.sign](len(_text(value)), test.characters))
        case In():
            return value in test.values
        case Or():
            return any(all(_passes(value, each, graph) for each in alternative) for alternative in test.alternatives)


def _is_well_written(value: Literal) -> bool:
    """Say so of a text, or of a plain number or date; of any other, pySHACL must."""
    return value.datatype == Xsd.STRING or _read(value) is not None


def _text(value: Node) -> str:
    if isinstance(value, str):
        if value.startswith("_:"):
            raise UnsureError(value)
        return value
    return value.value


def _read(value: Literal) -> Decimal | date:
    """Return what a plainly written number or date says."""
    datatype, text = value.datatype.value, value.value
    if datatype in _NUMBERS and PLAIN_NUMBER.fullmatch(text) and ("." not in text or datatype == Xsd.DECIMAL.value):
        return Decimal(text)
    if datatype == Xsd.DATE.value and _PLAIN_DATE.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise UnsureError(value) from None
    raise UnsureError(value)


def _lies_within(value: Node, test: Bound) -> bool:
    """Compare with a number; what is a node or a text lies nowhere."""
    if not isinstance(value, Literal) or value.datatype == Xsd.STRING:
        return False
    if not isinstance(number := _read(value), Decimal):
        raise UnsureError(value)
    return bool(_HOLDS[test.sign](number, test.number))


def _ways(steps: Sequence[Step], at: int, bindings: dict[str, Node], graph: CaseGraph) -> Iterator[None]:
    """Yield once for each way to the end of the steps, with what it binds in `bindings`."""
    if at == len(steps):
        yield
        return
    step = steps[at]
    if isinstance(step, Match):
        for _ in _matches(step, bindings, graph):
            yield from _ways(steps, at + 1, bindings, graph)
    elif isinstance(step, Absent):
        if not any(True for _ in _ways(step.steps, 0, bindings, graph)):
            yield from _ways(steps, at + 1, bindings, graph)
    elif _value(step.condition, bindings) is True:
        yield from _ways(steps, at + 1, bindings, graph)


def _matches(step: Match, bindings: dict[str, Node], graph: CaseGraph) -> Iterator[None]:
    """Yield once for each triple, or chain, that fits."""
    subject, predicate, value = step.subject, step.predicate, step.object
    if step.known == "neither":
        for start, end in graph.pairs(predicate):
            _bind(subject, start, bindings)
            _bind(value, end, bindings)
            yield
    elif step.known == "object":
        end = _node(value, bindings)
        for start in graph.chain(predicate, end, backward=True) if step.chain else graph.subjects(end, predicate):
            _bind(subject, start, bindings)
            yield
    else:
        start = _node(subject, bindings)
        ends = graph.chain(predicate, start) if step.chain else graph.values(start, predicate)
        if step.known == "subject":
            for end in ends:
                _bind(value, end, bindings)
                yield
        elif _node(value, bindings) in ends:
            yield


def _bind(term: Term, node: Node, bindings: dict[str, Node]) -> None:
    if isinstance(term, Variable):
        bindings[term.name] = node


def _node(term: Term, bindings: dict[str, Node]) -> Node:
    return bindings[term.name] if isinstance(term, Variable) else term


def _value(expression: Expression, bindings: dict[str, Node]) -> bool | Decimal | date | str:
    """Return what an expression says; whatever SPARQL and rdflib may see differently is left to pySHACL."""
    match expression:
        case Both():
            return all(_value(part, bindings) is True for part in expression.parts)
        case Comparison():
            left, right = _value(expression.left, bindings), _value(expression.right, bindings)
            if type(left) is not type(right) or (isinstance(left, str) and expression.sign not in {"=", "!="}):
                raise UnsureError(expression)
            return bool(_HOLDS[expression.sign](left, right))
        case Product():
            left, right = _value(expression.left, bindings), _value(expression.right, bindings)
            if not isinstance(left, Decimal) or not isinstance(right, Decimal):
                raise UnsureError(expression)
            return left * right
        case DatatypeOf():
            if isinstance(node := bindings[expression.of.name], str):
                raise UnsureError(node)
            return node.datatype.value
    node = _node(expression, bindings)
    return node if isinstance(node, str) else _read(node)
