"""Coverage: what no case touches is named, of a module its own parts only, and nothing is touched by being there."""

from __future__ import annotations

from pathlib import Path

import pytest

from refractory.cli.main import main
from refractory.guidance.coverage import Coverage, Tally
from refractory.guidance.inventory import Item
from refractory.guidance.trial import try_cases
from refractory.guidance.trial_text import trial_text
from tests.guidance.modules import NAME, copied, module
from tests.support import TABLE

PREFIXES = """
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix rfy: <https://w3id.org/refractory/> .
"""

# Two statements more: one whose position is met by those with HIV only, one that an axiom carries which nothing meets.
WORDS = "".join(
    f"""
rfy:{NAME}-{number} a rfy:Statement ; rdfs:label "{NAME}: statement {number}"@en ;
    rfy:paraphrase "Statement {number} of what a test makes up."@en ; rfy:ofGuidance rfy:{NAME} ;
    rfy:statementNumber {number} ; rfy:place "nowhere"@en ; rfy:hasModality rfy:AssertedModality .
"""
    for number in (2, 3, 4)
)
LOGIC = f"""
rfy:{NAME}-hiv a rfy:Position , rfy:QualifyingPosition ;
    rfy:isPositionOf rfy:{NAME} ; rfy:speaksOf rfy:SwitchToFoscarnet ;
    rfy:forPopulation rfy:AnyPatientPopulation ; rfy:forDisease rfy:AnyHerpesvirusDisease ;
    rfy:inSituation rfy:HivInfection ; rfy:encodes rfy:{NAME}-2 ; rfy:shownBy "{NAME}-example" .

rfy:TestClinicPatient a owl:Class .
rfy:PregnantPatient rdfs:subClassOf rfy:TestClinicPatient .
[] a owl:Axiom ; owl:annotatedSource rfy:PregnantPatient ; owl:annotatedProperty rdfs:subClassOf ;
    owl:annotatedTarget rfy:TestClinicPatient ;
    dcterms:identifier "{NAME}-axiom" ; rfy:shownBy "{NAME}-example" ; rfy:encodes rfy:{NAME}-3 .
"""
RULE = f"""#+ title: Failing treatment is a caution of a test
#+ says: so says a test
#+ encodes: {NAME}-4
#+ shown-by: {NAME}-example

PREFIX rfy: <https://w3id.org/refractory/>

CONSTRUCT {{ ?case rfy:meetsPitfall rfy:Misdiagnosis }}
WHERE {{
  ?case a rfy:FailingCase ;
        rfy:hasPresent rfy:Pregnancy .
}}
"""


def with_more(folder: Path) -> Path:
    """Return the skeleton with a position, an axiom and a rule more, each with its statement, that no case meets."""
    root = module(folder)
    files = {
        f"ontology/facts/{NAME}/more-words.ttl": PREFIXES + WORDS,
        f"ontology/facts/{NAME}/more.ttl": PREFIXES + LOGIC,
        "queries/reason/test-clinic-pregnancy-is-a-pitfall.rq": RULE,
    }
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return root


def tally(coverage: Coverage, sort: str) -> Tally:
    """Return how much of one sort is touched."""
    (found,) = [part for part in coverage.tallies if part.sort == sort]
    return found


def test_a_whole_module_is_touched_by_its_own_case(tmp_path: Path) -> None:
    """Of the shipped knowledge, on which it stands, nothing is counted."""
    coverage = try_cases(module(tmp_path)).coverage

    assert [(1, 1), (0, 0), (0, 0), (1, 1)] == [(part.touched, part.total) for part in coverage.tallies]
    assert (str(tmp_path / NAME),) == coverage.of
    assert coverage.complete


def test_what_no_case_of_a_module_touches_is_named_with_its_file(tmp_path: Path) -> None:
    """The position, the axiom and the rule that are not met, and their statements; the others are not."""
    trial = try_cases(with_more(tmp_path))
    untouched = {part.sort: [(item.name, item.file) for item in part.untouched] for part in trial.coverage.tallies}
    facts = f"ontology/facts/{NAME}"

    assert trial.passed
    assert not trial.coverage.complete
    assert {
        "statements": [(f"{NAME}-{number}", f"{facts}/more-words.ttl") for number in (2, 3, 4)],
        "rules": [("test-clinic-pregnancy-is-a-pitfall", "queries/reason/test-clinic-pregnancy-is-a-pitfall.rq")],
        "axioms": [(f"{NAME}-axiom", f"{facts}/more.ttl")],
        "positions": [(f"{NAME}-hiv", f"{facts}/more.ttl")],
    } == untouched
    assert "  1 of 4 statements; no case touches\n" in trial_text(trial)
    assert f"      - {NAME}-axiom: every pregnant patient is " in trial_text(trial)


def test_a_case_that_meets_them_touches_them(tmp_path: Path) -> None:
    """The same position, axiom and rule are touched when the case has what they ask for."""
    root = with_more(tmp_path)
    case = root / "tests" / "cases" / f"{NAME}-example" / "case.json"
    said = case.read_text(encoding="utf-8").replace('    "HivInfection",\n', "")
    case.write_text(said.replace('"absent"', '"present": ["HivInfection", "Pregnancy"], "absent"'), encoding="utf-8")
    trial = try_cases(root)

    assert not trial.passed
    assert trial.coverage.complete


def test_gaps_fail_only_when_completeness_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A module under way has gaps; one that is handed in has none."""
    root = str(with_more(tmp_path))
    assert main(["guidance", "test", root]) == 0
    capsys.readouterr()
    assert main(["guidance", "test", root, "--complete"]) == 1

    assert "1 case: answered as expected; and the cases are not complete" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("sort", "complete"),
    [("statements", False), ("rules", False), ("axioms", False), ("positions", False), ("rows", True)],
)
def test_each_sort_of_guidance_is_part_of_completeness(sort: str, complete: bool) -> None:
    """A table is the user's, and no case need read every row of it."""
    untouched = Coverage((), (Tally(sort, 1, (Item("a", "what it is", "where it stands"),)),))

    assert complete == untouched.complete
    assert Coverage((), (Tally(sort, 1, ()),)).complete


def test_of_the_whole_knowledge_everything_is_counted(tmp_path: Path) -> None:
    """Two cases touch some of it; the rows of the table are those that the findings are looked up in."""
    trial = try_cases(copied(tmp_path, "design-example", "beside-genotype-kinase-mutant"), table=TABLE)
    coverage = trial.coverage

    assert () == coverage.of
    for part in coverage.tallies:
        assert 0 < part.touched < part.total, part.sort
    assert not {item.name for item in tally(coverage, "rows").untouched} & {"9001", "9002"}
    untouched = {item.name for item in tally(coverage, "statements").untouched}
    # An answer shows the first; a reading that rests on the second was used; the third is of a source that is not met.
    assert not {"valacyclovir-failure-24", "valacyclovir-failure-44b"} & untouched
    assert "cps-1" in untouched
    # A regimen is read off for the advice that has it, and not for advice that is not given.
    axioms = {item.name for item in tally(coverage, "axioms").untouched}
    assert "cidofovir-gel-regimen" not in axioms
    assert "intravenous-acyclovir-regimen" in axioms


def test_a_module_that_is_given_beside_a_folder_of_cases_is_counted(tmp_path: Path) -> None:
    """The cases may stand elsewhere."""
    root = module(tmp_path)
    trial = try_cases(root / "tests" / "cases", [root])

    assert trial.passed
    assert try_cases(root, [root]).coverage.to_json() == trial.coverage.to_json()
