"""Hygiene: no query for a fault finds one in the shipped knowledge, and each finds the fault that is planted for it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest
from pyoxigraph import Quad, QuerySolution, QuerySolutions, RdfFormat, Store, Triple, parse
from rdflib.plugins.sparql import prepareQuery

from refractory.knowledge.headers import QueryFile, read_query
from refractory.knowledge.rule_graph import rule_triples
from refractory.query.guard import check
from refractory.query.rows import short
from tests.support import ROOT, shipped

FOLDER = ROOT / "queries" / "hygiene"
PLANTED = ROOT / "tests" / "hygiene"
FAULTS = sorted(path.stem for path in FOLDER.glob("*.rq"))

Found = frozenset[tuple[str, ...]]


@cache
def query_of(fault: str) -> QueryFile:
    """Return the query for a fault."""
    path = FOLDER / f"{fault}.rq"
    return read_query(fault, path.name, path.read_bytes())


@cache
def shipped_quads() -> tuple[Quad, ...]:
    """Return ontology, shapes and alignments, and the rules as triples."""
    files = sorted((ROOT / "ontology").rglob("*.ttl"))
    rules = (Quad(t.subject, t.predicate, t.object) for t in rule_triples(shipped().knowledge.rules))
    return (*(quad for path in files for quad in read(path)), *rules)


def read(path: Path) -> Iterable[Quad]:
    """Return the triples of a Turtle file; its blank nodes meet those of no other file."""
    return parse(path.read_bytes(), format=RdfFormat.TURTLE, rename_blank_nodes=True)


@cache
def store() -> Store:
    """Return the shipped knowledge in a store."""
    filled = Store()
    filled.bulk_extend(shipped_quads())
    return filled


def found(fault: str, filled: Store) -> Found:
    """Return the rows that the query for a fault finds, as people write them."""
    solutions = filled.query(query_of(fault).text)
    assert isinstance(solutions, QuerySolutions)
    assert [variable.value for variable in solutions.variables] == ["entity", "property", "value"]
    return frozenset(row_of(solution) for solution in solutions)


def row_of(solution: QuerySolution) -> tuple[str, ...]:
    """Return one row as people write it."""
    terms = [solution[column] for column in ("entity", "property", "value")]
    return tuple(short(term) for term in terms if not isinstance(term, Triple))


@cache
def shipped_rows(fault: str) -> Found:
    """Return what the query for a fault finds in the shipped knowledge."""
    return found(fault, store())


def test_each_fault_is_planted_and_each_plant_is_looked_for() -> None:
    """A query that never found anything may be unable to; so each has a planted fault, and no plant is left over."""
    assert FAULTS
    assert sorted(path.stem for path in PLANTED.glob("*.ttl")) == FAULTS


@pytest.mark.parametrize("fault", FAULTS)
def test_a_hygiene_query_says_what_is_wrong_and_how_to_mend_it(fault: str) -> None:
    """Its header is complete, our guard admits it, and rdflib can read it too."""
    query = query_of(fault)
    prepareQuery(query.text)

    assert check(query.text).form == "SELECT"
    assert set(query.header) == {"title", "problem", "solution"}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_shipped_knowledge_has_no_such_fault(fault: str) -> None:
    """No row is good."""
    assert sorted(shipped_rows(fault)) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_and_named(fault: str) -> None:
    """With the fault planted, each new row names what was planted, and there is one."""
    filled = Store()
    filled.bulk_extend(shipped_quads())
    filled.bulk_extend(read(PLANTED / f"{fault}.ttl"))
    new = found(fault, filled) - shipped_rows(fault)

    assert new
    assert [row for row in new if "planted" not in row[0].lower()] == []
