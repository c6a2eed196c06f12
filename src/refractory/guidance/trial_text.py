"""What became of golden cases as text, for a person who does not program."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from itertools import groupby

from refractory.guidance.coverage import Coverage, Tally
from refractory.guidance.trial import Trial, Tried

_WIDTH = 100
# A table may have thousands of rows; JSON has them all.
_MOST_ROWS = 20


def trial_text(trial: Trial, *, complete: bool = False) -> str:
    """Return the cases with their differences, then what no case touches, then the result in one line.

    Args:
        trial: What became of the cases.
        complete: Whether it is a failure when something is touched by no case.
    """
    lines = [line for case in trial.cases for line in _case(case)]
    lines += ["", *_coverage(trial.coverage), "", _result(trial, complete=complete)]
    return "".join(f"{line}\n" for line in lines)


def _case(case: Tried) -> Iterator[str]:
    if case.passed:
        yield f"ok      {case.slug}"
        return
    yield f"FAILED  {case.slug}"
    for error in case.errors:
        yield from _wrapped("  - ", str(error))
    for difference in case.differences:
        yield from _wrapped("  - ", difference.says)
        for line in difference.why.lines:
            yield from _wrapped("      ", line)


def _coverage(coverage: Coverage) -> Iterator[str]:
    of = f" of what {', '.join(coverage.of)} adds" if coverage.of else ""
    yield f"Coverage{of}: what the cases touch"
    for tally in coverage.tallies:
        # A module need not have rules or axioms.
        if tally.total:
            yield from _tally(tally)


def _tally(tally: Tally) -> Iterator[str]:
    sort = tally.sort[:-1] if tally.total == 1 else tally.sort
    of = " of the table" if tally.sort == "rows" else ""
    yield f"  {tally.touched} of {tally.total} {sort}{of}" + ("; no case touches" if tally.untouched else "")
    most = _MOST_ROWS if tally.sort == "rows" else len(tally.untouched)
    for file, items in groupby(tally.untouched[:most], key=lambda item: item.file):
        # A rule has a file to itself, with its name.
        if tally.sort != "rules":
            yield f"    in {file}:"
        for item in items:
            yield from _wrapped("      - ", f"{item.name}: {item.says}")
    if (more := len(tally.untouched) - most) > 0:
        yield f"    and {more} more; --format json names them all"


def _result(trial: Trial, *, complete: bool) -> str:
    failed = sum(not case.passed for case in trial.cases)
    cases = f"{len(trial.cases)} case{'' if len(trial.cases) == 1 else 's'}"
    if failed:
        said = f"{cases}: {failed} failed"
    else:
        said = f"{cases}: {'all ' if len(trial.cases) > 1 else ''}answered as expected"
    if complete and not trial.coverage.complete:
        return f"{said}; and the cases are not complete: see what no case touches."
    return f"{said}."


def _wrapped(start: str, text: str) -> list[str]:
    shown = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return textwrap.wrap(
        shown,
        _WIDTH,
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_long_words=False,
        break_on_hyphens=False,
    )
