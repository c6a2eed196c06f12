"""The compiled engine on small worlds: OWL 2 RL rules, comparisons, absences, circles, and the program's file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pyoxigraph import NamedNode, RdfFormat, Triple, parse
from tests.support import knowledge_with, shipped, shipped_files

from refractory.engine.compiled import CompiledReasoner
from refractory.engine.program import compile_program
from refractory.engine.program_file import cache_folder, file_name, load_program, read_program_file, write_program_file
from refractory.errors import ContradictionError, KnowledgeError, RuleError
from refractory.knowledge.files import KnowledgeFiles
from refractory.knowledge.knowledge import Knowledge, load_files
from refractory.model.facts import CaseFacts, canonical
from refractory.model.proof import Derived, Given, Stated

PREFIXES = """
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix rfy: <https://w3id.org/refractory/> .
@prefix ex: <https://example.org/c#> .
"""
GUIDANCE = 'rfy:g a rfy:Guidance ; dcterms:identifier "g" ; owl:versionInfo "1" .'
IDLE = "CONSTRUCT { ?a a rfy:Idle } WHERE { ?a rfy:idle ?b }"
HEADER = "#+ title: A rule\n#+ says: so\n#+ encodes: g-1\nPREFIX rfy: <https://w3id.org/refractory/>\n"


def world(ontology: str, *rules: str) -> Knowledge:
    """Return a small knowledge of an ontology and rules."""
    contents = {
        "ontology/modules/m.ttl": PREFIXES + ontology,
        "ontology/facts/g/g-words.ttl": PREFIXES + GUIDANCE,
        "schemas/case.context.jsonld": shipped_files().text("schemas/case.context.jsonld"),
        **{f"queries/reason/rule-{i}.rq": HEADER + rule for i, rule in enumerate(rules or (IDLE,))},
    }
    return load_files(KnowledgeFiles(Path(), {path: text.encode() for path, text in contents.items()}))


def case(turtle: str) -> CaseFacts:
    """Return the facts of a case; its node is ex:case."""
    quads = parse(PREFIXES + turtle, format=RdfFormat.TURTLE)
    facts = canonical(Triple(q.subject, q.predicate, q.object) for q in quads)
    return CaseFacts(NamedNode("https://example.org/c#case"), facts)


def follows(knowledge: Knowledge, turtle: str) -> set[str]:
    """Return what follows from a case, shortened."""
    (closure,) = CompiledReasoner(knowledge).close([case(turtle)])
    return {
        str(t)
        .replace("https://w3id.org/refractory/", "")
        .replace("https://example.org/c#", "")
        .replace("http://www.w3.org/1999/02/22-rdf-syntax-ns#type", "a")
        .replace("http://www.w3.org/2001/XMLSchema#", "")
        for t in closure.inferred
    }


@pytest.mark.parametrize(
    ("name", "ontology", "fires", "near_miss", "conclusion"),
    [
        ("prp-spo1", "rfy:p rdfs:subPropertyOf rfy:q .", "ex:a rfy:p ex:b .", "ex:a rfy:q ex:b .", "<a> <q> <b>"),
        ("prp-trp", "rfy:p a owl:TransitiveProperty .", "ex:a rfy:p ex:b . ex:b rfy:p ex:c .",
         "ex:a rfy:p ex:b . ex:c rfy:p ex:b .", "<a> <p> <c>"),
        ("prp-symp", "rfy:p a owl:SymmetricProperty .", "ex:a rfy:p ex:b .", "ex:a rfy:q ex:b .", "<b> <p> <a>"),
        ("prp-inv1", "rfy:p owl:inverseOf rfy:q .", "ex:a rfy:p ex:b .", "ex:b rfy:p ex:a .", "<b> <q> <a>"),
        ("prp-inv2", "rfy:p owl:inverseOf rfy:q .", "ex:a rfy:q ex:b .", "ex:b rfy:q ex:a .", "<b> <p> <a>"),
        ("prp-dom", "rfy:p rdfs:domain rfy:C .", "ex:a rfy:p ex:b .", "ex:b rfy:p ex:a .", "<a> <a> <C>"),
        ("prp-rng", "rfy:p rdfs:range rfy:C .", "ex:a rfy:p ex:b .", "ex:b rfy:p ex:a .", "<b> <a> <C>"),
        ("prp-spo2", "rfy:r owl:propertyChainAxiom ( rfy:p rfy:q ) .", "ex:a rfy:p ex:b . ex:b rfy:q ex:c .",
         "ex:a rfy:p ex:b . ex:c rfy:q ex:b .", "<a> <r> <c>"),
        ("cax-sco", "rfy:C rdfs:subClassOf rfy:D .", "ex:a a rfy:C .", "ex:a a rfy:E .", "<a> <a> <D>"),
        ("cls-hv2+cax-sco", "[ owl:onProperty rfy:p ; owl:hasValue rfy:v ] rdfs:subClassOf rfy:C .",
         "ex:a rfy:p rfy:v .", "ex:a rfy:p rfy:w .", "<a> <a> <C>"),
        ("cls-svf1+cax-sco", "[ owl:onProperty rfy:p ; owl:someValuesFrom rfy:D ] rdfs:subClassOf rfy:C .",
         "ex:a rfy:p ex:b . ex:b a rfy:D .", "ex:a rfy:p ex:b . ex:a a rfy:D .", "<a> <a> <C>"),
        ("cls-svf2+cax-sco", "[ owl:onProperty rfy:p ; owl:someValuesFrom owl:Thing ] rdfs:subClassOf rfy:C .",
         "ex:a rfy:p ex:b .", "ex:a rfy:q ex:b .", "<a> <a> <C>"),
        ("cls-int1+cax-sco", "[ owl:intersectionOf ( rfy:A rfy:B ) ] rdfs:subClassOf rfy:C .", "ex:a a rfy:A , rfy:B .",
         "ex:a a rfy:A . ex:b a rfy:B .", "<a> <a> <C>"),
        ("cls-uni+cax-sco", "[ owl:unionOf ( rfy:A rfy:B ) ] rdfs:subClassOf rfy:C .", "ex:a a rfy:B .",
         "ex:a a rfy:D .", "<a> <a> <C>"),
        ("cax-sco+cls-avf", "rfy:C rdfs:subClassOf [ owl:onProperty rfy:p ; owl:allValuesFrom rfy:D ] .",
         "ex:a a rfy:C ; rfy:p ex:b .", "ex:a a rfy:D ; rfy:p ex:b .", "<b> <a> <D>"),
        ("cax-sco+cls-hv1", "rfy:C rdfs:subClassOf [ owl:onProperty rfy:p ; owl:hasValue rfy:v ] .", "ex:a a rfy:C .",
         "ex:a a rfy:D .", "<a> <p> <v>"),
    ],
)  # fmt: skip
def test_each_owl_rule_fires_and_nearly_fires(
    name: str, ontology: str, fires: str, near_miss: str, conclusion: str
) -> None:
    """Each OWL 2 RL rule concludes what it should from what it should, under its W3C name, and not from its like."""
    knowledge = world(ontology)
    (closure,) = CompiledReasoner(knowledge).close([case(fires)])

    assert conclusion in follows(knowledge, fires)
    assert conclusion not in follows(knowledge, near_miss)
    assert name in {s.rule for s in closure.proof.steps.values() if isinstance(s, Derived)}


@pytest.mark.parametrize(
    "ontology",
    ["rfy:C owl:disjointWith rfy:D .", "[ a owl:AllDisjointClasses ; owl:members ( rfy:B rfy:C rfy:D ) ] ."],
)
def test_disjoint_classes_contradict(ontology: str) -> None:
    """A node of two disjoint classes raises, the last of a list included; two nodes do not."""
    knowledge = world(ontology)

    with pytest.raises(ContradictionError, match="C and D"):
        follows(knowledge, "ex:a a rfy:C , rfy:D .")
    assert follows(knowledge, "ex:a a rfy:C . ex:b a rfy:D .") == set()


@pytest.mark.parametrize(
    ("value", "operator", "other", "holds"),
    [
        ('"18"^^xsd:decimal', "<", "18.0", False),
        ('"17.5"^^xsd:decimal', "<", "18", True),
        ('"18.0"^^xsd:decimal', "=", "18", True),
        ('"18.0"^^xsd:decimal', "!=", "18", False),
        ('"abc"^^xsd:decimal', "<", "18", False),
        ('"abc"^^xsd:decimal', ">=", "18", False),
        ('"abc"^^xsd:decimal', "!=", "18", False),
        ('"17"', "<", "18", False),
        ('"17"', "!=", "18", False),
        ('"2026-03-01"^^xsd:date', "<", "18", False),
        ("rfy:v", "!=", "rfy:w", True),
        ("rfy:v", "!=", "rfy:v", False),
        ("rfy:v", "<=", "rfy:v", False),
    ],
)
def test_comparisons_are_by_value_and_strict(value: str, operator: str, other: str, holds: bool) -> None:
    """Numbers compare by value; what is unreadable or of another type satisfies no comparison, positive or negated."""
    knowledge = world("", f"CONSTRUCT {{ ?a a rfy:Yes }} WHERE {{ ?a rfy:p ?v FILTER (?v {operator} {other}) }}")

    assert holds == bool(follows(knowledge, f"ex:a rfy:p {value} ."))


def test_arithmetic_makes_a_number_without_an_exponent() -> None:
    """A product is a plain decimal; a product with something unreadable is nothing."""
    knowledge = world("", "CONSTRUCT { ?a rfy:r ?t } WHERE { ?a rfy:p ?x ; rfy:q ?y BIND (?x * ?y AS ?t) }")
    number = '"{}"^^xsd:decimal'.format

    assert follows(knowledge, f"ex:a rfy:p {number('70.50')} ; rfy:q {number('40.0')} .") == {
        '<a> <r> "2820"^^<decimal>'
    }
    assert follows(knowledge, f"ex:a rfy:p {number('x')} ; rfy:q {number('40.0')} .") == set()


def test_an_absence_is_asked_after_owl_has_had_its_say() -> None:
    """What an axiom makes of a rule's conclusion fills an absence that another rule asks for."""
    knowledge = world(
        "rfy:A rdfs:subClassOf rfy:B .",
        "CONSTRUCT { ?x a rfy:A } WHERE { ?x rfy:p ?y }",
        "CONSTRUCT { ?x a rfy:Without } WHERE { ?x rfy:q ?y FILTER NOT EXISTS { ?x a rfy:B } }",
    )

    assert "<a> <a> <Without>" in follows(knowledge, "ex:a rfy:q ex:b .")
    assert "<a> <a> <Without>" not in follows(knowledge, "ex:a rfy:q ex:b ; rfy:p ex:b .")


def test_an_absence_of_several_patterns_is_the_absence_of_all_together() -> None:
    """A group in NOT EXISTS fails only if all its patterns match with one binding."""
    knowledge = world(
        "", "CONSTRUCT { ?x a rfy:Free } WHERE { ?x a rfy:A FILTER NOT EXISTS { ?x rfy:p ?y . ?y a rfy:B } }"
    )

    assert "<a> <a> <Free>" in follows(knowledge, "ex:a a rfy:A ; rfy:p ex:b . ex:c a rfy:B .")
    assert "<a> <a> <Free>" not in follows(knowledge, "ex:a a rfy:A ; rfy:p ex:b . ex:b a rfy:B .")


def test_absences_in_a_circle_are_refused() -> None:
    """Rules that ask for the absence of what leads to themselves, through OWL too, do not compile."""
    knowledge = world(
        "rfy:X rdfs:subClassOf rfy:Y .",
        "CONSTRUCT { ?a a rfy:X } WHERE { ?a a rfy:A FILTER NOT EXISTS { ?a a rfy:Y } }",
    )

    with pytest.raises(RuleError, match="rule-0"):
        CompiledReasoner(knowledge)


def test_nothing_of_a_case_reaches_the_knowledge() -> None:
    """An axiom that would conclude something about a term of the knowledge stops the reasoning, by name."""
    knowledge = world("rfy:p rdfs:range rfy:C . rfy:v a rfy:Thing .")

    with pytest.raises(KnowledgeError, match="prp-rng"):
        follows(knowledge, "ex:a rfy:p rfy:v .")


def test_a_proof_has_a_step_for_each_fact_and_ends_in_what_is_given_or_stated() -> None:
    """Facts of the case are given, those of the files stated, and what follows from these alone is derived too."""
    knowledge = world(
        "rfy:k a owl:TransitiveProperty . rfy:has owl:propertyChainAxiom ( rfy:has rfy:k ) ."
        "rfy:A rfy:k rfy:B . rfy:B rfy:k rfy:C ."
    )
    (closure,) = CompiledReasoner(knowledge).close([case("ex:a rfy:has rfy:A .")])
    kinds = {type(step) for step in closure.proof.steps.values()}

    assert {Given, Stated, Derived} == kinds
    for fact in closure.inferred:
        *before, last = closure.proof.of(fact)
        assert isinstance(last, Derived)
        assert last.conclusion == fact
        assert {s.conclusion for s in before} >= set(last.premises)


def test_the_program_is_read_back_as_it_was_written() -> None:
    """The file of a program gives the program again, and the same program the same bytes."""
    program = compile_program(shipped().knowledge)
    content = write_program_file(program)

    assert program == read_program_file(content)
    assert content == write_program_file(read_program_file(content))


def test_a_changed_file_of_the_knowledge_is_another_program() -> None:
    """A changed axiom or rule changes the name of the program; a changed question does not."""
    path, rule = "ontology/modules/core.ttl", "queries/reason/failure-is-in-scope.rq"
    text = shipped_files().text(path)
    base = file_name(shipped().knowledge)

    assert base != file_name(knowledge_with({path: text + "\nrfy:isKindOf a owl:SymmetricProperty ."}))
    assert base != file_name(knowledge_with({rule: shipped_files().text(rule) + "\n"}))
    question = "queries/competency/gaps/query.rq"
    assert base == file_name(knowledge_with({question: shipped_files().text(question) + "\n"}))


def test_knowledge_changed_after_it_was_read_is_another_program() -> None:
    """Each axiom taken out in memory gives a name of its own, those of anonymous classes and lists too."""
    knowledge = shipped().knowledge
    names = {file_name(knowledge)}
    for triple in knowledge.logic:
        names.add(file_name(replace(knowledge, logic=tuple(t for t in knowledge.logic if t != triple))))

    assert len(names) == len(set(knowledge.logic)) + 1


def test_a_spoilt_cache_is_compiled_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that cannot be read is not used, and one that cannot be kept is used all the same."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    knowledge = world("rfy:p rdfs:subPropertyOf rfy:q .")
    program = load_program(knowledge)
    kept = cache_folder() / file_name(knowledge)
    assert kept.exists()
    kept.write_bytes(b'{"format": 1, "terms": [')

    assert program == load_program(knowledge)
    monkeypatch.setenv("XDG_CACHE_HOME", str(kept))
    assert program == load_program(knowledge)
