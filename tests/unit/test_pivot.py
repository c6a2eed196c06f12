"""Pivots: the smallest sets of unknown facts that change advice, each verified by answering the case anew."""

from __future__ import annotations

import json
from functools import cache
from itertools import combinations, product
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from tests.support import CASES, ROOT, note_alone, read_case, shipped

from refractory import Case, KnowledgeBase, UsageError
from refractory.cli import main
from refractory.pipeline.pivot import Pivots, pivot

SCHEMA = json.loads((ROOT / "schemas" / "pivot.schema.json").read_text(encoding="utf-8"))

Found = tuple[frozenset[str], frozenset[str], str, str]


def of(present: str = "", absent: str = "", effect: str = "comes", after: str = "") -> Found:
    """Return a set of facts and its effect in the form in which they are compared."""
    return frozenset(present.split()), frozenset(absent.split()), effect, after


# Written by hand from the note: the case, the action, and all smallest sets.
EXPECTED: dict[tuple[str, str], set[Found]] = {
    # Foscarnet waits for a dose that is known to be right (5).
    ("dose-unknown-missing-frequency", "SwitchToFoscarnet"): {of("DoseAppropriate", after="Recommend, Prompt")},
    # Acyclovir by vein takes a pregnancy and a threat to life (39); neither alone will do.
    ("dose-unknown-herpes-simplex", "GiveIntravenousAcyclovir"): {
        of("Pregnancy LifeThreateningInfection", after="Recommend, Immediate")
    },
    # In zoster the two bring nothing about.
    ("dose-unknown-missing-frequency", "GiveIntravenousAcyclovir"): set(),
    # Weight loss and nodes are looked at until both are known, whatever they are (14).
    ("dose-low-by-record", "AssessWeightLossAndLymphadenopathy"): {
        of("UnexplainedWeightLoss Lymphadenopathy", "", "goes"),
        of("UnexplainedWeightLoss", "Lymphadenopathy", "goes"),
        of("Lymphadenopathy", "UnexplainedWeightLoss", "goes"),
        of("", "UnexplainedWeightLoss Lymphadenopathy", "goes"),
    },
    # A drug reaction is ruled out at once with its features, and not at all without them (16, 17).
    ("design-example", "RuleOutDrugReaction"): {
        of("DrugReactionFeatures", "", "changes", "Recommend, Immediate"),
        of("", "DrugReactionFeatures", "goes"),
    },
    # Any fact that makes the patient immunocompromised may call for a higher dose (35).
    ("dose-low-by-record", "IncreaseAntiviralDose"): {
        of("HivInfection", after="Consider, Routine"),
        of("OrganTransplantHistory", after="Consider, Routine"),
        of("ImmunosuppressiveMedication", after="Consider, Routine"),
        of("OtherImmunodeficiency", after="Consider, Routine"),
    },
    # Without an immune fact left unknown there is nothing to do.
    ("dose-unknown-missing-frequency", "IncreaseAntiviralDose"): set(),
}


@cache
def found(slug: str, action: str) -> Pivots:
    """Return the pivots of a golden case."""
    return note_alone().pivot(read_case(slug), action)


def advice(case: dict[str, Any], action: str) -> str:
    """Return kind and urgency of the advice on an action in the full answer to a case."""
    answer = note_alone().assess(Case.from_json(case), questions=False)
    return next((f"{r.kind}, {r.urgency}" for r in answer.recommendations if r.action == action), "")


def supposing(slug: str, present: frozenset[str], absent: frozenset[str]) -> dict[str, Any]:
    """Return a golden case with facts added."""
    case = read_case(slug).to_json()
    added = {"present": sorted(present), "absent": sorted(absent)}
    return {**case, **{key: [*case.get(key, []), *facts] for key, facts in added.items() if facts or key in case}}


@pytest.mark.parametrize(("slug", "action"), sorted(EXPECTED))
def test_the_smallest_sets_are_those_that_the_note_gives(slug: str, action: str) -> None:
    """All of them, and nothing else."""
    answer = found(slug, action)

    assert {(frozenset(p.present), frozenset(p.absent), p.effect, p.after) for p in answer} == EXPECTED[slug, action]
    assert len(answer) == len(EXPECTED[slug, action])
    assert answer.note == ""


@pytest.mark.parametrize(
    ("slug", "action"),
    [
        *sorted(EXPECTED),
        ("higher-dose-while-failing", "SwitchToFoscarnet"),
        ("check-kind-aids", "RuleOutOtherAetiology"),
    ],
)
def test_each_set_does_what_it_says_and_no_part_of_it_does(slug: str, action: str) -> None:
    """Answered anew in full: with the set the advice is as said; with a fact left out it is as it was."""
    answer = found(slug, action)
    assert answer.before == advice(read_case(slug).to_json(), action)
    for item in answer:
        facts = [(fact, True) for fact in item.present] + [(fact, False) for fact in item.absent]

        assert item.after == advice(supposing(slug, frozenset(item.present), frozenset(item.absent)), action)
        assert item.after != answer.before
        for size in range(len(facts)):
            for part in combinations(facts, size):
                present, absent = (frozenset(f for f, value in part if value is wanted) for wanted in (True, False))

                assert advice(supposing(slug, present, absent), action) == answer.before


def test_no_set_is_missed() -> None:
    """Each set of one or two unknown facts, tried in full: what changes the advice holds a set that was found."""
    slug, action = "pregnant-threat-to-life-unknown", "GiveIntravenousAcyclovir"
    unknown = ["LifeThreateningInfection", "ProlongedAntiviralTherapy", "MultipleAntiviralCourses"]
    sets = [{*p.present, *(f"not {fact}" for fact in p.absent)} for p in found(slug, action)]
    for size in (1, 2):
        for facts in combinations(unknown, size):
            for values in product((True, False), repeat=size):
                said = dict(zip(facts, values, strict=True))
                present, absent = (frozenset(f for f in said if said[f] is wanted) for wanted in (True, False))
                changes = advice(supposing(slug, present, absent), action) != found(slug, action).before

                assert changes == any(one <= {*present, *(f"not {fact}" for fact in absent)} for one in sets)


@pytest.mark.parametrize(("slug", "action"), sorted(EXPECTED))
def test_its_json_validates(slug: str, action: str) -> None:
    """The published form is valid."""
    Draft202012Validator(SCHEMA, format_checker=FormatChecker()).validate(found(slug, action).to_json())


def test_the_order_is_always_the_same() -> None:
    """The smaller first, then the order of the source's steps, present before absent."""
    answer = found("dose-low-by-record", "IncreaseAntiviralDose")
    both = found("dose-low-by-record", "AssessWeightLossAndLymphadenopathy")

    assert [p.present[0] for p in answer] == [
        "HivInfection", "OrganTransplantHistory", "ImmunosuppressiveMedication", "OtherImmunodeficiency",
    ]  # fmt: skip
    assert [len(p.present) for p in both] == [2, 1, 1, 0]


def test_a_bounded_search_says_what_it_left_untried() -> None:
    """Past the limit it stops, keeps what it found, and says so; it is no error."""
    case = read_case("dose-low-by-record")
    answer = pivot(note_alone(), case, "IncreaseAntiviralDose", most=23)
    full = found("dose-low-by-record", "IncreaseAntiviralDose")

    assert answer.note == "Not all sets were tried: the first 23 of 3304."
    assert 0 < len(answer) <= len(full)
    assert set(answer.found) <= set(full.found)
    Draft202012Validator(SCHEMA).validate(answer.to_json())


@pytest.mark.parametrize(
    ("name", "says", "fix"),
    [
        ("SwitchToFoscarnt", "no action is called", "Did you mean SwitchToFoscarnet?"),
        ("HivInfection", "'HIV infection' is no action", "Did you mean TestForHiv?"),
        ("Pregnancy", "'pregnancy' is no action", "Known are"),
    ],
)
def test_a_name_that_is_no_action_says_what_was_meant(name: str, says: str, fix: str) -> None:
    """A name that is none, and the name of something else."""
    with pytest.raises(UsageError, match=says) as caught:
        shipped().pivot(read_case("only-id"), name)

    assert fix in caught.value.fix


def test_the_command_lists_the_sets(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """In words, numbered, with the advice as it is and as it would be; or as JSON."""
    knowledge_base = shipped()
    monkeypatch.setattr(KnowledgeBase, "load", lambda *_args, **_options: knowledge_base)
    case = str(CASES / "dose-unknown-herpes-simplex" / "case.json")

    assert main(["pivot", case, "--towards", "give intravenous acyclovir"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "Now: no advice."
    assert lines[3] == "  1. life-threatening infection present and pregnancy present: recommend, immediate"

    assert main(["pivot", case, "--towards", "GiveIntravenousAcyclovir", "--format", "json"]) == 0
    answer = found("dose-unknown-herpes-simplex", "GiveIntravenousAcyclovir").to_json()
    assert json.loads(capsys.readouterr().out) == answer

    nothing = str(CASES / "dose-unknown-missing-frequency" / "case.json")
    assert main(["pivot", nothing, "--towards", "IncreaseAntiviralDose"]) == 0
    assert "No set of up to 3 unknown facts was found to change that." in capsys.readouterr().out
