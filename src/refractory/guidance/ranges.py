"""The numbers that the comparisons of a rule leave."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from pyoxigraph import Literal

from refractory.engine.clauses import Expression, Var
from refractory.model.values import value_of

Comparison = tuple[str, Expression, Expression]

TURNED: Final = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "!=": "!="}
"""What each comparison is the other way round."""


@dataclass(slots=True)
class _Range:
    """The numbers that comparisons leave: from and to, and whether the ends count."""

    low: Decimal | None = None
    high: Decimal | None = None
    low_counts: bool = True
    high_counts: bool = True

    def raise_to(self, value: Decimal, counts: bool) -> None:
        if self.low is None or value > self.low:
            self.low, self.low_counts = value, counts
        elif value == self.low:
            self.low_counts = self.low_counts and counts

    def lower_to(self, value: Decimal, counts: bool) -> None:
        if self.high is None or value < self.high:
            self.high, self.high_counts = value, counts
        elif value == self.high:
            self.high_counts = self.high_counts and counts

    def is_empty(self, excepted: set[Decimal]) -> bool:
        if self.low is None or self.high is None or self.low < self.high:
            return False
        return self.low > self.high or not (self.low_counts and self.high_counts) or self.low in excepted


def unmeetable(filters: Iterable[Comparison]) -> Expression | None:
    """Return what is compared with numbers so that no number meets all comparisons; None if some number may."""
    ranges: dict[Expression, _Range] = {}
    excepted: dict[Expression, set[Decimal]] = {}
    for comparison in filters:
        if comparison[1] == comparison[2] and comparison[0] in {"<", ">", "!="}:
            return comparison[1]
        # With the number on the right.
        operator, left, right = comparison if _number(comparison[2]) is not None else _turned(comparison)
        value = _number(right)
        if value is None:
            continue
        if (given := _number(left)) is not None:
            # Two numbers are compared: the one on the left is all that there is.
            ranges.setdefault(left, _Range(given, given))
        found = ranges.setdefault(left, _Range())
        if operator in {">", ">=", "="}:
            found.raise_to(value, operator != ">")
        if operator in {"<", "<=", "="}:
            found.lower_to(value, operator != "<")
        if operator == "!=":
            excepted.setdefault(left, set()).add(value)
    return next((compared for compared, left in ranges.items() if left.is_empty(excepted.get(compared, set()))), None)


def _turned(comparison: Comparison) -> Comparison:
    operator, left, right = comparison
    return (TURNED[operator], right, left)


def _number(expression: Expression) -> Decimal | None:
    value = value_of(expression) if isinstance(expression, Literal) else None
    return value if isinstance(value, Decimal) else None


def written(expression: Expression) -> str:
    """Return an expression as a rule writes it."""
    if isinstance(expression, tuple):
        return f"({written(expression[1])} {expression[0]} {written(expression[2])})"
    return f"?{expression}" if isinstance(expression, Var) else getattr(expression, "value", str(expression))
