"""`refractory validate`: what the shapes find in cases."""

from __future__ import annotations

from typing import Any

import click

from refractory.cli.clock import time_limit
from refractory.cli.inputs import emit_answers, read_cases, show_errors
from refractory.cli.options import Settings, assessed_on_option, common, format_option, split_option
from refractory.cli.output import emit
from refractory.errors import NonConformingError


@click.command()
@click.argument("cases", metavar="CASE...", nargs=-1, required=True)
@format_option("text", "json", "markdown", "turtle")
@assessed_on_option
@split_option
@common
def validate(cases: tuple[str, ...], *, form: str, assessed_on: str | None, split: bool, settings: Settings) -> int:
    """Hold cases against the shapes: each finding with place, value, reason and fix.

    The exit code is 1 when a case does not conform; warnings alone are no reason. As Turtle, the W3C validation report.
    """
    with time_limit(settings.timeout * len(cases)):
        from refractory.pipeline.knowledge_base import KnowledgeBase
        from refractory.render.report import report_markdown, report_text, report_turtle

        base = KnowledgeBase.load(settings.knowledge, guidance=settings.guidance)
        entries = read_cases(cases, base.knowledge, assessed_on=assessed_on, split=split)
        answers: list[dict[str, Any]] = []
        texts: list[str] = []
        worst = 0
        render = {"text": report_text, "markdown": report_markdown, "turtle": report_turtle}.get(form)
        for entry in entries:
            if entry.case is None:
                answers.append(entry.refusal())
                continue
            report = base.validate(entry.case)
            answers.append(report.to_json())
            worst = max(worst, 0 if report.conforms else NonConformingError.exit_code)
            if render:
                texts.append(render(report))
    if form == "json":
        emit_answers(answers)
    else:
        emit("\n".join(texts))
    return max(worst, show_errors(entries, debug=settings.debug))
