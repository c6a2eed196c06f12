"""How the answers in two folders differ: the same input, with other guidance or another version of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from refractory.cohort.running.parts import ANSWERED, REJECTED
from refractory.cohort.summary.counting import Key, chained, counted, joined, members, once, status_of
from refractory.cohort.summary.flow import Flow
from refractory.cohort.summary.stored import Parts
from refractory.errors import UsageError

_PLACE: Final = ("source", "row")
_COLUMNS: Final = (
    *_PLACE, "case", "outcome", "dose", "populations", "notApplicable", "resistance", "hypotheses", "recommendations",
    "cautions", "pitfalls", "conflicts", "redFlags", "gaps",
)  # fmt: skip
_EXAMPLES: Final = 3
_STATED: Final = "stated"
_REGIMEN: Final = ("dose", "unit", "route", "everyHours", "timesPerDay", "days", "until", "product")


def compare(first: Path, second: Path, flow: Flow) -> dict[str, Any]:
    """Return how the answers of a folder differ from those of another, in the published form.

    Args:
        first: The folder that is reported on.
        second: The other one; what changes is told from it to the first.
        flow: The steps, and the drug whose status is followed.

    Raises:
        UsageError: They are not of the same input, read in the same chunks.
        RefusedError: A part cannot be read.
    """
    after, before = Parts.of(first), Parts.of(second)
    found = _Differences(flow)
    for one, other in zip_longest(before.names, after.names):
        if one != other:
            raise _other_input(first, second, f"only one of them has {min(filter(None, (one, other)))}")
        found.add(_Side.of(before, one), _Side.of(after, one))
    return {"with": {"folder": second.name, **before.to_json()}, **found.to_json()}


@dataclass(frozen=True, slots=True)
class _Side:
    """A part of one of the two folders."""

    folder: Path
    answered: pa.Table | None
    rejected: pa.Table | None

    @classmethod
    def of(cls, parts: Parts, name: str) -> _Side:
        return cls(parts.folder, parts.part(ANSWERED, name, _COLUMNS), parts.part(REJECTED, name, _PLACE))

    def places(self) -> pa.Table:
        """Return the place of every record, and its number among those answered; null: it was rejected."""
        tables = []
        if self.answered is not None:
            numbers = pa.array(range(self.answered.num_rows), pa.int64())
            tables.append(self.answered.select(_PLACE).append_column("number", numbers))
        if self.rejected is not None:
            none = pa.nulls(self.rejected.num_rows, pa.int64())
            tables.append(self.rejected.select(_PLACE).append_column("number", none))
        return pa.concat_tables(tables).append_column("there", pa.array([True] * sum(map(len, tables))))


class _Differences:
    """What differs, counted part by part."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._cases: Counter[str] = Counter()
        self._changes: dict[str, Counter[Key]] = defaultdict(Counter)
        self._examples: dict[tuple[str, Key], list[str]] = {}
        self._steps: Counter[tuple[str, str]] = Counter()

    def add(self, before: _Side, after: _Side) -> None:
        both = before.places().join(
            after.places(), keys=list(_PLACE), join_type="full outer", left_suffix=".before", right_suffix=".after"
        )
        if both.column("there.before").null_count or both.column("there.after").null_count:
            raise _other_input(after.folder, before.folder, "a record is in one of them alone")
        here, there = pc.is_valid(both.column("number.before")), pc.is_valid(both.column("number.after"))
        self._cases["answeredByBoth"] += _sum(pc.and_(here, there))
        self._cases["onlyBefore"] += _sum(pc.and_not(here, there))
        self._cases["onlyNow"] += _sum(pc.and_not(there, here))
        self._cases["rejectedByBoth"] += _sum(pc.invert(pc.or_(here, there)))
        matched = both.filter(pc.and_(here, there)).sort_by("number.after")
        if matched.num_rows and before.answered is not None and after.answered is not None:
            self._compare(
                before.answered.take(matched.column("number.before")).combine_chunks(),
                after.answered.take(matched.column("number.after")).combine_chunks(),
            )

    def _compare(self, before: pa.Table, after: pa.Table) -> None:
        differ: list[Any] = []
        for sort, old, new in zip(_SORTS, _conclusions(before), _conclusions(after), strict=True):
            rows = self._sort(sort, old, new, after.column("case"))
            self._cases[f"in:{sort}"] += len(pc.unique(rows))
            differ.append(rows)
        self._cases["differ"] += len(pc.unique(chained(*differ)))
        self._count_steps(before, after)

    def _sort(self, sort: str, old: pa.Table, new: pa.Table, cases: Any) -> Any:
        """Count the differences of one sort, and return their rows."""
        both = old.join(new, keys=["row", "name"], join_type="full outer", left_suffix="", right_suffix=".new")
        said, says = (pc.fill_null(both.column(name), "") for name in ("value", "value.new"))
        other = both.append_column("from", said).append_column("to", says).filter(pc.not_equal(said, says))
        keys = ["name", "from", "to"]
        found = other.group_by(keys).aggregate([([], "count_all"), ("row", "min"), ("row", "max")])
        for one in sorted(found.to_pylist(), key=lambda one: [one[name] for name in keys]):
            key = tuple(one[name] for name in keys)
            self._changes[sort][key] += one["count_all"]
            kept = self._examples.setdefault((sort, key), [])
            for row in sorted({one["row_min"], one["row_max"]}):
                if len(kept) < _EXAMPLES:
                    kept.append(cases[row].as_py())
        return other.column("row")

    def _count_steps(self, before: pa.Table, after: pa.Table) -> None:
        """Count from which last step of the flow to which patients come."""
        drug, steps = self._flow.drug, self._flow.steps
        keys = [
            column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
            for side in (before, after)
            for column in (
                side.column("outcome"),
                side.column("dose"),
                joined(side.column("notApplicable")),
                status_of(_array(side.column("resistance")), drug),
            )
        ]
        for key, count in counted(*keys):
            self._steps[steps[self._flow.last(key[:4])].id, steps[self._flow.last(key[4:])].id] += count

    def to_json(self) -> dict[str, Any]:
        order = {step.id: number for number, step in enumerate(self._flow.steps)}
        by_step = sorted(self._steps.items(), key=lambda item: (order[item[0][0]], order[item[0][1]]))
        return {
            "records": {
                name: self._cases[name]
                for name in ("answeredByBoth", "differ", "onlyBefore", "onlyNow", "rejectedByBoth")
            },
            "lastSteps": [{"from": one, "to": other, "patients": count} for (one, other), count in by_step],
            "differences": [
                {
                    "sort": sort,
                    "patients": self._cases[f"in:{sort}"],
                    "changes": [
                        _change(key, count, self._examples[sort, key])
                        for key, count in sorted(self._changes[sort].items(), key=lambda item: (-item[1], item[0]))
                    ],
                }
                for sort in _SORTS
                if self._changes[sort]
            ],
        }


def _change(key: Key, count: int, examples: list[str]) -> dict[str, Any]:
    name, old, new = key
    said = {"from": old, "to": new}
    return {
        "name": name,
        **{word: value for word, value in said.items() if value and value != _STATED},
        "change": "changes" if old and new else "goes" if old else "comes",
        "patients": count,
        "examples": examples,
    }


_SORTS: Final = (
    "outcome", "dose", "notApplicable", "population", "resistance", "hypothesis", "action", "regimen", "caution",
    "pitfall", "conflict", "redFlag", "gap",
)  # fmt: skip


def _conclusions(side: pa.Table) -> Iterator[pa.Table]:
    """Yield for each sort in the order of `_SORTS` what is concluded: the row, the name, and what is said of it."""
    rows = pa.array(range(side.num_rows), pa.int64())
    for name in ("outcome", "dose"):
        yield _table(rows, pa.array([name] * side.num_rows), side.column(name))
    for name in ("notApplicable", "populations"):
        yield _table(*members(_array(side.column(name))))
    for name, key in (("resistance", "drug"), ("hypotheses", "name")):
        places, values = members(_array(side.column(name)))
        yield _table(places, pc.struct_field(values, key), pc.struct_field(values, "status"))
    places, advice = members(_array(side.column("recommendations")))
    action = pc.struct_field(advice, "action")
    yield _table(places, action, _together(advice, ("kind", "urgency")))
    yield _table(places, action, _regimen(pc.struct_field(advice, "regimen")))
    own, noted = members(_array(side.column("cautions")))
    inner, cautions = members(pc.struct_field(advice, "cautions"))
    yield _table(*once(chained(own, pc.take(places, inner)), chained(pc.struct_field(noted, "name"), cautions)))
    places, values = members(_array(side.column("pitfalls")))
    yield _table(places, pc.struct_field(values, "name"))
    places, values = members(_array(side.column("conflicts")))
    yield _table(places, _together(values, ("name", "about")))
    yield _table(*members(_array(side.column("redFlags"))))
    places, values = members(_array(side.column("gaps")))
    yield _table(places, pc.struct_field(values, "id"))


def _table(rows: Any, names: Any, values: Any = None) -> pa.Table:
    if values is None:
        values = pa.array([_STATED] * len(rows), pa.string())
    return pa.table([rows, names, values], names=["row", "name", "value"])


def _together(structs: Any, fields: tuple[str, ...]) -> Any:
    """Return several fields of each struct as one text, those that are not said left out."""
    texts = [pc.fill_null(pc.cast(pc.struct_field(structs, field), pa.string()), "") for field in fields]
    return pc.utf8_trim(pc.binary_join_element_wise(*texts, " "), " ")


def _regimen(structs: Any) -> Any:
    """Return each regimen as one text; empty where there is none."""
    texts = []
    for field in _REGIMEN:
        text = pc.cast(pc.struct_field(structs, field), pa.string())
        texts.append(pc.fill_null(pc.binary_join_element_wise(f"{field}:", text, ""), ""))
    joined_texts = pc.binary_join_element_wise(*texts, " ")
    return pc.utf8_trim(pc.replace_substring_regex(joined_texts, " +", " "), " ")


def _array(column: Any) -> Any:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _sum(marks: Any) -> int:
    return int(pc.sum(marks).as_py() or 0)


def _other_input(first: Path, second: Path, how: str) -> UsageError:
    return UsageError(
        f"the two folders do not answer the same input: {how}.",
        place=f"{first}, {second}",
        why="Answers are compared record by record, by source and row.",
        fix="Run both with the same INPUT, named in the same way, and the same --chunk.",
    )
