"""NDJSON: a case or a FHIR Bundle a line. A line that is no JSON goes on as it is, and is rejected with its reason."""

from __future__ import annotations

from collections.abc import Iterator

from refractory.case.fhir.mapping import FhirMapping
from refractory.cohort.inputs.bundles import records_of
from refractory.cohort.inputs.pending import Pending, lost
from refractory.cohort.inputs.source import Source, lines, too_large
from refractory.cohort.records import Unreadable


def read(source: Source, mapping: FhirMapping) -> Iterator[Pending]:
    """Yield the records of a file.

    Args:
        source: The file.
        mapping: Says whose a resource of a Bundle is.
    """
    for line in lines(source):
        if isinstance(line, Unreadable):
            yield lost(line)
        elif not line.whole:
            yield lost(too_large(source.name, line.number, line.size, line.content))
        else:
            yield from records_of(line.content, source.name, line.number, mapping)
