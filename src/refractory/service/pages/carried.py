"""The case that a page carries along: its JSON form digit for digit, and what its facts were made from.

A page keeps the case in hidden fields of its forms, and each answer is sent with it: the server remembers nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from pyoxigraph import Literal, NamedNode, Triple

from refractory.case import json_form, nodes
from refractory.case.json_text import Number
from refractory.case.mapping import CaseMapping, Part
from refractory.case.reader import Case
from refractory.errors import RefusedError
from refractory.knowledge.knowledge import Knowledge
from refractory.model.facts import CaseFacts
from refractory.vocabulary import Xsd, local_name

CASE: Final = "case"
"""The hidden field with the case."""

SOURCES: Final = "sources"
"""The hidden field with what its facts were made from, where they were made from other data."""


def carried(case: Case, knowledge: Knowledge) -> dict[str, str]:
    """Return the hidden fields that carry a case.

    Raises:
        RefusedError: It says twice what the JSON form says once; such a case does not conform.
    """
    text = text_of(form_of(case.facts, knowledge))
    fields = {CASE: text}
    if case.facts.sources:
        made = {place: case.facts.sources.get(fact) for fact, place in _places(text, knowledge)}
        fields[SOURCES] = json.dumps({place: source for place, source in made.items() if source}, ensure_ascii=False)
    return fields


def case_of(fields: Mapping[str, str], knowledge: Knowledge) -> Case:
    """Return the case that hidden fields carry.

    Raises:
        RefusedError: There is none, or it is not a case.
        LimitError: It is larger or deeper than allowed.
    """
    if CASE not in fields:
        raise RefusedError("no case came with the request.", fix="Begin again at the form.")
    case = Case.from_json(fields[CASE], knowledge)
    said = _sources(fields.get(SOURCES, ""))
    if not said:
        return case
    made = {fact: said[place] for fact, place in _places(fields[CASE], knowledge) if place in said}
    return replace(case, facts=replace(case.facts, sources=made))


def form_of(facts: CaseFacts, knowledge: Knowledge) -> dict[str, Any]:
    """Return the JSON form of a case, its numbers as they were written; errors as in `carried`."""
    mapping = CaseMapping.of(knowledge)
    said: dict[tuple[object, NamedNode], list[NamedNode | Literal]] = {}
    for fact in facts.asserted:
        if isinstance(fact.object, NamedNode | Literal):
            said.setdefault((fact.subject, fact.predicate), []).append(fact.object)
    return {mapping.identifier: facts.case.value, **_part(mapping.case, facts.case, said)}


def text_of(form: object) -> str:
    """Return a JSON form as text; a `Number` is written digit for digit."""
    if isinstance(form, Number):
        return str(form)
    if isinstance(form, dict):
        return "{" + ",".join(f"{text_of(key)}:{text_of(value)}" for key, value in form.items()) + "}"
    if isinstance(form, list):
        return "[" + ",".join(map(text_of, form)) + "]"
    return json.dumps(form, ensure_ascii=False)


def _part(
    part: Part, node: NamedNode, said: Mapping[tuple[object, NamedNode], list[NamedNode | Literal]]
) -> dict[str, Any]:
    form: dict[str, Any] = {}
    for key in part.keys.values():
        values = sorted(said.get((node, key.predicate), ()), key=nodes.in_order if key.part else str)
        if len(values) > 1 and not key.many:
            raise RefusedError(
                f"the case has several values of {key.name!r}, and a form holds one.",
                place=key.name,
                fix="Keep one of them in the file.",
            )
        written: list[Any] = []
        for value in values:
            if isinstance(value, Literal):
                written.append(Number(value.value) if key.datatype == Xsd.DECIMAL else value.value)
            else:
                written.append(_part(key.part, value, said) if key.part else local_name(value.value))
        if written:
            form[key.name] = written if key.many else written[0]
    return form


def _places(text: str, knowledge: Knowledge) -> list[tuple[Triple, str]]:
    return json_form.read_places(text, knowledge)[1]


def _sources(text: str) -> dict[str, str]:
    """Return what a hidden field says of sources; what is not of its form says nothing, and changes no answer."""
    try:
        said = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return {k: v for k, v in said.items() if isinstance(v, str)} if isinstance(said, dict) else {}
