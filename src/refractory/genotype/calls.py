"""From the rows of a table to one call for each drug. The limits are the graph's; nothing here knows a number."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pyoxigraph import Literal, NamedNode

from refractory.genotype.table import Key, ResistanceTable, Row, plain
from refractory.knowledge.knowledge import Knowledge
from refractory.model.genotype import (
    CONFLICTING,
    RESISTANT,
    SUSCEPTIBLE,
    Call,
    CallName,
    Calls,
    CellResult,
    CutOff,
    Evidence,
    Unused,
)
from refractory.vocabulary import Dcterms, Rdf, local_name, rfy


@dataclass(frozen=True)
class Parameters:
    """How calls are made for one virus, as the graph says it.

    Attributes:
        cut_offs: The limits, the highest first.
        flags: For each flag, the words of a note that tell it, in small letters.
        by_co_mutation: The flags that a further mutation in the row tells.
        statements: The local names of the statements that the limits rest on.
    """

    cut_offs: tuple[CutOff, ...]
    flags: Mapping[str, tuple[str, ...]]
    by_co_mutation: tuple[str, ...]
    statements: tuple[str, ...]

    @classmethod
    def of(cls, knowledge: Knowledge, virus: NamedNode) -> Parameters | None:
        """Read the parameters for a virus: its own, or else those of no virus in particular.

        Args:
            knowledge: The knowledge.
            virus: The virus of the mutation.

        Returns:
            The parameters; None if no source in use says how calls are made for it.
        """
        grades = _holding(knowledge, "ResistanceGrade", virus)
        if not grades:
            return None
        cut_offs = [
            CutOff(
                knowledge.text(grade, Dcterms.IDENTIFIER),
                Decimal(knowledge.text(grade, rfy("foldChangeAtLeast"))),
                local_name(knowledge.text(grade, rfy("hasCutOffOrigin"))),
            )
            for grade in grades
        ]
        flags = _holding(knowledge, "EvidenceFlag", virus)
        told = {
            local_name(flag.value): tuple(
                words.value.casefold()
                for words in knowledge.values(flag, rfy("isToldByNote"))
                if isinstance(words, Literal)
            )
            for flag in flags
        }
        further = (flag for flag in flags if knowledge.text(flag, rfy("isToldByCoMutation")) == "true")
        rests_on = {s.value for grade in grades for s in knowledge.values(grade, rfy("restsOn"))}
        return cls(
            tuple(sorted(cut_offs, key=lambda limit: limit.fold_change, reverse=True)),
            told,
            tuple(local_name(flag.value) for flag in further),
            tuple(sorted(map(local_name, rests_on))),
        )

    def cut_off(self, fold_change: Decimal) -> CutOff | None:
        """Return the highest limit that a factor reaches; None if it is below all."""
        return next((limit for limit in self.cut_offs if fold_change >= limit.fold_change), None)

    def flags_of(self, row: Row) -> tuple[str, ...]:
        """Return the flags of a row."""
        shown = dict(row.shown)
        note = shown.get("note", "").casefold()
        found = {flag for flag, told in self.flags.items() if any(words in note for words in told)}
        if "coGene" in shown or "coMutation" in shown:
            found |= set(self.by_co_mutation)
        return tuple(sorted(found))


def _holding(knowledge: Knowledge, cls: str, virus: NamedNode) -> tuple[NamedNode, ...]:
    """Return the members of a class that hold for a virus; one with some of its own needs none of the general ones."""
    members = {each: knowledge.values(each, rfy("holdsForVirus")) for each in knowledge.subjects(Rdf.TYPE, rfy(cls))}
    own = tuple(each for each, viruses in members.items() if virus in viruses)
    return own or tuple(each for each, viruses in members.items() if not viruses)


def key_of(virus: NamedNode, gene: NamedNode, mutation: str) -> Key:
    """Return by what a mutation is looked up: blanks at the ends do not matter, the letter case does."""
    return Key(local_name(virus.value), local_name(gene.value), plain(mutation))


def calls_of(key: Key, table: ResistanceTable, parameters: Parameters) -> Calls:
    """Return what a table says of a mutation; of one that it does not have, that it has none."""
    evidence = tuple(_evidence(row, parameters) for row in table.by_mutation.get(key, ()))
    drugs = sorted({result.drug for row in evidence for result in row.results})
    return Calls(
        key.virus,
        key.gene,
        key.mutation,
        tuple(_call(drug, evidence, parameters) for drug in drugs),
        evidence,
        tuple(Unused(row.id, row.line, row.status) for row in table.left_by_mutation.get(key, ())),
        () if evidence else tuple(_nearest(key, table)),
    )


def _evidence(row: Row, parameters: Parameters) -> Evidence:
    results = []
    for cell in row.results:
        limit = parameters.cut_off(cell.fold_change) if cell.fold_change is not None else None
        resistant = cell.resistant if cell.resistant is not None else limit is not None
        results.append(CellResult(cell.drug, cell.text, cell.fold_change, limit.name if limit else None, resistant))
    return Evidence(row.id, row.line, tuple(results), parameters.flags_of(row), row.shown, row.not_called)


def _call(drug: str, evidence: Sequence[Evidence], parameters: Parameters) -> Call:
    said = [(row, result) for row in evidence for result in row.results if result.drug == drug]
    speaking_for = tuple(row.id for row, result in said if result.resistant)
    against = tuple(row.id for row, result in said if not result.resistant)
    factors = [result.fold_change for _, result in said if result.fold_change is not None]
    name: CallName = CONFLICTING if speaking_for and against else RESISTANT if speaking_for else SUSCEPTIBLE
    limit = parameters.cut_off(max(factors)) if factors else None
    return Call(
        drug,
        name,
        limit.name if limit and name == RESISTANT else None,
        speaking_for,
        against,
        _origins(parameters) if factors else None,
        all(row.flags for row, _ in said),
    )


def _origins(parameters: Parameters) -> str | None:
    """Return where the limits come from."""
    return ", ".join(sorted({limit.origin for limit in parameters.cut_offs if limit.origin})) or None


def _nearest(key: Key, table: ResistanceTable) -> Iterator[str]:
    """Yield the mutations of the gene whose names are most like one that the table does not have."""
    known = table.mutations.get((key.virus, key.gene), ())
    same = [name for name in known if name.casefold() == key.mutation.casefold()]
    close = difflib.get_close_matches(key.mutation, known, n=3, cutoff=0.6)
    yield from list(dict.fromkeys((*same, *close)))[:3]
