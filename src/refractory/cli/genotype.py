"""`refractory genotype`: what a table of mutations says of one mutation, and what follows from its gene."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING

import click

from refractory.cli.clock import time_limit
from refractory.cli.options import Settings, common, format_option
from refractory.cli.output import emit, emit_json

if TYPE_CHECKING:
    from refractory.genotype.table import ResistanceTable
    from refractory.model.genotype import Call, Calls, Evidence
    from refractory.pipeline.genotype import GenotypeAnswer
    from refractory.pipeline.knowledge_base import KnowledgeBase
    from refractory.render.words import Words

_WIDTH = 100
# How many lines of the table are named for one oddity; JSON has them all.
_LINES = 5


@click.command()
@click.option("--table", "path", required=True, metavar="FILE", help="The table, in the form of HerpesDRG.")
@click.option("--virus", required=True, metavar="V", help="The virus, by any of its names.")
@click.option("--gene", required=True, metavar="G", help="One of its genes.")
@click.option("--mutation", required=True, metavar="M", help="The mutation, as the table writes it.")
@format_option("text", "json")
@common
def genotype(*, path: str, virus: str, gene: str, mutation: str, form: str, settings: Settings) -> int:
    """Look a mutation up in a table: one call for each drug, every row behind it, and what follows from the gene.

    A mutation that the table does not have is answered so, and is no error.
    """
    with time_limit(settings.timeout):
        from refractory.pipeline.knowledge_base import KnowledgeBase

        base = KnowledgeBase.load(settings.knowledge, guidance=settings.guidance)
        answer = base.genotype(base.table(path), virus, gene, mutation)
        text = "" if form == "json" else "".join(f"{line}\n" for line in _lines(answer, base))
    if form == "json":
        emit_json(answer.to_json())
    else:
        emit(text)
    return 0


def _lines(answer: GenotypeAnswer, base: KnowledgeBase) -> Iterator[str]:
    from refractory.model.assessment import NOTICE
    from refractory.render.words import Words

    words, calls = Words(base.knowledge), answer.calls
    yield from _wrapped(f"{calls.mutation} in {calls.gene} of {words.label(calls.virus)}")
    yield ""
    yield from _called(calls, words)
    yield from _mechanism(calls, words)
    if calls.evidence:
        yield "EVIDENCE"
        for row in calls.evidence:
            yield from _row(row, words)
        yield ""
    if any(call.cut_offs for call in calls.calls):
        yield "LIMITS"
        for limit in reversed(answer.cut_offs):
            yield from _item(
                f"{limit.name}: a factor of at least {limit.fold_change.normalize():f}; {words.label(limit.origin)}"
            )
        yield ""
    yield "RESTS ON"
    for statement in calls.statements:
        yield from _item(f"{statement.id}: {words.label(statement.id)}")
    yield ""
    yield from _table(answer.table)
    yield ""
    yield from _wrapped(NOTICE)


def _called(calls: Calls, words: Words) -> Iterator[str]:
    if not calls.in_table:
        yield from _wrapped("The table has no entry in use for this mutation, so no call is made.")
        for row in calls.unused:
            yield from _item(f"Row {row.id} (line {row.line}) has it, and is not used: its status is {row.status}.")
        if calls.nearest:
            yield from _item(f"Mutations of this gene with like names: {', '.join(calls.nearest)}.")
        yield ""
        return
    yield "CALLS"
    for call in calls.calls:
        yield from _item(_call(call, words))
    if not calls.calls:
        yield from _item("The rows on this mutation say nothing that can be used on a drug that is known.")
    for row in calls.unused:
        yield from _item(f"Row {row.id} (line {row.line}) is not used: its status is {row.status}.")
    yield ""


def _call(call: Call, words: Words) -> str:
    parts = [f"{words.label(call.drug)}: {call.call}"]
    if call.strength:
        parts.append(f", {call.strength}")
    sides = (("for resistance", call.evidence_for), ("against it", call.evidence_against))
    rows = "; ".join(f"{side}: {'row' if len(ids) == 1 else 'rows'} {', '.join(ids)}" for side, ids in sides if ids)
    parts.append(f" ({rows})")
    if call.cut_offs:
        parts.append(f"; limits {words.label(call.cut_offs)}")
    if call.all_flagged:
        parts.append("; each of these rows has a flag")
    return "".join(parts)


def _mechanism(calls: Calls, words: Words) -> Iterator[str]:
    yield "WHAT FOLLOWS FROM THE GENE"
    if not calls.mechanism.doubtful and not calls.mechanism.unaffected:
        yield from _item("Nothing: no source in use says what it does to a drug.")
        yield ""
        return
    doubtful = ", ".join(map(words.label, calls.mechanism.doubtful)) or "no drug that is known"
    unaffected = ", ".join(map(words.label, calls.mechanism.unaffected)) or "no drug that is known"
    yield from _item(f"A change of it may make doubtful: {doubtful}.")
    yield from _item(f"It leaves unaffected: {unaffected}. Other changes of the same virus may be there.")
    yield ""


def _row(row: Evidence, words: Words) -> Iterator[str]:
    said = ", ".join(f"{words.label(result.drug)} {result.cell}" for result in row.results) or "nothing on a known drug"
    yield from _item(f"Row {row.id} (line {row.line}): {said}")
    for flag in row.flags:
        yield from _item(f"Flag: {words.label(flag)}", level=2)
    for column, cell in row.not_called:
        yield from _item(f"Not used: {column} {cell}", level=2)
    for name, cell in row.cells:
        yield from _item(f"{name}: {cell}", level=2)


def _table(table: ResistanceTable) -> Iterator[str]:
    yield "TABLE"
    yield from _item(f"{table.name}, SHA-256 {table.sha256}")
    others = ", ".join(f"{number} of status {status or 'none'}" for status, number in table.statuses)
    yield from _item(f"{table.rows} rows ({others}); {table.active} are used, {len(table.used)} of them on known genes")
    for kind, found in groupby(table.oddities, key=lambda oddity: oddity.kind):
        oddities = list(found)
        yield from _item(" ".join(filter(None, (f"{kind}:", oddities[0].why, oddities[0].fix))))
        for oddity in oddities:
            yield from _item(oddity.what + _where(oddity.lines), level=2)


def _where(lines: tuple[int, ...]) -> str:
    if len(lines) < 2:
        return f" (line {lines[0]})" if lines else ""
    shown = ", ".join(map(str, lines[:_LINES]))
    return f" (lines {shown}, ...; {len(lines)} in all)" if len(lines) > _LINES else f" (lines {shown})"


def _item(text: str, level: int = 1) -> Iterator[str]:
    indent = "  " * level
    yield from textwrap.wrap(
        text, _WIDTH, initial_indent=f"{indent}- ", subsequent_indent=f"{indent}  ", break_long_words=False
    )


def _wrapped(text: str) -> Iterable[str]:
    return textwrap.wrap(text, _WIDTH)
