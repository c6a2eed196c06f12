"""From facts to findings. The ontology says which property gives which kind, urgency or status; nothing is decided."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from pyoxigraph import BlankNode, Literal, NamedNode

from refractory.knowledge.knowledge import Knowledge
from refractory.model.assessment import (
    Conflict,
    Failure,
    Findings,
    GapMet,
    Hypothesis,
    Noted,
    Quantity,
    Recommendation,
    Regimen,
    Resistance,
)
from refractory.model.facts import CaseFacts, Closure
from refractory.recommend.view import CaseView
from refractory.vocabulary import local_name, rfy


def recommend(case: CaseFacts, closure: Closure, knowledge: Knowledge) -> Findings:
    """Return what was concluded of a case, in the order in which it is read; what may be asked is worked out elsewhere.

    Args:
        case: The case's facts.
        closure: What follows from them.
        knowledge: The knowledge it was derived with.
    """
    view = CaseView(case, closure, knowledge)
    cautions = {node: _noted(view, rfy("raisesCaution"), node) for node in view.nodes(rfy("raisesCaution"))}
    placed = {node: knowledge.values(node, rfy("isCautionAt")) for node in cautions}
    return Findings(
        failure=_failure(view),
        not_applicable=_names(view.nodes(rfy("isNotApplicableBecause"))),
        resistance=_resistance(view),
        hypotheses=_hypotheses(view),
        recommendations=_recommendations(
            view, {node: {str(a) for a in actions} for node, actions in placed.items()}, cautions
        ),
        cautions=tuple(noted for node, noted in cautions.items() if not placed[node]),
        pitfalls=tuple(_noted(view, rfy("meetsPitfall"), p) for p in _by_step(view, view.nodes(rfy("meetsPitfall")))),
        questions=(),
        conflicts=_conflicts(view),
        gaps=_gaps(view),
    )


def _failure(view: CaseView) -> Failure:
    entries = view.nodes(rfy("hasCountingEntry"))
    days = view.numbers(rfy("dayOfTreatment"))
    doses = view.nodes(rfy("hasDoseAdequacy"))
    return Failure(
        failing=view.is_a(rfy("FailingCase")),
        dose=local_name(doses[0].value),
        day_of_treatment=int(max(days)) if days else None,
        because=_names([*view.nodes(rfy("hasLesionCourse")), *entries]) if entries else (),
    )


def _resistance(view: CaseView) -> tuple[Resistance, ...]:
    viruses = view.nodes(rfy("hasVirus"))
    heightened = _names(view.nodes(rfy("isHeightenedBy")))
    suspected = view.knowledge.subjects(rfy("givesStatus"), rfy("Suspected"))
    found = [
        Resistance(
            local_name(drug.value),
            local_name(status.value),
            heightened if predicate in suspected else (),
            _results(view, virus, rfy("shownResistantTo"), drug),
            _results(view, virus, rfy("shownSusceptibleTo"), drug),
            view.statements([(virus, predicate, drug)]),
        )
        for virus in viruses
        for predicate, status in view.linked(rfy("givesStatus"))
        for drug in view.nodes(predicate, virus)
    ]
    return tuple(sorted(found, key=lambda r: r.drug))


def _results(view: CaseView, virus: NamedNode, shown: NamedNode, drug: NamedNode) -> tuple[str, ...]:
    """Return the results whose isolate was shown so for a drug."""
    isolates = {i for i in view.nodes(rfy("hasIsolate"), virus) if drug in view.nodes(shown, i)}
    return _names(
        result
        for result in view.nodes(rfy("hasSusceptibilityResult"))
        if isolates.intersection(view.nodes(rfy("describesIsolate"), result))
    )


def _hypotheses(view: CaseView) -> tuple[Hypothesis, ...]:
    found = [
        (hypothesis, status, predicate)
        for predicate, status in view.linked(rfy("givesHypothesisStatus"))
        for hypothesis in view.nodes(predicate)
    ]
    present, absent = set(view.nodes(rfy("hasPresent"))), set(view.nodes(rfy("hasAbsent")))
    answer = []
    for hypothesis, status, predicate in found:
        by_presence = set(view.knowledge.values(hypothesis, rfy("presenceSupports")))
        by_absence = set(view.knowledge.values(hypothesis, rfy("absenceSupports")))
        answer.append(
            Hypothesis(
                local_name(hypothesis.value),
                local_name(status.value),
                _names((by_presence & present) | (by_absence & absent)),
                _names((by_presence & absent) | (by_absence & present)),
                _names((by_presence | by_absence) - present - absent),
                view.statements([(view.case, predicate, hypothesis)]),
            )
        )
    return tuple(sorted(answer, key=lambda h: _step(view.knowledge, rfy(h.name))))


def _recommendations(
    view: CaseView, placed: dict[NamedNode, set[str]], cautions: dict[NamedNode, Noted]
) -> tuple[Recommendation, ...]:
    kinds = _strongest(view, rfy("givesKind"))
    urgencies = _strongest(view, rfy("givesUrgency"))
    links = [predicate for annotation in ("givesKind", "givesUrgency") for predicate, _ in view.linked(rfy(annotation))]
    found = []
    for action, kind in kinds.items():
        drugs = view.knowledge.values(action, rfy("usesDrug"))
        regimens = view.knowledge.values(action, rfy("hasRegimen"))
        found.append(
            Recommendation(
                action=local_name(action.value),
                kind=local_name(kind.value),
                urgency=local_name(urgencies[action].value),
                drug=_names(drugs)[0] if drugs else None,
                regimen=_regimen(view.knowledge, regimens[0])
                if regimens and isinstance(regimens[0], NamedNode)
                else None,
                for_this_patient=_for_this_patient(view, action),
                cautions=tuple(cautions[node] for node in sorted(cautions, key=str) if str(action) in placed[node]),
                statements=view.statements([(view.case, predicate, action) for predicate in links]),
            )
        )
    rank = {local_name(u.value): _rank(view.knowledge, u) for _, u in view.linked(rfy("givesUrgency"))}
    return tuple(sorted(found, key=lambda r: (rank[r.urgency], _step(view.knowledge, rfy(r.action)), r.action)))


def _strongest(view: CaseView, annotation: NamedNode) -> dict[NamedNode, NamedNode]:
    """Return for each action the strongest grade that the case's properties give it."""
    graded: dict[NamedNode, NamedNode] = {}
    for predicate, grade in view.linked(annotation):
        for action in view.nodes(predicate):
            best = graded.get(action)
            if best is None or _rank(view.knowledge, grade) < _rank(view.knowledge, best):
                graded[action] = grade
    return graded


def _regimen(knowledge: Knowledge, regimen: NamedNode) -> Regimen:
    return Regimen(
        dose=_dose(knowledge, regimen),
        route=_name(knowledge, regimen, "hasRoute"),
        every_hours=_decimal(knowledge, regimen, "everyHours"),
        times_per_day=_decimal(knowledge, regimen, "timesPerDay"),
        days=_decimal(knowledge, regimen, "durationDays"),
        until=_label(knowledge, regimen, "hasEndPoint"),
        product=_name(knowledge, regimen, "hasProduct"),
    )


def _dose(knowledge: Knowledge, regimen: NamedNode) -> Quantity | None:
    """Return the amount of a regimen: the one property with a unit that it has."""
    for predicate in knowledge.subjects(rfy("hasUnit")):
        value = knowledge.value(regimen, predicate)
        if isinstance(value, Literal):
            return Quantity(Decimal(value.value), _label(knowledge, predicate, "hasUnit") or "")
    return None


def _for_this_patient(view: CaseView, action: NamedNode) -> Quantity | None:
    for predicate in view.knowledge.subjects(rfy("givesDoseOf"), action):
        for value in view.numbers(predicate):
            return Quantity(value, _label(view.knowledge, predicate, "hasUnit") or "")
    return None


def _conflicts(view: CaseView) -> tuple[Conflict, ...]:
    predicate = rfy("meetsConflict")
    found = []
    for conflict in _by_step(view, view.nodes(predicate)):
        one, other = _names(view.knowledge.values(conflict, rfy("isBetween")))
        statements = view.statements([(view.case, predicate, conflict)])
        found.append(
            Conflict(local_name(conflict.value), (one, other), view.knowledge.text(conflict, rfy("asks")), statements)
        )
    return tuple(found)


def _gaps(view: CaseView) -> tuple[GapMet, ...]:
    found = [
        GapMet(
            local_name(gap.value),
            local_name(view.knowledge.text(gap, rfy("ofGuidance"))),
            view.knowledge.line_of(gap),
            view.knowledge.text(gap, rfy("asks")),
        )
        for gap in view.nodes(rfy("meetsGap"))
    ]
    return tuple(sorted(found, key=lambda gap: (gap.source, gap.line)))


def _noted(view: CaseView, predicate: NamedNode, node: NamedNode) -> Noted:
    return Noted(local_name(node.value), view.statements([(view.case, predicate, node)]))


def _by_step(view: CaseView, nodes: list[NamedNode]) -> list[NamedNode]:
    return sorted(nodes, key=lambda node: (_step(view.knowledge, node), str(node)))


def _step(knowledge: Knowledge, node: NamedNode) -> int:
    """Return the place of a term in the order of the source's steps; what has none comes last."""
    return int(knowledge.text(node, rfy("stepOrder")) or 1_000)


def _rank(knowledge: Knowledge, grade: NamedNode) -> int:
    return int(knowledge.text(grade, rfy("rank")))


def _decimal(knowledge: Knowledge, subject: NamedNode, predicate: str) -> Decimal | None:
    text = knowledge.text(subject, rfy(predicate))
    return Decimal(text) if text else None


def _name(knowledge: Knowledge, subject: NamedNode, predicate: str) -> str | None:
    return local_name(knowledge.text(subject, rfy(predicate))) or None


def _label(knowledge: Knowledge, subject: NamedNode, predicate: str) -> str | None:
    value = knowledge.value(subject, rfy(predicate))
    return knowledge.label(value) if isinstance(value, NamedNode) else None


def _names(nodes: Iterable[NamedNode | BlankNode | Literal]) -> tuple[str, ...]:
    """Return the local names of nodes, sorted, without repeats."""
    return tuple(sorted({local_name(node.value) for node in nodes}))
