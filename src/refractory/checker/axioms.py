"""The axioms of the ontology looked up as they stand in the files, and the OWL 2 RL rules that they drive.

`docs/proofs.md` has the table: for each rule the terms of its axiom, its premises and its conclusion, in this order.
An axiom that is not in the table is refused, because what follows from it would be missed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode, Triple, Variable

from refractory.checker.matching import Fact, Pattern, plain
from refractory.errors import KnowledgeError
from refractory.model.proof import Term
from refractory.vocabulary import NAMESPACE, Owl, Rdf, Rdfs

_X, _Y, _Z = Variable("x"), Variable("y"), Variable("z")

_Node = NamedNode | BlankNode | Literal
_Axiom = tuple[str, tuple[Term, ...]]

_OWL: Final = Owl.CLASS.value.removesuffix("Class")
_RDFS: Final = Rdfs.LABEL.value.removesuffix("label")
_RDF: Final = Rdf.TYPE.value.removesuffix("type")
_LIST: Final = NamedNode(_RDF + "List")
# Types that only declare what a term is.
_DECLARATIONS: Final = {Owl.CLASS, Owl.OBJECT_PROPERTY, Owl.DATATYPE_PROPERTY, Owl.RESTRICTION, _LIST}
# Axioms of two named terms, and the rules that they drive.
_PAIRS: Final = {
    Rdfs.SUB_PROPERTY_OF: ("prp-spo1",),
    Rdfs.DOMAIN: ("prp-dom",),
    Rdfs.RANGE: ("prp-rng",),
    Owl.INVERSE_OF: ("prp-inv1", "prp-inv2"),
}
# What complex classes and lists are made of: read from the axioms that use them, never alone.
_PARTS: Final = {
    Owl.ON_PROPERTY, Owl.HAS_VALUE, Owl.SOME_VALUES_FROM, Owl.ALL_VALUES_FROM, Owl.INTERSECTION_OF, Owl.UNION_OF,
    Owl.MEMBERS, Rdf.FIRST, Rdf.REST,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Inference:
    """What an axiom leads to: facts that fit all premises lead to the conclusion."""

    premises: tuple[Pattern, ...]
    conclusion: Pattern


class Axioms:
    """The axioms of a knowledge, by the rule that each drives and its terms."""

    def __init__(self, logic: Iterable[Triple]) -> None:
        """Read the axioms.

        Raises:
            KnowledgeError: An axiom is not in the table of `docs/proofs.md`.
        """
        reader = _Reader(tuple(logic))
        self._stated: dict[_Axiom, Inference] = {axiom: _TABLE[axiom[0]](*axiom[1]) for axiom in reader.axioms()}
        self.disjoint: tuple[tuple[NamedNode, NamedNode], ...] = tuple(sorted(set(reader.disjoint()), key=str))
        self.facts: frozenset[Fact] = frozenset(reader.facts())

    def holds(self, rule: str, terms: Sequence[Term]) -> bool:
        """Say whether the axiom that a rule needs stands literally in the files."""
        return (rule, tuple(terms)) in self._stated

    def inference(self, rule: str, terms: Sequence[Term]) -> Inference | None:
        """Return what an axiom that stands in the files leads to by a rule; None if it does not stand there."""
        return self._stated.get((rule, tuple(terms)))

    def __iter__(self) -> Iterator[tuple[str, Inference]]:
        """Yield each axiom's rule and what it leads to."""
        return ((name, inference) for (name, _), inference in self._stated.items())


# ---- the table: one line for each OWL 2 RL rule, from the terms of its axiom to premises and conclusion ----


def _iri(term: Term) -> NamedNode:
    if isinstance(term, NamedNode):
        return term
    raise KnowledgeError("an axiom names something other than an IRI.", place=str(term))


def _is_a(slot: Variable, cls: Term) -> Pattern:
    return (slot, Rdf.TYPE, cls)


def _chain(whole: Term, *links: Term) -> Inference:
    nodes = [Variable(f"x{number}") for number in range(len(links) + 1)]
    steps = tuple((nodes[i], _iri(link), nodes[i + 1]) for i, link in enumerate(links))
    return Inference(steps, (nodes[0], _iri(whole), nodes[-1]))


def _intersection(*classes: Term) -> Inference:
    *parts, whole = classes
    return Inference(tuple(_is_a(_X, part) for part in parts), _is_a(_X, whole))


def _has(p: Term) -> Pattern:
    return (_X, _iri(p), _Y)


_TABLE: Final[dict[str, Callable[..., Inference]]] = {
    "prp-spo1": lambda p, q: Inference((_has(p),), _has(q)),
    "prp-trp": lambda p: Inference((_has(p), (_Y, p, _Z)), (_X, p, _Z)),
    "prp-symp": lambda p: Inference((_has(p),), (_Y, p, _X)),
    "prp-inv1": lambda p, q: Inference((_has(p),), (_Y, q, _X)),
    "prp-inv2": lambda p, q: Inference((_has(q),), (_Y, p, _X)),
    "prp-dom": lambda p, c: Inference((_has(p),), _is_a(_X, c)),
    "prp-rng": lambda p, c: Inference((_has(p),), _is_a(_Y, c)),
    "prp-spo2": _chain,
    "cax-sco": lambda c, d: Inference((_is_a(_X, c),), _is_a(_X, d)),
    "cls-hv2+cax-sco": lambda p, v, d: Inference(((_X, p, v),), _is_a(_X, d)),
    "cls-svf1+cax-sco": lambda p, c, d: Inference((_has(p), _is_a(_Y, c)), _is_a(_X, d)),
    "cls-svf2+cax-sco": lambda p, d: Inference((_has(p),), _is_a(_X, d)),
    "cls-int1+cax-sco": _intersection,
    "cls-uni+cax-sco": lambda c, d: Inference((_is_a(_X, c),), _is_a(_X, d)),
    "cax-sco+cls-avf": lambda c, p, d: Inference((_is_a(_X, c), _has(p)), _is_a(_Y, d)),
    "cax-sco+cls-hv1": lambda c, p, v: Inference((_is_a(_X, c),), (_X, p, v)),
}


class _Reader:
    """Finds the axioms among the triples of the logic."""

    def __init__(self, logic: tuple[Triple, ...]) -> None:
        self._logic = logic
        self._objects: dict[tuple[object, NamedNode], list[_Node]] = defaultdict(list)
        for t in logic:
            if isinstance(t.object, _Node):
                self._objects[t.subject, t.predicate].append(t.object)

    def axioms(self) -> Iterator[_Axiom]:
        for t in self._logic:
            yield from self._axioms_of(t)

    def _axioms_of(self, t: Triple) -> Iterator[_Axiom]:
        subject, value = t.subject, t.object
        match t.predicate:
            case Rdf.TYPE:
                yield from self._types(t)
            case predicate if predicate in _PAIRS:
                for rule in _PAIRS[predicate]:
                    yield rule, self._named(t, subject, value)
            case Owl.EQUIVALENT_PROPERTY:
                yield "prp-spo1", self._named(t, subject, value)
                yield "prp-spo1", self._named(t, value, subject)
            case Owl.PROPERTY_CHAIN_AXIOM:
                links = self._list(t, value)
                if len(links) < 2:
                    raise _unknown(t)
                yield "prp-spo2", self._named(t, subject, *links)
            case Rdfs.SUB_CLASS_OF:
                yield from self._below(t, subject, value)
            case Owl.EQUIVALENT_CLASS:
                yield from self._below(t, subject, value)
                yield from self._below(t, value, subject)
            case predicate if predicate in _PARTS:
                if not isinstance(subject, BlankNode):
                    raise _unknown(t)
            case predicate if predicate != Owl.DISJOINT_WITH and _is_schema(predicate):
                raise _unknown(t)

    def _types(self, t: Triple) -> Iterator[_Axiom]:
        if t.object == Owl.TRANSITIVE_PROPERTY:
            yield "prp-trp", self._named(t, t.subject)
        elif t.object == Owl.SYMMETRIC_PROPERTY:
            yield "prp-symp", self._named(t, t.subject)
        elif t.object not in _DECLARATIONS | {Owl.ALL_DISJOINT_CLASSES} and _is_schema(t.object):
            raise _unknown(t)

    def _below(self, t: Triple, lower: object, upper: object) -> Iterator[_Axiom]:
        """Yield what follows from one class being below another, either of which may be complex."""
        if isinstance(lower, BlankNode) and isinstance(upper, NamedNode):
            yield from self._complex_below(t, lower, upper)
        elif isinstance(lower, NamedNode) and isinstance(upper, BlankNode):
            yield self._below_complex(t, lower, upper)
        else:
            yield "cax-sco", self._classes(t, lower, upper)

    def _complex_below(self, t: Triple, lower: BlankNode, upper: NamedNode) -> Iterator[_Axiom]:
        kind, parts = self._expression(t, lower)
        match kind:
            case Owl.HAS_VALUE:
                yield "cls-hv2+cax-sco", (*parts, upper)
            case Owl.SOME_VALUES_FROM if parts[1] == Owl.THING:
                yield "cls-svf2+cax-sco", (parts[0], upper)
            case Owl.SOME_VALUES_FROM:
                yield "cls-svf1+cax-sco", (*self._named(t, parts[0]), *self._classes(t, parts[1], upper))
            case Owl.INTERSECTION_OF:
                yield "cls-int1+cax-sco", self._classes(t, *parts, upper)
            case Owl.UNION_OF:
                for part in parts:
                    yield "cls-uni+cax-sco", self._classes(t, part, upper)
            case _:
                raise _unknown(t)

    def _below_complex(self, t: Triple, lower: NamedNode, upper: BlankNode) -> _Axiom:
        kind, parts = self._expression(t, upper)
        match kind:
            case Owl.ALL_VALUES_FROM:
                return "cax-sco+cls-avf", (*self._classes(t, lower), *self._named(t, *parts))
            case Owl.HAS_VALUE:
                return "cax-sco+cls-hv1", (*self._classes(t, lower), *parts)
        raise _unknown(t)

    def _expression(self, t: Triple, node: BlankNode) -> tuple[NamedNode, tuple[Term, ...]]:
        """Return what kind of complex class a node is, and what it is made of."""
        made_of = {p: self._objects[node, p] for p in _PARTS if self._objects.get((node, p))}
        if set(made_of) in ({Owl.INTERSECTION_OF}, {Owl.UNION_OF}):
            ((kind, lists),) = made_of.items()
            if len(lists) == 1:
                return kind, self._named(t, *self._list(t, lists[0]))
        on = made_of.pop(Owl.ON_PROPERTY, [])
        if len(on) == 1 and len(made_of) == 1:
            ((kind, values),) = made_of.items()
            if len(values) == 1 and not isinstance(values[0], BlankNode):
                return kind, (*self._named(t, on[0]), values[0])
        raise _unknown(t)

    def _list(self, t: Triple, node: object) -> list[_Node]:
        """Return the members of a list, each cell of which must have one member and one rest."""
        found: list[_Node] = []
        cells: set[object] = set()
        while node != Rdf.NIL:
            first, rest = self._objects.get((node, Rdf.FIRST), []), self._objects.get((node, Rdf.REST), [])
            if len(first) != 1 or len(rest) != 1 or node in cells:
                raise _unknown(t)
            cells.add(node)
            found += first
            node = rest[0]
        return found

    def _named(self, t: Triple, *terms: object) -> tuple[NamedNode, ...]:
        named = tuple(term for term in terms if isinstance(term, NamedNode))
        if len(named) != len(terms):
            raise _unknown(t)
        return named

    def _classes(self, t: Triple, *classes: object) -> tuple[NamedNode, ...]:
        """Return named classes; of everything, and of nothing, OWL knows more than the table does."""
        *lower, _ = named = self._named(t, *classes)
        if any(_is_schema(cls) for cls in lower) or any(_is_schema(cls) and cls != Owl.THING for cls in named):
            raise _unknown(t)
        return named

    def disjoint(self) -> Iterator[tuple[NamedNode, NamedNode]]:
        """Yield the pairs of classes that share no member."""
        for t in self._logic:
            if t.predicate == Owl.DISJOINT_WITH:
                one, other = self._named(t, t.subject, t.object)
                yield one, other
            elif t.predicate == Rdf.TYPE and t.object == Owl.ALL_DISJOINT_CLASSES:
                lists = self._objects.get((t.subject, Owl.MEMBERS), [])
                if len(lists) != 1:
                    raise _unknown(t)
                yield from combinations(self._named(t, *self._list(t, lists[0])), 2)

    def facts(self) -> Iterator[Fact]:
        """Yield what the files state of individuals, which is all that is neither axiom nor declaration."""
        for t in self._logic:
            fact = plain(t)
            if fact and not _is_schema(t.object if t.predicate == Rdf.TYPE else t.predicate):
                yield fact


def _is_schema(term: object) -> bool:
    """Say whether a term belongs to the languages in which ontologies are written."""
    return isinstance(term, NamedNode) and term.value.startswith((_OWL, _RDFS, _RDF))


def _unknown(t: Triple) -> KnowledgeError:
    return KnowledgeError(
        f"the checker does not know this axiom: {t.predicate.value} {t.object}.",
        place=str(t.subject).replace(NAMESPACE, "rfy:"),
        why="What follows from it would be missed.",
        fix="Say it with the axioms listed in `docs/proofs.md`.",
    )
