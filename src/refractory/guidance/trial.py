"""Golden cases put to the test: each is answered as it was written for, and held against the expected answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from refractory.errors import RefractoryError, RefusedError, UsageError
from refractory.genotype.table import ResistanceTable
from refractory.guidance.coverage import Coverage, Covering
from refractory.guidance.differences import Difference, differences
from refractory.guidance.golden import GoldenCase, golden_folders, projected, read_golden, spoken_of
from refractory.guidance.parts import Names
from refractory.guidance.reasons import Reasons
from refractory.knowledge.files import KnowledgeFiles
from refractory.knowledge.knowledge import Knowledge, load_files
from refractory.model.assessment import SCHEMA_VERSION, Assessment
from refractory.pipeline.knowledge_base import KnowledgeBase


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one golden case.

    Attributes:
        slug: The name of its folder.
        errors: Why it could not be answered, or what it lacks.
        differences: Where the answer is not the expected one.
    """

    slug: str
    errors: tuple[RefractoryError, ...] = ()
    differences: tuple[Difference, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether it was answered as expected, and nothing is missing."""
        return not self.errors and not self.differences

    def to_json(self) -> dict[str, Any]:
        """Return the published form."""
        return {
            "case": self.slug,
            "passed": self.passed,
            "errors": [error.to_json() for error in self.errors],
            "differences": [difference.to_json() for difference in self.differences],
        }


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of the golden cases of a folder.

    Attributes:
        knowledge_hash: SHA-256 of the knowledge with all its sources.
        cases: Each case, by name.
        coverage: What no case touches.
    """

    knowledge_hash: str
    cases: tuple[Tried, ...]
    coverage: Coverage

    @property
    def passed(self) -> bool:
        """Whether each case was answered as expected."""
        return all(case.passed for case in self.cases)

    def to_json(self) -> dict[str, Any]:
        """Return the published form (`schemas/guidance-test.schema.json`)."""
        return {
            "schemaVersion": SCHEMA_VERSION,
            "knowledgeHash": self.knowledge_hash,
            "passed": self.passed,
            "cases": [case.to_json() for case in self.cases],
            "coverage": self.coverage.to_json(),
        }


def try_cases(folder: Path, knowledge: Sequence[str | Path] = (), table: Path | None = None) -> Trial:
    """Answer the golden cases of a folder, and say where the answers are not the expected ones.

    Args:
        folder: A module, whose guidance is added and whose cases stand below `tests/cases`; or a folder of cases.
        knowledge: Folders of a whole knowledge or of modules that are used as well.
        table: A table of mutations, for the cases that are answered with one.

    Raises:
        UsageError: There is no case, or a folder is neither a knowledge nor a module.
        RefusedError: The table cannot be read.
        KnowledgeError: The files of the knowledge are at fault.
    """
    places = golden_folders(folder)
    bench = _Bench(KnowledgeFiles.gather(_with_module(folder, knowledge)), table)
    cases = tuple(map(bench.tried, places))
    return Trial(bench.knowledge.hash, cases, bench.covering.coverage())


def _with_module(folder: Path, knowledge: Sequence[str | Path]) -> list[str | Path]:
    """Return the folders of the knowledge, with the folder itself where it holds some and is not named already."""
    named = {Path(path).resolve() for path in knowledge}
    holds = any((folder / part).is_dir() for part in ("ontology", "queries"))
    return [*knowledge, folder] if holds and folder.resolve() not in named else [*knowledge]


class _Bench:
    """Answers cases; the knowledge is loaded once for each choice of sources."""

    def __init__(self, files: KnowledgeFiles, table: Path | None) -> None:
        self.knowledge = load_files(files)
        self._table = ResistanceTable.load(table, self.knowledge) if table is not None else None
        self.covering = Covering(self.knowledge, self._table)
        self._bases: dict[tuple[str, ...] | None, KnowledgeBase] = {}

    def tried(self, folder: Path) -> Tried:
        errors: list[RefractoryError] = []
        found: tuple[Difference, ...] = ()
        try:
            golden = read_golden(folder, self.knowledge)
            if not golden.story.strip():
                errors.append(_no_story(folder))
            base = self._base(golden)
            assessment = base.assess(golden.case, questions=False, table=self._table_of(golden))
            self.covering.add(assessment, base.knowledge)
            found = _compared(golden, assessment, base.knowledge)
        except RefractoryError as error:
            errors.append(error)
        return Tried(folder.name, tuple(errors), found)

    def _base(self, golden: GoldenCase) -> KnowledgeBase:
        sources = golden.sources(self.knowledge)
        if sources not in self._bases:
            chosen = self.knowledge if sources is None else load_files(self.knowledge.files, sources)
            self._bases[sources] = KnowledgeBase(chosen)
        return self._bases[sources]

    def _table_of(self, golden: GoldenCase) -> ResistanceTable | None:
        if not golden.with_table:
            return None
        if self._table is None:
            raise UsageError(
                "the case is answered with a table of mutations, and none was given.",
                place=str(golden.folder),
                why='Its expected.json says "table": true, and without the table the answer would be another.',
                fix="Give the table with --table FILE.",
            )
        return self._table


def _no_story(folder: Path) -> RefractoryError:
    return RefusedError(
        "the case has no story.",
        place=str(folder / "story.md"),
        why="Nobody can tell then why the expected answer follows, or whether it still should.",
        fix="Write what happened, from which source, and why the expected answer follows.",
    )


def _compared(golden: GoldenCase, assessment: Assessment, knowledge: Knowledge) -> tuple[Difference, ...]:
    answer = assessment.to_json()
    if golden.expected == projected(answer):
        return ()
    found = differences(golden.said, spoken_of(answer), Names(knowledge))
    if not found:
        # No single conclusion differs, and yet the whole does: it is written in another way than answers are.
        says = "expected.json is not written in the form that answers have."
        return (Difference("expected.json", "unreadable", (), (), (), says),)
    reasons = Reasons(assessment, knowledge)
    return tuple(replace(difference, why=reasons.of(difference)) for difference in found)
