"""From facts to findings. The ontology says which property gives which kind, urgency or status; nothing is decided."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from pyoxigraph import NamedNode

from refractory.knowledge.knowledge import Knowledge
from refractory.model.facts import CaseFacts, Closure
from refractory.model.findings import (
    UNKNOWN,
    Conflict,
    Failure,
    Findings,
    GapMet,
    Hypothesis,
    Noted,
    Recommendation,
    Resistance,
)
from refractory.model.sources import Quantity
from refractory.recommend.leaders import Applicable, Leaders
from refractory.recommend.positions import Positions
from refractory.recommend.terms import Grade, names, nodes_of
from refractory.recommend.view import CaseView
from refractory.vocabulary import local_name, rfy


def recommend(case: CaseFacts, closure: Closure, knowledge: Knowledge) -> Findings:
    """Return what was concluded of a case, in the order in which it is read; what may be asked is worked out elsewhere.

    Args:
        case: The case's facts.
        closure: What follows from them.
        knowledge: The knowledge it was derived with.
    """
    return findings_of(CaseView(case, closure, knowledge))


def findings_of(view: CaseView) -> Findings:
    """Return what was concluded of a case, from a view of it."""
    knowledge, positions = view.knowledge, Positions(view)
    cautions = {node: _caution(view, positions, node) for node in _by_step(view, view.nodes(rfy("raisesCaution")))}
    placed = {node: knowledge.values(node, rfy("isCautionAt")) for node in cautions}
    recommendations = _recommendations(view, positions, placed, cautions)
    advice = {rfy(item.action): item.statements for item in recommendations}
    applicable = Applicable(knowledge.once(Leaders), view.case, view.closure)
    return Findings(
        failure=_failure(view, positions, applicable),
        not_applicable=names(applicable.reasons),
        resistance=_resistance(view),
        hypotheses=_hypotheses(view, positions),
        recommendations=recommendations,
        cautions=tuple(noted for node, noted in cautions.items() if not placed[node]),
        pitfalls=tuple(_noted(view, rfy("meetsPitfall"), p) for p in _by_step(view, view.nodes(rfy("meetsPitfall")))),
        questions=(),
        conflicts=(*_conflicts(view), *positions.disagreements(advice)),
        gaps=_gaps(view),
        red_flags=positions.red_flags,
    )


def _failure(view: CaseView, positions: Positions, applicable: Applicable) -> Failure:
    entries = view.nodes(rfy("hasCountingEntry"))
    days = view.numbers(rfy("dayOfTreatment"))
    doses = view.nodes(rfy("hasDoseAdequacy"))
    return Failure(
        failing=view.is_a(rfy("FailingCase")),
        # A source need not speak of doses at all.
        dose=local_name(doses[0].value) if doses else UNKNOWN,
        day_of_treatment=int(max(days)) if days else None,
        because=names([*view.nodes(rfy("hasLesionCourse")), *entries]) if entries else (),
        times=positions.times(),
        spoken_of=any(applicable.speaks(rfy("hasDoseAdequacy"), dose) for dose in doses),
    )


def _resistance(view: CaseView) -> tuple[Resistance, ...]:
    viruses = view.nodes(rfy("hasVirus"))
    heightened = names(view.nodes(rfy("isHeightenedBy")))
    suspected = rfy("Suspected")
    found = [
        Resistance(
            local_name(drug.value),
            local_name(status.value),
            heightened if status == suspected else (),
            _results(view, virus, rfy("shownResistantTo"), drug),
            _results(view, virus, rfy("shownSusceptibleTo"), drug),
            view.statements([(virus, predicate, drug)]),
        )
        for virus in viruses
        for predicate, status in view.terms.links("givesStatus")
        for drug in view.nodes(predicate, virus)
    ]
    return tuple(sorted(found, key=lambda r: r.drug))


def _results(view: CaseView, virus: NamedNode, shown: NamedNode, drug: NamedNode) -> tuple[str, ...]:
    """Return the results and genotype findings whose isolate was shown so for a drug."""
    isolates = {i for i in view.nodes(rfy("hasIsolate"), virus) if drug in view.nodes(shown, i)}
    if not isolates:
        return ()
    return names(
        result
        for predicate in ("hasSusceptibilityResult", "hasGenotypeFinding")
        for result in view.nodes(rfy(predicate))
        if isolates.intersection(view.nodes(rfy("describesIsolate"), result))
    )


def _hypotheses(view: CaseView, positions: Positions) -> tuple[Hypothesis, ...]:
    present, absent = set(view.nodes(rfy("hasPresent"))), set(view.nodes(rfy("hasAbsent")))
    answer = []
    for predicate, status in view.terms.links("givesHypothesisStatus"):
        for hypothesis in view.nodes(predicate):
            by_presence, by_absence = view.terms.evidence(hypothesis)
            found = Hypothesis(
                local_name(hypothesis.value),
                local_name(status.value),
                names((by_presence & present) | (by_absence & absent)),
                names((by_presence & absent) | (by_absence & present)),
                names((by_presence | by_absence) - present - absent),
                view.statements([(view.case, predicate, hypothesis)]),
                positions.on(hypothesis),
            )
            answer.append((view.terms.step(hypothesis), found))
    return tuple(found for _, found in sorted(answer, key=lambda placed: placed[0]))


def _recommendations(
    view: CaseView,
    positions: Positions,
    placed: Mapping[NamedNode, Container[object]],
    cautions: Mapping[NamedNode, Noted],
) -> tuple[Recommendation, ...]:
    kinds, urgencies = _graded(view, "givesKind"), _graded(view, "givesUrgency")
    first = set(view.nodes(rfy("putsFirst")))
    found = []
    for action, by_kind in kinds.items():
        kind, urgency = _strongest(by_kind), _strongest(urgencies[action])
        known = view.terms.action(action)
        advice = Recommendation(
            action=local_name(action.value),
            kind=local_name(kind.grade.value),
            urgency=local_name(urgency.grade.value),
            drug=known.drug,
            regimen=known.regimen or positions.regimen(action),
            for_this_patient=_for_this_patient(view, action),
            cautions=tuple(noted for node, noted in cautions.items() if action in placed[node]),
            statements=view.statements(
                [(view.case, grade.predicate, action) for grade in (*by_kind, *urgencies[action])],
                positions.statements_adding(action),
            ),
            red_flag=action in first,
            weakened_by=positions.weakening(action),
            positions=positions.on(action),
        )
        _, rank = urgency.place
        found.append(((not advice.red_flag, rank, view.terms.step(action), advice.action), advice))
    return tuple(advice for _, advice in sorted(found, key=lambda placed: placed[0]))


def _graded(view: CaseView, annotation: str) -> dict[NamedNode, list[Grade]]:
    """Return for each action the grades that the case's properties give it."""
    graded: dict[NamedNode, list[Grade]] = {}
    for grade in view.terms.grades(annotation):
        for action in view.nodes(grade.predicate):
            graded.setdefault(action, []).append(grade)
    return graded


def _strongest(grades: list[Grade]) -> Grade:
    """Return the strongest grade, the leading source's first."""
    return min(grades, key=lambda grade: grade.place)


def _for_this_patient(view: CaseView, action: NamedNode) -> Quantity | None:
    for predicate, unit in view.terms.action(action).doses:
        for value in view.numbers(predicate):
            return Quantity(value, unit)
    return None


def _conflicts(view: CaseView) -> tuple[Conflict, ...]:
    predicate = rfy("meetsConflict")
    found = []
    for conflict in _by_step(view, view.nodes(predicate)):
        one, other = names(nodes_of(view.knowledge, conflict, "isBetween"))
        statements = view.statements([(view.case, predicate, conflict)])
        found.append(
            Conflict(local_name(conflict.value), (one, other), view.knowledge.text(conflict, rfy("asks")), statements)
        )
    return tuple(found)


def _gaps(view: CaseView) -> tuple[GapMet, ...]:
    found = map(view.terms.gap, view.nodes(rfy("meetsGap")))
    return tuple(sorted(found, key=lambda gap: (gap.source, gap.line)))


def _caution(view: CaseView, positions: Positions, node: NamedNode) -> Noted:
    predicate = rfy("raisesCaution")
    statements = view.statements([(view.case, predicate, node)], positions.statements_raising(node))
    return Noted(local_name(node.value), statements, positions.on(node))


def _noted(view: CaseView, predicate: NamedNode, node: NamedNode) -> Noted:
    return Noted(local_name(node.value), view.statements([(view.case, predicate, node)]))


def _by_step(view: CaseView, nodes: Iterable[NamedNode]) -> list[NamedNode]:
    return sorted(nodes, key=lambda node: (view.terms.step(node), str(node)))
