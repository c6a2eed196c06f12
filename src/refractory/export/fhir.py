"""An assessment as a FHIR R4B Bundle, for software that shows decision support beside a record.

What may be done is a proposal in draft; what is to be avoided is a request not to perform; whatever warns is a detected
issue. Nothing here is an order, and nothing decides. Sources: GuidanceResponse, RequestGroup, MedicationRequest,
ServiceRequest and DetectedIssue of FHIR R4B (https://hl7.org/fhir/R4B/).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from refractory.export.fhir_parts import Json, Wording, filled, narrative, notes
from refractory.knowledge.knowledge import Knowledge
from refractory.model.assessment import NOTICE, Assessment
from refractory.model.findings import Conflict, Noted, Question, Recommendation, Resistance
from refractory.model.genotype import Calls
from refractory.model.sources import Position, Regimen, StatementRef, Time
from refractory.vocabulary import NAMESPACE, ONTOLOGY, rfy

_PRIORITY: Final = {"Immediate": "stat", "Prompt": "urgent", "Routine": "routine"}
_AVOID: Final = "Avoid"
_WARNINGS: Final = "warnings"


def bundle(assessment: Assessment, knowledge: Knowledge) -> Json:
    """Return the Bundle of an assessment: plain values, decimals as `Decimal`; `fhir_text` writes it.

    Red flags come first; then the response and its group of requests, the requests in the order of the answer, and what
    else is to be minded. The same assessment gives the same Bundle, identifiers included.
    """
    return _Writer(assessment, knowledge).bundle()


def refusal(unanswered: Mapping[str, Any]) -> Json:
    """Return what stands in the place of a case that could not be answered: an OperationOutcome.

    Args:
        unanswered: The published form, with `case` and `error`.
    """
    error = unanswered.get("error", {})
    said = [f"{unanswered['case']}: {error.get('message', '')}"]
    said += [f"{name.capitalize()}: {error[name]}" for name in ("place", "why", "fix") if error.get(name)]
    text = " ".join(said)
    issue = {"severity": "error", "code": "invalid", "diagnostics": text}
    return {"resourceType": "OperationOutcome", "text": narrative(text), "issue": [issue]}


@dataclass(frozen=True)
class _Issue:
    """Something to be minded, before it is a resource: its name, what it is about, and which actions it touches."""

    name: str
    sort: str
    concept: Json
    title: str
    lines: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    statements: tuple[StatementRef, ...] = ()
    sides: tuple[Position, ...] = ()

    @property
    def headline(self) -> str:
        """What it is in one line, which says itself what sort of warning it is."""
        return f"{self.sort}: {self.title}"


class _Writer:
    def __init__(self, assessment: Assessment, knowledge: Knowledge) -> None:
        self._assessment = assessment
        self._words = Wording(knowledge)
        self._requests = {advice.action: f"request.{advice.action}" for advice in assessment.recommendations}
        self._red = tuple(map(self._red_flag, assessment.findings.red_flags))
        self._issues = (*self._red, *self._warning_issues())

    def bundle(self) -> Json:
        answer = self._assessment
        others = self._issues[len(self._red) :]
        named = chain(
            ((issue.name, self._detected_issue(issue)) for issue in self._red),
            [("response", self._response())],
            [("requests", self._group())] if answer.recommendations else [],
            ((self._requests[advice.action], self._request(advice)) for advice in answer.recommendations),
            ((issue.name, self._detected_issue(issue)) for issue in others),
        )
        entries = [{"fullUrl": self._url(name), "resource": resource} for name, resource in named]
        return {"resourceType": "Bundle", "id": self._id("bundle"), "type": "collection", "entry": entries}

    # ---- names and references ----

    def _id(self, name: str) -> str:
        return str(uuid5(NAMESPACE_URL, f"{self._assessment.case} {self._assessment.knowledge_hash} {name}"))

    def _url(self, name: str) -> str:
        return f"urn:uuid:{self._id(name)}"

    def _references(self, names: Iterable[str]) -> list[Json]:
        return [{"reference": self._url(name)} for name in names]

    @cached_property
    def _subject(self) -> Json:
        """The patient, known by the IRI of the case and by nothing else."""
        return {"type": "Patient", "identifier": {"system": "urn:ietf:rfc:3986", "value": self._assessment.case}}

    @cached_property
    def _day(self) -> str | None:
        day = self._assessment.facts.assessed_on
        return day.isoformat() if day else None

    # ---- the response ----

    def _response(self) -> Json:
        answer = self._assessment
        state = (f"{answer.failure.state}.",) if answer.failure.state else ()
        warned = tuple(self._warned(self._issues))
        issues = [self._data_warning(w.place, w.message, w.why, w.fix) for w in answer.warnings]
        outcome = {"resourceType": "OperationOutcome", "id": _WARNINGS, "issue": issues}
        return filled(
            resourceType="GuidanceResponse",
            id=self._id("response"),
            text=narrative(*warned[: len(self._red)], *state, *warned[len(self._red) :]),
            contained=[outcome] if issues else None,
            identifier=[{"system": rfy("knowledgeHash").value, "value": answer.knowledge_hash}],
            moduleUri=ONTOLOGY,
            status="data-requested" if answer.questions else "success",
            subject=self._subject,
            occurrenceDateTime=self._day,
            note=notes(*warned, *state, *self._said(), *map(self._asked, answer.questions), self._made_with()),
            evaluationMessage=[{"reference": f"#{_WARNINGS}"}] if issues else None,
            result={"reference": self._url("requests")} if answer.recommendations else None,
            dataRequirement=[self._data_requirement(question) for question in answer.questions],
        )

    def _made_with(self) -> str:
        answer = self._assessment
        guidance = ", ".join(f"{source.id} {source.version}" for source in answer.guidance)
        return f"Knowledge {answer.knowledge_hash}; guidance {guidance}; refractory {answer.software_version}."

    def _said(self) -> Iterator[str]:
        """Yield what else the answer says, which FHIR has no resource for."""
        answer, words = self._assessment, self._words
        if answer.failure.because:
            yield f"Dose: {words.label(answer.failure.dose)}."
        yield from map(self._time, answer.failure.times)
        yield from (f"The guidance does not apply: {words.defined(reason)}" for reason in answer.not_applicable)
        for hypothesis in answer.hypotheses:
            said = f"Hypothesis: {words.label(hypothesis.name)}, {words.label(hypothesis.status)}"
            yield f"{said} {words.places(hypothesis.statements)}".rstrip()
            yield from map(words.position, hypothesis.positions)
        yield from map(self._genotype, answer.findings.genotype)
        for gap in answer.gaps:
            place = words.places([StatementRef(gap.id, gap.source, gap.line)])
            yield f"What the guidance does not say: {words.label(gap.id)}. Left open: {gap.asks} {place}"

    def _time(self, time: Time) -> str:
        reached = {True: "reached", False: "not reached yet", None: "not known whether it is reached"}[time.reached]
        last = f" to {time.by_day}" if time.by_day is not None else ""
        days = f"from day {time.from_day}{last}, {reached}"
        places = self._words.places(time.statements)
        return f"{self._words.source(time.source)} suspects resistance {days}. {places}"

    def _genotype(self, finding: Calls) -> str:
        calls = ", ".join(f"{self._words.label(call.drug)} {call.call.casefold()}" for call in finding.calls)
        where = f"{self._words.label(finding.gene)} {finding.mutation}"
        return f"What a table says of the mutation {where}: {calls or 'nothing, it is not in the table'}."

    def _asked(self, question: Question) -> str:
        would = self._words.labels(question.would_change)
        places = self._words.places(question.statements)
        return f"To find out: {question.asks}{f' Would change: {would}.' if would else ''} {places}".rstrip()

    def _data_warning(self, place: str, *said: str) -> Json:
        # The value itself is left out: who has the case finds it in the place.
        text = f"{place}: {' '.join(filter(None, said))}"
        return {"severity": "warning", "code": "invariant", "diagnostics": text}

    def _data_requirement(self, question: Question) -> Json:
        codings = [self._words.own(question.fact), *self._words.codings(question.fact)]
        return {
            "extension": [{"url": f"{NAMESPACE}asks", "valueString": question.asks}],
            "type": "Observation",
            "subjectReference": self._subject,
            "codeFilter": [{"path": "code", "code": codings}],
        }

    # ---- what to do, and what to avoid ----

    def _group(self) -> Json:
        advice = self._assessment.recommendations
        return filled(
            resourceType="RequestGroup",
            id=self._id("requests"),
            text=narrative(*(issue.headline for issue in self._red), *map(self._title, advice)),
            instantiatesUri=[ONTOLOGY],
            status="draft",
            intent="proposal",
            subject=self._subject,
            authoredOn=self._day,
            note=notes(*self._warned(self._issues)),
            action=list(map(self._action, advice)),
        )

    def _action(self, advice: Recommendation) -> Json:
        return filled(
            id=advice.action,
            title=self._title(advice),
            description=" ".join(self._details(advice)),
            priority=_PRIORITY[advice.urgency],
            # A code alone would name what is to be avoided without saying so.
            code=[self._coded(advice)] if advice.kind != _AVOID else None,
            documentation=self._words.documentation(advice.statements),
            resource={"reference": self._url(self._requests[advice.action])},
        )

    def _title(self, advice: Recommendation) -> str:
        """Return an action in one line, which says itself how it is meant."""
        kind, urgency = self._words.title(advice.kind), self._words.label(advice.urgency)
        return f"{'Red flag. ' if advice.red_flag else ''}{kind}, {urgency}: {self._words.label(advice.action)}"

    def _details(self, advice: Recommendation) -> Iterator[str]:
        """Yield what belongs to an action: why it is weakened, its regimen, cautions, and what other sources say."""
        words = self._words
        if advice.weakened_by:
            yield f"Weakened for the sake of: {words.labels(advice.weakened_by)}."
        dosage = self._dosage(advice) if advice.kind != _AVOID else None
        if dosage:
            yield f"Regimen: {dosage['text']}."
        places = words.places(advice.statements)
        if places:
            yield places
        yield from self._warned(issue for issue in self._issues if advice.action in issue.actions)
        yield from (f"Other source: {words.position(position)}" for position in advice.positions)

    def _coded(self, advice: Recommendation) -> Json:
        coding = [self._words.own(advice.action), *self._words.codings(advice.action)]
        return {"coding": coding, "text": self._words.label(advice.action)}

    def _request(self, advice: Recommendation) -> Json:
        """Return the proposal of an action, or the request not to perform it."""
        avoid = advice.kind == _AVOID
        details = tuple(self._details(advice))
        issues = self._references(issue.name for issue in self._issues if advice.action in issue.actions)
        common = filled(
            id=self._id(self._requests[advice.action]),
            text=narrative(self._title(advice), self._words.places(advice.statements)),
            instantiatesUri=[rfy(advice.action).value],
            status="draft",
            intent="proposal",
            priority=_PRIORITY[advice.urgency],
            doNotPerform=True if avoid else None,
            subject=self._subject,
            authoredOn=self._day,
            note=notes(self._title(advice), *details),
        )
        if advice.drug is None:
            return filled(
                resourceType="ServiceRequest",
                **common,
                code=self._coded(advice) if not avoid else {"text": self._words.label(advice.action)},
                supportingInfo=issues,
            )
        dosage = self._dosage(advice)
        return filled(
            resourceType="MedicationRequest",
            **common,
            medicationCodeableConcept=self._words.medication(advice.drug, advice.regimen),
            dosageInstruction=[dosage] if dosage else None,
            detectedIssue=issues,
        )

    def _dosage(self, advice: Recommendation) -> Json | None:
        """Return how a drug is given.

        Of one to be avoided only the way of giving it: a dose would limit that to the dose, while without the way it
        would read as if the drug were to be avoided in each form.
        """
        if advice.regimen is None:
            return None
        if advice.kind == _AVOID:
            way = Regimen(route=advice.regimen.route, product=advice.regimen.product)
            return self._words.dosage(way, None) or None
        return self._words.dosage(advice.regimen, advice.for_this_patient)

    # ---- what to mind ----

    def _warned(self, issues: Iterable[_Issue]) -> Iterator[str]:
        """Yield a line for each issue; all of it stands in the resource of the issue."""
        yield from (f"{issue.headline} {self._words.places(issue.statements)}".rstrip() for issue in issues)

    def _detected_issue(self, issue: _Issue) -> Json:
        said = (issue.headline, *issue.lines)
        sides = [{"code": [{"text": self._words.position(side)}]} for side in issue.sides]
        return filled(
            resourceType="DetectedIssue",
            id=self._id(issue.name),
            text=narrative(*said, self._words.places(issue.statements)),
            # No severity: no source grades them, and neither do we.
            status="preliminary",
            code={**issue.concept, "text": issue.headline},
            patient=self._subject,
            identifiedDateTime=self._day,
            implicated=self._references(self._requests[action] for action in issue.actions),
            evidence=[*sides, *self._words.evidence(issue.statements)],
            detail="\n".join(filter(None, (*said, self._words.places(issue.statements), NOTICE))),
        )

    def _warning_issues(self) -> Iterator[_Issue]:
        answer = self._assessment
        yield from (self._noted(caution, "Caution") for caution in answer.cautions)
        for advice in answer.recommendations:
            yield from (self._noted(caution, "Caution", advice) for caution in advice.cautions)
        yield from map(self._conflict, answer.conflicts)
        yield from (self._noted(pitfall, "Pitfall") for pitfall in answer.pitfalls)
        yield from map(self._resistance, answer.resistance)

    def _red_flag(self, name: str) -> _Issue:
        words, advice = self._words, self._assessment.recommendations
        statements = words.encoded(name)
        met = words.met(name, self._assessment)
        title = words.label(name).removeprefix("red flag: ")
        actions = (a.action for a in advice if any(p.name == name for p in a.positions))
        return _Issue(
            f"red-flag.{name}",
            "Red flag",
            {"coding": [words.own(name)]},
            f"{title}, because of: {met}" if met else title,
            tuple(words.text(statement.id, "paraphrase") for statement in statements),
            tuple(actions),
            statements,
        )

    def _noted(self, noted: Noted, sort: str, advice: Recommendation | None = None) -> _Issue:
        words = self._words
        at = (f"It is about: {words.label(advice.action)}.",) if advice else ()
        return _Issue(
            ".".join(filter(None, (sort.casefold(), noted.name, advice.action if advice else ""))),
            sort,
            {"coding": [words.own(noted.name)]},
            words.defined(noted.name).rstrip("."),
            (*at, *(f"Other source: {words.position(position)}" for position in noted.positions)),
            (advice.action,) if advice else (),
            noted.statements,
        )

    def _conflict(self, conflict: Conflict) -> _Issue:
        words = self._words
        if conflict.about is None:
            about = " / ".join(map(words.label, conflict.between))
            subjects: Sequence[str] = conflict.between
        else:
            about = f"{words.label(conflict.name)}: {words.label(conflict.about)}"
            subjects = (conflict.about,)
        return _Issue(
            f"conflict.{conflict.name}.{conflict.about or '.'.join(conflict.between)}",
            "Conflict for a person to decide",
            {"coding": [words.own(conflict.name)]},
            about,
            (conflict.asks, *map(words.position, conflict.positions)),
            tuple(name for name in subjects if name in self._requests),
            conflict.statements,
            conflict.positions,
        )

    def _resistance(self, status: Resistance) -> _Issue:
        words = self._words
        known = {
            "Heightened by": words.labels(status.heightened_by),
            "Results for it": str(len(status.results_for) or ""),
            "Results against it": str(len(status.results_against) or ""),
        }
        return _Issue(
            f"resistance.{status.drug}",
            "Status of resistance",
            {"coding": [words.own(status.status)]},
            f"{words.label(status.drug)}, {words.label(status.status)}",
            (words.defined(status.status), *(f"{name}: {text}." for name, text in known.items() if text)),
            tuple(a.action for a in self._assessment.recommendations if a.drug == status.drug),
            status.statements,
        )
