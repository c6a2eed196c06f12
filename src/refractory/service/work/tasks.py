"""What a worker does: each task takes the body of a request and gives the body of its answer."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import traceback
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from refractory.errors import LimitError, NonConformingError, RefractoryError, UsageError
from refractory.service.problems import PROBLEM, problem, problem_of
from refractory.service.work.messages import Reply, Task

if TYPE_CHECKING:
    from refractory.case.reader import Case
    from refractory.model.assessment import Assessment
    from refractory.model.facts import CaseFacts
    from refractory.pipeline.knowledge_base import KnowledgeBase

__all__ = ["FORMS", "PARAMETERS", "READ", "TASKS", "Reply", "Task", "perform", "prepared", "record_of"]

JSON: Final = "application/json"
TURTLE: Final = "text/turtle"
FHIR: Final = "application/fhir+json"

FORMS: Final[Mapping[str, Mapping[str, str]]] = {
    "assess": {
        JSON: "json",
        FHIR: "fhir",
        TURTLE: "turtle",
        "text/html": "html",
        "text/markdown": "markdown",
        "text/plain": "text",
    },
    "validate": {JSON: "json", TURTLE: "turtle", "text/markdown": "markdown", "text/plain": "text"},
    "explain": {JSON: "json", TURTLE: "turtle", "text/plain": "text"},
}
"""The forms in which a task answers, by their media types; the first one unless another is asked for."""

PARAMETERS: Final[Mapping[str, tuple[str, ...]]] = {
    "assess": ("questions", "assessedOn"),
    "validate": ("assessedOn",),
    "explain": ("conclusion", "whyNot", "assessedOn"),
}
"""What a task may be told beside its body; none of it is of a patient."""

READ: Final = {JSON: ".json", FHIR: ".json", TURTLE: ".ttl"}
"""The media types in which a case comes, and the suffix that a file of it has."""


def prepared(path: Sequence[str] | None, guidance: Sequence[str] | None) -> KnowledgeBase:
    """Load the knowledge, and answer a case that says nothing, so that the first request waits for nothing."""
    from refractory.case.reader import Case
    from refractory.pipeline.knowledge_base import KnowledgeBase

    base = KnowledgeBase.load(path, guidance=guidance)
    base.assess(Case.from_json({"id": "urn:refractory:nobody"}, base.knowledge)).to_json()
    # What is loaded stays; looking through it for garbage over and over would make every tenth answer slow.
    gc.collect()
    gc.freeze()
    return base


def perform(base: KnowledgeBase, task: Task) -> Reply:
    """Do a task. Whatever goes wrong becomes an answer; of a fault of ours, kind and place alone, without its words."""
    try:
        return TASKS[task.name](base, task)
    except RefractoryError as error:
        status, body = problem_of(error)
        return Reply(status, PROBLEM, body)
    except (MemoryError, RecursionError):
        status, body = problem_of(LimitError("the input needs more memory than there is.", fix="Make it smaller."))
        return Reply(status, PROBLEM, body)
    except Exception as error:  # the last wall: its words might hold data of a patient
        return our_fault(error)


def our_fault(error: Exception) -> Reply:
    """Return the answer for a fault of ours, and what the log may say of it."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if f"{os.sep}refractory{os.sep}" in frame.filename] or frames
    place = f"{ours[-1].name}, line {ours[-1].lineno}" if ours else "unknown"
    fault = f"{type(error).__name__} in {place}"
    detail = f"Something went wrong inside refractory; this is our fault, and nothing was concluded. ({fault})"
    return Reply(500, PROBLEM, problem(500, detail), fault=fault)


def assess(base: KnowledgeBase, task: Task) -> Reply:
    """Answer a case. Options: `questions` (true or false), `assessedOn` (of a FHIR Bundle), `accept`."""
    assessment = _assessed(base, task, questions=task.options.get("questions", "true") == "true")
    media = task.options.get("accept", JSON)
    return Reply(200, media, _written(assessment, base, FORMS["assess"][media]).encode(), record_of(assessment))


def validate(base: KnowledgeBase, task: Task) -> Reply:
    """Hold a case against the shapes. Options: `assessedOn`, `accept`."""
    from refractory.render.report import report_markdown, report_text, report_turtle

    report = base.validate(_case(base, task))
    media = task.options.get("accept", JSON)
    form = FORMS["validate"][media]
    if form == "json":
        return Reply(200, media, _json(report.to_json()))
    render = {"text": report_text, "markdown": report_markdown, "turtle": report_turtle}[form]
    return Reply(200, media, render(report).encode())


def explain(base: KnowledgeBase, task: Task) -> Reply:
    """Say why conclusions hold. Options: `conclusion`, or `whyNot` (an action); `assessedOn`, `accept`."""
    from refractory.explain.explanation import explain as written
    from refractory.explain.why_not import why_not, why_not_text

    conclusion, action = task.options.get("conclusion"), task.options.get("whyNot")
    media = task.options.get("accept", JSON)
    form = FORMS["explain"][media]
    if action is not None and (conclusion is not None or form == "turtle"):
        raise UsageError("whyNot stands alone, as text or JSON.", fix="Leave out conclusion, and accept another form.")
    # Questions have proofs too; they take time, and are worked out where they are what is asked for.
    assessment = _assessed(base, task, questions=action is None)
    if action is None:
        return Reply(200, media, written(assessment, base.knowledge, conclusion, form).encode(), record_of(assessment))
    answer = why_not(action, assessment, base.knowledge)
    body = _json(answer.to_json()) if form == "json" else why_not_text(answer).encode()
    return Reply(200, media, body, record_of(assessment))


def _in(module: str, name: str) -> Callable[[KnowledgeBase, Task], Reply]:
    """Return a task that another module of this room has, which is loaded when the task first comes."""

    def elsewhere(base: KnowledgeBase, task: Task) -> Reply:
        reply: Reply = getattr(import_module(f"refractory.service.{module}"), name)(base, task)
        return reply

    return elsewhere


TASKS: Final[Mapping[str, Callable[[KnowledgeBase, Task], Reply]]] = {
    "assess": assess,
    "validate": validate,
    "explain": explain,
    "hook": _in("hooks.tasks", "hook"),
    "feedback": _in("hooks.tasks", "feedback"),
    "query": _in("sparql.tasks", "query"),
    "describe": _in("sparql.tasks", "describe"),
    "page": _in("pages.case_tasks", "start"),
    "case": _in("pages.case_tasks", "case"),
    "proof": _in("pages.proof_tasks", "proof"),
    "report": _in("pages.proof_tasks", "report"),
    "download": _in("pages.proof_tasks", "download"),
    "console": _in("pages.console_tasks", "console"),
    "knowledge": _in("pages.knowledge_tasks", "knowledge"),
}
"""What a worker can do, by name."""


def _case(base: KnowledgeBase, task: Task) -> Case:
    from refractory.case.reader import Case

    suffix = READ[task.options.get("type", JSON)]
    assessed_on = task.options.get("assessedOn")
    return Case.read_all(task.body, f"case{suffix}", base.knowledge, assessed_on=assessed_on)[0]


def _assessed(base: KnowledgeBase, task: Task, *, questions: bool) -> Assessment:
    case = _case(base, task)
    try:
        return base.assess(case, questions=questions)
    except NonConformingError as error:
        raise NonConformingError(
            error.what, place=error.place, why=error.why, fix=error.fix or "POST /validate tells every finding."
        ) from None


def _written(assessment: Assessment, base: KnowledgeBase, form: str) -> str:
    """Return an assessment in a form."""
    match form:
        case "json":
            return _json(assessment.to_json()).decode()
        case "fhir":
            from refractory.export.fhir import bundle
            from refractory.export.fhir_parts import fhir_text

            return fhir_text(bundle(assessment, base.knowledge))
        case "turtle":
            from refractory.export.rdf import write_triples
            from refractory.model.assessment import assessment_triples

            return write_triples(assessment_triples(assessment))
        case _:
            from refractory.render import assessment as rendered

            render = {
                "html": rendered.assessment_html,
                "markdown": rendered.assessment_markdown,
                "text": rendered.assessment_text,
            }[form]
            return render(assessment, base.knowledge)


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def record_of(assessment: Assessment) -> dict[str, Any]:
    """Return what the audit log says of an assessment: which case, by which knowledge, what was advised."""
    return {
        "case": case_hash(assessment.facts),
        "knowledge": assessment.knowledge_hash,
        "recommendations": [[item.action, item.kind, item.urgency] for item in assessment.recommendations],
    }


def case_hash(facts: CaseFacts) -> str:
    """Return the SHA-256 of what a case says: its facts as N-Triples, sorted, each on a line."""
    lines = sorted(f"{triple} .\n" for triple in facts.asserted)
    return hashlib.sha256("".join(lines).encode()).hexdigest()
