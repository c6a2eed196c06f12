"""Measures one engine in a process of its own: `python -m benchmarks.measure KEY --cases N`; prints JSON.

Each engine gets a process, so that its memory is its own, and one core, so that none gains by having two.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import sys
from decimal import Decimal
from time import perf_counter
from typing import Any

from tests.agreement import Fact
from tests.generated import generated, read
from tests.support import shipped

from benchmarks.growth import FACTORS, large_case, large_knowledge
from benchmarks.peers import Entry, Peer, entries
from benchmarks.report import memory_now
from refractory.model.facts import CaseFacts

SEED = 5_000


def cases(count: int) -> list[CaseFacts]:
    """Return the first of the generated cases."""
    return [case.facts for case in read(generated(SEED, count))]


def timed(entry: Entry, count: int, compared: int) -> dict[str, Any]:
    """Return the answers to the first cases, and how long each of all cases took in milliseconds."""
    knowledge, before, begun = shipped().knowledge, memory_now(), perf_counter()
    chosen = cases(max(count, compared))
    made = perf_counter()
    peer = entry.make(knowledge)
    ready = perf_counter()
    answers = [sorted(map(_plain, peer.facts(case, peer.reason(case)))) for case in chosen[:compared]]
    gc.collect()
    gc.freeze()
    took = []
    for case in chosen[:count]:
        start = perf_counter()
        peer.reason(case)
        took.append((perf_counter() - start) * 1000)
    return {
        "took": took,
        "made": (ready - made) * 1000,
        "answers": answers,
        "memory": memory_now(),
        "memoryBefore": before,
        "memoryOfChildren": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
        "read": (made - begun) * 1000,
    }


def _plain(fact: Fact) -> list[str]:
    """Return a fact as JSON holds it, its number without zeros at its end, so that equal ones are written alike."""
    return [format(part.normalize(), "f") if isinstance(part, Decimal) else part for part in fact]


def grown(entry: Entry, repeat: int) -> dict[str, Any]:
    """Return the median time in milliseconds for each size of the case and of the ontology."""
    knowledge = shipped().knowledge
    found: dict[str, Any] = {}
    for many in ("treatments", "susceptibility"):
        peer = entry.make(knowledge)
        sizes = [(factor, large_case(factor, knowledge, many)) for factor in FACTORS]
        found[many] = [{"factor": n, "given": len(case.all), **_size(peer, case, repeat)} for n, case in sizes]
    case = large_case(1, knowledge)
    for name, apart in (("ontology", True), ("ontologyOnTheSameProperties", False)):
        found[name] = []
        for factor in FACTORS:
            larger = large_knowledge(factor, knowledge, apart)
            start = perf_counter()
            peer = entry.make(larger)
            made = (perf_counter() - start) * 1000
            found[name].append(
                {"factor": factor, "given": len(larger.logic), "made": made, **_size(peer, case, repeat)}
            )
    return found


def _size(peer: Peer, case: CaseFacts, repeat: int) -> dict[str, float]:
    """Return how much follows from a case, and how long it takes."""
    inferred = len(peer.facts(case, peer.reason(case)))
    gc.collect()
    took = []
    for _ in range(repeat):
        start = perf_counter()
        peer.reason(case)
        took.append((perf_counter() - start) * 1000)
    return {"inferred": inferred, "took": sorted(took)[len(took) // 2]}


def main() -> None:
    """Measure one engine and print what was found."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("key", choices=list(entries()))
    parser.add_argument("--cases", type=int, default=0, help="cases to time")
    parser.add_argument("--compare", type=int, default=0, help="cases whose answers are printed")
    parser.add_argument("--grow", type=int, default=0, help="repetitions for each size; measures growth instead")
    options = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    entry = entries()[options.key]
    found = grown(entry, options.grow) if options.grow else timed(entry, options.cases, options.compare)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
