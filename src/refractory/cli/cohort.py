"""`refractory cohort`: many cases at once. What is no command's name is an input of the command that runs them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import click

from refractory.cli.cohort_query import cohort_query
from refractory.cli.cohort_run import run
from refractory.cli.cohort_template import template
from refractory.cli.options import debug_option, knowledge_option
from refractory.cli.output import emit
from refractory.errors import RefusedError

_AT_ONCE = 1000


class DefaultGroup(click.Group):
    """A group of commands, one of which is meant where none is named.

    Attributes:
        default: Its name; as long as there is no such command, the group is like any other.
    """

    default = "run"

    def parse_args(self, context: click.Context, arguments: list[str]) -> list[str]:
        """Put the default command first where what stands first is neither a command nor a call for help."""
        stands_alone = not arguments or arguments[0] in (*self.commands, *context.help_option_names)
        if self.default in self.commands and not stands_alone:
            arguments = [self.default, *arguments]
        return super().parse_args(context, arguments)


@click.group(cls=DefaultGroup)
def cohort() -> None:
    """Many cases at once."""


cohort.add_command(template)
cohort.add_command(run)
cohort.add_command(cohort_query)


@cohort.command()
@click.option("-n", "--count", type=click.IntRange(min=1), required=True, metavar="N", help="How many cases.")
@click.option("--seed", type=click.IntRange(min=0), required=True, metavar="S", help="Which cohort.")
@click.option(
    "--first", type=click.IntRange(min=0), default=0, show_default=True, help="The index to begin with, for parts."
)
@click.option(
    "--truth",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write there what is so of each patient, whether or not the record says it, as NDJSON.",
)
@click.option(
    "--invalid-share",
    type=click.FloatRange(min=0, max=1),
    default=0.0,
    show_default=True,
    metavar="SHARE",
    help="Break this share of the records, each in one way that the truth names.",
)
@click.option("--complete", is_flag=True, help="Leave nothing out of the records; the patients are the same.")
@knowledge_option
@debug_option
def simulate(
    count: int,
    *,
    seed: int,
    first: int,
    truth: Path | None,
    invalid_share: float,
    complete: bool,
    knowledge: tuple[str, ...],
) -> int:
    """Write simulated cases to standard output as NDJSON; no patient is real.

    The same N and S give the same bytes on any machine, and a longer cohort begins with the shorter one. Where each
    number comes from is in docs/cohort-simulation.md.
    """
    from refractory.cohort.simulation.simulate import Simulator
    from refractory.knowledge.knowledge import Knowledge

    loaded = Knowledge.load(knowledge or None)
    simulator = Simulator.of(loaded, seed, invalid_share=invalid_share, complete=complete)
    records = simulator.records(count, first)
    with _Lines(truth) as truths:
        while some := list(islice(records, _AT_ONCE)):
            if truth is not None:
                truths.write(_line(record.truth(simulator.conclusions)) for record in some)
            emit("".join(f"{record.line}\n" for record in some))
    return 0


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


class _Lines:
    """A file of lines, or none; one that cannot be written is refused, and no other error is taken for that."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: TextIO | None = None

    def __enter__(self) -> _Lines:
        if self._path is not None:
            with self._refusing():
                self._file = self._path.open("w", encoding="utf-8", newline="\n")
        return self

    def __exit__(self, *_error: object) -> None:
        if self._file is not None:
            with self._refusing():
                self._file.close()

    def write(self, lines: Iterable[str]) -> None:
        """Write lines, each with its line feed."""
        if self._file is not None:
            with self._refusing():
                self._file.writelines(lines)

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise RefusedError(
                f"the truth cannot be written: {error.strerror}.",
                place=str(self._path),
                fix="Give a file that can be written, on a disk with room for it.",
            ) from error
