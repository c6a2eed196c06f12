"""The file of the audit log: only ever added to, by one service, and whole whatever fails."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refractory.errors import RefusedError
from refractory.service.audit import entry as audit_entry
from refractory.service.audit.chain import Verified
from refractory.service.audit.entry import FIRST
from refractory.service.audit.writer import AuditFailed
from tests.service.audit_logs import (
    Disk,
    cases,
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
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """Return a disk with room for everything until it is told otherwise."""
    return Disk(monkeypatch)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a log may be."""
    return tmp_path / "audit.jsonl"


# ---- Opening ----


def test_a_new_log_is_its_owner_s_alone(path: Path) -> None:
    """Whatever the process gives to other files."""
    before = os.umask(0)
    try:
        opened(path).close()
    finally:
        os.umask(before)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_log_that_others_may_write_is_refused(mode: int, path: Path) -> None:
    """What others can write proves nothing; that others may read it is for its owner to decide."""
    lines = written(path)
    path.chmod(mode)
    with pytest.raises(RefusedError, match=f"others may write to the audit log: its mode is {mode:04o}"):
        opened(path)

    assert b"".join(lines) == path.read_bytes()
    path.chmod(0o640)
    opened(path).close()


def test_a_log_of_another_user_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its owner may write to it."""
    written(path)
    opened(path).close()
    # Where the tests have no network they have no other user either, to whom the file could be given.
    real = os.fstat
    monkeypatch.setattr(os, "fstat", lambda file: os.stat_result((*real(file)[:4], 4711, *real(file)[5:])))
    with pytest.raises(RefusedError, match="belongs to another user"):
        opened(path)


def test_a_second_service_is_told_who_has_the_log(path: Path) -> None:
    """The log stays as it is, and is to be had once the first service lets go of it."""
    first = opened(path)
    before = path.read_bytes()
    with pytest.raises(RefusedError, match=f"the audit log is in use by (process {os.getpid()}|another process)"):
        opened(path)

    assert before == path.read_bytes()
    first.close()
    opened(path).close()
    assert verify(path).entries == 4


def test_no_process_that_is_started_keeps_the_log(path: Path) -> None:
    """A worker that outlives the service does not hold its lock."""
    log = opened(path)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False) as worker:
        log.close()
        opened(path).close()
        worker.communicate(b"\n")


def test_a_log_that_is_moved_while_it_is_opened_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise two services could each have their own log under one name."""
    import fcntl

    written(path)
    lock = fcntl.flock

    def move(file: int, operation: int) -> None:
        path.rename(path.with_suffix(".old"))
        path.touch(0o600)
        lock(file, operation)

    monkeypatch.setattr(fcntl, "flock", move)
    with pytest.raises(RefusedError, match="was moved while it was opened"):
        opened(path)


@pytest.mark.parametrize("change", [without, swapped, doubled, renumbered, inserted, with_garbage])
def test_nothing_is_added_to_a_broken_log(change: Callable[[list[bytes]], Iterator[list[bytes]]], path: Path) -> None:
    """It is refused with the line, and stays as it is for whoever looks into it."""
    lines = written(path, 2)
    for number, changed in enumerate(change(lines)):
        content = b"".join(changed)
        if content.startswith(b"".join(lines)) and not content.endswith(b"\n"):
            continue  # a last line that was not written whole: see below
        broken = path.with_name(f"{change.__name__}-{number}")
        put(broken, content)
        with pytest.raises(RefusedError, match="the audit log is broken, and nothing is added to it") as refused:
            opened(broken)

        assert f"{broken}, line " in refused.value.place
        assert refused.value.why
        assert "another file" in refused.value.fix
        assert content == broken.read_bytes()


@pytest.mark.usefixtures("disk")
def test_a_last_line_that_was_changed_is_not_taken_for_one_that_was_not_written_whole(path: Path) -> None:
    """It ends as an entry does, or begins as none, or fits to another place: nothing is added, and it stays."""
    lines = written(path)
    before, last = b"".join(lines[:-1]), lines[-1]
    changed = [last[:place] + b"~" + last[place + 1 :] for place in range(len(last) - 2)]
    changed = [line for line in changed if audit_entry.Link.of(line[:-1]) is None]
    changed += [last[1:], b"garbage\n" + last[:40] + b"\n", b"garbage\n" + last[:40], lines[1], lines[1][:-1], b"\n\n"]

    assert len(changed) > 100
    for line in changed:
        put(path, before + line)
        with pytest.raises(RefusedError, match="nothing is added to it"):
            opened(path)

        assert before + line == path.read_bytes()


@pytest.mark.parametrize("name", [".", "no-such-folder/audit.jsonl", "pipe"])
def test_what_is_no_file_is_refused(name: str, tmp_path: Path) -> None:
    """A folder, a folder that is not there, and a pipe."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RefusedError):
        opened(tmp_path / name)


def test_a_log_without_room_for_the_first_entry_is_refused(path: Path, disk: Disk) -> None:
    """The service does not start, and lets go of the log."""
    disk.room = 10
    with pytest.raises(RefusedError, match="cannot be written: No space left on device"):
        opened(path)
    disk.room = None
    opened(path).close()

    assert Verified(entries=3, recovered=1, head=verify(path).head) == verify(path)


# ---- A line that was not written whole ----


@pytest.mark.usefixtures("disk")
def test_a_last_line_that_was_not_written_whole_is_closed_at_the_start(path: Path) -> None:
    """Wherever the service died in it; nothing that stood there is changed, and verification tells of it."""
    lines = written(path)
    for length in range(1, len(lines[-1])):
        torn = b"".join(lines[:-1]) + lines[-1][:length]

        assert not is_whole(path, torn + b"\n") or length == len(lines[-1]) - 1
        assert not is_whole(path, torn)
        log = opened(path)
        log.append([entry(8)])
        log.close()
        content = path.read_bytes()
        mended = json.loads(content[len(torn) + 1 :].splitlines()[0])

        assert content.startswith(torn + b"\n")
        # All that a line may lack is its line feed; then it is an entry, and nothing was lost.
        complete = length == len(lines[-1]) - 1
        assert ("recovered", 0 if complete else length) == (mended["event"], mended["broken"])
        assert hashlib.sha256(lines[-1][:length]).hexdigest() == mended["previous"]
        assert (8 + complete, 1) == (verify(path).entries, verify(path).recovered)


def test_a_mending_that_was_not_written_whole_is_mended(path: Path, disk: Disk) -> None:
    """Wherever it ended, even right behind the line feed that it began with."""
    lines = written(path, 1)
    torn = b"".join(lines)[:-30]
    put(path, torn)
    opened(path).close()
    whole = len(path.read_bytes()) - len(torn)
    for room in range(whole):
        put(path, torn)
        disk.room = room
        with pytest.raises((RefusedError, AuditFailed), match="No space left on device"):
            opened(path).close()
        disk.room = None
        opened(path).close()

        assert verify(path).recovered >= 1


def test_every_byte_of_a_closed_line_is_held_by_the_chain(path: Path) -> None:
    """What is no entry is not left out: to change, remove or add a byte of it shows."""
    lines = written(path, 1)
    put(path, b"".join(lines)[:-30])
    opened(path).close()
    content = path.read_bytes()
    begin = content.index(b"\n", content.index(b'"assessment"')) + 1
    end = content.index(b"\n", begin)

    assert is_whole(path, content)
    for position in range(begin, end + 1):
        before, after = content[:position], content[position:]
        for changed in (before + b"~" + after[1:], before + after[1:], before + b"~" + after, before + b"\n" + after):
            assert not is_whole(path, changed)


def test_a_line_that_is_no_entry_stands_only_where_it_was_closed(path: Path) -> None:
    """Neither an entry `recovered` before it, nor one elsewhere, nor another event that holds its hash lets it pass."""
    lines = written(path)
    garbage = b"garbage"
    held = hashlib.sha256(garbage).hexdigest()
    for event in sorted(audit_entry._EVENTS):
        said = {"number": 6, "when": "2026-03-10T12:00:00Z", "who": "refractory", "event": event, "previous": held}
        closing = json.dumps(said, separators=(",", ":")).encode()
        content = b"".join(lines) + garbage + b"\n" + closing + b"\n"

        assert (event == "recovered") == is_whole(path, content)
        assert not is_whole(path, b"".join(lines) + closing + b"\n" + garbage + b"\n")
        assert not is_whole(path, b"".join(lines) + closing + b"\n")
        assert not is_whole(path, content.replace(b'"number":6', b'"number":7'))
        assert not is_whole(path, content.replace(held.encode(), sha256(lines[-1]).encode()))


# ---- Writing that fails ----


def test_after_a_partial_write_the_log_goes_on(path: Path, disk: Disk) -> None:
    """Wherever it ended: all who wait are told, and the next entry mends the log."""
    length = len(entry().line(2, FIRST)) * 2 + 2
    for room in range(length):
        path.unlink(missing_ok=True)
        log = opened(path)
        disk.room = room
        with pytest.raises(AuditFailed, match="cannot be written: No space left on device"):
            log.append([entry(1), entry(2)])
        disk.room = None
        log.append([entry(3)])
        log.close()
        found = verify(path)
        count = json.loads(path.read_bytes().splitlines()[-1])["count"]

        # Where the write ended between two lines, nothing is to be mended.
        assert (0 if room in {0, length // 2} else 1) == found.recovered
        assert cases(path)[-1] == 3
        assert count == found.entries - 2


def test_stopping_mends_the_log(path: Path, disk: Disk) -> None:
    """Nothing came after the write that failed; the count holds what mended it."""
    log = opened(path)
    disk.room = 40
    with pytest.raises(AuditFailed):
        log.append([entry(1)])
    disk.room = None
    log.close()

    assert (3, 1) == (verify(path).entries, verify(path).recovered)
    assert json.loads(path.read_bytes().splitlines()[-1])["count"] == 1


def test_a_mending_that_fails_is_mended(path: Path, disk: Disk) -> None:
    """The disk is full, then nearly full, then has room."""
    for room in range(400):
        path.unlink(missing_ok=True)
        log = opened(path)
        disk.room = 40
        with pytest.raises(AuditFailed):
            log.append([entry(1)])
        disk.room = room
        with pytest.raises(AuditFailed):
            log.append([entry(2)])
        disk.room = None
        log.append([entry(3)])
        log.close()

        assert verify(path).recovered >= 1
        assert cases(path)[-1] == 3


def test_a_file_may_be_no_larger_than_the_system_allows(path: Path) -> None:
    """The system itself ends a write in the middle of a line."""
    log = opened(path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 100, limits[1]))
    try:
        with pytest.raises(AuditFailed, match="cannot be written: File too large"):
            log.append([entry(1)])
        torn = path.read_bytes()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    log.append([entry(2)])
    log.close()

    assert not torn.endswith(b"\n")
    assert path.read_bytes().startswith(torn)
    assert (4, 1) == (verify(path).entries, verify(path).recovered)
    assert [2] == cases(path)


def test_when_the_disk_is_in_doubt_nothing_is_added_until_a_new_start(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an fsync that failed, one that succeeds does not tell that all is there; reading the file anew does."""
    log = opened(path)
    fsync = os.fsync

    def fail(_file: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(AuditFailed, match="cannot be brought to the disk: Input/output error"):
        log.append([entry(1)])
    monkeypatch.setattr(os, "fsync", fsync)
    for _ in range(2):
        with pytest.raises(AuditFailed, match="cannot be brought to the disk"):
            log.append([entry(2)])
    with pytest.raises(AuditFailed):
        log.close()
    opened(path).close()

    assert [1] == cases(path)


def grow(path: Path) -> None:
    """Write to a log behind its service's back."""
    with path.open("ab") as file:
        file.write(b"x")


def shrink(path: Path) -> None:
    """Cut a log behind its service's back."""
    os.truncate(path, path.stat().st_size - 1)


@pytest.mark.parametrize("change", [grow, shrink, Path.unlink], ids=lambda change: change.__name__)
def test_nothing_is_added_to_a_log_that_somebody_else_touched(change: Callable[[Path], None], path: Path) -> None:
    """While it is open; the service says so instead of writing on."""
    log = opened(path)
    log.append([entry(1)])
    change(path)
    for _ in range(2):
        with pytest.raises(AuditFailed, match=r"somebody else wrote to it|was deleted"):
            log.append([entry(2)])
    with pytest.raises(AuditFailed):
        log.close()


Step = tuple[str, int, int]


@settings(max_examples=150, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["write", "fail", "die", "stop"]), st.integers(1, 3), st.integers(0, 700)),
        max_size=12,
    )
)
def test_whatever_fails_what_was_told_is_in_the_log(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Step]
) -> None:
    """Through full disks, deaths in the middle of a write and new starts: in order, and the log is whole."""
    path = tmp_path_factory.mktemp("audit") / "audit.jsonl"
    with pytest.MonkeyPatch.context() as monkeypatch:
        disk = Disk(monkeypatch)
        log, told, case = opened(path), [], 0
        for step, count, room in steps:
            batch = [entry(case + number) for number in range(count)]
            numbers = list(range(case, case + count))
            case += count
            disk.room = room if step in {"fail", "die"} else None
            try:
                log.append(batch)
                told += numbers
            except AuditFailed:
                assert step in {"fail", "die"}
            disk.room = None
            if step == "die":
                # What the system does with the files of a process that is no more.
                assert log._file is not None
                os.close(log._file)
                log = opened(path)
            elif step == "stop":
                log.close()
                log = opened(path)
        log.close()

    found = cases(path)
    assert [number for number in found if number in set(told)] == told
    assert sorted(set(found)) == found
    assert verify(path).head == sha256(path.read_bytes().splitlines()[-1])
