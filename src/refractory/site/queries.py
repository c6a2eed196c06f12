"""The page of a query of the catalogue: what it asks, its text, its answer, and how to ask it."""

from __future__ import annotations

import csv
import json
import re
import shlex
from dataclasses import dataclass
from itertools import cycle
from typing import Any

from pyoxigraph import Literal, NamedNode

from refractory.knowledge.headers import QueryFile
from refractory.site.library import Draft, Library
from refractory.site.pieces import Piece, Pieces, sparql
from refractory.vocabulary import PREFIX, Xsd, rfy


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that a query wants: its variable, its type, its default, and an example."""

    name: str
    kind: str
    default: str
    example: str


def query(library: Library, file: QueryFile) -> Draft:
    """Return the page of a query."""
    folder = file.path.rpartition("/")[0]
    examples = _examples(library, folder)
    columns, rows = _answer(library, folder)
    parameters = _parameters(file, examples)
    values = {
        "name": file.name,
        "number": file.header.get("question", ""),
        "question": _question(library, folder),
        "parameters": parameters,
        "case": file.header.get("case", ""),
        "text": sparql(file.text, library.links.of_name),
        "columns": columns,
        "rows": [[_cell(library, cell) for cell in row] for row in rows],
        "command": _command(file, parameters),
        "python": _python(file, parameters),
        "values": _bound(library, parameters),
        "file": library.file(file.path),
    }
    return Draft("query.html", file.header["title"], "queries", values)


def queries(library: Library) -> Draft:
    """Return the list of queries: those of the knowledge alone, and those that a case is needed for."""
    rows = [
        (Piece(file.header["title"], library.links.queries[name]), name, file.list("parameters"), "case" in file.header)
        for name, file in sorted(library.knowledge.queries.items(), key=lambda item: item[1].header["title"].casefold())
    ]
    return Draft("queries.html", "Queries", "queries", {"rows": rows})


def _examples(library: Library, folder: str) -> dict[str, Any]:
    """Return the values with which the answer that stands beside the query was made."""
    content = library.knowledge.files.contents.get(f"{folder}/bindings.json")
    return dict(json.loads(content)) if content else {}


def _answer(library: Library, folder: str) -> tuple[list[str], list[list[str]]]:
    content = library.knowledge.files.contents.get(f"{folder}/expected.csv", b"").decode()
    table = list(csv.reader(content.splitlines()))
    return (table[0], table[1:]) if table else ([], [])


def _question(library: Library, folder: str) -> list[tuple[str, Pieces]]:
    """Return the parts of the page that says who asks what and why, each with its heading."""
    path = library.knowledge.files.root / folder / "question.md"
    if not path.is_file():
        return []
    text = path.read_text(encoding="utf-8")
    parts = re.findall(r"^\*\*([^*]+?)\.\*\*\s+(.+?)(?=\n\n|\Z)", text, re.MULTILINE | re.DOTALL)
    return [(heading, _marked(" ".join(body.split()))) for heading, body in parts]


def _marked(text: str) -> Pieces:
    """Return a text of Markdown with what stands between backticks marked."""
    return tuple(Piece(part, look="mono" if odd else "") for odd, part in zip(cycle((0, 1)), text.split("`")) if part)


def _parameters(file: QueryFile, examples: dict[str, Any]) -> list[Parameter]:
    kinds, defaults = _pairs(file, "types"), _pairs(file, "defaults")
    found = []
    for name in dict.fromkeys((*file.list("parameters"), *defaults)):
        default = defaults.get(name, "")
        found.append(Parameter(name, kinds.get(name, "term"), default, str(examples.get(name, default))))
    return found


def _pairs(file: QueryFile, key: str) -> dict[str, str]:
    """Return a header like `line=24, citation=1` as a dictionary."""
    pairs = (part.partition("=") for part in file.list(key))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _cell(library: Library, text: str) -> Piece:
    """Return a cell of an answer; one of our terms leads to its page."""
    prefix, _, name = text.partition(":")
    return Piece(text, library.links.of_name(name) if prefix == PREFIX and name else "")


def _command(file: QueryFile, parameters: list[Parameter]) -> str:
    parts = ["refractory query", file.name]
    parts += [f"--bind {shlex.quote(f'{one.name}={one.example}')}" for one in parameters]
    parts += ["--case case.json"] if "case" in file.header else []
    return " ".join(parts)


def _python(file: QueryFile, parameters: list[Parameter]) -> str:
    given = [f'"{file.name}"']
    given += ["case=case"] if "case" in file.header else []
    for one in parameters:
        value = one.example if one.kind in {"integer", "decimal"} else json.dumps(one.example, ensure_ascii=False)
        given.append(f"{one.name}={value}")
    return f"rows = kb.query({', '.join(given)})"


def _bound(library: Library, parameters: list[Parameter]) -> str:
    """Return the line that binds the parameters in SPARQL itself, to be put at the end of the text."""
    names = " ".join(f"?{one.name}" for one in parameters)
    values = " ".join(str(_term(library, one)) for one in parameters)
    return f"VALUES ({names}) {{ ({values}) }}" if parameters else ""


def _term(library: Library, parameter: Parameter) -> NamedNode | Literal:
    """Return the example of a parameter as it is written in SPARQL."""
    match parameter.kind:
        case "integer":
            return Literal(parameter.example, datatype=Xsd.INTEGER)
        case "decimal":
            return Literal(parameter.example, datatype=Xsd.DECIMAL)
        case "text":
            return Literal(parameter.example)
    graph = library.graph
    for node in (library.knowledge.names.find(parameter.example), _node(parameter.example)):
        if node is not None and (graph.about(node) or graph.to(node) or "://" in parameter.example):
            return node
    return Literal(parameter.example)


def _node(text: str) -> NamedNode | None:
    try:
        return NamedNode(text if "://" in text else rfy(text).value)
    except ValueError:
        return None
