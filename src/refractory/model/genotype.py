"""What a table says of a mutation, as frozen values; `to_json` gives the published forms."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

from refractory.model.sources import StatementRef, number, without_none

CallName = Literal["Resistant", "Susceptible", "Conflicting"]

RESISTANT: Final = "Resistant"
SUSCEPTIBLE: Final = "Susceptible"
CONFLICTING: Final = "Conflicting"


@dataclass(frozen=True, slots=True)
class CutOff:
    """From which factor on resistance has a grade.

    Attributes:
        name: What the grade is called in JSON.
        fold_change: The smallest factor that has it.
        origin: The name of where the limit comes from, or an empty string.
    """

    name: str
    fold_change: Decimal
    origin: str

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return {
            "name": self.name,
            "foldChangeAtLeast": number(self.fold_change),
            **without_none(origin=self.origin or None),
        }


@dataclass(frozen=True, slots=True)
class CellResult:
    """What one cell of a row says of one drug.

    Attributes:
        drug: The drug.
        cell: The cell as written, without blanks at its ends.
        fold_change: The factor, if the cell holds one.
        grade: The name of the grade that the factor has; None for a word, or a factor below every limit.
        resistant: Whether it speaks for resistance, or against it.
    """

    drug: str
    cell: str
    fold_change: Decimal | None
    grade: str | None
    resistant: bool

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return {
            "drug": self.drug,
            "cell": self.cell,
            **without_none(foldChange=number(self.fold_change), grade=self.grade),
            "speaksFor": RESISTANT if self.resistant else SUSCEPTIBLE,
        }


@dataclass(frozen=True, slots=True)
class Evidence:
    """One row of the table that reports a mutation; every cell of it is kept.

    Attributes:
        id: Its identifier in the table; where the table gives it none of its own, its line.
        line: The line of the file on which the row begins.
        results: What it says of each drug, by drug.
        flags: The names of what is to be minded in it, sorted.
        cells: Its other cells that are not blank, by the name that JSON gives them.
        not_called: Cells that were not used, by column: of drugs that are not known, or that cannot be read.
    """

    id: str
    line: int
    results: tuple[CellResult, ...]
    flags: tuple[str, ...]
    cells: tuple[tuple[str, str], ...]
    not_called: tuple[tuple[str, str], ...]

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return {
            "id": self.id,
            "line": self.line,
            "results": [result.to_json() for result in self.results],
            "flags": list(self.flags),
            **dict(self.cells),
            **without_none(notCalled=dict(self.not_called) or None),
        }


@dataclass(frozen=True, slots=True)
class Call:
    """What the rows say of one drug, taken together.

    Attributes:
        drug: The drug.
        call: `Resistant` or `Susceptible` where all rows agree, else `Conflicting`.
        strength: The grade of the largest factor, where the call is `Resistant` and a row has a factor.
        evidence_for: The rows that speak for resistance, by their identifiers.
        evidence_against: The rows that speak against it.
        cut_offs: Where the limits come from that a factor was held against; None where only words decide.
        all_flagged: Whether each row that the call rests on has a flag.
    """

    drug: str
    call: CallName
    strength: str | None
    evidence_for: tuple[str, ...]
    evidence_against: tuple[str, ...]
    cut_offs: str | None
    all_flagged: bool

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return {
            "drug": self.drug,
            "call": self.call,
            **without_none(strength=self.strength),
            "evidenceFor": list(self.evidence_for),
            "evidenceAgainst": list(self.evidence_against),
            **without_none(cutOffs=self.cut_offs, allFlagged=self.all_flagged or None),
        }


@dataclass(frozen=True, slots=True)
class Unused:
    """A row on the mutation that is not used, because its status is another than that of rows in use."""

    id: str
    line: int
    status: str

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return {"id": self.id, "line": self.line, "status": self.status}


@dataclass(frozen=True, slots=True)
class Mechanism:
    """What follows from the gene: the drugs that its enzyme activates or that block it, and the others."""

    doubtful: tuple[str, ...] = ()
    unaffected: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return {"doubtful": list(self.doubtful), "unaffected": list(self.unaffected)}


@dataclass(frozen=True, slots=True)
class Calls:
    """What a table says of one mutation.

    Attributes:
        virus: The virus.
        gene: The gene.
        mutation: The mutation, as the finding writes it.
        calls: One for each drug of which a row says something, by drug.
        evidence: The rows, in the order of the table.
        unused: The rows that are not used.
        nearest: Where the table has no such mutation, those of the gene whose names are most like it.
        of_finding: What the finding says besides (`effect`, `collectedOn`, `specimen`).
        mechanism: What follows from the gene.
        statements: The statements that calls and mechanism rest on.
    """

    virus: str
    gene: str
    mutation: str
    calls: tuple[Call, ...]
    evidence: tuple[Evidence, ...]
    unused: tuple[Unused, ...] = ()
    nearest: tuple[str, ...] = ()
    of_finding: tuple[tuple[str, str], ...] = ()
    mechanism: Mechanism = Mechanism()
    statements: tuple[StatementRef, ...] = ()

    @property
    def in_table(self) -> bool:
        """Whether a row in use reports the mutation."""
        return bool(self.evidence)

    def to_json(self) -> dict[str, Any]:
        """Return the published form within an assessment: rows by their identifiers."""
        return {
            "virus": self.virus,
            "gene": self.gene,
            "mutation": self.mutation,
            **dict(self.of_finding),
            "calls": [call.to_json() for call in self.calls],
            "mechanism": self.mechanism.to_json(),
            "statements": [statement.to_json() for statement in self.statements],
        }
