"""The audit log as its users meet it: entries, many at once, the command, and the page."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from refractory.cli import main
from refractory.errors import RefusedError
from refractory.service.audit import entry as audit_entry
from refractory.service.audit.chain import Verified
from refractory.service.audit.entry import FIRST, MAX_LINE, Entry
from refractory.service.audit.writer import AuditFailed, AuditWriter
from refractory.service.identity.bearer import MAX_TOKEN
from refractory.version import VERSION
from tests.service.audit_logs import (
    FEEDBACK,
    HOOK,
    SAID,
    WHEN,
    Disk,
    cases,
    clock,
    opened,
    put,
    sha256,
    verify,
    written,
)
from tests.support import ROOT


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """Return a disk with room for everything until it is told otherwise."""
    return Disk(monkeypatch)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a log may be."""
    return tmp_path / "audit.jsonl"


# ---- What an entry is ----


def test_each_line_says_what_happened_and_holds_the_hash_of_the_line_before(path: Path) -> None:
    """The lines are as documented, byte for byte; their hashes are worked out here anew."""
    log = opened(path)
    log.append([Entry.of(said, WHEN) for said in (SAID, HOOK, FEEDBACK)])
    log.close()
    lines = path.read_bytes().splitlines()
    events: list[dict[str, Any]] = [
        {"who": "refractory", "event": "started", "version": VERSION},
        SAID,
        HOOK,
        FEEDBACK,
        {"who": "refractory", "event": "stopped", "count": 3},
    ]
    expected, previous = [], "0" * 64
    for number, said in enumerate(events, start=1):
        whole = {"number": number, "when": "2026-03-10T12:00:00.123Z", **said, "previous": previous}
        expected.append(json.dumps(whole, separators=(",", ":")).encode())
        previous = hashlib.sha256(expected[-1]).hexdigest()

    assert expected == lines
    assert Verified(entries=5, recovered=0, head=previous) == verify(path)


def test_the_time_is_that_of_utc() -> None:
    """A clock of another zone tells the same moment."""
    moment = Entry.of(SAID, WHEN.astimezone(timezone(timedelta(hours=-5)))).line(1, FIRST)

    assert b'"when":"2026-03-10T12:00:00.123Z"' in moment


@pytest.mark.parametrize(
    "said",
    [
        {**SAID, "patient": "Mrs Example"},
        {**SAID, "case": "Mrs Example"},
        {**SAID, "case": ["a" * 64]},
        {**SAID, "case": "A" * 64},
        {**SAID, "knowledge": None},
        {**SAID, "recommendations": [["Mrs Example", "Recommend", "Prompt"]]},
        {**SAID, "recommendations": [["Do", "Recommend"]]},
        {**SAID, "recommendations": "Do"},
        {**SAID, "number": 7},
        {**SAID, "previous": FIRST},
        {**SAID, "event": "Mrs Example"},
        {**SAID, "event": "feedback"},
        {**SAID, "who": "Mrs Example\n"},
        {**SAID, "who": ""},
        {**SAID, "who": "Mrs Example" * 3000},
        {**SAID, "who": None},
        {key: value for key, value in SAID.items() if key != "case"},
        {**HOOK, "cards": ["Mrs Example"]},
        {**HOOK, "service": "Mrs Example"},
        {**FEEDBACK, "card": "Mrs Example"},
        {**FEEDBACK, "outcome": "Mrs Example"},
        {**FEEDBACK, "comment": "Mrs Example"},
        {**SAID, "recommendations": [["A" * 128] * 3] * 1000},
        {"who": "refractory", "event": "stopped", "count": True},
        {"who": "refractory", "event": "stopped", "count": -1},
    ],
)
def test_an_entry_takes_nothing_that_could_be_of_a_patient(said: dict[str, Any]) -> None:
    """Every field has its form and its event; what does not fit is refused, and not repeated in the message."""
    with pytest.raises(ValueError, match=r"\w") as refused:
        Entry.of(said, WHEN)

    assert "Example" not in str(refused.value)


LONG = {**HOOK, "who": f"https://ehr.example.org tenant={quote('é' * (MAX_TOKEN // 2))}"}


@pytest.mark.parametrize("said", [SAID, HOOK, FEEDBACK, LONG], ids=["assessment", "hook", "feedback", "long name"])
def test_what_the_service_records_is_taken(said: dict[str, Any]) -> None:
    """The good twins of the refused ones; a caller's name is as long as its token can make it."""
    assert said["who"] == Entry.of(said, WHEN).who


# ---- Many at once ----


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows by each fsync."""
    calls: list[int] = []
    fsync = os.fsync

    def count(file: int) -> None:
        calls.append(file)
        fsync(file)

    monkeypatch.setattr(os, "fsync", count)
    return calls


def said(case: int) -> dict[str, Any]:
    """Return what is to be recorded of a case of this number."""
    return {**SAID, "case": f"{case:064x}"}


def test_entries_that_come_together_are_written_together(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """200 at once: all are in the log, in the order in which they came, with far fewer fsyncs."""
    calls = counted(monkeypatch)

    async def run() -> int:
        writer = AuditWriter(opened(path), clock=clock)
        before = len(calls)
        await asyncio.gather(*(writer.record(said(case)) for case in range(200)))
        used = len(calls) - before
        await writer.close()
        return used

    used = asyncio.run(run())

    assert 1 <= used <= 20
    assert list(range(200)) == cases(path)
    assert verify(path).entries == 202
    assert json.loads(path.read_bytes().splitlines()[-1])["count"] == 200


def test_entries_that_come_while_others_are_written_wait_and_go_together(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is told before its fsync has returned; what came meanwhile takes one more."""
    begun, go_on, calls = threading.Event(), threading.Event(), []
    log = opened(path)
    fsync = os.fsync

    def hold(file: int) -> None:
        calls.append(file)
        begun.set()
        assert go_on.wait(60)
        fsync(file)

    monkeypatch.setattr(os, "fsync", hold)

    async def run() -> None:
        writer = AuditWriter(log, clock=clock)
        first = asyncio.create_task(writer.record(said(0)))
        await asyncio.to_thread(begun.wait, 60)
        later = [asyncio.create_task(writer.record(said(case))) for case in range(1, 50)]
        for _ in range(100):
            await asyncio.sleep(0)

        # The first is written, but not yet on the disk.
        assert [0] == cases(path)
        assert not any(task.done() for task in (first, *later))
        go_on.set()
        await asyncio.gather(first, *later)
        await writer.close()

    asyncio.run(run())

    assert list(range(50)) == cases(path)
    # One for the first, one for all others, one for `stopped`.
    assert len(calls) == 3


def test_a_failure_reaches_all_who_wait_and_the_next_entry_is_taken(path: Path, disk: Disk) -> None:
    """Each has an error of its own; no entry of theirs that was written whole is taken back."""

    async def run() -> list[BaseException | None]:
        writer = AuditWriter(opened(path), clock=clock)
        disk.room = 1000
        told = await asyncio.gather(*(writer.record(said(case)) for case in range(50)), return_exceptions=True)
        disk.room = None
        await writer.record(said(50))
        await writer.close()
        return told

    told = asyncio.run(run())

    assert {AuditFailed} == {type(error) for error in told}
    assert len({id(error) for error in told}) == 50
    assert [0, 1, 50] == cases(path)
    assert (6, 1) == (verify(path).entries, verify(path).recovered)


def test_what_nobody_foresaw_leaves_nobody_waiting(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of ours in writing is told as a failure, and nothing is answered."""

    async def run() -> list[BaseException | None]:
        log = opened(path)
        writer = AuditWriter(log, clock=clock)
        monkeypatch.setattr(log, "append", lambda _entries: 1 / 0)
        asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
        told = await asyncio.gather(*(writer.record(said(case)) for case in range(3)), return_exceptions=True)
        await writer.close()
        return told

    assert [AuditFailed] * 3 == [type(error) for error in asyncio.run(run())]
    assert [] == cases(path)


def test_whoever_goes_away_takes_nobody_along(path: Path) -> None:
    """The caller of one entry is gone before it is on the disk: the entry stands, and so do the others."""

    async def run() -> list[BaseException | None]:
        writer = AuditWriter(opened(path), clock=clock)
        tasks = [asyncio.create_task(writer.record(said(case))) for case in range(3)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        told = await asyncio.gather(*tasks, return_exceptions=True)
        await writer.close()
        return told

    told = asyncio.run(run())

    assert [type(None), asyncio.CancelledError, type(None)] == [type(error) for error in told]
    assert [0, 1, 2] == cases(path)


def test_stopping_waits_for_what_is_under_way(path: Path) -> None:
    """What was taken is written, then `stopped` with the count; after it nothing is. To stop twice is no error."""

    async def run() -> None:
        writer = AuditWriter(opened(path), clock=clock)
        tasks = [asyncio.create_task(writer.record(said(case))) for case in range(5)]
        await asyncio.sleep(0)
        closing = asyncio.create_task(writer.close())
        await asyncio.sleep(0)
        # Nothing is taken any more as soon as it is told to stop, or it might never come to an end.
        with pytest.raises(AuditFailed, match="the audit log is closed"):
            await writer.record(said(5))
        await closing
        assert all(task.done() for task in tasks)
        await writer.close()

    asyncio.run(run())
    last = json.loads(path.read_bytes().splitlines()[-1])

    assert ("stopped", 5) == (last["event"], last["count"])
    assert list(range(5)) == cases(path)


def test_what_is_refused_is_not_written_and_disturbs_nobody(path: Path) -> None:
    """An entry that has not its form fails alone."""

    async def run() -> list[BaseException | None]:
        writer = AuditWriter(opened(path), clock=clock)
        wrong = {**SAID, "patient": "Mrs Example"}
        told = await asyncio.gather(*map(writer.record, (said(0), wrong)), return_exceptions=True)
        await writer.close()
        return told

    assert [type(None), ValueError] == [type(error) for error in asyncio.run(run())]
    assert [0] == cases(path)


SERVICE = """
import asyncio, sys
from pathlib import Path
from refractory.service.audit.writer import AuditLog, AuditWriter

async def ask(writer, first):
    for case in range(first, 1_000_000, 4):
        await writer.record({"who": "a", "event": "assessment", "case": f"{case:064x}", "knowledge": "b" * 64,
                             "recommendations": []})
        print(case, flush=True)

async def run():
    writer = AuditWriter(AuditLog.open(Path(sys.argv[1])))
    await asyncio.gather(*(ask(writer, first) for first in range(4)))

asyncio.run(run())
"""


def test_what_a_service_told_before_it_was_killed_is_in_the_log(path: Path) -> None:
    """It is killed while it writes; what it told is there, and the next start goes on."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", SERVICE, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as service:
        assert service.stdout is not None
        told = [int(service.stdout.readline()) for _ in range(60)]
        with pytest.raises(RefusedError, match="in use"):
            opened(path)
        service.send_signal(signal.SIGKILL)
        told += [int(line) for line in service.stdout.read().splitlines()]
    opened(path).close()

    assert len(told) >= 60
    assert set(told) <= set(cases(path))
    assert verify(path).entries >= 63


# ---- The command ----


def test_the_command_tells_count_and_head(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With exit code 0; with an expected head, which entry has it."""
    lines = written(path)
    code = main(["audit", "verify", str(path), "--expect", sha256(lines[1]).upper()])
    out, err = capsys.readouterr()

    assert code == 0
    assert f"whole: 5 entries, head {sha256(lines[-1])}\nexpected: it is entry 2, with 3 entries after it\n" == out
    assert err == ""


def test_the_command_tells_of_lines_that_were_closed(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The log is whole, and a person may want to know."""
    put(path, b"".join(written(path))[:-1])
    opened(path).close()

    assert main(["audit", "verify", str(path)]) == 0
    assert "\nrecovered: 1 " in capsys.readouterr().out


def test_the_command_answers_in_json(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A log that is whole, and one that is not; the message stands on standard error all the same."""
    lines = written(path)
    head = sha256(lines[-1])
    assert main(["audit", "verify", str(path), "--format", "json", "--expect", head]) == 0
    whole = json.loads(capsys.readouterr().out)
    put(path, b"".join(lines[1:]))
    assert main(["audit", "verify", str(path), "--format", "json"]) == 1
    out, err = capsys.readouterr()

    assert {"whole": True, "entries": 5, "recovered": 0, "head": head, "expected": 5} == whole
    assert json.loads(out)["whole"] is False
    assert f"{path}, line 1" == json.loads(out)["error"]["place"]
    assert "line 1" in err


def test_the_command_tells_line_and_reason_of_a_broken_log(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error, with exit code 1; nothing of a line's content is repeated."""
    lines = written(path)
    put(path, b"".join(lines).replace(b"ward-7", b"ward-8", 1))
    code = main(["audit", "verify", str(path)])
    out, err = capsys.readouterr()

    assert (1, "") == (code, out)
    assert "refractory: the audit log is broken.\n" in err
    assert f"  where: {path}, line 3\n" in err
    assert "line 2 was changed" in err
    assert "ward" not in err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["{path}"], 0),
        (["{path}", "--expect", "0" * 64], 0),
        (["{path}", "--expect", "1" * 64], 1),
        (["{path}", "--expect", "1" * 63], 2),
        (["{path}", "--expect", "z" * 64], 2),
        (["{path}", "--format", "html"], 2),
        ([], 2),
        (["{path}.not-there"], 3),
        (["{path}/.."], 3),
        (["{folder}"], 3),
    ],
)
def test_the_exit_code_tells_what_was_found(arguments: list[str], code: int, path: Path) -> None:
    """0 whole, 1 broken or without the expected head, 2 a wrong call, 3 unreadable."""
    written(path)
    given_arguments = [argument.format(path=path, folder=path.parent) for argument in arguments]

    assert code == main(["audit", "verify", *given_arguments])


def test_the_command_needs_nothing_of_the_service() -> None:
    """A log is verified wherever the core is installed, and without loading the knowledge."""
    heavy = ("starlette", "uvicorn", "rdflib", "pyoxigraph", "asyncio")
    code = (
        "import sys; from refractory.cli import main; main(['audit', 'verify', '/dev/null']); "
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment)

    assert f"whole: 0 entries, head {FIRST}\n[]\n" == done.stdout


# ---- The page ----


def test_the_page_has_every_event_and_every_field() -> None:
    """What the log records is documented, and nothing else is."""
    text = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    rows = {
        row[0].strip(" `"): set(re.findall(r"`(\w+)`", row[2]))
        for row in (line.strip("|").split("|") for line in text.splitlines() if line.startswith("| `"))
        if len(row) == 3
    }

    assert {event: set(required | allowed) for event, (required, allowed) in audit_entry._EVENTS.items()} == rows
    assert f"{MAX_LINE:,} bytes" in text
