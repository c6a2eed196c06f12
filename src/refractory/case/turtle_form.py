"""The Turtle and N-Triples forms of a case: facts only, by an allow-list of properties, classes and datatypes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, parse, serialize

from refractory.case import lexical, nodes
from refractory.case.allow_list import Node, Said, allowed
from refractory.case.blank_nodes import name_blank_nodes
from refractory.case.decode import decode
from refractory.case.limits import MAX_DEPTH, MAX_ENTRIES, MAX_IDENTIFIER, MAX_TRIPLES
from refractory.case.mapping import CaseMapping, Key, Part
from refractory.case.quantities import UNIT_CODE, check_unit
from refractory.case.showing import PREFIXES, short, shown
from refractory.errors import LimitError, RefusedError
from refractory.knowledge.knowledge import Knowledge
from refractory.knowledge.names import did_you_mean
from refractory.vocabulary import NAMESPACE, PREFIX, Rdf, Xsd, local_name

_WRITTEN: Final = {
    Xsd.DECIMAL: 'Write a plain number, such as 70.5 or "70.5"^^xsd:decimal; its unit is in the property\'s name, '
    "or in a property of its own.",
    Xsd.DATE: 'Write "2026-03-10"^^xsd:date.',
    Xsd.STRING: "Write a plain text in quotes.",
}


def read(
    data: bytes | str, knowledge: Knowledge, syntax: RdfFormat = RdfFormat.TURTLE
) -> tuple[NamedNode, list[Triple]]:
    """Return the node of a case in Turtle or N-Triples and what is said of it.

    Blank nodes get names that depend neither on their labels nor on the order of the file.

    Raises:
        RefusedError: It cannot be parsed, is no case, or says what a case may not say.
        LimitError: It is larger than allowed.
    """
    mapping = CaseMapping.of(knowledge)
    said = [allowed(triple, mapping) for triple in _parse(decode(data), syntax)]
    case = _case(said, mapping.case)
    return case, _Document(mapping, knowledge, case, said).facts()


def write(asserted: Iterable[Triple]) -> str:
    """Return facts as Turtle, in their order, each number and date with the characters it came with."""
    prefixes = {name: PREFIXES[name] for name in (PREFIX, "xsd")}
    lines = (serialize(asserted, format=RdfFormat.TURTLE, prefixes=prefixes) or b"").decode().splitlines(keepends=True)
    # The serializer puts prefixes in an order that changes from run to run, the same case must be the same bytes.
    return "".join(sorted(lines[: len(prefixes)]) + lines[len(prefixes) :])


def _parse(text: str, syntax: RdfFormat) -> list[Triple]:
    # Triples inside triples are refused later, but only a shallow stack of them can be let so far.
    if text.count("<<") > MAX_DEPTH:
        raise LimitError("the file quotes triples inside triples.", fix="A case has none.")
    triples = []
    try:
        for quad in parse(text.encode(), format=syntax):
            triples.append(Triple(quad.subject, quad.predicate, quad.object))
            if len(triples) > MAX_TRIPLES:
                raise LimitError(f"the file has more than {MAX_TRIPLES} triples.", fix="Give one case a file.")
    except SyntaxError as error:
        raise RefusedError(
            f"the file is not {syntax.name}: {error.msg.partition(': ')[2] or error.msg}.",
            place=f"line {error.lineno}, column {error.offset}",
            fix="Correct it there, or just before; every IRI must be absolute.",
        ) from error
    return triples


def _case(said: Iterable[Said], part: Part) -> NamedNode:
    """Return the one node that is said to be a case."""
    found = {subject: None for subject, predicate, value in said if predicate == Rdf.TYPE and value == part.type}
    if len(found) != 1:
        raise RefusedError(
            f"the file has {len(found)} nodes of {short(part.type)}.",
            place=", ".join(short(case) for case in found),
            fix=f"Say `a {short(part.type)}` of one node; give each case a file.",
        )
    (case,) = found
    if not isinstance(case, NamedNode):
        raise RefusedError(
            "the case is a blank node.", place=short(case), fix="Give it an IRI, such as <https://example.org/case/1>."
        )
    lexical.check_iri(case.value, short(case), MAX_IDENTIFIER)
    return case


@dataclass(frozen=True)
class _Document:
    """The triples of a file, each of which is allowed; now what they say together."""

    mapping: CaseMapping
    knowledge: Knowledge
    case: NamedNode
    said: list[Said]

    def facts(self) -> list[Triple]:
        """Return what the file says, checked, with blank nodes named and the type of each part said."""
        self._check_sizes()
        checked = [self._checked(*said) for said in self.said]
        types = [Said(node, Rdf.TYPE, part.type) for node, parts in self._roles.items() for part in parts]
        names = name_blank_nodes(self.case, self.mapping, self._roles, checked)

        def named(node: Node) -> Node:
            return names.get(node, node)

        return [
            Triple(named(subject), predicate, value if isinstance(value, Literal) else named(value))
            for subject, predicate, value in checked + types
        ]

    @cached_property
    def _roles(self) -> dict[Node, list[Part]]:
        """The case and its parts, with what the properties that lead to them make of each."""
        roles: dict[Node, list[Part]] = {self.case: [self.mapping.case]}
        for subject, predicate, value in dict.fromkeys(self.said):
            key = self.mapping.by_predicate.get(predicate)
            if subject == self.case and key and key.part and not isinstance(value, Literal):
                roles.setdefault(value, []).append(key.part)
        return roles

    @cached_property
    def _subjects(self) -> frozenset[Node]:
        return frozenset(subject for subject, _, _ in self.said)

    def _check_sizes(self) -> None:
        for (subject, predicate), size in Counter((s, p) for s, p, _ in self.said).items():
            if size > MAX_ENTRIES:
                place = f"{self._shown(subject)} {short(predicate)}"
                raise LimitError(f"more than {MAX_ENTRIES} values.", place=place, fix="A case is one episode.")

    def _checked(self, subject: Node, predicate: NamedNode, value: Node | Literal) -> Said:
        """Return a triple as it is kept: codes replaced by our terms, integers as decimals."""
        place = f"{self._shown(subject)} {short(predicate)}"
        roles = self._roles.get(subject, [])
        self._check_subject(subject, roles, place)
        if predicate == Rdf.TYPE:
            return Said(subject, predicate, value)
        key = self.mapping.by_predicate[predicate]
        if not any(key in part.keys.values() for part in roles):
            raise RefusedError(
                f"{short(predicate)} does not belong to a node of {short(roles[0].type)}.",
                place=place,
                fix=f"Say it of a node of {self._home(key)}.",
            )
        return Said(subject, predicate, self._value(key, value, place))

    def _check_subject(self, subject: Node, roles: list[Part], place: str) -> None:
        if not roles:
            raise RefusedError(
                "the node does not belong to the case.",
                place=place,
                why="No property of the case leads to it.",
                fix=f"Say of {short(self.case)} what it has to do with it, or take it out.",
            )
        if isinstance(subject, BlankNode):
            if len(roles) > 1:
                raise RefusedError(
                    "one blank node stands in two places.", place=place, fix="Write a node for each, or give it an IRI."
                )
            return
        lexical.check_iri(subject.value, place)
        if nodes.is_reserved(self.case, subject):
            raise RefusedError(
                "the node bears a name that only the reader of a case gives.", place=place, fix="Give it another IRI."
            )

    def _value(self, key: Key, value: Node | Literal, place: str) -> Node | Literal:
        if key.datatype:
            literal = _literal(value, key.datatype, place)
            if key.predicate == UNIT_CODE:
                check_unit(literal.value, self.knowledge, place)
            return literal
        if isinstance(value, Literal):
            raise RefusedError(
                f"the text {shown(value.value)} stands where {_wanted(key)} belongs.",
                place=place,
                fix=self._suggestion(value.value) or "Write an IRI, not a text.",
            )
        if key.part is None:
            return self._term(value, place)
        if isinstance(value, NamedNode) and value not in self._subjects:
            raise RefusedError(
                f"{short(value)} is not described in the file.",
                place=place,
                fix=f"Give {_wanted(key)}, and say in this file what is known of it.",
            )
        return value

    def _term(self, value: Node, place: str) -> NamedNode:
        """Return one of our terms, named by its own IRI or by the IRI of a code that it matches exactly."""
        if isinstance(value, BlankNode):
            raise RefusedError("a blank node stands where one of our terms belongs.", place=place, fix="Name the term.")
        if value in self.knowledge.individuals:
            return value
        term = None if value.value.startswith(NAMESPACE) else self.knowledge.names.find(value.value)
        if term is None:
            raise RefusedError(
                f"no term is called {short(value)}.",
                place=place,
                fix=self._suggestion(local_name(value.value)) or "Use one of our terms, or a code that one matches.",
            )
        return term

    def _suggestion(self, name: str) -> str:
        return did_you_mean(f"{PREFIX}:{near}" for near in self.knowledge.names.nearest(name))

    def _home(self, key: Key) -> str:
        return " or ".join(short(part.type) for part in self.mapping.parts if key in part.keys.values())

    def _shown(self, subject: Node) -> str:
        """Return how a message names a subject; a blank node is shown by the property that leads to it."""
        if isinstance(subject, BlankNode):
            return next((f"[{short(predicate)}]" for _, predicate, value in self.said if value == subject), "[]")
        return short(subject)


def _literal(value: Node | Literal, datatype: NamedNode, place: str) -> Literal:
    if not isinstance(value, Literal):
        raise RefusedError(f"a node stands where {short(datatype)} belongs.", place=place, fix=_WRITTEN[datatype])
    if value.language:
        raise RefusedError("a case has no language tags.", place=place, fix=f"Take off @{value.language}.")
    # An integer is a decimal, and Turtle writes 1000 as an integer and 70.0 as a decimal.
    found = Xsd.DECIMAL if value.datatype == Xsd.INTEGER else value.datatype
    if found != datatype:
        raise RefusedError(
            f"{shown(value.value)} of {short(found)} stands where {short(datatype)} belongs.",
            place=place,
            fix=_WRITTEN[datatype],
        )
    return lexical.literal(value.value, datatype, place)


def _wanted(key: Key) -> str:
    return f"a node of {short(key.part.type)}" if key.part else "one of our terms"
