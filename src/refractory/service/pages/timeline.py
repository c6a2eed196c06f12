"""Treatments and findings on a line of days: where each begins and ends, and the same in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from refractory.model.sources import Quantity, Regimen
from refractory.render.words import Words, capital

# Days between two marks of the scale; the first that gives no more than so many marks is taken.
_STEPS: Final = (1, 2, 7, 14, 28, 91, 182, 364, 1_820, 3_640)
_MARKS: Final = 6
# The line leaves so much room at either end, in percent of its width.
_MARGIN: Final = 3.0


@dataclass(frozen=True, slots=True)
class Entry:
    """A treatment or a finding.

    Attributes:
        sort: The key of the list in which it stands.
        title: What it is.
        when: When it was, in words; empty where no day is known.
        left: Where it begins, in percent of the width.
        width: How wide it is; 0 for what is of one day.
        open_start: It began before, nobody knows when.
        open_end: It goes on, or ended nobody knows when.
    """

    sort: str
    title: str
    when: str = ""
    left: float = 0.0
    width: float = 0.0
    open_start: bool = False
    open_end: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark of the scale: where it stands, in percent, and what stands at it."""

    left: float
    text: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """What has a day, on a scale, and what has none."""

    dated: tuple[Entry, ...]
    undated: tuple[Entry, ...]
    marks: tuple[Mark, ...]
    assessed: float | None

    def __bool__(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.dated or self.undated)


def timeline(case: Mapping[str, Any], words: Words) -> Timeline:
    """Return the timeline of a case in its JSON form."""
    day = _day(case, "assessedOn")
    entries = list(_entries(case, words))
    undated = tuple(Entry(one.sort, one.title) for one in entries if not one.days)
    days = [known for one in entries for known in one.days]
    if not days:
        return Timeline((), undated, (), None)
    scale = _Scale(min(days), max([*days, *([day] if day else ())]), day)
    dated = sorted((scale.entry(one) for one in entries if one.days), key=lambda one: (one.left, one.width))
    return Timeline(tuple(dated), undated, tuple(scale.marks()), scale.place(day) if day else None)


@dataclass(frozen=True, slots=True)
class _Found:
    """A treatment or a finding before it has a place: `goes_on` where it has not ended at the assessment."""

    sort: str
    title: str
    start: date | None
    end: date | None
    goes_on: bool = False

    @property
    def days(self) -> tuple[date, ...]:
        return tuple(day for day in (self.start, self.end) if day)


def _entries(case: Mapping[str, Any], words: Words) -> Iterator[_Found]:
    for one in case.get("treatments", ()):
        amount = Quantity(Decimal(one["doseMg"]), "mg") if "doseMg" in one else None
        times = Decimal(one["timesPerDay"]) if "timesPerDay" in one else None
        said = words.regimen(Regimen(dose=amount, route=one.get("route"), times_per_day=times))
        given = f"{words.title(one['drug'])} {said}".strip()
        other = words.label(one["for"]) if "for" in one else ""
        title = _listed(given, words.label(one["status"]), other)
        goes_on = one["status"] == "Ongoing"
        yield _Found("treatments", title, _day(one, "startedOn"), _day(one, "endedOn"), goes_on)
    for one in case.get("susceptibility", ()):
        said = _listed(words.label(one["interpretation"]), _label(one, "method", words), one.get("specimen", ""))
        day = _day(one, "collectedOn")
        yield _Found("susceptibility", f"{words.title(one['drug'])}: {said}", day, day)
    for one in case.get("genotype", ()):
        found = f"{words.title(one['gene'])} {one['mutation']}"
        day = _day(one, "collectedOn")
        yield _Found("genotype", _listed(found, _label(one, "effect", words), one.get("specimen", "")), day, day)
    for one in case.get("measurements", ()):
        day = _day(one, "takenOn")
        yield _Found("measurements", f"{words.title(one['quantity'])} {one['value']} {one['unit']}", day, day)


def _label(said: Mapping[str, Any], key: str, words: Words) -> str:
    return words.label(said[key]) if key in said else ""


def _listed(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _day(said: Mapping[str, Any], key: str) -> date | None:
    return date.fromisoformat(said[key]) if key in said else None


class _Scale:
    """Days as places on a line."""

    def __init__(self, first: date, last: date, assessed: date | None) -> None:
        self._first, self._last, self._assessed = first, last, assessed
        self._days = max((last - first).days, 1)

    def place(self, day: date) -> float:
        """Return where a day stands, in percent of the width."""
        return round(_MARGIN + (day - self._first).days / self._days * (100 - 2 * _MARGIN), 2)

    def entry(self, found: _Found) -> Entry:
        """Return something that has a first day, a last day, or both."""
        left = self.place(min(found.days))
        right = self.place(self._last if found.goes_on else max(found.days))
        return Entry(
            found.sort,
            found.title,
            capital(self._when(found.start, found.end)),
            left,
            round(right - left, 2),
            open_start=found.start is None,
            open_end=found.end is None,
        )

    def _when(self, start: date | None, end: date | None) -> str:
        if start == end and start is not None:
            return self._said(start)
        parts = (f"from {self._said(start)}" if start else "", f"until {self._said(end)}" if end else "")
        return " ".join(filter(None, parts))

    def _said(self, day: date) -> str:
        if self._assessed is None:
            return day.isoformat()
        days = (self._assessed - day).days
        if days == 0:
            return f"{day.isoformat()}, the day of the assessment"
        count = "1 day" if abs(days) == 1 else f"{abs(days)} days"
        return f"{day.isoformat()}, {count} {'before' if days > 0 else 'after'}"

    def marks(self) -> Iterator[Mark]:
        """Yield the marks of the scale: days before the assessment, or dates where its day is not known."""
        step = next((step for step in _STEPS if self._days / step < _MARKS), self._days)
        origin = self._assessed or self._first
        before = (origin - self._first).days // step
        after = (self._last - origin).days // step
        for number in range(-before, after + 1):
            day = date.fromordinal(origin.toordinal() + number * step)
            relative = f"{number * step:+d} d".replace("-", "\N{MINUS SIGN}") if number else "0 d"
            yield Mark(self.place(day), relative if self._assessed else day.isoformat())
