"""The reference reasoner: rdflib, owlrl and the `CONSTRUCT` files to a fixpoint, stratum by stratum.

Slow and plain: what it does is what the specifications say, by the libraries that implement them. It keeps no proofs.
It is the oracle for every faster engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import owlrl
import rdflib
from pyoxigraph import Triple
from rdflib.term import Node

from refractory.engine.axioms import is_axiom, is_declaration, read_axioms
from refractory.engine.rules import Rule, read_rule
from refractory.engine.strata import drives_owl, stratify
from refractory.errors import ContradictionError
from refractory.knowledge.knowledge import Knowledge
from refractory.model.facts import CaseFacts, PlainClosure
from refractory.model.interchange import from_rdflib, to_rdflib
from refractory.vocabulary import NAMESPACE, Rdf

# owlrl raises nothing on an inconsistency: it adds a node of this class that says what it found.
_ERROR = rdflib.URIRef("http://www.daml.org/2002/03/agents/agent-ont#ErrorMessage")
_ERROR_TEXT = rdflib.URIRef("http://www.daml.org/2002/03/agents/agent-ont#error")

_Triple: TypeAlias = tuple[Node, Node, Node]

_TYPE = rdflib.URIRef(Rdf.TYPE.value)


class ReferenceReasoner:
    """rdflib + owlrl + SPARQL. Made once for a knowledge; safe to share, because each call works on its own graph."""

    def __init__(self, knowledge: Knowledge) -> None:
        """Read rules and axioms.

        Raises:
            RuleError: A rule is outside the stated part of SPARQL, or absences go in a circle.
            KnowledgeError: An axiom is not understood.
        """
        self._axioms = read_axioms(knowledge.logic)
        self.strata = stratify([read_rule(file) for file in knowledge.rules], self._axioms)
        # owlrl makes several triples of each declaration, and of each fact that no axiom reads, none of them ours. The
        # former are left out; the latter stand aside while it runs. So it takes a third of the time.
        logic = [triple for triple in knowledge.logic if not is_declaration(triple)]
        self._logic = tuple(map(to_rdflib, logic))
        self._aside = tuple(to_rdflib(t) for t in logic if not is_axiom(t) and not self._drives_owl(to_rdflib(t)))

    def close(self, cases: Sequence[CaseFacts]) -> list[PlainClosure]:
        """Return what follows from each case.

        Several cases share one graph, which saves time; they stay apart because no axiom and no rule leads from a
        case to the knowledge and on to another case.

        Raises:
            ContradictionError: The closure is inconsistent; if several cases were given, of one of them.
        """
        graph = rdflib.Graph()
        for triple in self._logic:
            graph.add(triple)
        owners: dict[Node, int] = {}
        for index, case in enumerate(cases):
            for triple in map(to_rdflib, case.all):
                graph.add(triple)
                owners[triple[0]] = index
        started = set(graph)
        rules: dict[_Triple, set[str]] = {}
        self._close_owl(graph)
        for stratum in self.strata:
            self._run(stratum, graph, rules)
        return self._split(graph, started, owners, rules, len(cases))

    def _run(self, stratum: Sequence[Rule], graph: rdflib.Graph, rules: dict[_Triple, set[str]]) -> None:
        """Run the rules of a stratum, and OWL after them, until nothing new comes."""
        changed = True
        while changed:
            fresh: list[_Triple] = []
            for rule in stratum:
                for triple in _construct(graph, rule):
                    rules.setdefault(triple, set()).add(rule.name)
                    if triple not in graph:
                        graph.add(triple)
                        fresh.append(triple)
            changed = bool(fresh)
            # A fact that no axiom reads makes owlrl conclude nothing, and a run of it costs a second.
            if any(map(self._drives_owl, fresh)):
                self._close_owl(graph)

    def _drives_owl(self, triple: _Triple) -> bool:
        """Say whether an axiom reads a fact."""
        _, predicate, value = triple
        return drives_owl([(str(predicate), str(value))], self._axioms)

    def _close_owl(self, graph: rdflib.Graph) -> None:
        """Close a graph under OWL 2 RL in place, with what no axiom reads aside."""
        for triple in self._aside:
            graph.remove(triple)
        _close_owl(graph)
        for triple in self._aside:
            graph.add(triple)

    def _split(
        self,
        graph: rdflib.Graph,
        started: set[_Triple],
        owners: dict[Node, int],
        rules: dict[_Triple, set[str]],
        count: int,
    ) -> list[PlainClosure]:
        """Give each case its own facts, and leave what owlrl says about everything and nothing."""
        inferred: list[set[Triple]] = [set() for _ in range(count)]
        causes: list[dict[Triple, tuple[str, ...]]] = [{} for _ in range(count)]
        for triple in graph:
            owner = owners.get(triple[0])
            if owner is None or not _is_ours(triple):
                continue
            if triple not in started:
                fact = from_rdflib(triple)
                inferred[owner].add(fact)
                if triple in rules:
                    causes[owner][fact] = tuple(sorted(rules[triple]))
        return [PlainClosure(frozenset(facts), names) for facts, names in zip(inferred, causes, strict=True)]


def _construct(graph: rdflib.Graph, rule: Rule) -> list[_Triple]:
    """Return what a rule concludes from a graph."""
    return list(graph.query(rule.query).graph or ())


def _close_owl(graph: rdflib.Graph) -> None:
    """Close a graph under OWL 2 RL in place.

    Raises:
        ContradictionError: owlrl found an inconsistency.
    """
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics, axiomatic_triples=False, datatype_axioms=False).expand(graph)
    errors = sorted(str(text) for node in graph.subjects(_TYPE, _ERROR) for text in graph.objects(node, _ERROR_TEXT))
    if errors:
        raise ContradictionError(
            errors[0].replace(NAMESPACE, "rfy:"),
            why="From a contradiction everything follows, so nothing is concluded.",
            fix="Let each node of the case play one part only.",
        )


def _is_ours(triple: _Triple) -> bool:
    _, predicate, value = triple
    if predicate == _TYPE:
        return str(value).startswith(NAMESPACE)
    return str(predicate).startswith(NAMESPACE)
