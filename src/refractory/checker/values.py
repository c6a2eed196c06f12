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
from fractions import Fraction
from typing import Any, Final

from pyoxigraph import Literal, NamedNode, Variable

from refractory.model.proof import Term
from refractory.vocabulary import Xsd

Value = Fraction | date | str | NamedNode
# What a variable stands for: a term that was matched, or a number that was worked out.
Bound = Term | Fraction
Binding = Mapping[str, Bound]

_WRITTEN: Final = {
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
    if isinstance(bound, Fraction | NamedNode):
        return bound
    if bound.language:
        return None
    if bound.datatype == Xsd.STRING:
        return bound.value
    if bound.datatype not in _WRITTEN or not _WRITTEN[bound.datatype].fullmatch(bound.value):
        return None
    if bound.datatype != Xsd.DATE:
        return Fraction(bound.value)
    try:
        return date.fromisoformat(bound.value)
    except ValueError:
        return None


def number(bound: Bound) -> Fraction | None:
    """Return a term's value if it is a number."""
    found = value(bound)
    return found if isinstance(found, Fraction) else None


def evaluate(expression: Expression, binding: Binding) -> Value | None:
    """Return the value of an expression; None if a part of it has none, or cannot be worked out."""
    if isinstance(expression, Operation):
        left, right = evaluate(expression.left, binding), evaluate(expression.right, binding)
        if not isinstance(left, Fraction) or not isinstance(right, Fraction):
            return None
        return _work_out(expression.sign, left, right)
    if isinstance(expression, Variable):
        return value(binding[expression.value]) if expression.value in binding else None
    return value(expression)


def _work_out(sign: str, left: Fraction, right: Fraction) -> Fraction | None:
    match sign:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
    return left / right if right else None


def writes(term: Term, exact: Fraction) -> bool:
    """Say whether a literal writes a number that was worked out: with its value, or as near as a decimal comes to it."""
    written = number(term) if isinstance(term, Literal) else None
    if written is None:
        return False
    return written == exact or (not _ends(exact) and abs(written - exact) <= abs(exact) * _NEAR)


def _ends(exact: Fraction) -> bool:
    """Say whether a number can be written as a decimal with an end."""
    rest = exact.denominator
    for factor in (2, 5):
        while rest % factor == 0:
            rest //= factor
    return rest == 1
