"""What is counted of the rows of a cohort: one pass over the columns, a batch at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from refractory.cohort.summary.counting import Key, chained, counted, joined, members, once, status_of
from refractory.cohort.summary.flow import Flow

COLUMNS: Final = (
    "outcome", "dose", "notApplicable", "populations", "resistance", "hypotheses", "recommendations", "cautions",
    "pitfalls", "conflicts", "gaps", "redFlags", "questions",
)  # fmt: skip
"""The columns of answers that are counted."""

REJECTED_COLUMNS: Final = ("source", "row", "kind", "message", "fix", "records")
"""The columns of rejected records that are counted."""

_DIFFERENT: Final = 200
# What names one record alone, and would make a reason of its own of each.
_OF_ONE_RECORD: Final = (
    (r" Given: .*$", ""),
    (r"'[^']*'", "'…'"),
    (r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "…"),
    (r"^the file is not JSON: .*$", "the file is not JSON."),
)


class Tally:
    """Counts by sort. The keys are tuples of names as rows have them.

    Attributes:
        answered: How many rows there are.
        flow: Rows by their values of `flow.KEYS`.
        counts: For each sort, patients by name or names.
    """

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self.answered = 0
        self.flow: Counter[Key] = Counter()
        self.counts: dict[str, Counter[Key]] = {}

    def add(self, batch: pa.RecordBatch) -> None:
        """Count a batch of answers."""
        self.answered += batch.num_rows
        status = status_of(batch.column("resistance"), self._flow.drug)
        states = (batch.column("outcome"), batch.column("dose"), joined(batch.column("notApplicable")), status)
        self.flow.update(dict(counted(*states)))
        self._plain(batch)
        self._of_populations(batch, states)
        self._cautions(batch)
        self._missing(batch, states)

    def _plain(self, batch: pa.RecordBatch) -> None:
        """Count what comes at most once in a row."""
        self._count("outcomes", batch.column("outcome"))
        self._count("doses", batch.column("dose"))
        self._count("notApplicable", members(batch.column("notApplicable"))[1])
        self._count("redFlags", members(batch.column("redFlags"))[1])
        for name, fields in _STRUCTS.items():
            values = members(batch.column(name))[1]
            self._count(name, *(pc.struct_field(values, field) for field in fields))
        rows, advice = members(batch.column("recommendations"))
        self._count("urgencies", once(rows, pc.struct_field(advice, "urgency"))[1])

    def _of_populations(self, batch: pa.RecordBatch, states: tuple[Any, ...]) -> None:
        lists = batch.column("populations")
        rows, names = members(lists)
        self._by_state("populations", rows, names, states)
        none = pc.equal(pc.list_value_length(lists), 0)
        some = [pc.filter(one, none) for one in states]
        self._count("populations", pa.array([""] * len(some[0]), pa.string()), *some)

    def _cautions(self, batch: pa.RecordBatch) -> None:
        """Count cautions of a patient once, whether they belong to an action, to several, or to none."""
        rows, values = members(batch.column("cautions"))
        actions, advice = members(batch.column("recommendations"))
        places, names = members(pc.struct_field(advice, "cautions"))
        found = once(chained(rows, pc.take(actions, places)), chained(pc.struct_field(values, "name"), names))
        self._count("cautions", found[1])

    def _missing(self, batch: pa.RecordBatch, states: tuple[Any, ...]) -> None:
        """Count what is unknown and may matter, by how far the patient goes: asked for, or open in a hypothesis."""
        if "questions" in batch.schema.names:
            rows, values = members(batch.column("questions"))
            facts = pc.struct_field(values, "fact")
            # A fact may be asked for although nothing would change with it.
            places, changes = members(pc.struct_field(values, "wouldChange"))
            deciding = pc.filter(places, pc.equal(changes, self._flow.drug))
            self._by_state("deciding", *once(pc.take(rows, deciding), pc.take(facts, deciding)), states)
            rows, facts = once(pc.take(rows, places), pc.take(facts, places))
        else:
            cases, hypotheses = members(batch.column("hypotheses"))
            places, open_facts = members(pc.struct_field(hypotheses, "open"))
            rows, facts = once(pc.take(cases, places), open_facts)
        self._by_state("missing", rows, facts, states)

    def _by_state(self, sort: str, rows: Any, names: Any, states: tuple[Any, ...]) -> None:
        self._count(sort, names, *(pc.take(one, rows) for one in states))

    def _count(self, sort: str, *columns: Any) -> None:
        counter = self.counts.setdefault(sort, Counter())
        for key, count in counted(*columns):
            counter[key] += count


_STRUCTS: Final = {
    "resistance": ("drug", "status"),
    "hypotheses": ("name", "status"),
    "recommendations": ("action", "kind", "urgency"),
    "pitfalls": ("name",),
    "conflicts": ("name", "about"),
    "gaps": ("id", "source", "line"),
}


class Rejections:
    """Counts of records that were not answered, by kind and by what was wrong.

    Attributes:
        kinds: Records by the kind of the error.
        unmeasured: Rows that stand for a stretch of input of which nobody knows how many records it held.
    """

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.unmeasured = 0
        self._reasons: Counter[tuple[str, str]] = Counter()
        self._examples: dict[tuple[str, str], dict[str, Any]] = {}

    def add(self, batch: pa.RecordBatch) -> None:
        """Count a batch of rejected records."""
        message = batch.column("message")
        for pattern, plain in _OF_ONE_RECORD:
            message = pc.replace_substring_regex(message, pattern, plain)
        records = _records(batch)
        self.unmeasured += records.null_count
        # A stretch that nobody could count is at least one record.
        columns = [batch.column("kind"), message, pc.fill_null(records, 1), pa.array(range(len(records)), pa.int64())]
        table = pa.table(columns, names=["kind", "message", "records", "first"])
        found = table.group_by(["kind", "message"]).aggregate([("records", "sum"), ("first", "min")])
        for one in sorted(found.to_pylist(), key=lambda one: one["first_min"]):
            key = one["kind"], one["message"]
            self.kinds[one["kind"]] += one["records_sum"]
            if key not in self._reasons and len(self._reasons) >= _DIFFERENT:
                key = one["kind"], ""
            self._reasons[key] += one["records_sum"]
            if key not in self._examples:
                self._examples[key] = {
                    name: batch.column(name)[one["first_min"]].as_py() for name in ("source", "row", "fix")
                }

    def to_json(self) -> list[dict[str, Any]]:
        """Return the reasons, the most frequent first, each with where it was first met."""
        return [
            {
                "kind": kind,
                "message": message,
                "records": count,
                "first": {name: value for name, value in self._examples[kind, message].items() if value is not None},
            }
            for (kind, message), count in sorted(self._reasons.items(), key=lambda item: (-item[1], item[0]))
        ]


def _records(batch: pa.RecordBatch) -> Any:
    """Return how many records each row stands for."""
    if "records" in batch.schema.names:
        return pc.cast(batch.column("records"), pa.int64())
    return pa.array([1] * batch.num_rows, pa.int64())


def last_steps(counter: Counter[Key], flow: Flow) -> Iterator[tuple[Any, str, Key, int]]:
    """Yield name, id of the last step, values and count of what was counted by name and values of `flow.KEYS`."""
    for (name, *key), count in counter.items():
        yield name, flow.steps[flow.last(tuple(key))].id, tuple(key), count
