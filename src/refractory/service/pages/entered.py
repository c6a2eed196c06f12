"""What stands in the fields of the form: read from a request or from a case, and made a case again.

A field is called by its place in the JSON form of a case: `patient.weightKg`, `treatments[0].drug`; a fact is called
`fact.` and its name, and says `present` or `absent`. What is empty says nothing.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from refractory.case.json_text import Number
from refractory.case.lexical import check_date, check_iri, check_number, check_text
from refractory.case.limits import MAX_ENTRIES, MAX_IDENTIFIER
from refractory.errors import RefractoryError, UsageError
from refractory.model.report import Finding
from refractory.service.pages.fields import CaseForm, Field, Section

Entered = Mapping[str, tuple[str, ...]]
"""The values of each field, by its name."""

IDENTIFIER: Final = "id"
"""The field of the case's own IRI."""

_BLOCK: Final = re.compile(r"([A-Za-z]+)\[(0|[1-9][0-9]{0,3})\]\.([A-Za-z]+)")
_CHECKS: Final[Mapping[str, Callable[[str, str], None]]] = {
    "number": check_number,
    "date": check_date,
    "text": check_text,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong.

    Attributes:
        place: The name of the field, of a block, or of something that the form has not; may be empty.
        what: What is wrong.
        why: Why it matters.
        fix: How to mend it.
        given: What was found there.
        name: What the place is called; may be empty.
    """

    place: str
    what: str
    why: str = ""
    fix: str = ""
    given: str = ""
    name: str = ""

    @classmethod
    def of_error(cls, error: RefractoryError, place: str | None = None) -> Fault:
        """Return an error as a fault at its place, or at another one."""
        return cls(error.place if place is None else place, error.what, error.why, error.fix)

    @classmethod
    def of_finding(cls, finding: Finding) -> Fault:
        """Return a finding of a shape as a fault; one on a single fact is at that fact."""
        place = finding.place
        if place in {"present", "absent"} and finding.value:
            place = f"fact.{finding.value}"
        return cls(place, finding.message, finding.why, finding.fix, finding.given, finding.name)


@dataclass
class Reading:
    """What the fields say: the JSON form of a case, and what is wrong with single fields."""

    form: dict[str, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def read(entered: Entered, form: CaseForm) -> Reading:
    """Return what fields say as a case; one without an identifier gets a random one.

    Raises:
        UsageError: There is a field that the form has not, or one that holds one value holds several.
    """
    known = set(_names(form, entered))
    for name, values in entered.items():
        if name not in known:
            raise UsageError(f"the form has no field {name!r}.", fix="Send the form as the page has it.")
        if len(values) > 1 and not any(s.kind == "choices" and s.key == name for s in form.sections):
            raise UsageError(f"the field {name!r} holds several values.", fix="Send the form as the page has it.")
    reading = Reading()
    _identify(reading, _value(entered, IDENTIFIER))
    for section in form.sections:
        _READERS[section.kind](reading, section, entered)
    return reading


def entered_of(case: Mapping[str, Any], form: CaseForm) -> Entered:
    """Return the fields that say what a case in its JSON form says."""
    found: dict[str, tuple[str, ...]] = {}

    def put(said: Mapping[str, Any], fields: tuple[Field, ...], before: str) -> None:
        found.update({f"{before}{one.key}": (str(said[one.key]),) for one in fields if one.key in said})

    found[IDENTIFIER] = (str(case.get(IDENTIFIER, "")),)
    for section in form.sections:
        said = case.get(section.key)
        if section.kind == "plain":
            put(case, section.fields, "")
        elif section.kind == "facts":
            found |= {f"fact.{name}": (value,) for value in ("present", "absent") for name in case.get(value, ())}
        elif section.kind == "part" and isinstance(said, dict):
            put(said, section.fields, f"{section.key}.")
        elif section.kind == "list" and isinstance(said, list):
            for number, one in enumerate(said):
                put(one, section.fields, f"{section.key}[{number}].")
        elif section.kind == "choices" and isinstance(said, list):
            found[section.key] = tuple(map(str, said))
    return found


def blocks(entered: Entered, section: Section) -> list[dict[str, str]]:
    """Return the parts of a list in which something stands: the values by key, in order."""
    found: dict[int, dict[str, str]] = {}
    for name in entered:
        match = _BLOCK.fullmatch(name)
        if match and match[1] == section.key and (value := _value(entered, name)):
            found.setdefault(int(match[2]), {})[match[3]] = value
    return [found[number] for number in sorted(found)]


def closed_up(entered: Entered, form: CaseForm) -> Entered:
    """Return the fields with the parts of each list counted without gaps, as a case counts them."""
    kept = {name: values for name, values in entered.items() if not _BLOCK.fullmatch(name)}
    for section in form.sections:
        if section.kind == "list":
            for number, block in enumerate(blocks(entered, section)):
                kept |= {f"{section.key}[{number}].{key}": (value,) for key, value in block.items()}
    return kept


# ---- reading, a section at a time ----


def _names(form: CaseForm, entered: Entered) -> Iterator[str]:
    """Yield the names that fields may have."""
    yield IDENTIFIER
    for section in form.sections:
        keys = {one.key for one in section.fields}
        match section.kind:
            case "plain" | "choices":
                yield from keys
            case "part":
                yield from (f"{section.key}.{key}" for key in keys)
            case "facts":
                yield from (f"fact.{fact.name}" for fact in form.facts)
            case _:
                for name in entered:
                    found = _BLOCK.fullmatch(name)
                    if found and found[1] == section.key and int(found[2]) <= MAX_ENTRIES and found[3] in keys:
                        yield name


def _identify(reading: Reading, given: str) -> None:
    reading.form[IDENTIFIER] = given or f"urn:uuid:{uuid.uuid4()}"
    try:
        check_iri(reading.form[IDENTIFIER], IDENTIFIER, MAX_IDENTIFIER)
    except RefractoryError as error:
        reading.faults.append(Fault.of_error(error))


def _plain(reading: Reading, section: Section, entered: Entered) -> None:
    reading.form |= _said(reading, section, {one.key: _value(entered, one.key) for one in section.fields}, "")


def _part(reading: Reading, section: Section, entered: Entered) -> None:
    values = {one.key: _value(entered, f"{section.key}.{one.key}") for one in section.fields}
    if said := _said(reading, section, values, f"{section.key}."):
        reading.form[section.key] = said


def _list(reading: Reading, section: Section, entered: Entered) -> None:
    found = [
        _said(reading, section, block, f"{section.key}[{number}].")
        for number, block in enumerate(blocks(entered, section))
    ]
    if found:
        reading.form[section.key] = found


def _choices(reading: Reading, section: Section, entered: Entered) -> None:
    if chosen := [value for value in dict.fromkeys(entered.get(section.key, ())) if value.strip()]:
        reading.form[section.key] = chosen


def _facts(reading: Reading, section: Section, entered: Entered) -> None:
    for group in section.facts:
        for fact in group.facts:
            said = _value(entered, f"fact.{fact.name}")
            if said in {"present", "absent"}:
                reading.form.setdefault(said, []).append(fact.name)
            elif said not in {"", "unknown"}:
                raise UsageError(
                    "a fact is neither present nor absent nor unknown.", place=fact.name, fix="Choose one of them."
                )


_READERS: Final[Mapping[str, Callable[[Reading, Section, Entered], None]]] = {
    "plain": _plain,
    "part": _part,
    "list": _list,
    "choices": _choices,
    "facts": _facts,
}


def _said(reading: Reading, section: Section, values: Mapping[str, str], before: str) -> dict[str, Any]:
    """Return what the fields of a case or of a part say, and tell what is not written as it should be."""
    said: dict[str, Any] = {}
    for one in section.fields:
        value = values.get(one.key, "")
        if not value:
            continue
        try:
            check(one, value, before + one.key)
        except RefractoryError as error:
            reading.faults.append(Fault.of_error(error))
        said[one.key] = Number(value) if one.kind == "number" else value
    return said


def check(one: Field, value: str, place: str) -> None:
    """Refuse a value that is not written as those of a field are.

    Raises:
        RefusedError: It is not.
        LimitError: It is too long.
    """
    _CHECKS.get(one.kind, check_text)(value, place)


def _value(entered: Entered, name: str) -> str:
    """Return the one value of a field, without spaces around it."""
    return next(iter(entered.get(name, ())), "").strip()
