"""The files of an output folder: parts and checkpoints, each whole or not there at all.

A chunk is done if, and only if, its checkpoint is there and names parts of the sizes that they have. The checkpoint is
written last, and everything is on the disk before it gets its name.
"""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from refractory.errors import LimitError, RefusedError

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

_FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

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


@contextmanager
def told_of_the_disk(out: Path) -> Iterator[None]:
    """Say of a write that failed what it means for the run.

    Raises:
        LimitError: There is no room.
        RefusedError: The folder cannot be written for another reason.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise LimitError(
                f"there is no room to write: {error.strerror}.",
                place=str(out),
                why="What was done until then is kept, and nothing of it is half written.",
                fix="Make room, and give the same command again: it goes on where it stopped.",
            ) from error
        raise RefusedError(
            f"the output cannot be written: {error.strerror}.",
            place=str(error.filename or out),
            why="What was done until then is kept, and nothing of it is half written.",
            fix="Mend what is wrong with the folder, and give the same command again: it goes on where it stopped.",
        ) from error
