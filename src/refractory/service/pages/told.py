"""What a case says, as words: each field that has a value, with its label and the labels of its values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from refractory.service.pages.fields import CaseForm, Field


@dataclass(frozen=True, slots=True)
class Told:
    """A part of a case: what it is called, and each thing that it says."""

    title: str
    lines: tuple[tuple[str, str], ...]


def told(case: Mapping[str, Any], form: CaseForm) -> tuple[Told, ...]:
    """Return what a case in its JSON form says, part by part in the order of the form."""
    return tuple(part for part in _told(case, form) if part.lines)


def _told(case: Mapping[str, Any], form: CaseForm) -> Iterator[Told]:
    for section in form.sections:
        said = case.get(section.key, ())
        match section.kind:
            case "plain":
                yield Told(section.title, tuple(_lines(section.fields, case)))
            case "part" | "choices":
                values = said if section.kind == "part" else case
                yield Told(section.title, tuple(_lines(section.fields, values or {})))
            case "facts":
                yield Told(section.title, tuple(_facts(case, form)))
            case _:
                for number, one in enumerate(said, 1):
                    yield Told(f"{section.one} {number}", tuple(_lines(section.fields, one)))


def _lines(fields: tuple[Field, ...], said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for field in fields:
        if field.key in said:
            values = said[field.key] if isinstance(said[field.key], list) else [said[field.key]]
            labels = {option.value: option.label for option in field.options}
            yield field.label, ", ".join(labels.get(value, str(value)) for value in values)


def _facts(case: Mapping[str, Any], form: CaseForm) -> Iterator[tuple[str, str]]:
    for fact in form.facts:
        for value in ("present", "absent"):
            if fact.name in case.get(value, ()):
                yield fact.label, value
