"""Which resources can say anything at all: a record has thousands that no row of the mapping reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from refractory.case.fhir.mapping import FhirMapping
from refractory.knowledge.knowledge import Knowledge
from refractory.vocabulary import PREFIX


@dataclass(frozen=True)
class Relevance:
    """Tells by its code alone whether a resource is worth reading.

    Attributes:
        kinds: The types of resource that are told by their code, which is one of their own elements.
        codes: The codes that are known, each with its system.
        own: The system of our own terms, each of which is known.
    """

    kinds: frozenset[str]
    codes: frozenset[tuple[str, str]]
    own: str

    @classmethod
    def of(cls, knowledge: Knowledge, mapping: FhirMapping) -> Self:
        """Return what the table of codes and the mapping come to."""
        by_prefix = {prefix: system for system, prefix in mapping.systems.items()}
        pairs = (curie.split(":", 1) for _, _, curie in knowledge.code_table)
        codes = frozenset((by_prefix[prefix], code) for prefix, code in pairs if prefix in by_prefix)
        otherwise = {row.resource for row in mapping.rows if row.code != "code"}
        return cls(frozenset(row.resource for row in mapping.rows) - otherwise, codes, by_prefix[PREFIX])

    def admits(self, resource: Mapping[str, Any]) -> bool:
        """Say whether a resource may say something; one that is not built as FHIR is goes to who refuses it."""
        concept = resource.get("code")
        if resource["resourceType"] not in self.kinds or not isinstance(concept, dict | None):
            return True
        codings = concept.get("coding", []) if concept else []
        return not isinstance(codings, list) or any(map(self._is_known, codings))

    def _is_known(self, coding: object) -> bool:
        if not isinstance(coding, dict):
            return True
        pair = coding.get("system"), coding.get("code")
        return pair[0] == self.own or not all(isinstance(part, str | None) for part in pair) or pair in self.codes
