"""The chunks that wait for a worker, and what becomes of one that ends its worker."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field, replace
from typing import Final

from refractory.cohort.records import Chunk, Lost, Record
from refractory.cohort.running.pool import Gone
from refractory.cohort.running.worker import Task
from refractory.errors import LimitError

_STRIKES: Final = 2
_DEATHS: Final = 6

_LATE: Final = (
    "OutOfTime",
    "it took longer than --timeout allows, by itself.",
    "A record that takes so long holds up all others.",
    "Look at the record; to answer it all the same, give more time with --timeout and another --out.",
)
_LOST: Final = (
    "WorkerLost",
    "the process that answered it ended, twice, by itself and with nothing beside it.",
    "It was killed, had no more memory, or something crashed.",
    "Look at the record, and report it if that may be shown; with more memory it may be answered.",
)


@dataclass(slots=True)
class _Trouble:
    """A chunk that has ended a worker.

    Attributes:
        chunk: What is left to be done of it.
        alone: Whether it is to be done with nothing beside it, so that no other chunk is to blame.
        deaths: How often it has ended a worker since a record was last found guilty.
        strikes: How often each record was under way then.
    """

    chunk: Chunk
    alone: bool = False
    deaths: int = 0
    strikes: Counter[int] = field(default_factory=Counter)

    def blame(self, at: int, *, late: bool) -> None:
        """Note that a worker ended while one record of it was under way, and take the record out if it must be."""
        self.strikes[at] += 1
        record = self.chunk.items[at]
        if isinstance(record, Record) and (late or self.strikes[at] >= _STRIKES):
            items = list(self.chunk.items)
            items[at] = Lost(record, *(_LATE if late else _LOST))
            self.chunk = replace(self.chunk, items=tuple(items))
            self.deaths = 0
            self.strikes.clear()


class Queue:
    """What is to be done next.

    A chunk whose worker ends is done again record by record, which shows who is to blame: a record that is under way
    twice when a worker ends, or once when it takes too long, becomes a rejected row, and the others are answered.
    """

    def __init__(self) -> None:
        self._fresh: deque[Chunk] = deque()
        self._again: deque[int] = deque()
        self._troubles: dict[int, _Trouble] = {}
        self._alone: int | None = None

    @property
    def waiting(self) -> int:
        """How many chunks wait."""
        return len(self._fresh) + len(self._again)

    def add(self, chunk: Chunk) -> None:
        """Put a chunk at the end."""
        self._fresh.append(chunk)

    def next(self, busy: int) -> Task | None:
        """Return what is to be done now, or None if nothing may be begun.

        Args:
            busy: How many chunks are being done.
        """
        if self._alone is not None:
            return None
        if self._again:
            number = self._again[0]
            trouble = self._troubles[number]
            if trouble.alone and busy:
                return None
            self._again.popleft()
            self._alone = number if trouble.alone else None
            return Task(trouble.chunk, singly=True)
        return Task(self._fresh.popleft()) if self._fresh else None

    def done(self, number: int) -> None:
        """Forget a chunk that is done."""
        self._troubles.pop(number, None)
        if self._alone == number:
            self._alone = None

    def lost(self, gone: Gone) -> None:
        """Take back a chunk whose worker has ended.

        Raises:
            LimitError: It has happened too often, and no record is to blame.
        """
        if gone.task is None:
            return
        number = gone.task.chunk.number
        trouble = self._troubles.setdefault(number, _Trouble(gone.task.chunk))
        trouble.alone |= not gone.late
        trouble.deaths += 1
        if gone.task.singly and gone.at >= 0:
            trouble.blame(gone.at, late=gone.late)
        if trouble.deaths >= _DEATHS:
            raise LimitError(
                f"chunk {number} has ended its worker {trouble.deaths} times, and no record of it is to blame.",
                why="There may be too little memory for a chunk, or somebody ends the workers.",
                fix="Give more memory, and the same command again; or a smaller --chunk and another --out.",
            )
        if self._alone == number:
            self._alone = None
        self._again.append(number)
