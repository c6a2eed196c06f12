"""Cases and ontologies of several times the usual size, to see how the cost grows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from pyoxigraph import BlankNode, NamedNode, Triple

from refractory import Case
from refractory.case.mapping import CaseMapping
from refractory.knowledge.knowledge import Knowledge
from refractory.model.facts import CaseFacts
from refractory.vocabulary import NAMESPACE, Owl, Rdf, Rdfs

FACTORS = (1, 2, 4, 8, 16)

_BASE = {
    "assessedOn": "2026-03-10",
    "condition": "HerpesZoster",
    "lesionCourse": "Spreading",
    "patient": {"ageYears": 64, "weightKg": 70.0, "creatinineClearanceMlPerMin": 85},
    "present": ["HivInfection", "UnexplainedWeightLoss"],
    "absent": ["OrganTransplantHistory"],
    "allergies": ["Famciclovir"],
    "unavailable": ["FoscarnetIntravenous"],
}
_TREATMENT = {
    "drug": "Valacyclovir", "route": "Oral", "doseMg": 1000, "timesPerDay": 3,
    "startedOn": "2026-03-01", "status": "Ongoing",
}  # fmt: skip
_RESULT = {"drug": "Acyclovir", "interpretation": "Resistant", "method": "Phenotypic", "collectedOn": "2026-03-08"}


def large_case(factor: int, knowledge: Knowledge, many: str = "treatments") -> CaseFacts:
    """Return a case with so many times four entries of a kind, and one of each other kind.

    Args:
        factor: How many times.
        knowledge: What names are resolved by.
        many: `treatments`, which stand apart, or `susceptibility`: rules compare each two results, so what follows of
            them grows with the square.
    """
    entries = {"treatments": _TREATMENT, "susceptibility": _RESULT}
    lists = {key: [entry] * (4 * factor if key == many else 1) for key, entry in entries.items()}
    return Case.from_json({"id": f"https://example.org/grown/{many}/{factor}", **_BASE, **lists}, knowledge).facts


def large_knowledge(factor: int, knowledge: Knowledge, apart: bool = True) -> Knowledge:
    """Return the knowledge with its ontology so many times; the rules stay, and name terms of the first copy.

    Args:
        factor: How many times.
        knowledge: The knowledge.
        apart: Every term of a copy has a name of its own, so that the case has nothing to do with the copies. Otherwise
            properties, the classes of a case's own nodes, and what is said of properties stay the same: every copy
            hangs on the properties that a case uses. Then some rules conclude more, such as those that speak of each
            hypothesis, so the answer grows too.
    """
    if factor == 1:
        return knowledge
    fixed = frozenset[str]() if apart else _fixed(knowledge)
    copies = [t for number in range(2, factor + 1) for t in _copy(knowledge, fixed, f"_copy{number}")]
    # Another hash: a program is named by it, and this is another knowledge.
    name = f"{knowledge.hash[:32]}{int(apart)}{factor:031d}"
    return dataclasses.replace(knowledge, logic=(*knowledge.logic, *copies), hash=name)


def _fixed(knowledge: Knowledge) -> frozenset[str]:
    """Return the IRIs that no copy renames."""
    ranges = {t.object for t in knowledge.logic if t.predicate in (Rdfs.DOMAIN, Rdfs.RANGE, Owl.DISJOINT_WITH)}
    types = CaseMapping.of(knowledge).types
    properties = {t.predicate.value for t in knowledge.logic} | {
        t.subject.value
        for t in knowledge.logic
        if isinstance(t.subject, NamedNode) and t.object in (Owl.OBJECT_PROPERTY, Owl.DATATYPE_PROPERTY)
    }
    return frozenset(properties | {t.value for t in (*ranges, *types) if isinstance(t, NamedNode)})


def _copy(knowledge: Knowledge, fixed: frozenset[str], suffix: str) -> Iterator[Triple]:
    """Yield the knowledge's triples under other names; nothing again of what keeps its name."""
    lists = {t.object for t in knowledge.logic if t.predicate == Owl.PROPERTY_CHAIN_AXIOM} if fixed else set()
    while more := {t.object for t in knowledge.logic if t.subject in lists and t.predicate == Rdf.REST} - lists:
        lists |= more

    def renamed(term: object) -> object:
        if isinstance(term, BlankNode):
            return BlankNode(term.value + suffix.strip("_"))
        if isinstance(term, NamedNode) and term.value.startswith(NAMESPACE) and term.value not in fixed:
            return NamedNode(term.value + suffix)
        return term

    for t in knowledge.logic:
        about_property = isinstance(t.subject, NamedNode) and t.subject.value in fixed
        if not about_property and t.subject not in lists:
            predicate = renamed(t.predicate)
            yield Triple(renamed(t.subject), predicate, renamed(t.object))  # type: ignore[arg-type]  # of the same kind
