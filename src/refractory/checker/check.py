"""The checker: a proof is accepted only if each step holds, all rest on what was said, and nothing is left out.

It is given the case, the complete set of facts about it, and the proof, and reads the files of the knowledge itself.
That the set is complete is part of what it checks, so an absence is checked by looking into the set:
`docs/proofs.md` says why this is enough.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from pyoxigraph import Triple

from refractory.checker.axioms import Axioms, Inference
from refractory.checker.matching import Fact, FactIndex, Pattern, as_fact, as_triple, instance, matches, plain
from refractory.checker.sources import read_logic, read_rules
from refractory.checker.steps import faults_of_owl, faults_of_rule, instances
from refractory.checker.values import Binding
from refractory.errors import KnowledgeError, UsageError
from refractory.knowledge.knowledge import Knowledge
from refractory.model.assessment import Assessment
from refractory.model.facts import CaseFacts
from refractory.model.proof import Derived, Given, Proof, Stated
from refractory.vocabulary import Owl, Rdf


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a proof.

    Attributes:
        fact: The fact whose step is wrong, or that is missing or too many.
        what: What is wrong, in one sentence.
        why: What of the rule, the axiom or the files it offends.
    """

    fact: Triple
    what: str
    why: str


class Checker:
    """The files of one knowledge, read for checking. Made once, it checks any number of proofs."""

    def __init__(self, knowledge: Knowledge) -> None:
        """Read axioms and rules, and what follows from the knowledge alone.

        Raises:
            KnowledgeError: An axiom is not in the table of `docs/proofs.md`, or no rule is chosen.
            RuleError: A rule leaves the part of SPARQL that rules may use.
        """
        logic = read_logic(knowledge)
        self._stated = frozenset(logic)
        self._axioms = Axioms(logic)
        self._rules = read_rules(knowledge)
        if not self._rules:
            raise KnowledgeError("no rule encodes a statement of the chosen guidance.", place="queries/reason")
        self._known = _closed(self._axioms)

    def check(self, case_facts: CaseFacts, facts: AbstractSet[Triple], proof: Proof) -> list[Fault]:
        """Return what is wrong with a proof; an empty list accepts it.

        Args:
            case_facts: What was said of the case, and what its reader added.
            facts: All facts about the case: those, and all that follow.
            proof: A step for each of them, and for what they rest on.
        """
        held = FactIndex({fact for triple in facts if (fact := plain(triple))} | self._known)
        faults = {
            *self._faults_of_facts(case_facts, facts, proof),
            *self._faults_of_steps(case_facts, proof, held),
            *_faults_of_ground(proof),
            *self._faults_of_completeness(held),
            *self._contradictions(held),
        }
        return sorted(faults, key=lambda fault: (str(fault.fact), fault.what, fault.why))

    def _faults_of_facts(self, case_facts: CaseFacts, facts: AbstractSet[Triple], proof: Proof) -> Iterator[Fault]:
        for triple in case_facts.all:
            if triple not in facts:
                yield Fault(triple, "A fact of the case is not in the set.", "What was said holds.")
        for triple in facts:
            if plain(triple) is None:
                yield Fault(triple, "This is no fact.", "A fact has no blank node.")
            if triple not in proof.steps:
                yield Fault(triple, "The fact has no step.", "Every fact of the set is given or follows.")

    def _faults_of_steps(self, case_facts: CaseFacts, proof: Proof, held: FactIndex) -> Iterator[Fault]:
        given = frozenset(case_facts.all)
        for fact, step in proof.steps.items():
            if fact != step.conclusion:
                yield Fault(fact, "The step concludes another fact.", f"It concludes {step.conclusion}.")
            match step:
                case Given():
                    if fact not in given:
                        yield Fault(fact, "The fact is not given.", "It is not among the facts of the case.")
                case Stated():
                    if fact not in self._stated:
                        yield Fault(fact, "The fact is not stated.", "It does not stand in the files of the logic.")
                case Derived():
                    if plain(fact) not in held:
                        yield Fault(fact, "The fact is not in the set.", "Nor does it follow from the knowledge alone.")
                    for why in self._faults_of_derivation(step, proof, held):
                        yield Fault(fact, f"{step.rule} does not lead to the fact.", f"{why}.")

    def _faults_of_derivation(self, step: Derived, proof: Proof, held: FactIndex) -> Iterator[str]:
        for premise in step.premises:
            if premise not in proof.steps:
                yield f"the premise {premise} has no step"
        if step.rule in self._rules:
            yield from faults_of_rule(step, self._rules[step.rule], held)
        else:
            yield from faults_of_owl(step, self._axioms)

    def _faults_of_completeness(self, held: FactIndex) -> Iterator[Fault]:
        """Yield each fact that a rule or an axiom concludes from the set and that is not in it."""
        for name, rule in self._rules.items():
            for binding in instances(rule, held):
                for pattern in rule.head:
                    yield from _missing(name, pattern, binding, held)
        for name, inference in self._axioms:
            for fact in _concluded(inference, held):
                if fact not in held:
                    yield Fault(as_triple(fact), "The fact is missing from the set.", f"It follows by {name}.")

    def _contradictions(self, held: FactIndex) -> Iterator[Fault]:
        for one, other in self._axioms.disjoint:
            for subject, _, _ in held.candidates(None, Rdf.TYPE, one):
                if (subject, Rdf.TYPE, other) in held:
                    fact = Triple(subject, Rdf.TYPE, other)
                    yield Fault(fact, "The set contradicts itself.", f"cax-dw: nothing is this and {one} at once.")


def check(knowledge: Knowledge, case_facts: CaseFacts, facts: AbstractSet[Triple], proof: Proof) -> list[Fault]:
    """Return what is wrong with a proof about a case, by the files of a knowledge; an empty list accepts it.

    For many proofs, make one `Checker`.
    """
    return Checker(knowledge).check(case_facts, facts, proof)


def check_conclusions(assessment: Assessment, checker: Checker | None = None) -> list[Fault]:
    """Return what is wrong with the proof that an assessment carries; an empty list accepts it.

    Args:
        assessment: The answer to a case, by an engine that keeps proofs.
        checker: Of the knowledge that was used; without it, the shipped knowledge must be what was used.

    Raises:
        UsageError: The assessment has no proof, or was made with another knowledge.
    """
    proof = assessment.closure.proof
    if proof is None:
        raise UsageError("the assessment has no proof.", fix="Assess with the compiled engine.")
    if checker is None:
        knowledge = Knowledge.load(guidance=[source.id for source in assessment.guidance])
        if knowledge.hash != assessment.knowledge_hash:
            raise UsageError("the assessment was made with another knowledge.", fix="Give a checker of that knowledge.")
        checker = Checker(knowledge)
    facts = frozenset(assessment.facts.all) | assessment.closure.inferred
    return checker.check(assessment.facts, facts, proof)


def _closed(axioms: Axioms) -> frozenset[Fact]:
    """Return what the files state of individuals, and all that follows by OWL from that alone."""
    known = set(axioms.facts)
    while True:
        index = FactIndex(known)
        fresh = {fact for _, inference in axioms for fact in _concluded(inference, index)} - known
        if not fresh:
            return frozenset(known)
        known |= fresh


def _concluded(inference: Inference, facts: FactIndex) -> Iterator[Fact]:
    """Yield what an axiom leads to. That everything is a thing is not a fact, nor is what is said of a literal."""
    for binding in matches(inference.premises, facts, {}):
        fact = as_fact(instance(inference.conclusion, binding))
        if fact and fact[1:] != (Rdf.TYPE, Owl.THING):
            yield fact


def _missing(name: str, pattern: Pattern, binding: Binding, facts: FactIndex) -> Iterator[Fault]:
    """Yield the fault that a rule's conclusion is not in the set; a number that was worked out counts by its value."""
    found = instance(pattern, binding)
    if found and not facts.holds(*found) and (fact := as_fact(found)):
        yield Fault(as_triple(fact), "The fact is missing from the set.", f"It follows by {name}.")


def _faults_of_ground(proof: Proof) -> Iterator[Fault]:
    """Yield each fact whose steps never come down to what is given or stated: it rests on itself."""
    leads_to: dict[Triple, list[Triple]] = defaultdict(list)
    waits: dict[Triple, int] = {}
    for fact, step in proof.steps.items():
        premises = set(step.premises) if isinstance(step, Derived) else set()
        waits[fact] = len(premises)
        for premise in premises:
            leads_to[premise].append(fact)
    ready = [fact for fact, count in waits.items() if count == 0]
    while ready:
        for fact in leads_to[ready.pop()]:
            waits[fact] -= 1
            if waits[fact] == 0:
                ready.append(fact)
    for fact, count in waits.items():
        if count:
            yield Fault(fact, "The fact is without ground.", "Its steps do not come down to what is given or stated.")
