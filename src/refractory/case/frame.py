"""What the reader adds to a case, because no rule makes a node: patient, virus, isolates, specimens, day counts.

Resistance belongs to the virus of the episode, seen through isolates: each laboratory result describes an isolate of
its own. Two results are told apart by their dates or by their specimens, so one text for a specimen is one node.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from datetime import date

from pyoxigraph import Literal, NamedNode, Triple

from refractory.case import nodes
from refractory.vocabulary import Rdf, Xsd, rfy


def assessed_on(case: NamedNode, asserted: Iterable[Triple]) -> date | None:
    """Return the day of the assessment; None if it is not said, or said twice."""
    days = [
        t.object.value
        for t in asserted
        if t.subject == case and t.predicate == rfy("assessedOn") and isinstance(t.object, Literal)
    ]
    return date.fromisoformat(days[0]) if len(days) == 1 else None


def frame(case: NamedNode, asserted: tuple[Triple, ...]) -> Iterator[Triple]:
    """Yield the facts that complete a case before reasoning."""
    if not any(t.predicate == rfy("hasPatient") for t in asserted):
        patient = nodes.node(case, nodes.PATIENT)
        yield Triple(case, rfy("hasPatient"), patient)
        yield Triple(patient, Rdf.TYPE, rfy("Patient"))
    yield from _virus(case, asserted)
    yield from _days(case, asserted)


def _virus(case: NamedNode, asserted: tuple[Triple, ...]) -> Iterator[Triple]:
    virus = nodes.node(case, nodes.VIRUS)
    yield Triple(case, rfy("hasVirus"), virus)
    yield Triple(virus, Rdf.TYPE, rfy("EpisodeVirus"))
    results = {
        t.object for t in asserted if t.predicate == rfy("hasSusceptibilityResult") and isinstance(t.object, NamedNode)
    }
    specimens: dict[str, NamedNode] = {}
    for number, result in enumerate(sorted(results, key=nodes.in_order), 1):
        isolate = nodes.node(case, nodes.ISOLATE, number)
        yield Triple(isolate, Rdf.TYPE, rfy("Isolate"))
        yield Triple(virus, rfy("hasIsolate"), isolate)
        yield Triple(result, rfy("describesIsolate"), isolate)
        for t in asserted:
            if t.subject == result and t.predicate == rfy("specimen") and isinstance(t.object, Literal):
                fresh = nodes.node(case, nodes.SPECIMEN, len(specimens) + 1)
                specimen = specimens.setdefault(_same_specimen(t.object.value), fresh)
                yield Triple(isolate, rfy("fromSpecimen"), specimen)
                yield Triple(specimen, Rdf.TYPE, rfy("Specimen"))


def _days(case: NamedNode, asserted: tuple[Triple, ...]) -> Iterator[Triple]:
    today = assessed_on(case, asserted)
    for t in asserted:
        if today and t.predicate == rfy("startedOn") and isinstance(t.object, Literal):
            days = (today - date.fromisoformat(t.object.value)).days
            yield Triple(t.subject, rfy("daysSinceStart"), Literal(str(days), datatype=Xsd.DECIMAL))


def _same_specimen(text: str) -> str:
    """Return a specimen's text without what only its writing adds: letter case, spacing, punctuation at the ends."""
    plain = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    ends = "".join(c for c in set(plain) if unicodedata.category(c)[0] in "PZ")
    return plain.strip(ends) or plain
