"""The promises of the design that hold for every answer."""

from __future__ import annotations

import copy
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from pyoxigraph import NamedNode, QuerySolutions

from refractory import Case
from refractory.vocabulary import NAMESPACE, local_name, rfy
from tests.support import CASES, ROOT, golden, read_case, shipped, slugs, table_of

# Which predicate a JSON key stands for is told by the published context.
CONTEXT = json.loads((ROOT / "schemas" / "case.context.jsonld").read_text(encoding="utf-8"))["@context"]
REQUIRED = {"id", "drug", "status", "interpretation", "virus", "gene", "mutation", "quantity", "value", "unit"}

# The facts that a removal takes out, as (predicate, value if a name), and the case without them.
Fact = tuple[str, str | None]
Removal = tuple[tuple[Fact, ...], dict[str, Any]]


def predicate(context: dict[str, Any], key: str) -> str:
    """Return the local name of the predicate of a JSON key."""
    return str(context[key]["@id"]).removeprefix("rfy:")


def removals(case: dict[str, Any]) -> Iterator[Removal]:
    """Yield each fact, and each treatment, result and patient with all its facts, and the case without it."""
    for key, value in case.items():
        if key == "id":
            continue
        scoped = CONTEXT[key].get("@context", {})
        items = value if isinstance(value, list) else [value]
        for index, item in enumerate(items):
            without = copy.deepcopy(case)
            if isinstance(value, list):
                del without[key][index]
            else:
                del without[key]
            inner = item if isinstance(item, dict) else {}
            within = tuple((predicate(scoped, k), v if isinstance(v, str) else None) for k, v in inner.items())
            yield ((predicate(CONTEXT, key), item if isinstance(item, str) else None), *within), without
            for part, fact in zip(inner, within, strict=True):
                if part not in REQUIRED:
                    without = copy.deepcopy(case)
                    del (without[key][index] if isinstance(value, list) else without[key])[part]
                    yield (fact,), without


@cache
def finds_out() -> dict[str, set[str]]:
    """Return for each fact the actions that find it out; a kind of a fact is found out with it."""
    store = shipped().knowledge.store
    rows = store.query(
        "SELECT ?fact ?action { ?action rfy:findsOut/^rfy:isKindOf* ?fact }", prefixes={"rfy": NAMESPACE}
    )
    assert isinstance(rows, QuerySolutions)
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(local_name(row["fact"].value), set()).add(local_name(row["action"].value))
    return found


@cache
def evidence_against() -> frozenset[tuple[str, str, str | None, str]]:
    """Return (declaration, predicate, value or None for any, action) of what the graph says holds an action back."""
    knowledge = shipped().knowledge
    found = set()
    for item in knowledge.members(rfy("EvidenceAgainst")):
        stated = knowledge.values(item, rfy("isStatedAs"))
        wanted: list[str | None] = [local_name(x.value) for x in stated if isinstance(x, NamedNode)] or [None]
        for p in knowledge.values(item, rfy("isStatedWith")):
            for action in knowledge.values(item, rfy("speaksAgainst")):
                assert isinstance(p, NamedNode)
                assert isinstance(action, NamedNode)
                names = (local_name(item.value), local_name(p.value), local_name(action.value))
                found |= {(names[0], names[1], value, names[2]) for value in wanted}
    return frozenset(found)


@cache
def grown(slug: str) -> list[tuple[tuple[Fact, ...], str, frozenset[str]]]:
    """Return (facts left out, action that appears or grows, declarations that allow it)."""
    written = json.loads((CASES / slug / "case.json").read_text(encoding="utf-8"))
    parts = list(removals(written))
    variants = [
        Case.from_json({**without, "id": f"{written['id']}/without/{number}"})
        for number, (_, without) in enumerate(parts)
    ]
    before = ranks(golden()[slug].to_json())
    found = []
    for (facts, _), answer in zip(parts, shipped().assess_all(variants, table=table_of(slug)), strict=True):
        named = tuple((name, resolved(value)) for name, value in facts)
        for action, (kind, urgency) in ranks(answer.to_json()).items():
            old = before.get(action)
            if old and old[0] <= kind and old[1] <= urgency:
                continue
            if any(fact and action in finds_out().get(fact, ()) for _, fact in named):
                continue
            allowed = frozenset(
                d
                for d, p, v, a in evidence_against()
                for name, fact in named
                if (p, a) == (name, action) and v in (None, fact)
            )
            found.append((named, action, allowed))
    return found


def resolved(value: str | None) -> str | None:
    """Return the local name of the term that a name stands for, if it names one."""
    term = shipped().knowledge.names.find(value) if value else None
    return local_name(term.value) if term else None


def ranks(answer: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """Return kind and urgency of each action as ranks: the smaller, the stronger."""
    kinds, urgencies = ["Recommend", "Consider", "Avoid"], ["Immediate", "Prompt", "Routine"]
    return {r["action"]: (kinds.index(r["kind"]), urgencies.index(r["urgency"])) for r in answer["recommendations"]}


@pytest.mark.parametrize("slug", slugs())
def test_unknown_is_not_no(slug: str) -> None:
    """Leaving a fact out adds or strengthens no action, but those that find it out and those it is evidence against."""
    unexplained = [(facts, action) for facts, action, allowed in grown(slug) if not allowed]

    assert unexplained == []


# Cases in which each entry of the list is needed, so that one worker can look at all of them.
NEEDED_BY = {
    "AllergyAgainstSwitch": "foscarnet-allergy",
    "TreatmentUnderWay": "foscarnet-under-way",
    "ResultAgainstSuspicion": "excluded-while-spreading",
    "TellingApartAgainstVerification": "confirmed-told-apart-by-specimens",
    "StartAgainstFailure": "scope-begun-same-day",
    "ConditionAgainstFailure": "scope-sibling-kinds-of-zoster",
    "PatientOutsideReference": "dose-full-at-clearance-40",
    "JudgementAgainstDose": "dose-judgement-against-right",
    "RecordedDose": "dose-judgement-against-low",
    "ContraindicationOfIntravenousCidofovir": "beside-cidofovir-allergy-to-sulfonamides",
    "EndOfFoscarnetAgainstIntravenousCidofovir": "beside-cidofovir-7-days-after-foscarnet",
    "GenotypeAgainstSuspicion": "beside-genotype-polymerase-mutant",
    "ResolutionAgainstRedFlag": "beside-disseminated-zoster-resolved",
    "ResultAgainstTesting": "beside-zoster-susceptible-day-6",
}


@pytest.mark.parametrize("declaration", sorted({d for d, _, _, _ in evidence_against()}))
def test_no_evidence_against_is_declared_in_vain(declaration: str) -> None:
    """Each entry of the graph's list is what some golden case rests on; too wide a list would excuse anything."""
    assert declaration in {d for _, _, allowed in grown(NEEDED_BY[declaration]) if len(allowed) == 1 for d in allowed}


@pytest.mark.parametrize("seed", ["0", "1", "31337"])
def test_same_bytes_whatever_the_hash_seed_folder_and_time_zone(seed: str, tmp_path: Any) -> None:
    """The command prints the same bytes under another hash seed, from another folder and in another time zone."""
    case = CASES / "design-example" / "case.json"
    environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": "Pacific/Kiritimati", "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "refractory", "assess", str(case), "--format", "json"]
    printed = subprocess.run(command, capture_output=True, check=True, cwd=tmp_path, env=environment).stdout

    elsewhere = {**environment, "TZ": "UTC", "PYTHONHASHSEED": "7"}

    assert golden()["design-example"].to_json() == json.loads(printed)
    assert printed == subprocess.run(command, capture_output=True, check=True, cwd=ROOT, env=elsewhere).stdout


@pytest.mark.parametrize("slug", ["design-example", "confirmed-told-apart-by-dates", "dose-two-low-entries"])
def test_same_bytes_whatever_the_order_of_triples(slug: str) -> None:
    """Shuffling the triples of a case changes no byte of its answer."""
    lines = read_case(slug).to_graph().serialize(format="nt").splitlines()
    random.Random(slug).shuffle(lines)  # noqa: S311  # a fixed seed is what is wanted here
    shuffled = Case.from_turtle("\n".join(lines).encode())

    assert json.dumps(golden()[slug].to_json()) == json.dumps(shipped().assess(shuffled).to_json())


def test_a_case_cannot_change_the_knowledge() -> None:
    """The knowledge is the same after all cases were answered."""
    before = shipped().hash, len(shipped().knowledge.store)
    golden()

    assert before == (shipped().hash, len(shipped().knowledge.store))


@pytest.mark.parametrize("slug", slugs())
def test_every_conclusion_names_its_statements(slug: str) -> None:
    """Each status, action, caution, pitfall, conflict, question and hypothesis rests on a statement with its place."""
    answer = golden()[slug].to_json()
    parts = ("resistance", "hypotheses", "recommendations", "cautions", "pitfalls", "conflicts", "questions")
    bare = [item for part in parts for item in answer[part] if not item["statements"]]
    bare += [c for r in answer["recommendations"] for c in r["cautions"] if not c["statements"]]

    assert bare == []
