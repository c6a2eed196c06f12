"""Whole runs of `refractory cohort` over simulated cases: time and memory of all its processes together.

    python -m benchmarks.cohort_run 10000 100000 1000000

Memory is proportional set size: what processes share is counted once. It is read off the system twice a second, so a
shorter peak may be missed. Linux alone says it.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_SECONDS = 0.5


def main() -> None:
    """Print a line for each size that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("counts", type=int, nargs="+", help="numbers of cases")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="where cases and answers are put; a temporary folder by default")
    given = parser.parse_args()
    print(f"seed {given.seed}, {given.workers} workers; NDJSON to Parquet, summary and report included")
    print("| cases | seconds | cases/s | peak memory of all processes, MB | cases, MB | answers, MB |")
    print("|---|---|---|---|---|---|")
    with contextlib.ExitStack() as stack:
        folder = given.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for count in given.counts:
            print(measured(folder, count, given.seed, given.workers), flush=True)


def measured(folder: Path, count: int, seed: int, workers: int) -> str:
    """Simulate and run a cohort of one size, and return its line."""
    cases, out = folder / f"cases-{count}.ndjson", folder / f"out-{count}"
    command = [sys.executable, "-m", "refractory", "cohort"]
    with cases.open("wb") as file:
        subprocess.run([*command, "simulate", "-n", str(count), "--seed", str(seed)], stdout=file, check=True)
    began = time.perf_counter()
    run = [*command, str(cases), "--out", str(out), "--workers", str(workers), "--no-progress"]
    process = subprocess.Popen(run, stdout=subprocess.PIPE, text=True)
    peak = 0
    while process.poll() is None:
        peak = max(peak, memory_of(process.pid))
        time.sleep(_SECONDS)
    seconds = time.perf_counter() - began
    said = process.stdout.read() if process.stdout else ""
    if process.returncode or not said.startswith(f"{count} records: {count} answered."):
        sys.exit(f"the run of {count} did not answer all: exit code {process.returncode}: {said}")
    answers = sum(path.stat().st_size for path in (out / "answered").iterdir())
    cells = (
        count,
        f"{seconds:.1f}",
        f"{count / seconds:,.0f}",
        peak // 1024,
        cases.stat().st_size >> 20,
        answers >> 20,
    )
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def memory_of(root: int) -> int:
    """Return the kilobytes that a process and all below it hold, what they share counted once."""
    return sum(_pss(pid) for pid in _family(root))


def _family(root: int) -> set[int]:
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    family = {root}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return family


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


if __name__ == "__main__":
    main()
