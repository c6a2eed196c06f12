"""Codes: what a coding of FHIR means among our terms, by the table of codes and by how near the table says it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pyoxigraph import NamedNode

from refractory.case.fhir.mapping import MAPPING, FhirMapping, Row
from refractory.errors import KnowledgeError
from refractory.knowledge.knowledge import Knowledge
from refractory.vocabulary import PREFIX, Rdfs, local_name, rfy

_KIND_OF: Final = rfy("isKindOf")
# A negative of something narrower denies less than ours; that of something broader denies more.
_DENIES: Final = frozenset({"exact", "broad"})


@dataclass(frozen=True, slots=True)
class Match:
    """What a coding means to a row.

    Attributes:
        term: Our term.
        code: The code, as a CURIE.
        nearness: exact, narrow, broad, close or related.
        admitted: The row takes it for the term.
    """

    term: NamedNode
    code: str
    nearness: str
    admitted: bool

    @property
    def denies(self) -> bool:
        """Whether the absence of what the code means is the absence of the term."""
        return self.nearness in _DENIES


@dataclass
class Codes:
    """The codes of a knowledge, as a mapping uses them."""

    knowledge: Knowledge
    mapping: FhirMapping
    _table: dict[str, list[tuple[NamedNode, str]]] = field(default_factory=dict, init=False)
    _wanted: dict[tuple[str, ...], frozenset[NamedNode]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        for term, nearness, curie in self.knowledge.code_table:
            self._table.setdefault(curie, []).append((term, nearness))
        for row in self.mapping.rows:
            for curie in (*row.codes, *row.also, *row.without):
                if curie not in self._table:
                    raise KnowledgeError(
                        f"the mapping of FHIR names a code that the table of codes does not have: {curie}.",
                        place=f"{MAPPING}, row {row.id}",
                    )

    def terms(self, names: tuple[str, ...]) -> frozenset[NamedNode]:
        """Return terms by local names; a class stands for all that belong to it.

        Raises:
            KnowledgeError: The ontology has no such term.
        """
        if names not in self._wanted:
            found: set[NamedNode] = set()
            for name in names:
                if not self.knowledge.values(rfy(name), Rdfs.LABEL):
                    raise KnowledgeError(f"the mapping of FHIR names no term of ours: {name}.", place=MAPPING)
                found |= self.knowledge.members(rfy(name)) or {rfy(name)}
            self._wanted[names] = frozenset(found)
        return self._wanted[names]

    def curies(self, concepts: Iterable[Any]) -> Iterator[str]:
        """Yield the codes of CodeableConcepts in systems that the mapping knows."""
        for concept in concepts:
            codings = concept.get("coding") if isinstance(concept, Mapping) else None
            for coding in codings if isinstance(codings, list) else ():
                prefix = self.mapping.systems.get(str(coding.get("system"))) if isinstance(coding, Mapping) else None
                if prefix and isinstance(coding.get("code"), str):
                    yield f"{prefix}:{coding['code']}"

    def matches(self, concepts: Iterable[Any], row: Row) -> list[Match]:
        """Return what concepts mean to a row: admitted ones of the most specific terms, or else the near misses."""
        wanted = self.terms(row.codes_of) if row.codes_of else frozenset()
        found = []
        for curie in self.curies(concepts):
            if row.term and curie in row.codes:
                found.append(Match(rfy(row.term), curie, "exact", True))
                continue
            for term, nearness in self._of(curie):
                if term in wanted:
                    admitted = curie in row.also or (nearness in row.matches and curie not in row.without)
                    found.append(Match(term, curie, nearness, admitted))
        return self._most_specific([match for match in found if match.admitted]) or found

    def term(self, concepts: Sequence[Any], classes: tuple[str, ...]) -> tuple[NamedNode, ...]:
        """Return the terms of some classes that concepts name by exact or narrower codes, the most specific ones."""
        wanted = self.terms(classes)
        found = [
            Match(term, curie, nearness, True)
            for curie in self.curies(concepts)
            for term, nearness in self._of(curie)
            if term in wanted and nearness in {"exact", "narrow", "related"}
        ]
        return tuple(dict.fromkeys(match.term for match in self._most_specific(found)))

    def is_kind_of(self, term: NamedNode, other: NamedNode) -> bool:
        """Say whether a term is another one, or a kind of it."""
        return other in self._above(term)

    def _of(self, curie: str) -> list[tuple[NamedNode, str]]:
        prefix, _, code = curie.partition(":")
        if prefix == PREFIX and code.isidentifier():
            return [(rfy(code), "exact")]
        return self._table.get(curie, [])

    def _most_specific(self, matches: list[Match]) -> list[Match]:
        terms = {match.term for match in matches}
        broader = {other for term in terms for other in self._above(term) - {term}}
        return [match for match in matches if match.term not in broader]

    def _above(self, term: NamedNode) -> set[NamedNode]:
        found, pending = {term}, [term]
        while pending:
            for other in self.knowledge.values(pending.pop(), _KIND_OF):
                if isinstance(other, NamedNode) and other not in found:
                    found.add(other)
                    pending.append(other)
        return found


def names(terms: Iterable[NamedNode]) -> str:
    """Return local names for a message, sorted."""
    return ", ".join(sorted(local_name(term.value) for term in terms))
