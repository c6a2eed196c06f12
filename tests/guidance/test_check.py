"""A sound module has no fault, and each fault is found alone, with its file, its term, the reason and the fix."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from refractory.cli import main
from refractory.errors import KnowledgeError, UsageError
from refractory.guidance.check import KnowledgeCheck, case_folders, check_knowledge, check_paths, summary
from refractory.guidance.golden import golden_folders
from refractory.guidance.graph import GuidanceGraph
from refractory.guidance.hygiene import TOLD_LINE_BY_LINE
from refractory.guidance.wiring import shown_by_nothing
from tests.guidance.small_module import CASE, FACTS, FILES, LOGIC, RULE, TEXT, WORDS, changed, write
from tests.support import CASES, shipped

PARAPHRASE = 'rfy:paraphrase "Where treatment fails, care is advised."@en ;'
SELECTOR_2 = "rfy:hasSelector [ a oa:TextPositionSelector ; oa:start 14 ; oa:end 50 ] ;"
LINE_4 = "rfy:ofGuidance rfy:example-trial ; rfy:onLine rfy:example-trial-line-4 ;"
NOTHING = 'rfy:carriesNothingBecause "Left out."@en ;'
CAUTION = '"Caution of the example trial, in treatment that fails."@en'
ENCODES = "rfy:encodes rfy:example-trial-2"
SPEAKS = "rfy:speaksOf rfy:SwitchToFoscarnet"
ADVICE = "rfy:withAdviceOn rfy:SwitchToFoscarnet ;"
BESIDE = "rfy:standsBeside rfy:valacyclovir-failure"
ASSERTED = "rfy:hasModality rfy:AssertedModality"
IN_4 = "rfy:inDocument rfy:example-trial-document ; rfy:lineNumber 4"
AMOUNT = "rfy:doseMgPerKg 50.0 ; rfy:everyHours 12 ; rfy:hasRoute rfy:Intravenous"
TITLE = "#+ title: In failure the example trial advises care"
LICENSE = "<https://creativecommons.org/licenses/by/4.0/>"
EXAMPLE = "https://w3id.org/refractory/ontology/facts/example-trial/"

TWO, THREE, LINE_3 = "example-trial-2", "example-trial-3", "example-trial-line-3"
DOSE, REGIMEN, DOCUMENT = "example-trial-dose", "example-trial-regimen", "example-trial-document"
ONTOLOGY = "ontology/facts/example-trial/example-trial"
RULE_NAME = Path(RULE).stem
SHIPPED_TITLE = "An entry that reaches the reference is a right dose on record"

# A second action and a second rule, to be wired wrongly.
ACTION = """
rfy:ExampleAction a rfy:Action ; rfy:stepOrder 901 .
rfy:example-trial-adds a rfy:Position , rfy:AddingPosition ;
    rfy:isPositionOf rfy:example-trial ; rfy:speaksOf rfy:ExampleAction ;
    rfy:advisesKind rfy:Consider ; rfy:advisesUrgency rfy:Routine ;
    rfy:forPopulation rfy:AnyPatientPopulation ; rfy:forDisease rfy:AnyHerpesvirusDisease ;
    rfy:withAdviceOn rfy:SwitchToFoscarnet ; rfy:encodes rfy:example-trial-3 ; rfy:shownBy "example-failure" .
"""
ACTION_WORDS = """
rfy:ExampleAction rdfs:label "example action"@en ; skos:definition "Action that is invented."@en ;
    rdfs:isDefinedBy logic: .
rfy:example-trial-adds rdfs:label "example trial on the example action"@en ;
    skos:definition "Position of the example trial that adds an action."@en ; rdfs:isDefinedBy logic: .
"""


def checked(folder: Path, files: Mapping[str, str], text: str | None = None) -> KnowledgeCheck:
    """Return what is found of a module with these files."""
    module = write(folder / "example-module", files)
    return check_paths([module], text=text.encode() if text is not None else None, cases=case_folders([module]))


def added(path: str, more: str, files: Mapping[str, str] = FILES) -> dict[str, str]:
    """Return the module with something at the end of a file."""
    return {**files, path: files.get(path, "") + more}


def test_a_sound_module_has_no_fault(tmp_path: Path) -> None:
    """Neither by itself nor against its text."""
    found = checked(tmp_path, FILES, TEXT)
    (source,) = found.sources

    assert () == found.all_faults
    assert (4, 2, 1, True) == (source.lines, source.statements, source.gaps, source.compared)
    assert (("example-module",), 1) == (found.modules, found.cases)
    assert "module example-module: no fault." in summary(found)


def test_the_module_for_other_tests_is_sound_with_its_action(tmp_path: Path) -> None:
    """What is wired wrongly below is sound before."""
    assert () == checked(tmp_path, added(WORDS, ACTION_WORDS, added(LOGIC, ACTION))).all_faults


def test_the_shipped_knowledge_has_no_fault() -> None:
    """Of hygiene, shapes, wiring and logic alike, and each case that is named is there."""
    knowledge = shipped().knowledge
    slugs = [folder.name for folder in golden_folders(CASES)]

    assert () == check_knowledge(knowledge).all_faults
    assert [] == list(shown_by_nothing(GuidanceGraph(knowledge), slugs))


# Each: the file that is changed, what, into what; then the check that finds it, the file at fault, and the term.
FAULTS = [
    # ---- a source and its lines ----
    (WORDS, "rfy:lineCount 4", "rfy:lineCount 5", "line-without-a-node", WORDS, "line 5"),
    (WORDS, "rfy:lineCount 4", "rfy:lineCount 3", "line-that-is-not-there", WORDS, "example-trial-line-4"),
    (WORDS, ' rfy:carriesNothingBecause "A heading."@en ;', "", "line-without-a-home", WORDS, "example-trial-line-1"),
    (WORDS, LINE_4, LINE_4.replace("line-4", "line-1"), "line-without-a-home", WORDS, "example-trial-line-4"),
    (WORDS, "rfy:lineNumber 3 ;", f"rfy:lineNumber 3 ; {NOTHING}", "line-that-carries-something", WORDS, LINE_3),
    (WORDS, SELECTOR_2, "", "statement-without-a-place", WORDS, "example-trial-2"),
    (WORDS, "oa:start 14 ; oa:end 50", "oa:start 3 ; oa:end 50", "place-outside-its-line", WORDS, "example-trial-2"),
    # ---- hygiene ----
    (WORDS, PARAPHRASE, "", "statement-without-a-paraphrase", WORDS, "example-trial-3"),
    (WORDS, "rfy:hasModality rfy:AssertedModality ;", "", "statement-without-a-modality", WORDS, "example-trial-2"),
    (WORDS, "rfy:AssertedModality", "rfy:Prompt", "statement-without-a-modality", WORDS, "example-trial-2"),
    (WORDS, "rfy:AssertedModality", "rfy:AsertedModality", "undeclared-term", WORDS, "AsertedModality"),
    (RULE, "rfy:FailingCase", "rfy:FailngCase", "undeclared-term", RULE, "FailngCase"),
    (RULE, "encodes: example-trial-3", "encodes: example-trial-3, eacs-99", "undeclared-term", RULE, "eacs-99"),
    (LOGIC, "rfy:ExampleCaution a rfy:Caution .", "", "undeclared-term", WORDS, "ExampleCaution"),
    (WORDS, 'rdfs:label "example caution"@en ;', "", "term-without-a-label", LOGIC, "ExampleCaution"),
    (WORDS, f"skos:definition {CAUTION} ;", "", "term-without-a-definition", LOGIC, "ExampleCaution"),
    (WORDS, '"example caution"@en', '"example caution "@en', "text-with-stray-blanks", WORDS, "ExampleCaution"),
    (WORDS, '"example caution"@en', '"Drug"@en', "label-of-two-terms", WORDS, "ExampleCaution"),
    (WORDS, '"unmarked"', '"S9"', "source-beside-without-its-particulars", WORDS, "example-trial"),
    (LOGIC, "encodes rfy:example-trial-2", "encodes rfy:example-trial-3", "statement-that-nothing-carries", WORDS, TWO),
    (LOGIC, ENCODES, f"{ENCODES} , rfy:eacs-1", "position-without-a-statement", LOGIC, DOSE),
    (
        LOGIC,
        "rfy:isPositionOf rfy:example-trial",
        "rfy:isPositionOf rfy:eacs",
        "position-without-a-statement",
        LOGIC,
        DOSE,
    ),
    (LOGIC, "rfy:forPopulation rfy:AnyPatientPopulation ;", "", "position-without-population-or-disease", LOGIC, DOSE),
    (LOGIC, ' ; rfy:shownBy "example-failure"', "", "position-without-a-golden-case", LOGIC, DOSE),
    (LOGIC, "rfy:offersRegimen rfy:example-trial-regimen ;", "", "regimen-that-nobody-gives", LOGIC, REGIMEN),
    (LOGIC, AMOUNT, "rfy:everyHours 12", "regimen-without-route-or-dose", LOGIC, REGIMEN),
    (
        RULE,
        " ; rfy:meetsGap rfy:example-trial-gap-4",
        "",
        "finding-that-no-rule-concludes",
        WORDS,
        "example-trial-gap-4",
    ),
    (LOGIC, "owl:imports words:", f"owl:imports <{EXAMPLE}other>", "import-of-nothing", LOGIC, ONTOLOGY),
    (LOGIC, f"dcterms:license {LICENSE} ;", "", "ontology-without-a-header", LOGIC, ONTOLOGY),
    # ---- shapes ----
    (WORDS, 'versionInfo "1.0.0"', 'versionInfo "first"', "shape-guidance-version-info", WORDS, "example-trial"),
    (WORDS, BESIDE, f"{BESIDE} , rfy:eacs", "shape-guidance-stands-beside", WORDS, "example-trial"),
    (WORDS, "rfy:lineCount 4 ;", "", "shape-source-document-line-count", WORDS, DOCUMENT),
    (WORDS, "rfy:characterCount", "rfy:section", "shape-source-document-character-count", WORDS, DOCUMENT),
    (WORDS, 'rfy:sha256 "', 'rfy:sha256 "x', "shape-source-document-sha256", WORDS, DOCUMENT),
    (WORDS, IN_4, f"rfy:inDocument rfy:eacs ; {IN_4}", "shape-source-line-in-document", WORDS, "example-trial-line-4"),
    (WORDS, ASSERTED, f"{ASSERTED} , rfy:MayModality", "shape-statement-has-modality", WORDS, "example-trial-2"),
    (WORDS, PARAPHRASE, f'{PARAPHRASE} rfy:paraphrase "More."@en ;', "shape-statement-paraphrase", WORDS, THREE),
    (WORDS, PARAPHRASE, f"{PARAPHRASE} rfy:restsOn rfy:eacs ;", "shape-statement-rests-on", WORDS, THREE),
    (WORDS, 'rfy:asks "For', 'rfy:asks "How long?"@en , "For', "shape-gap-asks", WORDS, "example-trial-gap-4"),
    (LOGIC, SPEAKS, f"{SPEAKS} , rfy:VerifyDose", "shape-position-speaks-of", LOGIC, DOSE),
    (LOGIC, "rfy:doseMgPerKg 50.0", "rfy:doseMgPerKg -50.0", "shape-regimen-dose-mg-per-kg", LOGIC, REGIMEN),
    (LOGIC, "rfy:doseMgPerKg 50.0", "rfy:doseMgPerKg 50.0 , 60.0", "shape-regimen-dose-mg-per-kg", LOGIC, REGIMEN),
    (LOGIC, "rfy:everyHours 12", "rfy:everyHours 12.5", "shape-regimen-every-hours", LOGIC, REGIMEN),
    (LOGIC, "rfy:hasRoute rfy:Intravenous", "rfy:hasRoute rfy:Foscarnet", "shape-regimen-has-route", LOGIC, REGIMEN),
    # ---- wiring ----
    (LOGIC, '"example-failure"', '"design-example"', "shown-by-a-case-that-is-not-there", LOGIC, DOSE),
    (RULE, "shown-by: example-failure", "shown-by: elsewhere", "shown-by-a-case-that-is-not-there", RULE, RULE_NAME),
    (RULE, "#+ shown-by: example-failure\n", "", "rule-without-its-header", RULE, RULE_NAME),
    (RULE, TITLE, f"#+ title: {SHIPPED_TITLE}", "copied-words", RULE, RULE_NAME),
    (WORDS, '"Position of the example trial that gives a dose."@en', CAUTION, "copied-words", WORDS, "ExampleCaution"),
    (
        WORDS,
        "Every 12 hours 50 mg/kg were given.",
        "Where treatment fails, care is advised!",
        "copied-words",
        WORDS,
        THREE,
    ),
    (
        WORDS,
        f"{CAUTION} ; rdfs:isDefinedBy logic:",
        f"{CAUTION} ; rdfs:isDefinedBy words:",
        "defined-by-another-file",
        WORDS,
        "ExampleCaution",
    ),
    (
        WORDS,
        'dcterms:identifier "example-trial"',
        'dcterms:identifier "ours"',
        "identifier-of-another-name",
        WORDS,
        "example-trial",
    ),
    (
        WORDS,
        LINE_4,
        LINE_4.replace("rfy:example-trial ;", "rfy:eacs ;"),
        "words-of-another-source",
        WORDS,
        "example-trial-gap-4",
    ),
    (
        WORDS,
        "rfy:ExampleCaution rdfs",
        "rfy:ExampleCaution a rfy:Caution ; rdfs",
        "logic-among-words",
        WORDS,
        "ExampleCaution",
    ),
    (LOGIC, ADVICE, ADVICE.replace("SwitchToFoscarnet", "VerifyDose"), "position-with-the-wrong-advice", LOGIC, DOSE),
    # ---- loading and logic ----
    (LOGIC, "a rfy:Caution .", "a rfy:Caution", "module-that-does-not-load", LOGIC, "example-trial"),
    (WORDS, '"example caution"@en', '"Foscarnet"@en', "module-that-does-not-load", WORDS, "ExampleCaution"),
    (WORDS, 'dcterms:identifier "example-trial" ;', "", "module-that-does-not-load", WORDS, "example-trial"),
    (WORDS, 'owl:versionInfo "1.0.0" ;', "", "module-that-does-not-load", WORDS, "example-trial"),
    (RULE, "FailingCase }", "FailingCase OPTIONAL { ?case a ?any } }", "logic-that-does-not-compile", RULE, "line 9"),
    (
        LOGIC,
        "a rfy:Caution",
        "a rfy:Caution , owl:FunctionalProperty",
        "logic-that-does-not-compile",
        WORDS,
        "ExampleCaution",
    ),
]


@pytest.mark.parametrize("change", FAULTS, ids=lambda change: f"{change[3]}-{change[5]}")
def test_a_fault_is_found_alone(change: tuple[str, str, str, str, str, str], tmp_path: Path) -> None:
    """A module with just that fault has just that finding, which says why it matters and how to mend it."""
    path, before, after, check, file, term = change
    (fault,) = checked(tmp_path, changed(path, before, after)).all_faults

    assert (check, file, term) == (fault.check, fault.file, fault.term)
    assert len(fault.message) > 20
    assert len(fault.fix) > 8


def only(found: KnowledgeCheck) -> tuple[str, str, str]:
    """Return check, file and term of the one fault."""
    (fault,) = found.all_faults
    assert fault.message
    assert fault.fix
    return fault.check, fault.file, fault.term


def test_a_header_copied_from_another_file_is_a_fault(tmp_path: Path) -> None:
    """It is consistent, and names a file that is not there."""
    files = {path: text.replace("example-trial-words>", "copied-words>") for path, text in FILES.items()}

    assert only(checked(tmp_path, files)) == ("header-of-another-file", WORDS, f"{FACTS}/copied-words")


def test_what_follows_is_judged_when_names_are_known(tmp_path: Path) -> None:
    """An unknown name is told first, and it is said that rules were not judged yet."""
    found = checked(tmp_path, {**FILES, RULE: FILES[RULE].replace("rfy:FailingCase", "rfy:FailngCase")})

    assert not found.reasoned
    assert "not held against each other yet" in summary(found)
    assert "What needs cases was checked" not in summary(found)


def test_a_module_without_a_fault_was_reasoned_with(tmp_path: Path) -> None:
    """Nothing is left out where nothing is wrong."""
    found = checked(tmp_path, FILES)

    assert (found.reasoned, found.all_faults) == (True, ())
    assert "What needs cases was checked with 1 of them." in summary(found)


def test_a_folder_with_another_name_than_its_source_is_a_fault(tmp_path: Path) -> None:
    """Its facts are never loaded."""
    path = "ontology/facts/elsewhere/elsewhere.ttl"
    text = """@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix dcterms: <http://purl.org/dc/terms/> .
<https://w3id.org/refractory/ontology/facts/elsewhere/elsewhere> a owl:Ontology ; dcterms:title "Elsewhere"@en ;
    dcterms:license <https://creativecommons.org/licenses/by/4.0/> .
"""
    found = checked(tmp_path, {**FILES, path: text})

    assert only(found) == ("folder-of-no-source", path, "elsewhere")


def test_a_rule_that_carries_another_source_is_a_fault(tmp_path: Path) -> None:
    """A module's rule concludes in the name of the module."""
    path = "queries/reason/another-source-is-carried.rq"
    rule = FILES[RULE].replace("example-trial-3", "eacs-1").replace("In failure", "Copied: in failure")
    rule = rule.replace(" ; rfy:meetsGap rfy:example-trial-gap-4", "")

    assert only(checked(tmp_path, {**FILES, path: rule})) == (
        "rule-that-carries-another-source",
        path,
        "another-source-is-carried",
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # It goes with nothing: what it adds would have to be advised already.
        ("rfy:withAdviceOn rfy:SwitchToFoscarnet ; rfy:encodes", "rfy:withAdviceOn rfy:ExampleAction ; rfy:encodes"),
    ],
)
def test_an_addition_that_waits_for_itself_is_a_fault(before: str, after: str, tmp_path: Path) -> None:
    """It is never made."""
    files = added(WORDS, ACTION_WORDS, added(LOGIC, ACTION))

    assert only(checked(tmp_path, changed(LOGIC, before, after, files))) == (
        "position-with-the-wrong-advice",
        LOGIC,
        "example-trial-adds",
    )


def test_a_position_wholly_copied_from_another_source_is_a_fault(tmp_path: Path) -> None:
    """With the other's name and the other's statement it is consistent, and stands in the wrong folder."""
    more = ACTION.replace("isPositionOf rfy:example-trial", "isPositionOf rfy:eacs").replace(
        "example-trial-3", "eacs-1"
    )
    found = checked(tmp_path, added(WORDS, ACTION_WORDS, added(LOGIC, more)))

    assert only(found) == ("words-of-another-source", LOGIC, "example-trial-adds")


def test_a_module_without_cases_is_a_fault(tmp_path: Path) -> None:
    """It names the module, and a folder with cases mends it."""
    files = {path: text for path, text in FILES.items() if not path.startswith(CASE)}
    module = write(tmp_path / "bare", files)
    write(tmp_path / "elsewhere", FILES)

    assert only(check_paths([module])) == ("module-without-cases", "", "bare")
    assert () == check_paths([module], cases=case_folders([module], tmp_path / "elsewhere")).all_faults


@pytest.mark.parametrize(
    ("before", "after", "check", "term"),
    [
        ("oa:start 14 ; oa:end 70", "oa:start 14 ; oa:end 69", "place-outside-the-text-line", "example-trial-line-2"),
        (f"rfy:characterCount {len(TEXT)}", "rfy:characterCount 9", "count-of-another-text", DOCUMENT),
        ("Every 12 hours 50 mg/kg were given.", "FOSCARNET 50 milligrams", "paraphrase-that-is-copied", TWO),
    ],
)
def test_a_fault_against_the_text_is_found_alone(
    before: str, after: str, check: str, term: str, tmp_path: Path
) -> None:
    """The text itself is compared when it is given."""
    assert only(checked(tmp_path, changed(WORDS, before, after), TEXT)) == (check, WORDS, term)


def test_a_text_of_another_module_is_refused(tmp_path: Path) -> None:
    """Where the module has no document, the shipped one is not taken for it."""
    module = write(tmp_path / "m", {"ontology/modules/empty.ttl": ""})

    with pytest.raises(UsageError, match="0 guidances") as error:
        check_paths([module], text=b"any")
    assert error.value.fix


def test_a_whole_knowledge_is_no_module_at_fault(tmp_path: Path) -> None:
    """What is wrong with the knowledge itself is not told as a fault of somebody's module."""
    whole = write(tmp_path / "whole", {p: c.decode() for p, c in shipped().knowledge.files.contents.items()})
    write(whole, {"ontology/modules/broken.ttl": "no turtle"})

    with pytest.raises(KnowledgeError, match="not Turtle"):
        check_paths([whole])


def test_what_is_told_line_by_line_is_a_query() -> None:
    """A name that is no query would leave nothing out, and one that was renamed would be told twice."""
    names = {Path(path).stem for path in shipped().knowledge.files.under("queries/hygiene", ".rq")}

    assert names >= TOLD_LINE_BY_LINE


def test_the_command_names_file_term_reason_and_fix(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As text and as JSON, with exit code 1; and a sound module passes with 0."""
    module = str(write(tmp_path / "m", changed(WORDS, PARAPHRASE, "")))
    assert main(["guidance", "check", module]) == 1
    text = capsys.readouterr().out
    assert main(["guidance", "check", "--knowledge", module, "--format", "json"]) == 1
    *sources, whole = json.loads(capsys.readouterr().out)
    (fault,) = whole["faults"]

    assert f"  - {WORDS}: example-trial-3: " in text
    assert "    Fix: Give it one `rfy:paraphrase`." in text
    assert [source["guidance"] for source in sources] == ["example-trial"]
    assert (whole["guidance"], whole["modules"], whole["cases"]) == (None, ["m"], 1)
    assert set(fault) == {"check", "file", "place", "message", "fix"}
    assert (fault["file"], fault["place"]) == (WORDS, "example-trial-3")
    write(tmp_path / "m", FILES)
    assert main(["guidance", "check", module]) == 0


def test_without_cases_the_command_says_what_was_not_checked(capsys: pytest.CaptureFixture[str]) -> None:
    """The shipped knowledge has no fault, and its cases are checked where they are given."""
    assert main(["guidance", "check"]) == 0
    assert "what needs cases was not checked" in capsys.readouterr().out
    assert main(["guidance", "check", "--cases", str(CASES)]) == 0
    assert "was not checked" not in capsys.readouterr().out
