"""The SPARQL endpoint as the W3C's protocol has it, and beyond it: cases, refusals and warnings.

The first part says again, in our words and with our graphs, what the query half of the W3C's SPARQL 1.1 Protocol tests
asks; each test names the one it stands for. Their data are other people's, so ours stand in.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
import rdflib
from rdflib.query import ResultRow

from refractory.model.assessment import Assessment
from refractory.query.graphs import graph_names
from refractory.query.run import ask
from tests import fhir_writer
from tests.service.served import Served
from tests.support import CASES, read_case, shipped

SLUG = "v3b-verrucous-zoster-resistant-in-vitro"
CASE = (CASES / SLUG / "case.json").read_text(encoding="utf-8")
ONTOLOGY, RULES, SHAPES = graph_names()
DIRECT = {"Content-Type": "application/sparql-query"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
RFY = "PREFIX rfy: <https://w3id.org/refractory/> "

# Something that each graph has and no other.
IN_ONTOLOGY = "<https://w3id.org/refractory/Acyclovir> a <https://w3id.org/refractory/Drug>"
IN_RULES = "?rule a <https://w3id.org/refractory/Rule>"
IN_SHAPES = "?shape a <http://www.w3.org/ns/shacl#NodeShape>"


def url(*pairs: tuple[str, str]) -> str:
    """Return the URL of the endpoint with parameters."""
    return f"/sparql?{urlencode(pairs)}" if pairs else "/sparql"


def get(service: Served, *pairs: tuple[str, str], **headers: str) -> httpx.Response:
    """Return the answer to a GET with parameters in the URL."""
    return service.http.get(url(*pairs), headers={name.replace("_", "-"): value for name, value in headers.items()})


def post(service: Served, fields: Mapping[str, str], **headers: str) -> httpx.Response:
    """Return the answer to a form."""
    return service.http.post("/sparql", data=dict(fields), headers=headers)


def direct(service: Served, text: str, *pairs: tuple[str, str], **headers: str) -> httpx.Response:
    """Return the answer to a query that is the body, with parameters in the URL."""
    return service.http.post(url(*pairs), content=text, headers={**DIRECT, **headers})


def truth(answer: httpx.Response) -> bool:
    """Return the answer of an ASK, whichever way it was asked."""
    assert 200 == answer.status_code, answer.text
    assert "application/sparql-results+json" == answer.headers["content-type"]
    found: bool = answer.json()["boolean"]
    return found


# ---- The query half of the W3C's SPARQL 1.1 Protocol tests ----


def test_a_query_comes_by_get(service: Served) -> None:
    """query_get: in the URL, with a graph beside it."""
    assert truth(get(service, ("query", "ASK {}"), ("default-graph-uri", ONTOLOGY)))


def test_a_query_comes_in_a_form(service: Served) -> None:
    """query_post_form: percent-encoded in the body, with a graph in the URL."""
    answer = service.http.post(url(("default-graph-uri", ONTOLOGY)), content="query=ASK%20%7B%7D", headers=FORM)

    assert truth(answer)


def test_a_query_comes_as_the_body(service: Served) -> None:
    """query_post_direct: not encoded at all."""
    assert truth(direct(service, "ASK {}"))


BOTH_AS_ONE = f"ASK {{ {IN_ONTOLOGY} . {IN_RULES} }}"


@pytest.mark.parametrize("way", [get, direct])
def test_several_default_graphs_are_one(service: Served, way: Any) -> None:
    """query_dataset_default_graphs_get and _post: their union is the default graph, and of one alone it is that one."""
    graphs = [("default-graph-uri", ONTOLOGY), ("default-graph-uri", RULES)]

    def asked(*pairs: tuple[str, str]) -> bool:
        return truth(
            direct(service, BOTH_AS_ONE, *pairs) if way is direct else get(service, ("query", BOTH_AS_ONE), *pairs)
        )

    assert (True, False, False) == (asked(*graphs), asked(graphs[0]), asked(graphs[1]))


NAMED = f"ASK {{ GRAPH ?g1 {{ {IN_ONTOLOGY} }} GRAPH ?g2 {{ {IN_RULES} }} }}"


@pytest.mark.parametrize("way", [get, direct])
def test_several_named_graphs_stay_apart(service: Served, way: Any) -> None:
    """query_dataset_named_graphs_get and _post: GRAPH finds those that are named, and no other."""
    graphs = [("named-graph-uri", ONTOLOGY), ("named-graph-uri", RULES)]

    def asked(*pairs: tuple[str, str]) -> bool:
        return truth(direct(service, NAMED, *pairs) if way is direct else get(service, ("query", NAMED), *pairs))

    assert (True, False, False) == (asked(*graphs), asked(graphs[0]), asked(graphs[1]))


FULL = [("default-graph-uri", SHAPES), ("named-graph-uri", ONTOLOGY), ("named-graph-uri", RULES)]


def test_default_and_named_graphs_come_together(service: Served) -> None:
    """query_dataset_full: one is the default graph, the others have their names, and none is both."""
    inside = f"{IN_SHAPES} GRAPH ?g1 {{ {IN_ONTOLOGY} }} GRAPH ?g2 {{ {IN_RULES} }}"

    assert truth(direct(service, f"ASK {{ {inside} }}", *FULL))
    assert not truth(direct(service, f"ASK {{ {IN_RULES} }}", *FULL))
    assert not truth(direct(service, f"ASK {{ GRAPH ?g {{ {IN_SHAPES} }} }}", *FULL))


def test_what_the_request_says_of_graphs_goes_before_what_the_query_says(service: Served) -> None:
    """query_multiple_dataset: FROM in the query counts for nothing where the request names graphs."""
    named = [("named-graph-uri", ONTOLOGY), ("named-graph-uri", RULES)]
    query = NAMED.replace("ASK", f"ASK FROM <{SHAPES}>")

    assert truth(direct(service, query, *named))
    assert not truth(direct(service, query))
    assert not truth(direct(service, f"ASK FROM <{SHAPES}> {{ {IN_SHAPES} }}", *named))


@pytest.mark.parametrize(
    ("query", "media"),
    [
        ("SELECT (1 AS ?value) {}", "application/sparql-results+json"),
        ("ASK {}", "application/sparql-results+json"),
        ("DESCRIBE <http://example.org/>", "text/turtle"),
        ("CONSTRUCT { <s> <p> 1 } WHERE {}", "text/turtle"),
    ],
    ids=["select", "ask", "describe", "construct"],
)
def test_an_answer_has_a_media_type_of_its_sort(service: Served, query: str, media: str) -> None:
    """query_content_type_select, _ask, _describe, _construct; the last has IRIs relative to the endpoint."""
    answer = direct(service, query, ("default-graph-uri", ONTOLOGY))

    assert (200, media) == (answer.status_code, answer.headers["content-type"].partition(";")[0])
    if "<s>" in query:
        assert f"<{service.url}/s> <{service.url}/p> 1" in answer.text


def test_another_method_is_none(service: Served) -> None:
    """bad_query_method: the answer says which there are."""
    for method in ("PUT", "DELETE", "PATCH"):
        answer = service.http.request(method, url(("query", "ASK {}")), headers=FORM)

        assert 405 == answer.status_code
        assert {"GET", "POST"} <= set(answer.headers["allow"].replace(" ", "").split(","))


def test_two_queries_are_none(service: Served) -> None:
    """bad_multiple_queries: in the URL, in a form, and spread over URL and body."""
    two = [("query", "ASK {}"), ("query", "SELECT * {}")]
    refused = [
        get(service, *two),
        service.http.post("/sparql", content=urlencode(two), headers=FORM),
        service.http.post(url(two[0]), content=urlencode(two[1:]), headers=FORM),
        direct(service, "ASK {}", two[0]),
        direct(service, "ASK {} ASK {}"),
    ]

    assert [400] * 5 == [answer.status_code for answer in refused]
    assert "one is asked at a time" in refused[0].json()["detail"]


@pytest.mark.parametrize("body", ["ASK {}", "query=ASK%20%7B%7D"])
@pytest.mark.parametrize("media", ["text/plain", "application/json", "multipart/form-data", "application/sparql", None])
def test_another_media_type_is_none(service: Served, body: str, media: str | None) -> None:
    """bad_query_wrong_media_type, bad_query_missing_form_type, bad_query_missing_direct_type."""
    answer = service.http.post("/sparql", content=body, headers={"Content-Type": media} if media else {})

    assert (415, "application/problem+json") == (answer.status_code, answer.headers["content-type"])


@pytest.mark.parametrize("charset", ["", "; charset=UTF-16"])
def test_another_encoding_is_none(service: Served, charset: str) -> None:
    """bad_query_non_utf8: said or not, a query in UTF-16 is refused; so are bytes that are no UTF-8 anywhere."""
    headers = {"Content-Type": f"application/sparql-query{charset}"}
    answers = [
        service.http.post("/sparql", content="ASK {}".encode("utf-16"), headers=headers),
        service.http.post("/sparql", content=b"ASK { ?s ?p '\xff' }", headers=headers),
        service.http.post("/sparql", content=b"query=ASK%20%7B%20%3Fs%20%3Fp%20'%ff'%20%7D", headers=FORM),
        service.http.get("/sparql?query=ASK%20%7B%7D%20%23%ff"),
        service.http.post("/sparql", content="ASK {}", headers={"Content-Type": "application/sparql-query;charset=x"}),
    ]

    assert [415 if charset else 400, 415 if charset else 400, 400, 400, 415] == [a.status_code for a in answers]
    assert all("UTF-8" in answer.json()["detail"] for answer in answers[1:])
    assert truth(
        service.http.post(
            "/sparql", content="ASK {}", headers={"Content-Type": DIRECT["Content-Type"] + "; charset=UTF-8"}
        )
    )


def test_what_is_no_query_is_refused_with_its_place(service: Served) -> None:
    """bad_query_syntax: a problem with line and column; as text, a caret stands in the column."""
    query = "SELECT * {\n  ?s ?p ?o\n  FILTR (?o = 1) }"
    problem = get(service, ("query", query)).json()
    text = get(service, ("query", query), accept="text/plain").text

    assert (400, 3, 3) == (problem["status"], problem["line"], problem["column"])
    assert text.startswith("line 3, column 3: ")
    assert "\n  FILTR (?o = 1) }\n  ^\n" in text
    assert 400 == get(service, ("query", "ASK {")).status_code


@pytest.mark.parametrize(
    ("media", "body", "parameter"),
    [
        ("application/sparql-update", "CLEAR ALL", ""),
        ("application/sparql-update; charset=UTF-16", "CLEAR NAMED", ""),
        ("application/sparql-update", "INSERT DATA { <a> <b> <c> }", "using-graph-uri=http%3A%2F%2Fexample%2Fpeople"),
        ("application/x-www-form-urlencoded", "update=CLEAR+ALL", ""),
        ("application/x-www-form-urlencoded", "update=CLEAR%20NAMED&update=CLEAR%20DEFAULT", ""),
        ("application/x-www-form-urlencoded", "query=CLEAR+ALL", ""),
        ("application/x-www-form-urlencoded", "query=ASK+%7B%7D&using-named-graph-uri=http%3A%2F%2Fexample%2F", ""),
        ("application/sparql-query", "CLEAR ALL", ""),
        ("application/sparql-query", "ASK {}", "update=CLEAR%20ALL"),
    ],
)
def test_updates_are_refused_by_name(service: Served, media: str, body: str, parameter: str) -> None:
    """The update half of the suite, and bad_update_*: nothing is changed, whichever way it is asked."""
    answer = service.http.post(f"/sparql?{parameter}", content=body, headers={"Content-Type": media})

    assert answer.status_code in {400, 415}
    assert any(word in answer.json()["detail"].lower() for word in ("update", "clear", "using"))


def test_an_update_by_get_is_refused(service: Served) -> None:
    """bad_update_get."""
    assert 400 == get(service, ("update", "CLEAR ALL")).status_code


# ---- What comes out ----


QUERY = RFY + 'SELECT ?a ?b ?c { VALUES (?a ?b ?c) { (rfy:Acyclovir "=1+1"@en UNDEF) ("-x, \\"y\\"\\r" 27 "é") } }'


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("application/sparql-results+json", "application/sparql-results+json"),
        ("application/sparql-results+xml", "application/sparql-results+xml"),
        ("text/csv", "text/csv"),
        ("text/tab-separated-values", "text/tab-separated-values"),
        ("application/json", "application/json"),
        ("application/xml", "application/xml"),
        ("*/*", "application/sparql-results+json"),
        ("", "application/sparql-results+json"),
        ("text/*", "text/csv"),
        ("text/csv;q=0.5, application/sparql-results+xml;q=0.6", "application/sparql-results+xml"),
        ("application/sparql-results+json;q=0, */*;q=0.1", "application/sparql-results+xml"),
        ("TEXT/CSV", "text/csv"),
        ("image/png, text/tab-separated-values;q=0.1", "text/tab-separated-values"),
    ],
)
def test_the_form_is_the_one_that_is_liked_best(service: Served, accept: str, media: str) -> None:
    """`Accept` is heeded with its q values; another library reads the same rows from each form."""
    answer = direct(service, QUERY, accept=accept)
    form = media.rpartition("/")[2].rpartition("+")[2].replace("tab-separated-values", "tsv")

    assert (200, media) == (answer.status_code, answer.headers["content-type"].partition(";")[0])
    rows = rdflib.query.Result.parse(io.BytesIO(answer.content), format=form)
    assert 2 == len(list(rows))


def test_a_text_survives_each_form(service: Served) -> None:
    """Quotation marks, commas, line ends and what a spreadsheet would compute come as they are: the wire is exact."""
    texts = ["=1+1", '-x, "y"\r', "@a\tb", "a\rb", "+\u00e9\n"]
    values = " ".join(json.dumps(text) for text in texts)
    query = f"SELECT ?x {{ VALUES ?x {{ {values} }} }}"

    def answer(media: str) -> str:
        return direct(service, query, accept=media).content.decode()

    in_json = [
        row["x"]["value"] for row in json.loads(answer("application/sparql-results+json"))["results"]["bindings"]
    ]
    in_csv = [row[0] for row in csv.reader(io.StringIO(answer("text/csv"), newline=""))][1:]
    in_xml = rdflib.query.Result.parse(io.BytesIO(answer("application/xml").encode()), format="xml")
    in_tsv = [json.loads(line) for line in answer("text/tab-separated-values").splitlines()[1:]]

    assert [sorted(texts)] * 4 == [
        sorted(in_json),
        sorted(in_csv),
        sorted(str(row[0]) for row in in_xml if isinstance(row, ResultRow)),
        sorted(in_tsv),
    ]


@pytest.mark.parametrize(("query", "said"), [("ASK {}", "true"), (f"ASK {{ {IN_RULES} FILTER(false) }}", "false")])
def test_a_truth_has_each_form(service: Served, query: str, said: str) -> None:
    """ASK answers in all four; where the W3C says nothing, it is a table of one cell."""
    assert said == str(direct(service, query).json()["boolean"]).lower()
    assert f"<boolean>{said}</boolean>" in direct(service, query, accept="application/sparql-results+xml").text
    assert f"answer\r\n{said}\r\n" == direct(service, query, accept="text/csv").text
    assert f"?answer\n{said}\n" == direct(service, query, accept="text/tab-separated-values").text


@pytest.mark.parametrize(
    ("media", "form"),
    [
        ("text/turtle", "turtle"),
        ("application/n-triples", "nt"),
        ("application/ld+json", "json-ld"),
        ("application/rdf+xml", "xml"),
        ("application/x-turtle", "turtle"),
        ("text/plain", "nt"),
    ],
)
@pytest.mark.parametrize("query", [f"CONSTRUCT WHERE {{ {IN_RULES} }}", f"{RFY} DESCRIBE rfy:Foscarnet"])
def test_a_graph_has_each_form(service: Served, query: str, media: str, form: str) -> None:
    """Another library reads the same triples from each."""
    answer = direct(service, query, accept=media)
    expected = ask(query, shipped().knowledge)

    assert (200, media) == (answer.status_code, answer.headers["content-type"].partition(";")[0])
    assert len(expected) == len(rdflib.Graph().parse(data=answer.content, format=form)) > 3


@pytest.mark.parametrize(
    ("query", "accept"),
    [
        ("ASK {}", "image/png"),
        ("ASK {}", "text/turtle"),
        ("CONSTRUCT WHERE { ?s ?p ?o }", "text/csv"),
        ("ASK {}", "nonsense"),
        ("ASK {}", "text/csv," * 1_000),
        ("ASK {}", "*/*;q=0"),
    ],
)
def test_a_form_that_is_not_there_is_refused(service: Served, query: str, accept: str) -> None:
    """And the refusal says which there are."""
    answer = direct(service, query, accept=accept)

    assert 406 == answer.status_code
    assert "can be had as" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("query", "accept"),
    [
        ('SELECT ("\\u0001" AS ?x) {}', "application/sparql-results+xml"),
        ('CONSTRUCT { <s> <http://example.org/p> "\\u000b" } {}', "application/rdf+xml"),
        ("CONSTRUCT { <s> <http://example.org/1> 1 } {}", "application/rdf+xml"),
    ],
)
def test_what_xml_cannot_carry_is_refused_and_never_changed(service: Served, query: str, accept: str) -> None:
    """Broken XML, or a text without its odd character, would be worse than none; other forms have it."""
    assert (400, 200) == (direct(service, query, accept=accept).status_code, direct(service, query).status_code)


def test_more_rows_than_anybody_reads_are_refused_and_never_cut(service: Served) -> None:
    """The refusal says to add LIMIT; with it the answer is whole."""
    query = "SELECT ?a ?b { ?a ?_p ?_x . ?b ?_q ?_y }"
    answer = direct(service, query)

    assert (413, "LIMIT" in answer.json()["detail"]) == (answer.status_code, True)
    assert 7 == len(direct(service, f"{query} LIMIT 7").json()["results"]["bindings"])


# ---- Graphs, cases, and nothing else ----


def test_from_in_the_query_chooses_among_our_graphs(service: Served) -> None:
    """FROM and FROM NAMED, whole or with a prefix; what is not named is not there."""
    prefix = "PREFIX o: <https://w3id.org/refractory/ontology/> "

    assert truth(direct(service, f"{prefix} ASK FROM o:rules {{ {IN_RULES} }}"))
    assert not truth(direct(service, f"{prefix} ASK FROM o:rules {{ {IN_ONTOLOGY} }}"))
    assert not truth(direct(service, f"{prefix} ASK FROM o:rules {{ GRAPH ?g {{ {IN_RULES} }} }}"))
    assert truth(
        direct(
            service,
            f"{prefix} ASK FROM NAMED o:rules FROM <{ONTOLOGY}> {{ {IN_ONTOLOGY} GRAPH o:rules {{ {IN_RULES} }} }}",
        )
    )
    assert truth(direct(service, f"{prefix} CONSTRUCT FROM o:rules WHERE {{ {IN_RULES} }}".replace("CONSTRUCT", "ASK")))


@pytest.mark.parametrize(
    ("query", "pairs"),
    [
        ("ASK {}", [("default-graph-uri", "http://127.0.0.1:1/far")]),
        ("ASK {}", [("named-graph-uri", "file:///etc/passwd")]),
        ("ASK {}", [("default-graph-uri", "")]),
        ("ASK FROM <http://127.0.0.1:1/far> {}", []),
        ("ASK FROM NAMED <http://127.0.0.1:1/far> {}", []),
        ("ASK FROM <ontology> {}", []),
        ("ASK FROM <http://127.0.0.1:1/far> {}", [("default-graph-uri", ONTOLOGY)]),
    ],
)
def test_a_graph_that_is_not_ours_is_refused(service: Served, query: str, pairs: list[tuple[str, str]]) -> None:
    """Nothing is fetched, and the refusal says which graphs there are."""
    answer = direct(service, query, *pairs)

    assert 400 == answer.status_code
    assert all(name in answer.json()["detail"] for name in (ONTOLOGY, RULES, SHAPES))


def test_what_reaches_outside_is_refused(service: Served) -> None:
    """SERVICE, LOAD and the rest, as the guard of queries has it."""
    for query in ("SELECT * { SERVICE <http://127.0.0.1:1/> {} }", "LOAD <http://127.0.0.1:1/>"):
        assert (400, "Refused") == (direct(service, query).status_code, direct(service, query).json()["error"]["kind"])


def assessment() -> Assessment:
    """Return the assessment of the case of these tests."""
    return shipped().assess(read_case(SLUG), questions=False)


GRAPHS = "SELECT DISTINCT ?g { GRAPH ?g { ?_s ?_p ?_o } }"


@pytest.mark.parametrize(
    "case",
    [CASE, read_case(SLUG).to_turtle(), json.dumps(fhir_writer.written(read_case(SLUG).to_json()))],
    ids=["json", "turtle", "fhir"],
)
def test_a_case_brings_four_graphs(service: Served, case: str) -> None:
    """What was said, what follows, the answer and the proofs; as JSON, as Turtle, or as a Bundle."""
    rows = post(service, {"query": GRAPHS, "case": case}).json()["results"]["bindings"]
    named = {row["g"]["value"] for row in rows}

    assert 7 == len(named)
    assert {"graph.asserted", "graph.inferred", "graph.assessment", "graph.proofs"} <= {
        n.rpartition("#")[2] for n in named
    }
    if "resourceType" not in case:
        assert set(graph_names(assessment())) == named


def test_a_case_is_forgotten_when_it_is_answered(service: Served) -> None:
    """No later query sees it."""
    mine = RFY + f"ASK {{ <{assessment().case}> a rfy:Case }}"

    assert [True, False] * 3 == [
        truth(post(service, {"query": mine, **({"case": CASE} if with_case else {})}))
        for with_case in [True, False] * 3
    ]


def test_the_graphs_of_a_case_are_chosen_as_the_others(service: Served) -> None:
    """By the case's IRI, from the request or from the query."""
    graph = f"{assessment().case}#graph.asserted"
    count = "SELECT (COUNT(*) AS ?n) { ?_s ?_p ?_o }"
    asked = {"query": count, "case": CASE, "default-graph-uri": graph}
    said = {"query": count.replace("{", f"FROM <{graph}> {{", 1), "case": CASE}
    expected = str(len(assessment().facts.asserted))

    assert [expected, expected] == [
        post(service, fields).json()["results"]["bindings"][0]["n"]["value"] for fields in (asked, said)
    ]
    assert 400 == get(service, ("query", count), ("default-graph-uri", graph)).status_code


def test_a_case_stands_in_no_url(service: Served) -> None:
    """By GET and by POST alike it is refused, and the refusal says why and how."""
    query = ("query", "ASK {}")
    answers = [
        get(service, query, ("case", CASE)),
        direct(service, "ASK {}", ("case", CASE)),
        service.http.post(url(("case", CASE)), content=urlencode([query]), headers=FORM),
    ]

    assert [400] * 3 == [answer.status_code for answer in answers]
    assert all("logs" in answer.json()["detail"] and "POST" in answer.json()["detail"] for answer in answers)


@pytest.mark.parametrize(
    ("case", "status", "words"),
    [
        ("{", 400, ""),
        ("", 400, ""),
        ("[]", 400, ""),
        (f"[{CASE}, {CASE}]", 400, "a list stands where"),
        ('{"id": "https://example.org/c", "colour": 1}', 400, "colour"),
        ('{"id": "https://example.org/c", "patient": {"weightKg": 9999}}', 422, "patient.weightKg"),
        ("<https://example.org/c> a <https://w3id.org/refractory/Case> . <x", 400, ""),
    ],
)
def test_a_case_at_fault_is_told_as_elsewhere(service: Served, case: str, status: int, words: str) -> None:
    """The refusal is about the case, with its place, and never about the query."""
    answer = post(service, {"query": "ASK {}", "case": case})

    assert status == answer.status_code
    assert words in answer.json()["detail"]
    assert "line" not in answer.json()


def test_two_cases_are_none(service: Served) -> None:
    """Each request has one case, or none."""
    fields = urlencode([("query", "ASK {}"), ("case", CASE), ("case", CASE)])

    assert 400 == service.http.post("/sparql", content=fields, headers=FORM).status_code


# ---- Warnings, and what is not understood ----


def warned(answer: httpx.Response) -> list[str]:
    """Return the warnings of an answer."""
    assert 200 == answer.status_code, answer.text
    return [value for name, value in answer.headers.multi_items() if name == "refractory-warning"]


def test_what_is_seldom_meant_is_a_warning_and_no_error(service: Served) -> None:
    """Each warning is a header of its own, in ASCII, and the answer is the answer."""
    query = RFY + "SELECT ?drug ?nme { ?drug a rfy:Drugg ; rfy:n\u00e4me ?name }"
    found = warned(direct(service, query))

    assert 4 == len(found)
    assert "Did you mean rfy:Drug?" in found[0]
    assert "rfy:n\\xe4me" in found[1]
    assert all("Did you mean ?" in text for text in found[2:])
    assert [] == warned(direct(service, RFY + "SELECT ?drug { ?drug a rfy:Drug }"))


def test_no_query_can_write_a_header(service: Served) -> None:
    """Line ends, and more warnings than anybody reads, stay out."""
    query = RFY + "SELECT * { " + " ".join(f"?s rfy:no{'x' * 500}{n} ?o ." for n in range(50)) + " }"
    answer = direct(service, query)
    odd = get(service, ("query", "ASK {}"), ("a\r\nSet-Cookie: b", "c"), ("d" * 5_000, ""))

    assert 11 == len(warned(answer))
    assert all(len(text) < 500 for text in warned(answer))
    assert "set-cookie" not in odd.headers
    assert 2 == len(warned(odd))


def test_a_parameter_that_is_not_known_is_told(service: Served) -> None:
    """A misspelt one would change the answer in silence; what client libraries always add is let pass."""
    found = warned(
        get(service, ("query", "ASK {}"), ("default-graph-url", ONTOLOGY), ("format", "json"), ("results", "x"))
    )

    assert 1 == len(found)
    assert "Did you mean default-graph-uri?" in found[0]


def test_a_missing_query_is_told(service: Served) -> None:
    """By POST, by GET with other parameters, and by GET from a client that wants rows."""
    answers = [
        post(service, {"case": CASE}),
        service.http.post("/sparql", content="", headers=FORM),
        get(service, ("default-graph-uri", ONTOLOGY)),
        get(service, accept="application/sparql-results+json"),
        direct(service, ""),
    ]

    assert [400] * 5 == [answer.status_code for answer in answers]
    assert all("query" in answer.json()["detail"] for answer in answers)


def test_a_percent_sign_is_decoded_once(service: Served) -> None:
    """What is encoded twice is what was meant: a text with a percent sign stays that text."""
    query = 'SELECT ("100%25 + \u00e9" AS ?x) {}'
    answers = [
        service.http.get(f"/sparql?query={quote(query)}"),
        service.http.post("/sparql", content=urlencode({"query": query}), headers=FORM),
        direct(service, query),
    ]

    assert ["100%25 + \u00e9"] * 3 == [a.json()["results"]["bindings"][0]["x"]["value"] for a in answers]


def test_more_fields_than_anybody_needs_are_refused(service: Served) -> None:
    """Reading them all would take time."""
    assert 413 == service.http.post("/sparql", content="a=b&" * 200 + "query=ASK{}", headers=FORM).status_code
