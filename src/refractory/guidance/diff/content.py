"""What changed in statements, gaps, positions, axioms, terms, rules and shapes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

from refractory.guidance.diff.items import SORTS, WHOLE, ItemReader, Items, Key, Said
from refractory.knowledge.knowledge import Knowledge

What = Literal["added", "removed", "changed"]
Depth = Literal["meaning", "words"]

# What others may name: in rules, cases, modules and documents of their own.
_NAMED: Final = {"guidance", "statement", "gap", "position", "term", "rule", "shape", "query", "code", "name"}
# What no answer and no other file rests on: the places of a source, checks of the files, headers.
_ASIDE: Final = {"source line", "check", "header"}


@dataclass(frozen=True, slots=True)
class ContentChange:
    """An item that came, went, or is said otherwise.

    Attributes:
        what: Whether it was added, removed or changed.
        key: What it is, and its name.
        depth: Whether its meaning changed, or words alone.
        owners: Whose it is: the guidances whose files differ in it, or the ontology as a whole.
        before: What was said of it and is no more.
        after: What is said of it and was not.
    """

    what: What
    key: Key
    depth: Depth
    owners: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def breaks(self) -> bool:
        """Whether something that others may name is gone."""
        return self.what == "removed" and self.key.sort in _NAMED

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return {
            "change": self.what,
            "sort": self.key.sort,
            "name": self.key.name,
            "depth": self.depth,
            "belongsTo": list(self.owners),
            "before": list(self.before),
            "after": list(self.after),
        }


def content_changes(old: Knowledge, new: Knowledge) -> tuple[ContentChange, ...]:
    """Return what changed between two knowledges, in the order of reading.

    Blank nodes compare by what they say, and the order of files and of what stands in them says nothing.

    Raises:
        KnowledgeError: A file is not what its place asks for.
    """
    before, after = ItemReader(old).read(), ItemReader(new).read()
    changes = [
        change
        for key in before.keys() | after.keys()
        if (change := _change(key, before.get(key, frozenset()), after.get(key, frozenset()))) is not None
    ]
    found = (change for change in changes if change.key.sort != "name" or _counts(change, before, after, new))
    return tuple(sorted(found, key=lambda change: (SORTS.index(change.key.sort), change.key.name)))


def _change(key: Key, before: frozenset[Said], after: frozenset[Said]) -> ContentChange | None:
    if before == after:
        return None
    gone, come = before - after, after - before
    what: What = "changed" if before and after else "added" if after else "removed"
    meant = {(s.owners, s.meaning) for s in gone if s.meaning} != {(s.owners, s.meaning) for s in come if s.meaning}
    deep = key.sort not in _ASIDE and (meant or (what != "changed" and key.sort != "name"))
    owners = tuple(sorted({owner for s in (*gone, *come) for owner in s.owners}))
    moved = {s.text for s in gone} & {s.text for s in come}
    return ContentChange(what, key, "meaning" if deep else "words", owners, _texts(gone, moved), _texts(come, moved))


def _texts(said: Iterable[Said], moved: set[str]) -> tuple[str, ...]:
    """Return what is said; what only went from one owner to another, with the owner."""
    return tuple(sorted(f"{s.text} (in {_named(s.owners)})" if s.text in moved else s.text for s in said))


def _named(owners: tuple[str, ...]) -> str:
    return ", ".join("the ontology" if owner == WHOLE else owner for owner in owners) or "no guidance"


def _counts(change: ContentChange, before: Items, after: Items, new: Knowledge) -> bool:
    """Say whether a change of a name matters: one that went with its term or is understood all the same does not."""
    term, _, word = change.key.name.partition(": ")
    if Key("term", term) not in before or Key("term", term) not in after or change.what == "changed":
        return False
    found = new.names.find(word)
    return change.what == "added" or found is None or not found.value.endswith(f"/{term}")
