"""Processes that do the work, and are ended when they take too long, so that no request can hold up another."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sys
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from refractory.service.settings import Settings
from refractory.service.work.messages import HEAD, Reply, Task

_log = logging.getLogger("refractory.service")

WORKER = "refractory.service.work.worker"
"""The module that a worker runs."""

# How long a worker may take to load the knowledge, and what is waited after one that could not start, in seconds.
_START: Final = 60.0
_PATIENCE: Final = 5.0
_PAUSE: Final = 1.0


class BusyError(Exception):
    """All workers are taken, and as many requests as may wait are waiting."""


class OutOfTimeError(Exception):
    """The work took too long, and its worker was ended."""


class WorkerLostError(Exception):
    """The worker ended in the middle of the work: it had no more memory, or something crashed."""


@dataclass(frozen=True, slots=True)
class _Worker:
    process: Process
    tasks: StreamWriter
    replies: StreamReader

    async def perform(self, task: Task) -> Reply:
        self.tasks.write(task.frame())
        await self.tasks.drain()
        return Reply.of(*await _message(self.replies))

    def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()


async def _message(replies: StreamReader) -> tuple[Mapping[str, Any], bytes]:
    header_size, body_size = HEAD.unpack(await replies.readexactly(HEAD.size))
    return json.loads(await replies.readexactly(header_size)), await replies.readexactly(body_size)


async def _gone(process: Process) -> None:
    """Wait for a process that was killed; not for ever, since a pipe in which something is left may keep it open."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE):
            await process.wait()


class Lane:
    """Some workers with one queue before them."""

    def __init__(self, settings: Settings, workers: int, *, nice: int = 0) -> None:
        """Plan a lane; `start` brings it up.

        Args:
            settings: Knowledge, limits, and how many may wait.
            workers: How many processes.
            nice: How much they give way to others, as the system counts it.
        """
        self._settings = settings
        self._size = workers
        self._told = json.dumps(
            {
                "knowledge": list(settings.knowledge) if settings.knowledge else None,
                "guidance": list(settings.guidance) if settings.guidance else None,
                "memory": settings.memory,
                "seconds": settings.seconds,
                "nice": nice,
            }
        )
        self._idle: asyncio.LifoQueue[_Worker] = asyncio.LifoQueue()
        self._all: set[_Worker] = set()
        self._waiting = 0
        self._closing = False
        self._replacing: set[asyncio.Task[None]] = set()
        self.knowledge = ""

    async def start(self) -> None:
        """Start the workers, and return when each has loaded the knowledge.

        Raises:
            WorkerLostError: One could not start.
        """
        for worker in await asyncio.gather(*(self._started() for _ in range(self._size))):
            self._idle.put_nowait(worker)

    async def close(self) -> None:
        """End the workers."""
        self._closing = True
        # A start is not broken off in the middle: what was begun then might be left behind.
        await asyncio.gather(*self._replacing, return_exceptions=True)
        for worker in self._all:
            worker.end()
        await asyncio.gather(*(_gone(worker.process) for worker in self._all))

    @property
    def alive(self) -> int:
        """How many workers there are, at work or not."""
        return len(self._all)

    async def perform(self, task: Task) -> Reply:
        """Have a task done.

        Raises:
            BusyError: No worker came free in time, or too many wait.
            OutOfTimeError: It took too long.
            WorkerLostError: The worker ended in the middle of it.
        """
        worker = await self._free()
        try:
            async with asyncio.timeout(self._settings.seconds):
                reply = await worker.perform(task)
        except BaseException as error:
            # Whatever went wrong, what this worker would say next belongs to no request: it goes.
            self._replace(worker)
            if isinstance(error, TimeoutError):
                raise OutOfTimeError from None
            if isinstance(error, asyncio.IncompleteReadError | ConnectionError):
                raise WorkerLostError from None
            raise
        self._idle.put_nowait(worker)
        return reply

    async def _free(self) -> _Worker:
        if self._idle.empty() and self._waiting >= self._settings.waiting:
            raise BusyError
        self._waiting += 1
        try:
            async with asyncio.timeout(self._settings.seconds):
                return await self._idle.get()
        except TimeoutError:
            raise BusyError from None
        finally:
            self._waiting -= 1

    def _replace(self, worker: _Worker) -> None:
        worker.end()
        self._all.discard(worker)
        if self._closing:
            return
        replacing = asyncio.create_task(self._replacement())
        self._replacing.add(replacing)
        replacing.add_done_callback(self._replacing.discard)

    async def _replacement(self) -> None:
        while not self._closing:
            try:
                self._idle.put_nowait(await self._started())
            except WorkerLostError:
                _log.error("a worker could not be started; it is tried again")
                await asyncio.sleep(_PAUSE)
            else:
                return

    async def _started(self) -> _Worker:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", WORKER, self._told, stdin=PIPE, stdout=PIPE
        )
        tasks, replies = cast(StreamWriter, process.stdin), cast(StreamReader, process.stdout)
        try:
            async with asyncio.timeout(_START):
                said, _ = await _message(replies)
        except BaseException as error:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await _gone(process)
            if isinstance(error, TimeoutError | asyncio.IncompleteReadError | ConnectionError):
                raise WorkerLostError from error
            raise
        self.knowledge = said["knowledge"]
        worker = _Worker(process, tasks, replies)
        self._all.add(worker)
        return worker


# A body of this size is read and answered in a few tenths of a second; what is larger goes another way.
_QUICK_BYTES: Final = 1_048_576
_NICE: Final = 10
# A query may take any time, whatever its size; with two workers, one that does leaves room for another.
_SLOW_TASKS: Final = frozenset({"query", "describe", "console", "knowledge"})
_SLOW_WORKERS: Final = 2


class Pool:
    """Two lanes: what is quick never waits behind what may take long."""

    def __init__(self, settings: Settings) -> None:
        """Plan the workers; `start` brings them up."""
        self.quick = Lane(settings, settings.workers)
        self.slow = Lane(settings, _SLOW_WORKERS, nice=_NICE)

    async def start(self) -> None:
        """Start all workers.

        Raises:
            WorkerLostError: One could not start.
        """
        await asyncio.gather(self.quick.start(), self.slow.start())

    async def close(self) -> None:
        """End all workers."""
        await asyncio.gather(self.quick.close(), self.slow.close())

    async def perform(self, task: Task) -> Reply:
        """Have a task done; errors as in `Lane.perform`."""
        slow = task.name in _SLOW_TASKS or len(task.body) > _QUICK_BYTES
        lane = self.slow if slow else self.quick
        return await lane.perform(task)
