"""Why a conclusion was answered, by the rules and statements behind it; or why it was not, by the nearest rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pyoxigraph import Triple

from refractory.explain.conclusions import proof_of
from refractory.explain.lexicon import lexicon
from refractory.explain.sentences import Sentences, capital, shown
from refractory.explain.why_not import NearMiss, missing
from refractory.guidance.differences import Difference, Why
from refractory.guidance.said_by import SaidBy
from refractory.knowledge.knowledge import Knowledge
from refractory.model.assessment import Assessment
from refractory.model.proof import Derived

_MOST: Final = 3
# How deep a missing fact is followed: as far as the longest way from a case's own words to a position.
_DEPTH: Final = 12


class Reasons:
    """Gives the reasons for what is different in one case's answer."""

    def __init__(self, assessment: Assessment, knowledge: Knowledge) -> None:
        self._assessment = assessment
        self._knowledge = knowledge
        self._words = lexicon(knowledge)
        self._said_by = SaidBy(assessment, knowledge)
        self._sentences = Sentences(self._words, assessment.facts.case)
        self._proof = proof_of(assessment)

    def of(self, difference: Difference) -> Why:
        """Return why something was answered, where it was, and why not what was expected."""
        if difference.part == "warnings":
            return Why(tuple(f"Warning: {shown(w.message)}" for w in self._assessment.warnings))
        answered = [
            fact
            for value in difference.answered
            for fact in self._said_by.facts(difference.part, difference.subject, value)
        ]
        hoped = [
            fact
            for value in difference.expected
            for fact in self._said_by.facts(difference.part, difference.subject, value)
        ]
        given = list(dict.fromkeys(fact for fact in answered if fact in self._proof.steps))
        wanted = [fact for fact in dict.fromkeys(hoped) if fact not in self._proof.steps]
        rules, statements = self._behind(given)
        lines = [*self._because(given), *self._rest(given, statements), *self._why_not(wanted)]
        return Why(tuple(lines), rules, tuple(statements))

    # ---- why something was answered ----

    def _because(self, given: list[Triple]) -> Iterator[str]:
        said: set[tuple[str, str]] = set()
        for fact in given:
            sentence = self._sentences.step(self._proof.steps[fact])
            # The urgency of an action mostly has the reason of its kind.
            if (reason := (sentence.because, sentence.sources)) not in said:
                said.add(reason)
                yield f"Why answered: {shown(sentence.text)}"

    def _rest(self, given: list[Triple], statements: list[str]) -> Iterator[str]:
        if given and (places := self._words.places(self._knowledge.cited(statements))):
            yield f"All that it rests on: {places}."

    def _behind(self, given: list[Triple]) -> tuple[tuple[str, ...], list[str]]:
        """Return the rules and the statements behind facts, those nearest to what was said of the case first."""
        rules: dict[str, None] = {}
        statements: dict[str, None] = {}
        for fact in given:
            for step in self._proof.of(fact):
                if isinstance(step, Derived) and step.rule in self._words.rules:
                    rules.update(dict.fromkeys(self._assessment.closure.rules.get(step.conclusion, (step.rule,))))
                statements.update((s.id, None) for s in self._words.statements(step))
            for name in self._assessment.closure.rules.get(fact, ()):
                statements.update((s.id, None) for s in self._words.of_rule(name))
        return tuple(rules), list(statements)

    # ---- why something was not answered ----

    def _why_not(self, wanted: list[Triple]) -> Iterator[str]:
        for fact in wanted:
            misses = missing(fact, self._assessment, self._knowledge)
            for miss in misses[:_MOST]:
                yield shown(f"Why not: {_title(miss)} But: {'; '.join(list(_leaves(miss))[:_MOST])}.")
            if misses:
                return
        if wanted:
            yield "Why not: no rule and no axiom of the sources in use concludes it."


def _title(miss: NearMiss) -> str:
    places = f" [{miss.places}]" if miss.places else ""
    return f"{capital(miss.title)}.{places}"


def _leaves(miss: NearMiss, depth: int = 0) -> Iterator[str]:
    """Yield what fails at the root: of a fact that rules conclude, what fails in the rule that is nearest to it."""
    for failing in miss.failing:
        if failing.below and depth < _DEPTH:
            yield from _leaves(failing.below[0], depth + 1)
        else:
            yield failing.text
