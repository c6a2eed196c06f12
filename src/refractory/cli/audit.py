"""`refractory audit`: the audit log of the service."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from refractory.cli.options import State, debug_option, format_option
from refractory.cli.output import emit, emit_json, show_error

if TYPE_CHECKING:
    from refractory.service.audit.chain import Verified


@click.group()
def audit() -> None:
    """Look into the audit log of the service."""


def _hash(_context: click.Context, _parameter: click.Parameter, given: str | None) -> str | None:
    if given is not None and not re.fullmatch("[0-9a-fA-F]{64}", given):
        raise click.BadParameter("it is no SHA-256 of 64 hexadecimal digits.")
    return given and given.lower()


@audit.command()
@click.argument("log", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--expect", metavar="HASH", callback=_hash, help="A head of this log from an earlier time; it must still be in it."
)
@format_option("text", "json")
@debug_option
@click.pass_obj
def verify(state: State, *, log: Path, expect: str | None, form: str) -> int:
    """Check that no line of an audit log was changed, removed, added or moved.

    It says how many entries there are, and the head: the hash of the last one, which stands for all of them. Keep both
    elsewhere, since what was cut off at the end shows by --expect alone. The exit code is 1 when the log is not whole.
    """
    from refractory.service.audit.chain import BrokenLog, verify

    try:
        found = verify(log, expect)
    except BrokenLog as error:
        if form == "json":
            emit_json({"whole": False, "error": error.to_json()})
        return show_error(error, debug=state.debug)
    if form == "json":
        emit_json(found.to_json())
    else:
        emit(_text(found))
    return 0


def _text(found: Verified) -> str:
    lines = [f"whole: {_counted(found.entries)}, head {found.head}"]
    if found.recovered:
        lines.append(f"recovered: {found.recovered} (so often a line was not written whole; it was closed afterwards)")
    if found.expected is not None:
        after = found.entries - found.expected
        lines.append(f"expected: it is entry {found.expected}, with {_counted(after)} after it")
    return "".join(f"{line}\n" for line in lines)


def _counted(number: int) -> str:
    return f"{number} {'entry' if number == 1 else 'entries'}"
