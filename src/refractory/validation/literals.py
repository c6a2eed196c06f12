"""What literals of a case say, as far as every library says the same of them; of all others only pySHACL can tell."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final

from pyoxigraph import Literal

from refractory.vocabulary import Xsd

# A number of which every library makes the same, and whose products are exact in Python's decimals: 13 digits at most,
# as those have 28. Eight places are those of the smallest unit size that we have.
PLAIN_NUMBER: Final = re.compile(r"-?(?=[0-9.]{1,14}\Z)[0-9]{1,7}(\.[0-9]{1,8})?")

_NUMBERS: Final = frozenset({Xsd.DECIMAL.value, Xsd.INTEGER.value})
# Python's own reader of dates also reads weeks.
_PLAIN_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class UnsureError(Exception):
    """The case has something of which only pySHACL can say what becomes of it."""


@lru_cache(maxsize=4_096)
def read(value: Literal) -> Decimal | date:
    """Return what a plainly written number or date says.

    Raises:
        UnsureError: It is written otherwise, or neither.
    """
    datatype, text = value.datatype.value, value.value
    if datatype in _NUMBERS and PLAIN_NUMBER.fullmatch(text) and ("." not in text or datatype == Xsd.DECIMAL.value):
        return Decimal(text)
    if datatype == Xsd.DATE.value and _PLAIN_DATE.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise UnsureError(value) from None
    raise UnsureError(value)
