"""What a triple of a case may be about: the published properties and classes, and nodes that are the case's own."""

from __future__ import annotations

import difflib
from typing import Final, NamedTuple, TypeAlias

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from refractory.case.mapping import CaseMapping
from refractory.case.showing import PREFIXES, short
from refractory.errors import RefusedError
from refractory.knowledge.names import did_you_mean
from refractory.vocabulary import NAMESPACE, Owl, Rdf, local_name

Node: TypeAlias = NamedNode | BlankNode

# What is often tried, and what to do instead.
_REFUSED: Final = {
    Owl.IMPORTS: ("a case imports nothing, and nothing is fetched", "Take it out; a case is one file."),
    NamedNode(PREFIXES["owl"] + "sameAs"): (
        "a case does not equate terms",
        "Use our term, or a code that it matches exactly, where the value stands.",
    ),
    Rdf.FIRST: ("a case has no RDF lists", "Repeat the property for each value."),
    Rdf.REST: ("a case has no RDF lists", "Repeat the property for each value."),
}


class Said(NamedTuple):
    """One triple of a file that may be a fact of a case."""

    subject: Node
    predicate: NamedNode
    value: Node | Literal


def allowed(triple: Triple, mapping: CaseMapping) -> Said:
    """Return a triple that is a fact of a case, whatever else the file says.

    Raises:
        RefusedError: It re-describes one of our terms, or speaks of classes, properties, rules or other files.
    """
    subject, predicate, value = triple.subject, triple.predicate, triple.object
    place = f"{short(subject)} {short(predicate)}"
    if isinstance(subject, Triple) or isinstance(value, Triple):
        raise RefusedError("a case has no triples inside triples.", place=place, fix="Say the fact itself.")
    if isinstance(subject, NamedNode) and subject.value.startswith(NAMESPACE):
        raise RefusedError(
            f"the file speaks of {short(subject)}.",
            place=place,
            why="A case may not re-describe our terms.",
            fix="Say it of the case, or take it out; the case's own nodes need a namespace of their own.",
        )
    if predicate == Rdf.TYPE:
        if value not in mapping.types:
            raise RefusedError(
                f"{short(value)} is not a class that a case may name.",
                place=place,
                why="What a node is otherwise, is for the reasoner to conclude.",
                fix=f"Allowed are {', '.join(sorted(map(short, mapping.types)))}.",
            )
    elif predicate not in mapping.by_predicate:
        raise _forbidden(predicate, place, mapping)
    return Said(subject, predicate, value)


def _forbidden(predicate: NamedNode, place: str, mapping: CaseMapping) -> RefusedError:
    if predicate in _REFUSED:
        what, fix = _REFUSED[predicate]
        return RefusedError(f"{what}: {short(predicate)}.", place=place, fix=fix)
    if not predicate.value.startswith(NAMESPACE) and predicate.value.startswith(tuple(PREFIXES.values())):
        return RefusedError(
            f"{short(predicate)} speaks of classes, properties or rules.",
            place=place,
            why="A case holds only facts.",
            fix="Take it out; what the terms mean is said in the ontology.",
        )
    known = {local_name(known.value): known for known in mapping.by_predicate}
    near = difflib.get_close_matches(local_name(predicate.value), known, n=2, cutoff=0.6)
    return RefusedError(
        f"{short(predicate)} is not a property of a case.",
        place=place,
        why="What a case says must be understood whole, or not at all.",
        fix=did_you_mean(short(known[name]) for name in near) or "Use the properties of the published context.",
    )
