"""What a client sent along becomes one Bundle, and it is said what of it is missing.

Source: CDS Hooks, "Prefetch Template" (https://cds-hooks.hl7.org/): a key that is left out could not be served, a null
is a query that found nothing, an OperationOutcome is one that failed, and a Bundle may be one page of several.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from refractory.case.fhir.mapping import FhirMapping
from refractory.errors import RefusedError
from refractory.export.cds_services import CdsServices
from refractory.knowledge.knowledge import Knowledge
from refractory.service.hooks.relevance import Relevance
from refractory.service.hooks.request import HookRequest, is_text, write_text

Json = dict[str, Any]

_HISTORY: Final = re.compile(r"/_history/[^/]*$")
_OUTCOME: Final = "OperationOutcome"
_PATIENT: Final = "Patient"


class MissingDataError(Exception):
    """What is essential is missing.

    Attributes:
        keys: Groups of keys, of each of which one is needed and none is there.
    """

    def __init__(self, keys: tuple[tuple[str, ...], ...]) -> None:
        super().__init__(", ".join(" or ".join(group) for group in keys))
        self.keys = keys


@dataclass(frozen=True)
class Gathered:
    """The data of a request.

    Attributes:
        bundle: One Bundle of them, as JSON.
        incomplete: What is missing, a sentence each.
    """

    bundle: str
    incomplete: tuple[str, ...]


def gather(request: HookRequest, services: CdsServices, knowledge: Knowledge) -> Gathered:
    """Return what a client sent along as one Bundle about one patient, without what no row of the mapping reads.

    Raises:
        MissingDataError: What is essential is missing.
        RefusedError: It is not built as FHIR is, or holds data of another patient.
    """
    found = _Data(request, services)
    for key in services.templates:
        found.take(key)
    missing = tuple(group for group in services.essential if not found.served.intersection(group))
    if missing:
        raise MissingDataError(missing)
    mapping = FhirMapping.of(knowledge.files)
    found.check_patient(mapping)
    bundle = found.bundle(Relevance.of(knowledge, mapping))
    return Gathered(write_text(bundle), tuple(found.incomplete()))


def resources_of(value: object) -> Iterator[Mapping[str, Any]]:
    """Yield the resources of a Bundle, or the one resource that a value is."""
    if not isinstance(value, dict):
        return
    if value.get("resourceType") != "Bundle":
        yield value
        return
    entries = value.get("entry")
    for entry in entries if isinstance(entries, list) else ():
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict):
            yield resource


@dataclass
class _Data:
    request: HookRequest
    services: CdsServices
    served: set[str] = field(default_factory=set)
    _frame: Json = field(default_factory=lambda: {"resourceType": "Bundle", "type": "collection"})
    _entries: list[Json] = field(default_factory=list)
    _named: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _faults: list[str] = field(default_factory=list)

    # ---- what came ----

    def take(self, key: str) -> None:
        """Take what came under a key; what is missing is noted."""
        place, value = f"prefetch.{key}", self.request.prefetch.get(key)
        if key not in self.request.prefetch:
            self._faults.append(f"The prefetch {key} is missing.")
            return
        if value is not None and (not isinstance(value, dict) or not is_text(value.get("resourceType"))):
            raise _refused("this is no resource.", place, "Send a Bundle or a resource of FHIR R4, or null.")
        if value is not None and value["resourceType"] == _OUTCOME:
            self._faults.append(f"The prefetch {key} failed: an OperationOutcome came in its place.")
            return
        kind, query = _asked(self.services.templates[key])
        if not query and not any(resource.get("resourceType") == kind for resource in resources_of(value)):
            self._faults.append(f"The prefetch {key} found nothing.")
            return
        self.served.add(key)
        if value is not None and value["resourceType"] == "Bundle":
            self._take_bundle(key, value)
        elif value is not None:
            self._add(value, "", place)

    def _take_bundle(self, key: str, bundle: Mapping[str, Any]) -> None:
        # What the reader refuses in a Bundle, it is to see in the one that is made of all.
        self._frame |= {name: bundle[name] for name in ("implicitRules", "modifierExtension") if name in bundle}
        if bundle.get("type") == "history":
            self._frame["type"] = "history"
        links, entries = bundle.get("link"), bundle.get("entry", [])
        if not isinstance(entries, list):
            raise _refused("the entries are no list.", f"prefetch.{key}.entry", "Send them as a list.")
        pages = links if isinstance(links, list) else ()
        if any(isinstance(one, dict) and one.get("relation") == "next" for one in pages):
            self._faults.append(f"The prefetch {key} is one page of several.")
        matches = 0
        for number, entry in enumerate(entries):
            place = f"prefetch.{key}.entry[{number}]"
            if not isinstance(entry, dict):
                raise _refused("an entry is no object.", place, "Put the resource into `resource`.")
            resource = entry.get("resource")
            if resource is None:
                continue
            if not isinstance(resource, dict) or not is_text(resource.get("resourceType")):
                raise _refused("the resource has no type.", f"{place}.resource", "Give it a `resourceType`.")
            if resource["resourceType"] == _OUTCOME:
                self._told(key, resource)
                continue
            search = entry.get("search")
            matches += not isinstance(search, dict) or search.get("mode", "match") == "match"
            self._add(resource, entry.get("fullUrl", ""), place)
        total = str(bundle.get("total", ""))
        if total.isdecimal() and int(total[:9]) > matches:
            self._faults.append(f"The prefetch {key} holds {matches} of {total[:9]} resources that were found.")

    def _told(self, key: str, outcome: Mapping[str, Any]) -> None:
        issues = outcome.get("issue")
        told = {one.get("severity") for one in issues if isinstance(one, dict)} if isinstance(issues, list) else set()
        if not told or told & {"error", "fatal"}:
            self._faults.append(f"The prefetch {key} came with an error (OperationOutcome).")

    def _add(self, resource: Mapping[str, Any], url: object, place: str) -> None:
        """Add a resource; one that came under two keys counts once."""
        identifier = resource.get("id")
        name = f"{resource['resourceType']}/{identifier}" if is_text(identifier) else ""
        if name in self._named:
            if self._named[name] != resource:
                raise _refused("one resource came twice, and not the same.", place, "Send it as it is now.")
            return
        if name:
            self._named[name] = resource
        if not url and name and self.request.server:
            url = f"{self.request.server}/{name}"
        self._entries.append({"fullUrl": url, "resource": resource} if url else {"resource": resource})

    # ---- what it is made into ----

    def bundle(self, relevance: Relevance) -> Json:
        """Return one Bundle of all that may say something."""
        return {**self._frame, "entry": [entry for entry in self._entries if relevance.admits(entry["resource"])]}

    def check_patient(self, mapping: FhirMapping) -> None:
        """Refuse data of another patient than the request's.

        Raises:
            RefusedError: There are some.
        """
        own = f"{_PATIENT}/{self.request.patient}"
        names = {own, f"{self.request.server}/{own}"}
        for entry in self._entries:
            if entry["resource"]["resourceType"] == _PATIENT:
                if entry["resource"].get("id") != self.request.patient:
                    raise _other_patient(_PATIENT)
                names.add(str(entry.get("fullUrl", "")))
        unsaid = 0
        for entry in self._entries:
            resource = entry["resource"]
            path = mapping.subjects.get(resource["resourceType"], "")
            if not path.isidentifier():
                continue
            subject = resource.get(path)
            reference = subject.get("reference") if isinstance(subject, dict) else None
            if not is_text(reference) or reference.startswith("#"):
                unsaid += 1
            elif _HISTORY.sub("", reference) not in names:
                raise _other_patient(resource["resourceType"])
        if unsaid:
            self._faults.append(f"{unsaid} resource(s) do not say by a reference whose they are, and are not read.")

    def incomplete(self) -> Iterator[str]:
        """Yield what is missing, a sentence each."""
        yield from self._faults
        known = {*self._named, *(str(entry.get("fullUrl", "")) for entry in self._entries)}
        lost = 0
        for entry in self._entries:
            medication = entry["resource"].get("medicationReference")
            reference = medication.get("reference") if isinstance(medication, dict) else None
            if is_text(reference) and not reference.startswith("#"):
                lost += _HISTORY.sub("", reference) not in known
        if lost:
            yield f"{lost} medication(s) are named by a reference alone that leads to nothing here, and are not read."


def _asked(template: str) -> tuple[str, bool]:
    """Return the type of resource that a template asks for, and whether it is a search."""
    kind, query = re.split(r"[/?]", template, maxsplit=1)[0], "?" in template
    return kind, query


def _other_patient(kind: str) -> RefusedError:
    return RefusedError(
        "data of another patient came along.",
        place=f"prefetch, {kind}",
        why="Facts of one patient must not be taken for another's.",
        fix="Send data of context.patientId alone; with absolute references, send fhirServer too, to tell them by.",
    )


def _refused(what: str, place: str, fix: str) -> RefusedError:
    return RefusedError(what, place=place, fix=fix)
