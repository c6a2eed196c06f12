"""An assessment as a page: headings and items in the order in which a clinician reads, before any format."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode, Triple

from refractory.knowledge.knowledge import Knowledge
from refractory.model.assessment import NOTICE, Assessment
from refractory.model.findings import Conflict, GapMet, Hypothesis, Noted, Question, Recommendation, Resistance
from refractory.model.genotype import Call, Calls
from refractory.model.sources import StatementRef
from refractory.render.positions import Beside
from refractory.render.words import Words, capital, quantity
from refractory.vocabulary import Rdf, local_name

_CAPITAL = re.compile("[A-Z]")

# The kinds of advice, in the order of reading, and what stands above each.
_KINDS = {"Recommend": "What to do now", "Consider": "What to consider", "Avoid": "What to avoid"}

# What stands above the red flags.
ALARM = "Red flags: before everything else"
# What stands above the lines of other sources.
BESIDE = "Other sources:"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing said: a headline, what stands below it, and the places in the sources.

    Attributes:
        text: The headline.
        mark: A word before it, such as an urgency, or an empty string.
        details: Lines below it.
        places: The places of its statements, or an empty string.
        beside: What other sources say of it, a line each.
    """

    text: str
    mark: str = ""
    details: tuple[str, ...] = ()
    places: str = ""
    beside: tuple[str, ...] = ()


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
        alarm: The red flags, which stand before the lead; None without any.
    """

    title: str
    lead: tuple[str, ...]
    sections: tuple[Section, ...]
    foot: tuple[str, ...]
    alarm: Section | None = None


def page(assessment: Assessment, knowledge: Knowledge) -> Page:
    """Return the page of an assessment; every clinical word in it is a label, definition or paraphrase of the graph."""
    return _Writer(assessment, Words(knowledge)).page()


class _Writer:
    def __init__(self, assessment: Assessment, words: Words) -> None:
        self._assessment = assessment
        self._words = words
        self._beside = Beside(assessment, words)
        self._nodes: dict[str, list[Triple]] = {}
        for fact in assessment.facts.asserted:
            if isinstance(fact.subject, NamedNode):
                self._nodes.setdefault(fact.subject.value, []).append(fact)
        self._explained: set[str] = set()
        # What a red flag calls for stands in the alarm, and not again below. What is ruled out stays among the avoided.
        self._first = tuple(a for a in assessment.recommendations if a.red_flag and a.kind != "Avoid")

    def page(self) -> Page:
        answer = self._assessment
        day = answer.facts.assessed_on
        title = f"Assessment of {answer.case}, {f'on {day.isoformat()}' if day else 'without a day of assessment'}"
        guidance = ", ".join(f"{source.id} {source.version}" for source in answer.guidance)
        version = answer.software_version
        made_with = f"Knowledge {answer.knowledge_hash[:12]}; guidance {guidance}; refractory {version}."
        alarm = Section(ALARM, tuple(self._red_flags()), numbered=True)
        sections = tuple(section for section in self._sections() if section.items)
        return Page(title, tuple(self._lead()), sections, (NOTICE, made_with), alarm if alarm.items else None)

    def _red_flags(self) -> Iterator[Item]:
        yield from map(self._advice, self._first)
        shown = {position.name for advice in self._first for position in advice.positions}
        for name in self._assessment.findings.red_flags:
            if name not in shown:
                yield from (Item(line) for line in self._beside.red_flags([name]))

    def _lead(self) -> Iterator[str]:
        answer, failure = self._assessment, self._assessment.failure
        if not answer.recommendations:
            if answer.not_applicable:
                reasons = self._words.labels(answer.not_applicable)
                yield f"The guidance does not apply to this case: {reasons}. It recommends nothing."
            else:
                unknown = " What is not known may change this: see what to find out." if answer.questions else ""
                yield f"From what is recorded of this case, the guidance recommends nothing.{unknown}"
        state = failure.state
        entries = [name for name in failure.because if name in self._nodes]
        if failure.because:
            courses = self._words.labels(name for name in failure.because if name not in self._nodes)
            known = [courses, f"dose {self._words.label(failure.dose)}"]
            if failure.day_of_treatment is not None:
                known.append(f"day {failure.day_of_treatment} of treatment")
            state += f": {'; '.join(part for part in known if part)}"
        if state:
            yield f"{state}."
        for entry in entries:
            yield f"It rests on {self._described(entry)}."
        if times := self._beside.times():
            yield times

    def _sections(self) -> Iterator[Section]:
        answer = self._assessment
        yield Section(
            "Status of resistance",
            tuple(map(self._resistance, answer.resistance)) or (Item("No drug has a status."),),
        )
        yield Section("What a table says of the mutations", tuple(map(self._genotype, answer.findings.genotype)))
        for kind in dict.fromkeys([*_KINDS, *(advice.kind for advice in answer.recommendations)]):
            heading = _KINDS.get(kind) or self._words.title(kind)
            below = (advice for advice in answer.recommendations if advice not in self._first)
            items = tuple(self._advice(advice) for advice in below if advice.kind == kind)
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
        yield Section("Sources beside the leading one", tuple(self._sources()))
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

    def _genotype(self, finding: Calls) -> Item:
        calls: dict[str, list[str]] = {}
        for call in finding.calls:
            calls.setdefault(call.call, []).append(self._call(call))
        said = {
            **dict(finding.of_finding),
            **{name: ", ".join(drugs) for name, drugs in calls.items()},
            "By mechanism doubtful": self._words.labels(finding.mechanism.doubtful),
            "By mechanism unaffected": self._words.labels(finding.mechanism.unaffected),
        }
        origins = dict.fromkeys(call.cut_offs for call in finding.calls if call.cut_offs)
        details = {
            **said,
            "Limits of the strengths": "; ".join(map(self._words.labels, (o.split(", ") for o in origins))),
        }
        where = f"{self._words.title(finding.virus)}, {self._words.label(finding.gene)} {finding.mutation}"
        return Item(
            where if finding.calls else f"{where}: not in the table",
            details=tuple(_filled({capital(_spaced(name)): text for name, text in details.items()})),
            places=self._words.places(finding.statements),
        )

    def _call(self, call: Call) -> str:
        rows = {"": call.evidence_for or call.evidence_against}
        if call.evidence_for and call.evidence_against:
            rows = {"for ": call.evidence_for, "against ": call.evidence_against}
        known = [
            call.strength.casefold() if call.strength else "",
            *(f"{side}row{'s' if len(ids) > 1 else ''} {' '.join(ids)}" for side, ids in rows.items()),
            "each with something to be minded" if call.all_flagged else "",
        ]
        return f"{self._words.label(call.drug)} ({'; '.join(part for part in known if part)})"

    def _advice(self, advice: Recommendation) -> Item:
        own = self._beside.added_by(advice)
        label = self._words.label(advice.action)
        # An action that another source brought with it is new to the reader: its definition says what it comes to.
        brought = own and not advice.red_flag and self._beside.brought(advice)
        defined = self._words.definition(advice.action) if brought else ""
        regimen = advice.regimen if advice.regimen and (advice.regimen.dose or not own) else None
        details = {
            "Regimen": self._words.regimen(regimen) if regimen else "",
            "For this patient": f"{quantity(advice.for_this_patient)} each time" if advice.for_this_patient else "",
        }
        cautions = (f"Caution: {self._noted_line(caution)}" for caution in advice.cautions)
        return Item(
            f"{label} ({own})" if own else label,
            # A line may be read, or copied, without the heading above it: it must say itself that it is to be avoided.
            mark=f"{self._words.title(advice.kind)}, {self._words.label(advice.urgency)}",
            details=(
                *self._beside.weakened(advice),
                *self._beside.red_flags(position.name for position in advice.positions),
                *filter(None, (defined,)),
                *_filled(details),
                *cautions,
            ),
            places=self._words.places(advice.statements),
            beside=tuple(self._beside.at_action(advice)),
        )

    def _noted_line(self, noted: Noted) -> str:
        return f"{self._defined(noted.name)} [{self._words.places(noted.statements)}]"

    def _conflict(self, conflict: Conflict) -> Item:
        places = self._words.places(conflict.statements)
        if conflict.about is not None:
            text = f"{self._words.title(conflict.name)}: {self._words.label(conflict.about)}"
            # Several disagreements of one sort ask the same: it is said where it first stands.
            asks = () if conflict.name in self._explained else (conflict.asks,)
            self._explained.add(conflict.name)
            return Item(text, details=(*asks, *self._beside.sides(conflict)), places=places)
        between = " / ".join(map(self._words.label, conflict.between))
        return Item(capital(between), details=(conflict.asks,), places=places)

    def _question(self, question: Question) -> Item:
        text = question.asks or self._words.title(question.fact)
        details = {"Would change": self._words.labels(question.would_change)}
        return Item(text, details=tuple(_filled(details)), places=self._words.places(question.statements))

    def _noted(self, noted: Noted) -> Item:
        beside = tuple(self._beside.lines(noted.positions))
        return Item(self._defined(noted.name), places=self._words.places(noted.statements), beside=beside)

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
            beside=tuple(self._beside.lines(hypothesis.positions)),
        )

    def _gap(self, gap: GapMet) -> Item:
        place = self._words.places([StatementRef(gap.id, gap.source, gap.line)])
        details = (self._words.paraphrase(gap.id), f"Left open: {gap.asks}")
        return Item(self._words.title(gap.id), details=details, places=place)

    def _warnings(self) -> Iterator[Item]:
        for warning in self._assessment.warnings:
            details = {"Given": warning.given, "Why": warning.why, "Fix": warning.fix}
            yield Item(f"{warning.place}: {warning.message}", details=tuple(_filled(details)))

    def _sources(self) -> Iterator[Item]:
        """Yield what kind of source each is that is named above, and once what the marks of sureness mean."""
        named = {statement.source for statement in self._statements()}
        sources = [s.id for s in self._assessment.guidance if s.id in named and self._words.text(s.id, "standsBeside")]
        if sources:
            yield Item(self._words.definition("sureness"))
        for source in sources:
            kind = self._words.labels(local_name(v.value) for v in self._words.values(source, "hasSourceKind"))
            known = ", ".join(filter(None, (kind, self._words.year(source), self._words.text(source, "sureness"))))
            studied = [self._words.text(source, name) for name in ("studiedPopulation", "studiedVirus")]
            about = f". Patients: {studied[0]}. Virus: {studied[1]}" if all(studied) else ""
            yield Item(f"{self._words.label(source)} ({known}){about}.", mark=source)

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
            *(item.statements for item in answer.findings.genotype),
            self._beside.statements(),
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


def _spaced(name: str) -> str:
    """Return a key of JSON as words."""
    return _CAPITAL.sub(lambda letter: f" {letter[0].casefold()}", name) if name[:1].islower() else name
