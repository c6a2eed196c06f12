"""The compiled reasoner: the program run over one case at a time, with a derivation for each fact.

Cases are reasoned about apart. Nothing is parsed, no SPARQL is run, and rdflib is not needed once the program is there.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cached_property, lru_cache

from pyoxigraph import Literal, NamedNode, Triple

from refractory.engine import codegen
from refractory.engine.clauses import Clause, Pattern, Term, Var
from refractory.engine.program_file import load_program
from refractory.errors import ContradictionError, KnowledgeError
from refractory.knowledge.knowledge import Knowledge
from refractory.knowledge.places import Context, Places, read_context
from refractory.model.facts import CaseFacts
from refractory.model.proof import AbsentPattern, Derived, Given, Proof, Stated, Step
from refractory.model.values import plain, value_of
from refractory.vocabulary import Xsd, local_name

# What a term is compared by: an IRI's number, a number, a day, a text; None for a literal that cannot be read.
_Value = int | Decimal | date | str | None
_Table = dict[int, dict[int, tuple[int, tuple[int, ...]] | None]]

_ARITHMETIC: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


class CompiledReasoner:
    """Reasons with a compiled program. Made once for a knowledge; safe to share: a call keeps its own tables."""

    def __init__(self, knowledge: Knowledge) -> None:
        """Compile a knowledge.

        Raises:
            RuleError: A rule is outside the stated part of SPARQL, or absences go in a circle.
            KnowledgeError: An axiom is not understood.
        """
        self.context = read_context(knowledge.files)
        self.program = load_program(knowledge)
        self.variables = tuple(map(codegen.variables_of, self.program.clauses))
        self._number()
        tables = codegen.Tables(
            self.ids,
            self._predicates,
            frozenset(i for i, facts in enumerate(self._known) if facts),
            len(self.terms),
            frozenset(self._predicates[c.head[1]] for c in self.program.clauses if c.head),
        )
        self._run = codegen.load(codegen.write_program(self.program, tables))

    def _number(self) -> None:
        """Give each term and predicate of the program its number, and lay out the facts of the knowledge."""
        patterns = [p for c in self.program.clauses for p in _patterns(c)]
        constants = {n for p in patterns for n in p if not isinstance(n, Var)}
        constants |= {n for c in self.program.clauses for n in _constants(c)}
        constants |= {term for t in self.program.known for term in (t.subject, t.predicate, t.object)}  # type: ignore[misc]  # no blank nodes among them
        self.terms: tuple[Term, ...] = tuple(sorted(constants, key=str))
        self.ids: dict[Term, int] = {term: number for number, term in enumerate(self.terms)}
        self._values: list[_Value] = [_value(term, number) for number, term in enumerate(self.terms)]
        predicates = sorted({p[1] for p in patterns}, key=str)
        self._predicates: dict[Term, int] = {p: i for i, p in enumerate(predicates)}
        self._predicate_terms = predicates
        self._known: list[dict[int, dict[int, None]]] = [{} for _ in predicates]
        self._known_by_object: list[dict[int, list[int]]] = [{} for _ in predicates]
        for t in self.program.known:
            index = self._predicates.get(t.predicate)
            if index is not None:
                s, o = self.ids[t.subject], self.ids[t.object]  # type: ignore[index]  # no blank nodes among them
                self._known[index].setdefault(s, {})[o] = None
                self._known_by_object[index].setdefault(o, []).append(s)

    def close(self, cases: Sequence[CaseFacts]) -> list[CompiledClosure]:
        """Return what follows from each case; no case sees another.

        Raises:
            ContradictionError: The closure of a case is inconsistent.
        """
        return [self._close(case) for case in cases]

    def _close(self, case: CaseFacts) -> CompiledClosure:
        ids: dict[Term, int] = {}
        terms: list[Term] = []
        values: list[_Value] = []
        known_ids, first = self.ids, len(self.terms)
        tables: list[_Table] = [{} for _ in self._predicates]

        def number(term: Term) -> int:
            found = known_ids.get(term)
            if found is None:
                found = ids.get(term)
            if found is None:
                found = first + len(terms)
                ids[term] = found
                terms.append(term)
                values.append(_value(term, found))
            return found

        for fact in case.all:
            index = self._predicates.get(fact.predicate)
            # What no axiom and no rule reads, such as a specimen's text, leads to nothing.
            if index is not None:
                tables[index].setdefault(number(fact.subject), {})[number(fact.object)] = None  # type: ignore[arg-type]  # a case holds no blank nodes
        compare = _Comparison(self._values, values, number)
        fired: list[tuple[int, int, int]] = []
        self._run(
            tables, self._known, self._known_by_object, fired,
            compare.eq, compare.ne, compare.lt, compare.le, compare.gt, compare.ge, compare.work,
            codegen.inverse, self._leak, self._contradiction(terms),
        )  # fmt: skip
        return CompiledClosure(self, case, tables, terms, fired)

    def _leak(self, clause: int, subject: int) -> None:
        raise KnowledgeError(
            f"{self.program.clauses[clause].name} concludes something about {self.terms[subject]}, which is no case's.",
            why="Through it the facts of one case would reach another.",
            fix="Let the conclusion be about a node of the case.",
        )

    def _contradiction(self, terms: Sequence[Term]) -> Callable[[int, tuple[int, ...]], None]:
        def stop(clause: int, values: tuple[int, ...]) -> None:
            found = self.program.clauses[clause]
            classes = " and ".join(local_name(term.value) for term in found.axiom)
            node = terms[values[0] - len(self.terms)]
            raise ContradictionError(
                f"the disjoint classes {classes} have a common individual ({found.name}).",
                place=node.value,
                why="From a contradiction everything follows, so nothing is concluded.",
                fix="Let each node of the case play one part only.",
            )

        return stop


class CompiledClosure:
    """What follows from one case; facts, rules and proof are written out when they are asked for."""

    def __init__(
        self,
        reasoner: CompiledReasoner,
        case: CaseFacts,
        tables: list[_Table],
        terms: Sequence[Term],
        fired: list[tuple[int, int, int]],
    ) -> None:
        self._reasoner = reasoner
        self._case = case
        self._tables = tables
        self._of_case = terms
        self._fired = fired

    @cached_property
    def _terms(self) -> tuple[Term, ...]:
        return (*self._reasoner.terms, *self._of_case)

    @cached_property
    def inferred(self) -> frozenset[Triple]:
        """The facts about the case that reasoning added."""
        return frozenset(self._derived)

    @cached_property
    def rules(self) -> dict[Triple, tuple[str, ...]]:
        """For each fact that a rule concluded, the names of all rules that concluded it, sorted."""
        inferred = self.inferred
        found = {self._fact(s, p, o): tuple(sorted(names)) for (s, p, o), names in self._names.items()}
        return {fact: rules for fact, rules in found.items() if fact in inferred}

    @cached_property
    def _names(self) -> dict[tuple[int, int, int], set[str]]:
        names: dict[tuple[int, int, int], set[str]] = {}
        for number, subject, value in self._fired:
            clause = self._reasoner.program.clauses[number]
            predicate = self._reasoner._predicates[clause.head[1]]  # type: ignore[index]  # what fires has a head
            names.setdefault((subject, predicate, value), set()).add(clause.name)
        return names

    def concluded(self, predicate: NamedNode) -> dict[Term, tuple[str, ...]]:
        """Return what reasoning added under a predicate, with the names of all rules that concluded it, sorted.

        It writes out no other fact, so that many closures can be looked at for little.
        """
        index = self._reasoner._predicates.get(predicate)
        table = {} if index is None else self._tables[index]
        return {
            self._terms[o]: tuple(sorted(self._names.get((s, index, o), ())))  # type: ignore[arg-type]  # there is one
            for s, values in table.items()
            for o, step in values.items()
            if step is not None
        }

    @cached_property
    def proof(self) -> Proof:
        """The one step by which each fact holds."""
        steps: dict[Triple, Step] = {}
        for fact, step in self._derived.items():
            steps[fact] = self._step(fact, step)
        for fact, place in _places(self._case, self._reasoner.context).items():
            steps[fact] = Given(fact, place)
        self._add_knowledge(steps)
        return Proof(steps)

    @cached_property
    def _derived(self) -> dict[Triple, tuple[int, tuple[int, ...]]]:
        return {
            self._fact(s, p, o): step
            for p, table in enumerate(self._tables)
            for s, values in table.items()
            for o, step in values.items()
            if step is not None
        }

    def _fact(self, subject: int, predicate: int, value: int) -> Triple:
        return _triple(self._terms[subject], self._reasoner._predicate_terms[predicate], self._terms[value])

    def _step(self, fact: Triple, step: tuple[int, tuple[int, ...]]) -> Derived:
        clause = self._reasoner.program.clauses[step[0]]
        names = self._reasoner.variables[step[0]]
        bindings = dict(zip(names, [self._terms[value] for value in step[1]], strict=True))
        return derived(fact, clause, bindings)

    def _add_knowledge(self, steps: dict[Triple, Step]) -> None:
        """Add the facts of the knowledge that the steps rest on, with their own steps."""
        known = self._reasoner.program.known
        pending = [p for step in steps.values() if isinstance(step, Derived) for p in step.premises]
        while pending:
            fact = pending.pop()
            if fact in steps:
                continue
            origin = known[fact]
            if origin is None:
                steps[fact] = Stated(fact)
            else:
                step = derived(fact, origin[0], dict(origin[1]))
                steps[fact] = step
                pending.extend(step.premises)


def derived(fact: Triple, clause: Clause, bindings: dict[str, Term]) -> Derived:
    """Return the step by which a clause concludes a fact under bindings."""

    def put(node: Var | Term) -> Term:
        return bindings[node] if isinstance(node, Var) else node

    def maybe(node: Var | Term) -> Term | None:
        return bindings.get(node) if isinstance(node, Var) else node

    absences: tuple[tuple[AbsentPattern, ...], ...] = tuple(
        tuple((maybe(s), p, maybe(o)) for s, p, o in group) for group in clause.absent
    )
    return Derived(
        fact,
        clause.name,
        tuple(_triple(put(s), p, put(o)) for s, p, o in clause.body),
        absences,
        clause.axiom,
        # Bindings come in the order of their names.
        tuple(bindings.items()) if clause.from_rule else (),
    )


def _triple(subject: Term, predicate: Term, value: Term) -> Triple:
    return Triple(subject, predicate, value)  # type: ignore[arg-type]  # subjects and predicates are IRIs by construction


def _places(case: CaseFacts, context: Context) -> dict[Triple, str]:
    """Return for each fact of a case where it was said; for what its reader added, that it did."""
    places = Places(case, context)
    said = {fact: places.of(fact.subject.value, fact.predicate.value) for fact in case.asserted}  # type: ignore[union-attr]  # a case holds no blank nodes
    made = {fact: f"{said[fact]}, from {source}" for fact, source in case.sources.items() if fact in said}
    return {fact: f"reader: {local_name(fact.predicate.value)}" for fact in case.frame} | said | made


class _Comparison:
    """Compares terms by value with strict types: what cannot be read satisfies nothing, positive or negated."""

    def __init__(self, known: Sequence[_Value], of_case: Sequence[_Value], number: Callable[[Term], int]) -> None:
        self._known = known
        self._of_case = of_case
        self._first = len(known)
        self._number = number

    def _value(self, number: int) -> _Value:
        return self._known[number] if number < self._first else self._of_case[number - self._first]

    def _both(self, one: int | None, other: int | None) -> tuple[_Value, _Value] | None:
        if one is None or other is None:
            return None
        left, right = self._value(one), self._value(other)
        return None if left is None or right is None or type(left) is not type(right) else (left, right)

    def eq(self, one: int | None, other: int | None) -> bool:
        """Say whether two terms are equal in value."""
        pair = self._both(one, other)
        return pair is not None and pair[0] == pair[1]

    def ne(self, one: int | None, other: int | None) -> bool:
        """Say whether two terms of one type differ in value."""
        pair = self._both(one, other)
        return pair is not None and pair[0] != pair[1]

    def lt(self, one: int | None, other: int | None) -> bool:
        """Say whether a number or day is before another."""
        pair = self._both(one, other)
        match pair:
            case (Decimal() as left, Decimal() as right):
                return left < right
            case (date() as earlier, date() as later):
                return earlier < later
        return False

    def le(self, one: int | None, other: int | None) -> bool:
        """Say whether a number or day is not after another."""
        return self.lt(one, other) or (self.eq(one, other) and not self._is_unordered(one))

    def gt(self, one: int | None, other: int | None) -> bool:
        """Say whether a number or day is after another."""
        return self.lt(other, one)

    def ge(self, one: int | None, other: int | None) -> bool:
        """Say whether a number or day is not before another."""
        return self.le(other, one)

    def _is_unordered(self, one: int | None) -> bool:
        return one is None or not isinstance(self._value(one), Decimal | date)

    def work(self, operation: str, one: int | None, other: int | None) -> int | None:
        """Return the number of a result, or None where it cannot be worked out."""
        pair = self._both(one, other)
        if pair is None or not isinstance(pair[0], Decimal) or not isinstance(pair[1], Decimal):
            return None
        result = _worked(operation, pair[0], pair[1])
        return None if result is None else self._number(result)


@lru_cache(maxsize=4_096)
def _worked(operation: str, one: Decimal, other: Decimal) -> Literal | None:
    """Return a result as a term; the same few doses and hours are worked with in case after case."""
    try:
        return Literal(plain(_ARITHMETIC[operation](one, other)), datatype=Xsd.DECIMAL)
    except (InvalidOperation, ZeroDivisionError):
        return None


def _value(term: Term, number: int) -> _Value:
    return number if isinstance(term, NamedNode) else value_of(term)


def _patterns(clause: Clause) -> Iterator[Pattern]:
    if clause.head:
        yield clause.head
    yield from clause.body
    for group in clause.absent:
        yield from group


def _constants(clause: Clause) -> Iterator[Term]:
    pending: list[object] = [e for _, left, right in clause.filters for e in (left, right)]
    pending += [expression for _, expression in clause.bindings]
    while pending:
        expression = pending.pop()
        if isinstance(expression, tuple):
            pending += expression[1:]
        elif isinstance(expression, NamedNode | Literal):
            yield expression
