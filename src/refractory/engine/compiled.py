"""The compiled reasoner: the program run over one case at a time, with a derivation for each fact.

Cases are reasoned about apart. Nothing is parsed, no SPARQL is run, and rdflib is not needed once the program is there.
"""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode, Triple

from refractory.engine import codegen
from refractory.engine.clauses import Clause, Pattern, Term, Var
from refractory.engine.program_file import load_program
from refractory.engine.steps import Conclusion, Steps, triple
from refractory.errors import ContradictionError, KnowledgeError
from refractory.knowledge.knowledge import Knowledge
from refractory.knowledge.places import Context, Places, read_context
from refractory.model.facts import CaseFacts
from refractory.model.proof import Proof
from refractory.model.values import plain, value_of
from refractory.vocabulary import Xsd, local_name

if TYPE_CHECKING:
    from refractory.engine.incremental import Dependencies

# What a term is compared by: an IRI's number, a number, a day, a text; None for a literal that cannot be read.
_Value = int | Decimal | date | str | None
# Under one predicate: for each subject its objects, each with the step that led to it, or None if it was given.
Table = dict[int, dict[int, Conclusion | None]]
# For some predicates: for each object its subjects.
Heads = dict[int, defaultdict[int, dict[int, None]]]

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
        known = frozenset((i, value) for i, by_object in enumerate(self.known_facts[1]) for value in by_object)
        self.numbers = codegen.Tables(self.program, self.ids, self._predicates, known)
        self._by_object = sorted(self.numbers.by_object)
        # For each clause, the predicate of what it concludes; for those that come of a rule, its name.
        self.concludes = tuple(self._predicates[c.head[1]] if c.head else -1 for c in self.program.clauses)
        self.rules = {number: clause.name for number, clause in enumerate(self.program.clauses) if clause.from_rule}
        self._run = codegen.load(codegen.write_program(self.numbers))
        self.nothing: Mapping[object, tuple[()]] = dict.fromkeys(self.predicate_terms, ())

    @cached_property
    def dependencies(self) -> Dependencies:
        """Which clauses read what, and which conclude it; only those ask who try additions to a case."""
        from refractory.engine.incremental import Dependencies

        return Dependencies(self)

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
        self.predicate_terms = predicates
        known: list[dict[int, dict[int, None]]] = [{} for _ in predicates]
        known_by_object: list[dict[int, list[int]]] = [{} for _ in predicates]
        for t in self.program.known:
            index = self._predicates.get(t.predicate)
            if index is not None:
                s, o = self.ids[t.subject], self.ids[t.object]  # type: ignore[index]  # no blank nodes among them
                known[index].setdefault(s, {})[o] = None
                known_by_object[index].setdefault(o, []).append(s)
        self.known_facts = (known, known_by_object)

    def close(self, cases: Sequence[CaseFacts]) -> list[CompiledClosure]:
        """Return what follows from each case; no case sees another.

        Raises:
            ContradictionError: The closure of a case is inconsistent.
        """
        return [self._close(case) for case in cases]

    def _close(self, case: CaseFacts) -> CompiledClosure:
        terms = CaseTerms(self.terms, self.ids, self._values)
        number, predicates = terms.number, self._predicates
        facts: list[Table] = [{} for _ in self._predicates]
        heads: Heads = {index: defaultdict(dict) for index in self._by_object}
        last, subject = None, -1
        for one, predicate, other in case.all_parts:
            index = predicates.get(predicate)
            # What no axiom and no rule reads, such as a specimen's text, leads to nothing.
            if index is not None:
                # What is said of one node stands together.
                if one is not last:
                    last, subject = one, number(one)
                value = number(other)
                facts[index].setdefault(subject, {})[value] = None
                if index in heads:
                    heads[index][value][subject] = None
        log: list[tuple[int, int, int]] = []
        self._run(facts, heads, *self.known_facts, log, *self.tools(terms))
        return CompiledClosure(self, case, facts, terms, log)

    def tools(self, terms: CaseTerms) -> tuple[Callable[..., object], ...]:
        """Return what the text of a program calls, for the terms of one case."""
        compare = _Comparison(terms)
        return (
            compare.eq, compare.ne, compare.lt, compare.le, compare.gt, compare.ge, compare.work,
            codegen.inverse, codegen.among, self._leak, self._contradiction(terms),
        )  # fmt: skip

    def _leak(self, clause: int, subject: int) -> None:
        raise KnowledgeError(
            f"{self.program.clauses[clause].name} concludes something about {self.terms[subject]}, which is no case's.",
            why="Through it the facts of one case would reach another.",
            fix="Let the conclusion be about a node of the case.",
        )

    def _contradiction(self, terms: CaseTerms) -> Callable[[int, tuple[int, ...]], None]:
        def stop(clause: int, values: tuple[int, ...]) -> None:
            found = self.program.clauses[clause]
            classes = " and ".join(local_name(term.value) for term in found.axiom)
            node = terms.new[values[0] - len(self.terms)]
            raise ContradictionError(
                f"the disjoint classes {classes} have a common individual ({found.name}).",
                place=node.value,
                why="From a contradiction everything follows, so nothing is concluded.",
                fix="Let each node of the case play one part only.",
            )

        return stop


class CaseTerms:
    """The terms of one case: those that the program does not have are numbered after its own."""

    def __init__(self, terms: Sequence[Term], ids: Mapping[Term, int], values: Sequence[_Value]) -> None:
        """Begin with terms of which the numbers, and the values by which they compare, are known."""
        self.known_terms = terms
        self.known_ids = ids
        self.known_values = values
        self.new: list[Term] = []
        self.values: list[_Value] = []
        self._ids: dict[Term, int] = {}

    def number(self, term: Term) -> int:
        """Return the number of a term; a new one gets the next."""
        found = self.known_ids.get(term)
        if found is None:
            found = self._ids.get(term)
        if found is None:
            found = len(self.known_ids) + len(self.new)
            self._ids[term] = found
            self.new.append(term)
            self.values.append(_value(term, found))
        return found

    def find(self, term: Term) -> int | None:
        """Return the number of a term, or None if it has none."""
        found = self.known_ids.get(term)
        return self._ids.get(term) if found is None else found

    def term(self, number: int) -> Term:
        """Return the term that has a number."""
        first = len(self.known_terms)
        return self.known_terms[number] if number < first else self.new[number - first]

    def all(self, numbers: Iterable[int]) -> list[Term]:
        """Return the terms that have numbers, in their order."""
        known, new, first = self.known_terms, self.new, len(self.known_terms)
        return [known[number] if number < first else new[number - first] for number in numbers]

    def copy(self) -> CaseTerms:
        """Return terms to which others may be added apart from these."""
        other = CaseTerms(self.known_terms, self.known_ids, self.known_values)
        other.new, other.values, other._ids = list(self.new), list(self.values), dict(self._ids)
        return other


class CompiledClosure:
    """What follows from one case; facts, rules and proof are written out when they are asked for."""

    def __init__(
        self,
        reasoner: CompiledReasoner,
        case: CaseFacts,
        tables: list[Table],
        terms: CaseTerms,
        log: list[tuple[int, int, int]],
    ) -> None:
        """Keep what a run came to; the log names clause, subject and object of each conclusion, repeats included."""
        self.reasoner = reasoner
        self.tables = tables
        self.case_terms = terms
        self.log = log
        self._case = case

    @cached_property
    def _terms(self) -> tuple[Term, ...]:
        return (*self.reasoner.terms, *self.case_terms.new)

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
        rules, concludes = self.reasoner.rules, self.reasoner.concludes
        for number, subject, value in self.log:
            if number in rules:
                names.setdefault((subject, concludes[number], value), set()).add(rules[number])
        return names

    def concluded(self, predicate: NamedNode) -> dict[Term, tuple[str, ...]]:
        """Return what reasoning added under a predicate, with the names of all rules that concluded it, sorted.

        It writes out no other fact, so that many closures can be looked at for little.
        """
        index = self.reasoner.numbers.predicates.get(predicate)
        found: dict[Term, tuple[str, ...]] = {}
        for subject, values in ({} if index is None else self.tables[index]).items():
            for value, step in values.items():
                if step is not None:
                    names = self._rules_of(subject, index, value)  # type: ignore[arg-type]  # there is one
                    term = self.case_terms.term(value)
                    found[term] = tuple(sorted(names.union(found.get(term, ()))))
        return found

    def added(self, predicate: NamedNode) -> Iterator[tuple[Term, Term]]:
        """Yield subject and object of each fact that reasoning added under a predicate; no other is written out."""
        index = self.reasoner.numbers.predicates.get(predicate)
        if index is not None:
            terms = self._terms
            for subject, values in self.tables[index].items():
                for value, step in values.items():
                    if step is not None:
                        yield terms[subject], terms[value]

    def held(self, subject: Term, predicate: NamedNode) -> list[Term] | None:
        """Return what a node has under a predicate, given or added; None if the program does not read the predicate."""
        index = self.reasoner.numbers.predicates.get(predicate)
        if index is None:
            return None
        # Most tables have nothing of a case, and terms are looked up only in the others.
        table = self.tables[index]
        values = table.get(self.case_terms.find(subject)) if table else None  # type: ignore[arg-type]  # none has None
        return self.case_terms.all(values) if values else []

    def lacking(self, subject: Term) -> dict[object, tuple[()]]:
        """Return the predicates that the program reads and under which a node has nothing, each with no value."""
        number = self.case_terms.find(subject)
        found = dict(self.reasoner.nothing)
        for predicate, table in zip(self.reasoner.predicate_terms, self.tables, strict=True):
            if table and number in table:
                del found[predicate]
        return found

    def rules_behind(self, subject: Term, predicate: NamedNode, value: Term) -> Iterable[str]:
        """Return the names of all rules that concluded a fact; none if no rule did, or it was given."""
        index = self.reasoner.numbers.predicates.get(predicate)
        one, other = self.case_terms.find(subject), self.case_terms.find(value)
        if index is None or one is None or other is None or self.tables[index].get(one, {}).get(other) is None:
            return ()
        return self._rules_of(one, index, other)

    def _rules_of(self, subject: int, predicate: int, value: int) -> set[str]:
        """Return the names of the rules that concluded a fact, whether it was given besides or not."""
        rules, concludes = self.reasoner.rules, self.reasoner.concludes
        logged = self._logged.get(value, ())
        return {rules[n] for n, s, _ in logged if s == subject and concludes[n] == predicate and n in rules}

    @cached_property
    def _logged(self) -> Mapping[int, Sequence[tuple[int, int, int]]]:
        """The log by the objects of what was concluded: few conclusions have the same one."""
        found: defaultdict[int, list[tuple[int, int, int]]] = defaultdict(list)
        for entry in self.log:
            found[entry[2]].append(entry)
        return found

    @cached_property
    def proof(self) -> Proof:
        """The one step by which each fact holds."""
        given = _places(self._case, self.reasoner.context)
        return Proof(Steps(self.reasoner.program, self.reasoner.variables, self._terms, self._derived, given))

    @cached_property
    def _derived(self) -> dict[Triple, Conclusion]:
        return {
            self._fact(s, p, o): step
            for p, table in enumerate(self.tables)
            for s, values in table.items()
            for o, step in values.items()
            if step is not None
        }

    def _fact(self, subject: int, predicate: int, value: int) -> Triple:
        return triple(self._terms[subject], self.reasoner.predicate_terms[predicate], self._terms[value])


def _places(case: CaseFacts, context: Context) -> dict[Triple, str]:
    """Return for each fact of a case where it was said; for what its reader added, that it did."""
    places = Places(case, context)
    said = {fact: places.of(fact.subject.value, fact.predicate.value) for fact in case.asserted}  # type: ignore[union-attr]  # a case holds no blank nodes
    made = {fact: f"{said[fact]}, from {source}" for fact, source in case.sources.items() if fact in said}
    return {fact: f"reader: {local_name(fact.predicate.value)}" for fact in case.frame} | said | made


class _Comparison:
    """Compares terms by value with strict types: what cannot be read satisfies nothing, positive or negated."""

    def __init__(self, terms: CaseTerms) -> None:
        self._known = terms.known_values
        self._of_case = terms.values
        self._first = len(terms.known_values)
        self._number = terms.number

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
