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


def read_cases(names: Sequence[str], knowledge: Knowledge) -> list[Entry]:
    """Read cases in their order; what cannot be read keeps its error.

    Raises:
        click.UsageError: Standard input is named twice; it can be read once.
    """
    if names.count(STDIN) > 1:
        raise click.UsageError("Standard input (-) can be read once only.")
    entries = []
    for name in names:
        try:
            entries.append(Entry(name, _read(name, knowledge)))
        except RefractoryError as error:
            entries.append(Entry(name, error=error))
    return entries


def read_case(name: str, knowledge: Knowledge) -> Case:
    """Read the one case of a command.

    Raises:
        RefractoryError: It cannot be read; the place begins with its name.
    """
    try:
        return _read(name, knowledge)
    except RefractoryError as error:
        error.place = place_in(name, error)
        raise


def _read(name: str, knowledge: Knowledge) -> Case:
    from refractory.case.limits import MAX_BYTES
    from refractory.case.reader import Case

    if name == STDIN:
        return Case.read(sys.stdin.buffer.read(MAX_BYTES + 1), knowledge=knowledge)
    return Case.read(name, knowledge=knowledge)


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
