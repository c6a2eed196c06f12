"""The parts of a folder of answers, read one after the other, so that the cohort's size costs no memory."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from refractory.cohort.running.parts import ANSWERED, CHECKPOINTS, REJECTED
from refractory.errors import RefusedError, UsageError

_ROWS: Final = 65_536


@dataclass(frozen=True, slots=True)
class Parts:
    """A folder of answers.

    Attributes:
        folder: Where it is.
        names: The names of its parts, in their order; each is in `answered/`, in `rejected/`, or in both.
        software: The version that answered.
        knowledge_hash: SHA-256 of the knowledge that answered.
        guidance: The sources that were used, as an assessment lists them.
        questions: Whether it was worked out what may still be asked.
    """

    folder: Path
    names: tuple[str, ...]
    software: str
    knowledge_hash: str
    guidance: tuple[dict[str, Any], ...]
    questions: bool

    @classmethod
    def of(cls, folder: Path) -> Parts:
        """Return the parts of a folder; of a run that was stopped, those that were finished.

        Raises:
            UsageError: It holds no part.
            RefusedError: A part cannot be read, or was answered with another knowledge than the first.
        """
        names = sorted({path.stem for sort in (ANSWERED, REJECTED) for path in (folder / sort).glob("part-*.parquet")})
        if (folder / CHECKPOINTS).is_dir():
            done = {path.stem for path in (folder / CHECKPOINTS).glob("*.json")}
            names = [name for name in names if name.removeprefix("part-") in done]
        if not names:
            raise UsageError(
                "the folder holds no answers.",
                place=str(folder),
                fix="Name a folder that `refractory cohort INPUT... --out DIR` has written.",
            )
        schemas = [
            _schema(path)
            for sort in (ANSWERED, REJECTED)
            for path in (folder / sort / f"{name}.parquet" for name in names)
            if path.is_file()
        ]
        said = {_said(schema, folder) for schema in schemas}
        if len(said) != 1:
            raise RefusedError(
                "its parts were answered with different knowledge.",
                place=str(folder),
                why="Their numbers would belong to no one question.",
                fix="Answer all of them again, into a new folder.",
            )
        software, knowledge, guidance = said.pop()
        asked = any("questions" in schema.names for schema in schemas)
        return cls(folder, tuple(names), software, knowledge, tuple(json.loads(guidance)), asked)

    def batches(self, sort: str, columns: Collection[str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows of `answered` or `rejected`, some thousand at a time; a column that is not there is left out.

        Raises:
            RefusedError: A part cannot be read.
        """
        for name in self.names:
            path = self.folder / sort / f"{name}.parquet"
            if path.is_file():
                with _reading(path), pq.ParquetFile(path) as file:
                    there = [column for column in columns if column in file.schema_arrow.names]
                    yield from file.iter_batches(_ROWS, columns=there)

    def part(self, sort: str, name: str, columns: Sequence[str]) -> pa.Table | None:
        """Return one part whole, or None where there is none of this sort.

        Raises:
            RefusedError: It cannot be read.
        """
        path = self.folder / sort / f"{name}.parquet"
        if not path.is_file():
            return None
        with _reading(path), pq.ParquetFile(path) as file:
            return file.read(columns=list(columns))

    def to_json(self) -> dict[str, Any]:
        """Return what answered, in the published form."""
        return {
            "softwareVersion": self.software,
            "knowledgeHash": self.knowledge_hash,
            "guidance": list(self.guidance),
        }


def _schema(path: Path) -> pa.Schema:
    with _reading(path):
        return pq.read_schema(path)


def _said(schema: pa.Schema, folder: Path) -> tuple[str, str, str]:
    metadata = schema.metadata or {}
    try:
        software, knowledge, guidance = (
            metadata[f"refractory.{name}".encode()].decode()
            for name in ("softwareVersion", "knowledgeHash", "guidance")
        )
    except KeyError as error:
        raise RefusedError(
            "a part does not say which knowledge answered it.",
            place=str(folder),
            fix="Give the folder as it was written; what copies Parquet must keep the metadata of its schema.",
        ) from error
    return software, knowledge, guidance


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise RefusedError(
            f"the part cannot be read: {str(error).splitlines()[0]}",
            place=str(path),
            fix="Delete it with its checkpoint, and run the same command again: what is missing is answered anew.",
        ) from error
