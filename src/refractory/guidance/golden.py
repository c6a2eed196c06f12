"""Golden cases: a case, the story behind it, and the answer that was written by hand before the program answered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from refractory.case.reader import Case
from refractory.errors import RefusedError, UsageError
from refractory.knowledge.knowledge import Knowledge

OF_SOURCES: Final = ("redFlags", "times", "positions", "weakened", "genotype")
"""The keys of `expected.json` that stand for nothing where they are left out."""

ALL: Final = "all"
"""What `guidance` says in `expected.json` where a case is answered by all sources side by side."""

CASE: Final = "case.json"
_STORY, _EXPECTED, _GUIDANCE, _TABLE = "story.md", "expected.json", "guidance", "table"
_HOW: Final = "It holds one JSON object, written by hand; docs/guidance-test.md says what may stand in it."


@dataclass(frozen=True, slots=True)
class GoldenCase:
    """A case with the answer that is expected.

    Attributes:
        slug: The name of its folder.
        folder: The folder.
        story: What happened and why the expected answer follows; empty where there is no `story.md`.
        case: The case.
        written: `expected.json` as it stands.
    """

    slug: str
    folder: Path
    story: str
    case: Case
    written: Mapping[str, Any]

    @property
    def said(self) -> dict[str, Any]:
        """The answer that was written by hand, as it was written."""
        said = {key: part for key, part in self.written.items() if key not in (_GUIDANCE, _TABLE)}
        return {key: part for key, part in said.items() if part or key not in OF_SOURCES}

    @property
    def expected(self) -> dict[str, Any]:
        """The answer that was written by hand, in canonical order."""
        return normal(self.said)

    @property
    def guidance(self) -> tuple[str, ...] | str | None:
        """The sources that answer: identifiers; `ALL`; or None, the leading source with what accompanies it."""
        said = self.written.get(_GUIDANCE)
        return tuple(said) if isinstance(said, list) else said

    @property
    def with_table(self) -> bool:
        """Whether it is answered with the resistance table."""
        return bool(self.written.get(_TABLE))

    def sources(self, knowledge: Knowledge) -> tuple[str, ...] | None:
        """Return what to load the knowledge with so that the case is answered as it was written; None: all sources.

        Args:
            knowledge: The knowledge with all its sources.
        """
        said = self.guidance
        if isinstance(said, str):
            return None
        return said or (knowledge.guidance[0].id,)


def golden_folders(folder: Path) -> tuple[Path, ...]:
    """Return the folders of the golden cases of a module, or of a folder of cases, in the order of their names.

    Args:
        folder: A folder whose folders hold a `case.json`, or one with such a folder at `tests/cases`.

    Raises:
        UsageError: There is no case: an empty check would pass.
    """
    for place in (folder, folder / "tests" / "cases"):
        if found := sorted(path.parent for path in place.glob(f"*/{CASE}")):
            return tuple(found)
    raise UsageError(
        "no golden case is found.",
        place=str(folder),
        why="A check of nothing would pass.",
        fix=f"Give a folder whose folders each hold a {CASE}, or one that has them below tests/cases.",
    )


def golden_cases(folder: Path, knowledge: Knowledge | None = None) -> tuple[GoldenCase, ...]:
    """Read the golden cases of a folder, as `golden_folders` finds them.

    Args:
        folder: As in `golden_folders`.
        knowledge: What the names in the cases are resolved by; the shipped knowledge by default.

    Raises:
        UsageError: There is no case.
        RefusedError: A case or its expected answer cannot be read.
        LimitError: A case is larger than allowed.
    """
    return tuple(read_golden(place, knowledge) for place in golden_folders(folder))


def read_golden(folder: Path, knowledge: Knowledge | None = None) -> GoldenCase:
    """Read one golden case; arguments and errors as in `golden_cases`."""
    story = folder / _STORY
    return GoldenCase(
        folder.name,
        folder,
        _text(story) if story.is_file() else "",
        Case.read(folder / CASE, knowledge=knowledge),
        _written(folder / _EXPECTED),
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise RefusedError(f"the file cannot be read: {error.strerror}.", place=str(path), fix="Write it.") from None
    except UnicodeDecodeError:
        raise RefusedError("the file is not UTF-8.", place=str(path), fix="Save it as UTF-8.") from None


def _written(path: Path) -> dict[str, Any]:
    try:
        said = json.loads(_text(path))
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"the expected answer is not JSON: {error}.", place=str(path), fix=_HOW) from None
    if not isinstance(said, dict):
        raise RefusedError("the expected answer is not a JSON object.", place=str(path), fix=_HOW)
    sources = said.get(_GUIDANCE, ALL)
    listed = isinstance(sources, list) and sources and all(isinstance(name, str) for name in sources)
    if sources != ALL and not listed:
        raise RefusedError(
            f"{_GUIDANCE!r} is neither {ALL!r} nor a list of sources.",
            place=str(path),
            fix=f'Write "{ALL}" or a list of identifiers; leave it out for the leading source alone.',
        )
    return said


def projected(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return of a JSON assessment what `expected.json` speaks of, in canonical order."""
    return normal(spoken_of(answer))


def spoken_of(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return of a JSON assessment what `expected.json` speaks of, in the order of the answer."""
    failure = answer["failure"]
    return {
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
            r["action"]: sorted(c["name"] for c in r["cautions"]) for r in answer["recommendations"] if r["cautions"]
        },
        "pitfalls": [p["name"] for p in answer["pitfalls"]],
        "conflicts": [_conflict(c) for c in answer["conflicts"]],
        "gaps": [[g["source"], g["line"]] for g in answer["gaps"]],
        "warnings": len(answer["warnings"]),
    }


def _of_sources(answer: Mapping[str, Any]) -> dict[str, Any]:
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


def _conflict(conflict: Mapping[str, Any]) -> list[str]:
    """Return two actions, sorted; or a disagreement, its subject, and who takes part: the note, or positions."""
    if "about" not in conflict:
        return sorted(conflict["between"])
    parts = [p["source"] if p["stance"] == "Leads" else p["name"] for p in conflict["positions"]]
    return [conflict["name"], conflict["about"], *parts]


def normal(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer with its lists in one order: they compare as complete sets."""
    return {key: _sorted(part) for key, part in sorted(answer.items())}


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(part) for key, part in sorted(value.items())}
    if isinstance(value, list):
        return sorted((_sorted(part) for part in value), key=json.dumps)
    return value
