"""A Bundle as it came: parsed without loss, of a version that is read, its references followed inside it only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from refractory.case import json_text, lexical
from refractory.case.decode import decode
from refractory.case.fhir.limits import MAX_BUNDLE_BYTES, MAX_BUNDLE_DEPTH, MAX_RESOURCES
from refractory.case.fhir.mapping import FhirMapping, OtherVersion
from refractory.case.json_text import Number, Pairs
from refractory.case.limits import MAX_NUMBER
from refractory.case.showing import shown
from refractory.errors import LimitError, RefusedError

_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?")
# A profile of the specification says its version in its IRI, or behind a bar.
_CORE_PROFILE: Final = re.compile(
    r"https?://hl7\.org/fhir/(?:([1-9][0-9]*\.[0-9]+)/)?StructureDefinition/[^|]*(?:\|([0-9]+\.[0-9]+)[^|]*)?"
)
_HISTORY: Final = re.compile(r"/_history/[^/]*$")
_RELEASES: Final = {"0.5": "DSTU1", "1.0": "DSTU2", "3.0": "STU3", "5.0": "R5", "6.0": "R6"}
REFERRED_TO: Final = frozenset({"Medication", "Specimen"})
"""Types of resource that are of nobody, and are read because those that are read refer to them."""

_WANTED: Final = "Give the data as a FHIR R4 (4.0) or R4B (4.3) Bundle; servers of other versions can convert it."


@dataclass(frozen=True)
class Resource:
    """A resource of a Bundle.

    Attributes:
        data: Its content.
        place: Where it stands in the Bundle.
        url: Its full URL, or an empty string.
    """

    data: Mapping[str, Any]
    place: str
    url: str

    @property
    def type(self) -> str:
        """Its type."""
        return str(self.data["resourceType"])

    @property
    def name(self) -> str:
        """What messages call it: type and id, or else its full URL, or its place."""
        identifier = self.data.get("id")
        return f"{self.type}/{identifier}" if isinstance(identifier, str) else self.url or self.place


@dataclass
class Bundle:
    """A Bundle whose references can be followed."""

    data: Mapping[str, Any]
    resources: tuple[Resource, ...]
    _index: dict[str, Resource | None] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        for resource in self.resources:
            identifier = resource.data.get("id")
            keys = {resource.url, f"{resource.type}/{identifier}" if isinstance(identifier, str) else ""}
            for key in keys - {""}:
                # What two resources are called stands for neither.
                self._index[key] = None if key in self._index else resource

    def find(self, reference: object, holder: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return the resource that a reference means: contained in its holder, or in the Bundle; None elsewhere."""
        if not isinstance(reference, str):
            return None
        if reference.startswith("#"):
            contained = holder.get("contained", ())
            found = [part for part in _list(contained) if isinstance(part, Mapping) and part.get("id") == reference[1:]]
            return found[0] if len(found) == 1 else None
        resource = self._index.get(_HISTORY.sub("", reference))
        return resource.data if resource else None

    def key(self, reference: object) -> str:
        """Return what a reference means, the same however it is written; empty if it is none."""
        if not isinstance(reference, str) or reference.startswith("#"):
            return ""
        plain = _HISTORY.sub("", reference)
        resource = self._index.get(plain)
        return resource.place if resource else plain


def read(data: bytes | str | Mapping[str, Any], mapping: FhirMapping) -> Bundle:
    """Return a Bundle whose resources may be read.

    Raises:
        RefusedError: It is not JSON, not a Bundle, of another version of FHIR, incomplete, or has a modifier that is
            not known.
        LimitError: It is larger or deeper than allowed.
    """
    text = json_text.dump(data) if isinstance(data, Mapping) else data
    root = _plain(json_text.parse(decode(text, MAX_BUNDLE_BYTES, "Bundle"), MAX_BUNDLE_DEPTH), "")
    if not isinstance(root, dict) or root.get("resourceType") != "Bundle":
        kind = shown(root.get("resourceType")) if isinstance(root, dict) else "no resource"
        raise RefusedError(
            f"the data is {kind}, and a FHIR Bundle is read.", place="resourceType", fix="Put it into a Bundle."
        )
    _check_complete(root)
    bundle = Bundle(root, tuple(_resources(root)))
    _check_version(root, "Bundle", mapping)
    for resource in bundle.resources:
        _check_version(resource.data, resource.place, mapping)
    _check_modifiers({key: value for key, value in root.items() if key != "entry"}, "Bundle", mapping)
    for resource in bundle.resources:
        if resource.type in mapping.subjects or resource.type in REFERRED_TO:
            _check_modifiers(resource.data, f"{resource.name}, {resource.place}", mapping)
    return bundle


def _plain(value: object, place: str) -> Any:
    """Return parsed JSON as dictionaries, lists and exact numbers.

    Raises:
        RefusedError: A key stands twice, or a number is none.
        LimitError: A number is longer than any that is measured.
    """
    if isinstance(value, Pairs):
        found: dict[str, Any] = {}
        for key, item in value:
            where = f"{place}.{key}" if place else key
            if key in found:
                raise RefusedError(f"the key {shown(key)} stands twice.", place=where, fix="Keep one of them.")
            found[key] = _plain(item, where)
        return found
    if isinstance(value, list):
        return [_plain(item, f"{place}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, Number):
        if len(value) > MAX_NUMBER:
            raise LimitError(f"a number of more than {MAX_NUMBER} characters.", place=place, fix="Round it.")
        if not _NUMBER.fullmatch(value):
            raise RefusedError(f"{value} is no number.", place=place, fix="Leave it out, or give a finite number.")
        return int(value) if value.lstrip("-").isdigit() else Decimal(value)
    return value


def _check_complete(root: Mapping[str, Any]) -> None:
    if root.get("type") == "history":
        raise RefusedError(
            "the Bundle is a history.",
            place="Bundle.type",
            why="It holds several versions of one resource, and old ones would be read as true now.",
            fix="Give the resources as they are now, such as in a collection or a searchset.",
        )
    links = root.get("link", ())
    if any(isinstance(link, Mapping) and link.get("relation") == "next" for link in _list(links)):
        raise RefusedError(
            "the Bundle is one page of several.",
            place="Bundle.link",
            why="What stands on the next pages may change what this one says.",
            fix="Give all pages as one Bundle, without a link to the next.",
        )


def _resources(root: Mapping[str, Any]) -> Iterator[Resource]:
    entries = _list(root.get("entry", []))
    if len(entries) > MAX_RESOURCES:
        raise LimitError(
            f"a Bundle of more than {MAX_RESOURCES} entries.", place="Bundle.entry", fix="Give one patient's data."
        )
    urls: dict[str, str] = {}
    for number, entry in enumerate(entries):
        place = f"Bundle.entry[{number}]"
        if not isinstance(entry, Mapping):
            raise RefusedError("an entry is no object.", place=place, fix="Put the resource into `resource`.")
        data = entry.get("resource")
        if data is None:
            continue
        if not isinstance(data, Mapping) or not isinstance(data.get("resourceType"), str):
            raise RefusedError("the resource has no type.", place=f"{place}.resource", fix="Give it a `resourceType`.")
        url = entry.get("fullUrl", "")
        if not isinstance(url, str):
            raise RefusedError("the full URL is no text.", place=f"{place}.fullUrl", fix="Write it in quotes.")
        if url and url in urls:
            raise RefusedError(
                f"two entries have the full URL {shown(url)}.",
                place=place,
                why=f"References to it could mean this one or {urls[url]}.",
                fix="Keep the current one.",
            )
        urls[url] = place
        yield Resource(data, f"{place}.resource", url)


def _check_version(data: Mapping[str, Any], place: str, mapping: FhirMapping) -> None:
    said = data.get("fhirVersion")
    if isinstance(said, str):
        _check_release(said, f"{place}.fhirVersion", mapping)
    meta = data.get("meta")
    profiles = meta.get("profile", ()) if isinstance(meta, Mapping) else ()
    for profile in _list(profiles):
        match = _CORE_PROFILE.fullmatch(profile) if isinstance(profile, str) else None
        for release in (match[1], match[2]) if match else ():
            if release:
                _check_release(release, f"{place}.meta.profile", mapping)
    for other in mapping.other_versions:
        if data.get("resourceType") in other.resource and (sign := _sign(other, data)) is not None:
            raise _other_version(other.version, f"{place}.{sign}" if sign else place)


def _sign(other: OtherVersion, data: Mapping[str, Any]) -> str | None:
    """Return the element by which a resource is of another version; None if there is no such sign."""
    if other.always:
        return ""
    for name in other.has:
        if name in data:
            return name
    for names, kind in ((other.text, str), (other.object, dict)):
        for name in names:
            if isinstance(data.get(name), kind):
                return name
    return None


def _check_release(said: str, place: str, mapping: FhirMapping) -> None:
    release = ".".join(said.split(".")[:2])
    if release not in mapping.releases:
        raise _other_version(_RELEASES.get(release, said), place)


def _other_version(version: str, place: str) -> RefusedError:
    return RefusedError(
        f"the data is FHIR {version}, and R4 and R4B are read.",
        place=place,
        why="The same element means something else in another version.",
        fix=_WANTED,
    )


def _check_modifiers(data: Mapping[str, Any], place: str, mapping: FhirMapping) -> None:
    """Refuse what may turn the meaning of a resource round.

    Raises:
        RefusedError: It has implicit rules, or a modifier extension that the mapping does not know.
    """
    for key, value in data.items():
        if key == "implicitRules":
            raise RefusedError(
                "the resource is made under implicit rules.",
                place=f"{place}: implicitRules",
                why="They may change the meaning of all that it says, and none are known.",
                fix="Give the resource without them, if it says the same without.",
            )
        if key == "modifierExtension":
            for extension in _list(value):
                url = extension.get("url") if isinstance(extension, Mapping) else None
                if url not in mapping.known_modifiers:
                    raise RefusedError(
                        f"the modifier extension {shown(url)} is not known.",
                        place=f"{place}: modifierExtension",
                        why="It may turn what the resource says into its opposite.",
                        fix="Leave the resource out, or name the extension in the mapping if it changes nothing here.",
                    )
        for part in _list(value):
            if isinstance(part, Mapping):
                _check_modifiers(part, place, mapping)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []


def check_identifier(text: str, place: str) -> bool:
    """Say whether a text may be the IRI of a case."""
    try:
        lexical.check_iri(text, place)
    except (RefusedError, LimitError):
        return False
    return True
