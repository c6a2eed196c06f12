"""The conclusions of an assessment by name, and the facts behind each; found through the ontology's annotations."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from pyoxigraph import Literal, NamedNode, Triple

from refractory.errors import UsageError
from refractory.explain.lexicon import Lexicon, lexicon
from refractory.knowledge.knowledge import Knowledge
from refractory.knowledge.names import did_you_mean
from refractory.model.assessment import Assessment
from refractory.model.findings import Noted
from refractory.model.proof import Proof
from refractory.model.sources import Position
from refractory.vocabulary import Rdf, rfy

# What a list of an assessment holds, and the property by which the case has it.
NOTED: Final = {
    "caution": rfy("raisesCaution"),
    "pitfall": rfy("meetsPitfall"),
    "question": rfy("raisesQuestionOn"),
    "conflict": rfy("meetsConflict"),
    "gap": rfy("meetsGap"),
    "not applicable": rfy("isNotApplicableBecause"),
}


@dataclass(frozen=True, slots=True)
class Conclusion:
    """Something concluded of a case.

    Attributes:
        sort: What it is: `recommendation`, `resistance`, `hypothesis`, `caution`, `pitfall`, `question`, `conflict`,
            `gap`, `not applicable`, `failure`, `dose`, `day of treatment`, `time`, `position`, `disagreement`.
        name: Its name: the local name of the action, drug, pitfall ...; that of the sort where there is one only.
        title: The same in words.
        facts: The facts that say it, the main one first.
    """

    sort: str
    name: str
    title: str
    facts: tuple[Triple, ...]


def proof_of(assessment: Assessment) -> Proof:
    """Return the proof of an assessment.

    Raises:
        UsageError: It was made by an engine that keeps none.
    """
    proof = assessment.closure.proof
    if proof is None:
        raise UsageError(
            "this assessment has no proofs.",
            why="The reference engine keeps none.",
            fix="Assess the case with the compiled engine.",
        )
    return proof


class Behind:
    """Finds the facts behind what an assessment says."""

    def __init__(self, assessment: Assessment, knowledge: Knowledge) -> None:
        self._case = assessment.facts.case
        self._steps = proof_of(assessment).steps
        self._lexicon: Lexicon = lexicon(knowledge)
        self._viruses = [
            fact.object
            for fact in assessment.facts.all
            if fact.predicate == rfy("hasVirus") and isinstance(fact.object, NamedNode)
        ]
        self._amounts = sorted(
            (f for f in assessment.closure.inferred if isinstance(f.object, Literal) and f.subject == self._case),
            key=str,
        )

    def kind(self, action: str, kind: str) -> Triple | None:
        """Return the fact that gives an action its kind."""
        return self._graded("givesKind", kind, [self._case], action)

    def urgency(self, action: str, urgency: str) -> Triple | None:
        """Return the fact that gives an action its urgency."""
        return self._graded("givesUrgency", urgency, [self._case], action)

    def amount(self, action: str) -> Triple | None:
        """Return the fact that says how much of an action's drug this patient gets."""
        predicates = self._lexicon.graded("givesDoseOf", action)
        return next((fact for fact in self._amounts if fact.predicate in predicates), None)

    def status(self, drug: str, status: str) -> Triple | None:
        """Return the fact that gives a drug its status."""
        return self._graded("givesStatus", status, self._viruses, drug)

    def hypothesis(self, name: str, status: str) -> Triple | None:
        """Return the fact that gives a hypothesis its status."""
        return self._graded("givesHypothesisStatus", status, [self._case], name)

    def heightened(self, fact: str) -> Triple | None:
        """Return the fact that a clinical fact heightens a suspicion."""
        return self._known(Triple(self._case, rfy("isHeightenedBy"), rfy(fact)))

    def noted(self, sort: str, name: str) -> Triple | None:
        """Return the fact behind a caution, pitfall, question, conflict, gap or reason not applicable."""
        return self._known(Triple(self._case, NOTED[sort], rfy(name)))

    def position(self, name: str) -> Triple | None:
        """Return the fact that a position is for the case: by its situation, or by the advice it is given."""
        facts = (Triple(self._case, rfy(predicate), rfy(name)) for predicate in ("meetsPosition", "meetsRemark"))
        return next((fact for fact in facts if fact in self._steps), None)

    def time(self, name: str) -> Triple | None:
        """Return the fact that a source's time to suspect resistance is reached, or is not."""
        names = ("hasReachedTimeOf", "hasNotReachedTimeOf", "meetsPosition")
        facts = (Triple(self._case, rfy(predicate), rfy(name)) for predicate in names)
        return next((fact for fact in facts if fact in self._steps), None)

    def disputed(self, disagreement: str, name: str) -> Triple | None:
        """Return the fact that a position, a regimen or an action stands in a disagreement."""
        for annotation in ("givesDisagreement", "givesDisagreementOfLeader"):
            fact = self._graded(annotation, disagreement, [self._case], name)
            if fact is not None:
                return fact
        return None

    def first(self, action: str) -> Triple | None:
        """Return the fact that an action comes before everything else."""
        return self._known(Triple(self._case, rfy("putsFirst"), rfy(action)))

    def failing(self) -> Triple | None:
        """Return the fact that treatment is failing."""
        return self._known(Triple(self._case, Rdf.TYPE, rfy("FailingCase")))

    def dose(self, adequacy: str) -> Triple | None:
        """Return the fact that says how the dose compares with the reference."""
        return self._known(Triple(self._case, rfy("hasDoseAdequacy"), rfy(adequacy)))

    def day(self, day: int | None) -> Triple | None:
        """Return the fact that gives the day of treatment."""
        predicate = rfy("dayOfTreatment")
        return next((f for f in self._amounts if f.predicate == predicate and _number(f) == day), None)

    def _graded(self, annotation: str, grade: str, subjects: Iterable[NamedNode], name: str) -> Triple | None:
        for predicate in self._lexicon.graded(annotation, grade):
            for subject in subjects:
                fact = Triple(subject, predicate, rfy(name))
                if fact in self._steps:
                    return fact
        return None

    def _known(self, fact: Triple) -> Triple | None:
        return fact if fact in self._steps else None


def _number(fact: Triple) -> Decimal | None:
    return Decimal(fact.object.value) if isinstance(fact.object, Literal) else None


def conclusions(assessment: Assessment, knowledge: Knowledge) -> tuple[Conclusion, ...]:
    """Return all that an assessment concludes, in the order of its JSON form.

    Raises:
        UsageError: The assessment has no proofs.
    """
    behind = Behind(assessment, knowledge)
    found = []
    for sort, name, title, facts in _found(assessment, behind, lexicon(knowledge)):
        known = tuple(fact for fact in facts if fact is not None)
        if known:
            found.append(Conclusion(sort, name, title, known))
    return tuple(found)


_Found = tuple[str, str, str, list[Triple | None]]


def _found(assessment: Assessment, behind: Behind, words: Lexicon) -> Iterator[_Found]:
    def label(name: str) -> str:
        return words.label(rfy(name))

    def noted(sort: str, name: str) -> _Found:
        return sort, name, f"{sort}: {label(name)}", [behind.noted(sort, name)]

    def position(item: Position) -> _Found:
        return "position", item.name, f"position: {label(item.name)}", [behind.position(item.name)]

    def cautioned(item: Noted) -> Iterator[_Found]:
        yield noted("caution", item.name)
        yield from map(position, item.positions)

    failure = assessment.failure
    if failure.failing:
        yield "failure", "failure", "treatment failure", [behind.failing()]
    yield "dose", "dose", f"dose: {label(failure.dose)}", [behind.dose(failure.dose)]
    if failure.day_of_treatment is not None:
        day = failure.day_of_treatment
        yield "day of treatment", "dayOfTreatment", f"day of treatment: {day}", [behind.day(day)]
    yield from (("time", t.name, f"time: {label(t.name)}", [behind.time(t.name)]) for t in failure.times)
    yield from (noted("not applicable", name) for name in assessment.not_applicable)
    for status in assessment.resistance:
        title = f"resistance to {label(status.drug)}: {label(status.status)}"
        heightened = [behind.heightened(fact) for fact in status.heightened_by]
        yield "resistance", status.drug, title, [behind.status(status.drug, status.status), *heightened]
    for item in assessment.hypotheses:
        title = f"hypothesis of {label(item.name)}: {label(item.status)}"
        yield "hypothesis", item.name, title, [behind.hypothesis(item.name, item.status)]
        yield from map(position, item.positions)
    for advice in assessment.recommendations:
        facts = [behind.kind(advice.action, advice.kind), behind.urgency(advice.action, advice.urgency)]
        if advice.for_this_patient is not None:
            facts.append(behind.amount(advice.action))
        if advice.red_flag:
            facts.append(behind.first(advice.action))
        title = f"{label(advice.kind)}, {label(advice.urgency)}: {label(advice.action)}"
        yield "recommendation", advice.action, title, facts
        yield from map(position, advice.positions)
        yield from (found for caution in advice.cautions for found in cautioned(caution))
    yield from (found for caution in assessment.cautions for found in cautioned(caution))
    yield from (noted("pitfall", pitfall.name) for pitfall in assessment.pitfalls)
    yield from (noted("question", question.fact) for question in assessment.questions)
    for conflict in assessment.conflicts:
        if conflict.about is None:
            yield noted("conflict", conflict.name)
        else:
            title = f"{label(conflict.name)}: {label(conflict.about)}"
            yield (
                "disagreement",
                conflict.name,
                title,
                [behind.disputed(conflict.name, p.name) for p in conflict.positions],
            )
    yield from (noted("gap", gap.id) for gap in assessment.gaps)


def chosen(assessment: Assessment, knowledge: Knowledge, name: str | None = None) -> tuple[Conclusion, ...]:
    """Return what is to be explained: the conclusions of a name, or every recommendation.

    Args:
        assessment: The assessment.
        knowledge: The knowledge it was made with.
        name: A conclusion in any form that a case may use for a term, or `failure`, `dose`, `dayOfTreatment`; a drug
            stands for its status. None: every recommendation.

    Raises:
        UsageError: Nothing of that name is concluded; or the assessment has no proofs.
    """
    found = conclusions(assessment, knowledge)
    if name is None:
        return tuple(item for item in found if item.sort == "recommendation")
    term = knowledge.names.find(name)
    wanted = _folded(term.value.removeprefix(rfy("").value) if term else name)
    matching = tuple(item for item in found if wanted in {_folded(item.name), _folded(item.sort)})
    # What is asked about may be concluded in its own right, and be of the sort of something else.
    matching = tuple(item for item in matching if _folded(item.name) == wanted) or matching
    if not matching:
        raise _nothing(name, term, found, knowledge)
    return matching


def _nothing(name: str, term: NamedNode | None, found: tuple[Conclusion, ...], knowledge: Knowledge) -> UsageError:
    names = tuple(dict.fromkeys(item.name for item in found))
    if term is None:
        folded = {_folded(known): known for known in names}
        near = [folded[key] for key in difflib.get_close_matches(_folded(name), folded, n=3, cutoff=0.6)]
        meant = near or knowledge.names.nearest(name)
        return UsageError(f"no conclusion is called {name!r}.", fix=did_you_mean(meant) or _known(names))
    is_action = rfy("Action") in knowledge.values(term, Rdf.TYPE)
    return UsageError(
        f"{knowledge.label(term)!r} is not concluded of this case.",
        fix=f"Ask why not: --why-not {name}." if is_action else _known(names),
    )


def _known(names: tuple[str, ...]) -> str:
    return f"Concluded are {', '.join(names)}."


def _folded(name: str) -> str:
    return "".join(name.casefold().split())
