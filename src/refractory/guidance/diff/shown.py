"""The parts of a difference in words, as the terminal and the changelog both show them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from refractory.guidance.diff.content import ContentChange
from refractory.guidance.diff.grounds import Ground
from refractory.guidance.diff.items import WHOLE
from refractory.guidance.diff.result import ConclusionDifference, GuidanceDiff
from refractory.guidance.diff.version import VersionCheck

NOTHING: Final = "-"
_REASONS: Final = 5


class Row(NamedTuple):
    """One aspect of a conclusion on both sides."""

    aspect: str
    before: str
    after: str


def rows(conclusion: ConclusionDifference) -> tuple[Row, ...]:
    """Return what differs of a conclusion, an aspect each; of one that comes or goes, all that is said of it."""
    before, after = conclusion.before, conclusion.after
    if before is None or after is None:
        said = before or after or {}
        shown = [Row(key, _value(before, key), _value(after, key)) for key in said]
        return tuple(shown) or (Row("concluded", *("no" if side is None else "yes" for side in (before, after))),)
    keys = [key for key in dict.fromkeys([*before, *after]) if before.get(key) != after.get(key)]
    return tuple(Row(key, _value(before, key), _value(after, key)) for key in keys)


def _value(said: Mapping[str, Any] | None, key: str) -> str:
    return NOTHING if said is None or key not in said else _plain(said[key])


def _plain(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case dict():
            return ", ".join(f"{key} {_plain(part)}" for key, part in value.items())
        case list():
            return "; ".join(map(_plain, value)) or NOTHING
    return str(value)


def ground(step: Ground) -> str:
    """Return a step of a proof in a line: by what, what it concludes, and the statements."""
    by = {"rule": f"rule {step.name}", "owl": f"axiom “{step.name}”", "stated": "stated", "given": "given"}[step.by]
    cited = f" [{', '.join(step.statements)}]" if step.statements else ""
    return f"{by}: {step.concludes}{cited}"


def called(conclusion: ConclusionDifference) -> str:
    """Return what a conclusion is, and its name in words."""
    sort, label = conclusion.key.sort, conclusion.label
    return sort if sort == conclusion.key.name or sort in {"day of treatment", "error"} else f"{sort}: {label}"


def item(change: ContentChange) -> str:
    """Return what changed in a line: what it is, its name, whose it is, and whether words alone changed."""
    whose = ", ".join(change.owners)
    words = ", words only" if change.depth == "words" else ""
    name = f" {change.key.name}" if change.key.sort != "axiom" or change.before != (change.key.name,) else ""
    return f"{change.key.sort}{name} ({whose}{words})" if whose else f"{change.key.sort}{name}{words}"


def version(check: VersionCheck) -> str:
    """Return in a line what is asked of a version, and whether it is so."""
    whose = "the ontology as a whole (ontology/refractory.ttl)" if check.owner == WHOLE else check.owner
    if check.old is None:
        return f"{whose}: new, {check.new}"
    if check.new is None:
        return f"{whose}: gone, was {check.old}"
    verdict = f"TOO SMALL: {check.fault}" if check.fault else "enough"
    asked = f"needs a {check.needs} change" if check.needs != "none" else "needs no change"
    return f"{whose}: {check.old} -> {check.new}; {asked}; {verdict}"


def reasons(check: VersionCheck) -> tuple[str, ...]:
    """Return the first few reasons, and how many more there are."""
    more = len(check.reasons) - _REASONS
    return (*check.reasons[:_REASONS], *([f"and {more} more"] if more > 0 else []))


def counted(difference: GuidanceDiff) -> str:
    """Return in a line how many cases differ."""
    return (
        f"Cases compared: {difference.compared}; answered otherwise: {len(difference.answered_otherwise)}; "
        f"as before, on other grounds: {len(difference.on_other_grounds)}."
    )


def limited(steps: Iterable[Ground], most: int) -> Iterator[str]:
    """Yield the first steps in words, and how many more there are."""
    found = list(steps)
    yield from map(ground, found[:most])
    if len(found) > most:
        yield f"and {len(found) - most} more steps, which the JSON form has"
