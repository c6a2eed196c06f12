"""Rules that contradict each other: one favors what another avoids, or two grade one thing differently.

Two sources that disagree are no fault: an assessment shows both. So only rules of one source are held together, and not
where the knowledge declares the conflict.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations, product

from pyoxigraph import NamedNode

from refractory.engine.clauses import Clause
from refractory.engine.clauses import Term as Value
from refractory.guidance.answers import Answers
from refractory.guidance.fault import Fault
from refractory.guidance.logic import RuleLogic, implies, own_rules, rules_of
from refractory.guidance.matching import shown
from refractory.knowledge.knowledge import Knowledge
from refractory.model.facts import Closure
from refractory.vocabulary import Rdfs, local_name, rfy

_CHECK = "contradictory-rules"
# What the properties of advice and of statuses say, by the annotation that says it.
_GRADES = tuple(map(rfy, ("givesKind", "givesUrgency", "givesStatus", "givesHypothesisStatus")))
_DECLARE = (
    "Let only one of them hold: narrow a body by what tells the two apart, or declare an rfy:Conflict on the action."
)

_Pair = tuple[str, str]
_Head = tuple[RuleLogic, Clause]


def contradictory_pairs(knowledge: Knowledge, answers: Answers) -> Iterator[Fault]:
    """Yield the pairs of rules of one source that contradict each other: by their logic, and in golden cases.

    Args:
        knowledge: The knowledge with all its sources.
        answers: What followed in the golden cases, from `answers_of`.
    """
    told: set[_Pair] = set()
    for pair, fault in (*_by_logic(knowledge), *_by_grade(knowledge), *_in_cases(knowledge, answers)):
        if pair not in told:
            told |= {pair, (pair[1], pair[0])}
            yield fault


def _by_logic(knowledge: Knowledge) -> Iterator[tuple[_Pair, Fault]]:
    """Yield each rule that favors an action wherever another avoids it, or the other way round."""
    for favoring, avoiding in product(_heads(_favoring(knowledge), knowledge), _heads(_avoiding(knowledge), knowledge)):
        one, other = favoring[0], avoiding[0]
        if not _of_one_source(one, other) or _is_declared(favoring[1].head and favoring[1].head[2], knowledge):
            continue
        for first, second in ((favoring, avoiding), (avoiding, favoring)):
            if _may_imply(first, second) and implies(first[1], second[1], knowledge):
                yield (
                    (one.name, other.name),
                    _fault(
                        (one, other),
                        f"wherever {first[0].name} fires, {second[0].name} does too: "
                        f"`{_head(favoring)}` and `{_head(avoiding)}` are for and against one action, by one source.",
                        _DECLARE,
                        knowledge,
                    ),
                )
                break


def _by_grade(knowledge: Knowledge) -> Iterator[tuple[_Pair, Fault]]:
    """Yield rules that give one thing two grades under the same conditions."""
    sides = dict.fromkeys(_favoring(knowledge), True) | dict.fromkeys(_avoiding(knowledge), False)
    for annotation in _GRADES:
        graded = list(_heads(knowledge.subjects(annotation), knowledge))
        for first, second in combinations(graded, 2):
            one, other = (_predicate(head[1]) for head in (first, second))
            if (
                one is None
                or other is None
                or knowledge.values(one, annotation) == knowledge.values(other, annotation)
                or knowledge.ranks_after_leader(one) != knowledge.ranks_after_leader(other)
                # For and against is told already.
                or (one in sides and other in sides and sides[one] != sides[other])
                or not _of_one_source(first[0], second[0])
            ):
                continue
            if _may_imply(first, second) and all(
                implies(a[1], b[1], knowledge) for a, b in ((first, second), (second, first))
            ):
                yield (
                    (first[0].name, second[0].name),
                    _fault(
                        (first[0], second[0]),
                        f"under the same conditions {first[0].name} concludes `{_head(first)}` and "
                        f"{second[0].name} `{_head(second)}`.",
                        "Give one grade, or add to one body what calls for the other.",
                        knowledge,
                    ),
                )


def _in_cases(knowledge: Knowledge, answers: Answers) -> Iterator[tuple[_Pair, Fault]]:
    """Yield rules of one source of which, in a golden case, one favors an action and the other avoids it."""
    rules = {rule.name: rule for rule in rules_of(knowledge)}
    found: dict[tuple[str, str, Value], list[str]] = {}
    for slug, closure in answers.closures.items():
        for_it, against = (_advice(closure, predicates) for predicates in (_favoring(knowledge), _avoiding(knowledge)))
        disputed = for_it.keys() & against.keys() - closure.concluded(rfy("hasEvidenceAgainst")).keys()
        for action in disputed:
            if _is_declared(action, knowledge):
                continue
            for one, other in product(sorted(for_it[action]), sorted(against[action])):
                if _of_one_source(rules[one], rules[other]):
                    found.setdefault((one, other, action), []).append(slug)
    for (one, other, action), slugs in sorted(found.items(), key=lambda item: (item[0][:2], str(item[0][2]))):
        yield (
            (one, other),
            _fault(
                (rules[one], rules[other]),
                f"in {_some(slugs)}, {one} speaks for rfy:{local_name(getattr(action, 'value', ''))} and {other} "
                "against it, and both are of one source.",
                _DECLARE,
                knowledge,
            ),
        )


def _advice(closure: Closure, predicates: Iterable[NamedNode]) -> Mapping[Value, set[str]]:
    """Return the rules behind the advice under some properties, by action."""
    found: dict[Value, set[str]] = {}
    for predicate in predicates:
        for action, names in closure.concluded(predicate).items():
            found.setdefault(action, set()).update(names)
    return found


def _favoring(knowledge: Knowledge) -> tuple[NamedNode, ...]:
    """Return the properties by which a case has advice for an action."""
    return tuple(
        predicate
        for predicate in knowledge.subjects(rfy("givesKind"))
        if rfy("favors") in knowledge.values(predicate, Rdfs.SUB_PROPERTY_OF)
    )


def _avoiding(knowledge: Knowledge) -> tuple[NamedNode, ...]:
    """Return the properties by which a case has advice against an action."""
    favoring = _favoring(knowledge)
    return tuple(predicate for predicate in knowledge.subjects(rfy("givesKind")) if predicate not in favoring)


def _heads(predicates: Iterable[NamedNode], knowledge: Knowledge) -> Iterator[_Head]:
    """Yield the rules that conclude a property, each with the clause."""
    wanted = set(predicates)
    for rule in rules_of(knowledge):
        yield from ((rule, clause) for clause in rule.clauses if _predicate(clause) in wanted)


def _predicate(clause: Clause) -> NamedNode | None:
    return clause.head[1] if clause.head else None


def _some(slugs: Sequence[str]) -> str:
    """Return the names of the first two golden cases, and how many more there are."""
    more = f" and {len(slugs) - 2} more" if len(slugs) > 2 else ""
    return f"the golden case{'s' if len(slugs) > 1 else ''} {' and '.join(slugs[:2])}{more}"


def _may_imply(one: _Head, other: _Head) -> bool:
    """Say whether two clauses may speak of one thing; it spares most comparisons."""
    first, second = one[1].head, other[1].head
    if first is None or second is None:
        return False
    return not (isinstance(first[2], NamedNode) and isinstance(second[2], NamedNode) and first[2] != second[2])


def _of_one_source(one: RuleLogic, other: RuleLogic) -> bool:
    return bool(one.sources & other.sources)


def _is_declared(action: object, knowledge: Knowledge) -> bool:
    """Say whether a conflict on this very action is declared; one with another action says another thing."""
    return isinstance(action, NamedNode) and any(
        knowledge.values(conflict, rfy("isBetween")) == (action,)
        for conflict in knowledge.subjects(rfy("isBetween"), action)
    )


def _head(head: _Head) -> str:
    return shown(head[1].head) if head[1].head else ""


def _fault(pair: tuple[RuleLogic, RuleLogic], message: str, fix: str, knowledge: Knowledge) -> Fault:
    """Return the fault of a pair, at the rule that a module brought, else at the former."""
    own = own_rules(knowledge)
    rule = next((rule for rule in pair if rule.name in own), pair[0])
    return Fault(_CHECK, rule.path, rule.name, message, fix)
