"""The published JSON-LD context, read as the one table that says which key is which property.

Both forms of a case are read and written by it: a key, its property and its type stand nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final

from pyoxigraph import NamedNode

from refractory.knowledge.knowledge import Knowledge
from refractory.vocabulary import NAMESPACE, rfy

CONTEXT: Final = NAMESPACE + "case.context.jsonld"
_FILE: Final = "schemas/case.context.jsonld"

# For each key that leads to a part of a case: the part's class, and how its nodes are called. A context cannot say it.
_PARTS: Final = {
    "patient": ("Patient", "patient"),
    "treatments": ("Treatment", "treatment"),
    "susceptibility": ("SusceptibilityResult", "result"),
    "genotype": ("GenotypeFinding", "genotype"),
    "measurements": ("Measurement", "measurement"),
}


@dataclass(frozen=True)
class Part:
    """A case, or a part of one: what it is, how its nodes are called, and what may be said of it."""

    type: NamedNode
    node: str
    keys: Mapping[str, Key]


@dataclass(frozen=True)
class Key:
    """One key of the JSON form.

    Attributes:
        name: The key.
        predicate: The property that it stands for.
        many: Its value is a list.
        datatype: The datatype of its literals; None if its values are terms or parts.
        part: The part that it leads to; None if its values are terms or literals.
    """

    name: str
    predicate: NamedNode
    many: bool
    datatype: NamedNode | None
    part: Part | None


@dataclass(frozen=True)
class CaseMapping:
    """The keys of a case and of its parts, and the key that holds its IRI."""

    identifier: str
    case: Part

    @classmethod
    def of(cls, knowledge: Knowledge) -> CaseMapping:
        """Return the mapping that the knowledge publishes."""
        return knowledge.once(_of)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The case itself and the parts it may have."""
        return (self.case, *(key.part for key in self.case.keys.values() if key.part))

    @cached_property
    def by_predicate(self) -> Mapping[NamedNode, Key]:
        """Every key, by the property that it stands for."""
        return {key.predicate: key for part in self.parts for key in part.keys.values()}

    @cached_property
    def types(self) -> frozenset[NamedNode]:
        """The classes that a case may name."""
        return frozenset(part.type for part in self.parts)


def _of(knowledge: Knowledge) -> CaseMapping:
    return _read(knowledge.files.text(_FILE))


# Two mappings of the same context are one.
@lru_cache(maxsize=8)
def _read(text: str) -> CaseMapping:
    context: dict[str, Any] = json.loads(text)["@context"]
    identifier = next(name for name, value in context.items() if value == "@id")
    prefixes = {name: value for name, value in context.items() if isinstance(value, str) and not name.startswith("@")}
    return CaseMapping(identifier, Part(rfy("Case"), "", dict(_keys(context, prefixes))))


def _keys(context: Mapping[str, Any], prefixes: Mapping[str, str]) -> Iterator[tuple[str, Key]]:
    for name, said in context.items():
        if isinstance(said, dict):
            part = None
            if "@context" in said:
                type_name, node = _PARTS[name]
                part = Part(rfy(type_name), node, dict(_keys(said["@context"], prefixes)))
            kind = said.get("@type", "@vocab")
            datatype = None if kind == "@vocab" else _expand(kind, prefixes)
            many = said.get("@container") == "@set"
            yield name, Key(name, _expand(said["@id"], prefixes), many, datatype, part)


def _expand(curie: str, prefixes: Mapping[str, str]) -> NamedNode:
    prefix, _, name = curie.partition(":")
    return NamedNode(prefixes[prefix] + name)
