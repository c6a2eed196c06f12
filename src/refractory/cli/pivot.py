"""`refractory pivot`: which unknown facts would bring advice about, change it or take it away."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from refractory.cli.clock import time_limit
from refractory.cli.inputs import read_case
from refractory.cli.options import Settings, common, format_option, table_option
from refractory.cli.output import emit, emit_json

if TYPE_CHECKING:
    from refractory.knowledge.knowledge import Knowledge
    from refractory.pipeline.pivot import Pivots

_WIDTH = 100


@click.command()
@click.argument("case_name", metavar="CASE")
@click.option("--towards", "action", required=True, metavar="ACTION", help="The action that the search is about.")
@table_option
@format_option("text", "json")
@common
def pivot(case_name: str, action: str, table_path: str | None, form: str, settings: Settings) -> int:
    """Find the smallest sets of up to three unknown facts that would bring advice on an action about.

    Where the action is advised on already, the sets that would take the advice away or change its kind or urgency.
    """
    with time_limit(settings.timeout):
        from refractory.pipeline.knowledge_base import KnowledgeBase

        base = KnowledgeBase.load(settings.knowledge, guidance=settings.guidance)
        table = base.table(table_path) if table_path is not None else None
        answer = base.pivot(read_case(case_name, base.knowledge), action, table=table)
        text = "" if form == "json" else "".join(f"{line}\n" for line in _lines(answer, base.knowledge))
    if form == "json":
        emit_json(answer.to_json())
    else:
        emit(text)
    return 0


def _lines(answer: Pivots, knowledge: Knowledge) -> Iterator[str]:
    from refractory.model.assessment import NOTICE
    from refractory.pipeline.pivot import LARGEST
    from refractory.render.words import Words

    words = Words(knowledge)

    def said(text: str) -> str:
        return ", ".join(map(words.label, text.split(", "))) if text else "no advice"

    yield from textwrap.wrap(f"{words.title(answer.action)}, in {answer.case}", _WIDTH)
    yield f"Now: {said(answer.before)}."
    yield ""
    if not answer.found:
        yield f"No set of up to {LARGEST} unknown facts was found to change that."
    for number, found in enumerate(answer, 1):
        facts = [f"{words.label(name)} present" for name in found.present]
        facts += [f"{words.label(name)} absent" for name in found.absent]
        line = f"{' and '.join(facts)}: {said(found.after)}"
        yield from textwrap.wrap(line, _WIDTH, initial_indent=f"{number:>3}. ", subsequent_indent="     ")
    if answer.note:
        yield answer.note
    yield ""
    yield from textwrap.wrap(NOTICE, _WIDTH)
