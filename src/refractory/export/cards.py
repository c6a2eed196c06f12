"""The cards of an assessment for who opens a record: few, and each thing that warns is on one of them.

How the cards are cut stands in `schemas/cds-services.toml`; why, in docs/cds-hooks.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from pyoxigraph import NamedNode

from refractory.export.card_parts import block, listed, shortened
from refractory.export.card_writer import AVOID, CardWriter, Occasion, cited, for_patient
from refractory.export.cds_services import INDICATORS, CardRow, CdsServices
from refractory.export.fhir import bundle
from refractory.export.fhir_parts import Json
from refractory.knowledge.knowledge import Knowledge
from refractory.model.assessment import Assessment
from refractory.model.findings import Conflict, GapMet, Question, Recommendation
from refractory.model.genotype import Calls
from refractory.model.sources import StatementRef, Time
from refractory.vocabulary import NAMESPACE, rfy


def review_cards(assessment: Assessment, knowledge: Knowledge, services: CdsServices, occasion: Occasion) -> list[Json]:
    """Return the cards of an assessment, the loudest first; none where nothing is concluded.

    Args:
        assessment: The assessment, of a day that is known.
        knowledge: What it was made with.
        services: How cards are cut.
        occasion: The call that is answered.
    """
    if is_silent(assessment, knowledge):
        return []
    return _Review(assessment, knowledge, services, occasion).cards()


def is_silent(assessment: Assessment, knowledge: Knowledge) -> bool:
    """Say whether an assessment gives no reason to speak to who opens a record.

    Open questions alone give none; nor does a caution about somebody of whom neither a condition nor a treatment is
    recorded that the guidance knows.
    """
    findings = assessment.findings
    concluded = (
        findings.failure.failing,
        findings.recommendations,
        findings.red_flags,
        findings.conflicts,
        findings.pitfalls,
        any(warns_of_order(knowledge, item.status) for item in findings.resistance),
        findings.cautions and _is_of_a_case(assessment),
    )
    return not any(concluded)


def warns_of_order(knowledge: Knowledge, status: str) -> bool:
    """Say whether the ontology has an order of a drug warned of, when its resistance has a status."""
    return knowledge.text(rfy(status), rfy("warnsOfOrder")) == "true"


def _is_of_a_case(assessment: Assessment) -> bool:
    predicates = {rfy("hasCondition"), rfy("hasTreatment")}
    return any(fact.predicate in predicates for fact in assessment.facts.asserted)


@dataclass(frozen=True)
class _Review(CardWriter):
    def cards(self) -> list[Json]:
        answer, rows = self.assessment, (*self.services.cards, self.services.background)
        taken: dict[str, list[Recommendation]] = {row.id: [] for row in rows}
        for advice in answer.recommendations:
            taken[self._row(advice).id].append(advice)
        shown = [row for row in self.services.cards if taken[row.id] or (row.red_flag and answer.findings.red_flags)]
        # What belongs to no single action is said on the first card that tells what to do, or else on the last.
        home = next((row for row in shown if not row.red_flag), self.services.background)
        cards = [self._card(row, taken[row.id], home=row is home) for row in shown]
        cards.sort(key=lambda card: INDICATORS.index(card["indicator"]))
        last = self.services.background
        return [*cards, self._background(taken[last.id], home=last is home)]

    def _row(self, advice: Recommendation) -> CardRow:
        """Return the row of an action; one that no row takes goes to the last card, and is not lost."""
        last = self.services.background
        finds_out = bool(self.words.related(advice.action, "findsOut")) and not advice.red_flag
        if finds_out and last.takes(advice.kind, advice.urgency, red_flag=False):
            return last
        fits = (row for row in self.services.cards if row.takes(advice.kind, advice.urgency, red_flag=advice.red_flag))
        return next(fits, last)

    # ---- a card of actions ----

    def _card(self, row: CardRow, advice: Sequence[Recommendation], *, home: bool) -> Json:
        flags = self.assessment.findings.red_flags if row.red_flag else ()
        conflicts = [c for c in self.assessment.conflicts if self._touches(c, advice)]
        cautions = self.assessment.cautions if home else ()
        said = [
            *block("Red flags", map(self._red_flag, flags)),
            "",
            *self.actions(advice),
            *block("Cautions", map(self.noted, cautions)),
            *self.conflicts(conflicts),
        ]
        at_actions = [caution for item in advice for caution in item.cautions]
        rests_on = cited(advice, conflicts, cautions, at_actions)
        return self.card(
            row.id,
            self._summary(row, advice, flags),
            row.indicator or self._loudest(advice),
            said=said,
            rests_on=(*rests_on, *(s for flag in flags for s in self.words.encoded(flag))),
            suggestions=[self._suggestion(row, item) for item in advice if self._has_button(row, item)],
            override=row.override,
        )

    def _summary(self, row: CardRow, advice: Sequence[Recommendation], flags: Iterable[str]) -> str:
        begin = ""
        if row.red_flag:
            met = list(dict.fromkeys(filter(None, map(self.met, flags))))
            begin = f"Red flag: {'; '.join(met)}. " if met else "Red flag. "
        if not advice:
            return shortened(begin)
        return self._names(advice, begin)

    def _names(self, advice: Sequence[Recommendation], begin: str = "") -> str:
        """Return the actions of a card as its summary names them: of what is equally urgent, a drug before the rest."""
        order = list(dict.fromkeys(self.head(item) for item in advice))
        first = sorted(advice, key=lambda item: (order.index(self.head(item)), item.drug is None))
        return listed([(self.head(item), self.words.label(item.action)) for item in first], begin)

    def _red_flag(self, name: str) -> str:
        title, met = self.words.title(name), self.met(name)
        said = title if title.startswith("Red flag") else f"Red flag: {title}"
        because = f", because of: {met}" if met else ""
        return f"{said}{because} {self.words.places(self.words.encoded(name))}".rstrip()

    def _loudest(self, advice: Iterable[Recommendation]) -> str:
        return min((self.services.indicators[item.urgency] for item in advice), key=INDICATORS.index)

    def _touches(self, conflict: Conflict, advice: Iterable[Recommendation]) -> bool:
        return any(item.action in (*conflict.between, conflict.about) for item in advice)

    # ---- what may be done with a click ----

    @cached_property
    def _proposals(self) -> dict[str, Json]:
        """The requests of the FHIR answer by the action for which each stands."""
        resources = (entry["resource"] for entry in bundle(self.assessment, self.knowledge)["entry"])
        requests = (resource for resource in resources if resource["resourceType"] in _REQUESTS)
        return {request["instantiatesUri"][0].removeprefix(NAMESPACE): request for request in requests}

    def _has_button(self, row: CardRow, advice: Recommendation) -> bool:
        """Say whether an action may be proposed with a click: not where it stands against another, for that chooses."""
        contested = {
            name for conflict in self.assessment.conflicts if conflict.about is None for name in conflict.between
        }
        return advice.kind in row.suggests and advice.kind != AVOID and advice.action not in contested

    def _suggestion(self, row: CardRow, advice: Recommendation) -> Json:
        label = self.words.label(advice.action)
        minded = "; ".join(self.words.title(caution.name) for caution in advice.cautions)
        mind = f" To be minded: {minded}." if minded else ""
        action = {
            "type": "create",
            "description": f"A draft, for a professional to complete and decide on: {label}.{mind}",
            "resource": for_patient(self._proposals[advice.action], self.occasion.patient),
        }
        return {"label": f"Draft: {label}", "uuid": self.id(f"{row.id}.{advice.action}"), "actions": [action]}

    # ---- the last card ----

    def _background(self, advice: Sequence[Recommendation], *, home: bool) -> Json:
        answer, row = self.assessment, self.services.background
        placed = {item.action for item in answer.recommendations if item not in advice}
        conflicts = [c for c in answer.conflicts if self._touches(c, advice) or not placed & {*c.between, c.about}]
        cautions = answer.cautions if home else ()
        said = [
            "",
            *self.actions(advice),
            *block("To find out", map(self._question, answer.questions)),
            *block("Cautions", map(self.noted, cautions)),
            *block("Pitfalls", map(self.noted, answer.pitfalls)),
            *self.conflicts(conflicts),
            *block("Hypotheses", self._hypotheses()),
            *block("What a table says of the mutations", map(self._genotype, answer.findings.genotype)),
            *block("What the guidance does not say", map(self._gap, answer.gaps)),
            *block("The guidance does not apply", map(self.words.defined, answer.not_applicable)),
            *block("Warnings about the data", self._data_warnings()),
        ]
        at_actions = [caution for item in advice for caution in item.cautions]
        return self.card(
            row.id,
            self._background_summary(advice),
            row.indicator,
            said=said,
            rests_on=cited(advice, conflicts, cautions, at_actions, answer.pitfalls, answer.resistance),
            override=row.override,
        )

    def _background_summary(self, advice: Sequence[Recommendation]) -> str:
        answer, words = self.assessment, self.words
        if advice:
            return self._names(advice)
        if len(answer.questions) == 1:
            return shortened(f"To find out: {answer.questions[0].asks}")
        if answer.questions:
            return f"To find out: {len(answer.questions)} open questions that may change this answer"
        if answer.resistance:
            return listed([("Status of resistance", self.status(item)) for item in answer.resistance])
        return listed([("Caution", words.label(item.name)) for item in answer.cautions]) or "What else is known"

    def _question(self, question: Question) -> str:
        # Of all that an answer would change, what would be done otherwise; the statements stand where that is said.
        would = self.words.labels(name for name in question.would_change if rfy(name) in self._actions)
        change = f" Would change: {would}." if would else ""
        return f"{question.asks or self.words.title(question.fact)}{change}"

    @cached_property
    def _actions(self) -> frozenset[NamedNode]:
        return self.knowledge.members(rfy("Action"))

    def _hypotheses(self) -> Iterator[str]:
        for item in self.assessment.hypotheses:
            said = f"{self.words.title(item.name)}: {self.words.label(item.status)}"
            others = self.others(item.positions, item.statements)
            yield " ".join(filter(None, (said, self.words.places(item.statements), others)))
        yield from map(self._time, self.assessment.failure.times)

    def _time(self, time: Time) -> str:
        reached = {True: "reached", False: "not reached yet", None: "not known whether it is reached"}[time.reached]
        last = f" to {time.by_day}" if time.by_day is not None else ""
        days = f"from day {time.from_day}{last}, {reached}"
        return f"{self.words.source(time.source)} suspects resistance {days} {self.words.places(time.statements)}"

    def _genotype(self, finding: Calls) -> str:
        calls = ", ".join(f"{self.words.label(call.drug)} {call.call.casefold()}" for call in finding.calls)
        where = f"{self.words.title(finding.gene)} {finding.mutation}"
        return f"{where}: {calls or 'it is not in the table'} {self.words.places(finding.statements)}".rstrip()

    def _gap(self, gap: GapMet) -> str:
        place = self.words.places([StatementRef(gap.id, gap.source, gap.line)])
        return f"{self.words.title(gap.id)}. Left open: {gap.asks} {place}"

    def _data_warnings(self) -> Iterator[str]:
        # The value itself is left out: who has the record finds it in the place.
        for warning in self.assessment.warnings:
            yield " ".join(filter(None, (f"{warning.place}: {warning.message}", warning.why, warning.fix)))


_REQUESTS = frozenset({"MedicationRequest", "ServiceRequest"})
