"""What must not matter does not: how a case is written, what it is called, and facts that nothing rests on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from pyoxigraph import NamedNode
from rdflib.term import URIRef

from refractory import Case
from refractory.engine.rules import read_rule
from refractory.guidance.golden import projected
from refractory.vocabulary import Owl, Rdf, local_name
from tests.generated import JsonCase, drawn, generated, vocabulary
from tests.support import shipped
from tests.test_promises import evidence_against, finds_out, ranks, removals, resolved

SEED, COUNT = 4_000, 24
NUMBERS = range(COUNT)


@cache
def cases() -> list[JsonCase]:
    """Return the generated cases."""
    return generated(SEED, COUNT)


@cache
def answer(number: int) -> dict[str, Any]:
    """Return the answer to a generated case."""
    return assessed([cases()[number]])[0]


def assessed(written: Sequence[JsonCase]) -> list[dict[str, Any]]:
    """Return the answers to cases."""
    answers = shipped().assess_all([Case.from_json(case) for case in written], questions=False)
    return [found.to_json() for found in answers]


def advice(found: dict[str, Any]) -> dict[str, Any]:
    """Return what an answer advises, without its warnings, which speak of how the case is written."""
    return {key: value for key, value in projected(found).items() if key != "warnings"}


# ---- how a case is written ----


def shuffled(case: Case, random: Random, blank: bool = False) -> Case:
    """Return a case read from its triples in another order; with its parts as blank nodes of random names if asked."""
    lines = [f"{triple} ." for triple in case.facts.asserted]
    random.shuffle(lines)
    text = "\n".join(lines)
    if blank:
        nodes = sorted({t.subject.value for t in case.facts.asserted if isinstance(t.subject, NamedNode)} - {case.id})
        labels = random.sample(range(10_000), len(nodes))
        for node, label in sorted(zip(nodes, labels, strict=True), key=lambda pair: -len(pair[0])):
            text = text.replace(f"<{node}>", f"_:b{label}")
    return Case.from_turtle(text)


@pytest.mark.parametrize("number", NUMBERS)
def test_the_order_of_triples_does_not_matter(number: int) -> None:
    """A case read from its triples in another order has the same answer, to the byte."""
    case = Case.from_json(cases()[number])
    found = shipped().assess(shuffled(case, Random(number)), questions=False)  # noqa: S311  # a fixed seed is wanted

    assert json.dumps(found.to_json()) == json.dumps(answer(number))


@pytest.mark.parametrize("number", NUMBERS)
def test_the_names_of_blank_nodes_do_not_matter(number: int) -> None:
    """Under other names of blank nodes and in another order the answer is the same, and advises what IRIs do."""
    case = Case.from_json(cases()[number])
    variants = [shuffled(case, Random(seed), blank=True) for seed in (number, number + 1_000)]  # noqa: S311
    one, other = (found.to_json() for found in shipped().assess_all(variants, questions=False))

    assert json.dumps(one) == json.dumps(other)
    assert projected(one) == projected(answer(number))


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("name", ["urn:case:a", "https://zzz.example.org/~x?case=1", "http://example.org/c#episode"])
def test_the_name_of_a_case_does_not_matter(number: int, name: str) -> None:
    """Under another IRI a case has the same answer, but for the IRI."""
    case = cases()[number]
    (renamed,) = assessed([{**case, "id": name}])
    base, other = case["id"] + "#", name + ("." if "#" in name else "#")
    text = json.dumps(answer(number)).replace(base, other).replace(f'"{case["id"]}"', f'"{name}"')

    assert json.loads(text) == renamed


# ---- promise 2 ----


def grown(case: JsonCase) -> list[tuple[object, str]]:
    """Return (facts left out, action) where leaving facts out adds or strengthens an action without good reason.

    Good reasons are that the action finds the fact out, or that the graph declares the fact evidence against it.
    """
    parts = list(removals(case))
    variants = [{**without, "id": f"{case['id']}/without/{number}"} for number, (_, without) in enumerate(parts)]
    before = ranks(assessed([case])[0])
    found: list[tuple[object, str]] = []
    for (facts, _), after in zip(parts, assessed(variants), strict=True):
        named = [(name, resolved(value)) for name, value in facts]
        for action, (kind, urgency) in ranks(after).items():
            old = before.get(action)
            if old and old[0] <= kind and old[1] <= urgency:
                continue
            asked = any(fact and action in finds_out().get(fact, ()) for _, fact in named)
            against = any(
                (p, a) == (name, action) and v in (None, fact)
                for _, p, v, a in evidence_against()
                for name, fact in named
            )
            if not asked and not against:
                found.append((named, action))
    return found


@pytest.mark.parametrize("number", NUMBERS)
def test_unknown_is_not_no(number: int) -> None:
    """Leaving a fact out adds or strengthens no action, but those that find it out and those it is evidence against."""
    assert grown(cases()[number]) == []


# ---- facts that nothing rests on ----


@cache
def read_terms() -> tuple[frozenset[NamedNode], frozenset[tuple[NamedNode, NamedNode]]]:
    """Return the properties that rules and axioms read, and those that rules read with a certain term."""
    knowledge = shipped().knowledge
    rules = [read_rule(file) for file in knowledge.rules]
    patterns = [p for rule in rules for p in (*rule.body, *(p for group in rule.absent for p in group))]
    owl = ("http://www.w3.org/2000/01/rdf-schema#", "http://www.w3.org/2002/07/owl#")
    in_axioms = {
        term
        for t in knowledge.logic
        if t.predicate.value.startswith(owl) or t.predicate in (Rdf.FIRST, Rdf.REST)
        for term in (t.subject, t.object)
        if isinstance(term, NamedNode)
    }
    exact = frozenset((NamedNode(p), NamedNode(o)) for _, p, o in patterns if isinstance(o, URIRef))
    return frozenset({NamedNode(p) for _, p, _ in patterns} | in_axioms), exact


def unread() -> list[tuple[str, str]]:
    """Return (part, key) of the published keys that neither rule nor axiom reads."""
    everything, _ = read_terms()
    found = []
    for name, key in vocabulary().case.keys.items():
        if key.part:
            found += [(name, inner.name) for inner in key.part.keys.values() if inner.predicate not in everything]
    return found


def test_some_keys_are_read_by_nobody() -> None:
    """There are keys of the kind that the next test takes out: the way of testing, say."""
    assert ("susceptibility", "method") in unread()


@pytest.mark.parametrize("number", NUMBERS)
def test_what_nobody_reads_changes_no_advice(number: int) -> None:
    """Without the keys that neither rule nor axiom reads, the advice is the same."""
    stripped = json.loads(json.dumps(cases()[number]))
    for name, key in unread():
        # From first and last days the reader counts days, of a specimen's text it makes a node, of a
        # measurement a value: all are read. Without its virus, gene and mutation a genotype finding does not conform.
        read = {("treatments", "startedOn"), ("treatments", "endedOn"), ("susceptibility", "specimen")}
        read |= {("genotype", part) for part in ("virus", "gene", "mutation", "specimen")}
        if name != "measurements" and (name, key) not in read:
            entries = stripped.get(name, [])
            for entry in entries if isinstance(entries, list) else [entries]:
                entry.pop(key, None)

    assert advice(assessed([stripped])[0]) == advice(answer(number))


def unrelated(key: str) -> frozenset[str]:
    """Return the terms that a list of a case may have of which nothing follows that anyone reads."""
    _, exact = read_terms()
    predicate = vocabulary().case.keys[key].predicate
    named = {term for p, term in exact if p == predicate}
    # A chain leads from a drug to its products, so a drug is related to what its products are.
    logic = shipped().knowledge.logic
    leads = {t.subject for t in logic if t.object in named}
    # Where an axiom asks for some value of a class, its members are related.
    restrictions = {t.subject for t in logic if t.predicate == Owl.ON_PROPERTY and t.object == predicate}
    classes = {t.object for t in logic if t.predicate == Owl.SOME_VALUES_FROM and t.subject in restrictions}
    valued = [t.object for t in logic if t.predicate == Owl.HAS_VALUE and t.subject in restrictions]
    leads |= {term for term in valued if isinstance(term, NamedNode)}
    leads |= {t.subject for t in logic if t.predicate == Rdf.TYPE and t.object in classes}
    return frozenset(local_name(t.value) for t in vocabulary().terms[predicate] if t not in named | leads)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("key", ["allergies", "unavailable"])
def test_an_unrelated_fact_changes_no_advice(number: int, key: str) -> None:
    """An allergy to a drug, or the want of one, that no rule asks for changes nothing, whether added or taken out."""
    case, free = cases()[number], unrelated(key)
    said = case.get(key, [])
    turned = {**case, key: [name for name in said if name not in free] + sorted(free - set(said))}

    assert len(free) >= 5
    assert advice(assessed([turned])[0]) == advice(answer(number))


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(drawn())
def test_a_case_written_out_and_read_again_is_the_same(case: JsonCase) -> None:
    """JSON, Turtle and JSON again: the same facts, and the same answer from the engine."""
    first = Case.from_json(case)
    (one, other) = shipped().reasoner.close([first.facts, Case.from_turtle(first.to_turtle()).facts])

    assert Case.from_json(first.to_json()).to_json() == first.to_json()
    assert one.inferred == other.inferred
    assert one.rules == other.rules
