"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])

DEFAULT_TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What the shared options say.

    Attributes:
        knowledge: Folders of a whole knowledge or of modules; None: the shipped knowledge alone.
        guidance: Identifiers of the sources to use; None: all.
        timeout: Seconds for each case.
        debug: Whether errors come with a traceback.
    """

    knowledge: tuple[str, ...] | None
    guidance: tuple[str, ...] | None
    timeout: float
    debug: bool


@dataclass
class State:
    """What holds for the whole run: whether errors come with a traceback."""

    debug: bool = False


def _set_debug(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    state = context.find_object(State)
    if value and state is not None:
        state.debug = True


debug_option = click.option(
    "--debug",
    is_flag=True,
    expose_value=False,
    callback=_set_debug,
    help="Show tracebacks; they may hold data of a case.",
)

timeout_option = click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=DEFAULT_TIMEOUT,
    show_default=True,
    metavar="SECONDS",
    help="Give up after so many seconds for each case given.",
)

knowledge_option = click.option(
    "--knowledge",
    type=click.Path(exists=True, file_okay=False),
    multiple=True,
    metavar="PATH",
    help="Add the module in this folder; may be repeated. A folder with ontology/refractory.ttl is a whole knowledge "
    "and replaces the shipped one.",
)

guidance_option = click.option(
    "--guidance",
    multiple=True,
    metavar="ID",
    help="Use only this source, with what it stands beside and what accompanies it; may be repeated. All by default.",
)

table_option = click.option(
    "--table",
    "table_path",
    metavar="FILE",
    help="Interpret genotype findings by this table of mutations, in the form of HerpesDRG.",
)


assessed_on_option = click.option(
    "--assessed-on",
    metavar="DATE",
    help="The day of the assessment (YYYY-MM-DD) of a FHIR Bundle; it goes before what the Bundle says.",
)

split_option = click.option(
    "--split", is_flag=True, help="Make a case of each patient of a FHIR Bundle; several are refused otherwise."
)


def format_option(*formats: str, default: str | None = None) -> Callable[[_Command], _Command]:
    """Return the option that chooses the form of the answer; the first form by default."""
    chosen = default or formats[0]
    return click.option(
        "--format", "form", type=click.Choice(formats), default=chosen, show_default=True, help="Form of the answer."
    )


def common(command: Callable[..., int]) -> Callable[..., int]:
    """Add the options that every command with knowledge has, and hand them over as `settings`."""
    return guidance_option(common_of_all_sources(command))


def common_of_all_sources(command: Callable[..., int]) -> Callable[..., int]:
    """Add the same options but `--guidance`: for a command whose input says which sources are to answer."""

    @wraps(command)
    @click.pass_context
    def call(
        context: click.Context,
        /,
        *,
        knowledge: tuple[str, ...],
        timeout: float,
        guidance: tuple[str, ...] = (),
        **others: Any,
    ) -> int:
        state = context.find_object(State) or State()
        return command(**others, settings=Settings(knowledge or None, guidance or None, timeout, state.debug))

    for option in (debug_option, timeout_option, knowledge_option):
        call = option(call)
    return call
