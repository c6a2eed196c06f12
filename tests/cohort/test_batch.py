"""A batch says of each case what `KnowledgeBase.assess` says of it alone, and loses no record."""

from __future__ import annotations

import gc
import json
import pickle
import random
from typing import Any

import pytest

from refractory import Case
from refractory.cohort.answering import Answering
from refractory.cohort.batch import Answers, Assessor, Record
from refractory.cohort.columns import Columns
from refractory.errors import ContradictionError, KnowledgeError, UsageError
from tests import fhir_writer
from tests.cohort.rows import expected
from tests.generated import generated
from tests.support import CASES, NOTE, TABLE, note_alone, shipped, slugs, table

GOOD = b'{"id": "https://example.org/cohort/good", "condition": "GenitalHerpes"}'


def rows(answers: Answers) -> list[dict[str, Any]]:
    """Return the rows of a batch of which every record was answered."""
    assert answers.rejected.to_pylist() == []
    return [dict(row) for row in answers.answered.to_pylist()]


def without_place(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row without source and place."""
    return {name: value for name, value in row.items() if name not in ("source", "row")}


@pytest.mark.parametrize("tabled", [False, True], ids=["without a table", "with a table"])
def test_golden_cases_are_answered_as_alone(tabled: bool) -> None:
    """Each golden case, all sources side by side, has the row that its assessment makes."""
    names = slugs()
    found = rows(
        Assessor(table=str(TABLE) if tabled else None).run([(CASES / n / "case.json").read_bytes() for n in names])
    )
    for name, row in zip(names, found, strict=True):
        case = Case.from_json((CASES / name / "case.json").read_bytes())
        answer = shipped().assess(case, questions=False, table=table() if tabled else None)
        assert without_place(row) == expected(answer), name


def test_generated_cases_are_answered_as_alone_in_any_order() -> None:
    """What a batch keeps from one case to the next changes none: neither the first time nor in another order."""
    cases = generated(8_000, 200)
    assessor = Assessor()
    first = {row["case"]: without_place(row) for row in rows(assessor.run(cases))}
    shuffled = random.Random(1).sample(cases, len(cases))  # noqa: S311  # a fixed seed is what is wanted here
    again = {row["case"]: without_place(row) for row in rows(assessor.run(shuffled))}
    assert first == again
    for case in cases:
        assert first[case["id"]] == expected(shipped().assess(Case.from_json(case), questions=False))


def test_one_source_alone() -> None:
    """The choice of guidance counts, and stands in the metadata."""
    case = json.loads((CASES / "design-example" / "case.json").read_bytes())
    answers = Assessor(guidance=(NOTE,)).run([case])
    assert without_place(rows(answers)[0]) == expected(note_alone().assess(Case.from_json(case), questions=False))
    said = answers.answered.schema.metadata
    assert said[b"refractory.knowledgeHash"].decode() == note_alone().hash
    assert json.loads(said[b"refractory.guidance"])[0]["id"] == NOTE


def test_questions_and_proofs_on_request() -> None:
    """They are those of the assessment; without a request there is no such column."""
    data = (CASES / "design-example" / "case.json").read_bytes()
    answer = shipped().assess(Case.from_json(data)).to_json()
    (row,) = rows(Assessor(questions=True, proofs=True).run([data]))
    assert json.loads(row["assessment"]) == answer
    assert [one["fact"] for one in row["questions"]] == [one["fact"] for one in answer["questions"]]
    assert row["questions"][0]["wouldChange"] == answer["questions"][0]["wouldChange"]
    assert not {"questions", "assessment"} & set(Assessor().run([data]).answered.schema.names)


REFUSED = (
    (b"{", "Refused", 3),
    (b"", "Refused", 3),
    (b"\xff\xfe", "Refused", 3),
    (b'{"id": "https://example.org/x", "id": "https://example.org/y"}', "Refused", 3),
    (b'{"id": "https://example.org/x", "condition": "Measles"}', "Refused", 3),
    (b"[" * 100, "Limit", 4),
    (b'{"id": "https://example.org/x", "allergies": [' + b" " * 300_000 + b"]}", "Limit", 4),
    (b'{"id": "https://example.org/x", "patient": {"ageYears": -4}}', "NonConforming", 1),
)


def test_every_record_is_answered_or_rejected() -> None:
    """A bad record between good ones is told with place, reason and remedy, and the good ones are answered."""
    records = []
    for number, (data, _, _) in enumerate(REFUSED):
        records += [Record(data, "bad.ndjson", 2 * number + 1), Record(GOOD, "bad.ndjson", 2 * number + 2)]
    answers = Assessor().run(records)
    assert answers.answered.column("row").to_pylist() == [2 * n + 2 for n in range(len(REFUSED))]
    assert set(answers.answered.column("source").to_pylist()) == {"bad.ndjson"}
    found = answers.rejected.to_pylist()
    assert [(one["row"], one["kind"], one["exitCode"]) for one in found] == [
        (2 * number + 1, kind, code) for number, (_, kind, code) in enumerate(REFUSED)
    ]
    assert all(one["message"] and one["fix"] for one in found)
    assert [one["rawBytes"] for one in found] == [len(data) for data, _, _ in REFUSED]
    assert found[6]["raw"] == REFUSED[6][0].decode()[:2_000]
    assert [one["case"] for one in found] == [None] * 3 + ["https://example.org/y", *["https://example.org/x"]] + [
        None,
        "https://example.org/x",
        "https://example.org/x",
    ]


@pytest.mark.parametrize(
    ("error", "kind", "code", "message"),
    [
        (ZeroDivisionError("by chance"), "Internal", 70, "ZeroDivisionError: by chance"),
        (ContradictionError("A and B are disjoint.", place="https://example.org/n"), "Contradiction", 5, "A and B"),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else "",
)
def test_what_goes_wrong_in_one_case_stops_nothing(
    error: Exception, kind: str, code: int, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault that nobody foresaw, or a contradiction, is told as such, and the others are answered."""
    answer = Answering.answer

    def faulty(self: Answering, data: Any) -> Any:
        if data == b"{}":
            raise error
        return answer(self, data)

    monkeypatch.setattr(Answering, "answer", faulty)
    answers = Assessor().run([b"{}", GOOD])
    (one,) = answers.rejected.to_pylist()
    assert (one["kind"], one["exitCode"]) == (kind, code)
    assert message in one["message"]
    assert answers.answered.num_rows == 1


def test_what_is_wrong_with_the_call_stops_the_run() -> None:
    """A record is not to blame for it, so it is not rejected for it."""
    with pytest.raises(UsageError):
        Assessor(guidance=("no-such-source",)).run([GOOD])
    with pytest.raises((UsageError, KnowledgeError)):
        Assessor(knowledge=("/nowhere",)).run([GOOD])


def test_a_bundle_is_a_record() -> None:
    """A FHIR Bundle of one patient is read as such, and answered as its case is."""
    bundle = fhir_writer.written(json.loads((CASES / "design-example" / "case.json").read_bytes()))
    (row,) = rows(Assessor().run([json.dumps(bundle).encode()]))
    assert without_place(row) == expected(shipped().assess(Case.from_fhir(bundle), questions=False))


def test_an_assessor_travels_without_what_it_loaded() -> None:
    """It can be sent to a process, and answers the same there."""
    assessor = Assessor().load()
    try:
        sent = pickle.dumps(assessor)
        assert len(sent) < 1_000
        there = pickle.loads(sent)  # noqa: S301  # our own, written a line ago
        assert there.run([GOOD]).answered == assessor.run([GOOD]).answered
    finally:
        gc.unfreeze()


def test_nothing_in_and_nothing_out() -> None:
    """An empty batch has both schemas."""
    answers = Assessor().run([])
    assert answers.answered.num_rows == answers.rejected.num_rows == 0
    assert {"case", "recommendations"} <= set(answers.answered.schema.names)
    assert {"case", "message", "raw"} <= set(answers.rejected.schema.names)


def test_collection_is_on_again_after_a_batch() -> None:
    """Garbage is collected after a batch, also after one that failed."""
    assert gc.isenabled()
    Assessor().run([GOOD, b"{"])
    assert gc.isenabled()
    with pytest.raises(TypeError):
        Assessor().run([GOOD, *_stopping()])
    assert gc.isenabled()


def _stopping() -> Any:
    yield GOOD
    raise TypeError


def test_columns_begin_anew_when_they_hold_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept is bounded, and that it is changes no answer."""
    cases = generated(8_100, 30)
    whole = Assessor().run(cases).answered
    monkeypatch.setattr("refractory.cohort.columns._KEPT", 3)
    assessor = Assessor()
    parts = [assessor.run([case]).answered for case in cases]
    assert [row for part in parts for row in map(without_place, part.to_pylist())] == list(
        map(without_place, whole.to_pylist())
    )
    columns = assessor._columns
    assert isinstance(columns, Columns)
    assert all(len(values._kept) <= 3 + 40 for _, values in columns._lists.values())
