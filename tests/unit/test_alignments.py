"""The alignment files are what the table of codes says, and the table speaks only of declared terms."""

from __future__ import annotations

import importlib.util
import sys
from collections import defaultdict
from pathlib import Path
from types import ModuleType

import pytest
from rdflib import OWL, RDFS, Graph, URIRef

ROOT = Path(__file__).resolve().parents[2]
ONTOLOGY = ROOT / "ontology"
ALIGNMENTS = ONTOLOGY / "alignments"


def _load_tool() -> ModuleType:
    """Import the tool from its file, since ``tools/`` is no package."""
    spec = importlib.util.spec_from_file_location("make_alignments", ROOT / "tools" / "make_alignments.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by its name while they are made.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


tool = _load_tool()
TEXT = (ALIGNMENTS / tool.TABLE).read_text(encoding="utf-8")
TABLE = tool.read_table(TEXT)
HEADER, FIRST_ROW = TEXT[: TEXT.index("rfy:", TEXT.index("subject_id"))], TABLE.mappings[0]


def _expand(curie: str) -> URIRef:
    """Give the IRI of a code with its prefix."""
    prefix, _, code = curie.partition(":")
    return URIRef(TABLE.prefixes[prefix] + code)


def test_the_turtle_is_what_the_table_gives() -> None:
    """Each file is byte for byte what the tool writes, none is missing and none is left over."""
    assert tool.differences(ALIGNMENTS) == []


def test_each_row_is_one_comparison_in_the_turtle() -> None:
    """Read back, the files hold the rows of the table, each once, and no other comparison."""
    graph = Graph()
    for path in ALIGNMENTS.glob("*.ttl"):
        graph.parse(path)
    predicates = {_expand(predicate) for predicate in tool.PREDICATES}
    expected = {(_expand(row.subject), _expand(row.predicate), _expand(row.object)) for row in TABLE.mappings}

    assert expected == {triple for triple in graph if triple[1] in predicates}
    assert len(expected) == len(TABLE.mappings)


def test_every_subject_is_a_declared_term() -> None:
    """A row speaks of a term that the ontology itself labels, outside the alignments."""
    graph = Graph()
    for path in ONTOLOGY.rglob("*.ttl"):
        if ALIGNMENTS not in path.parents:
            graph.parse(path)
    declared = set(graph.subjects(RDFS.label))
    undeclared = sorted({row.subject for row in TABLE.mappings if _expand(row.subject) not in declared})

    assert not undeclared


def test_no_code_is_the_exact_match_of_two_terms() -> None:
    """An exact match may stand in for the term, so it belongs to one term alone."""
    terms: dict[str, set[str]] = defaultdict(set)
    for row in TABLE.mappings:
        if row.predicate == "skos:exactMatch":
            terms[row.object].add(row.subject)
    shared = {code: subjects for code, subjects in terms.items() if len(subjects) > 1}

    assert terms
    assert not shared


def test_no_term_is_exactly_two_codes_of_one_vocabulary() -> None:
    """Two exact matches in one vocabulary would say that two of its codes mean the same."""
    codes: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in TABLE.mappings:
        if row.predicate == "skos:exactMatch":
            codes[row.subject, row.prefix].add(row.object)
    doubled = {key: found for key, found in codes.items() if len(found) > 1}

    assert codes
    assert not doubled


def test_no_text_of_snomed_ct_is_given() -> None:
    """Its codes stand alone, in the table and in the file."""
    rows = [row for row in TABLE.mappings if row.prefix == "SCTID"]

    assert rows
    assert not any(row.object_label for row in rows)


def test_nothing_imports_an_alignment() -> None:
    """The alignments stand beside the ontology, and no file of it imports one."""
    files = list(ONTOLOGY.rglob("*.ttl"))
    importing = [
        path.name
        for path in files
        if any(str(iri).startswith(tool.ONTOLOGY) for iri in Graph().parse(path).objects(None, OWL.imports))
    ]

    assert files
    assert not importing


def test_an_empty_table_is_refused() -> None:
    """A table without rows is a fault, and not an alignment with nothing."""
    with pytest.raises(ValueError, match="no row"):
        tool.read_table(HEADER)


def test_other_columns_are_refused() -> None:
    """A table with another head is not read by position."""
    with pytest.raises(ValueError, match="columns must be"):
        tool.read_table(TEXT.replace("object_source", "source_of_object", 1))


def test_a_vocabulary_without_rows_is_refused() -> None:
    """No file is written that compares nothing."""
    only = tool.Table(TABLE.prefixes, (FIRST_ROW,))

    with pytest.raises(ValueError, match="no row for"):
        tool.render_all(only)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("rfy:X\tx\tskos:exactMatch\tATC:A1\ta\tsemapv:ManualMappingCuration\tbioregistry:atc", "7 cells"),
        (
            "rfy:X\t\tskos:exactMatch\tATC:A1\ta\tsemapv:ManualMappingCuration\tbioregistry:atc\tc",
            "subject_label is empty",
        ),
        ("rfy:X\tx\tskos:exactMatch\tATX:A1\ta\tsemapv:ManualMappingCuration\tbioregistry:atc\tc", "curie_map"),
        ("rfy:X\tx\tskos:exactMatch\tATC:A 1\ta\tsemapv:ManualMappingCuration\tbioregistry:atc\tc", "curie_map"),
        ("skos:X\tx\tskos:exactMatch\tATC:A1\ta\tsemapv:ManualMappingCuration\tbioregistry:atc\tc", "term of ours"),
        ("rfy:X\tx\tskos:sameMatch\tATC:A1\ta\tsemapv:ManualMappingCuration\tbioregistry:atc\tc", "predicate_id"),
        ("rfy:X\tx\tskos:exactMatch\tATC:A1\ta\tsemapv:LexicalMatching\tbioregistry:atc\tc", "mapping_justification"),
        ("rfy:X\tx\tskos:exactMatch\tATC:A1\ta\tsemapv:ManualMappingCuration\tbioregistry:unii\tc", "object_source"),
    ],
)
def test_a_bad_row_is_refused_with_its_line(row: str, says: str) -> None:
    """A row that would need a guess is refused, and the message names the line and the fault."""
    with pytest.raises(ValueError, match=rf"line \d+: .*{says}"):
        tool.read_table(HEADER + row + "\n")


def test_a_pair_that_stands_twice_is_refused() -> None:
    """One term and one code are compared once."""
    row = "rfy:X\tx\tskos:exactMatch\tATC:A1\ta\tsemapv:ManualMappingCuration\tbioregistry:atc\tc\n"

    assert len(tool.read_table(HEADER + row).mappings) == 1
    with pytest.raises(ValueError, match="twice"):
        tool.read_table(HEADER + row + row.replace("exact", "close"))


def test_check_sees_a_changed_a_missing_and_a_left_over_file(tmp_path: Path) -> None:
    """The comparison names each of the three, and nothing when all is as written."""
    (tmp_path / tool.TABLE).write_text(TEXT, encoding="utf-8")
    for name, text in tool.render_all(TABLE).items():
        (tmp_path / name).write_text(text, encoding="utf-8")

    assert tool.differences(tmp_path) == []

    (tmp_path / "atc.ttl").write_text("", encoding="utf-8")
    (tmp_path / "loinc.ttl").unlink()
    (tmp_path / "other.ttl").write_text("", encoding="utf-8")

    assert tool.differences(tmp_path) == ["atc.ttl", "loinc.ttl", "other.ttl"]
