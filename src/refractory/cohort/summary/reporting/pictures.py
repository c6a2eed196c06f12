"""The pictures of a report: the flow, bars by sort, shares of populations, recall, and what changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from refractory.cohort.summary.reporting.drawing import (
    INKS,
    after,
    base_line,
    beside,
    drawn,
    legend,
    number,
    percent,
    plain_axes,
    shortened,
    stacked,
)

_ROW: Final = 0.27
_EDGE: Final = 0.12
_LEFT: Final = 0.40


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a picture.

    Attributes:
        label: What it is of.
        parts: Its parts in the order of the picture's series.
        of: Of how many it is a share; 0: no share is written.
        group: Under which heading it stands; the heading is drawn before its first row.
    """

    label: str
    parts: tuple[int, ...]
    of: int = 0
    group: str = ""

    @property
    def whole(self) -> int:
        """All parts together."""
        return sum(self.parts)


@dataclass(frozen=True, slots=True)
class Series:
    """What the parts of the bars are: words, and the ink of each."""

    labels: tuple[str, ...]
    inks: tuple[str, ...]


ONE: Final = Series(("patients",), ("step",))
"""Bars of one part."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of the flow: its words, its patients, and who leaves after it, in words and numbers."""

    says: str
    patients: int
    leave: tuple[tuple[str, int], ...]


def flow(name: str, stages: Sequence[Stage], *, title: str) -> str:
    """Return the flow as falling bars: each step, and under it who leaves, up to the next step."""
    rows: list[tuple[str, int, int, bool]] = []
    for stage in stages:
        rows.append((stage.says, 0, stage.patients, True))
        left = stage.patients
        for says, count in stage.leave:
            left -= count
            rows.append((says, left, count, False))
    height = _ROW * len(rows) + 2 * _EDGE
    whole = max(1, stages[0].patients)

    def draw(figure: Any) -> None:
        axes = plain_axes(figure, (0.44, _EDGE / height, 0.42, 1 - 2 * _EDGE / height), len(rows))
        axes.set_xlim(0, whole)
        previous = None
        for y, (says, start, count, is_step) in enumerate(rows):
            # What is there is seen, however little of the whole it is.
            wide = max(count, whole * 0.003) if count else 0
            ink = "step" if is_step else "leave"
            axes.barh(y, wide, left=start, height=0.78 if is_step else 0.5, color=INKS[ink], zorder=2)
            beside(
                axes,
                y,
                shortened(says if is_step else f"\N{MINUS SIGN} {says}", 54),
                bold=is_step,
                ink="text" if is_step else "quiet",
            )
            if is_step:
                share = "" if previous is None else f" ({percent(count, previous)})"
                after(axes, wide, y, f"{number(count)}{share}", bold=True)
                previous = count
            else:
                after(axes, start + wide, y, number(count), ink="quiet")

    told = "; ".join(
        f"{stage.says}: {stage.patients}"
        + (", of whom leave: " + ", ".join(f"{says} {count}" for says, count in stage.leave) if stage.leave else "")
        for stage in stages
    )
    return drawn(name, height, draw, title=title, describes=f"Falling bars. {told}.")


def bars(name: str, rows: Sequence[Bar], series: Series, *, title: str, left: float = _LEFT) -> str:
    """Return bars that begin at one line, with the number at the end of each, under headings where there are groups."""
    rows, series = _used(rows, series)
    lines = _under_headings(rows)
    top = 0.34 if len(series.labels) > 1 else _EDGE
    height = _ROW * len(lines) + top + _EDGE
    most = max((row.whole for row in rows), default=0) or 1

    def draw(figure: Any) -> None:
        axes = plain_axes(figure, (left, _EDGE / height, 0.84 - left, 1 - (top + _EDGE) / height), len(lines))
        axes.set_xlim(0, most)
        base_line(axes, len(lines))
        if len(series.labels) > 1:
            legend(figure, series.labels, series.inks, left=left, top=1 - 0.05 / height)
        for y, line in enumerate(lines):
            if isinstance(line, str):
                beside(axes, y, line, bold=True)
                continue
            beside(axes, y, shortened(line.label))
            end = stacked(axes, y, list(zip(line.parts, series.inks, strict=True)))
            share = f" ({percent(line.whole, line.of)})" if line.of else ""
            after(axes, end, y, f"{number(line.whole)}{share}")

    told = "; ".join(_told(row, series) for row in rows)
    return drawn(name, height, draw, title=title, describes=f"Bars. {told}.")


def shares(name: str, rows: Sequence[Bar], series: Series, *, title: str) -> str:
    """Return bars of one length, each the whole of its row, with the share in each part that has room for it."""
    rows, series = _used(rows, series)
    top = 0.34
    height = (_ROW + 0.05) * len(rows) + top + _EDGE

    def draw(figure: Any) -> None:
        axes = plain_axes(figure, (_LEFT, _EDGE / height, 0.84 - _LEFT, 1 - (top + _EDGE) / height), len(rows))
        axes.set_xlim(0, 1)
        legend(figure, series.labels, series.inks, left=_LEFT, top=1 - 0.05 / height)
        for y, row in enumerate(rows):
            beside(axes, y, shortened(row.label))
            at = 0.0
            for part in row.parts:
                share = part / row.whole if row.whole else 0
                if share >= 0.08:
                    axes.text(
                        at + share / 2, y, percent(part, row.whole),
                        ha="center", va="center", color=INKS["ground"], fontsize=9, zorder=3,
                    )  # fmt: skip
                at += share
            stacked(
                axes,
                y,
                [(part / max(1, row.whole), ink) for part, ink in zip(row.parts, series.inks, strict=True)],
                height=0.74,
            )
            after(axes, 1 if row.whole else 0, y, number(row.whole))

    told = "; ".join(_told(row, series) for row in rows)
    return drawn(name, height, draw, title=title, describes=f"Bars of equal length, divided. {told}.")


@dataclass(frozen=True, slots=True)
class Measured:
    """Two shares with their intervals, of one conclusion; None where there is nothing to measure."""

    label: str
    points: tuple[tuple[float, float, float] | None, ...]


def measured(name: str, rows: Sequence[Measured], series: Series, *, title: str) -> str:
    """Return points on a scale from 0 to 100 %, with the interval of each."""
    top, bottom = 0.34, 0.42
    height = (_ROW + 0.09) * len(rows) + top + bottom

    def draw(figure: Any) -> None:
        axes = plain_axes(figure, (_LEFT, bottom / height, 0.52, 1 - (top + bottom) / height), len(rows))
        axes.set_xlim(0, 1)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100\u202f%"])
        axes.tick_params(axis="x", colors=INKS["quiet"], length=0)
        axes.grid(axis="x", color=INKS["line"], linewidth=0.8)
        axes.set_axisbelow(True)
        legend(figure, series.labels, series.inks, left=_LEFT, top=1 - 0.05 / height)
        for y, row in enumerate(rows):
            beside(axes, y, shortened(row.label, 50), size=9)
            for shift, point, ink, shape in zip((-0.17, 0.17), row.points, series.inks, ("o", "D"), strict=True):
                if point is None:
                    continue
                value, low, high = point
                axes.plot([low, high], [y + shift] * 2, color=INKS[ink], linewidth=2, zorder=2, clip_on=False)
                axes.plot([value], [y + shift], shape, color=INKS[ink], markersize=6, zorder=3, clip_on=False)

    told = "; ".join(
        f"{row.label}: "
        + ", ".join(
            f"{label} {'not measured' if point is None else f'{point[0]:.2f} ({point[1]:.2f} to {point[2]:.2f})'}"
            for label, point in zip(series.labels, row.points, strict=True)
        )
        for row in rows
    )
    return drawn(name, height, draw, title=title, describes=f"Points with intervals. {told}.")


def both_ways(name: str, rows: Sequence[Bar], series: Series, *, title: str) -> str:
    """Return bars to both sides of one line: what goes to the left, what comes or changes to the right."""
    lines = _under_headings(rows)
    top = 0.34
    height = _ROW * len(lines) + top + _EDGE
    goes = max((row.parts[0] for row in rows), default=0)
    comes = max((sum(row.parts[1:]) for row in rows), default=0)
    # Room for the numbers on both sides, whatever the bars are.
    room = 0.16 * max(1, goes + comes)

    def draw(figure: Any) -> None:
        axes = plain_axes(figure, (_LEFT, _EDGE / height, 0.56, 1 - (top + _EDGE) / height), len(lines))
        axes.set_xlim(-goes - (room if goes else 0), comes + room)
        base_line(axes, len(lines))
        legend(figure, series.labels, series.inks, left=_LEFT, top=1 - 0.05 / height)
        for y, row in enumerate(lines):
            if isinstance(row, str):
                beside(axes, y, row, bold=True)
                continue
            beside(axes, y, shortened(row.label))
            gone, *others = row.parts
            if gone:
                axes.barh(y, -gone, height=0.66, color=INKS[series.inks[0]], zorder=2)
                axes.annotate(
                    number(gone), (-gone, y), xytext=(-6, 0), textcoords="offset points",
                    ha="right", va="center", color=INKS["text"],
                )  # fmt: skip
            if any(others):
                end = stacked(axes, y, list(zip(others, series.inks[1:], strict=True)))
                after(axes, end, y, " + ".join(number(part) for part in others if part))

    told = "; ".join(_told(row, series) for row in rows)
    return drawn(name, height, draw, title=title, describes=f"Bars to both sides. {told}.")


def _under_headings(rows: Sequence[Bar]) -> list[Bar | str]:
    """Return rows with the heading of each group before its first."""
    lines: list[Bar | str] = []
    for row, before in zip(rows, (None, *rows), strict=False):
        if row.group and (before is None or before.group != row.group):
            lines.append(row.group)
        lines.append(row)
    return lines


def _used(rows: Sequence[Bar], series: Series) -> tuple[Sequence[Bar], Series]:
    """Return rows and series without the parts that no row has, for a legend that says only what is to be seen."""
    used = [number for number in range(len(series.labels)) if any(row.parts[number] for row in rows)]
    if len(series.labels) == 1 or not used:
        return rows, series
    return (
        [replace(row, parts=tuple(row.parts[number] for number in used)) for row in rows],
        Series(tuple(series.labels[number] for number in used), tuple(series.inks[number] for number in used)),
    )


def _told(row: Bar, series: Series) -> str:
    if len(series.labels) == 1:
        return f"{row.label}: {row.whole}"
    parts = ", ".join(f"{label} {part}" for label, part in zip(series.labels, row.parts, strict=True) if part)
    return f"{row.label}: {parts or 'none'}"
