"""Processes that do chunks, and what is seen of them: what they have done, and how they end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from ctypes import c_longlong
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Final

from refractory.cohort.running.parts import Checkpoint
from refractory.cohort.running.worker import STARTING, Job, Message, Ready, Task, work
from refractory.errors import LimitError

# A process of its own kind: it inherits neither threads nor locks nor files of the first one, on any platform.
_CONTEXT: Final = get_context("spawn")
_PATIENCE: Final = 5.0


@dataclass(frozen=True, slots=True)
class Gone:
    """A worker has ended, or was ended because it took too long.

    Attributes:
        task: What it was doing; None: nothing.
        at: The place in the chunk of what was under way; below 0: no record was.
        late: Whether it took too long.
    """

    task: Task | None
    at: int
    late: bool


Event = Message | Gone


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    pipe: Connection
    mark: c_longlong
    ready: bool = False
    task: Task | None = None
    seen: int = STARTING
    since: float = 0.0

    @property
    def idle(self) -> bool:
        return self.ready and self.task is None

    def is_late(self, now: float, seconds: float) -> bool:
        """Say whether one record has been under way for longer than so many seconds."""
        at = self.mark.value
        if at != self.seen:
            self.seen, self.since = at, now
        return at >= 0 and now - self.since > seconds

    def end(self) -> None:
        self.process.kill()
        self.process.join(_PATIENCE)
        self.pipe.close()


class Pool:
    """So many workers; one that ends is replaced.

    Args:
        job: What they do.
        size: How many there are.
        seconds: How long one record may take.
    """

    def __init__(self, job: Job, size: int, seconds: float) -> None:
        self._job = job
        self._seconds = seconds
        self._size = size
        self._workers: list[_Worker] = []

    def __enter__(self) -> Pool:
        self._workers.append(self._start())
        return self

    def __exit__(self, *_error: object) -> None:
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.end()

    @property
    def busy(self) -> int:
        """How many workers are doing a chunk."""
        return sum(worker.task is not None for worker in self._workers)

    @property
    def idle(self) -> int:
        """How many could be given one."""
        return sum(worker.idle for worker in self._workers)

    def give(self, task: Task) -> None:
        """Give a task to an idle worker."""
        worker = next(worker for worker in self._workers if worker.idle)
        worker.task, worker.since = task, time.monotonic()
        with suppress(OSError):  # it has ended just now; that comes out with the next events
            worker.pipe.send(task)

    def events(self, timeout: float) -> Iterator[Event]:
        """Yield what has happened; wait for it so many seconds if nothing has."""
        ready = set(wait([part for one in self._workers for part in (one.pipe, one.process.sentinel)], timeout))
        now = time.monotonic()
        for place, worker in enumerate(list(self._workers)):
            if worker.pipe in ready or worker.process.sentinel in ready:
                try:
                    # What it said before it ended counts.
                    message: Message = worker.pipe.recv()
                except (EOFError, OSError):
                    yield self._replaced(place, late=False)
                    continue
                if isinstance(message, Ready):
                    worker.ready = True
                    self._fill()
                elif isinstance(message, Checkpoint):
                    worker.task = None
                yield message
            elif worker.is_late(now, self._seconds):
                yield self._replaced(place, late=True)

    def _fill(self) -> None:
        """Start what is missing, when one is ready: what had to be compiled is then there for all."""
        while len(self._workers) < self._size:
            self._workers.append(self._start())

    def _replaced(self, place: int, *, late: bool) -> Gone:
        worker = self._workers[place]
        worker.end()
        self._workers[place] = self._start()
        return Gone(worker.task, worker.mark.value, late)

    def _start(self) -> _Worker:
        try:
            here, there = _CONTEXT.Pipe()
            mark = _CONTEXT.RawValue(c_longlong, STARTING)
            process = _CONTEXT.Process(
                target=work, args=(self._job, there, mark), daemon=True, name="refractory-cohort"
            )
            process.start()
        except OSError as error:
            raise LimitError(
                f"no process can be started: {error.strerror}.",
                fix="Give fewer --workers or more memory, and the same command again: it goes on where it stopped.",
            ) from error
        there.close()
        return _Worker(process, here, mark)
