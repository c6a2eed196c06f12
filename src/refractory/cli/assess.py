"""`refractory assess`: the answer to cases."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from refractory.cli.clock import time_limit
from refractory.cli.inputs import Entry, emit_answers, read_cases, show_errors
from refractory.cli.options import Settings, assessed_on_option, common, format_option, split_option, table_option
from refractory.cli.output import emit
from refractory.errors import ContradictionError, NonConformingError

if TYPE_CHECKING:
    from refractory.case.reader import Case
    from refractory.genotype.table import ResistanceTable
    from refractory.model.assessment import Assessment
    from refractory.pipeline.knowledge_base import KnowledgeBase
    from refractory.render.page import Page


@click.command()
@click.argument("cases", metavar="CASE...", nargs=-1, required=True)
@format_option("text", "json", "turtle", "markdown", "html", "fhir")
@table_option
@assessed_on_option
@split_option
@click.option("--no-questions", is_flag=True, help="Leave out what may still be asked.")
@click.option(
    "--engine", type=click.Choice(["compiled", "reference"]), default="compiled", show_default=True, help="Reasoner."
)
@common
def assess(
    cases: tuple[str, ...],
    *,
    form: str,
    table_path: str | None,
    assessed_on: str | None,
    split: bool,
    no_questions: bool,
    engine: str,
    settings: Settings,
) -> int:
    """Assess cases: JSON (.json), Turtle (.ttl) or N-Triples (.nt) files, or - for standard input.

    A JSON file that is a FHIR R4 or R4B Bundle is read as such; `refractory fhir trace` says what was made of it.

    Prints the status of resistance, what to do, consider and avoid, what to find out, and what the guidance does not
    say, each with its line in the source. A bad case among several is reported, and the others are answered.
    """
    with time_limit(settings.timeout * len(cases)):
        from refractory.pipeline.knowledge_base import KnowledgeBase

        base = KnowledgeBase.load(settings.knowledge, guidance=settings.guidance, engine=engine)
        entries = read_cases(cases, base.knowledge, assessed_on=assessed_on, split=split)
        table = base.table(table_path) if table_path is not None else None
        answers = _answers(entries, base, table, questions=not no_questions)
    # Writing is not limited: a person may read page by page.
    if form == "fhir":
        _emit_fhir(entries, answers, base)
    elif form == "json":
        emit_answers([answers[i].to_json() if i in answers else entry.refusal() for i, entry in enumerate(entries)])
    elif answers:
        _emit(list(answers.values()), base, form)
    return show_errors(entries, debug=settings.debug)


def _answers(
    entries: Sequence[Entry], base: KnowledgeBase, table: ResistanceTable | None, *, questions: bool
) -> dict[int, Assessment]:
    """Return the answers by the place of their input; an input without an answer gets its error."""
    cases = {place: entry.case for place, entry in enumerate(entries) if entry.case is not None}
    try:
        return dict(zip(cases, base.assess_all(cases.values(), questions=questions, table=table), strict=True))
    except (NonConformingError, ContradictionError):
        # One of them is at fault, and the others are to be answered all the same.
        return _one_by_one(cases, entries, base, table, questions=questions)


def _one_by_one(
    cases: dict[int, Case],
    entries: Sequence[Entry],
    base: KnowledgeBase,
    table: ResistanceTable | None,
    *,
    questions: bool,
) -> dict[int, Assessment]:
    """Find which inputs do not conform, and answer the rest: together, or apart where one contradicts itself."""
    valid: dict[int, Case] = {}
    for place, case in cases.items():
        try:
            base.validate(case).raise_if_invalid()
            valid[place] = case
        except NonConformingError as error:
            entries[place].error = error
    try:
        found = base.assess_all(valid.values(), questions=questions, table=table) if valid else []
        return dict(zip(valid, found, strict=True))
    except ContradictionError:
        answers = {}
        for place, case in valid.items():
            try:
                answers[place] = base.assess(case, questions=questions, table=table)
            except ContradictionError as error:
                entries[place].error = error
        return answers


def _emit(assessments: Sequence[Assessment], base: KnowledgeBase, form: str) -> None:
    from refractory.model.assessment import assessment_triples
    from refractory.render.html import pages_html
    from refractory.render.markdown import page_markdown
    from refractory.render.page import page

    if form == "turtle":
        from refractory.export.rdf import write_triples

        emit(write_triples([triple for answer in assessments for triple in assessment_triples(answer)]))
        return
    pages = [page(answer, base.knowledge) for answer in assessments]
    if form == "html":
        emit(pages_html(pages))
    elif form == "markdown":
        emit("\n".join(map(page_markdown, pages)))
    else:
        _emit_text(pages)


def _emit_fhir(entries: Sequence[Entry], answers: dict[int, Assessment], base: KnowledgeBase) -> None:
    """Write a Bundle for each answer, and an OperationOutcome for a case without one; several as a list."""
    from refractory.export.fhir import bundle, refusal
    from refractory.export.fhir_parts import fhir_text

    written = [
        bundle(answers[place], base.knowledge) if place in answers else refusal(entry.refusal())
        for place, entry in enumerate(entries)
    ]
    emit(fhir_text(written[0] if len(written) == 1 else written))


def _emit_text(pages: Sequence[Page]) -> None:
    """Write plain text; on a terminal in its width, with styles, which carry no meaning."""
    from refractory.render.text import WIDTH, page_rich, page_text

    rule = "\n" + "=" * WIDTH + "\n\n"
    if not sys.stdout.isatty():
        emit(rule.join(map(page_text, pages)))
        return
    from rich.console import Console

    console = Console(highlight=False)
    width = min(console.width, WIDTH)
    for number, shown in enumerate(pages):
        if number:
            console.print(rule, end="")
        console.print(page_rich(shown, width), end="", soft_wrap=True)
