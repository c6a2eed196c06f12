"""Queries: what is warned of, where an error stands, which graphs may be asked, and how an answer is written."""

from __future__ import annotations

import json
from dataclasses import replace
from io import BytesIO, StringIO

import pytest
import rdflib
from click.testing import CliRunner
from pyoxigraph import Literal, NamedNode, Triple
from rdflib.query import ResultRow
from tests.support import ROOT, read_case, shipped, slugs

from refractory import KnowledgeBase
from refractory.cli.main import root
from refractory.errors import KnowledgeError, RefractoryError, RefusedError, UsageError
from refractory.knowledge.files import KnowledgeFiles
from refractory.knowledge.knowledge import load_files
from refractory.model.interchange import to_rdflib
from refractory.query.forms import GRAPHS, ROWS, forms_of, graph, written
from refractory.query.graphs import OF_CASE, OF_KNOWLEDGE, PROOFS, case_quads, graph_names, quads, store_of, world
from refractory.query.guard import check
from refractory.query.rows import Rows
from refractory.query.run import Dataset, ask, run_query
from refractory.query.tokens import caret, within
from refractory.query.warnings import MAX_WARNINGS
from refractory.vocabulary import NAMESPACE, Prov, Rdf, rfy

RFY = f"PREFIX rfy: <{NAMESPACE}> "
RULES = f"{NAMESPACE}ontology/rules"
SLUG = "v3b-verrucous-zoster-resistant-in-vitro"


def warnings(query: str, **bindings: object) -> tuple[str, ...]:
    """Return what is said of a query."""
    return run_query(query, shipped().knowledge, bindings=bindings).warnings


# ---- Warnings ----


@pytest.mark.parametrize(
    ("query", "place", "words"),
    [
        (f"{RFY}SELECT ?d {{ ?d a rfy:Drugg }}", "line 1, column 61", "nothing is called rfy:Drugg here."),
        (f"{RFY}\nASK {{ ?d rfy:isActiveFromOf ?d }}", "line 2, column 10", "Did you mean rfy:isActiveFormOf?"),
        (f"ASK {{ ?d <{NAMESPACE}isActiveFromOf> ?d }}", "line 1, column 10", "Did you mean rfy:isActiveFormOf?"),
        ("ASK { GRAPH <http://example.org/g> {} }", "line 1, column 13", "there is no graph <http://example.org/g>"),
        (f"{RFY}ASK {{ GRAPH rfy:rules {{}} }}", "line 1, column 56", RULES),
        ("SELECT ?drug { ?drgu a ?drgu }", "line 1, column 8", "is a column that nothing fills. Did you mean ?drgu?"),
        ("SELECT ?drug { ?drug ?drug ?x }", "line 1, column 28", "?x is used once, and joins nothing."),
        ("ASK { BIND (1 AS ?number) }", "line 1, column 18", "?number is used once"),
        ("ASK { { SELECT ?s { ?s ?s ?s ; ?s ?t } } }", "line 1, column 35", "?t is used once"),
    ],
)  # fmt: skip
def test_what_is_seldom_meant_is_warned_of_with_its_place(query: str, place: str, words: str) -> None:
    """One warning, with line and column, and with what may have been meant."""
    (found,) = warnings(query)

    assert found.startswith(f"{place}: ")
    assert words in found


@pytest.mark.parametrize(
    "query",
    [
        f"{RFY}SELECT ?d {{ ?d a rfy:Drug ; rfy:isActiveFormOf [] }}",
        "SELECT * { ?s ?p ?o }",
        "SELECT DISTINCT * { ?s ?p ?o } LIMIT 1",
        "DESCRIBE * { ?s ?p ?o FILTER (false) }",
        "CONSTRUCT WHERE { ?s ?p ?o } LIMIT 1",
        f"CONSTRUCT FROM <{RULES}> WHERE {{ ?s ?p ?o }} LIMIT 1",
        "SELECT (COUNT(*) AS ?n) { ?_s ?_p ?_o }",
        "SELECT (1 AS ?one) {}",
        "SELECT ?s (COUNT(?p) AS ?n) { ?s ?p ?p } GROUP BY ?s ORDER BY ?s LIMIT 1",
        f"ASK {{ GRAPH <{RULES}> {{ ?r ?r ?r }} }}",
        f"ASK FROM <{RULES}> {{ ?r ?r ?r }}",
        'ASK { FILTER ("rfy:Drugg ?once" = "<https://w3id.org/refractory/Drugg>") }',
        "ASK { } # ?once rfy:Drugg",
        "PREFIX x: <https://w3id.org/refractory/Nothing> ASK {}",
        "ASK { <https://example.org/Drugg> ?p ?p }",
    ],
)
def test_what_is_meant_is_not_warned_of(query: str) -> None:
    """Stars, aliases, names that begin with an underscore, texts, comments and foreign terms."""
    assert () == warnings(query)


def test_a_bound_variable_is_used_by_who_binds_it() -> None:
    """It may stand in the query once."""
    assert () == warnings("SELECT ?x { BIND (1 AS ?_y) }", x=1)


def test_there_are_no_more_warnings_than_anybody_reads() -> None:
    """The others are counted; and looking for what was meant takes no time for each."""
    found = warnings("ASK { " + " ".join(f"?v{n} a <x:> ." for n in range(100)) + " }")

    assert MAX_WARNINGS + 1 == len(found)
    assert "There are 90 more warnings." == found[-1]


def test_a_catalogue_query_asked_by_name_is_not_warned_of() -> None:
    """Who asks it cannot mend it; its text, asked as one's own, is judged as any other."""
    name = "conflicts-possible"

    assert () == warnings(name)
    assert warnings(shipped().queries[name].text)


def test_warnings_come_by_every_way() -> None:
    """In Python as an attribute, on the command line on standard error; an answer is equal with and without."""
    query = f"{RFY}SELECT ?d {{ ?d a rfy:Drugg }}"
    rows = shipped().query(query)
    done = CliRunner().invoke(root, ["query", "-", "--format", "csv"], input=query)

    assert 1 == len(rows.warnings)
    assert rows == replace(rows, warnings=())
    assert ("d\r\n", f"refractory: warning: {rows.warnings[0]}\n") == (done.stdout_bytes.decode(), done.stderr)
    assert 0 == done.exit_code


@pytest.mark.parametrize("slug", slugs()[::10])
def test_no_term_of_a_case_is_unknown(slug: str) -> None:
    """Whatever of ours stands in a case's graphs can be asked for without a warning."""
    assessment = shipped().assess(read_case(slug), questions=False)
    _, known = store_of(shipped().knowledge, assessment)
    terms = {
        term.value
        for quad in case_quads(assessment)
        for term in (quad.subject, quad.predicate, quad.object)
        if isinstance(term, NamedNode) and term.value.startswith(NAMESPACE)
    }

    assert terms <= known
    assert world(shipped().knowledge).terms < known
    # Without a case only the W3C's names of the rules of OWL are not there.
    assert all(f"{NAMESPACE}rule/" in term for term in terms - world(shipped().knowledge).terms)


# ---- Errors ----


@pytest.mark.parametrize(
    ("query", "fix"),
    [
        ("ASK { ?s rdf:type ?o }", "Begin the query with `PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>`."),
        ("ASK { ?s rfyy:type ?o }", "Did you mean rfy:? Begin the query with `PREFIX rfyy: <...>`."),
        ("PREFIX example: <x:> ASK { ?s exmple:a ?o }", "Did you mean example:? Begin"),
        ("ASK { ?s :a ?o }", "Begin the query with `PREFIX : <...>`."),
    ],
)
def test_an_unknown_prefix_says_what_may_have_been_meant(query: str, fix: str) -> None:
    """One that people expect is written out; one that is near another is named."""
    with pytest.raises(UsageError) as caught:
        check(query)

    assert caught.value.fix.startswith(fix)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * {\n ?s foaf:name ?o }",
        "SELECT * {\n  SERVICE <http://x/> {} }",
        "SELECT * {\n  ?s ?p 'abc }",
        "SELECT * {\n  ?s ?p ?o ) }",
        "SELECT * {\n  ?s ?p ?o ",
        "SELECT *\nFROM {}",
        "SELECT *\nFROM <http://x/> {}",
        "SELECT *\nFROM",
        "SELECT * {\n  FILTR (?o = 1) }",
        "SELECT * {\n  \t?s ?p ?o . ?s }",
    ],
)
def test_each_error_shows_its_line_with_a_caret(query: str) -> None:
    """Whoever finds it, guard or engine: below the line stands a caret in the column that is named."""
    with pytest.raises(RefractoryError) as caught:
        ask(query, shipped().knowledge)
    line, column = (int(word.split()[1]) for word in caught.value.place.split(", "))
    _, shown, below, *_ = caught.value.what.split("\n")

    assert query.split("\n")[line - 1].replace("\t", " ") == shown
    assert column - 1 == below.index("^") == len(below) - 1


def test_a_long_line_is_shown_in_part() -> None:
    """A caret is of use where it can be seen; and nothing of a query steers a terminal."""
    text = "x" * 200 + "\x1b[31m!" + "y" * 200
    shown, below = caret(text, 1, 206).split("\n")

    assert (100, "!") == (len(shown), shown[below.index("^")])
    assert "\x1b" not in shown
    assert (1, 1) == within("", 7, 7)


# ---- Graphs ----


def test_from_is_for_our_own_graphs_alone() -> None:
    """In Python as by HTTP: what is there may be named, what is not is refused, and without names nothing is."""
    query = f"CONSTRUCT FROM <{RULES}> WHERE {{ ?s ?p ?o }}"

    assert len(world(shipped().knowledge).graphs[NamedNode(RULES)]) == len(run_query(query, shipped().knowledge))
    with pytest.raises(RefusedError, match="FROM is not allowed"):
        check(query)
    with pytest.raises(RefusedError, match="there is no graph <http://x/>"):
        run_query("ASK FROM <http://x/> {}", shipped().knowledge)


@pytest.mark.parametrize(
    "query",
    [
        f"ASK {{ ?s ?p ?o FROM <{RULES}> }}",
        f"SELECT (FROM <{RULES}> AS ?x) {{}}",
        f"FROM <{RULES}> ASK {{}}",
        f"ASK FROMNAMED <{RULES}> {{}}",
        f"ASK FROM FROM <{RULES}> {{}}",
        f"ASK FROM NAMED NAMED <{RULES}> {{}}",
        f"PREFIX named: <{RULES}> ASK FROM named: {{}}".replace("named:", "FROMNAMED:"),
        "ASK FROM ?g {}",
        'ASK FROM "x" {}',
        f"ASK FROM <{RULES}#> {{}}",
    ],
)
def test_from_stands_where_a_dataset_stands_and_nowhere_else(query: str) -> None:
    """Anything that only looks like it is refused or no SPARQL."""
    with pytest.raises(RefractoryError):
        run_query(query, shipped().knowledge)


def test_from_inside_a_group_is_refused_by_the_guard_itself() -> None:
    """It does not lean on the engine to find it odd."""
    with pytest.raises(RefusedError, match="FROM is not allowed"):
        check(f"ASK {{ ?s ?p ?o FROM <{RULES}> }}", (RULES,))


def test_from_may_be_written_as_any_name() -> None:
    """With a prefix, with comments between, in small letters, with an escape."""
    for clause in ("from o:rules", "FROM # here\n o:rules", f"FROM <{RULES.replace('r', chr(92) + 'u0072', 1)}>"):
        query = f"PREFIX o: <{NAMESPACE}ontology/> {RFY} ASK {clause} {{ ?r a rfy:Rule }}"

        assert run_query(query, shipped().knowledge).boolean
        assert not run_query(query.replace("rfy:Rule", "rfy:Drug"), shipped().knowledge).boolean


def test_a_dataset_goes_before_what_the_query_says() -> None:
    """And graphs that are not there are refused whichever way they are named."""
    query = f"{RFY} ASK FROM <{RULES}> {{ ?r a rfy:Rule }}"
    knowledge = shipped().knowledge

    assert ask(query, knowledge).boolean
    assert not ask(query, knowledge, dataset=Dataset(default=(f"{NAMESPACE}ontology",))).boolean
    assert not ask(query, knowledge, dataset=Dataset(named=(RULES,))).boolean
    with pytest.raises(RefusedError, match="there is no graph"):
        ask("ASK {}", knowledge, dataset=Dataset(default=("http://x/",)))


def test_a_name_of_a_query_is_no_query_on_the_wire() -> None:
    """`ask` takes texts alone."""
    with pytest.raises(UsageError, match="begins no query"):
        ask("gaps", shipped().knowledge)


def test_each_graph_has_its_meaning() -> None:
    """The names that are described are those that are there."""
    assessment = shipped().assess(read_case(SLUG), questions=False)
    found = {quad.graph_name.value for quad in quads(shipped().knowledge, assessment)}  # type: ignore[union-attr]

    assert set(graph_names(assessment)) == found
    assert len(OF_KNOWLEDGE) + len(OF_CASE) == len(found)
    assert PROOFS in {meaning.name for meaning in OF_CASE}


def test_each_fact_of_a_case_has_its_proof_in_the_graph_of_proofs() -> None:
    """Every fact, said or concluded, is a statement there; the conclusions have the numbers of the JSON."""
    assessment = shipped().assess(read_case(SLUG), questions=False)
    triples = [quad for quad in case_quads(assessment) if quad.graph_name.value.endswith(PROOFS)]  # type: ignore[union-attr]
    parts: dict[object, dict[object, object]] = {}
    for triple in triples:
        parts.setdefault(triple.subject, {})[triple.predicate] = triple.object
    proven = {
        Triple(said[Rdf.SUBJECT], said[Rdf.PREDICATE], said[Rdf.OBJECT]): (node, said)  # type: ignore[arg-type]
        for node, said in parts.items()
        if Rdf.SUBJECT in said
    }
    proofs = assessment.to_json()["proofs"]

    assert {*assessment.facts.all, *assessment.closure.inferred} <= proven.keys()
    assert all(Prov.WAS_GENERATED_BY in proven[fact][1] for fact in assessment.closure.inferred)
    assert all(Prov.AT_LOCATION in proven[fact][1] for fact in assessment.facts.all)
    for number, step in proofs.items():
        node = NamedNode(f"{assessment.case}#proof.{number}")

        assert step["fact"]["predicate"] == str(parts[node][Rdf.PREDICATE])[1:-1].removeprefix(NAMESPACE)


def test_a_case_without_proofs_has_an_empty_graph_of_them() -> None:
    """The reference engine keeps none, and its answers can be asked all the same."""
    assessment = replace(shipped().assess(read_case("only-id"), questions=False), presenter=None)

    assert not [q for q in case_quads(assessment) if q.graph_name.value.endswith(PROOFS)]  # type: ignore[union-attr]
    assert run_query("ASK { ?s ?p ?o }", shipped().knowledge, assessment=assessment).boolean


def test_shapes_that_cannot_be_read_are_the_fault_of_the_files() -> None:
    """The error names the file."""
    files = KnowledgeFiles.read(ROOT)
    path = "ontology/shapes/case-shapes.ttl"
    broken = load_files(KnowledgeFiles(files.root, {**files.contents, path: b"<x"}))
    with pytest.raises(KnowledgeError) as caught:
        KnowledgeBase(broken).query("ASK {}")

    assert path == caught.value.place


# ---- Forms ----


ODD = Rows(
    "rows",
    ("a", "b"),
    (
        (rfy("Acyclovir"), Literal("=1\t+\r\n1")),
        (None, Literal("-5")),
        (Literal("\u00e9", language="en"), None),
    ),
)


@pytest.mark.parametrize("media", ROWS)
def test_another_library_reads_each_form_of_rows(media: str) -> None:
    """The same terms come out of it; of CSV, which knows no terms, their texts."""
    form = ROWS[media]
    content = written(ODD, media)
    if form == "csv":
        assert 'a,b\r\nhttps://w3id.org/refractory/Acyclovir,"=1\t+\r\n1"\r\n,-5\r\n\u00e9,\r\n' == content.decode()
        return
    if form == "tsv":
        assert (
            '?a\t?b\n<https://w3id.org/refractory/Acyclovir>\t"=1\\t+\\r\\n1"\n\t"-5"\n"\u00e9"@en\t\n'
            == content.decode()
        )
        return
    result = rdflib.query.Result.parse(StringIO(content.decode()) if form == "json" else BytesIO(content), format=form)

    assert [[to_rdflib_term(term) for term in row] for row in ODD.rows] == [
        list(row) for row in result if isinstance(row, ResultRow)
    ]


def to_rdflib_term(term: object) -> object:
    """Return a term as rdflib has it."""
    if term is None:
        return None
    return to_rdflib(Triple(rfy("x"), rfy("y"), term))[2]  # type: ignore[arg-type]


def test_the_spreadsheet_form_stays_safe_and_the_wire_stays_exact() -> None:
    """One method, two promises: an apostrophe for spreadsheets, none for programs."""
    assert "'=1" in ODD.to_csv()
    assert "'" not in ODD.to_csv(exact=True)


def test_a_graph_is_written_with_the_prefixes_it_uses() -> None:
    """And with no others."""
    text = graph([Triple(rfy("a"), Rdf.TYPE, rfy("B"))], "turtle").decode()

    assert "@prefix rfy:" in text
    assert "skos" not in text
    assert GRAPHS == forms_of(Rows("graph"))


@pytest.mark.parametrize("character", ["\x00", "\x0b", "\x1f", "\ufffe", "\uffff"])
def test_xml_that_cannot_carry_a_text_is_refused(character: str) -> None:
    """The refusal names the character; JSON has it."""
    rows = Rows("rows", ("a",), ((Literal(f"a{character}"),),))
    with pytest.raises(UsageError, match=f"{ord(character):04X}"):
        rows.to_xml()
    with pytest.raises(UsageError, match="XML cannot carry"):
        graph([Triple(rfy("a"), rfy("b"), Literal(character))], "rdfxml")

    assert f"a{character}" == json.loads(written(rows, "application/json"))["results"]["bindings"][0]["a"]["value"]


@pytest.mark.parametrize("name", ["1", "", "a%20", "a/", "a#", "b?1"])
def test_a_predicate_that_ends_in_no_name_is_no_xml(name: str) -> None:
    """The engine would write an element without a name."""
    with pytest.raises(UsageError, match="RDF/XML cannot say it"):
        graph([Triple(rfy("a"), NamedNode(f"http://example.org/{name}"), rfy("c"))], "rdfxml")
