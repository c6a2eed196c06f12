"""A summary counts what `assess` says of each case; nobody is lost in the flow, and nobody is in it twice."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from jsonschema import Draft202012Validator

from refractory import Assessment
from refractory.cohort.summary.flow import FLOW, Flow
from refractory.cohort.summary.stored import Parts
from refractory.cohort.summary.summary import summarize
from refractory.cohort.summary.tally import Rejections, Tally
from refractory.errors import KnowledgeError, RefractoryError, RefusedError, UsageError
from tests.cohort.answered import answers, assessed, assessor, folder, simulated, truth
from tests.cohort.rows import expected
from tests.support import ROOT, knowledge_with, shipped

COUNT = 400
FEW = 60
SCHEMA = Draft202012Validator(json.loads((ROOT / "schemas" / "cohort-summary.schema.json").read_text("utf-8")))


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of answers to simulated cases, in several parts."""
    return folder(tmp_path_factory.mktemp("cohort"), [one.line for one in simulated(COUNT)], assessor())


@pytest.fixture(scope="module")
def said(out: Path) -> dict[str, Any]:
    """Return its summary."""
    return summarize(out, shipped().knowledge)


@cache
def rows() -> list[dict[str, Any]]:
    """Return what the rows must say, worked out of `assess` and nothing else."""
    return [expected(one) for _, one in assessed(COUNT) if isinstance(one, Assessment)]


def counts(listed: list[dict[str, Any]], *names: str) -> dict[tuple[Any, ...], int]:
    """Return counts of a summary by their names."""
    found = {tuple(one.get(name) for name in names): one["patients"] for one in listed}
    assert len(found) == len(listed)
    return found


def test_the_summary_has_its_published_form(said: dict[str, Any]) -> None:
    """It is what the schema says, and says so of no other form."""
    SCHEMA.validate(said)
    assert not SCHEMA.is_valid({**said, "other": 1})
    assert not SCHEMA.is_valid({**said, "records": {**said["records"], "read": -1}})


@pytest.mark.parametrize(
    ("sort", "names", "of"),
    [
        ("outcomes", ("outcome",), lambda row: [(row["outcome"],)]),
        ("doses", ("dose",), lambda row: [(row["dose"],)]),
        ("notApplicable", ("name",), lambda row: [(name,) for name in row["notApplicable"]]),
        ("redFlags", ("name",), lambda row: [(name,) for name in row["redFlags"]]),
        (
            "actions",
            ("action", "kind", "urgency"),
            lambda row: [(one["action"], one["kind"], one["urgency"]) for one in row["recommendations"]],
        ),
        ("urgencies", ("urgency",), lambda row: {(one["urgency"],) for one in row["recommendations"]}),
        ("pitfalls", ("name",), lambda row: [(one["name"],) for one in row["pitfalls"]]),
        ("conflicts", ("name", "about"), lambda row: [(one["name"], one["about"]) for one in row["conflicts"]]),
        (
            "gaps",
            ("id", "source", "line"),
            lambda row: [(one["id"], one["source"], one["line"]) for one in row["gaps"]],
        ),
        (
            "cautions",
            ("name",),
            lambda row: (
                {(one["name"],) for one in row["cautions"]}
                | {(name,) for one in row["recommendations"] for name in one["cautions"]}
            ),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_counts_are_those_of_a_plain_recount(said: dict[str, Any], sort: str, names: tuple[str, ...], of: Any) -> None:
    """Each count is the number of assessments that say so."""
    recount = Counter(key for row in rows() for key in of(row))
    assert recount
    assert counts(said[sort], *names) == recount
    assert [one["patients"] for one in said[sort]] == sorted((one["patients"] for one in said[sort]), reverse=True)


@pytest.mark.parametrize(
    ("sort", "name", "column"), [("drugs", "drug", "resistance"), ("hypotheses", "name", "hypotheses")]
)
def test_statuses_are_those_of_a_plain_recount(said: dict[str, Any], sort: str, name: str, column: str) -> None:
    """Each drug and each hypothesis has the statuses that assessments give it."""
    recount = Counter((one[name], one["status"]) for row in rows() for one in row[column])
    found = {(one[name], status): count for one in said[sort] for status, count in one["statuses"].items()}
    assert recount
    assert found == recount
    assert all(one["patients"] == sum(one["statuses"].values()) for one in said[sort])


def test_every_record_is_counted_once(said: dict[str, Any]) -> None:
    """What was read is what was answered and what was rejected, each reason with its records."""
    kinds = Counter(one.to_json()["kind"] for _, one in assessed(COUNT) if isinstance(one, RefractoryError))
    found: Counter[str] = Counter()
    for one in said["rejected"]:
        found[one["kind"]] += one["records"]
    assert len(kinds) > 1
    assert found == kinds
    assert said["records"] == {
        "read": COUNT,
        "answered": len(rows()),
        "rejected": sum(kinds.values()),
        "stretchesNotCounted": 0,
    }


def test_the_flow_adds_up(said: dict[str, Any]) -> None:
    """The patients of each step are those of the next and those who leave, and every one who leaves has a reason."""
    steps = said["flow"]["steps"]
    for step, after in pairwise(steps):
        assert step["patients"] == after["patients"] + sum(one["patients"] for one in step["leave"]), step["id"]
        assert all(one.get("says") or one.get("reasons") for one in step["leave"])
    assert steps[0]["patients"] == COUNT
    assert steps[-1]["leave"] == []


def test_the_flow_counts_what_it_says(said: dict[str, Any]) -> None:
    """Each step is a plain count over assessments, and reasons to leave are theirs."""
    steps = {step["id"]: step for step in said["flow"]["steps"]}
    drug = said["flow"]["drug"]

    def status(row: dict[str, Any]) -> str:
        return next((one["status"] for one in row["resistance"] if one["drug"] == drug), "")

    failing = [row for row in rows() if row["failing"] and not row["notApplicable"]]
    some = [row for row in failing if status(row) in {"Suspected", "Presumed", "Confirmed", "Contradicted"}]
    assert steps["answered"]["patients"] == len(rows())
    assert steps["applicable"]["patients"] == sum(not row["notApplicable"] for row in rows())
    assert steps["failing"]["patients"] == len(failing)
    assert steps["suspected"]["patients"] == len(some) > 0
    assert steps["confirmed"]["patients"] == sum(status(row) == "Confirmed" for row in some)
    reasons = Counter(tuple(row["notApplicable"]) for row in rows() if row["notApplicable"])
    assert {tuple(one["reasons"]): one["patients"] for one in steps["answered"]["leave"]} == reasons
    low = sum(row["dose"] == "Low" and row not in some and status(row) != "Excluded" for row in failing)
    assert low in [one["patients"] for one in steps["failing"]["leave"]]
    unknown = next(one for one in steps["failing"]["leave"] if one.get("missing"))
    assert unknown["patients"] == sum(row["dose"] == "Unknown" and status(row) == "Possible" for row in failing)


def test_who_leaves_for_an_unknown_course_has_one() -> None:
    """Of those who are in scope and not failing, the program itself asks for the fact that the flow names."""
    waiting = [
        answer
        for answer in answers(COUNT, questions=True)
        if not answer["notApplicable"] and not answer["failure"]["failing"]
    ]
    reason = Flow.of(shipped().knowledge).steps[3].leave[-1].missing
    assert len(waiting) > 10
    for answer in waiting:
        statuses = {one["status"] for one in answer["resistance"]}
        assert reason in {one["fact"] for one in answer["questions"]} or statuses & {"Confirmed", "Contradicted"}


def test_populations_are_those_of_a_plain_recount(said: dict[str, Any]) -> None:
    """Each population has its patients, by how far they go; those of none stand at the end, without a name."""
    recount = Counter(name for row in rows() for name in row["populations"] or [""])
    failing = Counter(name for row in rows() if row["outcome"] == "Failing" for name in row["populations"] or [""])
    assert {one.get("name", ""): one["patients"] for one in said["populations"]} == recount
    assert {one.get("name", ""): one["steps"]["failing"] for one in said["populations"]} == {
        name: failing[name] for name in recount
    }
    assert "name" not in said["populations"][-1]
    assert all(sum(one["statusesInFailure"].values()) <= one["steps"]["failing"] for one in said["populations"])


def test_without_questions_open_facts_are_counted_and_it_is_said(said: dict[str, Any]) -> None:
    """A fact counts once for a patient, however many hypotheses leave it open."""
    recount = Counter(fact for row in rows() for fact in {one for each in row["hypotheses"] for one in each["open"]})
    assert said["missing"]["by"] == "hypotheses"
    assert {one["fact"]: one["patients"] for one in said["missing"]["facts"]} == recount
    assert all(one["patients"] == sum(one["byLastStep"].values()) for one in said["missing"]["facts"])


def test_what_keeps_patients_is_in_the_flow(said: dict[str, Any]) -> None:
    """Each entry is one that leaves before the step it names, for something that is not known."""
    leave = [
        (one["missing"], after["id"], one["patients"])
        for step, after in pairwise(said["flow"]["steps"])
        for one in step["leave"]
        if "missing" in one
    ]
    assert leave
    assert [(one["fact"], one["from"], one["patients"]) for one in said["missing"]["keeps"]] == leave


def test_with_questions_those_that_would_change_something_are_counted(tmp_path: Path) -> None:
    """A fact counts for each patient in whom something would come, go or change with it."""
    lines = [one.line for one in simulated(FEW)]
    said = summarize(folder(tmp_path, lines, assessor(questions=True)), shipped().knowledge)
    asked = [one for answer in answers(FEW, questions=True) for one in answer["questions"]]
    recount = Counter(one["fact"] for one in asked if one["wouldChange"])
    SCHEMA.validate(said)
    assert said["missing"]["by"] == "questions"
    assert len(recount) > 5
    assert {one["fact"]: one["patients"] for one in said["missing"]["facts"]} == recount
    deciding = Counter(one["fact"] for one in asked if said["flow"]["drug"] in one["wouldChange"])
    assert deciding
    assert {one["fact"]: sum(one["decidesByLastStep"].values()) for one in said["missing"]["facts"]} == {
        fact: deciding[fact] for fact in recount
    }


def test_names_are_said_as_the_graph_says_them(said: dict[str, Any]) -> None:
    """Every name of an action, a status or a fact has its label."""
    names = {one["action"] for one in said["actions"]} | {one["fact"] for one in said["missing"]["facts"]}
    names |= {status for one in said["drugs"] for status in one["statuses"]} | {said["flow"]["drug"]}
    assert names <= said["labels"].keys()


def test_parts_do_not_matter(out: Path, said: dict[str, Any], tmp_path: Path) -> None:
    """The same answers in one part have the same summary, and so has the same folder again."""
    whole = folder(tmp_path / "whole", [one.line for one in simulated(COUNT)], assessor(), chunk=COUNT)
    assert summarize(whole, shipped().knowledge) == said
    assert json.dumps(summarize(out, shipped().knowledge)) == json.dumps(said)


def test_of_a_run_that_was_stopped_only_finished_parts_count(tmp_path: Path) -> None:
    """A part without its checkpoint will be written again, and counts when it was."""
    place = folder(tmp_path, [one.line for one in simulated(FEW)], assessor(), chunk=20)
    (place / "checkpoints").mkdir()
    (place / "checkpoints" / "000001.json").write_text("{}")
    assert Parts.of(place).names == ("part-000001",)
    assert summarize(place, shipped().knowledge)["records"]["read"] == 20


def test_recall_is_counted_on_request(out: Path, tmp_path: Path) -> None:
    """With the truth of the simulation, each conclusion has its recall; with another truth there is an error."""
    records = simulated(COUNT)
    said = summarize(out, shipped().knowledge, truth=truth(records, tmp_path / "truth.ndjson"))
    SCHEMA.validate(said)
    failing = next(one for one in said["recall"] if one["conclusion"] == "failing")
    assert failing["found"] == sum(row["failing"] for row in rows()) > 0
    with pytest.raises(UsageError):
        summarize(out, shipped().knowledge, truth=truth(records[:10], tmp_path / "other.ndjson"))
    (tmp_path / "broken.ndjson").write_text("{\n")
    with pytest.raises(RefusedError, match="truth"):
        summarize(out, shipped().knowledge, truth=tmp_path / "broken.ndjson")


def test_a_folder_without_answers_is_told_from_one_with_none_to_count(tmp_path: Path) -> None:
    """No part is an error; parts that hold no row are a cohort of nobody."""
    with pytest.raises(UsageError, match="no answers"):
        summarize(tmp_path, shipped().knowledge)
    empty = assessor().run([])
    for sort, batch in (("answered", empty.answered), ("rejected", empty.rejected)):
        (tmp_path / sort).mkdir()
        pq.write_table(pa.Table.from_batches([batch]), tmp_path / sort / "part-000000.parquet")
    said = summarize(tmp_path, shipped().knowledge)
    SCHEMA.validate(said)
    assert said["records"]["read"] == 0
    assert [step["patients"] for step in said["flow"]["steps"]] == [0] * len(said["flow"]["steps"])


def test_parts_that_do_not_belong_together_or_are_broken_are_refused(tmp_path: Path) -> None:
    """Numbers of two knowledges are never added, and a broken part is named."""
    lines = [one.line for one in simulated(FEW)]
    place = folder(tmp_path / "one", lines, assessor(), chunk=20)
    other = folder(tmp_path / "other", lines, assessor(("valacyclovir-failure",)), chunk=20)
    part = place / "answered" / "part-000001.parquet"
    part.write_bytes((other / "answered" / part.name).read_bytes())
    with pytest.raises(RefusedError, match="different knowledge"):
        summarize(place, shipped().knowledge)
    part.write_bytes(b"PAR1 no more")
    with pytest.raises(RefusedError, match="cannot be read") as error:
        summarize(place, shipped().knowledge)
    assert error.value.place == str(part)
    pq.write_table(pa.table({"case": ["x"]}), part)
    with pytest.raises(RefusedError, match="which knowledge"):
        summarize(place, shipped().knowledge)


def test_a_caution_at_several_actions_counts_once() -> None:
    """A patient counts once, whether the caution stands at no action, at one, or at all of them."""
    answered = assessor().run([one.line for one in simulated(20) if one.invalid is None]).answered
    row = next(one for one in answered.to_pylist() if len(one["recommendations"]) > 1)
    twice = [{**one, "cautions": ["Everywhere"]} for one in row["recommendations"]]
    own: list[dict[str, Any]] = [{"name": name, "statements": []} for name in ("Everywhere", "Alone")]
    rows = [{**row, "recommendations": twice, "cautions": own}, {**row, "recommendations": twice, "cautions": []}]
    tally = Tally(Flow.of(shipped().knowledge))
    tally.add(pa.RecordBatch.from_pylist(rows, schema=answered.schema))
    assert tally.counts["cautions"] == {("Everywhere",): 2, ("Alone",): 1}


def test_reasons_are_told_without_what_names_one_record() -> None:
    """Records with the same fault count together, stretches as many as they hold, and too many reasons as others."""
    schema = pa.schema(
        [("source", pa.string()), ("row", pa.int64()), ("kind", pa.string()), ("message", pa.string()),
         ("fix", pa.string()), ("records", pa.int64())]
    )  # fmt: skip
    rejections = Rejections()

    def add(*records: tuple[str, int | None]) -> None:
        listed = [
            {"source": "a", "row": n, "kind": "Refused", "message": message, "fix": None, "records": count}
            for n, (message, count) in enumerate(records, 1)
        ]
        rejections.add(pa.RecordBatch.from_pylist(listed, schema=schema))

    add(("no term is called 'abc'.", 1), ("no term is called 'xyz'.", 1), ("a row group is corrupt.", 500))
    add(("there is no day 2025-02-30.", 1), ("there is no day 2026-02-30.", None))
    assert [(one["message"], one["records"]) for one in rejections.to_json()] == [
        ("a row group is corrupt.", 500),
        ("no term is called '…'.", 2),
        ("there is no day ….", 2),
    ]
    assert rejections.unmeasured == 1
    assert rejections.to_json()[0]["first"] == {"source": "a", "row": 3}
    add(*((f"fault {'x' * n}.", 1) for n in range(400)))
    assert len(rejections.to_json()) == 201
    assert sum(one["records"] for one in rejections.to_json()) == 904
    assert rejections.kinds == {"Refused": 904}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('id = "applicable"', 'id = "another"'),
        ("when = { outcome", "when = { weather"),
        ("[[step]]", "[[stage]]"),
        ("drug =", "drug"),
    ],
)
def test_a_flow_that_cannot_be_followed_is_refused(old: str, new: str) -> None:
    """A file with an unknown column, without a step or a word, or that is no TOML, is a fault of the knowledge."""
    text = (ROOT / FLOW).read_text("utf-8")
    assert old in text
    with pytest.raises(KnowledgeError) as error:
        Flow.of(knowledge_with({FLOW: text.replace(old, new)}))
    assert error.value.place == FLOW


def test_a_value_that_the_flow_does_not_order_is_still_shown(out: Path, said: dict[str, Any]) -> None:
    """It comes last, so that no picture leaves it out."""
    text = (ROOT / FLOW).read_text("utf-8").replace('"Possible", ', "")
    found = summarize(out, knowledge_with({FLOW: text}))
    assert found["order"]["statuses"][-1] == "Possible"
    assert found["drugs"] == said["drugs"]
