"""The file of the audit log: locked, verified when it is opened, and only ever added to."""

from __future__ import annotations

import fcntl
import os
import stat
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from refractory.errors import RefractoryError, RefusedError
from refractory.service.audit.chain import LINE_FEED, Broken, Chain, follow
from refractory.service.audit.entry import ITSELF, Entry
from refractory.version import VERSION

_ANOTHER: Final = "Give the service another file for its audit log; keep this one as it is."

_ANEW: Final = "Start the service anew: it verifies the log, and says what it finds."


class AuditFailed(RefractoryError):  # noqa: N818  # named by what happened
    """What was concluded could not be recorded, so it must not be told."""


def now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(tz=UTC)


class AuditLog:
    """An audit log that is open for writing, by this process alone.

    What failed for want of room is mended in place by the next entry: a line that was not written whole is closed, and
    an entry `recovered` chains to it. After a failure that leaves in doubt what is on the disk, and after somebody
    else touched the file, every entry is refused until the service starts anew.
    """

    def __init__(self, file: int, path: Path, clock: Callable[[], datetime]) -> None:
        self._file: int | None = file
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        # Set once it is known that nothing may be added any more.
        self._refuses = ""
        self._chain, self._tail = _verified(file, path)
        self._size = os.fstat(file).st_size
        self._append([self._entry("started", version=VERSION)])
        self._started = self._chain.entries

    @classmethod
    def open(cls, path: Path, *, clock: Callable[[], datetime] = now) -> AuditLog:
        """Open a log for writing, or make one that its owner alone may use, and write that the service started.

        Args:
            path: The log.
            clock: Tells the time, in UTC.

        Raises:
            RefusedError: Another service has it, others may write to it, it is broken, or it cannot be written.
        """
        try:
            file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError as error:
            raise _unusable(path, error) from error
        try:
            _refuse_others(file, path)
            _take_lock(file, path)
            _make_durable(path.absolute().parent)
            return cls(file, path, clock)
        except BaseException as error:
            os.close(file)
            if isinstance(error, OSError):
                raise _unusable(path, error) from error
            if isinstance(error, AuditFailed):
                raise RefusedError(error.what, place=error.place, why=error.why, fix=error.fix) from error
            raise

    @property
    def entries(self) -> int:
        """How many entries it has."""
        return self._chain.entries

    @property
    def head(self) -> str:
        """The hash of its last entry."""
        return self._chain.head

    def append(self, entries: Sequence[Entry]) -> None:
        """Write entries, in their order, and return once they are on the disk.

        Raises:
            AuditFailed: They are not, or not all of them; nothing of what they say may be told.
        """
        with self._lock:
            self._append(entries)

    def close(self) -> None:
        """Write that the service stopped, after how many entries since it started, and let go of the log.

        Raises:
            AuditFailed: This could not be written; the log is let go of all the same.
        """
        with self._lock:
            if self._file is None:
                return
            try:
                # Mends what is to be mended, so that the count is right.
                self._append([])
                self._append([self._entry("stopped", count=self._chain.entries - self._started)])
            finally:
                os.close(self._file)
                self._file = None

    def _entry(self, event: str, **brings: object) -> Entry:
        return Entry.of({"who": ITSELF, "event": event, **brings}, self._clock())

    def _append(self, entries: Sequence[Entry]) -> None:
        file = self._untouched()
        chain, data = self._chain.copy(), bytearray()
        if self._tail:
            data += LINE_FEED
            chain.take(self._tail)
        if self._tail or chain.is_broken:
            entries = [self._entry("recovered", broken=chain.broken), *entries]
        for entry in entries:
            line = entry.line(chain.entries + 1, chain.previous)
            data += line + LINE_FEED
            chain.add(line, mends=entry.event == "recovered")
        if not data:
            return
        written = 0
        try:
            while written < len(data):
                written += os.write(file, memoryview(data)[written:])
        except OSError as error:
            self._note(bytes(data[:written]))
            raise self._failed(f"cannot be written: {error.strerror}", "Make room for it, or mend its disk.") from error
        try:
            os.fsync(file)
        except OSError as error:
            # What was written may be lost although a later fsync succeeds; reading it anew tells.
            self._refuses = f"cannot be brought to the disk: {error.strerror}"
            raise self._failed(self._refuses) from error
        self._chain, self._tail = chain, b""
        self._size += len(data)

    def _note(self, part: bytes) -> None:
        """Note what was written before a write failed: whole lines stand, and the next entry closes the rest."""
        *whole, tail = (self._tail + part).split(LINE_FEED)
        for line in whole:
            self._chain.take(line)
        self._tail = tail
        self._size += len(part)

    def _untouched(self) -> int:
        """Return the file if nobody else touched it."""
        if self._file is None:
            raise self._failed("is closed")
        if not self._refuses:
            found = os.fstat(self._file)
            if found.st_nlink == 0:
                self._refuses = "was deleted"
            elif found.st_size != self._size:
                self._refuses = "is not as this service left it: somebody else wrote to it"
        if self._refuses:
            raise self._failed(self._refuses)
        return self._file

    def _failed(self, what: str, fix: str = _ANEW) -> AuditFailed:
        why = "No answer is given that is not recorded."
        return AuditFailed(f"the audit log {what}.", place=str(self._path), why=why, fix=fix)


def _verified(file: int, path: Path) -> tuple[Chain, bytes]:
    """Return the chain of a log, and its last line if that has no line feed."""
    try:
        with os.fdopen(file, "rb", closefd=False) as reader:
            chain, tail, _ = follow(reader)
        if chain.is_broken and not chain.is_torn:
            raise chain.unmended()
        if tail:
            chain.copy().take(tail)
    except Broken as broken:
        raise RefusedError(
            "the audit log is broken, and nothing is added to it.",
            place=f"{path}, line {broken.line}",
            why=broken.reason,
            fix=_ANOTHER,
        ) from None
    return chain, tail


def _take_lock(file: int, path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise RefusedError(
            f"the audit log is in use by {_holder(file)}.",
            place=str(path),
            why="Two services that write one log would break its chain.",
            fix="Stop the other one, or give this one a log of its own.",
        ) from None
    # It may have been moved away before the lock was had.
    if not os.path.samestat(os.fstat(file), path.stat()):
        raise RefusedError("the audit log was moved while it was opened.", place=str(path), fix="Start anew.")


def _holder(file: int) -> str:
    """Return who has the lock, where the system tells it."""
    inode = f":{os.fstat(file).st_ino}"
    try:
        locks = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        locks = []
    # Such as `1: FLOCK  ADVISORY  WRITE 4711 fe:00:123456 0 EOF`.
    for fields in (line.split() for line in locks):
        if len(fields) > 5 and fields[1] == "FLOCK" and fields[5].endswith(inode) and fields[4].isdecimal():
            return f"process {fields[4]}"
    return "another process"


def _refuse_others(file: int, path: Path) -> None:
    found = os.fstat(file)
    if not stat.S_ISREG(found.st_mode):
        raise RefusedError("the audit log is no file.", place=str(path), fix="Give a file, or a name for a new one.")
    if found.st_uid not in {os.geteuid(), 0}:
        what = "the audit log belongs to another user, who may write to it"
    elif found.st_mode & 0o022:
        what = f"others may write to the audit log: its mode is {stat.S_IMODE(found.st_mode):04o}"
    else:
        return
    raise RefusedError(
        f"{what}.",
        place=str(path),
        why="What others can write proves nothing.",
        fix=f"{_ANOTHER} If you know that nobody else wrote to it, let the service own it and run chmod 600 on it.",
    )


def _make_durable(folder: Path) -> None:
    """Bring the name of a new file to the disk."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _unusable(path: Path, error: OSError) -> RefusedError:
    return RefusedError(
        f"the audit log cannot be used: {error.strerror}.",
        place=str(path),
        fix="Give a file in a folder that is there and that the service may write to.",
    )
