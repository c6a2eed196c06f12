"""Each rule fires in some golden case, and in some golden case only one of its conditions keeps it from firing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import pytest
from pyoxigraph import Literal, NamedNode, Quad, QueryTriples, Store, Triple

from refractory.engine.compiled import CompiledReasoner
from refractory.engine.rules import Rule, read_rule
from refractory.vocabulary import NAMESPACE
from tests.support import golden, shipped

CONDITION = re.compile(r"FILTER NOT EXISTS \{[^}]*\}|FILTER \([^)]*\)|BIND \([^)]*\)")
# Where each condition binds what the head needs, none can be left out; then not firing in some case is the near miss.
PREFIX = f"PREFIX rfy: <{NAMESPACE}>\n"


@cache
def world() -> Store:
    """Return the knowledge with all golden cases and what follows from them."""
    knowledge = shipped().knowledge
    # Facts of the knowledge alone, such as a kind of a kind, are in no case's closure.
    known = CompiledReasoner(knowledge).program.known
    facts = [*knowledge.logic, *known, *(t for a in golden().values() for t in (*a.facts.all, *a.closure.inferred))]
    store = Store()
    store.bulk_extend(Quad(t.subject, t.predicate, t.object) for t in facts)
    return store


@cache
def rules() -> dict[str, Rule]:
    """Return the rules by name."""
    return {file.name: read_rule(file) for file in shipped().knowledge.rules}


def concluded(rule: Rule, conditions: list[str]) -> set[Triple]:
    """Return what a rule would conclude from the golden cases under some conditions."""
    head = " . ".join(" ".join(term.n3() for term in triple) for triple in rule.head)
    rows = world().query(f"{PREFIX}CONSTRUCT {{ {head} }} WHERE {{ {' '.join(conditions)} }}")
    assert isinstance(rows, QueryTriples)
    return set(rows)


def conditions_of(rule: Rule) -> list[str]:
    """Return patterns, filters and bindings of a rule, each as SPARQL."""
    text = next(file.text for file in shipped().knowledge.rules if file.name == rule.name)
    patterns = [" ".join(term.n3() for term in pattern) + " ." for pattern in rule.body]
    return patterns + CONDITION.findall(text)


def relaxed(rule: Rule) -> Iterator[list[str]]:
    """Yield the conditions of a rule with one of them left out, as far as the head stays bound."""
    conditions = conditions_of(rule)
    needed = {f"?{term}" for triple in rule.head for term in triple if term.__class__.__name__ == "Variable"}
    for index, left_out in enumerate(conditions):
        rest = conditions[:index] + conditions[index + 1 :]
        positive = " ".join(c for c in rest if not c.startswith("FILTER"))
        if not left_out.startswith("BIND") and all(re.search(rf"{re.escape(v)}\b", positive) for v in needed):
            yield rest


@pytest.mark.parametrize("name", sorted(rules()))
def test_each_rule_fires(name: str) -> None:
    """The rule concludes something in the golden cases, and everything that it concludes was inferred."""
    rule = rules()[name]
    found = {plain(t) for t in concluded(rule, conditions_of(rule))}
    inferred = {plain(t) for a in golden().values() for t, names in a.closure.rules.items() if name in names}

    assert found
    assert found == inferred


@pytest.mark.parametrize("name", sorted(rules()))
def test_each_rule_has_a_near_miss(name: str) -> None:
    """Left without one of its conditions, the rule would conclude something in a golden case where it does not."""
    rule = rules()[name]
    fires = concluded(rule, conditions_of(rule))
    if not any(relaxed(rule)):
        cases = {t.subject for t in fires}

        assert len(cases) < len(golden()), "a rule that always fires says nothing"
        return

    assert any(concluded(rule, rest) - fires for rest in relaxed(rule))


def plain(triple: Triple) -> tuple[object, object, object]:
    """Return a triple with its number by value: two engines write one decimal differently."""
    value = triple.object
    if isinstance(value, Literal) and value.datatype.value.endswith("decimal"):
        return triple.subject, triple.predicate, float(value.value)
    assert isinstance(value, NamedNode | Literal)
    return triple.subject, triple.predicate, value
