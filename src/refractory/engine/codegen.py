"""Writes the program as one Python function over interned integers: each clause a nest of loops, each circle a `while`.

Facts of the case are `F[predicate][subject][object] -> step`; facts of the knowledge `K` have the same shape and no
steps. A step is (clause number, values of the clause's variables). Most clauses begin with all that has one constant,
such as the members of a class: so `H[predicate][object]` holds the subjects. The text depends on the program alone, so
that the same case gives the same derivations whatever the hash seed.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from refractory.engine.clauses import Clause, Expression, Node, Pattern, Term, Var
from refractory.engine.program import Program

_OPERATORS = {"=": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_INDENT = "    "


@dataclass(frozen=True)
class Tables:
    """How the terms and predicates of a program are numbered, and what the knowledge says of which predicates.

    Attributes:
        program: The program.
        ids: The numbers of its terms.
        predicates: The numbers of its predicates.
        known: Predicate and object of the facts of the knowledge.
    """

    program: Program
    ids: Mapping[Term, int]
    predicates: Mapping[Term, int]
    known: frozenset[tuple[int, int]]

    @cached_property
    def known_predicates(self) -> frozenset[int]:
        """The predicates of which the knowledge says something."""
        return frozenset(predicate for predicate, _ in self.known)

    @property
    def first_case_id(self) -> int:
        """The number of the first term that only a case has."""
        return len(self.ids)

    @cached_property
    def concluded(self) -> frozenset[int]:
        """The predicates of what clauses conclude."""
        return frozenset(self.predicates[c.head[1]] for c in self.program.clauses if c.head)

    @cached_property
    def headed(self) -> frozenset[tuple[int, int]]:
        """Predicate and object of the facts that a clause may begin with."""
        patterns = {pattern for clause in self.program.clauses for pattern in clause.body}
        return frozenset(
            (self.predicates[p], self.ids[o]) for s, p, o in patterns if isinstance(s, Var) and not isinstance(o, Var)
        )

    @cached_property
    def by_object(self) -> frozenset[int]:
        """The predicates of such facts."""
        return frozenset(predicate for predicate, _ in self.headed)


def variables_of(clause: Clause) -> tuple[str, ...]:
    """Return the variables of a clause whose values make a step, sorted."""
    found = {str(n) for pattern in clause.body for n in (pattern[0], pattern[2]) if isinstance(n, Var)}
    return tuple(sorted(found | {str(variable) for variable, _ in clause.bindings}))


def _case_patterns(clause: Clause) -> frozenset[Pattern]:
    """Return the patterns of a body that only facts of the case can fit.

    A conclusion is about a node of the case, the knowledge mentions no such node, and a fact of the case has one as its
    subject. So a pattern that shares such a node is one of the case's, and makes its subject another.
    """
    nodes = {clause.head[0]} if clause.head else {clause.body[0][0]}
    found: set[Pattern] = set()
    while more := {p for p in clause.body if p not in found and (p[0] in nodes or p[2] in nodes)}:
        found |= more
        nodes |= {p[0] for p in more}
    return frozenset(found)


def write_program(tables: Tables) -> str:
    """Return the text of a function `run` that derives all that follows from a case's facts in `F`."""
    program = tables.program
    writer = _Writer(tables)
    lines = ["def run(F, H, K, KI, R, eq, ne, lt, le, gt, ge, work, inverse, among, leak, contradiction):"]
    every = range(len(tables.predicates))
    lines += [f"{_INDENT}[{', '.join(f'{name}{i}' for i in every)}] = {name}" for name in ("F", "K", "KI")]
    # They come in the order of their predicates.
    lines.append(f"{_INDENT}[{', '.join(f'H{i}' for i in sorted(tables.by_object))}] = H.values()")
    for numbers, again in program.blocks:
        clauses = [(number, program.clauses[number]) for number in numbers]
        if again:
            lines += _circle(clauses, writer, tables)
        else:
            lines += [line for number, clause in clauses for line in writer.clause(number, clause, 1)]
    return "\n".join(lines) + "\n"


def write_clause(number: int, tables: Tables) -> str:
    """Return the text of a function that makes another: of the facts in `F`, the one that adds what a clause concludes.

    Unlike the program as a whole it keeps no step and leaves the facts as they are, so it can be run again and again.
    """
    clause = tables.program.clauses[number]
    read = {tables.predicates[p[1]] for p in (*clause.body, *(p for group in clause.absent for p in group))}
    lines = ["def run(F, H, K, KI, eq, ne, lt, le, gt, ge, work, inverse, among, leak, contradiction):"]
    lines += [f"{_INDENT}F{i} = F[{i}]" for i in sorted(read)]
    lines += [f"{_INDENT}H{i} = H[{i}]" for i in sorted(read & tables.by_object)]
    lines += [f"{_INDENT}K{i} = K[{i}]; KI{i} = KI[{i}]" for i in sorted(read & tables.known_predicates)]
    lines += [f"{_INDENT}def conclude(add):", *_Writer(tables, alone=True).clause(number, clause, 2)]
    return "\n".join([*lines, f"{_INDENT}return conclude"]) + "\n"


def _circle(clauses: Sequence[tuple[int, Clause]], writer: _Writer, tables: Tables) -> list[str]:
    """Return the lines of clauses that feed each other: each runs again only when what it reads has grown."""
    heads = {clause.head[1] for _, clause in clauses if clause.head}
    lines = [f"{_INDENT}w{i} = 0" for i in sorted(tables.predicates[head] for head in heads)]
    lines += [f"{_INDENT}s{number} = -1" for number, _ in clauses]
    lines += [f"{_INDENT}c = True", f"{_INDENT}while c:", f"{_INDENT * 2}c = False"]
    for number, clause in clauses:
        read = sorted({tables.predicates[pattern[1]] for pattern in clause.body if pattern[1] in heads})
        lines.append(f"{_INDENT * 2}w = {' + '.join(f'w{i}' for i in read) or '0'}")
        lines.append(f"{_INDENT * 2}if w != s{number}:")
        lines.append(f"{_INDENT * 3}s{number} = w")
        lines += writer.clause(number, clause, 3, in_circle=True)
    return lines


class _Writer:
    def __init__(self, tables: Tables, *, alone: bool = False) -> None:
        self._tables = tables
        self._alone = alone
        # The tables that were turned round and not written to since.
        self._turned: set[int] = set()

    def clause(self, number: int, clause: Clause, depth: int, *, in_circle: bool = False) -> list[str]:
        """Return the lines of one clause: its patterns as loops and tests, then its absences, then its conclusion."""
        self._in_circle = in_circle
        self._lines = [f"{_INDENT * depth}# {clause.name}"]
        self._depth = depth
        self._bound: set[str] = set()
        self._outer = depth
        self._written = self._tables.predicates[clause.head[1]] if clause.head else -1
        self._of_case = _case_patterns(clause)
        pending = list(clause.body)
        filters, bindings = list(clause.filters), list(clause.bindings)
        if needed := self._needed(clause):
            self._open(f"if {needed}:")
        while pending:
            pattern = min(pending, key=self._cost)
            pending.remove(pattern)
            self._pattern(pattern, clause)
            self._bind(bindings)
            self._filter(filters)
        for group in clause.absent:
            self._open(f"if not {self._absent(group)}:")
        self._conclude(number, clause)
        self._turned.discard(self._written)
        return self._lines

    def _needed(self, clause: Clause) -> str:
        """Return a test that fails where nothing of the case can fit some pattern, wherever in the join that stands.

        Of most clauses a case has nothing, and to see that is cheaper than to begin a loop.
        """
        somewhere, headed = set(), set()
        for pattern in clause.body:
            index = self._tables.predicates[pattern[1]]
            if not self._is_known(index, pattern):
                if self._is_found_by_object(pattern):
                    headed.add((self._name(pattern[2]), index))
                else:
                    somewhere.add(index)
        somewhere -= {index for _, index in headed}
        return " and ".join([*(f"F{i}" for i in sorted(somewhere)), *(f"{o} in H{i}" for o, i in sorted(headed))])

    def _open(self, line: str) -> None:
        self._lines.append(_INDENT * self._depth + line)
        self._depth += 1

    def _say(self, line: str) -> None:
        self._lines.append(_INDENT * self._depth + line)

    def _name(self, node: Node) -> str:
        return f"v_{node}" if isinstance(node, Var) else str(self._tables.ids[node])

    def _is_known(self, index: int, pattern: Pattern) -> bool:
        """Say whether facts of the knowledge may fit a pattern."""
        value = pattern[2]
        if pattern in self._of_case:
            return False
        if isinstance(value, Var):
            return index in self._tables.known_predicates
        return (index, self._tables.ids[value]) in self._tables.known

    def _is_found_by_object(self, pattern: Pattern) -> bool:
        """Say whether the subjects of a pattern are kept by its object."""
        subject, _, value = pattern
        return isinstance(subject, Var) and not isinstance(value, Var)

    def _is_bound(self, node: Node) -> bool:
        return not isinstance(node, Var) or node in self._bound

    def _cost(self, pattern: Pattern) -> float:
        """Return how much a pattern would make the join grow: tests first, then what hangs on a bound subject."""
        subject, predicate, value = pattern
        index = self._tables.predicates[predicate]
        known = self._is_known(index, pattern)
        outside = 1.5 if known else 0.0
        if self._is_bound(subject):
            return 0.0 if self._is_bound(value) else 1.0
        if known and index not in self._tables.concluded and self._is_bound(value):
            # Few terms of the knowledge have one value of what is only ever stated: as good as a bound subject.
            return 1.0
        return (2.0 if self._is_bound(value) else 3.0) + outside

    def _pattern(self, pattern: Pattern, clause: Clause) -> None:
        subject, predicate, value = pattern
        index = self._tables.predicates[predicate]
        known = self._is_known(index, pattern)
        if not self._is_bound(subject):
            self._subjects(subject, index, value, known=known)
            self._bound.add(str(subject))
            if subject == value:
                self._open(f"if {self._has(index, subject, value, known=known)}:")
            if self._is_bound(value):
                return
        elif self._is_bound(value):
            self._open(f"if {self._has(index, subject, value, known=known)}:")
            return
        writes = clause.head is not None and clause.head[1] == predicate
        values = self._values(index, subject, known=known)
        self._open(f"for {self._name(value)} in {f'tuple({values})' if writes else values}:")
        self._bound.add(str(value))

    def _subjects(self, subject: Node, index: int, value: Node, *, known: bool) -> None:
        """Open a loop over the subjects that have a value (or any value) under a predicate."""
        name = self._name(subject)
        if isinstance(value, Var) and self._is_bound(value) and value != subject and index != self._written:
            # Many subjects may have to be looked for, one after the other: turn the table round once.
            if index not in self._turned or self._in_circle:
                self._lines.insert(1, f"{_INDENT * self._outer}i{index} = None")
            self._turned.add(index)
            self._say(f"if i{index} is None: i{index} = inverse(F{index})")
            of_case = f"i{index}.get({self._name(value)}, ())"
            known_too = f"[*{of_case}, *KI{index}.get({self._name(value)}, ())]"
            self._open(f"for {name} in {known_too if known else of_case}:")
        elif self._is_bound(value) and value != subject:
            wanted = self._name(value)
            if isinstance(value, Var):
                of_case = f"[s for s, os in F{index}.items() if {wanted} in os]"
            elif self._alone:
                of_case = f"H{index}.get({wanted}, ())"
            else:
                # What the clause itself may add to is not to grow under the loop.
                one = "tuple(x)" if index == self._written else "x"
                of_case = f"({one} if len(x := H{index}.get({wanted}, ())) < 2 else among(F{index}, x))"
            self._open(f"for {name} in {f'[*{of_case}, *KI{index}.get({wanted}, ())]' if known else of_case}:")
        else:
            self._open(f"for {name} in {f'[*F{index}, *K{index}]' if known else f'list(F{index})'}:")

    def _has(self, index: int, subject: Node, value: Node, *, known: bool) -> str:
        s, o = self._name(subject), self._name(value)
        test = f"{o} in F{index}.get({s}, ())"
        return f"({test} or {o} in K{index}.get({s}, ()))" if known else test

    def _values(self, index: int, subject: Node, *, known: bool) -> str:
        s = self._name(subject)
        return f"(F{index}.get({s}) or K{index}.get({s}, ()))" if known else f"F{index}.get({s}, ())"

    def _is_headed(self, index: int, value: Node) -> bool:
        """Say whether a fact is to be found by its object."""
        if isinstance(value, Var):
            return index in self._tables.by_object
        return (index, self._tables.ids[value]) in self._tables.headed

    def _absent(self, group: Sequence[Pattern]) -> str:
        """Return an expression that is true when a group of patterns matches."""
        bound = set(self._bound)
        parts = []
        for subject, predicate, value in group:
            index = self._tables.predicates[predicate]
            known = index in self._tables.known_predicates
            if not self._is_bound(subject):
                parts.append(f"for {self._name(subject)} in {f'[*F{index}, *K{index}]' if known else f'F{index}'}")
                self._bound.add(str(subject))
            if self._is_bound(value):
                parts.append(f"if {self._has(index, subject, value, known=known)}")
            else:
                parts.append(f"for {self._name(value)} in {self._values(index, subject, known=known)}")
                self._bound.add(str(value))
        self._bound = bound
        if len(parts) == 1:
            kind, _, rest = parts[0].partition(" ")
            return f"({rest})" if kind == "if" else f"({rest.partition(' in ')[2]})"
        return f"any(1 for _ in (0,) {' '.join(parts)})"

    def _bind(self, bindings: list[tuple[Var, Expression]]) -> None:
        for variable, expression in list(bindings):
            if self._ready(expression):
                bindings.remove((variable, expression))
                self._say(f"{self._name(variable)} = {self._work(expression)}")
                self._open(f"if {self._name(variable)} is not None:")
                self._bound.add(str(variable))

    def _filter(self, filters: list[tuple[str, Expression, Expression]]) -> None:
        for operator, left, right in list(filters):
            if self._ready(left) and self._ready(right):
                filters.remove((operator, left, right))
                self._open(f"if {_OPERATORS[operator]}({self._work(left)}, {self._work(right)}):")

    def _ready(self, expression: Expression) -> bool:
        if isinstance(expression, tuple):
            return self._ready(expression[1]) and self._ready(expression[2])
        return self._is_bound(expression)

    def _work(self, expression: Expression) -> str:
        if isinstance(expression, tuple):
            return f"work({expression[0]!r}, {self._work(expression[1])}, {self._work(expression[2])})"
        return self._name(expression)

    def _conclude(self, number: int, clause: Clause) -> None:
        values = "".join(f"v_{variable}, " for variable in variables_of(clause))
        step = f"({number}, ({values}))"
        if clause.head is None:
            self._say(f"contradiction{step}")
            return
        s, o = self._name(clause.head[0]), self._name(clause.head[2])
        index = self._tables.predicates[clause.head[1]]
        if not any(pattern in self._of_case and pattern[0] == clause.head[0] for pattern in clause.body):
            # Only what a case's property leads to is known to be concluded about; it may be a term of the knowledge.
            self._say(f"if {s} < {self._tables.first_case_id}: leak({number}, {s})")
        if self._alone:
            self._say(f"add(({s}, {o}))")
            return
        self._say(f"R.append(({number}, {s}, {o}))")
        self._say(f"t = F{index}.get({s})")
        self._say(f"if t is None: t = F{index}[{s}] = {{}}")
        new = [f"t[{o}] = {step}"]
        if self._is_headed(index, clause.head[2]):
            new.append(f"H{index}[{o}][{s}] = None")
        if self._in_circle:
            new += [f"w{index} += 1", "c = True"]
        self._say(f"if {o} not in t: {'; '.join(new)}")


def inverse(table: Mapping[int, Mapping[int, object]]) -> dict[int, list[int]]:
    """Return a table by its objects."""
    turned: dict[int, list[int]] = {}
    for subject, values in table.items():
        for value in values:
            turned.setdefault(value, []).append(subject)
    return turned


def among(table: Mapping[int, object], subjects: Container[int]) -> list[int]:
    """Return subjects in the order of a table, on which it depends which of several steps is kept."""
    return [subject for subject in table if subject in subjects]


def load(text: str) -> Callable[..., Any]:
    """Make the function of its text."""
    scope: dict[str, Callable[..., Any]] = {}
    exec(compile(text, "<refractory program>", "exec"), scope)  # noqa: S102  # our own text, written a moment ago
    return scope["run"]
