"""A difference as Markdown: the advice changelog of a release, which a clinician reads case by case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from refractory.guidance.diff.items import WHOLE
from refractory.guidance.diff.result import CaseDifference, ConclusionDifference, GuidanceDiff
from refractory.guidance.diff.shown import called, counted, item, limited, reasons, rows

_STEPS: Final = 8


def markdown(difference: GuidanceDiff, heading: str = "") -> str:
    """Return a difference as a section of a Markdown page.

    Args:
        difference: The difference.
        heading: The title of the section; by default the names of the two sides.
    """
    title = heading or f"{difference.new.name}, compared with {difference.old.name}"
    return "\n".join((f"## {_escaped(title)}", "", *_lines(difference))).rstrip() + "\n"


def _lines(difference: GuidanceDiff) -> Iterator[str]:
    yield counted(difference)
    yield ""
    yield from _versions(difference)
    yield "### What changed"
    yield ""
    if not difference.content:
        yield "Nothing in statements, axioms, rules and words."
    for change in difference.content:
        yield f"- {change.what}: {_escaped(item(change))}"
        yield from (f"  - before: {_escaped(said)}" for said in change.before)
        yield from (f"  - now: {_escaped(said)}" for said in change.after)
    yield ""
    if difference.answered_otherwise:
        yield "### Cases answered otherwise"
        yield ""
        for case in difference.answered_otherwise:
            yield from _case(case)
    if difference.on_other_grounds:
        yield "### The same answer on other grounds"
        yield ""
        for case in difference.on_other_grounds:
            yield f"- {_escaped(case.case)}: {_names(case.conclusions)}"
        yield ""
    if difference.unanswered:
        yield "### Cases that neither answers"
        yield ""
        yield from (f"- {_escaped(name)}: {_escaped(error)}" for name, error in difference.unanswered)


def _versions(difference: GuidanceDiff) -> Iterator[str]:
    if not difference.versions:
        return
    yield "| version of | before | now | asked for | why |"
    yield "|---|---|---|---|---|"
    for check in difference.versions:
        whose = "the ontology as a whole" if check.owner == WHOLE else check.owner
        fault = f" **Too small: {check.fault}.**" if check.fault else ""
        why = "; ".join(reasons(check)) + fault
        cells = (whose, check.old or "new", check.new or "gone", check.needs, why)
        yield f"| {' | '.join(map(_escaped, cells))} |".replace("\\*\\*", "**")
    yield ""


def _case(case: CaseDifference) -> Iterator[str]:
    yield f"#### {_escaped(case.case)}"
    yield ""
    if case.because:
        yield f"Because of {_escaped(', '.join(f'{change.key.sort} {change.key.name}' for change in case.because))}."
        yield ""
    for side, error in zip(("before", "now"), case.errors, strict=True):
        if error:
            yield f"Not answered {side}: {_escaped(error)}"
            yield ""
    otherwise = [conclusion for conclusion in case.conclusions if conclusion.what != "stays"]
    yield "| | what | before | now |"
    yield "|---|---|---|---|"
    for conclusion in otherwise:
        for row in rows(conclusion):
            cells = (conclusion.what, f"{called(conclusion)}, {row.aspect}", row.before, row.after)
            yield f"| {' | '.join(map(_escaped, cells))} |"
    yield ""
    for conclusion in otherwise:
        for side, steps in (("before", conclusion.grounds.before), ("now", conclusion.grounds.after)):
            if steps:
                yield f"- {_escaped(called(conclusion))}, only {side} it rests on"
                yield from (f"  - {_escaped(step)}" for step in limited(steps, _STEPS))
    if stays := [conclusion for conclusion in case.conclusions if conclusion.what == "stays"]:
        yield f"- the same on other grounds: {_names(stays)}"
    yield ""


def _names(conclusions: Iterable[ConclusionDifference]) -> str:
    return _escaped(", ".join(map(called, conclusions)))


def _escaped(text: str) -> str:
    """Return a text that Markdown shows as it is, in a line and in a cell of a table."""
    plain = "".join(character if character.isprintable() else " " for character in text)
    return "".join(f"\\{character}" if character in "\\`*_|<>[]#" else character for character in plain)
