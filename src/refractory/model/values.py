"""What a literal means: numbers, days and texts, read strictly, and a number written plainly."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from pyoxigraph import Literal

from refractory.vocabulary import Xsd

_NUMBERS = frozenset({Xsd.DECIMAL, Xsd.INTEGER})


@lru_cache(maxsize=4_096)
def value_of(literal: Literal) -> Decimal | date | str | None:
    """Return a literal's value; None for one that cannot be read, or of a datatype that no case uses."""
    try:
        if literal.datatype in _NUMBERS:
            return Decimal(literal.value)
        if literal.datatype == Xsd.DATE:
            return date.fromisoformat(literal.value)
    except (InvalidOperation, ValueError):
        return None
    return literal.value if literal.datatype == Xsd.STRING else None


def plain(value: Decimal) -> str:
    """Return a number without an exponent and without zeros at its end."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
