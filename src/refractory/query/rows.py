"""The answer to a query, as a frozen value in one order, and the forms in which it is handed on."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import escape
from itertools import islice
from typing import Any, Final, TypeVar
from typing import Literal as OneOf

from pyoxigraph import (
    BlankNode,
    Literal,
    NamedNode,
    QueryBoolean,
    QueryResultsFormat,
    QuerySolutions,
    RdfFormat,
    Triple,
    parse_query_results,
    serialize,
)

from refractory.errors import LimitError, UsageError
from refractory.query.prefixes import PREFIXES
from refractory.query.terms import Term, cell, json_of, short, shown

__all__ = ["MAX_ROWS", "Row", "Rows", "Term", "short", "xml_text"]

Row = tuple[Term | None, ...]
Answer = TypeVar("Answer")

MAX_ROWS: Final = 100_000
_NO_XML: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Rows:
    """What a query answers.

    A `SELECT` without `ORDER BY` has its rows sorted by their terms, so that the same question has the same answer;
    with it, they stay as the query orders them.

    Attributes:
        kind: `rows` of SELECT, `boolean` of ASK, `graph` of CONSTRUCT and DESCRIBE.
        variables: The columns, without question marks.
        rows: The terms of each row, a column each; None where a variable is unbound.
        boolean: The answer of ASK.
        triples: The triples of CONSTRUCT and DESCRIBE, in canonical order.
        warnings: What to look at in the query if the answer surprises; two answers that differ in it alone are equal.
    """

    kind: OneOf["rows", "boolean", "graph"]
    variables: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    boolean: bool = False
    triples: tuple[Triple, ...] = ()
    warnings: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def of_solutions(cls, solutions: QuerySolutions, *, ordered: bool) -> Rows:
        """Take the rows of a SELECT; sort them unless the query did.

        Raises:
            LimitError: There are more rows than anybody reads.
        """
        rows = [tuple(_plain(term) for term in solution) for solution in _limited(solutions)]
        if not ordered:
            rows.sort(key=_order)
        return cls("rows", tuple(variable.value for variable in solutions.variables), tuple(_relabelled(rows)))

    @classmethod
    def of_boolean(cls, *, answer: bool) -> Rows:
        """Take the answer of an ASK."""
        return cls("boolean", boolean=answer)

    @classmethod
    def of_triples(cls, triples: Iterable[Triple]) -> Rows:
        """Take the triples of a CONSTRUCT or DESCRIBE.

        Raises:
            LimitError: There are more triples than anybody reads.
        """
        return cls("graph", triples=tuple(sorted(set(_limited(triples)), key=str)))

    def __iter__(self) -> Iterator[dict[str, Term | None]]:
        """Yield each row as a dictionary from variable to term."""
        for row in self.rows:
            yield dict(zip(self.variables, row, strict=True))

    def __len__(self) -> int:
        """Return the number of rows, or of triples."""
        return len(self.rows) + len(self.triples)

    def __bool__(self) -> bool:
        """Return the answer of ASK; else whether anything was found."""
        return self.boolean or len(self) > 0

    def to_json(self) -> dict[str, Any]:
        """Return SPARQL 1.1 Query Results JSON.

        Raises:
            UsageError: The answer is a graph.
        """
        self._no_graph("json")
        if self.kind == "boolean":
            return {"head": {}, "boolean": self.boolean}
        bindings = [{name: json_of(term) for name, term in row.items() if term is not None} for row in self]
        return {"head": {"vars": list(self.variables)}, "results": {"bindings": bindings}}

    def to_xml(self) -> str:
        """Return the SPARQL Query Results XML Format.

        Raises:
            UsageError: The answer is a graph, or has a character that XML cannot carry.
        """
        return xml_text((self._results().serialize(format=QueryResultsFormat.XML) or b"").decode())

    def to_csv(self, *, exact: bool = False) -> str:
        """Return SPARQL 1.1 Query Results CSV, safe to open in a spreadsheet.

        A cell that a spreadsheet would take for a formula (it begins with `=`, `+`, `-`, `@`, a tab or a carriage
        return) gets an apostrophe before it, unless it is a number. Only this form does that.

        Args:
            exact: Leave the apostrophe out: what the W3C's form says, for programs and not for spreadsheets.

        Raises:
            UsageError: The answer is a graph.
        """
        self._no_graph("csv")
        table = [["answer"], ["true" if self.boolean else "false"]]
        if self.kind == "rows":
            table = [list(self.variables), *([cell(term, exact=exact) for term in row] for row in self.rows)]
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows(table)
        return text.getvalue()

    def to_tsv(self) -> str:
        """Return SPARQL 1.1 Query Results TSV: terms as Turtle writes them.

        Raises:
            UsageError: The answer is a graph.
        """
        self._no_graph("tsv")
        if self.kind == "boolean":
            return f"?answer\n{'true' if self.boolean else 'false'}\n"
        return (self._results().serialize(format=QueryResultsFormat.TSV) or b"").decode()

    def to_turtle(self) -> str:
        """Return the graph as Turtle.

        Raises:
            UsageError: The answer is not a graph.
        """
        if self.kind != "graph":
            raise UsageError("only a CONSTRUCT or DESCRIBE answers with a graph.", fix="Take json, csv, xml or table.")
        return (serialize(self.triples, format=RdfFormat.TURTLE, prefixes=dict(PREFIXES)) or b"").decode()

    def to_table(self) -> str:
        """Return a table of plain text for people, with our terms by their names; a graph comes as Turtle."""
        if self.kind == "graph":
            return self.to_turtle()
        if self.kind == "boolean":
            return "true\n" if self.boolean else "false\n"
        table = [list(self.variables), *([shown(term) for term in row] for row in self.rows)]
        widths = [max(len(line[column]) for line in table) for column in range(len(self.variables))]
        table.insert(1, ["-" * width for width in widths])
        padded = ([cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in table)
        lines = ["  ".join(cells).rstrip() for cells in padded]
        count = len(self.rows)
        return "\n".join([*lines, f"({count} row{'' if count == 1 else 's'})"]) + "\n"

    def _repr_html_(self) -> str:
        """Show the answer as a table in a notebook."""
        if self.kind != "rows":
            return f"<pre>{escape(self.to_table())}</pre>"
        head = "".join(f"<th>{escape(name)}</th>" for name in self.variables)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(shown(term))}</td>" for term in row) + "</tr>" for row in self.rows
        )
        return f"<table><tr>{head}</tr>{body}</table>"

    def _results(self) -> QuerySolutions | QueryBoolean:
        """Return the answer as the engine's own value again, which knows how to write itself."""
        text = json.dumps(self.to_json()).encode()
        return parse_query_results(text, format=QueryResultsFormat.JSON)

    def _no_graph(self, form: str) -> None:
        if self.kind == "graph":
            raise UsageError(f"a graph has no {form} form.", fix="Take turtle, or ask with SELECT.")


def xml_text(text: str) -> str:
    """Return XML that says what it was made of.

    Raises:
        UsageError: It holds a character that XML has no way to write.
    """
    if found := _NO_XML.search(text):
        raise UsageError(
            f"the answer has the character U+{ord(found.group()):04X}, which XML cannot carry.",
            fix="Take another form.",
        )
    # A carriage return that stands in a text is read back as a line feed.
    return text.replace("\r", "&#13;")


def _limited(answers: Iterable[Answer]) -> list[Answer]:
    answers = list(islice(answers, MAX_ROWS + 1))
    if len(answers) > MAX_ROWS:
        raise LimitError(f"the query has more than {MAX_ROWS} answers.", fix="Ask for less, or say LIMIT.")
    return answers


def _plain(term: object) -> Term | None:
    if term is None or isinstance(term, NamedNode | BlankNode | Literal):
        return term
    raise UsageError("the query answers with a quoted triple.", fix="Ask for its subject, predicate and object.")


def _order(row: Row) -> tuple[str, ...]:
    # A blank node's label is made anew at each load, so it orders nothing.
    return tuple("" if term is None or isinstance(term, BlankNode) else str(term) for term in row)


def _relabelled(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield rows with blank nodes numbered in the order in which they come, the same for every load."""
    labels: dict[BlankNode, BlankNode] = {}
    for row in rows:
        yield tuple(
            labels.setdefault(term, BlankNode(f"b{len(labels)}")) if isinstance(term, BlankNode) else term
            for term in row
        )
