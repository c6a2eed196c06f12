"""What a report shows, and how it looks up the words and numbers of a summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any, Final

from refractory.cohort.summary.reporting.drawing import number, percent
from refractory.cohort.summary.reporting.pictures import Bar, Series

MOST: Final = 24
"""How many rows of a kind are shown; `summary.json` has all."""

_INKS: Final = {
    "steps": ("ink-6", "ink-4", "ink-3", "ink-2", "ink-1"),
    "statuses": ("ink-1", "ink-5", "ink-2", "ink-4", "ink-6", "ink-3"),
    "hypotheses": ("ink-1", "ink-2", "ink-6", "ink-3"),
    "urgencies": ("ink-1", "ink-4", "ink-6"),
}
KINDS: Final = {
    "Refused": "could not be read",
    "NonConforming": "does not conform",
    "Limit": "larger than allowed",
    "Contradiction": "contradicts itself",
    "Internal": "failure of the program",
}
"""The kinds of errors in words."""


@dataclass(frozen=True, slots=True)
class Table:
    """The numbers of a picture, or of none.

    Attributes:
        caption: What they are.
        head: The headings; the first column has words, the others numbers unless `words` says so.
        rows: The cells as they are shown.
        words: The numbers of further columns that hold words.
        more: How many rows are left out.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: tuple[int, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture and its numbers, one of them may be absent."""

    picture: str = ""
    caption: str = ""
    table: Table | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report."""

    id: str
    title: str
    lead: tuple[str, ...]
    shown: tuple[Shown, ...]


class Said:
    """A summary, and how its names are said.

    Attributes:
        all: The summary.
        steps: The steps of its flow.
        patients: How many patients reach each step.
        answered: How many records were answered.
    """

    def __init__(self, summary: Mapping[str, Any]) -> None:
        self.all = summary
        self._labels: Mapping[str, str] = summary["labels"]
        self.steps: Sequence[Mapping[str, Any]] = summary["flow"]["steps"]
        self.patients: Mapping[str, int] = {step["id"]: step["patients"] for step in self.steps}
        self.answered: int = summary["records"]["answered"]

    def label(self, name: str) -> str:
        """Return how a name is said; of several, each."""
        return " · ".join(self._labels.get(one, one) for one in name.split(" "))

    def series(self, order: str) -> Series:
        """Return the values of an order in words, each with its ink."""
        return inked(order, [self.label(name) for name in self.all["order"][order]])

    def in_order(self, order: str, by: Mapping[str, int]) -> tuple[int, ...]:
        """Return counts in an order."""
        return tuple(by.get(name, 0) for name in self.all["order"][order])


def inked(order: str, labels: Sequence[str]) -> Series:
    """Return labels, each with the ink of its place in an order; where there are more labels, inks come again."""
    return Series(tuple(labels), tuple(islice(cycle(_INKS[order]), len(labels))))


def plain(caption: str, rows: Sequence[Bar], share: str) -> Table:
    """Return the table of bars of one part."""
    return Table(
        caption,
        ("", "patients", share),
        tuple((bar.label, number(bar.whole), percent(bar.whole, bar.of)) for bar in rows[:MOST]),
        more=max(0, len(rows) - MOST),
    )


def divided(caption: str, rows: Sequence[Bar], series: Series) -> Table:
    """Return the table of bars of several parts."""
    grouped = any(bar.group for bar in rows)
    return Table(
        caption,
        ("", *(("kind",) if grouped else ()), *series.labels, "together"),
        tuple(
            (bar.label, *((bar.group,) if grouped else ()), *map(number, bar.parts), number(bar.whole)) for bar in rows
        ),
        (1,) if grouped else (),
    )
