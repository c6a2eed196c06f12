"""The catalogue by HTTP: `curl` and a stock client library get the rows that were written by hand."""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import SPARQLWrapper

from refractory.query.catalogue import examples, filled
from refractory.query.rows import short
from refractory.vocabulary import NAMESPACE
from tests.service.served import Served
from tests.support import CASES, shipped
from tests.test_competency import NAMES, expected_of


@cache
def question(name: str) -> str:
    """Return a question of the catalogue as a text that any client can send, its parameters filled in."""
    return filled(shipped().queries[name], shipped().knowledge)


def case_of(name: str) -> Path | None:
    """Return the file of the case that a question is about, if it is about one."""
    slug = shipped().queries[name].header.get("case")
    return CASES / slug / "case.json" if slug else None


def cell(value: str, kind: str) -> str:
    """Return a value as the expected rows write it."""
    if kind != "uri":
        return value
    from pyoxigraph import NamedNode

    return short(NamedNode(value))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_stock_library_gets_the_expected_rows(service: Served, name: str, method: str) -> None:
    """SPARQLWrapper, told nothing but the endpoint, the query and where there is one the case."""
    case = case_of(name)
    if method == "GET" and case:
        # A case goes by POST alone.
        method = "POST"
    endpoint = SPARQLWrapper.SPARQLWrapper(f"{service.url}/sparql")
    endpoint.setMethod(method)
    endpoint.setReturnFormat(SPARQLWrapper.JSON)
    endpoint.setQuery(question(name))
    if case:
        endpoint.addParameter("case", case.read_text(encoding="utf-8"))
    found: Any = endpoint.queryAndConvert()
    columns = found["head"]["vars"]
    rows = [
        [cell(row[c]["value"], row[c]["type"]) if c in row else "" for c in columns]
        for row in found["results"]["bindings"]
    ]

    assert expected_of(name) == (columns, sorted(rows))


@pytest.mark.parametrize("name", NAMES)
def test_curl_gets_the_expected_rows(service: Served, tmp_path: Path, name: str) -> None:
    """The command, with the query in a file; CSV has IRIs whole, so the expected rows are written so too."""
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    (tmp_path / "query.rq").write_text(question(name), encoding="utf-8")
    command = [curl, "-sSf", "--noproxy", "*", f"{service.url}/sparql", "-H", "Accept: text/csv"]
    command += ["--data-urlencode", f"query@{tmp_path / 'query.rq'}"]
    if case := case_of(name):
        command += ["--data-urlencode", f"case@{case}"]
    done = subprocess.run(command, capture_output=True, timeout=60, check=True, env=dict(os.environ))
    columns, *rows = csv.reader(io.StringIO(done.stdout.decode(), newline=""))
    expected_columns, expected = expected_of(name)

    assert (expected_columns, sorted([whole(value) for value in row] for row in expected)) == (columns, sorted(rows))


def whole(value: str) -> str:
    """Return a cell of the expected rows as CSV on the wire writes it."""
    from refractory.query.prefixes import PREFIXES

    if value.startswith("<"):
        return value[1:-1]
    prefix, colon, name = value.partition(":")
    return PREFIXES[prefix] + name if colon and prefix in PREFIXES else value


def test_a_stock_library_reads_truths_graphs_and_errors(service: Served) -> None:
    """ASK, CONSTRUCT in each of its forms, and a query that is none."""
    endpoint = SPARQLWrapper.SPARQLWrapper(f"{service.url}/sparql", defaultGraph=f"{NAMESPACE}ontology")
    endpoint.setQuery(f"ASK {{ ?s a <{NAMESPACE}Drug> }}")
    endpoint.setReturnFormat(SPARQLWrapper.JSON)
    truth: Any = endpoint.queryAndConvert()
    sizes = set()
    for form in (SPARQLWrapper.RDFXML, SPARQLWrapper.JSONLD, SPARQLWrapper.TURTLE):
        endpoint.setQuery(f"CONSTRUCT WHERE {{ ?s a <{NAMESPACE}Drug> }}")
        endpoint.setReturnFormat(form)
        graph: Any = endpoint.queryAndConvert()
        if isinstance(graph, bytes):
            import rdflib

            graph = rdflib.Graph().parse(data=graph, format="turtle")
        sizes.add(len(graph))
    endpoint.setQuery("ASK {")

    assert truth["boolean"] is True
    assert 1 == len(sizes)
    assert sizes.pop() > 5
    with pytest.raises(SPARQLWrapper.SPARQLExceptions.QueryBadFormed, match="never closed"):
        endpoint.query()


def test_the_catalogue_runs_as_it_stands() -> None:
    """Each example is one query without a header, and says if it needs a case."""
    found = list(examples(shipped().knowledge))

    assert NAMES == sorted(example.name for example in found)
    assert all("#+" not in example.text for example in found)
    assert {example.name for example in found if "case" in example.keywords} == {n for n in NAMES if case_of(n)}
