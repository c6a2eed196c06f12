"""`refractory guidance check`: what is wrong with a module of guidance, and how to mend it."""

from __future__ import annotations

from pathlib import Path

import click

from refractory.cli.clock import time_limit
from refractory.cli.options import Settings, common, format_option, table_option
from refractory.cli.output import emit, emit_json
from refractory.errors import RefusedError

_FAULTS_FOUND = 1


@click.command()
@click.argument("path", required=False, type=click.Path(exists=True, file_okay=False))
@click.option("--source", type=click.Path(dir_okay=False), metavar="FILE", help="The text that the guidance encodes.")
@click.option(
    "--cases",
    type=click.Path(exists=True, file_okay=False),
    metavar="DIR",
    help="The folder with the golden cases; by default tests/cases of the module.",
)
@table_option
@format_option("text", "json")
@common
def check(  # noqa: PLR0917 - click hands them over by name
    path: str | None, source: str | None, cases: str | None, table_path: str | None, form: str, settings: Settings
) -> int:
    """Check the guidance module in PATH, or without one the shipped knowledge.

    Each fault names file, term, reason and fix. The module is loaded on top of the shipped knowledge, and its own
    faults are told. With --source, the hash, the number of lines and characters and each range are compared with the
    text itself; without it they are taken on trust, and the answer says so. The exit code is 1 when there is a fault.
    """
    from refractory.guidance.check import case_folders, check_paths, summary
    from refractory.guidance.golden import golden_folders

    paths = [*(settings.knowledge or ()), *([path] if path else ())]
    folders = case_folders(paths, cases)
    count = sum(len(golden_folders(folder)) for folder in folders)
    with time_limit(settings.timeout * (1 + count)):
        found = check_paths(paths, settings.guidance, _content(source) if source else None, folders, table_path)
    if form == "json":
        emit_json(found.to_json())
    else:
        emit(summary(found))
    return _FAULTS_FOUND if found.all_faults else 0


def _content(source: str) -> bytes:
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise RefusedError(
            f"the text cannot be read: {error.strerror}.", place=source, fix="Give the file with the source's text."
        ) from error
