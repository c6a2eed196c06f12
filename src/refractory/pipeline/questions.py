"""Which questions are worth asking: the unknown is tried in each way, and what would change nothing is not asked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Final

from pyoxigraph import Literal, NamedNode, Triple

from refractory.engine.compiled import CompiledClosure, CompiledReasoner
from refractory.knowledge.knowledge import Knowledge
from refractory.model.facts import CaseFacts, Closure
from refractory.model.findings import Question
from refractory.pipeline.conclusions import ACTION, Key, Meanings, Varied
from refractory.pipeline.variations import known_facts, said_of, said_with, whole_members
from refractory.vocabulary import PREFIX, Rdf, local_name, rfy

_RAISES = rfy("raisesQuestionOn")
_NAME: Final = re.compile(rf"\b{PREFIX}:(\w+)")


class Questions:
    """Works out questions. Made once for a knowledge; it never changes, apart from remembering what it looked up."""

    def __init__(self, knowledge: Knowledge, reasoner: CompiledReasoner) -> None:
        """Use the engine that can try an addition to a case for little: each question takes two or more."""
        self.knowledge = knowledge
        self.reasoner = reasoner
        self.meanings = Meanings(knowledge)
        self._answers: dict[NamedNode, tuple[tuple[NamedNode, NamedNode | Literal], ...]] = {}

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

    def varied(self, closure: CompiledClosure) -> Varied:
        """Return what tries additions to a case."""
        return Varied(self.meanings, closure)

    def ask(self, case: CaseFacts, closure: Closure | None = None) -> tuple[Question, ...]:
        """Return the questions of a case: what would change most first, and of what changes as much, the actions.

        Args:
            case: The case.
            closure: What follows from it, if that is known already.

        Raises:
            ContradictionError: The case as it is contradicts the ontology.
        """
        if not isinstance(closure, CompiledClosure):
            closure = self.reasoner.close([case])[0]
        varied = self.varied(closure)
        found = []
        for fact in self.unknown(case, closure):
            said = (said_of(case, fact, present=value) for value in (True, False))
            keys, rules = _changed(varied, ((triple,) for triple in said))
            keys -= self._found_out(fact)
            if keys:
                found.append((keys, fact, {name for key, names in rules.items() if key in keys for name in names}))
        for item, raised_by in closure.concluded(_RAISES).items():
            if isinstance(item, NamedNode) and item not in self.facts:
                keys, rules = _changed(varied, self._tried(case, item))
                found.append((keys, item, {name for names in (raised_by, *rules.values()) for name in names}))
        found.sort(key=lambda question: self._order(*question[:2]))
        return tuple(self._question(*question) for question in found)

    def _found_out(self, fact: NamedNode) -> set[Key]:
        """Return the advice to find a fact out, which goes when it is known, whatever it is."""
        return {Key(ACTION, local_name(a.value)) for a in self.knowledge.subjects(rfy("findsOut"), fact)}

    def _tried(self, case: CaseFacts, item: NamedNode) -> Iterator[Sequence[Triple]]:
        """Yield what a case would say more with each value that the ontology names for an item of it."""
        if item not in self._answers:
            self._answers[item] = tuple(self._values(item))
        for predicate, value in self._answers[item]:
            said = said_with(case, predicate, value, self.knowledge)
            if said is not None:
                yield said

    def _values(self, item: NamedNode) -> Iterator[tuple[NamedNode, NamedNode | Literal]]:
        """Yield the values that are tried for an item, each with the property that a case gives it by."""
        for predicate in self.knowledge.values(item, rfy("isAnsweredBy")):
            if not isinstance(predicate, NamedNode):
                continue
            for cls in self.knowledge.values(item, rfy("isAnsweredWith")):
                if isinstance(cls, NamedNode):
                    yield from ((predicate, member) for member in whole_members(self.knowledge, cls))
            for number in self.knowledge.values(item, rfy("isProbedWith")):
                if isinstance(number, Literal):
                    yield predicate, number

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


def _changed(varied: Varied, additions: Iterable[Iterable[Triple]]) -> tuple[set[Key], dict[Key, set[str]]]:
    """Return what comes, goes or changes by any addition, and the rules behind it there or here."""
    rules: dict[Key, set[str]] = {}
    for facts in additions:
        for key, changed in varied.adding(facts).items():
            rules.setdefault(key, set()).update(changed.rules)
    return set(rules), rules
