"""Make the alignment files from the table of codes.

``ontology/alignments/codes.sssom.tsv`` is the one place where a code of a foreign vocabulary is written down.
This tool turns it into one Turtle file a vocabulary, which nothing imports. Run it after each change of the table;
``--check`` writes nothing and ends with 1 when a file differs from what the table gives, is missing, or is left over.

Sources: SSSOM (https://mapping-commons.github.io/sssom/), SKOS mapping properties
(https://www.w3.org/TR/skos-reference/#mapping).
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "ontology" / "alignments"
TABLE = "codes.sssom.tsv"
ONTOLOGY = "https://w3id.org/refractory/ontology/alignments/"
LICENSE = "https://creativecommons.org/licenses/by/4.0/"
RIGHTS = " The license of this file covers the comparisons, and not the codes; see NOTICE."

COLUMNS = (
    "subject_id",
    "subject_label",
    "predicate_id",
    "object_id",
    "object_label",
    "mapping_justification",
    "object_source",
    "comment",
)
# SNOMED CT display texts are not ours to give, so this one cell may be empty.
MAY_BE_EMPTY = frozenset({"object_label"})
PREDICATES = ("skos:exactMatch", "skos:closeMatch", "skos:broadMatch", "skos:narrowMatch", "skos:relatedMatch")
JUSTIFICATION = "semapv:ManualMappingCuration"

# What may stand after the colon, so that the code is a local name in Turtle without any escape.
_CODE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
_PREFIX_LINE = re.compile(r"#  (\w+): (\S+)")

_OWN_PREFIXES = {
    "dcterms": "http://purl.org/dc/terms/",
    "owl": "http://www.w3.org/2002/07/owl#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
}
_ANNOTATIONS = ("dcterms:license", "dcterms:rights", "dcterms:source", "dcterms:title", "skos:notation")


@dataclass(frozen=True)
class Vocabulary:
    """A foreign vocabulary: its prefix in the table, the stem of its file, its name, and a short note on its terms."""

    prefix: str
    stem: str
    source: str
    name: str
    terms: str


VOCABULARIES = (
    Vocabulary(
        "RxNorm",
        "rxnorm",
        "bioregistry:rxnorm",
        "RxNorm",
        "Codes of RxNorm (United States National Library of Medicine).",
    ),
    Vocabulary(
        "ATC", "atc", "bioregistry:atc", "ATC", "Codes of the Anatomical Therapeutic Chemical classification (WHO)."
    ),
    Vocabulary(
        "CHEBI",
        "chebi",
        "bioregistry:chebi",
        "ChEBI",
        "Identifiers of Chemical Entities of Biological Interest (EMBL-EBI).",
    ),
    Vocabulary(
        "DrugBank",
        "drugbank",
        "bioregistry:drugbank",
        "DrugBank",
        "Accession numbers of DrugBank; nothing else of that database is here.",
    ),
    Vocabulary(
        "SCTID",
        "snomed-ct",
        "bioregistry:snomedct",
        "SNOMED CT",
        "Codes of SNOMED CT alone, without any of its text; using them may need a license.",
    ),
    Vocabulary(
        "ICD10CM",
        "icd-10-cm",
        "bioregistry:icd10cm",
        "ICD-10-CM",
        "Codes of ICD-10-CM (United States National Center for Health Statistics).",
    ),
    Vocabulary(
        "MONDO",
        "mondo",
        "bioregistry:mondo",
        "MONDO",
        "Identifiers of the Mondo Disease Ontology (Monarch Initiative).",
    ),
    Vocabulary(
        "NCBITaxon",
        "ncbitaxon",
        "bioregistry:ncbitaxon",
        "NCBITaxon",
        "Identifiers of the NCBI Taxonomy (United States National Library of Medicine).",
    ),
    Vocabulary(
        "LOINC",
        "loinc",
        "bioregistry:loinc",
        "LOINC",
        "Codes of LOINC (Regenstrief Institute), to be used with its notice.",
    ),
    Vocabulary(
        "UNII",
        "unii",
        "bioregistry:unii",
        "UNII",
        "Unique Ingredient Identifiers (United States Food and Drug Administration).",
    ),
)
_SOURCES = frozenset((vocabulary.prefix, vocabulary.source) for vocabulary in VOCABULARIES)


@dataclass(frozen=True)
class Mapping:
    """One row of the table: a term of ours, how it compares, and a foreign code."""

    subject: str
    predicate: str
    object: str
    object_label: str

    @property
    def prefix(self) -> str:
        """The prefix of the foreign code, which names its vocabulary."""
        return self.object.partition(":")[0]


@dataclass(frozen=True)
class Table:
    """The table: the expansions of its prefixes and its rows, in the order of the file."""

    prefixes: dict[str, str]
    mappings: tuple[Mapping, ...]


def _fault(row: dict[str, str], prefixes: dict[str, str]) -> str | None:  # noqa: PLR0911  # one return a fault
    """Say what is wrong with a row, or nothing when it can be turned into Turtle without a guess."""
    for column, cell in row.items():
        if cell != cell.strip() or (not cell and column not in MAY_BE_EMPTY):
            return f"{column} is empty or has blanks around it"
    for column in ("subject_id", "predicate_id", "object_id"):
        prefix, _, code = row[column].partition(":")
        if prefix not in prefixes or not _CODE.fullmatch(code):
            return f"{column} {row[column]!r} is no code with a prefix of the curie_map"
    if not row["subject_id"].startswith("rfy:"):
        return "subject_id must be a term of ours (rfy:)"
    if row["predicate_id"] not in PREDICATES:
        return f"predicate_id must be one of {', '.join(PREDICATES)}"
    if row["mapping_justification"] != JUSTIFICATION:
        return f"mapping_justification must be {JUSTIFICATION}"
    if (row["object_id"].partition(":")[0], row["object_source"]) not in _SOURCES:
        return "object_source does not belong to the prefix of object_id"
    return None


def read_table(text: str) -> Table:
    """Read an SSSOM table, and refuse one that could not be turned into Turtle without a guess.

    Raises:
        ValueError: with the line number, for an unknown column, prefix, predicate or vocabulary, an empty cell,
            a code that is not a plain local name, a pair of term and code that stands twice, or no row at all.
    """
    lines = list(enumerate(text.splitlines(), start=1))
    prefixes = {match[1]: match[2] for _, line in lines if (match := _PREFIX_LINE.fullmatch(line))}
    rows = [(number, tuple(line.split("\t"))) for number, line in lines if not line.startswith("#")]
    if not rows or rows[0][1] != COLUMNS:
        raise ValueError(f"the columns must be {', '.join(COLUMNS)}")
    mappings: dict[tuple[str, str], Mapping] = {}
    for number, cells in rows[1:]:
        if len(cells) != len(COLUMNS):
            raise ValueError(f"line {number}: {len(cells)} cells, {len(COLUMNS)} expected")
        row = dict(zip(COLUMNS, cells, strict=True))
        if fault := _fault(row, prefixes):
            raise ValueError(f"line {number}: {fault}")
        mapping = Mapping(row["subject_id"], row["predicate_id"], row["object_id"], row["object_label"])
        if (mapping.subject, mapping.object) in mappings:
            raise ValueError(f"line {number}: {mapping.subject} and {mapping.object} are compared twice")
        mappings[mapping.subject, mapping.object] = mapping
    if not mappings:
        raise ValueError("the table has no row")
    return Table(prefixes, tuple(mappings.values()))


def _quoted(text: str) -> str:
    """Write a text as a Turtle string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def render(vocabulary: Vocabulary, table: Table) -> str:
    """Write the Turtle file of one vocabulary.

    The comparisons are annotations, so that no reasoner concludes anything from them, and the foreign terms are
    declared in the file, so that it needs no other.

    Raises:
        ValueError: when the table has no row for the vocabulary, or gives one code two labels.
    """
    rows = [mapping for mapping in table.mappings if mapping.prefix == vocabulary.prefix]
    if not rows:
        raise ValueError(f"the table has no row for {vocabulary.name}")
    prefixes = dict(_OWN_PREFIXES)
    prefixes.update({prefix: table.prefixes[prefix] for prefix in ("rfy", "skos", vocabulary.prefix)})
    lines = [
        f"@prefix {prefix}: <{iri}> ." for prefix, iri in sorted(prefixes.items(), key=lambda item: item[0].lower())
    ]
    lines += [
        "",
        f"# Made from {TABLE} by tools/make_alignments.py: change the table, not this file.",
        "",
        f"<{ONTOLOGY}{vocabulary.stem}> a owl:Ontology ;",
        f"    dcterms:title {_quoted('Refractory aligned with ' + vocabulary.name)}@en ;",
        f"    dcterms:license <{LICENSE}> ;",
        f"    dcterms:rights {_quoted(vocabulary.terms + RIGHTS)}@en ;",
        f"    dcterms:source <{ONTOLOGY}{TABLE}> .",
        "",
        "skos:Concept a owl:Class .",
    ]
    lines += [
        f"{word} a owl:AnnotationProperty ." for word in sorted({*_ANNOTATIONS, *(row.predicate for row in rows)})
    ]
    lines.append("")
    lines += [f"{row.subject} {row.predicate} {row.object} ." for row in rows]
    labels: dict[str, str] = {}
    for row in rows:
        if labels.setdefault(row.object, row.object_label) != row.object_label:
            raise ValueError(f"{row.object} has two labels: {labels[row.object]!r} and {row.object_label!r}")
    lines.append("")
    for code, label in labels.items():
        declared = f"{code} a skos:Concept ; skos:notation {_quoted(code.partition(':')[2])}"
        lines.append(f"{declared} ; rdfs:label {_quoted(label)}@en ." if label else f"{declared} .")
    return "\n".join(lines) + "\n"


def render_all(table: Table) -> dict[str, str]:
    """Give the text of every alignment file by its file name."""
    return {f"{vocabulary.stem}.ttl": render(vocabulary, table) for vocabulary in VOCABULARIES}


def differences(folder: Path) -> list[str]:
    """Name the Turtle files of the folder that differ from what its table gives, are missing, or are left over."""
    files = render_all(read_table((folder / TABLE).read_text(encoding="utf-8")))
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.ttl")}
    return sorted(name for name in files.keys() | found.keys() if files.get(name) != found.get(name))


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files, or compare them with ``--check``; 0 when all is well, 1 when a file differs."""
    parser = argparse.ArgumentParser(description="Make ontology/alignments/*.ttl from the table of codes.")
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 when a file differs")
    options = parser.parse_args(arguments)
    if options.check:
        different = differences(FOLDER)
        for name in different:
            print(f"{name} differs from {TABLE}: run tools/make_alignments.py", file=sys.stderr)
        return 1 if different else 0
    files = render_all(read_table((FOLDER / TABLE).read_text(encoding="utf-8")))
    for name, text in files.items():
        (FOLDER / name).write_text(text, encoding="utf-8", newline="\n")
    left_over = differences(FOLDER)
    for name in left_over:
        print(f"{name} belongs to no vocabulary: remove it", file=sys.stderr)
    return 1 if left_over else 0


if __name__ == "__main__":
    raise SystemExit(main())
