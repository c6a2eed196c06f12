"""Promise 1: every conclusion has a proof that the independent checker accepts, and no broken proof is accepted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import TypeVar

import pytest
from pyoxigraph import NamedNode, Triple

from refractory import Assessment, KnowledgeBase
from refractory.checker.check import Checker, check_conclusions
from refractory.errors import UsageError
from refractory.knowledge.headers import QueryFile
from refractory.model.facts import CaseFacts
from refractory.model.proof import AbsentPattern, Derived, Given, Proof, Stated, Step
from refractory.vocabulary import rfy
from tests.support import knowledge_with, read_case, shipped_files, slugs, table_of

Part = TypeVar("Part")

# Cases that between them use suspicion and results, doses worked out, populations, kinds and contradictions.
BROKEN = (
    "design-example",
    "check-kind-aids",
    "contradicted-same-date",
    "foscarnet-resistant",
    "pregnant-life-threatening-resistant",
)


@cache
def base() -> KnowledgeBase:
    """Return the shipped knowledge with the engine that keeps proofs."""
    return KnowledgeBase.load(engine="compiled")


@cache
def checker() -> Checker:
    """Return a checker of the shipped knowledge."""
    return Checker(base().knowledge)


@cache
def assessed(slug: str) -> Assessment:
    """Return the answer to a golden case."""
    return base().assess(read_case(slug), questions=False, table=table_of(slug))


@dataclass(frozen=True)
class Argument:
    """What is handed to the checker."""

    case: CaseFacts
    facts: frozenset[Triple]
    steps: dict[Triple, Step]

    def accepted(self) -> bool:
        """Say whether the checker finds no fault."""
        return not checker().check(self.case, self.facts, Proof(self.steps))

    def with_step(self, fact: Triple, step: Step) -> Argument:
        """Return the argument with another step for a fact."""
        return replace(self, steps={**self.steps, fact: step})

    def without_step(self, fact: Triple) -> Argument:
        """Return the argument without the step of a fact."""
        return replace(self, steps={other: step for other, step in self.steps.items() if other != fact})

    def also_saying(self, facts: tuple[Triple, ...]) -> Argument:
        """Return the argument about a case that says more, with a step for that."""
        case = replace(self.case, asserted=self.case.asserted + facts)
        steps: dict[Triple, Step] = {fact: Given(fact, "somewhere") for fact in facts}
        return Argument(case, self.facts | set(facts), {**self.steps, **steps})

    def derived(self) -> Iterator[tuple[Triple, Derived]]:
        """Yield the facts that were derived, with their steps."""
        return ((fact, step) for fact, step in self.steps.items() if isinstance(step, Derived))


@cache
def argument(slug: str) -> Argument:
    """Return what the engine argues for a golden case."""
    answer = assessed(slug)
    proof = answer.closure.proof
    assert proof
    return Argument(answer.facts, frozenset(answer.facts.all) | answer.closure.inferred, dict(proof.steps))


EVERY_CASE = pytest.mark.parametrize("slug", slugs())
EVERY_BROKEN_CASE = pytest.mark.parametrize("slug", BROKEN)


@EVERY_CASE
def test_the_checker_accepts_the_proof(slug: str) -> None:
    """Each fact about a golden case is proved, and nothing that follows is left out."""
    assert [] == check_conclusions(assessed(slug), checker())


@EVERY_CASE
def test_every_leaf_is_a_fact_of_the_case_or_of_the_knowledge(slug: str) -> None:
    """What a conclusion rests on ends in what was said, with its place, or in what stands in a file."""
    given = set(argument(slug).case.all)
    stated = set(base().knowledge.logic)
    proof = Proof(argument(slug).steps)
    for conclusion in argument(slug).facts:
        for step in proof.of(conclusion):
            match step:
                case Given():
                    assert step.conclusion in given
                    assert step.place
                case Stated():
                    assert step.conclusion in stated
                case Derived():
                    assert step.premises


@EVERY_CASE
def test_every_recommendation_is_a_proved_fact(slug: str) -> None:
    """Action, kind and urgency of each recommendation are facts of the case that a rule concluded."""
    answer, knowledge = assessed(slug), base().knowledge
    rules = {rule.name for rule in knowledge.rules}
    for item in answer.recommendations:
        for annotation, value in (("givesKind", item.kind), ("givesUrgency", item.urgency)):
            facts = [
                Triple(answer.facts.case, property_, rfy(item.action))
                for property_ in knowledge.subjects(rfy(annotation), rfy(value))
            ]
            steps = [argument(slug).steps[fact] for fact in facts if fact in argument(slug).facts]
            assert steps, f"{item.action} has {value} without a fact"
            assert all(isinstance(step, Derived) and step.rule in rules for step in steps)


def test_every_rule_is_proved_with_or_concludes_what_another_does() -> None:
    """Between them the proofs lean on each rule file; one that is left out only repeats what another rule concludes."""
    used = {step.rule for slug in slugs() for _, step in argument(slug).derived()}
    fired = {
        names
        for slug in slugs()
        for names in assessed(slug).closure.rules.values()
        if any(n not in used for n in names)
    }
    idle = {rule.name for rule in base().knowledge.rules} - used

    assert idle == {name for names in fired for name in names if name not in used}
    assert all(set(names) & used for names in fired)


def test_an_assessment_without_proof_cannot_be_checked() -> None:
    """The reference engine keeps no proofs, and the checker says so."""
    answer = KnowledgeBase.load(engine="reference").assess(read_case("only-id"))
    with pytest.raises(UsageError, match="no proof"):
        check_conclusions(answer)


def test_an_assessment_by_another_knowledge_needs_its_checker() -> None:
    """Without a checker, the shipped knowledge is what a proof is held against, or nothing."""
    path = "ontology/modules/core.ttl"
    changed = KnowledgeBase(knowledge_with({path: shipped_files().text(path) + "\n# changed\n"}), engine="compiled")

    assert [] == check_conclusions(assessed("only-id"))
    with pytest.raises(UsageError, match="another knowledge"):
        check_conclusions(changed.assess(read_case("only-id")))


# ---- proofs broken on purpose: none may pass ----


def accepted(broken: Iterable[Argument]) -> list[Argument]:
    """Return the arguments that the checker accepts; nothing to check would be no check."""
    arguments = list(broken)
    assert arguments, "nothing was broken"
    return [one for one in arguments if one.accepted()]


@EVERY_BROKEN_CASE
def test_no_proof_with_a_premise_removed_is_accepted(slug: str) -> None:
    """Each premise of each step is needed."""
    whole = argument(slug)

    assert [] == accepted(
        whole.with_step(fact, replace(step, premises=without(step.premises, place)))
        for fact, step in whole.derived()
        for place in range(len(step.premises))
    )


@EVERY_BROKEN_CASE
def test_no_proof_with_premises_moved_is_accepted(slug: str) -> None:
    """Premises stand in the order of the rule."""
    whole = argument(slug)

    assert [] == accepted(
        whole.with_step(fact, replace(step, premises=step.premises[::-1]))
        for fact, step in whole.derived()
        if step.premises[::-1] != step.premises
    )


@EVERY_BROKEN_CASE
def test_no_proof_with_a_rule_swapped_is_accepted(slug: str) -> None:
    """A step that names another rule is refused, whichever step and whether the other is a file or of OWL."""
    whole = argument(slug)
    names = sorted({step.rule for _, step in whole.derived()} | {"no-such-rule"})
    others = {name: {names[place - 1], "cax-sco", "prp-spo1"} - {name} for place, name in enumerate(names)}

    assert [] == accepted(
        whole.with_step(fact, replace(step, rule=other))
        for fact, step in whole.derived()
        for other in others[step.rule]
    )


@EVERY_BROKEN_CASE
def test_no_proof_with_a_step_dropped_is_accepted(slug: str) -> None:
    """Each step is needed, of facts of the case and of the knowledge alike."""
    whole = argument(slug)

    assert [] == accepted(map(whole.without_step, whole.steps))


@EVERY_BROKEN_CASE
def test_no_proof_is_accepted_where_an_absent_fact_is_present(slug: str) -> None:
    """Each absence of each step is looked for: once the case says what must be absent, the proof is void."""
    whole = argument(slug)

    assert [] == accepted(
        whole.also_saying(tuple(present(pattern, whole.case.case) for pattern in group))
        for _, step in whole.derived()
        for group in step.absences
    )


@EVERY_BROKEN_CASE
def test_no_proof_with_an_absence_left_out_is_accepted(slug: str) -> None:
    """A step says all that it found absent."""
    whole = argument(slug)

    assert [] == accepted(
        whole.with_step(fact, replace(step, absences=without(step.absences, place)))
        for fact, step in whole.derived()
        for place in range(len(step.absences))
    )


@EVERY_BROKEN_CASE
def test_no_proof_with_a_wrong_binding_is_accepted(slug: str) -> None:
    """Each variable stands for what the premises and the arithmetic make of it."""
    whole = argument(slug)

    assert [] == accepted(
        whole.with_step(fact, replace(step, bindings=changed(step.bindings, place, (name, rfy("Other")))))
        for fact, step in whole.derived()
        for place, (name, _) in enumerate(step.bindings)
    )


@EVERY_BROKEN_CASE
def test_no_proof_with_a_wrong_axiom_is_accepted(slug: str) -> None:
    """Each term of an axiom is the one that stands in the file."""
    whole = argument(slug)

    assert [] == accepted(
        whole.with_step(fact, replace(step, axiom=changed(step.axiom, place, rfy("Other"))))
        for fact, step in whole.derived()
        for place in range(len(step.axiom))
    )


@EVERY_BROKEN_CASE
def test_no_conclusion_passes_for_given_or_stated(slug: str) -> None:
    """A derived fact that claims to have been said, or to stand in a file, is refused."""
    whole = argument(slug)

    assert [] == accepted(whole.with_step(fact, Stated(fact)) for fact, _ in whole.derived())
    assert [] == accepted(whole.with_step(fact, Given(fact, "present[0]")) for fact, _ in whole.derived())


@EVERY_BROKEN_CASE
def test_no_proof_of_too_much_or_too_little_is_accepted(slug: str) -> None:
    """The set has all that follows, and nothing else."""
    whole = argument(slug)
    invented = Triple(whole.case.case, rfy("recommends"), rfy("Other"))

    assert [] == accepted(replace(whole.without_step(fact), facts=whole.facts - {fact}) for fact in whole.facts)
    assert [] == accepted([replace(whole, facts=whole.facts | {invented})])


@EVERY_BROKEN_CASE
def test_no_proof_that_goes_in_a_circle_is_accepted(slug: str) -> None:
    """A fact that rests on itself is refused."""
    whole = argument(slug)

    assert [] == accepted(
        whole.with_step(fact, replace(step, premises=(fact,) * len(step.premises))) for fact, step in whole.derived()
    )


@pytest.mark.parametrize("rule", base().knowledge.rules, ids=lambda rule: rule.name)
def test_no_proof_by_a_rule_with_another_text_is_accepted(rule: QueryFile) -> None:
    """Held against a file that asks for one thing more, or concludes another, a proof by the rule is refused."""
    head, where, body = rule.text.partition("WHERE {")
    prefixes = head.partition("CONSTRUCT")[0]
    variable = next(word.strip(";.{}()") for word in body.split() if word.startswith("?"))
    further = (
        f"{head}{where} {variable} rfy:never rfy:Never . {body}",
        f"{head}{where} FILTER NOT EXISTS {{ {variable} rfy:never rfy:Never }} {body}",
    )
    other = f"{prefixes}CONSTRUCT {{ {variable} a rfy:Never }}\n{where}{body}"
    leaning = [slug for slug in slugs() if any(step.rule == rule.name for _, step in argument(slug).derived())]
    for text in (*further, other) if leaning else ():
        assert f"{rule.name} does not lead to the fact." in refusals(leaning[0], {rule.path: text})

    # Where another rule draws all its conclusions, no proof leans on it, but the set must have what it concludes.
    firing = [slug for slug in slugs() if any(rule.name in n for n in assessed(slug).closure.rules.values())]
    assert "The fact is missing from the set." in refusals(firing[0], {rule.path: other})


def refusals(slug: str, files: dict[str, str]) -> set[str]:
    """Return what is wrong with the proof of a golden case where files of the knowledge say something else."""
    whole = argument(slug)
    found = Checker(knowledge_with(files)).check(whole.case, whole.facts, Proof(whole.steps))
    return {fault.what for fault in found}


@pytest.mark.parametrize(
    ("name", "written", "compiled", "slug"),
    [
        (
            "a-condition-with-a-typical-dose-has-a-reference",
            "FILTER NOT EXISTS { ?case a rfy:CaseOutsideReference }", "", "dose-unknown-clearance-40",
        ),
        (
            "suspicion-stands-unless-a-result-speaks",
            "FILTER NOT EXISTS { ?virus rfy:hasExcludedResistanceTo ?drug }", "", "excluded-while-spreading",
        ),
        ("an-entry-may-stay-below-the-reference", "?total <", "?total <=", "dose-completed-full-only"),
        ("a-clearance-under-50-is-outside-the-reference", "< 50", "<= 50", "dose-right-at-the-edges"),
        ("a-dose-by-weight-is-computed-for-foscarnet", "?perKg *", "2 * ?perKg *", "design-example"),
        ("failure-is-in-scope", "a rfy:FailingCase", "a rfy:Case", "scope-improving"),
        ("resistance-to-act-on-is-referred-at-once", "urgesImmediately", "urgesRoutinely", "design-example"),
    ],
)  # fmt: skip
def test_no_proof_by_an_engine_that_runs_a_rule_wrongly_is_accepted(
    name: str, written: str, compiled: str, slug: str
) -> None:
    """An engine that compiled a rule otherwise than its file says is found out by its proof."""
    path = f"queries/reason/{name}.rq"
    text = shipped_files().text(path)
    assert written in text
    wrong = KnowledgeBase(knowledge_with({path: text.replace(written, compiled)}), engine="compiled")
    answer = wrong.assess(read_case(slug), questions=False, table=table_of(slug))

    assert [] == check_conclusions(answer, Checker(wrong.knowledge))
    assert check_conclusions(answer, checker())


def without(parts: tuple[Part, ...], place: int) -> tuple[Part, ...]:
    """Return a tuple without one of its parts."""
    return parts[:place] + parts[place + 1 :]


def changed(parts: tuple[Part, ...], place: int, part: Part) -> tuple[Part, ...]:
    """Return a tuple with one of its parts changed for another."""
    return (*parts[:place], part, *parts[place + 1 :])


def present(pattern: AbsentPattern, anything: NamedNode) -> Triple:
    """Return a fact that fits an absent pattern."""
    subject, predicate, value = pattern
    assert subject is None or isinstance(subject, NamedNode)
    return Triple(subject or anything, predicate, value or anything)
