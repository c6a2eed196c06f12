"""The proof checker on knowledge small enough to prove by hand: what it accepts, and all that it must refuse."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from pyoxigraph import BlankNode, Literal, NamedNode, Triple
from tests.support import shipped

from refractory.checker.axioms import Axioms
from refractory.checker.check import Checker, check
from refractory.checker.matching import plain
from refractory.checker.rules import read_rule
from refractory.checker.sources import read_logic, read_rules
from refractory.checker.values import Comparison, Operation, evaluate, value, writes
from refractory.errors import KnowledgeError, RuleError
from refractory.knowledge.files import KnowledgeFiles
from refractory.knowledge.knowledge import Knowledge, load_files
from refractory.model.facts import CaseFacts
from refractory.model.proof import AbsentPattern, Derived, Given, Proof, Stated, Step, Term
from refractory.vocabulary import Owl, Rdf, Xsd, rfy

PREFIXES = """
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix rfy: <https://w3id.org/refractory/> .
"""
SOURCE = """
@prefix dcterms: <http://purl.org/dc/terms/> .
rfy:book a rfy:Guidance ; dcterms:identifier "book" ; owl:versionInfo "1" .
"""
HEADER = "#+ title: A rule\n#+ says: it is so\n#+ encodes: book-1\nPREFIX rfy: <https://w3id.org/refractory/>\n"
IDLE = "CONSTRUCT { ?x a rfy:Never } WHERE { ?x rfy:never ?y }"


def term(text: str) -> Term:
    """Return a term as tests write it: `5` and `5.0` are numbers, a day is a date, the rest are names of ours."""
    if text == "a":
        return Rdf.TYPE
    if text == "Thing":
        return Owl.THING
    if text.replace(".", "", 1).lstrip("-").isdigit():
        return Literal(text, datatype=Xsd.DECIMAL if "." in text else Xsd.INTEGER)
    return Literal(text, datatype=Xsd.DATE) if text.count("-") == 2 else rfy(text)


def fact(text: str) -> Triple:
    """Return a fact written as three words."""
    subject, predicate, value_ = map(term, text.split())
    assert isinstance(subject, NamedNode)
    assert isinstance(predicate, NamedNode)
    return Triple(subject, predicate, value_)


def facts(*texts: str) -> tuple[Triple, ...]:
    """Return facts, each written as three words."""
    return tuple(map(fact, texts))


def absence(text: str) -> AbsentPattern:
    """Return an absent pattern written as three words; `_` is anything."""
    subject, predicate, value_ = (None if word == "_" else term(word) for word in text.split())
    assert isinstance(predicate, NamedNode)
    return (subject, predicate, value_)


def knowledge(turtle: str = "", rules: Mapping[str, str] | None = None) -> Knowledge:
    """Return a knowledge of one module and some rules."""
    contents = {
        "ontology/modules/module.ttl": PREFIXES + turtle,
        "ontology/facts/book/source-words.ttl": PREFIXES + SOURCE,
        **{f"queries/reason/{name}.rq": HEADER + text for name, text in (rules or {"idle": IDLE}).items()},
    }
    return load_files(KnowledgeFiles(Path("memory"), {path: text.encode() for path, text in contents.items()}))


@dataclass(frozen=True)
class Argument:
    """A proof and what it is about; the set of facts is what was said and what was derived, unless said otherwise."""

    knowledge: Knowledge
    said: tuple[Triple, ...]
    steps: tuple[Step, ...]
    beyond: frozenset[Triple] = frozenset()
    left_out: frozenset[Triple] = frozenset()
    about_knowledge: frozenset[Triple] = field(default_factory=frozenset)

    def faults(self, *, without_step: Iterable[Triple] = ()) -> list[tuple[Triple, str]]:
        """Return what the checker finds wrong."""
        steps: dict[Triple, Step] = {t: Given(t, "somewhere") for t in self.said}
        steps |= {step.conclusion: step for step in self.steps}
        derived = {step.conclusion for step in self.steps if isinstance(step, Derived)} - self.about_knowledge
        proof = Proof({t: step for t, step in steps.items() if t not in set(without_step)})
        case = CaseFacts(rfy("case"), self.said)
        complete = ({*self.said} | derived | self.beyond) - self.left_out
        return [(f.fact, f"{f.what} {f.why}") for f in check(self.knowledge, case, complete, proof)]

    def refused_for(self, what: str, *, of: str | None = None, without_step: Iterable[Triple] = ()) -> bool:
        """Say whether the checker refuses the proof, for a reason that contains a text, of a fact."""
        found = self.faults(without_step=without_step)
        assert found, "the proof was accepted"
        return any(what in text and (of is None or t == fact(of)) for t, text in found)

    def with_step(self, number: int, **changes: object) -> Argument:
        """Return the argument with a derived step changed."""
        steps = list(self.steps)
        step = steps[number]
        assert isinstance(step, Derived)
        steps[number] = replace(step, **changes)  # type: ignore[arg-type]  # the names are those of Derived
        return replace(self, steps=tuple(steps))


# ---- OWL: each row of the table in docs/proofs.md ----

OWL_ROWS = {
    "prp-spo1": ("rfy:p rdfs:subPropertyOf rfy:q .", "p q", ["x p y"], "x q y"),
    "prp-spo1 of equivalents": ("rfy:q owl:equivalentProperty rfy:p .", "p q", ["x p y"], "x q y"),
    "prp-trp": ("rfy:p a owl:TransitiveProperty .", "p", ["x p y", "y p z"], "x p z"),
    "prp-symp": ("rfy:p a owl:SymmetricProperty .", "p", ["x p y"], "y p x"),
    "prp-inv1": ("rfy:p owl:inverseOf rfy:q .", "p q", ["x p y"], "y q x"),
    "prp-inv2": ("rfy:p owl:inverseOf rfy:q .", "p q", ["x q y"], "y p x"),
    "prp-dom": ("rfy:p rdfs:domain rfy:C .", "p C", ["x p y"], "x a C"),
    "prp-rng": ("rfy:p rdfs:range rfy:C .", "p C", ["x p y"], "y a C"),
    "prp-spo2": ("rfy:p owl:propertyChainAxiom (rfy:q rfy:r) .", "p q r", ["x q y", "y r z"], "x p z"),
    "prp-spo2 of three": (
        "rfy:p owl:propertyChainAxiom (rfy:q rfy:r rfy:s) .", "p q r s", ["x q y", "y r z", "z s w"], "x p w",
    ),
    "cax-sco": ("rfy:C rdfs:subClassOf rfy:D .", "C D", ["x a C"], "x a D"),
    "cls-hv2+cax-sco": (
        "[ a owl:Restriction ; owl:onProperty rfy:p ; owl:hasValue rfy:v ] rdfs:subClassOf rfy:D .",
        "p v D", ["x p v"], "x a D",
    ),
    "cls-hv2+cax-sco of a number": (
        "[ a owl:Restriction ; owl:onProperty rfy:p ; owl:hasValue 5 ] rdfs:subClassOf rfy:D .",
        "p 5 D", ["x p 5"], "x a D",
    ),
    "cls-svf1+cax-sco": (
        "[ a owl:Restriction ; owl:onProperty rfy:p ; owl:someValuesFrom rfy:C ] rdfs:subClassOf rfy:D .",
        "p C D", ["x p y", "y a C"], "x a D",
    ),
    "cls-svf2+cax-sco": (
        "[ a owl:Restriction ; owl:onProperty rfy:p ; owl:someValuesFrom owl:Thing ] rdfs:subClassOf rfy:D .",
        "p D", ["x p y"], "x a D",
    ),
    "cls-int1+cax-sco": (
        "[ a owl:Class ; owl:intersectionOf (rfy:B rfy:C) ] rdfs:subClassOf rfy:D .",
        "B C D", ["x a B", "x a C"], "x a D",
    ),
    "cls-uni+cax-sco": (
        "[ a owl:Class ; owl:unionOf (rfy:B rfy:C) ] rdfs:subClassOf rfy:D .", "C D", ["x a C"], "x a D",
    ),
    "cax-sco+cls-avf": (
        "rfy:C rdfs:subClassOf [ a owl:Restriction ; owl:onProperty rfy:p ; owl:allValuesFrom rfy:D ] .",
        "C p D", ["x a C", "x p y"], "y a D",
    ),
    "cax-sco+cls-hv1": (
        "rfy:C rdfs:subClassOf [ a owl:Restriction ; owl:onProperty rfy:p ; owl:hasValue rfy:v ] .",
        "C p v", ["x a C"], "x p v",
    ),
}  # fmt: skip
EVERY_ROW = pytest.mark.parametrize("row", OWL_ROWS)


def of_owl(row: str, turtle: str | None = None) -> Argument:
    """Return the argument of a row: its premises said, its conclusion derived."""
    stated, axiom, premises, conclusion = OWL_ROWS[row]
    said = facts(*premises)
    step = Derived(fact(conclusion), row.split(maxsplit=1)[0], said, axiom=tuple(map(term, axiom.split())))
    return Argument(knowledge(stated if turtle is None else turtle), said, (step,))


@EVERY_ROW
def test_a_step_by_each_rule_of_owl_is_accepted(row: str) -> None:
    """An axiom that stands in the file, and premises and conclusion that fit it, are a proof."""
    assert of_owl(row).faults() == []


@EVERY_ROW
def test_a_step_without_its_axiom_is_refused(row: str) -> None:
    """The axiom must stand in the file: with another file, other terms, or terms in another order it does not."""
    argument = of_owl(row)
    (step,) = argument.steps
    assert isinstance(step, Derived)

    assert of_owl(row, turtle="rfy:C a owl:Class .").refused_for("no such axiom")
    for number in range(len(step.axiom)):
        other = (*step.axiom[:number], rfy("other"), *step.axiom[number + 1 :])
        assert argument.with_step(0, axiom=other).refused_for("no such axiom")
    if len(step.axiom) > 1:
        both_ways = row == "prp-spo1 of equivalents"
        what = "do not fit" if both_ways else "no such axiom"
        assert argument.with_step(0, axiom=step.axiom[::-1]).refused_for(what)
    assert argument.with_step(0, axiom=()).refused_for("no such axiom")


@EVERY_ROW
def test_a_step_by_another_rule_of_owl_is_refused(row: str) -> None:
    """An axiom is the axiom of its own rule only."""
    for other in {name.split()[0] for name in OWL_ROWS} - {row.split(maxsplit=1)[0]}:
        if {other, row.split(maxsplit=1)[0]} != {"prp-inv1", "prp-inv2"}:
            assert of_owl(row).with_step(0, rule=other).refused_for("no such axiom")
    if row in {"prp-inv1", "prp-inv2"}:
        other = "prp-inv2" if row == "prp-inv1" else "prp-inv1"
        assert of_owl(row).with_step(0, rule=other).refused_for("do not fit")


@EVERY_ROW
def test_premises_must_be_all_and_in_order(row: str) -> None:
    """A premise taken away, added, changed for another, or moved to another place does not fit the axiom."""
    argument = of_owl(row)
    conclusion = OWL_ROWS[row][3]
    premises = argument.said
    stranger = fact("x stranger y")
    with_stranger = replace(argument, said=(*premises, stranger))

    assert argument.with_step(0, premises=premises[:-1]).refused_for("premises", of=conclusion)
    assert with_stranger.with_step(0, premises=(*premises, stranger)).refused_for("premises", of=conclusion)
    for number in range(len(premises)):
        changed = (*premises[:number], stranger, *premises[number + 1 :])
        assert with_stranger.with_step(0, premises=changed).refused_for("do not fit", of=conclusion)
    if len(premises) > 1:
        assert argument.with_step(0, premises=premises[::-1]).refused_for("fit", of=conclusion)
    for number, premise in enumerate(premises):
        if isinstance(premise.object, NamedNode):
            turned = Triple(premise.object, premise.predicate, premise.subject)
            changed = (*premises[:number], turned, *premises[number + 1 :])
            world = replace(argument, said=(*premises, turned))
            assert world.with_step(0, premises=changed).refused_for("does not lead", of=conclusion)


@EVERY_ROW
def test_another_conclusion_than_the_axiom_s_is_refused(row: str) -> None:
    """The conclusion has the nodes of the premises, where the rule puts them."""
    conclusion = fact(OWL_ROWS[row][3])
    other = Triple(rfy("elsewhere"), conclusion.predicate, conclusion.object)

    assert of_owl(row).with_step(0, conclusion=other).refused_for("another conclusion")


@EVERY_ROW
def test_what_an_axiom_leads_to_must_be_in_the_set(row: str) -> None:
    """A set that lacks what follows by OWL is not complete."""
    assert replace(of_owl(row), steps=()).refused_for("missing from the set", of=OWL_ROWS[row][3])


@EVERY_ROW
def test_a_step_of_owl_has_neither_variables_nor_absences(row: str) -> None:
    """Nothing stands in a step that the checker would not look at."""
    argument = of_owl(row)

    assert argument.with_step(0, bindings=(("x", rfy("x")),)).refused_for("neither variables nor absences")
    assert argument.with_step(0, absences=((absence("x p _"),),)).refused_for("neither variables nor absences")


@pytest.mark.parametrize(
    "axiom",
    [
        "rfy:p a owl:FunctionalProperty .",
        "rfy:p a owl:AsymmetricProperty .",
        "rfy:C owl:hasKey ( rfy:p ) .",
        "rfy:x owl:sameAs rfy:y .",
        "rfy:x owl:differentFrom rfy:y .",
        "rfy:C owl:unionOf ( rfy:D rfy:E ) .",
        "rfy:C owl:disjointUnionOf ( rfy:D rfy:E ) .",
        "rfy:p owl:propertyDisjointWith rfy:q .",
        "[ a owl:AllDifferent ; owl:members ( rfy:x rfy:y ) ] .",
        "[ a owl:AllDisjointClasses ] .",
        "rfy:p owl:propertyChainAxiom ( rfy:q ) .",
        "rfy:p owl:propertyChainAxiom rfy:q .",
        "rfy:p owl:propertyChainAxiom _:a . _:a rdf:first rfy:q , rfy:r ; rdf:rest () .",
        "rfy:p owl:propertyChainAxiom _:a . _:a rdf:first rfy:q ; rdf:rest _:a .",
        "rfy:p owl:inverseOf [ owl:inverseOf rfy:q ] .",
        "rfy:p rdfs:domain [ owl:unionOf ( rfy:C rfy:D ) ] .",
        "rfy:C rdfs:subClassOf [ a owl:Restriction ; owl:onProperty rfy:p ; owl:someValuesFrom rfy:D ] .",
        "rfy:C rdfs:subClassOf [ a owl:Restriction ; owl:onProperty rfy:p ; owl:maxCardinality 1 ] .",
        "rfy:C rdfs:subClassOf [ owl:unionOf ( rfy:D rfy:E ) ] .",
        "rfy:C owl:equivalentClass [ owl:intersectionOf ( rfy:D rfy:E ) ] .",
        "rfy:C rdfs:subClassOf [ owl:complementOf rfy:D ] .",
        "rfy:C rdfs:subClassOf owl:Nothing .",
        "owl:Thing rdfs:subClassOf rfy:C .",
        "[ owl:intersectionOf ( rfy:C [ owl:unionOf ( rfy:D rfy:E ) ] ) ] rdfs:subClassOf rfy:F .",
        "[ owl:intersectionOf ( rfy:C rfy:D ) ; owl:unionOf ( rfy:C rfy:D ) ] rdfs:subClassOf rfy:F .",
        "[ a owl:Restriction ; owl:onProperty rfy:p , rfy:q ; owl:hasValue rfy:v ] rdfs:subClassOf rfy:F .",
        "[ a owl:Restriction ; owl:onProperty rfy:p ; owl:hasValue rfy:v , rfy:w ] rdfs:subClassOf rfy:F .",
        "[ a owl:Restriction ; owl:onProperty rfy:p ] rdfs:subClassOf rfy:F .",
    ],
)
def test_an_axiom_outside_the_table_is_refused(axiom: str) -> None:
    """What follows from an axiom that the checker does not know would be missed, so such a knowledge is refused."""
    with pytest.raises(KnowledgeError, match="does not know"):
        Checker(knowledge(axiom))


def test_an_equivalent_class_counts_in_both_directions() -> None:
    """Members of either class are members of the other."""
    axioms = Axioms(read_logic(knowledge("rfy:C owl:equivalentClass rfy:D .")))

    assert axioms.holds("cax-sco", (rfy("C"), rfy("D")))
    assert axioms.holds("cax-sco", (rfy("D"), rfy("C")))
    assert not axioms.holds("cax-sco", (rfy("C"), rfy("C")))


@pytest.mark.parametrize(
    "axiom", ["rfy:C owl:disjointWith rfy:D .", "[ a owl:AllDisjointClasses ; owl:members (rfy:B rfy:C rfy:D) ] ."]
)
def test_a_set_that_contradicts_itself_is_refused(axiom: str) -> None:
    """A node in two disjoint classes is a contradiction, from which nothing may be concluded."""
    assert Argument(knowledge(axiom), facts("x a C", "y a D"), ()).faults() == []
    assert Argument(knowledge(axiom), facts("x a C", "x a D"), ()).refused_for("contradicts itself")


def test_that_everything_is_a_thing_is_no_fact() -> None:
    """A class below `owl:Thing` asks for no further fact; a range asks for none of a literal."""
    turtle = "rfy:C rdfs:subClassOf owl:Thing . rfy:n rdfs:range xsd:integer ."

    assert Argument(knowledge(turtle), facts("x a C", "x n 5"), ()).faults() == []


# ---- facts of the knowledge ----

KINDS = "rfy:kindOf a owl:TransitiveProperty . rfy:a1 rfy:kindOf rfy:b1 . rfy:b1 rfy:kindOf rfy:c1 ."
PASSES = KINDS + "rfy:has owl:propertyChainAxiom ( rfy:has rfy:kindOf ) ."


def of_kinds() -> Argument:
    """Return the argument that who has a thing has what it is a kind of a kind of."""
    chain = (rfy("has"), rfy("has"), rfy("kindOf"))
    knowing = facts("a1 kindOf b1", "b1 kindOf c1")
    steps: tuple[Step, ...] = (
        *map(Stated, knowing),
        Derived(fact("a1 kindOf c1"), "prp-trp", knowing, axiom=(rfy("kindOf"),)),
        Derived(fact("x has b1"), "prp-spo2", facts("x has a1", "a1 kindOf b1"), axiom=chain),
        Derived(fact("x has c1"), "prp-spo2", facts("x has a1", "a1 kindOf c1"), axiom=chain),
    )
    return Argument(knowledge(PASSES), facts("x has a1"), steps, about_knowledge=frozenset(facts("a1 kindOf c1")))


def test_a_fact_of_the_knowledge_is_stated_or_derived() -> None:
    """A kind of a kind is derived from what the file states, and does not belong to the set about the case."""
    assert of_kinds().faults() == []


def test_what_is_stated_must_stand_in_the_file() -> None:
    """A fact that follows from the files does not stand in them, and what stands in none is no fact."""
    argument = of_kinds()
    derived_as_stated = replace(
        argument, steps=(*argument.steps[:2], Stated(fact("a1 kindOf c1")), *argument.steps[3:])
    )
    invented = replace(argument, steps=(*argument.steps, Stated(fact("a1 kindOf z1"))))

    assert derived_as_stated.refused_for("not stated", of="a1 kindOf c1")
    assert invented.refused_for("not stated", of="a1 kindOf z1")


def test_words_are_not_facts() -> None:
    """What a file of words says, or an annotation says, is stated for no reasoner."""
    turtle = "rfy:note a owl:AnnotationProperty . rfy:x1 rfy:note rfy:y1 ."

    assert Argument(knowledge(turtle), (), (Stated(fact("x1 note y1")),)).refused_for("not stated")


def test_what_is_said_of_the_case_does_not_pass_for_stated() -> None:
    """Each leaf is of its own kind: what the case says is given, what a file says is stated."""
    argument = of_kinds()
    as_stated = replace(argument, steps=(*argument.steps, Stated(fact("x has a1"))))
    as_given = replace(argument, steps=(Given(fact("a1 kindOf b1"), "present[0]"), *argument.steps[1:]))

    assert as_stated.refused_for("not stated", of="x has a1")
    assert as_given.refused_for("not given", of="a1 kindOf b1")


# ---- rule files ----

RULES = {
    "joins": "CONSTRUCT { ?x a rfy:B ; rfy:r ?y } WHERE { ?x a rfy:A ; rfy:p ?y . }",
    "asks": """CONSTRUCT { ?x a rfy:D } WHERE { ?x a rfy:B .
               FILTER NOT EXISTS { ?x rfy:q ?z . ?z a rfy:C } FILTER NOT EXISTS { ?x a rfy:E } }""",
    "counts": """CONSTRUCT { ?x rfy:total ?t } WHERE { ?x rfy:n ?a ; rfy:m ?b .
                 BIND (?a * ?b AS ?t) FILTER (?t >= 10) FILTER (?a != ?b) }""",
}


def of_rules(rules: Mapping[str, str] = RULES) -> Argument:
    """Return an argument with a step by each rule."""
    x, y = (("x", rfy("x")), ("y", rfy("y")))
    number = (("a", term("4")), ("b", term("2.5")), ("t", term("10.0")), x)
    return Argument(
        knowledge(rules=rules),
        facts("x a A", "x p y", "x q w", "x n 4", "x m 2.5"),
        (
            Derived(fact("x a B"), "joins", facts("x a A", "x p y"), bindings=(x, y)),
            Derived(fact("x r y"), "joins", facts("x a A", "x p y"), bindings=(x, y)),
            Derived(
                fact("x a D"), "asks", facts("x a B"), bindings=(x,),
                absences=((absence("x q _"), absence("_ a C")), (absence("x a E"),)),
            ),
            Derived(fact("x total 10.0"), "counts", facts("x n 4", "x m 2.5"), bindings=number),
        ),
    )  # fmt: skip


def test_steps_by_rule_files_are_accepted() -> None:
    """Patterns, absences, numbers and comparisons of a file, with the variables put in, are a proof."""
    assert of_rules().faults() == []


def test_a_number_worked_out_counts_by_its_value() -> None:
    """However the product is written, it is accepted if its value is right."""
    for text in ("10", "10.000"):
        bindings = (("a", term("4")), ("b", term("2.5")), ("t", term(text)), ("x", rfy("x")))
        assert of_rules().with_step(3, conclusion=fact(f"x total {text}"), bindings=bindings).faults() == []


@pytest.mark.parametrize("number", range(4))
def test_a_premise_removed_or_moved_is_refused(number: int) -> None:
    """The premises are the rule's patterns, all of them and in the order of the file."""
    argument = of_rules()
    step = argument.steps[number]
    assert isinstance(step, Derived)

    for place in range(len(step.premises)):
        fewer = step.premises[:place] + step.premises[place + 1 :]
        assert argument.with_step(number, premises=fewer).refused_for("premises are not")
    assert argument.with_step(number, premises=(*step.premises, fact("x q w"))).refused_for("premises are not")
    if len(step.premises) > 1:
        assert argument.with_step(number, premises=step.premises[::-1]).refused_for("premises are not")


@pytest.mark.parametrize("number", range(4))
def test_a_rule_swapped_for_another_is_refused(number: int) -> None:
    """A step names the rule that it is an instance of, and no other, nor one that is not there."""
    argument = of_rules()
    step = argument.steps[number]
    assert isinstance(step, Derived)

    for other in (*(set(RULES) - {step.rule}), "no-such-rule", "prp-trp", ""):
        assert argument.with_step(number, rule=other).refused_for("does not lead")


def test_an_absent_fact_that_is_present_is_refused() -> None:
    """What a rule asks to be absent is looked for in the whole set, joined as the rule joins it."""
    argument = of_rules()

    assert replace(argument, said=(*argument.said, fact("x a E"))).refused_for("must be absent (group 2)", of="x a D")
    assert replace(argument, said=(*argument.said, fact("w a C"))).refused_for("must be absent (group 1)", of="x a D")
    assert replace(argument, said=(*argument.said, fact("y a C"))).faults() == []


def test_an_absent_fact_that_follows_is_refused() -> None:
    """It matters not whether a fact was said or derived, in whatever order: the set has it."""
    rules = {**RULES, "late": "CONSTRUCT { ?x a rfy:E } WHERE { ?x a rfy:D }"}
    argument = of_rules(rules)
    late = Derived(fact("x a E"), "late", facts("x a D"), bindings=(("x", rfy("x")),))

    assert replace(argument, steps=(*argument.steps, late)).refused_for("must be absent (group 2)", of="x a D")


def test_absences_must_be_said() -> None:
    """A step that leaves out an absence, or names another, does not say what it rests on."""
    argument = of_rules()
    first, second = (absence("x q _"), absence("_ a C")), (absence("x a E"),)

    for wrong in ((), (first,), (second, first), (first, (absence("y a E"),)), (first, second, second)):
        assert argument.with_step(2, absences=wrong).refused_for("absences are not")


def test_wrong_bindings_are_refused() -> None:
    """Each variable of the rule has one value, which stands in the premises, and no other variable has any."""
    argument = of_rules()
    x, y = ("x", rfy("x")), ("y", rfy("y"))

    for wrong in ((x,), (y, x), (x, x, y), (x, y, ("z", rfy("z"))), (("X", rfy("x")), y)):
        assert argument.with_step(0, bindings=wrong).refused_for("variables are not")
    for wrong in ((x, ("y", rfy("w"))), (("x", rfy("y")), ("y", rfy("x")))):
        assert argument.with_step(0, bindings=wrong).refused_for("premises are not")
    assert argument.with_step(0, axiom=(rfy("p"),)).refused_for("needs no axiom")


def test_a_conclusion_that_the_rule_does_not_draw_is_refused() -> None:
    """Only what stands in the head of the rule follows by it."""
    for wrong in ("x a E", "y a B", "x r x"):
        assert of_rules().with_step(0, conclusion=fact(wrong)).refused_for("concludes something else", of=wrong)


def test_a_number_worked_out_wrongly_is_refused() -> None:
    """The product must be the product, and written as a number."""
    for wrong in (term("10.1"), rfy("ten"), Literal("10"), Literal("10", datatype=Xsd.DATE), term("2000-01-01")):
        bindings = (("a", term("4")), ("b", term("2.5")), ("t", wrong), ("x", rfy("x")))
        conclusion = Triple(rfy("x"), rfy("total"), wrong)
        assert of_rules().with_step(3, conclusion=conclusion, bindings=bindings).refused_for("not what the rule works")


@pytest.mark.parametrize(
    ("n", "m", "total"), [("4", "2", "8"), ("4", "4.0", "16.0")], ids=["below the limit", "equal by value"]
)
def test_a_comparison_that_is_false_is_refused(n: str, m: str, total: str) -> None:
    """A filter of the rule must hold with the values bound; numbers differ by value, not by how they are written."""
    rules = {"counts": RULES["counts"]}
    bindings = (("a", term(n)), ("b", term(m)), ("t", term(total)), ("x", rfy("x")))
    said = facts(f"x n {n}", f"x m {m}")
    step = Derived(fact(f"x total {total}"), "counts", said, bindings=bindings)

    assert Argument(knowledge(rules=rules), said, (step,)).refused_for("comparison", of=f"x total {total}")
    assert Argument(knowledge(rules=rules), said, ()).faults() == []


@pytest.mark.parametrize("text", ["ten", "1e3", "٤", "1_000", "", " 20", "20.0"])
@pytest.mark.parametrize("sign", ["<", ">", "=", "!=", "<=", ">="])
def test_a_number_that_cannot_be_read_satisfies_nothing(text: str, sign: str) -> None:
    """Neither a comparison nor its negation is true of it, so no rule fires on it; `20.0` is no integer."""
    rule = f"CONSTRUCT {{ ?x a rfy:C }} WHERE {{ ?x rfy:n ?a . FILTER (?a {sign} 5) }}"
    unread = Literal(text, datatype=Xsd.INTEGER)
    said = (Triple(rfy("x"), rfy("n"), unread),)
    step = Derived(fact("x a C"), "compares", said, bindings=(("a", unread), ("x", rfy("x"))))
    knowing = knowledge(rules={"compares": rule})

    assert Argument(knowing, said, (step,)).refused_for("comparison", of="x a C")
    assert Argument(knowing, said, ()).faults() == []


def test_a_number_that_cannot_be_read_is_not_worked_with() -> None:
    """A product with it is no number, so the rule does not fire."""
    said = (fact("x n 4"), Triple(rfy("x"), rfy("m"), Literal("many", datatype=Xsd.DECIMAL)))

    assert Argument(knowledge(rules=RULES), said, ()).faults() == []


# ---- the proof as a whole ----


def test_circular_steps_are_refused() -> None:
    """Two facts that are each the reason of the other have no reason."""
    rules = {
        "there": "CONSTRUCT { ?x a rfy:B } WHERE { ?x a rfy:A }",
        "back": "CONSTRUCT { ?x a rfy:A } WHERE { ?x a rfy:B }",
    }
    x = (("x", rfy("x")),)
    there = Derived(fact("x a B"), "there", facts("x a A"), bindings=x)
    back = Derived(fact("x a A"), "back", facts("x a B"), bindings=x)
    argument = Argument(knowledge(rules=rules), (), (there, back))

    assert {"The fact is without ground."} == {text.split(" Its")[0] for _, text in argument.faults()}
    assert replace(argument, said=facts("x a A"), steps=(there,)).faults() == []


def test_a_fact_that_is_its_own_premise_is_refused() -> None:
    """Symmetry twice over leads a fact back to itself."""
    p = (rfy("p"),)
    steps = (
        Derived(fact("x p y"), "prp-symp", facts("y p x"), axiom=p),
        Derived(fact("y p x"), "prp-symp", facts("x p y"), axiom=p),
    )
    one = Derived(fact("x p x"), "prp-symp", facts("x p x"), axiom=p)
    knowing = knowledge("rfy:p a owl:SymmetricProperty .")

    assert Argument(knowing, (), steps).refused_for("without ground", of="x p y")
    assert Argument(knowing, (), (one,)).refused_for("without ground", of="x p x")


def test_what_is_given_must_be_of_the_case() -> None:
    """A fact that nobody said is not given, even if it is put into the set."""
    argument = of_rules()
    invented = Given(fact("x p w"), "treatments[0]")

    assert replace(argument, steps=(*argument.steps, invented)).refused_for("not given", of="x p w")
    more = replace(argument, steps=(*argument.steps, invented), beyond=frozenset(facts("x p w")))
    assert more.refused_for("not given", of="x p w")


def test_a_derived_fact_does_not_pass_for_given() -> None:
    """A conclusion that claims to have been said is refused."""
    argument = of_rules()
    claimed = Given(fact("x a D"), "present[0]")

    assert replace(argument, steps=(*argument.steps[:2], claimed, argument.steps[3])).refused_for("not given")


def test_every_fact_of_the_set_needs_a_step() -> None:
    """Whichever step is left out, the proof is refused."""
    argument = of_rules()
    complete = {*argument.said, *(step.conclusion for step in argument.steps)}

    for left_out in complete:
        derived = {step.conclusion for step in argument.steps}
        beyond = frozenset({left_out} & derived)
        assert replace(argument, beyond=beyond).refused_for("has no step", without_step=[left_out])


def test_an_extra_fact_in_the_set_is_refused() -> None:
    """A fact that nothing leads to is not held."""
    assert replace(of_rules(), beyond=frozenset(facts("x a Extra"))).refused_for("has no step", of="x a Extra")


def test_a_consequence_missing_from_the_set_is_refused() -> None:
    """Whichever consequence is left out, with its step, the set is not complete."""
    argument = of_rules()
    for number, step in enumerate(argument.steps):
        without = replace(argument, steps=argument.steps[:number] + argument.steps[number + 1 :])
        text = "has no step" if step.conclusion == fact("x a B") else "missing from the set"
        assert without.refused_for(text)
        assert without.refused_for("missing from the set")


def test_a_step_for_what_is_not_in_the_set_is_refused() -> None:
    """A derived fact belongs to the set, or follows from the knowledge alone."""
    argument = replace(of_rules(), left_out=frozenset(facts("x r y")))

    assert argument.refused_for("not in the set", of="x r y")


def test_the_set_has_all_that_was_said() -> None:
    """A fact of the case that is kept out of the set is missed, so no absence can be claimed by hiding it."""
    argument = of_rules()
    hidden = replace(argument, said=(*argument.said, fact("x a E")), left_out=frozenset(facts("x a E")))

    assert hidden.refused_for("not in the set", of="x a E")


def test_a_step_stands_under_its_own_fact() -> None:
    """A step that concludes something else than the fact it is kept under is refused."""
    said = facts("x a A")
    proof = Proof({said[0]: Given(fact("x a B"), "present[0]")})
    found = check(knowledge(), CaseFacts(rfy("case"), said), frozenset(said), proof)

    assert "The step concludes another fact." in {fault.what for fault in found}


def test_a_fact_has_no_blank_node() -> None:
    """A node without a name can be told from no other, so nothing is proved of it."""
    blank = Triple(rfy("x"), rfy("p"), BlankNode("b"))
    found = check(
        knowledge(), CaseFacts(rfy("case"), (blank,)), frozenset([blank]), Proof({blank: Given(blank, "somewhere")})
    )

    assert ["This is no fact."] == [fault.what for fault in found]


@pytest.mark.parametrize(
    ("name", "compiled"),
    [
        ("joins", "CONSTRUCT { ?x a rfy:B ; rfy:r ?y } WHERE { ?x a rfy:A ; rfy:p ?y . ?y a rfy:F . }"),
        ("joins", "CONSTRUCT { ?x a rfy:B ; rfy:r ?y } WHERE { ?x rfy:p ?y . }"),
        ("joins", "CONSTRUCT { ?x a rfy:B ; rfy:r ?y } WHERE { ?x rfy:p ?y . ?x a rfy:A . }"),
        ("joins", "CONSTRUCT { ?x a rfy:B ; rfy:r ?y } WHERE { ?x a rfy:A ; rfy:q ?y . }"),
        ("joins", "CONSTRUCT { ?x a rfy:B2 ; rfy:r ?y } WHERE { ?x a rfy:A ; rfy:p ?y . }"),
        ("asks", "CONSTRUCT { ?x a rfy:D } WHERE { ?x a rfy:B . FILTER NOT EXISTS { ?x a rfy:E } }"),
        ("asks", "CONSTRUCT { ?x a rfy:D } WHERE { ?x a rfy:B }"),
        ("counts", RULES["counts"].replace("*", "+")),
        ("counts", RULES["counts"].replace(">= 10", "> 10")),
        ("counts", RULES["counts"].replace(">= 10", "< 10")),
        ("counts", RULES["counts"].replace("!= ?b", "= ?b")),
        ("counts", RULES["counts"].replace("?a * ?b", "?a * 2")),
    ],
)
def test_a_proof_by_a_rule_compiled_wrongly_is_refused(name: str, compiled: str) -> None:
    """A proof that is right for one text of a rule is refused where the file has another."""
    assert of_rules({**RULES, name: compiled}).refused_for(f"{name} does not lead")


# ---- reading the files ----


@pytest.mark.parametrize(
    "body",
    [
        "?a rfy:p ?b OPTIONAL { ?a rfy:q ?c }",
        "{ ?a rfy:p ?b } UNION { ?a rfy:q ?b }",
        "{ ?a rfy:p ?b }",
        "?a rfy:p+ ?b",
        "?a rfy:p/rfy:q ?b",
        "?a ^rfy:p ?b",
        "?a ?p ?b",
        "?a rfy:p ?b . ?a rfy:q []",
        "?a rfy:p ?b . ?a rfy:q _:c",
        "?a rfy:p ?b ?b rfy:q ?a",
        "?a rfy:p ?b FILTER (REGEX(?b, 'x'))",
        "?a rfy:p ?b FILTER (?b > 1 || ?b < 0)",
        "?a rfy:p ?b FILTER (!(?b > 1))",
        "?a rfy:p ?b FILTER (?b)",
        "?a rfy:p ?b FILTER (?b > ?nothing)",
        "?a rfy:p ?b FILTER (?b > 1e3)",
        "?a rfy:p ?b FILTER EXISTS { ?a rfy:q ?b }",
        "?a rfy:p ?b FILTER NOT EXISTS { ?a rfy:q ?c FILTER (?c > 1) }",
        "?a rfy:p ?b FILTER NOT EXISTS { }",
        "?a rfy:p ?b MINUS { ?a rfy:q ?b }",
        "?a rfy:p ?c BIND (STR(?c) AS ?b)",
        "?a rfy:p ?c BIND (?c AS ?b)",
        "?a rfy:p ?c BIND (?c * 2 AS ?b) ?a rfy:q ?b",
        "BIND (?c * 2 AS ?b) ?a rfy:p ?c",
        "?a rfy:p ?b . ?a rfy:q ?c BIND (?c * 2 AS ?b)",
        "{ SELECT ?a ?b { ?a rfy:p ?b } }",
        "VALUES ?b { rfy:X } ?a rfy:p ?b",
        "GRAPH ?g { ?a rfy:p ?b }",
        "?a rfy:p ?b . ?a rfy:q 'x'@en",
        "?a rfy:p ?b . ?a other:q ?b",
        "?a rfy:p ?b . ?a <relative> ?b",
        "?a rfy:p ?b } LIMIT 1 {",
    ],
)
def test_a_rule_outside_the_grammar_is_refused_with_its_line(body: str) -> None:
    """The checker reads the stated part of SPARQL and nothing else."""
    text = HEADER + f"CONSTRUCT {{ ?a rfy:r ?b }}\nWHERE {{ {body} }}"
    with pytest.raises(RuleError) as caught:
        read_rule("a-rule", "queries/reason/a-rule.rq", text)

    assert caught.value.place.startswith("queries/reason/a-rule.rq:")


@pytest.mark.parametrize(
    "text",
    [
        "CONSTRUCT { ?a rfy:r ?c } WHERE { ?a rfy:p ?b }",
        "CONSTRUCT { ?a ?b ?a } WHERE { ?a rfy:p ?b }",
        "CONSTRUCT { } WHERE { ?a rfy:p ?b }",
        "CONSTRUCT { ?a rfy:r ?b } WHERE { }",
        "CONSTRUCT { ?a rfy:r ?b } WHERE { FILTER (1 < 2) }",
        "CONSTRUCT { ?t rfy:r ?a } WHERE { ?a rfy:p ?b . BIND (?b * 2 AS ?t) }",
        "CONSTRUCT WHERE { ?a rfy:p ?b }",
        "SELECT ?a WHERE { ?a rfy:p ?b }",
        "CONSTRUCT { ?a rfy:r ?b } WHERE { ?a rfy:p ?b ",
        "CONSTRUCT { ?a rfy:r ?b } WHERE { ?a rfy:p ?b } CONSTRUCT",
    ],
)
def test_a_rule_must_conclude_something_of_what_it_binds(text: str) -> None:
    """A head without a body, a body without a head, and an open end are errors."""
    with pytest.raises(RuleError):
        read_rule("a-rule", "a-rule.rq", HEADER + text)


def test_a_rule_is_read_as_it_is_written() -> None:
    """Abbreviations, comments, constants and the order of the file are kept."""
    rule = read_rule(
        "a-rule",
        "a-rule.rq",
        HEADER
        + """construct { ?a a rfy:C ; rfy:r ?t . }  # a comment
        WHERE { ?a rfy:p ?x , rfy:part-2.b ; rfy:q -5 ; rfy:s "it's \\"so\\"" , '2' ; rfy:d <urn:x:y> ; .
                ?x rfy:n ?n . BIND ((?n + 1) * ?n / 2 - 3 AS ?t) . FILTER (?t >= -3 && 1 != ?n) .
                FILTER NOT EXISTS { ?x a rfy:D ; rfy:q ?z . ?z rfy:q ?x } }""",
    )
    binding = {"n": term("4"), "t": term("7")}

    assert ("n", "t", "x") == tuple(name for name in rule.variables if name != "a")
    assert [Rdf.TYPE, rfy("r")] == [predicate for _, predicate, _ in rule.head]
    assert [rfy("part-2.b"), term("-5"), Literal('it\'s "so"'), Literal("2"), NamedNode("urn:x:y")] == [
        value_ for _, _, value_ in rule.body[1:6]
    ]
    assert ((3,), 2, 1) == (tuple(len(group) for group in rule.absent), len(rule.filters), len(rule.binds))
    assert evaluate(rule.binds[0].operation, binding) == 7
    assert all(comparison.holds(binding) for comparison in rule.filters)


@pytest.mark.parametrize(
    ("left", "sign", "right"),
    [
        (term("5"), "=", term("5.00")),
        (term("-5"), "<", term("0.1")),
        (term("2026-01-31"), "<", term("2026-02-01")),
        (term("2026-01-31"), "!=", term("2026-02-01")),
        (rfy("x"), "=", rfy("x")),
        (rfy("x"), "!=", rfy("y")),
        (Literal("a"), "!=", Literal("b")),
    ],
)
def test_values_of_one_type_are_compared(left: Term, sign: str, right: Term) -> None:
    """Numbers compare by value, days as days, IRIs by identity."""
    assert Comparison(sign, left, right).holds({})


@pytest.mark.parametrize("sign", ["=", "!=", "<", "<=", ">", ">="])
@pytest.mark.parametrize(
    ("left", "right"),
    [
        (term("5"), rfy("x")),
        (term("5"), Literal("5")),
        (term("5"), term("2026-01-31")),
        (term("5"), Literal("5", datatype=NamedNode("http://www.w3.org/2001/XMLSchema#double"))),
        (term("2026-01-31"), Literal("2026-02-31", datatype=Xsd.DATE)),
        (Literal("a", language="en"), Literal("b", language="en")),
    ],
)
def test_values_of_two_types_are_not_compared(left: Term, right: Term, sign: str) -> None:
    """No comparison, positive or negated, is true of them."""
    assert not Comparison(sign, left, right).holds({})
    assert not Comparison(sign, right, left).holds({})


def test_iris_have_no_order() -> None:
    """An IRI is neither below nor above another, nor itself."""
    assert not any(Comparison(sign, rfy("x"), rfy("x")).holds({}) for sign in ("<", "<=", ">", ">="))


def test_arithmetic_is_exact() -> None:
    """Products keep all their digits; a quotient without an end is written near enough; nothing is divided by zero."""
    product = evaluate(Operation("*", term("0.1"), term("0.2")), {})
    third = evaluate(Operation("/", term("1"), term("3")), {})

    assert product == value(term("0.02"))
    assert writes(term("0.3333333333333333333333333333"), third)  # type: ignore[arg-type]  # it is a number
    assert not writes(term("0.33333"), third)  # type: ignore[arg-type]  # it is a number
    assert evaluate(Operation("/", term("1"), term("0")), {}) is None


def test_the_shipped_knowledge_is_read_alike() -> None:
    """The checker's own reading of the files finds the logic and the rules that the loader finds."""
    loaded = shipped().knowledge
    read = read_logic(loaded)

    assert len(read) == len(loaded.logic)
    assert {t for t in read if plain(t)} == {t for t in loaded.logic if plain(t)}
    assert sorted(read_rules(loaded)) == sorted(rule.name for rule in loaded.rules)


def test_only_the_chosen_guidance_counts() -> None:
    """Rules and facts of a source that was not chosen are not read."""
    contents = dict(knowledge(rules=RULES).files.contents)
    contents["ontology/facts/other/source-words.ttl"] = (PREFIXES + SOURCE.replace("book", "other")).encode()
    contents["ontology/facts/other/facts.ttl"] = (PREFIXES + "rfy:x1 rfy:p rfy:y1 .").encode()
    contents["queries/reason/another.rq"] = (HEADER.replace("book-1", "other-1") + IDLE).encode()
    files = KnowledgeFiles(Path("memory"), contents)

    assert {"another", *RULES} == set(read_rules(load_files(files)))
    assert set(RULES) == set(read_rules(load_files(files, ["book"])))
    assert Axioms(read_logic(load_files(files))).facts
    assert not Axioms(read_logic(load_files(files, ["book"]))).facts


def test_the_checker_needs_no_rdflib_and_no_engine() -> None:
    """Importing the checker brings in neither the libraries of the reference nor a line of an engine."""
    code = (
        "import sys, refractory.checker.check;"
        "print([m for m in sys.modules if m.split('.')[0] in ('rdflib', 'owlrl', 'pyshacl')"
        " or m.startswith('refractory.engine')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
