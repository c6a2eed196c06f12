"""The logic of guidance held against itself and against golden cases: every check of rules and positions in one run."""

from __future__ import annotations

from collections.abc import Iterable

from refractory.genotype.table import ResistanceTable
from refractory.guidance.answers import answers_of
from refractory.guidance.contradictions import contradictory_pairs
from refractory.guidance.fault import Fault
from refractory.guidance.firing import absences_that_nothing_fills, rules_that_cannot_fire, rules_that_never_fire
from refractory.guidance.golden import GoldenCase
from refractory.guidance.miswired import miswired_rules
from refractory.guidance.positions import contradictory_positions, misplaced_positions
from refractory.knowledge.knowledge import Knowledge, load_files


def faults_of_logic(
    knowledge: Knowledge, cases: Iterable[GoldenCase] = (), table: ResistanceTable | None = None
) -> tuple[Fault, ...]:
    """Return what is wrong with the logic of the sources in use, in the order of files.

    Rules are held against the whole knowledge, because one source's rules read what another's conclude; only
    what concerns a source in use is told. Without cases, nothing is said of what cases would show.

    Args:
        knowledge: The knowledge, loaded with the sources to check.
        cases: The golden cases.
        table: A table of mutations for the cases that are answered with one; without it, what only a table brings
            about is not asked for.

    Raises:
        KnowledgeError: The knowledge cannot be reasoned with.
    """
    sources = {path.split("/")[2] for path in knowledge.files.under("ontology/facts", ".ttl")}
    whole = knowledge if sources <= {source.id for source in knowledge.guidance} else load_files(knowledge.files)
    answers = answers_of(whole, cases, table)
    found = [
        *rules_that_cannot_fire(whole),
        *absences_that_nothing_fills(whole),
        *contradictory_pairs(whole, answers),
        *contradictory_positions(whole),
        *miswired_rules(whole, answers),
        *misplaced_positions(whole, answers),
        *rules_that_never_fire(whole, answers),
    ]
    rules, used = {rule.path for rule in knowledge.rules}, {source.id for source in knowledge.guidance}
    in_use = (f for f in found if f.file in rules or f.file.split("/")[2] in used)
    return tuple(sorted(set(in_use), key=lambda f: (f.file, f.check, f.message)))
