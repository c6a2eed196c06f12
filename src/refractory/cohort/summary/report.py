"""The report of a cohort as one page: pictures, the numbers under each, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from refractory.cohort.summary.reporting.answers import sections_of_answers
from refractory.cohort.summary.reporting.beside import sections_beside
from refractory.cohort.summary.reporting.drawing import number, percent
from refractory.cohort.summary.reporting.shown import Said
from refractory.model.assessment import NOTICE
from refractory.web.pages import ASSETS, page

_STYLES = ("style.css", "cohort.css")


def report(summary: Mapping[str, Any], *, title: str) -> str:
    """Return the report of a summary, as HTML that stands alone: nothing in it is loaded from elsewhere.

    Args:
        summary: As `summarize` returns it.
        title: What the cohort is called.
    """
    said = Said(summary)
    return page(
        "cohort/report.html",
        title=title,
        notice=NOTICE,
        style="".join((ASSETS / name).read_text(encoding="utf-8") for name in _STYLES),
        figures=_figures(said),
        sections=[*sections_of_answers(said), *sections_beside(said)],
        answered_by=summary["answeredBy"],
        label=said.label,
    )


def _figures(said: Said) -> list[tuple[str, str, str]]:
    """Return the figures that come first: number, words, share of the step before."""
    return [
        (
            number(step["patients"]),
            step["says"],
            "" if before is None else f"{percent(step['patients'], before['patients'])} of those before",
        )
        for step, before in zip(said.steps, (None, *said.steps), strict=False)
    ]
