"""OWL axioms as dependencies: which facts of a case an axiom reads, and which it adds.

Only what guidance needs of OWL 2 RL is understood. Every other axiom is refused by name, so that nothing is ever
under-inferred in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from refractory.errors import KnowledgeError
from refractory.vocabulary import NAMESPACE, Owl, Rdf, Rdfs

# A kind of fact: a predicate, with its object where that is what tells facts apart (a class, a status, an action).
Kind = tuple[str, str | None]

_DECLARATIONS = {Owl.CLASS, Owl.OBJECT_PROPERTY, Owl.DATATYPE_PROPERTY, Owl.RESTRICTION}


@dataclass(frozen=True, slots=True)
class Dependency:
    """One axiom: facts of the kinds it reads lead to a fact of the kind it adds.

    Attributes:
        name: The W3C OWL 2 RL rule that the axiom drives.
        reads: Kinds of facts in the premises.
        adds: The kind of the conclusion; `keeps_object` says that the conclusion has the premise's object.
        keeps_object: Whether the object passes from the (last) premise to the conclusion.
    """

    name: str
    reads: tuple[Kind, ...]
    adds: Kind
    keeps_object: bool = False


def is_declaration(triple: Triple) -> bool:
    """Say whether a triple only declares a term, from which OWL 2 RL concludes nothing but that it is itself."""
    return triple.predicate == Rdf.TYPE and triple.object in _DECLARATIONS - {Owl.RESTRICTION}


def read_axioms(logic: Iterable[Triple]) -> tuple[Dependency, ...]:
    """Return the dependencies of all axioms.

    Raises:
        KnowledgeError: An axiom is not among those that the reasoner understands.
    """
    return tuple(_Reader(tuple(logic)).dependencies())


class _Reader:
    def __init__(self, logic: tuple[Triple, ...]) -> None:
        self._logic = logic
        self._objects: dict[tuple[object, NamedNode], list[NamedNode | BlankNode | Literal]] = {}
        for t in logic:
            if isinstance(t.object, NamedNode | BlankNode | Literal):
                self._objects.setdefault((t.subject, t.predicate), []).append(t.object)

    def dependencies(self) -> Iterator[Dependency]:
        for t in self._logic:
            s, p, o = t.subject, t.predicate, t.object
            if p == Rdf.TYPE and o == Owl.TRANSITIVE_PROPERTY:
                yield Dependency("prp-trp", (_any(s), _any(s)), _any(s), keeps_object=True)
            elif p == Rdf.TYPE and o == Owl.SYMMETRIC_PROPERTY:
                yield Dependency("prp-symp", (_any(s),), _any(s))
            elif p == Rdf.TYPE and _is_owl(o) and o not in _DECLARATIONS:
                raise _unknown(t)
            elif p == Rdfs.SUB_PROPERTY_OF:
                yield Dependency("prp-spo1", (_any(s),), _any(o), keeps_object=True)
            elif p == Rdfs.DOMAIN:
                yield Dependency("prp-dom", (_any(s),), _member(o))
            elif p == Rdfs.RANGE:
                yield Dependency("prp-rng", (_any(s),), _member(o))
            elif p == Owl.INVERSE_OF:
                yield Dependency("prp-inv1", (_any(s),), _any(o))
                yield Dependency("prp-inv2", (_any(o),), _any(s))
            elif p == Owl.PROPERTY_CHAIN_AXIOM:
                links = tuple(_any(link) for link in self._list(o))
                yield Dependency("prp-spo2", links, _any(s), keeps_object=True)
            elif p == Rdfs.SUB_CLASS_OF and isinstance(s, BlankNode):
                yield Dependency("cls-hv2, cax-sco", (self._restriction(s),), _member(o))
            elif p == Rdfs.SUB_CLASS_OF:
                yield Dependency("cax-sco", (_member(s),), _member(o))
            elif (_is_owl(p) or p.value.startswith(str(Rdfs.RANGE.value)[:-5])) and p not in {
                Owl.DISJOINT_WITH,
                Owl.ON_PROPERTY,
                Owl.HAS_VALUE,
            }:
                raise _unknown(t)

    def _restriction(self, node: BlankNode) -> Kind:
        """Return the kind of fact that a `hasValue` restriction reads."""
        on, value = self._objects.get((node, Owl.ON_PROPERTY)), self._objects.get((node, Owl.HAS_VALUE))
        if not on or not value:
            raise KnowledgeError(
                "a complex class on the subclass side is understood only as a hasValue restriction.",
                place=f"the subclass axiom of {node}",
            )
        return (_iri(on[0]), _iri(value[0]))

    def _list(self, node: object) -> Iterator[object]:
        while node != Rdf.NIL:
            yield self._objects[(node, Rdf.FIRST)][0]
            node = self._objects[(node, Rdf.REST)][0]


def _iri(term: object) -> str:
    if isinstance(term, NamedNode):
        return term.value
    raise KnowledgeError("an axiom names something other than an IRI.", place=str(term))


def _any(property_: object) -> Kind:
    return (_iri(property_), None)


def _member(cls: object) -> Kind:
    return (Rdf.TYPE.value, _iri(cls))


def _is_owl(term: object) -> bool:
    return isinstance(term, NamedNode) and term.value.startswith("http://www.w3.org/2002/07/owl#")


def _unknown(triple: Triple) -> KnowledgeError:
    return KnowledgeError(
        f"the reasoner does not implement this axiom: {triple.predicate.value} {triple.object}.",
        place=str(triple.subject).replace(NAMESPACE, "rfy:"),
        why="It would be under-inferred in silence.",
        fix="Say it with the axioms listed in `docs/rules.md`, or extend the reasoner with its rule and tests.",
    )
