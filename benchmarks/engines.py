"""Measures our engine and its peers on the same cases: `python benchmarks/engines.py [--cases N] [--out DIR]`.

Answers are compared first. Then come latency, memory, and growth with the case and with the ontology. What is printed
is Markdown; `engines.json` and `engines.svg` go to the folder of `--out`, and the tables into a document with `--docs`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from benchmarks.growth import FACTORS  # noqa: E402  # the checkout is on the path only now
from benchmarks.peers import Entry, entries  # noqa: E402
from benchmarks.report import figure, machine, machine_line, percentile, put_between, table  # noqa: E402

# Engines whose growth is measured, with how often each size is repeated; the others take minutes for it.
GROWN = {"compiled": 25, "clingo": 5, "pyoxigraph": 5, "owlrl": 1, "reasonable": 5}
COMPARED = 20
TIME_LIMIT = 1_800


def child(*arguments: str) -> dict[str, Any]:
    """Run one measurement in a process of its own, and return what it printed."""
    command = [sys.executable, "-m", "benchmarks.measure", *arguments]
    # With a cache folder of its own, each engine compiles anew, and leaves nothing in the user's.
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "PYTHONHASHSEED": "0", "XDG_CACHE_HOME": cache}
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=TIME_LIMIT, check=False
        )
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        return {"failed": lines[-1] if lines else f"exit {done.returncode}"}
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def measure(wanted: list[str], limit: int | None) -> dict[str, Any]:
    """Return the measurement of each engine, with what its answers lack and have too much."""
    results: dict[str, Any] = {}
    for key in wanted:
        entry = entries()[key]
        if missing := [module for module in entry.needs if find_spec(module) is None]:
            results[key] = {"failed": f"not installed: {', '.join(missing)} cannot be imported"}
            continue
        count = min(entry.cases, limit) if limit else entry.cases
        print(f"measuring {entry.title} on {count} cases ...", file=sys.stderr, flush=True)
        results[key] = child(key, "--cases", str(count), "--compare", str(min(COMPARED, count)))
    for key, found in results.items():
        if "failed" not in found:
            found["compared"] = compare(found, results.get(standard(entries()[key])))
    for found in results.values():
        found.pop("answers", None)
    return results


def standard(entry: Entry) -> str:
    """Return the engine whose answers an engine is held to: that does the same work by the same specification."""
    return "reference" if entry.work == "rules" else "owlrl"


def compare(found: dict[str, Any], against: dict[str, Any] | None) -> dict[str, int] | None:
    """Return how many facts an engine's answers lack and have too much, over the cases that both answered."""
    if not against or "failed" in against:
        return None
    pairs = [
        ({tuple(fact) for fact in ours}, {tuple(fact) for fact in theirs})
        for ours, theirs in zip(found["answers"], against["answers"], strict=False)
    ]
    return {
        "cases": len(pairs),
        "facts": sum(len(theirs) for _, theirs in pairs),
        "missing": sum(len(theirs - ours) for ours, theirs in pairs),
        "extra": sum(len(ours - theirs) for ours, theirs in pairs),
    }


def latency_table(results: dict[str, Any]) -> str:
    """Return the table of answers, latency and memory."""
    head = ("engine", "work", "answers", "p50 ms", "p99 ms", "cases/s", "cases", "proofs", "memory MB", "made in ms")
    rows = []
    for key, found in results.items():
        entry = entries()[key]
        if "failed" in found:
            rows.append((entry.title, entry.work, found["failed"], *["-"] * 7))
            continue
        took = found["took"]
        memory = figure(found["memory"] - found["memoryBefore"])
        if found["memoryOfChildren"] > 1:
            memory += f" and {figure(found['memoryOfChildren'])} of Java"
        rows.append(
            (
                entry.title,
                entry.work,
                _agreement(found["compared"], key == standard(entry)),
                figure(percentile(took, 0.5)),
                figure(percentile(took, 0.99)),
                figure(1000 * len(took) / sum(took)),
                len(took),
                entry.proofs,
                memory,
                figure(found["made"]),
            )
        )
    return table(head, rows)


def _agreement(compared: dict[str, int] | None, itself: bool) -> str:
    if itself:
        return "the standard for its work"
    if compared is None:
        return "not compared"
    if not compared["missing"] and not compared["extra"]:
        return f"= on {compared['cases']} cases, {compared['facts']} facts"
    return f"lacks {compared['missing']} of {compared['facts']} facts, {compared['extra']} too many"


def ratios(results: dict[str, Any]) -> str:
    """Return in a sentence how many times faster this engine is than the reference and than the best complete peer."""
    done = {key: percentile(found["took"], 0.5) for key, found in results.items() if "failed" not in found}
    if not {"compiled", "reference"} <= set(done):
        return ""
    ours = done["compiled"]
    others = {
        key: took
        for key, took in done.items()
        if entries()[key].work == "rules"
        and not key.startswith("compiled")
        and results[key]["compared"]
        and not results[key]["compared"]["missing"]
    }
    best = min(others, key=lambda key: others[key])
    slow, near, name = done["reference"] / ours, others[best] / ours, entries()[best].title
    return (
        f"By the median, our engine is {figure(slow)} times as fast as rdflib + owlrl with the same rules, and "
        f"{figure(near)} times as fast as the best complete peer, {name}."
    )


SERIES = {
    "treatments": "case, treatments",
    "susceptibility": "case, laboratory results",
    "ontology": "ontology, copies apart",
    "ontologyOnTheSameProperties": "ontology, copies on the same properties",
}


def growth_table(results: dict[str, Any]) -> str:
    """Return the table of growth: milliseconds at each size, and how many times the first the last is."""
    head = ("grows", "engine", *(f"x{factor}" for factor in FACTORS), "x16 over x1", "facts given", "facts inferred")
    rows = []
    for name, title in SERIES.items():
        for key, found in results.items():
            if "failed" in found:
                rows.append((title, entries()[key].title, found["failed"], *["-"] * (len(FACTORS) + 2)))
                continue
            points = found[name]
            first, last = points[0], points[-1]
            rows.append(
                (
                    title,
                    entries()[key].title,
                    *(figure(point["took"]) for point in points),
                    figure(last["took"] / first["took"]),
                    f"{first['given']} to {last['given']}",
                    f"{first['inferred']} to {last['inferred']}",
                )
            )
    return table(head, rows)


def plot(results: dict[str, Any], growth: dict[str, Any], path: Path) -> None:
    """Draw latencies and growth; without matplotlib, say so."""
    if find_spec("matplotlib") is None:
        print("no plot: matplotlib is not installed (pip install 'refractory[bench]')", file=sys.stderr)
        return
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot

    figure_, axes = pyplot.subplots(1, 3, figsize=(17, 5), layout="constrained")
    done = {key: found for key, found in results.items() if "failed" not in found}
    places = range(len(done))
    medians = [percentile(found["took"], 0.5) for found in done.values()]
    tails = [percentile(found["took"], 0.99) for found in done.values()]
    axes[0].barh(places, medians, color=["#1b7837" if key.startswith("compiled") else "#999999" for key in done])
    axes[0].scatter(tails, list(places), color="black", marker="|", label="p99")
    axes[0].set_yticks(list(places), [f"{entries()[key].title} ({entries()[key].work})" for key in done])
    axes[0].invert_yaxis()
    axes[0].set_xscale("log")
    axes[0].set_xlabel("milliseconds a case (median, one core)")
    axes[0].legend()
    for axis, name in ((axes[1], "treatments"), (axes[2], "ontology")):
        for key, found in growth.items():
            if "failed" not in found:
                points = found[name]
                axis.plot([p["factor"] for p in points], [p["took"] for p in points], "o-", label=entries()[key].title)
        axis.set_xscale("log", base=2)
        axis.set_yscale("log")
        axis.set_xlabel(f"{SERIES[name]}: times the usual size")
        axis.set_ylabel("milliseconds a case")
        axis.legend(fontsize="small")
    figure_.savefig(path)


def main() -> int:
    """Measure, print the tables, and write JSON and plot; return 1 if this engine's answers differ."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--cases", type=int, help="at most so many cases for each engine; slow ones take fewer anyway")
    parser.add_argument("--engines", nargs="+", choices=list(entries()), default=list(entries()))
    parser.add_argument("--no-growth", action="store_true", help="leave out how the cost grows")
    parser.add_argument("--out", type=Path, help="folder for engines.json and engines.svg")
    parser.add_argument("--docs", type=Path, help="document whose tables are replaced")
    options = parser.parse_args()
    results = measure(options.engines, options.cases)
    growth: dict[str, Any] = {}
    if not options.no_growth:
        for key in [key for key in GROWN if key in options.engines and "failed" not in results[key]]:
            print(f"measuring how {entries()[key].title} grows ...", file=sys.stderr, flush=True)
            growth[key] = child(key, "--grow", str(GROWN[key]))
    where = machine()
    parts = [machine_line(where), latency_table(results), ratios(results)]
    parts += [growth_table(growth)] if growth else []
    text = "\n\n".join(part for part in parts if part)
    print(text)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        content = {"machine": where, "engines": results, "growth": growth}
        (options.out / "engines.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        plot(results, growth, options.out / "engines.svg")
    if options.docs:
        put_between(options.docs, "engines", text)
    ours = [found.get("compared") for key, found in results.items() if key.startswith("compiled")]
    return int(any(c is not None and (c["missing"] or c["extra"]) for c in ours))


if __name__ == "__main__":
    sys.exit(main())
