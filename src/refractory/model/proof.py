"""Proofs as values: why each fact of a case holds, down to what was said and what stands in a source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode, Triple

Term = NamedNode | Literal
# A pattern of which nothing may hold; None stands for anything.
AbsentPattern = tuple[Term | None, NamedNode, Term | None]


@dataclass(frozen=True, slots=True)
class Given:
    """A fact that was said of the case, or that its reader added; the place says where (a JSON path)."""

    conclusion: Triple
    place: str


@dataclass(frozen=True, slots=True)
class Stated:
    """A fact that stands literally in a file of the knowledge."""

    conclusion: Triple


@dataclass(frozen=True, slots=True)
class Derived:
    """One step of reasoning.

    Attributes:
        conclusion: The fact concluded.
        rule: The name of a rule file, or the W3C names of OWL 2 RL rules joined by `+`.
        premises: The facts it rests on, in the order of the rule's patterns.
        absences: The groups of patterns of which nothing holds; each group is a tuple of patterns.
        axiom: For OWL, the terms of the axiom that drives the rule, in the order of the table in `docs/proofs.md`.
        bindings: For a rule file, its variables (without `?`) and their values, sorted by name.
    """

    conclusion: Triple
    rule: str
    premises: tuple[Triple, ...]
    absences: tuple[tuple[AbsentPattern, ...], ...] = ()
    axiom: tuple[Term, ...] = ()
    bindings: tuple[tuple[str, Term], ...] = ()


Step = Given | Stated | Derived


@dataclass(frozen=True, slots=True)
class Proof:
    """Every fact about a case with the one step that concludes it.

    Attributes:
        steps: The step of each fact: of all facts of the case, asserted, added and inferred, and of each fact of the
            knowledge that any of them rests on.
    """

    steps: Mapping[Triple, Step]

    def of(self, conclusion: Triple) -> Iterator[Step]:
        """Yield the steps that a conclusion rests on, each once, premises before what they lead to, itself last.

        Raises:
            KeyError: There is no such fact.
        """
        done: set[Triple] = set()
        pending: list[tuple[Triple, bool]] = [(conclusion, False)]
        while pending:
            fact, ready = pending.pop()
            if fact in done:
                continue
            step = self.steps[fact]
            if ready or not isinstance(step, Derived):
                done.add(fact)
                yield step
            else:
                pending.append((fact, True))
                pending.extend((premise, False) for premise in reversed(step.premises))
