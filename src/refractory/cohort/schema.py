"""The columns of answers and of what was not answered, as Arrow schemas: one row a case, names as in the JSON contract.

A column or field that `schemas/assessment.schema.json` has too means what it means there, with two differences that
make rows plain to query: statements, cautions and positions within a list are given by their names alone, and the
nodes of a case, which mean nothing outside it, are left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

import pyarrow as pa

from refractory.model.assessment import GuidanceUsed
from refractory.version import VERSION

SCHEMA_VERSION: Final = "1"
"""The version of both forms; it stands in their metadata."""

RAW_CHARACTERS: Final = 2_000
"""How much of a record that was not answered is kept."""

_NAMES: Final = pa.list_(pa.string())


def _needed(name: str, kind: pa.DataType) -> pa.Field:
    return pa.field(name, kind, nullable=False)


def _list(**fields: pa.DataType) -> pa.DataType:
    return pa.list_(pa.struct(list(fields.items())))


_AMOUNT: Final = pa.struct([("dose", pa.float64()), ("unit", pa.string())])
_REGIMEN: Final = pa.struct(
    [
        ("dose", pa.float64()),
        ("unit", pa.string()),
        ("route", pa.string()),
        ("everyHours", pa.float64()),
        ("timesPerDay", pa.float64()),
        ("days", pa.float64()),
        ("until", pa.string()),
        ("product", pa.string()),
    ]
)

CONCLUDED: Final = (
    _needed("outcome", pa.string()),
    _needed("failing", pa.bool_()),
    _needed("dose", pa.string()),
    pa.field("dayOfTreatment", pa.int32()),
    _needed("populations", _NAMES),
    _needed("notApplicable", _NAMES),
    _needed("resistance", _list(drug=pa.string(), status=pa.string(), heightenedBy=_NAMES, statements=_NAMES)),
    _needed(
        "hypotheses",
        pa.list_(
            pa.struct(
                [
                    ("name", pa.string()),
                    ("status", pa.string()),
                    ("for", _NAMES),
                    ("against", _NAMES),
                    ("open", _NAMES),
                    ("statements", _NAMES),
                ]
            )
        ),
    ),
    _needed(
        "recommendations",
        _list(
            action=pa.string(),
            kind=pa.string(),
            urgency=pa.string(),
            drug=pa.string(),
            redFlag=pa.bool_(),
            regimen=_REGIMEN,
            forThisPatient=_AMOUNT,
            cautions=_NAMES,
            weakenedBy=_NAMES,
            positions=_NAMES,
            statements=_NAMES,
        ),
    ),
    _needed("cautions", _list(name=pa.string(), statements=_NAMES)),
    _needed("pitfalls", _list(name=pa.string(), statements=_NAMES)),
    _needed("conflicts", _list(name=pa.string(), about=pa.string(), between=_NAMES, statements=_NAMES)),
    _needed("gaps", _list(id=pa.string(), source=pa.string(), line=pa.int32())),
    _needed("redFlags", _NAMES),
    _needed("times", _list(name=pa.string(), source=pa.string(), fromDay=pa.int32(), reached=pa.bool_())),
)
"""The columns that are made of what was concluded."""

_OWN: Final = (
    _needed("case", pa.string()),
    _needed("source", pa.string()),
    _needed("row", pa.int64()),
    pa.field("assessedOn", pa.date32()),
)
_BESIDE: Final = (
    _needed("warnings", _list(shape=pa.string(), name=pa.string(), place=pa.string(), value=pa.string())),
    _needed(
        "genotype",
        pa.list_(
            pa.struct(
                [
                    ("virus", pa.string()),
                    ("gene", pa.string()),
                    ("mutation", pa.string()),
                    ("calls", _list(drug=pa.string(), call=pa.string(), strength=pa.string())),
                    ("doubtful", _NAMES),
                    ("unaffected", _NAMES),
                ]
            )
        ),
    ),
)
_QUESTIONS: Final = _needed(
    "questions", _list(fact=pa.string(), asks=pa.string(), wouldChange=_NAMES, statements=_NAMES)
)
_ASSESSMENT: Final = _needed("assessment", pa.string())

_REJECTED: Final = (
    pa.field("case", pa.string()),
    _needed("source", pa.string()),
    _needed("row", pa.int64()),
    # A stretch of input that cannot be read is one row, and may have held several; null: nobody knows how many.
    pa.field("records", pa.int64()),
    _needed("kind", pa.string()),
    _needed("exitCode", pa.int32()),
    _needed("message", pa.string()),
    pa.field("place", pa.string()),
    pa.field("why", pa.string()),
    pa.field("fix", pa.string()),
    _needed("raw", pa.string()),
    _needed("rawBytes", pa.int64()),
)


def answered_schema(
    knowledge_hash: str, guidance: Sequence[GuidanceUsed], *, questions: bool = False, proofs: bool = False
) -> pa.Schema:
    """Return the schema of answers.

    Args:
        knowledge_hash: SHA-256 of the knowledge.
        guidance: The sources in use, the leading one first.
        questions: Whether there is a column of what may still be asked.
        proofs: Whether there is a column with the whole assessment and its proofs as JSON text.
    """
    asked = (*((_QUESTIONS,) if questions else ()), *((_ASSESSMENT,) if proofs else ()))
    return pa.schema([*_OWN, *CONCLUDED, *_BESIDE, *asked], _metadata(knowledge_hash, guidance))


def rejected_schema(knowledge_hash: str, guidance: Sequence[GuidanceUsed]) -> pa.Schema:
    """Return the schema of records that were not answered: which, why, how to mend it, and how each begins."""
    return pa.schema(list(_REJECTED), _metadata(knowledge_hash, guidance))


def _metadata(knowledge_hash: str, guidance: Sequence[GuidanceUsed]) -> Mapping[str | bytes, str | bytes]:
    return {
        "refractory.schemaVersion": SCHEMA_VERSION,
        "refractory.softwareVersion": VERSION,
        "refractory.knowledgeHash": knowledge_hash,
        "refractory.guidance": json.dumps([source.to_json() for source in guidance]),
    }
