"""A FHIR Bundle of several patients becomes a Bundle for each; all else goes on as it is.

Each has its patient's resources at the places where they stood, and those of nobody that they refer to, so it is read
as the whole one is when it is split: the same cases, under the same names, with the same places.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property, partial
from typing import Any

from refractory.case.fhir import bundle as bundles
from refractory.case.fhir.bundle import Bundle
from refractory.case.fhir.mapping import FhirMapping
from refractory.case.fhir.reading import name_of, whose
from refractory.case.fhir.recognize import looks_like_fhir
from refractory.cohort.inputs.pending import Pending, record
from refractory.cohort.inputs.writing import text_of
from refractory.cohort.records import Record
from refractory.errors import RefractoryError

_IRIS = "urn:ietf:rfc:3986"


def records_of(content: bytes, source: str, row: int | None, mapping: FhirMapping) -> Iterator[Pending]:
    """Yield what a JSON text says of each patient.

    Args:
        content: A case or a Bundle.
        source: The file in which it stands.
        row: Its line or place there; None if it is the whole file.
        mapping: Says whose a resource is.
    """
    split = _Split.of(content, mapping) if looks_like_fhir(content) else None
    if split is None:
        yield record(content, source, row or 1)
        return
    # Several records of one line are told apart by their number in it.
    of = source if row is None else f"{source}#{row}"
    for number, patient in enumerate(split.patients, 1):
        yield Pending(len(content) // len(split.patients), partial(split.record, patient, of, number))


class _Split:
    """A Bundle of several patients."""

    def __init__(self, bundle: Bundle, name: str, owners: Mapping[int, str]) -> None:
        self._bundle = bundle
        self._name = name
        self._owners = owners
        self.patients = tuple(dict.fromkeys(owners.values()))

    @classmethod
    def of(cls, content: bytes, mapping: FhirMapping) -> _Split | None:
        """Return the Bundle; None if it has one patient, or cannot be read, which is said when it is."""
        try:
            bundle = bundles.read(content, mapping)
            read = {row.resource for row in mapping.rows}
            owners = {
                number: owner
                for number, resource in enumerate(bundle.resources)
                if resource.type in read and (owner := whose(resource, bundle, mapping))
            }
            if len(set(owners.values())) < 2:
                return None
            return cls(bundle, name_of(bundle, mapping, content), owners)
        except RefractoryError:
            return None

    def record(self, patient: str, source: str, number: int) -> Record:
        """Return the Bundle of one patient."""
        kept = self._kept(patient)
        entries: list[Any] = []
        resources = iter(enumerate(self._bundle.resources))
        listed = self._bundle.data["entry"]
        for entry in listed if isinstance(listed, list) else [listed]:
            has = entry.get("resource") is not None and next(resources)[0] in kept
            entries.append(entry if has else {})
        while entries and not entries[-1]:
            entries.pop()
        identifier = {"system": _IRIS, "value": f"{self._name}:{number}"}
        return Record(text_of({**self._bundle.data, "identifier": identifier, "entry": entries}), source, number)

    def _kept(self, patient: str) -> set[int]:
        """Return the numbers of a patient's resources, and of those of nobody that they refer to."""
        kept = {number for number, owner in self._owners.items() if owner == patient}
        open_ = list(kept)
        while open_:
            for key in references(self._bundle.resources[open_.pop()].data):
                for number in self._nobodys.get(key, ()):
                    if number not in kept:
                        kept.add(number)
                        open_.append(number)
        return kept

    @cached_property
    def _nobodys(self) -> Mapping[str, list[int]]:
        """Return the resources of nobody by what they are called."""
        found: dict[str, list[int]] = {}
        for number, resource in enumerate(self._bundle.resources):
            if number not in self._owners:
                for key in {resource.url, f"{resource.type}/{resource.data.get('id')}"}:
                    found.setdefault(key, []).append(number)
        return found


def references(value: object) -> Iterator[str]:
    """Yield what a resource refers to, without the version of it."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            if key == "reference" and isinstance(part, str):
                yield part.split("/_history/")[0]
            else:
                yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)
