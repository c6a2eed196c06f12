"""What goes out: data on standard output, everything else on standard error."""

from __future__ import annotations

import json
import os
import sys
import traceback
from typing import Any

import click

from refractory.errors import KnowledgeError, RefractoryError
from refractory.version import VERSION


class PipeClosed(BaseException):
    """Nobody reads any more. Not an `Exception`, so that no library takes it for one of its own."""


def emit(text: str) -> None:
    """Write data to standard output: UTF-8 and line feeds, whatever the locale and the platform."""
    try:
        click.echo(text.encode(), nl=False)
    except BrokenPipeError:
        raise PipeClosed from None


def emit_json(value: Any) -> None:
    """Write a value as JSON, indented, in the order of its keys."""
    emit(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def close_quietly() -> None:
    """Let Python close standard output at its end without a word about the reader that is gone."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
    except (OSError, ValueError):
        return


def place_in(name: str, error: RefractoryError) -> str:
    """Return where an error is, with the input it is in; a place that is the input itself is not said twice."""
    shown = "standard input" if name == "-" else name
    return ", ".join(dict.fromkeys(part for part in (shown, error.place) if part))


def show_error(error: RefractoryError, *, debug: bool = False) -> int:
    """Say on standard error what is wrong, where, why it matters and how to mend it; return the exit code.

    Args:
        error: The error.
        debug: Whether to show the traceback first.
    """
    if debug:
        _say("".join(traceback.format_exception(error)))
    _say(f"refractory: {error.what}")
    for key, text in (("where", error.place), ("why", error.why), ("fix", error.fix)):
        if text:
            _say(f"  {key}: {text}")
    if isinstance(error, KnowledgeError):
        _say("  This is the fault of the knowledge files, not of a case.")
    return error.exit_code


def show_our_fault(error: Exception, *, debug: bool = False) -> int:
    """Say that something unforeseen went wrong, without a word of the input; return the exit code."""
    if debug:
        _say("".join(traceback.format_exception(error)))
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if f"{os.sep}refractory{os.sep}" in frame.filename] or frames
    place = f"{ours[-1].name}, line {ours[-1].lineno}" if ours else "unknown"
    _say(f"refractory: something went wrong inside refractory {VERSION}; this is our fault, and nothing was concluded.")
    _say(f"  where: {type(error).__name__} in {place}")
    _say(
        "  fix: Please report this to the developers with these lines and the command, and without any data of a "
        "patient. --debug shows more; it may hold such data."
    )
    return RefractoryError.exit_code


def show_warning(text: str) -> None:
    """Say on standard error what is no error and yet worth a look."""
    _say(f"refractory: warning: {text}")


def _say(text: str) -> None:
    """Write to standard error, without the control characters that a terminal would obey."""
    shown = "".join(character if character.isprintable() or character == "\n" else " " for character in text)
    click.echo(shown.rstrip("\n"), err=True)
