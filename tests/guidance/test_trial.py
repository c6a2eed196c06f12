"""`refractory guidance test`: what differs is said in sentences with the reasons, and no failure is passed over."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from refractory.cli.main import main
from refractory.guidance.differences import Difference
from refractory.guidance.parts import PARTS
from refractory.guidance.trial import Tried, try_cases
from refractory.guidance.trial_text import trial_text
from tests.guidance.modules import Change, copied, expecting
from tests.support import ROOT, TABLE, slugs

PLAIN = "design-example"
BESIDE = "beside-red-flag-ramsay-hunt"
TABLED = "beside-genotype-kinase-mutant"
SCHEMA = json.loads((ROOT / "schemas" / "guidance-test.schema.json").read_text(encoding="utf-8"))


def tried(folder: Path, slug: str, change: Change) -> Tried:
    """Return what becomes of a shipped case whose expected answer is changed."""
    expecting(copied(folder, slug) / slug, change)
    (found,) = try_cases(folder, table=TABLE).cases
    return found


def only(found: Tried) -> Difference:
    """Return the one difference of a case."""
    assert found.errors == ()
    (difference,) = found.differences
    return difference


def put(key: str, value: Any) -> Change:
    """Return a change that puts a value at a key."""
    return lambda expected: expected.update({key: value})


def within(key: str, change: Callable[[Any], object]) -> Change:
    """Return a change within the value of a key."""
    return lambda expected: change(expected.setdefault(key, []))


def test_shipped_cases_pass(tmp_path: Path) -> None:
    """Cases by the note, by all sources and by the table are each answered as they were written for."""
    chosen = [*slugs()[:: len(slugs()) // 8], PLAIN, BESIDE, TABLED]
    trial = try_cases(copied(tmp_path, *dict.fromkeys(chosen)), table=TABLE)

    assert len(dict.fromkeys(chosen)) == len(trial.cases)
    assert trial.passed, trial_text(trial)
    assert trial.knowledge_hash


# For each part of an answer: a case, what is done to its expected answer, and the sentence that comes of it.
CHANGES: dict[str, tuple[str, Change, str]] = {
    "failing": (PLAIN, put("failing", False), "Expected: treatment failure: no. Answered: yes."),
    "dose": (PLAIN, put("dose", "Low"), "Expected: dose: low. Answered: right."),
    "dayOfTreatment": (PLAIN, put("dayOfTreatment", 8), "Expected: day of treatment: 8. Answered: 9."),
    "notApplicable": (
        PLAIN,
        put("notApplicable", ["LesionsResolved"]),
        "Expected, but not answered: reason why the guidance does not apply “resolved lesions” [LesionsResolved].",
    ),
    "redFlags": (
        BESIDE,
        put("redFlags", []),
        "Not expected, but answered: red flag “red flag: Ramsay Hunt syndrome” [red-flags-ramsay-hunt].",
    ),
    "resistance": (
        PLAIN,
        within("resistance", lambda part: part.update(Famciclovir="Possible")),
        "Expected: resistance to “famciclovir” [Famciclovir]: possible. Answered: presumed.",
    ),
    "heightenedBy": (
        PLAIN,
        put("heightenedBy", ["HivInfection"]),
        "Expected, but not answered: suspicion heightened by “HIV infection” [HivInfection].",
    ),
    "genotype": (
        TABLED,
        within("genotype", lambda part: part[0][3].update(Foscarnet="Resistant")),
        "Expected: genotype finding A9001C in “ORF36” [ORF36] of “varicella zoster virus” [VaricellaZosterVirus]: "
        "acyclovir: resistant, brivudine: resistant, cidofovir: susceptible, foscarnet: resistant, penciclovir: "
        "resistant. Answered: acyclovir: resistant, brivudine: resistant, cidofovir: susceptible, foscarnet: "
        "susceptible, penciclovir: resistant.",
    ),
    "times": (
        BESIDE,
        within("times", lambda part: part.update({"vaccine-strain-case-time": False})),
        "Expected: time “vaccine strain case on the time” [vaccine-strain-case-time]: not reached. Answered: reached.",
    ),
    "hypotheses": (
        PLAIN,
        within("hypotheses", lambda part: part.pop("DrugReaction")),
        "Not expected, but answered: hypothesis “drug reaction” [DrugReaction]: open.",
    ),
    "recommendations": (
        PLAIN,
        within("recommendations", lambda part: part[1].__setitem__(1, "Consider")),
        "Expected: advice “switch treatment to foscarnet” [SwitchToFoscarnet]: consider, prompt. Answered: recommend, "
        "prompt.",
    ),
    "weakened": (
        BESIDE,
        put("weakened", ["VerifyDose"]),
        "Expected, but not answered: weakened advice “verify the dose” [VerifyDose].",
    ),
    "forThisPatient": (
        PLAIN,
        within("forThisPatient", lambda part: part["SwitchToFoscarnet"].update(dose=2400)),
        "Expected: amount at “switch treatment to foscarnet” [SwitchToFoscarnet]: 2400 mg. Answered: 2800 mg.",
    ),
    "positions": (
        BESIDE,
        within("positions", lambda part: part.pop("VerifyDose")),
        "Not expected, but answered: position “label of valacyclovir on the dose in zoster” "
        "[valacyclovir-label-zoster-dose] at “verify the dose” [VerifyDose].",
    ),
    "cautions": (
        PLAIN,
        put("cautions", ["PregnancySafetyNotEstablished"]),
        "Expected, but not answered: caution “safety in pregnancy not established” [PregnancySafetyNotEstablished].",
    ),
    "cautionsAt": (
        PLAIN,
        within("cautionsAt", lambda part: part["SwitchToFoscarnet"].pop()),
        "Not expected, but answered: caution “foscarnet unavailable” [FoscarnetUnavailable] at “switch treatment to "
        "foscarnet” [SwitchToFoscarnet].",
    ),
    "pitfalls": (
        PLAIN,
        within("pitfalls", lambda part: part.remove("Misdiagnosis")),
        "Not expected, but answered: pitfall “misdiagnosis” [Misdiagnosis].",
    ),
    "conflicts": (
        PLAIN,
        put("conflicts", []),
        "Not expected, but answered: conflict between “increase the antiviral dose” [IncreaseAntiviralDose] and "
        "“switch treatment to foscarnet” [SwitchToFoscarnet].",
    ),
    "gaps": (
        PLAIN,
        within("gaps", lambda part: part.pop()),
        "Not expected, but answered: gap of “valacyclovir failure” [valacyclovir-failure], line 36.",
    ),
    "warnings": (PLAIN, put("warnings", 1), "Expected: number of warnings: 1. Answered: 0."),
}
# What no rule concludes has no reason: a table is looked up, and a warning that is not given has no message.
WITHOUT_REASON = {"genotype", "warnings"}


def test_each_part_of_an_answer_is_changed_below() -> None:
    """A part that nobody changes could be compared by nothing."""
    assert CHANGES.keys() == PARTS.keys()


@pytest.mark.parametrize("part", CHANGES)
def test_one_difference_is_one_sentence_with_its_reason(tmp_path: Path, part: str) -> None:
    """A part that is expected otherwise, in one thing, gives one difference and no other."""
    slug, change, says = CHANGES[part]
    difference = only(tried(tmp_path, slug, change))

    assert (part, says) == (difference.part, difference.says)
    if part not in WITHOUT_REASON:
        assert difference.why.lines
    Draft202012Validator(SCHEMA["$defs"]["difference"] | {"$defs": SCHEMA["$defs"]}).validate(difference.to_json())


def test_what_was_answered_names_the_rules_and_statements_behind_it(tmp_path: Path) -> None:
    """The rule that concluded it and the statement it encodes stand there, and the places in words."""
    why = only(tried(tmp_path, *CHANGES["pitfalls"][:2])).why

    assert "valacyclovir-failure-42a" in why.statements
    assert [rule for rule in why.rules if "misdiagnosis" in rule]
    assert why.lines[0].startswith("Why answered: The case meets pitfall misdiagnosis, because")
    assert why.lines[1].startswith("All that it rests on: valacyclovir-failure line")


def test_what_was_not_answered_says_what_is_missing(tmp_path: Path) -> None:
    """The nearest rule is named, and what it lacks is what the case does not say."""
    urgent = ["GiveIntravenousAcyclovir", "Recommend", "Immediate"]
    difference = only(tried(tmp_path, PLAIN, within("recommendations", lambda part: part.append(urgent))))

    assert "missing" == difference.sort
    assert "nothing says that the case has present pregnancy" in difference.why.lines[0]


def test_a_misspelt_name_is_said_to_be_none(tmp_path: Path) -> None:
    """The name that was meant is proposed; of what cannot be a name, that nothing has it."""
    found = tried(tmp_path, PLAIN, within("pitfalls", lambda part: part.extend(["Misdiagnosys", "no name"])))

    assert [
        "Expected, but not answered: pitfall [Misdiagnosys] (nothing has this name; did you mean Misdiagnosis?).",
        "Expected, but not answered: pitfall [no name] (nothing has this name).",
    ] == [difference.says for difference in found.differences]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (put("pitfals", []), "expected.json has a key “pitfals”, of which no answer speaks: take it out."),
        (put("pitfalls", "none"), "“pitfalls” in expected.json cannot be read: it is to be a list of names."),
        (put("gaps", [[5]]), "“gaps” in expected.json cannot be read: it is to be a list of [source, line]."),
        (put("dose", ["Right"]), "“dose” in expected.json cannot be read: it is to be a name."),
    ],
)
def test_a_part_that_is_written_otherwise_is_said_so(tmp_path: Path, change: Change, says: str) -> None:
    """What cannot be compared is a difference, and no crash."""
    assert says == only(tried(tmp_path, PLAIN, change)).says


def test_a_missing_key_is_not_passed_over(tmp_path: Path) -> None:
    """Who says nothing of pitfalls expects none."""
    found = tried(tmp_path, PLAIN, lambda expected: expected.pop("pitfalls"))

    assert ["unexpected", "unexpected"] == [difference.sort for difference in found.differences]


@pytest.mark.parametrize("slug", slugs()[:3])
def test_an_empty_expectation_is_never_met(tmp_path: Path, slug: str) -> None:
    """Of a case that expects nothing, everything answered is a difference."""
    assert tried(tmp_path, slug, dict.clear).differences


def test_a_case_without_a_story_fails(tmp_path: Path) -> None:
    """The answer is right, and nobody could tell why."""
    (copied(tmp_path, PLAIN) / PLAIN / "story.md").write_text(" \n", encoding="utf-8")
    (found,) = try_cases(tmp_path).cases

    assert () == found.differences
    assert ["the case has no story."] == [error.what for error in found.errors]


def test_a_case_that_needs_a_table_fails_without_one(tmp_path: Path) -> None:
    """It is not skipped, and the message says how to give the table."""
    (found,) = try_cases(copied(tmp_path, TABLED)).cases

    assert not found.passed
    assert "--table FILE" in found.errors[0].fix


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("{", "Refused"),
        ('{"id": "https://example.org/case/x", "present": ["Nonsense"]}', "Refused"),
        (
            '{"id": "https://example.org/case/x", "present": ["HivInfection"], "absent": ["HivInfection"]}',
            "NonConforming",
        ),
    ],
)
def test_a_case_that_cannot_be_answered_fails_and_the_others_are_tried(tmp_path: Path, text: str, kind: str) -> None:
    """The message of the error stands at the case."""
    (copied(tmp_path, PLAIN, BESIDE) / PLAIN / "case.json").write_text(text, encoding="utf-8")
    other, bad = try_cases(tmp_path).cases

    assert other.passed
    assert [kind] == [error.to_json()["kind"] for error in bad.errors]


def test_an_unknown_source_fails_the_case(tmp_path: Path) -> None:
    """The name that was meant is proposed."""
    found = tried(tmp_path, PLAIN, put("guidance", ["eacz"]))

    assert ["no guidance is called 'eacz'."] == [error.what for error in found.errors]


def test_the_command_prints_json_of_the_published_form(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code is 1 when a case fails, and what is printed fits the schema."""
    expecting(copied(tmp_path, PLAIN, TABLED) / PLAIN, CHANGES["pitfalls"][1])
    assert main(["guidance", "test", str(tmp_path), "--format", "json"]) == 1
    printed = json.loads(capsys.readouterr().out)
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(printed)

    assert [1, 0] == [len(case["errors"]) for case in printed["cases"]]
    assert "rows" not in printed["coverage"]
    assert main(["guidance", "test", str(tmp_path), "--format", "json", "--table", str(TABLE)]) == 1
    again = json.loads(capsys.readouterr().out)
    Draft202012Validator(SCHEMA).validate(again)
    assert [True, False] == [case["passed"] for case in again["cases"]]
    assert again["coverage"]["rows"]["touched"] > 0


def test_the_text_says_each_failure_and_the_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A case stands as ok or as failed, its differences below it, and the result is the last line."""
    expecting(copied(tmp_path, PLAIN, BESIDE) / PLAIN, CHANGES["gaps"][1])
    assert main(["guidance", "test", str(tmp_path)]) == 1
    lines = capsys.readouterr().out.splitlines()

    assert f"ok      {BESIDE}" == lines[0]
    assert f"FAILED  {PLAIN}" == lines[1]
    assert lines[2].startswith("  - Not expected, but answered: gap")
    assert "2 cases: 1 failed." == lines[-1]
    assert max(map(len, lines)) <= 100


def test_a_folder_without_cases_is_a_wrong_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is no test that passed."""
    assert main(["guidance", "test", str(tmp_path)]) == 2
    assert "no golden case is found" in capsys.readouterr().err
