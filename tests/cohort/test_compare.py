"""Two folders of answers to the same input are compared record by record, and every difference is counted."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from refractory import Case
from refractory.cohort.summary.compare import compare
from refractory.cohort.summary.flow import Flow
from refractory.cohort.summary.summary import summarize
from refractory.errors import RefractoryError, UsageError
from tests.cohort.answered import assessor, folder, simulated
from tests.cohort.rows import expected
from tests.cohort.test_summary import SCHEMA
from tests.support import NOTE, note_alone, shipped

COUNT = 200


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the answers of all sources, and those of the leading source alone."""
    lines = [one.line for one in simulated(COUNT)]
    return (
        folder(tmp_path_factory.mktemp("all"), lines, assessor()),
        folder(tmp_path_factory.mktemp("note"), lines, assessor((NOTE,))),
    )


@pytest.fixture(scope="module")
def found(folders: tuple[Path, Path]) -> dict[str, Any]:
    """Return how the two differ."""
    return compare(*folders, Flow.of(shipped().knowledge))


@cache
def pairs() -> tuple[tuple[dict[str, Any], dict[str, Any]], ...]:
    """Return what the leading source alone and all sources say of each case that can be answered."""
    both = []
    for record in simulated(COUNT):
        try:
            case = Case.from_json(record.line)
            answers = [base.assess(case, questions=False) for base in (note_alone(), shipped())]
        except RefractoryError:
            continue
        both.append((expected(answers[0]), expected(answers[1])))
    return tuple(both)


def cautions_of(row: dict[str, Any]) -> list[str]:
    """Return the cautions of a row, those at actions too."""
    own = [one["name"] for one in row["cautions"]]
    return [*own, *(name for one in row["recommendations"] for name in one["cautions"])]


def said_of(row: dict[str, Any], sort: str) -> dict[str, str]:
    """Return what a row says of each name of a sort."""
    return {
        "action": {one["action"]: f"{one['kind']} {one['urgency']}" for one in row["recommendations"]},
        "resistance": {one["drug"]: one["status"] for one in row["resistance"]},
        "hypothesis": {one["name"]: one["status"] for one in row["hypotheses"]},
        "caution": dict.fromkeys(cautions_of(row), ""),
        "conflict": {" ".join(filter(None, (one["name"], one["about"]))): "" for one in row["conflicts"]},
        "gap": {one["id"]: "" for one in row["gaps"]},
        "redFlag": dict.fromkeys(row["redFlags"], ""),
        "pitfall": {one["name"]: "" for one in row["pitfalls"]},
    }[sort]


@pytest.mark.parametrize(
    "sort", ["action", "resistance", "hypothesis", "caution", "pitfall", "conflict", "gap", "redFlag"]
)
def test_differences_are_those_of_a_plain_recount(found: dict[str, Any], sort: str) -> None:
    """Each change from one value to another is counted as often as assessments differ in it."""
    recount: Counter[tuple[str, str | None, str | None]] = Counter()
    patients = 0
    for before, after in pairs():
        old, new = said_of(before, sort), said_of(after, sort)
        changed = [name for name in old.keys() | new.keys() if old.get(name) != new.get(name)]
        recount.update((name, old.get(name) or None, new.get(name) or None) for name in changed)
        patients += bool(changed)
    (part,) = [one for one in found["differences"] if one["sort"] == sort] or [{"changes": [], "patients": 0}]
    assert {(one["name"], one.get("from"), one.get("to")): one["patients"] for one in part["changes"]} == recount
    assert part["patients"] == patients


def test_the_recount_is_not_empty(found: dict[str, Any]) -> None:
    """Advice comes, and advice changes, so that the counts above are held against something."""
    (actions,) = [one for one in found["differences"] if one["sort"] == "action"]
    assert {"comes", "changes"} <= {one["change"] for one in actions["changes"]}
    assert len(found["differences"]) >= 5


def test_records_are_counted_once(found: dict[str, Any]) -> None:
    """Both answer what can be answered; those who differ in several things are counted once."""
    records = found["records"]
    assert records["answeredByBoth"] == len(pairs())
    assert records["rejectedByBoth"] == COUNT - len(pairs())
    most = max(one["patients"] for one in found["differences"])
    assert most <= records["differ"] <= sum(one["patients"] for one in found["differences"])
    assert sum(one["patients"] for one in found["lastSteps"]) == len(pairs())


def test_examples_differ_as_they_are_said_to(found: dict[str, Any]) -> None:
    """Each example is a case in which the change is found."""
    by_case = {after["case"]: (before, after) for before, after in pairs()}
    (actions,) = [one for one in found["differences"] if one["sort"] == "action"]
    for change in actions["changes"]:
        assert 1 <= len(change["examples"]) <= 3
        for case in change["examples"]:
            before, after = (said_of(row, "action").get(change["name"]) for row in by_case[case])
            assert (before, after) == (change.get("from"), change.get("to"))


def test_the_same_answers_do_not_differ(folders: tuple[Path, Path]) -> None:
    """A folder held against itself has no difference."""
    same = compare(folders[0], folders[0], Flow.of(shipped().knowledge))
    assert same["differences"] == []
    assert same["records"]["differ"] == 0
    assert all(one["from"] == one["to"] for one in same["lastSteps"])


def test_the_other_way_round_is_the_mirror(folders: tuple[Path, Path], found: dict[str, Any]) -> None:
    """What comes one way goes the other way."""
    back = compare(folders[1], folders[0], Flow.of(shipped().knowledge))
    ways = {"comes": "goes", "goes": "comes", "changes": "changes"}

    def changes(of: dict[str, Any], *, turned: bool) -> set[tuple[Any, ...]]:
        sides = ("to", "from") if turned else ("from", "to")
        return {
            (
                part["sort"],
                one["name"],
                ways[one["change"]] if turned else one["change"],
                one["patients"],
                *(one.get(side) for side in sides),
            )
            for part in of["differences"]
            for one in part["changes"]
        }

    assert changes(back, turned=True) == changes(found, turned=False)


def test_a_record_that_only_one_answers_is_told(tmp_path: Path) -> None:
    """What the other knowledge could not answer is no difference of answers, and is counted for itself."""
    lines = [one.line for one in simulated(COUNT) if one.invalid is None][:20]
    first = folder(tmp_path / "first", lines, assessor())
    second = folder(tmp_path / "second", ["{", *lines[1:]], assessor())
    found = compare(first, second, Flow.of(shipped().knowledge))["records"]
    assert found == {"answeredByBoth": 19, "differ": 0, "onlyBefore": 0, "onlyNow": 1, "rejectedByBoth": 0}


def test_other_inputs_are_refused(tmp_path: Path) -> None:
    """Another number of records, other chunks, or another name of the file: nothing is compared by chance."""
    lines = [one.line for one in simulated(COUNT)][:40]
    first = folder(tmp_path / "first", lines, assessor(), chunk=20)
    flow = Flow.of(shipped().knowledge)
    for name, other in (
        ("fewer", folder(tmp_path / "fewer", lines[:30], assessor(), chunk=20)),
        ("chunks", folder(tmp_path / "chunks", lines, assessor(), chunk=40)),
        ("file", folder(tmp_path / "file", lines, assessor(), chunk=20, source="other.ndjson")),
    ):
        with pytest.raises(UsageError, match="same input"):
            compare(first, other, flow)
        assert name


def test_a_summary_with_comparisons_has_its_published_form(folders: tuple[Path, Path], found: dict[str, Any]) -> None:
    """Each folder to compare with has its entry, in their order."""
    said = summarize(folders[0], shipped().knowledge, others=(folders[1], folders[0]))
    SCHEMA.validate(said)
    assert said["comparisons"][0] == found
    assert said["comparisons"][1]["differences"] == []
