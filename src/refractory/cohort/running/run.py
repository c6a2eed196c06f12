"""Runs a cohort on this machine: chunks of the input go to workers, and each is done once, whatever happens."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from refractory.cohort.batch import Assessor
from refractory.cohort.records import Chunk
from refractory.cohort.running.folder import clear, owned, prepare, taken
from refractory.cohort.running.manifest import FORMAT, Manifest, described, differences, read_manifest, write_manifest
from refractory.cohort.running.parts import Checkpoint, Counts, checkpoints, told_of_the_disk
from refractory.cohort.running.pool import Event, Gone, Pool
from refractory.cohort.running.progress import Progress, Silent
from refractory.cohort.running.queue import Queue
from refractory.cohort.running.worker import Failed, Job, Known
from refractory.errors import LimitError, RefractoryError, RefusedError
from refractory.version import VERSION

CHUNK: Final = 2_000
"""Records of a chunk unless told otherwise: about a second of work, and some hundred kilobytes of Parquet."""

_PATIENCE: Final = 0.2
_ENOUGH: Final = 1_000
_STARTS: Final = 3


class Source(Protocol):
    """Where the records come from."""

    def files(self) -> Sequence[Path]:
        """Return the files that are read, in their order."""

    def identity(self) -> Mapping[str, Any]:
        """Return how they are read, as far as the answers depend on it: what the manifest says of it."""

    def chunks(self, size: int, done: Collection[int]) -> Iterator[Chunk]:
        """Yield the chunks that are not done."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """How many records may be rejected before the run stops.

    Attributes:
        count: So many; None: any number.
        share: So large a share of all, from 0 to 1, once there are a thousand or all are done; None: any.
    """

    count: int | None = None
    share: float | None = None

    def exceeded(self, counts: Counts, *, finished: bool) -> bool:
        """Say whether more were rejected."""
        if self.count is not None and counts.rejected > self.count:
            return True
        enough = finished or counts.records >= _ENOUGH
        return self.share is not None and enough and counts.rejected > self.share * counts.records

    def __str__(self) -> str:
        return f"{self.share * 100:g} %" if self.share is not None else str(self.count)


@dataclass(frozen=True)
class Cohort:
    """A cohort to be run.

    Attributes:
        source: Where the records come from.
        out: The output folder.
        assessor: What answers them.
        workers: How many processes do.
        chunk: How many records one of them does at once.
        seconds: How long one record may take.
        allowed: How many may be rejected.
        restart: Whether to delete an earlier run in the folder.
        progress: What is told how far it is.
    """

    source: Source
    out: Path
    assessor: Assessor = field(default_factory=Assessor)
    workers: int = 1
    chunk: int = CHUNK
    seconds: float = 60.0
    allowed: Allowed = Allowed()
    restart: bool = False
    progress: Progress = field(default_factory=Silent)

    def run(self) -> Counts:
        """Run it, or go on with it where it stopped; a finished one is left as it is.

        Returns:
            What became of the records, earlier runs included.

        Raises:
            RefusedError: An input cannot be read; the folder is not ours, is at work, or holds a run of another kind.
            LimitError: Too many records were rejected, the disk is full, or workers do not live; it can go on.
            UsageError: The options are wrong.
            KnowledgeError: The knowledge is at fault.
        """
        inputs = described(self.source.files())
        with told_of_the_disk(self.out):
            owned(self.out)
        with told_of_the_disk(self.out), taken(self.out):
            try:
                with Pool(Job(self.assessor, self.out), self.workers, self.seconds) as pool:
                    return _Run(self, pool, inputs).through()
            finally:
                clear(self.out)


class _Run:
    """One run, from the first worker that is ready to the last chunk."""

    def __init__(self, cohort: Cohort, pool: Pool, inputs: list[dict[str, Any]]) -> None:
        self._cohort, self._pool = cohort, pool
        self._inputs = inputs
        self._queue = Queue()
        self._identity: dict[str, Any] = {}
        self._done: dict[int, Checkpoint] = {}
        self._counts = Counts()
        self._share: float | None = None
        self._starts = 0

    def through(self) -> Counts:
        """Do what is not done."""
        cohort = self._cohort
        while not self._identity:
            self._heed_all(_PATIENCE)
        prepare(cohort.out, restart=cohort.restart)
        manifest = self._manifest()
        for checkpoint in checkpoints(cohort.out).values():
            self._note(checkpoint)
        complete = manifest.get("complete")
        if complete is None or complete["chunks"] != len(self._done):
            cohort.progress.begin(self._counts, self._share)
            try:
                self._do(cohort.source.chunks(cohort.chunk, frozenset(self._done)))
            finally:
                cohort.progress.end()
        self._hold(finished=True)
        self._check()
        said = {"chunks": len(self._done), "records": self._counts.records, **asdict(self._counts)}
        write_manifest(cohort.out, {**manifest, "complete": said})
        return self._counts

    def _manifest(self) -> Manifest:
        """Return the manifest; one that says something else is refused."""
        cohort = self._cohort
        now: Manifest = {
            "format": FORMAT,
            "software": VERSION,
            **self._identity,
            **cohort.source.identity(),
            "chunk": cohort.chunk,
            "inputs": self._inputs,
        }
        before = read_manifest(cohort.out)
        if before is None:
            write_manifest(cohort.out, now)
            return now
        if different := differences(before, now):
            raise RefusedError(
                f"the folder holds a run of something else: {'; '.join(different)}.",
                place=str(cohort.out),
                why="Answers of two kinds in one folder could not be told apart.",
                fix="Give another folder with --out, or delete the earlier run there with --restart; "
                "to go on with it, put back what has changed.",
            )
        return before

    def _do(self, chunks: Iterator[Chunk]) -> None:
        """Keep the workers at work until there is nothing left. No more than two chunks for each are ever in memory."""
        self._hold(finished=False)
        at_once = 2 * self._cohort.workers
        exhausted = False
        while not (exhausted and not self._queue.waiting and not self._pool.busy):
            while self._pool.idle and (task := self._queue.next(self._pool.busy)):
                self._pool.give(task)
            if not exhausted and self._queue.waiting + self._pool.busy < at_once:
                chunk = _read(chunks)
                if chunk is None:
                    exhausted = True
                elif chunk.number not in self._done:
                    self._queue.add(chunk)
                self._heed_all(0)
            else:
                self._heed_all(_PATIENCE)
            self._cohort.progress.show(self._counts, self._share)

    def _heed_all(self, timeout: float) -> None:
        for event in self._pool.events(timeout):
            self._heed(event)

    def _heed(self, event: Event) -> None:
        if isinstance(event, Known):
            if self._identity and event.identity != self._identity:
                raise RefusedError(
                    f"it has changed while the run went on: {'; '.join(differences(self._identity, event.identity))}.",
                    place=str(self._cohort.out),
                    fix="Put back what has changed, and give the same command again.",
                )
            self._identity = event.identity
        elif isinstance(event, Failed):
            raise event.error
        elif isinstance(event, Gone):
            self._heed_gone(event)
        elif isinstance(event, Checkpoint):
            self._starts = 0
            self._queue.done(event.chunk)
            self._note(event)
            self._hold(finished=False)

    def _heed_gone(self, gone: Gone) -> None:
        if gone.task is not None:
            self._queue.lost(gone)
            return
        self._starts += 1
        if self._starts >= _STARTS * self._cohort.workers:
            raise LimitError(
                "workers end before they have done anything.",
                why="There may be too little memory, or somebody ends them.",
                fix="Give fewer --workers or more memory, and the same command again.",
            )

    def _note(self, checkpoint: Checkpoint) -> None:
        self._done[checkpoint.chunk] = checkpoint
        self._counts += checkpoint.counts
        if checkpoint.share is not None:
            self._share = max(self._share or 0.0, checkpoint.share)

    def _hold(self, *, finished: bool) -> None:
        """Stop if too many were rejected."""
        allowed, counts = self._cohort.allowed, self._counts
        if allowed.exceeded(counts, finished=finished):
            raise LimitError(
                f"{counts.rejected} of {counts.records} records were rejected; --max-rejected allows {allowed}.",
                place=str(self._cohort.out / "rejected"),
                why="So many may mean that the input is not what it was taken for.",
                fix="Look there for the reasons. The same command with a higher --max-rejected goes on.",
            )

    def _check(self) -> None:
        """Hold that no chunk is missing; a gap would mean that the same input was cut in two ways."""
        if sorted(self._done) != list(range(len(self._done))):
            missing = sorted(set(range(max(self._done))) - set(self._done))
            raise RefractoryError(f"chunks are missing: {missing[:5]}", place=str(self._cohort.out))


def _read(chunks: Iterator[Chunk]) -> Chunk | None:
    try:
        return next(chunks, None)
    except OSError as error:
        raise RefusedError(
            f"an input cannot be read any further: {error.strerror}.",
            place=str(error.filename or ""),
            fix="Mend what is wrong with the file, and give the same command again: it goes on where it stopped.",
        ) from error
