"""`refractory what-if`: the answer as it is beside the answer as it would be, and what differs."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from refractory.cli.clock import time_limit
from refractory.cli.inputs import read_case
from refractory.cli.options import Settings, common, format_option, table_option
from refractory.cli.output import emit, emit_json

if TYPE_CHECKING:
    from refractory.pipeline.knowledge_base import KnowledgeBase
    from refractory.pipeline.what_if import WhatIf
    from refractory.render.words import Words

# The widths of the columns: what it is, as it is, as it would be.
_COLUMNS = (48, 25, 25)
_NONE = "-"


@click.command("what-if")
@click.argument("case_name", metavar="CASE")
@click.option("--present", multiple=True, metavar="FACT", help="Suppose that this fact is present; may be repeated.")
@click.option("--absent", multiple=True, metavar="FACT", help="Suppose that this fact is absent; may be repeated.")
@table_option
@format_option("text", "json")
@common
def what_if(
    case_name: str,
    *,
    present: tuple[str, ...],
    absent: tuple[str, ...],
    table_path: str | None,
    form: str,
    settings: Settings,
) -> int:
    """Answer a case as it is and as it would be if facts were present or absent, side by side, and say what differs.

    What the case itself says against a supposed fact is left out. The file is not changed.
    """
    with time_limit(settings.timeout):
        from refractory.pipeline.knowledge_base import KnowledgeBase

        base = KnowledgeBase.load(settings.knowledge, guidance=settings.guidance)
        table = base.table(table_path) if table_path is not None else None
        answer = base.what_if(read_case(case_name, base.knowledge), present, absent, table=table)
        text = "" if form == "json" else "".join(f"{line}\n" for line in _lines(answer, base))
    if form == "json":
        emit_json(answer.to_json())
    else:
        emit(text)
    return 0


def _lines(answer: WhatIf, base: KnowledgeBase) -> Iterator[str]:
    from refractory.model.assessment import NOTICE
    from refractory.pipeline.what_if import compared
    from refractory.render.words import Words

    words = Words(base.knowledge)
    yield from textwrap.wrap(f"{answer.before.case}, if {_supposed(answer, words)}", sum(_COLUMNS) + 2)
    yield ""
    yield from _row(("", "as it is", "as it would be"))
    last = ""
    for key, before, after, differs in compared(base, answer.before, answer.after):
        if key.what != last:
            last = key.what
            yield key.what.upper()
        mark = "*" if differs else " "
        yield from _row((f"{mark} {words.label(key.name)}", _said(before, words), _said(after, words)))
    yield ""
    yield "WHAT DIFFERS" if answer.changes else "NOTHING DIFFERS"
    for change in answer.changes:
        name = change.name if change.what == "failure" else words.label(change.name)
        said = " -> ".join(_said(side, words) for side in (change.before, change.after))
        yield from textwrap.wrap(
            f"{change.what} {change.kind}: {name} ({said})", sum(_COLUMNS) + 2, initial_indent="  - "
        )
    yield ""
    yield from textwrap.wrap(NOTICE, sum(_COLUMNS) + 2)


def _supposed(answer: WhatIf, words: Words) -> str:
    parts = [f"{words.label(name)} is present" for name in answer.present]
    return " and ".join([*parts, *(f"{words.label(name)} is absent" for name in answer.absent)])


def _said(text: str, words: Words) -> str:
    """Return what is said of a conclusion in words; what is no term, such as an amount, as it stands."""
    parts = (part if " " in part else words.label(part) for part in text.split(", "))
    return ", ".join(parts) if text else _NONE


def _row(cells: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a row, each cell wrapped within its column."""
    wrapped = [
        textwrap.wrap(cell, width, subsequent_indent="  ") or [""] for cell, width in zip(cells, _COLUMNS, strict=True)
    ]
    for number in range(max(map(len, wrapped))):
        line = (cell[number] if number < len(cell) else "" for cell in wrapped)
        yield " ".join(f"{part:<{width}}" for part, width in zip(line, _COLUMNS, strict=True)).rstrip()
