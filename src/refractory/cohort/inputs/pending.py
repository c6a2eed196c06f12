"""What a format yields: an item that is not made yet, so that a run that goes on does not make what it has done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from refractory.cohort.records import Item, Record, Unreadable

SHOWN_BYTES: Final = 8_000
"""How much of what cannot be read is kept: enough for as many characters as a rejected row shows."""


@dataclass(frozen=True, slots=True)
class Pending:
    """An item that can be made.

    Attributes:
        size: About how many bytes it has; the same whether or not it is made.
        make: Makes it; called before the next one is asked for, or never.
    """

    size: int
    make: Callable[[], Item]


def record(content: bytes, source: str, row: int) -> Pending:
    """Return a record as it stands in the input."""
    return Pending(len(content), partial(Record, content, source, row))


def lost(stretch: Unreadable) -> Pending:
    """Return a stretch that cannot be read."""
    return Pending(len(stretch.raw), lambda: stretch)
