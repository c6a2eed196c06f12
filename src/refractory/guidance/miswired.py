"""Rules that are wired to another's parts: what copying a rule, and changing only some of the copy, leaves behind.

In guidance put together from separate definitions such slips are common: a recommendation whose condition, action,
sentence or example is still that of the one it was copied from. Each part alone is valid; only side by side they show.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations

from pyoxigraph import Literal, NamedNode

from refractory.engine.clauses import Var
from refractory.guidance.answers import Answers
from refractory.guidance.fault import Fault
from refractory.guidance.firing import judged_by_cases
from refractory.guidance.logic import RuleLogic, implies, own_rules, rules_of
from refractory.knowledge.knowledge import Knowledge
from refractory.vocabulary import Rdfs, Skos, local_name, rfy

_VARIABLE = re.compile(r"\{(\w+)\}")
_WORD = re.compile(r"[a-z0-9]+")


def miswired_rules(knowledge: Knowledge, answers: Answers) -> Iterator[Fault]:
    """Yield what is wired wrongly at rules; by cases, of a module only its own rules are judged.

    Args:
        knowledge: The knowledge with all its sources.
        answers: What followed in the golden cases, from `answers_of`.
    """
    judged = judged_by_cases(knowledge, answers)
    for rule in rules_of(knowledge):
        if rule.name in judged:
            yield from _shown(rule, answers)
        yield from _sentence(rule)
        yield from _named(rule, knowledge)
        yield from _urged(rule, knowledge)
        yield from _attached(rule, knowledge)
    yield from _copies(knowledge)


def _shown(rule: RuleLogic, answers: Answers) -> Iterator[Fault]:
    """Ask that a rule fires in the case that it names; whether there is such a case is another check's."""
    for slug in rule.file.list("shown-by"):
        if slug in answers.rules and rule.name not in answers.rules[slug]:
            yield Fault(
                "rule-silent-in-its-case",
                rule.path,
                rule.name,
                f"the rule is to be shown by the golden case {slug}, and does not fire in it.",
                "Name a case in which it fires; if it should fire in this one, correct its body.",
            )


def _sentence(rule: RuleLogic) -> Iterator[Fault]:
    """Ask that a rule's sentence names only what its body binds."""
    for name in _VARIABLE.findall(rule.file.header.get("says", "")):
        if name not in rule.bound:
            yield Fault(
                "sentence-of-an-unbound-variable",
                rule.path,
                rule.name,
                f"the rule's sentence names {{{name}}}, which its body does not bind; no answer could be explained.",
                f"Use a variable of the body: {', '.join(f'{{{bound}}}' for bound in sorted(rule.bound))}.",
            )


def _named(rule: RuleLogic, knowledge: Knowledge) -> Iterator[Fault]:
    """Ask that a rule that is called after one action does not advise on another."""
    advised = _advised(rule, knowledge)
    if not advised or any(isinstance(action, Var) for action in advised):
        return
    # An action that the body reads may well be named: the rule is about what follows from advice on it.
    read = {pattern[2] for pattern in rule.body}
    for what, text in (("title", rule.file.header["title"]), ("file name", rule.name)):
        called = _actions_in(text, knowledge)
        if len(called) == 1 and not called & (advised | read):
            (action,) = called
            yield Fault(
                "rule-named-for-another-action",
                rule.path,
                rule.name,
                f"the rule's {what} is about {_term(action)}, and it concludes advice on "
                f"{', '.join(sorted(map(_term, advised)))}.",
                f"Correct the {what}, or the head.",
            )
            return


def _actions_in(text: str, knowledge: Knowledge) -> set[object]:
    """Return the actions of which a text has a label or synonym, word for word."""
    words = f" {' '.join(_WORD.findall(text.casefold()))} "
    return {
        action for action, names in knowledge.once(_names_of_actions) if any(f" {name} " in words for name in names)
    }


def _names_of_actions(knowledge: Knowledge) -> tuple[tuple[NamedNode, tuple[str, ...]], ...]:
    return tuple(
        (
            action,
            tuple(
                " ".join(_WORD.findall(value.value.casefold()))
                for predicate in (Rdfs.LABEL, Skos.ALT_LABEL)
                for value in knowledge.values(action, predicate)
                if isinstance(value, Literal)
            ),
        )
        for action in sorted(knowledge.members(rfy("Action")), key=str)
    )


def _advised(rule: RuleLogic, knowledge: Knowledge) -> set[object]:
    """Return what a rule gives advice on."""
    kinds = knowledge.subjects(rfy("givesKind"))
    return {head[2] for head in rule.heads if head[1] in kinds}


def _urged(rule: RuleLogic, knowledge: Knowledge) -> Iterator[Fault]:
    """Ask that a rule is urgent about the same action that it gives advice on."""
    urgencies = knowledge.subjects(rfy("givesUrgency"))
    urged: set[object] = {head[2] for head in rule.heads if head[1] in urgencies}
    advised = _advised(rule, knowledge)
    if not urged and not all(isinstance(action, Var) or _is_urged(rule, action, knowledge) for action in advised):
        yield Fault(
            "advice-without-urgency",
            rule.path,
            rule.name,
            f"the rule advises on {', '.join(sorted(map(_term, advised)))}, and no rule is sure to say how urgent that "
            "is wherever it does; then a case has no answer.",
            "Let the head give the urgency too.",
        )
    if urged and advised and urged != advised:
        yield Fault(
            "urgency-of-another-action",
            rule.path,
            rule.name,
            f"the rule advises on {', '.join(sorted(map(_term, advised)))}, and says how urgent "
            f"{', '.join(sorted(map(_term, urged)))} is.",
            "Let its head give kind and urgency of one action.",
        )


def _is_urged(rule: RuleLogic, action: object, knowledge: Knowledge) -> bool:
    """Say whether wherever a rule advises on an action, another says how urgent it is."""
    urgencies = knowledge.subjects(rfy("givesUrgency"))
    return any(
        implies(clause, other, knowledge)
        for clause in rule.clauses
        if clause.head is not None and clause.head[2] == action
        for urging in rules_of(knowledge)
        for other in urging.clauses
        if other.head is not None and other.head[1] in urgencies and other.head[2] == action
    )


def _attached(rule: RuleLogic, knowledge: Knowledge) -> Iterator[Fault]:
    """Ask that a caution or conflict that a rule finds belongs to an action that its body reads, if it reads any."""
    actions = knowledge.members(rfy("Action"))
    read = {pattern[2] for pattern in rule.body if pattern[2] in actions}
    for head in rule.heads:
        for found, belongs in (("raisesCaution", "isCautionAt"), ("meetsConflict", "isBetween")):
            if head[1] == rfy(found) and isinstance(head[2], NamedNode):
                places = set(knowledge.values(head[2], rfy(belongs)))
                if read and places and not read & places:
                    yield Fault(
                        "finding-about-another-action",
                        rule.path,
                        rule.name,
                        f"the rule reads advice on {', '.join(sorted(map(_term, read)))}, and concludes "
                        f"{_term(head[2])}, which belongs to {', '.join(sorted(map(_term, places)))}.",
                        f"Correct the action in the body, the head, or rfy:{belongs} of {_term(head[2])}.",
                    )


def _copies(knowledge: Knowledge) -> Iterator[Fault]:
    """Ask that no rule is another's under a second name, and that none bears another's sentence."""
    own = own_rules(knowledge)
    for pair in combinations(rules_of(knowledge), 2):
        # The one that a module brought is the copy.
        one, other = pair if pair[1].name in own else (pair[1], pair[0])
        if _same(one, other, knowledge):
            yield Fault(
                "copied-rule",
                other.path,
                other.name,
                f"the rule has the same conditions and conclusions as {one.name}, under another name.",
                f"Take one of the two out; its statements may stand in `encodes` of {one.name}.",
            )
        elif one.file.header["says"] == other.file.header["says"] and _explains_neither(one, other):
            yield Fault(
                "copied-sentence",
                other.path,
                other.name,
                f"the rule explains itself with the sentence of {one.name}, and their conditions differ.",
                "Let `says` tell what this rule's own body asks for.",
            )


def _same(one: RuleLogic, other: RuleLogic, knowledge: Knowledge) -> bool:
    """Say whether two rules conclude the same from the same."""
    if len(one.body) != len(other.body) or len(one.heads) != len(other.heads):
        return False
    return all(
        any(
            a.head is not None
            and b.head is not None
            and a.head[1] == b.head[1]
            and implies(a, b, knowledge)
            and implies(b, a, knowledge)
            for b in other.clauses
        )
        for a in one.clauses
    )


def _explains_neither(one: RuleLogic, other: RuleLogic) -> bool:
    """Say whether one sentence for two rules is not in place: it names nothing, and no rule asks for all of another's.

    A sentence with variables tells its rules apart by what they are bound to.
    """
    if _VARIABLE.search(one.file.header["says"]):
        return False
    read = [
        {(pattern[1], None if isinstance(pattern[2], Var) else pattern[2]) for pattern in r.body} for r in (one, other)
    ]
    return not (read[0] <= read[1] or read[1] <= read[0])


def _term(term: object) -> str:
    return f"rfy:{local_name(term.value)}" if isinstance(term, NamedNode) else f"?{term}"
