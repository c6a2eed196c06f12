"""What carries a conclusion: the steps of its proofs and the statements they cite, as sets that compare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from pyoxigraph import NamedNode, Triple

from refractory.explain.conclusions import conclusions
from refractory.explain.lexicon import lexicon
from refractory.explain.sentences import Sentences
from refractory.guidance.diff.answers import Answer, Key
from refractory.guidance.diff.expressions import name_of
from refractory.model.proof import Derived, Given, Stated, Step
from refractory.vocabulary import Rdf

# What is given of a case is the same on both sides; what the reader adds of it may not be.
_BY: Final = {Given: "given", Stated: "stated"}


@dataclass(frozen=True, slots=True, order=True)
class Ground:
    """One step of a proof.

    Attributes:
        by: `rule`, `owl` (an axiom), `stated` (it stands in a file), or `given` of the case.
        name: The name of the rule; the axiom in words; empty for what is stated or given.
        concludes: What it concludes, in words.
        statements: The statements that it cites.
        terms: The names of the terms of the axiom, or of what is stated; they are not compared.
    """

    by: str
    name: str
    concludes: str
    statements: tuple[str, ...]
    terms: tuple[str, ...] = field(default=(), compare=False)

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        named = {"name": self.name} if self.name else {}
        return {"by": self.by, **named, "concludes": self.concludes, "statements": list(self.statements)}


@dataclass(frozen=True, slots=True)
class Difference:
    """What carries a conclusion on one side and not on the other.

    Attributes:
        before: The grounds that it had and has no more.
        after: The grounds that it has and had not.
    """

    before: tuple[Ground, ...]
    after: tuple[Ground, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return {"before": [g.to_json() for g in self.before], "after": [g.to_json() for g in self.after]}

    def __bool__(self) -> bool:
        return bool(self.before or self.after)


# A step as it compares: by which rule or axiom, what it concludes, and which statements it cites.
_Mark = tuple[str, str, str, tuple[str, ...]]


class Grounds:
    """The proofs of one answer."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        # Many conclusions rest on the same steps, and each fact has one step.
        self._made: dict[Triple, tuple[_Mark, Ground]] = {}

    @cached_property
    def _facts(self) -> Mapping[tuple[str, str], tuple[Triple, ...]]:
        """The facts that say each conclusion, by its sort and name."""
        found: dict[tuple[str, str], tuple[Triple, ...]] = {}
        assessment, knowledge = self._answer.assessment, self._answer.knowledge
        if assessment is not None and knowledge is not None:
            for item in conclusions(assessment, knowledge):
                found[item.sort, item.name] = (*found.get((item.sort, item.name), ()), *item.facts)
        return found

    def of(self, key: Key) -> Mapping[_Mark, Ground]:
        """Return the steps that a conclusion rests on, by what they compare by."""
        assessment = self._answer.assessment
        if assessment is None or assessment.closure.proof is None:
            return {}
        proof = assessment.closure.proof
        steps = (step for fact in self._facts.get((key.sort, key.name), ()) for step in proof.of(fact))
        return dict(map(self._ground, steps))

    @cached_property
    def all(self) -> Mapping[_Mark, Ground]:
        """All steps of the answer's closure: also those that lead to no conclusion that is shown."""
        assessment = self._answer.assessment
        proof = assessment.closure.proof if assessment else None
        return dict(map(self._ground, proof.steps.values())) if proof else {}

    @cached_property
    def _sentences(self) -> Sentences:
        assessment, knowledge = self._answer.assessment, self._answer.knowledge
        assert assessment is not None and knowledge is not None  # noqa: S101, PT018 - there is a step only of an answer
        return Sentences(lexicon(knowledge), assessment.facts.case)

    def _ground(self, step: Step) -> tuple[_Mark, Ground]:
        found = self._made.get(step.conclusion)
        if found is None:
            found = self._made[step.conclusion] = self._new_ground(step)
        return found

    def _new_ground(self, step: Step) -> tuple[_Mark, Ground]:
        assert self._answer.knowledge is not None  # noqa: S101 - there is a step only of an answer
        words = lexicon(self._answer.knowledge)
        statements = tuple(s.id for s in words.statements(step))
        by, name, mark = _BY.get(type(step), ""), "", ""
        if isinstance(step, Derived):
            if step.rule in words.rules:
                by, name, mark = "rule", step.rule, step.rule
            else:
                by, name = "owl", self._sentences.axiom(step.rule, step.axiom)
                mark = f"{step.rule} {' '.join(map(str, step.axiom))}"
        terms = step.axiom if isinstance(step, Derived) else step.conclusion if isinstance(step, Stated) else ()
        named = tuple("a" if term == Rdf.TYPE else self._named(term) for term in terms)
        ground = Ground(by, name, self._sentences.fact(step.conclusion), statements, named)
        return (by, mark, str(step.conclusion), statements), ground

    def _named(self, term: object) -> str:
        return name_of(term) if isinstance(term, NamedNode) else getattr(term, "value", "")


def difference(before: Iterable[tuple[_Mark, Ground]], after: Iterable[tuple[_Mark, Ground]]) -> Difference:
    """Return what carries a conclusion on one side and not on the other, in canonical order."""
    old, new = dict(before), dict(after)
    return Difference(
        tuple(sorted(ground for mark, ground in old.items() if mark not in new)),
        tuple(sorted(ground for mark, ground in new.items() if mark not in old)),
    )
