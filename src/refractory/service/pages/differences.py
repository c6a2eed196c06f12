"""What changed from one answer to the next: the cards that are new, changed and gone, and how it is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from refractory.service.pages.cards import Card, Part, View

NEW: Final = "new"
CHANGED: Final = "changed"
GONE: Final = "gone"


@dataclass(frozen=True, slots=True)
class Change:
    """One card that differs.

    Attributes:
        kind: `new`, `changed` or `gone`.
        heading: The heading below which it stands, or stood.
        title: What it says, with how strongly it is advised.
        was: What it said before where it says something else now, or an empty string.
        anchor: The anchor of the card; empty if it is gone.
        says: What it says now and did not say before, below its headline.
        unsaid: What it said before and does not say now.
    """

    kind: str
    heading: str
    title: str
    was: str = ""
    anchor: str = ""
    says: tuple[str, ...] = ()
    unsaid: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Differences:
    """All changes, in the order in which cards are read; and the sentences before the cards that are new."""

    changes: tuple[Change, ...]
    lead: tuple[str, ...]

    @property
    def marks(self) -> Mapping[str, Change]:
        """The change of each card that is there, by its anchor."""
        return {change.anchor: change for change in self.changes if change.anchor}

    @property
    def count(self) -> str:
        """How much changed, in a few words."""
        kinds = Counter(change.kind for change in self.changes)
        counted = ", ".join(f"{kinds[kind]} {kind}" for kind in (NEW, CHANGED, GONE) if kinds[kind])
        return counted or ("no card changed" if self.lead else "nothing changed")


def differences(before: View, after: View) -> Differences:
    """Return what differs between two answers to cases of which one was made of the other."""
    was = {card.key: (part, card) for part, card in before.cards}
    now = {card.key: (part, card) for part, card in after.cards}
    changes = [change for key, said in now.items() if (change := _change(was.get(key), said))]
    changes += [Change(GONE, part.heading, titled(card)) for key, (part, card) in was.items() if key not in now]
    return Differences(tuple(changes), tuple(sentence for sentence in after.lead if sentence not in before.lead))


def _change(was: tuple[Part, Card] | None, now: tuple[Part, Card]) -> Change | None:
    part, card = now
    if was is None:
        return Change(NEW, part.heading, titled(card), "", card.key.anchor)
    # Where it is proved from says nothing to who reads it.
    if part.heading == was[0].heading and replace(card, proved=False) == replace(was[1], proved=False):
        return None
    before, after = told(was[1]), told(card)
    lines_before, lines_after = _lines(was[1]), _lines(card)
    return Change(
        CHANGED,
        part.heading,
        titled(card),
        before if before != after else "",
        card.key.anchor,
        tuple(line for line in lines_after if line not in lines_before),
        tuple(
            line for line in lines_before if line not in lines_after and _named(line) not in map(_named, lines_after)
        ),
    )


def _named(line: str) -> str:
    """Return what a line says something of: where it says something else of it, that it was is clear."""
    return line.partition(": ")[0]


def _lines(card: Card) -> list[str]:
    """Return what a card says below its headline."""
    lines = [line.text for line in (*card.first, *card.details, *card.beside)]
    return [*lines, *(caution.title for caution in card.cautions)]


def titled(card: Card) -> str:
    """Return what a card says; an action that is to be avoided is never named without saying so."""
    return f"{card.kind}: {card.title}" if card.kind else card.title


def told(card: Card) -> str:
    """Return what a card says at a glance: how strongly, how soon, how much."""
    known = (card.kind.casefold(), card.urgency, card.dose, card.for_patient)
    return ", ".join(part for part in known if part) or card.title
