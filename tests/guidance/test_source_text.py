"""Encoded guidance is held against its text: no line without a home, no place that is not on its line."""

from __future__ import annotations

import hashlib

import pytest

from refractory.errors import UsageError
from refractory.guidance.check import KnowledgeCheck, summary
from refractory.guidance.graph import GuidanceGraph
from refractory.guidance.source_text import GuidanceCheck, check_sources
from refractory.knowledge.files import KnowledgeFiles
from refractory.knowledge.knowledge import Knowledge, load_files
from tests.support import shipped, shipped_files

# A small source of our own. It has characters of more than one byte, so that bytes and characters differ.
TEXT = "Überschrift\nRest in bed; toûjours\nThen come back:\n"

SOURCE = f"""
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix oa: <http://www.w3.org/ns/oa#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rfy: <https://w3id.org/refractory/> .

rfy:tiny a rfy:Guidance ; dcterms:identifier "tiny" ; owl:versionInfo "1.0.0" ;
    rfy:hasSourceDocument rfy:tiny-document .
rfy:tiny-document a rfy:SourceDocument ; rfy:lineCount 3 ; rfy:characterCount 50 ;
    rfy:sha256 "{hashlib.sha256(TEXT.encode()).hexdigest()}" .

rfy:tiny-line-1 a rfy:SourceLine ; rfy:inDocument rfy:tiny-document ; rfy:lineNumber 1 ;
    rfy:hasSelector [ oa:start 0 ; oa:end 11 ] ; rfy:carriesNothingBecause "A heading." .
rfy:tiny-line-2 a rfy:SourceLine ; rfy:inDocument rfy:tiny-document ; rfy:lineNumber 2 ;
    rfy:hasSelector [ oa:start 12 ; oa:end 33 ] .
rfy:tiny-2 a rfy:Statement ; rfy:ofGuidance rfy:tiny ; rfy:onLine rfy:tiny-line-2 ; rfy:hasModality rfy:AllModality ;
    rfy:hasSelector [ oa:start 12 ; oa:end 23 ] ; rfy:paraphrase "Bed rest is for everybody." .
rfy:tiny-line-3 a rfy:SourceLine ; rfy:inDocument rfy:tiny-document ; rfy:lineNumber 3 ;
    rfy:hasSelector [ oa:start 34 ; oa:end 49 ] .
rfy:tiny-gap-3 a rfy:Gap ; rfy:ofGuidance rfy:tiny ; rfy:onLine rfy:tiny-line-3 ;
    rfy:paraphrase "When to return is not said." ; rfy:asks "When?" .
"""

RULE = """#+ title: Rest
#+ says: rest
#+ encodes: tiny-2
#+ shown-by: none

PREFIX rfy: <https://w3id.org/refractory/>

CONSTRUCT { ?case rfy:recommends rfy:Rest } WHERE { ?case a rfy:Case }
"""


def tiny(source: str = SOURCE, rule: str = RULE, guidance: list[str] | None = None) -> Knowledge:
    """Return knowledge with the small source beside the shipped ones."""
    new = {"ontology/facts/tiny/source-words.ttl": source.encode(), "queries/reason/rest.rq": rule.encode()}
    files = KnowledgeFiles(shipped_files().root, {**shipped_files().contents, **new})
    return load_files(files, guidance or ["tiny"])


def checked(source: str = SOURCE, rule: str = RULE, text: str | None = TEXT) -> GuidanceCheck:
    """Return what is found of the small source."""
    (found,) = check_sources(GuidanceGraph(tiny(source, rule)), text.encode() if text is not None else None)
    return found


def told(found: GuidanceCheck) -> str:
    """Return what is found of a source as people read it."""
    return summary(KnowledgeCheck((), 0, True, (found,), ()))


def test_sound_guidance_has_no_fault() -> None:
    """Hash, lines, characters and ranges agree, counted in characters and not in bytes."""
    found = checked()

    assert () == found.faults
    assert (3, 1, 1, True) == (found.lines, found.statements, found.gaps, found.compared)
    assert "The text was compared" in told(found)


def test_the_shipped_guidance_has_no_fault_and_says_what_was_not_compared() -> None:
    """All 45 lines have a home; the text itself is not here, and the check says so."""
    note, reading, *beside = check_sources(GuidanceGraph(shipped().knowledge))

    assert len(beside) == len(shipped().guidance) - 2
    assert {()} == {checked.faults for checked in (note, reading, *beside)}
    assert note.lines == 45
    assert not note.compared
    assert "not compared" in told(note)
    assert "not compared" not in told(reading)


@pytest.mark.parametrize(
    ("before", "after", "place", "message"),
    [
        ("rfy:lineNumber 3", "rfy:lineNumber 4", "line 3", "0 nodes"),
        ("rfy:lineNumber 3", "rfy:lineNumber 2", "line 2", "2 nodes"),
        ("rfy:lineCount 3", "rfy:lineCount 4", "line 4", "0 nodes"),
        ("rfy:lineCount 3", "rfy:lineCount 2", "tiny-line-3", "no line 3"),
        (' ; rfy:carriesNothingBecause "A heading."', "", "tiny-line-1", "nothing is said"),
        ("oa:end 33 ]", 'oa:end 33 ] ; rfy:carriesNothingBecause "A heading."', "tiny-line-2", "tiny-2 stands on it"),
        ("rfy:hasSelector [ oa:start 34 ; oa:end 49 ]", 'rfy:section "Then"', "tiny-line-3", "no range"),
        ("rfy:hasSelector [ oa:start 12 ; oa:end 23 ] ;", "", "tiny-2", "no range"),
        ("oa:start 12 ; oa:end 23", "oa:start 11 ; oa:end 23", "tiny-2", "not on line 2"),
        ("oa:start 12 ; oa:end 23", "oa:start 23 ; oa:end 23", "tiny-2", "not on line 2"),
        ("rfy:onLine rfy:tiny-line-2", "rfy:onLine rfy:valacyclovir-failure-line-2", "tiny-2", "no line"),
    ],
)
def test_a_fault_of_the_coverage_is_found_without_the_text(before: str, after: str, place: str, message: str) -> None:
    """Each fault names its place and says how to mend it."""
    assert SOURCE.count(before) == 1
    found = checked(SOURCE.replace(before, after), text=None)

    assert [fault for fault in found.faults if place == fault.term and message in fault.message]
    assert all(fault.fix for fault in found.faults)


@pytest.mark.parametrize(
    ("before", "after", "place", "message"),
    [
        ("oa:start 34 ; oa:end 49", "oa:start 34 ; oa:end 50", "tiny-line-3", "not that of line 3"),
        ("oa:start 12 ; oa:end 33", "oa:start 12 ; oa:end 30", "tiny-line-2", "not that of line 2"),
        ("oa:start 12 ; oa:end 23", "oa:start 12 ; oa:end 34", "tiny-2", "not on line 2"),
        ("rfy:characterCount 50", "rfy:characterCount 53", "tiny-document", "the text has 50"),
        ("Bed rest is for everybody.", "REST in bed, toûjours", "tiny-2", "copied"),
    ],
)
def test_a_fault_against_the_text_is_found_with_it(before: str, after: str, place: str, message: str) -> None:
    """Ranges, counts and copies are compared with the text itself."""
    found = checked(SOURCE.replace(before, after))

    assert [fault for fault in found.faults if place == fault.term and message in fault.message]


@pytest.mark.parametrize("text", [TEXT.replace("bed", "bad"), TEXT.replace("\n", "\r\n"), TEXT + "more\n", ""])
def test_another_text_is_not_the_one_that_was_encoded(text: str) -> None:
    """One changed character is enough."""
    assert "SHA-256" in checked(text=text).faults[0].message


def test_a_text_that_is_not_utf_8_is_a_fault() -> None:
    """It is told as a fault of the text and stops nothing else."""
    (found,) = check_sources(GuidanceGraph(tiny()), b"\xff")

    assert "not UTF-8 at byte 1" in found.faults[-1].message


def test_a_text_belongs_to_one_source() -> None:
    """With two documents in use it must be said which of them is meant."""
    both = tiny(guidance=["tiny", "valacyclovir-failure"])

    with pytest.raises(UsageError, match="2 guidances") as error:
        check_sources(GuidanceGraph(both), TEXT.encode())
    assert "tiny" in error.value.fix
