"""Writes the steps of a constraint in SPARQL as one Python expression: loops over what fits, tests as early as planned.

It never guesses: a comparison of what does not compare is left to pySHACL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Final

from pyoxigraph import Literal

from refractory.validation.constraints import (
    Absent,
    Both,
    Comparison,
    Expression,
    Match,
    Product,
    Select,
    Step,
    Term,
    Variable,
)
from refractory.validation.constraints import Datatype as DatatypeOf
from refractory.validation.literals import UnsureError, read

HOLDS: Final[dict[str, Callable[[Any, Any], bool]]] = {"<": lt, "<=": le, ">": gt, ">=": ge, "=": eq, "!=": ne}

Node = str | Literal
# What a constraint finds with a node in focus in a graph: the values of its results, None for one without a value.
Run = Callable[[Node, Any], Iterable[Node | None]]

_NAMES: Final = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "=": "eq", "!=": "ne"}


def compile_select(select: Select) -> Run:
    """Return a function that finds what a constraint finds.

    It raises `UnsureError` where only pySHACL can tell.
    """
    writer = _Writer()
    loops = " ".join(["for _ in (0,)", *writer.steps(select.steps)])
    found = writer.name(Variable("value")) if select.value else "None"
    text = (
        "def run(this, graph):\n"
        "    values, subjects, pairs, chain = graph.values, graph.subjects, graph.pairs, graph.chain\n"
        f"    return dict.fromkeys([{found} {loops}])\n"
    )
    scope: dict[str, Any] = {**_SCOPE, **writer.constants}
    exec(compile(text, "<refractory constraint>", "exec"), scope)  # noqa: S102  # our own text, written a moment ago
    run: Run = scope["run"]
    return run


class _Writer:
    """Writes expressions; constants and variables get names of their own."""

    def __init__(self) -> None:
        self.constants: dict[str, Node] = {}
        self._variables = {"this": "this"}

    def name(self, term: Term) -> str:
        """Return how a term is called in the text."""
        if isinstance(term, Variable):
            return self._variables.setdefault(term.name, f"v{len(self._variables)}")
        name = f"c{len(self.constants)}"
        self.constants[name] = term
        return name

    def steps(self, steps: Sequence[Step]) -> list[str]:
        """Return the loops and conditions of steps, in order."""
        return [self._step(step) for step in steps]

    def _step(self, step: Step) -> str:
        if isinstance(step, Match):
            return self._match(step)
        if isinstance(step, Absent):
            return f"if not any(True for _ in (0,) {' '.join(self.steps(step.steps))})"
        return f"if {self._value(step.condition)} is True"

    def _match(self, step: Match) -> str:
        subject, value, predicate = self.name(step.subject), self.name(step.object), repr(step.predicate)
        if step.known == "neither":
            return f"for {subject}, {value} in pairs({predicate})"
        if step.known == "object":
            found = f"chain({predicate}, {value}, True)" if step.chain else f"subjects({value}, {predicate})"
            return f"for {subject} in {found}"
        found = f"chain({predicate}, {subject})" if step.chain else f"values({subject}, {predicate})"
        return f"for {value} in {found}" if step.known == "subject" else f"if {value} in {found}"

    def _value(self, expression: Expression) -> str:
        match expression:
            case Both(parts):
                return f"({' and '.join(f'{self._value(part)} is True' for part in parts)})"
            case Comparison(sign, left, right):
                return f"{_NAMES[sign]}({self._value(left)}, {self._value(right)})"
            case Product(left, right):
                return f"times({self._value(left)}, {self._value(right)})"
            case DatatypeOf(of):
                return f"datatype({self.name(of)})"
        return f"said({self.name(expression)})"


def _said(node: Node) -> Decimal | date | str:
    """Return what a node says; whatever SPARQL and rdflib may see differently is left to pySHACL."""
    return node if isinstance(node, str) else read(node)


def _datatype(node: Node) -> str:
    if isinstance(node, str):
        raise UnsureError(node)
    return node.datatype.value


def _times(left: object, right: object) -> Decimal:
    if not isinstance(left, Decimal) or not isinstance(right, Decimal):
        raise UnsureError((left, right))
    return left * right


def _comparison(sign: str) -> Callable[[object, object], bool]:
    holds, of_texts = HOLDS[sign], sign in {"=", "!="}

    def compare(left: object, right: object) -> bool:
        if type(left) is not type(right) or (isinstance(left, str) and not of_texts):
            raise UnsureError((left, sign, right))
        return holds(left, right)

    return compare


_SCOPE: Final[dict[str, Any]] = {
    "said": _said,
    "datatype": _datatype,
    "times": _times,
    **{name: _comparison(sign) for sign, name in _NAMES.items()},
}
