"""A worker: the process that answers chunks and writes their parts. What it holds of a case ends with the chunk."""

from __future__ import annotations

import os
import signal
import threading
import traceback
from collections.abc import Iterator, Sequence
from ctypes import c_longlong
from dataclasses import dataclass, field
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from refractory.cohort.batch import Answers, Assessor, Record
from refractory.cohort.records import Chunk, Item, Lost
from refractory.cohort.rejected import loss, unreadable
from refractory.cohort.running.manifest import digest_of
from refractory.cohort.running.parts import Checkpoint, write_chunk
from refractory.errors import RefractoryError

_SLICE: Final = 100
"""Records answered between two signs of life."""

STARTING: Final = -1
WRITING: Final = -2
IDLE: Final = -3


@dataclass(frozen=True, slots=True)
class Job:
    """What every worker of a run does.

    Attributes:
        assessor: What answers.
        out: The output folder.
    """

    assessor: Assessor
    out: Path


@dataclass(frozen=True, slots=True)
class Task:
    """A chunk to be done.

    Attributes:
        chunk: The chunk.
        singly: Whether to answer its records one by one, so that it is known which of them ends the worker.
    """

    chunk: Chunk
    singly: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """A worker has read the knowledge; it may still have to compile it.

    Attributes:
        identity: What it answers with, as the manifest says it.
    """

    identity: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ready:
    """A worker has loaded everything."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A worker cannot go on, and no other could."""

    error: Exception


Message = Known | Ready | Failed | Checkpoint


def work(job: Job, pipe: Connection, mark: c_longlong) -> None:
    """Do chunks until the pipe is closed; the body of the process.

    Args:
        job: What to do.
        pipe: Brings tasks, and takes messages.
        mark: Where it is said which record is under way, by its place in the chunk. It outlives the process.
    """
    # The keyboard interrupts all processes of a terminal; what becomes of the run is the first one's business.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    message: Message
    try:
        pipe.send(Known(identity(job.assessor)))
        job.assessor.load()
        message = Ready()
        doing = Doing(job, mark)
    except Exception as error:  # whatever it is, it is told where somebody sees it
        pipe.send(Failed(_told(error)))
        return
    while True:
        mark.value = IDLE
        try:
            pipe.send(message)
            task = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            message = doing.do(task)
        except MemoryError:
            # The first process takes it for lost, and sees which record it is without the others beside it.
            os._exit(1)
        except Exception as error:
            message = Failed(_told(error))


def _told(error: Exception) -> Exception:
    """Return an error that goes through a pipe whatever it is."""
    if isinstance(error, RefractoryError | OSError):
        return error
    return RuntimeError("".join(traceback.format_exception(error)))


def identity(assessor: Assessor) -> dict[str, Any]:
    """Return what the answers depend on beside the records."""
    return {
        "knowledge": assessor.base.hash,
        "guidance": [source.id for source in assessor.base.guidance_used],
        "table": digest_of(assessor.table),
        "questions": assessor.questions,
        "proofs": assessor.proofs,
    }


def _end_with_parent() -> None:
    """End when the first process does, however it does: nobody would know of what is written after it."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


@dataclass(frozen=True)
class Doing:
    """How a chunk is done.

    Attributes:
        job: What to do.
        mark: Where it is said which record is under way.
    """

    job: Job
    mark: c_longlong = field(repr=False)

    def do(self, task: Task) -> Checkpoint:
        """Answer a chunk and write it.

        Raises:
            OSError: It cannot be written.
            UsageError: The options are wrong.
            KnowledgeError: The knowledge is at fault.
        """
        chunk, assessor = task.chunk, self.job.assessor
        answered: list[pa.RecordBatch] = []
        rejected: list[pa.RecordBatch] = []
        for first, items in _slices(chunk.items, 1 if task.singly else _SLICE):
            self.mark.value = first
            answers = self._answers(items)
            answered.append(answers.answered)
            rejected.append(answers.rejected)
        self.mark.value = WRITING
        tables = (
            pa.Table.from_batches(answered, assessor.answered_schema),
            pa.Table.from_batches(rejected, assessor.rejected_schema),
        )
        return write_chunk(self.job.out, chunk.number, *tables, chunk.share)

    def _answers(self, items: Sequence[Item]) -> Answers:
        """Answer records, or tell of one item that is no record."""
        assessor = self.job.assessor
        first = items[0]
        if isinstance(first, Record):
            return assessor.run([item for item in items if isinstance(item, Record)])
        row = loss(first) if isinstance(first, Lost) else unreadable(first)
        nothing = pa.RecordBatch.from_pylist([], schema=assessor.answered_schema)
        return Answers(nothing, pa.RecordBatch.from_pylist([row], schema=assessor.rejected_schema))


def _slices(items: Sequence[Item], size: int) -> Iterator[tuple[int, Sequence[Item]]]:
    """Yield runs of records with the place of the first; what is no record stands alone, so that the order is kept."""
    begin = 0
    for place, item in enumerate(items):
        if not isinstance(item, Record):
            if begin < place:
                yield begin, items[begin:place]
            yield place, items[place : place + 1]
            begin = place + 1
        elif place - begin == size:
            yield begin, items[begin:place]
            begin = place
    if begin < len(items):
        yield begin, items[begin:]
