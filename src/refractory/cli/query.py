"""`refractory query` and `refractory queries`: questions to the knowledge, with and without a case."""

from __future__ import annotations

import sys
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import click

from refractory.cli.clock import time_limit
from refractory.cli.inputs import STDIN, read_case
from refractory.cli.options import Settings, common, format_option
from refractory.cli.output import emit, emit_json, show_warning
from refractory.errors import LimitError, RefusedError, UsageError

if TYPE_CHECKING:
    from refractory.query.run import Rows


@click.command()
@click.argument("query", metavar="NAME|FILE")
@click.option("--case", "case_name", metavar="CASE", help="Add the graphs of this case; - is standard input.")
@click.option("--bind", multiple=True, metavar="x=VALUE", help="Give a variable of the query a value; may be repeated.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json", "xml", "turtle"]),
    help="Form of the answer. [default: table; turtle for a query that constructs]",
)
@common
def query(query: str, case_name: str | None, bind: tuple[str, ...], form: str | None, settings: Settings) -> int:
    """Ask a named query (see `refractory queries`), or the SPARQL query in a file; - is standard input."""
    with time_limit(settings.timeout):
        from refractory.pipeline.knowledge_base import KnowledgeBase
        from refractory.query.run import run_query

        base = KnowledgeBase.load(settings.knowledge, guidance=settings.guidance)
        bindings = dict(binding(text) for text in bind)
        if query == case_name == STDIN:
            raise UsageError("query and case both come from standard input.", fix="Give one of them as a file.")
        text = text_of(query, base.knowledge.queries, "`refractory queries` lists them.")
        case = read_case(case_name, base.knowledge) if case_name else None
        # Not through `KnowledgeBase.query`: a variable may be called `case` there too.
        assessment = base.assess(case) if case else None
        rows = run_query(text, base.knowledge, assessment=assessment, bindings=bindings)
    emit_rows(rows, form)
    for warning in rows.warnings:
        show_warning(warning)
    return 0


def emit_rows(rows: Rows, form: str | None) -> None:
    """Write the answer to a query in a form; None: the one that fits.

    Raises:
        UsageError: The answer has no such form.
    """
    if form is None:
        form = "turtle" if rows.kind == "graph" else "table"
    if (form == "turtle") != (rows.kind == "graph"):
        fitting = "turtle" if rows.kind == "graph" else "table, csv, json or xml"
        raise UsageError(f"the answer of this query has no form {form!r}.", fix=f"Use --format {fitting}.")
    if form == "json":
        emit_json(rows.to_json())
        return
    written = {"table": rows.to_table, "csv": rows.to_csv, "xml": rows.to_xml, "turtle": rows.to_turtle}[form]()
    emit(written if written.endswith("\n") else f"{written}\n")


def binding(text: str) -> tuple[str, str]:
    """Return the name of a variable and what it is bound to.

    Raises:
        UsageError: The text is not `name=value`.
    """
    name, sign, value = text.partition("=")
    name = name.strip().removeprefix("?")
    if not sign or not name:
        raise UsageError(f"{text!r} is not a binding.", fix="Write --bind name=value.")
    return name, value


def text_of(query: str, queries: Collection[str], how: str) -> str:
    """Return the name of a query as it is, or the text of the file.

    Args:
        query: The name of a query, the path of a file, or - for standard input.
        queries: The names that there are.
        how: How to see them.

    Raises:
        UsageError: There is neither.
        RefusedError: The file cannot be read.
        LimitError: It is larger than any query.
    """
    from refractory.query.guard import MAX_BYTES

    if query in queries:
        return query
    if query != STDIN and not Path(query).is_file():
        import difflib

        from refractory.knowledge.names import did_you_mean

        raise UsageError(
            f"there is no query and no file {query!r}.",
            fix=did_you_mean(difflib.get_close_matches(query, queries, n=3, cutoff=0.6)) or how,
        )
    try:
        if query == STDIN:
            content = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(query).open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise LimitError(f"the query is larger than {MAX_BYTES} bytes.", place=query)
        return content.decode("utf-8")
    except OSError as error:
        raise RefusedError(f"the file cannot be read: {error.strerror}.", place=query) from error
    except UnicodeDecodeError as error:
        raise RefusedError("the query is not written in UTF-8.", place=query, fix="Save it as UTF-8.") from error


@click.command()
@format_option("text", "json")
@common
def queries(form: str, settings: Settings) -> int:
    """List the named queries and what each asks."""
    with time_limit(settings.timeout):
        from refractory.knowledge.knowledge import Knowledge

        found = Knowledge.load(settings.knowledge, settings.guidance).queries
    if form == "json":
        emit_json([{"name": name, **found[name].header} for name in sorted(found)])
    else:
        width = max(map(len, found))
        emit("".join(f"{name:<{width}}  {found[name].header['title']}\n" for name in sorted(found)))
    return 0
