"""`refractory cohort query`: questions to the answers of a cohort."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from refractory.cli.clock import time_limit
from refractory.cli.options import Settings, common
from refractory.cli.output import emit, show_warning
from refractory.cli.query import binding, emit_rows, text_of
from refractory.errors import UsageError

if TYPE_CHECKING:
    from refractory.knowledge.knowledge import Knowledge


@click.command("query")
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("query", metavar="[NAME|FILE]", required=False)
@click.option("--bind", multiple=True, metavar="x=VALUE", help="Give a variable of the query a value; may be repeated.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json", "xml"]),
    default="table",
    show_default=True,
    help="Form of the answer.",
)
@common
def cohort_query(folder: Path, query: str | None, bind: tuple[str, ...], form: str, settings: Settings) -> int:
    """Ask a named query, or the SPARQL query in a file, of the answers that `refractory cohort` wrote to DIR.

    - is standard input; without NAME or FILE, the named queries are listed. Laying out the answers takes as long as it
    takes; --timeout is for the question.
    """
    try:
        from refractory.cohort.query import CohortGraph, Results
    except ModuleNotFoundError as error:
        raise UsageError(
            f"what reads answers is not installed: {error.name} is missing.", fix="pip install 'refractory[cohort]'"
        ) from error
    from refractory.knowledge.knowledge import Knowledge
    from refractory.query.guard import check

    knowledge = Knowledge.load(settings.knowledge, settings.guidance)
    if query is None:
        emit(_listed(knowledge))
        return 0
    text = text_of(query, knowledge.cohort_queries, "`refractory cohort query DIR` lists them.")
    asked = knowledge.cohort_queries.get(text, text)
    bindings = dict(binding(one) for one in bind)
    results = Results.of(folder)
    if isinstance(asked, str):
        # Before the answers are laid out: who misspelt a word need not wait for them.
        check(asked, CohortGraph.GRAPHS)
    graph = CohortGraph.of(results, knowledge)
    with time_limit(settings.timeout):
        rows = graph.ask(asked, bindings)
    emit_rows(rows, form)
    for warning in (*graph.warnings, *rows.warnings):
        show_warning(warning)
    return 0


def _listed(knowledge: Knowledge) -> str:
    found = knowledge.cohort_queries
    width = max(map(len, found), default=0)
    return "".join(f"{name:<{width}}  {found[name].header['title']}\n" for name in sorted(found))
