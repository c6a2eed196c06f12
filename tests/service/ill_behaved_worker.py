"""A worker with tasks that no service has: they hang, crash, hoard, and answer late."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from typing import Any

from refractory.service.work import tasks, worker
from refractory.service.work.messages import Reply, Task


def echo(_base: Any, task: Task) -> Reply:
    """Return what came."""
    return Reply(200, "text/plain", task.body)


def endless(_base: Any, _task: Task) -> Reply:
    """Never return."""
    while True:
        pass


def slow(base: Any, task: Task) -> Reply:
    """Return what came, late."""
    time.sleep(1)
    return echo(base, task)


def crash(_base: Any, _task: Task) -> Reply:
    """Read where nothing is."""
    ctypes.string_at(0)
    return Reply(200, "text/plain", b"")


def abort(_base: Any, _task: Task) -> Reply:
    """End without a word."""
    os._exit(1)


def hoard(_base: Any, _task: Task) -> Reply:
    """Take more memory than there is."""
    return Reply(200, "text/plain", b"x" * 10_000_000_000)


if __name__ == "__main__":
    ill = {task.__name__: task for task in (echo, endless, slow, crash, abort, hoard)}
    setattr(worker, "prepared", lambda *_: type("Base", (), {"hash": "none"})())  # noqa: B010  # it is read-only to mypy
    setattr(tasks, "TASKS", ill)  # noqa: B010  # the same
    sys.exit(worker.main())
