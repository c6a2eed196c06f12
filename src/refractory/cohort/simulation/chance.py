"""Chance that is the same everywhere: a seed for each index, and draws from tables by nothing but even numbers.

Only `Random.random` is used, which gives the same numbers in every version of Python, on every machine.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Generic, TypeVar

from refractory.errors import KnowledgeError

_MASK = (1 << 64) - 1
_Name = TypeVar("_Name")
Even = Callable[[], float]


def mixed(number: int) -> int:
    """Return a number of 64 bits that looks like chance, another for each number (the finisher of splitmix64)."""
    number = (number + 0x9E3779B97F4A7C15) & _MASK
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & _MASK
    return number ^ (number >> 31)


class Choice(Generic[_Name]):
    """One of several things, each with its share; what is left of 1 is nothing."""

    __slots__ = ("_ends", "_names", "shares")

    def __init__(self, shares: Mapping[_Name, float], *, whole: bool = False) -> None:
        """Take the shares.

        Args:
            shares: The share of each.
            whole: They must make 1, so that nothing is never drawn.

        Raises:
            KnowledgeError: They make more than 1, or less where they must not.
        """
        total = sum(shares.values())
        if total > 1 + 1e-9 or (whole and total < 1 - 1e-9) or min(shares.values(), default=0) < 0:
            raise KnowledgeError(
                f"the shares of {', '.join(map(str, shares))} make {total:g}.", fix="Correct the shares in the file."
            )
        self.shares = shares
        self._names: tuple[_Name | None, ...] = (*shares, tuple(shares)[-1] if whole else None)
        self._ends = list(accumulate(shares.values()))

    def draw(self, even: Even) -> _Name | None:
        """Return one of them, or None for nothing."""
        return self._names[bisect_right(self._ends, even())]

    def one(self, even: Even) -> _Name:
        """Return one of them, where they are whole."""
        name = self.draw(even)
        assert name is not None  # noqa: S101  # the shares make 1
        return name


class Quantiles:
    """A number between knots, each stretch as likely as another."""

    __slots__ = ("_count", "_knots")

    def __init__(self, knots: Sequence[float]) -> None:
        """Take the knots, in rising order."""
        if len(knots) < 2 or list(knots) != sorted(knots):
            raise KnowledgeError(f"quantiles are not in rising order: {list(knots)}.", fix="Correct them in the file.")
        self._knots = tuple(knots)
        self._count = len(knots) - 1

    def draw(self, even: Even) -> float:
        """Return a number."""
        place = even() * self._count
        below = int(place)
        low = self._knots[below]
        return low + (self._knots[below + 1] - low) * (place - below)
