"""Folders of answers for tests, as a run writes them, and the answers of `assess` to the same cases."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from refractory import Assessment, Case
from refractory.cohort.batch import Assessor, Record
from refractory.cohort.simulation.simulate import Simulation, Simulator
from refractory.errors import RefractoryError
from tests.support import shipped

SOURCE = "simulated.ndjson"


@cache
def simulated(count: int, seed: int = 11) -> tuple[Simulation, ...]:
    """Return simulated records, some of them broken."""
    return tuple(Simulator.of(shipped().knowledge, seed, invalid_share=0.05).records(count))


@cache
def assessor(guidance: tuple[str, ...] | None = None, *, questions: bool = False) -> Assessor:
    """Return what answers batches, loaded once."""
    return Assessor(guidance=guidance, questions=questions)


def truth(records: Sequence[Simulation], path: Path) -> Path:
    """Write the truth of records as the simulation does."""
    known = Simulator.of(shipped().knowledge, 0).conclusions
    path.write_text("".join(json.dumps(record.truth(known)) + "\n" for record in records), encoding="utf-8")
    return path


def folder(path: Path, lines: Sequence[str], by: Assessor, *, chunk: int = 70, source: str = SOURCE) -> Path:
    """Write the answers to lines of NDJSON as a run does, a part for each chunk."""
    for number, start in enumerate(range(0, len(lines), chunk)):
        answers = by.run([Record(line, source, start + n) for n, line in enumerate(lines[start : start + chunk], 1)])
        for sort, batch in (("answered", answers.answered), ("rejected", answers.rejected)):
            (path / sort).mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.Table.from_batches([batch]), path / sort / f"part-{number:06d}.parquet")
    return path


@cache
def assessed(count: int, *, questions: bool = False) -> tuple[tuple[str, Assessment | RefractoryError], ...]:
    """Return what `assess` says of each simulated record, or why it says nothing."""
    found: list[tuple[str, Assessment | RefractoryError]] = []
    for record in simulated(count):
        try:
            answer: Assessment | RefractoryError = shipped().assess(Case.from_json(record.line), questions=questions)
        except RefractoryError as error:
            answer = error
        found.append((record.id, answer))
    return tuple(found)


def answers(count: int, *, questions: bool = False) -> list[dict[str, Any]]:
    """Return the assessments in their published form."""
    return [one.to_json() for _, one in assessed(count, questions=questions) if isinstance(one, Assessment)]
