"""Asks the queries of `queries/hygiene/` of the whole knowledge: each row of one is a fault."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode, QuerySolutions

from refractory.guidance.fault import Fault
from refractory.guidance.graph import GuidanceGraph, name_of
from refractory.knowledge.headers import read_query

_FOLDER: Final = "queries/hygiene"

# What lines and places are is told line by line, with the numbers, where a source is held against its text.
TOLD_LINE_BY_LINE: Final = frozenset(
    {"document-with-missing-lines", "line-without-a-home", "place-outside-its-line", "statement-without-a-place"}
)

_UNDECLARED: Final = "undeclared-term"


def unhygienic(graph: GuidanceGraph) -> Iterator[Fault]:
    """Yield what the hygiene queries find, each cause once.

    A query's `problem` says why the fault matters, and its `solution` how it is mended.
    """
    for path, content in sorted(graph.knowledge.files.under(_FOLDER, ".rq").items()):
        query = read_query(PurePosixPath(path).stem, path, content)
        if query.name in TOLD_LINE_BY_LINE:
            continue
        solutions = graph.store.query(query.text)
        if not isinstance(solutions, QuerySolutions):
            raise TypeError(path)
        seen = set()
        for row in solutions:
            entity, predicate, value = (row[name] for name in ("entity", "property", "value"))
            if not isinstance(entity, NamedNode | BlankNode):
                continue
            if query.name != _UNDECLARED and graph.is_told_of_a_name(entity, predicate, value):
                continue
            file, term = graph.file_of(entity, predicate, value), name_of(entity)
            # A term may be found once for each of its types, or at each place that names it.
            if graph.checks(file) and (file, term) not in seen:
                seen.add((file, term))
                title = query.header["title"]
                message = f"{title[:1].lower()}{title[1:]}{_said(predicate, value)}. {query.header['problem']}"
                yield Fault(query.name, file, term, message, query.header["solution"])


def _said(predicate: object, value: object) -> str:
    """Return which property is at fault and what it has."""
    if not isinstance(predicate, NamedNode) or not isinstance(value, NamedNode | BlankNode | Literal):
        return ""
    text = name_of(value)
    return f" ({name_of(predicate)}: {text if len(text) <= 80 else text[:79] + '…'})"
