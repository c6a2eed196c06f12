"""Genotype: a table read strictly, one call for each drug, what follows from the gene, and findings of a case."""

from __future__ import annotations

import csv
import io
import json
import random
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from tests.support import ROOT, TABLE, knowledge_with, note_alone, shipped, shipped_files, table

from refractory import Case, KnowledgeBase, LimitError, RefractoryError, RefusedError, UsageError
from refractory.checker.check import Checker
from refractory.cli import main
from refractory.genotype import table as reading
from refractory.genotype.table import ResistanceTable
from refractory.model.genotype import Calls

SCHEMAS = {
    name: json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))
    for name in ("assessment", "genotype")
}
REGISTRY: Registry[Any] = Registry().with_resources(
    (schema["$id"], Resource.from_contents(schema)) for schema in SCHEMAS.values()
)

R, S, C = "Resistant", "Susceptible", "Conflicting"

# Written by hand from the rows of the table: for each finding, the call for each drug and its strength.
EXPECTED: dict[tuple[str, str, str], dict[str, tuple[str, str | None]]] = {
    ("VZV", "ORF36", "A9001C"): {
        "Acyclovir": (R, "Moderate"),
        "Brivudine": (R, None),
        "Cidofovir": (S, None),
        "Foscarnet": (S, None),
        "Penciclovir": (R, "High"),
    },
    ("VZV", "ORF36", "A9002C"): {"Acyclovir": (S, None), "Foscarnet": (S, None)},
    ("VZV", "ORF36", "A9003C"): {"Acyclovir": (C, None), "Penciclovir": (S, None)},
    # Each limit from below and from its own value on.
    ("VZV", "ORF36", "A9004C"): {"Acyclovir": (S, None), "Penciclovir": (R, "Low")},
    ("VZV", "ORF36", "A9005C"): {
        "Acyclovir": (R, "Low"),
        "Brivudine": (R, "Moderate"),
        "Foscarnet": (R, "High"),
        "Penciclovir": (R, "Moderate"),
    },
    # A shifted reading frame says nothing of drugs that its row was not tested with.
    ("VZV", "ORF36", "frameshift 9006"): {"Brivudine": (R, None)},
    ("VZV", "ORF28", "A9011C"): {"Acyclovir": (R, "Low"), "Foscarnet": (S, None), "Penciclovir": (S, None)},
    ("VZV", "ORF28", "A9012C"): {
        "Acyclovir": (R, "Moderate"),
        "Cidofovir": (S, None),
        "Foscarnet": (R, "Moderate"),
    },
    ("VZV", "ORF28", "A9013C"): {"Acyclovir": (R, "Low"), "Foscarnet": (C, None)},
    ("VZV", "ORF28", "A9014C"): {"Acyclovir": (S, None), "Cidofovir": (S, None), "Foscarnet": (S, None)},
    ("VZV", "ORF28", "A9015C"): {"Foscarnet": (R, None)},
    ("VZV", "ORF55", "A9016C"): {"Acyclovir": (S, None), "Amenamevir": (R, "High")},
    ("HSV1", "UL23", "A9021C"): {
        "Acyclovir": (R, "High"),
        "Amenamevir": (S, None),
        "Brivudine": (R, None),
        "Cidofovir": (S, None),
        "Foscarnet": (S, None),
        "Ganciclovir": (R, "High"),
        "Penciclovir": (R, None),
        "Pritelivir": (S, None),
    },
    # The cell holds a TAB within its quotes.
    ("HSV1", "UL23", "A9022C"): {"Acyclovir": (R, "Moderate")},
    ("HSV1", "UL23", "A9023C"): {"Acyclovir": (R, "Moderate")},
    ("HSV1", "UL23", "A9024C"): {"Acyclovir": (R, None), "Cidofovir": (R, "Low")},
    # One cell cannot be read, another is a blank.
    ("HSV1", "UL23", "A9025C"): {"Brivudine": (S, None)},
    # Rows of another status only, and no row at all.
    ("HSV1", "UL23", "A9026C"): {},
    ("HSV1", "UL23", "A9028C"): {},
    ("HSV1", "UL23", "A9999C"): {},
    ("HSV1", "UL30", "A9031C"): {"Acyclovir": (R, "Low"), "Cidofovir": (S, None), "Foscarnet": (S, None)},
    ("HSV1", "UL30", "A9032C"): {"Acyclovir": (R, "Low"), "Cidofovir": (R, "Low"), "Foscarnet": (R, "Low")},
    ("HSV1", "UL5", "A9033C"): {"Acyclovir": (S, None), "Amenamevir": (R, "High"), "Pritelivir": (R, "High")},
    ("HSV2", "UL23", "A9041C"): {"Acyclovir": (R, None), "Foscarnet": (S, None), "Penciclovir": (S, None)},
    ("HSV2", "UL30", "A9042C"): {"Acyclovir": (R, "High"), "Cidofovir": (S, None), "Foscarnet": (R, None)},
}

ACTIVATED = {
    "Acyclovir", "Valacyclovir", "Penciclovir", "Famciclovir", "Ganciclovir", "Valganciclovir", "Brivudine",
}  # fmt: skip


def looked_up(virus: str, gene: str, mutation: str) -> Calls:
    """Return what the small table says of a mutation."""
    return shipped().genotype(table(), virus, gene, mutation).calls


def case_of(*findings: dict[str, str], **more: Any) -> Case:
    """Return a case of failing treatment at the right dose with genotype findings."""
    treatment = {"drug": "Valacyclovir", "doseMg": 1000, "timesPerDay": 3, "status": "Ongoing"}
    written = {"condition": "HerpesZoster", "lesionCourse": "Spreading", "treatments": [treatment]}
    return Case.from_json({"id": "https://example.org/g", **written, "genotype": list(findings), **more})


def finding(gene: str, mutation: str, virus: str = "VZV", **more: str) -> dict[str, str]:
    """Return a genotype finding."""
    return {"virus": virus, "gene": gene, "mutation": mutation, **more}


def changed(change: Callable[[list[list[str]]], object]) -> bytes:
    """Return the small table after a change of its records, header included."""
    records = list(csv.reader(io.StringIO(TABLE.read_text(encoding="utf-8")), delimiter="\t"))
    change(records)
    out = io.StringIO()
    csv.writer(out, delimiter="\t", lineterminator="\n").writerows(records)
    return out.getvalue().encode()


def read(content: bytes) -> ResistanceTable:
    """Return a table of its content."""
    return ResistanceTable.read(content, "table.tsv", shipped().knowledge)


# ---- calls ----


@pytest.mark.parametrize("key", sorted(EXPECTED), ids=" ".join)
def test_calls_are_those_of_the_rows(key: tuple[str, str, str]) -> None:
    """Call and strength of each drug, and no other drug, are what was written by hand."""
    assert EXPECTED[key] == {call.drug: (call.call, call.strength) for call in looked_up(*key).calls}


def test_every_mutation_of_the_table_is_expected() -> None:
    """What was written by hand leaves no mutation of the table out."""
    viruses = {"HerpesSimplexVirus1": "HSV1", "HerpesSimplexVirus2": "HSV2", "VaricellaZosterVirus": "VZV"}
    assert {(viruses[k.virus], k.gene, k.mutation) for k in table().by_mutation} == {
        k for k, v in EXPECTED.items() if v
    }


def test_all_evidence_stands_with_a_call_for_and_against() -> None:
    """A conflict shows both sides; each row is there with every cell that is not blank."""
    calls = looked_up("VZV", "ORF36", "A9003C")
    by_drug = {call.drug: call for call in calls.calls}

    assert by_drug["Acyclovir"].evidence_for == ("9004",)
    assert by_drug["Acyclovir"].evidence_against == ("9005",)
    assert [row.to_json() for row in calls.evidence] == [
        {
            "id": "9004",
            "line": 5,
            "results": [{"drug": "Acyclovir", "cell": "Resistant", "speaksFor": R}],
            "flags": [],
            **shown("9004", "PRA"),
        },
        {
            "id": "9005",
            "line": 6,
            "results": [
                {"drug": "Acyclovir", "cell": "1.4", "foldChange": 1.4, "speaksFor": S},
                {"drug": "Penciclovir", "cell": "Polymorphism", "speaksFor": S},
            ],
            "flags": [],
            **shown("9005", "dye uptake assay"),
        },
    ]


def shown(row: str, method: str) -> dict[str, str]:
    """Return the cells that each row of the small table has."""
    return {
        "virusStrain": "INVENTED",
        "referenceTitle": "Invented for the tests of Refractory; not a finding",
        "referenceLink": f"https://example.org/invented/{row}",
        "strainGeneration": "Isolated strain",
        "method": method,
        "createdDate": "01/01/2026",
        "createdBy": "refractory-tests",
    }


def test_what_is_to_be_minded_is_flagged_on_the_row_and_said_with_the_call() -> None:
    """A further mutation, unknown ones, an effect that cannot be inferred; a call that rests on such rows alone."""
    flags = {m: looked_up("HSV1", "UL23", m).evidence[0].flags for m in ("A9021C", "A9023C", "A9024C")}
    (call,) = looked_up("HSV1", "UL23", "A9023C").calls

    assert flags == {
        "A9021C": (),
        "A9023C": ("CoMutationReported", "CoMutationsUnknown"),
        "A9024C": ("EffectNotInferable",),
    }
    assert call.all_flagged
    assert looked_up("VZV", "ORF36", "frameshift 9006").evidence[0].flags == ("MutationsNotResolved",)
    assert not any(call.all_flagged for call in looked_up("HSV1", "UL23", "A9021C").calls)


def test_calls_say_where_their_limits_come_from() -> None:
    """A call that held a factor against a limit says that the limit is borrowed; one by words alone does not."""
    by_drug = {call.drug: call.cut_offs for call in looked_up("VZV", "ORF36", "A9001C").calls}

    assert by_drug["Acyclovir"] == by_drug["Cidofovir"] == "BorrowedFromAnotherVirus"
    assert by_drug["Brivudine"] is None


def test_limits_are_parameters_of_the_graph() -> None:
    """With another limit in the ontology the same row is called otherwise."""
    path = "ontology/facts/herpesdrg/herpesdrg.ttl"
    text = shipped_files().text(path).replace("rfy:foldChangeAtLeast 2.0", "rfy:foldChangeAtLeast 4.5")
    kb = KnowledgeBase(knowledge_with({path: text}))
    answer = kb.genotype(kb.table(TABLE), "VZV", "ORF28", "A9011C")

    assert looked_up("VZV", "ORF28", "A9011C").calls[0].call == R
    assert answer.calls.calls[0].call == S


def test_a_mutation_that_the_table_does_not_have_is_answered_so() -> None:
    """Rows of another status are named and not used, and mutations with like names are shown."""
    obsolete, unknown = looked_up("HSV1", "UL23", "A9026C"), looked_up("HSV1", "UL23", "a9021c")

    assert (obsolete.in_table, unknown.in_table) == (False, False)
    assert [row.to_json() for row in obsolete.unused] == [{"id": "9026", "line": 22, "status": "O"}]
    assert unknown.nearest[0] == "A9021C"
    assert set(unknown.mechanism.doubtful) == ACTIVATED


def test_blanks_around_names_do_not_matter() -> None:
    """Virus, gene and mutation are found whatever blanks stand at their ends."""
    assert looked_up(" vzv ", " orf36", "  A9001C ") == looked_up("VZV", "ORF36", "A9001C")


def test_the_order_of_rows_and_columns_does_not_matter() -> None:
    """Calls and mechanism are the same; only the order of the evidence is the table's."""

    def shuffled(records: list[list[str]]) -> None:
        order = random.Random(7).sample(  # noqa: S311  # a fixed seed, so that each run is the same
            range(len(records[0])), len(records[0])
        )
        records[:] = [[record[place] for place in order] for record in records]
        rows = records[1:]
        random.Random(8).shuffle(rows)  # noqa: S311  # as above
        records[1:] = rows

    other = read(changed(shuffled))
    for key in EXPECTED:
        calls = shipped().genotype(other, *key).calls
        assert {c.drug: (c.call, c.strength, frozenset(c.evidence_for)) for c in calls.calls} == {
            c.drug: (c.call, c.strength, frozenset(c.evidence_for)) for c in looked_up(*key).calls
        }


# ---- what follows from the gene ----


@pytest.mark.parametrize(
    ("virus", "gene", "doubtful", "unaffected"),
    [
        ("VZV", "ORF36", ACTIVATED, {"Foscarnet", "Cidofovir", "Amenamevir"}),
        ("HSV1", "UL23", ACTIVATED, {"Foscarnet", "Cidofovir", "Amenamevir", "Pritelivir"}),
        ("VZV", "ORF28", {*ACTIVATED, "Foscarnet", "Cidofovir"}, {"Amenamevir"}),
        ("HSV2", "UL30", {*ACTIVATED, "Foscarnet", "Cidofovir"}, {"Amenamevir", "Pritelivir"}),
        ("HSV1", "UL52", {"Amenamevir", "Pritelivir"}, {*ACTIVATED, "Foscarnet", "Cidofovir"}),
        # One of them does not act on this virus at all, so it is left in no hand.
        ("VZV", "ORF6", {"Amenamevir", "Pritelivir"}, {*ACTIVATED, "Foscarnet", "Cidofovir"}),
    ],
)
def test_mechanism_follows_from_activation_and_target(
    virus: str, gene: str, doubtful: set[str], unaffected: set[str]
) -> None:
    """What the enzyme activates or is blocked by is doubtful, prodrugs too; what has another target is not."""
    mechanism = looked_up(virus, gene, "A1C").mechanism

    assert (set(mechanism.doubtful), set(mechanism.unaffected)) == (doubtful, unaffected)


def test_a_loss_of_function_follows_the_ontology_and_no_list() -> None:
    """A drug that is new to the ontology, and needs the enzyme, is presumed to be resisted; no file names it."""
    path = "ontology/modules/antivirals.ttl"
    more = "\nrfy:Newcyclovir a rfy:Drug ; rfy:isActivatedBy rfy:ViralThymidineKinase .\n"
    kb = KnowledgeBase(knowledge_with({path: shipped_files().text(path) + more}))
    case = case_of(finding("ORF36", "any", effect="LossOfFunction"))
    statuses = {r.drug: r.status for r in kb.assess(case).resistance}

    assert statuses.pop("Newcyclovir") == "Presumed"
    assert {drug for drug, status in statuses.items() if status == "Presumed"} == ACTIVATED - {
        "Acyclovir",
        "Valacyclovir",
    }


def test_a_loss_of_function_presumes_by_its_gene_alone_and_yields_to_what_is_stronger() -> None:
    """With or without a table; in another gene nothing follows, and a susceptible result excludes."""
    lost = case_of(finding("ORF36", "any", effect="LossOfFunction"), lesionCourse="Resolved", treatments=[])
    other = case_of(finding("ORF28", "any", effect="LossOfFunction"), lesionCourse="Resolved", treatments=[])
    tested = case_of(
        finding("ORF36", "any", effect="LossOfFunction"),
        lesionCourse="Resolved",
        treatments=[],
        susceptibility=[{"drug": "Penciclovir", "interpretation": "Susceptible"}],
    )

    assert {r.drug: r.status for r in shipped().assess(lost).resistance} == dict.fromkeys(ACTIVATED, "Presumed")
    assert shipped().assess(lost, table=table()).resistance == shipped().assess(lost).resistance
    assert shipped().assess(other).resistance == ()
    statuses = {r.drug: r.status for r in shipped().assess(tested).resistance}
    assert (statuses["Penciclovir"], statuses["Famciclovir"], statuses["Acyclovir"]) == (
        "Excluded",
        "Excluded",
        "Presumed",
    )


def test_a_shifted_frame_alone_presumes_nothing() -> None:
    """No effect is read from the form of a mutation."""
    case = case_of(finding("ORF36", "frameshift 12"), lesionCourse="Resolved", treatments=[])

    assert shipped().assess(case, table=table()).resistance == ()


# ---- the table ----


def test_rows_are_counted_by_status_and_what_is_odd_is_named() -> None:
    """Each oddity with its lines; the counts are those of the file."""
    found = {(odd.kind, odd.what): odd.lines for odd in table().oddities}
    unknown = ("Brincidofovir", "Cyclopropavir", "Letermovir", "Maribavir", "Tomeglovir")

    assert (table().rows, table().active, len(table().used)) == (31, 28, 25)
    assert table().statuses == (("A", 28), ("E", 1), ("O", 1), ("P", 1))
    assert found == {
        **{("UnknownDrug", f"the column {name!r}"): () for name in unknown},
        ("UnknownVirus", "the virus 'HCMV'"): (30,),
        ("UnknownGene", "the gene 'UL99' of the virus 'HSV1'"): (31,),
        ("UnknownGene", "the gene 'ORF36' of the virus 'HSV1'"): (32,),
        ("UnreadableCell", "'trust' in the column 'Aciclovir'"): (21,),
        ("EmbeddedBlank", "a cell of the column 'aa_change'"): (18,),
        ("CoMutation", "UL30 A9031C"): (19,),
        ("Note", "unkown co-mutations"): (19,),
        ("Note", "mutations not resolved by sequence"): (9,),
        ("Note", "Cannot be inferred"): (20,),
    }
    assert all(odd.why for odd in table().oddities)
    assert looked_up("HSV1", "UL23", "A9025C").evidence[0].not_called == (("Aciclovir", "trust"),)


def test_rows_without_an_identifier_of_their_own_are_called_by_their_lines() -> None:
    """A blank identifier, and one that two rows share."""

    def change(records: list[list[str]]) -> None:
        records[1][0] = ""
        records[2][0] = records[3][0]

    other = read(changed(change))
    (call, *_) = shipped().genotype(other, "VZV", "ORF36", "A9001C").calls.calls

    assert call.evidence_for == ("line 2", "line 3")
    named = {odd.kind: odd.lines for odd in other.oddities if "Identifier" in odd.kind}
    assert named == {"NoIdentifier": (2,), "SharedIdentifier": (3, 4)}


def without(column: str) -> bytes:
    """Return the small table without a column."""

    def change(records: list[list[str]]) -> None:
        place = records[0].index(column)
        for record in records:
            del record[place]

    return changed(change)


def renamed(old: str, new: str) -> bytes:
    """Return the small table with another header."""
    return changed(lambda records: records[0].__setitem__(records[0].index(old), new))


@pytest.mark.parametrize(
    ("content", "place", "says"),
    [
        (b"", "line 1", "no TAB"),
        (b"a,b,c\n1,2,3\n", "line 1", "no TAB"),
        (TABLE.read_bytes().splitlines(keepends=True)[0], "line 2", "no rows"),
        (without("aa_change"), "line 1", "no column 'aa_change'"),
        (without("co_aa"), "line 1", "no column 'co_aa'"),
        (renamed("note", "gene"), "line 1", "stands twice"),
        (renamed("Tomeglovir", "acyclovir"), "line 1", "two columns are of one drug"),
        (changed(lambda records: records[3].append("more")), "line 4", "31 cells"),
        (changed(lambda records: records[3].pop()), "line 4", "29 cells"),
        (TABLE.read_bytes().replace(b"\tA9003C\t", b'\t"A9003C\t', 1), "line 5", "cells and the table"),
        (b"mutation_id\t\xe9\n", "", "not written in UTF-8"),
    ],
)
def test_what_is_no_such_table_is_refused_with_its_place(content: bytes, place: str, says: str) -> None:
    """Nothing is read otherwise than it was written."""
    with pytest.raises(RefusedError, match=re.escape(says)) as caught:
        read(content)

    assert place in caught.value.place
    assert caught.value.why
    assert caught.value.fix


def test_a_table_without_any_known_drug_is_refused() -> None:
    """Its columns are of drugs that the ontology does not have."""

    def change(records: list[list[str]]) -> None:
        first, last = records[0].index("Ganciclovir"), records[0].index("Pritelivir")
        records[0][first : last + 1] = [f"drug {number}" for number in range(first, last + 1)]

    with pytest.raises(RefusedError, match="no column of the table is that of a drug"):
        read(changed(change))


def test_a_missing_file_and_one_that_is_too_large_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Place, reason and what to do."""
    with pytest.raises(RefusedError, match="cannot be read") as caught:
        shipped().table(tmp_path / "none.tsv")
    assert caught.value.place.endswith("none.tsv")
    monkeypatch.setattr(reading, "MAX_BYTES", 100)
    with pytest.raises(LimitError):
        shipped().table(TABLE)


# ---- a case ----


def test_a_finding_is_interpreted_with_a_table_and_warned_of_without() -> None:
    """The warning is gone where the table has calls, and says so where it has none."""
    case = case_of(finding("ORF36", "A9001C"), finding("ORF36", "A9002X"))
    plain, answer = shipped().assess(case), shipped().assess(case, table=table())

    assert [w.place for w in plain.warnings] == ["genotype[0].mutation", "genotype[1].mutation"]
    assert all("without a table" in w.message for w in plain.warnings)
    assert plain.findings.genotype == ()
    (warning,) = answer.warnings
    assert (warning.place, warning.value) == ("genotype[1].mutation", "A9002X")
    assert "no entry in use" in warning.message
    assert "A9002C" in warning.fix
    assert [(c.mutation, len(c.calls)) for c in answer.findings.genotype] == [("A9001C", 5), ("A9002X", 0)]


def test_only_a_resistant_call_shows_something_of_the_virus() -> None:
    """Susceptible and conflicting calls give no drug a status."""
    case = case_of(finding("ORF36", "A9003C"), finding("ORF36", "A9002C"), lesionCourse="Resolved", treatments=[])

    assert shipped().assess(case, table=table()).resistance == ()


def test_a_resistant_call_and_a_susceptible_result_contradict_unless_told_apart() -> None:
    """They are results of one virus; two days tell them apart."""
    result = {"drug": "Acyclovir", "interpretation": "Susceptible", "collectedOn": "2026-03-01"}
    same = case_of(finding("ORF36", "A9001C", collectedOn="2026-03-01"), susceptibility=[result])
    later = case_of(finding("ORF36", "A9001C", collectedOn="2026-03-09"), susceptibility=[result])

    def status(case: Case) -> dict[str, str]:
        return {r.drug: r.status for r in shipped().assess(case, table=table()).resistance}

    assert status(same)["Acyclovir"] == "Contradicted"
    assert status(later)["Acyclovir"] == "Confirmed"


def test_proofs_with_a_table_are_accepted_and_engines_agree() -> None:
    """The checker accepts every step; the reference engine concludes the same."""
    case = shipped().looked_up(
        case_of(
            finding("ORF28", "A9012C"),
            finding("ORF36", "A9003C"),
            finding("ORF36", "any", effect="LossOfFunction"),
        ),
        table(),
    )
    (closure,) = shipped().reasoner.close([case.facts])
    (other,) = KnowledgeBase(shipped().knowledge, "reference").reasoner.close([case.facts])

    assert closure.proof is not None
    facts = frozenset({*case.facts.all, *closure.inferred})
    assert not Checker(shipped().knowledge).check(case.facts, facts, closure.proof)
    assert {f for f in closure.inferred if f in closure.rules} == {f for f in other.inferred if f in other.rules}


def test_a_table_needs_a_source_that_says_how_it_is_read() -> None:
    """The leading source alone has no limits, so a table with it is a wrong call, and is not left aside."""
    case = case_of(finding("ORF36", "A9001C"))
    with pytest.raises(UsageError, match="how a table of mutations is read"):
        note_alone().assess(case, table=table())
    with pytest.raises(UsageError):
        note_alone().genotype(table(), "VZV", "ORF36", "A9001C")


def test_what_if_and_pivot_use_the_table() -> None:
    """Both answers of a supposition rest on it, and so does the advice from which a search sets out."""
    case = case_of(finding("ORF28", "A9011C"))
    answer = shipped().what_if(case, ["HivInfection"], table=table())

    assert {a.findings.genotype[0].mutation for a in (answer.before, answer.after)} == {"A9011C"}
    assert shipped().pivot(case, "SwitchToFoscarnet", table=table()).before == "Consider, Prompt"


def test_an_answer_is_the_same_each_time() -> None:
    """Same case, same table: the same JSON, whatever the order of the findings."""
    findings = [finding("ORF36", "A9003C"), finding("ORF28", "A9012C"), finding("ORF36", "A9001C")]
    answers = [
        json.dumps(shipped().assess(case_of(*some), table=table()).to_json()["genotype"])
        for some in (findings, findings, findings[::-1])
    ]

    assert len(set(answers)) == 1


# ---- the command ----


@cache
def arguments(mutation: str, *, form: str = "json") -> list[str]:
    """Return a call of the command."""
    return [
        "genotype", "--table", str(TABLE), "--virus", "HSV1", "--gene", "UL23", "--mutation", mutation,
        "--format", form,
    ]  # fmt: skip


@pytest.fixture(autouse=True)
def _one_knowledge_base(monkeypatch: pytest.MonkeyPatch) -> None:
    """Share the shipped knowledge base, unless a test asks for another."""
    knowledge_base, load = shipped(), KnowledgeBase.load

    def shared(path: str | None = None, *, guidance: Any = None, engine: str = "compiled") -> KnowledgeBase:
        return knowledge_base if path is None and guidance is None else load(path, guidance=guidance, engine=engine)

    monkeypatch.setattr(KnowledgeBase, "load", shared)


@pytest.mark.parametrize("mutation", ["A9021C", "A9022C", "A9023C", "A9024C", "A9025C", "A9026C", "A9999C"])
def test_the_command_prints_the_published_form(mutation: str, capsys: pytest.CaptureFixture[str]) -> None:
    """JSON fits the schema, for a mutation that the table does not have too, and says what was looked up."""
    assert main(arguments(mutation)) == 0
    answer = json.loads(capsys.readouterr().out)
    Draft202012Validator(SCHEMAS["genotype"], registry=REGISTRY, format_checker=FormatChecker()).validate(answer)

    assert answer["inTable"] is bool(EXPECTED["HSV1", "UL23", mutation])
    assert {c["drug"]: (c["call"], c.get("strength")) for c in answer["calls"]} == EXPECTED["HSV1", "UL23", mutation]


def test_the_text_says_all_that_matters(capsys: pytest.CaptureFixture[str]) -> None:
    """Calls with their rows, the origin of the limits, the mechanism, each row, flags, and what is odd in the table."""
    assert main(arguments("A9023C", form="text")) == 0
    text = " ".join(capsys.readouterr().out.split())

    for said in (
        "acyclovir: Resistant, Moderate (for resistance: row 9023); limits borrowed from another virus; each of",
        "It leaves unaffected: amenamevir, cidofovir, foscarnet, pritelivir.",
        "Row 9023 (line 19): acyclovir 8",
        "Flag: further mutation reported",
        "coGene: UL30",
        "31 rows (28 of status A, 1 of status E, 1 of status O, 1 of status P); 28 are used, 25 of them",
        "'trust' in the column 'Aciclovir' (line 21)",
        "For a professional who decides",
    ):
        assert said in text
    assert main(arguments("A9026C", form="text")) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "no entry in use for this mutation" in text
    assert "Row 9026 (line 22) has it, and is not used: its status is O." in text


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({"--gene": "ORF36"}, 2, "Known genes of it are UL23, UL30, UL5, UL52."),
        ({"--virus": "HCMV"}, 2, "no virus is called 'HCMV'"),
        ({"--mutation": "  "}, 2, "the mutation is empty"),
        ({"--table": "none.tsv"}, 3, "the table cannot be read"),
        ({"--guidance": "valacyclovir-failure"}, 2, "no source in use says how a table of mutations is read"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(
    change: dict[str, str], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the exit code of its sort, and nothing on standard output."""
    given = [*arguments("A9021C")]
    for option, value in change.items():
        if option in given:
            given[given.index(option) + 1] = value
        else:
            given += [option, value]

    assert main(given) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert says in captured.err


def test_assess_and_explain_take_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The answer has the calls, and an explanation goes down to them."""
    path = tmp_path / "case.json"
    path.write_text(json.dumps(case_of(finding("ORF28", "A9011C")).to_json()), encoding="utf-8")

    assert main(["assess", str(path), "--table", str(TABLE), "--format", "json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    Draft202012Validator(SCHEMAS["assessment"]).validate(answer)
    assert [g["mutation"] for g in answer["genotype"]] == ["A9011C"]
    assert main(["explain", str(path), "Acyclovir", "--table", str(TABLE)]) == 0
    assert "is called resistant to acyclovir" in capsys.readouterr().out
    assert main(["assess", str(path), "--table", str(tmp_path / "none.tsv")]) == RefusedError.exit_code
    assert issubclass(RefusedError, RefractoryError)
