"""Queries: what the guard lets in, how values are bound, and the forms of an answer."""

from __future__ import annotations

import json
import random
from datetime import date
from decimal import Decimal

import pytest
from pyoxigraph import (
    BlankNode,
    Literal,
    NamedNode,
    Quad,
    QueryResultsFormat,
    QuerySolutions,
    Store,
    Triple,
    parse_query_results,
)
from tests.support import read_case, shipped

from refractory.errors import LimitError, RefractoryError, RefusedError, UsageError
from refractory.knowledge.headers import read_query
from refractory.query.guard import MAX_BYTES, MAX_DEPTH, MAX_OPERATORS, MAX_PATTERNS, check
from refractory.query.rows import Rows, short
from refractory.query.run import run_query
from refractory.vocabulary import Xsd, rfy

FAR = "<http://127.0.0.1:1/>"
PREFIX = "PREFIX rfy: <https://w3id.org/refractory/> "
RDFS = "PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> "

HARMLESS = {
    "in a string": 'SELECT * { ?s ?p "SERVICE <http://x/> {}" }',
    "in a string of single quotes": "SELECT * { ?s ?p 'FROM' }",
    "in a long string with quotes": 'SELECT * { ?s ?p """a " SERVICE "" b""" }',
    "in a long string of single quotes": "SELECT * { ?s ?p '''it's SERVICE ?x {}''' }",
    "after an escaped quote": 'SELECT * { ?s ?p "a \\" SERVICE ?x {}" }',
    "in a comment": "SELECT * { ?s ?p ?o # SERVICE <http://x/> {}\n}",
    "in an IRI": "SELECT * { ?s <http://x/SERVICE#FROM> ?o }",
    "a variable": "SELECT ?service { ?service ?p $from }",
    "a name": "PREFIX ex: <http://x/> SELECT * { ex:service ex:FROM ex:a.load }",
    "a name with escapes": "PREFIX ex: <http://x/> SELECT * { ex:a\\'SERVICE\\# ?p ?o }",
    "a language": 'SELECT * { ?s ?p "x"@service }',
    "a blank node": "SELECT * { _:service ?p ?o }",
    "a typed literal in a filter": 'SELECT * { ?s ?p ?o FILTER (?o < "1"^^<http://x/#integer>) }',
    "fragments in VALUES": "SELECT * { VALUES (?a ?b) { (<http://x/#a> <http://x/#b>) } }",
    "an escape in a string": 'SELECT * { ?s ?p "\\u0053ERVICE" }',
}
OUTSIDE = {
    "plain": f"SELECT * {{ SERVICE {FAR} {{ ?s ?p ?o }} }}",
    "lower case": f"select * {{ service {FAR} {{ ?s ?p ?o }} }}",
    "silent": f"SELECT * {{ SERVICE SILENT {FAR} {{ ?s ?p ?o }} }}",
    "by variable": "SELECT * { ?s ?p ?o SERVICE ?s { ?a ?b ?c } }",
    "in OPTIONAL": f"SELECT * {{ OPTIONAL {{ SERVICE {FAR} {{}} }} }}",
    "in UNION": f"SELECT * {{ {{}} UNION {{ SERVICE {FAR} {{}} }} }}",
    "in MINUS": f"SELECT * {{ ?s ?p ?o MINUS {{ SERVICE {FAR} {{}} }} }}",
    "in GRAPH": f"SELECT * {{ GRAPH ?g {{ SERVICE {FAR} {{}} }} }}",
    "in a sub-select": f"SELECT * {{ {{ SELECT * {{ SERVICE {FAR} {{}} }} }} }}",
    "in EXISTS": f"SELECT * {{ FILTER EXISTS {{ SERVICE {FAR} {{}} }} }}",
    "in NOT EXISTS in BIND": f"SELECT * {{ BIND (NOT EXISTS {{ SERVICE {FAR} {{}} }} AS ?x) }}",
    "in CONSTRUCT": f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ SERVICE {FAR} {{ ?s ?p ?o }} }}",
    "in ASK": f"ASK {{ SERVICE {FAR} {{}} }}",
    "in DESCRIBE": f"DESCRIBE ?s {{ SERVICE {FAR} {{ ?s ?p ?o }} }}",
    "after a number": f"SELECT * {{ ?s ?p 1SERVICE {FAR} {{}} }}",
    "after true": f"SELECT * {{ ?s ?p trueSERVICE {FAR} {{}} }}",
    "after a comment": f"SELECT * {{ # {{\nSERVICE#\n{FAR} {{}} }}",
    "after a string": f"SELECT * {{ ?s ?p 'a'SERVICE {FAR} {{}} }}",
    "escaped": f"SELECT * {{ \\u0053ERVICE {FAR} {{}} }}",
    "escaped by eight digits": f"SELECT * {{ \\U00000053ERVICE {FAR} {{}} }}",
    "a string closed by an escape": f'SELECT * {{ ?s ?p "\\u0022 SERVICE {FAR} {{}} #" }}',
    "a comment closed by an escape": f"SELECT * {{ # \\u000a SERVICE {FAR} {{}}\n }}",
    "as a prefix": f"PREFIX service: {FAR} SELECT * {{ service:x {{ ?s ?p ?o }} }}",
    "with an empty prefix": f"PREFIX : {FAR} SELECT * {{ SERVICE:x {{ ?s ?p ?o }} }}",
    "behind a comparison like an IRI": f"PREFIX : {FAR} SELECT * {{ FILTER(?a<?b)SERVICE:x#>\n{{ ?s ?p ?o }} }}",
    "in a string behind it": f"SELECT * {{ FILTER(?a<'x>')SERVICE{FAR}{{}}BIND('b'AS?c) }}",
    "in a long string behind it": f'SELECT * {{ FILTER(?a<?b#>"""\n)SERVICE{FAR}{{}}#"""\n }}',
    "FROM": "SELECT * FROM <http://x/> { ?s ?p ?o }",
    "FROM NAMED": "SELECT * FROM NAMED <http://x/> { GRAPH ?g { ?s ?p ?o } }",
    "LOAD": f"LOAD {FAR}",
    "LOAD SILENT": f"load silent {FAR} into graph <http://x/>",
    "INSERT DATA": "INSERT DATA { <http://x/> <http://x/> <http://x/> }",
    "INSERT WHERE": f"{PREFIX} INSERT {{ ?s ?p ?o }} WHERE {{ ?s ?p ?o }}",
    "DELETE": "DELETE WHERE { ?s ?p ?o }",
    "CLEAR": "CLEAR ALL",
    "DROP": "DROP ALL",
    "WITH": "WITH <http://x/> DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }",
}


@pytest.mark.parametrize("query", HARMLESS.values(), ids=HARMLESS)
def test_a_keyword_that_is_none_is_let_in(query: str) -> None:
    """The word in a string, comment, IRI, variable or name does nothing, so it is no reason to refuse."""
    assert check(query).form == "SELECT"


@pytest.mark.parametrize("query", OUTSIDE.values(), ids=OUTSIDE)
def test_what_reaches_outside_or_changes_is_refused_with_its_place(query: str) -> None:
    """However it is nested or spelled; the message names line and column."""
    with pytest.raises(RefusedError) as caught:
        check(query)

    assert caught.value.exit_code == 3
    assert caught.value.place.startswith("line ")
    assert caught.value.fix


def test_the_place_of_a_refusal_is_where_the_keyword_stands() -> None:
    """Line and column count from 1."""
    with pytest.raises(RefusedError) as caught:
        check("SELECT *\n{\n  ?s ?p ?o .\n  SERVICE <http://x/> {}\n}")

    assert caught.value.place == "line 4, column 3"


def test_nothing_that_is_let_in_goes_out() -> None:
    """Of queries made at random from the pieces of attacks, none that the guard admits opens a connection."""
    pieces = (
        *("SERVICE", " SILENT ", FAR, ":x", ".SERVICE", f"SERVICE{FAR}{{}}", "SERVICE:x{}", f")SERVICE{FAR}{{}}"),
        *("?s", "?o", "ex:a", "ex:", "_:b", "1", "1.", "true", "a", "\n", " ", "#", "#>", "<?b", ">", "<", "'x>'"),
        *('"', '"""', "'", "'''", "^^", "@en", "\\u0022", "\\", "\\'", "{", "}", "(", ")", "{}", "[", "]"),
        *("FILTER(", "FILTER(?a<?b", "BIND(1 AS ?z)", "VALUES ?x {", "UNION", "OPTIONAL", "COUNT("),
        *(".", ";", ",", "/", "|", "||", "^", "*", "&&", "="),
    )
    ends = ("}", '#"\n}', "#'\n}", '#"""\n}', '"""}', ")}", "}}")
    store = Store()
    store.add(Quad(NamedNode("http://a/s"), NamedNode("http://a/p"), Literal("1")))
    chance = random.Random(20260310)  # noqa: S311
    admitted = refused = ran = 0
    for _ in range(20_000):
        middle = "".join(chance.choice(pieces) for _ in range(chance.randint(1, 9)))
        query = f"PREFIX : {FAR} PREFIX ex: {FAR} SELECT * {{?s ?p ?o {middle}{chance.choice(ends)}"
        try:
            check(query)
        except RefractoryError:
            refused += 1
            continue
        admitted += 1
        try:
            answer = store.query(query)
        except SyntaxError:
            continue
        # The engine works as the rows are taken; a connection to this port would be an OSError.
        assert isinstance(answer, QuerySolutions)
        list(answer)
        ran += 1

    assert min(admitted, refused, ran) > 50


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { ?s ?p ?o } #" + "x" * MAX_BYTES,
        "SELECT * { " + "{" * MAX_DEPTH + "}" * MAX_DEPTH + " }",
        "ASK { FILTER (" + "!" * MAX_OPERATORS + "true) }",
        "ASK { FILTER (1" + "+1" * MAX_OPERATORS + ") }",
        "ASK { {} " + "UNION {} " * MAX_OPERATORS + "}",
        "PREFIX : <http://x/> ASK { ?s :p" + "/:p" * MAX_OPERATORS + " ?o }",
        "ASK { " + "?s ?p ?o . " * MAX_PATTERNS + "?s ?p ?o . }",
        "ASK { ?s ?p 1" + ", 1" * (MAX_PATTERNS + 1) + " }",
        "ASK { ?s ?p (" + "1 " * MAX_PATTERNS + ") }",
    ],
    ids=["size", "brackets", "negations", "sums", "unions", "paths", "patterns", "objects", "lists"],
)
def test_a_query_of_absurd_size_or_depth_is_a_limit(query: str) -> None:
    """Beyond these the engine would overflow its stack and take the process with it, or plan for hours."""
    with pytest.raises(LimitError):
        check(query)


def test_a_query_at_the_limits_is_answered() -> None:
    """What the guard lets in does not crash the engine."""
    depth = MAX_DEPTH - 1
    nested = run_query("ASK { " + "{" * depth + "}" * depth + " }", shipped().knowledge)
    negated = run_query("ASK { FILTER (" + "!" * (MAX_OPERATORS - 4) + "true) }", shipped().knowledge)

    assert (nested.boolean, negated.boolean) == (True, True)


def test_data_of_values_is_no_chain_of_operators() -> None:
    """A long list of values is flat, so it is let in."""
    assert check("SELECT * { VALUES (?x ?y) { " + "(-1 -2) " * 2 * MAX_OPERATORS + "} }").variables == {"x", "y"}


@pytest.mark.parametrize(
    ("query", "place", "words"),
    [
        ("", "line 1, column 1", "no query"),
        ("SELEC * {}", "line 1, column 1", "'SELEC' begins no query"),
        ("SELECT * {\n ?s foaf:name ?o }", "line 2, column 5", "foaf: is not declared"),
        ('SELECT * { ?s ?p "abc }', "line 1, column 18", "string"),
        ('SELECT * { ?s ?p """abc" }', "line 1, column 18", "string"),
        ("SELECT * { ?s ?p ?o ) }", "line 1, column 21", "closes nothing"),
        ("SELECT * { ?s ?p ?o ", "line 1, column 21", "never closed"),
        ("SELECT * { << ?s ?p ?o >> ?q ?r }", "line 1, column 12", "SPARQL 1.1"),
        ("SELECT * {\n  ?s ?p ?o\n  FILTR (?o = 1) }", "line 3, column 3", "^"),
    ],
)
def test_what_is_not_sparql_is_told_with_its_place(query: str, place: str, words: str) -> None:
    """Line and column lead to the spot; a syntax error also shows the line with a caret below."""
    with pytest.raises(UsageError) as caught:
        run_query(query or " ", shipped().knowledge)

    assert caught.value.place == place
    assert words in str(caught.value)


def test_a_caret_stands_below_the_error() -> None:
    """The excerpt is the line itself, and the caret is in the column that the place names."""
    with pytest.raises(UsageError) as caught:
        run_query("SELECT * {\n  ?s ?p ?o\n  FILTR (?o = 1) }", shipped().knowledge)

    assert "\n  FILTR (?o = 1) }\n  ^\n" in caught.value.what


def test_an_unknown_name_says_what_was_meant() -> None:
    """The name of a query is mended, not taken for a query text."""
    with pytest.raises(UsageError, match="drug-sharing-resistance") as caught:
        run_query("drug-sharing-resistance", shipped().knowledge)

    assert "drugs-sharing-resistance" in caught.value.fix


def test_a_binding_without_a_variable_is_refused() -> None:
    """A misspelt binding would otherwise be ignored, and the answer be too wide."""
    with pytest.raises(UsageError) as caught:
        run_query("drugs-sharing-resistance", shipped().knowledge, bindings={"drugg": "Acyclovir"})

    assert "?drugg" in caught.value.what
    assert caught.value.fix == "Did you mean ?drug?"


def test_a_missing_parameter_says_how_to_bind_it() -> None:
    """A parameter without a default has to be given."""
    with pytest.raises(UsageError, match=r"needs a value for \?drug") as caught:
        run_query("drugs-sharing-resistance", shipped().knowledge)

    assert "--bind drug=" in caught.value.fix


def test_a_default_stands_in_for_a_parameter() -> None:
    """With a default nothing needs to be bound, and a binding overrides it."""
    by_default = run_query("strict-statements", shipped().knowledge)
    bound = run_query("strict-statements", shipped().knowledge, bindings={"guidance": "refractory-reading"})

    assert len(by_default) == 8
    assert len(bound) == 0


def test_a_question_about_a_case_needs_a_case() -> None:
    """Without one the answer would be empty and look like an answer."""
    with pytest.raises(UsageError, match="asks about a case"):
        run_query("what-follows-for-a-case", shipped().knowledge)


def test_a_name_that_stands_for_nothing_is_refused_in_a_named_query() -> None:
    """A misspelt term would bind a text that nothing equals."""
    with pytest.raises(UsageError) as caught:
        run_query("drugs-sharing-resistance", shipped().knowledge, bindings={"drug": "acyclovr"})

    assert "Acyclovir" in caught.value.fix


@pytest.mark.parametrize(
    "name",
    [
        "Acyclovir",
        "ACICLOVIR",
        "rfy:Acyclovir",
        "https://w3id.org/refractory/Acyclovir",
        "RxNorm:281",
        rfy("Acyclovir"),
    ],
)
def test_every_form_of_a_name_is_bound_to_its_term(name: object) -> None:
    """Local name, synonym, CURIE, IRI, code and term mean the same."""
    rows = run_query(
        f"{RDFS} SELECT ?drug ?label {{ ?drug rdfs:label ?label }}", shipped().knowledge, bindings={"drug": name}
    )

    assert [row["drug"] for row in rows] == [rfy("Acyclovir")]


@pytest.mark.parametrize(
    ("value", "term"),
    [
        ("no such thing", Literal("no such thing")),
        ('" } SERVICE <http://127.0.0.1:1/> {', Literal('" } SERVICE <http://127.0.0.1:1/> {')),
        (3, Literal("3", datatype=Xsd.INTEGER)),
        (Decimal("2.5"), Literal("2.5", datatype=Xsd.DECIMAL)),
        (date(2026, 3, 10), Literal("2026-03-10", datatype=Xsd.DATE)),
        (True, Literal(True)),
        ("valacyclovir-failure-27", rfy("valacyclovir-failure-27")),
        ("https://example.org/case/1", NamedNode("https://example.org/case/1")),
        (Literal("x", language="en"), Literal("x", language="en")),
    ],
)
def test_a_value_is_bound_as_data(value: object, term: object) -> None:
    """Numbers and dates keep their type, a text stays a text whatever it holds, and none of it is ever query text."""
    rows = run_query("SELECT ?x { BIND (1 AS ?y) }", shipped().knowledge, bindings={"x": value})

    assert [dict(row) for row in rows] == [{"x": term}]


@pytest.mark.parametrize("value", [1.5, None, b"x", Decimal("NaN"), ["a"]])
def test_a_value_of_another_kind_is_refused(value: object) -> None:
    """A float is no exact number, and the rest is no term."""
    with pytest.raises(UsageError, match="no kind of value"):
        run_query("SELECT ?x { ?x ?y ?z }", shipped().knowledge, bindings={"x": value})


def test_a_bound_number_that_is_none_is_refused() -> None:
    """A query that expects a line number gets one, also from the command line where all is text."""
    with pytest.raises(UsageError, match="no integer"):
        run_query("what-carries-a-line", shipped().knowledge, bindings={"line": "27b"})

    assert len(run_query("what-carries-a-line", shipped().knowledge, bindings={"line": "27"})) == 3


@pytest.mark.parametrize("query", ["ASK { ?s ?p ?o }", "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"])
def test_values_are_bound_in_a_select_alone(query: str) -> None:
    """Elsewhere the engine binds some variables and silently not others."""
    with pytest.raises(UsageError, match="bound in a SELECT"):
        run_query(query, shipped().knowledge, bindings={"o": "Acyclovir"})


def test_a_bound_variable_must_be_a_column() -> None:
    """The engine binds columns; what it cannot bind is an error and not a wider answer."""
    with pytest.raises(UsageError) as caught:
        run_query("SELECT ?s { ?s ?p ?o }", shipped().knowledge, bindings={"o": "Acyclovir"})

    assert "?o" in caught.value.fix


def test_graphs_are_told_apart_and_asked_as_one() -> None:
    """The default graph is the union; GRAPH names knowledge, rules, shapes, and what was said, follows and why."""
    case = read_case("only-id")
    assessment = shipped().assess(case)
    rows = run_query("SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }", shipped().knowledge, assessment=assessment)
    query = f"{PREFIX} ASK {{ ?case a rfy:Case . rfy:Acyclovir a rfy:Drug }}"
    union = run_query(query, shipped().knowledge, assessment=assessment)

    assert union.boolean is True
    assert [short(row["g"]) for row in rows] == [
        f"<{assessment.case}#graph.asserted>",
        f"<{assessment.case}#graph.assessment>",
        f"<{assessment.case}#graph.inferred>",
        f"<{assessment.case}#graph.proofs>",
        "<https://w3id.org/refractory/ontology/rules>",
        "<https://w3id.org/refractory/ontology/shapes>",
        "rfy:ontology",
    ]


def test_rows_come_in_one_order() -> None:
    """Without ORDER BY rows are sorted by their terms, and blank nodes are numbered as they come."""
    query = f"{PREFIX} SELECT ?drug {{ ?drug a rfy:Drug }}"
    names = [short(row["drug"]) for row in run_query(query, shipped().knowledge)]
    backwards = [short(row["drug"]) for row in run_query(f"{query} ORDER BY DESC(?drug)", shipped().knowledge)]
    blanks = run_query("SELECT ?b { ?b ?p ?o FILTER ISBLANK(?b) } LIMIT 1", shipped().knowledge)

    assert names == sorted(names)
    assert backwards == sorted(names, reverse=True)
    assert [row["b"] for row in blanks] == [BlankNode("b0")]


ROWS = Rows(
    "rows",
    ("a", "b"),
    (
        (rfy("Acyclovir"), Literal("=1+1")),
        (None, Literal("-5", datatype=Xsd.INTEGER)),
        (BlankNode("b0"), Literal('a, "b"\x1b[31m', language="en")),
    ),
)


def test_json_is_sparql_results_json() -> None:
    """Another library reads it back as the same rows."""
    text = json.dumps(ROWS.to_json()).encode()
    read = list(parse_query_results(text, format=QueryResultsFormat.JSON))  # type: ignore[arg-type]

    assert [tuple(row) for row in read] == list(ROWS.rows)


def test_xml_holds_the_same_rows() -> None:
    """The XML form reads back as the same rows; control characters cannot stand in XML."""
    rows = Rows("rows", ROWS.variables, ROWS.rows[:2])
    read = list(parse_query_results(rows.to_xml().encode(), format=QueryResultsFormat.XML))  # type: ignore[arg-type]

    assert [tuple(row) for row in read] == list(rows.rows)


def test_csv_is_safe_in_a_spreadsheet() -> None:
    """What a spreadsheet would compute gets an apostrophe; a negative number stays a number."""
    assert ROWS.to_csv() == (
        'a,b\r\nhttps://w3id.org/refractory/Acyclovir,\'=1+1\r\n,-5\r\n_:b0,"a, ""b""\x1b[31m"\r\n'
    )


def test_a_table_is_for_people() -> None:
    """Terms go by their names, columns are aligned, rows counted, and a text cannot steer the terminal."""
    assert ROWS.to_table() == (
        "a              b\n"
        "-------------  --------------\n"
        "rfy:Acyclovir  =1+1\n"
        "               -5\n"
        '_:b0           a, "b"\\x1b[31m\n'
        "(3 rows)\n"
    )


def test_html_is_escaped() -> None:
    """A case's free text is text in a notebook too."""
    html = Rows("rows", ("a",), ((Literal("<script>"),),))._repr_html_()

    assert html == "<table><tr><th>a</th></tr><tr><td>&lt;script&gt;</td></tr></table>"


def test_ask_answers_with_a_truth() -> None:
    """A boolean answer is itself a truth value, and has every form but Turtle."""
    answer = run_query("ASK { ?s ?p ?o }", shipped().knowledge)

    assert bool(answer) is True
    assert answer.to_json() == {"head": {}, "boolean": True}
    assert answer.to_csv() == "answer\r\ntrue\r\n"
    assert answer.to_table() == "true\n"
    assert "<boolean>true</boolean>" in answer.to_xml()
    with pytest.raises(UsageError):
        answer.to_turtle()


def test_construct_answers_with_a_graph() -> None:
    """A graph is Turtle, in canonical order, and has no table of rows."""
    graph = run_query(f"{PREFIX} CONSTRUCT WHERE {{ rfy:Acyclovir rfy:isActiveFormOf ?x }}", shipped().knowledge)

    assert graph.triples == (Triple(rfy("Acyclovir"), rfy("isActiveFormOf"), rfy("Valacyclovir")),)
    assert "rfy:Acyclovir rfy:isActiveFormOf rfy:Valacyclovir ." in graph.to_turtle()
    assert graph.to_table() == graph.to_turtle()
    for form in (graph.to_json, graph.to_csv, graph.to_xml):
        with pytest.raises(UsageError, match="graph"):
            form()


def test_describe_needs_no_pattern() -> None:
    """A text without braces is a query too, if it has a blank in it."""
    assert len(run_query(f"{PREFIX} DESCRIBE rfy:Acyclovir", shipped().knowledge)) > 5


def test_a_header_of_pairs_is_kept_as_written() -> None:
    """The header of a query file is read as it stands; defaults and types are lists of pairs."""
    file = read_query("x", "x.rq", b"#+ title: X\n#+ defaults: a=1, b=2\n\nASK {}\n")

    assert file.list("defaults") == ("a=1", "b=2")
