"""Values of terms and what may be done with them: compared, and worked with.

Types are strict. A number is an `xsd:integer` or `xsd:decimal` written as such, a day an `xsd:date` written YYYY-MM-DD;
a text stands for itself, an IRI for what it names. Whatever else is written has no value, and values of different types
are not compared: neither satisfies any comparison, positive or negated.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from pyoxigraph import Literal, NamedNode, Variable

from refractory.model.proof import Term
from refractory.vocabulary import Xsd

Value = Fraction | date | str | NamedNode
# What a variable stands for: a term that was matched, or a number that was worked out.
Bound = Term | Fraction
Binding = Mapping[str, Bound]

_FORMS: Final = {
    Xsd.INTEGER: re.compile(r"[+-]?[0-9]+"),
    Xsd.DECIMAL: re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)"),
    Xsd.DATE: re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
}
_SAME: Final[dict[str, Callable[[Any, Any], bool]]] = {"=": operator.eq, "!=": operator.ne}
_ORDER: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
COMPARISONS: Final = frozenset(_SAME | _ORDER)

# A quotient without an end, such as 1/3, is written with an end; so near must what is written come to it.
_NEAR: Final = Fraction(1, 10**18)


@dataclass(frozen=True, slots=True)
class Operation:
    """Arithmetic: `+`, `-`, `*` or `/` between two expressions."""

    sign: str
    left: Expression
    right: Expression


Expression = Term | Variable | Operation


@dataclass(frozen=True, slots=True)
class Comparison:
    """A `FILTER` that compares two expressions."""

    sign: str
    left: Expression
    right: Expression

    def holds(self, binding: Binding) -> bool:
        """Say whether the comparison is true; without two values of one type it is not."""
        left, right = evaluate(self.left, binding), evaluate(self.right, binding)
        for kind in (Fraction, date, str, NamedNode):
            if isinstance(left, kind) and isinstance(right, kind):
                signs = _SAME if kind is NamedNode else _SAME | _ORDER
                return self.sign in signs and signs[self.sign](left, right)
        return False


def value(bound: Bound) -> Value | None:
    """Return the value of a term, or None if it has none that we read."""
    return _read(bound) if isinstance(bound, Literal) else bound


def _read(literal: Literal) -> Value | None:
    if literal.datatype == Xsd.STRING:
        return literal.value
    form = _FORMS.get(literal.datatype)
    if form is None or not form.fullmatch(literal.value):
        return None
    return _day(literal.value) if literal.datatype == Xsd.DATE else Fraction(literal.value)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def evaluate(expression: Expression, binding: Binding) -> Value | None:
    """Return the value of an expression; None if a part of it has none, or it cannot be worked out."""
    if isinstance(expression, Operation):
        return work_out(expression, binding)
    if isinstance(expression, Variable):
        return value(binding[expression.value]) if expression.value in binding else None
    return value(expression)


def work_out(operation: Operation, binding: Binding) -> Fraction | None:
    """Return the exact result of arithmetic; None if a part is no number, or the divisor is zero."""
    left, right = evaluate(operation.left, binding), evaluate(operation.right, binding)
    if not isinstance(left, Fraction) or not isinstance(right, Fraction):
        return None
    match operation.sign:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
    return left / right if right else None


def writes(term: Term, exact: Fraction) -> bool:
    """Say whether a literal writes a number that was worked out: its value, or as near as a decimal comes to it."""
    found = value(term)
    if not isinstance(found, Fraction):
        return False
    return found == exact or (not _ends(exact) and abs(found - exact) <= abs(exact) * _NEAR)


def written(exact: Fraction) -> Literal:
    """Return a literal for a number that was worked out, to show it."""
    return Literal(f"{Decimal(exact.numerator) / exact.denominator:f}", datatype=Xsd.DECIMAL)


def _ends(exact: Fraction) -> bool:
    """Say whether a number can be written as a decimal with an end."""
    rest = exact.denominator
    for factor in (2, 5):
        while rest % factor == 0:
            rest //= factor
    return rest == 1
