"""The chain of the audit log: each line holds the hash of what stands before it, so that a change shows."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from copy import copy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Final

from refractory.errors import RefractoryError, RefusedError
from refractory.service.audit.entry import FIRST, MAX_LINE, Link, begins

LINE_FEED: Final = b"\n"

# A line that is being written while it is read: how often to look again, and after how many seconds.
_LOOKS: Final = 10
_PAUSE: Final = 0.1


class BrokenLog(RefractoryError):  # noqa: N818  # named by what is found
    """The log is not whole. `place` names the file and the line, `why` the reason."""

    exit_code: ClassVar[int] = 1


class Broken(Exception):  # noqa: N818  # named by what is found
    """A line is not what the chain says.

    Attributes:
        line: Its number, from 1.
        reason: What is wrong with it.
    """

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Verified:
    """What is known of a log that is whole.

    Attributes:
        entries: How many entries it has.
        recovered: How many of them close a line that was not written whole.
        head: SHA-256 of its last entry, which stands for all of it; 64 zeros for a log without entries.
        expected: The number of the entry whose hash was expected; 0 is the beginning, None that none was given.
    """

    entries: int
    recovered: int
    head: str
    expected: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON; `expected` only where one was given."""
        return {"whole": True, **{key: value for key, value in asdict(self).items() if value is not None}}


class Chain:
    """The chain up to some line.

    A line that is no entry is broken: the service died while writing it. Such a line, or several after each other, may
    stand only before an entry `recovered` whose `previous` is the hash of them all, with the line feeds between them.

    Attributes:
        lines: How many lines it has.
        entries: How many of them are entries.
        recovered: How many of these are `recovered`.
        head: The hash of the last entry.
        broken: How many bytes of broken lines stand at its end, without the last line feed.
        is_torn: Whether each of these begins as the next entry would, as it does when a write ends too early.
    """

    def __init__(self) -> None:
        self.lines = self.entries = self.recovered = self.broken = 0
        self.head = FIRST
        self.is_torn = False
        self._first_broken = 0
        self._broken_hash = hashlib.sha256()

    def copy(self) -> Chain:
        """Return a chain that goes on from here by itself."""
        other = copy(self)
        other._broken_hash = self._broken_hash.copy()
        return other

    @property
    def is_broken(self) -> bool:
        """Whether a broken line stands at its end; it may be an empty one."""
        return bool(self._first_broken)

    @property
    def previous(self) -> str:
        """What the next entry holds as the hash before it."""
        return self._broken_hash.hexdigest() if self.is_broken else self.head

    def take(self, line: bytes) -> None:
        """Go on by a line, given without its line feed.

        Raises:
            Broken: It is not the next one.
        """
        link = Link.of(line)
        if link is None:
            self._break(line)
            return
        if self.is_broken and link.event != "recovered":
            raise self.unmended()
        due, place = self.entries + 1, self.lines + 1
        if link.number != due:
            raise Broken(
                place, f"it has the number {link.number} where {due} is due: lines were removed, added or moved."
            )
        if link.previous != self.previous:
            before = f"line {self.lines} was changed" if self.lines else "lines before it were removed"
            raise Broken(place, f"it does not hold the hash of what stands before it: {before}, or this one was.")
        self.add(line, mends=link.event == "recovered")

    def add(self, line: bytes, *, mends: bool = False) -> None:
        """Go on by an entry that was just made for this place; `mends`: it is `recovered`."""
        self.lines += 1
        self.entries += 1
        self.recovered += mends
        self.head = hashlib.sha256(line).hexdigest()
        self._first_broken = self.broken = 0

    def unmended(self) -> Broken:
        """Return what is wrong with a broken line that nothing mends."""
        return Broken(
            self._first_broken,
            "it is no entry as the service writes them, and no entry `recovered` follows that holds its hash.",
        )

    def _break(self, line: bytes) -> None:
        self.lines += 1
        self.is_torn = begins(line, self.entries + 1) and (self.is_torn or not self.is_broken)
        if self.is_broken:
            line = LINE_FEED + line
        else:
            self._first_broken, self._broken_hash = self.lines, hashlib.sha256()
        self._broken_hash.update(line)
        self.broken += len(line)


def follow(file: BinaryIO, *, looks: int = 0, expected: str | None = None) -> tuple[Chain, bytes, int | None]:
    """Read a log from its beginning, a line at a time.

    Args:
        file: The log.
        looks: How often to look again for the rest of a last line without a line feed.
        expected: A hash to look for among those of the entries.

    Returns:
        The chain, the last line if it has no line feed, and the number of the entry with the expected hash.

    Raises:
        Broken: A line is not what the chain says. Broken lines at the end are judged by the caller.
    """
    chain, found = Chain(), 0 if expected == FIRST else None
    for line in _lines(file, looks):
        if not line.endswith(LINE_FEED):
            if len(line) > MAX_LINE:
                raise Broken(chain.lines + 1, f"it is longer than {MAX_LINE} bytes.")
            return chain, line, found
        chain.take(line[:-1])
        if chain.head == expected:
            found = chain.entries
    return chain, b"", found


def verify(path: Path, expected: str | None = None, *, looks: int = _LOOKS) -> Verified:
    """Read a log, also while a service writes it, and hold each line against the chain.

    Args:
        path: The log.
        expected: The head of an earlier time, which must still be in the chain.
        looks: How often to look again for the rest of a line that is being written.

    Raises:
        BrokenLog: It is not whole, or the expected head is not in it.
        RefusedError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            chain, tail, found = follow(file, looks=looks, expected=expected)
        if chain.is_broken and not chain.is_torn:
            raise chain.unmended()
    except Broken as broken:
        raise BrokenLog(
            "the audit log is broken.",
            place=f"{path}, line {broken.line}",
            why=broken.reason,
            fix="Keep the file as it is, compare it with a copy, and find out who could write to it.",
        ) from None
    except OSError as error:
        raise RefusedError(
            f"the audit log cannot be read: {error.strerror}.", place=str(path), fix="Give a file that can be read."
        ) from error
    if tail or chain.is_broken:
        raise BrokenLog(
            "the last line of the audit log was not written whole.",
            place=f"{path}, line {chain.lines + bool(tail)}",
            why="The service died while it wrote it, or its disk is full; its answer was not sent. Or it was cut.",
            fix="Start the service with this log, or make room for it: it closes the line, and says so in the log.",
        )
    if expected is not None and found is None:
        raise BrokenLog(
            f"the expected head is not in the audit log, whose {chain.entries} entries are a chain.",
            place=str(path),
            why="Entries at its end were cut off, all of it was written anew, or it is another log.",
            fix="Compare it with a copy, and find out who could write to it.",
        )
    return Verified(chain.entries, chain.recovered, chain.head, found)


def _lines(file: BinaryIO, looks: int) -> Iterator[bytes]:
    """Yield each line with its line feed; the last one maybe without. No line is read further than it may be long."""
    line, looked = b"", 0
    while True:
        line += file.readline(MAX_LINE + 1 - len(line))
        if line.endswith(LINE_FEED):
            yield line
            line, looked = b"", 0
        elif not line:
            return
        elif len(line) > MAX_LINE or looked >= looks:
            yield line
            return
        else:
            looked += 1
            time.sleep(_PAUSE)
