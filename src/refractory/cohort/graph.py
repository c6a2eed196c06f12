"""The answers of a cohort as triples, in the words of an assessment's own graph.

One thing is told otherwise than there, because a cohort has so much of it: an entry on an action, or a disagreement of
sources, that many cases have word for word is one node that all of them point at. So a case costs forty triples and not
two hundred, and what counts cases counts the same.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, Final

import pyarrow as pa
from pyoxigraph import NamedNode

from refractory.errors import RefusedError
from refractory.knowledge.knowledge import Knowledge
from refractory.vocabulary import NAMESPACE, PREFIX, local_name, rfy

ANSWERS_GRAPH: Final = NamedNode(NAMESPACE + "cohort")
"""The graph of the answers."""

COLUMNS: Final = (
    "case",
    "assessedOn",
    "failing",
    "dose",
    "dayOfTreatment",
    "populations",
    "notApplicable",
    "resistance",
    "hypotheses",
    "recommendations",
    "cautions",
    "pitfalls",
    "conflicts",
    "gaps",
    "redFlags",
    "times",
)
"""The columns that are read; `questions` is too where it is there."""

PROLOGUE: Final = f"@prefix {PREFIX}: <{NAMESPACE}> .\n@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .\n"
"""What stands before the text of any batch."""

_NAME: Final = re.compile(r"[A-Za-z0-9_]+(?:-[A-Za-z0-9_]+)*")
_NOT_IN_IRI: Final = re.compile(r"[\x00-\x20<>\"{}|^`\\]")
# What makes different content a different node, and the same content the same one, wherever it is loaded.
_NODES: Final = "urn:sha256:"


class Answers:
    """Writes batches of answers as Turtle. Batches of one graph are given to one of these, which knows what it said."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._statuses = _by_status(knowledge, "givesStatus")
        self._hypotheses = _by_status(knowledge, "givesHypothesisStatus")
        self._said: set[str] = set()

    def turtle(self, batch: pa.RecordBatch) -> str:
        """Return a batch as Turtle, without the prologue.

        Args:
            batch: Rows with at least the `COLUMNS`.

        Raises:
            RefusedError: A value can be no name of a term, or a case no IRI.
        """
        shared: list[str] = []
        each = _Each(batch)
        of_case = [
            each("failing", lambda failing: f"a {_term('FailingCase')}" if failing else ""),
            each("assessedOn", lambda day: day and f'{_term("assessedOn")} "{day.isoformat()}"^^xsd:date'),
            each("dayOfTreatment", lambda day: f"{_term('dayOfTreatment')} {day}" if day is not None else ""),
            each("dose", lambda dose: _said("hasDoseAdequacy", [dose])),
            each("notApplicable", lambda names: _said("isNotApplicableBecause", names)),
            each("pitfalls", lambda met: _said("meetsPitfall", _names(met))),
            each("gaps", lambda met: _said("meetsGap", (gap["id"] for gap in met))),
            each("cautions", lambda met: _said("raisesCaution", _names(met))),
            each("recommendations", lambda given: _said("raisesCaution", _flat(given, "cautions"))),
            each("conflicts", lambda met: _said("meetsConflict", _names(c for c in met if c["about"] is None))),
            each("hypotheses", lambda held: _joined(_said(self._hypotheses[h["status"]], [h["name"]]) for h in held)),
            each("resistance", lambda held: _said("isHeightenedBy", _flat(held, "heightenedBy"))),
        ]
        of_assessment = [
            each("recommendations", lambda given: self._entries(given, shared)),
            each("recommendations", lambda given: _said("hasPosition", _flat(given, "positions"))),
            each("times", lambda met: _said("hasPosition", _names(met))),
            each("redFlags", lambda flags: _said("hasRedFlag", flags)),
            each("conflicts", lambda met: self._disagreements(met, shared)),
        ]
        if "questions" in batch.schema.names:
            of_assessment.append(each("questions", lambda asked: _said("asksFor", (q["fact"] for q in asked))))
        of_patient = [each("populations", _classes)]
        of_virus = [
            each("resistance", lambda held: _joined(_said(self._statuses[r["status"]], [r["drug"]]) for r in held))
        ]
        rows = zip(
            batch.column("case").to_pylist(),
            *(zip(*of, strict=True) for of in (of_case, of_assessment, of_patient, of_virus)),
            strict=True,
        )
        texts = [_case(case, parts) for case, *parts in rows]
        return "".join((*shared, *texts))

    def _entries(self, given: Iterable[Any], shared: list[str]) -> str:
        """Return what points at the entries on actions, and say each entry once."""
        nodes = []
        for one in given:
            said = _joined(
                (
                    f"a {_term('Recommendation')}",
                    _said("hasAction", [one["action"]]),
                    _said("hasKindOfAdvice", [one["kind"]]),
                    _said("hasUrgency", [one["urgency"]]),
                    _said("isBasedOn", one["statements"]),
                    _said("hasPosition", one["positions"]),
                    _said("isWeakenedBy", one["weakenedBy"]),
                )
            )
            nodes.append(self._node(said, shared))
        return f"{_term('hasRecommendation')} {' , '.join(nodes)}" if nodes else ""

    def _disagreements(self, met: Iterable[Any], shared: list[str]) -> str:
        nodes = []
        for one in met:
            if one["about"] is None:
                continue
            said = _joined(
                (
                    f"a {_term('FoundDisagreement')}",
                    _said("hasSortOfDisagreement", [one["name"]]),
                    _said("isDisagreementOn", [one["about"]]),
                    _said("isDisagreementOf", one["between"]),
                    _said("isBasedOn", one["statements"]),
                )
            )
            nodes.append(self._node(said, shared))
        return f"{_term('hasFoundDisagreement')} {' , '.join(nodes)}" if nodes else ""

    def _node(self, said: str, shared: list[str]) -> str:
        node = f"<{_NODES}{hashlib.sha256(said.encode()).hexdigest()}>"
        if node not in self._said:
            self._said.add(node)
            shared.append(f"{node} {said} .\n")
        return node


def _case(iri: str, parts: Sequence[tuple[str, ...]]) -> str:
    """Return the text of one case."""
    if _NOT_IN_IRI.search(iri):
        raise RefusedError(f"{iri!r} is no IRI of a case.", fix="Query what `refractory cohort` wrote.")
    of_case, of_assessment, of_patient, of_virus = map(_joined, parts)
    patient, virus, assessment = (f"<{_part(iri, name)}>" for name in ("patient", "virus", "assessment"))
    text = [
        f"<{iri}> a {_term('Case')} ; {_term('hasPatient')} {patient} ; {_term('hasVirus')} {virus} ; "
        f"{_term('hasAssessment')} {assessment}{of_case and ' ; '}{of_case} .\n",
        f"{patient} a {_term('Patient')}{of_patient and ' ; '}{of_patient} .\n",
        f"{assessment} a {_term('Assessment')}{of_assessment and ' ; '}{of_assessment} .\n",
    ]
    if of_virus:
        text.append(f"{virus} {of_virus} .\n")
    return "".join(text)


def _part(iri: str, name: str) -> str:
    return f"{iri}{'.' if '#' in iri else '#'}{name}"


class _Each:
    """Writes the values of a batch's columns; each different value is looked at once."""

    def __init__(self, batch: pa.RecordBatch) -> None:
        self._batch = batch
        self._read: dict[str, tuple[list[int], dict[int, Any]]] = {}

    def __call__(self, column: str, write: Callable[[Any], str | None]) -> list[str]:
        """Return the text of each row's value."""
        if column not in self._read:
            self._read[column] = self._values(self._batch.column(column))
        codes, values = self._read[column]
        texts = {code: write(value) or "" for code, value in values.items()}
        return [texts[code] for code in codes]

    @staticmethod
    def _values(array: pa.Array) -> tuple[list[int], dict[int, Any]]:
        """Return a number for each row, and the value of each number."""
        codes = _codes(array)
        first: dict[int, int] = {}
        for row, code in enumerate(codes):
            first.setdefault(code, row)
        values = array.take(pa.array(list(first.values()), pa.int64())).to_pylist()
        return codes, dict(zip(first, values, strict=True))


def _codes(array: pa.Array) -> list[int]:
    """Return a number for each value of an array: the same for values that are the same."""
    kind = array.type
    keys: Iterable[Hashable]
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        inner = _codes(array.flatten())
        sizes = array.value_lengths().fill_null(0).to_pylist()
        keys = _slices(inner, sizes)
    elif pa.types.is_struct(kind):
        keys = zip(*(_codes(child) for child in array.flatten()), strict=True)
    else:
        return [-1 if code is None else code for code in array.dictionary_encode().indices.to_pylist()]
    numbers: dict[Hashable, int] = {}
    return [numbers.setdefault(key, len(numbers)) for key in keys]


def _slices(codes: list[int], sizes: Iterable[int]) -> Iterator[Hashable]:
    start = 0
    for size in sizes:
        yield tuple(codes[start : start + size])
        start += size


def _by_status(knowledge: Knowledge, annotation: str) -> dict[str, str]:
    """Return the property that gives each status; which one does is said in the knowledge."""
    return {
        local_name(t.object.value): local_name(t.subject.value)
        for t in knowledge.triples
        if t.predicate == rfy(annotation) and isinstance(t.subject, NamedNode) and isinstance(t.object, NamedNode)
    }


def _names(some: Iterable[Any]) -> list[str]:
    return [one["name"] for one in some]


def _flat(some: Iterable[Any], field: str) -> list[str]:
    return [name for one in some for name in one[field]]


def _joined(parts: Iterable[str]) -> str:
    return " ; ".join(part for part in parts if part)


def _said(predicate: str, names: Iterable[str]) -> str:
    """Return predicate and objects, or nothing where there is no object."""
    objects = " , ".join(map(_term, dict.fromkeys(names)))
    return f"{_term(predicate)} {objects}" if objects else ""


def _classes(names: Iterable[str]) -> str:
    objects = " , ".join(map(_term, names))
    return f"a {objects}" if objects else ""


@cache
def _term(name: str) -> str:
    """Return one of our terms as Turtle writes it.

    Raises:
        RefusedError: No term can be called that.
    """
    if not _NAME.fullmatch(name):
        raise RefusedError(f"{name!r} is no name of a term.", fix="Query what `refractory cohort` wrote.")
    return f"{PREFIX}:{name}"
