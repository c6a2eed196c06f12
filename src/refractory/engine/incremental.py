"""What else would follow if a case said a little more: only the clauses that could notice are run again.

The order of clauses is such that each runs once all that it reads is there (decision 0010). So what a clause concludes
depends on the facts that it reads alone, and most of it is known from the case as it is:

* For each clause, what it concludes is remembered. A fact holds while it is given, or some clause concludes it.
* When a fact comes or goes, those clauses become pending that read its kind, be it as something that must hold or as
  something that must be absent. Kinds are told apart by predicate and, where a pattern names one, by object; where it
  names none, by what the clause asks of the object besides, if the object is a term of the knowledge. A clause that is
  not pending would conclude what it did.
* Pending clauses run in the program's order, each over all the facts that there are by then. Only where this makes a
  fact come or go do others become pending: a clause that concludes the same as before disturbs nobody.
* The clauses of a circle run until none is pending. They could hold each other up after the reason for it is gone: so
  where something went that one of them reads, or came that one wants absent, or lost all reasons outside circles, what
  they alone conclude is taken away before, and comes back if it follows.

Then all is put back, and the next addition can be tried. Steps are not kept, so there are no proofs, only what is
concluded and by which rules: the same as if the case had been closed anew with what was added. A test holds the two
against each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from typing import TYPE_CHECKING, Final

from pyoxigraph import NamedNode, Triple

from refractory.engine import codegen
from refractory.engine.clauses import Node, Pattern, Var
from refractory.model.proof import Term

if TYPE_CHECKING:
    from refractory.engine.compiled import CompiledClosure, CompiledReasoner, Heads
    from refractory.engine.steps import Conclusion

# What is concluded otherwise: a value under a predicate, with the names of the rules behind it, or None if no longer.
Difference = Mapping[tuple[NamedNode, Term], tuple[str, ...] | None]

# Predicate, and object where a pattern names it.
_Kind = tuple[int, int | None]
# For each kind, the clauses that have a pattern of it, each with the kinds of facts that its object must have.
_Index = dict[_Kind, list[tuple[int, tuple[_Kind, ...]]]]
# Predicate, subject, object.
_Fact = tuple[int, int, int]
# Subject and object of what a clause concludes.
_Pairs = Set[tuple[int, int]]

_NOTHING: Final[_Pairs] = frozenset()
# What stands where the closure has the step of a fact: that some clause concludes it, that it does not hold.
_CONCLUDED: Final[Conclusion] = (-1, ())
_UNSAID: Final[Conclusion] = (-2, ())


class Dependencies:
    """Which clauses of a program read a fact, and which may conclude it. Made once for a program.

    Sets of clauses are the bits of an integer: the lowest is the next to run.
    """

    def __init__(self, reasoner: CompiledReasoner) -> None:
        self._numbers = reasoner.numbers
        self._known = reasoner.known_facts[0]
        # What no clause names, and the knowledge says nothing of, goes by one number.
        self._other = len(reasoner.terms)
        self._holding: _Index = {}
        self._lacking: _Index = {}
        self._writing: _Index = {}
        for number, clause in enumerate(reasoner.program.clauses):
            self._enter(number, clause.body, clause.body, self._holding)
            for group in clause.absent:
                self._enter(number, group, (*clause.body, *group), self._lacking)
            if clause.head:
                self._enter(number, (clause.head,), (), self._writing)
        self._readers: dict[tuple[int, int], tuple[int, int]] = {}
        self._writers: dict[tuple[int, int], tuple[int, ...]] = {}
        self._clauses: dict[int, Callable[..., Callable[..., None]]] = {}
        # For each clause of a circle, all clauses of it.
        self.circles = {
            number: sum(1 << other for other in numbers)
            for numbers, is_circle in reasoner.program.blocks
            if is_circle
            for number in numbers
        }

    def _enter(self, number: int, patterns: Iterable[Pattern], besides: Sequence[Pattern], index: _Index) -> None:
        """Enter the patterns of a clause, each with what must hold of its object besides."""
        for _, predicate, value in patterns:
            asked = tuple(self._kind(p, o) for s, p, o in besides if s == value) if isinstance(value, Var) else ()
            index.setdefault(self._kind(predicate, value), []).append((1 << number, asked))

    def _kind(self, predicate: NamedNode, value: Node) -> _Kind:
        return self._numbers.predicates[predicate], None if isinstance(value, Var) else self._numbers.ids[value]

    def readers(self, predicate: int, value: int) -> tuple[int, int]:
        """Return the clauses in which a fact may be one of those that must hold, and of those that must be absent."""
        value = min(value, self._other)
        found = self._readers.get((predicate, value))
        if found is None:
            found = self._fitting(predicate, value, self._holding), self._fitting(predicate, value, self._lacking)
            self._readers[predicate, value] = found
        return found

    def _fitting(self, predicate: int, value: int, index: _Index) -> int:
        """Return the clauses of which a pattern fits a fact.

        Of a term of the knowledge, the knowledge alone says something: no case does, and no clause may.
        """
        found = 0
        for kind in ((predicate, value), (predicate, None)):
            for clause, asked in index.get(kind, ()):
                if value == self._other or all(self._is_known(value, *kind) for kind in asked):
                    found |= clause
        return found

    def _is_known(self, subject: int, predicate: int, value: int | None) -> bool:
        values = self._known[predicate].get(subject, {})
        return bool(values) if value is None else value in values

    def writers(self, predicate: int, value: int) -> tuple[int, ...]:
        """Return the clauses that may conclude a fact."""
        value = min(value, self._other)
        found = self._writers.get((predicate, value))
        if found is None:
            found = self._writers[predicate, value] = tuple(_each(self._fitting(predicate, value, self._writing)))
        return found

    def clause(self, number: int) -> Callable[..., Callable[..., None]]:
        """Return what makes a clause a function over facts; few are ever asked for, so each is written when it is."""
        found = self._clauses.get(number)
        if found is None:
            found = self._clauses[number] = codegen.load(codegen.write_clause(number, self._numbers))
        return found


class Variations:
    """Tries additions to one closed case, each apart from the others; the closure itself stays as it is."""

    def __init__(self, closure: CompiledClosure, concerning: Iterable[NamedNode] | None = None) -> None:
        """Try additions to a case; what is concluded otherwise is told of some predicates, or of all."""
        reasoner = closure.reasoner
        predicates = reasoner.numbers.predicates
        told = predicates if concerning is None else [p for p in concerning if p in predicates]
        self._told = frozenset(predicates[p] for p in told)
        self._reasoner = reasoner
        self._dependencies = reasoner.dependencies
        self._terms = closure.case_terms.copy()
        self._facts = [{s: dict(values) for s, values in table.items()} for table in closure.tables]
        self._heads: Heads = {index: defaultdict(dict) for index in reasoner.numbers.by_object}
        for index, heads in self._heads.items():
            for subject, values in self._facts[index].items():
                for value in values:
                    heads[value][subject] = None
        concluded: defaultdict[int, set[tuple[int, int]]] = defaultdict(set)
        for number, subject, value in closure.log:
            concluded[number].add((subject, value))
        self._concluded: dict[int, _Pairs] = dict(concluded)
        self._surroundings = (self._facts, self._heads, *reasoner.known_facts, *reasoner.tools(self._terms))
        self._clauses: dict[int, Callable[[Callable[[tuple[int, int]], None]], None]] = {}
        # Of what was changed, what it was before.
        self._facts_before: dict[_Fact, Conclusion | None] = {}
        self._concluded_before: dict[int, _Pairs] = {}
        # What came or went; the clauses that are to run for it; those that may conclude less for it.
        self._turned: set[_Fact] = set()
        self._pending = 0
        self._shaken = 0

    def adding(self, facts: Iterable[Triple]) -> Difference:
        """Return what would be concluded otherwise if a case said some facts too.

        Raises:
            ContradictionError: The closure would be inconsistent.
        """
        try:
            for fact in facts:
                predicate = self._reasoner.numbers.predicates.get(fact.predicate)
                if predicate is not None:
                    subject, value = self._terms.number(fact.subject), self._terms.number(fact.object)  # type: ignore[arg-type]  # a case holds no blank nodes
                    self._put(predicate, subject, value, None)
            self._spread()
            circles = self._dependencies.circles
            while self._pending:
                number = _lowest(self._pending)
                if number in circles:
                    self._go_round(circles[number])
                else:
                    self._pending ^= 1 << number
                    self._conclude(number, self._conclusions(number))
                self._spread()
            return self._difference()
        finally:
            self._put_back()

    def _spread(self) -> None:
        """Let those who read what came or went be pending."""
        for predicate, subject, value in self._turned:
            holding, lacking = self._dependencies.readers(predicate, value)
            self._pending |= holding | lacking
            self._shaken |= lacking if value in self._facts[predicate][subject] else holding
        self._turned.clear()

    def _go_round(self, circle: int) -> None:
        """Run the clauses of a circle until none of them is pending."""
        if self._shaken & circle:
            for number in _each(circle):
                self._conclude(number, _NOTHING)
            self._pending |= circle
        while pending := self._pending & circle:
            number = _lowest(pending)
            self._pending ^= 1 << number
            predicate = self._reasoner.concludes[number]
            for _, value in self._conclude(number, self._conclusions(number)):
                self._pending |= self._dependencies.readers(predicate, value)[0] & circle
        # Others are told at the end, for what was taken away may be there again. The circle itself has seen all.
        self._spread()
        self._pending &= ~circle

    def _conclusions(self, number: int) -> _Pairs:
        """Return what a clause concludes from the facts that there are."""
        clause = self._clauses.get(number)
        if clause is None:
            clause = self._clauses[number] = self._dependencies.clause(number)(*self._surroundings)
        found: set[tuple[int, int]] = set()
        clause(found.add)
        return found

    def _conclude(self, number: int, pairs: _Pairs) -> Sequence[tuple[int, int]]:
        """Let a clause conclude other pairs than before, and return those that are facts only by this."""
        before = self._concluded.get(number, _NOTHING)
        if pairs == before:
            return ()
        self._concluded_before.setdefault(number, before)
        self._concluded[number] = pairs
        predicate = self._reasoner.concludes[number]
        facts = self._facts[predicate]
        came = [(subject, value) for subject, value in pairs - before if value not in facts.get(subject, ())]
        for subject, value in came:
            self._put(predicate, subject, value, _CONCLUDED)
        for subject, value in before - pairs:
            self._let_go(number, predicate, subject, value)
        return came

    def _let_go(self, number: int, predicate: int, subject: int, value: int) -> None:
        """Let a fact go that a clause concludes no longer, unless it is given or others conclude it."""
        if self._facts[predicate][subject][value] is None:
            return
        writers = self._dependencies.writers(predicate, value)
        others = [other for other in writers if (subject, value) in self._concluded.get(other, ())]
        if not others:
            self._put(predicate, subject, value, _UNSAID)
            return
        circles = [self._dependencies.circles.get(other, 0) for other in others]
        if all(circles):
            # Circles that are still to come may conclude it from itself.
            for circle in circles:
                to_come = circle >> number
                if to_come and not to_come & 1:
                    self._pending |= circle
                    self._shaken |= circle

    def _put(self, predicate: int, subject: int, value: int, step: Conclusion | None) -> None:
        """Let a fact hold by a step, or not hold if that is `_UNSAID`."""
        fact = (predicate, subject, value)
        before = self._facts[predicate].get(subject, {}).get(value, _UNSAID)
        self._facts_before.setdefault(fact, before)
        self._set(fact, step)
        if (step is _UNSAID) != (before is _UNSAID):
            # Twice is not at all.
            self._turned ^= {fact}

    def _set(self, fact: _Fact, step: Conclusion | None) -> None:
        predicate, subject, value = fact
        heads = self._heads.get(predicate)
        if step is not _UNSAID:
            self._facts[predicate].setdefault(subject, {})[value] = step
            if heads is not None:
                heads[value][subject] = None
        else:
            self._facts[predicate][subject].pop(value, None)
            if heads is not None:
                heads[value].pop(subject, None)

    def _put_back(self) -> None:
        for fact, step in self._facts_before.items():
            self._set(fact, step)
        self._concluded |= self._concluded_before
        self._facts_before.clear()
        self._concluded_before.clear()
        self._turned.clear()
        self._pending = self._shaken = 0

    def _difference(self) -> Difference:
        told = self._told
        changed = {fact: step for fact, step in self._facts_before.items() if fact[0] in told}
        were = {(predicate, value) for (predicate, _, value), step in changed.items() if step not in (None, _UNSAID)}
        values = {(predicate, value) for predicate, _, value in changed}
        for number, before in self._concluded_before.items():
            predicate = self._reasoner.concludes[number]
            if predicate in told:
                values.update((predicate, value) for _, value in before ^ self._concluded[number])
        found: dict[tuple[NamedNode, Term], tuple[str, ...] | None] = {}
        for predicate, value in values:
            names = self._names(predicate, value)
            if names is not None or (predicate, value) in were:
                found[self._reasoner.predicate_terms[predicate], self._terms.term(value)] = names
        return found

    def _names(self, predicate: int, value: int) -> tuple[str, ...] | None:
        """Return the rules by which a value is concluded under a predicate; None if it is not concluded."""
        pairs = [
            (subject, value)
            for subject, values in self._facts[predicate].items()
            if values.get(value, _UNSAID) not in (None, _UNSAID)
        ]
        if not pairs:
            return None
        rules = self._reasoner.rules
        writers = [number for number in self._dependencies.writers(predicate, value) if number in rules]
        names = {rules[n] for n in writers if any(pair in self._concluded.get(n, ()) for pair in pairs)}
        return tuple(sorted(names))


def _lowest(bits: int) -> int:
    """Return the number of the lowest bit that is set."""
    return (bits & -bits).bit_length() - 1


def _each(bits: int) -> Iterator[int]:
    """Yield the numbers of the bits that are set."""
    while bits:
        yield _lowest(bits)
        bits &= bits - 1
