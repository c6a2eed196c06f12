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
EXAMPLE = "https://w3id.org/refractory/ontology/facts/example-trial/"

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


# Each: the file that is changed, what, into what; then the check that finds it, its file, and its term.
FAULTS = [
    # ---- a source and its lines ----
    (WORDS, "rfy:lineCount 4", "rfy:lineCount 5", "line-without-a-node", WORDS, "line 5"),
    (WORDS, "rfy:lineCount 4", "rfy:lineCount 3", "line-that-is-not-there", WORDS, "example-trial-line-4"),
    (WORDS, ' rfy:carriesNothingBecause "A heading."@en ;', "", "line-without-a-home", WORDS, "example-trial-line-1"),
    (
        WORDS,
        LINE_4,
        LINE_4.replace("line-4", "line-1"),
        "line-without-a-home",
        WORDS,
        "example-trial-line-4",
    ),
    (
        WORDS,
        'rfy:lineNumber 3 ;',
        'rfy:lineNumber 3 ; rfy:carriesNothingBecause "Left out."@en ;',
        "line-that-carries-something",
        WORDS,
        "example-trial-line-3",
    ),
    (WORDS, SELECTOR_2, "", "statement-without-a-place", WORDS, "example-trial-2"),
    (WORDS, "oa:start 14 ; oa:end 50", "oa:start 3 ; oa:end 50", "place-outside-its-line", WORDS, "example-trial-2"),
    # ---- hygiene ----
    (WORDS, PARAPHRASE, "", "statement-without-a-paraphrase", WORDS, "example-trial-3"),
    (WORDS, "rfy:hasModality rfy:AssertedModality ;", "", "statement-without-a-modality", WORDS, "example-trial-2"),
    (WORDS, "rfy:AssertedModality", "rfy:AsertedModality", None, WORDS, "AsertedModality"),
    (WORDS, 'rdfs:label "example caution"@en ;', "", "term-without-a-label", LOGIC, "ExampleCaution"),
    (WORDS, '"example caution"@en', '"example caution "@en', "text-with-stray-blanks", WORDS, "ExampleCaution"),
    (WORDS, '"example caution"@en', '"Foscarnet"@en', "label-of-two-terms", WORDS, "ExampleCaution"),
    (WORDS, 'rfy:sureness "unmarked"', 'rfy:sureness "S9"', "source-beside-without-its-particulars", WORDS, "example-trial"),
    (LOGIC, "rfy:encodes rfy:example-trial-2", "rfy:encodes rfy:eacs-1", None, LOGIC, "example-trial-dose"),
    (LOGIC, "rfy:HivPopulation", "", None, LOGIC, ""),
]
