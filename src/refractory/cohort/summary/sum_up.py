"""What a run does last: `summary.json` and `report.html`, beside the answers that they sum up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from refractory.cohort.running.parts import told_of_the_disk, write_whole
from refractory.cohort.summary.summary import summarize
from refractory.errors import UsageError
from refractory.knowledge.knowledge import Knowledge

SUMMARY: Final = "summary.json"
REPORT: Final = "report.html"


def sum_up(
    out: Path, knowledge: Knowledge, *, title: str = "", truth: Path | None = None, others: tuple[Path, ...] = ()
) -> dict[str, Any]:
    """Write summary and report of a folder of answers, each whole or not at all, and return the summary.

    Args:
        out: The folder that `refractory cohort` wrote.
        knowledge: The knowledge that answered.
        title: What the cohort is called; empty: as its folder.
        truth: The truth of a simulated cohort, to measure recall by.
        others: Folders of answers to the same input, to compare with.

    Raises:
        UsageError: As in `summarize`, or what draws pictures is not installed; the summary is written nevertheless.
        RefusedError: As in `summarize`, or a file cannot be written.
        LimitError: There is no room to write.
        KnowledgeError: As in `summarize`.
    """
    said = summarize(out, knowledge, truth=truth, others=others)
    _write(json.dumps(said, ensure_ascii=False, indent=2) + "\n", out / SUMMARY)
    try:
        from refractory.cohort.summary.report import report

        page = report(said, title=title or f"Cohort {out.resolve().name}")
    except ModuleNotFoundError as error:
        raise UsageError(
            f"what draws the report is not installed: {error.name} is missing.",
            place=str(out / REPORT),
            fix="pip install 'refractory[cohort]', and run the same command again: nothing is answered twice.",
        ) from error
    _write(page, out / REPORT)
    return said


def _write(text: str, path: Path) -> None:
    with told_of_the_disk(path.parent):
        write_whole(path, text.encode())
