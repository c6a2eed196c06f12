"""The second guideline: a module from outside that follows CONTRIBUTING alone, and without a line of Python.

What is held here: it is answered as was written by hand, by both engines, with proofs that the checker accepts; none of
its rules is idle; what it counts is what the table holds; and whoever lays it on gets the shipped answers as before.
"""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pyoxigraph import Literal, Quad, RdfFormat, Store, Triple, parse

from refractory import Assessment, Case, KnowledgeBase
from refractory.checker.check import Checker, check_conclusions
from refractory.genotype.table import ResistanceTable
from refractory.guidance.golden import GoldenCase, golden_cases, projected
from refractory.knowledge.knowledge import Knowledge
from refractory.knowledge.rule_graph import rule_triples
from refractory.pipeline.genotype import genotype
from refractory.render.html import pages_html
from refractory.render.markdown import page_markdown
from refractory.render.page import page
from refractory.render.text import page_text
from refractory.vocabulary import Rdfs, Skos, local_name, rfy
from tests.agreement import SparingReference, disagreements
from tests.support import ROOT, assessed, golden, shipped, slugs
from tests.test_hygiene import FAULTS, found, shipped_quads, shipped_rows

MODULE = ROOT / "guidance" / "cytomegalovirus"
LEADING = "cytomegalovirus"
TABLE = MODULE / "tests" / "resistance-table.tsv"
GIVEN = Path(os.environ.get("REFRACTORY_HERPESDRG") or ROOT.parent / "shared" / "data" / "herpesdrg-db.tsv")
ALL, ALONE = None, (LEADING,)

Sources = tuple[str, ...] | None


@cache
def knowledge(sources: Sources) -> Knowledge:
    """Return the knowledge with the module laid on."""
    return Knowledge.load([MODULE], sources)


@cache
def base(sources: Sources) -> KnowledgeBase:
    """Return the knowledge base with the module laid on."""
    return KnowledgeBase(knowledge(sources))


@cache
def cases() -> dict[str, GoldenCase]:
    """Return the golden cases of the module."""
    return {case.slug: case for case in golden_cases(MODULE, knowledge(ALL))}


def table_of(case: GoldenCase, with_: Knowledge) -> ResistanceTable | None:
    """Return the module's small table, where a case is answered with one."""
    return ResistanceTable.load(TABLE, with_) if case.with_table else None


def answer_by(kb: KnowledgeBase, slug: str) -> Assessment:
    """Return the answer of a knowledge base to a golden case of the module."""
    case = cases()[slug]
    return kb.assess(case.case, table=table_of(case, kb.knowledge))


@cache
def answered(slug: str) -> Assessment:
    """Return the answer to a golden case by the sources that it was written for."""
    return answer_by(base(cases()[slug].sources(knowledge(ALL))), slug)


EVERY_CASE = pytest.mark.parametrize(
    "slug", sorted(path.parent.name for path in MODULE.glob("tests/cases/*/case.json"))
)


@EVERY_CASE
def test_answer_equals_what_was_written_by_hand(slug: str) -> None:
    """Each case is answered as complete sets, in the published form, and its story says why."""
    answer = answered(slug).to_json()
    schema = json.loads((ROOT / "schemas" / "assessment.schema.json").read_text(encoding="utf-8"))

    assert projected(answer) == cases()[slug].expected
    assert not list(Draft202012Validator(schema).iter_errors([answer]))
    assert len(cases()[slug].story.split()) > 15


def test_there_are_enough_cases() -> None:
    """Eight cases at the least, and all sources side by side among them."""
    assert len(cases()) >= 8
    assert {case.sources(knowledge(ALL)) for case in cases().values()} == {ALL, ALONE}


@pytest.mark.parametrize("sources", [ALONE, ALL], ids=["alone", "all"])
def test_both_engines_infer_the_same(sources: Sources) -> None:
    """The compiled engine concludes what the reference concludes, by the same rules, alone and among all sources."""
    kb = base(sources)
    some: list[Case] = [kb.looked_up(case.case, table_of(case, kb.knowledge)) for case in cases().values()]

    assert disagreements(some, kb.reasoner, SparingReference(kb.knowledge)) == []


@EVERY_CASE
def test_the_checker_accepts_the_proof(slug: str) -> None:
    """Each fact about a case is proved, and nothing that follows is left out."""
    assert check_conclusions(answered(slug), checker(cases()[slug].sources(knowledge(ALL)))) == []


@cache
def checker(sources: Sources) -> Checker:
    """Return the independent checker of the knowledge with the module laid on."""
    return Checker(knowledge(sources))


@pytest.mark.parametrize("name", sorted(rule.name for rule in knowledge(ALONE).rules))
def test_each_rule_changes_the_case_it_names(name: str) -> None:
    """A rule taken out changes the answer to the golden case that its header names."""
    (rule,) = (rule for rule in knowledge(ALONE).rules if rule.name == name)
    (slug,) = rule.list("shown-by")
    sources = cases()[slug].sources(knowledge(ALL))
    kept = tuple(each for each in knowledge(sources).rules if each.name != name)

    assert conclusions(answer_by(KnowledgeBase(replace(knowledge(sources), rules=kept)), slug)) != conclusions(
        answered(slug)
    )


def conclusions(answer: Assessment) -> dict[str, Any]:
    """Return what an answer says, without the letterhead that names the knowledge."""
    return answer.findings.to_json()


# ---- who lays it on gets the shipped answers as before ----


def test_the_shipped_cases_are_answered_as_before() -> None:
    """With the module laid on, every shipped golden case has the findings that it has without, by all sources.

    Only a question on the condition may name more that it would change: one more condition is known.
    """
    more = assessed(base(ALL), slugs())

    assert [slug for slug in slugs() if settled(more[slug]) != settled(golden()[slug])] == []


def settled(answer: Assessment) -> dict[str, Any]:
    """Return the findings; of a question on the condition, only that it is asked."""
    said = conclusions(answer)
    on_condition = [q for q in said["questions"] if q["fact"] == "ConditionOfCase"]
    others = [q for q in said["questions"] if q not in on_condition]
    return {**said, "questions": others, "asksForCondition": bool(on_condition)}


def test_the_leading_source_stays_the_first() -> None:
    """The module's sources come after the shipped leading one, and none stands beside it."""
    order = [source.id for source in knowledge(ALL).guidance]

    assert order[0] == shipped().knowledge.guidance[0].id
    assert [source.id for source in knowledge(ALONE).guidance] == [LEADING, f"{LEADING}-reading"]


# ---- what is read: no word of another guidance's subject ----


@pytest.mark.parametrize("slug", ["cmv-retinitis-resistant", "cmv-retinitis-susceptible", "cmv-retinitis-improving"])
def test_the_answer_of_the_module_alone_speaks_of_nothing_else(slug: str) -> None:
    """Text, Markdown and HTML name no drug, failure or dose that the module does not speak of."""
    shown = page(answered(slug), knowledge(ALONE))

    for text in (page_text(shown), page_markdown(shown), pages_html([shown])):
        assert "ganciclovir" in text.casefold()
        assert not re.search(r"acyclovir|failing|zoster|herpes simplex|dose (unknown|right|low)", text, re.IGNORECASE)


def test_where_two_sources_lead_the_one_that_is_about_the_case_speaks() -> None:
    """A case of the module is not said to be out of scope, nor to be failing or not; a shipped one is said to be so."""
    slug = "cmv-with-valacyclovir-all-sources"
    mine, theirs = answered(slug), answered("zoster-with-all-sources")
    lead = page(mine, knowledge(ALL)).lead

    assert (mine.not_applicable, mine.failure.spoken_of, lead) == ((), False, ())
    assert theirs.failure.spoken_of
    assert page(theirs, knowledge(ALL)).lead[0].startswith("Treatment is failing")


def test_a_case_that_is_nobodys_gets_the_reasons_of_the_first() -> None:
    """Of a case that no leading source is about, the reasons of the first are given, as without the module."""
    nobodys = Case.from_json('{"id": "https://example.org/case/nobodys"}', knowledge(ALL))

    assert base(ALL).assess(nobodys).not_applicable == shipped().assess(nobodys).not_applicable != ()


# ---- the table ----


def test_a_limit_that_holds_for_a_virus_is_used_for_no_other() -> None:
    """The same factor is held against the limits of its virus, and their origin is named."""
    tables = {sources: ResistanceTable.load(TABLE, knowledge(sources)) for sources in (ALL, ALONE)}
    mine = {s: genotype(base(s), tables[s], "HCMV", "UL97", "A9101C").calls.calls for s in (ALL, ALONE)}
    own = ResistanceTable.load(ROOT / "tests" / "data" / "resistance-table.tsv", knowledge(ALL))
    theirs = genotype(base(ALL), own, "VZV", "ORF36", "A9001C").calls.calls

    assert {call.cut_offs for calls in mine.values() for call in calls} == {"SetForCytomegalovirus"}
    assert {call.cut_offs for call in theirs} == {"BorrowedFromAnotherVirus", None}


def test_of_a_gene_whose_enzyme_is_not_known_nothing_is_said_by_mechanism() -> None:
    """No drug is called unaffected by a change of a gene of which nobody says what it encodes."""
    answer = genotype(base(ALL), ResistanceTable.load(TABLE, knowledge(ALL)), "HCMV", "UL97", "A9101C")

    assert (answer.calls.mechanism.doubtful, answer.calls.mechanism.unaffected) == ((), ())


@pytest.mark.skipif(
    not GIVEN.is_file(),
    reason="not run: the HerpesDRG table is not given (REFRACTORY_HERPESDRG, or shared/data/ beside the checkout)",
)
def test_the_counts_are_those_of_the_table() -> None:
    """The numbers of the statements are those of a plain recount: rows of a gene that resist, and were tested with."""
    counted = {gene: recount(gene) for gene in ("UL97", "UL54")}
    said = {n: knowledge(ALONE).text(rfy(f"{LEADING}-{n}"), rfy("paraphrase")) for n in (3, 4)}
    numbers = {n: [int(number) for number in re.findall(r"(?<![A-Z\d])\d+", text)] for n, text in said.items()}
    (resisting, (fos, fos_resist), (cdv, cdv_resist)), other = counted["UL97"], counted["UL54"]

    assert numbers[3][:5] == [resisting, fos, fos - fos_resist, cdv, cdv - cdv_resist]
    assert numbers[4][:5] == [other[0], *other[2], *other[1]]


def recount(gene: str) -> tuple[int, tuple[int, int], tuple[int, int]]:
    """Return how many active rows of a gene resist the first drug; of these, how many tested and resist two others."""
    with GIVEN.open(encoding="utf-8", newline="") as file:
        rows = [{column: cell.strip() for column, cell in row.items()} for row in csv.DictReader(file, delimiter="\t")]
    mine = [row for row in rows if (row["virus"], row["gene"], row["status"]) == ("HCMV", gene, "A")]
    resisting = [row for row in mine if resists(row["Ganciclovir"])]
    foscarnet, cidofovir = ([row[drug] for row in resisting if row[drug]] for drug in ("Foscarnet", "Cidofovir"))
    return (
        len(resisting),
        (len(foscarnet), sum(map(resists, foscarnet))),
        (len(cidofovir), sum(map(resists, cidofovir))),
    )


def resists(cell: str) -> bool:
    """Say whether a cell speaks for resistance."""
    return cell == "Resistant" or (cell not in ("", "Polymorphism") and float(cell) >= 2)


# ---- its words ----


@cache
def store() -> Store:
    """Return the shipped knowledge with the module in a store, rules as triples among it."""
    filled = Store()
    filled.bulk_extend(shipped_quads())
    filled.bulk_extend(module_quads())
    return filled


def module_quads() -> Iterator[Quad]:
    """Yield the module's Turtle and its rules as triples."""
    for path in sorted(MODULE.rglob("*.ttl")):
        yield from parse(path.read_bytes(), format=RdfFormat.TURTLE, rename_blank_nodes=True)
    yield from (Quad(t.subject, t.predicate, t.object) for t in rule_triples(knowledge(ALONE).rules))


# The front door of the installation does not know a module from outside, and its golden cases stand with the module.
NOT_OF_A_MODULE = {"module-that-nobody-imports"}


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault not in NOT_OF_A_MODULE])
def test_no_hygiene_query_finds_a_fault(fault: str) -> None:
    """What is asked of the shipped knowledge is asked of the module: words, places, orders, codes."""
    assert found(fault, store()) - shipped_rows(fault) == frozenset()


def test_python_names_nothing_of_it() -> None:
    """No name, label or synonym of a term of the module stands in Python."""
    own = knowledge(ALL).individuals - shipped().knowledge.individuals
    words = {local_name(term.value) for term in own}
    words |= {
        value.value
        for term in own
        for predicate in (Rdfs.LABEL, Skos.ALT_LABEL)
        for value in knowledge(ALONE).values(term, predicate)
        if isinstance(value, Literal)
    }
    pattern = re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, sorted(words)))})(?![\w-])", re.IGNORECASE)
    named = {path.name: pattern.findall(path.read_text(encoding="utf-8")) for path in (ROOT / "src").rglob("*.py")}

    assert len(words) > 30
    assert {name: words for name, words in named.items() if words} == {}


def test_nothing_of_the_installation_is_replaced() -> None:
    """Each file of the module is one more, and no triple of the shipped knowledge is gone."""
    before, after = shipped().knowledge, knowledge(ALL)

    assert set(before.triples) - set(after.triples) == {t for t in before.triples if has_blank(t)}
    assert {rule.name for rule in before.rules} < {rule.name for rule in after.rules}


def has_blank(triple: Triple) -> bool:
    """Say whether a triple has a blank node, which is another at each reading."""
    return "_:" in str(triple)
