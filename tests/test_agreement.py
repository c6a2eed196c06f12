"""The compiled engine says what the reference says; `tests.agreement` says what is compared and what is left out.

The full numbers of cases (100 singly, 2,000 in batches of 50) take long, because the reference engine does; they are
one command away: `python -m tests.agreement --singly 100 --batches 40`. Here run the golden cases, and the first of the
same generated cases.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any
from unittest.mock import patch

import owlrl
import pytest
import rdflib
from hypothesis import HealthCheck, given, settings
from pyoxigraph import Literal, NamedNode, Triple

from refractory.engine import compiled as compiled_engine
from refractory.engine import program
from refractory.engine.axioms import is_declaration, read_axioms
from refractory.engine.compiled import CompiledReasoner
from refractory.engine.program import compile_program
from refractory.errors import ContradictionError, KnowledgeError
from refractory.model.facts import PlainClosure
from refractory.model.interchange import to_rdflib
from refractory.vocabulary import Xsd, rfy
from tests.agreement import (
    BATCH,
    IN_BATCHES,
    SINGLY,
    SparingSemantics,
    by_value,
    difference,
    disagreements,
    engines,
    golden_cases,
    plain_reference,
)
from tests.generated import JsonCase, drawn, generated, read
from tests.ontologies import KINDS, Ontology, closure_by_owlrl, random_ontology
from tests.support import shipped

# Seeds of the ontologies, in parts that workers share.
PARTS = [range(start, start + 20) for start in range(0, 240, 20)]
DISJOINT = 10_000
_ERRORS = "http://www.daml.org/2002/03/agents/agent-ont#"


@pytest.mark.parametrize("part", range(8))
def test_engines_agree_on_golden_cases(part: int) -> None:
    """Both engines infer the same from the golden cases, and name the same rules."""
    compiled, reference = engines()

    assert disagreements(golden_cases()[part::8], compiled, reference) == []


@pytest.mark.parametrize("part", range(4))
def test_engines_agree_on_generated_cases_singly(part: int) -> None:
    """Both engines infer the same from generated cases that are reasoned one by one."""
    compiled, reference = engines()
    cases = read(generated(SINGLY, 40))[part * 10 : part * 10 + 10]

    assert [text for case in cases for text in disagreements([case], compiled, reference)] == []


@pytest.mark.parametrize("batch", range(4))
def test_engines_agree_on_generated_cases_in_batches(batch: int) -> None:
    """Both engines infer the same from 50 cases given together."""
    compiled, reference = engines()

    assert disagreements(read(generated(IN_BATCHES + batch, BATCH)), compiled, reference) == []


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(drawn())
def test_engines_agree_on_what_hypothesis_finds(case: JsonCase) -> None:
    """Both engines infer the same from a case that hypothesis draws, and would make small if they did not."""
    compiled, reference = engines()

    assert disagreements(read([case]), compiled, reference) == []


def test_generated_cases_conform() -> None:
    """The generator keeps to the shapes, so what is compared may also be assessed."""
    reports = [shipped().validate(case) for case in read(generated(SINGLY, 60))]

    assert [report.violations for report in reports if not report.conforms] == []


def test_the_comparison_sees_a_difference() -> None:
    """A missing fact, an added one, another number and another rule each show; another writing of a number does not."""
    facts = golden_cases()[0].facts
    dose = Triple(facts.case, rfy("dose"), Literal("2800.0", datatype=Xsd.DECIMAL))
    same = Triple(facts.case, rfy("dose"), Literal("2800", datatype=Xsd.DECIMAL))
    other = Triple(facts.case, rfy("dose"), Literal("2800.1", datatype=Xsd.DECIMAL))
    closure = PlainClosure(frozenset({dose}), {dose: ("one",)})

    assert difference(facts, closure, PlainClosure(frozenset({same}), {same: ("one",)})) == ""
    assert difference(facts, closure, PlainClosure(frozenset(), {}))
    assert difference(facts, closure, PlainClosure(frozenset({other}), {other: ("one",)}))
    assert difference(facts, closure, PlainClosure(frozenset({dose}), {dose: ("two",)}))
    assert difference(facts, closure, PlainClosure(frozenset({dose, other}), {dose: ("one",)}))


# ---- generated ontologies ----


@pytest.fixture
def anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compile each knowledge anew: nothing is read from the cache folder, and nothing is left there."""
    monkeypatch.setattr(compiled_engine, "load_program", compile_program)


def inferred(ontology: Ontology) -> frozenset[tuple[str, str, object]] | None:
    """Return what the compiled engine infers about a case, or None if it finds a contradiction."""
    try:
        (closure,) = CompiledReasoner(ontology.knowledge).close([ontology.case])
    except ContradictionError:
        return None
    return frozenset(map(by_value, closure.inferred)) - frozenset(map(by_value, ontology.case.all))


def compare(seeds: range, disjoint: bool = False) -> list[str]:
    """Return how the compiled engine and owlrl differ over random ontologies."""
    found = []
    for seed in seeds:
        ontology = random_ontology(seed, disjoint)
        with patch.object(owlrl, "OWLRL_Semantics", SparingSemantics):
            ours, theirs = inferred(ontology), closure_by_owlrl(ontology)
        if ours != theirs:
            ours_only = sorted(map(str, (ours or frozenset()) - (theirs or frozenset())))
            theirs_only = sorted(map(str, (theirs or frozenset()) - (ours or frozenset())))
            found.append(f"{seed}: {ours is None} {theirs is None} {ours_only} {theirs_only}")
    return found


@pytest.mark.usefixtures("anew")
@pytest.mark.parametrize("seeds", PARTS, ids=lambda part: f"from {part.start}")
def test_random_ontologies(seeds: range) -> None:
    """Compiled engine and owlrl infer the same about a case from a random ontology; see `tests.ontologies`."""
    assert compare(seeds) == []


@pytest.mark.usefixtures("anew")
@pytest.mark.parametrize("start", [DISJOINT, DISJOINT + 20])
def test_random_ontologies_with_disjoint_classes(start: int) -> None:
    """Both find the same contradictions, and infer the same where there is none."""
    assert compare(range(start, start + 20), disjoint=True) == []


@pytest.mark.usefixtures("anew")
def test_random_ontologies_are_worth_comparing() -> None:
    """Each kind of axiom stands in many of them, most conclude something, some contradict themselves."""
    plain = [random_ontology(seed) for part in PARTS for seed in part]
    disjoint = [random_ontology(seed, disjoint=True) for seed in range(DISJOINT, DISJOINT + 40)]
    kinds = Counter(kind for ontology in plain + disjoint for kind in ontology.kinds)
    contradictions = [inferred(ontology) is None for ontology in disjoint]

    assert min(kinds[kind] for kind in KINDS) >= 20
    assert sum(len(inferred(ontology) or ()) >= 5 for ontology in plain) > len(plain) * 0.8
    assert 8 <= sum(contradictions) <= 32


@pytest.mark.usefixtures("anew")
@pytest.mark.parametrize(
    "name",
    [
        "prp-spo1", "prp-trp", "prp-symp", "prp-inv1", "prp-inv2", "prp-dom", "prp-rng", "prp-spo2", "cax-sco",
        "cls-hv2+cax-sco", "cls-svf1+cax-sco", "cls-svf2+cax-sco", "cls-int1+cax-sco", "cls-uni+cax-sco",
        "cax-sco+cls-avf", "cax-sco+cls-hv1", "cax-dw", "cax-adc",
    ],
)  # fmt: skip
def test_random_ontologies_would_show_a_missing_rule(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one of the OWL rules, the compiled engine answers some random ontology otherwise."""
    disjoint = name in {"cax-dw", "cax-adc"}
    ontologies = [
        random_ontology(seed, disjoint) for seed in (range(DISJOINT, DISJOINT + 40) if disjoint else range(80))
    ]
    before = [inferred(ontology) for ontology in ontologies]
    monkeypatch.setattr(program, "read_axioms", lambda logic: tuple(c for c in read_axioms(logic) if c.name != name))

    assert [inferred(ontology) for ontology in ontologies] != before


def graph_closed(triples: Iterable[Triple], semantics: Any) -> set[Any]:
    """Return the triples that owlrl makes of others."""
    graph = rdflib.Graph()
    for triple in triples:
        graph.add(to_rdflib(triple))
    owlrl.DeductiveClosure(semantics, axiomatic_triples=False, datatype_axioms=False).expand(graph)
    # What it says of a contradiction stands on a blank node of its own each time.
    return {
        (rdflib.BNode("error") if any(str(term).startswith(_ERRORS) for term in (p, o)) else s, p, o)
        for s, p, o in graph
    }


def test_sparing_owlrl_concludes_the_same_of_the_knowledge() -> None:
    """What `tests.agreement` passes over makes no difference: of knowledge and cases follows the same graph."""
    facts = [triple for case in read(generated(SINGLY, 5)) for triple in case.facts.all]
    logic = [triple for triple in shipped().knowledge.logic if not is_declaration(triple)]
    plain, sparing = (graph_closed((*logic, *facts), kind) for kind in (owlrl.OWLRL_Semantics, SparingSemantics))

    assert plain - sparing == set()
    assert sparing - plain == set()


def test_the_sparing_reference_concludes_the_same_as_the_plain_one() -> None:
    """Rules and OWL in turn come to the same closures."""
    _, sparing = engines()
    batch = [case.facts for case in read(generated(SINGLY, 6))]

    for one, other in zip(sparing.close(batch), plain_reference().close(batch), strict=True):
        assert one.inferred == other.inferred
        assert one.rules == other.rules


@pytest.mark.parametrize("start", [0, DISJOINT])
def test_sparing_owlrl_concludes_the_same_of_random_ontologies(start: int) -> None:
    """It is so whatever the axioms are, and where they contradict themselves."""
    for seed in range(start, start + 20):
        ontology = random_ontology(seed, disjoint=start == DISJOINT)
        triples = (*ontology.knowledge.logic, *ontology.case.all)
        plain, sparing = (graph_closed(triples, kind) for kind in (owlrl.OWLRL_Semantics, SparingSemantics))

        assert plain == sparing


def test_cases_of_one_batch_stay_apart() -> None:
    """What follows from a case is the same alone and among others that speak of the same terms."""
    compiled, _ = engines()
    batch = [case.facts for case in read(generated(IN_BATCHES, BATCH))]
    together = compiled.close(batch)

    for facts, closure in zip(batch, together, strict=True):
        (alone,) = compiled.close([facts])
        own = {t.subject for t in facts.all}

        assert alone.inferred == closure.inferred
        assert {t.subject for t in closure.inferred} <= own


@pytest.mark.usefixtures("anew")
def test_a_leak_is_refused() -> None:
    """An axiom by which a case would tell the knowledge something is an error, not silence."""
    ontology = next(
        o for o in map(random_ontology, range(1000)) if any(t.predicate == rfy("outer0") for t in o.case.all)
    )
    inverse = Triple(rfy("outer0"), NamedNode("http://www.w3.org/2002/07/owl#inverseOf"), rfy("known0"))
    knowledge = ontology.knowledge.__class__(
        ontology.knowledge.files,
        ontology.knowledge.guidance,
        (*ontology.knowledge.logic, inverse),
        ontology.knowledge.triples,
        ontology.knowledge.rules,
        "leaky",
    )

    with pytest.raises(KnowledgeError, match="no case's"):
        CompiledReasoner(knowledge).close([ontology.case])
