"""The compiled shapes say what pySHACL says: every result of every case, or that they cannot say it."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pytest
from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, parse

from refractory import Case
from refractory.case.quantities import Quantities
from refractory.errors import KnowledgeError, RefractoryError
from refractory.model.facts import CaseFacts, canonical
from refractory.validation.literals import UnsureError
from refractory.validation.quick import QuickValidator
from refractory.validation.validate import validate
from refractory.vocabulary import Rdf, Rdfs, Xsd, rfy
from tests.support import CASES, ROOT, knowledge_with, read_case, shipped, slugs

BAD = sorted((ROOT / "tests" / "bad").glob("*/*.*"))
FRAGMENTS = sorted((ROOT / "tests" / "shapes").glob("*/*.ttl"))
MUTATIONS, SEED = 400, 20261122
CASE = NamedNode("https://example.org/case/1")


@cache
def quick() -> QuickValidator:
    """Return the compiled shapes that are shipped."""
    return QuickValidator(shipped().knowledge)


def agree(case: CaseFacts, validator: QuickValidator | None = None) -> str:
    """Hold the compiled shapes against pySHACL, finding by finding and triple by triple; return what they said."""
    validator = validator or quick()
    report = validate(case, validator.knowledge)
    try:
        whole = validator.whole(case)
    except UnsureError:
        # A violation that was met before is no reason to be sure: the answer is pySHACL's.
        assert validator.conforming(case) is None
        assert validator.check(case) == report
        return "unsure"
    assert whole.findings == report.findings
    assert whole.triples == report.triples
    assert whole.case == report.case
    assert validator.conforming(case) == (report if report.conforms else None)
    assert validator.check(case) == report
    return ("warns" if report.findings else "conforms") if report.conforms else "violates"


@pytest.mark.parametrize("slug", slugs())
def test_golden_cases(slug: str) -> None:
    """A golden case conforms without pySHACL being asked, and with the same warnings."""
    assert agree(read_case(slug).facts) in {"conforms", "warns"}


def readable() -> list[Path]:
    """Return the bad cases and their good twins that get past the door."""
    found = []
    for path in BAD:
        if path.suffix in {".json", ".ttl", ".nt"} and path.name != "expected.json":
            try:
                Case.read(path)
            except RefractoryError:
                continue
            found.append(path)
    return found


def test_bad_cases_and_their_good_twins() -> None:
    """What the door lets in, good or bad, is judged the same."""
    said = Counter(agree(Case.read(path).facts) for path in readable())

    assert said["unsure"] == 0
    assert said["conforms"] > 100
    assert said["violates"] > 10


def fragment(path: Path) -> CaseFacts:
    """Return a fragment of `tests/shapes` as one case."""
    quads = parse(path.read_bytes(), format=RdfFormat.TURTLE)
    return CaseFacts(CASE, canonical(Triple(quad.subject, quad.predicate, quad.object) for quad in quads))


@pytest.mark.parametrize("path", FRAGMENTS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_fragments_of_each_shape(path: Path) -> None:
    """Every constraint of every shape finds what it finds in pySHACL, however the node is at fault."""
    case = fragment(path)
    if agree(case) == "unsure":
        assert path.stem == "bad"
        assert agree(CaseFacts(CASE, tuple(t for t in case.asserted if is_plain(t)))) != "unsure"


def is_plain(fact: Triple) -> bool:
    """Say whether every library reads a fact the same."""
    if not isinstance(fact.object, Literal):
        return isinstance(fact.object, NamedNode)
    if fact.object.datatype == Xsd.DATE:
        return fact.object.value in {str(date(2026, 1, 1) + timedelta(days=days)) for days in range(365)}
    number = fact.object.datatype not in (Xsd.DECIMAL, Xsd.INTEGER) or re.fullmatch(r"-?\d+(\.\d+)?", fact.object.value)
    return bool(number) and not fact.object.language


# Mutations of cases. Each takes a case's facts, and gives back facts that a slip of the pen might leave.
Facts = list[Triple]
ODD = ("1e3", "+5", " 5", ".5", "5.", "1_000", "", "2026-02-30", "2026-03-01Z", "2026-W10-1", "12345678901.5")
EDGES = (
    "-1", "0", "0.0", "-0", "1", "3", "17", "17.9", "18", "24", "24.01", "49", "49.999", "50", "130", "131", "300",
    "500", "500.5", "1000", "20000", "20001",
)  # fmt: skip


@cache
def pool() -> tuple[Triple, ...]:
    """Return the facts of all golden cases."""
    return canonical(t for slug in slugs() for t in read_case(slug).facts.asserted)


@cache
def terms() -> tuple[NamedNode, ...]:
    """Return all terms of ours, and things that are none."""
    others = (rfy("NoSuchTerm"), rfy("Drug"), NamedNode("https://example.org/x"))
    return (*sorted(shipped().knowledge.individuals, key=str), *others)


def pick(facts: Facts, chance: random.Random, *names: str) -> int | None:
    """Return the place of a fact, of these properties if any are named."""
    places = [i for i, t in enumerate(facts) if not names or t.predicate in [rfy(name) for name in names]]
    return chance.choice(places) if places else None


def drop(facts: Facts, chance: random.Random) -> None:
    """Leave a fact out."""
    if (place := pick(facts, chance)) is not None:
        facts.pop(place)


def forget(facts: Facts, chance: random.Random) -> None:
    """Leave out what belongs to something else that is said."""
    if (place := pick(facts, chance, "timesPerDay", "endedOn", "hasTreatmentStatus")) is not None:
        facts.pop(place)


def add(facts: Facts, chance: random.Random) -> None:
    """Give a node a second value of a property, from another case."""
    if (place := pick(facts, chance)) is not None:
        fact = facts[place]
        other = chance.choice([fact.object, *(t.object for t in pool() if t.predicate == fact.predicate)])
        facts.append(Triple(fact.subject, fact.predicate, other))


def replace(facts: Facts, chance: random.Random) -> None:
    """Put anything of another case in place of a value."""
    if (place := pick(facts, chance)) is not None:
        facts[place] = Triple(facts[place].subject, facts[place].predicate, chance.choice(pool()).object)


def rename(facts: Facts, chance: random.Random) -> None:
    """Put another term in place of a term."""
    names = [i for i, t in enumerate(facts) if t.object in terms() or t.predicate == Rdf.TYPE]
    if names:
        place = chance.choice(names)
        facts[place] = Triple(facts[place].subject, facts[place].predicate, chance.choice(terms()))


def shift(facts: Facts, chance: random.Random) -> None:
    """Shift a date by days."""
    place = pick(facts, chance, "assessedOn", "startedOn", "endedOn", "collectedOn", "takenOn")
    # Another change may have put something else where a date belongs.
    if place is not None and is_plain(facts[place]) and str(facts[place].object).endswith("date>"):
        fact = facts[place]
        assert isinstance(fact.object, Literal)
        day = date.fromisoformat(fact.object.value) + timedelta(days=chance.choice((-40, -9, -1, 0, 1, 9, 40)))
        facts[place] = Triple(fact.subject, fact.predicate, Literal(str(day), datatype=Xsd.DATE))


def number(facts: Facts, chance: random.Random) -> None:
    """Put a number at an edge in place of a number, or add one."""
    names = ("ageYears", "weightKg", "creatinineClearanceMlPerMin", "doseMg", "timesPerDay", "measuredValue")
    place = pick(facts, chance, *names)
    text = chance.choice(EDGES)
    if place is not None:
        fact = facts[place]
        facts[place] = Triple(fact.subject, fact.predicate, Literal(text, datatype=Xsd.DECIMAL))


def retype(facts: Facts, chance: random.Random) -> None:
    """Give a node the class of another kind of node."""
    if (place := pick(facts, chance)) is not None:
        parts = ("Case", "Patient", "Treatment", "SusceptibilityResult", "GenotypeFinding", "Measurement", "Drug")
        cls = chance.choice(parts)
        facts.append(Triple(facts[place].subject, Rdf.TYPE, rfy(cls)))


def judge(facts: Facts, chance: random.Random) -> None:
    """Say of a term, or of one above or below it, that it is present or absent."""
    case = next(t.subject for t in facts if t.predicate != Rdf.TYPE)
    place = pick(facts, chance, "hasPresent", "hasAbsent")
    known = [t for t in shipped().knowledge.logic if t.predicate == rfy("isKindOf")]
    near = [t.object for t in known if place is not None and t.subject == facts[place].object]
    near += [t.subject for t in known if place is not None and t.object == facts[place].object]
    term = chance.choice([*near, rfy("DoseAppropriate"), *([facts[place].object] if place is not None else [])])
    facts.append(Triple(case, rfy(chance.choice(("hasPresent", "hasAbsent"))), term))


def genotype(facts: Facts, chance: random.Random) -> None:
    """Add a genotype finding, whose gene may be of another virus."""
    case = next(t.subject for t in facts if t.predicate != Rdf.TYPE)
    node = NamedNode("https://example.org/finding")
    genes = [t for t in shipped().knowledge.logic if t.predicate == rfy("isGeneOf")]
    gene, other = chance.choice(genes), chance.choice(genes)
    facts += [
        Triple(case, rfy("hasGenotypeFinding"), node),
        Triple(node, Rdf.TYPE, rfy("GenotypeFinding")),
        Triple(node, rfy("foundInGene"), gene.subject),
        Triple(node, rfy("foundInVirus"), chance.choice((gene, gene, other)).object),
        Triple(node, rfy("mutation"), Literal(chance.choice(("", "T287M", "R41H")))),
    ]


def measure(facts: Facts, chance: random.Random) -> None:
    """Add one or two measurements, in any unit, whose days and values may speak against each other."""
    case = next(t.subject for t in facts if t.predicate != Rdf.TYPE)
    known = Quantities.of(shipped().knowledge)
    quantity = chance.choice(sorted(known.canonical, key=str))
    codes = sorted(code for code, unit in known.units.items() if unit.dimension == known.canonical[quantity].dimension)
    for number in range(chance.choice((1, 2))):
        node = NamedNode(f"https://example.org/measurement/{number}")
        code = chance.choice((*codes, *codes, *sorted(known.units), "stone"))
        facts += [
            Triple(case, rfy("hasMeasurement"), node),
            Triple(node, Rdf.TYPE, rfy("Measurement")),
            Triple(node, rfy("ofQuantity"), quantity),
            Triple(node, rfy("measuredValue"), Literal(chance.choice(EDGES), datatype=Xsd.DECIMAL)),
            Triple(node, rfy("unitCode"), Literal(code)),
        ]
        if day := chance.choice(("", "2026-03-01", "2026-03-02", "2027-01-01")):
            facts.append(Triple(node, rfy("takenOn"), Literal(day, datatype=Xsd.DATE)))


def odd(facts: Facts, chance: random.Random) -> None:
    """Write a value as only a library would read it, or put a node where none belongs."""
    if (place := pick(facts, chance)) is not None:
        fact = facts[place]
        value = fact.object.value if not isinstance(fact.object, Triple) else ""
        datatype = chance.choice((Xsd.DECIMAL, Xsd.DATE, Xsd.INTEGER, Xsd.STRING))
        new = chance.choice(
            (Literal(chance.choice(ODD), datatype=datatype), Literal(value, language="en"), BlankNode("b"))
        )
        facts[place] = Triple(fact.subject, fact.predicate, new)


CHANGES = (
    drop, forget, forget, add, replace, rename, shift, number, number, retype, judge, judge, genotype, genotype,
    measure,
)  # fmt: skip


def mutated() -> Iterator[tuple[CaseFacts, bool]]:
    """Yield changed cases, and whether a change was an odd one."""
    chance = random.Random(SEED)  # noqa: S311  # chance, not secrecy
    names = slugs()
    for turn in range(MUTATIONS):
        case = read_case(chance.choice(names)).facts
        facts = list(case.asserted)
        changes: list[Callable[[Facts, random.Random], None]] = chance.choices(CHANGES, k=1 + turn % 3)
        changes += [odd] if turn % 8 == 0 else []
        for change in changes:
            if any(t.predicate != Rdf.TYPE for t in facts):
                change(facts, chance)
        yield CaseFacts(case.case, canonical(facts)), odd in changes


def test_mutated_cases() -> None:
    """Changed at random, cases are judged the same; hardly anything but oddly written values is left to pySHACL."""
    said = Counter((agree(case), was_odd) for case, was_odd in mutated())

    assert said.total() == MUTATIONS
    # A node where a date or a number belongs: SPARQL cannot take its datatype.
    assert said["unsure", False] < 10
    assert said["conforms", False] > 60
    assert said["warns", False] > 25
    assert said["violates", False] > 80
    assert said["unsure", True] > 5


@pytest.mark.parametrize("text", ODD)
@pytest.mark.parametrize("name", ["weightKg", "assessedOn"])
def test_what_is_written_oddly_is_left_to_pyshacl(text: str, name: str) -> None:
    """The compiled shapes do not say that a number or date conforms which they cannot read plainly."""
    datatype = Xsd.DECIMAL if name == "weightKg" else Xsd.DATE
    patient = NamedNode("https://example.org/patient")
    facts = [Triple(patient, Rdf.TYPE, rfy("Patient")), Triple(CASE, rfy("hasPatient"), patient)]
    facts.append(Triple(patient if name == "weightKg" else CASE, rfy(name), Literal(text, datatype=datatype)))

    assert agree(CaseFacts(CASE, canonical(facts))) == "unsure"


@pytest.mark.parametrize("value", [Literal("text", language="en"), BlankNode("b")])
def test_what_libraries_name_differently_is_left_to_pyshacl(value: Literal | BlankNode) -> None:
    """Language tags are equal in any letter case to some, and blank nodes have no names to speak of."""
    assert agree(CaseFacts(CASE, (Triple(CASE, rfy("hasPresent"), value),))) == "unsure"


def test_a_case_with_classes_of_its_own_is_left_to_pyshacl() -> None:
    """A class that the case puts below one of ours would be seen by pySHACL, so it is not passed over."""
    own, node = NamedNode("https://example.org/Own"), NamedNode("https://example.org/t")
    facts = [Triple(own, Rdfs.SUB_CLASS_OF, rfy("Treatment")), Triple(node, Rdf.TYPE, own)]

    assert agree(CaseFacts(CASE, canonical(facts))) == "unsure"
    assert not quick().check(CaseFacts(CASE, canonical(facts))).conforms


def test_what_a_case_says_of_our_terms_is_joined_with_what_we_say() -> None:
    """The door refuses it, but pySHACL sees one graph, and so do the compiled shapes."""
    regimen = min((t.subject for t in shipped().knowledge.logic if t.predicate == rfy("isReferenceFor")), key=str)
    facts = [Triple(regimen, Rdf.TYPE, rfy("Treatment")), Triple(CASE, rfy("hasTreatment"), regimen)]
    status = Triple(regimen, rfy("hasTreatmentStatus"), rfy("Ongoing"))
    dose = Triple(regimen, rfy("doseMg"), Literal("7", datatype=Xsd.DECIMAL))
    cases = [CaseFacts(CASE, canonical(each)) for each in (facts, [*facts, status], [*facts, status, dose])]
    shapes = [{finding.shape for finding in quick().whole(case).findings} for case in cases]

    assert [agree(case) for case in cases] == ["violates"] * 3
    assert shapes[0] - shapes[1] == {"TreatmentShape-status"}
    assert shapes[2] - shapes[1] == {"TreatmentShape-doseMg"}


EXTRA = "ontology/shapes/extra.ttl"
HEAD = """
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix rfy: <https://w3id.org/refractory/> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
<https://example.org/extra> sh:declare [ sh:prefix "rfy" ; sh:namespace "https://w3id.org/refractory/" ] .
rfy:Extra a sh:NodeShape ; sh:targetClass rfy:Case ; sh:property rfy:Extra-one .
rfy:Extra-one a sh:PropertyShape ; sh:path rfy:hasPresent ; sh:severity sh:Warning ;
    sh:message "English."@en , "Deutsch."@de ;
"""


def extra(rest: str) -> QuickValidator:
    """Return compiled shapes with one more, of which the rest is given."""
    return QuickValidator(knowledge_with({EXTRA: HEAD + rest}))


def select(query: str) -> str:
    """Return the rest of a shape that asks a query."""
    return f"sh:sparql rfy:q . rfy:q sh:prefixes <https://example.org/extra> ; sh:select '''{query}''' ."


CONSTRUCTS = {
    "class": "sh:class rfy:Drug , rfy:Condition .",
    "in": 'sh:in ( rfy:DoseAppropriate "a text" ) .',
    "max-length": "sh:maxLength 60 .",
    "min-length": "sh:minLength 50 .",
    "counts": "sh:minCount 2 ; sh:maxCount 2 .",
    "min-count": "sh:minCount 5 .",
    "nodes-of-ours": "sh:minCount 99 . rfy:Extra sh:targetClass rfy:Drug .",
    "or": "sh:or ( [ sh:class rfy:Drug ] [ sh:in ( rfy:DoseAppropriate ) ; sh:minLength 3 ] ) .",
    "max-exclusive": "sh:maxExclusive 100 .",
    "no-severity": "sh:class rfy:Drug .",
    "column": select("SELECT $this WHERE { $this $PATH ?x , rfy:DoseAppropriate }"),
    "unequal": select("SELECT ?this ?value { ?this $PATH ?value ; $PATH ?o FILTER (?o != rfy:DoseAppropriate) }"),
    "datatype": select("SELECT ?this { ?this rfy:assessedOn ?d . FILTER(datatype(?d) != xsd:date && ?d = ?d) }"),
    "backward": select("SELECT ?this ?value { $this $PATH ?x . ?value <https://w3id.org/refractory/isKindOf>* ?x }"),
    "pairs": select("SELECT ?this ?value { ?value rfy:isGeneOf ?v . ?x rfy:isGeneOf ?v . $this a rfy:Case }"),
    "classes": select("SELECT ?this ?value { $this $PATH ?value . ?value a/rdfs:subClassOf* rfy:ClinicalFact }"),
    "superclass": select("SELECT ?this ?value { ?value rdfs:subClassOf rfy:ClinicalFact . $this a ?c }"),
    "product": select(
        """SELECT $this ?value WHERE { $this rfy:hasTreatment ?value . # not ours: }
           ?value rfy:doseMg ?d ; rfy:timesPerDay ?n FILTER ((?d * 0.5 > 2.5 * ?n) && ?n >= 1) }"""
    ),
    "nested": select(
        """SELECT ?this ?value WHERE { FILTER NOT EXISTS { ?this rfy:hasAbsent ?a . FILTER NOT EXISTS {
           ?a rfy:isKindOf/rfy:isKindOf* ?value } } ?this $PATH ?value . }"""
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_each_construct_is_compiled_as_pyshacl_reads_it(name: str) -> None:
    """Whatever the compiler takes in, also what our shapes do not use today, gives pySHACL's results."""
    rest = CONSTRUCTS[name].replace("xsd:date", "<http://www.w3.org/2001/XMLSchema#date>")
    if name == "no-severity":
        rest += " rfy:Extra sh:property rfy:Extra-two . rfy:Extra-two a sh:PropertyShape ;"
        rest += ' sh:path rfy:hasAbsent ; sh:message "English." ; sh:class rfy:Drug .'
    validator = extra(rest)
    said = Counter(agree(read_case(slug).facts, validator) for slug in slugs()[::6])

    assert said["violates" if name == "no-severity" else "warns"] > 0
    assert said["unsure"] == 0


SECOND = "sh:minCount 0 . rfy:Extra sh:property rfy:second . rfy:second sh:path "
REFUSED = {
    "sh:pattern": 'sh:pattern "x" .',
    "sh:nodeKind": "sh:nodeKind sh:IRI .",
    "sh:hasValue": "sh:hasValue rfy:DoseAppropriate .",
    "sh:not": "sh:not [ sh:class rfy:Drug ] .",
    "sh:node": "sh:node rfy:CaseShape .",
    "sh:xone": "sh:xone ( [ sh:class rfy:Drug ] ) .",
    "sh:equals": "sh:equals rfy:hasAbsent .",
    "sh:uniqueLang": "sh:uniqueLang true .",
    "sh:deactivated": "sh:deactivated true .",
    "sh:property": "sh:property rfy:CaseShape-absent .",
    "sh:targetNode": "sh:targetNode rfy:x .",
    "sh:closed": "sh:minCount 0 . rfy:Extra sh:closed true .",
    "sh:targetSubjectsOf": "sh:minCount 0 . rfy:Extra sh:targetSubjectsOf rfy:doseMg .",
    "sh:rule": "sh:minCount 0 . rfy:Extra sh:rule [] .",
    "sh:targetClass": "sh:minCount 0 . rfy:Alone sh:targetClass rfy:Case .",
    "sh:ConstraintComponent": "sh:minCount 0 . rfy:Own a sh:ConstraintComponent .",
    "a sh:NodeShape without a name": "sh:minCount 0 . rfy:Extra a owl:Class .",
    "a property shape without a name": "sh:minCount 0 . rfy:Extra sh:property [ sh:path rfy:x ] .",
    "a sh:path that is not one IRI": SECOND + "[ sh:inversePath rfy:x ] .",
    "a severity other than": SECOND + "rfy:x ; sh:severity sh:Info .",
    "sh:severity with several values": "sh:severity sh:Violation .",
    "without sh:message, or with placeholders": 'sh:message "{?value}" .',
    "the datatype": "sh:datatype xsd:dateTime .",
    "a sh:maxInclusive that is not a plain decimal number": "sh:maxInclusive '2026-01-01'^^xsd:date .",
    "a sh:minCount that is not an integer": "sh:minCount 1.5 .",
    "a sh:in that is not one IRI": "sh:in ( 01 ) .",
    "a list that is not one": "sh:in rfy:x .",
    "an alternative of sh:or": "sh:or ( [ sh:path rfy:x ] ) .",
    "a sh:sparql without a name": "sh:sparql [ sh:select 'SELECT $this { }' ] .",
    "one sh:select and one sh:prefixes": "sh:sparql rfy:q . rfy:q sh:ask 'ASK { }' .",
    "sh:prefixes that declare none": "sh:sparql rfy:q . rfy:q sh:prefixes rfy:none ; sh:select 'SELECT $this { }' .",
    "sh:message in this place": select("SELECT $this { $this $PATH ?x }") + " rfy:q sh:message 'x' .",
    "'OPTIONAL'": select("SELECT $this { $this $PATH ?x OPTIONAL { ?x a ?y } }"),
    "'{'": select("SELECT $this { { $this a ?x } UNION { $this $PATH ?x } }"),
    "'MINUS'": select("SELECT $this { $this $PATH ?x . MINUS { ?x a ?y } }"),
    "'BIND'": select("SELECT $this { $this $PATH ?x . BIND (1 AS ?y) }"),
    "'VALUES'": select("SELECT $this { $this $PATH ?x . VALUES ?x { rfy:x } }"),
    "'GRAPH'": select("SELECT $this { GRAPH ?g { $this $PATH ?x } }"),
    "'SERVICE'": select("SELECT $this { SERVICE <http://x> { $this $PATH ?x } }"),
    "'EXISTS'": select("SELECT $this { $this $PATH ?x FILTER EXISTS { ?x a ?y } }"),
    "'LIMIT'": select("SELECT $this { $this $PATH ?x } LIMIT 1"),
    "'('": select("SELECT (COUNT(?x) AS ?this) { $this $PATH ?x }"),
    "'||'": select("SELECT $this { $this $PATH ?x FILTER (?x = ?x || ?x = ?x) }"),
    "'!(?x'": select("SELECT $this { $this $PATH ?x FILTER (!(?x = ?x)) }"),
    "'regex'": select('SELECT $this { $this $PATH ?x FILTER (regex(?x, "x")) }'),
    "')'": select("SELECT $this { $this $PATH ?x FILTER (?x) }"),
    "'+'": select("SELECT $this { $this rfy:isKindOf+ ?x }"),
    "'^$PATH'": select("SELECT $this { $this ^$PATH ?x }"),
    "'5'": select("SELECT $this { $this rfy:doseMg 5 }"),
    "'foaf:name'": select("SELECT $this { $this foaf:name ?x }"),
    "'$currentShape'": select("SELECT $this { $this $PATH $currentShape }"),
    "something other than ?this and ?value": select("SELECT $this ?x { $this $PATH ?x }"),
    "or what it never binds": select("SELECT $this ?value { $this $PATH ?x }"),
    "no pattern binds ?y": select("SELECT $this { $this $PATH ?x FILTER (?y < 5) }"),
    "a pattern has no end that is known": select("SELECT $this { $this $PATH ?x . ?a rfy:isKindOf* ?b }"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_compiled_is_refused_by_name(what: str) -> None:
    """A construct that the compiler does not know stops the loading, and the message names it and its place."""
    with pytest.raises(KnowledgeError) as caught:
        extra(REFUSED[what])

    assert what in str(caught.value)
    assert caught.value.place


def test_no_shapes_are_refused() -> None:
    """Without shapes nothing would be found, and nothing found reads as nothing wrong."""
    knowledge = knowledge_with({path: "" for path, _ in shipped().knowledge.shapes})

    with pytest.raises(KnowledgeError, match="no shape"):
        QuickValidator(knowledge)


def test_the_quick_way_loads_no_slow_library() -> None:
    """From JSON or Turtle to the report of a case that conforms, warnings included, no rdflib and no pySHACL loads."""
    code = """
import sys
from refractory.case.reader import Case
from refractory.knowledge.knowledge import Knowledge
from refractory.validation.quick import QuickValidator
quick = QuickValidator(Knowledge.load())
reports = [quick.check(Case.read(path).facts) for path in sys.argv[1:]]
print(*[len(report.warnings) for report in reports if report.conforms])
print(*[name for name in ("rdflib", "pyshacl", "owlrl") if name in sys.modules])
"""
    turtle = ROOT / "tests" / "bad" / "turtle-two-cases" / "good.ttl"
    paths = [CASES / "design-example" / "case.json", CASES / "dose-judgement-against-low" / "case.json", turtle]
    printed = subprocess.run(
        [sys.executable, "-c", code, *map(str, paths)], capture_output=True, text=True, check=True
    ).stdout

    assert printed.splitlines() == ["0 1 0", ""]
