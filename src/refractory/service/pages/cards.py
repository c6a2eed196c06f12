"""An assessment as cards: the page that every form of an answer is written from, with names, links and proofs to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any, Final
from urllib.parse import quote
from zlib import crc32

from refractory.errors import UsageError
from refractory.explain.conclusions import conclusions
from refractory.knowledge.knowledge import Knowledge
from refractory.model.assessment import Assessment
from refractory.model.findings import Conflict, Hypothesis, Noted, Recommendation
from refractory.model.sources import StatementRef
from refractory.render.page import Item, Page, page
from refractory.render.positions import Beside
from refractory.render.words import Words, quantity

AVOID: Final = "Avoid"
# The kinds of advice in the order of reading, as the page has them.
_KINDS: Final = ("Recommend", "Consider", AVOID)

QUESTIONS: Final = "What to find out"
SOURCES: Final = ("Sources beside the leading one", "What the cited lines say, in our words")
"""The headings of what stands apart: the questions have forms, and the sources stand at the end."""


@dataclass(frozen=True, slots=True)
class Link:
    """A text and where it leads."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class Places:
    """Places in one source."""

    source: Link
    lines: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One line that is said, and the places that it rests on."""

    text: str
    places: tuple[Places, ...] = ()


@dataclass(frozen=True, slots=True)
class Quoted:
    """A statement in our words, and its place."""

    place: Link
    says: str


@dataclass(frozen=True, slots=True)
class Key:
    """What a card is of: the sort of conclusion, its name, and for a proof the name by which it is asked for."""

    sort: str
    name: str
    conclusion: str = ""

    @property
    def anchor(self) -> str:
        """The anchor of its card: what goes by a sentence is called by a number that stands for it."""
        name = self.name if self.conclusion else f"{crc32(self.name.encode()):08x}"
        return re.sub(r"[^A-Za-z0-9_-]+", "-", f"{self.sort}-{name}")


@dataclass(frozen=True, slots=True)
class Caution:
    """What to mind: its name, what it means, and its places."""

    title: str
    definition: str
    places: tuple[Places, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """One thing concluded.

    Attributes:
        key: What it is of.
        title: What it says.
        kind: How strongly it is advised, as a word; empty where it is no advice.
        urgency: How soon, as a word.
        look: The name of the kind, by which it looks.
        dose: How a drug is given.
        for_patient: The amount worked out for this patient.
        first: What stands first: why it comes before everything, or why it is only to be considered; and what it means.
        details: What else is said.
        cautions: What to mind with it.
        places: Where its statements stand.
        statements: The statements in our words.
        beside: What other sources say.
        proved: There is a proof to show.
    """

    key: Key
    title: str
    kind: str = ""
    urgency: str = ""
    look: str = ""
    dose: str = ""
    for_patient: str = ""
    first: tuple[Line, ...] = ()
    details: tuple[Line, ...] = ()
    cautions: tuple[Caution, ...] = ()
    places: tuple[Places, ...] = ()
    statements: tuple[Quoted, ...] = ()
    beside: tuple[Line, ...] = ()
    proved: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A heading and its cards; `advice` where each says what to do, and their order is an order of steps."""

    heading: str
    cards: tuple[Card, ...]
    advice: bool = False

    @property
    def anchor(self) -> str:
        """The anchor of its heading."""
        return "part-" + re.sub(r"[^a-z0-9]+", "-", self.heading.casefold()).strip("-")


@dataclass(frozen=True, slots=True)
class View:
    """All that is shown of an answer but the questions.

    Attributes:
        title: The case and the day.
        alarm: The red flags; None without any.
        lead: What is to be known before anything else.
        proofs: The keys of what the lead says and there is a proof of, each with its title.
        advice: What to do, to consider and to avoid.
        parts: What follows, in order.
        sources: The sources, and what their lines say.
        foot: The notice, and what the answer was made with.
    """

    title: str
    alarm: Part | None
    lead: tuple[str, ...]
    proofs: tuple[tuple[Key, str], ...]
    advice: tuple[Part, ...]
    parts: tuple[Part, ...]
    sources: tuple[Part, ...]
    foot: tuple[str, ...]

    @property
    def cards(self) -> Iterator[tuple[Part, Card]]:
        """Every card that stands for a conclusion, with the part in which it stands."""
        for part in (*([self.alarm] if self.alarm else ()), *self.advice, *self.parts):
            yield from ((part, card) for card in part.cards)


def view(assessment: Assessment, knowledge: Knowledge) -> View:
    """Return an assessment as cards."""
    return _Viewer(assessment, knowledge).view()


_Keyed = tuple[Key, Sequence[StatementRef]]


class _Viewer:
    def __init__(self, assessment: Assessment, knowledge: Knowledge) -> None:
        self._assessment = assessment
        self._words = Words(knowledge)
        self._beside = Beside(assessment, self._words)
        self._page: Page = page(assessment, knowledge)
        self._proved = {(c.sort, c.name): c.title for c in _conclusions(assessment, knowledge)}
        groups = tuple(_groups(assessment))
        self._said: dict[str, tuple[StatementRef, ...]] = {}
        self._said |= {self._words.places([s]): (s,) for group in groups for s in group}
        self._said |= {self._words.places(group): group for group in groups}
        self._first = [a for a in assessment.recommendations if a.red_flag and a.kind != AVOID]

    def view(self) -> View:
        page = self._page
        numbered = [section for section in page.sections if section.numbered]
        below = [advice for advice in self._assessment.recommendations if advice not in self._first]
        kinds = [
            kind
            for kind in dict.fromkeys([*_KINDS, *(advice.kind for advice in below)])
            if any(advice.kind == kind for advice in below)
        ]
        advised = tuple(
            Part(
                section.heading,
                tuple(self._advised(section.items, [a for a in below if a.kind == kind])),
                advice=True,
            )
            for section, kind in zip(numbered, kinds, strict=True)
        )
        parts = [
            Part(section.heading, tuple(self._entries(section.heading, section.items)))
            for section in page.sections
            if not section.numbered and section.heading != QUESTIONS
        ]
        lead = [Key(sort, name, name) for sort, name in self._proved if sort in {"failure", "dose", "day of treatment"}]
        return View(
            title=page.title,
            alarm=Part(page.alarm.heading, tuple(self._alarm(page.alarm.items)), advice=True) if page.alarm else None,
            lead=page.lead,
            proofs=tuple((key, self._proved[key.sort, key.name]) for key in lead),
            advice=advised,
            parts=tuple(part for part in parts if part.heading not in SOURCES),
            sources=tuple(part for part in parts if part.heading in SOURCES),
            foot=page.foot,
        )

    # ---- advice ----

    def _alarm(self, items: Sequence[Item]) -> Iterator[Card]:
        yield from self._advised(items[: len(self._first)], self._first)
        # What is a red flag and stands at no action.
        yield from (Card(Key("red flag", item.text), item.text) for item in items[len(self._first) :])

    def _advised(self, items: Sequence[Item], advised: Sequence[Recommendation]) -> Iterator[Card]:
        for item, advice in zip(items, advised, strict=True):
            own = self._beside.added_by(advice)
            regimen = advice.regimen if advice.regimen and (advice.regimen.dose or not own) else None
            key = Key("recommendation", advice.action, advice.action)
            red_flags = self._beside.red_flags(position.name for position in advice.positions)
            brought = own and not advice.red_flag and self._beside.brought(advice)
            yield Card(
                key,
                item.text,
                kind=self._words.title(advice.kind),
                urgency=self._words.label(advice.urgency),
                look=advice.kind,
                dose=self._words.regimen(regimen) if regimen else "",
                for_patient=quantity(advice.for_this_patient) if advice.for_this_patient else "",
                first=tuple(
                    self._line(text)
                    for text in (
                        *self._beside.weakened(advice),
                        *red_flags,
                        *([self._words.definition(advice.action)] if brought else ()),
                    )
                    if text
                ),
                cautions=tuple(map(self._caution, advice.cautions)),
                places=self._places(advice.statements),
                statements=self._quoted(advice.statements),
                beside=tuple(map(self._line, item.beside)),
                proved=("recommendation", advice.action) in self._proved,
            )

    def _caution(self, noted: Noted) -> Caution:
        return Caution(
            self._words.title(noted.name), self._words.definition(noted.name), self._places(noted.statements)
        )

    # ---- everything else ----

    def _entries(self, heading: str, items: Sequence[Item]) -> Iterator[Card]:
        keyed = self._keyed.get(heading, [])
        for number, item in enumerate(items):
            # What names nothing that is concluded, such as a warning or a source, goes by what it says.
            key, statements = keyed[number] if len(keyed) == len(items) else (Key(heading, item.text), ())
            yield Card(
                key,
                item.text,
                details=tuple(map(self._line, item.details)),
                places=self._places(statements) or self._marked(item.mark),
                statements=self._quoted(statements),
                beside=tuple(map(self._line, item.beside)),
                proved=(key.sort, key.conclusion) in self._proved,
            )

    @cached_property
    def _keyed(self) -> dict[str, list[_Keyed]]:
        """The key and the statements of each item below the headings of the page."""
        answer = self._assessment

        def named(sort: str, items: Iterable[Noted | Hypothesis]) -> list[_Keyed]:
            return [(Key(sort, item.name, item.name), item.statements) for item in items]

        return {
            "Status of resistance": [(Key("resistance", r.drug, r.drug), r.statements) for r in answer.resistance],
            "What a table says of the mutations": [
                (Key("genotype", f"{g.virus}-{g.gene}-{g.mutation}"), g.statements) for g in answer.findings.genotype
            ],
            "Conflicts for you to decide": [
                (_conflict(conflict), conflict.statements) for conflict in answer.conflicts
            ],
            "Cautions": named("caution", answer.cautions),
            "Pitfalls": named("pitfall", answer.pitfalls),
            "Hypotheses": named("hypothesis", answer.hypotheses),
            "What the guidance does not say": [
                (Key("gap", g.id, g.id), (StatementRef(g.id, g.source, g.line),)) for g in answer.gaps
            ],
            "Why the guidance does not apply": [
                (Key("not applicable", name, name), ()) for name in answer.not_applicable
            ],
        }

    # ---- places ----

    def _marked(self, mark: str) -> tuple[Places, ...]:
        """Return the place that a mark names: a statement, or a source."""
        if mark in self._said:
            return self._places(self._said[mark])
        known = {source.id for source in self._assessment.guidance}
        return (Places(Link(mark, _page_of(mark)), ()),) if mark in known else ()

    def _line(self, text: str) -> Line:
        """Return a line of the page; the places at its end, in brackets, become links."""
        head, bracket, places = text.removesuffix("]").rpartition(" [")
        if text.endswith("]") and bracket and places in self._said:
            return Line(head, self._places(self._said[places]))
        return Line(text)

    def _places(self, statements: Iterable[StatementRef]) -> tuple[Places, ...]:
        found = []
        for source, group in groupby(statements, key=lambda statement: statement.source):
            lines = {self._words.place(s): Link(self._words.place(s), self._href(s)) for s in reversed(list(group))}
            found.append(Places(Link(source, _page_of(source)), tuple(reversed(lines.values()))))
        return tuple(found)

    def _quoted(self, statements: Iterable[StatementRef]) -> tuple[Quoted, ...]:
        return tuple(
            Quoted(Link(self._words.places([s]), self._href(s)), self._words.paraphrase(s.id)) for s in statements
        )

    def _href(self, statement: StatementRef) -> str:
        place = f"line-{statement.line}" if self._words.has_line(statement.id) else statement.id
        return f"{_page_of(statement.source)}#{quote(place)}"


def _page_of(source: str) -> str:
    """Return the page of a source, from the top of the site."""
    return f"knowledge/source/{quote(source, safe='')}.html"


def _conflict(conflict: Conflict) -> Key:
    if conflict.about is None:
        return Key("conflict", conflict.name, conflict.name)
    return Key("disagreement", f"{conflict.name}-{conflict.about}", conflict.name)


def _conclusions(assessment: Assessment, knowledge: Knowledge) -> Iterable[Any]:
    try:
        return conclusions(assessment, knowledge)
    except UsageError:
        # An engine that keeps no proofs has none to show.
        return ()


def _groups(assessment: Assessment) -> Iterator[tuple[StatementRef, ...]]:
    """Yield the statements of everything in an answer that says where it stands."""
    yield from (time.statements for time in assessment.failure.times)
    for advice in assessment.recommendations:
        yield tuple(s for time in assessment.failure.times if time.name in advice.weakened_by for s in time.statements)
        yield advice.statements
        yield from (caution.statements for caution in advice.cautions)
    at_actions = [caution for advice in assessment.recommendations for caution in advice.cautions]
    positions = (
        *(advice.positions for advice in assessment.recommendations),
        *(hypothesis.positions for hypothesis in assessment.hypotheses),
        *(noted.positions for noted in (*assessment.cautions, *assessment.pitfalls, *at_actions)),
    )
    yield from (position.statements for group in positions for position in group)
    yield from (status.statements for status in assessment.resistance)
    yield from (conflict.statements for conflict in assessment.conflicts)
    yield from (question.statements for question in assessment.questions)
    yield from (hypothesis.statements for hypothesis in assessment.hypotheses)
    yield from (noted.statements for noted in (*assessment.cautions, *assessment.pitfalls))
