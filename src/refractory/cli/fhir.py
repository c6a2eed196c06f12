"""`refractory fhir`: what is made of a FHIR Bundle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from refractory.cli.clock import time_limit
from refractory.cli.inputs import content_of
from refractory.cli.options import Settings, assessed_on_option, common, format_option, split_option
from refractory.cli.output import emit, emit_json, place_in
from refractory.errors import RefractoryError, RefusedError

if TYPE_CHECKING:
    from refractory.case.fhir.trace import FhirReading


@click.group()
def fhir() -> None:
    """Look into FHIR R4 and R4B Bundles; nothing is fetched from anywhere."""


@fhir.command()
@click.argument("bundle", metavar="BUNDLE")
@format_option("text", "json")
@assessed_on_option
@split_option
@common
def trace(*, bundle: str, form: str, assessed_on: str | None, split: bool, settings: Settings) -> int:
    """List what of a Bundle was used, what was ignored or unknown, and why; as JSON, with the cases that it makes.

    Give a file, or - for standard input.
    """
    with time_limit(settings.timeout):
        from refractory.case.fhir.reading import read_bundle
        from refractory.knowledge.knowledge import Knowledge

        knowledge = Knowledge.load(settings.knowledge, settings.guidance)
        try:
            reading = read_bundle(_bytes(bundle), knowledge, assessed_on=assessed_on, split=split)
        except RefractoryError as error:
            error.place = place_in(bundle, error)
            raise
    if form == "json":
        emit_json(reading.to_json())
    else:
        emit("".join(f"{line}\n" for line in _lines(reading)))
    return 0


def _bytes(name: str) -> bytes:
    from refractory.case.fhir.limits import MAX_BUNDLE_BYTES

    content = content_of(name)
    if isinstance(content, bytes):
        return content
    try:
        with Path(content).open("rb") as file:
            return file.read(MAX_BUNDLE_BYTES + 1)
    except OSError as error:
        raise RefusedError(f"the file cannot be read: {error.strerror}.", fix="Give a FHIR Bundle.") from None


def _lines(reading: FhirReading) -> Iterator[str]:
    from refractory.case.fhir.trace import IGNORED, UNKNOWN, USED

    yield f"{len(reading.cases)} {'case' if len(reading.cases) == 1 else 'cases'}: " + ", ".join(
        str(case["id"]) for case in reading.cases
    )
    for outcome in (USED, UNKNOWN):
        yield ""
        yield outcome.upper()
        entries = [entry for entry in reading.trace if entry.outcome == outcome]
        for entry in entries:
            to = f"{entry.fact}: " if entry.fact else ""
            yield f"  {entry.resource}: {to}{entry.reason}"
            yield f"    {entry.path}" + (f" (row {entry.row})" if entry.row else "")
        if not entries:
            yield "  nothing"
    yield ""
    yield IGNORED.upper()
    ignored = [entry for entry in reading.trace if entry.outcome == IGNORED]
    for entry in ignored:
        if entry.row:
            yield f"  {entry.resource}: {entry.reason}"
            yield f"    {entry.path} (row {entry.row})"
    # What no row speaks of is most of a record, and of no interest one by one; JSON has it all.
    for reason, count in sorted(Counter(entry.reason for entry in ignored if not entry.row).items()):
        yield f"  {count} {'resource' if count == 1 else 'resources'}: {reason}"
    if not ignored:
        yield "  nothing"
