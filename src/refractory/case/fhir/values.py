"""How a date, a quantity and a timing of FHIR become those of a case; what is not sure is unknown, with the reason."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Context, Decimal, Inexact
from typing import Any, Final

from refractory.case.quantities import Quantities
from refractory.case.showing import shown

UCUM: Final = "http://unitsofmeasure.org"

# How many of a unit of time make a day, as a fraction; longer units than a week have no fixed length.
_IN_A_DAY: Final = {"min": (1440, 1), "h": (24, 1), "d": (1, 1), "wk": (1, 7)}
# What of a timing leaves frequency and period as they are.
_HARMLESS: Final = frozenset(
    {
        "frequency", "period", "periodUnit", "boundsPeriod", "boundsDuration", "boundsRange", "duration",
        "durationMax", "durationUnit", "id",
    }
)  # fmt: skip
_DAY: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T.*)?")
_DIGITS: Final = 28


class NotSureError(Exception):
    """What stands there is not sure enough to be a fact; the message is the reason."""


def day(value: object) -> str:
    """Return the day of a FHIR date, as it is written, whatever the time zone.

    Raises:
        NotSureError: It is not a whole date.
    """
    match = _DAY.fullmatch(value) if isinstance(value, str) else None
    try:
        if match:
            return date.fromisoformat(match[1]).isoformat()
    except ValueError:
        pass
    raise NotSureError(f"{shown(value)} is no whole date")


def instant(value: object) -> datetime | None:
    """Return a time with its zone, or None if it has none."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) and "T" in value else None
    except ValueError:
        return None
    return found if found and found.tzinfo else None


def age(born: object, today: str) -> int:
    """Return full years from a day of birth to another day.

    Raises:
        NotSureError: The day of birth is not whole, or lies after the other, or there is no other.
    """
    if not today:
        raise NotSureError("without a day of assessment there is no age")
    start, end = date.fromisoformat(day(born)), date.fromisoformat(today)
    if start > end:
        raise NotSureError("the day of birth lies after the day of assessment")
    return end.year - start.year - ((end.month, end.day) < (start.month, start.day))


def measured(value: object, quantities: Quantities) -> tuple[int | float, str]:
    """Return number and UCUM code of a Quantity.

    Raises:
        NotSureError: It has no number, a comparator, or a unit that is not known by its UCUM code.
    """
    if not isinstance(value, Mapping) or "value" not in value:
        raise NotSureError("no number is given")
    if "comparator" in value:
        raise NotSureError(f"the number is a limit ({value['comparator']}), not a value")
    amount = value["value"]
    if isinstance(amount, bool) or not isinstance(amount, int | Decimal):
        raise NotSureError("the number is none")
    if value.get("system") != UCUM or not isinstance(value.get("code"), str):
        raise NotSureError("the unit has no UCUM code, and a unit in words is not read")
    if value["code"] not in quantities.units:
        raise NotSureError(f"the unit {shown(value['code'])} is none that a case knows")
    return number(amount), value["code"]


def in_unit(value: object, unit: str, quantities: Quantities) -> int | float:
    """Return a Quantity in another unit of the same dimension, exactly.

    Raises:
        NotSureError: As in `measured`, or the unit is of another sort, or the result has no end.
    """
    amount, code = measured(value, quantities)
    given, wanted = quantities.units[code], quantities.units[unit]
    if given.dimension is None or given.dimension != wanted.dimension:
        raise NotSureError(f"the unit {shown(code)} cannot be turned into {unit}")
    if given == wanted:
        return amount
    return _divided(Decimal(str(amount)) * given.size, wanted.size)


def per_day(repeat: object) -> int | float:
    """Return how often a day something is done.

    Raises:
        NotSureError: Frequency, period or its unit is missing, they are a range, or more is said than they say.
    """
    if not isinstance(repeat, Mapping):
        raise NotSureError("the timing is no frequency")
    if others := sorted(set(repeat) - _HARMLESS):
        raise NotSureError(f"the timing says more than how often: {', '.join(others)}")
    frequency, period, unit = (repeat.get(key) for key in ("frequency", "period", "periodUnit"))
    if isinstance(frequency, bool) or not isinstance(frequency, int) or frequency <= 0:
        raise NotSureError("the timing has no frequency")
    if isinstance(period, bool) or not isinstance(period, int | Decimal) or period <= 0 or str(unit) not in _IN_A_DAY:
        raise NotSureError("the timing has no period in minutes, hours, days or weeks")
    units, days = _IN_A_DAY[str(unit)]
    return _divided(Decimal(frequency) * units, Decimal(period) * days)


def number(amount: int | Decimal) -> int | float:
    """Return a number that JSON's writers write plainly, and as the same value.

    Raises:
        NotSureError: There is none.
    """
    if isinstance(amount, int):
        return amount
    plain = float(amount)
    if "e" in repr(plain) or Decimal(repr(plain)) != amount:
        raise NotSureError("the number has more digits than a case holds")
    return plain


def _divided(amount: Decimal, by: Decimal) -> int | float:
    context = Context(prec=_DIGITS)
    quotient = context.divide(amount, by)
    if context.flags[Inexact]:
        raise NotSureError("the number has no end when it is converted")
    return int(quotient) if quotient == quotient.to_integral_value() else number(quotient.normalize())


def one(found: list[Any], what: str = "values") -> Any:
    """Return the one thing that was found, or None.

    Raises:
        NotSureError: There are several, which differ.
    """
    if len(found) > 1 and any(other != found[0] for other in found[1:]):
        raise NotSureError(f"there are several {what}, and none is chosen")
    return found[0] if found else None
