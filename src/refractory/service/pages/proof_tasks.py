"""What a worker does with a case that a page carries: the page of a proof, a report for paper, and a download."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from refractory.errors import UsageError
from refractory.explain.conclusions import Conclusion, chosen, conclusions, proof_of
from refractory.explain.drawing import LARGE, SORTS, drawing, nodes
from refractory.explain.lexicon import lexicon
from refractory.explain.sentences import Sentences, capital
from refractory.explain.why_not import why_not
from refractory.export.rdf import write
from refractory.query.graphs import case_quads
from refractory.render.page import page
from refractory.render.words import Words
from refractory.service.pages.carried import CASE, SOURCES, carried, case_of, form_of, text_of
from refractory.service.pages.chrome import HTML, case_page
from refractory.service.pages.fields import CaseForm
from refractory.service.pages.proofs.links import Ways
from refractory.service.pages.proofs.refusal import Refusals
from refractory.service.pages.proofs.told import Teller
from refractory.service.pages.sent import Sent, read_sent
from refractory.service.pages.told import told
from refractory.service.work.messages import Reply, Task
from refractory.vocabulary import local_name, rfy

if TYPE_CHECKING:
    from refractory.case.reader import Case
    from refractory.model.assessment import Assessment
    from refractory.pipeline.knowledge_base import KnowledgeBase

SORT: Final = "sort"
CONCLUSION: Final = "conclusion"
WHY_NOT: Final = "whyNot"
FORM: Final = "form"
"""The fields of the forms, beside the carried case."""

_JSON: Final = "application/json"
_TRIG: Final = "application/trig"
_NAMED: Final = 8


def proof(base: KnowledgeBase, task: Task) -> Reply:
    """Show why a conclusion holds, or why an action is not advised, or both; without either, what can be asked."""
    sent, case, assessment = _assessed(base, task)
    knowledge = base.knowledge
    asked, action = _asked(sent), sent.one(WHY_NOT)
    items = _chosen(assessment, base, *asked) if asked[1] else ()
    steps = nodes(items, proof_of(assessment), Sentences(lexicon(knowledge), assessment.facts.case))
    teller = Teller(assessment, knowledge)
    sorts = [step.sort for step in steps]
    title = "; ".join(dict.fromkeys(capital(item.title) for item in items))
    refusal = why_not(action, assessment, knowledge) if action else None
    body = case_page(
        "proof/proof.html",
        root="../",
        title=f"Why: {title}" if title else "Why",
        conclusion=title,
        case=assessment.case,
        day=assessment.facts.assessed_on,
        drawn=drawing(steps, f"Drawing of the proof: {title}", _READ) if steps else "",
        legend=[(sort, word, sorts.count(sort)) for sort, word in SORTS.items() if sort in sorts],
        words=SORTS,
        unfolded=1 if len(steps) > LARGE else 2,
        lines=teller.lines(items),
        quoted=teller.quoted(items),
        refusal=Refusals(Ways.of(knowledge)).of(refusal) if refusal else None,
        conclusions=_groups(assessment, base),
        actions=_not_advised(assessment, base),
        refused=refusal.action if refusal else "",
        asked="".join(f"{item.sort}:{item.name}" for item in items[:1]),
        carried=carried(case, knowledge),
    )
    return _reply(HTML, body, assessment)


_READ: Final = (
    "The conclusion stands on top. A line leads from each step up to what follows from it. The same steps are told as "
    "sentences below the drawing, with the same numbers."
)


def report(base: KnowledgeBase, task: Task) -> Reply:
    """Write case, assessment and cited statements for paper."""
    _, case, assessment = _assessed(base, task)
    fields = carried(case, base.knowledge)
    body = case_page(
        "proof/report.html",
        root="../",
        title="Report",
        page=page(assessment, base.knowledge),
        told=told(form_of(case.facts, base.knowledge), CaseForm.of(base.knowledge)),
        made_from=list(json.loads(fields.get(SOURCES, "{}")).items()),
        carried=fields,
    )
    return _reply(HTML, body, assessment)


def download(base: KnowledgeBase, task: Task) -> Reply:
    """Put case, assessment and proofs into one file: JSON, or where the form says `trig`, named graphs."""
    sent, case, assessment = _assessed(base, task)
    form = sent.one(FORM) or "json"
    if form == "json":
        said: Mapping[str, Any] = assessment.to_json()
        content = json.dumps(said, ensure_ascii=False, allow_nan=False, indent=2)
        text = text_of(form_of(case.facts, base.knowledge))
        media, body = _JSON, f'{{\n"case": {text},\n"assessment": {content}\n}}\n'
    elif form == "trig":
        media, body = _TRIG, write(case_quads(assessment), "trig")
    else:
        raise UsageError("there is no such form.", place=FORM, fix="Take json or trig.")
    return _reply(media, body.encode(), assessment, _name(assessment, form))


def _name(assessment: Assessment, form: str) -> str:
    """Return the name of a file, which says nothing of a patient."""
    from refractory.service.work.tasks import case_hash

    return f"refractory-{case_hash(assessment.facts)[:_NAMED]}.{form}"


def _reply(media: str, body: bytes, assessment: Assessment, name: str = "") -> Reply:
    from refractory.service.work.tasks import record_of

    headers = (("Content-Disposition", f'attachment; filename="{name}"'),) if name else ()
    return Reply(200, media, body, record_of(assessment), headers=headers)


def _assessed(base: KnowledgeBase, task: Task) -> tuple[Sent, Case, Assessment]:
    sent = read_sent(task.body, task.options["type"])
    case = case_of({name: sent.one(name) for name in (CASE, SOURCES) if name in sent.fields}, base.knowledge)
    return sent, case, base.assess(case)


def _asked(sent: Sent) -> tuple[str, str]:
    """Return the sort and the name of the conclusion that a form asks for; a list of them gives both in one field."""
    sort, colon, name = sent.one(CONCLUSION).partition(":")
    return (sort, name) if colon else (sent.one(SORT), sort)


def _chosen(assessment: Assessment, base: KnowledgeBase, sort: str, name: str) -> tuple[Conclusion, ...]:
    """Return the conclusions of a name, of one sort if that is given.

    Raises:
        UsageError: There is none.
    """
    if not sort:
        return chosen(assessment, base.knowledge, name)
    known = conclusions(assessment, base.knowledge)
    found = tuple(item for item in known if (item.sort, item.name) == (sort, name))
    if not found:
        raise UsageError("this is not concluded of the case.", fix="Take one of the conclusions of the assessment.")
    # A position is said wherever it counts, each time by the same facts.
    return tuple({item.facts: item for item in found}.values())


def _groups(assessment: Assessment, base: KnowledgeBase) -> dict[str, dict[str, str]]:
    """Return all conclusions by their sorts: what each is asked for by, and its title."""
    found: dict[str, dict[str, str]] = {}
    for item in conclusions(assessment, base.knowledge):
        title = item.title.removeprefix(f"{item.sort}: ")
        found.setdefault(capital(item.sort), {}).setdefault(f"{item.sort}:{item.name}", capital(title))
    return found


def _not_advised(assessment: Assessment, base: KnowledgeBase) -> list[tuple[str, str]]:
    """Return the actions that are not advised: name and label, by label."""
    words, advised = Words(base.knowledge), {item.action for item in assessment.recommendations}
    names = {local_name(term.value) for term in base.knowledge.members(rfy("Action"))} - advised
    return sorted(((name, words.title(name)) for name in names), key=lambda pair: pair[1].casefold())
