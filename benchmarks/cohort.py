"""Measures a cohort, from NDJSON to Parquet: `python benchmarks/cohort.py FILE [--cases N] [--out DIR] [--docs FILE]`.

One process on one core. First whole batches, then the same cases stage by stage; both count the time of the processor,
which a neighbor takes less of than of the clock.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

import pyarrow.parquet as pq  # noqa: E402  # the checkout is on the path only now

from benchmarks.report import figure, machine, machine_line, memory_now, put_between, table  # noqa: E402
from refractory import Case  # noqa: E402
from refractory.cohort.batch import Assessor, Record  # noqa: E402
from refractory.cohort.columns import Columns  # noqa: E402
from refractory.errors import RefractoryError  # noqa: E402
from refractory.recommend.recommend import recommend  # noqa: E402

BATCH = 1_000
STAGES = ("decoding", "validating", "reasoning", "putting together", "columns of Arrow")
PARQUET = "writing Parquet"


def lines(path: Path, count: int) -> Iterator[list[Record]]:
    """Yield the first lines of a file in batches, so that the file's size does not count."""
    batch: list[Record] = []
    with path.open("rb") as file:
        for row, line in zip(range(1, count + 1), file, strict=False):
            batch.append(Record(line, str(path), row))
            if len(batch) == BATCH:
                yield batch
                batch = []
    if batch:
        yield batch


def whole(assessor: Assessor, path: Path, count: int) -> dict[str, float]:
    """Return how long a run takes from the file to Parquet, in seconds, and how many cases it answers."""
    with tempfile.TemporaryDirectory() as folder:
        answered = rejected = 0
        writing = 0.0
        cpu, clock = process_time(), perf_counter()
        with pq.ParquetWriter(Path(folder) / "answers.parquet", assessor.answered_schema, compression="zstd") as file:
            for batch in lines(path, count):
                answers = assessor.run(batch)
                answered += answers.answered.num_rows
                rejected += answers.rejected.num_rows
                begun = process_time()
                file.write_batch(answers.answered)
                writing += process_time() - begun
        took = {"cpu": process_time() - cpu, "clock": perf_counter() - clock, PARQUET: writing}
        size = (Path(folder) / "answers.parquet").stat().st_size / 2**20
    return {**took, "answered": answered, "rejected": rejected, "parquet": size, "memory": memory_now()}


def stages(assessor: Assessor, path: Path, count: int) -> dict[str, float]:
    """Return how long each stage takes over all cases that can be answered, in seconds."""
    base, columns = assessor.base, Columns()
    took = dict.fromkeys(STAGES, 0.0)
    for batch in lines(path, count):
        found = []
        gc.disable()
        for record in batch:
            marks = [process_time()]
            try:
                case = Case.from_json(record.data, base.knowledge)
                marks.append(process_time())
                base.check(case).raise_if_invalid()
                marks.append(process_time())
                (closure,) = base.reasoner.close([case.facts])
            except RefractoryError:
                continue
            marks.append(process_time())
            found.append((recommend(case.facts, closure, base.knowledge), ()))
            marks.append(process_time())
            for stage, begun, ended in zip(STAGES, marks, marks[1:], strict=False):
                took[stage] += ended - begun
        begun = process_time()
        columns.write(found)
        took[STAGES[-1]] += process_time() - begun
        gc.enable()
    return took


def main() -> None:
    """Measure, print the tables, and write them where asked."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("file", type=Path, help="cases as NDJSON, such as `refractory cohort simulate` writes")
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--out", type=Path, help="folder for cohort.json")
    parser.add_argument("--docs", type=Path, help="document whose tables are replaced")
    options = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    where, assessor = machine(), Assessor().load()
    whole(assessor, options.file, BATCH)
    before = memory_now()
    run = whole(assessor, options.file, options.cases)
    by_stage = stages(assessor, options.file, options.cases) | {PARQUET: run[PARQUET]}
    count = run["answered"] + run["rejected"]
    text = "\n\n".join(
        [
            machine_line(where),
            _summary(run, count, before),
            table(
                ("stage", "ms per case", "share"),
                [
                    (name, figure(s / count * 1_000), f"{s / sum(by_stage.values()):.0%}")
                    for name, s in by_stage.items()
                ],
            ),
        ]
    )
    print(text)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        found: dict[str, Any] = {"machine": where, "run": run, "stages": by_stage}
        (options.out / "cohort.json").write_text(json.dumps(found, indent=1, default=str), encoding="utf-8")
    if options.docs:
        put_between(options.docs, "cohort", text)


def _summary(run: dict[str, float], count: float, before: float) -> str:
    return (
        f"{count:,.0f} cases from NDJSON to Parquet, {run['rejected']:,.0f} of them rejected: "
        f"**{figure(count / run['cpu'])} a second** of one core's time, {figure(count / run['clock'])} by the clock. "
        f"Memory {run['memory']:.0f} MB after, {before:.0f} MB after the first {BATCH:,}; "
        f"Parquet {run['parquet']:.1f} MB."
    )


if __name__ == "__main__":
    main()
