"""What is shown on standard error while a run goes on: a bar on a terminal, else a line now and then, or nothing."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol

from refractory.cohort.running.parts import Counts

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

_EVERY: Final = 10.0


class Progress(Protocol):
    """What is told how far a run is."""

    def begin(self, counts: Counts, share: float | None) -> None:
        """Begin, with what was done before."""

    def show(self, counts: Counts, share: float | None) -> None:
        """Show how far it is; this is called often."""

    def end(self) -> None:
        """End, however the run ends."""


class Silent:
    """Shows nothing."""

    def begin(self, counts: Counts, share: float | None) -> None:
        """Show nothing."""

    def show(self, counts: Counts, share: float | None) -> None:
        """Show nothing."""

    def end(self) -> None:
        """Show nothing."""


class Pace:
    """How fast it goes, and how long it will still take; what was done before the run does not count.

    Args:
        counts: What was done before.
        share: How much of the input was read then.
    """

    def __init__(self, counts: Counts, share: float | None) -> None:
        self._before, self._share, self._since = counts, share or 0.0, time.monotonic()

    def said(self, counts: Counts, share: float | None) -> str:
        """Return how far it is, in words."""
        seconds = time.monotonic() - self._since
        new = counts.records - self._before.records
        parts = [f"{counts.records:,} records", f"{counts.rejected:,} rejected"]
        if new and seconds > 0:
            parts.append(f"{new / seconds:,.0f}/s")
            if share is not None and share > self._share:
                parts.append(f"about {_duration(seconds * (1 - share) / (share - self._share))} left")
        return ", ".join(parts)


class Lines:
    """Writes a line every ten seconds, for what is no terminal."""

    def begin(self, counts: Counts, share: float | None) -> None:
        """Say what was done before, if anything was."""
        self._pace, self._last = Pace(counts, share), time.monotonic()
        if counts.records:
            _line(f"goes on after {counts.records:,} records")

    def show(self, counts: Counts, share: float | None) -> None:
        """Write a line if the last one is ten seconds ago."""
        if time.monotonic() - self._last >= _EVERY:
            self._last = time.monotonic()
            _line(self._pace.said(counts, share))

    def end(self) -> None:
        """Write nothing more."""


class Bar:
    """A bar on a terminal."""

    _rich: RichProgress
    _task: TaskID

    def begin(self, counts: Counts, share: float | None) -> None:
        """Show the bar."""
        from rich.console import Console
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn
        from rich.progress import Progress as RichProgress

        self._pace = Pace(counts, share)
        columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.description}", markup=False))
        self._rich = RichProgress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._rich.add_task("", total=None)
        self._rich.start()

    def show(self, counts: Counts, share: float | None) -> None:
        """Move the bar; without knowing how much there is, it only says that something goes on."""
        self._rich.update(self._task, description=self._pace.said(counts, share))
        if share is not None:
            self._rich.update(self._task, total=1.0, completed=share)

    def end(self) -> None:
        """Take the bar away."""
        with suppress(AttributeError):  # it may never have begun
            self._rich.stop()


def progress_for(*, silent: bool) -> Progress:
    """Return what fits standard error."""
    if silent:
        return Silent()
    return Bar() if sys.stderr.isatty() else Lines()


def _line(text: str) -> None:
    with suppress(OSError):  # nobody reads; that is no reason to stop
        sys.stderr.write(f"refractory: {text}\n")
        sys.stderr.flush()


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
