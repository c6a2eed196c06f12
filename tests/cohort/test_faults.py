"""What may happen to a run, done to it: after each, every record is in exactly one place, and answers are right."""

from __future__ import annotations

import gzip
import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from refractory.cohort.batch import Assessor
from refractory.cohort.records import Chunk, Lost, Record
from refractory.cohort.running.parts import Counts
from refractory.cohort.running.pool import Gone
from refractory.cohort.running.queue import Queue
from refractory.cohort.running.run import Cohort
from refractory.cohort.running.source import Files
from refractory.cohort.running.worker import IDLE, WRITING, Job, Task
from refractory.errors import LimitError
from tests.cohort.ill_behaved import IllBehaved, record
from tests.cohort.runs import (
    PARTS,
    alive,
    called,
    command,
    contents,
    done,
    environment,
    hold,
    lines,
    places,
    rows,
    started,
    unfinished,
    until,
    written,
)

MANY, SOME, SMALL = 2_000, 500, 20
KILLS = 20


@dataclass(frozen=True)
class Undisturbed:
    """An input, and what a run writes of it to which nothing happens."""

    path: Path
    parts: dict[str, bytes]

    def arguments(self, out: Path) -> tuple[object, ...]:
        """Return the arguments of a run of it in many small chunks."""
        return (self.path, "--out", out, "--workers", 2, "--chunk", SMALL, "--no-progress")


def run_of(folder: Path, count: int) -> Undisturbed:
    """Run a cohort of so many records to which nothing happens."""
    path = written(folder, count)
    Cohort(Files((path,)), folder / "out", chunk=SMALL).run()
    return Undisturbed(path, contents(folder / "out"))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """Return an input, and what comes of it."""
    return run_of(tmp_path_factory.mktemp("undisturbed"), SOME)


def test_twenty_kills_at_random_moments(tmp_path: Path) -> None:
    """All processes are killed, over and over, and what comes out is what comes out without; 1,000 answers are held."""
    (tmp_path / "undisturbed").mkdir()
    undisturbed = run_of(tmp_path / "undisturbed", MANY)
    out, arguments = tmp_path / "out", undisturbed.arguments(tmp_path / "out")
    chance = random.Random(20)  # noqa: S311  # a fixed seed is what is wanted here
    progress = []
    for number in range(KILLS):
        with started(*arguments) as process:
            before = done(out)
            if number % 5 == 4:
                time.sleep(chance.uniform(0, 1.5))
            else:
                until(lambda before=before: done(out) > before)  # type: ignore[misc]  # mypy knows no default of a lambda
                time.sleep(chance.uniform(0, 0.1))
            assert process.poll() is None, "it was through before it could be killed; it needs more records"
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(60)
        progress.append(done(out))
    assert progress[-1] < MANY // SMALL

    found = called(*arguments)

    assert found.returncode == 0, found.stderr
    assert undisturbed.parts == contents(out)
    hold(out, MANY, 1_000)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_run_that_is_stopped_goes_on(undisturbed: Undisturbed, tmp_path: Path, how: signal.Signals) -> None:
    """It ends at once, says how to go on, and leaves no process and no half file behind."""
    out = tmp_path / "out"
    with started(*undisturbed.arguments(out)) as process:
        until(lambda: done(out) >= 3)
        # The keyboard sends it to all processes of the terminal, others to the first one alone.
        (os.killpg if how == signal.SIGINT else os.kill)(process.pid, how)
        stdout, stderr = process.communicate(timeout=60)
        until(lambda: not alive(process.pid), 10)
    assert (process.returncode, stdout) == (130, "")
    assert stderr == "refractory: stopped. What is done is kept; give the same command again to go on.\n"
    assert unfinished(out) == []
    assert 3 <= done(out) < SOME // SMALL

    assert called(*undisturbed.arguments(out)).returncode == 0
    assert undisturbed.parts == contents(out)


def test_no_worker_outlives_the_first_process(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """When that alone is killed, the others end too, in the middle of a chunk, and the run can go on at once."""
    out = tmp_path / "out"
    # One chunk, and so much to be worked out for each record that it takes many seconds.
    with started(undisturbed.path, "--out", out, "--workers", 1, "--questions", "--no-progress") as process:
        until((out / "manifest.json").exists)
        time.sleep(1)
        process.kill()
        process.wait(60)
        until(lambda: not alive(process.pid), 2)
    assert done(out) == 0


def test_a_worker_that_is_killed_costs_nothing(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """Whoever kills workers from outside changes no answer: another does the chunk."""
    out = tmp_path / "out"
    with started(*undisturbed.arguments(out)) as process:
        for number in (2, 8, 14):
            until(lambda number=number: done(out) >= number)  # type: ignore[misc]  # mypy knows no default of a lambda
            os.kill(workers(process.pid)[-1], signal.SIGKILL)
        stdout, stderr = process.communicate(timeout=100)
    assert (process.returncode, stderr) == (0, "")
    assert stdout.startswith(f"{SOME} records: ")
    assert undisturbed.parts == contents(out)


def workers(pid: int) -> list[int]:
    """Return the workers of a run."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    if not children.exists():
        pytest.skip("the system does not say which processes another one has started")
    commands = {int(child): Path(f"/proc/{child}/cmdline").read_bytes() for child in children.read_text().split()}
    found = [child for child, said in commands.items() if b"spawn_main" in said]
    assert found
    return found


def ill_behaved(folder: Path, *does: str) -> tuple[Files, Assessor]:
    """Return a source in which records are told to do something, at the places 2, 6, 10 ..., and what obeys them."""
    path = folder / "cases.ndjson"
    text = [*lines(40)]
    for number, what in enumerate(does):
        text[2 + 4 * number] = record(what)
    path.write_text("".join(f"{line}\n" for line in text), encoding="utf-8")
    (folder / "traces").mkdir()
    return Files((path,)), IllBehaved(traces=str(folder / "traces"))


@pytest.mark.parametrize("workers", [1, 2])
def test_records_that_end_their_worker_are_rejected_and_no_others(tmp_path: Path, workers: int) -> None:
    """Killed, crashed or out of memory: each is found and told, its neighbours are answered; once alone is forgiven."""
    source, assessor = ill_behaved(tmp_path, "kill", "segfault", "kill-once", "memory")
    out = tmp_path / "out"
    Cohort(source, out, assessor, workers=workers, chunk=8).run()

    lost = [one for one in rows(out, "rejected") if one["kind"] == "WorkerLost"]
    assert [one["case"].rpartition("/")[2] for one in lost] == ["kill", "segfault", "memory"]
    assert [(one["source"], one["row"], one["exitCode"], one["records"]) for one in lost] == [
        (str(source.paths[0]), row, 4, 1) for row in (3, 7, 15)
    ]
    assert all(one["message"] and one["why"] and one["fix"] for one in lost)
    assert places(out) == list(range(1, 41))
    assert 11 in [one["row"] for one in rows(out, "answered")]


def test_a_record_that_takes_too_long_is_rejected(tmp_path: Path) -> None:
    """Its worker is ended, and the others go on."""
    source, assessor = ill_behaved(tmp_path, "hang")
    out = tmp_path / "out"
    begin = time.monotonic()
    Cohort(source, out, assessor, workers=2, chunk=10, seconds=1.5).run()

    assert time.monotonic() - begin < 60
    (late,) = [one for one in rows(out, "rejected") if one["kind"] == "OutOfTime"]
    assert (late["row"], late["exitCode"]) == (3, 4)
    assert "--timeout" in late["fix"]
    assert places(out) == list(range(1, 41))


def chunk(number: int = 0) -> Chunk:
    """Return a chunk of three records."""
    return Chunk(number, tuple(Record(b"{}", "x", row) for row in (1, 2, 3)))


def test_a_chunk_that_ends_workers_for_no_record_stops_the_run() -> None:
    """There is nothing to reject for it, and to go on for ever would help nobody."""
    waiting = Queue()
    waiting.add(chunk())
    for _ in range(5):
        task = waiting.next(0)
        assert task is not None
        waiting.lost(Gone(task, WRITING, late=False))
    task = waiting.next(0)
    with pytest.raises(LimitError, match="chunk 0 has ended its worker 6 times"):
        waiting.lost(Gone(task, IDLE, late=False))


def test_a_record_is_to_blame_when_it_is_under_way_twice() -> None:
    """Once may be chance: somebody ends a worker. Of a chunk that is done as a whole, no record is to blame."""
    waiting = Queue()
    waiting.add(chunk())
    for at in (1, 0, 1):
        task = waiting.next(0)
        assert task is not None
        assert task.chunk == chunk()
        waiting.lost(Gone(task, at, late=False))
    task = waiting.next(0)
    assert task == Task(chunk(), singly=True)
    waiting.lost(Gone(task, 1, late=False))
    task = waiting.next(0)
    assert task is not None
    (lost,) = [item for item in task.chunk.items if isinstance(item, Lost)]
    assert lost.record == chunk().items[1]


def test_a_chunk_that_lost_its_worker_is_done_with_nothing_beside_it() -> None:
    """So that another, which took the memory, is not counted against it; what is only late need not be alone."""
    waiting = Queue()
    for number in range(3):
        waiting.add(chunk(number))
    first, second = waiting.next(0), waiting.next(1)
    waiting.lost(Gone(None, IDLE, late=False))
    waiting.lost(Gone(first, 0, late=False))
    assert waiting.waiting == 2
    assert waiting.next(1) is None
    waiting.done(1)
    assert second == Task(chunk(1))
    assert waiting.next(0) == Task(chunk(0), singly=True)
    assert waiting.next(1) is None
    waiting.done(0)
    third = waiting.next(0)
    assert third == Task(chunk(2))
    waiting.lost(Gone(third, 1, late=True))
    assert waiting.next(1) == Task(chunk(2), singly=True)


def test_workers_that_never_begin_stop_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not start them for ever."""
    monkeypatch.setattr("refractory.cohort.running.pool.work", _ends)
    with pytest.raises(LimitError, match="before they have done anything"):
        Cohort(Files((written(tmp_path, 3),)), tmp_path / "out").run()


def _ends(_job: Job, _pipe: Any, _mark: Any) -> None:
    os._exit(3)


ROOM = """
set -e
mount -t tmpfs -o size={size} tmpfs {disk}
set +e
{run} > {folder}/first.out 2> {folder}/first.err; echo $? > {folder}/first.code
set -e
rm -rf {folder}/kept; cp -a {disk}/out {folder}/kept
mount -o remount,size=64m {disk}
set +e
{run} > {folder}/second.out 2> {folder}/second.err; echo $? > {folder}/second.code
set -e
cp -a {disk}/out {folder}/out
"""


@pytest.fixture
def may_mount(tmp_path: Path) -> None:
    """Skip where a user may not mount in a namespace of their own."""
    tried = shutil.which("unshare") and subprocess.run(
        ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", str(tmp_path)], check=False, capture_output=True
    )
    if not tried or tried.returncode:
        pytest.skip("no file system can be mounted here by an ordinary user")


@pytest.mark.usefixtures("may_mount")
@pytest.mark.parametrize("size", ["8k", "400k"])
def test_a_full_disk_stops_the_run_and_room_lets_it_go_on(undisturbed: Undisturbed, tmp_path: Path, size: str) -> None:
    """Full at the manifest or later: it says so, ends as a limit does; nothing is half there."""
    disk = tmp_path / "disk"
    disk.mkdir()
    run = shlex.join(command(*undisturbed.arguments(disk / "out")))
    script = ROOM.format(size=size, disk=disk, folder=tmp_path, run=run)
    subprocess.run(["unshare", "-rm", "sh", "-c", script], check=True, env=environment(), timeout=100)

    said = (tmp_path / "first.err").read_text()
    assert (tmp_path / "first.code").read_text().strip() == "4", said
    assert "there is no room to write: No space left on device" in said
    assert "give the same command again" in said
    assert unfinished(tmp_path / "kept") == []
    kept = contents(tmp_path / "kept") if size == "400k" else {}
    assert all(undisturbed.parts[name] == content for name, content in kept.items())
    assert (size == "400k") == (len(kept) > 10)
    assert (tmp_path / "second.code").read_text().strip() == "0", (tmp_path / "second.err").read_text()
    assert undisturbed.parts == contents(tmp_path / "out")


def test_knowledge_that_changed_is_refused(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """Between stop and resume: told, with how to go on; with `--restart` it begins anew, with the new knowledge."""
    out = tmp_path / "out"
    module = tmp_path / "module" / "ontology" / "modules" / "more.ttl"
    module.parent.mkdir(parents=True)
    module.write_text("# Nothing yet.\n")
    with started(*undisturbed.arguments(out)) as process:
        until(lambda: done(out) >= 2)
        process.terminate()
        process.communicate(timeout=60)
    kept = contents(out)
    changed = (*undisturbed.arguments(out), "--knowledge", tmp_path / "module")
    found = called(*changed)
    assert found.returncode == 3
    assert "the knowledge: " in found.stderr
    assert "--out" in found.stderr
    assert "--restart" in found.stderr
    assert kept == contents(out)

    assert called(*undisturbed.arguments(out)).returncode == 0
    assert undisturbed.parts == contents(out)


def test_knowledge_that_changes_while_the_run_goes_on_is_refused(tmp_path: Path) -> None:
    """A worker that is started later reads other knowledge, and does nothing."""
    path, out = written(tmp_path, 60), tmp_path / "out"
    table = tmp_path / "table.tsv"
    table.write_bytes((Path(__file__).parents[1] / "data" / "resistance-table.tsv").read_bytes())
    text = path.read_text().splitlines()
    text[40] = record("kill")
    path.write_text("\n".join(text) + "\n")
    (tmp_path / "traces").mkdir()
    assessor = ChangesTable(table=str(table), traces=str(tmp_path / "traces"))
    with pytest.raises(Exception, match="it has changed while the run went on: the table of mutations"):
        Cohort(Files((path,)), out, assessor, chunk=20).run()
    assert done(out) == 2


@dataclass(frozen=True)
class ChangesTable(IllBehaved):
    """Changes its own table before it ends its process."""

    def _do(self, what: str) -> None:
        assert self.table is not None
        with Path(self.table).open("ab") as file:
            file.write(b"\n")
        super()._do(what)


def test_a_corrupt_row_group_is_told_and_the_others_are_answered(tmp_path: Path) -> None:
    """The rows of the group that can be read are answered, the rest is one rejected row that says how many they are."""
    path, out = tmp_path / "cases.parquet", tmp_path / "out"
    pq.write_table(
        pa.table({"case": lines(60)}), path, row_group_size=20, use_dictionary=False, write_page_checksum=True
    )
    column = pq.ParquetFile(path).metadata.row_group(1).column(0)
    content = bytearray(path.read_bytes())
    middle = column.data_page_offset + column.total_compressed_size // 2
    content[middle : middle + 50] = bytes(50)
    path.write_bytes(content)

    found = called(path, "--out", out, "--workers", 2, "--chunk", 7, "--no-progress")

    assert found.returncode == 0, found.stderr
    (damaged,) = [one for one in rows(out, "rejected") if one["kind"] == "Unreadable"]
    assert (damaged["row"], damaged["records"], damaged["place"]) == (21, 20, "row group 1")
    assert "damaged" in damaged["message"]
    assert places(out) == [*range(1, 22), *range(41, 61)]
    assert found.stdout.startswith("60 records: ")


def test_a_compressed_file_that_was_cut_is_answered_as_far_as_it_goes(tmp_path: Path) -> None:
    """What comes after the cut is one rejected row, and the next file is read."""
    path, out = tmp_path / "in" / "cases.ndjson.gz", tmp_path / "out"
    path.parent.mkdir()
    whole = gzip.compress("".join(f"{line}\n" for line in lines(200)).encode(), mtime=0)
    path.write_bytes(whole[: len(whole) * 2 // 3])
    after = path.parent / "later.ndjson"
    after.write_text(lines(1)[0] + "\n")

    found = called(path.parent, "--out", out, "--workers", 2, "--chunk", 9, "--no-progress")

    assert found.returncode == 0, found.stderr
    (cut,) = [one for one in rows(out, "rejected") if one["kind"] == "Unreadable"]
    assert cut["records"] is None
    assert 60 < cut["row"] < 180
    here = sorted(one["row"] for folder in PARTS for one in rows(out, folder) if one["source"] == path.as_posix())
    assert here == list(range(1, cut["row"] + 1))
    assert [one["row"] for one in rows(out, "answered") if one["source"] == after.as_posix()] == [1]


def test_one_enormous_record_is_rejected_and_takes_no_memory(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """It is a rejected row with its beginning; no process is much larger for it than for the others."""
    size = 300_000_000
    path, out = tmp_path / "cases.ndjson", tmp_path / "out"
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines(10))
        file.write('{"id": "')
        for _ in range(size // 1_000_000):
            file.write("x" * 1_000_000)
        file.write('"}\n')
        file.writelines(f"{line}\n" for line in lines(20)[10:])

    before = memory(undisturbed.path, "--out", tmp_path / "small", "--workers", 1, "--no-progress")
    after = memory(path, "--out", out, "--workers", 1, "--no-progress")

    assert after < before + size // 10
    (enormous,) = [one for one in rows(out, "rejected") if one["row"] == 11]
    assert enormous["raw"].startswith('{"id": "xxx')
    assert len(enormous["raw"]) <= 2_000
    assert size < enormous["rawBytes"] < size + 100
    assert places(out) == list(range(1, 22))


def memory(*arguments: object) -> int:
    """Run a cohort, and return the bytes of its largest process."""
    process = subprocess.Popen(command(*arguments), env=environment(), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def test_counts_add_up() -> None:
    """Counts of chunks are those of the run."""
    assert Counts(1, 2) + Counts(3, 4) == Counts(4, 6)
    assert Counts(4, 6).records == 10
