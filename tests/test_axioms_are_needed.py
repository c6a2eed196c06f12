"""No logical axiom is idle: without it a golden case, the knowledge alone, or a collision comes out otherwise."""

from __future__ import annotations

from functools import cache
from itertools import product

import pytest
from pyoxigraph import NamedNode, Triple

from refractory.engine import program
from refractory.engine.axioms import read_axioms
from refractory.engine.clauses import Clause
from refractory.engine.compiled import CompiledReasoner
from refractory.errors import ContradictionError
from refractory.model.facts import CaseFacts, canonical
from refractory.vocabulary import Rdf, local_name, rfy
from tests.support import as_answered, shipped, slugs

# What these say of their classes holds of each member already, because readers of cases and the files say it. They tell
# a reader of the ontology what a class is a kind of, and are exempt for that reason alone.
SAID_ALREADY = {rfy("Patient"), rfy("Case"), rfy("Drug"), rfy("Position")}

PARTS = {"hasPatient": "Patient", "hasTreatment": "Treatment", "hasSusceptibilityResult": "SusceptibilityResult",
         "hasGenotypeFinding": "GenotypeFinding", "hasMeasurement": "Measurement"}  # fmt: skip

# The design promises guidance a relation of kinds of any depth; what is written so far has no kind of a kind.
FOR_LATER = {"prp-trp isKindOf"}


def axioms() -> dict[str, frozenset[Clause]]:
    """Return the clauses of each axiom by its name; an inverse has two."""
    found: dict[str, frozenset[Clause]] = {}
    for clause in read_axioms(shipped().knowledge.logic):
        name = (
            f"{clause.name.removesuffix('1').removesuffix('2')} {' '.join(local_name(t.value) for t in clause.axiom)}"
        )
        found[name] = found.get(name, frozenset()) | {clause}
    return found


AXIOMS = axioms()

Effect = tuple[object, object, object]


@cache
def collisions() -> tuple[CaseFacts, ...]:
    """Return cases in which one node plays two parts: by its classes, by what leads to it, or by what leads from it."""
    case, node, other = (NamedNode(f"https://example.org/collision#{name}") for name in ("case", "node", "other"))
    made = []
    for p, q in product(PARTS, PARTS):
        made.append([Triple(case, rfy(p), node), Triple(case, rfy(q), node)])
        made.append([Triple(case, rfy(p), node), Triple(node, rfy(q), other)])
    for one, two in product(["Case", *PARTS.values()], repeat=2):
        made.append([Triple(node, Rdf.TYPE, rfy(one)), Triple(node, Rdf.TYPE, rfy(two))])
    return tuple(CaseFacts(case, canonical(facts)) for facts in made)


def effect() -> Effect:
    """Return what follows from the knowledge alone, from each golden case, and which collisions are contradictions."""
    reasoner = CompiledReasoner(shipped().knowledge)
    golden = tuple(closure.inferred for closure in reasoner.close([as_answered(slug).facts for slug in slugs()]))
    found = []
    for case in collisions():
        try:
            reasoner.close([case])
            found.append(False)
        except ContradictionError:
            found.append(True)
    assert any(found)
    return frozenset(reasoner.program.known), golden, tuple(found)


@cache
def whole() -> Effect:
    """Return the effect of the whole ontology."""
    return effect()


@pytest.mark.parametrize("name", sorted(AXIOMS))
def test_no_axiom_is_idle(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An axiom taken out changes something; only one that repeats what is said already may change nothing."""
    expected = whole()
    axiom = AXIOMS[name]
    (first, *_) = axiom

    def without(logic: tuple[Triple, ...]) -> tuple[Clause, ...]:
        return tuple(clause for clause in read_axioms(logic) if clause not in axiom)

    monkeypatch.setattr(program, "read_axioms", without)
    monkeypatch.setattr("refractory.engine.compiled.load_program", program.compile_program)
    if (first.name == "cax-sco" and first.axiom[1] in SAID_ALREADY) or name in FOR_LATER:
        assert expected == effect(), "it does something after all: take it off the exemption"
    else:
        assert expected != effect()
