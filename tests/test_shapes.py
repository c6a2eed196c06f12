"""Every shape finds the fault it is for, and nothing else; each folder of `tests/shapes` is the evidence for one."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pyshacl
import pytest
from pyoxigraph import NamedNode, Quad, RdfFormat, Store, Triple, Variable, parse
from rdflib import OWL, RDF, RDFS, SH, SKOS, Graph, Namespace, URIRef
from rdflib.term import Node

from refractory.case.frame import frame
from refractory.case.quantities import Quantities
from refractory.engine.reference import ReferenceReasoner
from refractory.errors import KnowledgeError
from refractory.knowledge.files import KnowledgeFiles
from refractory.knowledge.knowledge import Knowledge, load_files
from refractory.model.facts import CaseFacts, canonical
from refractory.model.report import Report
from refractory.validation.validate import validate
from refractory.vocabulary import NAMESPACE, Rdf, local_name, rfy

FOLDERS = Path(__file__).parent / "shapes"
RFY = Namespace(NAMESPACE)
# rdflib knows only the words of SHACL Core and SHACL-SPARQL.
SH_NS = Namespace(str(SH))
CASE = NamedNode("https://example.org/case/1")

KNOWLEDGE = Knowledge.load()
SHAPES = Graph()
for _path, _content in KNOWLEDGE.shapes:
    SHAPES.parse(data=_content, format="turtle")
PROPERTY_SHAPES = sorted(str(shape) for shape in SHAPES.subjects(RDF.type, SH.PropertyShape))
NODE_SHAPES = sorted(str(shape) for shape in SHAPES.subjects(RDF.type, SH.NodeShape) if isinstance(shape, URIRef))
NAMES = [local_name(shape) for shape in PROPERTY_SHAPES]

# What each constraint of ours is called in a report.
COMPONENTS: dict[Node, str] = {
    SH["class"]: "Class",
    SH.datatype: "Datatype",
    SH.maxCount: "MaxCount",
    SH.maxInclusive: "MaxInclusive",
    SH.minCount: "MinCount",
    SH.minExclusive: "MinExclusive",
    SH.minInclusive: "MinInclusive",
    SH.minLength: "MinLength",
    SH["or"]: "Or",
    SH.sparql: "SPARQL",
}
WORDS = {
    SH.name,
    SH.description,
    SH.order,
    SH.group,
    SH.severity,
    SH.message,
    SH.path,
    RFY.why,
    RFY.fix,
    RFY.presupposes,
}


def _facts(path: Path) -> CaseFacts:
    quads = parse(path.read_bytes(), format=RdfFormat.TURTLE)
    return CaseFacts(CASE, canonical(Triple(quad.subject, quad.predicate, quad.object) for quad in quads))


@cache
def _report(path: Path) -> Report:
    return validate(_facts(path), KNOWLEDGE)


def _expected(name: str) -> list[dict[str, str]]:
    expected: list[dict[str, str]] = json.loads((FOLDERS / name / "expected.json").read_text(encoding="utf-8"))
    return expected


def test_each_shape_has_a_folder_and_each_folder_a_shape() -> None:
    """The folders are the property shapes, and there are some."""
    folders = sorted(path.name for path in FOLDERS.iterdir())

    assert folders == NAMES
    assert len(folders) > 30


@pytest.mark.parametrize("name", NAMES)
def test_the_good_fragment_conforms(name: str) -> None:
    """The shape looks at the good fragment and finds nothing; nor does another shape find a violation."""
    report = _report(FOLDERS / name / "good.ttl")

    assert [finding for finding in report.findings if finding.shape == name] == []
    assert report.violations == ()


@pytest.mark.parametrize("name", NAMES)
def test_the_bad_fragment_is_found(name: str) -> None:
    """The shape finds in the bad fragment exactly what is expected, at nodes where no other shape finds a violation."""
    report = _report(FOLDERS / name / "bad.ttl")
    found = [
        {
            "focus": finding.focus.partition("#")[2],
            "path": finding.path,
            "component": finding.component,
            "severity": finding.severity,
        }
        for finding in report.findings
        if finding.shape == name
    ]

    assert sorted(_expected(name), key=str) == sorted(found, key=str)
    assert {finding.shape for finding in report.violations} <= {name}


@pytest.mark.parametrize("shape", PROPERTY_SHAPES)
def test_each_constraint_of_a_shape_has_a_bad_node(shape: str) -> None:
    """What is expected of the bad fragment names every constraint of the shape, and its severity."""
    constraints = {COMPONENTS[p] for p in SHAPES.predicates(URIRef(shape)) if p in COMPONENTS}
    expected = _expected(local_name(shape))

    assert constraints == {entry["component"].removesuffix("ConstraintComponent") for entry in expected}
    assert {f"{SH}{entry['severity']}" for entry in expected} == {str(SHAPES.value(URIRef(shape), SH.severity))}


@pytest.mark.parametrize("shape", PROPERTY_SHAPES)
def test_each_property_shape_explains_itself(shape: str) -> None:
    """A property shape is an IRI of ours with every word exactly once, and nothing that the tests do not know."""
    node = URIRef(shape)
    said = Counter(SHAPES.predicates(node))
    said.subtract({RDF.type})
    texts = [str(SHAPES.value(node, word)) for word in (SH.name, SH.description, SH.message, RFY.why, RFY.fix)]

    assert shape.startswith(NAMESPACE)
    assert all(said[word] == 1 for word in WORDS - {RFY.presupposes})
    assert set(+said) <= WORDS | set(COMPONENTS)
    assert all(text.strip() == text and text for text in texts)
    assert all(text.endswith(".") for text in texts[1:])
    assert all(
        getattr(SHAPES.value(node, word), "language", None) == "en" for word in (SH.name, SH.message, RFY.why, RFY.fix)
    )
    assert SHAPES.value(node, SH.severity) in {SH.Violation, SH.Warning}
    # pySHACL fills placeholders in SPARQL constraints only, and prints them as they stand in all others.
    assert "{" not in texts[2]
    # One sentence: a full stop ends it and stands nowhere else.
    assert re.search(r"[.!?]\s", texts[2]) is None


@pytest.mark.parametrize("shape", NODE_SHAPES)
def test_each_node_shape_only_gathers(shape: str) -> None:
    """A node shape has a label, a definition, a target, and property shapes of its own."""
    node = URIRef(shape)

    assert set(SHAPES.predicates(node)) == {
        RDF.type, RDFS.label, SKOS.definition, RDFS.isDefinedBy, SH.targetClass, SH.property,
    }  # fmt: skip
    assert all(str(part).startswith(shape + "-") for part in SHAPES.objects(node, SH.property))


def test_each_property_shape_is_used_once() -> None:
    """Every property shape belongs to one node shape, so that it has a target."""
    used = Counter(str(part) for part in SHAPES.objects(None, SH.property))

    assert dict.fromkeys(PROPERTY_SHAPES, 1) == dict(used)


def test_groups_are_declared_and_orders_differ() -> None:
    """Each group has a label and a place, and within a group no two shapes stand in the same place."""
    groups = set(SHAPES.objects(None, SH.group))
    places = [(SHAPES.value(URIRef(s), SH.group), SHAPES.value(URIRef(s), SH.order)) for s in PROPERTY_SHAPES]

    assert groups == set(SHAPES.subjects(RDF.type, SH.PropertyGroup))
    assert all(SHAPES.value(group, RDFS.label) and SHAPES.value(group, SH.order) for group in groups)
    assert len(set(places)) == len(places)


def test_what_is_presupposed_is_a_shape() -> None:
    """A shape presupposes property shapes only, and never in a circle."""
    presupposed = set(SHAPES.subject_objects(RFY.presupposes))

    assert {str(shape) for _, shape in presupposed} <= set(PROPERTY_SHAPES)
    assert not any(a in SHAPES.transitive_objects(b, RFY.presupposes) for a, b in presupposed)


def test_every_word_of_ours_in_the_shapes_is_declared() -> None:
    """A misspelt word would make a shape that finds nothing."""
    declared = {str(term) for term in SHAPES.subjects(RDF.type)}
    declared |= {
        t.subject.value for t in KNOWLEDGE.triples if t.predicate == Rdf.TYPE and isinstance(t.subject, NamedNode)
    }
    used = {str(node) for triple in SHAPES for node in triple if isinstance(node, URIRef)}
    used |= {
        NAMESPACE + word for text in SHAPES.objects(None, SH.select) for word in re.findall(r"rfy:([\w-]+)", str(text))
    }

    assert sorted(word for word in used if word.startswith(NAMESPACE) and "/ontology/" not in word) != []
    assert sorted(w for w in used - declared if w.startswith(NAMESPACE) and "/ontology/" not in w) == []


def test_shapes_fetch_and_conclude_nothing() -> None:
    """The shapes import nothing, have no rule, no function, no pattern and no federated query."""
    forbidden = {OWL.imports} | {SH_NS[name] for name in ("rule", "pattern", "js", "target", "values", "expression")}

    assert forbidden & set(SHAPES.predicates()) == set()
    assert [
        q for q in SHAPES.objects(None, SH.select) if re.search(r"\b(SERVICE|MINUS|VALUES|FROM|GRAPH)\b", str(q))
    ] == []


def test_the_shapes_are_shacl() -> None:
    """SHACL's own shapes find no fault in ours."""
    conforms, _, text = pyshacl.validate(Graph(), shacl_graph=SHAPES, meta_shacl=True)

    assert conforms, text


def test_no_shapes_is_an_error() -> None:
    """Knowledge without shapes would find nothing wrong with any case, so it does not load its shapes."""
    files = KNOWLEDGE.files
    without = {path: content for path, content in files.contents.items() if not path.startswith("ontology/shapes/")}
    knowledge = load_files(KnowledgeFiles(files.root, without))

    with pytest.raises(KnowledgeError, match="ontology/shapes"):
        validate(CaseFacts(CASE, ()), knowledge)


def _sparql_shapes() -> Iterator[tuple[str, str, str]]:
    """Yield shape, path and query of each constraint in SPARQL."""
    for shape, constraint in sorted(SHAPES.subject_objects(SH.sparql), key=str):
        path = f"<{SHAPES.value(shape, SH.path)}>"
        prefixes = "".join(
            f"PREFIX {SHAPES.value(each, SH.prefix)}: <{SHAPES.value(each, SH.namespace)}>\n"
            for each in SHAPES.objects(SHAPES.value(constraint, SH.prefixes), SH.declare)
        )
        text = str(SHAPES.value(constraint, SH.select))
        yield local_name(str(shape)), path, prefixes + text.replace("$PATH", path)


@pytest.mark.parametrize(("name", "query"), [(name, query) for name, _, query in _sparql_shapes()])
@pytest.mark.parametrize("kind", ["good", "bad"])
def test_constraints_in_sparql_are_portable(name: str, query: str, kind: str) -> None:
    """Another SPARQL engine finds the same nodes, so the constraints do not rest on one engine's manners."""
    facts = _facts(FOLDERS / name / f"{kind}.ttl")
    store = Store()
    for triple in (*facts.asserted, *KNOWLEDGE.logic):
        store.add(Quad(triple.subject, triple.predicate, triple.object))
    nodes = {triple.subject for triple in facts.asserted if isinstance(triple.subject, NamedNode)}
    found = {
        node.value.partition("#")[2]
        for node in nodes
        if list(store.query(query, substitutions={Variable("this"): node}))  # type: ignore[arg-type]
    }

    assert found == ({entry["focus"] for entry in _expected(name)} if kind == "bad" else set())


def test_a_judgement_is_held_against_what_the_rules_conclude() -> None:
    """The shapes warn of a judgement on the dose exactly where the rules see the opposite dose on record."""
    names = ("CaseConsistencyShape-appropriateThoughLow", "CaseConsistencyShape-inappropriateThoughRight")
    documents = [_facts(FOLDERS / name / f"{kind}.ttl").asserted for name in names for kind in ("good", "bad")]
    cases = [part for number, facts in enumerate(documents) for part in _apart(facts, number)]
    low, right = rfy("CaseWithDoseRecordedLow"), rfy("CaseWithDoseRecordedRight")
    concluded, warned = [], []
    for case, closure in zip(cases, ReferenceReasoner(KNOWLEDGE).close(cases), strict=True):
        judged = {t.predicate for t in case.asserted if t.object == rfy("DoseAppropriate")}
        recorded = {t.object for t in closure.inferred if t.subject == case.case and t.predicate == Rdf.TYPE}
        concluded.append(
            (rfy("hasPresent") in judged and low in recorded) or (rfy("hasAbsent") in judged and right in recorded)
        )
        warned.append(any(finding.shape in names for finding in validate(case, KNOWLEDGE).warnings))

    assert concluded == warned
    assert (len(cases), sum(warned)) == (33, 9)


def _apart(facts: tuple[Triple, ...], number: int) -> Iterator[CaseFacts]:
    """Yield each case of a document, with what belongs to it and what a reader adds."""
    for case in sorted((t.subject for t in facts if t.object == rfy("Case")), key=str):
        assert isinstance(case, NamedNode)
        nodes = {case} | {t.object for t in facts if t.subject == case}
        named = {
            node: NamedNode(f"{node.value}-{number}") for node in nodes if isinstance(node, NamedNode) and _own(node)
        }
        own = [
            Triple(named[t.subject], t.predicate, named.get(t.object, t.object))  # type: ignore[index,arg-type]
            for t in facts
            if t.subject in named
        ]
        asserted = canonical(own)
        yield CaseFacts(named[case], asserted, tuple(frame(named[case], asserted, Quantities.of(KNOWLEDGE))))


def _own(node: NamedNode) -> bool:
    return node.value.startswith(CASE.value)
