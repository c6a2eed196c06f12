"""Exports are RDF that any store loads: what is read back is what was written, and the bytes are always the same."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterable

import pytest
import rdflib
from pyoxigraph import BlankNode, CanonicalizationAlgorithm, Dataset, Quad, RdfFormat, Triple, parse
from tests.support import ROOT, read_case, shipped

from refractory import Assessment
from refractory.errors import UsageError
from refractory.export.rdf import FORMATS, export_case, export_knowledge, write, write_triples
from refractory.model.assessment import assessment_triples, part_of
from refractory.model.graphs import case_graphs
from refractory.model.interchange import from_rdflib
from refractory.vocabulary import Rdf, Rdfs, rfy

FORMS = sorted(FORMATS)
ANSWER = shipped().assess(read_case("design-example"))


def canonical(quads: Iterable[Quad]) -> Dataset:
    """Return quads in the canonical form of the W3C, in which isomorphic datasets are equal."""
    dataset = Dataset(quads)
    dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    return dataset


def without_graphs(quads: Iterable[Quad]) -> list[Quad]:
    """Return quads in the default graph."""
    return [Quad(q.subject, q.predicate, q.object) for q in quads]


def quads_of(answer: Assessment) -> list[Quad]:
    """Return the named graphs of a case as quads."""
    graphs = case_graphs(answer)
    return [Quad(t.subject, t.predicate, t.object, name) for name in graphs for t in graphs[name]]


@pytest.mark.parametrize("form", FORMS)
def test_the_knowledge_is_read_back_as_it_was_written(form: str) -> None:
    """Every triple is there, words included, and no other."""
    written = export_knowledge(shipped().knowledge, form)
    expected = [Quad(t.subject, t.predicate, t.object) for t in shipped().knowledge.triples]

    assert canonical(expected) == canonical(parse(written.encode(), format=FORMATS[form]))


@pytest.mark.parametrize("form", FORMS)
def test_a_case_is_read_back_in_its_three_graphs(form: str) -> None:
    """Turtle merges them; the others keep them apart."""
    written = export_case(ANSWER, form)
    expected = quads_of(ANSWER)
    if form == "turtle":
        expected = without_graphs(expected)

    assert canonical(expected) == canonical(parse(written.encode(), format=FORMATS[form]))


def test_the_graphs_of_a_case_are_named_by_what_they_hold() -> None:
    """What was said, what follows and what is concluded stand apart."""
    graphs = {str(q.graph_name).removeprefix(f"<{ANSWER.case}#graph.").removesuffix(">") for q in quads_of(ANSWER)}
    asserted = {Triple(q.subject, q.predicate, q.object) for q in quads_of(ANSWER) if "asserted" in str(q.graph_name)}

    assert {"asserted", "inferred", "assessment"} == graphs
    assert set(ANSWER.facts.asserted) == asserted


@pytest.mark.parametrize(("form", "name"), [("turtle", "turtle"), ("nquads", "nquads"), ("jsonld", "json-ld")])
def test_another_library_reads_the_same(form: str, name: str) -> None:
    """Rdflib finds in an export what pyoxigraph wrote."""
    read = rdflib.Dataset()
    read.parse(data=export_case(ANSWER, form), format=name)
    found = {from_rdflib((subject, predicate, value)) for subject, predicate, value, _ in read.quads()}

    assert {Triple(q.subject, q.predicate, q.object) for q in quads_of(ANSWER)} == found


@pytest.mark.parametrize("form", FORMS)
def test_neither_order_nor_names_of_blank_nodes_change_a_byte(form: str) -> None:
    """The same knowledge is the same file."""
    quads = [Quad(t.subject, t.predicate, t.object) for t in shipped().knowledge.triples]
    names: dict[BlankNode, BlankNode] = {}

    def renamed(term: object) -> object:
        return names.setdefault(term, BlankNode()) if isinstance(term, BlankNode) else term

    shuffled = [Quad(renamed(q.subject), q.predicate, renamed(q.object)) for q in quads]  # type: ignore[arg-type]
    random.Random(1).shuffle(shuffled)  # noqa: S311 - no secret

    assert names
    assert write(quads, form) == write(shuffled, form)


def test_the_command_writes_the_same_bytes_whatever_the_hash_seed() -> None:
    """Two processes with different seeds agree."""
    outputs = set()
    for seed in ("0", "1"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT / "src")}
        command = [sys.executable, "-m", "refractory", "export", "--format", "turtle"]
        outputs.add(subprocess.run(command, check=True, capture_output=True, env=environment).stdout)

    assert len(outputs) == 1


def test_prefixes_are_sorted_and_used() -> None:
    """The head of a file is as stable as the rest."""
    lines = write_triples(assessment_triples(ANSWER)).splitlines()
    prefixes = [line for line in lines if line.startswith("@prefix")]

    assert sorted(prefixes) == prefixes == lines[: len(prefixes)]
    assert any(line.startswith("@prefix rfy:") for line in prefixes)
    assert list(parse("\n".join(lines).encode(), format=RdfFormat.TURTLE))


def test_an_unknown_form_is_a_wrong_call() -> None:
    """The error names the forms there are."""
    with pytest.raises(UsageError, match="rdfxml") as error:
        export_knowledge(shipped().knowledge, "rdfxml")

    assert "turtle" in error.value.fix


def test_positions_and_disagreements_stand_in_the_graph_of_an_assessment() -> None:
    """By the names that the ontology has for them, with each side and each source; every term is declared."""
    triples = set(assessment_triples(ANSWER))
    node = part_of(ANSWER.facts.case, "assessment")
    found = part_of(ANSWER.facts.case, "disagreement.DoseDisagreement.SwitchToFoscarnet")
    advice = part_of(ANSWER.facts.case, "recommendation.SwitchToFoscarnet")
    (conflict,) = (c for c in ANSWER.conflicts if c.name == "DoseDisagreement")

    assert Triple(node, rfy("hasFoundDisagreement"), found) in triples
    assert Triple(found, rfy("isDisagreementOn"), rfy("SwitchToFoscarnet")) in triples
    for position in conflict.positions:
        assert Triple(found, rfy("hasSide"), rfy(position.name)) in triples
        assert Triple(found, rfy("isDisagreementOf"), rfy(position.source)) in triples
    for time in ANSWER.failure.times:
        assert Triple(node, rfy("hasPosition"), rfy(time.name)) in triples
    assert Triple(advice, rfy("hasPosition"), rfy("eacs-foscarnet")) in triples
    assert all(shipped().knowledge.text(t.predicate, Rdfs.LABEL) for t in triples if t.predicate != Rdf.TYPE)
