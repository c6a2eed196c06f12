"""The conclusions of a case as values that compare: what each is, its name, and what is said of it.

The ontology's annotations say which property of a case is a conclusion, and of what sort; nothing is put together, so
that many closures can be compared for little.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Final, NamedTuple

from pyoxigraph import Literal, NamedNode, Triple

from refractory.engine.compiled import CompiledClosure
from refractory.engine.incremental import Variations
from refractory.errors import ContradictionError
from refractory.knowledge.knowledge import Knowledge
from refractory.model.facts import Closure
from refractory.model.proof import Term
from refractory.vocabulary import local_name, rfy

ACTION: Final = "action"

# The sorts of conclusions in the order of reading, by the property that a case has, or by the annotation that says so.
_BY_ANNOTATION: Final = {
    "givesKind": ACTION,
    "givesUrgency": ACTION,
    "givesDoseOf": "amount",
    "givesStatus": "status",
    "givesHypothesisStatus": "hypothesis",
    "givesDisagreement": "disagreement",
}
_BY_PROPERTY: Final = {
    "meetsConflict": "conflict",
    "raisesCaution": "caution",
    "meetsPitfall": "pitfall",
    "meetsGap": "gap",
    "isNotApplicableBecause": "not applicable",
}
# What another source advises counts only where the leading one says nothing: it ranks after every grade of that.
_AFTER_LEADER: Final = 100
_HEIGHTENED: Final = rfy("isHeightenedBy")
SORTS: Final = (
    ACTION, "amount", "status", "suspicion", "hypothesis", "conflict", "disagreement", "caution", "pitfall", "gap",
    "not applicable",
)  # fmt: skip


class Key(NamedTuple):
    """What a conclusion is of, and its name: the local name of an action, a drug, a hypothesis, a pitfall ..."""

    what: str
    name: str


# For each conclusion, what is said of it: kind and urgency, a status, an amount and its unit, or nothing more.
Conclusions = Mapping[Key, tuple[str, ...]]
# A fact that concludes: the place of its property among the meanings, and the value.
Fact = tuple[int, Term]
Raw = Mapping[Fact, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What it means that a case has a property.

    Attributes:
        predicate: The property.
        what: The sort of conclusion.
        aspect: Which annotation says so, or an empty string: an action has a kind and an urgency.
        grade: What the property says of its value, such as a status; for an amount, its unit.
        rank: How strong that is; the smallest wins.
        subject: What the conclusion is of where the value does not say it, as with an amount.
    """

    predicate: NamedNode
    what: str
    aspect: str
    grade: str
    rank: int
    subject: str


class Meanings:
    """Reads the conclusions off closures. Made once for a knowledge; it never changes."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._meanings = tuple(_meanings(knowledge))
        self._heightens = {
            fact: local_name(knowledge.text(fact, rfy("heightensSuspicionOf")))
            for fact in knowledge.subjects(rfy("heightensSuspicionOf"))
        }

    @cached_property
    def places(self) -> Mapping[NamedNode, Sequence[int]]:
        """The places of each property among the meanings; one that gives a kind may give an urgency too."""
        found: dict[NamedNode, list[int]] = {}
        for place, meaning in enumerate(self._meanings):
            found.setdefault(meaning.predicate, []).append(place)
        return found

    def raw(self, closure: Closure) -> Raw:
        """Return the facts of a closure that conclude something, with the rules behind each."""
        return {
            (place, value): rules
            for predicate, places in self.places.items()
            for value, rules in closure.concluded(predicate).items()
            for place in places
        }

    def key(self, place: int, value: Term) -> Key:
        """Return the conclusion to which a fact belongs."""
        meaning = self._meanings[place]
        if meaning.what == "suspicion" and isinstance(value, NamedNode):
            return Key(meaning.what, self._heightens.get(value, local_name(value.value)))
        return Key(meaning.what, meaning.subject or local_name(value.value))

    def conclusions(self, raw: Iterable[Fact]) -> Conclusions:
        """Return what the facts conclude; of two grades for one thing, the stronger."""
        found: dict[Key, dict[str, tuple[int, str]]] = {}
        for place, value in raw:
            meaning = self._meanings[place]
            said = found.setdefault(self.key(place, value), {})
            if meaning.rank:
                grade = (meaning.rank, meaning.grade)
                said[meaning.aspect] = min(said.get(meaning.aspect, grade), grade)
            elif text := _said(meaning, value):
                said[text] = (0, text)
        return {key: tuple(said[aspect][1] for aspect in sorted(said)) for key, said in found.items()}


@dataclass(frozen=True, slots=True)
class Changed:
    """A conclusion that would be another if a case said more.

    Attributes:
        said: What would be said of it; None if it would go.
        rules: The rules behind it, as it is or would be.
    """

    said: tuple[str, ...] | None
    rules: frozenset[str]


class Varied:
    """The conclusions of one case, and how they would change if it said more; of each addition, only the change."""

    def __init__(self, meanings: Meanings, closure: CompiledClosure) -> None:
        self._meanings = meanings
        self._raw = meanings.raw(closure)
        self._variations = Variations(closure, meanings.places)
        self._facts: dict[Key, list[Fact]] = {}
        for fact in self._raw:
            self._facts.setdefault(meanings.key(*fact), []).append(fact)
        self.now = meanings.conclusions(self._raw)

    def adding(self, facts: Iterable[Triple]) -> dict[Key, Changed]:
        """Return what comes, goes or changes if a case says some facts too; what cannot be changes nothing."""
        try:
            difference = self._variations.adding(facts)
        except ContradictionError:
            return {}
        # The facts that come or go, by what they conclude, with their rules there or here.
        turned: dict[Key, dict[Fact, tuple[str, ...]]] = {}
        for (predicate, value), rules in difference.items():
            for place in self._meanings.places[predicate]:
                fact = (place, value)
                if (rules is None) == (fact in self._raw):
                    turned.setdefault(self._meanings.key(*fact), {})[fact] = rules or self._raw.get(fact, ())
        found = {}
        for key, some in turned.items():
            said = self._meanings.conclusions(some.keys() ^ self._facts.get(key, ())).get(key)
            if said != self.now.get(key):
                found[key] = Changed(said, frozenset(name for names in some.values() for name in names))
        return found


def _said(meaning: _Meaning, value: Term) -> str:
    if isinstance(value, Literal):
        return f"{Decimal(value.value).normalize():f} {meaning.grade}".strip()
    return local_name(value.value) if meaning.what == "suspicion" else meaning.grade


def difference(before: Conclusions, after: Conclusions) -> tuple[Key, ...]:
    """Return what comes, goes or changes, in canonical order."""
    keys = before.keys() | after.keys()
    return tuple(sorted(key for key in keys if before.get(key) != after.get(key)))


def _meanings(knowledge: Knowledge) -> Iterator[_Meaning]:
    for annotation, what in _BY_ANNOTATION.items():
        for predicate in knowledge.subjects(rfy(annotation)):
            for term in knowledge.values(predicate, rfy(annotation)):
                if not isinstance(term, NamedNode):
                    continue
                if what == "amount":
                    unit = knowledge.value(predicate, rfy("hasUnit"))
                    said = knowledge.label(unit) if isinstance(unit, NamedNode) else ""
                    yield _Meaning(predicate, what, "", said, 0, local_name(term.value))
                else:
                    rank = int(knowledge.text(term, rfy("rank")) or 0)
                    if rank and knowledge.ranks_after_leader(predicate):
                        rank += _AFTER_LEADER
                    yield _Meaning(predicate, what, annotation, local_name(term.value), rank, "")
    for name, what in _BY_PROPERTY.items():
        yield _Meaning(rfy(name), what, "", "", 0, "")
    yield _Meaning(_HEIGHTENED, "suspicion", "", "", 0, "")
