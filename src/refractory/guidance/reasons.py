"""Why a conclusion was answered, by the rules and statements behind it; or why it was not, by the nearest rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pyoxigraph import NamedNode, Triple

from refractory.explain.conclusions import NOTED, proof_of
from refractory.explain.lexicon import lexicon
from refractory.explain.sentences import Sentences, capital, shown
from refractory.explain.why_not import NearMiss, missing
from refractory.guidance.differences import Difference, Why
from refractory.guidance.parts import Subject, is_name
from refractory.knowledge.knowledge import Knowledge
from refractory.model.assessment import Assessment
from refractory.model.proof import Derived
from refractory.vocabulary import Rdf, rfy

_MOST: Final = 3

# The parts whose names stand in a list of their own in the case: the sort of conclusion that each is.
_SORTS: Final = {"notApplicable": "not applicable", "cautions": "caution", "pitfalls": "pitfall"}
_MET: Final = ("meetsPosition", "meetsRemark")
# How deep a missing fact is followed: as far as the longest way from a case's own words to a position.
_DEPTH: Final = 12


class Reasons:
    """Gives the reasons for what is different in one case's answer."""

    def __init__(self, assessment: Assessment, knowledge: Knowledge) -> None:
        self._assessment = assessment
        self._knowledge = knowledge
        self._words = lexicon(knowledge)
        self._case = assessment.facts.case
        self._sentences = Sentences(self._words, self._case)
        self._proof = proof_of(assessment)

    def of(self, difference: Difference) -> Why:
        """Return why something was answered, where it was, and why not what was expected."""
        if difference.part == "warnings":
            return Why(tuple(f"Warning: {shown(w.message)}" for w in self._assessment.warnings))
        answered = [fact for value in difference.answered for fact in self._facts(difference, value)]
        hoped = [fact for value in difference.expected for fact in self._facts(difference, value)]
        given = list(dict.fromkeys(fact for fact in answered if fact in self._proof.steps))
        wanted = [fact for fact in dict.fromkeys(hoped) if fact not in self._proof.steps]
        rules, statements = self._behind(given)
        lines = [*map(self._because, given), *self._rest(given, statements), *self._why_not(wanted)]
        return Why(tuple(lines), rules, tuple(statements))

    # ---- why something was answered ----

    def _because(self, fact: Triple) -> str:
        return f"Why answered: {shown(self._sentences.step(self._proof.steps[fact]).text)}"

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

    # ---- the facts that say a conclusion ----

    def _facts(self, difference: Difference, value: Any) -> Iterator[Triple]:
        """Yield the facts that say a conclusion; where it is there, those of them that hold."""
        subject = difference.subject
        written = [
            text for text in (*subject, *(value if isinstance(value, tuple) else (value,))) if isinstance(text, str)
        ]
        if not all(map(is_name, written)):
            return
        match difference.part:
            case "failing":
                yield Triple(self._case, Rdf.TYPE, rfy("FailingCase"))
            case "dose":
                yield Triple(self._case, rfy("hasDoseAdequacy"), rfy(str(value)))
            case "resistance":
                yield from self._graded("givesStatus", value, subject[0], self._viruses())
            case "hypotheses":
                yield from self._graded("givesHypothesisStatus", value, subject[0], [self._case])
            case "recommendations":
                yield from self._graded("givesKind", value[0], subject[0], [self._case])
                yield from self._graded("givesUrgency", value[1], subject[0], [self._case])
            case "heightenedBy":
                yield Triple(self._case, rfy("isHeightenedBy"), rfy(subject[0]))
            case "gaps":
                yield from (Triple(self._case, NOTED["gap"], gap) for gap in self._gaps(subject))
            case "cautionsAt":
                yield Triple(self._case, NOTED["caution"], rfy(subject[1]))
            case "redFlags" | "times" | "positions":
                yield from (Triple(self._case, rfy(name), rfy(subject[-1])) for name in _MET)
            case part if part in _SORTS:
                yield Triple(self._case, NOTED[_SORTS[part]], rfy(subject[0]))

    def _graded(self, annotation: str, grade: object, name: str, subjects: list[NamedNode]) -> Iterator[Triple]:
        for predicate in self._words.graded(annotation, str(grade)):
            yield from (Triple(subject, predicate, rfy(name)) for subject in subjects)

    def _viruses(self) -> list[NamedNode]:
        found = (fact.object for fact in self._assessment.facts.all if fact.predicate == rfy("hasVirus"))
        return [virus for virus in found if isinstance(virus, NamedNode)]

    def _gaps(self, subject: Subject) -> Iterator[NamedNode]:
        for gap in self._knowledge.subjects(Rdf.TYPE, rfy("Gap")):
            source = self._knowledge.value(gap, rfy("ofGuidance"))
            if source == rfy(subject[0]) and self._knowledge.line_of(gap) == subject[1]:
                yield gap


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
