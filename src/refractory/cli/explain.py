"""`refractory explain`: why a conclusion holds, or why an action is not advised."""

from __future__ import annotations

import click

from refractory.cli.clock import time_limit
from refractory.cli.inputs import read_case
from refractory.cli.options import Settings, assessed_on_option, common, format_option, table_option
from refractory.cli.output import emit, emit_json
from refractory.errors import UsageError


@click.command()
@click.argument("case_name", metavar="CASE")
@click.argument("conclusion", required=False)
@click.option("--why-not", "action", metavar="ACTION", help="Say what is missing for this action to be advised.")
@table_option
@assessed_on_option
@format_option("text", "tree", "json", "turtle", "mermaid", "svg")
@common
def explain(
    case_name: str,
    *,
    conclusion: str | None,
    action: str | None,
    table_path: str | None,
    assessed_on: str | None,
    form: str,
    settings: Settings,
) -> int:
    """Say why a conclusion holds: what was said, which rule and which line of a source each step rests on.

    CONCLUSION is an action, a pitfall, caution, conflict, gap, hypothesis or reason, a drug (for its status),
    or one of failure, dose, dayOfTreatment; without it, every recommendation is explained. The tree shows each part
    once; turtle is PROV-O; svg needs Graphviz.
    """
    if action is not None and (conclusion is not None or form not in {"text", "json"}):
        raise UsageError("--why-not stands alone, as text or json.", fix="Leave out CONCLUSION and other forms.")
    with time_limit(settings.timeout):
        from refractory.explain.explanation import explain as write
        from refractory.explain.why_not import why_not, why_not_text
        from refractory.pipeline.knowledge_base import KnowledgeBase

        base = KnowledgeBase.load(settings.knowledge, guidance=settings.guidance, engine="compiled")
        table = base.table(table_path) if table_path is not None else None
        assessment = base.assess(read_case(case_name, base.knowledge, assessed_on=assessed_on), table=table)
        if action is None:
            text = write(assessment, base.knowledge, conclusion, form)
        else:
            answer = why_not(action, assessment, base.knowledge)
            text = why_not_text(answer)
    if action is not None and form == "json":
        emit_json(answer.to_json())
    else:
        emit(text)
    return 0
