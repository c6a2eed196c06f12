"""The catalogue of queries, as texts that run wherever SPARQL is spoken: parameters are filled in, headers left out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pyoxigraph import BlankNode

from refractory.errors import UsageError
from refractory.knowledge.headers import QueryFile
from refractory.knowledge.knowledge import Knowledge
from refractory.query.bindings import values_of
from refractory.query.guard import check

_CASE = "It asks about a case: send one with it, as the parameter case."


@dataclass(frozen=True, slots=True)
class Example:
    """A query of the catalogue that runs as it stands.

    Attributes:
        name: Its name.
        number: Its number, by which discussions cite it.
        says: What it asks, and what it needs.
        form: `SELECT`, `ASK`, `CONSTRUCT` or `DESCRIBE`.
        text: The query; its parameters have the values of its example.
        keywords: `case` for a question about a case, `knowledge` for any other.
    """

    name: str
    number: str
    says: str
    form: str
    text: str
    keywords: tuple[str, ...]


def examples(knowledge: Knowledge) -> Iterator[Example]:
    """Yield the catalogue in the order of numbers."""
    for file in sorted(knowledge.queries.values(), key=lambda file: (file.header.get("question", ""), file.name)):
        text = filled(file, knowledge)
        about = "case" if "case" in file.header else "knowledge"
        says = f"{file.header['title']}. {_CASE}" if about == "case" else f"{file.header['title']}."
        yield Example(file.name, file.header.get("question", file.name), says, check(text).form, text, (about,))


def filled(file: QueryFile, knowledge: Knowledge, bindings: Mapping[str, object] | None = None) -> str:
    """Return the text of a query with values for its parameters written at its end, as VALUES.

    Args:
        file: A query of the catalogue.
        knowledge: What names are resolved by.
        bindings: Values by parameter, as in `run_query`; without them those of its example, `bindings.json` beside it.

    Raises:
        UsageError: A value is missing, unknown, or one that no text of a query can hold.
    """
    lines = file.text.splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#+")).strip() + "\n"
    if bindings is None:
        beside = knowledge.files.contents.get(file.path.rpartition("/")[0] + "/bindings.json", b"{}")
        bindings = json.loads(beside)
    values = values_of(check(text), file, knowledge, bindings)
    if not values:
        return text
    if any(isinstance(value, BlankNode) for value in values.values()):
        raise UsageError("a blank node cannot be written into a query.", fix="Give a term that has a name.")
    names = " ".join(f"?{variable.value}" for variable in values)
    return f"{text}VALUES ({names}) {{ ({' '.join(map(str, values.values()))}) }}\n"
