"""The engines that take cases in batches, each in a process of its own that is asked round after round.

A process reads the cases before anything is timed, and keeps its engine. What comes back of answers is a digest for
each case, so that a million facts need not be carried from process to process; what a case differs in is asked for.
"""

from __future__ import annotations

import gc
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Protocol

from pyoxigraph import NamedNode
from tests.agreement import Fact
from tests.third_engine import ThirdEngine

from benchmarks.peers import Answer, Clingo, CompiledFacts, Oxigraph, Peer, about
from benchmarks.report import memory_now, memory_peak, restart_peak
from refractory import Case, KnowledgeBase
from refractory.errors import RefractoryError
from refractory.knowledge.knowledge import Knowledge
from refractory.model.facts import CaseFacts


class Batched(Protocol):
    """An engine that is ready for batches."""

    def takes(self, case: CaseFacts) -> bool:
        """Say whether it can count what is in a case."""
        ...

    def reason(self, cases: Sequence[CaseFacts]) -> Any:
        """Return what follows from each case, in the engine's own form; this is what is timed."""
        ...

    def answers(self, cases: Sequence[CaseFacts], result: Any) -> list[Answer]:
        """Return a result in the form in which answers are compared, case by case."""
        ...

    def shares(self) -> dict[str, float]:
        """Return the seconds of the processor spent on each part so far, where an engine has parts."""
        ...


class Singly:
    """An engine that takes cases one after the other."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    def takes(self, case: CaseFacts) -> bool:  # noqa: ARG002  # what every engine is asked
        """Say yes: it can count anything."""
        return True

    def reason(self, cases: Sequence[CaseFacts]) -> Any:
        """Reason about each case."""
        return [self._peer.reason(case) for case in cases]

    def answers(self, cases: Sequence[CaseFacts], result: Any) -> list[Answer]:
        """Return the facts about each case."""
        return [self._peer.facts(case, one) for case, one in zip(cases, result, strict=True)]

    def shares(self) -> dict[str, float]:
        """Return nothing: it has no parts."""
        return {}


class Together(Singly):
    """An engine that is given all facts of a batch as if they were one case's; no two cases share a node."""

    def reason(self, cases: Sequence[CaseFacts]) -> Any:
        """Reason about all cases at once."""
        return self._peer.reason(_together(cases))

    def answers(self, cases: Sequence[CaseFacts], result: Any) -> list[Answer]:
        """Return the facts about each case, which are those about its nodes."""
        found: list[set[Fact]] = [set() for _ in cases]
        owner = {
            t.subject.value: n for n, case in enumerate(cases) for t in case.all if isinstance(t.subject, NamedNode)
        }
        for fact in self._peer.facts(_together(cases), result):
            found[owner[fact[0]]].add(fact)
        return list(map(frozenset, found))


def _together(cases: Sequence[CaseFacts]) -> CaseFacts:
    return CaseFacts(cases[0].case, tuple(fact for case in cases for fact in case.all))


class Clingos(Together):
    """clingo, which has whole numbers alone: its translation takes at most one digit after the point."""

    def __init__(self, knowledge: Knowledge) -> None:
        super().__init__(Clingo(knowledge))
        self._counts = ThirdEngine(knowledge).counts

    def takes(self, case: CaseFacts) -> bool:
        """Say whether all numbers are short enough."""
        return self._counts(case)


class InSql:
    """DuckDB."""

    def __init__(self, knowledge: Knowledge) -> None:
        from benchmarks.duck import Duck

        self._duck = Duck(knowledge)

    def takes(self, case: CaseFacts) -> bool:  # noqa: ARG002  # what every engine is asked
        """Say yes: a number with too many digits stops it loudly, and none has them."""
        return True

    def reason(self, cases: Sequence[CaseFacts]) -> Any:
        """Lay a chunk out in tables and run the program over it."""
        return self._duck.reason(cases)

    def answers(self, cases: Sequence[CaseFacts], result: Any) -> list[Answer]:
        """Return the facts about each case."""
        found: list[list[Any]] = [[] for _ in cases]
        for number, fact in self._duck.facts(result):
            found[number].append(fact)
        return [about(case, facts) for case, facts in zip(cases, found, strict=True)]

    def shares(self) -> dict[str, float]:
        """Return the seconds for coding terms and for the database."""
        return dict(self._duck.took)


class CompiledTables(Singly):
    """Our engine as a cohort uses it: facts and derivations in its own tables, asked for what is needed later."""

    def __init__(self, knowledge: Knowledge) -> None:
        from benchmarks.peers import Compiled

        super().__init__(Compiled(knowledge))


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine of the table.

    Attributes:
        title: What its rows are called.
        make: Makes it.
        chunks: The numbers of cases that it is given at a time, each with how many cases at most are timed so.
        needs: The modules that it needs, by name.
        proofs: Whether each fact comes with a derivation.
    """

    title: str
    make: Callable[[Knowledge], Batched]
    chunks: Mapping[int, int]
    needs: tuple[str, ...] = ()
    proofs: str = "no"


ALL = 10**9
_FEW = {1: 50, 100: 500, 1_000: 2_000}

ENGINES = {
    "compiled": Engine("refractory, compiled", CompiledTables, {1_000: ALL}, proofs="yes"),
    "compiled-facts": Engine(
        "refractory, compiled; facts written out", lambda k: Singly(CompiledFacts(k)), {1_000: ALL}, proofs="yes"
    ),
    "duckdb": Engine("DuckDB, rules as SQL", InSql, {100: 500, 1_000: 5_000, 10_000: ALL}, ("duckdb",)),
    "pyoxigraph": Engine("pyoxigraph, rules as SPARQL, cases together", lambda k: Together(Oxigraph(k)), _FEW),
    "clingo": Engine("clingo, cases together", Clingos, _FEW, ("clingo",)),
}

CANNOT = {
    "rdflib + owlrl with the rules": "takes seconds for each case; the tests hold our engine to it",
    "nemo-python, reasonable, rdflib + owlrl": "do the OWL 2 RL closure alone here, without the rules and absences",
    "HermiT": "does OWL alone, and takes seconds for each case",
}
"""The engines of the other benchmark that are not in this one, and why."""


@dataclass(slots=True)
class _Held:
    """What a process holds."""

    cases: list[CaseFacts] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    engine: Batched | None = None
    made: float = 0.0
    before: float = 0.0


_held = _Held()


def prepare(key: str, path: str, count: int) -> None:
    """Read the cases that can be answered and make an engine; what a process does first."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    base = KnowledgeBase.load()
    cases = []
    for line in Path(path).read_bytes().splitlines()[:count]:
        try:
            case = Case.from_json(line, base.knowledge)
            base.check(case).raise_if_invalid()
            base.reasoner.close([case.facts])
        except RefractoryError:
            continue
        cases.append(case.facts)
    gc.collect()
    _held.before = memory_now()
    begun = perf_counter()
    _held.engine = ENGINES[key].make(base.knowledge)
    _held.made = perf_counter() - begun
    _held.numbers = [number for number, case in enumerate(cases) if _held.engine.takes(case)]
    _held.cases = [cases[number] for number in _held.numbers]
    gc.freeze()


def _chunks(chunk: int) -> Iterator[list[CaseFacts]]:
    for start in range(0, len(_held.cases), chunk):
        yield _held.cases[start : start + chunk]


def digests(chunk: int) -> dict[int, tuple[int, str]]:
    """Return for each case by its number how many facts follow, and a digest of them."""
    assert _held.engine
    found = []
    for cases in _chunks(chunk):
        for answer in _held.engine.answers(cases, _held.engine.reason(cases)):
            lines = sorted(map(_line, answer))
            found.append((len(lines), hashlib.sha256("\n".join(lines).encode()).hexdigest()))
    return dict(zip(_held.numbers, found, strict=False))


def facts(number: int, chunk: int) -> set[str]:
    """Return what follows from one case, reasoned about with its chunk."""
    assert _held.engine
    place = _held.numbers.index(number)
    start = place - place % chunk
    cases = _held.cases[start : start + chunk]
    return set(map(_line, _held.engine.answers(cases, _held.engine.reason(cases))[place - start]))


def _line(fact: Fact) -> str:
    subject, predicate, value = fact
    # Equal numbers are written alike.
    return f"{subject} {predicate} {value if isinstance(value, str) else format(value.normalize(), 'f')}"


def timed(chunk: int) -> dict[str, Any]:
    """Return how long all chunks take by processor and clock, in seconds, and the memory above what was there."""
    assert _held.engine
    count = 0
    before = _held.engine.shares()
    gc.collect()
    gc.disable()
    restart_peak()
    cpu, clock = process_time(), perf_counter()
    for cases in _chunks(chunk):
        _held.engine.reason(cases)
        count += len(cases)
    cpu, clock = process_time() - cpu, perf_counter() - clock
    gc.enable()
    shares = {name: took - before[name] for name, took in _held.engine.shares().items()}
    return {
        "cases": count,
        "cpu": cpu,
        "clock": clock,
        "memory": memory_peak() - _held.before,
        "shares": shares,
        "made": _held.made,
    }


def pipeline(path: str, count: int) -> dict[str, Any]:
    """Return how long a cohort takes from NDJSON to Parquet, in all and stage by stage, in seconds of the processor."""
    from benchmarks.cohort import PARQUET, stages, whole
    from refractory.cohort.batch import Assessor

    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    assessor = Assessor().load()
    whole(assessor, Path(path), min(count, 1_000))
    run = whole(assessor, Path(path), count)
    return {"run": run, "stages": stages(assessor, Path(path), count) | {PARQUET: run[PARQUET]}}
