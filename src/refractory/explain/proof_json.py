"""Proofs in the JSON of an assessment: `proofs` by identifier, and `proof` in each conclusion.

A proof is numbered from its conclusion down: first the conclusion, then what it rests on; conclusions in the order of
the JSON. A step that several conclusions rest on stands once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pyoxigraph import Literal, NamedNode, Triple

from refractory.explain.conclusions import Behind, conclusions, proof_of
from refractory.explain.lexicon import Lexicon, lexicon
from refractory.knowledge.knowledge import Knowledge
from refractory.model.assessment import Assessment
from refractory.model.proof import Derived, Given, Proof, Step
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
    names = numbered(facts, proof)
    words = lexicon(knowledge)
    return {name: _step(proof.steps[fact], names, words) for fact, name in names.items()}, names


def numbered(facts: Iterable[Triple], proof: Proof) -> dict[Triple, str]:
    """Return numbers for facts and all that they rest on, each fact before its premises."""
    names: dict[Triple, str] = {}
    steps = proof.steps
    for root in facts:
        pending = [root]
        while pending:
            fact = pending.pop()
            if fact in names:
                continue
            names[fact] = f"p{len(names) + 1}"
            step = steps[fact]
            if isinstance(step, Derived):
                pending.extend(reversed(step.premises))
    return names


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
    proofs, names = proofs_json(assessment, knowledge)
    behind = Behind(assessment, knowledge)

    def cite(key: str, fact: Triple | None) -> dict[str, str]:
        return {key: names[fact]} if fact is not None and fact in names else {}

    def cites(key: str, found: Iterator[tuple[str, Triple | None]]) -> dict[str, dict[str, str]]:
        known = {name: names[fact] for name, fact in found if fact is not None and fact in names}
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
        proven = {
            **item,
            "cautions": noted("caution", item["cautions"]),
            **cite("proof", behind.kind(action, item["kind"])),
            **cite("urgencyProof", behind.urgency(action, item["urgency"])),
            **positions(item),
        }
        if "forThisPatient" in item:
            proven["forThisPatient"] = {**item["forThisPatient"], **cite("proof", behind.amount(action))}
        return proven

    failure = form["failure"]
    times = [{**time, **cite("proof", behind.time(time["name"]))} for time in failure.get("times", ())]
    reasons = ((name, behind.noted("not applicable", name)) for name in form["notApplicable"])
    return {
        **form,
        "failure": {
            **failure,
            **cite("proof", behind.failing() if failure["failing"] else None),
            **cite("doseProof", behind.dose(failure["dose"])),
            **cite(
                "dayOfTreatmentProof", behind.day(failure["dayOfTreatment"]) if "dayOfTreatment" in failure else None
            ),
            **({"times": times} if times else {}),
        },
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
        "proofs": proofs,
    }


def _step(step: Step, names: Mapping[Triple, str], words: Lexicon) -> dict[str, Any]:
    """Return one step as JSON."""
    fact = step.conclusion
    # A predicate is an IRI, and so is the subject of a fact about a case.
    subject, predicate = _term(fact.subject), _term(fact.predicate)
    form: dict[str, Any] = {"fact": {"subject": subject, "predicate": predicate, "object": _term(fact.object)}}
    if isinstance(step, Given):
        form["by"], form["place"] = "given", step.place
        return form
    if isinstance(step, Derived):
        form["by"] = "rule" if step.rule in words.rules else "owl"
        form["rule"] = step.rule
        if step.axiom:
            form["axiom"] = list(map(_term, step.axiom))
        form["premises"] = [names[premise] for premise in step.premises]
        if step.absences:
            form["absent"] = [
                [{"subject": _term(s), "predicate": _term(p), "object": _term(o)} for s, p, o in group]
                for group in step.absences
            ]
    else:
        form["by"] = "stated"
    form["statements"] = words.statements_json(step)
    return form


def _term(term: object) -> Any:
    """Return a term as JSON: the local name of one of ours, another IRI whole, a literal, or null for anything."""
    if isinstance(term, NamedNode):
        return term.value.removeprefix(NAMESPACE)
    if isinstance(term, Literal):
        return {"value": term.value, "datatype": term.datatype.value}
    return None if term is None else str(term)
