"""Which questions are worth asking: the unknown is tried in each way, and what would change nothing is not asked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Final

from pyoxigraph import Literal, NamedNode

from refractory.engine.interface import Reasoner
from refractory.errors import ContradictionError
from refractory.knowledge.knowledge import Knowledge
from refractory.model.facts import CaseFacts, Closure
from refractory.model.findings import Question
from refractory.pipeline.conclusions import ACTION, Conclusions, Key, Meanings, Raw, difference
from refractory.pipeline.variations import known_facts, whole_members, with_fact, with_value
from refractory.vocabulary import PREFIX, Rdf, local_name, rfy

_RAISES = rfy("raisesQuestionOn")
_NAME: Final = re.compile(rf"\b{PREFIX}:(\w+)")


class Questions:
    """Works out questions. Made once for a knowledge; it never changes, apart from remembering what it looked up."""

    def __init__(self, knowledge: Knowledge, reasoner: Reasoner) -> None:
        """Use an engine that answers in little time, for each question takes a case twice or more."""
        self.knowledge = knowledge
        self.reasoner = reasoner
        self.meanings = Meanings(knowledge)

    @cached_property
    def facts(self) -> tuple[NamedNode, ...]:
        """The facts that may be asked for, in the order of the source's steps: no kinds of another, none in vain."""
        members = whole_members(self.knowledge, rfy("ClinicalFact"))
        return tuple(sorted((fact for fact in members if self._matters(fact)), key=self.place))

    def _matters(self, fact: NamedNode) -> bool:
        """Say whether anything in use speaks of a fact: a rule, another term, or a class below that of all facts."""
        classes = self.knowledge.values(fact, Rdf.TYPE)
        return any(cls != rfy("ClinicalFact") for cls in classes) or fact in self._spoken_of

    @cached_property
    def _spoken_of(self) -> frozenset[object]:
        logic = self.knowledge.logic
        named = {rfy(name) for rule in self.knowledge.rules for name in _NAME.findall(rule.text)}
        subjects = {t.subject for t in logic if t.predicate != Rdf.TYPE}
        return frozenset({*named, *subjects, *(t.object for t in logic)})

    def place(self, term: NamedNode) -> tuple[int, str]:
        """Return the place of a term in the order of the source's steps; what has none comes last, by its name."""
        return int(self.knowledge.text(term, rfy("stepOrder")) or 1_000), local_name(term.value)

    def unknown(self, case: CaseFacts, closure: Closure) -> tuple[NamedNode, ...]:
        """Return the facts that are neither present nor absent in a case, in the order of the source's steps."""
        known = known_facts(case, closure)
        return tuple(fact for fact in self.facts if fact not in known)

    def close(self, case: CaseFacts) -> Closure | None:
        """Return what would follow from a case that was varied; None if it cannot be so."""
        try:
            return self.reasoner.close([case])[0]
        except ContradictionError:
            return None

    def ask(self, case: CaseFacts) -> tuple[Question, ...]:
        """Return the questions of a case: what would change most first, and of what changes as much, the actions.

        Raises:
            ContradictionError: The case as it is contradicts the ontology.
        """
        closure = self.reasoner.close([case])[0]
        raw = self.meanings.raw(closure)
        now = (raw, self.meanings.conclusions(raw))
        found = []
        for fact in self.unknown(case, closure):
            keys, rules = self._changed(now, (with_fact(case, fact, present=value) for value in (True, False)))
            keys -= self._found_out(fact)
            if keys:
                found.append((keys, fact, {name for key, names in rules.items() if key in keys for name in names}))
        for item, raised_by in closure.concluded(_RAISES).items():
            if isinstance(item, NamedNode) and item not in self.facts:
                keys, rules = self._changed(now, self._tried(case, item))
                found.append((keys, item, {name for names in (raised_by, *rules.values()) for name in names}))
        found.sort(key=lambda question: self._order(*question[:2]))
        return tuple(self._question(*question) for question in found)

    def _changed(
        self, now: tuple[Raw, Conclusions], varied: Iterable[CaseFacts]
    ) -> tuple[set[Key], dict[Key, set[str]]]:
        """Return what comes, goes or changes in any varied case, and the rules behind it there or here."""
        keys: set[Key] = set()
        rules: dict[Key, set[str]] = {}
        for case in varied:
            closure = self.close(case)
            raw = now[0] if closure is None else self.meanings.raw(closure)
            facts = raw.keys() ^ now[0].keys()
            if not facts:
                continue
            changed = set(difference(now[1], self.meanings.conclusions(raw)))
            keys |= changed
            for fact in facts:
                key = self.meanings.key(*fact)
                if key in changed:
                    rules.setdefault(key, set()).update(raw.get(fact, ()), now[0].get(fact, ()))
        return keys, rules

    def _found_out(self, fact: NamedNode) -> set[Key]:
        """Return the advice to find a fact out, which goes when it is known, whatever it is."""
        return {Key(ACTION, local_name(a.value)) for a in self.knowledge.subjects(rfy("findsOut"), fact)}

    def _tried(self, case: CaseFacts, item: NamedNode) -> Iterator[CaseFacts]:
        """Yield a case with each value that the ontology names for an item of it."""
        for predicate in self.knowledge.values(item, rfy("isAnsweredBy")):
            for value in self._values(item):
                varied = (
                    with_value(case, predicate, value, self.knowledge) if isinstance(predicate, NamedNode) else None
                )
                if varied is not None:
                    yield varied

    def _values(self, item: NamedNode) -> Iterator[NamedNode | Literal]:
        for cls in self.knowledge.values(item, rfy("isAnsweredWith")):
            if isinstance(cls, NamedNode):
                yield from whole_members(self.knowledge, cls)
        for number in self.knowledge.values(item, rfy("isProbedWith")):
            if isinstance(number, Literal):
                yield number

    def _order(self, keys: set[Key], term: NamedNode) -> tuple[int, int, tuple[int, str]]:
        actions = sum(key.what == ACTION for key in keys)
        return -actions, actions - len(keys), self.place(term)

    def _question(self, keys: set[Key], term: NamedNode, rules: set[str]) -> Question:
        return Question(
            local_name(term.value),
            self.knowledge.text(term, rfy("asks")),
            tuple(sorted({key.name for key in keys})),
            self.knowledge.cited(statement for rule in rules for statement in self.knowledge.encodes[rule]),
        )
