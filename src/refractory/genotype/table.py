"""The user's table of mutations: read strictly, every cell kept, what is odd named by its line.

The form is that of the table which the knowledge names: TAB separated, a cell that holds a TAB in double quotes. Its
columns are found by their headers. Only active rows are used; the others are counted by their status.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from re import compile as pattern
from typing import Any, Final, NamedTuple

from pyoxigraph import NamedNode

from refractory.errors import LimitError, RefusedError
from refractory.knowledge.knowledge import Knowledge
from refractory.vocabulary import local_name, rfy

MAX_BYTES: Final = 64 * 1024 * 1024
ACTIVE: Final = "A"

# The columns without which a row is no evidence, and by what name JSON keeps those that are shown as they are.
_ID, _VIRUS, _GENE, _MUTATION, _STATUS = "mutation_id", "virus", "gene", "aa_change", "status"
_CO_GENE, _CO_MUTATION, _NOTE = "co_gene", "co_aa", "note"
_SHOWN: Final = {
    "genotype": "virusStrain",
    "ref_title": "referenceTitle",
    "ref_link": "referenceLink",
    "ref_doi": "referenceDoi",
    "strain_generation": "strainGeneration",
    "test_method": "method",
    _CO_GENE: "coGene",
    _CO_MUTATION: "coMutation",
    "created_date": "createdDate",
    "created_by": "createdBy",
    _NOTE: "note",
    "control_strain": "controlStrain",
}
_OPTIONAL: Final = {"genotype", "created_date", "created_by", "control_strain"}
_REQUIRED: Final = (_ID, _VIRUS, _GENE, _MUTATION, _STATUS, *(name for name in _SHOWN if name not in _OPTIONAL))

# What a cell may say of a drug in a word: that the virus resists it, or that the change has no effect.
_WORDS: Final = {"resistant": True, "polymorphism": False}
_NUMBER: Final = pattern(r"[0-9]{1,12}(\.[0-9]{1,12})?")

_FORM: Final = "Give a table in the form of HerpesDRG: TAB separated, with the headers in its first line."


class Key(NamedTuple):
    """What a row is about, by our names."""

    virus: str
    gene: str
    mutation: str


class Cell(NamedTuple):
    """What a row says of a drug: a factor, or in a word whether the virus resists it."""

    drug: str
    text: str
    fold_change: Decimal | None
    resistant: bool | None


@dataclass(frozen=True, slots=True)
class Row:
    """A row that is used.

    Attributes:
        id: Its identifier; where the table gives none, or one to several rows, its line.
        line: The line of the file on which it begins.
        key: What it is about.
        results: What it says of drugs, in the order of the drugs' names.
        shown: Its other cells that are not blank, by the name that JSON gives them.
        not_called: Cells that say nothing that can be used, by column.
    """

    id: str
    line: int
    key: Key
    results: tuple[Cell, ...]
    shown: tuple[tuple[str, str], ...]
    not_called: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Left:
    """A row that is not used because of its status."""

    id: str
    line: int
    key: Key
    status: str


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something odd in the table, with all lines that have it; it is named, and nothing is guessed.

    Attributes:
        kind: What sort of oddity: `UnknownDrug`, `UnknownVirus`, `UnknownGene`, `UnreadableCell`, `EmbeddedBlank`,
            `NoIdentifier`, `SharedIdentifier`, `CoMutation` or `Note`.
        what: What was found.
        why: What it means for the use of the table.
        fix: How to mend it, or an empty string where nothing is to be mended.
        lines: The lines on which the rows begin; none for a column.
    """

    kind: str
    what: str
    why: str
    fix: str
    lines: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        said = {"kind": self.kind, "what": self.what, "why": self.why, **({"fix": self.fix} if self.fix else {})}
        return {**said, "lines": list(self.lines)}


# For each sort of oddity, in the order of naming: what it means, and how to mend it.
_MEANING: Final = {
    "UnknownDrug": ("The ontology has no such drug, so its cells are kept and not called.", ""),
    "UnknownVirus": ("The ontology has no such virus, so these rows answer for no mutation.", ""),
    "UnknownGene": ("The ontology has no such gene of that virus, so these rows answer for no mutation.", ""),
    "UnreadableCell": (
        "The cell is neither a number nor one of the words that the table uses, so it is kept and not called.",
        "Write a factor such as 2.5, Resistant or Polymorphism, or leave the cell blank.",
    ),
    "EmbeddedBlank": ("A TAB or a line break within a cell counts as a blank.", "Take it out of the cell."),
    "NoIdentifier": ("The row is called by its line.", "Give it an identifier."),
    "SharedIdentifier": ("Several rows have it, so each is called by its line.", "Give each row one of its own."),
    "CoMutation": ("The row names a further mutation, which may have made the effect; it is used, and flagged.", ""),
    "Note": ("The note says what is to be minded; the row is used, and the note is shown with it.", ""),
}


@dataclass(frozen=True)
class ResistanceTable:
    """A table of mutations. Immutable, and safe to share.

    Attributes:
        name: What it is called: its path.
        sha256: The hash of its content.
        rows: The number of its rows.
        statuses: The number of rows by status, by status.
        used: The active rows on a virus and a gene that are known.
        left: The rows of another status on such a virus and gene.
        drugs: The drugs it may speak of, sorted.
        oddities: What is odd in it.
    """

    name: str
    sha256: str
    rows: int
    statuses: tuple[tuple[str, int], ...]
    used: tuple[Row, ...]
    left: tuple[Left, ...]
    drugs: tuple[str, ...]
    oddities: tuple[Oddity, ...]

    @classmethod
    def load(cls, path: str | Path, knowledge: Knowledge) -> ResistanceTable:
        """Read a table from a file.

        Args:
            path: The file.
            knowledge: What the names of viruses, genes and drugs are resolved by.

        Raises:
            RefusedError: There is no such file, or it is not such a table.
            LimitError: It is larger than any such table.
        """
        name = str(path)
        try:
            with Path(path).open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise RefusedError(
                f"the table cannot be read: {error.strerror}.",
                place=name,
                why="What a mutation does to a drug is looked up in it.",
                fix="Give the path of a table of mutations.",
            ) from error
        return cls.read(content, name, knowledge)

    @classmethod
    def read(cls, content: bytes, name: str, knowledge: Knowledge) -> ResistanceTable:
        """Read a table from its content; `name` says in errors what it is. Arguments and errors as in `load`."""
        if len(content) > MAX_BYTES:
            raise LimitError(f"the table is larger than {MAX_BYTES} bytes.", place=name, fix="Give a smaller one.")
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise RefusedError(
                "the table is not written in UTF-8.", place=name, why=str(error.reason), fix="Save it as UTF-8."
            ) from error
        return _Reading(text, name, knowledge).table(hashlib.sha256(content).hexdigest())

    @property
    def active(self) -> int:
        """The number of active rows, those on a virus or a gene that is not known among them."""
        return dict(self.statuses).get(ACTIVE, 0)

    @cached_property
    def by_mutation(self) -> Mapping[Key, tuple[Row, ...]]:
        """The rows in use by what they are about, in the order of the table."""
        found: dict[Key, list[Row]] = {}
        for row in self.used:
            found.setdefault(row.key, []).append(row)
        return {key: tuple(rows) for key, rows in found.items()}

    @cached_property
    def left_by_mutation(self) -> Mapping[Key, tuple[Left, ...]]:
        """The rows that are not used because of their status, by what they are about."""
        found: dict[Key, list[Left]] = {}
        for row in self.left:
            found.setdefault(row.key, []).append(row)
        return {key: tuple(rows) for key, rows in found.items()}

    @cached_property
    def mutations(self) -> Mapping[tuple[str, str], tuple[str, ...]]:
        """The mutations that the rows in use report, by virus and gene, sorted."""
        found: dict[tuple[str, str], set[str]] = {}
        for key in self.by_mutation:
            found.setdefault((key.virus, key.gene), set()).add(key.mutation)
        return {place: tuple(sorted(names)) for place, names in found.items()}

    def to_json(self) -> dict[str, Any]:
        """Return what the table is and what is odd in it, without its rows."""
        return {
            "name": self.name,
            "sha256": self.sha256,
            "rows": self.rows,
            "active": self.active,
            "answering": len(self.used),
            "statuses": dict(self.statuses),
            "drugs": list(self.drugs),
            "oddities": [oddity.to_json() for oddity in self.oddities],
        }


def plain(text: str) -> str:
    """Return a text without blanks at its ends, and with one space for each blank within."""
    return " ".join(text.split())


class _Reading:
    """The reading of one table: what was found so far."""

    def __init__(self, text: str, name: str, knowledge: Knowledge) -> None:
        self._text = text
        self._name = name
        self._knowledge = knowledge
        self._odd: dict[tuple[str, str], list[int]] = {}
        self._viruses = knowledge.members(rfy("Virus"))
        self._genes = knowledge.members(rfy("Gene"))
        self._drugs = knowledge.members(rfy("Drug"))

    def table(self, sha256: str) -> ResistanceTable:
        lines = self._lines()
        header = next(lines, (1, []))[1]
        columns = self._columns(header)
        drugs = self._drug_columns(columns)
        records = [(line, self._record(line, cells, columns)) for line, cells in lines]
        if not records:
            raise self._refused("the table has no rows.", "line 2")
        shared = {name for name, times in Counter(record[_ID] for _, record in records).items() if times > 1}
        used: list[Row] = []
        left: list[Left] = []
        for line, record in records:
            active = record[_STATUS] == ACTIVE
            results, not_called = self._cells(line, record, drugs) if active else ((), ())
            key = self._key(line, record, active=active)
            if key is None:
                continue
            identifier = self._identifier(line, record[_ID], shared)
            if active:
                used.append(Row(identifier, line, key, results, self._shown(line, record), not_called))
            else:
                left.append(Left(identifier, line, key, record[_STATUS]))
        statuses = Counter(record[_STATUS] for _, record in records)
        return ResistanceTable(
            self._name,
            sha256,
            len(records),
            tuple(sorted(statuses.items())),
            tuple(used),
            tuple(left),
            tuple(sorted(set(filter(None, drugs.values())))),
            self._oddities(),
        )

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        """Yield each record with the line on which it begins; an empty line is none."""
        reader = csv.reader(io.StringIO(self._text, newline=""), delimiter="\t", strict=True)
        begin = 1
        try:
            for cells in reader:
                if cells:
                    yield begin, cells
                begin = reader.line_num + 1
        except csv.Error as error:
            raise self._refused(f"the table cannot be read: {error}.", f"line {begin}") from error

    def _columns(self, header: list[str]) -> dict[str, int]:
        """Return the place of each column by its header."""
        names = [plain(name) for name in header]
        if len(names) < 2:
            raise self._refused("this is not a table: its first line has no TAB.", "line 1")
        known = {*_REQUIRED, *_SHOWN}
        columns: dict[str, int] = {}
        for place, name in enumerate(names):
            called = name.casefold() if name.casefold() in known else name
            if called in columns:
                raise self._refused(f"the column {name!r} stands twice.", "line 1")
            columns[called] = place
        if missing := [name for name in _REQUIRED if name not in columns]:
            what = ", ".join(repr(name) for name in missing)
            raise self._refused(f"the table has no column {what}.", "line 1")
        return columns

    def _drug_columns(self, columns: Mapping[str, int]) -> dict[str, str | None]:
        """Return for each column of a drug the drug's name; None for one that is not known."""
        found = {}
        for column in columns:
            if column not in _REQUIRED and column not in _SHOWN:
                drug = self._knowledge.names.find(column)
                found[column] = local_name(drug.value) if drug in self._drugs and drug else None
                if found[column] is None:
                    self._note("UnknownDrug", f"the column {column!r}")
        named = [drug for drug in found.values() if drug]
        if not named:
            raise self._refused("no column of the table is that of a drug that is known.", "line 1")
        if len(set(named)) < len(named):
            twice = next(drug for drug in named if named.count(drug) > 1)
            raise self._refused(f"two columns are of one drug, {twice}.", "line 1")
        return found

    def _record(self, line: int, cells: list[str], columns: Mapping[str, int]) -> dict[str, str]:
        if len(cells) != len(columns):
            raise self._refused(f"the row has {len(cells)} cells and the table {len(columns)} columns.", f"line {line}")
        for column, place in columns.items():
            if any(character in cells[place] for character in "\t\r\n"):
                self._note("EmbeddedBlank", f"a cell of the column {column!r}", line)
        return {column: plain(cells[place]) for column, place in columns.items()}

    def _key(self, line: int, record: Mapping[str, str], *, active: bool) -> Key | None:
        """Return what a row is about; None where its virus or gene is not known, which is odd in an active row only."""
        virus = self._knowledge.names.find(record[_VIRUS])
        if virus is None or virus not in self._viruses:
            if active:
                self._note("UnknownVirus", f"the virus {record[_VIRUS]!r}", line)
            return None
        gene = self._knowledge.names.find(record[_GENE])
        if gene is None or gene not in self._genes or virus not in self._viruses_of(gene):
            if active:
                self._note("UnknownGene", f"the gene {record[_GENE]!r} of the virus {record[_VIRUS]!r}", line)
            return None
        return Key(local_name(virus.value), local_name(gene.value), record[_MUTATION])

    def _viruses_of(self, gene: NamedNode) -> tuple[object, ...]:
        return self._knowledge.values(gene, rfy("isGeneOf"))

    def _identifier(self, line: int, written: str, shared: set[str]) -> str:
        if not written:
            self._note("NoIdentifier", "a row without an identifier", line)
        elif written in shared:
            self._note("SharedIdentifier", f"the identifier {written!r}", line)
        else:
            return written
        return f"line {line}"

    def _cells(
        self, line: int, record: Mapping[str, str], drugs: Mapping[str, str | None]
    ) -> tuple[tuple[Cell, ...], tuple[tuple[str, str], ...]]:
        """Return what a row says of drugs, and the cells that say nothing that can be used."""
        results, not_called = [], []
        for column, drug in drugs.items():
            if not (text := record[column]):
                continue
            cell = _cell(drug, text) if drug else None
            if cell is not None:
                results.append(cell)
                continue
            not_called.append((column, text))
            if drug:
                self._note("UnreadableCell", f"{text!r} in the column {column!r}", line)
        return tuple(sorted(results, key=lambda cell: cell.drug)), tuple(not_called)

    def _shown(self, line: int, record: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """Return the other cells of a row, and name what is odd in them."""
        if record[_CO_GENE] or record[_CO_MUTATION]:
            self._note("CoMutation", plain(f"{record[_CO_GENE]} {record[_CO_MUTATION]}"), line)
        if record[_NOTE]:
            self._note("Note", record[_NOTE], line)
        return tuple((name, record[column]) for column, name in _SHOWN.items() if record.get(column))

    def _note(self, kind: str, what: str, line: int | None = None) -> None:
        lines = self._odd.setdefault((kind, what), [])
        if line is not None:
            lines.append(line)

    def _oddities(self) -> tuple[Oddity, ...]:
        order = list(_MEANING)
        found = sorted(self._odd.items(), key=lambda item: (order.index(item[0][0]), item[1], item[0][1]))
        return tuple(Oddity(kind, what, *_MEANING[kind], tuple(lines)) for (kind, what), lines in found)

    def _refused(self, what: str, place: str) -> RefusedError:
        return RefusedError(
            what,
            place=f"{self._name}, {place}",
            why="Read otherwise than it was written, a table would answer wrongly.",
            fix=_FORM,
        )


def _cell(drug: str, text: str) -> Cell | None:
    """Return what a cell says; None if it cannot be read."""
    word = _WORDS.get(text.casefold())
    if word is not None:
        return Cell(drug, text, None, word)
    return Cell(drug, text, Decimal(text), None) if _NUMBER.fullmatch(text) else None
