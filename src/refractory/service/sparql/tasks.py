"""What a worker does for the SPARQL endpoint: it answers a query, and describes what can be asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from refractory.errors import LimitError, RefractoryError, UsageError
from refractory.query.forms import GRAPHS, forms_of, graph, written
from refractory.query.run import ask
from refractory.service.negotiation import ANYTHING, chosen
from refractory.service.problems import PROBLEM, problem, problem_of
from refractory.service.sparql.request import WARNING, Asked, asked
from refractory.service.work.messages import Reply, Task

if TYPE_CHECKING:
    from refractory.model.assessment import Assessment
    from refractory.pipeline.knowledge_base import KnowledgeBase

MAX_ANSWER: Final = 33_554_432
"""Bytes of an answer."""

_TEXT: Final = "text/plain"
_WHERE: Final = re.compile(r"line (\d+), column (\d+)\Z")
_LONGEST: Final = 400


def query(base: KnowledgeBase, task: Task) -> Reply:
    """Answer a SPARQL query. Options: `media` of the body, `url` (its query string), `accept`, `endpoint`."""
    from refractory.service.work.tasks import record_of

    accept = task.options.get("accept", ANYTHING)
    try:
        said = asked(task.options["media"], task.options["url"], task.body)
        assessment = _assessed(base, said)
    except RefractoryError as error:
        return _refusal(error, accept)
    try:
        rows = ask(
            said.text, base.knowledge, assessment=assessment, dataset=said.dataset, base=task.options["endpoint"]
        )
        media = chosen(tuple(forms_of(rows)), accept)
        if media is None:
            known = ", ".join(forms_of(rows))
            return Reply(406, PROBLEM, problem(406, f"This answer can be had as {known}."))
        body = written(rows, media)
        if len(body) > MAX_ANSWER:
            raise LimitError(f"the answer is larger than {MAX_ANSWER} bytes.", fix="Ask for less, or say LIMIT.")
    except RefractoryError as error:
        return _refusal(error, accept, of_query=True)
    headers = tuple((WARNING, _ascii(text)) for text in (*said.warnings, *rows.warnings))
    return Reply(200, media, body, record_of(assessment) if assessment else None, headers=headers)


def _assessed(base: KnowledgeBase, said: Asked) -> Assessment | None:
    """Return the assessment of the case that came with a query."""
    if said.case is None:
        return None
    from refractory.case.reader import Case

    # A case begins with a brace in JSON, and in Turtle it cannot.
    name = "case.json" if said.case.lstrip()[:1] in {"{", "["} else "case.ttl"
    found = Case.read_all(said.case.encode(), name, base.knowledge)
    if len(found) != 1:
        raise UsageError(f"there are {len(found)} cases.", fix="Give one case, or none.")
    return base.assess(found[0], questions=False)


def _refusal(error: RefractoryError, accept: str, *, of_query: bool = False) -> Reply:
    """Return what is wrong: as a problem, or where that is asked for as text, in which a caret stands in its column."""
    place = _WHERE.search(error.place) if of_query else None
    more: Mapping[str, Any] = {"line": int(place[1]), "column": int(place[2])} if place else {}
    status, body = problem_of(error, more)
    if chosen((PROBLEM, _TEXT), accept) == _TEXT:
        return Reply(status, _TEXT, f"{error}\n".encode())
    return Reply(status, PROBLEM, body)


def _ascii(text: str) -> str:
    """Return a text as a header may hold it."""
    plain = " ".join(text.split()).encode("ascii", "backslashreplace").decode()
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]} ..."


def describe(base: KnowledgeBase, task: Task) -> Reply:
    """Describe what can be asked. Options: `what` (service, void or examples), `media`, `root` (the service's URL)."""
    from refractory.query.describe import DESCRIPTIONS

    media = task.options["media"]
    triples = DESCRIPTIONS[task.options["what"]](base.knowledge, task.options["root"])
    return Reply(200, media, graph(triples, GRAPHS[media]))
