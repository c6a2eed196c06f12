"""The files of a cohort as a source of chunks, and what of their reading the answers depend on."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from refractory.cohort import plain as inputs
from refractory.cohort.manifest import digest_of
from refractory.cohort.records import Chunk


@dataclass(frozen=True, slots=True)
class Files:
    """Files and folders, and how they are read.

    Attributes:
        inputs: Files and folders.
        mapping: What says which column is what; None: no file has columns.
        assessed_on: The day of the assessment of FHIR Bundles; None: what they say.
    """

    inputs: tuple[Path, ...]
    mapping: Path | None = None
    assessed_on: str | None = None

    def files(self) -> Sequence[Path]:
        """Return the files that are read, in their order."""
        return inputs.files(self.inputs)

    def identity(self) -> Mapping[str, Any]:
        """Return what the manifest says of how they are read."""
        return {"mapping": digest_of(self.mapping), "assessedOn": self.assessed_on}

    def chunks(self, size: int, done: Collection[int]) -> Iterator[Chunk]:
        """Yield the chunks that are not done."""
        return inputs.chunks(self.inputs, size, done)
