"""Recall and precision by hand: of few patients whose truth and answers are written out."""

from __future__ import annotations

from typing import Any

import pytest

from refractory.cohort.simulation.conclusions import conclusions, found_in
from refractory.cohort.simulation.figures import Simulated
from refractory.cohort.simulation.recall import Recall, Share, recall
from refractory.errors import UsageError
from tests.support import shipped

KNOWN = conclusions(Simulated.of(shipped().knowledge))


def truth(name: str, *right: str, invalid: dict[str, str] | None = None) -> dict[str, Any]:
    """Return the line of a patient."""
    return {"id": name, "right": list(right), "invalid": invalid}


def answer(name: str, *, failing: bool = False, dose: str = "Unknown", **parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Return as much of an assessment as is looked at."""
    empty: dict[str, Any] = {"resistance": [], "hypotheses": [], "recommendations": []}
    return {"case": name, "failure": {"failing": failing, "dose": dose}, **empty, **parts}


def counts(found: tuple[Recall, ...]) -> dict[str, tuple[int, int, int]]:
    """Return what was counted of each conclusion that was right or found at all."""
    return {one.conclusion.id: (one.right, one.found, one.both) for one in found if one.right or one.found}


def test_each_conclusion_is_found_where_an_assessment_has_it() -> None:
    """Status and drug, hypothesis and action must all be those of the conclusion."""
    full = answer(
        "a",
        failing=True,
        dose="Low",
        resistance=[{"drug": "Acyclovir", "status": "Confirmed"}, {"drug": "Famciclovir", "status": "Possible"}],
        hypotheses=[
            {"name": "Immunodeficiency", "status": "Supported"},
            {"name": "DrugReaction", "status": "Open"},
        ],
        recommendations=[{"action": "SwitchToFoscarnet", "kind": "Recommend"}],
    )

    assert found_in(full, KNOWN) == {
        "failing", "dose-low", "resistance-suspected", "resistance-confirmed", "immunodeficiency", "switch",
    }  # fmt: skip
    assert found_in(answer("b", recommendations=[{"action": "SwitchToFoscarnet", "kind": "Consider"}]), KNOWN) == set()
    assert found_in(answer("c", dose="Right", resistance=[{"drug": "Acyclovir", "status": "Excluded"}]), KNOWN) == {
        "dose-right", "resistance-excluded",
    }  # fmt: skip


def test_right_found_and_both_are_counted() -> None:
    """A miss lowers the recall, a false alarm the precision; broken records and the order of answers do nothing."""
    truths = [
        truth("a", "failing", "dose-right"),
        truth("b", "failing"),
        truth("c"),
        truth("d", "failing"),
        truth("x", "failing", invalid={"way": "cut-off"}),
    ]
    answers = [answer("d"), answer("c", failing=True), answer("b", failing=True), answer("a", failing=True)]
    found = recall(truths, answers, KNOWN)

    assert counts(found) == {"failing": (3, 3, 2), "dose-right": (1, 0, 0)}
    [failing] = [one for one in found if one.conclusion.id == "failing"]
    [dose] = [one for one in found if one.conclusion.id == "dose-right"]
    assert failing.recall.value == pytest.approx(2 / 3)
    assert failing.precision.value == pytest.approx(2 / 3)
    assert dose.recall.value == 0
    assert dose.precision.value is None
    assert dose.to_json()["precision"] == {"part": 0, "of": 0}
    assert failing.to_json()["recall"]["value"] == pytest.approx(2 / 3)


def test_the_interval_is_that_of_wilson() -> None:
    """Values from the formula worked by hand; nothing found and all found stay between 0 and 1."""
    assert Share(8, 10).interval == pytest.approx((0.49016, 0.94331), abs=1e-5)
    assert Share(0, 10).interval == pytest.approx((0, 0.27753), abs=1e-5)
    assert Share(10, 10).interval == pytest.approx((0.72247, 1), abs=1e-5)
    assert Share(0, 0).interval is None


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([answer("a"), answer("a")], "second one"),
        ([answer("a"), answer("z")], "no patient of the truth"),
        ([answer("x"), answer("a")], "no patient of the truth"),
        ([], "1 patients of the truth have no answer"),
    ],
)
def test_answers_and_truth_must_be_of_the_same_patients(answers: list[dict[str, Any]], message: str) -> None:
    """A recall of something else would be a wrong number."""
    with pytest.raises(UsageError, match=message):
        recall([truth("a"), truth("x", invalid={"way": "cut-off"})], answers, KNOWN)
