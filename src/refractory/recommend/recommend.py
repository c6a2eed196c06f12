"""From facts to findings. The ontology says which property gives which kind, urgency or status; nothing is decided."""

from __future__ import annotations

from collections.abc import Iterable

from pyoxigraph import BlankNode, Literal, NamedNode

from refractory.knowledge.knowledge import Knowledge
from refractory.model.facts import CaseFacts, Closure
from refractory.model.findings import Conflict, Failure, Findings, GapMet, Hypothesis, Noted, Recommendation, Resistance
from refractory.model.sources import Quantity
from refractory.recommend.positions import Positions
from refractory.recommend.regimens import label_of, regimen_of
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
    positions = Positions(view)
    cautions = {node: _caution(view, positions, node) for node in _by_step(view, view.nodes(rfy("raisesCaution")))}
    placed = {node: knowledge.values(node, rfy("isCautionAt")) for node in cautions}
    recommendations = _recommendations(
        view, positions, {node: {str(a) for a in actions} for node, actions in placed.items()}, cautions
    )
    advice = {rfy(item.action): item.statements for item in recommendations}
    return Findings(
        failure=_failure(view, positions),
        not_applicable=_names(view.nodes(rfy("isNotApplicableBecause"))),
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


def _failure(view: CaseView, positions: Positions) -> Failure:
    entries = view.nodes(rfy("hasCountingEntry"))
    days = view.numbers(rfy("dayOfTreatment"))
    doses = view.nodes(rfy("hasDoseAdequacy"))
    return Failure(
        failing=view.is_a(rfy("FailingCase")),
        dose=local_name(doses[0].value),
        day_of_treatment=int(max(days)) if days else None,
        because=_names([*view.nodes(rfy("hasLesionCourse")), *entries]) if entries else (),
        times=positions.times(),
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
    """Return the results and genotype findings whose isolate was shown so for a drug."""
    isolates = {i for i in view.nodes(rfy("hasIsolate"), virus) if drug in view.nodes(shown, i)}
    return _names(
        result
        for predicate in ("hasSusceptibilityResult", "hasGenotypeFinding")
        for result in view.nodes(rfy(predicate))
        if isolates.intersection(view.nodes(rfy("describesIsolate"), result))
    )


def _hypotheses(view: CaseView, positions: Positions) -> tuple[Hypothesis, ...]:
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
                positions.on(hypothesis),
            )
        )
    return tuple(sorted(answer, key=lambda h: _step(view.knowledge, rfy(h.name))))


def _recommendations(
    view: CaseView, positions: Positions, placed: dict[NamedNode, set[str]], cautions: dict[NamedNode, Noted]
) -> tuple[Recommendation, ...]:
    kinds = _strongest(view, rfy("givesKind"))
    urgencies = _strongest(view, rfy("givesUrgency"))
    links = [predicate for annotation in ("givesKind", "givesUrgency") for predicate, _ in view.linked(rfy(annotation))]
    first = set(view.nodes(rfy("putsFirst")))
    found = []
    for action, kind in kinds.items():
        drugs = view.knowledge.values(action, rfy("usesDrug"))
        regimens = [r for r in view.knowledge.values(action, rfy("hasRegimen")) if isinstance(r, NamedNode)]
        found.append(
            Recommendation(
                action=local_name(action.value),
                kind=local_name(kind.value),
                urgency=local_name(urgencies[action].value),
                drug=_names(drugs)[0] if drugs else None,
                regimen=regimen_of(view.knowledge, regimens[0]) if regimens else positions.regimen(action),
                for_this_patient=_for_this_patient(view, action),
                cautions=tuple(noted for node, noted in cautions.items() if str(action) in placed[node]),
                statements=view.statements(
                    [(view.case, predicate, action) for predicate in links], positions.statements_adding(action)
                ),
                red_flag=action in first,
                weakened_by=positions.weakening(action),
                positions=positions.on(action),
            )
        )
    rank = {local_name(u.value): _rank(view.knowledge, u) for _, u in view.linked(rfy("givesUrgency"))}
    return tuple(
        sorted(
            found,
            key=lambda r: (not r.red_flag, rank[r.urgency], _step(view.knowledge, rfy(r.action)), r.action),
        )
    )


def _strongest(view: CaseView, annotation: NamedNode) -> dict[NamedNode, NamedNode]:
    """Return for each action the strongest grade that the case's properties give it, the leading source's first."""
    graded: dict[NamedNode, tuple[tuple[bool, int], NamedNode]] = {}
    for predicate, grade in view.linked(annotation):
        place = view.knowledge.ranks_after_leader(predicate), _rank(view.knowledge, grade)
        for action in view.nodes(predicate):
            best = graded.get(action)
            if best is None or place < best[0]:
                graded[action] = place, grade
    return {action: grade for action, (_, grade) in graded.items()}


def _for_this_patient(view: CaseView, action: NamedNode) -> Quantity | None:
    for predicate in view.knowledge.subjects(rfy("givesDoseOf"), action):
        for value in view.numbers(predicate):
            return Quantity(value, label_of(view.knowledge, predicate, "hasUnit") or "")
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


def _caution(view: CaseView, positions: Positions, node: NamedNode) -> Noted:
    predicate = rfy("raisesCaution")
    statements = view.statements([(view.case, predicate, node)], positions.statements_raising(node))
    return Noted(local_name(node.value), statements, positions.on(node))


def _noted(view: CaseView, predicate: NamedNode, node: NamedNode) -> Noted:
    return Noted(local_name(node.value), view.statements([(view.case, predicate, node)]))


def _by_step(view: CaseView, nodes: list[NamedNode]) -> list[NamedNode]:
    return sorted(nodes, key=lambda node: (_step(view.knowledge, node), str(node)))


def _step(knowledge: Knowledge, node: NamedNode) -> int:
    """Return the place of a term in the order of the source's steps; what has none comes last."""
    return int(knowledge.text(node, rfy("stepOrder")) or 1_000)


def _rank(knowledge: Knowledge, grade: NamedNode) -> int:
    return int(knowledge.text(grade, rfy("rank")))


def _names(nodes: Iterable[NamedNode | BlankNode | Literal]) -> tuple[str, ...]:
    """Return the local names of nodes, sorted, without repeats."""
    return tuple(sorted({local_name(node.value) for node in nodes}))
