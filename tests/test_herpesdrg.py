"""The real table, where it is given: it loads whole, and every call equals a plain recount made here."""

from __future__ import annotations

import csv
import os
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

import pytest

from refractory.genotype.table import ResistanceTable
from refractory.vocabulary import rfy
from tests.support import ROOT, shipped

GIVEN = Path(os.environ.get("REFRACTORY_HERPESDRG") or ROOT.parent / "shared" / "data" / "herpesdrg-db.tsv")

pytestmark = pytest.mark.skipif(
    not GIVEN.is_file(),
    reason="not run: the HerpesDRG table is not given (REFRACTORY_HERPESDRG, or shared/data/ beside the checkout)",
)

VIRUSES = {"HSV1": "HerpesSimplexVirus1", "HSV2": "HerpesSimplexVirus2", "VZV": "VaricellaZosterVirus"}
GENES = {"HSV1": {"UL23", "UL30", "UL5", "UL52"}, "HSV2": {"UL23", "UL30", "UL5", "UL52"}}
GENES["VZV"] = {"ORF36", "ORF28", "ORF55", "ORF6"}
DRUGS = {
    "Ganciclovir": "Ganciclovir", "Aciclovir": "Acyclovir", "Cidofovir": "Cidofovir", "Foscarnet": "Foscarnet",
    "Brivudine": "Brivudine", "Penciclovir": "Penciclovir", "Amenamevir": "Amenamevir", "Pritelivir": "Pritelivir",
}  # fmt: skip

Key = tuple[str, str, str]
# For each drug: call, strength, rows for, rows against.
Recounted = dict[str, tuple[str, str | None, tuple[str, ...], tuple[str, ...]]]


@cache
def table() -> ResistanceTable:
    """Return the table as we read it."""
    return ResistanceTable.load(GIVEN, shipped().knowledge)


@cache
def rows() -> tuple[dict[str, str], ...]:
    """Return the rows as the csv module reads them."""
    with GIVEN.open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file, delimiter="\t"))


def active() -> list[dict[str, str]]:
    """Return the active rows on a virus and gene that the ontology has."""
    return [r for r in rows() if r["status"].strip() == "A" and r["gene"].strip() in GENES.get(r["virus"].strip(), ())]


def resistant(cell: str) -> bool | None:
    """Say what a cell speaks for; None for a blank one."""
    text = cell.strip()
    if text in ("", "Resistant", "Polymorphism"):
        return {"": None, "Resistant": True, "Polymorphism": False}[text]
    return float(text) >= 2


@cache
def recount() -> dict[Key, Recounted]:
    """Return the calls, counted plainly."""
    cells: dict[Key, dict[str, list[tuple[str, str]]]] = defaultdict(lambda: defaultdict(list))
    for row in active():
        key = (row["virus"].strip(), row["gene"].strip(), row["aa_change"].strip())
        for column, drug in DRUGS.items():
            if row[column].strip():
                cells[key][drug].append((row["mutation_id"].strip(), row[column].strip()))
        _ = cells[key]
    return {key: {drug: counted(said) for drug, said in drugs.items()} for key, drugs in cells.items()}


def counted(said: list[tuple[str, str]]) -> tuple[str, str | None, tuple[str, ...], tuple[str, ...]]:
    """Return the call of some cells."""
    speaking = tuple(row for row, cell in said if resistant(cell))
    against = tuple(row for row, cell in said if resistant(cell) is False)
    call = "Conflicting" if speaking and against else "Resistant" if speaking else "Susceptible"
    factors = [float(cell) for _, cell in said if cell not in ("Resistant", "Polymorphism")]
    strength = None
    if call == "Resistant" and factors:
        strength = "High" if max(factors) >= 15 else "Moderate" if max(factors) >= 5 else "Low"
    return call, strength, speaking, against


def test_the_table_loads_whole() -> None:
    """Each row is counted, the active ones are used, and what is odd is named by its line."""
    odd = {(o.kind, o.what): o.lines for o in table().oddities}
    numbers = Counter(r["virus"].strip() for r in rows() if r["status"].strip() == "A")

    assert (table().rows, table().active) == (len(rows()), sum(r["status"].strip() == "A" for r in rows()))
    assert dict(table().statuses) == Counter(r["status"].strip() for r in rows())
    assert len(table().used) == len(active())
    for virus, number in numbers.items():
        assert virus in VIRUSES or len(odd["UnknownVirus", f"the virus {virus!r}"]) == number
    # No cell is left out unnamed: of the rows that answer, each is called, or of a drug that the ontology has not.
    known = {drug for key in recount() for drug in recount()[key]}
    assert {c for row in table().used for c, _ in row.not_called} & set(DRUGS) == set()
    assert known == set(table().drugs)


@pytest.mark.skipif(len(rows()) != 2_010 if GIVEN.is_file() else True, reason="not run: the table is of another day")
def test_the_table_of_the_commit_that_was_read_has_its_known_counts() -> None:
    """At commit fee40ad: 2010 rows, 1672 of them active, one cell with a TAB within it, two that cannot be read."""
    odd = {(o.kind, o.what): o.lines for o in table().oddities}

    assert (table().rows, table().active) == (2_010, 1_672)
    assert odd["EmbeddedBlank", "a cell of the column 'aa_change'"] == (1_815,)
    assert len(odd["UnreadableCell", "'trust' in the column 'Ganciclovir'"]) == 2
    assert sum(len(lines) for (kind, _), lines in odd.items() if kind == "CoMutation") == 11
    assert len(odd["Note", "mutations not resolved by sequence"]) == 107
    assert len(odd["Note", "unkown co-mutations"]) == 36
    assert len(odd["Note", "Cannot be inferred"]) == 3


def test_every_call_equals_a_plain_recount() -> None:
    """For every mutation of every gene: each drug's call, its strength, and the rows for and against."""
    assert {(v, g, m) for v, g, m in recount()} == {
        (next(short for short, name in VIRUSES.items() if name == key.virus), key.gene, key.mutation)
        for key in table().by_mutation
    }
    for (virus, gene, mutation), expected in recount().items():
        answer = shipped().genotype(table(), virus, gene, mutation).to_json()
        found = {
            c["drug"]: (c["call"], c.get("strength"), tuple(c["evidenceFor"]), tuple(c["evidenceAgainst"]))
            for c in answer["calls"]
        }
        assert answer["inTable"]
        assert expected == found, (virus, gene, mutation)


def test_conflicting_evidence_is_reported_as_such() -> None:
    """Nine mutations conflict on one drug by our record of the table, and none of them is called either way."""
    conflicts = {key for key, calls in recount().items() if calls.get("Acyclovir", ("",))[0] == "Conflicting"}

    assert {("HSV1", "UL23", "G61A"), ("HSV1", "UL23", "A156V"), ("HSV1", "UL30", "D672N")} <= conflicts
    assert len(conflicts) == 9


@pytest.mark.parametrize(
    ("statement", "virus", "gene", "drug", "susceptible"),
    [
        ("herpesdrg-4", "HSV1", "UL23", "Foscarnet", True),
        ("herpesdrg-4", "HSV2", "UL23", "Foscarnet", True),
        ("herpesdrg-4", "VZV", "ORF36", "Foscarnet", True),
        ("herpesdrg-5", "HSV1", "UL30", "Foscarnet", False),
        ("herpesdrg-5", "HSV2", "UL30", "Foscarnet", False),
        ("herpesdrg-5", "VZV", "ORF28", "Foscarnet", False),
        ("herpesdrg-6", "HSV1", "UL23", "Ganciclovir", False),
        ("herpesdrg-6", "HSV1", "UL23", "Brivudine", False),
        ("herpesdrg-6", "VZV", "ORF36", "Brivudine", False),
        ("herpesdrg-7", "HSV1", "UL23", "Cidofovir", True),
        ("herpesdrg-7", "HSV2", "UL23", "Cidofovir", True),
        ("herpesdrg-7", "VZV", "ORF36", "Cidofovir", True),
        ("herpesdrg-7", "HSV1", "UL23", "Pritelivir", True),
        ("herpesdrg-7", "HSV1", "UL23", "Amenamevir", True),
    ],
)
def test_the_counts_that_the_source_is_quoted_with_are_those_of_the_table(
    statement: str, virus: str, gene: str, drug: str, susceptible: bool
) -> None:
    """Rows that resist acyclovir and were tested with the drug, as each statement says that they were counted."""
    with_drug, of_all = share(virus, gene, drug, susceptible=susceptible)

    assert f"{with_drug} of {of_all}" in shipped().knowledge.text(rfy(statement), rfy("paraphrase"))


@pytest.mark.parametrize(
    ("position", "places", "susceptible"),
    [
        ("herpesdrg-thymidine-kinase", [("HSV1", "UL23"), ("HSV2", "UL23"), ("VZV", "ORF36")], True),
        ("herpesdrg-polymerase", [("HSV1", "UL30"), ("HSV2", "UL30"), ("VZV", "ORF28")], False),
    ],
)
def test_the_counts_of_the_positions_are_the_sums(
    position: str, places: list[tuple[str, str]], susceptible: bool
) -> None:
    """A position sums what its statement gives virus by virus."""
    shares = [share(virus, gene, "Foscarnet", susceptible=susceptible) for virus, gene in places]
    text = shipped().knowledge.text

    assert text(rfy(position), rfy("countWith")) == str(sum(number for number, _ in shares))
    assert text(rfy(position), rfy("countOf")) == str(sum(number for _, number in shares))


def share(virus: str, gene: str, drug: str, *, susceptible: bool) -> tuple[int, int]:
    """Return how many rows that resist acyclovir are susceptible, or resistant, to another drug, and of how many."""
    (column,) = [c for c, name in DRUGS.items() if name == drug]
    said = [
        resistant(row[column])
        for row in active()
        if (row["virus"].strip(), row["gene"].strip()) == (virus, gene) and resistant(row["Aciclovir"])
    ]
    tested = [one for one in said if one is not None]
    return sum(one is not susceptible for one in tested), len(tested)
