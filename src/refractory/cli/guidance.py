"""`refractory guidance`: for those who write guidance."""

from __future__ import annotations

from pathlib import Path

import click

from refractory.cli.clock import time_limit
from refractory.cli.guidance_diff import diff
from refractory.cli.guidance_new import new
from refractory.cli.guidance_test import test
from refractory.cli.options import Settings, common, format_option
from refractory.cli.output import emit, emit_json
from refractory.errors import RefusedError

_FAULTS_FOUND = 1


@click.group()
def guidance() -> None:
    """Check encoded guidance, and say what a change of it does."""


@guidance.command()
@click.option("--source", type=click.Path(dir_okay=False), metavar="FILE", help="The text that the guidance encodes.")
@format_option("text", "json")
@common
def check(source: str | None, form: str, settings: Settings) -> int:
    """Check that every line of the source has its place, and every place is on its line.

    With --source, the hash, the number of lines and characters and each range are compared with the text itself.
    Without it they are taken on trust, and the answer says so. The exit code is 1 when there is a fault.
    """
    with time_limit(settings.timeout):
        from refractory.guidance.check import check_guidance, summary
        from refractory.knowledge.knowledge import Knowledge

        loaded = Knowledge.load(settings.knowledge, settings.guidance)
        checks = check_guidance(loaded, _content(source) if source else None)
    if form == "json":
        emit_json([found.to_json() for found in checks])
    else:
        emit(summary(checks))
    return _FAULTS_FOUND if any(found.faults for found in checks) else 0


def _content(source: str) -> bytes:
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise RefusedError(
            f"the text cannot be read: {error.strerror}.", place=source, fix="Give the file with the source's text."
        ) from error


for command in (diff, new, test):
    guidance.add_command(command)
