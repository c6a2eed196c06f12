"""DuckDB with the program as SQL: a chunk of cases in tables, the clauses in the order in which our program runs them.

Each chunk gets a database in memory of its own, on one thread. A clause is skipped when it reads a table that has
nothing; those that feed each other run until nothing new comes, each again only when what it reads has grown.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from time import process_time
from typing import Any

import duckdb
import pyarrow as pa
from pyoxigraph import Literal, NamedNode, Triple

from benchmarks.sql import DAY, IRI, NUMBER, NUMBERS, TEXT, Statement, Values, statement
from refractory.engine.clauses import Term
from refractory.engine.compiled import CompiledReasoner
from refractory.knowledge.knowledge import Knowledge
from refractory.model.facts import CaseFacts
from refractory.model.values import plain, value_of
from refractory.vocabulary import Xsd

_UNITS = 10**8
"""Values are handed over as whole numbers of their last place."""


class Duck:
    """The translated program; asked for chunk after chunk."""

    def __init__(self, knowledge: Knowledge) -> None:
        """Compile the knowledge with our compiler, and translate what it makes."""
        reasoner = CompiledReasoner(knowledge)
        self._terms = reasoner.terms
        self._ids = reasoner.ids
        self._predicates = reasoner.numbers.predicates
        self._predicate_terms = reasoner.predicate_terms
        self._texts: dict[str, int] = {}
        self._coded = [self._value(term, number) for number, term in enumerate(self._terms)]
        values = Values(
            [kind for kind, _, _ in self._coded],
            [f"{Decimal(value) / _UNITS:f}::{NUMBERS}" for _, value, _ in self._coded],
        )
        statements = [statement(clause, reasoner.numbers, values) for clause in reasoner.program.clauses]
        self._blocks = [
            ([statements[number] for number in numbers], again) for numbers, again in reasoner.program.blocks
        ]
        self._known = {
            index: _pairs([(s, o) for s, values in facts.items() for o in values])
            for index, facts in enumerate(reasoner.known_facts[0])
            if facts
        }
        self.took = {"coding": 0.0, "SQL": 0.0}
        self.statements = 0

    def reason(self, cases: Sequence[CaseFacts]) -> tuple[Any, list[Term]]:
        """Code a chunk's terms as numbers, lay its facts out in tables, and run the program over them.

        Raises:
            ValueError: A case contradicts itself.
        """
        begun = process_time()
        terms, facts, coded = self._code(cases)
        ended = process_time()
        self.took["coding"] += ended - begun
        connection = self._lay_out(facts, coded)
        filled = set(facts)
        for statements, again in self._blocks:
            if again:
                self._circle(connection, statements, filled)
            else:
                for one in statements:
                    self._add(connection, one, filled)
        if found := connection.execute("SELECT c FROM contradiction").fetchall():
            raise ValueError(f"{len(found)} cases contradict themselves")
        self.took["SQL"] += process_time() - ended
        return connection, terms

    def facts(self, result: tuple[Any, list[Term]]) -> list[tuple[int, Triple]]:
        """Return all facts of a chunk, each with the number of its case."""
        connection, terms = result
        made = connection.execute("SELECT id, val FROM term WHERE id >= ?", [len(terms)]).fetchall()
        known = dict(enumerate(terms)) | {number: Literal(plain(v), datatype=Xsd.DECIMAL) for number, v in made}
        return [
            (case, Triple(known[s], predicate, known[o]))
            for index, predicate in enumerate(self._predicate_terms)
            for case, s, o in connection.execute(f"SELECT DISTINCT c, s, o FROM f{index}").fetchall()
        ]

    def _code(self, cases: Sequence[CaseFacts]) -> tuple[list[Term], dict[int, list[list[int]]], list[Any]]:
        """Return the terms by number, the facts by predicate as columns c, s and o, and the values of the terms."""
        ids, predicates = dict(self._ids), self._predicates
        facts: dict[int, list[list[int]]] = {}
        for number, case in enumerate(cases):
            for subject, predicate, value in case.all:
                index = predicates.get(predicate)
                if index is not None:
                    columns = facts.get(index)
                    if columns is None:
                        columns = facts[index] = [[], [], []]
                    columns[0].append(number)
                    columns[1].append(ids.setdefault(subject, len(ids)))
                    columns[2].append(ids.setdefault(value, len(ids)))
        terms = list(ids)
        first = len(self._terms)
        return terms, facts, [self._value(term, number) for number, term in enumerate(terms[first:], first)]

    def _value(self, term: Term, number: int) -> tuple[int | None, int, bool]:
        """Return kind and value of a term, and whether it is how a number that was worked out is written."""
        if isinstance(term, NamedNode):
            return IRI, number * _UNITS, False
        value = value_of(term)
        match value:
            case Decimal():
                units = value * _UNITS
                if units != int(units):
                    raise ValueError(f"{term} has more digits than the tables hold")
                return NUMBER, int(units), term.datatype == Xsd.DECIMAL and term.value == plain(value)
            case date():
                return DAY, value.toordinal() * _UNITS, False
            case str():
                return TEXT, self._texts.setdefault(value, len(self._texts)) * _UNITS, False
        return None, 0, False

    def _lay_out(self, facts: dict[int, list[list[int]]], coded: list[Any]) -> Any:
        connection = duckdb.connect(":memory:", config={"threads": 1})
        kinds, values, canon = zip(*self._coded, *coded, strict=True)
        columns = {
            "id": pa.array(range(len(kinds)), pa.int32()),
            "kind": pa.array(kinds, pa.int8()),
            "units": pa.array(values, pa.int64()),
            "canon": pa.array(canon, pa.bool_()),
        }
        connection.register("given", pa.table(columns))
        value = f"(units::DECIMAL(20, 0) * 0.00000001)::{NUMBERS}"
        connection.execute(f"CREATE TABLE term AS SELECT id, kind, {value} AS val, canon FROM given")
        for index in range(len(self._predicates)):
            if given := facts.get(index):
                arrays = [pa.array(column, pa.int32()) for column in given]
                connection.register("given", pa.table(arrays, names=["c", "s", "o"]))
                connection.execute(f"CREATE TABLE f{index} AS SELECT * FROM given")
            else:
                connection.execute(f"CREATE TABLE f{index} (c INTEGER, s INTEGER, o INTEGER)")
        for index, table in self._known.items():
            connection.register("given", table)
            connection.execute(f"CREATE TABLE k{index} AS SELECT * FROM given")
        connection.execute("CREATE TABLE contradiction (c INTEGER)")
        return connection

    def _add(self, connection: Any, one: Statement, filled: set[int]) -> int:
        """Run a clause, and return how many facts it added."""
        added = 0
        for text in one.insert(filled):
            self.statements += 1
            added = connection.execute(text).fetchall()[0][0]
        if added and one.head is not None:
            filled.add(one.head)
        return added

    def _circle(self, connection: Any, statements: Sequence[Statement], filled: set[int]) -> None:
        grown = dict.fromkeys((one.head for one in statements if one.head is not None), 0)
        seen = [-1] * len(statements)
        changed = True
        while changed:
            changed = False
            for number, one in enumerate(statements):
                size = sum(grown.get(index, 0) for index in one.reads)
                if size != seen[number]:
                    seen[number] = size
                    added = self._add(connection, one, filled)
                    if added and one.head is not None:
                        grown[one.head] += added
                        changed = True


def _pairs(pairs: Sequence[tuple[int, int]]) -> pa.Table:
    subjects, objects = zip(*pairs, strict=True)
    return pa.table([pa.array(subjects, pa.int32()), pa.array(objects, pa.int32())], names=["s", "o"])
