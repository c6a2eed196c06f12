"""`refractory export`: RDF files for any triple store, and the answer to a case as a FHIR Bundle."""

from __future__ import annotations

import click

from refractory.cli.clock import time_limit
from refractory.cli.inputs import read_case
from refractory.cli.options import Settings, common, format_option
from refractory.cli.output import emit


@click.command()
@click.option("--case", "case_name", metavar="CASE", help="Export the graphs of this case; - is standard input.")
@format_option("turtle", "trig", "nquads", "jsonld", "fhir")
@common
def export(case_name: str | None, form: str, settings: Settings) -> int:
    """Write the knowledge (ontology and guidance), or what is known of a case, as RDF.

    A case comes as three named graphs: asserted, inferred and assessment. Turtle has no named graphs and merges them.
    `fhir` is the answer to a case as a FHIR R4B Bundle, as `assess --format fhir` gives it. The same input gives the
    same bytes.
    """
    if form == "fhir" and not case_name:
        raise click.UsageError("FHIR carries the answer to a case: name one with --case.")
    with time_limit(settings.timeout):
        from refractory.export.fhir import bundle
        from refractory.export.fhir_parts import fhir_text
        from refractory.export.rdf import export_case, export_knowledge
        from refractory.pipeline.knowledge_base import KnowledgeBase

        base = KnowledgeBase.load(settings.knowledge, guidance=settings.guidance)
        if case_name:
            answer = base.assess(read_case(case_name, base.knowledge))
            text = fhir_text(bundle(answer, base.knowledge)) if form == "fhir" else export_case(answer, form)
        else:
            text = export_knowledge(base.knowledge, form)
    emit(text)
    return 0
