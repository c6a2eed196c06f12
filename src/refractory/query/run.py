"""Runs a query: finds it, checks it, binds its parameters as data, and answers with rows."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from pyoxigraph import BlankNode, Literal, NamedNode, QueryBoolean, QuerySolutions, Store, Variable

from refractory.errors import KnowledgeError, RefractoryError, RefusedError, UsageError
from refractory.knowledge.headers import QueryFile
from refractory.knowledge.knowledge import Knowledge
from refractory.knowledge.names import did_you_mean
from refractory.model.assessment import Assessment
from refractory.query.bindings import values_of
from refractory.query.checked import Checked
from refractory.query.graphs import graph_names, store_of
from refractory.query.guard import check
from refractory.query.rows import Rows
from refractory.query.tokens import caret, within
from refractory.query.warnings import warnings_of

__all__ = ["WHOLE", "Dataset", "Rows", "ask", "run_on", "run_query"]

_WHERE = re.compile(r"error at (\d+):(\d+): expected (.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Dataset:
    """Which graphs a query is asked of; where both are empty, as the query says, else all of them.

    Attributes:
        default: The graphs that together are the default graph.
        named: The graphs that GRAPH finds.
    """

    default: tuple[str, ...] = ()
    named: tuple[str, ...] = ()

    def within(self, names: tuple[str, ...]) -> Dataset:
        """Return it, if it speaks of no other graphs than these.

        Raises:
            RefusedError: It does.
        """
        for name in (*self.default, *self.named):
            if name not in names:
                raise RefusedError(
                    f"there is no graph <{name}> here.",
                    why="A query reads only what is loaded, and nothing is ever fetched.",
                    fix=f"There are {', '.join(f'<{known}>' for known in names)}.",
                )
        return self

    @property
    def options(self) -> dict[str, Any]:
        """The same as the engine is told it: what is not said is everything."""
        if not self.default and not self.named:
            return {"use_default_graph_as_union": True}
        return {
            "default_graph": [NamedNode(name) for name in self.default],
            "named_graphs": [NamedNode(name) for name in self.named],
        }


WHOLE: Final = Dataset()
"""What a query says itself, or all graphs."""


def run_query(
    query: str,
    knowledge: Knowledge,
    *,
    assessment: Assessment | None = None,
    bindings: Mapping[str, object] | None = None,
) -> Rows:
    """Answer a question about the knowledge, and about a case if one is given.

    The default graph is the union of all graphs; `GRAPH ?g` tells them apart (see `refractory.query.graphs`), and FROM
    and FROM NAMED choose among them.

    Args:
        query: The name of a query in `knowledge.queries`, or the text of one.
        knowledge: What is asked.
        assessment: Adds the graphs of an assessed case.
        bindings: Values for the query's variables. A string is the name of a term in any form, else a text; numbers and
            dates keep their type; terms of pyoxigraph pass as they are. They reach the engine as data, never as text.

    Raises:
        UsageError: There is no such query, it is not SPARQL, or a binding is missing, unknown or misspelt.
        RefusedError: The query would reach outside, or change something.
        LimitError: The query is larger or deeper than allowed.
    """
    named = knowledge.queries.get(query)
    if named is None and not re.search(r"[\s{]", query):
        near = difflib.get_close_matches(query, knowledge.queries, n=3)
        raise UsageError(
            f"no query is called {query!r}.",
            fix=did_you_mean(near) or "`refractory queries` lists them; or give the text of a query.",
        )
    text = named.text if named else query
    if named and "case" in named.header and assessment is None:
        raise UsageError(
            f"the query {named.name} asks about a case.", fix="Give one: `--case FILE`, or `case=` in Python."
        )
    try:
        checked = check(text, graph_names(assessment))
        values = values_of(checked, named, knowledge, bindings or {})
        rows = _answer(text, checked, knowledge, assessment, values=values)
        # Nobody who asks a query by its name can mend its text.
        return replace(rows, warnings=()) if named else rows
    except RefractoryError as error:
        if named and error.place:
            raise _at(named, error) from error
        raise


def run_on(
    store: Store,
    query: str | QueryFile,
    knowledge: Knowledge,
    *,
    terms: frozenset[str],
    graphs: tuple[str, ...],
    bindings: Mapping[str, object] | None = None,
) -> Rows:
    """Answer a question to a store that holds more than a knowledge, as `run_query` does to a knowledge.

    Args:
        store: What is asked; it is only read.
        query: The text of a query, or one that has a name.
        knowledge: What the names in bindings are resolved by.
        terms: The IRIs of our namespace that stand in the store.
        graphs: The named graphs of the store.
        bindings: As of `run_query`.

    Raises:
        UsageError: As of `run_query`.
        RefusedError: As of `run_query`.
        LimitError: As of `run_query`.
        KnowledgeError: A query that has a name is at fault.
    """
    named, text = (query, query.text) if isinstance(query, QueryFile) else (None, query)
    try:
        checked = check(text, graphs)
        values = values_of(checked, named, knowledge, bindings or {})
        options = {**Dataset(checked.default, checked.named).options, "substitutions": dict(values)}
        rows = _run(store, text, checked, options)
        told = () if named else warnings_of(checked, terms, graphs, {variable.value for variable in values})
        return replace(rows, warnings=told)
    except RefractoryError as error:
        if named and error.place:
            raise _at(named, error) from error
        raise


def _at(named: QueryFile, error: RefractoryError) -> KnowledgeError:
    """Return an error of a query that has a name: nobody who asks it by its name can mend it."""
    return KnowledgeError(error.what, place=f"{named.path}, {error.place}", why=error.why, fix=error.fix)


def ask(
    text: str,
    knowledge: Knowledge,
    *,
    assessment: Assessment | None = None,
    dataset: Dataset = WHOLE,
    base: str | None = None,
) -> Rows:
    """Answer the text of a query, as the SPARQL protocol has it.

    Args:
        text: The query; never the name of one.
        knowledge: What is asked.
        assessment: Adds the graphs of an assessed case.
        dataset: Which graphs are asked; it goes before what the query says.
        base: What relative IRIs are relative to.

    Raises:
        UsageError: It is not SPARQL.
        RefusedError: It would reach outside, change something, or asks graphs that are not there.
        LimitError: It is larger or deeper than allowed, or has more answers.
    """
    names = graph_names(assessment)
    dataset.within(names)
    return _answer(text, check(text, names), knowledge, assessment, dataset=dataset, base=base)


def _answer(
    text: str,
    checked: Checked,
    knowledge: Knowledge,
    assessment: Assessment | None,
    *,
    dataset: Dataset = WHOLE,
    base: str | None = None,
    values: Mapping[Variable, NamedNode | BlankNode | Literal] | None = None,
) -> Rows:
    if dataset == WHOLE:
        dataset = Dataset(checked.default, checked.named)
    options = {**dataset.options, "base_iri": base, "substitutions": dict(values or {})}
    store, terms = store_of(knowledge, assessment)
    rows = _run(store, text, checked, options)
    bound = {variable.value for variable in values or {}}
    return replace(rows, warnings=warnings_of(checked, terms, graph_names(assessment), bound))


def _run(store: Store, text: str, checked: Checked, options: dict[str, Any]) -> Rows:
    try:
        results = store.query(text, **options)
        if isinstance(results, QuerySolutions):
            return Rows.of_solutions(results, ordered=checked.ordered)
        if isinstance(results, QueryBoolean):
            return Rows.of_boolean(answer=bool(results))
        return Rows.of_triples(results)
    except SyntaxError as error:
        raise _syntax_error(text, str(error)) from None
    except RuntimeError as error:
        # The engine binds only what the outermost SELECT gives as a column.
        columns = ", ".join(f"?{variable.value}" for variable in options["substitutions"])
        fix = f"Name the bound variables in the SELECT: {columns}." if columns else ""
        raise UsageError(f"the query cannot be answered: {error}.", fix=fix) from error
    except OSError as error:
        raise RefusedError("the query reached outside and was stopped.", why="Nothing is ever fetched.") from error


def _syntax_error(text: str, message: str) -> UsageError:
    """Return the engine's complaint with the line it is about and a caret below."""
    found = _WHERE.match(message)
    if not found:
        return UsageError(f"the query is not SPARQL: {message}.")
    line, column, expected = int(found[1]), int(found[2]), " ".join(found[3].split())
    if re.fullmatch(r"[A-Z_]+", expected):
        # For a keyword the engine counts to where the keyword would have ended.
        column -= len(expected)
    line, column = within(text, line, column)
    if len(expected) > 80 or "['" in expected or "[_]" in expected:
        expected = "something else"
    return UsageError(
        f"the query is not SPARQL here; expected {expected}, or another way to go on.\n{caret(text, line, column)}\n",
        place=f"line {line}, column {column}",
    )
