"""The audit log as the service uses it: what waits is written together, and is on the disk before it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from refractory.service.audit.entry import Entry
from refractory.service.audit.log import AuditFailed, AuditLog, now

__all__ = ["AuditFailed", "AuditLog", "AuditWriter"]

_Waiting = tuple[Entry, asyncio.Future[None]]


class AuditWriter:
    """Writes to an audit log on behalf of many requests at once, in one event loop.

    Entries stand in the order in which they were given. While some are brought to the disk, others gather; one task
    takes all that wait, and writes them by one write and one fsync, in a thread.
    """

    def __init__(self, log: AuditLog, *, clock: Callable[[], datetime] = now) -> None:
        self._log = log
        self._clock = clock
        self._waiting: list[_Waiting] = []
        self._task: asyncio.Task[None] | None = None
        self._closing = False

    async def record(self, said: Mapping[str, Any]) -> None:
        """Record what happened, and return once it is on the disk.

        Args:
            said: `who` (the caller's name), `event`, and the fields that the event brings (docs/audit.md).

        Raises:
            AuditFailed: It could not be recorded, so it must not be told.
            ValueError: An event, a field or its form is none that the log has. Of a patient it takes a hash alone.
        """
        entry = Entry.of(said, self._clock())
        if self._closing:
            raise AuditFailed("the audit log is closed.", why="No answer is given that is not recorded.")
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, done))
        if self._task is None:
            self._task = asyncio.create_task(self._write_all())
        await done

    async def close(self) -> None:
        """Write what still waits, then that the service stopped, and let go of the log.

        Raises:
            AuditFailed: That it stopped could not be written; the log is let go of all the same.
        """
        self._closing = True
        if self._task is not None:
            await asyncio.wait({self._task})
        await asyncio.to_thread(self._log.close)

    async def _write_all(self) -> None:
        taken: list[_Waiting] = []
        try:
            while self._waiting:
                taken, self._waiting = self._waiting, []
                failure: AuditFailed | None = None
                try:
                    await asyncio.to_thread(self._log.append, [entry for entry, _ in taken])
                except AuditFailed as failed:
                    failure = failed
                _settle(taken, failure)
        finally:
            # If this ended otherwise, nobody is left waiting, and nothing is told.
            self._task = None
            _settle([*taken, *self._waiting], AuditFailed("the audit log was not written to the end."))
            self._waiting = []


def _settle(taken: Iterable[_Waiting], failure: AuditFailed | None) -> None:
    """Tell all who still wait; each gets an error of its own, since raising one changes it."""
    for _, done in taken:
        if done.done():
            continue
        if failure is None:
            done.set_result(None)
        else:
            done.set_exception(AuditFailed(failure.what, place=failure.place, why=failure.why, fix=failure.fix))
