"""Columns of Arrow from findings. What many cases have in common is written once, and each case points at it.

Hardly two cases get the same answer, but the advice on one action, the status of one drug or one hypothesis comes again
and again: a few hundred different ones among thousands of cases. Arrow then copies them for little.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import accumulate
from typing import Any, Final

import pyarrow as pa

from refractory.cohort import rows
from refractory.cohort.schema import CONCLUDED
from refractory.model.findings import Conflict, Findings, GapMet, Hypothesis, Noted, Recommendation, Resistance
from refractory.model.sources import StatementRef, Time

# How many different values of a column are kept; with more, a column begins anew.
_KEPT: Final = 1_000

Key = Hashable


class Values:
    """The different values that a column, or the lists of a column, came to so far."""

    def __init__(self, kind: pa.DataType, key: Callable[[Any], Key], write: Callable[[Any], Any]) -> None:
        self._kind = kind
        self._key = key
        self._write = write
        self._begin()

    def _begin(self) -> None:
        self._numbers: dict[Key, int] = {}
        # A key may hold the identity of an object, which means something only as long as the object is there.
        self._kept: list[Any] = []
        self._new: list[Any] = []
        self._written = pa.array([], self._kind)

    def number(self, value: Any) -> int:
        """Return the number of a value."""
        key = self._key(value)
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = len(self._kept)
            self._kept.append(value)
            self._new.append(self._write(value))
        return found

    def take(self, numbers: Sequence[int]) -> pa.Array:
        """Return the values that have the numbers, and forget all if they are many."""
        if self._new:
            self._written = pa.concat_arrays([self._written, pa.array(self._new, self._kind)])
            self._new = []
        taken = self._written.take(pa.array(numbers, pa.int32()))
        if len(self._kept) > _KEPT:
            self._begin()
        return taken


class Columns:
    """The columns that are made of findings, of one batch after the other."""

    def __init__(self) -> None:
        kinds = {field.name: field.type for field in CONCLUDED}
        self._lists = {
            name: (of, Values(kinds[name].value_type, key, write)) for name, (of, key, write) in _LISTS.items()
        }
        self._whole = {name: (of, Values(kinds[name], _itself, _itself)) for name, of in _WHOLE.items()}

    def write(self, found: Sequence[tuple[Findings, tuple[str, ...]]]) -> dict[str, pa.Array]:
        """Return the columns of a batch.

        Args:
            found: The findings of each case, and the populations of its patient.
        """
        columns = {}
        for name, (of, values) in self._whole.items():
            columns[name] = values.take([values.number(of(*one)) for one in found])
        for name, (items, values) in self._lists.items():
            number = values.number
            numbers = [[number(item) for item in items(findings)] for findings, _ in found]
            ends = pa.array([0, *accumulate(map(len, numbers))], pa.int32())
            columns[name] = pa.ListArray.from_arrays(ends, values.take([n for some in numbers for n in some]))
        return columns


def _itself(value: Any) -> Any:
    return value


def _ids(statements: Iterable[StatementRef]) -> tuple[str, ...]:
    return tuple([statement.id for statement in statements])


def _of_recommendation(one: Recommendation) -> Key:
    # Regimens and statements are looked up once for a knowledge, so that the same ones are mostly the same objects.
    return (
        one.action,
        one.kind,
        one.urgency,
        one.red_flag,
        id(one.regimen),
        id(one.statements),
        one.weakened_by,
        one.for_this_patient and (one.for_this_patient.dose, one.for_this_patient.unit),
        tuple([caution.name for caution in one.cautions]),
        tuple([position.name for position in one.positions]),
    )


def _of_resistance(one: Resistance) -> Key:
    return (one.drug, one.status, one.heightened_by, id(one.statements))


def _of_hypothesis(one: Hypothesis) -> Key:
    return (one.name, one.status, one.for_, one.against, one.open, id(one.statements))


def _of_noted(one: Noted) -> Key:
    return (one.name, id(one.statements))


def _of_conflict(one: Conflict) -> Key:
    return (one.name, one.about, one.between, _ids(one.statements))


def _of_gap(one: GapMet) -> Key:
    return one.id


def _of_time(one: Time) -> Key:
    return (one.name, one.reached)


_LISTS: Final[dict[str, tuple[Callable[[Findings], Iterable[Any]], Callable[[Any], Key], Callable[[Any], Any]]]] = {
    "resistance": (lambda f: f.resistance, _of_resistance, rows.resistance),
    "hypotheses": (lambda f: f.hypotheses, _of_hypothesis, rows.hypothesis),
    "recommendations": (lambda f: f.recommendations, _of_recommendation, rows.recommendation),
    "cautions": (lambda f: f.cautions, _of_noted, rows.noted),
    "pitfalls": (lambda f: f.pitfalls, _of_noted, rows.noted),
    "conflicts": (lambda f: f.conflicts, _of_conflict, rows.conflict),
    "gaps": (lambda f: f.gaps, _of_gap, rows.gap),
    "times": (lambda f: f.failure.times, _of_time, rows.time),
}
_WHOLE: Final[dict[str, Callable[[Findings, tuple[str, ...]], Key]]] = {
    "outcome": lambda f, _: rows.outcome(f),
    "failing": lambda f, _: f.failure.failing,
    "dose": lambda f, _: f.failure.dose,
    "dayOfTreatment": lambda f, _: f.failure.day_of_treatment,
    "populations": lambda _, populations: populations,
    "notApplicable": lambda f, _: f.not_applicable,
    "redFlags": lambda f, _: f.red_flags,
}
