"""A file of a cohort, and its bytes in pieces of bounded size; what is compressed is unpacked on the way."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, Final, cast

from refractory.case.fhir.limits import MAX_BUNDLE_BYTES
from refractory.case.fhir.recognize import looks_like_fhir
from refractory.case.limits import MAX_BYTES
from refractory.cohort.inputs.pending import SHOWN_BYTES
from refractory.cohort.records import Unreadable

BLOCK: Final = 65_536
"""Bytes that are read at once."""

_SPACE: Final = b" \t\r\n"
# A line may have so much of them behind its content: the line feed, and a carriage return before it.
_LINE_END: Final = 2

FAULTS: Final = (EOFError, zlib.error, OSError)
"""What reading a file may raise at any moment."""


@dataclass
class Source:
    """An input file.

    Attributes:
        path: Where it is.
        read: How many of its bytes, as they are on the disk, have been read.
    """

    path: Path
    read: int = 0

    @cached_property
    def size(self) -> int:
        """How many bytes it has on the disk, when that was first asked; 0 if it is gone."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    @property
    def name(self) -> str:
        """What rows call it."""
        return self.path.as_posix()

    @property
    def compressed(self) -> bool:
        """Whether it is unpacked while it is read."""
        return self.path.suffix.lower() == ".gz"

    @contextmanager
    def open(self) -> Iterator[Bytes]:
        """Open it for reading.

        Raises:
            OSError: It cannot be opened.
        """
        with self.path.open("rb") as raw:
            if not self.compressed:
                yield Bytes(self, raw, raw)
                return
            with gzip.GzipFile(fileobj=raw, mode="rb") as stream:
                yield Bytes(self, raw, cast(BufferedReader, stream))

    def cut(self, row: int, error: Exception) -> Unreadable:
        """Return what is left of a file that cannot be read further.

        Args:
            row: The first line or row that is not read.
            error: What stopped it.
        """
        why = "What comes before has been read; how many records are in the rest cannot be known."
        if isinstance(error, EOFError):
            message = "the compressed file ends before its end."
        elif isinstance(error, zlib.error | gzip.BadGzipFile):
            message = f"the compressed file is damaged: {error}."
            why = "Its check sum stands at its end, so what has been read of it before may be wrong too."
        else:
            message = f"the file cannot be read: {getattr(error, 'strerror', None) or error}."
        return Unreadable(
            self.name,
            row,
            message,
            why=why,
            fix="Fetch or write the file again, and begin the run anew.",
        )


@dataclass
class Bytes:
    """An open file.

    Attributes:
        source: The file.
    """

    source: Source
    _raw: BinaryIO
    _stream: BufferedReader

    def line(self, most: int) -> bytes:
        """Return the next line with its line feed, or so many bytes of it; nothing at the end."""
        return self._counted(self._stream.readline(most))

    def block(self) -> bytes:
        """Return the next bytes, of which there are some unless it is the end."""
        # No more is asked for than is there: what is asked for at once is lost as a whole if its end is damaged.
        return self._counted(self._stream.read1(BLOCK))

    def _counted(self, part: bytes) -> bytes:
        self.source.read = self._raw.tell() if self.source.compressed else self.source.read + len(part)
        return part


@dataclass
class Gathering:
    """A record that is put together of its parts, until it is larger than a case or a Bundle may be.

    Attributes:
        size: How many bytes it has.
        whole: Whether all of them are kept.
    """

    size: int = 0
    whole: bool = True
    _limit: int = MAX_BYTES + _LINE_END
    _parts: list[bytes] = field(default_factory=list)

    @property
    def content(self) -> bytes:
        """What is kept."""
        return b"".join(self._parts)

    def add(self, part: bytes) -> None:
        """Add a part; if it becomes too much, only the beginning is kept."""
        self.size += len(part)
        if not self.whole:
            return
        self._parts.append(part)
        if self.size > self._limit:
            content = self.content
            # Only what looks like FHIR may be as large as a Bundle, and it shows early.
            self._limit = MAX_BUNDLE_BYTES + _LINE_END if looks_like_fhir(content) else self._limit
            self.whole = self.size <= self._limit
            self._parts = [content if self.whole else content[:SHOWN_BYTES]]


def too_large(source: str, row: int, size: int, raw: bytes) -> Unreadable:
    """Return a record that is larger than it may be."""
    limit = MAX_BUNDLE_BYTES if looks_like_fhir(raw) else MAX_BYTES
    return Unreadable(
        source,
        row,
        f"the record has {size} bytes, and {limit} are allowed.",
        why="It was not read whole, so that no record can take the memory of the others.",
        fix="Give one case a record, and of it only what is needed.",
        count=1,
        raw=raw[:SHOWN_BYTES],
        size=size,
    )


@dataclass(frozen=True, slots=True)
class Line:
    """A line.

    Attributes:
        number: Its number, from 1.
        content: What it says, without its end; only the beginning if it is not whole.
        size: Its bytes.
        whole: Whether it is no larger than a record may be.
    """

    number: int
    content: bytes
    size: int
    whole: bool


def lines(source: Source, *, spaces: bool = False) -> Iterator[Line | Unreadable]:
    """Yield the lines of a file that are not blank; what cannot be read of it comes last.

    Args:
        source: The file.
        spaces: Whether spaces at the ends of a line belong to it.
    """
    ends = b"\r\n" if spaces else _SPACE
    number = 0
    try:
        with source.open() as stream:
            while first := stream.line(MAX_BYTES + _LINE_END + 1):
                number += 1
                if first.endswith(b"\n") or len(first) <= MAX_BYTES + _LINE_END:
                    if first.strip(_SPACE):
                        yield Line(number, first.strip(ends), len(first), whole=True)
                    continue
                gathered = Gathering()
                part = first
                while part:
                    gathered.add(part)
                    part = b"" if part.endswith(b"\n") else stream.line(BLOCK)
                yield Line(number, gathered.content.strip(ends), gathered.size, gathered.whole)
    except FAULTS as error:
        yield source.cut(number + 1, error)
