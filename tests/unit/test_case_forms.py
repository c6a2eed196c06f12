"""One case, three forms: JSON, Turtle and N-Triples say the same facts, and each form comes back as it went out."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import rdflib
from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, serialize

from refractory.case.reader import Case
from refractory.errors import RefractoryError, RefusedError
from refractory.knowledge.files import KnowledgeFiles, default_root
from refractory.vocabulary import Rdf, Rdfs, Xsd, rfy

CASES = Path(__file__).resolve().parents[1] / "cases"
IRI = "https://example.org/case/1"

FULL: dict[str, Any] = {
    "id": IRI,
    "assessedOn": "2026-03-10",
    "condition": "HerpesZoster",
    "lesionCourse": "Spreading",
    "patient": {"ageYears": 64, "weightKg": 70.0, "creatinineClearanceMlPerMin": 85},
    "treatments": [
        {
            "drug": "Valacyclovir",
            "route": "Oral",
            "doseMg": 1000,
            "timesPerDay": 3,
            "startedOn": "2026-03-01",
            "status": "Ongoing",
            "for": "DisseminatedZoster",
        },
        {"drug": "Acyclovir", "status": "Stopped", "endedOn": "2026-02-20"},
    ],
    "present": ["HivInfection", "UnexplainedWeightLoss"],
    "absent": ["OrganTransplantHistory"],
    "allergies": ["Famciclovir"],
    "susceptibility": [
        {
            "drug": "Acyclovir",
            "interpretation": "Resistant",
            "method": "Phenotypic",
            "collectedOn": "2026-03-08",
            "specimen": "lesion, left thorax",
        }
    ],
    "genotype": [
        {
            "virus": "VaricellaZosterVirus",
            "gene": "ORF36",
            "mutation": "R130Q",
            "effect": "LossOfFunction",
            "collectedOn": "2026-03-08",
            "specimen": "lesion, left thorax",
        }
    ],
    "measurements": [{"quantity": "SerumCreatinine", "value": 1.8, "unit": "mg/dL", "takenOn": "2026-03-09"}],
    "unavailable": ["FoscarnetIntravenous"],
}

# The same case as FULL, as a person would write it. Blank nodes are numbered by what is said of them, so the entry of
# acyclovir, which FULL has second, gets its IRI here.
TURTLE = f"""
@prefix rfy: <https://w3id.org/refractory/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .

<{IRI}> a rfy:Case ;
    rfy:assessedOn "2026-03-10"^^xsd:date ;
    rfy:hasCondition rfy:HerpesZoster ;
    rfy:hasLesionCourse rfy:Spreading ;
    rfy:hasPatient [ rfy:ageYears 64 ; rfy:weightKg 70.0 ; rfy:creatinineClearanceMlPerMin 85 ] ;
    rfy:hasTreatment [
        rfy:usesDrug rfy:Valacyclovir ; rfy:hasRoute rfy:Oral ; rfy:doseMg 1000 ; rfy:timesPerDay 3 ;
        rfy:startedOn "2026-03-01"^^xsd:date ; rfy:hasTreatmentStatus rfy:Ongoing ;
        rfy:treatsCondition rfy:DisseminatedZoster
    ] , <{IRI}#treatment.2> ;
    rfy:hasPresent rfy:HivInfection , rfy:UnexplainedWeightLoss ;
    rfy:hasAbsent rfy:OrganTransplantHistory ;
    rfy:hasAllergyTo rfy:Famciclovir ;
    rfy:hasSusceptibilityResult [
        rfy:testsDrug rfy:Acyclovir ; rfy:hasInterpretation rfy:Resistant ; rfy:hasMethod rfy:Phenotypic ;
        rfy:collectedOn "2026-03-08"^^xsd:date ; rfy:specimen "lesion, left thorax"
    ] ;
    rfy:hasGenotypeFinding [
        rfy:foundInVirus rfy:VaricellaZosterVirus ; rfy:foundInGene rfy:ORF36 ; rfy:mutation "R130Q" ;
        rfy:hasEffect rfy:LossOfFunction ; rfy:collectedOn "2026-03-08"^^xsd:date ; rfy:specimen "lesion, left thorax"
    ] ;
    rfy:hasMeasurement [
        rfy:ofQuantity rfy:SerumCreatinine ; rfy:measuredValue 1.8 ; rfy:unitCode "mg/dL" ;
        rfy:takenOn "2026-03-09"^^xsd:date
    ] ;
    rfy:hasUnavailable rfy:FoscarnetIntravenous .

<{IRI}#treatment.2> rfy:usesDrug rfy:Acyclovir ; rfy:hasTreatmentStatus rfy:Stopped ;
    rfy:endedOn "2026-02-20"^^xsd:date .
"""


def golden() -> list[Path]:
    """Return the golden cases; an empty folder is an error."""
    found = sorted(CASES.glob("*/case.json"))
    assert found
    return found


def lines(case: Case) -> list[str]:
    """Return the asserted facts as N-Triples."""
    content = serialize(case.facts.asserted, format=RdfFormat.N_TRIPLES)
    assert content
    return content.decode().splitlines()


def anonymous(ntriples: list[str], iri: str, seed: int) -> str:
    """Return a case with its parts as blank nodes of arbitrary labels, and its triples in arbitrary order."""
    chance = random.Random(seed)  # noqa: S311 - it shuffles, it protects nothing
    text = "\n".join(ntriples)
    parts = sorted(set(re.findall(rf"<{re.escape(iri)}[#.][a-z]+(?:\.[0-9]+)?>", text)))
    labels = chance.sample(range(1000), len(parts))
    for part, label in zip(parts, labels, strict=True):
        text = text.replace(part, f"_:b{label}")
    shuffled = text.splitlines()
    chance.shuffle(shuffled)
    return "\n".join(shuffled)


def test_json_and_turtle_say_the_same() -> None:
    """The case of the design, written in JSON and in Turtle, gives equal facts and an equal frame."""
    assert Case.from_json(FULL) == Case.from_turtle(TURTLE)
    assert Case.from_json(FULL).facts.frame == Case.from_turtle(TURTLE).facts.frame


@pytest.mark.parametrize("path", golden(), ids=lambda path: path.parent.name)
def test_every_golden_case_goes_round(path: Path) -> None:
    """JSON, its text, Turtle and N-Triples that we write are read as the facts they were written from."""
    case = Case.read(path)

    assert case == Case.from_json(case.to_json())
    assert case == Case.from_json(json.dumps(case.to_json()))
    assert case == Case.from_turtle(case.to_turtle())
    assert case == Case.read("\n".join(lines(case)).encode(), "case.nt")
    assert case.to_turtle() == Case.from_turtle(case.to_turtle()).to_turtle()


@pytest.mark.parametrize("path", golden(), ids=lambda path: path.parent.name)
def test_neither_labels_nor_order_matter(path: Path) -> None:
    """A case with blank nodes gives the same facts and frame under other labels and in another order."""
    case = Case.read(path)
    shuffled = [Case.from_turtle(anonymous(lines(case), case.id, seed)).facts for seed in range(4)]

    assert all(facts == shuffled[0] for facts in shuffled)
    assert len(case.facts.asserted) == len(shuffled[0].asserted)


def test_two_identical_treatments_stay_two() -> None:
    """Two entries of which the same is said are two entries, in JSON and in Turtle."""
    entry = {"drug": "Valacyclovir", "status": "Completed"}
    node = "[ rfy:usesDrug rfy:Valacyclovir ; rfy:hasTreatmentStatus rfy:Completed ]"
    turtle = f"@prefix rfy: <https://w3id.org/refractory/> . <{IRI}> a rfy:Case ; rfy:hasTreatment {node} , {node} ."

    assert Case.from_json({"id": IRI, "treatments": [entry, entry]}) == Case.from_turtle(turtle)
    assert [entry, entry] == Case.from_turtle(turtle).to_json()["treatments"]


def test_a_part_keeps_its_own_iri_and_no_blank_node_takes_it() -> None:
    """A part named in Turtle is called as it is there, and blank nodes are numbered around it."""
    turtle = f"""@prefix rfy: <https://w3id.org/refractory/> . <{IRI}> a rfy:Case ;
        rfy:hasTreatment [ rfy:usesDrug rfy:Famciclovir ] , <{IRI}#treatment.1> , <https://example.org/order/7> .
        <{IRI}#treatment.1> rfy:usesDrug rfy:Valacyclovir .
        <https://example.org/order/7> rfy:usesDrug rfy:Acyclovir ."""
    named = {t.subject: t.object for t in Case.from_turtle(turtle).facts.asserted if t.predicate == rfy("usesDrug")}

    assert named == {
        NamedNode(f"{IRI}#treatment.1"): rfy("Valacyclovir"),
        NamedNode(f"{IRI}#treatment.2"): rfy("Famciclovir"),
        NamedNode("https://example.org/order/7"): rfy("Acyclovir"),
    }


def test_more_than_nine_entries_keep_their_order() -> None:
    """The tenth treatment comes after the ninth when a case is written again."""
    entries = [{"drug": "Valacyclovir", "doseMg": dose, "status": "Completed"} for dose in range(1, 13)]

    assert entries == Case.from_json({"id": IRI, "treatments": entries}).to_json()["treatments"]


@pytest.mark.parametrize(
    "name",
    [
        "Valacyclovir",
        "valacyclovir",
        " VALACYCLOVIR ",
        "valaciclovir",
        "RxNorm:73645",
        "rxnorm:73645",
        "ATC:J05AB11",
        "https://w3id.org/refractory/Valacyclovir",
        "http://purl.bioontology.org/ontology/RXNORM/73645",
    ],
)
def test_a_name_resolves_in_any_form(name: str) -> None:
    """Local name, label, synonym, code and IRI stand for the same drug, in any letter case."""
    case = Case.from_json({"id": IRI, "allergies": [name]})

    assert ["Valacyclovir"] == case.to_json()["allergies"]


def test_a_code_in_turtle_stands_for_our_term() -> None:
    """The IRI of a code that one of our terms matches exactly is replaced by the term."""
    turtle = f"""<{IRI}> a <https://w3id.org/refractory/Case> ;
        <https://w3id.org/refractory/hasAllergyTo> <http://purl.bioontology.org/ontology/RXNORM/73645> ."""

    assert Case.from_json({"id": IRI, "allergies": ["Valacyclovir"]}) == Case.from_turtle(turtle)


@pytest.mark.parametrize("written", ["70", "70.0", "70.00", "0.5", "00070.5", "-3", "12345678901234567890.123456789"])
def test_a_number_keeps_its_characters(written: str) -> None:
    """What stands in the file stands in the facts, digit for digit: in JSON where it may, and in Turtle always."""
    expected = Triple(NamedNode(f"{IRI}#patient"), rfy("weightKg"), Literal(written, datatype=Xsd.DECIMAL))
    turtle = f"""@prefix rfy: <https://w3id.org/refractory/> .
        <{IRI}> a rfy:Case ; rfy:hasPatient [ rfy:weightKg "{written}"^^<{Xsd.DECIMAL.value}> ] ."""
    case = Case.from_turtle(turtle)

    assert expected in case.facts.asserted
    assert case == Case.from_turtle(case.to_turtle())
    if not written.startswith("00"):
        assert case == Case.from_json(f'{{"id": "{IRI}", "patient": {{"weightKg": {written}}}}}')


@pytest.mark.parametrize("written", ["12345678901234567890.123456789", "0.00000001"])
def test_a_number_that_json_would_change_is_not_written_as_json(written: str) -> None:
    """What no float holds, or Python's writer would give an exponent, is refused rather than changed."""
    case = Case.from_json(f'{{"id": "{IRI}", "patient": {{"weightKg": {written}}}}}')

    with pytest.raises(RefusedError, match="no plain form"):
        case.to_json()


def test_what_is_said_twice_has_no_json_form() -> None:
    """Turtle can say two weights, which the shapes refuse; JSON cannot, and neither is dropped."""
    turtle = f"""@prefix rfy: <https://w3id.org/refractory/> .
        <{IRI}> a rfy:Case ; rfy:hasPatient [ rfy:weightKg 70 , 80 ] ."""

    with pytest.raises(RefusedError, match="several values"):
        Case.from_turtle(turtle).to_json()


def test_the_graph_for_rdflib_holds_the_asserted_facts() -> None:
    """`to_graph` gives what was asserted, no frame, and numbers with the characters they came with."""
    case = Case.from_json(FULL)
    graph = case.to_graph()
    weight = graph.value(rdflib.URIRef(f"{IRI}#patient"), rdflib.URIRef(rfy("weightKg").value))

    assert len(case.facts.asserted) == len(graph)
    assert str(weight) == "70.0"


def whole_numbers(value: Any) -> Any:
    """Return JSON with fractions rounded."""
    if isinstance(value, dict):
        return {key: whole_numbers(part) for key, part in value.items()}
    if isinstance(value, list):
        return [whole_numbers(part) for part in value]
    return round(value) if isinstance(value, float) else value


@pytest.mark.parametrize("path", golden(), ids=lambda path: path.parent.name)
def test_our_mapping_is_what_the_published_context_means(path: Path) -> None:
    """Read by a general JSON-LD processor with the published context, a case says what we read.

    Only whole numbers are compared, because JSON-LD turns a fraction into a double and writes 70.5 as 7.05E1; only
    local names, because JSON-LD knows no synonyms. Parts are blank nodes there, and their types are not said.
    """
    context = json.loads((KnowledgeFiles.read(default_root())).text("schemas/case.context.jsonld"))["@context"]
    plain = whole_numbers(Case.from_json(whole_numbers(json.loads(path.read_bytes()))).to_json())
    graph = rdflib.Graph().parse(data=json.dumps({"@context": context, **plain}), format="json-ld")
    graph.add((rdflib.URIRef(plain["id"]), rdflib.URIRef(Rdf.TYPE.value), rdflib.URIRef(rfy("Case").value)))
    read_by_rdflib = Case.from_turtle(graph.serialize(format="nt"))
    ours = Case.from_turtle(anonymous(lines(Case.from_json(plain)), plain["id"], 1))

    assert ours.facts.asserted == read_by_rdflib.facts.asserted


def test_the_parts_are_what_the_ontology_says_their_properties_lead_to() -> None:
    """The types that the reader gives to the parts of a case are the ranges that the ontology declares."""
    from refractory.case.mapping import CaseMapping
    from refractory.knowledge.knowledge import Knowledge

    knowledge = Knowledge.load()
    keys = [key for key in CaseMapping.of(knowledge).case.keys.values() if key.part]

    assert keys
    assert [key.part.type for key in keys if key.part] == [knowledge.value(key.predicate, Rdfs.RANGE) for key in keys]


# ---- files and names ----


def test_a_file_is_read_by_its_suffix(tmp_path: Path) -> None:
    """JSON, Turtle and N-Triples files are read; without a suffix, a brace says JSON."""
    case = Case.from_json(FULL)
    contents = {
        "a.json": json.dumps(FULL),
        "a.JSON": "\ufeff" + json.dumps(FULL),
        "a.ttl": case.to_turtle(),
        "a.nt": "\n".join(lines(case)),
        "a": "\n  " + json.dumps(FULL),
        "b": case.to_turtle(),
    }
    for name, content in contents.items():
        (tmp_path / name).write_text(content, encoding="utf-8")

        assert case == Case.read(tmp_path / name), name
        assert case == Case.read(content.encode(), name), name


@pytest.mark.parametrize("suffix", [".rdf", ".xml", ".jsonld", ".trig", ".n3", ".txt", ".csv"])
def test_other_files_are_not_read(suffix: str) -> None:
    """Forms that fetch, expand or carry graphs are refused by name, whatever their content is."""
    with pytest.raises(RefusedError, match=r"JSON \(\.json\), Turtle \(\.ttl\) and N-Triples \(\.nt\)"):
        Case.read(json.dumps(FULL).encode(), "case" + suffix)


@pytest.mark.parametrize("path", ["no-such-file.json", "."])
def test_a_file_that_cannot_be_read_says_so(path: str) -> None:
    """A missing file and a folder are refused with their path."""
    with pytest.raises(RefusedError, match="cannot be read") as caught:
        Case.read(path)

    assert caught.value.place == path


@pytest.mark.parametrize(
    "value", [{1, 2}, float("nan"), float("inf"), b"x", 10**5000], ids=lambda value: type(value).__name__
)
def test_a_dictionary_that_is_not_json_is_refused(value: object) -> None:
    """What JSON cannot hold is refused with a message of ours, not with Python's."""
    with pytest.raises(RefusedError):
        Case.from_json({"id": IRI, "patient": {"weightKg": value}})


def test_a_case_is_a_value() -> None:
    """Cases compare by their facts, whatever order the keys had, and can be members of a set."""
    turned = dict(reversed(FULL.items()))

    assert Case.from_json(FULL) == Case.from_json(turned)
    assert len({Case.from_json(FULL), Case.from_json(turned)}) == 1
    assert Case.from_json(FULL) != Case.from_json({"id": IRI})


def test_a_notebook_shows_a_table_in_which_nothing_is_markup() -> None:
    """The HTML of a case escapes what the case says."""
    result = {"drug": "Acyclovir", "specimen": "<script>alert(1)</script>"}
    shown = Case.from_json({"id": IRI, "susceptibility": [result]})._repr_html_()

    assert "&lt;script&gt;" in shown
    assert "<script>" not in shown


# ---- no network ----


@contextmanager
def listener() -> Iterator[tuple[str, list[str]]]:
    """Serve on a local port and note each request."""
    requests: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.path)
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", requests
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_the_listener_hears() -> None:
    """A request to the listener is noted, so that its silence means something."""
    from urllib.request import urlopen

    with listener() as (url, requests), pytest.raises(OSError, match="404"):
        urlopen(f"{url}/heard")  # noqa: S310 - our own listener

    assert requests == ["/heard"]


def test_no_case_makes_us_fetch_anything() -> None:
    """Contexts, imports, identifiers and references that point at a listener bring it no request."""
    with listener() as (url, requests):
        prefix = "@prefix rfy: <https://w3id.org/refractory/> . @prefix owl: <http://www.w3.org/2002/07/owl#> ."
        attempts = {
            "context.json": json.dumps({"@context": f"{url}/context", "id": IRI}),
            "list.json": json.dumps({"@context": [f"{url}/context"], "id": IRI}),
            "import.json": json.dumps({"@context": {"@import": f"{url}/context"}, "id": IRI}),
            "id.json": json.dumps({"id": f"{url}/case"}),
            "name.json": json.dumps({"id": IRI, "condition": f"{url}/condition"}),
            "imports.ttl": f"{prefix} <{IRI}> a rfy:Case ; owl:imports <{url}/imports> .",
            "base.ttl": f"@base <{url}/> . {prefix} <case> a rfy:Case .",
            "prefix.ttl": f"@prefix x: <{url}/> . {prefix} x:c a rfy:Case ; rfy:hasPatient x:p . x:p a rfy:Patient .",
            "reference.ttl": f"{prefix} <{IRI}> a rfy:Case ; rfy:hasCondition <{url}/condition> .",
            "datatype.ttl": f'{prefix} <{IRI}> a rfy:Case ; rfy:assessedOn "2026-03-10"^^<{url}/date> .',
            "graph.rdf": f'<!DOCTYPE x SYSTEM "{url}/dtd"><x/>',
        }
        accepted = set()
        for name, content in attempts.items():
            try:
                case = Case.read(content.encode(), name)
            except RefractoryError:
                continue
            accepted.add(name)
            Case.from_turtle(case.to_turtle())
            Case.from_json(case.to_json())
            case.to_graph().serialize(format="json-ld")

    assert accepted == {"id.json", "base.ttl", "prefix.ttl"}
    assert requests == []
