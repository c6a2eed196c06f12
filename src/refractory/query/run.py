"""Runs a query: finds it, checks it, binds its parameters as data, and answers with rows."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

from pyoxigraph import BlankNode, Literal, NamedNode, QueryBoolean, QuerySolutions, Store, Variable

from refractory.errors import KnowledgeError, RefractoryError, RefusedError, UsageError
from refractory.knowledge.headers import QueryFile
from refractory.knowledge.knowledge import Knowledge
from refractory.knowledge.names import did_you_mean
from refractory.model.assessment import Assessment
from refractory.query.graphs import store_of
from refractory.query.guard import Checked, check
from refractory.query.rows import Rows
from refractory.vocabulary import NAMESPACE, PREFIX, Xsd

__all__ = ["Rows", "run_query"]

_WHERE = re.compile(r"error at (\d+):(\d+): expected (.*)", re.DOTALL)


def run_query(
    query: str,
    knowledge: Knowledge,
    *,
    assessment: Assessment | None = None,
    bindings: Mapping[str, object] | None = None,
) -> Rows:
    """Answer a question about the knowledge, and about a case if one is given.

    The default graph is the union of all graphs; `GRAPH ?g` tells them apart (see `refractory.query.graphs`).

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
        checked = check(text)
        values = _values(checked, named, knowledge, bindings or {})
        return _run(store_of(knowledge, assessment), text, checked, values)
    except RefractoryError as error:
        if named and error.place:
            place = f"{named.path}, {error.place}"
            raise KnowledgeError(error.what, place=place, why=error.why, fix=error.fix) from error
        raise


def _run(store: Store, text: str, checked: Checked, values: Mapping[Variable, NamedNode | BlankNode | Literal]) -> Rows:
    try:
        results = store.query(text, use_default_graph_as_union=True, substitutions=dict(values))
        if isinstance(results, QuerySolutions):
            return Rows.of_solutions(results, ordered=checked.ordered)
        if isinstance(results, QueryBoolean):
            return Rows.of_boolean(answer=bool(results))
        return Rows.of_triples(results)
    except SyntaxError as error:
        raise _syntax_error(text, str(error)) from None
    except RuntimeError as error:
        # The engine binds only what the outermost SELECT gives as a column.
        columns = ", ".join(f"?{variable.value}" for variable in values)
        raise UsageError(
            f"the query cannot be answered: {error}.", fix=f"Name the bound variables in the SELECT: {columns}."
        ) from error
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
    lines = text.split("\n")
    line = min(line, len(lines))
    shown = lines[line - 1].replace("\t", " ")
    column = max(1, min(column, len(shown) + 1))
    start = max(0, column - 60)
    excerpt = f"{shown[start : start + 100]}\n{' ' * (column - 1 - start)}^"
    if len(expected) > 80 or "['" in expected or "[_]" in expected:
        expected = "something else"
    return UsageError(
        f"the query is not SPARQL here; expected {expected}, or another way to go on.\n{excerpt}\n",
        place=f"line {line}, column {column}",
    )


def _values(
    checked: Checked, named: QueryFile | None, knowledge: Knowledge, bindings: Mapping[str, object]
) -> dict[Variable, NamedNode | BlankNode | Literal]:
    """Return what the variables are bound to, defaults of a named query included."""
    given = {name.lstrip("?$"): value for name, value in bindings.items()}
    for name in given:
        if name not in checked.variables:
            near = difflib.get_close_matches(name, sorted(checked.variables), n=3)
            raise UsageError(
                f"the query has no variable ?{name} to bind.",
                fix=did_you_mean(f"?{other}" for other in near) or f"It has {_listed(checked.variables)}.",
            )
    types = _pairs(named, "types")
    if named:
        given = {**_pairs(named, "defaults"), **given}
        for name in named.list("parameters"):
            if name not in given:
                raise UsageError(
                    f"the query {named.name} needs a value for ?{name}.",
                    fix=f"Bind it: `--bind {name}=...` on the command line, `{name}=...` in Python.",
                )
    if given and checked.form != "SELECT":
        # The engine would bind some variables of an ASK or CONSTRUCT and silently not others.
        raise UsageError(f"a value can be bound in a SELECT, not in {checked.form}.", fix="Ask with SELECT.")
    expected = "term" if named else "any"
    return {Variable(name): _term(name, value, types.get(name, expected), knowledge) for name, value in given.items()}


def _listed(variables: frozenset[str]) -> str:
    return ", ".join(f"?{name}" for name in sorted(variables)) or "none"


def _pairs(named: QueryFile | None, key: str) -> dict[str, str]:
    """Return a header like `line=24, citation=1` as a dictionary."""
    pairs = (part.partition("=") for part in named.list(key)) if named else ()
    return {name.strip(): value.strip() for name, _, value in pairs}


def _term(name: str, value: object, kind: str, knowledge: Knowledge) -> NamedNode | BlankNode | Literal:
    """Return a value as the RDF term that a variable is bound to."""
    match value:
        case NamedNode() | BlankNode() | Literal():
            return value
        case bool():
            return Literal(value)
        case int():
            return Literal(str(value), datatype=Xsd.INTEGER)
        case Decimal() if value.is_finite():
            return Literal(f"{value:f}", datatype=Xsd.DECIMAL)
        case date():
            return Literal(value.isoformat()[:10], datatype=Xsd.DATE)
        case str():
            return _term_of_text(name, value, kind, knowledge)
        case _:
            what = f"{type(value).__name__} is no kind of value for ?{name}."
            raise UsageError(what, fix="Give a name, a text, an int, a Decimal or a date.")


def _term_of_text(name: str, value: str, kind: str, knowledge: Knowledge) -> NamedNode | Literal:
    match kind:
        case "text":
            return Literal(value)
        case "integer" | "decimal":
            return _number(name, value, kind)
    found = _named(value, knowledge)
    if found is None and kind == "term":
        raise UsageError(
            f"?{name}: nothing is called {value!r}.",
            fix=did_you_mean(knowledge.names.nearest(value)) or "Give a term's name, label or IRI.",
        )
    return found if found is not None else Literal(value)


def _named(value: str, knowledge: Knowledge) -> NamedNode | None:
    """Return what a name stands for: an individual by any name, a term of ours by its own, an absolute IRI."""
    found = knowledge.names.find(value)
    if found is not None:
        return found
    plain = value.strip().removeprefix("<").removesuffix(">")
    iri = plain if re.match(r"(https?|urn):", plain) else NAMESPACE + plain.removeprefix(f"{PREFIX}:")
    try:
        node = NamedNode(iri)
    except ValueError:
        return None
    known = next(knowledge.store.quads_for_pattern(node, None, None), None) is not None
    return node if known or iri == plain else None


def _number(name: str, value: str, kind: str) -> Literal:
    try:
        number = Decimal(value)
        plain = re.fullmatch(r"[+-]?[0-9]+" if kind == "integer" else r"[+-]?[0-9]+(\.[0-9]+)?", value)
    except InvalidOperation:
        plain = None
    if not plain:
        raise UsageError(f"?{name}: {value!r} is no {kind}.", fix="Write digits alone.")
    return Literal(f"{number:f}", datatype=Xsd.INTEGER if kind == "integer" else Xsd.DECIMAL)
