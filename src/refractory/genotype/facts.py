"""The findings of a case looked up in a table: facts for the reasoner before, and what is told of them after.

The calls are facts that the reader of a case adds, as it adds isolates: rules weigh them, and no rule reads the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from pyoxigraph import Literal, NamedNode, Triple

from refractory.genotype.calls import Parameters, calls_of, key_of
from refractory.genotype.table import ResistanceTable
from refractory.knowledge.knowledge import Knowledge
from refractory.model.facts import CaseFacts, Closure, canonical
from refractory.model.genotype import CONFLICTING, RESISTANT, SUSCEPTIBLE, Calls, Mechanism
from refractory.model.report import Finding
from refractory.vocabulary import local_name, rfy

CALLED: Final = {
    RESISTANT: rfy("isCalledResistantTo"),
    SUSCEPTIBLE: rfy("isCalledSusceptibleTo"),
    CONFLICTING: rfy("isCalledConflictinglyFor"),
}
"""The property by which a case says each call; only a table gives it."""
_HAS_FINDING: Final = rfy("hasGenotypeFinding")
_VIRUS, _GENE, _MUTATION = rfy("foundInVirus"), rfy("foundInGene"), rfy("mutation")
_DOUBTFUL, _UNAFFECTED = rfy("makesDoubtful"), rfy("leavesUnaffected")
# What a finding may say besides, by the key of JSON.
_BESIDES: Final = {"effect": rfy("hasEffect"), "collectedOn": rfy("collectedOn"), "specimen": rfy("specimen")}
# The shape that warns of a finding which nothing interprets.
_NOT_INTERPRETED: Final = "GenotypeFindingConsistencyShape-notInterpreted"


@dataclass(frozen=True, slots=True)
class _Finding:
    node: NamedNode
    virus: NamedNode
    gene: NamedNode
    mutation: str
    besides: tuple[tuple[str, str], ...]


def with_calls(facts: CaseFacts, table: ResistanceTable, knowledge: Knowledge) -> CaseFacts:
    """Return a case with what a table says of its genotype findings.

    Args:
        facts: The case.
        table: The table.
        knowledge: The knowledge; where no source in use says how calls are made for a virus, nothing is added.
    """
    return replace(facts, frame=canonical((*facts.frame, *_called(facts, table, knowledge))))


def interpreted(facts: CaseFacts, closure: Closure, table: ResistanceTable, knowledge: Knowledge) -> tuple[Calls, ...]:
    """Return what a table says of each genotype finding of a case, with what follows from its gene.

    Args:
        facts: The case, as `with_calls` returned it.
        closure: What follows from it.
        table: The table.
        knowledge: The knowledge.
    """
    drugs, rules = _mechanisms(closure)
    found = []
    for finding in _findings(facts):
        parameters = Parameters.of(knowledge, finding.virus)
        if parameters is None:
            continue
        encoded = {statement for rule in rules.get(finding.node, ()) for statement in knowledge.encodes[rule]}
        calls = calls_of(key_of(finding.virus, finding.gene, finding.mutation), table, parameters)
        found.append(
            replace(
                calls,
                of_finding=finding.besides,
                mechanism=Mechanism(
                    *(tuple(sorted(drugs.get((finding.node, p), ()))) for p in (_DOUBTFUL, _UNAFFECTED))
                ),
                statements=knowledge.cited({*parameters.statements, *encoded} if calls.calls else encoded),
            )
        )
    return tuple(sorted(found, key=lambda calls: (calls.virus, calls.gene, calls.mutation, calls.of_finding)))


def told(
    warnings: Iterable[Finding], facts: CaseFacts, table: ResistanceTable, knowledge: Knowledge
) -> tuple[Finding, ...]:
    """Return the warnings of a case that was looked up: a finding is not interpreted only if the table has it not."""
    kept = []
    nodes = {finding.node.value: finding for finding in _findings(facts)}
    for warning in warnings:
        finding = nodes.get(warning.focus) if warning.shape == _NOT_INTERPRETED else None
        parameters = Parameters.of(knowledge, finding.virus) if finding else None
        if finding is None or parameters is None:
            kept.append(warning)
            continue
        calls = calls_of(key_of(finding.virus, finding.gene, finding.mutation), table, parameters)
        if not calls.calls:
            kept.append(_missing(warning, calls))
    return tuple(kept)


def _missing(warning: Finding, calls: Calls) -> Finding:
    statuses = ", ".join(sorted({unused.status or "none" for unused in calls.unused}))
    message = (
        "The table of mutations says nothing that can be used on a drug that is known here."
        if calls.in_table
        else "The table of mutations has no entry in use for this one."
    ) + (f" Entries of another status ({statuses}) are not used." if calls.unused else "")
    return replace(
        warning,
        name="no call by the table",
        value=calls.mutation,
        message=message,
        why="What a table does not say is neither resistant nor susceptible, so no call is made.",
        fix=f"Is {' or '.join(calls.nearest)} meant?" if calls.nearest else "Compare how table and finding write it.",
    )


def _called(facts: CaseFacts, table: ResistanceTable, knowledge: Knowledge) -> Iterator[Triple]:
    for finding in _findings(facts):
        parameters = Parameters.of(knowledge, finding.virus)
        if parameters is None:
            continue
        for call in calls_of(key_of(finding.virus, finding.gene, finding.mutation), table, parameters).calls:
            yield Triple(finding.node, CALLED[call.call], rfy(call.drug))


def _findings(facts: CaseFacts) -> Iterator[_Finding]:
    """Yield the findings that say one virus, one gene and one mutation; shapes refuse all others."""
    said: dict[object, dict[NamedNode, list[NamedNode | Literal]]] = {}
    for t in facts.asserted:
        if isinstance(t.object, NamedNode | Literal):
            said.setdefault(t.subject, {}).setdefault(t.predicate, []).append(t.object)
    for node in said.get(facts.case, {}).get(_HAS_FINDING, ()):
        parts = said.get(node, {})
        match [parts.get(predicate, []) for predicate in (_VIRUS, _GENE, _MUTATION)]:
            case [[NamedNode() as virus], [NamedNode() as gene], [Literal() as mutation]] if isinstance(
                node, NamedNode
            ):
                besides = ((key, parts[p][0]) for key, p in _BESIDES.items() if p in parts)
                yield _Finding(
                    node, virus, gene, mutation.value, tuple((key, local_name(v.value)) for key, v in besides)
                )


def _mechanisms(
    closure: Closure,
) -> tuple[dict[tuple[NamedNode, NamedNode], set[str]], dict[NamedNode, set[str]]]:
    """Return what findings make doubtful or leave unaffected, and the rules behind that, by finding."""
    drugs: dict[tuple[NamedNode, NamedNode], set[str]] = {}
    rules: dict[NamedNode, set[str]] = {}
    for fact in closure.inferred:
        if fact.predicate in (_DOUBTFUL, _UNAFFECTED) and isinstance(fact.subject, NamedNode):
            if isinstance(fact.object, NamedNode):
                drugs.setdefault((fact.subject, fact.predicate), set()).add(local_name(fact.object.value))
            rules.setdefault(fact.subject, set()).update(closure.rules.get(fact, ()))
    return drugs, rules
