"""What if some facts were present or absent: the answer as it is, the answer as it would be, and what differs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from refractory.case.reader import Case
from refractory.errors import UsageError
from refractory.model.assessment import Assessment
from refractory.model.findings import Failure
from refractory.pipeline.conclusions import SORTS, Conclusions, Key, difference
from refractory.pipeline.named import named
from refractory.pipeline.variations import contradiction, with_absent, with_present
from refractory.vocabulary import local_name, rfy

if TYPE_CHECKING:
    from refractory.genotype.table import ResistanceTable
    from refractory.pipeline.knowledge_base import KnowledgeBase

COMES: Final = "comes"
GOES: Final = "goes"
CHANGES: Final = "changes"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two answers.

    Attributes:
        kind: `comes`, `goes` or `changes`.
        what: The sort of conclusion: `action`, `amount`, `status`, `suspicion`, `hypothesis`, `conflict`, `caution`,
            `pitfall`, `gap`, `not applicable`, `failure`.
        name: Its name; for `failure`, `failing` or `dose`.
        before: What was said of it, such as kind and urgency; an empty string if it was not there, or nothing more.
        after: The same of what would be said.
    """

    kind: str
    what: str
    name: str
    before: str
    after: str

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        said = {"before": self.before, "after": self.after}
        return {"kind": self.kind, "what": self.what, "name": self.name, **{k: v for k, v in said.items() if v}}


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Two answers to one case, and what differs.

    Attributes:
        present: The facts that were supposed to be present, by name.
        absent: The facts that were supposed to be absent.
        before: The answer to the case as it is.
        after: The answer to the case as it would be.
        changes: What comes, goes or changes, in the order of reading.
    """

    present: tuple[str, ...]
    absent: tuple[str, ...]
    before: Assessment
    after: Assessment
    changes: tuple[Change, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the published form (`schemas/what-if.schema.json`)."""
        return {
            "present": list(self.present),
            "absent": list(self.absent),
            "before": self.before.to_json(),
            "after": self.after.to_json(),
            "changes": [change.to_json() for change in self.changes],
        }


def what_if(
    base: KnowledgeBase,
    case: Case,
    present: Iterable[str] = (),
    absent: Iterable[str] = (),
    *,
    table: ResistanceTable | None = None,
) -> WhatIf:
    """Answer a case as it is and as it would be; `KnowledgeBase.what_if` says what comes in and out."""
    knowledge = base.knowledge
    facts = knowledge.members(rfy("ClinicalFact"))
    held = tuple(dict.fromkeys(named(name, facts, "fact", knowledge) for name in present))
    denied = tuple(dict.fromkeys(named(name, facts, "fact", knowledge) for name in absent))
    if not held and not denied:
        raise UsageError("nothing is supposed.", fix="Name at least one fact that would be present or absent.")
    if found := contradiction(held, denied, knowledge):
        one, other = (local_name(fact.value) for fact in found)
        raise UsageError(
            f"{one} cannot be present while {other} is absent.",
            why="A fact is present or absent, and what is absent is absent in all its kinds.",
            fix="Suppose one of them.",
        )
    varied = case.facts
    for fact in held:
        varied = with_present(varied, fact, knowledge)
    for fact in denied:
        varied = with_absent(varied, fact, knowledge)
    before, after = base.assess(case, table=table), base.assess(replace(case, facts=varied), table=table)
    names = tuple(tuple(sorted(local_name(fact.value) for fact in facts)) for facts in (held, denied))
    return WhatIf(names[0], names[1], before, after, tuple(_changes(base, before, after)))


def compared(base: KnowledgeBase, one: Assessment, other: Assessment) -> Iterator[tuple[Key, str, str, bool]]:
    """Yield each conclusion of either answer: what it is, what each says of it, whether they differ; as it is read."""
    meanings = base.questions.meanings
    sides: tuple[Conclusions, Conclusions] = (
        meanings.conclusions(meanings.raw(one.closure)),
        meanings.conclusions(meanings.raw(other.closure)),
    )
    differing = set(difference(*sides))

    def place(key: Key) -> tuple[int, tuple[int, str]]:
        return SORTS.index(key.what), base.questions.place(rfy(key.name))

    for key in sorted(sides[0].keys() | sides[1].keys(), key=place):
        yield key, text_of(sides[0].get(key)), text_of(sides[1].get(key)), key in differing


def text_of(said: tuple[str, ...] | None) -> str:
    """Return what is said of a conclusion; `listed` where nothing more is, and nothing where it is not there."""
    return "" if said is None else ", ".join(said) or "listed"


def _changes(base: KnowledgeBase, before: Assessment, after: Assessment) -> Iterator[Change]:
    for key, was, would, differs in compared(base, before, after):
        if differs:
            kind = COMES if not was else CHANGES if would else GOES
            yield Change(kind, key.what, key.name, was, would)
    was_so, would_be = _failure(before.failure), _failure(after.failure)
    for name in was_so:
        if was_so[name] != would_be[name]:
            yield Change(CHANGES, "failure", name, was_so[name], would_be[name])


def _failure(failure: Failure) -> dict[str, str]:
    return {"failing": "yes" if failure.failing else "no", "dose": failure.dose}
