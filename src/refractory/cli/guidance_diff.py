"""`refractory guidance diff`: what changed between two states of the knowledge, and what it does to answers."""

from __future__ import annotations

from pathlib import Path

import click

from refractory.cli.clock import time_limit
from refractory.cli.options import debug_option, format_option, knowledge_option, timeout_option
from refractory.cli.output import emit, emit_json

_TOO_SMALL = 1


@click.command("diff")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option(
    "--cases",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="The cases to compare: */case.json, *.json, or those below tests/cases.",
)
@click.option(
    "--table",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Answer the golden cases that were written for a table of mutations with this one.",
)
@format_option("text", "json", "markdown")
@knowledge_option
@timeout_option
@debug_option
def diff(
    old: str, new: str, *, cases: Path, table: Path | None, form: str, knowledge: tuple[str, ...], timeout: float
) -> int:
    """Say what changed from OLD to NEW, which cases are answered otherwise, and whether the versions say so.

    OLD and NEW are folders of a whole knowledge or of a module; `shipped` stands for the knowledge that is shipped.
    Both stand on what --knowledge adds. Another answer to a case is a major change, an added rule or statement a minor
    one, words alone are a patch. The exit code is 1 when a version is too small for what changed.
    """
    from refractory.guidance.diff.cases import case_files
    from refractory.guidance.diff.diff import diff_guidance

    # The limit is for each case, and each is answered twice.
    with time_limit(timeout * 2 * len(case_files(cases))):
        found = diff_guidance(old, new, cases, base=knowledge, table=table)
        if form == "json":
            shown = ""
        elif form == "markdown":
            from refractory.guidance.diff.markdown import markdown

            shown = markdown(found)
        else:
            from refractory.guidance.diff.text import text

            shown = text(found)
    if form == "json":
        emit_json(found.to_json())
    else:
        emit(shown)
    return _TOO_SMALL if found.faults else 0
