"""The OWL that the reasoner understands, and what it refuses by name."""

from __future__ import annotations

import pytest
from pyoxigraph import RdfFormat, Triple, parse
from tests.support import knowledge_with, shipped, shipped_files

from refractory import Case, ContradictionError, KnowledgeBase
from refractory.engine.axioms import read_axioms
from refractory.errors import KnowledgeError
from refractory.vocabulary import rfy

PREFIXES = """
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix rfy: <https://w3id.org/refractory/> .
"""


def triples(turtle: str) -> list[Triple]:
    """Return the triples of a Turtle text without its prefixes."""
    return [Triple(q.subject, q.predicate, q.object) for q in parse(PREFIXES + turtle, format=RdfFormat.TURTLE)]


@pytest.mark.parametrize(
    ("axiom", "name"),
    [
        ("rfy:p a owl:TransitiveProperty .", "prp-trp"),
        ("rfy:p a owl:SymmetricProperty .", "prp-symp"),
        ("rfy:p rdfs:subPropertyOf rfy:q .", "prp-spo1"),
        ("rfy:p rdfs:domain rfy:C .", "prp-dom"),
        ("rfy:p rdfs:range rfy:C .", "prp-rng"),
        ("rfy:p owl:inverseOf rfy:q .", "prp-inv1"),
        ("rfy:p owl:propertyChainAxiom ( rfy:p rfy:q ) .", "prp-spo2"),
        ("rfy:C rdfs:subClassOf rfy:D .", "cax-sco"),
        ("rfy:p owl:equivalentProperty rfy:q .", "prp-spo1"),
        ("rfy:C owl:equivalentClass rfy:D .", "cax-sco"),
        ("rfy:C owl:disjointWith rfy:D .", "cax-dw"),
        ("[ a owl:AllDisjointClasses ; owl:members ( rfy:C rfy:D rfy:E ) ] .", "cax-adc"),
        ("[ owl:onProperty rfy:p ; owl:someValuesFrom rfy:C ] rdfs:subClassOf rfy:D .", "cls-svf1+cax-sco"),
        ("[ owl:onProperty rfy:p ; owl:someValuesFrom owl:Thing ] rdfs:subClassOf rfy:D .", "cls-svf2+cax-sco"),
        ("[ owl:intersectionOf ( rfy:C rfy:D ) ] rdfs:subClassOf rfy:E .", "cls-int1+cax-sco"),
        ("[ owl:unionOf ( rfy:C rfy:D ) ] rdfs:subClassOf rfy:E .", "cls-uni+cax-sco"),
        ("rfy:C rdfs:subClassOf [ owl:onProperty rfy:p ; owl:allValuesFrom rfy:D ] .", "cax-sco+cls-avf"),
        ("rfy:C rdfs:subClassOf [ owl:onProperty rfy:p ; owl:hasValue rfy:x ] .", "cax-sco+cls-hv1"),
        (
            "[ a owl:Restriction ; owl:onProperty rfy:p ; owl:hasValue rfy:x ] rdfs:subClassOf rfy:C .",
            "cls-hv2+cax-sco",
        ),
    ],
)
def test_what_is_understood_has_the_name_of_its_owl_rule(axiom: str, name: str) -> None:
    """Each understood axiom is read as the OWL 2 RL rule that it drives."""
    assert name in {dependency.name for dependency in read_axioms(triples(axiom))}


@pytest.mark.parametrize(
    "axiom",
    [
        "rfy:p a owl:FunctionalProperty .",
        "rfy:C owl:hasKey ( rfy:p ) .",
        "rfy:C owl:oneOf ( rfy:x rfy:y ) .",
        "rfy:x owl:sameAs rfy:y .",
        "rfy:p a owl:InverseFunctionalProperty .",
        "[ a owl:Restriction ; owl:onProperty rfy:p ; owl:maxCardinality 1 ] rdfs:subClassOf rfy:C .",
        "[ a owl:AllDifferent ; owl:members ( rfy:x rfy:y ) ] .",
        "rfy:C rdfs:subClassOf [ a owl:Restriction ; owl:onProperty rfy:p ; owl:someValuesFrom rfy:D ] .",
        "rfy:p owl:propertyDisjointWith rfy:q .",
    ],
)
def test_what_is_not_understood_is_refused_and_never_under_inferred(axiom: str) -> None:
    """An axiom outside the list is an error, in the unit and when a whole knowledge is loaded with it."""
    with pytest.raises(KnowledgeError):
        read_axioms(triples(axiom))

    changed = {"ontology/modules/zz-extra.ttl": PREFIXES + axiom}
    with pytest.raises(KnowledgeError):
        _ = KnowledgeBase(knowledge_with(changed)).reasoner


def test_a_node_of_two_parts_is_a_contradiction() -> None:
    """A node that is both a treatment and a result makes the closure inconsistent, and nothing is concluded."""
    case = Case.from_turtle(
        PREFIXES.encode()
        + b"""<urn:example:case> a rfy:Case ;
            rfy:hasTreatment <urn:example:x> ; rfy:hasSusceptibilityResult <urn:example:x> .
        <urn:example:x> rfy:usesDrug rfy:Valacyclovir ; rfy:hasTreatmentStatus rfy:Ongoing ;
            rfy:testsDrug rfy:Acyclovir ; rfy:hasInterpretation rfy:Resistant ."""
    )

    with pytest.raises(ContradictionError):
        shipped().assess(case)


def test_a_prodrug_added_in_turtle_alone_shares_its_active_drug_s_resistance() -> None:
    """Cross-resistance is derived: a new prodrug of acyclovir becomes `Confirmed` with it, without a line of Python."""
    path = "ontology/modules/antivirals.ttl"
    turtle = (
        shipped_files().contents[path].decode()
        + "rfy:Acyclovir rfy:isActiveFormOf rfy:Newaciclovir . rfy:Newaciclovir a rfy:Drug ."
    )
    base = KnowledgeBase(knowledge_with({path: turtle}))
    result = {"drug": "Acyclovir", "interpretation": "Resistant"}
    case = Case.from_json({"id": "urn:example:case", "susceptibility": [result]}, base.knowledge)
    of_the_prodrug = Case.from_json(
        {"id": "urn:example:case", "susceptibility": [{**result, "drug": "Newaciclovir"}]}, base.knowledge
    )

    assert {"Confirmed"} == {r.status for r in base.assess(case).resistance if r.drug in ("Newaciclovir", "Acyclovir")}
    assert "Newaciclovir" in {r.drug for r in base.assess(case).resistance}
    assert (
        base.assess(case).findings.to_json()["resistance"]
        == base.assess(of_the_prodrug).findings.to_json()["resistance"]
    )


def test_populations_are_inferred() -> None:
    """A kind of a fact makes its patient a member of the population, and of the one above."""
    case = Case.from_json({"id": "urn:example:case", "present": ["SolidOrganTransplantHistory"]})
    classes = {t.object for t in shipped().assess(case).closure.inferred if t.predicate.value.endswith("#type")}

    assert {rfy("TransplantRecipient"), rfy("ImmunocompromisedPatient")} <= classes
    assert rfy("PatientWithHivInfection") not in classes
