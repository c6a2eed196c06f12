"""A run answers each record once, says what it is, and goes on only as what it was begun as."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from refractory.cli import main
from refractory.cohort.batch import Assessor, Record
from refractory.cohort.records import Chunk, Item, Unreadable
from refractory.cohort.running import folder as folders
from refractory.cohort.running.folder import taken
from refractory.cohort.running.manifest import described
from refractory.cohort.running.parts import Counts, checkpoints, write_whole
from refractory.cohort.running.progress import Bar, Lines, Pace, progress_for
from refractory.cohort.running.run import Allowed, Cohort
from refractory.cohort.running.source import Files
from refractory.errors import LimitError, RefusedError, UsageError
from tests.cohort.runs import called, contents, hold, lines, rows, written
from tests.support import NOTE, TABLE, shipped

COUNT = 120
SIZE = 25


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    """Return a cohort that was run with two workers. Tests leave it as it is."""
    folder = tmp_path_factory.mktemp("finished")
    cohort = Cohort(Files((written(folder, COUNT),)), folder / "out", workers=2, chunk=SIZE)
    cohort.run()
    return cohort


@dataclass
class Given:
    """A source of chunks that are given, which counts how many of them were taken at once."""

    path: Path
    given: list[Chunk]
    taken: list[int] = field(default_factory=list)

    def files(self) -> list[Path]:
        """Return the file that the chunks pretend to be from."""
        return [self.path]

    def identity(self) -> dict[str, Any]:
        """Return nothing: there is one way to read it."""
        return {}

    def chunks(self, size: int, done: Collection[int]) -> Iterator[Chunk]:
        """Yield the chunks that are not done; how large they are is given too."""
        assert size
        for chunk in self.given:
            if chunk.number not in done:
                self.taken.append(chunk.number)
                yield chunk


def given(folder: Path, *chunks: Sequence[Item]) -> Given:
    """Return a source of chunks."""
    path = folder / "given"
    path.touch()
    return Given(path, [Chunk(number, tuple(items)) for number, items in enumerate(chunks)])


def test_every_record_is_answered_as_alone_or_rejected(finished: Cohort) -> None:
    """Each is in one of the two folders, and what is answered is what `assess` says."""
    hold(finished.out, COUNT, COUNT)
    counts = Counts(len(rows(finished.out, "answered")), len(rows(finished.out, "rejected")))
    assert counts.answered > 100
    assert counts.rejected > 1
    assert finished.run() == counts


def test_any_number_of_workers_writes_the_same_bytes(finished: Cohort, tmp_path: Path) -> None:
    """One worker writes what two wrote, part by part."""
    replace(finished, out=tmp_path / "out", workers=1).run()

    assert contents(finished.out) == contents(tmp_path / "out")


def test_the_manifest_says_what_was_run(finished: Cohort) -> None:
    """Software, knowledge, sources, options, inputs, and at the end the counts."""
    said = json.loads((finished.out / "manifest.json").read_bytes())
    path = finished.source.files()[0]

    assert said["format"] == "refractory-cohort/1"
    assert said["knowledge"] == shipped().hash
    assert said["guidance"] == [source.id for source in shipped().guidance_used]
    assert said["chunk"] == SIZE
    assert said["inputs"] == [{"name": str(path), "bytes": path.stat().st_size, "modified": path.stat().st_mtime_ns}]
    assert said["complete"] == {
        "chunks": 5,
        "records": COUNT,
        "answered": len(rows(finished.out, "answered")),
        "rejected": len(rows(finished.out, "rejected")),
    }


def test_the_command_says_how_many(tmp_path: Path) -> None:
    """It ends with a line of counts and exit code 0, though some were rejected; without `--no-progress` too."""
    path, out = written(tmp_path, COUNT), tmp_path / "out"
    for options in (["--no-progress"], []):
        found = called(path, "--out", out, "--workers", 1, "--chunk", SIZE, *options)
        assert found.returncode == 0, found.stderr
        assert re.fullmatch(rf"{COUNT} records: \d+ answered, \d+ rejected \(.+\)\.\nThe answers .+\n", found.stdout)
        assert found.stderr == ""


def test_what_is_torn_or_gone_is_done_again(finished: Cohort, tmp_path: Path) -> None:
    """A checkpoint that is torn, a part that is cut or gone: their chunks are done again, and all is as it was."""
    out = tmp_path / "out"
    cohort = replace(finished, out=out)
    cohort.run()
    whole = contents(out)
    (out / "checkpoints" / "000001.json").write_text('{"chunk": 1, "ans')
    (out / "answered" / "part-000002.parquet").write_bytes(b"PAR1")
    (out / "rejected" / "part-000003.parquet").unlink()
    (out / "answered" / ".part-000009.parquet.12345.tmp").write_bytes(b"PAR1")
    assert sorted(checkpoints(out)) == [0, 4]

    cohort.run()

    assert whole == contents(out)
    assert sorted(checkpoints(out)) == [0, 1, 2, 3, 4]


CHANGED = (
    ("--chunk: 25 before, 30 now", lambda cohort: replace(cohort, chunk=30)),
    ("--questions: no before, yes now", lambda cohort: replace(cohort, assessor=Assessor(questions=True))),
    ("the sources in use", lambda cohort: replace(cohort, assessor=Assessor(guidance=(NOTE,)))),
    ("the table of mutations: none before", lambda cohort: replace(cohort, assessor=Assessor(table=str(TABLE)))),
    ("--assessed-on", lambda cohort: replace(cohort, source=replace(cohort.source, assessed_on="2025-01-01"))),
)


@pytest.mark.parametrize(("says", "change"), CHANGED, ids=[says.partition(":")[0] for says, _ in CHANGED])
def test_another_run_in_the_folder_is_refused(finished: Cohort, says: str, change: Any) -> None:
    """What differs is told, and how to go on; nothing is touched."""
    before = contents(finished.out)
    with pytest.raises(RefusedError, match=re.escape(says)) as caught:
        change(finished).run()

    assert "--restart" in caught.value.fix
    assert before == contents(finished.out)


def test_inputs_that_changed_are_refused_and_restart_begins_anew(tmp_path: Path) -> None:
    """An input that grew is told; with `--restart` the earlier run goes, and what else is there stays."""
    path, out = written(tmp_path, COUNT), tmp_path / "out"
    cohort = Cohort(Files((path,)), out, chunk=50)
    cohort.run()
    (out / "notes.txt").write_text("mine")
    (out / "summary.json").write_text("{}")
    written(tmp_path, COUNT - 40)
    with pytest.raises(RefusedError, match="has changed"):
        cohort.run()

    replace(cohort, restart=True).run()

    hold(out, COUNT - 40, 5)
    assert (out / "notes.txt").read_text() == "mine"
    assert not (out / "summary.json").exists()


@pytest.mark.parametrize("name", ["notes.txt", "answered/mine.parquet", "checkpoints/notes.json", "manifest.json"])
@pytest.mark.parametrize("restart", [False, True], ids=["", "restart"])
def test_a_folder_of_others_is_refused(tmp_path: Path, name: str, restart: bool) -> None:
    """Nothing is written or deleted in it."""
    out = tmp_path / "out"
    (out / name).parent.mkdir(parents=True)
    (out / name).write_text("{}")
    with pytest.raises(RefusedError):
        Cohort(Files((written(tmp_path, 5),)), out, restart=restart).run()

    assert [path for path in out.rglob("*") if path.is_file()] == [out / name]


def test_restart_deletes_nothing_that_is_not_ours(finished: Cohort, tmp_path: Path) -> None:
    """A file of another's among the parts, or a folder that is elsewhere in truth: refused, and all is still there."""
    out = tmp_path / "out"
    cohort = replace(finished, out=out, restart=True)
    cohort.run()
    before = contents(out)
    mine = out / "answered" / "mine.parquet"
    mine.write_bytes(b"mine")
    with pytest.raises(RefusedError, match="not of a run's making") as caught:
        cohort.run()
    assert caught.value.place == str(mine)
    mine.unlink()
    elsewhere = tmp_path / "elsewhere"
    (out / "rejected").rename(elsewhere)
    (out / "rejected").symlink_to(elsewhere)
    with pytest.raises(RefusedError, match="not of a run's making"):
        cohort.run()

    assert before == contents(out)


def test_two_runs_in_one_folder_are_refused(finished: Cohort) -> None:
    """The second is told which process has it; when the first is gone, it can have it."""
    with taken(finished.out), pytest.raises(RefusedError, match=rf"another run .+ \(process {os.getpid()}\)"):
        finished.run()
    finished.run()


def test_too_many_rejected_stop_the_run_and_more_may_be_allowed(tmp_path: Path) -> None:
    """It ends with the exit code of a limit, and the same command with more allowed goes on where it stopped."""
    bad = [Record(b"{", "x", row) for row in range(1, 5)]
    good = [Record(lines(1)[0], "x", row) for row in range(5, 9)]
    source = given(tmp_path, bad, good, [Record(b"{", "x", 9)])
    cohort = Cohort(source, tmp_path / "out", allowed=Allowed(count=3))
    with pytest.raises(LimitError, match=r"4 of 4 records were rejected; --max-rejected allows 3\.") as caught:
        cohort.run()
    assert "--max-rejected" in caught.value.fix
    with pytest.raises(LimitError, match="4 of 4"):
        cohort.run()
    with pytest.raises(LimitError, match=r"5 of 9 .+ allows 50 %"):
        replace(cohort, allowed=Allowed(share=0.5)).run()
    assert replace(cohort, allowed=Allowed(share=0.6)).run() == Counts(4, 5)
    assert source.taken.count(0) == 1


def test_a_share_counts_when_there_are_enough() -> None:
    """The first bad record is no half of a cohort."""
    share = Allowed(share=0.1)
    assert not share.exceeded(Counts(1, 1), finished=False)
    assert share.exceeded(Counts(1, 1), finished=True)
    assert share.exceeded(Counts(800, 200), finished=False)
    assert not share.exceeded(Counts(900, 100), finished=True)


@pytest.mark.parametrize("text", ["some", "-1", "101%", "1e3", "%"])
def test_what_is_no_number_of_records_is_a_wrong_call(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--max-rejected` says what it takes."""
    path = written(tmp_path, 1)

    assert main(["cohort", str(path), "--out", str(tmp_path / "out"), "--max-rejected", text]) == 2
    assert "nor a share" in capsys.readouterr().err


def test_answers_are_not_written_among_the_inputs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They would be the input of the next call."""
    written(tmp_path, 1)
    for out in (tmp_path, tmp_path / "deep" / "out"):
        assert main(["cohort", str(tmp_path), "--out", str(out)]) == 2
        assert "in an input folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["cases.ndjson"]


def test_a_stretch_that_cannot_be_read_is_a_row_in_its_place(tmp_path: Path) -> None:
    """It says how many records it held; where nobody knows, it counts as one."""
    good = Record(lines(1)[0], "x", 1)
    cut = Unreadable("x", 2, "the row group is corrupt.", "Its checksum differs.", "Write it again.", 40, "group 3")
    rest = Unreadable("x", 42, "the file ends in the middle.", raw=b"\xff{", size=2)
    source = given(tmp_path, [Record(b"{", "x", 0), cut, good, rest], [rest])
    counts = Cohort(source, tmp_path / "out").run()

    assert counts == Counts(1, 1 + 40 + 1 + 1)
    found = rows(tmp_path / "out", "rejected")
    assert [(one["row"], one["records"], one["kind"], one["exitCode"]) for one in found] == [
        (0, 1, "Refused", 3),
        (2, 40, "Unreadable", 3),
        (42, None, "Unreadable", 3),
        (42, None, "Unreadable", 3),
    ]
    assert (found[1]["message"], found[1]["place"], found[1]["why"], found[1]["fix"]) == (
        cut.message,
        cut.place,
        cut.why,
        cut.fix,
    )
    assert (found[2]["place"], found[2]["why"], found[2]["raw"], found[2]["rawBytes"]) == (None, None, "\ufffd{", 2)


def test_no_more_chunks_than_two_for_each_worker_are_in_memory(tmp_path: Path) -> None:
    """While none is done, no more are read; so memory does not grow with the input."""
    source = given(tmp_path, *([Record(lines(1)[0], "x", row)] for row in range(40)))
    out = tmp_path / "out"
    most = 0
    take = source.chunks

    def watched(size: int, done: Collection[int]) -> Iterator[Chunk]:
        nonlocal most
        for chunk in take(size, done):
            # A chunk that is done counts no more, even if the run has not seen it yet.
            most = max(most, len(source.taken) - len(list((out / "checkpoints").iterdir())))
            yield chunk

    source.chunks = watched  # type: ignore[method-assign]  # a source with a witness
    Cohort(source, out, workers=2).run()

    assert 2 <= most <= 4


def test_no_input_is_a_gap(tmp_path: Path) -> None:
    """A source that skips a number is at fault, and the run is not called complete."""
    source = given(tmp_path, [Record(lines(1)[0], "x", 1)])
    source.given = [replace(source.given[0], number=0), replace(source.given[0], number=2)]
    with pytest.raises(Exception, match="chunks are missing"):
        Cohort(source, tmp_path / "out").run()

    assert "complete" not in json.loads((tmp_path / "out" / "manifest.json").read_bytes())


def test_what_is_wrong_with_the_call_is_told_by_a_worker(tmp_path: Path) -> None:
    """An unknown source stops the run before anything is read, as does an input that is not there."""
    source = given(tmp_path, [Record(lines(1)[0], "x", 1)])
    with pytest.raises(UsageError, match="no-such-source"):
        Cohort(source, tmp_path / "out", Assessor(guidance=("no-such-source",))).run()
    assert source.taken == []
    with pytest.raises(RefusedError, match="cannot be read"):
        described([tmp_path / "nowhere"])


def test_an_input_that_fails_later_stops_the_run(tmp_path: Path) -> None:
    """What was done stays done, and the same command goes on."""
    source = given(tmp_path, [Record(lines(1)[0], "x", 1)], [Record(lines(1)[0], "x", 2)])
    broken = given(tmp_path)

    def fails(size: int, done: Collection[int]) -> Iterator[Chunk]:
        yield from list(source.chunks(size, done))[:1]
        raise OSError(5, "Input/output error", "x")

    broken.chunks = fails  # type: ignore[method-assign]  # a source on a bad disk
    with pytest.raises(RefusedError, match="an input cannot be read any further: Input/output error"):
        Cohort(broken, tmp_path / "out").run()
    assert Cohort(source, tmp_path / "out").run() == Counts(2, 0)


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    """It is told as what it is, and left as it is."""
    (tmp_path / "out").write_text("mine")
    with pytest.raises(RefusedError, match="the output cannot be written"):
        Cohort(given(tmp_path, [Record(lines(1)[0], "x", 1)]), tmp_path / "out").run()

    assert (tmp_path / "out").read_text() == "mine"


def test_no_process_can_be_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That is a limit of the machine, and no fault of the output."""

    def fails(_process: object) -> None:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr("multiprocessing.context.SpawnProcess.start", fails)
    with pytest.raises(LimitError, match="no process can be started: Cannot allocate memory"):
        Cohort(given(tmp_path, [Record(lines(1)[0], "x", 1)]), tmp_path / "out").run()


def test_a_file_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When it cannot be brought to the disk, what was there before stays, and nothing is left beside it."""
    path = tmp_path / "file"
    write_whole(path, b"before")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            write_whole(path, b"after")
    assert [one.name for one in tmp_path.iterdir()] == ["file"]
    assert path.read_bytes() == b"before"


def test_how_fast_and_how_long(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Only what this run has done counts for its pace; a line comes every ten seconds."""
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    pace = Pace(Counts(900, 100), 0.5)
    shown = Lines()
    shown.begin(Counts(900, 100), 0.5)
    now = 109.0
    shown.show(Counts(1900, 100), 0.75)
    now = 110.0
    shown.show(Counts(1900, 100), 0.75)
    shown.end()

    assert pace.said(Counts(1900, 100), 0.75) == "2,000 records, 100 rejected, 100/s, about 10 s left"
    assert pace.said(Counts(900, 100), 0.5) == "1,000 records, 100 rejected"
    assert pace.said(Counts(1900, 100), None) == "2,000 records, 100 rejected, 100/s"
    now = 700.0
    assert pace.said(Counts(1900, 100), 0.75).endswith("about 10 min left")
    now = 40_000.0
    assert pace.said(Counts(1900, 100), 0.75).endswith("about 11 h 5 min left")
    assert capsys.readouterr().err.splitlines() == [
        "refractory: goes on after 1,000 records",
        "refractory: 2,000 records, 100 rejected, 100/s, about 10 s left",
    ]


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It says the same, whether or not it is known how much there is."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    bar = progress_for(silent=False)
    assert isinstance(bar, Bar)
    bar.end()
    bar.begin(Counts(), None)
    bar.show(Counts(10, 2), None)
    bar.show(Counts(20, 2), 0.25)
    bar.end()

    err = capsys.readouterr().err
    assert "22 records, 2 rejected" in err
    assert "25%" in err


def test_a_run_in_a_thread_is_left_to_its_caller(tmp_path: Path) -> None:
    """Only the main thread may say what signals do; elsewhere the command runs without."""
    path = written(tmp_path, 3)
    codes: list[int] = []
    arguments = ["cohort", str(path), "--out", str(tmp_path / "out"), "--workers", "1", "--no-progress"]
    thread = threading.Thread(target=lambda: codes.append(main(arguments)))
    thread.start()
    thread.join(60)

    assert codes == [0]


def test_the_lock_says_nobody_where_nobody_is_known(tmp_path: Path) -> None:
    """What stands in the lock is a courtesy: without it, a run is refused all the same."""
    with taken(tmp_path), suppress(OSError):
        (tmp_path / folders._LOCK).write_bytes(b"\xff")
        with pytest.raises(RefusedError, match=r"in this folder\."), taken(tmp_path):
            pass
