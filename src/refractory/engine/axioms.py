"""OWL axioms as clauses, each by the W3C name of its OWL 2 RL rule.

Only what guidance needs is understood: hierarchies, domains, ranges, inverse, symmetric and transitive properties,
chains, hasValue, some and all values, intersection, union, disjoint classes. Every other axiom is refused by name, so
that nothing is ever under-inferred in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from refractory.engine.clauses import Clause, Pattern, Var
from refractory.errors import KnowledgeError
from refractory.vocabulary import NAMESPACE, Owl, Rdf, Rdfs

_DECLARATIONS = {Owl.CLASS, Owl.OBJECT_PROPERTY, Owl.DATATYPE_PROPERTY}
# Parts of class expressions: read where the expression is used.
_PARTS = {
    Owl.ON_PROPERTY,
    Owl.HAS_VALUE,
    Owl.SOME_VALUES_FROM,
    Owl.ALL_VALUES_FROM,
    Owl.INTERSECTION_OF,
    Owl.UNION_OF,
    Owl.MEMBERS,
}
_X, _Y, _Z = Var("x"), Var("y"), Var("z")

_Object = NamedNode | BlankNode | Literal


def is_declaration(triple: Triple) -> bool:
    """Say whether a triple only declares a term, from which OWL 2 RL concludes nothing but that it is itself."""
    return triple.predicate == Rdf.TYPE and triple.object in _DECLARATIONS


def is_axiom(triple: Triple) -> bool:
    """Say whether a triple belongs to OWL's or RDF's own vocabulary rather than stating a fact."""
    return _is_vocabulary(triple.predicate) or (triple.predicate == Rdf.TYPE and _is_vocabulary(triple.object))


def read_axioms(logic: Iterable[Triple]) -> tuple[Clause, ...]:
    """Return the clauses of all axioms, in canonical order.

    Raises:
        KnowledgeError: An axiom is not among those that the reasoner understands.
    """
    return tuple(sorted(set(_Reader(tuple(logic)).clauses()), key=lambda c: (c.name, str(c.axiom), str(c.head))))


class _Reader:
    def __init__(self, logic: tuple[Triple, ...]) -> None:
        self._logic = logic
        self._objects: dict[tuple[object, NamedNode], list[_Object]] = {}
        for t in logic:
            if isinstance(t.object, NamedNode | BlankNode | Literal):
                self._objects.setdefault((t.subject, t.predicate), []).append(t.object)

    def clauses(self) -> Iterator[Clause]:
        for t in self._logic:
            if t.predicate == Rdf.TYPE:
                yield from self._typed(t)
            elif _is_vocabulary(t.predicate) and t.predicate not in _PARTS | {Rdf.FIRST, Rdf.REST}:
                yield from self._axiom(t)

    def _typed(self, t: Triple) -> Iterator[Clause]:
        """Yield the clauses of what a term is said to be."""
        if t.object == Owl.TRANSITIVE_PROPERTY:
            p = _iri(t.subject)
            yield Clause("prp-trp", (_X, p, _Z), ((_X, p, _Y), (_Y, p, _Z)), axiom=(p,))
        elif t.object == Owl.SYMMETRIC_PROPERTY:
            p = _iri(t.subject)
            yield Clause("prp-symp", (_Y, p, _X), ((_X, p, _Y),), axiom=(p,))
        elif t.object == Owl.ALL_DISJOINT_CLASSES:
            (members,) = self._objects[(t.subject, Owl.MEMBERS)]
            for one, other in combinations(self._list(members), 2):
                yield _disjoint("cax-adc", _iri(one), _iri(other))
        elif _is_vocabulary(t.object) and t.object not in _DECLARATIONS | {Owl.RESTRICTION, Rdf.LIST}:
            raise _unknown(t)

    def _axiom(self, t: Triple) -> Iterator[Clause]:  # one branch an axiom
        s, p, o = t.subject, t.predicate, t.object
        if p == Rdfs.SUB_PROPERTY_OF:
            yield _sub_property(_iri(s), _iri(o))
        elif p == Owl.EQUIVALENT_PROPERTY:
            yield _sub_property(_iri(s), _iri(o))
            yield _sub_property(_iri(o), _iri(s))
        elif p == Rdfs.DOMAIN:
            yield Clause("prp-dom", _member(_X, o), ((_X, _iri(s), _Y),), axiom=(_iri(s), _iri(o)))
        elif p == Rdfs.RANGE:
            yield Clause("prp-rng", _member(_Y, o), ((_X, _iri(s), _Y),), axiom=(_iri(s), _iri(o)))
        elif p == Owl.INVERSE_OF:
            one, other = _iri(s), _iri(o)
            yield Clause("prp-inv1", (_Y, other, _X), ((_X, one, _Y),), axiom=(one, other))
            yield Clause("prp-inv2", (_Y, one, _X), ((_X, other, _Y),), axiom=(one, other))
        elif p == Owl.PROPERTY_CHAIN_AXIOM:
            links = [_iri(link) for link in self._list(o)]
            nodes = [Var(f"x{number}") for number in range(len(links) + 1)]
            body = tuple((nodes[i], link, nodes[i + 1]) for i, link in enumerate(links))
            yield Clause("prp-spo2", (nodes[0], _iri(s), nodes[-1]), body, axiom=(_iri(s), *links))
        elif p == Rdfs.SUB_CLASS_OF:
            yield from self._sub_class(s, o)
        elif p == Owl.EQUIVALENT_CLASS:
            yield from self._sub_class(s, o)
            yield from self._sub_class(o, s)
        elif p == Owl.DISJOINT_WITH:
            yield _disjoint("cax-dw", _iri(s), _iri(o))
        else:
            raise _unknown(t)

    def _sub_class(self, sub: object, above: object) -> Iterator[Clause]:
        if isinstance(sub, NamedNode) and isinstance(above, NamedNode):
            yield Clause("cax-sco", _member(_X, above), (_member(_X, sub),), axiom=(sub, above))
        elif isinstance(above, NamedNode):
            yield from self._below(sub, above)
        elif isinstance(sub, NamedNode):
            yield from self._above(sub, above)
        else:
            raise _complex("both sides of a subclass axiom are complex")

    def _below(self, node: object, above: NamedNode) -> Iterator[Clause]:
        """Yield the clauses of a complex class on the subclass side."""
        head = _member(_X, above)
        if value := self._part(node, Owl.HAS_VALUE):
            p, v = self._on(node), _value(value)
            yield Clause("cls-hv2+cax-sco", head, ((_X, p, v),), axiom=(p, v, above))
        elif filler := self._part(node, Owl.SOME_VALUES_FROM):
            p = self._on(node)
            if filler == Owl.THING:
                yield Clause("cls-svf2+cax-sco", head, ((_X, p, _Y),), axiom=(p, above))
            else:
                body = ((_X, p, _Y), _member(_Y, filler))
                yield Clause("cls-svf1+cax-sco", head, body, axiom=(p, _iri(filler), above))
        elif members := self._part(node, Owl.INTERSECTION_OF):
            classes = [_iri(c) for c in self._list(members)]
            yield Clause("cls-int1+cax-sco", head, tuple(_member(_X, c) for c in classes), axiom=(*classes, above))
        elif members := self._part(node, Owl.UNION_OF):
            for c in map(_iri, self._list(members)):
                yield Clause("cls-uni+cax-sco", head, (_member(_X, c),), axiom=(c, above))
        else:
            raise _complex("this class expression is not understood on the subclass side")

    def _above(self, sub: NamedNode, node: object) -> Iterator[Clause]:
        """Yield the clauses of a complex class on the superclass side."""
        if filler := self._part(node, Owl.ALL_VALUES_FROM):
            p, body = self._on(node), (_member(_X, sub), (_X, self._on(node), _Y))
            yield Clause("cax-sco+cls-avf", _member(_Y, filler), body, axiom=(sub, p, _iri(filler)))
        elif value := self._part(node, Owl.HAS_VALUE):
            p, v = self._on(node), _value(value)
            yield Clause("cax-sco+cls-hv1", (_X, p, v), (_member(_X, sub),), axiom=(sub, p, v))
        else:
            raise _complex("this class expression is not understood on the superclass side")

    def _part(self, node: object, predicate: NamedNode) -> _Object | None:
        return next(iter(self._objects.get((node, predicate), ())), None)

    def _on(self, node: object) -> NamedNode:
        return _iri(self._part(node, Owl.ON_PROPERTY))

    def _list(self, node: object) -> Iterator[_Object]:
        while node != Rdf.NIL:
            yield self._objects[(node, Rdf.FIRST)][0]
            node = self._objects[(node, Rdf.REST)][0]


def _sub_property(p: NamedNode, q: NamedNode) -> Clause:
    return Clause("prp-spo1", (_X, q, _Y), ((_X, p, _Y),), axiom=(p, q))


def _disjoint(name: str, one: NamedNode, other: NamedNode) -> Clause:
    return Clause(name, None, (_member(_X, one), _member(_X, other)), axiom=(one, other))


def _member(node: Var, cls: object) -> Pattern:
    return (node, Rdf.TYPE, _iri(cls))


def _iri(term: object) -> NamedNode:
    if isinstance(term, NamedNode):
        return term
    raise _complex("a name is expected where a class expression stands")


def _value(term: _Object) -> NamedNode | Literal:
    if isinstance(term, NamedNode | Literal):
        return term
    raise _complex("hasValue needs a name or a literal")


def _is_vocabulary(term: object) -> bool:
    return (
        isinstance(term, NamedNode)
        and term.value.startswith(
            (
                "http://www.w3.org/2002/07/owl#",
                "http://www.w3.org/2000/01/rdf-schema#",
                "http://www.w3.org/1999/02/22-rdf-",
            )
        )
        and term != Rdf.TYPE
    )


def _complex(what: str) -> KnowledgeError:
    return KnowledgeError(
        f"{what}.",
        why="It would be under-inferred in silence.",
        fix="Give the inner class a name of its own, or say it with the axioms listed in `docs/rules.md`.",
    )


def _unknown(triple: Triple) -> KnowledgeError:
    return KnowledgeError(
        f"the reasoner does not implement this axiom: {triple.predicate.value} {triple.object}.",
        place=str(triple.subject).replace(NAMESPACE, "rfy:"),
        why="It would be under-inferred in silence.",
        fix="Say it with the axioms listed in `docs/rules.md`, or extend the reasoner with its rule and tests.",
    )
