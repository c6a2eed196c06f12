"""What would bring advice about, or take it away: the smallest sets of unknown facts that change it, found by tries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations, islice, product
from math import comb
from typing import TYPE_CHECKING, Any, Final

from pyoxigraph import NamedNode

from refractory.case.reader import Case
from refractory.model.facts import CaseFacts
from refractory.pipeline.conclusions import ACTION, Key
from refractory.pipeline.named import named
from refractory.pipeline.variations import said_of, with_fact
from refractory.pipeline.what_if import CHANGES, COMES, GOES, text_of
from refractory.vocabulary import local_name, rfy

if TYPE_CHECKING:
    from refractory.pipeline.knowledge_base import KnowledgeBase

LARGEST: Final = 3
# How many sets are tried: all of up to three of eighteen facts, and seconds at most where a vocabulary has more.
MOST: Final = 8_000

_Set = frozenset[tuple[NamedNode, bool]]


@dataclass(frozen=True, slots=True)
class Pivot:
    """A smallest set of facts that changes the advice on an action.

    Attributes:
        present: The facts of the set that would be present, by name.
        absent: Those that would be absent.
        effect: Whether the advice `comes`, `goes` or `changes`.
        after: Its kind and urgency then; an empty string if it goes.
    """

    present: tuple[str, ...]
    absent: tuple[str, ...]
    effect: str
    after: str

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        form = {"present": list(self.present), "absent": list(self.absent), "effect": self.effect}
        return {**form, "after": self.after} if self.after else form


@dataclass(frozen=True, slots=True)
class Pivots:
    """All smallest sets of up to three unknown facts that change the advice on an action.

    Attributes:
        case: The IRI of the case.
        action: The name of the action.
        before: Kind and urgency of the advice as it is; an empty string if there is none.
        found: The sets, the smaller first, and of one size in the order of the source's steps; none holds another.
        note: What was left untried, or an empty string.
    """

    case: str
    action: str
    before: str
    found: tuple[Pivot, ...]
    note: str

    def __iter__(self) -> Iterator[Pivot]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)

    def to_json(self) -> dict[str, Any]:
        """Return the published form (`schemas/pivot.schema.json`)."""
        said = {"before": self.before, "note": self.note}
        return {
            "case": self.case,
            "action": self.action,
            **{key: text for key, text in said.items() if text},
            "pivots": [pivot.to_json() for pivot in self.found],
        }


def pivot(base: KnowledgeBase, case: Case, action: str, *, most: int = MOST) -> Pivots:
    """Find the smallest sets; `KnowledgeBase.pivot` says what comes in and out.

    Args:
        base: The knowledge base.
        case: The case.
        action: The name of the action.
        most: How many sets are tried at most.
    """
    term = named(action, base.knowledge.members(rfy("Action")), "action", base.knowledge)
    base.validate(case).raise_if_invalid()
    search = _Search(base, case, Key(ACTION, local_name(term.value)))
    found = []
    for supposed, after in search.found(most):
        names = {
            value: tuple(sorted(local_name(f.value) for f, v in supposed if v is value)) for value in (True, False)
        }
        effect = COMES if not search.before else CHANGES if after else GOES
        found.append(Pivot(names[True], names[False], effect, after))
    note = f"Not all sets were tried: the first {most} of {search.number}." if search.number > most else ""
    return Pivots(case.id, local_name(term.value), search.before, tuple(found), note)


class _Search:
    """Tries sets of facts that a case does not speak of, the smaller first."""

    def __init__(self, base: KnowledgeBase, case: Case, key: Key) -> None:
        self._base = base
        self._case = case
        self._key = key
        closure = base.questions.reasoner.close([case.facts])[0]
        self._unknown = base.questions.unknown(case.facts, closure)
        self._varied = base.questions.varied(closure)
        self.before = text_of(self._varied.now.get(key))
        self.number = sum(comb(len(self._unknown), size) * 2**size for size in range(1, LARGEST + 1))

    def found(self, most: int) -> Iterator[tuple[_Set, str]]:
        """Yield each smallest set that changes what is said of the action, and what is said then."""
        found: list[_Set] = []
        for supposed in islice(self._sets(), most):
            if any(smaller <= supposed for smaller in found):
                continue
            said = (said_of(self._case.facts, fact, present=value) for fact, value in supposed)
            changed = self._varied.adding(said).get(self._key)
            # What the shapes refuse is no case, and no advice is given on it.
            if changed is not None and self._base.validate(replace(self._case, facts=self._with(supposed))).conforms:
                found.append(supposed)
                yield supposed, text_of(changed.said)

    def _sets(self) -> Iterator[_Set]:
        """Yield the sets in a fixed order: by size, then in the order of the source's steps, present before absent."""
        for size in range(1, LARGEST + 1):
            for facts in combinations(self._unknown, size):
                for values in product((True, False), repeat=size):
                    yield frozenset(zip(facts, values, strict=True))

    def _with(self, supposed: _Set) -> CaseFacts:
        facts = self._case.facts
        for fact, value in supposed:
            facts = with_fact(facts, fact, present=value)
        return facts
