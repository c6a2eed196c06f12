"""A limit of time that also ends a computation which never looks up."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from refractory.cli.output import show_error
from refractory.errors import LimitError

_GRACE = 5.0


class TimeUp(BaseException):
    """The time is over. Not an `Exception`, so that no library catches it on its way out."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.error = LimitError(
            f"there was no answer within {seconds:g} seconds.",
            why="A stuck computation is given up, so that nobody waits for it.",
            fix="Give fewer or smaller inputs, or more time with --timeout.",
        )


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """End what runs inside after some seconds.

    Where the platform has alarms, `TimeUp` is raised. Where it has none, and where the alarm is not heard because a
    library computes outside Python, a watchdog says so and ends the process with the exit code of a limit.

    Raises:
        TimeUp: The time is over.
    """
    has_alarm = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    watchdog = threading.Timer(seconds + (_GRACE if has_alarm else 0), _end, [seconds])
    watchdog.daemon = True
    watchdog.start()
    try:
        if has_alarm:
            with _alarm(seconds):
                yield
        else:
            yield
    finally:
        watchdog.cancel()


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise TimeUp(seconds)

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _end(seconds: float) -> None:
    code = show_error(TimeUp(seconds).error)
    os._exit(code)
