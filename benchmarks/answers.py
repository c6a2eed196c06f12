"""Measures whole answers, bytes in and JSON out: `python benchmarks/answers.py [--cases N] [--out DIR] [--docs FILE]`.

With and without questions, by stage; the start of the command; the memory of a process that only assesses.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from benchmarks.report import figure, machine, machine_line, memory_now, percentile, put_between, table  # noqa: E402
from refractory import Case, KnowledgeBase  # noqa: E402  # the checkout is on the path only now
from refractory.validation.quick import QuickValidator  # noqa: E402

SEED = 6_000
STARTS = 15
CASE = ROOT / "tests" / "cases" / "design-example" / "case.json"


def answers(count: int) -> dict[str, Any]:
    """Return how long whole answers take, and their stages, in milliseconds."""
    from tests.generated import generated

    base = KnowledgeBase.load()
    validator = QuickValidator(base.knowledge)
    contents = [json.dumps(case).encode() for case in generated(SEED, count)]
    cases = [Case.from_json(content, base.knowledge) for content in contents]
    answered = [base.assess(case, questions=False) for case in cases]

    def whole(questions: bool) -> Callable[[int], object]:
        def run(number: int) -> object:
            case = Case.from_json(contents[number], base.knowledge)
            return json.dumps(base.assess(case, questions=questions).to_json())

        return run

    stages: dict[str, Callable[[int], object]] = {
        "bytes in, assessment JSON out, no questions": whole(False),
        "bytes in, assessment JSON out, with questions": whole(True),
        "of which: reading": lambda number: Case.from_json(contents[number], base.knowledge),
        "of which: validating": lambda number: validator.check(cases[number].facts),
        "of which: reasoning": lambda number: base.reasoner.close([cases[number].facts]),
        "reading aside: assessing, no questions": lambda number: base.assess(cases[number], questions=False),
        "of which: writing JSON": lambda number: json.dumps(answered[number].to_json()),
    }
    found = {}
    for name, stage in stages.items():
        for number in range(min(20, count)):
            stage(number)
        gc.collect()
        gc.freeze()
        took = []
        for number in range(count):
            begun = perf_counter()
            stage(number)
            took.append((perf_counter() - begun) * 1000)
        found[name] = {"p50": percentile(took, 0.5), "p99": percentile(took, 0.99), "took": took}
    return found


def starts() -> dict[str, Any]:
    """Return how long whole processes take, in milliseconds: the command, and Python alone."""
    commands = {
        "refractory assess --no-questions, one case": [
            sys.executable, "-m", "refractory", "assess", str(CASE), "--no-questions", "--format", "json",
        ],
        "refractory assess, one case": [sys.executable, "-m", "refractory", "assess", str(CASE), "--format", "json"],
        "python -c pass": [sys.executable, "-c", "pass"],
    }  # fmt: skip
    found = {}
    for name, command in commands.items():
        took = []
        for _ in range(STARTS + 1):
            begun = perf_counter()
            subprocess.run(command, capture_output=True, check=True, cwd=ROOT)
            took.append((perf_counter() - begun) * 1000)
        # The first run may compile the program into the cache folder; it is told apart.
        found[name] = {"first": took[0], "p50": percentile(took[1:], 0.5), "least": min(took[1:])}
    return found


_MEMORY = """
import gc, json, sys
from pathlib import Path
from refractory import Case, KnowledgeBase
base = KnowledgeBase.load()
content = Path(sys.argv[1]).read_bytes()
for _ in range(200):
    json.dumps(base.assess(Case.from_json(content, base.knowledge), questions=False).to_json())
status = Path("/proc/self/status").read_text()
lines = dict(line.split(":", 1) for line in status.splitlines())
kinds = ("rdflib", "owlrl", "pyshacl")
print(json.dumps({"now": int(lines["VmRSS"].split()[0]) / 1024, "most": int(lines["VmHWM"].split()[0]) / 1024,
    "imported": [name for name in kinds if name in sys.modules]}))
"""


def memory() -> dict[str, Any]:
    """Return the resident memory in MB of a process that has assessed 200 times, and which libraries it imported."""
    done = subprocess.run(
        [sys.executable, "-c", _MEMORY, str(CASE)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> None:
    """Measure, print the tables, and write them where asked."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--out", type=Path, help="folder for answers.json")
    parser.add_argument("--docs", type=Path, help="document whose tables are replaced")
    options = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    where, before = machine(), memory_now()
    begun, held, stages = starts(), memory(), answers(options.cases)
    imported = ", ".join(held["imported"]) or "none of rdflib, owlrl, pyshacl"
    text = "\n\n".join(
        [
            machine_line(where),
            table(
                (f"per case, over {options.cases} generated cases", "p50 ms", "p99 ms"),
                [(name, figure(stage["p50"]), figure(stage["p99"])) for name, stage in stages.items()],
            ),
            table(
                ("whole process", "first ms", "median ms", "least ms"),
                [(name, figure(s["first"]), figure(s["p50"]), figure(s["least"])) for name, s in begun.items()],
            ),
            f"A process that has assessed 200 times holds {held['now']:.0f} MB ({held['most']:.0f} MB at most); "
            f"it imported {imported}.",
        ]
    )
    print(text)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        content = {"machine": where, "stages": stages, "starts": begun, "memory": held, "memoryOfTheBenchmark": before}
        (options.out / "answers.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    if options.docs:
        put_between(options.docs, "answers", text)


if __name__ == "__main__":
    main()
