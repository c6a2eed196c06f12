"""A difference for the terminal: old and new side by side."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from refractory.guidance.diff.result import CaseDifference, ConclusionDifference, GuidanceDiff
from refractory.guidance.diff.shown import called, counted, item, limited, reasons, rows, version

# The widths of the columns: the aspect, before, now.
_COLUMNS: Final = (24, 42, 42)
_WIDTH: Final = sum(_COLUMNS) + 2
_STEPS: Final = 8


def text(difference: GuidanceDiff) -> str:
    """Return a difference as text, with the versions last, where a terminal ends."""
    return "".join(f"{line}\n" for line in _lines(difference))


def _lines(difference: GuidanceDiff) -> Iterator[str]:
    yield f"before: {difference.old.name} (knowledge {difference.old.hash[:12]})"
    yield f"now:    {difference.new.name} (knowledge {difference.new.hash[:12]})"
    yield ""
    yield "WHAT CHANGED" if difference.content else "NOTHING CHANGED in statements, axioms, rules and words"
    for change in difference.content:
        yield from _wrapped(f"{change.what} {item(change)}", 2)
        yield from (line for said in change.before for line in _wrapped(said, 6, "- "))
        yield from (line for said in change.after for line in _wrapped(said, 6, "+ "))
    yield ""
    yield from _wrapped(counted(difference), 0)
    if difference.answered_otherwise:
        yield ""
        yield "CASES ANSWERED OTHERWISE"
        for case in difference.answered_otherwise:
            yield from _case(case)
    if difference.on_other_grounds:
        yield ""
        yield "THE SAME ANSWER ON OTHER GROUNDS"
        for case in difference.on_other_grounds:
            names = ", ".join(called(conclusion) for conclusion in case.conclusions)
            yield from _wrapped(f"{case.case}: {names}", 2)
    if difference.unanswered:
        yield ""
        yield "CASES THAT NEITHER ANSWERS"
        for name, error in difference.unanswered:
            yield from _wrapped(f"{name}: {error}", 2)
    yield ""
    yield "VERSIONS" if difference.versions else "NO VERSION HAS TO CHANGE"
    for check in difference.versions:
        yield from _wrapped(version(check), 2)
        yield from (line for reason in reasons(check) for line in _wrapped(reason, 6, "- "))


def _case(case: CaseDifference) -> Iterator[str]:
    yield ""
    because = ", ".join(f"{change.key.sort} {change.key.name}" for change in case.because)
    yield from _wrapped(f"{case.case}{f'   (because of {because})' if because else ''}", 0)
    for side, error in zip(("before", "now"), case.errors, strict=True):
        if error:
            yield from _wrapped(f"not answered {side}: {error}", 2)
    yield from _row(("", "before", "now"))
    for conclusion in case.conclusions:
        if conclusion.what != "stays":
            yield from _conclusion(conclusion)
    stays = ", ".join(called(conclusion) for conclusion in case.conclusions if conclusion.what == "stays")
    if stays:
        yield from _wrapped(f"the same on other grounds: {stays}", 2)


def _conclusion(conclusion: ConclusionDifference) -> Iterator[str]:
    yield from _wrapped(f"{conclusion.what} {called(conclusion)}", 2)
    for row in rows(conclusion):
        yield from _row((f"    {row.aspect}", row.before, row.after))
    for side, steps in (("before", conclusion.grounds.before), ("now", conclusion.grounds.after)):
        if steps:
            yield f"    only {side} it rests on"
            yield from (line for step in limited(steps, _STEPS) for line in _wrapped(step, 6, "- "))


def _wrapped(line: str, indent: int, mark: str = "") -> list[str]:
    """Return a line within the width; control characters, which a terminal would obey, are left out."""
    plain = "".join(character if character.isprintable() else " " for character in line)
    first, rest = " " * indent + mark, " " * (indent + (len(mark) or 2))
    return textwrap.wrap(plain, _WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False) or [""]


def _row(cells: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a row, each cell wrapped within its column."""
    shown = ["".join(c if c.isprintable() else " " for c in cell) for cell in cells]
    wrapped = [
        [cell] if len(cell) <= width else textwrap.wrap(cell, width, subsequent_indent="  ")
        for cell, width in zip(shown, _COLUMNS, strict=True)
    ]
    for number in range(max(map(len, wrapped))):
        line = (cell[number] if number < len(cell) else "" for cell in wrapped)
        yield " ".join(f"{part:<{width}}" for part, width in zip(line, _COLUMNS, strict=True)).rstrip()
