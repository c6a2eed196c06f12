"""FHIR bulk data: a resource a line, files by type. What is about one patient becomes one Bundle.

The resources of a patient stand anywhere in the files, so all are read once and laid, compressed, into a database in a
temporary folder, from which the patients are then taken one by one: memory does not grow with the input, the disk does.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Final

from refractory.case.fhir.bundle import REFERRED_TO, Bundle, Resource
from refractory.case.fhir.limits import MAX_BUNDLE_BYTES, MAX_RESOURCES
from refractory.case.fhir.mapping import FhirMapping
from refractory.case.fhir.reading import whose
from refractory.cohort.inputs.bundles import references
from refractory.cohort.inputs.pending import SHOWN_BYTES, Pending, lost, record
from refractory.cohort.inputs.source import Line, Source, lines, too_large
from refractory.cohort.records import Item, Record, Unreadable
from refractory.errors import LimitError, RefractoryError

_TABLES: Final = """
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    PRAGMA locking_mode = EXCLUSIVE;
    CREATE TABLE patient (id INTEGER PRIMARY KEY, name TEXT UNIQUE, file INTEGER, line INTEGER, known INTEGER);
    CREATE TABLE resource (patient INTEGER, size INTEGER, content BLOB);
    CREATE TABLE referred (name TEXT, content BLOB);
"""
_INDEXES: Final = """
    CREATE INDEX of_patient ON resource (patient);
    CREATE INDEX by_name ON referred (name);
"""
_BEFORE: Final = b'{"resourceType":"Bundle","type":"collection","entry":['
_TELL: Final = 100
_PATIENT: Final = "Patient"


def read(sources: Sequence[Source], mapping: FhirMapping) -> Iterator[Pending]:
    """Yield a record for each patient, in the order in which the files first speak of them; before them, what is wrong.

    Args:
        sources: The files of one export, those of patients first.
        mapping: Says whose a resource is.

    Raises:
        LimitError: There is no room for the database.
    """
    with (
        tempfile.TemporaryDirectory(prefix="refractory-") as folder,
        closing(sqlite3.connect(Path(folder, "patients.sqlite"), isolation_level=None)) as database,
    ):
        try:
            database.executescript(_TABLES)
            database.execute("BEGIN")
            grouping = _Grouping(database, sources, mapping)
            for number, source in enumerate(sources):
                for line in lines(source):
                    if (fault := grouping.add(number, line)) is not None:
                        yield fault
            database.execute("COMMIT")
            database.executescript(_INDEXES)
            yield from grouping.patients()
        except sqlite3.OperationalError as error:
            raise LimitError(
                f"the patients of the bulk data cannot be sorted: {error}.",
                place=folder,
                why="Their resources are laid onto the disk, so that memory does not grow with the input.",
                fix="Make room there, or name a folder on another disk in TMPDIR; the run can then go on.",
            ) from error


class _Grouping:
    """The resources of an export, by patient."""

    def __init__(self, database: sqlite3.Connection, sources: Sequence[Source], mapping: FhirMapping) -> None:
        self._database = database
        self._sources = sources
        self._mapping = mapping
        self._nothing = Bundle({}, ())

    def add(self, file: int, line: Line | Unreadable) -> Pending | None:
        """Lay a resource to its patient; return what is wrong with it, if it is of no use."""
        source = self._sources[file].name
        if isinstance(line, Unreadable):
            return lost(line)
        if not line.whole:
            return lost(too_large(source, line.number, line.size, line.content))
        try:
            resource = json.loads(line.content)
            kind = resource["resourceType"]
        except (ValueError, RecursionError, TypeError, LookupError):
            return record(line.content, source, line.number)
        if kind in REFERRED_TO:
            content = zlib.compress(line.content, 1)
            self._database.execute("INSERT INTO referred VALUES (?, ?)", (f"{kind}/{resource.get('id')}", content))
        elif isinstance(kind, str) and kind in self._mapping.subjects:
            return self._add(file, line, resource, kind)
        return None

    def _add(self, file: int, line: Line, resource: dict[str, Any], kind: str) -> Pending | None:
        name = self._whose(resource, kind)
        if not name:
            return lost(
                Unreadable(
                    self._sources[file].name,
                    line.number,
                    f"the {kind} does not say whose it is.",
                    why="What is laid to no patient, or to the wrong one, must not be answered.",
                    fix="Give it a reference to its patient; give a Patient an id.",
                    count=1,
                    raw=line.content[:SHOWN_BYTES],
                    size=line.size,
                )
            )
        execute = self._database.execute
        execute(
            "INSERT INTO patient (name, file, line, known) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (name) DO UPDATE SET known = max(known, excluded.known)",
            (name, file, line.number, kind == _PATIENT),
        )
        execute(
            "INSERT INTO resource SELECT id, ?, ? FROM patient WHERE name = ?",
            (len(line.content), zlib.compress(line.content, 1), name),
        )
        return None

    def _whose(self, resource: dict[str, Any], kind: str) -> str:
        if kind == _PATIENT:
            identifier = resource.get("id")
            return f"{_PATIENT}/{identifier}" if isinstance(identifier, str) else ""
        try:
            return whose(Resource(resource, "", ""), self._nothing, self._mapping)
        except RefractoryError:
            return ""

    def patients(self) -> Iterator[Pending]:
        """Yield the Bundle of each patient."""
        any_known, last = self._database.execute("SELECT max(known), max(id) FROM patient").fetchone()
        found = self._database.execute(
            "SELECT id, name, file, line, known, (SELECT sum(size) FROM resource WHERE patient = patient.id), "
            "(SELECT count(*) FROM resource WHERE patient = patient.id) FROM patient ORDER BY id"
        )
        for identifier, name, file, line, known, size, count in found:
            source = self._sources[file].name
            if identifier % _TELL == 1:
                self._tell(identifier / last)
            if any_known and not known:
                yield lost(_unknown(source, line, name, size))
            elif size > MAX_BUNDLE_BYTES or count > MAX_RESOURCES:
                yield lost(_too_much(source, line, name, size, count))
            else:
                yield Pending(size, partial(self._bundle, identifier, source, line))

    def _tell(self, share: float) -> None:
        """Say how much has been read, for which patients are counted: sorting them is the smaller part of the time."""
        for source in self._sources:
            source.read = int(source.size * share)

    def _bundle(self, patient: int, source: str, line: int) -> Item:
        rows = self._database.execute("SELECT content FROM resource WHERE patient = ? ORDER BY rowid", (patient,))
        resources = [zlib.decompress(content) for (content,) in rows]
        resources += self._referred(resources)
        return Record(_bundle_of(resources), source, line)

    def _referred(self, resources: Iterable[bytes]) -> list[bytes]:
        """Return the resources of nobody that others refer to, and those that these refer to."""
        found: dict[str, list[bytes]] = {}
        open_ = list(resources)
        while open_:
            for name in references(json.loads(open_.pop())):
                if name not in found and name.split("/")[0] in REFERRED_TO:
                    rows = self._database.execute("SELECT content FROM referred WHERE name = ? ORDER BY rowid", (name,))
                    found[name] = [zlib.decompress(content) for (content,) in rows]
                    open_ += found[name]
        return [content for name in sorted(found) for content in found[name]]


def _bundle_of(resources: Sequence[bytes]) -> bytes:
    """Return resources as a Bundle, each as it was written, so that what is wrong with one is still seen."""
    return _BEFORE + b",".join(b'{"resource":' + resource + b"}" for resource in resources) + b"]}"


def _unknown(source: str, line: int, name: str, size: int) -> Unreadable:
    return Unreadable(
        source,
        line,
        f"resources are about {name[:200]}, and there is no such Patient.",
        why="It may be another name of a patient who is there, and half a record must not be answered as a whole one.",
        fix="Export the patient too, and write references as Patient/id.",
        count=1,
        size=size,
    )


def _too_much(source: str, line: int, name: str, size: int, count: int) -> Unreadable:
    return Unreadable(
        source,
        line,
        f"{name[:200]} has {count} resources of {size} bytes; {MAX_RESOURCES} of {MAX_BUNDLE_BYTES} are allowed.",
        why="No record may take the memory of the others.",
        fix="Export of this patient only the time that matters.",
        count=1,
        size=size,
    )
