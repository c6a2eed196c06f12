"""`refractory cohort INPUT... --out DIR`: the answers to many cases, as files."""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from refractory.cli.options import Settings, assessed_on_option, common, table_option
from refractory.cli.output import emit
from refractory.errors import UsageError

if TYPE_CHECKING:
    from refractory.cohort.running.parts import Counts

_INTERRUPTED = 130
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class _AllowedType(click.ParamType[Any]):
    """A number of records, or a share of them in percent."""

    name = "N|N%"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        found = re.fullmatch(r"(\d+)|(\d+(?:\.\d+)?)\s*%", value.strip(), re.ASCII)
        if found is None or (found[2] and float(found[2]) > 100):
            self.fail(f"{value!r} is neither a number of records, as 100, nor a share of them, as 0.5%.", param, ctx)
        return (int(found[1]), None) if found[1] else (None, float(found[2]) / 100)


@click.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Write there."
)
@click.option("--workers", type=click.IntRange(min=1), metavar="N", help="Processes; as many as cores by default.")
@click.option("--chunk", type=click.IntRange(min=1), metavar="N", help="Records of a part; 2000 by default.")
@click.option("--mapping", type=_FILE, metavar="FILE", help="What says which column is what (`cohort template`).")
@table_option
@assessed_on_option
@click.option("--questions", is_flag=True, help="Say of each case what may still be asked; it takes longer.")
@click.option("--proofs", is_flag=True, help="Write each whole assessment with its proofs; it takes longer.")
@click.option("--max-rejected", "allowed", type=_AllowedType(), help="Stop when more are rejected.")
@click.option("--restart", is_flag=True, help="Delete an earlier run in DIR; nothing else there.")
@click.option("--title", default="", metavar="TEXT", help="What the report calls the cohort; by default as DIR.")
@click.option("--truth", type=_FILE, metavar="FILE", help="The truth of a simulated cohort, to measure recall by.")
@click.option(
    "--compare",
    "others",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Say how the answers to the same input in this folder differ; may be repeated.",
)
@click.option("--no-progress", is_flag=True, help="Do not show how far it is.")
@common
def run(
    inputs: tuple[Path, ...],
    *,
    out: Path,
    workers: int | None,
    chunk: int | None,
    mapping: Path | None,
    table_path: str | None,
    assessed_on: str | None,
    questions: bool,
    proofs: bool,
    allowed: tuple[int | None, float | None] | None,
    restart: bool,
    title: str,
    truth: Path | None,
    others: tuple[Path, ...],
    no_progress: bool,
    settings: Settings,
) -> int:
    """Answer every case of some files or folders, and write the answers to DIR as Parquet.

    What cannot be answered goes to DIR/rejected with the reason, and stops nothing. A run that was stopped, however it
    was, goes on where it stopped when the same command is given again.
    """
    try:
        from refractory.cohort.batch import Assessor
        from refractory.cohort.running.progress import progress_for
        from refractory.cohort.running.run import CHUNK, Allowed, Cohort
        from refractory.cohort.running.source import Files
        from refractory.cohort.summary.sum_up import sum_up
    except ModuleNotFoundError as error:
        raise UsageError(
            f"what runs cohorts is not installed: {error.name} is missing.", fix="pip install 'refractory[cohort]'"
        ) from error
    _hold_apart(inputs, out)
    assessor = Assessor(settings.knowledge or (), settings.guidance, table_path, questions, proofs, assessed_on)
    knowledge = assessor.base.knowledge
    cohort = Cohort(
        Files(inputs, knowledge, mapping, assessed_on),
        out,
        assessor,
        workers=workers or _cores(),
        chunk=chunk or CHUNK,
        seconds=settings.timeout,
        allowed=Allowed(*(allowed or (None, None))),
        restart=restart,
        progress=progress_for(silent=no_progress),
    )
    try:
        with _stoppable():
            counts = cohort.run()
            if not counts.records:
                raise UsageError(
                    "the inputs hold no record.",
                    place=", ".join(map(str, inputs)),
                    fix="Give files with cases; docs/cohort-inputs.md says in which forms.",
                )
            sum_up(out, knowledge, title=title, truth=truth, others=others)
    except KeyboardInterrupt:
        click.echo("refractory: stopped. What is done is kept; give the same command again to go on.", err=True)
        return _INTERRUPTED
    emit(_said(counts, out))
    return 0


def _hold_apart(inputs: tuple[Path, ...], out: Path) -> None:
    """Refuse to write where is read: the answers would be the input of the next call."""
    for path in inputs:
        if out.resolve().is_relative_to(path.resolve()):
            raise UsageError(
                "the output folder is in an input folder.",
                place=str(out),
                why="The answers would be taken for cases.",
                fix="Give another folder with --out.",
            )


def _said(counts: Counts, out: Path) -> str:
    rejected = f", {counts.rejected} rejected ({out / 'rejected'} says why)" if counts.rejected else ""
    return (
        f"{counts.records} records: {counts.answered} answered{rejected}.\n"
        f"The answers are in {out / 'answered'}; {out / 'report.html'} sums them up.\n"
    )


def _cores() -> int:
    """Return how many processes can run at once; fewer than there are cores, where the system has been told so."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let SIGTERM stop what runs inside as Ctrl-C does."""

    def stop(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
