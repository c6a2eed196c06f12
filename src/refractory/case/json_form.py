"""The JSON form of a case, mapped by the published context and by nothing that the file itself brings."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pyoxigraph import Literal, NamedNode, Triple

from refractory.case import json_text, lexical, nodes
from refractory.case.decode import decode
from refractory.case.json_text import Number, Pairs
from refractory.case.limits import MAX_ENTRIES, MAX_IDENTIFIER, MAX_TEXT
from refractory.case.mapping import CONTEXT, CaseMapping, Key, Part
from refractory.case.quantities import UNIT_CODE, check_unit
from refractory.case.showing import shown
from refractory.errors import LimitError, RefusedError
from refractory.knowledge.knowledge import Knowledge
from refractory.knowledge.names import did_you_mean
from refractory.model.facts import Fact
from refractory.vocabulary import Rdf, Xsd, local_name


def read(data: bytes | str | Mapping[str, Any], knowledge: Knowledge) -> tuple[NamedNode, list[Fact]]:
    """Return the node of a case in JSON and what is said of it; errors as in `read_places`."""
    case, said = _read(data, knowledge)
    return case, [fact for fact, _ in said]


def read_places(
    data: bytes | str | Mapping[str, Any], knowledge: Knowledge
) -> tuple[NamedNode, list[tuple[Triple, str]]]:
    """Return the node of a case in JSON, and what is said of it with the place where it stands.

    Raises:
        RefusedError: It is not JSON, or not a case.
        LimitError: It is larger or deeper than allowed.
    """
    case, said = _read(data, knowledge)
    return case, [(Triple(*fact), place) for fact, place in said]


def _read(data: bytes | str | Mapping[str, Any], knowledge: Knowledge) -> tuple[NamedNode, list[tuple[Fact, str]]]:
    root = json_text.parse(decode(json_text.dump(data) if isinstance(data, Mapping) else data))
    mapping = CaseMapping.of(knowledge)
    pairs = _keys(root, "")
    _take_context(pairs)
    case = _take_identifier(pairs, mapping.identifier)
    reader = _Reader(mapping, knowledge, case)
    reader.read(case, mapping.case, pairs, "")
    return case, reader.said


def write(mapping: CaseMapping, case: NamedNode, asserted: tuple[Triple, ...]) -> dict[str, Any]:
    """Return the JSON form of a case: keys in the context's order, terms by their local names, lists sorted.

    Raises:
        RefusedError: The case says twice what JSON says once, or has a number that JSON's writers do not write plainly.
    """
    said: _Said = {}
    for t in asserted:
        if isinstance(t.object, NamedNode | Literal):
            said.setdefault((t.subject, t.predicate), []).append(t.object)
    return {mapping.identifier: case.value, **_written(mapping.case, case, said)}


# ---- reading ----


def _take_context(pairs: dict[str, object]) -> None:
    """Let the published context through, which is the one used in any case, and refuse all else that begins with @."""
    for name in [name for name in pairs if name.startswith("@")]:
        if name != "@context":
            raise RefusedError(
                f"{shown(name)} is JSON-LD, and a case is plain JSON.", place=name, fix="Use the keys of the case form."
            )
        if pairs.pop(name) != CONTEXT:
            raise RefusedError(
                "the case brings a context of its own.",
                place=name,
                why="A context says what the keys mean; only the published one is used, and nothing is fetched.",
                fix=f"Leave @context out, or write {CONTEXT}.",
            )


def _take_identifier(pairs: dict[str, object], name: str) -> NamedNode:
    if name not in pairs:
        raise RefusedError(
            f"the case has no `{name}`.", place=name, fix="Give the case an IRI, such as https://example.org/case/1."
        )
    identifier = pairs.pop(name)
    if type(identifier) is not str:
        raise _misplaced(identifier, "an IRI in quotes", name)
    lexical.check_iri(identifier, name, MAX_IDENTIFIER)
    return NamedNode(identifier)


@dataclass(frozen=True)
class _Reader:
    """Walks a parsed file and the mapping side by side.

    Attributes:
        said: What was said so far, with places.
    """

    mapping: CaseMapping
    knowledge: Knowledge
    case: NamedNode
    said: list[tuple[Fact, str]] = field(default_factory=list)

    def read(self, node: NamedNode, part: Part, pairs: Mapping[str, object], place: str) -> None:
        """Add what the keys of an object say of the case or a part of it."""
        self.said.append(((node, Rdf.TYPE, part.type), place))
        for name, value in pairs.items():
            where = f"{place}.{name}" if place else name
            key = part.keys.get(name)
            if key is None:
                raise self._unknown_key(name, part, where)
            self._read_values(node, key, value, where)

    def _read_values(self, node: NamedNode, key: Key, value: object, place: str) -> None:
        if not key.many and key.part is None:
            self.said.append(((node, key.predicate, self._term(key, value, place)), place))
            return
        seen: set[NamedNode | Literal] = set()
        for number, (item, where) in enumerate(_items(key, value, place), 1):
            if key.part:
                child = nodes.node(self.case, key.part.node, number if key.many else None)
                self.said.append(((node, key.predicate, child), where))
                self.read(child, key.part, _keys(item, where), where)
            else:
                term = self._term(key, item, where)
                if term in seen:
                    raise RefusedError(f"{shown(item)} stands twice in the list.", place=where, fix="Keep one of them.")
                seen.add(term)
                self.said.append(((node, key.predicate, term), where))

    def _term(self, key: Key, item: object, place: str) -> NamedNode | Literal:
        if key.datatype == Xsd.DECIMAL:
            if not isinstance(item, Number):
                fix = "Write the number alone, without quotes; its unit is in the key's name, or in a key of its own."
                raise _misplaced(item, "a number", place, fix)
            return lexical.literal(str(item), key.datatype, place)
        if type(item) is not str:
            raise _misplaced(item, "a text in quotes", place)
        if key.datatype is None:
            return self._named(item, place)
        literal = lexical.literal(item, key.datatype, place)
        if key.predicate == UNIT_CODE:
            check_unit(item, self.knowledge, place)
        return literal

    def _named(self, name: str, place: str) -> NamedNode:
        if len(name) > MAX_TEXT:
            raise LimitError(f"a name of more than {MAX_TEXT} characters.", place=place, fix="Shorten it.")
        term = self.knowledge.names.find(name)
        if term is None:
            raise RefusedError(
                f"no term is called {shown(name)}.",
                place=place,
                fix=did_you_mean(self.knowledge.names.nearest(name))
                or "Use the local name, label, synonym or code of a term of the ontology.",
            )
        return term

    def _unknown_key(self, name: str, part: Part, place: str) -> RefusedError:
        near = difflib.get_close_matches(name.casefold(), [key.casefold() for key in part.keys], n=2, cutoff=0.6)
        homes = [f"`{key.name}`" for key in self.mapping.case.keys.values() if key.part and name in key.part.keys]
        if name in self.mapping.case.keys:
            homes.append("the case itself")
        return RefusedError(
            f"there is no key {shown(name)} here.",
            place=place,
            why="What a case says must be understood whole, or not at all.",
            fix=(f"It belongs to {' or '.join(homes)}." if homes else "")
            or did_you_mean(key for key in part.keys if key.casefold() in near)
            or f"Known here are {', '.join(part.keys)}.",
        )


def _keys(value: object, place: str) -> dict[str, object]:
    """Return the keys and values of an object in which no key stands twice."""
    if not isinstance(value, Pairs):
        raise _misplaced(value, "an object in braces", place or "the file")
    found: dict[str, object] = {}
    for name, item in value:
        if name in found:
            where = f"{place}.{name}" if place else name
            raise RefusedError(f"the key {shown(name)} stands twice.", place=where, fix="Keep one of them.")
        found[name] = item
    return found


def _items(key: Key, value: object, place: str) -> list[tuple[object, str]]:
    """Return the values of a key with their places."""
    if not key.many:
        return [(value, place)]
    if not isinstance(value, list):
        raise _misplaced(value, "a list in brackets", place, "Put the value between [ and ], even if it is one.")
    if len(value) > MAX_ENTRIES:
        raise LimitError(f"a list of more than {MAX_ENTRIES} entries.", place=place, fix="A case is one episode.")
    return [(item, f"{place}[{index}]") for index, item in enumerate(value)]


def _misplaced(value: object, wanted: str, place: str, fix: str = "") -> RefusedError:
    if value is None:
        return RefusedError("null says nothing.", place=place, fix="Leave the key out: what is not said is unknown.")
    kinds = {Number: f"the number {value}", str: f"the text {shown(value)}", bool: "a truth value", list: "a list"}
    found = kinds.get(type(value), "an object")
    return RefusedError(f"{found} stands where {wanted} belongs.", place=place, fix=fix or f"Write {wanted}.")


# ---- writing ----

_Said = dict[tuple[object, NamedNode], list[NamedNode | Literal]]


def _written(part: Part, node: NamedNode, said: _Said) -> dict[str, Any]:
    form: dict[str, Any] = {}
    for key in part.keys.values():
        values = said.get((node, key.predicate), [])
        if len(values) > 1 and not key.many:
            raise RefusedError(
                f"the case has several values of {key.name!r}, and its JSON form holds one.", place=node.value
            )
        written = [_value(key, value, said) for value in sorted(values, key=nodes.in_order if key.part else str)]
        if written:
            form[key.name] = written if key.many else written[0]
    return form


def _value(key: Key, value: NamedNode | Literal, said: _Said) -> dict[str, Any] | str | int | float:
    if isinstance(value, NamedNode):
        return _written(key.part, value, said) if key.part else local_name(value.value)
    return _number(value.value, key.name) if key.datatype == Xsd.DECIMAL else value.value


def _number(text: str, place: str) -> int | float:
    """Return a number that JSON's writers write plainly, and as the same value."""
    number = float(text) if "." in text else int(text)
    if "e" in repr(number) or Decimal(repr(number)) != Decimal(text):
        raise RefusedError(
            f"{text} has no plain form among JSON's numbers.", place=place, fix="Round it, or use Turtle."
        )
    return number
