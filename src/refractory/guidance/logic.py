"""The logic of rules as values that compare: whose each rule is, what it implies, whether it speaks against itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from pyoxigraph import NamedNode

from refractory.engine.axioms import read_axioms
from refractory.engine.clauses import Clause, Expression, Pattern, Term, Var
from refractory.engine.rules import clauses_of, read_rule
from refractory.guidance.generous import stated
from refractory.guidance.matching import Bindings, Facts, frozen, name_of, put, put_known, replaced, unified
from refractory.guidance.ranges import TURNED
from refractory.knowledge.headers import QueryFile
from refractory.knowledge.knowledge import Knowledge
from refractory.vocabulary import local_name, rfy


@dataclass(frozen=True)
class RuleLogic:
    """A rule with its logic.

    Attributes:
        file: The file.
        clauses: One for each triple that it concludes; their bodies are the same.
        sources: The sources of its statements; what accompanies a source counts as that source.
    """

    file: QueryFile
    clauses: tuple[Clause, ...]
    sources: frozenset[str]

    @property
    def name(self) -> str:
        """The name of the file, a sentence."""
        return self.file.name

    @property
    def path(self) -> str:
        """Where it stands."""
        return self.file.path

    @property
    def body(self) -> tuple[Pattern, ...]:
        """What must hold."""
        return self.clauses[0].body

    @cached_property
    def heads(self) -> tuple[Pattern, ...]:
        """What it concludes."""
        return tuple(clause.head for clause in self.clauses if clause.head is not None)

    @cached_property
    def bound(self) -> frozenset[str]:
        """The variables that its body binds."""
        return frozenset(frozen(self.clauses[0]))


def rules_of(knowledge: Knowledge) -> tuple[RuleLogic, ...]:
    """Return the rules of a knowledge with their logic, read once.

    Raises:
        RuleError: A rule is outside the stated part of SPARQL.
    """
    return knowledge.once(_read)


def _read(knowledge: Knowledge) -> tuple[RuleLogic, ...]:
    return tuple(
        RuleLogic(file, clauses_of(read_rule(file)), frozenset(_sources(file, knowledge))) for file in knowledge.rules
    )


def _sources(rule: QueryFile, knowledge: Knowledge) -> Iterator[str]:
    for name in rule.list("encodes"):
        source = rfy(name.rpartition("-")[0])
        # What compares the sources beside a leading one passes on what others say, and takes no side of its own.
        if not knowledge.text(source, rfy("accompaniesSourcesBeside")):
            yield local_name(knowledge.text(source, rfy("accompanies")) or source.value)


def own_rules(knowledge: Knowledge) -> frozenset[str]:
    """Return the names of the rules to judge by cases: those of the modules laid on top; without any, all."""
    added = knowledge.files.added
    return frozenset(rule.name for rule in knowledge.rules if not added or rule.path in added)


def assumed(clause: Clause, knowledge: Knowledge) -> Facts:
    """Return what holds wherever the patterns of a clause hold, with what the knowledge states."""
    facts = Facts(axioms_of(knowledge), stated(knowledge))
    names = frozen(clause)
    facts.add(put(pattern, names) for pattern in clause.body)
    return facts


def axioms_of(knowledge: Knowledge) -> tuple[Clause, ...]:
    """Return the clauses of the axioms, read once."""
    return knowledge.once(_axioms)


def _axioms(knowledge: Knowledge) -> tuple[Clause, ...]:
    return read_axioms(knowledge.logic)


def absence_that_is_wanted(clause: Clause, knowledge: Knowledge) -> tuple[Pattern, ...] | None:
    """Return a group that a clause wants absent and that its own patterns make hold; None if there is none."""
    if not clause.absent:
        return None
    facts, names = assumed(clause, knowledge), frozen(clause)
    return next((group for group in clause.absent if facts.has(_named(group, names))), None)


def implies(one: Clause, other: Clause, knowledge: Knowledge, facts: Facts | None = None) -> bool:
    """Say whether wherever a clause concludes something of a subject and a value, another concludes of the same two.

    It is said only where it is sure: variables may be called otherwise, axioms count, comparisons are taken literally.

    Args:
        one: The clause that concludes.
        other: The clause that would conclude too.
        knowledge: The knowledge.
        facts: What is assumed of the former, where it is at hand already.
    """
    if one.head is None or other.head is None:
        return False
    facts = facts or assumed(one, knowledge)
    names = frozen(one)
    start = unified((other.head[0], one.head[1], other.head[2]), put(one.head, names), {})
    if start is None:
        return False
    return any(_rest_holds(one, other, names, found, facts) for found in facts.matches(other.body, start))


def _rest_holds(one: Clause, other: Clause, names: Bindings, found: Bindings, facts: Facts) -> bool:
    """Say whether the arithmetic, comparisons and absences of one clause are among another's, under bindings."""
    found = dict(found)
    for variable, expression in other.bindings:
        same = [names[v] for v, e in one.bindings if replaced(e, names) == replaced(expression, found)]
        if not same or found.setdefault(variable, same[0]) not in same:
            return False
    if not set(_compared(other.filters, found)) <= set(_compared(one.filters, names)):
        return False
    return all(any(_within(wanted, group, names, found, facts) for wanted in one.absent) for group in other.absent)


def _compared(
    filters: Iterable[tuple[str, Expression, Expression]], bindings: Bindings
) -> Iterator[tuple[str, Expression, Expression]]:
    """Yield comparisons with their variables replaced, each both ways round."""
    for operator, left, right in filters:
        one, other = replaced(left, bindings), replaced(right, bindings)
        yield (operator, one, other)
        yield (TURNED[operator], other, one)


def _within(
    absent: tuple[Pattern, ...], group: tuple[Pattern, ...], names: Bindings, found: Bindings, facts: Facts
) -> bool:
    """Say whether what is absent would hold if a group of another clause did, so that the group is absent too."""
    nodes = (node for pattern in group for node in (pattern[0], pattern[2]))
    inner: dict[str, Term] = {
        node: NamedNode(name_of(node).value + "/absent") for node in nodes if isinstance(node, Var)
    }
    supposed = Facts((), facts)
    supposed.add(put(pattern, {**inner, **found}) for pattern in group)
    return supposed.has(_named(absent, names))


def _named(group: tuple[Pattern, ...], names: Bindings) -> tuple[Pattern, ...]:
    """Return patterns with the variables replaced that have a name; the others stay."""
    return tuple(put_known(pattern, names) for pattern in group)
