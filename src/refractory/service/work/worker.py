"""A worker: a process with the knowledge loaded, that does one task after the other and may be ended at any time.

It reads tasks from standard input and writes replies to standard output. Nothing else reaches them: what a library
prints goes nowhere, because it might hold data of a patient.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from typing import Any, BinaryIO, Final

from refractory.service.work.messages import HEAD, Task, framed
from refractory.service.work.tasks import perform, prepared

# An alarm ends a worker that its service can no longer end, so that none is left behind busy.
_GRACE: Final = 5


def main() -> int:
    """Answer tasks until standard input ends. The one argument is JSON: knowledge, guidance, memory, seconds, nice."""
    told = json.loads(sys.argv[1])
    tasks, replies = _pipes()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(told["nice"])
    base = prepared(told["knowledge"], told["guidance"])
    # Only now: what is loaded counts, and a limit that is too low is better told here than in the middle of a task.
    resource.setrlimit(resource.RLIMIT_AS, (told["memory"], told["memory"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Up to here nothing of a patient was known; from here on nobody hears what is printed.
    os.dup2(0, 2)
    _write(replies, framed({"knowledge": base.hash}, b""))
    while (task := _read(tasks)) is not None:
        signal.setitimer(signal.ITIMER_REAL, told["seconds"] + _GRACE)
        reply = perform(base, task)
        signal.setitimer(signal.ITIMER_REAL, 0)
        _write(replies, reply.frame())
    return 0


def _pipes() -> tuple[BinaryIO, BinaryIO]:
    """Take standard input and output for the messages alone."""
    tasks, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(null, descriptor)
    os.close(null)
    return tasks, replies


def _read(tasks: BinaryIO) -> Task | None:
    head = tasks.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    header_size, body_size = HEAD.unpack(head)
    header: dict[str, Any] = json.loads(tasks.read(header_size))
    return Task.of(header, tasks.read(body_size))


def _write(replies: BinaryIO, message: bytes) -> None:
    replies.write(message)
    replies.flush()


if __name__ == "__main__":
    sys.exit(main())
