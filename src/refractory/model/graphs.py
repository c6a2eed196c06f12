"""The named graphs of a case: what was said of it, what follows, and what is advised."""

from __future__ import annotations

from collections.abc import Mapping

from pyoxigraph import NamedNode, Triple

from refractory.model.assessment import Assessment, assessment_triples, part_of
from refractory.model.facts import canonical


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
