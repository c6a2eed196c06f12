"""The cases by which two knowledges are compared: golden cases, or a folder of plain case files."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from refractory.case.reader import Case
from refractory.errors import UsageError
from refractory.guidance.golden import CASE, read_golden
from refractory.knowledge.knowledge import Knowledge


@dataclass(frozen=True, slots=True)
class Asked:
    """A case as one knowledge reads it.

    Attributes:
        case: The case.
        sources: What to load the knowledge with; None: all sources.
        with_table: Whether it was written to be answered with a table of mutations.
    """

    case: Case
    sources: tuple[str, ...] | None = None
    with_table: bool = False


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A case that each knowledge reads for itself, because each has its own names.

    Attributes:
        name: The name of its folder, or of the file.
        path: Where it stands.
        golden: Whether an expected answer stands beside it, which also says by which sources it is answered.
    """

    name: str
    path: Path
    golden: bool

    def read(self, knowledge: Knowledge) -> Asked:
        """Return the case as a knowledge with all its sources reads it.

        Raises:
            RefusedError: The knowledge does not understand it, or it cannot be read.
            LimitError: It is larger than allowed.
        """
        if not self.golden:
            return Asked(Case.read(self.path, knowledge=knowledge))
        found = read_golden(self.path.parent, knowledge)
        return Asked(found.case, found.sources(knowledge), found.with_table)


def case_files(folder: Path) -> tuple[CaseFile, ...]:
    """Return the cases of a folder by name: `*/case.json`, and `*.json` beside them; or those below its `tests/cases`.

    Raises:
        UsageError: There is none, so that nothing would be compared; or two have one name.
    """
    for place in (folder, folder / "tests" / "cases"):
        golden = (CaseFile(path.parent.name, path, _has_answer(path)) for path in place.glob(f"*/{CASE}"))
        plain = (CaseFile(path.stem, path, False) for path in place.glob("*.json"))
        found = sorted([*golden, *plain], key=lambda case: (case.name, str(case.path)))
        if found:
            for case, other in pairwise(found):
                if case.name == other.name:
                    raise UsageError(
                        f"two cases are called {case.name!r}.", place=str(place), fix="Give one of them another name."
                    )
            return tuple(found)
    raise UsageError(
        "there is no case in the folder.",
        place=str(folder),
        why="Without a case no answer can differ, and every version would do.",
        fix=f"Give a folder with */{CASE} or *.json, or one that has them below tests/cases.",
    )


def _has_answer(path: Path) -> bool:
    return path.with_name("expected.json").is_file()
