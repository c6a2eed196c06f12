"""Measures reasoning over cohorts, ours and others': `python benchmarks/cohort_peers.py [--cases N] [--docs FILE]`.

All engines conclude the same facts about the same simulated cases, which is looked at first: without that no figure is
printed. Then they take turns, round after round, so that a machine that others use too slows each of them alike.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from benchmarks import batches  # noqa: E402  # the checkout is on the path only now
from benchmarks.batches import CANNOT, ENGINES  # noqa: E402
from benchmarks.report import figure, machine, machine_line, put_between, table  # noqa: E402

OURS = ("compiled", 1_000)
Key = tuple[str, int]


def rows(wanted: list[str], chunks: list[int] | None, count: int) -> list[Key]:
    """Return engines with the sizes of chunks that so many cases can fill."""
    found = []
    for key in wanted:
        sizes = chunks if chunks and key == "duckdb" else ENGINES[key].chunks
        found += [(key, chunk) for chunk in sizes if key == OURS[0] or chunk <= count]
    return found


def disagreements(
    pools: dict[Key, ProcessPoolExecutor], keys: list[Key]
) -> tuple[dict[Key, tuple[int, int]], list[str]]:
    """Return on how many cases and facts each agrees with ours, and what those differ in that do not."""
    _say("reasoning once to compare ...")
    ours = pools[OURS].submit(batches.digests, OURS[1]).result()
    agreed, differing = {}, []
    for key, chunk in keys:
        found = pools[key, chunk].submit(batches.digests, chunk).result()
        wrong = [number for number, one in found.items() if one != ours[number]]
        agreed[key, chunk] = (len(found), sum(facts for facts, _ in found.values()))
        if wrong or not found:
            differing.append(f"{key}, chunks of {chunk}: {len(wrong)} of {len(found)} cases differ")
        for number in wrong[:3]:
            theirs = pools[key, chunk].submit(batches.facts, number, chunk).result()
            standard = pools[OURS].submit(batches.facts, number, OURS[1]).result()
            differing.append(
                f"  case {number} lacks {sorted(standard - theirs)}, has besides {sorted(theirs - standard)}"
            )
    return agreed, differing


def measure(pools: dict[Key, ProcessPoolExecutor], keys: list[Key], rounds: int) -> dict[Key, list[dict[str, Any]]]:
    """Return the measurements of each engine; every second round goes through them backward."""
    found: dict[Key, list[dict[str, Any]]] = {key: [] for key in keys}
    for number in range(rounds):
        _say(f"round {number + 1} of {rounds} ...")
        for key, chunk in keys if number % 2 == 0 else keys[::-1]:
            found[key, chunk].append(pools[key, chunk].submit(batches.timed, chunk).result())
    return found


def peers_table(found: dict[Key, list[dict[str, Any]]], agreed: dict[Key, tuple[int, int]]) -> str:
    """Return the table of engines."""
    head = (
        "engine", "cases at a time", "answers", "cases/s of one core", "least to most", "cases/s by the clock",
        "times ours", "proofs", "memory MB",
    )  # fmt: skip
    ours = rate(found[OURS])
    lines = []
    for (key, chunk), runs in found.items():
        speeds = [run["cases"] / run["cpu"] for run in runs]
        cases, facts = agreed[key, chunk]
        lines.append(
            (
                ENGINES[key].title,
                "1" if key.startswith("compiled") else f"{chunk:,}",
                "the standard" if (key, chunk) == OURS else f"= on {cases:,} cases, {facts:,} facts",
                figure(rate(runs)),
                f"{figure(min(speeds))} to {figure(max(speeds))}",
                figure(median(run["cases"] / run["clock"] for run in runs)),
                figure(rate(runs) / ours),
                ENGINES[key].proofs,
                figure(max(run["memory"] for run in runs)),
            )
        )
    return table(head, lines)


def rate(runs: list[dict[str, Any]]) -> float:
    """Return the median of cases a second of processor time."""
    return float(median(run["cases"] / run["cpu"] for run in runs))


def shares_line(found: dict[Key, list[dict[str, Any]]]) -> str:
    """Return in a sentence which part of an engine's time goes where, for those that have parts."""
    parts = []
    for (key, chunk), runs in found.items():
        took = runs[-1]["shares"]
        if took:
            each = ", ".join(f"{name} {seconds / sum(took.values()):.0%}" for name, seconds in took.items())
            parts.append(f"{ENGINES[key].title}, {chunk:,} at a time: {each}")
    return f"Where the time goes: {'; '.join(parts)}." if parts else ""


def pipeline_table(found: dict[str, Any]) -> str:
    """Return the table of stages from NDJSON to Parquet."""
    run, stages = found["run"], found["stages"]
    count = run["answered"] + run["rejected"]
    all_ = sum(stages.values())
    return "\n\n".join(
        [
            f"Our whole run from NDJSON to Parquet: {figure(count / run['cpu'])} cases a second of one core, "
            f"validated; {run['rejected']:,} of {count:,} rejected.",
            table(
                ("stage", "ms per case", "share"),
                [(name, figure(took / count * 1_000), f"{took / all_:.0%}") for name, took in stages.items()],
            ),
        ]
    )


def simulated(folder: str, count: int, seed: int) -> Path:
    """Write simulated cases, and return where they stand."""
    path = Path(folder) / "cases.ndjson"
    command = [sys.executable, "-m", "refractory", "cohort", "simulate", "-n", str(count), "--seed", str(seed)]
    with path.open("wb") as file:
        subprocess.run(command, stdout=file, check=True, cwd=ROOT)
    return path


def main() -> int:
    """Compare, then measure and print the tables; return the exit code, which is 1 if engines disagree."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--cases", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engines", nargs="+", choices=list(ENGINES), default=list(ENGINES))
    parser.add_argument("--chunks", nargs="+", type=int, help="cases that DuckDB gets at a time")
    parser.add_argument("--out", type=Path, help="folder for cohort-peers.json")
    parser.add_argument("--docs", type=Path, help="document whose tables are replaced")
    options = parser.parse_args()
    wanted = [OURS[0], *(key for key in options.engines if key != OURS[0])]
    missing = {key: module for key in wanted for module in ENGINES[key].needs if find_spec(module) is None}
    keys = rows([key for key in wanted if key not in missing], options.chunks, options.cases)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        path = str(simulated(folder, options.cases, options.seed))
        pools = {}
        for key, chunk in keys:
            arguments = (key, path, min(options.cases, most(key, chunk)))
            pool = ProcessPoolExecutor(1, get_context("spawn"), batches.prepare, arguments)
            pools[key, chunk] = stack.enter_context(pool)
        agreed, differing = disagreements(pools, keys)
        if differing:
            print("\n".join(differing), file=sys.stderr)
            return 1
        found = measure(pools, keys, options.rounds)
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            whole = pool.submit(batches.pipeline, path, options.cases).result()
    cases, facts = agreed[OURS]
    unable = {ENGINES[key].title: f"{module} cannot be imported" for key, module in missing.items()} | CANNOT
    text = "\n\n".join(
        [
            machine_line(where := machine()),
            f"{cases:,} simulated cases (seed {options.seed}), from which {facts:,} facts follow; "
            f"{options.cases - cases:,} more cannot be answered. The median of {options.rounds} rounds.",
            peers_table(found, agreed),
            shares_line(found),
            "Not here: " + "; ".join(f"{name} ({why})" for name, why in unable.items()) + ".",
            pipeline_table(whole),
        ]
    )
    print(text)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        runs = [{"engine": key, "chunk": chunk, "runs": each} for (key, chunk), each in found.items()]
        content = {"machine": where, "engines": runs, "pipeline": whole}
        (options.out / "cohort-peers.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    if options.docs:
        put_between(options.docs, "cohort-peers", text)
    return 0


def most(key: str, chunk: int) -> int:
    """Return how many cases at most an engine is timed on."""
    return ENGINES[key].chunks.get(chunk, batches.ALL)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
