"""What follows in each golden case, worked out once for all checks that ask which rules fire where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from refractory.errors import ContradictionError, UsageError
from refractory.genotype.table import ResistanceTable
from refractory.guidance.golden import GoldenCase
from refractory.knowledge.knowledge import Knowledge, load_files
from refractory.model.facts import Closure
from refractory.pipeline.knowledge_base import KnowledgeBase


@dataclass(frozen=True)
class Answers:
    """What follows in the golden cases.

    Attributes:
        closures: What follows from each case that can be reasoned about, by its slug.
        with_table: Whether a table of mutations was at hand.
    """

    closures: Mapping[str, Closure]
    with_table: bool

    @cached_property
    def rules(self) -> Mapping[str, frozenset[str]]:
        """The names of the rules that fired in each case, by the case's slug."""
        return {
            slug: frozenset(name for names in closure.rules.values() for name in names)
            for slug, closure in self.closures.items()
        }

    @cached_property
    def fired(self) -> frozenset[str]:
        """The names of the rules that fired in any case."""
        return frozenset(name for names in self.rules.values() for name in names)


def answers_of(knowledge: Knowledge, cases: Iterable[GoldenCase], table: ResistanceTable | None = None) -> Answers:
    """Work out what follows in golden cases, each by the sources, and with the table, for which it was written.

    Nothing is put together for people, so a rule that would make that impossible can still be told. A case that
    contradicts itself is left out: whoever tests the cases says what is wrong with it.

    Args:
        knowledge: The knowledge with all its sources.
        cases: The golden cases.
        table: A table of mutations; without one, no case is answered with one.

    Raises:
        KnowledgeError: The knowledge cannot be reasoned with.
    """
    closures: dict[str, Closure] = {}
    bases: dict[tuple[str, ...] | None, KnowledgeBase | None] = {}
    for case in cases:
        sources = case.sources(knowledge)
        if sources not in bases:
            bases[sources] = _base(knowledge, sources)
        kb = bases[sources]
        if kb is None:
            continue
        try:
            facts = kb.looked_up(case.case, table if case.with_table else None).facts
            (closures[case.slug],) = kb.reasoner.close([facts])
        except (ContradictionError, UsageError):
            continue
    return Answers(closures, table is not None)


def _base(knowledge: Knowledge, sources: tuple[str, ...] | None) -> KnowledgeBase | None:
    """Return the knowledge base of some sources; None where a case names one that is unknown."""
    try:
        return KnowledgeBase(knowledge if sources is None else load_files(knowledge.files, sources))
    except UsageError:
        return None
