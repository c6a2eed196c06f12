"""Which sources lead, and which of them a case is about: where several lead, one that is about it speaks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Final

from pyoxigraph import NamedNode

from refractory.knowledge.knowledge import Knowledge
from refractory.knowledge.rule_graph import RULE, rule_triples
from refractory.model.facts import Closure
from refractory.vocabulary import local_name, rfy

_BECAUSE: Final = rfy("isNotApplicableBecause")


class Leaders:
    """The leading sources. Those of a knowledge are `knowledge.once(Leaders)`."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """The sources that lead, in the order of the sources: those that neither accompany another nor stand beside."""
        return tuple(source.id for source in self._knowledge.guidance if self.of(source.id) == source.id)

    def of(self, source: str) -> str | None:
        """Return the leading source to which one belongs: itself, or what it accompanies; None if it stands beside."""
        text, node = self._knowledge.text, rfy(source)
        if text(node, rfy("standsBeside")) or text(node, rfy("accompaniesSourcesBeside")):
            return None
        leader = text(node, rfy("accompanies"))
        return local_name(leader) if leader else source

    @cached_property
    def by_rule(self) -> Mapping[str, str]:
        """For each rule of a leading source, or of what accompanies one, that source; by the rule's first statement."""
        found = {}
        for rule, encoded in self._knowledge.encodes.items():
            cited = self._knowledge.cited(encoded)
            leaders = (leader for leader in (self.of(statement.source) for statement in cited) if leader)
            leader = next(leaders, None)
            if leader:
                found[rule] = leader
        return found

    @cached_property
    def with_reasons(self) -> tuple[str, ...]:
        """The leading sources that have a reason not to apply, for one case or another."""
        triples = rule_triples(self._knowledge.rules)
        rules = (t.subject for t in triples if t.predicate == rfy("concludes") and t.object == _BECAUSE)
        speaking = {self.by_rule.get(rule.value.removeprefix(RULE)) for rule in rules if isinstance(rule, NamedNode)}
        return tuple(source for source in self.sources if source in speaking)

    @cached_property
    def without_reasons(self) -> Mapping[str, tuple[NamedNode, ...]]:
        """What holds of these reasons in most cases: none."""
        return dict.fromkeys(self.with_reasons, ())

    def means_another_subject(self, reason: NamedNode) -> bool:
        """Say whether a reason says that a case is about something else."""
        return self._knowledge.text(reason, rfy("meansAnotherSubject")) == "true"


class Applicable:
    """Which leading sources are about one case."""

    def __init__(self, leaders: Leaders, case: NamedNode, closure: Closure) -> None:
        self._leaders = leaders
        self._case = case
        self._closure = closure
        self._reasons = self._holding()
        another = leaders.means_another_subject
        about = tuple(source for source, reasons in self._reasons.items() if not any(map(another, reasons)))
        # The sources that the case is about, whether they apply or not; without any, the first.
        self._about = about or tuple(self._reasons)[:1]

    def _holding(self) -> Mapping[str, tuple[NamedNode, ...]]:
        """Return for each leading source that has reasons, those that hold."""
        held = self._closure.concluded(_BECAUSE)
        if not held:
            return self._leaders.without_reasons
        found: dict[str, list[NamedNode]] = {source: [] for source in self._leaders.with_reasons}
        for reason, rules in held.items():
            for source in {self._leaders.by_rule[rule] for rule in rules if rule in self._leaders.by_rule}:
                if isinstance(reason, NamedNode):
                    found[source].append(reason)
        return {source: tuple(reasons) for source, reasons in found.items()}

    @property
    def reasons(self) -> tuple[NamedNode, ...]:
        """Why the guidance does not apply: nothing where one leading source does."""
        held = [self._reasons[source] for source in self._about]
        return tuple(reason for reasons in held for reason in reasons) if all(held) else ()

    def speaks(self, predicate: NamedNode, value: NamedNode) -> bool:
        """Say whether a conclusion is one of a source that the case is about; one that nothing concluded is not."""
        rules = self._closure.rules_behind(self._case, predicate, value)
        sources = {self._leaders.by_rule[rule] for rule in rules if rule in self._leaders.by_rule}
        return any(source in self._about or source not in self._reasons for source in sources)
