"""What was made of a Bundle, in as few lines as tell it: what no row of the mapping speaks of is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from refractory.case.fhir.trace import IGNORED, UNKNOWN, USED, TraceEntry


@dataclass(frozen=True, slots=True)
class Traced:
    """One line: the outcome, the resource, where in the case it went, why, and where in the Bundle it stands."""

    outcome: str
    resource: str
    fact: str
    reason: str
    path: str


def traced(trace: Sequence[TraceEntry]) -> tuple[Traced, ...]:
    """Return the trace of a Bundle: what was used, what is unknown, then what was ignored."""
    return tuple(_traced(trace))


def _traced(trace: Sequence[TraceEntry]) -> Iterator[Traced]:
    for outcome in (USED, UNKNOWN, IGNORED):
        for entry in trace:
            if entry.outcome == outcome and (entry.row or outcome != IGNORED):
                yield Traced(outcome, entry.resource, entry.fact, entry.reason, entry.path)
    # What no row speaks of is most of a record, and of no interest one by one.
    counted = Counter(entry.reason for entry in trace if entry.outcome == IGNORED and not entry.row)
    for reason, count in sorted(counted.items()):
        yield Traced(IGNORED, f"{count} {'resource' if count == 1 else 'resources'}", "", reason, "")
