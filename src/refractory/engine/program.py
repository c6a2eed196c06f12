"""The program: ontology and rules compiled to plain data, with which any case can be reasoned about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pyoxigraph import NamedNode, Triple

from refractory.engine.axioms import is_axiom, is_declaration, read_axioms
from refractory.engine.clauses import Clause, Kind, Node, Pattern, Term, Var, circle, kind, meets
from refractory.knowledge.knowledge import Knowledge

FORMAT = 1
"""The version of the program's form; it is part of its name."""

Bindings = tuple[tuple[str, Term], ...]
# Facts by predicate, and by predicate with subject or object; None: whatever it is.
_Index = dict[tuple[object, NamedNode, object], list[Triple]]


@dataclass(frozen=True, slots=True)
class Program:
    """What a machine needs to reason about a case.

    Attributes:
        clauses: All ways to conclude something, in the order in which they run.
        blocks: The numbers of the clauses that run together; True: again and again until nothing new comes.
        known: The facts that follow from the knowledge alone, each with the clause and bindings it comes of, or None
            where it stands literally in a file.
    """

    clauses: tuple[Clause, ...]
    blocks: tuple[tuple[tuple[int, ...], bool], ...]
    known: Mapping[Triple, tuple[Clause, Bindings] | None]


def compile_program(knowledge: Knowledge) -> Program:
    """Compile a knowledge: read axioms and rules, close what follows without a case, and find the order.

    Raises:
        RuleError: A rule is outside the stated part of SPARQL, or absences go in a circle.
        KnowledgeError: An axiom is not understood.
    """
    # rdflib's parser comes with these; whoever finds the program ready does without.
    from refractory.engine.rules import clauses_of, read_rule

    axioms = read_axioms(knowledge.logic)
    rules = [clause for file in knowledge.rules for clause in clauses_of(read_rule(file))]
    known = _close({t for t in knowledge.logic if _is_fact(t)}, axioms)
    clauses, blocks = _in_order([*axioms, *rules])
    return Program(clauses, blocks, known)


def _is_fact(triple: Triple) -> bool:
    return isinstance(triple.subject, NamedNode) and not is_axiom(triple) and not is_declaration(triple)


def _close(facts: Iterable[Triple], axioms: Sequence[Clause]) -> dict[Triple, tuple[Clause, Bindings] | None]:
    """Return what follows from the knowledge alone; plainly, because it is done once."""
    known: dict[Triple, tuple[Clause, Bindings] | None] = dict.fromkeys(sorted(facts, key=str))
    changed = True
    while changed:
        changed = False
        index: _Index = {}
        for fact in known:
            for key in (
                (None, fact.predicate, None),
                (fact.subject, fact.predicate, None),
                (None, fact.predicate, fact.object),
            ):
                index.setdefault(key, []).append(fact)
        for axiom in axioms:
            for bindings in _matches(axiom.body, index, {}):
                if axiom.head is None:
                    continue
                subject, predicate, value = (_put(node, bindings) for node in axiom.head)
                if isinstance(subject, NamedNode) and isinstance(predicate, NamedNode):
                    fact = Triple(subject, predicate, value)
                    if fact not in known:
                        known[fact] = (axiom, tuple(sorted(bindings.items())))
                        changed = True
    return known


def _matches(body: Sequence[Pattern], facts: _Index, bindings: dict[str, Term]) -> Iterator[dict[str, Term]]:
    if not body:
        yield bindings
        return
    (subject, predicate, value), rest = body[0], body[1:]
    one, other = _bound(subject, bindings), _bound(value, bindings)
    # Facts are looked up by the subject where that is known, else by the object, else all are.
    for fact in facts.get((one, predicate, other if one is None else None), ()):
        new = dict(bindings)
        if _fits(subject, fact.subject, new) and _fits(value, fact.object, new):
            yield from _matches(rest, facts, new)


def _bound(node: Node, bindings: Mapping[str, Term]) -> Term | None:
    return bindings.get(node) if isinstance(node, Var) else node


def _fits(node: Node, term: object, bindings: dict[str, Term]) -> bool:
    if isinstance(node, Var):
        return bindings.setdefault(node, term) == term  # type: ignore[arg-type]  # facts hold no blank nodes here
    return node == term


def _put(node: Node, bindings: Mapping[str, Term]) -> Term:
    return bindings[node] if isinstance(node, Var) else node


def _in_order(clauses: Sequence[Clause]) -> tuple[tuple[Clause, ...], tuple[tuple[tuple[int, ...], bool], ...]]:
    """Return the clauses in an order in which each runs once all that it reads is there, and the blocks of circles.

    Raises:
        RuleError: A circle leads through an absence.
    """
    count = len(clauses)
    # Which clauses read, or want absent, a kind of fact: by its predicate, for only kinds of one predicate can meet.
    readers: dict[str, list[tuple[int, Kind]]] = {}
    wanting: dict[str, list[tuple[int, Kind]]] = {}
    for index, clause in enumerate(clauses):
        for pattern in clause.body:
            readers.setdefault(pattern[1].value, []).append((index, kind(pattern)))
        for pattern in (p for group in clause.absent for p in group):
            wanting.setdefault(pattern[1].value, []).append((index, kind(pattern)))
    after: list[set[int]] = [set() for _ in range(count)]
    blocked: set[tuple[int, int]] = set()
    for one, clause in enumerate(clauses):
        if clause.head is None:
            continue
        head = kind(clause.head)
        after[one] |= {other for other, given in readers.get(head[0], ()) if meets(head, given)}
        without = {other for other, given in wanting.get(head[0], ()) if meets(head, given)}
        after[one] |= without
        blocked |= {(one, other) for other in without}
    reach = [_reachable(start, after) for start in range(count)]
    faults = {(one, other) for one, other in blocked if one in reach[other]}
    if faults:
        raise circle({clauses[i].name for pair in faults for i in pair})
    # What leads to a clause, itself included: along an arrow between two circles this grows, so it is an order.
    before = [sum(index in reach[other] or index == other for other in range(count)) for index in range(count)]
    blocks: dict[frozenset[int], list[int]] = {}
    for index in sorted(range(count), key=lambda i: (before[i], clauses[i].name, str(clauses[i].axiom), i)):
        together = frozenset(i for i in reach[index] if index in reach[i]) | {index}
        blocks.setdefault(together, []).append(index)
    order = [index for block in blocks.values() for index in block]
    number = {index: place for place, index in enumerate(order)}
    return (
        tuple(clauses[index] for index in order),
        tuple((tuple(number[i] for i in block), block[0] in reach[block[0]]) for block in blocks.values()),
    )


def _reachable(start: int, after: Sequence[set[int]]) -> set[int]:
    """Return what can be reached from a clause by at least one step."""
    found: set[int] = set()
    pending = list(after[start])
    while pending:
        index = pending.pop()
        if index not in found:
            found.add(index)
            pending.extend(after[index])
    return found
