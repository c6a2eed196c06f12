"""What the endpoint says of itself: its service description, VoID, and the catalogue as examples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import rdflib
from rdflib.namespace import DCTERMS, RDF, RDFS, SKOS, VOID

from refractory.query.forms import GRAPHS
from refractory.query.graphs import OF_CASE, graph_names, world
from refractory.query.run import ask
from tests.service.served import Served, served
from tests.support import ROOT, shipped
from tests.test_competency import NAMES

SD = rdflib.Namespace("http://www.w3.org/ns/sparql-service-description#")
SH = rdflib.Namespace("http://www.w3.org/ns/shacl#")
SCHEMA = rdflib.Namespace("https://schema.org/")
FORMATS = rdflib.Namespace("http://www.w3.org/ns/formats/")
PARSERS = {
    "text/turtle": "turtle",
    "application/n-triples": "nt",
    "application/ld+json": "json-ld",
    "application/rdf+xml": "xml",
    "application/x-turtle": "turtle",
    "text/plain": "nt",
}


def told(service: Served, path: str, accept: str = "text/turtle") -> rdflib.Graph:
    """Return what a path says, as another library reads it."""
    answer = service.http.get(path, headers={"Accept": accept})
    media = answer.headers["content-type"].partition(";")[0]

    assert (200, True) == (answer.status_code, media in PARSERS), answer.text
    return rdflib.Graph().parse(data=answer.content, format=PARSERS[media])


@pytest.mark.parametrize("path", ["/sparql", "/.well-known/void", "/.well-known/sparql-examples"])
def test_each_description_has_each_form(service: Served, path: str) -> None:
    """The forms of RDF say the same; without a wish it is Turtle, and a picture there is none."""
    sizes = {len(told(service, path, accept)) for accept in (*GRAPHS, "*/*", "text/html, */*;q=0.1")}

    assert 1 == len(sizes)
    assert PARSERS.keys() == GRAPHS.keys()
    assert (400 if path == "/sparql" else 406) == service.http.get(path, headers={"Accept": "image/png"}).status_code


def test_the_service_description_says_what_the_service_does(service: Served) -> None:
    """Endpoint, language, forms and features; nothing that it would not do."""
    graph = told(service, "/sparql")
    (endpoint,) = graph.subjects(RDF.type, SD.Service)

    assert rdflib.URIRef(f"{service.url}/sparql") == endpoint == graph.value(endpoint, SD.endpoint)
    assert {SD.SPARQL11Query} == set(graph.objects(endpoint, SD.supportedLanguage))
    assert {SD.UnionDefaultGraph} == set(graph.objects(endpoint, SD.feature))
    assert 8 == len(set(graph.objects(endpoint, SD.resultFormat)))
    assert {FORMATS.SPARQL_Results_JSON, FORMATS.Turtle} <= set(graph.objects(endpoint, SD.resultFormat))


def test_each_graph_has_a_plain_meaning(service: Served) -> None:
    """Label and definition of each that is there, and of each that a case brings."""
    graph = told(service, "/sparql")
    (dataset,) = graph.objects(None, SD.defaultDataset)
    named = list(graph.objects(dataset, SD.namedGraph))
    of_case = list(graph.objects(dataset, DCTERMS.hasPart))

    assert set(graph_names()) == {str(graph.value(node, SD.name)) for node in named}
    assert {meaning.label for meaning in OF_CASE} == {str(graph.value(node, RDFS.label)) for node in of_case}
    for node in (*named, *of_case, graph.value(dataset, SD.defaultGraph)):
        assert len(str(graph.value(node, SKOS.definition))) > 20


def test_the_counts_are_those_that_a_query_gives(service: Served) -> None:
    """Triples, classes and properties of each graph, and of all together, counted once more by SPARQL."""
    graph = told(service, "/.well-known/void")
    knowledge = shipped().knowledge
    (whole,) = graph.subjects(VOID.sparqlEndpoint, None)

    def number(query: str) -> int:
        return int(str(next(iter(ask(query, knowledge).rows))[0]).split('"')[1])

    def said(node: Any, prop: Any) -> int:
        return int(str(graph.value(node, prop)))

    assert number("SELECT (COUNT(*) AS ?n) { SELECT DISTINCT ?s ?p ?o { ?s ?p ?o } }") == said(whole, VOID.triples)
    for node in graph.objects(whole, VOID.subset):
        name = graph.value(node, SD.name)
        inside = f"{{ GRAPH <{name}> {{ ?s ?p ?o }} }}"

        assert number(f"SELECT (COUNT(*) AS ?n) {inside}") == said(node, VOID.triples)
        assert number(f"SELECT (COUNT(DISTINCT ?p) AS ?n) {inside}") == said(node, VOID.properties)
        assert number(f"SELECT (COUNT(DISTINCT ?s) AS ?n) {inside}") == said(node, VOID.distinctSubjects)
        assert said(node, VOID.properties) == len(list(graph.objects(node, VOID.propertyPartition)))
        assert said(node, VOID.triples) == sum(
            said(part, VOID.triples) for part in graph.objects(node, VOID.propertyPartition)
        )
        for part in graph.objects(node, VOID.classPartition):
            cls = graph.value(part, VOID["class"])
            count = number(f"SELECT (COUNT(DISTINCT ?s) AS ?n) {{ GRAPH <{name}> {{ ?s a <{cls}> }} }}")

            assert count == said(part, VOID.entities) > 0
    assert 3 == len(list(graph.objects(whole, VOID.subset)))
    assert said(whole, VOID.classes) == len(list(graph.objects(whole, VOID.classPartition))) > 50


def test_the_description_has_title_and_license(service: Served) -> None:
    """They are those of the ontology's own header."""
    graph = told(service, "/.well-known/void")
    (whole,) = graph.subjects(VOID.sparqlEndpoint, None)
    header = rdflib.Graph().parse(ROOT / "ontology" / "refractory.ttl")
    (ontology,) = header.subjects(RDF.type, rdflib.OWL.Ontology)

    for prop in (DCTERMS.title, DCTERMS.license, rdflib.OWL.versionInfo):
        assert header.value(ontology, prop) == graph.value(whole, prop) is not None


def test_each_query_of_the_catalogue_is_an_example(service: Served) -> None:
    """In the SIB's form: class, comment, text, target and keywords; and the text is one that the endpoint takes."""
    graph = told(service, "/.well-known/sparql-examples")
    found = sorted(graph.subjects(RDF.type, SH.SPARQLExecutable), key=str)

    assert NAMES == [str(node).rpartition("/")[2] for node in found]
    for node in found:
        comment = graph.value(node, RDFS.comment)

        assert (node, RDF.type, SH.SPARQLSelectExecutable) in graph
        assert rdflib.URIRef(f"{service.url}/sparql") == graph.value(node, SCHEMA.target)
        assert isinstance(comment, rdflib.Literal)
        assert "en" == comment.language
        assert set(map(str, graph.objects(node, SCHEMA.keywords))) <= {"case", "knowledge"}
        assert set(graph.objects(node, SH.prefixes)) == set(graph.subjects(SH.declare, None))
    plain = [n for n in found if rdflib.Literal("knowledge") in graph.objects(n, SCHEMA.keywords)]
    texts = [str(graph.value(node, SH.select)) for node in plain[::5]]

    assert texts
    assert [200] * len(texts) == [service.http.get("/sparql", params={"query": text}).status_code for text in texts]


def test_descriptions_ask_for_a_token_where_queries_do(tmp_path: Path) -> None:
    """With tokens, nothing of the endpoint is told to who has none, and where it is said to be is the public URL."""
    token = "a-token-of-forty-characters-for-this-test"  # noqa: S105  # the test writes the file that makes it known
    tokens = tmp_path / "tokens"
    tokens.write_text(f"ward-7:{token}\n")
    tokens.chmod(0o600)
    paths = ["/sparql", "/.well-known/void", "/.well-known/sparql-examples", "/sparql?query=ASK%7B%7D"]
    with served("--token-file", str(tokens), "--base-url", "https://cds.example/refractory/") as service:
        refused = [service.http.get(path).status_code for path in paths]
        refused.append(service.http.post("/sparql", data={"query": "ASK {}"}).status_code)
        known = {"Authorization": f"Bearer {token}"}
        let_in = [service.http.get(path, headers=known) for path in paths]

    assert [401] * 5 == refused
    assert [200] * 4 == [answer.status_code for answer in let_in]
    assert "<https://cds.example/refractory/sparql>" in let_in[0].text


def test_the_world_is_laid_out_once() -> None:
    """The same knowledge has the same graphs, so that a query does not wait for them."""
    assert world(shipped().knowledge) is world(shipped().knowledge)
