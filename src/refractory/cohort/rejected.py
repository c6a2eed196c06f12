"""The rows of what was not answered: which record, why, how to mend it, and how it begins."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from refractory.cohort.rows import Row
from refractory.cohort.schema import RAW_CHARACTERS
from refractory.errors import RefractoryError

if TYPE_CHECKING:
    from refractory.cohort.batch import Record
    from refractory.cohort.records import Lost, Unreadable

_INTERNAL: Final = "Internal"


def rejection(record: Record, error: Exception) -> Row:
    """Return the row of a record that was read and not answered."""
    if isinstance(error, RefractoryError):
        return _of_record(record, error.to_json())
    return _of_record(
        record,
        {
            "kind": _INTERNAL,
            "exitCode": RefractoryError.exit_code,
            "message": f"the program failed on this record: {type(error).__name__}: {error}",
            "fix": "Report it with the record, if that may be shown.",
        },
    )


def loss(lost: Lost) -> Row:
    """Return the row of a record that no worker could answer."""
    said = {"kind": lost.kind, "exitCode": lost.code, "message": lost.message, "why": lost.why, "fix": lost.fix}
    return _of_record(lost.record, said)


def unreadable(stretch: Unreadable) -> Row:
    """Return the row of a stretch of input that could not be read."""
    return {
        "case": None,
        "source": stretch.source,
        "row": stretch.row,
        "records": stretch.count,
        "kind": stretch.kind,
        "exitCode": stretch.code,
        "message": stretch.message,
        "place": stretch.place or None,
        "why": stretch.why or None,
        "fix": stretch.fix or None,
        "raw": stretch.raw.decode("utf-8", "replace")[:RAW_CHARACTERS],
        "rawBytes": stretch.size,
    }


def _of_record(record: Record, said: Row) -> Row:
    raw = _raw(record.data)
    return {
        "case": _identifier(raw),
        "source": record.source,
        "row": record.row,
        "records": 1,
        **said,
        "raw": raw.decode("utf-8", "replace")[:RAW_CHARACTERS],
        "rawBytes": len(raw),
    }


def _raw(data: bytes | str | Mapping[str, Any]) -> bytes:
    if isinstance(data, bytes):
        return data
    text = data if isinstance(data, str) else json.dumps(data, default=repr)
    return text.encode("utf-8", "surrogatepass")


def _identifier(raw: bytes) -> str | None:
    """Return the identifier of a record that was not answered, if there is one to be read."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    identifier = found.get("id") if isinstance(found, dict) else None
    return identifier if isinstance(identifier, str) else None
