"""What tests share: the golden cases, and an answer brought into the form that `expected.json` is written in."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from refractory import Assessment, Case, KnowledgeBase
from refractory.genotype.table import ResistanceTable
from refractory.knowledge.files import KnowledgeFiles, default_root
from refractory.knowledge.knowledge import Knowledge, load_files

ROOT = Path(__file__).resolve().parent.parent
CASES = ROOT / "tests" / "cases"


def slugs() -> list[str]:
    """Return the names of all golden cases; an empty folder is an error, not an empty test."""
    found = sorted(path.parent.name for path in CASES.glob("*/case.json"))
    if not found:
        raise FileNotFoundError(f"no golden case below {CASES}")
    return found


def read_case(slug: str) -> Case:
    """Return a golden case as it is written."""
    return Case.from_json((CASES / slug / "case.json").read_bytes())


OF_SOURCES = ("redFlags", "times", "positions", "weakened", "genotype")
"""The keys of `expected.json` that stand for nothing where they are left out."""

NOTE = "valacyclovir-failure"
"""The leading source. A case whose `expected.json` does not say `"guidance": "all"` is answered by it alone."""

TABLE = ROOT / "tests" / "data" / "resistance-table.tsv"
"""The resistance table of our own making, with which a case is answered whose `expected.json` says `"table": true`."""


def written(slug: str) -> dict[str, Any]:
    """Return `expected.json` as it stands."""
    found: dict[str, Any] = json.loads((CASES / slug / "expected.json").read_text(encoding="utf-8"))
    return found


def beside(slug: str) -> bool:
    """Say whether a case was written for all sources side by side."""
    return bool(written(slug).get("guidance") == "all")


def with_table(slug: str) -> bool:
    """Say whether a case is answered with the resistance table."""
    return bool(written(slug).get("table"))


def expected(slug: str) -> dict[str, Any]:
    """Return the answer that was written by hand, in canonical order."""
    said = {key: part for key, part in written(slug).items() if key not in ("guidance", "table")}
    return normal({key: part for key, part in said.items() if part or key not in OF_SOURCES})


@cache
def shipped() -> KnowledgeBase:
    """Return the knowledge base that is shipped."""
    return KnowledgeBase.load()


@cache
def shipped_files() -> KnowledgeFiles:
    """Return the files of the shipped knowledge."""
    return KnowledgeFiles.read(default_root())


def knowledge_without(*paths: str, **changed: str) -> Knowledge:
    """Return the shipped knowledge with files taken out."""
    contents = {path: text for path, text in shipped_files().contents.items() if path not in paths}
    contents |= {path: text.encode() for path, text in changed.items()}
    return load_files(KnowledgeFiles(shipped_files().root, contents))


def knowledge_with(contents: dict[str, str]) -> Knowledge:
    """Return the shipped knowledge with files added or replaced."""
    new = dict(shipped_files().contents) | {path: text.encode() for path, text in contents.items()}
    return load_files(KnowledgeFiles(shipped_files().root, new))


@cache
def note_alone() -> KnowledgeBase:
    """Return the knowledge base of the leading source alone, with what accompanies it."""
    return KnowledgeBase.load(guidance=[NOTE])


@cache
def table() -> ResistanceTable:
    """Return the resistance table of our own making."""
    return ResistanceTable.load(TABLE, shipped().knowledge)


def table_of(slug: str) -> ResistanceTable | None:
    """Return the resistance table with which a case is answered, if it is answered with one."""
    return table() if with_table(slug) else None


def as_answered(slug: str) -> Case:
    """Return a golden case with what the resistance table says of its genotype, where it is answered with one."""
    return shipped().looked_up(read_case(slug), table_of(slug))


def assessed(kb: KnowledgeBase, names: Iterable[str]) -> dict[str, Assessment]:
    """Return the assessments of golden cases, each with the resistance table or without, as it was written."""
    answers: dict[str, Assessment] = {}
    for tabled in (False, True):
        some = [name for name in names if with_table(name) == tabled]
        found = kb.assess_all(map(read_case, some), table=table() if tabled else None)
        answers |= dict(zip(some, found, strict=True))
    return {name: answers[name] for name in names}


@cache
def golden() -> dict[str, Assessment]:
    """Return the assessments of all golden cases by the shipped knowledge, all sources side by side."""
    return assessed(shipped(), slugs())


@cache
def golden_as_written() -> dict[str, Assessment]:
    """Return the assessments of all golden cases by the sources for which each was written."""
    alone = assessed(note_alone(), [slug for slug in slugs() if not beside(slug)])
    return {slug: alone.get(slug) or golden()[slug] for slug in slugs()}


def projected(answer: dict[str, Any]) -> dict[str, Any]:
    """Return of a JSON assessment what `expected.json` speaks of."""
    failure = answer["failure"]
    return normal(
        {
            **_of_sources(answer),
            "failing": failure["failing"],
            "dose": failure["dose"],
            **({"dayOfTreatment": failure["dayOfTreatment"]} if "dayOfTreatment" in failure else {}),
            "notApplicable": answer["notApplicable"],
            "resistance": {r["drug"]: r["status"] for r in answer["resistance"]},
            "heightenedBy": sorted({f for r in answer["resistance"] for f in r["heightenedBy"]}),
            "hypotheses": {h["name"]: h["status"] for h in answer["hypotheses"]},
            "recommendations": [[r["action"], r["kind"], r["urgency"]] for r in answer["recommendations"]],
            "forThisPatient": {
                r["action"]: {key: r["forThisPatient"][key] for key in ("dose", "unit")}
                for r in answer["recommendations"]
                if "forThisPatient" in r
            },
            "cautions": [c["name"] for c in answer["cautions"]],
            "cautionsAt": {
                r["action"]: sorted(c["name"] for c in r["cautions"])
                for r in answer["recommendations"]
                if r["cautions"]
            },
            "pitfalls": [p["name"] for p in answer["pitfalls"]],
            "conflicts": [_conflict(c) for c in answer["conflicts"]],
            "gaps": [[g["source"], g["line"]] for g in answer["gaps"]],
            "warnings": len(answer["warnings"]),
        }
    )


def _of_sources(answer: dict[str, Any]) -> dict[str, Any]:
    """Return what only an answer by several sources has, where it has any."""
    named = [(r["action"], r) for r in answer["recommendations"]]
    named += [(part["name"], part) for key in ("hypotheses", "cautions") for part in answer[key]]
    named += [(c["name"], c) for r in answer["recommendations"] for c in r["cautions"]]
    found = {
        "redFlags": answer.get("redFlags", []),
        "times": {t["name"]: t["reached"] for t in answer["failure"].get("times", []) if "reached" in t},
        "positions": {name: [p["name"] for p in part["positions"]] for name, part in named if "positions" in part},
        "weakened": [r["action"] for r in answer["recommendations"] if "weakenedBy" in r],
        "genotype": [
            [g["virus"], g["gene"], g["mutation"], {c["drug"]: c["call"] for c in g["calls"]}]
            for g in answer.get("genotype", [])
        ],
    }
    return {key: part for key, part in found.items() if part}


def _conflict(conflict: dict[str, Any]) -> list[str]:
    """Return two actions, sorted; or a disagreement, its subject, and who takes part: the note, or positions."""
    if "about" not in conflict:
        return sorted(conflict["between"])
    parts = [p["source"] if p["stance"] == "Leads" else p["name"] for p in conflict["positions"]]
    return [conflict["name"], conflict["about"], *parts]


def normal(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer with its lists in one order: they compare as complete sets."""
    return {key: _sorted(part) for key, part in sorted(answer.items())}


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(part) for key, part in sorted(value.items())}
    if isinstance(value, list):
        return sorted((_sorted(part) for part in value), key=json.dumps)
    return value
