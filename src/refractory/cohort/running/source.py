"""The files of a cohort as a source of chunks, and what of their reading the answers depend on."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from refractory.cohort.inputs.chunks import chunks
from refractory.cohort.inputs.inputs import Inputs
from refractory.cohort.records import Chunk
from refractory.cohort.running.manifest import digest_of
from refractory.knowledge.knowledge import Knowledge


@dataclass(frozen=True)
class Files:
    """Files and folders, and how they are read.

    Attributes:
        paths: Files and folders.
        knowledge: What says what a case may say, and how FHIR is read; None: the shipped knowledge.
        mapping: What says which column is what; None: no file has columns.
        assessed_on: The day of the assessment of FHIR Bundles; None: what they say.
    """

    paths: tuple[Path, ...]
    knowledge: Knowledge | None = None
    mapping: Path | None = None
    assessed_on: str | None = None

    def files(self) -> Sequence[Path]:
        """Return the files that are read, in their order."""
        return self._inputs.files

    @cached_property
    def _inputs(self) -> Inputs:
        knowledge = self.knowledge or Knowledge.load()
        return Inputs.of(self.paths, knowledge, mapping=self.mapping, assessed_on=self.assessed_on)

    def identity(self) -> Mapping[str, Any]:
        """Return what the manifest says of how they are read."""
        return {"mapping": digest_of(self.mapping), "assessedOn": self.assessed_on}

    def chunks(self, size: int, done: Collection[int]) -> Iterator[Chunk]:
        """Yield the chunks that are not done."""
        return chunks(self._inputs, size, done)
