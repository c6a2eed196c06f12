"""A Bundle becomes cases: one for each patient, with a trace of what was used, ignored and unknown."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pyoxigraph import NamedNode

from refractory.case import json_text
from refractory.case.decode import decode
from refractory.case.fhir import bundle as bundles
from refractory.case.fhir import values
from refractory.case.fhir.bundle import Bundle, Resource, check_identifier
from refractory.case.fhir.codes import Codes, names
from refractory.case.fhir.limits import MAX_BUNDLE_BYTES
from refractory.case.fhir.mapping import FhirMapping
from refractory.case.fhir.paths import check_installed, evaluate
from refractory.case.fhir.rows import LeftOutError, Made, RowReader, where
from refractory.case.fhir.trace import IGNORED, UNKNOWN, USED, FhirReading, TraceEntry
from refractory.case.fhir.values import NotSureError
from refractory.case.lexical import check_date
from refractory.case.mapping import CaseMapping
from refractory.case.quantities import Quantities
from refractory.errors import RefusedError
from refractory.knowledge.knowledge import Knowledge
from refractory.vocabulary import local_name

# Names the cases of Bundles that bring no identifier of their own: the same Bundle, the same name.
_NAMES: Final = uuid.UUID("6f1f1e0c-8b0a-5a39-9d6c-0a2f5b7d8e11")
_WHERE_PRESENT: Final = {True: "present", False: "absent"}


def read_bundle(
    data: bytes | str | Mapping[str, Any],
    knowledge: Knowledge,
    *,
    assessed_on: str | None = None,
    split: bool = False,
) -> FhirReading:
    """Read a FHIR R4 or R4B Bundle as a case, or as one for each patient.

    Args:
        data: The Bundle: bytes, text, or a dictionary.
        knowledge: What codes mean, and the mapping.
        assessed_on: The day of the assessment, YYYY-MM-DD; without it, what the mapping says. It is never today.
        split: Make a case of each patient; without it, several patients are refused.

    Raises:
        RefusedError: It is no such Bundle, it holds several patients, or what reads FHIR is not installed.
        LimitError: It is larger or deeper than allowed.
    """
    check_installed()
    if assessed_on is not None:
        check_date(assessed_on, "assessed on")
    mapping = FhirMapping.of(knowledge.files)
    bundle = bundles.read(data, mapping)
    trace: list[TraceEntry] = []
    today, place = _today(bundle, mapping, assessed_on, trace)
    reader = RowReader(bundle, Codes(knowledge, mapping), Quantities.of(knowledge), today, trace)
    _refuse(reader, mapping)
    patients = _patients(reader, mapping)
    if len(patients) > 1 and not split:
        raise RefusedError(
            f"the Bundle holds {len(patients)} patients.",
            place=", ".join(list(patients)[:3]),
            why="A case is one patient; facts of one must not be taken for another's.",
            fix="Give a Bundle for each patient, or ask for the patients to be split.",
        )
    name = name_of(bundle, mapping, data)
    made = [
        _Case(reader, f"{name}:{number}" if len(patients) > 1 else name, today, place).of(resources)
        for number, resources in enumerate(patients.values() or [[]], 1)
    ]
    return FhirReading(tuple(case for case, _ in made), tuple(trace), tuple(sources for _, sources in made))


def _today(bundle: Bundle, mapping: FhirMapping, assessed_on: str | None, trace: list[TraceEntry]) -> tuple[str, str]:
    """Return the day of the assessment and where it came from; two empty texts if nothing says it."""
    if assessed_on:
        return assessed_on, "the option for the day of assessment"
    found = evaluate(mapping.assessed_on, bundle.data, bundle) if mapping.assessed_on else []
    where_said = f"Bundle, {mapping.assessed_on}"
    try:
        day = values.day(found[0]) if found else ""
    except NotSureError as reason:
        trace.append(TraceEntry(UNKNOWN, "Bundle", where_said, f"the day of assessment is unknown: {reason}"))
        return "", ""
    if day:
        trace.append(TraceEntry(USED, "Bundle", where_said, f"the day of assessment is {day}", fact="assessedOn"))
        return day, where_said
    trace.append(
        TraceEntry(UNKNOWN, "Bundle", where_said, "nothing says the day of assessment, and today is not taken")
    )
    return "", ""


def _refuse(reader: RowReader, mapping: FhirMapping) -> None:
    for resource in reader.bundle.resources:
        for refused in mapping.refused:
            if resource.type == refused.resource and reader.holds(refused.where, resource):
                raise RefusedError(
                    refused.reason, place=where(resource, refused.where), fix="Give the record that is in use."
                )


def name_of(bundle: Bundle, mapping: FhirMapping, data: bytes | str | Mapping[str, Any]) -> str:
    """Return the IRI of the case: the Bundle's own, or one made of its content, which tells nothing of the patient.

    Of several patients of one Bundle, the case of each is called by this, a colon, and its number from 1.
    """
    for found in evaluate(mapping.identifier, bundle.data, bundle):
        if isinstance(found, str) and check_identifier(found, "Bundle.identifier"):
            return found
    text = json_text.dump(data) if isinstance(data, Mapping) else decode(data, MAX_BUNDLE_BYTES, "Bundle")
    return f"urn:uuid:{uuid.uuid5(_NAMES, text)}"


def whose(resource: Resource, bundle: Bundle, mapping: FhirMapping) -> str:
    """Return what stands for the patient whom a resource is about, the same for all that is about one; empty if nobody.

    Args:
        resource: A resource of a type that the mapping has a subject for.
        bundle: Where references are followed.
        mapping: Says where the subject stands.
    """
    if resource.type == "Patient":
        return resource.place
    subjects = evaluate(mapping.subjects[resource.type], resource.data, bundle)
    one = subjects[0] if len(subjects) == 1 else None
    return bundle.key(one.get("reference")) if isinstance(one, Mapping) else ""


def _patients(reader: RowReader, mapping: FhirMapping) -> dict[str, list[Resource]]:
    """Return the resources of each patient; those of nobody, and those that no row reads, go into the trace."""
    found: dict[str, list[Resource]] = {}
    read = {row.resource for row in mapping.rows}
    for resource in reader.bundle.resources:
        if resource.type not in read:
            reader.write(resource, IGNORED, f"no row of the mapping reads a {resource.type}")
            continue
        key = whose(resource, reader.bundle, mapping)
        if not key:
            reader.write(resource, IGNORED, "it does not say whose it is", mapping.subjects[resource.type])
            continue
        if resource.type == "Observation" and reader.find("focus", resource):
            reader.write(resource, IGNORED, "it is about something other than the patient (focus)", "focus")
            continue
        found.setdefault(key, []).append(resource)
    return found


@dataclass
class _Case:
    """One case in the making."""

    reader: RowReader
    id: str
    today: str
    today_from: str
    case: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)

    def of(self, resources: Sequence[Resource]) -> tuple[dict[str, Any], dict[str, str]]:
        """Return the case that resources make, and where its facts came from."""
        self.case["id"] = self.id
        if self.today:
            self.case["assessedOn"] = self.today
            self.sources["assessedOn"] = self.today_from
        made = self._without_retold([one for resource in resources for one in self._made(resource)])
        by_fact: dict[str, list[Made]] = {}
        for one in made:
            by_fact.setdefault(one.row.fact, []).append(one)
        self._condition(by_fact.pop("condition", []))
        self._facts(by_fact.pop("present", []))
        for fact, group in by_fact.items():
            self._add(fact, self._kept(group))
        mapping = CaseMapping.of(self.reader.codes.knowledge)
        order = [mapping.identifier, *mapping.case.keys]
        return {key: self.case[key] for key in order if key in self.case}, self.sources

    def _made(self, resource: Resource) -> list[Made]:
        """Return what all rows make of a resource; if none speaks of it, or says anything sure, the trace says why."""
        made, spoken = [], False
        for ignored in self.reader.codes.mapping.ignored:
            if ignored.resource == resource.type and self.reader.holds(ignored.where, resource):
                self.reader.write(resource, IGNORED, ignored.reason, case=self.id)
                return []
        for row in self.reader.codes.mapping.rows:
            matches = self.reader.concerns(row, resource)
            if matches is None:
                continue
            spoken = True
            try:
                made.append(self.reader.make(row, resource, matches))
            except LeftOutError as left:
                self.reader.write(resource, left.outcome, left.reason, left.path, row=row.id, case=self.id)
        if not spoken:
            self.reader.write(resource, IGNORED, "no row of the mapping reads its code", case=self.id)
        return made

    def _without_retold(self, made: list[Made]) -> list[Made]:
        """Leave out what another resource that is used tells anew, such as the order behind a treatment."""
        told = {place: one.resource.name for one in made for place in one.replaces if place}
        kept = []
        for one in made:
            if one.resource.place in told:
                self._note(one, IGNORED, f"{told[one.resource.place]} tells the same treatment")
            else:
                kept.append(one)
        return kept

    def _condition(self, made: list[Made]) -> None:
        """Say the one condition that the case has: the most specific, if all agree with it."""
        terms = {one.term for one in made if one.term}
        specific = [term for term in terms if all(self._is_kind(term, other) for other in terms)]
        if terms and not specific:
            for one in made:
                self._note(one, UNKNOWN, f"several conditions are active, and none is chosen: {names(terms)}")
            return
        for one in made:
            if one.term == specific[0]:
                self._use(one, "condition", local_name(specific[0].value))
            else:
                self._note(one, IGNORED, f"{local_name(specific[0].value)} says it more closely")

    def _is_kind(self, term: NamedNode, other: NamedNode) -> bool:
        return self.reader.codes.is_kind_of(term, other)

    def _facts(self, made: list[Made]) -> None:
        """Say which facts are present and absent: for each, the latest word; what contradicts itself says both."""
        by_term: dict[NamedNode, list[Made]] = {}
        for one in made:
            if one.term:
                by_term.setdefault(one.term, []).append(one)
        for term, claims in by_term.items():
            for one in claims:
                later = next((other for other in claims if _overrides(other, one)), None)
                if later:
                    self._note(one, IGNORED, f"{later.resource.name} says otherwise, and is of a later day")
                    continue
                fact = _WHERE_PRESENT[one.holds]
                listed = self.case.setdefault(fact, [])
                name = local_name(term.value)
                if name not in listed:
                    listed.append(name)
                self._source(one, f"{fact}[{listed.index(name)}]", one.row.code)

    def _kept(self, made: list[Made]) -> list[Made]:
        """Leave out what a later one of the same kind replaces, where only the latest counts."""
        kept: list[Made] = []
        for one in made:
            same = [other for other in made if other.row.id == one.row.id and other is not one]
            later = next((other for other in same if _is_later(other, one)), None)
            if one.row.keep == "latest" and later is not None:
                self._note(one, IGNORED, f"{later.resource.name} is later")
            else:
                kept.append(one)
        return kept

    def _add(self, fact: str, made: list[Made]) -> None:
        """Add what was made under a key of the case: a term, parts in a list, or the one part."""
        key = CaseMapping.of(self.reader.codes.knowledge).case.keys[fact]
        if key.part is None and not key.many:
            found = {one.part["value"] for one in made if "value" in one.part}
            for one in made:
                if "value" not in one.part:
                    continue
                if len(found) > 1:
                    self._note(one, UNKNOWN, f"several are said at one time, and none is chosen: {sorted(found)}")
                else:
                    self._use(one, fact, one.part["value"])
            return
        for one in made:
            if key.part is None:
                listed = self.case.setdefault(fact, [])
                name = local_name(one.term.value) if one.term else ""
                if name not in listed:
                    listed.append(name)
                self._source(one, f"{fact}[{listed.index(name)}]", one.row.code)
            elif one.part:
                self._add_part(fact, one, many=key.many)

    def _add_part(self, fact: str, one: Made, *, many: bool) -> None:
        part, paths = dict(one.part), dict(one.paths)
        if not self._for(part, one):
            self._note(one, UNKNOWN, "it is given for several conditions, and none is that of the case", one.row.reason)
            return
        paths["for"] = one.row.reason
        if fact == "measurements" and one.time:
            try:
                part["takenOn"], paths["takenOn"] = values.day(one.time), one.row.time
            except NotSureError as reason:
                self._note(one, UNKNOWN, f"the day is unknown: {reason}", one.row.time)
        if not many:
            self.case.setdefault(fact, {}).update(part)
            place = fact
        else:
            listed = self.case.setdefault(fact, [])
            if part in listed and fact == "measurements":
                self._note(one, IGNORED, "another says the very same")
                return
            listed.append(part)
            place = f"{fact}[{len(listed) - 1}]"
        for name in part:
            self.sources[f"{place}.{name}"] = _source(one, paths.get(name, ""))
        self.sources[place] = _source(one, "")
        self._note(one, USED, f"says {', '.join(f'{name} {value}' for name, value in part.items())}", fact=place)

    def _for(self, part: dict[str, Any], one: Made) -> bool:
        """Say which condition a treatment is for, where that is not the case's own; False if it cannot be told."""
        reasons = [local_name(term.value) for term in one.reasons or ()]
        if not reasons or self.case.get("condition") in reasons:
            return True
        part["for"] = reasons[0]
        return len(reasons) == 1

    def _use(self, one: Made, fact: str, value: str) -> None:
        self.case[fact] = value
        self._source(one, fact, one.row.code if fact == "condition" else next(iter(one.paths.values()), ""))

    def _source(self, one: Made, place: str, path: str) -> None:
        said = self.sources.get(place)
        self.sources[place] = f"{said}; {_source(one, path)}" if said else _source(one, path)
        self._note(one, USED, "says it", path, place)

    def _note(self, one: Made, outcome: str, reason: str, path: str = "", fact: str = "") -> None:
        self.reader.note(one, outcome, reason, path, fact=fact, case=self.id)


def _source(one: Made, path: str) -> str:
    return f"{one.resource.name}, {where(one.resource, path)}"


def _is_later(other: Made, one: Made) -> bool:
    """Say whether something is surely later: by the instant where both have one, or else by the day."""
    times = values.instant(other.time), values.instant(one.time)
    if times[0] and times[1]:
        return times[0] > times[1]
    if not other.time:
        return False
    return not one.time or other.time[:10] > one.time[:10]


def _overrides(other: Made, one: Made) -> bool:
    """Say whether a claim of a fact takes the place of another that says the opposite.

    What stands, such as an active diagnosis, is not taken back by a later negative: the two contradict each other,
    the case says both, and so does not conform.
    """
    if other.holds == one.holds or (one.row.stands and one.holds) or not one.time or not other.time:
        return False
    return _is_later(other, one)
