"""What a worker does for the SPARQL console: the page with the catalogue, and where a form sent a query, its answer."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from refractory.errors import UsageError
from refractory.knowledge.headers import QueryFile
from refractory.knowledge.knowledge import Knowledge
from refractory.query.catalogue import filled
from refractory.query.prefixes import KNOWN
from refractory.service.pages.chrome import HTML, NAVIGATION
from refractory.service.pages.sent import Sent, read_sent
from refractory.service.problems import PROBLEM
from refractory.service.sparql import tasks as sparql_tasks
from refractory.service.sparql.request import FORM, WARNING
from refractory.service.work.messages import Reply, Task
from refractory.web.pages import page

if TYPE_CHECKING:
    from refractory.pipeline.knowledge_base import KnowledgeBase

ROWS: Final = "application/sparql-results+json"
GRAPH: Final = "text/turtle"

DOWNLOADS: Final[Mapping[str, str]] = {
    "csv": "text/csv",
    "json": ROWS,
    "tsv": "text/tab-separated-values",
    "ttl": GRAPH,
}
"""The forms in which an answer is had as a file: by their suffixes, the media types."""

SHOWN_ROWS: Final = 1_000
"""How many rows the page shows; a file has all of them."""

_START: Final = """\
PREFIX rfy: <https://w3id.org/refractory/>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>

SELECT ?action ?label
WHERE {
  ?action a rfy:Action ;
          rdfs:label ?label .
}
ORDER BY ?label
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A query of the catalogue.

    Attributes:
        name: Its name.
        title: What it asks, in short.
        question: What it asks.
        text: The query, with prefixes and with values where it wants some.
        about_case: It wants a case.
    """

    name: str
    title: str
    question: str
    text: str
    about_case: bool


Catalogue = tuple[tuple[str, tuple[Entry, ...]], ...]
"""Queries in groups, each group with its name."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A term as it is shown: its text, whether it is a name, and what its text does not say (language, datatype)."""

    text: str
    name: bool = False
    extra: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown below the query.

    Attributes:
        kind: `rows`, `boolean`, `graph` or `fault`; empty where nothing was asked.
        columns: The variables.
        rows: The first rows.
        count: How many rows there are.
        boolean: The answer to ASK.
        turtle: A graph as Turtle.
        fault: What is wrong, as problem details.
        warnings: What to look at in the query.
        milliseconds: How long it took.
    """

    kind: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    count: int = 0
    boolean: bool = False
    turtle: str = ""
    fault: Mapping[str, Any] | None = None
    warnings: tuple[str, ...] = ()
    milliseconds: int = 0


def console(base: KnowledgeBase, task: Task) -> Reply:
    """Show the console. Options: `method`, `type` of the body, `endpoint`."""
    if task.options["method"] == "GET":
        return Reply(200, HTML, _page(base.knowledge, _START, "", Shown()))
    sent = read_sent(task.body, task.options["type"])
    if name := sent.one("pick"):
        return Reply(200, HTML, _page(base.knowledge, _picked(base.knowledge, name), sent.one("case"), Shown()))
    return _answered(base, sent, task.options["endpoint"])


def _picked(knowledge: Knowledge, name: str) -> str:
    if name not in knowledge.queries:
        raise UsageError("there is no such query in the catalogue.", place="pick", fix="Take one that the page shows.")
    return filled(knowledge.queries[name], knowledge)


def _answered(base: KnowledgeBase, sent: Sent, endpoint: str) -> Reply:
    """Ask as anybody asks the endpoint, and show what it answers, or give it as a file."""
    query, case, suffix = sent.one("query"), sent.one("case"), sent.one("form")
    if suffix and suffix not in DOWNLOADS:
        raise UsageError("there is no such form.", place="form", fix=f"Take {', '.join(DOWNLOADS)}.")
    body = urlencode({"query": query, **({"case": case} if case.strip() else {})}).encode()
    accept = DOWNLOADS.get(suffix, f"{ROWS}, {GRAPH};q=0.9")
    began = time.perf_counter()
    reply = sparql_tasks.query(
        base, Task("query", body, {"media": FORM, "url": "", "accept": accept, "endpoint": endpoint})
    )
    taken = round((time.perf_counter() - began) * 1000)
    if suffix and reply.status == 200:
        return replace(reply, headers=(("Content-Disposition", f'attachment; filename="answer.{suffix}"'),))
    shown = replace(_shown(reply), milliseconds=taken)
    return Reply(reply.status, HTML, _page(base.knowledge, query, case, shown), reply.record)


def _shown(reply: Reply) -> Shown:
    warnings = tuple(value for name, value in reply.headers if name == WARNING)
    if reply.media_type == PROBLEM:
        return Shown("fault", fault=json.loads(reply.body))
    if reply.media_type == GRAPH:
        return Shown("graph", turtle=reply.body.decode(), warnings=warnings)
    said = json.loads(reply.body)
    if "boolean" in said:
        return Shown("boolean", boolean=said["boolean"], warnings=warnings)
    columns, found = tuple(said["head"]["vars"]), said["results"]["bindings"]
    rows = tuple(tuple(_cell(row.get(column)) for column in columns) for row in found[:SHOWN_ROWS])
    return Shown("rows", columns, rows, len(found), warnings=warnings)


def _cell(term: Mapping[str, str] | None) -> Cell:
    if term is None:
        return Cell("")
    if term["type"] == "uri":
        return Cell(_short(term["value"]), name=True)
    if term["type"] == "bnode":
        return Cell(f"_:{term['value']}", name=True)
    extra = term.get("xml:lang") or _short(term.get("datatype", ""))
    return Cell(term["value"], extra=extra)


def _short(iri: str) -> str:
    """Return an IRI with its prefix where it has a known one, as the script of the page does too."""
    for prefix, namespace in KNOWN.items():
        name = iri.removeprefix(namespace)
        if name != iri and re.fullmatch(r"[\w.-]+", name):
            return f"{prefix}:{name}"
    return iri


def _page(knowledge: Knowledge, query: str, case: str, shown: Shown) -> bytes:
    return page(
        "console/console.html",
        navigation=NAVIGATION,
        here="console",
        root="./",
        title="SPARQL console",
        query=query,
        case=case,
        shown=shown,
        limit=SHOWN_ROWS,
        prefixes=json.dumps(dict(KNOWN)),
        groups=catalogue(knowledge),
    ).encode()


_GROUPS: Final = ("Of a case", "Of something that you name", "Of the whole knowledge")


# By the hash of the knowledge. A worker has one; a few stay where tests compare several.
_KEPT: Final = 4
_catalogues: dict[str, Catalogue] = {}


def catalogue(knowledge: Knowledge) -> Catalogue:
    """Return the queries in their groups; the same knowledge has the same ones, because reading them takes time."""
    if knowledge.hash not in _catalogues:
        while len(_catalogues) >= _KEPT:
            _catalogues.pop(next(iter(_catalogues)))
        found: dict[str, list[Entry]] = {group: [] for group in _GROUPS}
        for file in sorted(knowledge.queries.values(), key=lambda file: file.header["title"].casefold()):
            group = _GROUPS[0 if "case" in file.header else 1 if file.list("parameters") else 2]
            question = _question(knowledge, file)
            text = filled(file, knowledge)
            found[group].append(Entry(file.name, file.header["title"], question, text, "case" in file.header))
        _catalogues[knowledge.hash] = tuple((group, tuple(entries)) for group, entries in found.items() if entries)
    return _catalogues[knowledge.hash]


def _question(knowledge: Knowledge, file: QueryFile) -> str:
    """Return the question that stands beside a query."""
    path = knowledge.files.root / file.path.rpartition("/")[0] / "question.md"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    found = re.search(r"^\*\*Question\.\*\*\s+(.+?)(?=\n\n|\Z)", text, re.MULTILINE | re.DOTALL)
    return " ".join(found[1].split()) if found else ""
