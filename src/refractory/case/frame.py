"""What the reader adds to a case, because no rule makes a node or a unit: patient, virus, isolates, days, quantities.

Resistance belongs to the virus of the episode, seen through isolates: each laboratory result, and after the results
each genotype finding, describes an isolate of its own. Two are told apart by their dates or by their specimens, so one
text for a specimen is one node.

Of each quantity that the case gives, one value counts, in the quantity's canonical unit: that of the latest
measurement, or the one that the patient's own property states. A case that says two that differ does not conform, and
whatever stands here of it is not used.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from pyoxigraph import Literal, NamedNode, Triple

from refractory.case import nodes
from refractory.case.quantities import Quantities
from refractory.model.facts import Fact
from refractory.model.values import plain
from refractory.vocabulary import Rdf, Xsd, rfy

_ASSESSED_ON: Final = rfy("assessedOn")
_COUNTED: Final = {"startedOn": "daysSinceStart", "endedOn": "daysSinceEnd"}
# In this order isolates are numbered.
_FINDINGS: Final = ("hasSusceptibilityResult", "hasGenotypeFinding")

# Under each property, who has what.
_Said = Mapping[NamedNode, Sequence[tuple[NamedNode, NamedNode | Literal]]]


def assessed_on(case: NamedNode, asserted: Iterable[Fact]) -> date | None:
    """Return the day of the assessment; None if it is not said, or said twice."""
    return _today(case, [(subject, value) for subject, predicate, value in asserted if predicate == _ASSESSED_ON])


def _today(case: NamedNode, said: Iterable[tuple[NamedNode, NamedNode | Literal]]) -> date | None:
    days = [value.value for subject, value in said if subject == case and isinstance(value, Literal)]
    return date.fromisoformat(days[0]) if len(days) == 1 else None


def frame(case: NamedNode, asserted: Iterable[Triple], quantities: Quantities) -> Iterator[Triple]:
    """Yield the facts that complete a case before reasoning."""
    for fact in frame_parts(case, asserted, quantities):  # type: ignore[arg-type]  # a triple has the parts of a fact
        yield Triple(*fact)


def frame_parts(case: NamedNode, asserted: Iterable[Fact], quantities: Quantities) -> Iterator[Fact]:
    """Yield the facts that complete a case before reasoning, in parts."""
    said: dict[NamedNode, list[tuple[NamedNode, NamedNode | Literal]]] = {}
    for subject, predicate, value in asserted:
        said.setdefault(predicate, []).append((subject, value))
    patients = _objects(rfy("hasPatient"), said)
    if not patients:
        patients = [nodes.node(case, nodes.PATIENT)]
        yield case, rfy("hasPatient"), patients[0]
        yield patients[0], Rdf.TYPE, rfy("Patient")
    yield from _virus(case, said)
    yield from _days(case, said)
    yield from _quantities(case, patients[0], said, quantities)


def _objects(predicate: NamedNode, said: _Said) -> list[NamedNode]:
    """Return the nodes that a property leads to, each once and in order."""
    found = {value for _, value in said.get(predicate, ()) if isinstance(value, NamedNode)}
    return sorted(found, key=nodes.in_order)


def _virus(case: NamedNode, said: _Said) -> Iterator[Fact]:
    virus = nodes.node(case, nodes.VIRUS)
    yield case, rfy("hasVirus"), virus
    yield virus, Rdf.TYPE, rfy("EpisodeVirus")
    findings = [finding for predicate in _FINDINGS for finding in _objects(rfy(predicate), said)]
    specimens: dict[str, NamedNode] = {}
    for number, finding in enumerate(findings, 1):
        isolate = nodes.node(case, nodes.ISOLATE, number)
        yield isolate, Rdf.TYPE, rfy("Isolate")
        yield virus, rfy("hasIsolate"), isolate
        yield finding, rfy("describesIsolate"), isolate
        for subject, text in said.get(rfy("specimen"), ()):
            if subject == finding and isinstance(text, Literal):
                fresh = nodes.node(case, nodes.SPECIMEN, len(specimens) + 1)
                specimen = specimens.setdefault(_same_specimen(text.value), fresh)
                yield isolate, rfy("fromSpecimen"), specimen
                yield specimen, Rdf.TYPE, rfy("Specimen")


def _days(case: NamedNode, said: _Said) -> Iterator[Fact]:
    today = _today(case, said.get(_ASSESSED_ON, ()))
    for predicate, count in _COUNTED.items():
        for subject, day in said.get(rfy(predicate), ()):
            if today and isinstance(day, Literal):
                days = (today - date.fromisoformat(day.value)).days
                yield subject, rfy(count), Literal(str(days), datatype=Xsd.DECIMAL)


def _quantities(case: NamedNode, patient: NamedNode, said: _Said, quantities: Quantities) -> Iterator[Fact]:
    measured = _latest(said, quantities) if rfy("hasMeasurement") in said else {}
    for quantity, (measurement, value) in measured.items():
        yield case, rfy("hasQuantityValue"), measurement
        yield measurement, rfy("canonicalValue"), value
        if quantity in quantities.stated and quantities.stated[quantity] not in said:
            yield patient, quantities.stated[quantity], value
    # What the patient's own property states has no node, so it gets one.
    number = 0
    for quantity, predicate in quantities.stated.items():
        values = [value.value for _, value in said.get(predicate, ()) if isinstance(value, Literal)]
        if len(values) == 1 and quantity not in measured:
            number += 1
            node = nodes.node(case, nodes.QUANTITY, number)
            yield case, rfy("hasQuantityValue"), node
            yield node, rfy("ofQuantity"), quantity
            yield node, rfy("canonicalValue"), _decimal(Decimal(values[0]))


def _latest(said: _Said, quantities: Quantities) -> dict[NamedNode, tuple[NamedNode, Literal]]:
    """Return for each quantity the measurement that counts, and its value in the canonical unit."""
    found: dict[NamedNode, tuple[str, NamedNode, Literal]] = {}
    for node in _objects(rfy("hasMeasurement"), said):
        of = [value for subject, value in said.get(rfy("ofQuantity"), ()) if subject == node]
        numbers, units, days = (_texts(node, rfy(name), said) for name in ("measuredValue", "unitCode", "takenOn"))
        # What is missing, or said twice, is for the shapes to tell.
        if len(of) == len(numbers) == len(units) == 1 and len(days) <= 1 and isinstance(of[0], NamedNode):
            amount = quantities.canonical_value(of[0], numbers[0], units[0])
            day = days[0] if days else ""
            if amount is not None and (of[0] not in found or day > found[of[0]][0]):
                found[of[0]] = (day, node, _decimal(amount))
    return {quantity: (node, value) for quantity, (_, node, value) in found.items()}


def _texts(node: NamedNode, predicate: NamedNode, said: _Said) -> list[str]:
    return [value.value for subject, value in said.get(predicate, ()) if subject == node and isinstance(value, Literal)]


def _decimal(value: Decimal) -> Literal:
    return Literal(plain(value), datatype=Xsd.DECIMAL)


def _same_specimen(text: str) -> str:
    """Return a specimen's text without what only its writing adds: letter case, spacing, punctuation at the ends."""
    plain = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    ends = "".join(c for c in set(plain) if unicodedata.category(c)[0] in "PZ")
    return plain.strip(ends) or plain
