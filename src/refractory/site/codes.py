"""The codes of terms in other vocabularies, as the SSSOM table of the alignments has them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pyoxigraph import NamedNode

from refractory.knowledge.files import KnowledgeFiles
from refractory.vocabulary import PREFIX, rfy

TABLES: Final = "ontology/alignments/"
SUFFIX: Final = ".sssom.tsv"


@dataclass(frozen=True, slots=True)
class Code:
    """A code that a term has in another vocabulary.

    Attributes:
        predicate: How near the two are, as SSSOM says it (`skos:exactMatch`).
        curie: The code with the prefix of its vocabulary.
        href: The IRI of the code, where it is one to follow.
        label: Its name there, or an empty string.
        justification: How the match was found.
        comment: Where it was read, and how sure it is.
    """

    predicate: str
    curie: str
    href: str
    label: str
    justification: str
    comment: str


def codes(files: KnowledgeFiles) -> dict[NamedNode, tuple[Code, ...]]:
    """Return the codes of each term, in the order of the tables; a folder without a table has none."""
    found: dict[NamedNode, tuple[Code, ...]] = {}
    for path in files.contents:
        if path.startswith(TABLES) and path.endswith(SUFFIX):
            for term, code in _codes(files.text(path).splitlines()):
                found[term] = (*found.get(term, ()), code)
    return found


def _codes(lines: list[str]) -> Iterator[tuple[NamedNode, Code]]:
    prefixes = {}
    for line in lines:
        name, colon, iri = line.removeprefix("#").strip().partition(": ")
        if line.startswith("#  ") and colon:
            prefixes[name] = iri.strip("\"'")
    for row in csv.DictReader((line for line in lines if not line.startswith("#")), delimiter="\t"):
        term = rfy(row["subject_id"].removeprefix(f"{PREFIX}:"))
        prefix, _, local = row["object_id"].partition(":")
        iri = prefixes.get(prefix, "") + local if prefix in prefixes else ""
        code = Code(
            row["predicate_id"],
            row["object_id"],
            iri if iri.startswith(("https://", "http://")) else "",
            row.get("object_label") or "",
            row.get("mapping_justification") or "",
            row.get("comment") or "",
        )
        yield term, code
