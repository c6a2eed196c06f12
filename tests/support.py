"""What tests share: the golden cases, and an answer brought into the form that `expected.json` is written in."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from refractory import Assessment, Case, KnowledgeBase
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


def expected(slug: str) -> dict[str, Any]:
    """Return the answer that was written by hand, in canonical order."""
    written: dict[str, Any] = json.loads((CASES / slug / "expected.json").read_text(encoding="utf-8"))
    return normal(written)


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
def golden() -> dict[str, Assessment]:
    """Return the assessments of all golden cases by the shipped knowledge."""
    names = slugs()
    return dict(zip(names, shipped().assess_all(map(read_case, names)), strict=True))


def projected(answer: dict[str, Any]) -> dict[str, Any]:
    """Return of a JSON assessment what `expected.json` speaks of."""
    failure = answer["failure"]
    return normal(
        {
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
            "conflicts": [sorted(c["between"]) for c in answer["conflicts"]],
            "gaps": [[g["source"], g["line"]] for g in answer["gaps"]],
            "warnings": len(answer["warnings"]),
        }
    )


def normal(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer with its lists in one order: they compare as complete sets."""
    return {key: _sorted(part) for key, part in sorted(answer.items())}


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(part) for key, part in sorted(value.items())}
    if isinstance(value, list):
        return sorted((_sorted(part) for part in value), key=json.dumps)
    return value
