"""Every term has its words, every word that is used is a term, and the catalog and the front door know every file."""

from __future__ import annotations

import importlib.util
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest
from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, parse

ROOT = Path(__file__).resolve().parents[2]
ONTOLOGY = ROOT / "ontology"
SHAPES = ONTOLOGY / "shapes"
LINT = ONTOLOGY / "lint"
FRONT_DOOR = ONTOLOGY / "refractory.ttl"

RFY = "https://w3id.org/refractory/"
OWL = "http://www.w3.org/2002/07/owl#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
DCTERMS = "http://purl.org/dc/terms/"
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
LABEL, ALT_LABEL, DEFINITION = RDFS + "label", SKOS + "altLabel", SKOS + "definition"
PARAPHRASE, DESCRIPTION = RFY + "paraphrase", DCTERMS + "description"

# How a term says what it is. What stands here says it otherwise than by a definition; a line of a source, not at all.
EXPLAINED_BY = {
    "Statement": PARAPHRASE,
    "Gap": PARAPHRASE,
    "CandidateReference": PARAPHRASE,
    "SourceDocument": DESCRIPTION,
    "SourceLine": None,
}
NO_INDIVIDUAL = {OWL + kind for kind in ("Class", "ObjectProperty", "DatatypeProperty", "AnnotationProperty")}
# One of our terms, and neither an ontology nor a file: those begin with "ontology".
TERM = re.compile(re.escape(RFY) + r"(?!ontology(?:/|$))[A-Za-z][A-Za-z0-9_-]*")
PREFIXED = re.compile(r"(?<![\w:])rfy:([A-Za-z][A-Za-z0-9_-]*)")


def _files(folder: Path, pattern: str) -> list[Path]:
    """List the files of a folder; none at all is a fault, because a check of nothing would pass."""
    found = sorted(folder.rglob(pattern))
    assert found, f"no {pattern} under {folder.name}"
    return found


@cache
def _triples(path: Path) -> tuple[Triple, ...]:
    """Read a Turtle file."""
    return tuple(quad.triple for quad in parse(path.read_bytes(), format=RdfFormat.TURTLE))


@cache
def _knowledge() -> tuple[tuple[Path, Triple], ...]:
    """Read every triple of the ontology, with its file."""
    return tuple((path, triple) for path in _files(ONTOLOGY, "*.ttl") for triple in _triples(path))


def _terms_in(path: Path) -> Iterator[str]:
    """Give each of our terms that stands anywhere in a Turtle file."""
    for triple in _triples(path):
        for node in (triple.subject, triple.predicate, triple.object):
            if isinstance(node, NamedNode) and TERM.fullmatch(node.value):
                yield node.value


def _declared_in() -> Iterator[tuple[Path, str, str]]:
    """Give each declaration: the file, one of our terms and a type that the file gives it."""
    for path, triple in _knowledge():
        subject, value = triple.subject, triple.object
        if (
            triple.predicate.value == TYPE
            and isinstance(subject, NamedNode)
            and isinstance(value, NamedNode)
            and TERM.fullmatch(subject.value)
        ):
            yield path, subject.value, value.value


def _grouped(declarations: Iterator[tuple[Path, str, str]]) -> dict[str, set[str]]:
    """Map each term to its types."""
    found: dict[str, set[str]] = defaultdict(set)
    for _, term, value in declarations:
        found[term].add(value)
    assert found
    return dict(found)


@cache
def _types() -> dict[str, set[str]]:
    """Map each declared term of ours to its types; what has a type is declared."""
    return _grouped(_declared_in())


@cache
def _described() -> dict[str, set[str]]:
    """Map the terms that need words to their types: all but the shapes, which speak by their messages."""
    return _grouped(said for said in _declared_in() if not {SHAPES, LINT}.intersection(said[0].parents))


@cache
def _values(predicate: str) -> dict[str, list[str]]:
    """Map our terms to the texts and IRIs that they have for a predicate, as often as they are stated."""
    found: dict[str, list[str]] = defaultdict(list)
    for _, triple in _knowledge():
        subject, value = triple.subject, triple.object
        # What a named class is a subclass of may be a restriction, which has no name to be read by.
        if triple.predicate.value != predicate or not isinstance(subject, NamedNode):
            continue
        if isinstance(value, NamedNode | Literal) and subject.value.startswith(RFY):
            found[subject.value].append(value.value)
    return found


def _members(*classes: str) -> list[str]:
    """List the individuals of some of our classes, and of the classes below them."""
    wanted = {RFY + name for name in classes}
    below = _values(RDFS + "subClassOf")
    while more := {name for name, above in below.items() if wanted.intersection(above)} - wanted:
        wanted |= more
    found = sorted(term for term, types in _types().items() if types & wanted)
    assert found, f"no individual of {', '.join(classes)}"
    return found


def _ontologies() -> dict[str, Path]:
    """Map the IRI of each ontology to its file."""
    found = {
        triple.subject.value: path
        for path, triple in _knowledge()
        if triple.predicate.value == TYPE
        and isinstance(triple.subject, NamedNode)
        and triple.object == NamedNode(OWL + "Ontology")
    }
    assert found
    return found


def _tool() -> ModuleType:
    """Import the tool from its file, since ``tools/`` is no package."""
    spec = importlib.util.spec_from_file_location("make_catalog", ROOT / "tools" / "make_catalog.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _explanation(types: set[str]) -> str | None:
    """Name the predicate that must say what a term of these types is."""
    for name, predicate in EXPLAINED_BY.items():
        if RFY + name in types:
            return predicate
    return DEFINITION


# ---- words ----


def test_each_term_has_one_label() -> None:
    """A declared term has exactly one label, in English."""
    labels = {
        (triple.subject.value, triple.object.value, triple.object.language)
        for _, triple in _knowledge()
        if triple.predicate.value == LABEL
        and isinstance(triple.subject, NamedNode)
        and isinstance(triple.object, Literal)
    }
    wrong = {term: found for term in _described() if len(found := _values(LABEL).get(term, [])) != 1}

    assert not wrong
    assert not {term for term, _, language in labels if term in _described() and language != "en"}


def test_each_term_says_once_what_it_is() -> None:
    """A term has one definition; a statement or gap, one paraphrase instead; a line of a source, neither."""
    wrong = {}
    for term, types in _described().items():
        expected = _explanation(types)
        for predicate in (DEFINITION, PARAPHRASE):
            if len(_values(predicate).get(term, [])) != (predicate == expected):
                wrong[term] = predicate
        if expected == DESCRIPTION and len(_values(DESCRIPTION).get(term, [])) != 1:
            wrong[term] = DESCRIPTION

    assert not wrong


def test_each_term_is_defined_by_an_ontology_that_declares_it() -> None:
    """``rdfs:isDefinedBy`` stands once, and the file of the ontology it names gives the term a type."""
    files, wrong = _ontologies(), {}
    declared = {(path, term) for path, term, _ in _declared_in()}
    for term in _described():
        named = _values(RDFS + "isDefinedBy").get(term, [])
        if len(named) != 1 or named[0] not in files or (files[named[0]], term) not in declared:
            wrong[term] = named

    assert not wrong


def test_no_label_is_given_twice() -> None:
    """No two terms share a label."""
    terms: dict[str, list[str]] = defaultdict(list)
    for term in _described():
        for label in _values(LABEL).get(term, []):
            terms[label].append(term)

    assert not {label: found for label, found in terms.items() if len(found) > 1}


def test_a_name_means_one_individual() -> None:
    """In any letter case, a local name, label or synonym belongs to one individual, so that a case can use it."""
    terms: dict[str, set[str]] = defaultdict(set)
    for term, types in _described().items():
        if not types & NO_INDIVIDUAL:
            for name in (term.removeprefix(RFY), *_values(LABEL).get(term, []), *_values(ALT_LABEL).get(term, [])):
                terms[name.casefold()].add(term)

    assert terms
    assert not {name: found for name, found in terms.items() if len(found) > 1}


def test_no_synonym_is_given_twice() -> None:
    """A term does not list a synonym twice, nor its own label as one, in any letter case."""
    listed = {term: [name.casefold() for name in names] for term, names in _values(ALT_LABEL).items()}
    wrong = [
        term
        for term, names in listed.items()
        if len(set(names)) < len(names) or {label.casefold() for label in _values(LABEL)[term]}.intersection(names)
    ]

    assert listed
    assert not wrong


def test_nothing_is_commented() -> None:
    """No file uses ``rdfs:comment``: a definition, example or note says what kind of remark it is."""
    assert not [path.name for path, triple in _knowledge() if triple.predicate.value == RDFS + "comment"]


def test_what_may_be_asked_has_one_question() -> None:
    """A fact, an item of a case, a conflict and a gap each have exactly one question."""
    wrong = []
    for term in _members("ClinicalFact", "CaseItem", "Conflict", "Gap"):
        questions = _values(RFY + "asks").get(term, [])
        if len(questions) != 1 or not questions[0].endswith("?"):
            wrong.append(term)

    assert not wrong


@pytest.mark.parametrize(("kind", "predicate"), [("Unit", "ucumCode"), ("Modality", "hasStrength")])
def test_a_value_has_what_is_read_of_it(kind: str, predicate: str) -> None:
    """A unit has one code, and a modality one strength."""
    assert not [term for term in _members(kind) if len(_values(RFY + predicate).get(term, [])) != 1]


def test_a_term_has_a_code_or_says_why_not() -> None:
    """A drug, a condition or a fact is compared with a foreign code, or says why with none, and never both."""
    matches = ("exactMatch", "closeMatch", "broadMatch", "narrowMatch", "relatedMatch")
    coded = {term for match in matches for term in _values(SKOS + match)}
    excused = {term for term, reasons in _values(RFY + "hasNoCodeBecause").items() if len(reasons) == 1}

    assert not [term for term in _members("Drug", "Condition", "ClinicalFact") if (term in coded) == (term in excused)]


# ---- what is used is declared ----


def test_every_term_in_turtle_is_declared() -> None:
    """Each term of ours that the ontology, a shape or a case in Turtle uses has a type."""
    # Cases are mostly JSON, where the reader checks each name; a folder without Turtle is no fault.
    cases = sorted((ROOT / "tests" / "cases").rglob("*.ttl"))
    used = {(path.name, term) for path in [*_files(ONTOLOGY, "*.ttl"), *cases] for term in _terms_in(path)}

    assert used
    assert not {(name, term) for name, term in used if term not in _types()}


def test_every_term_in_a_query_is_declared() -> None:
    """Each term of ours that a rule or query uses has a type."""
    used = {
        (path.name, RFY + name)
        for path in _files(ROOT / "queries", "*.rq")
        for name in PREFIXED.findall(path.read_text(encoding="utf-8"))
    }

    assert used
    assert not {(name, term) for name, term in used if term not in _types()}


def test_every_ontology_that_is_named_is_there() -> None:
    """What is imported, or said to define a term, is an ontology of the tree."""
    named = {
        triple.object.value
        for _, triple in _knowledge()
        if triple.predicate.value in {OWL + "imports", RDFS + "isDefinedBy"} and isinstance(triple.object, NamedNode)
    }

    assert named
    assert not named - _ontologies().keys()


# ---- our reading ----


def test_the_statements_of_our_reading_are_numbered_through() -> None:
    """They bear the numbers from 1 on, each its own, and each rests on something in the source."""
    of_reading = [
        term for term in _members("Statement") if _values(RFY + "ofGuidance").get(term) == [RFY + "refractory-reading"]
    ]
    numbers = {term: _values(RFY + "statementNumber").get(term) for term in of_reading}

    assert {f"{RFY}refractory-reading-{n}": [str(n)] for n in range(1, len(of_reading) + 1)} == numbers
    assert not [term for term in of_reading if not _values(RFY + "restsOn").get(term)]


def test_our_reading_is_carried_into_the_reasoning() -> None:
    """Each of its statements is encoded by a rule or an axiom, and a rule encodes only statements that are there."""
    by_rules = {
        RFY + name.strip()
        for path in _files(ROOT / "queries" / "reason", "*.rq")
        for names in re.findall(r"^#\+ encodes: (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        for name in names.split(",")
    }
    by_axioms = {
        triple.object.value
        for _, triple in _knowledge()
        if triple.predicate.value == RFY + "encodes" and isinstance(triple.object, NamedNode)
    }
    statements = set(_members("Statement"))

    assert by_rules
    assert by_axioms
    assert not (by_rules | by_axioms) - statements
    assert not {term for term in statements if "/refractory-reading-" in term} - by_rules - by_axioms


# ---- front door and catalog ----


def test_the_front_door_holds_header_and_imports_only() -> None:
    """It describes one node, the ontology."""
    assert {NamedNode(RFY + "ontology")} == {triple.subject for triple in _triples(FRONT_DOOR)}


def test_the_front_door_leads_to_every_file() -> None:
    """Its imports, and theirs, reach each file of the ontology but the shapes and the alignments."""
    imports: dict[str, set[str]] = defaultdict(set)
    for path, triple in _knowledge():
        if triple.predicate.value == OWL + "imports" and isinstance(triple.subject, NamedNode):
            assert isinstance(triple.object, NamedNode), path.name
            imports[triple.subject.value].add(triple.object.value)
    reached, open_ends = set[str](), {RFY + "ontology"}
    while open_ends:
        reached |= open_ends
        open_ends = {iri for end in open_ends for iri in imports[end]} - reached
    beside = {SHAPES, LINT, ONTOLOGY / "alignments"}
    expected = {iri for iri, path in _ontologies().items() if not beside.intersection(path.parents)}

    assert expected == reached


def test_the_catalog_is_what_the_tree_says() -> None:
    """It maps each ontology to its file, and the tool would write nothing else."""
    tool = _tool()

    assert {iri: path.relative_to(ONTOLOGY).as_posix() for iri, path in _ontologies().items()} == tool.entries(ONTOLOGY)
    assert tool.is_current(ONTOLOGY)


def test_the_catalog_tool_sees_a_change(tmp_path: Path) -> None:
    """A catalog that is missing or old is not current, and an empty or ambiguous tree is refused."""
    tool = _tool()
    with pytest.raises(ValueError, match="no Turtle file"):
        tool.entries(tmp_path)

    (tmp_path / "a.ttl").write_text("<https://example.org/a> a <http://www.w3.org/2002/07/owl#Ontology> .")

    assert not tool.is_current(tmp_path)

    (tmp_path / tool.CATALOG).write_text(tool.render(tmp_path), encoding="utf-8")

    assert tool.is_current(tmp_path)

    (tmp_path / "b.ttl").write_text("<https://example.org/b> a <http://www.w3.org/2002/07/owl#Ontology> .")

    assert not tool.is_current(tmp_path)

    (tmp_path / "b.ttl").write_text("<https://example.org/a> a <http://www.w3.org/2002/07/owl#Ontology> .")
    with pytest.raises(ValueError, match="same ontology"):
        tool.entries(tmp_path)

    (tmp_path / "b.ttl").write_text("")
    with pytest.raises(ValueError, match="exactly one ontology"):
        tool.entries(tmp_path)
