"""The named graphs that a query sees: the knowledge, its rules and shapes, and of a case what was said and follows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pyoxigraph import NamedNode, Quad, RdfFormat, Store, Triple, parse

from refractory.errors import KnowledgeError
from refractory.knowledge.knowledge import Knowledge
from refractory.knowledge.rule_graph import rule_triples
from refractory.model.assessment import Assessment, part_of
from refractory.model.graphs import case_graphs
from refractory.vocabulary import NAMESPACE, ONTOLOGY

KNOWLEDGE_GRAPH: Final = NamedNode(ONTOLOGY)
RULE_GRAPH: Final = NamedNode(ONTOLOGY + "/rules")
SHAPE_GRAPH: Final = NamedNode(ONTOLOGY + "/shapes")
PROOFS: Final = "graph.proofs"
_HELD: Final = 4


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a named graph is.

    Attributes:
        name: Its IRI; for a graph of a case, what follows the case's IRI and `#`.
        label: What people call it.
        definition: What it holds.
    """

    name: str
    label: str
    definition: str


OF_KNOWLEDGE: Final = (
    Meaning(
        KNOWLEDGE_GRAPH.value,
        "knowledge",
        "The ontology and the sources in use: terms with their labels and definitions, axioms, and each statement with "
        "its place in its source.",
    ),
    Meaning(
        RULE_GRAPH.value,
        "rules",
        "What each rule says of itself: the statements that it encodes, the terms that it reads, and those that it "
        "concludes.",
    ),
    Meaning(
        SHAPE_GRAPH.value,
        "shapes",
        "The SHACL shapes that a case must conform to before anything is concluded from it, with reasons and fixes.",
    ),
)
"""The graphs that are there without a case."""

OF_CASE: Final = (
    Meaning("graph.asserted", "asserted", "What was said of the case, and nothing else."),
    Meaning(
        "graph.inferred",
        "inferred",
        "What was added to the case: nodes that its reader made, such as patient and virus, and all that axioms and "
        "rules concluded.",
    ),
    Meaning(
        "graph.assessment",
        "assessment",
        "The answer to the case: its recommendations with kind and urgency, its cautions, pitfalls, conflicts and "
        "disagreements, and the statements that each rests on.",
    ),
    Meaning(
        PROOFS,
        "proofs",
        "Why each fact holds, in PROV-O: every fact as an rdf:Statement, with the rule and the facts it was derived "
        "from, the statements that carry it, or the place where it was said.",
    ),
)
"""The graphs that a case brings; each is called by the case's IRI, `#` and this name."""


class World:
    """The graphs of a knowledge, laid out once. It never changes, apart from remembering what was asked of it."""

    def __init__(self, knowledge: Knowledge) -> None:
        graphs = {
            KNOWLEDGE_GRAPH: knowledge.triples,
            RULE_GRAPH: tuple(rule_triples(knowledge.rules)),
            SHAPE_GRAPH: tuple(_shapes(knowledge)),
        }
        self.graphs: Mapping[NamedNode, tuple[Triple, ...]] = graphs
        self.quads = tuple(_quads(graphs))
        self.store = Store()
        """The graphs in a store. It is shared: read from it only."""
        self.store.bulk_extend(self.quads)
        self.terms = _terms(self.quads)
        """The IRIs of our namespace that stand anywhere in them."""


_worlds: dict[str, World] = {}


def world(knowledge: Knowledge) -> World:
    """Return the graphs of a knowledge; the same knowledge has the same ones, because laying them out takes time."""
    found = _worlds.get(knowledge.hash)
    if found is None:
        while len(_worlds) >= _HELD:
            _worlds.pop(next(iter(_worlds)), None)
        found = _worlds[knowledge.hash] = World(knowledge)
    return found


def graph_names(assessment: Assessment | None = None) -> tuple[str, ...]:
    """Return the names of all graphs that a query sees, those of a case last."""
    of_case = (part_of(assessment.facts.case, meaning.name).value for meaning in OF_CASE) if assessment else ()
    return (*(meaning.name for meaning in OF_KNOWLEDGE), *of_case)


def quads(knowledge: Knowledge, assessment: Assessment | None = None) -> Iterator[Quad]:
    """Yield the knowledge, its rules and shapes, and a case's graphs with its proofs, each in its named graph."""
    yield from world(knowledge).quads
    if assessment is not None:
        yield from case_quads(assessment)


def case_quads(assessment: Assessment) -> Iterator[Quad]:
    """Yield a case's graphs with its proofs, each in its named graph."""
    yield from _quads(case_graphs(assessment))
    # Whoever made the assessment knows how its proofs are written; one without proofs has an empty graph of them.
    proofs = assessment.presenter.triples(assessment) if assessment.presenter else ()
    yield from _quads({part_of(assessment.facts.case, PROOFS): proofs})


def store_of(knowledge: Knowledge, assessment: Assessment | None = None) -> tuple[Store, frozenset[str]]:
    """Return a store of these graphs, to read from only, and the IRIs of our namespace that stand in them."""
    found = world(knowledge)
    if assessment is None:
        return found.store, found.terms
    store, of_case = Store(), tuple(case_quads(assessment))
    store.bulk_extend(found.quads)
    store.bulk_extend(of_case)
    return store, found.terms | _terms(of_case)


def _terms(quads: Iterable[Quad]) -> frozenset[str]:
    return frozenset(
        term.value
        for quad in quads
        for term in (quad.subject, quad.predicate, quad.object, quad.graph_name)
        if isinstance(term, NamedNode) and term.value.startswith(NAMESPACE)
    )


def _quads(graphs: Mapping[NamedNode, tuple[Triple, ...]]) -> Iterator[Quad]:
    for name, triples in graphs.items():
        for triple in triples:
            yield Quad(triple.subject, triple.predicate, triple.object, name)


def _shapes(knowledge: Knowledge) -> Iterator[Triple]:
    for path, content in knowledge.shapes:
        try:
            found = parse(content, format=RdfFormat.TURTLE, rename_blank_nodes=True)
            yield from (Triple(quad.subject, quad.predicate, quad.object) for quad in found)
        except SyntaxError as error:
            raise KnowledgeError(f"the file is not Turtle: {error}.", place=path) from error
