"""What sources beside the leading one say, in words: a line for a position, a value for each side of a disagreement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from refractory.model.assessment import Assessment
from refractory.model.findings import Conflict, Recommendation
from refractory.model.sources import Position, Regimen, StatementRef, Time
from refractory.model.values import plain
from refractory.render.words import Words, capital, listed, quantity
from refractory.vocabulary import local_name, rfy

# How each stance is said after the name of a source; what is not listed is said as it stands.
_STANCES = {
    "Agrees": "agrees",
    "Qualifies": "notes",
    "Opposes": "speaks against it",
    "Favors": "speaks for it",
    "Contests": "evidence against it",
    "Supports": "evidence for it",
    "Counts": "how often",
    "Warns": "warns",
    "Weakens": "weakens it",
    "Contraindicates": "rules it out",
    "Adds": "advises it",
}
_ADDS, _WARNS, _RULES_OUT, _LEADS = "Adds", "Warns", "Contraindicates", "Leads"
_AVOID = "Avoid"


class Beside:
    """Says what sources beside the leading one say of one case."""

    def __init__(self, assessment: Assessment, words: Words) -> None:
        self._assessment = assessment
        self._words = words
        self._times = {time.name: time for time in assessment.failure.times}
        self._kinds = {advice.action: advice.kind for advice in assessment.recommendations}
        at_actions = (caution for advice in assessment.recommendations for caution in advice.cautions)
        self._warned = {s.id for caution in (*assessment.cautions, *at_actions) for s in caution.statements}

    # ---- what stands at an action, a hypothesis or a caution ----

    def added_by(self, advice: Recommendation) -> str:
        """Return whose an action is that the leading source does not advise on: `added by ...`, or an empty string."""
        if any(self._words.leads(statement.source) for statement in advice.statements):
            return ""
        stance, said = (_RULES_OUT, "ruled out by") if advice.kind == _AVOID else (_ADDS, "added by")
        sources = dict.fromkeys(p.source for p in advice.positions if p.stance == stance)
        return f"{said} {listed(list(map(self._words.label, sources)))}" if sources else ""

    def brought(self, advice: Recommendation) -> bool:
        """Say whether a source beside the leading one brought the action with it, and its words."""
        module = self._words.module(advice.action)
        return any(f"/{position.source}/" in module for position in advice.positions)

    def at_action(self, advice: Recommendation) -> Iterator[str]:
        """Yield a line for each position on an action, and on the cautions at it."""
        own = self.added_by(advice)
        for position in advice.positions:
            # Who adds an action stands in its headline already.
            if not (own and position.stance == _ADDS and not position.regimens and advice.kind != _AVOID):
                yield from self.lines([position], advice.regimen)
        for caution in advice.cautions:
            yield from (f"On {self._words.label(caution.name)}: {line}" for line in self.lines(caution.positions))

    def lines(self, positions: Iterable[Position], known: Regimen | None = None) -> Iterator[str]:
        """Yield a line for each position; a warning that stands among the cautions is not said again.

        Args:
            positions: The positions.
            known: The regimen that stands above them: product and route are said where they differ from it.
        """
        for position in positions:
            if position.stance != _WARNS or not {s.id for s in position.statements} <= self._warned:
                yield self.line(position, known)

    def line(self, position: Position, known: Regimen | None = None) -> str:
        """Return a position as one line: the source, how sure it is, its stance, what it says, and where."""
        stance = _STANCES.get(position.stance, position.stance.casefold())
        source = capital(self.source(position.source))
        return f"{source}, {stance}: {self._content(position, known)} [{self._words.places(position.statements)}]"

    def source(self, source: str) -> str:
        """Return a source by its label, with its year if that is known, and how sure it is."""
        label = self._words.label(source)
        year, sureness = self._words.year(source), self._words.text(source, "sureness")
        known = ", ".join(part for part in (year if year not in label else "", sureness) if part)
        return f"{label} ({known})" if known else label

    def _content(self, position: Position, known: Regimen | None = None) -> str:
        if position.regimens:
            return ", or ".join(self._regimen(regimen, known) for regimen in position.regimens)
        said = "; ".join(self._words.headline(s) for s in position.statements) or position.says
        number = _numbers(position)
        return f"{said} ({number})" if number and number not in said else said

    def _regimen(self, regimen: Regimen, known: Regimen | None) -> str:
        if known is not None:
            product = regimen.product if regimen.product != known.product else None
            route = regimen.route if product or regimen.route != known.route else None
            regimen = replace(regimen, product=product, route=route)
        day = f" ({_per_day(regimen)})" if regimen.per_day else ""
        return f"{self._words.regimen(regimen)}{day}"

    # ---- red flags ----

    def red_flags(self, positions: Iterable[str]) -> Iterator[str]:
        """Yield for each position that is a red flag what it is, and what in the case raises it."""
        known = set(self._assessment.findings.red_flags)
        for name in positions:
            if name in known:
                because = self._words.labels(self._met(name))
                yield f"{self._words.title(name)}{f', because of: {because}' if because else ''}"

    def _met(self, position: str) -> list[str]:
        """Return what of the case's situation is a situation of a position."""
        case, predicate = self._assessment.facts.case, rfy("isInSituation")
        facts = (*self._assessment.facts.all, *self._assessment.closure.inferred)
        is_in = {fact.object for fact in facts if fact.subject == case and fact.predicate == predicate}
        wanted = self._words.values(position, "inSituation")
        return [local_name(term.value) for term in wanted if term in is_in]

    # ---- times ----

    def times(self) -> str:
        """Return which sources would suspect resistance by now and which would not yet, or an empty string."""
        times, day = self._assessment.failure.times, self._assessment.failure.day_of_treatment
        if not times:
            return ""
        now, later = ([t for t in times if t.reached is reached] for reached in (True, False))
        open_ = [t for t in times if t.reached is None]
        parts = [
            f"{listed(list(map(self._time, now)))} would suspect resistance" if now else "",
            f"{listed(list(map(self._time, later)))} would not {'yet' if now else 'yet suspect resistance'}"
            if later
            else "",
            f"{listed(list(map(self._time, open_)))} would suspect resistance from then on" if open_ else "",
        ]
        start = "The day of treatment is not known" if day is None else f"Day {day} of treatment"
        return f"{start}: {'; '.join(part for part in parts if part)}."

    def _time(self, time: Time) -> str:
        findings = self._words.labels(local_name(f.value) for f in self._words.values(time.name, "suspectsWithFinding"))
        sureness = self._words.text(time.source, "sureness")
        known = [f"{_days(time)}{f', or {findings}' if findings else ''}", sureness]
        return f"{self._words.label(time.source)} ({'; '.join(part for part in known if part)})"

    def weakened(self, advice: Recommendation) -> Iterator[str]:
        """Yield why an action is only to be considered: too early, or for the sake of a position."""
        if not advice.weakened_by:
            return
        start = "Consider, not recommend" if advice.kind == "Consider" else "Weakened"
        early = [self._times[name] for name in advice.weakened_by if name in self._times]
        if early:
            day = self._assessment.failure.day_of_treatment
            times = "; ".join(f"{self._words.label(t.source)} {_days(t)}" for t in early)
            places = self._words.places(s for t in early for s in t.statements)
            yield (
                f"{start}: too early by every source that gives a time for such a case (day {day} of treatment; "
                f"{times}). [{places}]"
            )
        positions = {position.name: position for position in advice.positions}
        for name in advice.weakened_by:
            if name in positions:
                yield f"{start}: {self.line(positions[name])}"

    # ---- disagreements ----

    def sides(self, conflict: Conflict) -> Iterator[str]:
        """Yield what the sources of a disagreement say, value by value, and no winner."""
        values: dict[str, dict[str, None]] = {}
        for value, who in sorted(self._values(conflict), key=lambda pair: pair[0][0]):
            values.setdefault(value[1], {})[who] = None
        for said, sources in values.items():
            yield f"{capital(said)}: {'; '.join(sources)}"

    def _values(self, conflict: Conflict) -> Iterator[tuple[tuple[Decimal, str], str]]:
        """Yield each value with what it sorts by, and who gives it."""
        for position in conflict.positions:
            source = self.source(position.source)
            if position.from_day is not None:
                yield (Decimal(position.from_day), _days(position)), source
            elif position.regimens:
                for day, regimens in _by_day(position.regimens):
                    how = ", or ".join(map(self._words.schedule, regimens))
                    yield day, f"{source}, {how}"
            elif position.stance == _LEADS:
                kind = self._kinds.get(conflict.about or "", "")
                yield (Decimal(0), f"{source}, {self._words.label(kind)}"), position.says
            else:
                stance = _STANCES.get(position.stance, position.stance.casefold())
                yield (Decimal(1), f"{source}, {stance}"), self._content(position)

    # ---- who speaks ----

    def statements(self) -> Iterator[StatementRef]:
        """Yield the statements of all times and positions."""
        answer = self._assessment
        at_actions = (caution for advice in answer.recommendations for caution in advice.cautions)
        for time in answer.failure.times:
            yield from time.statements
        groups = (
            *(item.positions for item in answer.recommendations),
            *(item.positions for item in answer.hypotheses),
            *(item.positions for item in (*answer.cautions, *at_actions)),
        )
        yield from (statement for group in groups for position in group for statement in position.statements)


def _by_day(regimens: Sequence[Regimen]) -> Iterator[tuple[tuple[Decimal, str], list[Regimen]]]:
    """Yield the regimens that come to the same amount a day together."""
    found: dict[tuple[Decimal, str], list[Regimen]] = {}
    for regimen in regimens:
        if regimen.per_day is not None:
            found.setdefault((regimen.per_day.dose, _per_day(regimen)), []).append(regimen)
    yield from found.items()


def _per_day(regimen: Regimen) -> str:
    return f"{quantity(regimen.per_day, places=2)} a day" if regimen.per_day else ""


def _days(time: Time | Position) -> str:
    return f"{time.from_day} to {time.by_day} days" if time.by_day is not None else f"{time.from_day} days"


def _numbers(position: Position) -> str:
    if position.count:
        return f"{position.count[0]} of {position.count[1]}"
    return " to ".join(dict.fromkeys(f"{plain(share)}%" for share in position.share_percent))
