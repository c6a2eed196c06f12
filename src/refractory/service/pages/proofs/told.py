"""A proof told: each step as a sentence below the one that it serves, with its number in the drawing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pyoxigraph import Triple

from refractory.explain.conclusions import Conclusion, proof_of
from refractory.explain.drawing import sort_of
from refractory.explain.lexicon import lexicon
from refractory.explain.proof_json import numbered
from refractory.explain.sentences import Sentences, capital, shown
from refractory.knowledge.knowledge import Knowledge
from refractory.model.assessment import Assessment
from refractory.model.proof import Derived, Given, Step
from refractory.model.sources import StatementRef
from refractory.service.pages.proofs.links import Cited, Link, Ways
from refractory.vocabulary import rfy


@dataclass(frozen=True, slots=True)
class Told:
    """A step as it is told.

    Attributes:
        number: Its number, the same as in the drawing.
        sort: What sort of step it is; see `refractory.explain.drawing.SORTS`.
        concluded: It is what is asked about.
        says: What holds; for what was said, who said it.
        because: Why, as a clause; empty where it rests on nothing.
        absent: What nothing says, a clause each.
        place: Where in the case it was said, or an empty string.
        made_from: From which resource and element of a record it was made, or an empty string.
        rule: The rule; None where it is of another sort.
        axiom: The terms of the axiom.
        cited: The places of its statements.
    """

    number: int
    sort: str
    concluded: bool
    says: str
    because: str = ""
    absent: tuple[str, ...] = ()
    place: str = ""
    made_from: str = ""
    rule: Link | None = None
    axiom: tuple[Link, ...] = ()
    cited: tuple[Cited, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A step at its place in the tree.

    Attributes:
        step: The step.
        level: How deep it stands, 0 for a conclusion.
        again: It was told above, with all that it rests on.
        opens: What it rests on follows, one level deeper.
        closes: How many levels end after it.
    """

    step: Told
    level: int
    again: bool
    opens: bool
    closes: int


@dataclass(frozen=True, slots=True)
class Quoted:
    """A statement in our words, and its place."""

    place: Link
    says: str


class Teller:
    """Tells the proof of conclusions."""

    def __init__(self, assessment: Assessment, knowledge: Knowledge) -> None:
        self._facts = assessment.facts
        self._proof = proof_of(assessment)
        self._lexicon = lexicon(knowledge)
        self._sentences = Sentences(self._lexicon, assessment.facts.case)
        self._ways = Ways.of(knowledge)
        self._knowledge = knowledge

    def lines(self, items: Sequence[Conclusion]) -> tuple[Line, ...]:
        """Return the steps in the order of their numbers; one that was told is only named again."""
        roots = [fact for item in items for fact in item.facts]
        numbers = {fact: number for number, fact in enumerate(numbered(roots, self._proof), 1)}
        told = {fact: self._told(fact, number, concluded=fact in roots) for fact, number in numbers.items()}
        done: set[Triple] = set()
        found: list[Line] = []
        # What is still to be told, with its level; a proof may be deeper than Python's stack.
        pending = [(fact, 0) for fact in reversed(dict.fromkeys(roots))]
        while pending:
            fact, level = pending.pop()
            below = [] if fact in done else self._premises(fact)
            found.append(Line(told[fact], level, again=fact in done, opens=bool(below), closes=0))
            done.add(fact)
            pending += [(premise, level + 1) for premise in reversed(below)]
        return tuple(_closed(found))

    def quoted(self, items: Sequence[Conclusion]) -> tuple[Quoted, ...]:
        """Return the statements that steps carry, each once, in the order of sources and lines."""
        steps = (self._proof.steps[fact] for fact in numbered((f for item in items for f in item.facts), self._proof))
        cited = {statement.id: statement for step in steps for statement in self._lexicon.statements(step)}
        return tuple(self._quoted(self._knowledge.cited(cited)))

    def _quoted(self, statements: Sequence[StatementRef]) -> Iterator[Quoted]:
        for statement in statements:
            place = Link(self._lexicon.places([statement]), self._ways.statement(statement))
            yield Quoted(place, self._knowledge.text(rfy(statement.id), rfy("paraphrase")))

    def _premises(self, fact: Triple) -> list[Triple]:
        step = self._proof.steps[fact]
        return list(dict.fromkeys(step.premises)) if isinstance(step, Derived) else []

    def _told(self, fact: Triple, number: int, *, concluded: bool) -> Told:
        step = self._proof.steps[fact]
        said, sort = self._sentences.step(step), sort_of(step)
        if isinstance(step, Given):
            source = self._facts.sources.get(fact, "")
            place = said.place.removesuffix(f", from {source}") if sort == "said" else ""
            return Told(
                number,
                sort,
                concluded,
                _clean(f"{said.because} that {said.holds}"),
                place=place,
                made_from=shown(source),
            )
        return Told(
            number,
            sort,
            concluded,
            _clean(said.holds),
            shown(said.because),
            tuple(map(shown, said.absent)),
            rule=self._rule(step),
            axiom=self._ways.axiom(step.axiom) if isinstance(step, Derived) else (),
            cited=self._ways.cited(said.statements),
        )

    def _rule(self, step: Step) -> Link | None:
        if not isinstance(step, Derived) or step.rule not in self._lexicon.rules:
            return None
        return self._ways.rule(step.rule, self._lexicon.rules[step.rule].header["title"])


def _closed(lines: Sequence[Line]) -> Iterator[Line]:
    """Yield lines with the number of levels that end after each."""
    for place, line in enumerate(lines):
        following = lines[place + 1].level if place + 1 < len(lines) else 0
        yield Line(line.step, line.level, line.again, line.opens, max(0, line.level - following))


def _clean(text: str) -> str:
    return shown(capital(text))
