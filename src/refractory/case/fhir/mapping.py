"""The mapping file: which resource says which fact of a case, read once and checked when it is read."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from refractory.errors import KnowledgeError
from refractory.knowledge.files import KnowledgeFiles, default_root

MAPPING: Final = "schemas/fhir-mapping.toml"

KINDS: Final = frozenset(
    {"age", "code", "date", "map", "measured", "per-day", "quantity", "term", "text"},
)
"""How a field may be read."""

MISSING: Final = frozenset({"used", "unknown", "excluded"})
"""What a status that is not given may make of a resource."""


@dataclass(frozen=True)
class Check:
    """A status of a resource, and what each of its codes makes of it.

    Attributes:
        name: What rows call it.
        path: Where the code stands.
        used: Codes with which the resource is used.
        unknown: Codes with which it says nothing that is sure.
        excluded: Codes with which it is left out.
        absent: Codes with which it says that its fact does not hold.
        missing: What the resource is without a code: used, unknown or excluded.
        given: Says whether the element is there at all; one that is there without a known code is unknown.
    """

    name: str
    path: str
    used: tuple[str, ...]
    unknown: tuple[str, ...]
    excluded: tuple[str, ...]
    missing: str
    absent: tuple[str, ...] = ()
    given: str = ""


@dataclass(frozen=True)
class Condition:
    """A FHIRPath condition, and the reason that is given when it holds."""

    where: str
    reason: str


@dataclass(frozen=True)
class Field:
    """One key of a part of a case.

    Attributes:
        name: The key.
        kind: How it is read, one of `KINDS`.
        path: Where it stands.
        unit: For a quantity, the UCUM code of the unit in which the case holds it.
        map: For a code, the term that each code means.
        term_of: For a term, the classes to which it belongs.
        by_code: The term that the code of the resource itself implies, where the path gives none.
        one: A path that may lead to one thing at most; of several, none is chosen.
        words: Where the same may be said in words only, which are not read.
        unknown_if: A condition under which what stands there is not sure.
        unless: A field and its value with which this one is left out.
    """

    name: str
    kind: str
    path: str = ""
    unit: str = ""
    map: Mapping[str, str] = field(default_factory=dict)
    term_of: tuple[str, ...] = ()
    by_code: Mapping[str, str] = field(default_factory=dict)
    one: str = ""
    words: str = ""
    unknown_if: str = ""
    unless: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """One row: resources of a type, with codes of a value set, that say one key of a case.

    Attributes:
        id: Its name, which the trace shows.
        fact: The key of the case.
        resource: The type of resource.
        code: Where the code stands; empty where none is needed.
        codes_of: Terms and classes of terms whose codes are meant.
        matches: How near a code of the table has to be: exact, narrow, close, broad, related.
        codes: Single codes that are meant, by their CURIE.
        also: Single codes that are meant although they are less near than `matches`.
        without: Single codes that are not meant although they are near enough.
        term: The term that every code of the row stands for; empty where the code says it.
        checks: The statuses that are looked at.
        ignored_if: Conditions under which a resource is left out.
        unknown_if: Conditions under which it says nothing sure.
        time: When it was so.
        stands: What it says holds from that time on, whatever is said later.
        present: For a fact that may be denied, when it is said; empty where the resource alone says it.
        absent: When it is denied.
        keep: `latest` where only the latest counts.
        stands_for: References to resources that this one tells anew, which are then left out.
        reason: The codes of what it is given for.
        required: Keys without which it says nothing.
        set: Keys that are the same for every resource.
        fields: The other keys.
    """

    id: str
    fact: str
    resource: str
    code: str = ""
    codes_of: tuple[str, ...] = ()
    matches: tuple[str, ...] = ("exact", "narrow")
    codes: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    term: str = ""
    checks: tuple[str, ...] = ()
    ignored_if: tuple[Condition, ...] = ()
    unknown_if: tuple[Condition, ...] = ()
    time: str = ""
    stands: bool = False
    present: str = ""
    absent: str = ""
    keep: str = ""
    stands_for: str = ""
    reason: str = ""
    required: tuple[str, ...] = ()
    set: Mapping[str, str] = field(default_factory=dict)
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True)
class OtherVersion:
    """Shapes that a resource of another version of FHIR has.

    Attributes:
        version: The version, by its name.
        resource: Types of resource.
        has: Elements that only that version has.
        text: Elements that are a plain text in that version.
        object: Elements that are an object in that version.
        always: The type itself is of that version only.
    """

    version: str
    resource: tuple[str, ...]
    has: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    object: tuple[str, ...] = ()
    always: bool = False


@dataclass(frozen=True)
class Named:
    """A condition on resources of one type, with its reason."""

    resource: str
    where: str
    reason: str


@dataclass(frozen=True)
class FhirMapping:
    """The whole file."""

    releases: tuple[str, ...]
    identifier: str
    assessed_on: str
    systems: Mapping[str, str]
    subjects: Mapping[str, str]
    known_modifiers: frozenset[str]
    other_versions: tuple[OtherVersion, ...]
    refused: tuple[Named, ...]
    ignored: tuple[Named, ...]
    checks: Mapping[str, Check]
    rows: tuple[Row, ...]

    @classmethod
    def of(cls, files: KnowledgeFiles) -> FhirMapping:
        """Return the mapping of a knowledge folder; one that has none uses the one that is shipped.

        Raises:
            KnowledgeError: The file is not TOML, or has a word that no mapping has.
        """
        content = files.contents.get(MAPPING)
        try:
            return _read((content or (default_root() / MAPPING).read_bytes()).decode())
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise KnowledgeError(
                f"the mapping of FHIR cannot be read: {error}.", place=MAPPING, fix="See docs/fhir.md for its words."
            ) from error


@lru_cache(maxsize=4)
def _read(text: str) -> FhirMapping:
    said: dict[str, Any] = tomllib.loads(text)
    checks = {name: Check(name=name, **_frozen(part)) for name, part in said.pop("checks").items()}
    for check in checks.values():
        _known("missing", check.missing, MISSING)
    rows = tuple(_row(row, checks) for row in said.pop("row"))
    if len({row.id for row in rows}) != len(rows):
        raise ValueError("two rows have one id")
    case = said.pop("case")
    mapping = FhirMapping(
        tuple(said.pop("releases")),
        case.pop("identifier"),
        case.pop("assessed-on", ""),
        said.pop("systems"),
        said.pop("subjects"),
        frozenset(said.pop("modifiers")["known"]),
        tuple(OtherVersion(**_frozen(part)) for part in said.pop("other-version")),
        tuple(Named(**part) for part in said.pop("refuse")),
        tuple(Named(**part) for part in said.pop("ignore")),
        checks,
        rows,
    )
    for name in (*said, *case):
        raise ValueError(f"the word {name!r} is unknown")
    return mapping


def _row(said: dict[str, Any], checks: Mapping[str, Check]) -> Row:
    fields = tuple(Field(name=name, **_frozen(part)) for name, part in said.pop("fields", {}).items())
    ignored, unknown = (tuple(Condition(**part) for part in said.pop(key, ())) for key in ("ignored-if", "unknown-if"))
    row = Row(fields=fields, ignored_if=ignored, unknown_if=unknown, **_frozen(said))
    for each in fields:
        _known("kind", each.kind, KINDS)
    for name in row.checks:
        _known("check", name, frozenset(checks))
    return row


def _frozen(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the words of the file as those of Python, lists as tuples."""
    return {key.replace("-", "_"): tuple(value) if isinstance(value, list) else value for key, value in said.items()}


def _known(what: str, name: str, names: frozenset[str]) -> None:
    if name not in names:
        raise ValueError(f"the {what} {name!r} is none of {', '.join(sorted(names))}")
