"""Questions answered in place: what is asked, what is known, and the case with an answer more or an answer less."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pyoxigraph import NamedNode

from refractory.case.json_text import Number
from refractory.case.reader import Case
from refractory.errors import RefusedError, UsageError
from refractory.knowledge.knowledge import Knowledge
from refractory.model.assessment import Assessment
from refractory.pipeline.variations import with_absent, with_present
from refractory.render.words import Words
from refractory.service.pages.carried import CASE, SOURCES, carried, case_of, form_of, text_of
from refractory.service.pages.entered import check
from refractory.service.pages.fields import CaseForm, Field, Section
from refractory.vocabulary import local_name, rfy

PRESENT, ABSENT, UNKNOWN = "present", "absent", "unknown"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question.

    Attributes:
        name: The local name of the fact, or of the item, that is asked for.
        asks: The question.
        would_change: What an answer would change, as words.
        field: What it is answered with; None of a fact, which is present or absent.
    """

    name: str
    asks: str
    would_change: str
    field: Field | None

    @property
    def anchor(self) -> str:
        """The anchor of the question."""
        return f"ask-{self.name}"


@dataclass(frozen=True, slots=True)
class Known:
    """Something that the case says and that could have been asked: its name, what it is called, and what is said."""

    name: str
    label: str
    said: str


def asked(assessment: Assessment, knowledge: Knowledge) -> tuple[Asked, ...]:
    """Return the questions of an assessment, each with what it is answered with."""
    words, form = Words(knowledge), CaseForm.of(knowledge)
    found = []
    for question in assessment.questions:
        place = _place(question.fact, knowledge, form)
        # What is neither a fact nor the value of a field has no place in the form, and is answered in the file.
        if place is not None or question.fact in form.fact_names:
            field = place[1] if place else None
            text = question.asks or words.title(question.fact)
            found.append(Asked(question.fact, text, words.labels(question.would_change), field))
    return tuple(found)


def known(case: Mapping[str, Any], knowledge: Knowledge) -> tuple[Known, ...]:
    """Return what a case in its JSON form says of what could be asked, in the order of the form."""
    words, form = Words(knowledge), CaseForm.of(knowledge)
    found = []
    for item in knowledge.subjects(rfy("isAnsweredBy")):
        place = _place(local_name(item.value), knowledge, form)
        value = _said(case, *place) if place else None
        if place and value is not None:
            label = words.label(value) if place[1].options else str(value)
            found.append(Known(local_name(item.value), place[1].label, label))
    for fact in form.facts:
        said = next((value for value in (PRESENT, ABSENT) if fact.name in case.get(value, ())), "")
        if said:
            found.append(Known(fact.name, fact.label, said))
    return tuple(found)


def with_answer(case: Case, name: str, answer: str, knowledge: Knowledge) -> Case:
    """Return a case in which a fact is `present`, `absent` or `unknown`, or in which an item is `unknown`.

    What the case said against it, of the fact, its wholes or its kinds, is left out.

    Raises:
        UsageError: There is no such fact, item or answer.
    """
    form = CaseForm.of(knowledge)
    if name not in form.fact_names:
        if answer != UNKNOWN:
            raise UsageError(f"{name!r} is no fact.", fix="Answer a question that the page asks.")
        return with_value(case, name, "", knowledge)
    facts, fact = case.facts, rfy(name)
    if answer == PRESENT:
        facts = with_present(facts, fact, knowledge)
    elif answer == ABSENT:
        facts = with_absent(facts, fact, knowledge)
    elif answer == UNKNOWN:
        kept = tuple(t for t in facts.asserted if not (t.subject == facts.case and t.object == fact))
        facts = replace(facts, asserted=kept)
    else:
        raise UsageError("the answer is neither present nor absent nor unknown.", fix="Choose one of them.")
    # Read again as any case is, so that the page says of it what every other form of an answer says.
    return case_of(carried(replace(case, facts=facts), knowledge), knowledge)


def with_value(case: Case, name: str, value: str, knowledge: Knowledge) -> Case:
    """Return a case in which an item has a value; without one, it is not known.

    Raises:
        UsageError: There is no such item.
        RefusedError: The value is not written as such values are, or there is no such value.
    """
    form = CaseForm.of(knowledge)
    place = _place(name, knowledge, form)
    if place is None:
        raise UsageError(f"nothing is asked that is called {name!r}.", fix="Answer a question that the page asks.")
    section, field = place
    said = form_of(case.facts, knowledge)
    inner = said.setdefault(section.key, {}) if section.key else said
    inner.pop(field.key, None)
    if value:
        check(field, value, field.key)
        inner[field.key] = Number(value) if field.kind == "number" else value
    elif section.key and not inner:
        del said[section.key]
    fields = carried(case, knowledge)
    fields[CASE] = text_of(said)
    if SOURCES in fields:
        made = json.loads(fields[SOURCES])
        made.pop(f"{section.key}.{field.key}" if section.key else field.key, None)
        fields[SOURCES] = json.dumps(made, ensure_ascii=False)
    try:
        return case_of(fields, knowledge)
    except RefusedError as error:
        raise RefusedError(error.what, place=field.key, why=error.why, fix=error.fix) from None


def _place(item: str, knowledge: Knowledge, form: CaseForm) -> tuple[Section, Field] | None:
    """Return the field that answers an item; None of what is no such item."""
    found = (form.by_predicate(local_name(p.value)) for p in _answers(item, knowledge))
    return next((place for place in found if place), None)


def _answers(item: str, knowledge: Knowledge) -> Iterator[NamedNode]:
    if item.isidentifier():
        values = knowledge.values(rfy(item), rfy("isAnsweredBy"))
        yield from (value for value in values if isinstance(value, NamedNode))


def _said(case: Mapping[str, Any], section: Section, field: Field) -> Any:
    inner = case.get(section.key, {}) if section.key else case
    return inner.get(field.key)
