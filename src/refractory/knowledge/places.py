"""Tells where in a case something stands, in the words of its JSON form."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from pyoxigraph import BlankNode, NamedNode

from refractory.errors import KnowledgeError
from refractory.knowledge.files import KnowledgeFiles, default_root
from refractory.model.facts import CaseFacts
from refractory.vocabulary import NAMESPACE, PREFIX, local_name

_CONTEXT = "schemas/case.context.jsonld"

# Readers of cases name the parts of a list after the case: `#treatment.1` is the first.
_NAMED = re.compile(r"[#.][A-Za-z]+(?:\.([1-9][0-9]*))?")


@dataclass(frozen=True, slots=True)
class Context:
    """The published JSON-LD context of a case, the other way round.

    Attributes:
        keys: The JSON key of each property, by the property's IRI.
        lists: The IRIs of the properties whose key holds a list.
    """

    keys: Mapping[str, str]
    lists: frozenset[str]


def read_context(files: KnowledgeFiles) -> Context:
    """Read the published context; a knowledge folder that has none uses the one that is shipped.

    Raises:
        KnowledgeError: The context is not what we publish.
    """
    content = files.contents.get(_CONTEXT)
    try:
        entries = json.loads(content or (default_root() / _CONTEXT).read_bytes())["@context"]
        keys: dict[str, str] = {}
        lists: set[str] = set()
        _collect(entries, keys, lists)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise KnowledgeError(f"the context of a case cannot be read: {error}.", place=_CONTEXT) from error
    return Context(keys, frozenset(lists))


def _collect(entries: Mapping[str, object], keys: dict[str, str], lists: set[str]) -> None:
    for key, entry in entries.items():
        if isinstance(entry, dict) and not key.startswith("@"):
            iri = str(entry["@id"]).replace(PREFIX + ":", NAMESPACE, 1)
            keys[iri] = key
            if entry.get("@container") == "@set":
                lists.add(iri)
            _collect(entry.get("@context", {}), keys, lists)


class Places:
    """The places of one case."""

    def __init__(self, case: CaseFacts, context: Context) -> None:
        self._case = case.case.value
        self._keys = context.keys
        self._parts: dict[str, str] = {}
        children: dict[str, list[str]] = {}
        for triple in case.asserted:
            if triple.subject == case.case and isinstance(triple.object, NamedNode | BlankNode):
                children.setdefault(triple.predicate.value, []).append(triple.object.value)
        for predicate, nodes in children.items():
            if predicate in context.keys:
                names = self._names(nodes, predicate in context.lists)
                self._parts |= {node: context.keys[predicate] + name for node, name in zip(nodes, names, strict=True)}

    def _names(self, nodes: list[str], is_list: bool) -> list[str]:
        """Return what follows the key for each node: an index when readers named them all, else its IRI."""
        numbers = [self._number(node) for node in nodes]
        if not is_list and all(number is not None for number in numbers):
            return [""] * len(nodes)
        if None in numbers or 0 in numbers or len(set(numbers)) < len(numbers):
            return [f"[<{node}>]" for node in nodes]
        return [f"[{number - 1}]" for number in numbers if number]

    def _number(self, node: str) -> int | None:
        """Return the number in a node's name, 0 if the name has none, or None if no reader named the node."""
        match = _NAMED.fullmatch(node.removeprefix(self._case)) if node.startswith(self._case) else None
        return int(match[1] or 0) if match else None

    def of(self, focus: str, path: str | None) -> str:
        """Return the place of a property of a node, or of the node itself, by their IRIs."""
        parts = [] if focus == self._case else [self._parts.get(focus, f"<{focus}>")]
        if path is not None:
            parts.append(self._keys.get(path, local_name(path)))
        return ".".join(parts) or f"<{focus}>"
