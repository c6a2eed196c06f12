"""`refractory guidance test`: golden cases answered, and held against the answers that were written by hand."""

from __future__ import annotations

from pathlib import Path

import click

from refractory.cli.clock import time_limit
from refractory.cli.options import Settings, common_of_all_sources, format_option, table_option
from refractory.cli.output import emit, emit_json

_FAILED = 1


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False))
@format_option("text", "json")
@table_option
@click.option(
    "--complete", is_flag=True, help="Fail, too, when a statement, rule, axiom or position is touched by no case."
)
@common_of_all_sources
def test(folder: str, *, form: str, table_path: str | None, complete: bool, settings: Settings) -> int:
    """Answer golden cases, and say where the answers are not the expected ones.

    DIR is a module, whose guidance is added and whose cases stand below tests/cases, or a folder of cases. Each case
    is a folder with case.json, story.md and expected.json, and is answered by the sources that expected.json names.

    Prints each difference as a sentence, with the rules and statements behind it, and then what no case touches:
    statements, rules, axioms and positions, and rows of the table if one is given. The exit code is 1 when a case
    fails.
    """
    from refractory.guidance.golden import golden_folders
    from refractory.guidance.trial import try_cases
    from refractory.guidance.trial_text import trial_text

    cases = golden_folders(Path(folder))
    with time_limit(settings.timeout * len(cases)):
        trial = try_cases(Path(folder), settings.knowledge or (), Path(table_path) if table_path else None)
    if form == "json":
        emit_json(trial.to_json())
    else:
        emit(trial_text(trial, complete=complete))
    return 0 if trial.passed and (trial.coverage.complete or not complete) else _FAILED
