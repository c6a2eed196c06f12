"""An assessment as a page: headings and items in the order in which a clinician reads, before any format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode, Triple

from refractory.knowledge.knowledge import Knowledge
from refractory.model.assessment import (
    NOTICE,
    Assessment,
    Conflict,
    GapMet,
    Hypothesis,
    Noted,
    Question,
    Recommendation,
    Resistance,
    StatementRef,
)
from refractory.render.words import Words, capital, quantity
from refractory.vocabulary import Rdf, local_name

# The kinds of advice, in the order of reading, and what stands above each.
_KINDS = {"Recommend": "What to do now", "Consider": "What to consider", "Avoid": "What to avoid"}


@dataclass(frozen=True, slots=True)
class Item:
    """One thing said: a headline, what stands below it, and the places in the sources.

    Attributes:
        text: The headline.
        mark: A word before it, such as an urgency, or an empty string.
        details: Lines below it.
        places: The places of its statements, or an empty string.
    """

    text: str
    mark: str = ""
    details: tuple[str, ...] = ()
    places: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its items; `numbered` where their order is an order of steps."""

    heading: str
    items: tuple[Item, ...]
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """All that is shown of one assessment.

    Attributes:
        title: The case and the day.
        lead: What is to be known before anything else.
        sections: What follows, none of them empty.
        foot: The notice, and what the answer was made with.
    """

    title: str
    lead: tuple[str, ...]
    sections: tuple[Section, ...]
    foot: tuple[str, ...]


def page(assessment: Assessment, knowledge: Knowledge) -> Page:
    """Return the page of an assessment; every clinical word in it is a label, definition or paraphrase of the graph."""
    return _Writer(assessment, Words(knowledge)).page()


class _Writer:
    def __init__(self, assessment: Assessment, words: Words) -> None:
        self._assessment = assessment
        self._words = words
        self._nodes: dict[str, list[Triple]] = {}
        for fact in assessment.facts.asserted:
            if isinstance(fact.subject, NamedNode):
                self._nodes.setdefault(fact.subject.value, []).append(fact)
        self._explained: set[str] = set()

    def page(self) -> Page:
        answer = self._assessment
        day = answer.facts.assessed_on
        title = f"Assessment of {answer.case}, {f'on {day.isoformat()}' if day else 'without a day of assessment'}"
        guidance = ", ".join(f"{source.id} {source.version}" for source in answer.guidance)
        version = answer.software_version
        made_with = f"Knowledge {answer.knowledge_hash[:12]}; guidance {guidance}; refractory {version}."
        sections = tuple(section for section in self._sections() if section.items)
        return Page(title, tuple(self._lead()), sections, (NOTICE, made_with))

    def _lead(self) -> Iterator[str]:
        answer, failure = self._assessment, self._assessment.failure
        if not answer.recommendations:
            if answer.not_applicable:
                reasons = self._words.labels(answer.not_applicable)
                yield f"The guidance does not apply to this case: {reasons}. It recommends nothing."
            else:
                unknown = " What is not known may change this: see what to find out." if answer.questions else ""
                yield f"From what is recorded of this case, the guidance recommends nothing.{unknown}"
        state = "Treatment is failing" if failure.failing else "Treatment is not shown to be failing"
        entries = [name for name in failure.because if name in self._nodes]
        if failure.because:
            courses = self._words.labels(name for name in failure.because if name not in self._nodes)
            known = [courses, f"dose {self._words.label(failure.dose)}"]
            if failure.day_of_treatment is not None:
                known.append(f"day {failure.day_of_treatment} of treatment")
            state += f": {'; '.join(part for part in known if part)}"
        yield f"{state}."
        for entry in entries:
            yield f"It rests on {self._described(entry)}."

    def _sections(self) -> Iterator[Section]:
        answer = self._assessment
        yield Section(
            "Status of resistance",
            tuple(map(self._resistance, answer.resistance)) or (Item("No drug has a status."),),
        )
        for kind in dict.fromkeys([*_KINDS, *(advice.kind for advice in answer.recommendations)]):
            heading = _KINDS.get(kind) or self._words.title(kind)
            items = tuple(self._advice(advice) for advice in answer.recommendations if advice.kind == kind)
            yield Section(heading, items, numbered=True)
        yield Section("Conflicts for you to decide", tuple(map(self._conflict, answer.conflicts)))
        yield Section("What to find out", tuple(map(self._question, answer.questions)))
        yield Section("Cautions", tuple(map(self._noted, answer.cautions)))
        yield Section("Pitfalls", tuple(map(self._noted, answer.pitfalls)))
        yield Section("Hypotheses", tuple(map(self._hypothesis, answer.hypotheses)))
        yield Section("What the guidance does not say", tuple(map(self._gap, answer.gaps)))
        yield Section(
            "Why the guidance does not apply",
            tuple(Item(self._defined(reason)) for reason in answer.not_applicable),
        )
        yield Section("Warnings about the data", tuple(self._warnings()))
        yield Section("What the cited lines say, in our words", tuple(self._cited()))

    def _resistance(self, status: Resistance) -> Item:
        details = {
            "Heightened by": self._words.labels(status.heightened_by),
            "For it": "; ".join(map(self._described, status.results_for)),
            "Against it": "; ".join(map(self._described, status.results_against)),
        }
        # What a status means is said where it first stands.
        meaning = () if status.status in self._explained else (self._words.definition(status.status),)
        self._explained.add(status.status)
        return Item(
            f"{self._words.title(status.drug)}: {self._words.label(status.status)}",
            details=(*meaning, *_filled(details)),
            places=self._words.places(status.statements),
        )

    def _advice(self, advice: Recommendation) -> Item:
        details = {
            "Regimen": self._words.regimen(advice.regimen) if advice.regimen else "",
            "For this patient": f"{quantity(advice.for_this_patient)} each time" if advice.for_this_patient else "",
        }
        cautions = (f"Caution: {self._noted_line(caution)}" for caution in advice.cautions)
        return Item(
            self._words.label(advice.action),
            # A line may be read, or copied, without the heading above it: it must say itself that it is to be avoided.
            mark=f"{self._words.title(advice.kind)}, {self._words.label(advice.urgency)}",
            details=(*_filled(details), *cautions),
            places=self._words.places(advice.statements),
        )

    def _noted_line(self, noted: Noted) -> str:
        return f"{self._defined(noted.name)} [{self._words.places(noted.statements)}]"

    def _conflict(self, conflict: Conflict) -> Item:
        between = " / ".join(map(self._words.label, conflict.between))
        return Item(capital(between), details=(conflict.asks,), places=self._words.places(conflict.statements))

    def _question(self, question: Question) -> Item:
        text = question.asks or self._words.title(question.fact)
        details = {"Would change": self._words.labels(question.would_change)}
        return Item(text, details=tuple(_filled(details)), places=self._words.places(question.statements))

    def _noted(self, noted: Noted) -> Item:
        return Item(self._defined(noted.name), places=self._words.places(noted.statements))

    def _hypothesis(self, hypothesis: Hypothesis) -> Item:
        details = {
            "For": self._words.labels(hypothesis.for_),
            "Against": self._words.labels(hypothesis.against),
            "Open": self._words.labels(hypothesis.open),
        }
        return Item(
            f"{self._words.title(hypothesis.name)}: {self._words.label(hypothesis.status)}",
            details=tuple(_filled(details)),
            places=self._words.places(hypothesis.statements),
        )

    def _gap(self, gap: GapMet) -> Item:
        place = self._words.places([StatementRef(gap.id, gap.source, gap.line)])
        details = (self._words.paraphrase(gap.id), f"Left open: {gap.asks}")
        return Item(self._words.title(gap.id), details=details, places=place)

    def _warnings(self) -> Iterator[Item]:
        for warning in self._assessment.warnings:
            details = {"Given": warning.given, "Why": warning.why, "Fix": warning.fix}
            yield Item(f"{warning.place}: {warning.message}", details=tuple(_filled(details)))

    def _cited(self) -> Iterator[Item]:
        """Yield each statement that anything above rests on, once, in the order of the sources."""
        order = {source.id: place for place, source in enumerate(self._assessment.guidance)}
        cited = {statement.id: statement for statement in self._statements()}
        for statement in sorted(cited.values(), key=lambda s: (order[s.source], s.line, s.id)):
            yield Item(self._words.paraphrase(statement.id), mark=self._words.places([statement]))

    def _statements(self) -> Iterator[StatementRef]:
        answer = self._assessment
        groups: Iterable[Iterable[StatementRef]] = (
            *(item.statements for item in answer.resistance),
            *(item.statements for item in answer.recommendations),
            *(caution.statements for item in answer.recommendations for caution in item.cautions),
            *(item.statements for item in answer.conflicts),
            *(item.statements for item in answer.questions),
            *(item.statements for item in (*answer.cautions, *answer.pitfalls)),
            *(item.statements for item in answer.hypotheses),
        )
        for group in groups:
            yield from group

    def _described(self, node: str) -> str:
        """Return a part of the case with what is said of it: labels, and numbers with what they count."""
        facts = [fact for fact in self._nodes.get(node, ()) if fact.predicate != Rdf.TYPE]
        names = [self._words.label(local_name(f.object.value)) for f in facts if isinstance(f.object, NamedNode)]
        values = [
            f"{self._words.label(local_name(f.predicate.value))} {f.object.value}"
            for f in facts
            if isinstance(f.object, Literal)
        ]
        return f"{self._words.label(node)} ({', '.join([*names, *values])})" if facts else self._words.label(node)

    def _defined(self, name: str) -> str:
        definition = self._words.definition(name)
        return f"{self._words.title(name)}. {definition}" if definition else self._words.title(name)


def _filled(details: dict[str, str]) -> Iterator[str]:
    """Yield `Name: text` for what has a text."""
    for name, text in details.items():
        if text:
            yield f"{name}: {text}"
