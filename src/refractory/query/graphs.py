"""The named graphs that a query sees: the knowledge, and of a case what was said, what follows and what is advised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pyoxigraph import NamedNode, Quad, Store, Triple

from refractory.knowledge.knowledge import Knowledge
from refractory.model.assessment import Assessment, assessment_triples, part_of
from refractory.model.facts import canonical
from refractory.vocabulary import ONTOLOGY

KNOWLEDGE_GRAPH: Final = NamedNode(ONTOLOGY)


def case_graphs(assessment: Assessment) -> Mapping[NamedNode, tuple[Triple, ...]]:
    """Return the graphs of a case by their names.

    `graph.asserted` holds what was said of the case. `graph.inferred` holds what was added to it: the nodes that its
    reader made (patient, virus, isolates, specimens, day counts) and what the rules concluded. `graph.assessment` holds
    the recommendations and the statements that they rest on.
    """
    facts = assessment.facts
    return {
        part_of(facts.case, "graph.asserted"): facts.asserted,
        part_of(facts.case, "graph.inferred"): canonical((*facts.frame, *assessment.closure.inferred)),
        part_of(facts.case, "graph.assessment"): assessment_triples(assessment),
    }


def quads(knowledge: Knowledge, assessment: Assessment | None = None) -> Iterator[Quad]:
    """Yield the knowledge and a case's graphs, each in its named graph."""
    graphs = {KNOWLEDGE_GRAPH: knowledge.triples, **(case_graphs(assessment) if assessment else {})}
    for name, triples in graphs.items():
        for triple in triples:
            yield Quad(triple.subject, triple.predicate, triple.object, name)


def store_of(knowledge: Knowledge, assessment: Assessment | None = None) -> Store:
    """Return a new store of these graphs."""
    store = Store()
    store.bulk_extend(quads(knowledge, assessment))
    return store
