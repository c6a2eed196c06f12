"""The files of an output folder: parts and checkpoints, each whole or not there at all.

A chunk is done if, and only if, its checkpoint is there and names parts of the sizes that they have. The checkpoint is
written last, and everything is on the disk before it gets its name.
"""
"""The parts of a folder of answers, read one after the other, so that the cohort's size costs no memory."""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from dataclasses import asdict, dataclass
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

ANSWERED: Final = "answered"
REJECTED: Final = "rejected"
CHECKPOINTS: Final = "checkpoints"
FOLDERS: Final = (ANSWERED, REJECTED, CHECKPOINTS)

OURS: Final = {
    ANSWERED: re.compile(r"part-\d{6,}\.parquet"),
    REJECTED: re.compile(r"part-\d{6,}\.parquet"),
    CHECKPOINTS: re.compile(r"\d{6,}\.json"),
}
"""What the files of each folder are called."""

UNFINISHED: Final = re.compile(r"\..+\.\d+\.tmp")
"""What a file is called until it is whole. No reader of Parquet takes it for a part."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of records.

    Attributes:
        answered: How many were answered.
        rejected: How many were not; a stretch that could not be read counts as one where nobody knows how many it held.
    """

    answered: int = 0
    rejected: int = 0

    @property
    def records(self) -> int:
        """All of them."""
        return self.answered + self.rejected

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.answered + other.answered, self.rejected + other.rejected)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is known of a chunk that is done.

    Attributes:
        chunk: Its number.
        answered: How many records were answered.
        rejected: How many were not.
        answered_bytes: The size of its part of answers.
        rejected_bytes: The size of its part of rejected records.
        share: How much of the input had been read with it; None: nobody knows.
    """

    chunk: int
    answered: int
    rejected: int
    answered_bytes: int
    rejected_bytes: int
    share: float | None

    @property
    def counts(self) -> Counts:
        """What became of its records."""
        return Counts(self.answered, self.rejected)


def part(out: Path, folder: str, chunk: int) -> Path:
    """Return where the part of a chunk is."""
    return out / folder / f"part-{chunk:06}.parquet"


def write_chunk(out: Path, chunk: int, answered: pa.Table, rejected: pa.Table, share: float | None) -> Checkpoint:
    """Write the two parts of a chunk, and then its checkpoint.

    Raises:
        OSError: The disk is full, or does not take it. Nothing is left of what was begun.
    """
    contents = [_parquet(answered), _parquet(rejected)]
    for folder, content in zip((ANSWERED, REJECTED), contents, strict=True):
        write_whole(part(out, folder, chunk), content)
    counts = Counts(answered.num_rows, sum(1 if n is None else n for n in rejected.column("records").to_pylist()))
    done = Checkpoint(chunk, counts.answered, counts.rejected, contents[0].size, contents[1].size, share)
    write_json(out / CHECKPOINTS / f"{chunk:06}.json", asdict(done))
    return done


def checkpoints(out: Path) -> dict[int, Checkpoint]:
    """Return the chunks that are done. A checkpoint that is torn, or whose parts are not whole, counts for nothing."""
    found = {}
    for path in sorted((out / CHECKPOINTS).iterdir()):
        if OURS[CHECKPOINTS].fullmatch(path.name):
            with suppress(ValueError, TypeError, OSError):
                one = Checkpoint(**json.loads(path.read_bytes()))
                sizes = [part(out, folder, one.chunk).stat().st_size for folder in (ANSWERED, REJECTED)]
                if one.chunk == int(path.stem) and sizes == [one.answered_bytes, one.rejected_bytes]:
                    found[one.chunk] = one
    return found


def write_json(path: Path, value: Any) -> None:
    """Write a small file of JSON, whole or not at all."""
    write_whole(path, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode())


def write_whole(path: Path, content: Any) -> None:
    """Write a file so that it is whole on the disk when it gets its name.

    Args:
        path: Where it is to be; what was there before is replaced.
        content: Its bytes, or what can be seen as such.

    Raises:
        OSError: It cannot be written; nothing is left of what was begun.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with unfinished.open("wb", buffering=0) as file:
            rest = memoryview(content)
            while rest:
                rest = rest[file.write(rest) :]
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise
    _settle(path.parent)


def _settle(folder: Path) -> None:
    """Bring the names in a folder to the disk, where the platform can."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _parquet(table: pa.Table) -> pa.Buffer:
    """Return a table as a file of Parquet with one row group.

    It is made in memory, so that all writing is ours, and what goes wrong with it is an error of the system's.
    """
    sink = pa.BufferOutputStream()
    pq.write_table(table.combine_chunks(), sink, compression="zstd", row_group_size=max(1, table.num_rows))
    return sink.getvalue()
from refractory.errors import RefusedError, UsageError

ANSWERED: Final = "answered"
REJECTED: Final = "rejected"
_CHECKPOINTS: Final = "checkpoints"
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
        if (folder / _CHECKPOINTS).is_dir():
            done = {path.stem for path in (folder / _CHECKPOINTS).glob("*.json")}
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
