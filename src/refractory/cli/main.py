"""The command itself: its group, and how everything that goes wrong comes out."""

from __future__ import annotations

from collections.abc import Sequence

import click

from refractory.cli.about import about
from refractory.cli.assess import assess
from refractory.cli.audit import audit
from refractory.cli.clock import TimeUp
from refractory.cli.cohort import cohort
from refractory.cli.docs import docs
from refractory.cli.explain import explain
from refractory.cli.export import export
from refractory.cli.fhir import fhir
from refractory.cli.genotype import genotype
from refractory.cli.guidance import guidance
from refractory.cli.options import State, debug_option
from refractory.cli.output import PipeClosed, close_quietly, show_error, show_our_fault
from refractory.cli.pivot import pivot
from refractory.cli.query import queries, query
from refractory.cli.serve import serve
from refractory.cli.validate import validate
from refractory.cli.what_if import what_if
from refractory.errors import LimitError, RefractoryError, UsageError
from refractory.version import VERSION

_EPILOG = (
    "Exit codes: 0 answered, 1 a case does not conform, 2 wrong call, 3 refused or unreadable, 4 limit, "
    "5 contradictory, 70 our fault; of several cases, the worst."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=_EPILOG)
@click.version_option(VERSION, prog_name="refractory")
@debug_option
def root() -> None:
    """Assess cases against encoded guidance, with the lines of the source behind each conclusion.

    For a professional who decides; not for emergencies. Nothing is fetched from anywhere.
    """


for command in (
    assess, validate, explain, what_if, pivot, genotype, fhir, query, queries, export, guidance, cohort, docs, serve,
    audit, about,
):  # fmt: skip
    root.add_command(command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; whatever goes wrong is said on standard error.

    Args:
        arguments: What follows the command's name; that of the process by default.
    """
    state = State()
    try:
        given = None if arguments is None else list(arguments)
        code = root.main(args=given, prog_name="refractory", standalone_mode=False, obj=state)
    except click.ClickException as error:
        error.show()
        code = UsageError.exit_code
    except click.Abort:
        code = 130
    except PipeClosed:
        close_quietly()
        code = 0
    except TimeUp as limit:
        code = show_error(limit.error, debug=state.debug)
    except RefractoryError as error:
        code = show_error(error, debug=state.debug)
    except (MemoryError, RecursionError):
        limit_error = LimitError("the input needs more memory than there is.", fix="Make it smaller.")
        code = show_error(limit_error, debug=state.debug)
    except Exception as error:  # the last wall: a person never sees a traceback unasked
        code = show_our_fault(error, debug=state.debug)
    return int(code or 0)
