"""What every card of CDS Hooks has: its frame, the state of the case, why, and for whom it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Protocol
from uuid import UUID, uuid5

from refractory.export.card_parts import block, bullets, escaped
from refractory.export.cds_services import CdsServices
from refractory.export.fhir_parts import Json, Wording, filled
from refractory.knowledge.knowledge import Knowledge
from refractory.model.assessment import NOTICE, Assessment
from refractory.model.findings import Conflict, Noted, Recommendation, Resistance
from refractory.model.sources import Position, StatementRef
from refractory.model.values import plain
from refractory.vocabulary import NAMESPACE

AVOID: Final = "Avoid"
_EMPTY_LINES: Final = re.compile(r"\n{3,}")


class Cites(Protocol):
    """What rests on statements."""

    @property
    def statements(self) -> tuple[StatementRef, ...]:
        """The statements."""
        ...


def cited(*groups: Iterable[Cites]) -> list[StatementRef]:
    """Return the statements on which the members of some groups rest."""
    return [statement for group in groups for item in group for statement in item.statements]


@dataclass(frozen=True)
class Occasion:
    """The call that is answered.

    Attributes:
        hook_instance: Its UUID, of which the identifiers of the cards are made.
        patient: The id of the FHIR Patient.
        incomplete: What is missing in the data, a sentence each.
    """

    hook_instance: UUID
    patient: str
    incomplete: tuple[str, ...] = ()


@dataclass(frozen=True)
class CardWriter:
    """Writes parts of cards about one assessment; every clinical word is the graph's."""

    assessment: Assessment
    knowledge: Knowledge
    services: CdsServices
    occasion: Occasion

    @cached_property
    def words(self) -> Wording:
        """What says in words what the assessment names."""
        return Wording(self.knowledge)

    def id(self, name: str) -> str:
        """Return the identifier of what a name stands for in this call: the same call, the same identifier."""
        return str(uuid5(self.occasion.hook_instance, name))

    def card(
        self,
        name: str,
        summary: str,
        indicator: str,
        *,
        said: Iterable[str],
        rests_on: Iterable[StatementRef],
        suggestions: Sequence[Json] = (),
        override: bool = False,
    ) -> Json:
        """Return a card.

        Args:
            name: What it is about; no other card of the call has it.
            summary: One line.
            indicator: How loud it is.
            said: Lines of Markdown.
            rests_on: The statements that are named on it.
            suggestions: What may be done with a click.
            override: Whether reasons to set it aside are offered.
        """
        statements = list(dict.fromkeys(rests_on))
        detail = [*self._state(), *said, *self._why(statements), *self._foot()]
        return filled(
            uuid=self.id(name),
            summary=summary,
            detail=_EMPTY_LINES.sub("\n\n", "\n".join(detail)).strip(),
            indicator=indicator,
            source=self._source(statements),
            suggestions=list(suggestions),
            selectionBehavior="any" if suggestions else None,
            overrideReasons=[dict(reason) for reason in self.services.override_reasons] if override else None,
        )

    def _source(self, statements: Sequence[StatementRef]) -> Json:
        """Return the source of a card: that of its first statement, or else the leading one."""
        source = statements[0].source if statements else self.assessment.guidance[0].id
        topic = self.services.topic
        coding = {"system": NAMESPACE, "code": topic, "display": self.words.label(topic)}
        return {"label": self.words.title(source), "topic": coding}

    # ---- what stands on every card ----

    def _state(self) -> Iterator[str]:
        failure, words = self.assessment.failure, self.words
        known = [f"dose {words.label(failure.dose)}" if failure.because else ""]
        known += [f"day {failure.day_of_treatment} of treatment"] if failure.day_of_treatment is not None else []
        about = "; ".join(filter(None, known))
        day = self.assessment.facts.assessed_on
        when = f"Assessed on {day.isoformat()}" if day else "Assessed without a day"
        state = f"{failure.state}{f' ({about})' if about else ''}. " if failure.state else ""
        yield escaped(f"{state}{when}.")
        yield from self._statuses()
        heading = "The data are incomplete, and the answer may change with what is missing"
        yield from block(heading, self.occasion.incomplete)

    def _statuses(self) -> Iterator[str]:
        found = self.assessment.resistance
        if found:
            heightened = self.words.labels(dict.fromkeys(name for item in found for name in item.heightened_by))
            because = f" Suspicion is heightened by: {heightened}." if heightened else ""
            # A paragraph of its own: Markdown would run it into the line before.
            yield from ("", escaped(f"Status of resistance: {'; '.join(map(self.status, found))}.{because}"))

    def status(self, resistance: Resistance) -> str:
        """Return the status of a drug in a few words."""
        return f"{self.words.label(resistance.drug)} {self.words.label(resistance.status)}"

    def _why(self, statements: Iterable[StatementRef]) -> Iterator[str]:
        lines = (f"{self.words.places([s])} {self.words.text(s.id, 'paraphrase')}" for s in statements)
        yield from block("Why: what the cited places say, in our words", lines)

    def _foot(self) -> Iterator[str]:
        answer = self.assessment
        used = f"Knowledge {answer.knowledge_hash[:12]}; refractory {answer.software_version}."
        yield from ("", "---", "", escaped(f"{NOTICE} {used}"))

    # ---- parts that several cards have ----

    def title(self, advice: Recommendation) -> str:
        """Return an action in one line, which says itself how it is meant."""
        return f"{self.head(advice)}: {self.words.label(advice.action)}"

    def head(self, advice: Recommendation) -> str:
        """Return the kind and the urgency of an action."""
        return f"{self.words.title(advice.kind)}, {self.words.label(advice.urgency)}"

    def actions(self, advice: Iterable[Recommendation]) -> Iterator[str]:
        """Yield actions as a numbered list, each with what belongs to it."""
        for number, item in enumerate(advice, 1):
            bullet = f"{number}. "
            yield f"{bullet}**{escaped(self.title(item))}** {escaped(self.words.places(item.statements))}".rstrip()
            yield from bullets(self._details(item), " " * len(bullet))

    def _details(self, advice: Recommendation) -> Iterator[str]:
        words = self.words
        if advice.weakened_by:
            yield f"Weakened for the sake of: {words.labels(advice.weakened_by)}"
        if advice.regimen is not None:
            # Of what is to be avoided only the way of giving it: a dose would limit that to the dose.
            regimen = words.label(advice.regimen.route) if advice.kind == AVOID and advice.regimen.route else ""
            yield f"Regimen: {regimen}" if regimen else self._dosage(advice)
        yield from (self.noted(caution, "Caution") for caution in advice.cautions)
        yield self.others(advice.positions, (*advice.statements, *cited(advice.cautions)))

    def others(self, positions: Iterable[Position], known: Iterable[StatementRef] = ()) -> str:
        """Return who else speaks of something, how, and where, but for what is named already; or an empty string."""
        named = frozenset(known)
        found: dict[str, dict[StatementRef, None]] = {}
        for position in positions:
            if not named.issuperset(position.statements):
                who = f"{self.words.source(position.source)}, {position.stance.casefold()}"
                found.setdefault(who, {}).update(dict.fromkeys(position.statements))
        said = "; ".join(f"{who} {self.words.places(statements)}" for who, statements in found.items())
        return f"Other sources: {said}" if said else ""

    def _dosage(self, advice: Recommendation) -> str:
        if advice.kind == AVOID or advice.regimen is None:
            return ""
        text = self.words.dosage(advice.regimen, advice.for_this_patient).get("text", "")
        return f"Regimen: {text}" if text else ""

    def noted(self, noted: Noted, sort: str = "") -> str:
        """Return a caution or a pitfall with its definition and its places."""
        said = self.words.defined(noted.name)
        return f"{f'{sort}: ' if sort else ''}{said} {self.words.places(noted.statements)}".rstrip()

    def conflicts(self, conflicts: Iterable[Conflict]) -> Iterator[str]:
        """Yield conflicts, each with what the person is to decide and what each side says; none is chosen."""
        words = self.words
        for conflict in conflicts:
            if conflict.about is None:
                about = " / ".join(map(words.label, conflict.between))
            else:
                about = f"{words.title(conflict.name)}: {words.label(conflict.about)}"
            heading = f"Conflict for a person to decide: {about} {words.places(conflict.statements)}"
            yield from block(heading, (conflict.asks, *map(self._side, conflict.positions)))

    def _side(self, position: Position) -> str:
        """Return what one source says where sources differ: its numbers, or else its words."""
        numbers = [self.words.regimen(regimen) for regimen in position.regimens]
        if position.from_day is not None:
            last = f" to {position.by_day}" if position.by_day is not None else ""
            numbers.append(f"from day {position.from_day}{last}")
        numbers += [f"{position.count[0]} of {position.count[1]}"] if position.count else []
        numbers += [f"{plain(share)}%" for share in position.share_percent]
        said = "; ".join(numbers) or position.says
        places = self.words.places(position.statements)
        return f"{self.words.source(position.source)}, {position.stance.casefold()}: {said} {places}"

    def met(self, position: str) -> str:
        """Return what of the case's situation is a situation of a position."""
        return self.words.met(position, self.assessment)


def for_patient(resource: Mapping[str, Any], patient: str) -> Json:
    """Return a proposal as one that a client may create: for its patient, without what leads to nothing there."""
    left_out = {"id", "detectedIssue", "supportingInfo"}
    kept = {key: value for key, value in resource.items() if key not in left_out}
    return {**kept, "subject": {"reference": f"Patient/{patient}"}}
