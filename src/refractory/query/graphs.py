"""The named graphs that a query sees: the knowledge, its rules, and of a case what was said, follows and is advised."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pyoxigraph import NamedNode, Quad, Store, Triple

from refractory.knowledge.knowledge import Knowledge
from refractory.knowledge.rule_graph import rule_triples
from refractory.model.assessment import Assessment
from refractory.model.graphs import case_graphs
from refractory.vocabulary import ONTOLOGY

KNOWLEDGE_GRAPH: Final = NamedNode(ONTOLOGY)
RULE_GRAPH: Final = NamedNode(ONTOLOGY + "/rules")


def quads(knowledge: Knowledge, assessment: Assessment | None = None) -> Iterator[Quad]:
    """Yield the knowledge, what its rules say of themselves, and a case's graphs, each in its named graph."""
    graphs: dict[NamedNode, tuple[Triple, ...]] = {
        KNOWLEDGE_GRAPH: knowledge.triples,
        RULE_GRAPH: tuple(rule_triples(knowledge.rules)),
        **(case_graphs(assessment) if assessment else {}),
    }
    for name, triples in graphs.items():
        for triple in triples:
            yield Quad(triple.subject, triple.predicate, triple.object, name)


def store_of(knowledge: Knowledge, assessment: Assessment | None = None) -> Store:
    """Return a new store of these graphs."""
    store = Store()
    store.bulk_extend(quads(knowledge, assessment))
    return store
