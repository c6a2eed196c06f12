"""What comes out of an input, in pieces: records, stretches that cannot be read, and chunks of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from refractory.cohort.batch import Record

__all__ = ["Chunk", "Item", "Lost", "Record", "Unreadable"]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A stretch of an input that cannot be read; it becomes one rejected row, and reading goes on after it.

    Attributes:
        source: The file that it is in.
        row: The line or row with which it begins, from 1.
        message: What is wrong, in a sentence.
        why: Why it matters, or an empty string.
        fix: How to mend it, or an empty string.
        count: How many records it held; None: nobody knows.
        place: Where in the file it is, if the row does not say it, or an empty string.
        raw: How it begins.
        size: How many bytes it has, as far as that is known.
    """

    kind: ClassVar[str] = "Unreadable"
    code: ClassVar[int] = 3

    source: str
    row: int
    message: str
    why: str = ""
    fix: str = ""
    count: int | None = None
    place: str = ""
    raw: bytes = b""
    size: int = 0


@dataclass(frozen=True, slots=True)
class Lost:
    """A record that ended its worker, or took too long; it becomes one rejected row.

    Attributes:
        record: The record.
        kind: `WorkerLost` or `OutOfTime`.
        message: What happened.
        why: Why it is rejected.
        fix: What can be done.
    """

    code: ClassVar[int] = 4

    record: Record
    kind: str
    message: str
    why: str
    fix: str


Item = Record | Unreadable | Lost


@dataclass(frozen=True, slots=True)
class Chunk:
    """So many items of the input as one worker does at once. The same inputs and size always give the same chunks.

    Attributes:
        number: Its place among the chunks, from 0.
        items: What is in it, in the order of the input.
        share: How much of the input has been read with it, from 0 to 1; None: nobody knows.
    """

    number: int
    items: tuple[Item, ...]
    share: float | None = None
