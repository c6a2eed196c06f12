"""Writes the clauses of a program as SQL: one statement that adds what a clause concludes, over all cases of a chunk.

The tables, all of whole numbers:

* `f<i>(c, s, o)`: the facts of the cases under predicate i; c is the case, and each join carries it.
* `k<i>(s, o)`: the facts of the knowledge under predicate i, the same for every case.
* `term(id, kind, val, canon)`: what a term is compared by; kind is that of `KINDS`, null for what cannot be read.

A pattern that both may fit makes a statement of several parts, one for each choice that can be: no fact of a case has a
term of the knowledge as its subject, and no fact of the knowledge mentions a node of a case.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from refractory.engine.clauses import Clause, Expression, Node, Pattern, Var
from refractory.engine.codegen import Tables

IRI, NUMBER, DAY, TEXT = range(4)
ORDERED = f"({NUMBER}, {DAY})"
NUMBERS = "DECIMAL(18, 8)"
# DuckDB keeps a product of two of 18 digits at 18, and gives one of 19 all 38.
WIDE = "DECIMAL(19, 8)"


@dataclass(frozen=True, slots=True)
class Part:
    """One choice of tables for a clause.

    Attributes:
        needs: The predicates of which the cases must have facts; without them nothing can come.
        select: The query for c, s and o.
    """

    needs: frozenset[int]
    select: str


@dataclass(frozen=True, slots=True)
class Statement:
    """A clause as SQL.

    Attributes:
        head: The predicate of what it adds; None: it finds cases that contradict themselves.
        reads: The predicates that its body reads.
        parts: Queries of which the results are added together.
        computes: Whether o is a number that was worked out, and not yet a term.
    """

    head: int | None
    reads: frozenset[int]
    parts: tuple[Part, ...]
    computes: bool

    def insert(self, filled: frozenset[int] | set[int]) -> tuple[str, ...]:
        """Return the statements to run, the last of which tells how many facts came; none if none can come."""
        selects = [part.select for part in self.parts if part.needs <= filled]
        if not selects:
            return ()
        found = " UNION ALL ".join(selects)
        if self.head is None:
            return (f"INSERT INTO contradiction SELECT DISTINCT c FROM ({found})",)
        new = f"NOT EXISTS (SELECT 1 FROM f{self.head} h WHERE h.c = x.c AND h.s = x.s AND h.o = x.o)"
        if not self.computes:
            return (f"INSERT INTO f{self.head} SELECT DISTINCT c, s, o FROM ({found}) x WHERE {new}",)
        return (
            f"CREATE OR REPLACE TABLE made AS SELECT DISTINCT c, s, o::{NUMBERS} AS val FROM ({found})",
            f"INSERT INTO term SELECT (SELECT max(id) FROM term) + row_number() OVER (), {NUMBER}, val, true FROM ("
            f"SELECT DISTINCT val FROM made WHERE val NOT IN (SELECT val FROM term WHERE canon))",
            f"INSERT INTO f{self.head} SELECT c, s, o FROM (SELECT m.c, m.s, t.id AS o FROM made m, term t "
            f"WHERE t.canon AND t.val = m.val) x WHERE {new}",
        )


@dataclass(frozen=True, slots=True)
class Values:
    """How constants compare: kind and value of each term of the program."""

    kinds: Sequence[int | None]
    values: Sequence[str]


def statement(clause: Clause, tables: Tables, values: Values) -> Statement:
    """Return a clause as SQL.

    Raises:
        ValueError: It divides, which numbers of fixed places cannot do exactly.
    """
    nodes = _nodes(clause)
    selects = [
        _Select(clause, tables, values, nodes).write(of_case) for of_case in _choices(clause.body, nodes, tables)
    ]
    return Statement(
        tables.predicates[clause.head[1]] if clause.head else None,
        frozenset(tables.predicates[p[1]] for p in clause.body),
        tuple(selects),
        clause.head is not None and clause.head[2] in {variable for variable, _ in clause.bindings},
    )


def _nodes(clause: Clause) -> frozenset[str]:
    """Return the variables that stand for nodes of the case: what is concluded about, and what leads to one of them."""
    nodes = {clause.head[0] if clause.head else clause.body[0][0]}
    while more := {p[0] for p in clause.body if p[0] in nodes or p[2] in nodes} - nodes:
        nodes |= more
    return frozenset(str(node) for node in nodes if isinstance(node, Var))


def _choices(patterns: Sequence[Pattern], nodes: frozenset[str], tables: Tables) -> Iterator[tuple[bool, ...]]:
    """Yield for which patterns a fact of the case is taken, and for which one of the knowledge, as far as can be."""
    options = [(True, False) if tables.predicates[p[1]] in tables.known_predicates else (True,) for p in patterns]
    for of_case in product(*options):
        of_knowledge: set[Node] = set()
        about: set[Node] = set(map(Var, nodes))
        for (subject, _, value), case in zip(patterns, of_case, strict=True):
            if case:
                about.add(subject)
            else:
                of_knowledge |= {subject, value}
        if all(isinstance(node, Var) for node in about) and not about & of_knowledge:
            yield of_case


class _Select:
    """Writes one part of a statement."""

    def __init__(self, clause: Clause, tables: Tables, values: Values, nodes: frozenset[str]) -> None:
        self._clause = clause
        self._tables = tables
        self._values = values
        self._nodes = nodes

    def write(self, of_case: Sequence[bool]) -> Part:
        clause = self._clause
        self._from: list[str] = []
        self._where: list[str] = []
        self._bound: dict[str, str] = {}
        self._compared: dict[str, tuple[str, str]] = {}
        self._case = f"t{of_case.index(True)}.c"
        needs = set()
        for number, (pattern, case) in enumerate(zip(clause.body, of_case, strict=True)):
            index = self._tables.predicates[pattern[1]]
            if case:
                needs.add(index)
            self._from.append(f"{'f' if case else 'k'}{index} t{number}")
            self._where += self._matched(f"t{number}", pattern, self._bound, case=case)
        for variable, expression in clause.bindings:
            self._compared[variable] = self._expression(expression)
        for operator, left, right in clause.filters:
            (kind, value), (other_kind, other) = self._expression(left), self._expression(right)
            self._where += [f"{kind} = {other_kind}", f"{value} {operator} {other}"]
            if operator not in {"=", "!="}:
                self._where.append(f"{kind} IN {ORDERED}")
        for group in clause.absent:
            self._where += self._absent(group)
        return Part(frozenset(needs), f"SELECT {self._head()} FROM {', '.join(self._from)}{_where(self._where)}")

    def _head(self) -> str:
        if self._clause.head is None:
            return f"{self._case} AS c"
        subject, _, value = self._clause.head
        computed = isinstance(value, Var) and value not in self._bound
        concluded = self._compared[str(value)][1] if computed else self._column(value)
        return f"{self._case} AS c, {self._column(subject)} AS s, {concluded} AS o"

    def _column(self, node: Node) -> str:
        return self._bound[node] if isinstance(node, Var) else str(self._tables.ids[node])

    def _matched(self, name: str, pattern: Pattern, bound: dict[str, str], *, case: bool) -> list[str]:
        """Return the conditions for a row of a table to fit a pattern, and take note of the variables it binds."""
        found = [f"{name}.c = {self._case}"] if case and f"{name}.c" != self._case else []
        for column, node in ((f"{name}.s", pattern[0]), (f"{name}.o", pattern[2])):
            if isinstance(node, Var) and node not in bound:
                bound[node] = column
            else:
                found.append(f"{column} = {bound[node] if isinstance(node, Var) else self._tables.ids[node]}")
        return found

    def _absent(self, group: Sequence[Pattern]) -> Iterator[str]:
        for of_case in _choices(group, self._nodes & {str(p[0]) for p in group}, self._tables):
            bound, tables, where = dict(self._bound), [], []
            for number, (pattern, case) in enumerate(zip(group, of_case, strict=True)):
                tables.append(f"{'f' if case else 'k'}{self._tables.predicates[pattern[1]]} a{number}")
                where += self._matched(f"a{number}", pattern, bound, case=case)
            yield f"NOT EXISTS (SELECT 1 FROM {', '.join(tables)}{_where(where)})"

    def _expression(self, expression: Expression) -> tuple[str, str]:
        """Return kind and value of an expression, with what they are looked up from added to the query."""
        if isinstance(expression, tuple):
            operation, left, right = expression
            if operation not in {"+", "-", "*"}:
                raise ValueError(f"{self._clause.name}: {operation} is not written as SQL")
            operands = [self._expression(left), self._expression(right)]
            self._where += [f"{kind} = {NUMBER}" for kind, _ in operands if kind != str(NUMBER)]
            one, other = (f"{value}::{WIDE}" for _, value in operands)
            return str(NUMBER), f"({one} {operation} {other})"
        if not isinstance(expression, Var):
            number = self._tables.ids[expression]
            kind = self._values.kinds[number]
            return ("NULL" if kind is None else str(kind)), self._values.values[number]
        if expression not in self._compared:
            name = f"v{len(self._compared)}"
            self._from.append(f"term {name}")
            self._where.append(f"{name}.id = {self._bound[expression]}")
            self._compared[expression] = (f"{name}.kind", f"{name}.val")
        return self._compared[expression]


def _where(conditions: Sequence[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""
