"""The inputs of a run: which files, in which order, each read as what it is. What can be checked before is checked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from refractory.case.fhir.bundle import REFERRED_TO
from refractory.case.fhir.mapping import FhirMapping
from refractory.case.fhir.paths import check_installed
from refractory.case.lexical import check_date
from refractory.cohort.inputs import bulk, csv_rows, documents, find, json_lines, parquet
from refractory.cohort.inputs.mapping import CohortMapping
from refractory.cohort.inputs.mapping_file import read_mapping
from refractory.cohort.inputs.pending import Pending
from refractory.cohort.inputs.source import Line, Source, lines
from refractory.errors import RefusedError, UsageError
from refractory.knowledge.knowledge import Knowledge

_BUNDLE: Final = "Bundle"


@dataclass(frozen=True)
class Inputs:
    """The inputs of a run, made by `of`.

    Attributes:
        files: All files, in the order in which they are read.
    """

    files: tuple[Path, ...]
    _sources: tuple[Source, ...] = field(repr=False)
    _readings: tuple[Callable[[], Iterator[Pending]], ...] = field(repr=False)

    @classmethod
    def of(
        cls,
        paths: Sequence[str | Path],
        knowledge: Knowledge,
        *,
        mapping: str | Path | None = None,
        assessed_on: str | None = None,
    ) -> Inputs:
        """Find the files of a run, and hold against each what is needed to read it. No record is read.

        Args:
            paths: Files and folders.
            knowledge: Says what a case may say, and how FHIR is read.
            mapping: The file that names the columns of CSV and Parquet files.
            assessed_on: The day of the assessment, YYYY-MM-DD. It is only held against what needs one here; it goes
                into the answers by way of `Assessor`.

        Raises:
            UsageError: A folder is empty, a file of no known form or named twice; columns are not those of the mapping;
                or bulk data comes without a day.
            RefusedError: There is no such file, or what reads FHIR is not installed.
        """
        if assessed_on is not None:
            try:
                check_date(assessed_on, "--assessed-on")
            except RefusedError as error:
                raise UsageError(error.what, place=error.place, fix=error.fix) from error
        sources = [Source(path) for path in find.files_of(paths)]
        columns = read_mapping(mapping, knowledge) if mapping is not None else None
        plan = _Plan(FhirMapping.of(knowledge.files), columns, assessed_on)
        for source in sources:
            plan.add(source)
        ordered, readings = plan.finish()
        return cls(tuple(source.path for source in ordered), tuple(ordered), readings)

    def pending(self) -> Iterator[Pending]:
        """Yield every item of the inputs, unmade; always the same, in the same order."""
        for source in self._sources:
            source.read = 0
        for reading in self._readings:
            yield from reading()

    @property
    def share(self) -> float:
        """How much of the inputs has been read, from 0 to 1."""
        total = sum(source.size for source in self._sources)
        return min(1.0, sum(source.read for source in self._sources) / total) if total else 1.0


@dataclass
class _Plan:
    """Which files are read how."""

    fhir: FhirMapping
    mapping: CohortMapping | None
    assessed_on: str | None
    _steps: list[tuple[list[Source], Callable[[], Iterator[Pending]]]] = field(default_factory=list)
    _exports: dict[Path, list[tuple[bool, Source]]] = field(default_factory=dict)

    def add(self, source: Source) -> None:
        """Add a file."""
        form = find.form(source.path)
        if form == find.JSON:
            self._one(source, partial(documents.read, source, self.fhir))
        elif form in find.LINES:
            self._lines(source)
        elif form == find.CSV:
            if self.mapping is None:
                raise UsageError(
                    "a CSV file is given, and no mapping of its columns.",
                    place=source.name,
                    fix="Give one with --mapping; `refractory cohort template` prints one to begin with.",
                )
            csv_rows.check(source, self.mapping)
            self._one(source, partial(csv_rows.read, source, self.mapping))
        else:
            parquet.check(source, self.mapping)
            self._one(source, partial(parquet.read, source, self.mapping, self.fhir))

    def _one(self, source: Source, read: Callable[[], Iterator[Pending]]) -> None:
        self._steps.append(([source], read))

    def _lines(self, source: Source) -> None:
        kind = self._kind(source)
        if not kind or kind == _BUNDLE:
            self._one(source, partial(json_lines.read, source, self.fhir))
            return
        if self.assessed_on is None:
            raise UsageError(
                "bulk data of FHIR is given, and no day of the assessment.",
                place=source.name,
                why="Nothing in it says the day, and it is never taken to be today.",
                fix="Give the day of the export with --assessed-on YYYY-MM-DD.",
            )
        check_installed()
        # An id names a patient within one export alone, and an export stands in a folder of its own.
        folder = source.path.parent
        if folder not in self._exports:
            self._exports[folder] = []
            self._steps.append(([], partial(self._export, folder)))
        self._exports[folder].append((kind != "Patient", source))

    def _kind(self, source: Source) -> str:
        """Return the type of the resources of a file, by its first line or else by its name; empty if it has cases."""
        first = next(lines(source), None)
        source.read = 0
        if isinstance(first, Line):
            try:
                said = json.loads(first.content)
                kind = said.get("resourceType") if isinstance(said, dict) else None
                return kind if isinstance(kind, str) else ""
            except (ValueError, RecursionError):
                pass
        known = {*self.fhir.subjects, *REFERRED_TO}
        return next((part for part in source.path.name.split(".") if part in known), "")

    def _export(self, folder: Path) -> Iterator[Pending]:
        return bulk.read(self._in_order(folder), self.fhir)

    def _in_order(self, folder: Path) -> list[Source]:
        """Return the files of an export, those of patients first, which say who there is."""
        return [source for _, source in sorted(self._exports[folder], key=lambda one: one[0])]

    def finish(self) -> tuple[list[Source], tuple[Callable[[], Iterator[Pending]], ...]]:
        """Return the files and what reads them, in order."""
        folders = iter(self._exports)
        ordered: list[Source] = []
        for sources, _ in self._steps:
            ordered += sources or self._in_order(next(folders))
        return ordered, tuple(read for _, read in self._steps)
