"""Rules that cannot fire in any case, and rules that fire in none of the golden cases."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pyoxigraph import NamedNode

from refractory.case.mapping import CaseMapping
from refractory.engine.clauses import Clause, Pattern, kind, meets
from refractory.guidance.answers import Answers
from refractory.guidance.fault import Fault
from refractory.guidance.generous import all_that_may_hold
from refractory.guidance.logic import RuleLogic, absence_that_is_wanted, own_rules, rules_of
from refractory.guidance.matching import Facts, shown
from refractory.guidance.ranges import unmeetable, written
from refractory.knowledge.knowledge import Knowledge
from refractory.knowledge.names import did_you_mean
from refractory.vocabulary import NAMESPACE, Rdf, local_name, rfy

_CANNOT, _NEVER, _ABSENCE = "rule-that-cannot-fire", "rule-that-never-fires", "absence-that-nothing-fills"


def rules_that_cannot_fire(knowledge: Knowledge) -> Iterator[Fault]:
    """Yield the rules of which no case whatever can meet the body, and which pattern is the reason.

    A pattern holds if a case may say it, the knowledge states it, or an axiom or a rule that can fire concludes it.

    Args:
        knowledge: The knowledge with all its sources: one may read what another brings.
    """
    yield from silent_rules(knowledge).values()


def absences_that_nothing_fills(knowledge: Knowledge) -> Iterator[Fault]:
    """Yield the rules that want something absent which can never be there, so that the condition says nothing."""
    may_hold = what_may_hold(knowledge)
    for rule in rules_of(knowledge):
        for group in rule.clauses[0].absent:
            if not may_hold.has(group) and not any(_is_left_to_modules(pattern, knowledge) for pattern in group):
                pattern = next((p for p in group if not may_hold.has([p])), group[-1])
                yield Fault(
                    _ABSENCE,
                    rule.path,
                    rule.name,
                    f"the rule wants `{shown(pattern)}` absent, and {_reason(pattern, knowledge, ())}; so "
                    "the condition holds back nothing.",
                    _fix(pattern, knowledge) or "Correct the pattern, or take the condition out.",
                )


def _is_left_to_modules(pattern: Pattern, knowledge: Knowledge) -> bool:
    """Say whether a pattern is minded for the sake of modules, so that nothing shipped need conclude it."""
    terms = (term for term in pattern if isinstance(term, NamedNode))
    return any(knowledge.text(term, rfy("isLeftToModules")) == "true" for term in terms)


def silent_rules(knowledge: Knowledge) -> Mapping[str, Fault]:
    """Return the faults of the rules that cannot fire, by the rule's name; worked out once."""
    return knowledge.once(_silent)


def _silent(knowledge: Knowledge) -> dict[str, Fault]:
    rules = rules_of(knowledge)
    faults = {rule.name: fault for rule in rules if (fault := _against_itself(rule, knowledge))}
    may_hold = what_may_hold(knowledge)
    if faults:
        # What only such a rule concludes nothing concludes.
        may_hold = all_that_may_hold(knowledge, _clauses(rule for rule in rules if rule.name not in faults))
    for rule in rules:
        if rule.name not in faults and not may_hold.has(rule.body):
            faults[rule.name] = _unmet(rule, may_hold, knowledge)
    return faults


def what_may_hold(knowledge: Knowledge, *, table: bool = True) -> Facts:
    """Return all that may hold in any case, worked out once; without a table, what needs one is left out."""
    return knowledge.once(_may_hold if table else _may_hold_without_table)


def _may_hold(knowledge: Knowledge) -> Facts:
    return all_that_may_hold(knowledge, _clauses(rules_of(knowledge)))


def _may_hold_without_table(knowledge: Knowledge) -> Facts:
    return all_that_may_hold(knowledge, _clauses(rules_of(knowledge)), table=False)


def _clauses(rules: Iterable[RuleLogic]) -> tuple[Clause, ...]:
    return tuple(clause for rule in rules for clause in rule.clauses)


def _against_itself(rule: RuleLogic, knowledge: Knowledge) -> Fault | None:
    clause = rule.clauses[0]
    group = absence_that_is_wanted(clause, knowledge)
    if group is not None:
        return Fault(
            _CANNOT,
            rule.path,
            rule.name,
            f"the rule wants `{' . '.join(map(shown, group))}` absent, and its other patterns make it hold.",
            "Take one of the two out, or write the absence of something else.",
        )
    impossible = unmeetable(clause.filters)
    if impossible is not None:
        return Fault(
            _CANNOT,
            rule.path,
            rule.name,
            f"no number meets what the rule asks of `{written(impossible)}`.",
            "Correct the comparisons; for either of two ranges, write two rules.",
        )
    return None


def _unmet(rule: RuleLogic, may_hold: Facts, knowledge: Knowledge) -> Fault:
    """Return the fault of a rule whose patterns hold in no case, and name the pattern."""
    alone = [pattern for pattern in rule.body if not may_hold.has([pattern])]
    if alone:
        pattern = alone[0]
        others = [
            other.name
            for other in rules_of(knowledge)
            if other.name != rule.name and any(meets(kind(head), kind(pattern)) for head in other.heads)
        ]
        reason = _reason(pattern, knowledge, others)
        return Fault(
            _CANNOT,
            rule.path,
            rule.name,
            f"nothing meets the pattern `{shown(pattern)}`: {reason}.",
            _fix(pattern, knowledge) or "Correct the pattern, or add what concludes it.",
        )
    count = next(n for n in range(1, len(rule.body) + 1) if not may_hold.has(rule.body[:n]))
    return Fault(
        _CANNOT,
        rule.path,
        rule.name,
        f"no case meets the pattern `{shown(rule.body[count - 1])}` together with those before it, though each of them "
        "may hold alone.",
        "See that each variable stands for one thing: what is said of a part of a case is not said of the case.",
    )


def _reason(pattern: Pattern, knowledge: Knowledge, others: Sequence[str]) -> str:
    unknown = _undeclared(pattern, knowledge)
    if unknown is not None:
        return f"rfy:{local_name(unknown.value)} is declared nowhere"
    if others:
        return f"only {', '.join(others)} would conclude it, and cannot fire either"
    if pattern[1] in CaseMapping.of(knowledge).by_predicate:
        return "a case may have the property, but not with this value, and no rule that can fire concludes it"
    return "no case may say it, the knowledge does not state it, and no axiom or rule that can fire concludes it"


def _fix(pattern: Pattern, knowledge: Knowledge) -> str:
    unknown = _undeclared(pattern, knowledge)
    if unknown is None:
        return ""
    known = sorted(local_name(term.value) for term in _declared(knowledge))
    near = difflib.get_close_matches(local_name(unknown.value), known, n=2, cutoff=0.7)
    return did_you_mean(f"rfy:{name}" for name in near) or "Correct the name, or declare the term in a Turtle file."


def _undeclared(pattern: Pattern, knowledge: Knowledge) -> NamedNode | None:
    terms = (node for node in pattern if isinstance(node, NamedNode) and node.value.startswith(NAMESPACE))
    return next((term for term in terms if term not in _declared(knowledge)), None)


def _declared(knowledge: Knowledge) -> frozenset[NamedNode]:
    return knowledge.once(_typed)


def _typed(knowledge: Knowledge) -> frozenset[NamedNode]:
    return frozenset(knowledge.subjects(Rdf.TYPE))


# ---- rules that no golden case uses ----


def rules_that_never_fire(knowledge: Knowledge, answers: Answers) -> Iterator[Fault]:
    """Yield the rules that could fire and that no golden case uses; of a module, only its own.

    A rule that names one of the cases is left to the check of what it names.

    Args:
        knowledge: The knowledge with all its sources.
        answers: What followed in the golden cases, from `answers_of`.
    """
    judged = judged_by_cases(knowledge, answers)
    for rule in rules_of(knowledge):
        named = any(slug in answers.rules for slug in rule.file.list("shown-by"))
        if rule.name in judged - answers.fired and not named:
            yield Fault(
                _NEVER,
                rule.path,
                rule.name,
                f"the rule fires in none of the {len(answers.closures)} golden cases, so nobody has seen what it does.",
                "Add a golden case in which it fires, and name the case in the rule's `shown-by`.",
            )


def judged_by_cases(knowledge: Knowledge, answers: Answers) -> frozenset[str]:
    """Return the names of the rules that should fire in some golden case: of a module, its own.

    What cannot fire is told already; what only a table of mutations brings about is no fault where none was at hand.

    Args:
        knowledge: The knowledge with all its sources.
        answers: What followed in the golden cases.
    """
    if not answers.closures:
        return frozenset()
    found = own_rules(knowledge) - silent_rules(knowledge).keys()
    if answers.with_table:
        return found
    without = what_may_hold(knowledge, table=False)
    return found - {rule.name for rule in rules_of(knowledge) if not without.has(rule.body)}
