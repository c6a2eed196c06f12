"""The engines that are measured, each behind the same two calls: made once for a knowledge, then asked case by case.

An answer is the set of facts about the nodes of a case beyond those given, numbers by value; making that set is not
timed. `work` says what an engine is asked to do: `rules` is everything (OWL 2 RL, numeric rules, absences in strata);
`OWL` is the OWL 2 RL closure alone, because the engine has no absences, or only such as the rules would have to be
rewritten for. The translation of rules and axioms for a peer is ours.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import rdflib
from pyoxigraph import BlankNode, Literal, NamedNode, Quad, RdfFormat, Store, Triple, serialize
from tests.agreement import Fact, facts_by_value
from tests.third_engine import ThirdEngine

from refractory.engine.axioms import is_declaration
from refractory.engine.clauses import Clause, Var
from refractory.engine.compiled import CompiledReasoner
from refractory.engine.program import compile_program
from refractory.engine.reference import ReferenceReasoner
from refractory.knowledge.knowledge import Knowledge
from refractory.model.facts import CaseFacts
from refractory.model.interchange import to_rdflib
from refractory.vocabulary import NAMESPACE, Rdf, Rdfs, Xsd

_RDF_TYPE = Rdf.TYPE.value

Answer = frozenset[Fact]


class Peer(Protocol):
    """An engine that is ready for cases."""

    def reason(self, case: CaseFacts) -> Any:
        """Return what follows from a case, in the engine's own form; this is what is timed."""
        ...

    def facts(self, case: CaseFacts, result: Any) -> Answer:
        """Return a result in the form in which answers are compared."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the table.

    Attributes:
        title: What the row is called.
        work: `rules` or `OWL`.
        proofs: Whether each fact comes with a proof: `yes`, `no`, or how.
        make: Makes the engine.
        cases: How many cases it is measured on; slow ones on fewer, the first of the same.
        needs: The modules that it needs, by name.
    """

    title: str
    work: str
    proofs: str
    make: Callable[[Knowledge], Peer]
    cases: int
    needs: tuple[str, ...] = ()


def own(case: CaseFacts) -> set[str]:
    """Return the IRIs of the nodes of a case."""
    return {t.subject.value for t in case.all if isinstance(t.subject, NamedNode)}


def about(case: CaseFacts, triples: Iterable[Triple]) -> Answer:
    """Return those of an engine's facts that are compared: about a node of the case, in our namespace, not given."""
    nodes = own(case)
    kept = [
        t
        for t in triples
        if isinstance(t.subject, NamedNode)
        and t.subject.value in nodes
        and not isinstance(t.object, BlankNode)
        and (
            t.predicate.value.startswith(NAMESPACE)
            or (t.predicate.value == _RDF_TYPE and str(t.object).startswith("<" + NAMESPACE))
        )
    ]
    return facts_by_value(kept, case.all)


# ---- this engine ----


class Compiled:
    """Our engine: the facts and a derivation for each, in its own tables."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._reasoner = CompiledReasoner(knowledge)

    def reason(self, case: CaseFacts) -> Any:
        """Run the program; every fact has its derivation then."""
        return self._reasoner.close([case])[0]

    def facts(self, case: CaseFacts, result: Any) -> Answer:
        """Return the inferred facts."""
        return about(case, result.inferred)


class CompiledFacts(Compiled):
    """Our engine, with all facts written out as triples."""

    def reason(self, case: CaseFacts) -> Any:
        """Run the program and write out the facts."""
        closure = self._reasoner.close([case])[0]
        _ = closure.inferred
        return closure


class CompiledProofs(Compiled):
    """Our engine, with all facts and all proofs written out as values."""

    def reason(self, case: CaseFacts) -> Any:
        """Run the program and write out facts and proofs."""
        closure = self._reasoner.close([case])[0]
        _ = closure.inferred, closure.proof
        return closure


# ---- rdflib and owlrl ----


class Reference:
    """rdflib, owlrl and the rule files by rdflib's SPARQL."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._reasoner = ReferenceReasoner(knowledge)

    def reason(self, case: CaseFacts) -> Any:
        """Close one case."""
        return self._reasoner.close([case])[0]

    def facts(self, case: CaseFacts, result: Any) -> Answer:
        """Return the inferred facts."""
        return about(case, result.inferred)


class Owlrl:
    """rdflib and owlrl alone: the OWL 2 RL closure of ontology and case."""

    def __init__(self, knowledge: Knowledge) -> None:
        import owlrl

        self._owlrl = owlrl
        self._logic = [to_rdflib(t) for t in knowledge.logic if not is_declaration(t)]

    def reason(self, case: CaseFacts) -> Any:
        """Close ontology and case together."""
        graph = rdflib.Graph()
        for triple in (*self._logic, *map(to_rdflib, case.all)):
            graph.add(triple)
        self._expand(graph)
        return graph

    def facts(self, case: CaseFacts, result: Any) -> Answer:
        """Return the facts about the case."""
        return about(case, _from_rdflib(result))

    def _expand(self, graph: rdflib.Graph) -> None:
        semantics = self._owlrl.OWLRL_Semantics
        self._owlrl.DeductiveClosure(semantics, axiomatic_triples=False, datatype_axioms=False).expand(graph)


class OwlrlClosed(Owlrl):
    """The same with the ontology closed before the case comes."""

    def __init__(self, knowledge: Knowledge) -> None:
        super().__init__(knowledge)
        graph = rdflib.Graph()
        for triple in self._logic:
            graph.add(triple)
        self._expand(graph)
        self._logic = list(graph)


def _from_rdflib(triples: Iterable[Any]) -> Iterator[Triple]:
    for s, p, o in triples:
        if isinstance(s, rdflib.URIRef) and isinstance(p, rdflib.URIRef):
            if isinstance(o, rdflib.Literal):
                datatype = NamedNode(str(o.datatype)) if o.datatype else Xsd.STRING
                yield Triple(NamedNode(str(s)), NamedNode(str(p)), Literal(str(o), datatype=datatype))
            elif isinstance(o, rdflib.URIRef):
                yield Triple(NamedNode(str(s)), NamedNode(str(p)), NamedNode(str(o)))


# ---- reasonable ----


class Reasonable:
    """reasonable, an OWL 2 RL reasoner in Rust."""

    def __init__(self, knowledge: Knowledge) -> None:
        import reasonable

        self._make = reasonable.PyReasoner
        self._logic = [to_rdflib(t) for t in knowledge.logic]

    def reason(self, case: CaseFacts) -> Any:
        """Close ontology and case together in a fresh reasoner."""
        reasoner = self._make()
        reasoner.from_graph([*self._logic, *map(to_rdflib, case.all)])
        return reasoner.reason()

    def facts(self, case: CaseFacts, result: Any) -> Answer:
        """Return the facts about the case."""
        return about(case, _from_rdflib(result))


# ---- pyoxigraph ----


class Oxigraph:
    """pyoxigraph: the knowledge closed before, then rules and specialised axioms as SPARQL updates, block by block.

    The order of the blocks is the one that this engine's compiler finds; SPARQL has none of its own.
    """

    def __init__(self, knowledge: Knowledge) -> None:
        program = compile_program(knowledge)
        self._known = [Quad(t.subject, t.predicate, t.object) for t in program.known]
        self._blocks = [
            ([_update(program.clauses[i]) for i in numbers if program.clauses[i].head], again)
            for numbers, again in program.blocks
        ]

    def reason(self, case: CaseFacts) -> Any:
        """Fill a fresh store and run the updates until nothing new comes.

        A store that is used again gets slower with each case, although the case is taken out: after 200 it takes ten
        times as long.
        """
        store = Store()
        store.extend(self._known)
        store.extend(Quad(t.subject, t.predicate, t.object) for t in case.all)
        for updates, again in self._blocks:
            before = -1
            while before != len(store):
                before = len(store)
                for update in updates:
                    store.update(update)
                if not again:
                    break
        return store

    def facts(self, case: CaseFacts, result: Any) -> Answer:
        """Return the facts about the case."""
        return about(case, (Triple(quad.subject, quad.predicate, quad.object) for quad in result))


def _update(clause: Clause) -> str:
    """Return a clause as a SPARQL update."""
    assert clause.head
    parts = [_pattern(p) for p in clause.body]
    parts += [f"FILTER NOT EXISTS {{ {' '.join(map(_pattern, group))} }}" for group in clause.absent]
    parts += [f"BIND ({_expression(e)} AS ?{name})" for name, e in clause.bindings]
    parts += [f"FILTER ({_expression(left)} {op} {_expression(right)})" for op, left, right in clause.filters]
    return f"INSERT {{ {_pattern(clause.head)} }} WHERE {{ {' '.join(parts)} }}"


def _pattern(pattern: Any) -> str:
    return " ".join(map(_node, pattern)) + " ."


def _node(node: Any) -> str:
    return f"?{node}" if isinstance(node, Var) else str(node)


def _expression(expression: Any) -> str:
    if isinstance(expression, tuple):
        operation, left, right = expression
        return f"({_expression(left)} {operation} {_expression(right)})"
    return _node(expression)


# ---- clingo ----


class Clingo:
    """clingo, an answer set solver: it finds the order of the absences by itself."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._engine = ThirdEngine(knowledge)
        _ = self._engine.program

    def reason(self, case: CaseFacts) -> Any:
        """Ground and solve the program with the case."""
        return self._engine.close(case)

    def facts(self, case: CaseFacts, result: Any) -> Answer:
        """Return the facts about the case."""
        return frozenset(result) - facts_by_value(case.all, ())


# ---- nemo ----


class Nemo:
    """nemo, a rule engine in Rust: the specialised axioms as Datalog over triples."""

    def __init__(self, knowledge: Knowledge) -> None:
        import nmo_python

        self._nemo = nmo_python
        program = compile_program(knowledge)
        axioms = [c for c in program.clauses if c.head and not c.from_rule]
        lines = [f"t({_arguments(c.head)}) :- {', '.join(f't({_arguments(p)})' for p in c.body)} ." for c in axioms]
        lines += [f"t({_arguments((t.subject, t.predicate, t.object))}) ." for t in program.known]
        self._program = "\n".join([*lines, "@export t :- csv {} ."])

    def reason(self, case: CaseFacts) -> Any:
        """Parse the program with the case, and run it."""
        facts = "\n".join(f"t({_arguments((t.subject, t.predicate, t.object))}) ." for t in case.all)
        engine = self._nemo.NemoEngine(self._nemo.load_string(facts + "\n" + self._program))
        engine.reason()
        return list(engine.result("t"))

    def facts(self, case: CaseFacts, result: Any) -> Answer:
        """Return the facts about the case; literals, of which OWL concludes nothing here, are those given."""
        return about(case, (_from_nemo(s, p, o) for s, p, o in result if isinstance(o, str) and o.startswith("<")))


def _arguments(pattern: Any) -> str:
    return ", ".join(map(_node, pattern))


def _from_nemo(*terms: str) -> Triple:
    subject, predicate, value = (NamedNode(term.strip("<>")) for term in terms)
    return Triple(subject, predicate, value)


# ---- HermiT ----


class Hermit:
    """HermiT by owlready2: a complete OWL 2 DL reasoner; a Java process for each case.

    Dates are left out of what it reads, because xsd:date is not in OWL 2's datatype map and it refuses them. owlready2
    writes back only the most specific classes and properties; what is above them is added before answers are compared.
    """

    def __init__(self, knowledge: Knowledge) -> None:
        import owlready2

        self._owlready = owlready2
        self._logic = knowledge.logic

    def reason(self, case: CaseFacts) -> Any:
        """Load ontology and case, classify, and infer property values."""
        triples = [t for t in (*self._logic, *case.all) if not _is_date(t.object)]
        individuals = {t.subject for t in case.all}
        owl = "http://www.w3.org/2002/07/owl#"
        triples += [Triple(node, NamedNode(_RDF_TYPE), NamedNode(owl + "NamedIndividual")) for node in individuals]
        ontology = NamedNode("https://example.org/benchmark")
        triples.append(Triple(ontology, NamedNode(_RDF_TYPE), NamedNode(owl + "Ontology")))
        world = self._owlready.World()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "case.nt"
            path.write_bytes(serialize(triples, format=RdfFormat.N_TRIPLES) or b"")
            world.get_ontology(path.as_uri()).load()
        self._owlready.sync_reasoner_hermit(world, infer_property_values=True, debug=0)
        return world.as_rdflib_graph()

    def facts(self, case: CaseFacts, result: Any) -> Answer:
        """Return the facts about the case."""
        facts = set(_from_rdflib(result.triples((None, None, None))))
        for above, place in ((Rdfs.SUB_CLASS_OF, 2), (Rdfs.SUB_PROPERTY_OF, 1)):
            pairs = [(t.subject, t.object) for t in self._logic if t.predicate == above]
            while more := {_replaced(f, place, o) for f in facts for s, o in pairs if _at(f, place) == s} - facts:
                facts |= more
        return about(case, facts)


def _at(fact: Triple, place: int) -> Any:
    return fact.predicate if place == 1 else fact.object if fact.predicate == Rdf.TYPE else None


def _replaced(fact: Triple, place: int, term: Any) -> Triple:
    return Triple(fact.subject, term, fact.object) if place == 1 else Triple(fact.subject, fact.predicate, term)


def _is_date(term: Any) -> bool:
    return isinstance(term, Literal) and term.datatype == Xsd.DATE


@cache
def entries() -> dict[str, Entry]:
    """Return the rows of the table by key, in the order in which they are shown."""
    return {
        "compiled": Entry("refractory, compiled", "rules", "yes", Compiled, 1000),
        "compiled-facts": Entry("refractory, compiled; facts written out", "rules", "yes", CompiledFacts, 1000),
        "compiled-proofs": Entry(
            "refractory, compiled; facts and proofs written out", "rules", "yes", CompiledProofs, 1000
        ),
        "reference": Entry("rdflib + owlrl + CONSTRUCT (the reference)", "rules", "no", Reference, 20),
        "clingo": Entry("clingo", "rules", "no", Clingo, 200, ("clingo",)),
        "pyoxigraph": Entry("pyoxigraph, rules as SPARQL", "rules", "no", Oxigraph, 200),
        "owlrl": Entry("rdflib + owlrl", "OWL", "no", Owlrl, 10),
        "owlrl-closed": Entry("rdflib + owlrl, ontology closed before", "OWL", "no", OwlrlClosed, 10),
        "reasonable": Entry("reasonable", "OWL", "no", Reasonable, 100, ("reasonable",)),
        "nemo": Entry("nemo-python", "OWL", "asked for, fact by fact", Nemo, 50, ("nmo_python",)),
        "hermit": Entry("HermiT by owlready2", "OWL", "no", Hermit, 5, ("owlready2",)),
    }
