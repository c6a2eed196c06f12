"""What if: two answers side by side, and exactly what differs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from tests.support import CASES, ROOT, golden_as_written, note_alone, read_case, shipped

from refractory import KnowledgeBase, UsageError
from refractory.cli import main

SCHEMAS = {
    name: json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))
    for name in ("assessment", "what-if")
}
REGISTRY: Registry[Any] = Registry().with_resources(
    (schema["$id"], Resource.from_contents(schema)) for schema in SCHEMAS.values()
)

# Written by hand from the note: the case, what is supposed, and each difference as (kind, what, name, before, after).
EXPECTED: dict[tuple[str, tuple[str, ...], tuple[str, ...]], set[tuple[str, ...]]] = {
    # Without HIV nobody immunocompromised is left: no higher dose (35), no unfinished line (36), and a sign without a
    # known cause (43). What the laboratory found stays.
    ("design-example", (), ("HivInfection",)): {
        ("goes", "action", "IncreaseAntiviralDose", "Consider, Routine", ""),
        ("goes", "conflict", "HigherDoseOrSwitch", "listed", ""),
        ("goes", "gap", "valacyclovir-failure-gap-36", "listed", ""),
        ("comes", "pitfall", "MissingImmunodeficiency", "", "listed"),
    },
    # A right dose makes failure a suspicion of resistance, with all that hangs on it.
    ("dose-unknown-missing-frequency", ("appropriate dose",), ()): {
        ("changes", "action", "ReferToInfectiousDiseases", "Recommend, Prompt", "Recommend, Immediate"),
        ("comes", "action", "SwitchToFoscarnet", "", "Recommend, Prompt"),
        ("comes", "action", "ApplyTopicalCidofovir", "", "Consider, Routine"),
        ("comes", "action", "ContinueValacyclovir", "", "Avoid, Prompt"),
        ("comes", "action", "UseAcyclovir", "", "Avoid, Routine"),
        ("comes", "action", "UseFamciclovir", "", "Avoid, Routine"),
        ("goes", "action", "VerifyDose", "Recommend, Prompt", ""),
        ("changes", "status", "Acyclovir", "Possible", "Suspected"),
        ("changes", "status", "Valacyclovir", "Possible", "Suspected"),
        ("comes", "status", "Famciclovir", "", "Possible"),
        ("changes", "hypothesis", "InadequateTherapy", "Open", "Excluded"),
        ("comes", "pitfall", "ContinuingIneffectiveTherapy", "", "listed"),
        ("changes", "failure", "dose", "Unknown", "Right"),
    },
    # Two at once: pregnant, and life threatened.
    ("dose-unknown-herpes-simplex", ("Pregnancy", "LifeThreateningInfection"), ()): {
        ("comes", "action", "GiveIntravenousAcyclovir", "", "Recommend, Immediate"),
        ("comes", "caution", "PregnancySafetyNotEstablished", "", "listed"),
    },
    # With the drug reaction gone there is nothing to rule out at once, nothing to warn of, and nothing to decide.
    ("drug-reaction-and-switch", (), ("DrugReactionFeatures",)): {
        ("goes", "action", "RuleOutDrugReaction", "Recommend, Immediate", ""),
        ("goes", "caution", "DrugReactionPossible", "listed", ""),
        ("goes", "conflict", "DrugReactionOrSwitch", "listed", ""),
        ("goes", "pitfall", "Misdiagnosis", "listed", ""),
        ("changes", "hypothesis", "DrugReaction", "Supported", "Excluded"),
    },
    # What is so already changes nothing.
    ("design-example", ("HIV infection",), ()): set(),
    # A suspicion that is heightened already is heightened by one more.
    ("check-courses-heighten", ("HivInfection",), ()): {
        ("comes", "action", "IncreaseAntiviralDose", "", "Consider, Routine"),
        ("comes", "conflict", "HigherDoseOrSwitch", "", "listed"),
        ("comes", "gap", "valacyclovir-failure-gap-36", "", "listed"),
        ("changes", "hypothesis", "Immunodeficiency", "Excluded", "Supported"),
        (
            "changes", "suspicion", "AntiviralResistance", "MultipleAntiviralCourses, ProlongedAntiviralTherapy",
            "HivInfection, MultipleAntiviralCourses, ProlongedAntiviralTherapy",
        ),
    },
}  # fmt: skip


@pytest.fixture(autouse=True)
def _one_knowledge_base(monkeypatch: pytest.MonkeyPatch) -> None:
    """Share the shipped knowledge base."""
    knowledge_base = shipped()
    monkeypatch.setattr(KnowledgeBase, "load", lambda *_args, **_options: knowledge_base)


@pytest.mark.parametrize("given", EXPECTED, ids=lambda given: "+".join((given[0], *given[1], *given[2])))
def test_exactly_what_the_note_makes_differ_differs(given: tuple[str, tuple[str, ...], tuple[str, ...]]) -> None:
    """Each difference is one that was written by hand, and none is missing."""
    slug, present, absent = given
    answer = note_alone().what_if(read_case(slug), present, absent)
    found = [(c.kind, c.what, c.name, c.before, c.after) for c in answer.changes]

    assert set(found) == EXPECTED[given]
    assert len(found) == len(EXPECTED[given])
    assert answer.before.to_json() == golden_as_written()[slug].to_json()


@pytest.mark.parametrize("given", EXPECTED, ids=lambda given: "+".join((given[0], *given[1], *given[2])))
def test_its_json_validates(given: tuple[str, tuple[str, ...], tuple[str, ...]]) -> None:
    """The published form is valid, and so are both answers in it."""
    form = shipped().what_if(read_case(given[0]), *given[1:]).to_json()
    Draft202012Validator(SCHEMAS["what-if"], registry=REGISTRY, format_checker=FormatChecker()).validate(form)
    Draft202012Validator(SCHEMAS["assessment"], registry=REGISTRY).validate(form["after"])


def test_a_schema_that_would_accept_anything_is_no_check() -> None:
    """A change that comes from something is refused."""
    form = shipped().what_if(read_case("design-example"), absent=["HivInfection"]).to_json()
    form["changes"][0]["kind"] = "comes"

    assert not Draft202012Validator(SCHEMAS["what-if"], registry=REGISTRY).is_valid(form)


def test_what_the_case_says_against_it_is_left_out() -> None:
    """An absent fact takes its kinds with it, and a present one what it is a kind of; the case itself stays."""
    aids = read_case("check-kind-aids")
    without = shipped().what_if(aids, absent=["HivInfection"]).after.facts
    kinds = read_case("check-hiv-and-nodes-unknown")
    supposed = shipped().what_if(kinds, present=["AcquiredImmunodeficiencySyndrome"], absent=["Lymphadenopathy"])

    assert "AcquiredImmunodeficiencySyndrome" not in str(without.asserted)
    assert aids == read_case("check-kind-aids")
    assert "AcquiredImmunodeficiencySyndrome" in str(
        [t for t in supposed.after.facts.asserted if "hasPresent" in str(t)]
    )
    assert (supposed.present, supposed.absent) == (("AcquiredImmunodeficiencySyndrome",), ("Lymphadenopathy",))


@pytest.mark.parametrize(
    ("present", "absent", "says", "fix"),
    [
        (["HivInfectoin"], [], "no fact is called 'HivInfectoin'", "Did you mean HivInfection?"),
        (["Foscarnet"], [], "'foscarnet' is no fact", "Known are"),
        ([], [], "nothing is supposed", "at least one fact"),
        (["HivInfection"], ["HIV"], "cannot be present while HivInfection is absent", "Suppose one"),
        (["AcquiredImmunodeficiencySyndrome"], ["HIV"], "cannot be present while HivInfection", "Suppose one"),
    ],
)
def test_a_call_that_makes_no_sense_says_what_was_meant(
    present: list[str], absent: list[str], says: str, fix: str
) -> None:
    """Names that are none, names of something else, nothing at all, and facts that exclude each other."""
    with pytest.raises(UsageError, match=says) as caught:
        shipped().what_if(read_case("design-example"), present, absent)

    assert fix in caught.value.fix


def test_both_engines_see_the_same_differences() -> None:
    """The reference engine's answers differ in the same."""
    reference = KnowledgeBase(shipped().knowledge, engine="reference")
    case = read_case("design-example")

    assert (
        reference.what_if(case, absent=["HivInfection"]).changes
        == shipped().what_if(case, absent=["HivInfection"]).changes
    )


def test_the_command_shows_both_sides_and_what_differs(capsys: pytest.CaptureFixture[str]) -> None:
    """In columns, with a mark at what differs, and then the differences."""
    assert main(["what-if", str(CASES / "design-example" / "case.json"), "--absent", "HivInfection"]) == 0
    lines = capsys.readouterr().out.splitlines()

    assert lines[0] == "https://example.org/case/design-example, if HIV infection is absent"
    assert lines[2].split("  ")[-1].strip() == "as it would be"
    assert "* increase the antiviral dose                    consider, routine         -" in lines
    assert "  switch treatment to foscarnet                  2800 mg                   2800 mg" in lines
    assert "  - action goes: increase the antiviral dose (consider, routine -> -)" in lines
    assert max(map(len, lines)) <= 100


def test_the_command_says_that_nothing_differs(capsys: pytest.CaptureFixture[str]) -> None:
    """Instead of an empty list."""
    assert main(["what-if", str(CASES / "design-example" / "case.json"), "--present", "HivInfection"]) == 0

    assert "NOTHING DIFFERS" in capsys.readouterr().out


def test_the_command_writes_json(capsys: pytest.CaptureFixture[str]) -> None:
    """The same as the call gives."""
    case = str(CASES / "design-example" / "case.json")
    assert main(["what-if", case, "--absent", "HivInfection", "--present", "Pregnancy", "--format", "json"]) == 0
    expected = shipped().what_if(read_case("design-example"), ["Pregnancy"], ["HivInfection"]).to_json()

    assert json.loads(capsys.readouterr().out) == expected


@pytest.mark.parametrize("arguments", [["--present", "Nonsense"], [], ["--present", "HIV", "--absent", "HIV"]])
def test_a_wrong_call_ends_with_two(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """And says so on standard error only."""
    assert main(["what-if", str(CASES / "design-example" / "case.json"), *arguments]) == 2

    assert capsys.readouterr().out == ""


def test_a_case_that_does_not_conform_is_not_varied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Supposing away its contradiction would hide it."""
    write: Callable[[str], int] = (tmp_path / "case.json").write_text
    write(json.dumps({"id": "https://example.org/case/1", "present": ["HIV"], "absent": ["HIV"]}))

    assert main(["what-if", str(tmp_path / "case.json"), "--present", "HIV"]) == 1
    assert capsys.readouterr().out == ""
