"""Small random ontologies over the axioms that the reasoner understands, each with facts of a case.

Three sorts of properties keep a case from telling the knowledge anything, which the reasoner refuses: `inner` ones lead
from a node of the case to another, `outer` ones from a node of the case to a term of the knowledge, `known` ones from
term to term. Each kind of axiom is drawn wherever it does not break that.

What is left out: literals, which no axiom here speaks of and the generated cases have; axioms that would conclude
something about a term of the knowledge because of a case (an inverse, a range or all values of an outer property), and
complex classes inside complex classes: the reasoner refuses both. Of owlrl's conclusions, those count that are in our
namespace and lead to a name: not `owl:sameAs` itself, `owl:Thing` or a restriction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import owlrl
import rdflib
from pyoxigraph import NamedNode, Triple

from refractory.knowledge.files import KnowledgeFiles
from refractory.knowledge.knowledge import Knowledge, load_files
from refractory.model.facts import CaseFacts, canonical
from refractory.model.interchange import to_rdflib
from refractory.vocabulary import NAMESPACE, Rdf, rfy
from tests.agreement import Fact, by_value

KINDS = (
    "prp-spo1", "prp-eqp", "prp-trp", "prp-symp", "prp-inv", "prp-dom", "prp-rng", "prp-spo2", "cax-sco", "cax-eqc",
    "cls-hv2", "cls-svf1", "cls-svf2", "cls-int1", "cls-uni", "cls-avf", "cls-hv1", "cax-dw", "cax-adc",
)  # fmt: skip
"""The kinds of axioms, by the name of the OWL 2 RL rule that each drives."""

_CASE = "https://example.org/case/random"
_PREFIXES = f"""@prefix rfy: <{NAMESPACE}> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
"""
_GUIDANCE = 'rfy:random a rfy:Guidance ; dcterms:identifier "random" ; owl:versionInfo "1" .\n'
_RULE = f"""#+ title: a rule that never fires
#+ says: never
#+ encodes: random-1
PREFIX rfy: <{NAMESPACE}>
CONSTRUCT {{ ?case rfy:never rfy:T0 }} WHERE {{ ?case rfy:isNever rfy:T0 }}
"""


@dataclass(frozen=True, slots=True)
class Ontology:
    """A random ontology with a case.

    Attributes:
        knowledge: The ontology, with one rule that never fires.
        case: The facts of the case.
        kinds: The kinds of its axioms.
    """

    knowledge: Knowledge
    case: CaseFacts
    kinds: frozenset[str]


def random_ontology(seed: int, disjoint: bool = False) -> Ontology:
    """Return an ontology and a case, the same for the same seed.

    Disjoint classes are drawn only if asked for: with many of them, most cases would contradict themselves.
    """
    drawing = _Drawing(Random(seed))  # noqa: S311  # a fixed seed is what is wanted here
    axioms = list(drawing.axioms(disjoint))
    text = _PREFIXES + "\n".join([*(line for _, line in axioms), *drawing.facts()])
    contents = {
        "ontology/modules/random.ttl": text.encode(),
        "ontology/facts/random/source-words.ttl": (_PREFIXES + _GUIDANCE).encode(),
        "queries/reason/a-rule-that-never-fires.rq": _RULE.encode(),
    }
    knowledge = load_files(KnowledgeFiles(Path("random"), contents))
    return Ontology(knowledge, drawing.case(), frozenset(kind for kind, _ in axioms))


def closure_by_owlrl(ontology: Ontology) -> frozenset[Fact] | None:
    """Return what owlrl infers about the nodes of the case beyond what was given; None if it finds a contradiction."""
    graph = rdflib.Graph()
    for triple in (*ontology.knowledge.logic, *ontology.case.all):
        graph.add(to_rdflib(triple))
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics, axiomatic_triples=False, datatype_axioms=False).expand(graph)
    if any("ErrorMessage" in str(cls) for cls in graph.objects(None, rdflib.RDF.type)):
        return None
    facts = {
        (str(s), str(p), str(o))
        for s, p, o in graph
        if str(s).startswith(_CASE)
        and not isinstance(o, rdflib.BNode)
        and (str(p).startswith(NAMESPACE) or (p == rdflib.RDF.type and str(o).startswith(NAMESPACE)))
    }
    return frozenset(facts - set(map(by_value, ontology.case.all)))


class _Drawing:
    def __init__(self, random: Random) -> None:
        self._random = random
        self._classes = [f"rfy:C{number}" for number in range(7)]
        # Classes of terms and of nodes of the case are apart, or a subclass of both would mix them.
        self._kinds = [f"rfy:K{number}" for number in range(4)]
        self._terms = [f"rfy:T{number}" for number in range(6)]
        self._inner = [f"rfy:inner{number}" for number in range(4)]
        self._outer = [f"rfy:outer{number}" for number in range(4)]
        self._known = [f"rfy:known{number}" for number in range(3)]
        self._nodes = [NamedNode(_CASE), *(NamedNode(f"{_CASE}#node.{number}") for number in range(1, 6))]

    def axioms(self, disjoint: bool) -> Iterator[tuple[str, str]]:
        """Yield axioms as (kind, Turtle)."""
        kinds = KINDS if disjoint else KINDS[:-2]
        for _ in range(self._random.randint(8, 22)):
            kind = self._random.choice(kinds)
            yield kind, self._axiom(kind) + " ."

    def _axiom(self, kind: str) -> str:  # noqa: PLR0911, PLR0912  # one branch an axiom
        pick, pair = self._random.choice, self._random.sample
        c, d, e = pair(self._classes, 3)
        same = pick((self._inner, self._outer, self._known))
        p, q = pair(same, 2)
        inner, outer = pick(self._inner), pick(self._outer)
        told = pick((self._inner, self._known))
        # What a property leads to decides which classes it may have values of.
        filled, filler = pick(((pick(self._inner), pick(self._classes)), (outer, pick(self._kinds))))
        match kind:
            case "prp-spo1":
                return f"{p} rdfs:subPropertyOf {q}"
            case "prp-eqp":
                return f"{p} owl:equivalentProperty {q}"
            case "prp-trp":
                return f"{pick(told)} a owl:TransitiveProperty"
            case "prp-symp":
                return f"{pick(told)} a owl:SymmetricProperty"
            case "prp-inv":
                return "{} owl:inverseOf {}".format(*pair(told, 2))
            case "prp-dom":
                return f"{pick((inner, outer))} rdfs:domain {c}"
            case "prp-rng":
                return pick((f"{inner} rdfs:range {c}", f"{pick(self._known)} rdfs:range {pick(self._kinds)}"))
            case "prp-spo2":
                return self._chain()
            case "cax-sco":
                return pick((f"{c} rdfs:subClassOf {d}", "{} rdfs:subClassOf {}".format(*pair(self._kinds, 2))))
            case "cax-eqc":
                return f"{c} owl:equivalentClass {d}"
            case "cls-hv2":
                return f"[ {self._restriction(outer, 'hasValue', pick(self._terms))} ] rdfs:subClassOf {c}"
            case "cls-svf1":
                return f"[ {self._restriction(filled, 'someValuesFrom', filler)} ] rdfs:subClassOf {c}"
            case "cls-svf2":
                return (
                    f"[ {self._restriction(pick((inner, outer)), 'someValuesFrom', 'owl:Thing')} ] rdfs:subClassOf {c}"
                )
            case "cls-int1":
                members = " ".join(pair([m for m in self._classes if m != c], self._random.choice((2, 2, 3))))
                return f"[ a owl:Class ; owl:intersectionOf ( {members} ) ] rdfs:subClassOf {c}"
            case "cls-uni":
                members = " ".join(pair([m for m in self._classes if m != c], self._random.choice((2, 2, 3))))
                return f"[ a owl:Class ; owl:unionOf ( {members} ) ] rdfs:subClassOf {c}"
            case "cls-avf":
                return f"{c} rdfs:subClassOf [ {self._restriction(inner, 'allValuesFrom', d)} ]"
            case "cls-hv1":
                value = self._restriction(outer, "hasValue", pick(self._terms))
                return f"{c} {pick(('rdfs:subClassOf', 'owl:equivalentClass'))} [ {value} ]"
            case "cax-dw":
                return f"{c} owl:disjointWith {d}"
            case "cax-adc":
                return f"[ a owl:AllDisjointClasses ; owl:members ( {c} {d} {e} ) ]"
        raise ValueError(kind)

    def _chain(self) -> str:
        """Return a chain of two or three links that begins and ends where its property does."""
        length = self._random.choice((2, 2, 3))
        sort = self._random.choice(("inner", "outer", "known"))
        if sort == "inner":
            links = self._random.choices(self._inner, k=length)
        elif sort == "known":
            links = self._random.choices(self._known, k=length)
        else:
            before = self._random.randint(0, length - 1)
            links = [*self._random.choices(self._inner, k=before), self._random.choice(self._outer)]
            links += self._random.choices(self._known, k=length - 1 - before)
        head = self._random.choice({"inner": self._inner, "outer": self._outer, "known": self._known}[sort])
        return f"{head} owl:propertyChainAxiom ( {' '.join(links)} )"

    @staticmethod
    def _restriction(on: str, kind: str, value: str) -> str:
        return f"a owl:Restriction ; owl:onProperty {on} ; owl:{kind} {value}"

    def facts(self) -> Iterator[str]:
        """Yield what the knowledge states of its terms."""
        for term in self._terms:
            if self._random.random() < 0.7:
                yield f"{term} a {self._random.choice(self._kinds)} ."
        for _ in range(6):
            one, other = self._random.choices(self._terms, k=2)
            yield f"{one} {self._random.choice(self._known)} {other} ."

    def case(self) -> CaseFacts:
        """Return the facts of the case."""
        pick = self._random.choice
        said = [
            Triple(node, Rdf.TYPE, self._term(pick(self._classes)))
            for node in self._nodes
            for _ in range(pick((0, 1, 2)))
        ]
        said += [
            Triple(pick(self._nodes), self._term(pick(self._inner)), pick(self._nodes)) for _ in range(pick((4, 6, 9)))
        ]
        said += [
            Triple(pick(self._nodes), self._term(pick(self._outer)), self._term(pick(self._terms)))
            for _ in range(pick((2, 4, 6)))
        ]
        # Each node belongs to the case because something is said of it.
        said += [Triple(node, rfy("isNode"), rfy("T0")) for node in self._nodes]
        return CaseFacts(self._nodes[0], canonical(said))

    @staticmethod
    def _term(name: str) -> NamedNode:
        return rfy(name.removeprefix("rfy:"))
