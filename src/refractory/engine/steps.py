"""The steps of a proof, each written out when it is asked for: an answer shows a part of all that follows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from pyoxigraph import Triple

from refractory.engine.clauses import Clause, Var
from refractory.engine.program import Program
from refractory.model.proof import AbsentPattern, Derived, Given, Stated, Step, Term

Conclusion = tuple[int, tuple[int, ...]]
"""How a fact was concluded: the number of the clause, and the numbers of the terms its variables stand for."""


class Steps(Mapping[Triple, Step]):
    """The step of each fact of a case, and of each fact of the knowledge that any of them rests on.

    It keeps nothing of the closure that has it, so that both go when nobody needs them.
    """

    def __init__(
        self,
        program: Program,
        variables: Sequence[Sequence[str]],
        terms: Sequence[Term],
        concluded: Mapping[Triple, Conclusion],
        given: Mapping[Triple, str],
    ) -> None:
        """Keep what the steps are written from.

        Args:
            program: What was run.
            variables: The variables of each clause, in the order in which a conclusion has their values.
            terms: The terms by their numbers.
            concluded: How each fact was concluded.
            given: Where each fact of the case was said.
        """
        self._program = program
        self._variables = variables
        self._terms = terms
        self._concluded = concluded
        self._given = given
        self._written: dict[Triple, Step] = {}

    def __getitem__(self, fact: Triple) -> Step:
        found = self._written.get(fact)
        if found is None:
            found = self._written[fact] = self._write(fact)
        return found

    def __contains__(self, fact: object) -> bool:
        # What is not known at all is told apart without writing everything out.
        return fact in self._given or fact in self._concluded or (fact in self._program.known and fact in self._all)

    def __iter__(self) -> Iterator[Triple]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def _write(self, fact: Triple) -> Step:
        place = self._given.get(fact)
        if place is not None:
            return Given(fact, place)
        conclusion = self._concluded.get(fact)
        if conclusion is not None:
            number, values = conclusion
            names = self._variables[number]
            bindings = dict(zip(names, [self._terms[value] for value in values], strict=True))
            return derived(fact, self._program.clauses[number], bindings)
        origin = self._program.known[fact]
        return Stated(fact) if origin is None else derived(fact, origin[0], dict(origin[1]))

    @cached_property
    def _all(self) -> Mapping[Triple, Step]:
        """Every step, written out."""
        found = {fact: self[fact] for fact in (*self._concluded, *self._given)}
        pending = [premise for step in found.values() if isinstance(step, Derived) for premise in step.premises]
        while pending:
            fact = pending.pop()
            if fact not in found:
                step = found[fact] = self[fact]
                if isinstance(step, Derived):
                    pending.extend(step.premises)
        return found


def derived(fact: Triple, clause: Clause, bindings: Mapping[str, Term]) -> Derived:
    """Return the step by which a clause concludes a fact under bindings."""

    def put(node: Var | Term) -> Term:
        return bindings[node] if isinstance(node, Var) else node

    def maybe(node: Var | Term) -> Term | None:
        return bindings.get(node) if isinstance(node, Var) else node

    absences: tuple[tuple[AbsentPattern, ...], ...] = tuple(
        [tuple([(maybe(s), p, maybe(o)) for s, p, o in group]) for group in clause.absent]
    )
    return Derived(
        fact,
        clause.name,
        tuple([triple(put(s), p, put(o)) for s, p, o in clause.body]),
        absences,
        clause.axiom,
        # Bindings come in the order of their names.
        tuple(bindings.items()) if clause.from_rule else (),
    )


def triple(subject: Term, predicate: Term, value: Term) -> Triple:
    """Return a triple of terms."""
    return Triple(subject, predicate, value)  # type: ignore[arg-type]  # subjects and predicates are IRIs by construction
