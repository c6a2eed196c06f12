"""What tests share: the golden cases, the shipped knowledge, and its answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from refractory import Assessment, Case, KnowledgeBase
from refractory.genotype.table import ResistanceTable
from refractory.guidance.golden import ALL, GoldenCase, read_golden
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


@cache
def golden_case(slug: str) -> GoldenCase:
    """Return a golden case with what was written by hand."""
    return read_golden(CASES / slug)


def read_case(slug: str) -> Case:
    """Return a golden case as it is written."""
    return golden_case(slug).case


NOTE = "valacyclovir-failure"
"""The leading source. A case whose `expected.json` does not say `"guidance": "all"` is answered by it alone."""

TABLE = ROOT / "tests" / "data" / "resistance-table.tsv"
"""The resistance table of our own making, with which a case is answered whose `expected.json` says `"table": true`."""


def written(slug: str) -> Mapping[str, Any]:
    """Return `expected.json` as it stands."""
    return golden_case(slug).written


def beside(slug: str) -> bool:
    """Say whether a case was written for all sources side by side."""
    return golden_case(slug).guidance == ALL


def with_table(slug: str) -> bool:
    """Say whether a case is answered with the resistance table."""
    return golden_case(slug).with_table


def expected(slug: str) -> dict[str, Any]:
    """Return the answer that was written by hand, in canonical order."""
    return golden_case(slug).expected


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
