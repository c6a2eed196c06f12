"""Proofs in the JSON of an assessment: `proofs` by identifier, and `proof` in each conclusion.

A proof is numbered from its conclusion down: first the conclusion, then what it rests on; conclusions in the order of
the JSON. A step that several conclusions rest on stands once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pyoxigraph import Literal, NamedNode, Triple

from refractory.explain.conclusions import Behind, conclusions, proof_of
from refractory.explain.lexicon import lexicon
from refractory.knowledge.knowledge import Knowledge
from refractory.model.assessment import Assessment
from refractory.model.proof import Derived, Given, Proof, Stated, Step, Term
from refractory.vocabulary import NAMESPACE


def proofs_json(assessment: Assessment, knowledge: Knowledge) -> tuple[dict[str, Any], dict[Triple, str]]:
    """Return the proofs of all conclusions of an assessment.

    Returns:
        The steps by identifier, as `schemas/assessment.schema.json` describes them; and the identifier of each fact.

    Raises:
        UsageError: The assessment has no proofs.
    """
    facts = (fact for item in conclusions(assessment, knowledge) for fact in item.facts)
    return steps_json(facts, proof_of(assessment), knowledge)


def steps_json(facts: Iterable[Triple], proof: Proof, knowledge: Knowledge) -> tuple[dict[str, Any], dict[Triple, str]]:
    """Return the steps that facts rest on, and the identifier of each."""
    numbers = Numbers(proof)
    for fact in facts:
        numbers.of(fact)
    return _steps(numbers, knowledge), numbers.names


def numbered(facts: Iterable[Triple], proof: Proof) -> dict[Triple, str]:
    """Return numbers for facts and all that they rest on, each fact before its premises."""
    numbers = Numbers(proof)
    for fact in facts:
        numbers.of(fact)
    return numbers.names


class Numbers:
    """Numbers facts as they are asked for, and all that they rest on, each fact before its premises.

    Attributes:
        names: The number of each fact, such as `p1`.
        steps: The step of each number, in order.
    """

    def __init__(self, proof: Proof) -> None:
        self.names: dict[Triple, str] = {}
        self.steps: dict[str, Step] = {}
        self._steps = proof.steps

    def of(self, fact: Triple) -> str:
        """Return the number of a fact."""
        pending = [fact]
        while pending:
            each = pending.pop()
            if each not in self.names:
                name = self.names[each] = f"p{len(self.names) + 1}"
                step = self.steps[name] = self._steps[each]
                if isinstance(step, Derived):
                    pending.extend(reversed(step.premises))
        return self.names[fact]


def with_proofs(form: Mapping[str, Any], assessment: Assessment, knowledge: Knowledge) -> dict[str, Any]:
    """Return the JSON of an assessment with `proofs` filled and the identifier of its proof in each conclusion.

    Args:
        form: What `assessment.to_json()` returned; it is left as it is.
        assessment: The assessment.
        knowledge: The knowledge it was made with.

    Returns:
        The form with proofs; without a change where the engine keeps none.
    """
    if assessment.closure.proof is None:
        return dict(form)
    numbers = Numbers(assessment.closure.proof)
    behind = Behind(assessment, knowledge)

    # Facts are numbered as they are cited: here in the order of `conclusions`.
    def cite(key: str, fact: Triple | None) -> dict[str, str]:
        return {} if fact is None else {key: numbers.of(fact)}

    def cites(key: str, found: Iterable[tuple[str, Triple | None]]) -> dict[str, dict[str, str]]:
        known = {name: numbers.of(fact) for name, fact in found if fact is not None}
        return {key: known} if known else {}

    def positions(item: Mapping[str, Any]) -> dict[str, Any]:
        found = [{**p, **cite("proof", behind.position(p["name"]))} for p in item.get("positions", ())]
        return {"positions": found} if found else {}

    def disagreement(item: Mapping[str, Any]) -> dict[str, Any]:
        if "about" not in item:
            return {**item, **cite("proof", behind.noted("conflict", item["name"]))}
        found = [{**p, **cite("proof", behind.disputed(item["name"], p["name"]))} for p in item["positions"]]
        return {**item, "positions": found, **cite("proof", behind.disputed(item["name"], found[0]["name"]))}

    def noted(sort: str, items: Iterable[Mapping[str, Any]], key: str = "name") -> list[dict[str, Any]]:
        return [{**item, **cite("proof", behind.noted(sort, item[key])), **positions(item)} for item in items]

    def advice(item: Mapping[str, Any]) -> dict[str, Any]:
        action = item["action"]
        cited: dict[str, Any] = {
            **cite("proof", behind.kind(action, item["kind"])),
            **cite("urgencyProof", behind.urgency(action, item["urgency"])),
        }
        if "forThisPatient" in item:
            cited["forThisPatient"] = {**item["forThisPatient"], **cite("proof", behind.amount(action))}
        if "redFlag" in item:
            # It stands among the proofs, though nothing in the form refers to it.
            cite("first", behind.first(action))
        return {**item, **cited, **positions(item), "cautions": noted("caution", item["cautions"])}

    def failure(item: Mapping[str, Any]) -> dict[str, Any]:
        day = item.get("dayOfTreatment")
        cited: dict[str, Any] = {
            **cite("proof", behind.failing() if item["failing"] else None),
            **cite("doseProof", behind.dose(item["dose"])),
            **cite("dayOfTreatmentProof", None if day is None else behind.day(day)),
        }
        times = [{**time, **cite("proof", behind.time(time["name"]))} for time in item.get("times", ())]
        return {**item, **cited, **({"times": times} if times else {})}

    reasons = ((name, behind.noted("not applicable", name)) for name in form["notApplicable"])
    return {
        **form,
        "failure": failure(form["failure"]),
        **cites("notApplicableProofs", reasons),
        "resistance": [
            {
                **item,
                **cite("proof", behind.status(item["drug"], item["status"])),
                **cites("heightenedByProofs", ((name, behind.heightened(name)) for name in item["heightenedBy"])),
            }
            for item in form["resistance"]
        ],
        "hypotheses": [
            {**item, **cite("proof", behind.hypothesis(item["name"], item["status"])), **positions(item)}
            for item in form["hypotheses"]
        ],
        "recommendations": [advice(item) for item in form["recommendations"]],
        "cautions": noted("caution", form["cautions"]),
        "pitfalls": noted("pitfall", form["pitfalls"]),
        "questions": noted("question", form["questions"], "fact"),
        "conflicts": [disagreement(item) for item in form["conflicts"]],
        "gaps": noted("gap", form["gaps"], "id"),
        "proofs": _steps(numbers, knowledge),
    }


def _steps(numbers: Numbers, knowledge: Knowledge) -> dict[str, Any]:
    """Return the steps of numbered facts as JSON."""
    templates = knowledge.once(_Templates)
    return {name: templates.filled(step, numbers.names) for name, step in numbers.steps.items()}


class _Templates:
    """The published forms of steps, with what is the same in every case.

    An answer has hundreds of steps, and to copy a dictionary takes a fraction of what it takes to lay one out. What is
    handed out is always a copy, down to the last part, because it is the caller's to change.
    """

    def __init__(self, knowledge: Knowledge) -> None:
        self._words = lexicon(knowledge)
        self._stated: dict[Triple, dict[str, Any]] = {}
        self._derived: dict[tuple[str, tuple[Term, ...], bool], dict[str, Any]] = {}

    def filled(self, step: Step, names: Mapping[Triple, str]) -> dict[str, Any]:
        """Return the form of a step; the premises go by their names."""
        fact = step.conclusion
        if isinstance(step, Given):
            return {"fact": _pattern(fact.subject, fact.predicate, fact.object), "by": "given", "place": step.place}
        if isinstance(step, Derived):
            key = step.rule, step.axiom, bool(step.absences)
            form = (self._derived.get(key) or self._derived.setdefault(key, self._of_derived(step))).copy()
            form["fact"] = _pattern(fact.subject, fact.predicate, fact.object)
            if step.axiom:
                form["axiom"] = [_term(term) for term in step.axiom]
            form["premises"] = [names[premise] for premise in step.premises]
            if step.absences:
                form["absent"] = [[_pattern(*pattern) for pattern in group] for group in step.absences]
        else:
            form = (self._stated.get(fact) or self._stated.setdefault(fact, self._of_stated(step))).copy()
            form["fact"] = form["fact"].copy()
            if isinstance(fact.object, Literal):
                form["fact"]["object"] = _term(fact.object)
        form["statements"] = [statement.copy() for statement in form["statements"]]
        return form

    def _of_derived(self, step: Derived) -> dict[str, Any]:
        """Return the form of a step of reasoning; what differs from case to case is only a key, to be in its place."""
        form: dict[str, Any] = {"fact": None, "by": "rule" if step.rule in self._words.rules else "owl"}
        form["rule"] = step.rule
        if step.axiom:
            form["axiom"] = None
        form["premises"] = None
        if step.absences:
            form["absent"] = None
        form["statements"] = self._statements(step)
        return form

    def _of_stated(self, step: Stated) -> dict[str, Any]:
        fact = step.conclusion
        pattern = _pattern(fact.subject, fact.predicate, fact.object)
        return {"fact": pattern, "by": "stated", "statements": self._statements(step)}

    def _statements(self, step: Step) -> list[dict[str, Any]]:
        return [statement.to_json() for statement in self._words.statements(step)]


def _pattern(subject: object, predicate: NamedNode, value: object) -> dict[str, Any]:
    """Return a fact, or a pattern of facts with None for anything, as JSON."""
    return {
        "subject": _term(subject),
        "predicate": predicate.value.removeprefix(NAMESPACE),
        "object": _term(value),
    }


def _term(term: object) -> Any:
    """Return a term as JSON: the local name of one of ours, another IRI whole, a literal, or null for anything."""
    if isinstance(term, NamedNode):
        return term.value.removeprefix(NAMESPACE)
    if isinstance(term, Literal):
        return {"value": term.value, "datatype": term.datatype.value}
    return None if term is None else str(term)
