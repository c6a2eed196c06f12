"""A third engine concludes the same as the compiled one; what the comparison leaves out, `tests.third_engine` says."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest
from pyoxigraph import NamedNode, Triple

from refractory import Case
from refractory.model.facts import CaseFacts
from refractory.vocabulary import Rdf, rfy
from tests.agreement import by_value, engines, facts_by_value, golden_cases
from tests.generated import generated, read
from tests.support import knowledge_with, shipped
from tests.third_engine import ThirdEngine

SEED, CHUNK = 3_000, 50


@cache
def third() -> ThirdEngine:
    """Return the third engine over the shipped knowledge."""
    return ThirdEngine(shipped().knowledge)


def differences(cases: list[Case]) -> list[str]:
    """Return how the compiled and the third engine differ."""
    compiled, _ = engines()
    found = []
    for case in cases:
        given = frozenset(map(by_value, case.facts.all))
        facts = facts_by_value(compiled.close([case.facts])[0].inferred, case.facts.all)
        model = third().close(case.facts)
        others = frozenset() if model is None else model - given
        if model is None or facts != others:
            found.append(
                f"{case.id}: compiled {sorted(map(str, facts - others))}, third {sorted(map(str, others - facts))}"
            )
    return found


@pytest.mark.parametrize("chunk", range(6))
def test_the_third_engine_agrees_on_generated_cases(chunk: int) -> None:
    """Compiled engine and answer set program infer the same facts about 50 generated cases, each reasoned alone."""
    assert differences(read(generated(SEED + chunk, CHUNK))) == []


def test_the_third_engine_agrees_on_golden_cases() -> None:
    """They agree on the golden cases too, but those with numbers of more digits than the third engine counts."""
    cases = [case for case in golden_cases() if third().counts(case.facts)]

    assert len(cases) >= len(golden_cases()) - 2
    assert differences(cases) == []


def test_generated_cases_reach_every_rule() -> None:
    """Each rule fires in some of the generated cases; else an agreement on them would say nothing of it."""
    compiled, _ = engines()
    cases = [case for chunk in range(6) for case in read(generated(SEED + chunk, CHUNK))]
    closures = compiled.close([case.facts for case in cases])
    fired = Counter(name for closure in closures for names in closure.rules.values() for name in names)

    assert {rule.name for rule in shipped().knowledge.rules} == set(fired)


def test_an_axiom_that_it_does_not_know_is_refused() -> None:
    """The third engine passes over no axiom."""
    path = "ontology/modules/conditions.ttl"
    text = shipped().knowledge.files.text(path) + "\nrfy:isKindOf a owl:ReflexiveProperty .\n"

    with pytest.raises(ValueError, match="ReflexiveProperty"):
        _ = ThirdEngine(knowledge_with({path: text})).program


def test_a_contradiction_has_no_model() -> None:
    """Disjoint classes of one node are a contradiction for it."""
    case = NamedNode("https://example.org/case/both")
    facts = tuple(Triple(case, Rdf.TYPE, rfy(name)) for name in ("Case", "Patient"))

    assert third().close(CaseFacts(case, facts)) is None
