"""Cases as they come in: files, or standard input for `-`. A bad one among several does not stop the others."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from refractory.cli.output import emit_json, place_in, show_error
from refractory.errors import RefractoryError

if TYPE_CHECKING:
    from refractory.case.reader import Case
    from refractory.knowledge.knowledge import Knowledge

STDIN = "-"


@dataclass
class Entry:
    """One input: what it is called, and the case or the error that came of it."""

    name: str
    case: Case | None = None
    error: RefractoryError | None = None

    def refusal(self) -> dict[str, Any]:
        """Return what stands in a list of answers for an input that could not be answered."""
        return {"case": self.case.id if self.case else self.name, "error": self.error.to_json() if self.error else {}}


def read_cases(
    names: Sequence[str], knowledge: Knowledge, *, assessed_on: str | None = None, split: bool = False
) -> list[Entry]:
    """Read cases in their order; what cannot be read keeps its error.

    Args:
        names: The inputs.
        knowledge: What names are resolved by.
        assessed_on: The day of the assessment of FHIR Bundles.
        split: Make an entry of each patient of a Bundle.

    Raises:
        click.UsageError: Standard input is named twice; it can be read once.
    """
    if names.count(STDIN) > 1:
        raise click.UsageError("Standard input (-) can be read once only.")
    entries: list[Entry] = []
    for name in names:
        try:
            read = _read(name, knowledge, assessed_on=assessed_on, split=split)
            entries.extend(Entry(name, case) for case in read)
        except RefractoryError as error:
            entries.append(Entry(name, error=error))
    return entries


def read_case(name: str, knowledge: Knowledge, *, assessed_on: str | None = None) -> Case:
    """Read the one case of a command.

    Raises:
        RefractoryError: It cannot be read; the place begins with its name.
    """
    try:
        return _read(name, knowledge, assessed_on=assessed_on)[0]
    except RefractoryError as error:
        error.place = place_in(name, error)
        raise


def content_of(name: str) -> bytes | str:
    """Return what stands on standard input, or else the name of the file."""
    from refractory.case.fhir.limits import MAX_BUNDLE_BYTES

    return sys.stdin.buffer.read(MAX_BUNDLE_BYTES + 1) if name == STDIN else name


def _read(name: str, knowledge: Knowledge, *, assessed_on: str | None = None, split: bool = False) -> list[Case]:
    from refractory.case.reader import Case

    return Case.read_all(content_of(name), knowledge=knowledge, assessed_on=assessed_on, split=split)


def show_errors(entries: Sequence[Entry], *, debug: bool) -> int:
    """Say what is wrong with each input that could not be answered; return the worst exit code, or 0."""
    worst = 0
    for entry in entries:
        if entry.error is not None:
            entry.error.place = place_in(entry.name, entry.error)
            worst = max(worst, show_error(entry.error, debug=debug))
    return worst


def emit_answers(answers: Sequence[dict[str, Any]]) -> None:
    """Write one answer as an object, several as a list in their order."""
    emit_json(answers[0] if len(answers) == 1 else list(answers))
