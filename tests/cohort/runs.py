"""What the tests of runs share: simulated inputs, the command as a process, and what a folder must hold."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from refractory import Case
from refractory.cohort.simulation.simulate import Simulator
from tests.cohort.rows import expected
from tests.support import ROOT, shipped

Row = dict[str, Any]

PARTS = ("answered", "rejected")


@cache
def lines(count: int) -> tuple[str, ...]:
    """Return simulated cases as lines; some are broken on purpose."""
    simulator = Simulator.of(shipped().knowledge, 8, invalid_share=0.03)
    return tuple(one.line for one in simulator.records(count))


def written(folder: Path, count: int) -> Path:
    """Write simulated cases as NDJSON."""
    path = folder / "cases.ndjson"
    path.write_text("".join(f"{line}\n" for line in lines(count)), encoding="utf-8", newline="\n")
    return path


def table(out: Path, folder: str) -> pa.Table:
    """Return all parts of a folder, in their order."""
    return pa.concat_tables([pq.read_table(path) for path in sorted((out / folder).glob("*.parquet"))])


def rows(out: Path, folder: str) -> list[Row]:
    """Return all rows of a folder, in the order of the parts."""
    return [dict(row) for row in table(out, folder).to_pylist()]


def places(out: Path) -> list[int]:
    """Return the rows of the input that are in one of the two folders, each as often as it is there."""
    return sorted(row for folder in PARTS for row in table(out, folder).column("row").to_pylist())


def contents(out: Path) -> dict[str, bytes]:
    """Return the bytes of all parts by their names."""
    return {f"{folder}/{path.name}": path.read_bytes() for folder in PARTS for path in (out / folder).iterdir()}


def hold(out: Path, count: int, sample: int) -> None:
    """Hold that every record is in exactly one folder, and that answers are those of `KnowledgeBase.assess`.

    Args:
        out: The output folder.
        count: How many records there were, of `lines`.
        sample: How many answers are looked at, spread over all.
    """
    assert places(out) == list(range(1, count + 1))
    answered = rows(out, "answered")
    step = max(1, len(answered) // sample)
    looked_at = answered[::step][:sample]
    assert len(looked_at) == min(sample, len(answered))
    for row in looked_at:
        answer = shipped().assess(Case.from_json(lines(count)[row["row"] - 1]), questions=False)
        own = {name: value for name, value in row.items() if name not in ("source", "row")}
        assert own == expected(answer), row["row"]
    assert unfinished(out) == []


def unfinished(out: Path) -> list[str]:
    """Return the names of files that were begun and not finished."""
    return [path.name for path in out.rglob("*.tmp")]


def command(*arguments: object) -> list[str]:
    """Return the command that runs a cohort."""
    return [sys.executable, "-m", "refractory", "cohort", *map(str, arguments)]


def environment() -> dict[str, str]:
    """Return the environment of a process that finds this package and the tests."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}


def called(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a cohort to its end."""
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, check=False, env=environment(), timeout=120
    )


@contextmanager
def started(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Start a run as the first of a group of processes, of which nothing is left afterwards."""
    process = subprocess.Popen(
        command(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if alive(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)


def alive(group: int) -> bool:
    """Say whether a process of a group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def until(holds: Callable[[], object], seconds: float = 60) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.005)


def done(out: Path) -> int:
    """Return how many chunks are done."""
    folder = out / "checkpoints"
    return sum(path.suffix == ".json" for path in folder.iterdir()) if folder.is_dir() else 0
