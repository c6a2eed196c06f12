"""What the tests of the audit log share: small logs, ways to change them, and a disk that fills up."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from refractory.service.audit import chain as audit_chain
from refractory.service.audit.chain import BrokenLog, Verified
from refractory.service.audit.entry import FIRST, Entry
from refractory.service.audit.writer import AuditLog

WHEN = datetime(2026, 3, 10, 12, 0, 0, 123456, tzinfo=UTC)
CONCLUDED = {"case": "a" * 64, "knowledge": "b" * 64, "recommendations": [["Do", "Recommend", "Prompt"]]}
SAID: dict[str, Any] = {"who": "ward-7", "event": "assessment", **CONCLUDED}
CARD = "0f8fad5b-d9cb-469f-a165-70867728950e"
HOOK: dict[str, Any] = {
    "who": "https://ehr.example.org",
    "event": "hook",
    **CONCLUDED,
    "service": "review",
    "cards": [CARD],
}
FEEDBACK: dict[str, Any] = {"who": "ward-7", "event": "feedback", "card": CARD, "outcome": "overridden"}


def clock() -> datetime:
    """Return the time of every entry of these tests."""
    return WHEN


def opened(path: Path) -> AuditLog:
    """Open a log."""
    return AuditLog.open(path, clock=clock)


def entry(case: int = 0) -> Entry:
    """Return an assessment of a case of this number."""
    return Entry.of({**SAID, "case": f"{case:064x}"}, WHEN)


def written(path: Path, entries: int = 3) -> list[bytes]:
    """Write a log with some assessments, and return its lines with their line feeds."""
    log = opened(path)
    log.append([entry(case) for case in range(entries)])
    log.close()
    return path.read_bytes().splitlines(keepends=True)


def verify(path: Path, expected: str | None = None) -> Verified:
    """Verify a log that nobody writes to now."""
    return audit_chain.verify(path, expected, looks=0)


def put(path: Path, content: bytes) -> None:
    """Make a log with this content: a new file, since one that is written over goes to the disk at once."""
    path.unlink(missing_ok=True)
    path.touch(0o600)
    path.write_bytes(content)


def is_whole(path: Path, content: bytes, expected: str | None = None) -> bool:
    """Say whether a log with this content verifies."""
    put(path, content)
    try:
        verify(path, expected)
    except BrokenLog:
        return False
    return True


def sha256(line: bytes) -> str:
    """Return the hash of a line without its line feed."""
    return hashlib.sha256(line.rstrip(b"\n")).hexdigest()


def cases(path: Path) -> list[int]:
    """Return the numbers of the cases that a log has as entries, in their order."""
    found = []
    for line in path.read_bytes().splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if said["event"] == "assessment":
            found.append(int(said["case"], 16))
    return found


class Disk:
    """A disk with so much room, by way of `os.write`; without fsync, so that many logs are quick."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.room: int | None = None
        self._write = os.write
        monkeypatch.setattr(os, "write", self)
        monkeypatch.setattr(os, "fsync", lambda _file: None)

    def __call__(self, file: int, data: bytes) -> int:
        """Write as much as there is room for; if there is none, fail as a full disk does."""
        if self.room is None:
            return self._write(file, data)
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        count = self._write(file, data[: self.room])
        self.room -= count
        return count


def without(lines: list[bytes]) -> Iterator[list[bytes]]:
    """Yield the lines with each one removed; what is cut off at the end is told by the head alone."""
    for number in range(len(lines) - 1):
        yield lines[:number] + lines[number + 1 :]


def swapped(lines: list[bytes]) -> Iterator[list[bytes]]:
    """Yield the lines with each two exchanged."""
    for first in range(len(lines)):
        for second in range(first):
            changed = list(lines)
            changed[first], changed[second] = changed[second], changed[first]
            yield changed


def doubled(lines: list[bytes]) -> Iterator[list[bytes]]:
    """Yield the lines with each one a second time, at each place."""
    for line in lines:
        for place in range(len(lines) + 1):
            yield [*lines[:place], line, *lines[place:]]


def renumbered(lines: list[bytes]) -> Iterator[list[bytes]]:
    """Yield the lines with each one under another number."""
    for place, line in enumerate(lines):
        for number in (place, place + 2, place + 100):
            yield [*lines[:place], re.sub(rb"^\{\"number\":\d+", b'{"number":%d' % number, line), *lines[place + 1 :]]


def inserted(lines: list[bytes]) -> Iterator[list[bytes]]:
    """Yield the lines with one more that fits to what stands before it, at each place but the end."""
    for place in range(len(lines)):
        previous = sha256(lines[place - 1]) if place else FIRST
        forged = entry(99).line(place + 1, previous) + b"\n"
        yield [*lines[:place], forged, *lines[place:]]


def cut_in_the_middle(lines: list[bytes]) -> Iterator[list[bytes]]:
    """Yield the lines with a stretch removed that begins within one line and ends within another or the same."""
    content = b"".join(lines)
    for begin in range(0, len(content) - 1, 37):
        for end in range(begin + 1, len(content) - len(lines[-1]), 41):
            yield [content[:begin] + content[end:]]


def with_garbage(lines: list[bytes]) -> Iterator[list[bytes]]:
    """Yield the lines with what does not belong there, before, between and behind."""
    for garbage in (b"x", b"\n", b"{}\n", b"null\n", b"garbage\n", b"\0" * 600, b"\xff\n", b"\xef\xbb\xbf"):
        for place in range(len(lines) + 1):
            yield [*lines[:place], garbage, *lines[place:]]
