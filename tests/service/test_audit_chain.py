"""The chain of the audit log: whatever is changed in it shows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from refractory.service.audit import chain as audit_chain
from refractory.service.audit.chain import BrokenLog
from refractory.service.audit.entry import FIRST, MAX_LINE
from tests.service.audit_logs import (
    cut_in_the_middle,
    doubled,
    entry,
    inserted,
    is_whole,
    opened,
    put,
    renumbered,
    sha256,
    swapped,
    verify,
    with_garbage,
    without,
    written,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a log may be."""
    return tmp_path / "audit.jsonl"


# ---- What verification finds ----


def test_every_changed_byte_is_found(path: Path) -> None:
    """In all lines but the last by the chain alone; in the last one by the head that was noted."""
    lines = written(path, 1)
    content, head = b"".join(lines), sha256(lines[-1])
    last = len(content) - len(lines[-1])
    unseen = []
    for position in range(len(content)):
        for byte in {content[position] ^ 1, content[position] ^ 0x80, 0x0A, 0x20, 0x00} - {content[position]}:
            changed = content[:position] + bytes([byte]) + content[position + 1 :]
            if is_whole(path, changed, head if position >= last else None):
                unseen.append((position, byte))

    assert is_whole(path, content, head)
    assert [] == unseen


def test_every_removed_and_every_added_byte_is_found(path: Path) -> None:
    """The same, for bytes that are gone and bytes that came."""
    lines = written(path, 1)
    content, head = b"".join(lines), sha256(lines[-1])
    unseen = []
    for position in range(len(content)):
        before, after = content[:position], content[position:]
        expected = head if position >= len(content) - len(lines[-1]) else None
        unseen += [
            (position, changed)
            for changed in (before + after[1:], *(before + byte + after for byte in (b"0", b" ", b"\n", b"}")))
            if is_whole(path, changed, expected)
        ]

    assert [] == unseen


@pytest.mark.parametrize(
    "change",
    [without, swapped, doubled, renumbered, inserted, cut_in_the_middle, with_garbage],
    ids=lambda change: change.__name__,
)
def test_every_such_change_is_found(change: Callable[[list[bytes]], Iterator[list[bytes]]], path: Path) -> None:
    """By the chain alone, wherever it is."""
    lines = written(path, 4)
    changed = [b"".join(found) for found in change(lines)]

    assert len(changed) >= 5
    assert [] == [content for content in changed if is_whole(path, content)]


def test_what_is_cut_off_at_the_end_is_told_by_the_head_alone(path: Path) -> None:
    """A shorter chain is a chain; a head that was noted is then no longer in it."""
    lines = written(path)
    head = sha256(lines[-1])
    for count in range(len(lines)):
        content = b"".join(lines[:count])

        assert is_whole(path, content)
        assert not is_whole(path, content, head)


def test_a_head_of_an_earlier_time_is_found_again(path: Path) -> None:
    """It is told which entry had it; the head of an empty log is the beginning."""
    lines = written(path)
    found = [verify(path, sha256(line)).expected for line in lines]

    assert [1, 2, 3, 4, 5] == found
    assert verify(path, FIRST).expected == 0
    assert verify(path).expected is None


def test_a_log_that_was_written_anew_does_not_have_the_head(path: Path) -> None:
    """Whoever can write the file can make another chain; it is not the one that was noted."""
    head = sha256(written(path)[1])
    path.unlink()
    log = opened(path)
    log.append([entry(case) for case in (7, 1, 2)])
    log.close()

    assert verify(path).entries == 5
    with pytest.raises(BrokenLog, match="the expected head is not in the audit log"):
        verify(path, head)


@pytest.mark.parametrize(
    ("change", "line", "reason"),
    [
        (lambda lines: [lines[0], lines[1].replace(b"ward-7", b"ward-8"), *lines[2:]], 3, "line 2 was changed"),
        (lambda lines: [*lines[:2], *lines[3:]], 3, "it has the number 4 where 3 is due"),
        (lambda lines: [*lines[:2], b"garbage\n", *lines[2:]], 3, "it is no entry"),
        (lambda lines: [*lines, b"garbage\n"], 6, "it is no entry"),
        (lambda lines: lines[1:], 1, "it has the number 2 where 1 is due"),
        (lambda lines: [lines[0].replace(b"00000", b"11111"), *lines[1:]], 1, "lines before it were removed"),
        (lambda lines: [*lines[:2], b"x" * (MAX_LINE + 1) + b"\n", *lines[2:]], 3, f"longer than {MAX_LINE} bytes"),
    ],
)
def test_line_and_reason_are_told(
    change: Callable[[list[bytes]], list[bytes]], line: int, reason: str, path: Path
) -> None:
    """The first line that is not what the chain says, and what is wrong with it."""
    put(path, b"".join(change(written(path))))
    with pytest.raises(BrokenLog) as broken:
        verify(path)

    assert f"{path}, line {line}" == broken.value.place
    assert reason in broken.value.why


@pytest.mark.parametrize(
    "line",
    [
        b'{"number":1,"number":1,"when":"2026-03-10T12:00:00Z","who":"a","event":"started","previous":"%s"}',
        b'{"number": 1,"when":"2026-03-10T12:00:00Z","who":"a","event":"started","previous":"%s"}',
        b'{"number":1.0,"when":"2026-03-10T12:00:00Z","who":"a","event":"started","previous":"%s"}',
        b'{"number":true,"when":"2026-03-10T12:00:00Z","who":"a","event":"started","previous":"%s"}',
        b'{"number":1,"when":"2026-03-10","who":"a","event":"started","previous":"%s"}',
        b'{"number":1,"when":"2026-03-10T12:00:00Z","who":"","event":"started","previous":"%s"}',
        b'{"number":1,"when":"2026-03-10T12:00:00Z","who":"a","event":"other","previous":"%s"}',
        b'{"number":1,"who":"a","when":"2026-03-10T12:00:00Z","event":"started","previous":"%s"}',
        b'{"number":1,"when":"2026-03-10T12:00:00Z","who":"a","event":"started","previous":"%s","x":1}',
        b'{"number":1,"when":"2026-03-10T12:00:00Z","who":"a","event":"started"}' + b" " * 0,
        b'"%s"',
        b"[" * 100_000,
        b"9" * 10_000,
    ],
    ids=lambda line: repr(line[:90]),
)
def test_a_line_is_an_entry_only_as_the_service_writes_it(line: bytes, path: Path) -> None:
    """One form for one meaning: no repeated key, no blank, no other order, and nothing that only looks alike."""
    good = b'{"number":1,"when":"2026-03-10T12:00:00Z","who":"a","event":"started","previous":"%s"}\n'

    assert is_whole(path, good.replace(b"%s", FIRST.encode()))
    assert not is_whole(path, line.replace(b"%s", FIRST.encode()) + b"\n")


def test_a_huge_file_is_refused_without_reading_it(path: Path) -> None:
    """A line is read no further than it may be long; this file has 16 GiB without a line feed."""
    path.touch()
    os.truncate(path, 1 << 34)
    with pytest.raises(BrokenLog) as broken:
        verify(path)

    assert f"it is longer than {MAX_LINE} bytes." == broken.value.why


def test_a_line_that_is_being_written_is_waited_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader may see half of a line that a service writes; it looks again, and tells no fault that is none."""
    lines = written(path)
    put(path, b"".join(lines)[:-40])
    pauses = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            with path.open("ab") as file:
                file.write(lines[-1][-40:])

    monkeypatch.setattr("time.sleep", pause)

    assert audit_chain.verify(path).entries == 5
    assert len(pauses) == 2
