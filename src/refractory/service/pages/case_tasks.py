"""What a worker does for the page: the empty form, and what was sent with it becomes the form again or an answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from pyoxigraph import NamedNode

from refractory.case.fhir.recognize import looks_like_fhir
from refractory.case.mapping import CaseMapping
from refractory.case.nodes import in_order
from refractory.case.reader import Case
from refractory.errors import NonConformingError, RefractoryError, UsageError
from refractory.recommend.leaders import Leaders
from refractory.render.words import Words
from refractory.service.pages import entered as entries
from refractory.service.pages.answers import Known, asked, known, with_answer, with_value
from refractory.service.pages.cards import view
from refractory.service.pages.carried import CASE, SOURCES, carried, case_of, form_of, text_of
from refractory.service.pages.chrome import HTML, case_page
from refractory.service.pages.differences import Differences, differences
from refractory.service.pages.entered import Entered, Fault
from refractory.service.pages.fields import CaseForm
from refractory.service.pages.filled import Filled, summary
from refractory.service.pages.sent import Sent, Upload, read_sent
from refractory.service.pages.timeline import timeline
from refractory.service.pages.told import told
from refractory.service.pages.trace import Traced, traced
from refractory.service.problems import status_of
from refractory.service.work.messages import Reply, Task

if TYPE_CHECKING:
    from refractory.model.assessment import Assessment
    from refractory.model.facts import CaseFacts
    from refractory.model.report import Finding
    from refractory.pipeline.knowledge_base import KnowledgeBase

_WHAT: Final = "what"
_ADD: Final = "add"
_FILE: Final = "file"
_DAY: Final = "day"
"""The field of the day of assessment of a Bundle."""


def start(base: KnowledgeBase, task: Task) -> Reply:
    """Show the empty form."""
    del task
    return _form(base, {})


def case(base: KnowledgeBase, task: Task) -> Reply:
    """Take what a form sent: the fields of a case, a file, or the case that a page carried, perhaps with an answer."""
    sent = read_sent(task.body, task.options["type"])
    what = "answer" if "answer" in sent.fields else sent.one(_WHAT)
    if what not in _DONE:
        raise UsageError("the form does not say what is to be done.", fix="Send the form as the page has it.")
    return _DONE[what](base, sent)


# ---- the form ----


def _from_form(base: KnowledgeBase, sent: Sent) -> Reply:
    form = CaseForm.of(base.knowledge)
    filled = entries.closed_up(sent.without(_WHAT, _ADD), form)
    if more := sent.one(_ADD):
        return _form(base, filled, more=more)
    reading = entries.read(filled, form)
    if reading.faults:
        return _form(base, filled, reading.faults, status=400)
    try:
        case = Case.from_json(text_of(reading.form), base.knowledge)
    except RefractoryError as error:
        return _form(base, filled, [Fault.of_error(error)], status=status_of(error))
    return _answer(base, case)


def _form(
    base: KnowledgeBase, filled: Entered, faults: Sequence[Fault] = (), *, more: str = "", status: int = 200
) -> Reply:
    """Return the page with the form, and with what is wrong with it."""
    form = Filled(CaseForm.of(base.knowledge), filled, tuple(faults), more)
    title = f"{summary(faults).capitalize()} in the case" if faults else "Assess a case"
    # What this is about is what the leading sources say of themselves.
    about = " ".join(map(Words(base.knowledge).definition, base.knowledge.once(Leaders).sources))
    # Who is in the middle of a form is not offered another way to begin.
    begun = form.value("id") or any(fault.place not in {_FILE, _DAY} for fault in faults)
    values = {"form": form, "summary": summary(faults), "about": about, "upload": not begun}
    body = case_page("page/start.html", title=title, **values)
    return Reply(status, HTML, body)


# ---- a file ----


def _from_upload(base: KnowledgeBase, sent: Sent) -> Reply:
    try:
        if sent.upload is None:
            raise UsageError("no file was chosen.", place=_FILE, fix="Choose a case file or a FHIR Bundle.")
        case, trace = _read(base, sent.upload, sent.one(_DAY).strip() or None)
    except RefractoryError as error:
        place = _DAY if isinstance(error, UsageError) and sent.upload else _FILE
        where = f"In the file, {error.place}: " if error.place not in {"", _FILE} else ""
        fault = Fault(place, f"{where}{error.what}", error.why, error.fix)
        return _form(base, {}, [fault], status=status_of(error))
    return _answer(base, case, _Shown(trace=trace))


def _read(base: KnowledgeBase, upload: Upload, day: str | None) -> tuple[Case, tuple[Traced, ...]]:
    """Return the case of a file; of a Bundle, also what of it was used and what was not."""
    if upload.suffix in {".json", ""} and looks_like_fhir(upload.content):
        from refractory.case.fhir.reading import read_bundle

        reading = read_bundle(upload.content, base.knowledge, assessed_on=day)
        fields = {CASE: text_of(reading.cases[0]), SOURCES: json.dumps(dict(reading.sources[0]), ensure_ascii=False)}
        return case_of(fields, base.knowledge), traced(reading.trace)
    name = f"file{upload.suffix}"
    return Case.read_all(upload.content, name, base.knowledge, assessed_on=day)[0], ()


# ---- the case that a page carried ----


def _carried(base: KnowledgeBase, sent: Sent) -> Case:
    return case_of({name: sent.one(name) for name in (CASE, SOURCES) if name in sent.fields}, base.knowledge)


def _shown_again(base: KnowledgeBase, sent: Sent) -> Reply:
    return _answer(base, _carried(base, sent))


def _changed(base: KnowledgeBase, sent: Sent) -> Reply:
    """Show the form with what the carried case says."""
    return _form(base, _entered(base, _carried(base, sent)))


def _from_answer(base: KnowledgeBase, sent: Sent) -> Reply:
    """Take an answer; where it cannot be taken, say so at its question, and leave the answer to the case as it was."""
    case = _carried(base, sent)
    answer, _, name = sent.one("answer").partition(":")
    value = sent.one("value").strip()
    try:
        if answer == "value" and not value:
            raise UsageError("nothing is answered.", fix="Give an answer, or leave the question open.")
        varied = (
            with_value(case, name, value, base.knowledge)
            if answer == "value"
            else with_answer(case, name, answer, base.knowledge)
        )
        after = base.assess(varied)
    except RefractoryError as error:
        fault = Fault.of_error(error, name)
        return _answer(base, case, _Shown(fault=fault, value=value, status=status_of(error)))
    was = view(base.assess(case, questions=False), base.knowledge)
    shown = _Shown(answered=name, changes=differences(was, view(after, base.knowledge)))
    return _assessment(base, varied, after, shown)


# ---- the answer ----


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a page shows beside the assessment.

    Attributes:
        answered: The name of what was answered just now.
        changes: What that changed.
        fault: An answer that could not be taken, at the name of its question.
        value: What was answered there.
        trace: What of a Bundle was used, and what was not.
        status: The status code.
    """

    answered: str = ""
    changes: Differences | None = None
    fault: Fault | None = None
    value: str = ""
    trace: tuple[Traced, ...] = ()
    status: int = 200


def _answer(base: KnowledgeBase, case: Case, shown: _Shown | None = None) -> Reply:
    """Return the page of an assessment; of a case that cannot be assessed the form, with its faults at their fields."""
    try:
        assessment = base.assess(case)
    except NonConformingError as error:
        places = _places(case.facts, base)
        faults = [Fault.of_finding(_placed(found, places)) for found in base.validate(case).violations]
        return _form(base, _entered(base, case), faults, status=status_of(error))
    except RefractoryError as error:
        return _form(base, _entered(base, case), [Fault.of_error(error)], status=status_of(error))
    return _assessment(base, case, assessment, shown or _Shown())


def _assessment(base: KnowledgeBase, case: Case, assessment: Assessment, shown: _Shown) -> Reply:
    from refractory.service.work.tasks import record_of

    said = form_of(case.facts, base.knowledge)
    known_facts = known(said, base.knowledge)
    body = case_page(
        "page/assessment.html",
        title="Assessment",
        view=view(assessment, base.knowledge),
        carried=carried(case, base.knowledge),
        questions=asked(assessment, base.knowledge),
        known=known_facts,
        told=told(said, CaseForm.of(base.knowledge)),
        timeline=timeline(said, Words(base.knowledge)),
        marks=shown.changes.marks if shown.changes else {},
        answered=_answered(shown.answered, known_facts, base),
        shown=shown,
    )
    return Reply(shown.status, HTML, body, record_of(assessment))


def _answered(name: str, facts: Sequence[Known], base: KnowledgeBase) -> Known | None:
    """Return what was answered just now; what was taken back is not known."""
    if not name:
        return None
    taken_back = Known(name, Words(base.knowledge).title(name), "")
    return next((one for one in facts if one.name == name), taken_back)


def _entered(base: KnowledgeBase, case: Case) -> Entered:
    """Return what a case says as fields; a form cannot hold a case that says twice what it says once."""
    try:
        return entries.entered_of(form_of(case.facts, base.knowledge), CaseForm.of(base.knowledge))
    except RefractoryError:
        return {}


def _places(facts: CaseFacts, base: KnowledgeBase) -> dict[str, str]:
    """Return the place in the form of each part of a case, also of one that its author named."""
    found: dict[str, str] = {}
    for key in CaseMapping.of(base.knowledge).case.keys.values():
        if key.part:
            said = (t.object for t in facts.asserted if t.subject == facts.case and t.predicate == key.predicate)
            nodes = {node for node in said if isinstance(node, NamedNode)}
            for number, node in enumerate(sorted(nodes, key=in_order)):
                found[node.value] = f"{key.name}[{number}]" if key.many else key.name
    return found


def _placed(finding: Finding, places: Mapping[str, str]) -> Finding:
    """Return a finding at the place where the form has it, whatever its node is called."""
    part = places.get(finding.focus)
    if part is None or not finding.place.startswith(part.partition("[")[0]):
        return finding
    return replace(finding, place=f"{part}.{finding.place.rpartition('.')[2]}" if finding.path else part)


_DONE: Final[Mapping[str, Callable[[KnowledgeBase, Sent], Reply]]] = {
    "form": _from_form,
    "upload": _from_upload,
    "answer": _from_answer,
    "edit": _changed,
    "show": _shown_again,
}
"""What a form may ask for."""
