"""Parquet: a column `case` of JSON, or columns named by a mapping; row group by row group, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from refractory.case.fhir.limits import MAX_BUNDLE_BYTES
from refractory.case.fhir.mapping import FhirMapping
from refractory.case.fhir.recognize import looks_like_fhir
from refractory.case.limits import MAX_BYTES
from refractory.cohort.inputs import mapped
from refractory.cohort.inputs.bundles import records_of
from refractory.cohort.inputs.mapping import CohortMapping
from refractory.cohort.inputs.pending import Pending, lost
from refractory.cohort.inputs.source import BLOCK, Source, too_large
from refractory.cohort.records import Unreadable
from refractory.errors import UsageError

COLUMN: Final = "case"
"""The column of cases as JSON."""

_ROWS: Final = 256
# pyarrow raises its own errors, and those of Python, for what a damaged page makes it stumble over.
_FAULTS: Final = (pa.ArrowException, OSError, ValueError, MemoryError, OverflowError)


def check(source: Source, mapping: CohortMapping | None) -> None:
    """Hold the columns of a file against what is read; a file that cannot be read is told when it is read.

    Raises:
        UsageError: It has no column of cases, and no mapping names its columns.
    """
    try:
        with _open(source) as file:
            schema = file.schema_arrow
    except _FAULTS:
        return
    if not _has_cases(schema, mapping):
        if mapping is None:
            raise UsageError(
                f"the file has no column {COLUMN!r} of text or bytes, and there is no mapping.",
                place=source.name,
                fix="Give one with --mapping; `refractory cohort template` prints one to begin with.",
            )
        mapping.check(tuple(schema.names), source.name)


def read(source: Source, mapping: CohortMapping | None, fhir: FhirMapping) -> Iterator[Pending]:
    """Yield the records of a file that was checked.

    Args:
        source: The file.
        mapping: What names its columns, if it has no column of cases.
        fhir: Says whose a resource of a Bundle is.
    """
    try:
        file = _open(source)
    except _FAULTS as error:
        yield lost(_unreadable(source, 1, error, size=source.size))
        return
    with file:
        cases = _has_cases(file.schema_arrow, mapping)
        columns = [COLUMN] if cases else list(mapping.columns) if mapping else []
        row = 1
        for group in range(file.num_row_groups):
            about = file.metadata.row_group(group)
            end = row + about.num_rows
            for batch in _batches(file, group, columns):
                if isinstance(batch, Exception):
                    size, place = about.total_byte_size, f"row group {group}"
                    yield lost(_unreadable(source, row, batch, size=size, count=end - row, place=place))
                elif cases:
                    yield from _cases(batch, source, row, fhir)
                    row += batch.num_rows
                elif mapping is not None:
                    yield from _mapped(batch, source, row, mapping)
                    row += batch.num_rows
            row = end
            source.read = source.size * (group + 1) // file.num_row_groups


def _batches(file: Any, group: int, columns: list[str]) -> Iterator[Any]:
    """Yield the batches of a row group; where it is damaged, the error, and no more."""
    try:
        yield from file.iter_batches(_ROWS, row_groups=[group], columns=columns, use_threads=False)
    except _FAULTS as error:
        yield error


def _open(source: Source) -> Any:
    # Pages are read as they are needed, so that a row group of any size takes the memory of a page.
    return pq.ParquetFile(source.path, pre_buffer=False, buffer_size=BLOCK, page_checksum_verification=True)


def _has_cases(schema: Any, mapping: CohortMapping | None) -> bool:
    """Say whether a file has cases as JSON; a mapping that names such a column means it otherwise."""
    if COLUMN not in schema.names or (mapping is not None and COLUMN in mapping.columns):
        return False
    kind = schema.field(COLUMN).type
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return any(
        test(kind)
        for test in (
            pa.types.is_string,
            pa.types.is_large_string,
            pa.types.is_string_view,
            pa.types.is_binary,
            pa.types.is_large_binary,
            pa.types.is_binary_view,
        )
    )


def _cases(batch: Any, source: Source, row: int, fhir: FhirMapping) -> Iterator[Pending]:
    # As bytes: a text that is not UTF-8 is one record's fault, and is told as that.
    for number, content in enumerate(batch.column(0).cast(pa.large_binary()).to_pylist(), row):
        yield from _case(content or b"", source, number, fhir)


def _mapped(batch: Any, source: Source, row: int, mapping: CohortMapping) -> Iterator[Pending]:
    for number, cells in enumerate(_rows(batch), row):
        if isinstance(cells, Exception):
            yield lost(_unreadable(source, number, cells, size=0, count=1, place="the row"))
        else:
            yield mapped.pending(mapping, cells, source.name, number, _size(cells))


def _rows(batch: Any) -> list[Any]:
    """Return the rows of a batch; for one that Python cannot hold, such as a text that is not UTF-8, the reason."""
    try:
        columns = [_cells(column) for column in batch.columns]
        return [dict(zip(batch.schema.names, cells, strict=True)) for cells in zip(*columns, strict=True)]
    except _FAULTS as error:
        if batch.num_rows == 1:
            return [error]
        return [row for number in range(batch.num_rows) for row in _rows(batch.slice(number, 1))]


def _cells(column: Any) -> list[Any]:
    # Many columns of a wide table say nothing, and to make each nothing anew takes as long as to make a text.
    return [None] * len(column) if column.null_count == len(column) else list(column.to_pylist())


def _case(content: bytes, source: Source, row: int, fhir: FhirMapping) -> Iterator[Pending]:
    if len(content) > (MAX_BUNDLE_BYTES if looks_like_fhir(content) else MAX_BYTES):
        yield lost(too_large(source.name, row, len(content), content))
    else:
        yield from records_of(content, source.name, row, fhir)


def _size(cells: dict[str, Any]) -> int:
    return sum(len(cell) if isinstance(cell, str | bytes | list) else 8 for cell in cells.values())


def _unreadable(
    source: Source, row: int, error: Exception, *, size: int, count: int | None = None, place: str = ""
) -> Unreadable:
    return Unreadable(
        source.name,
        row,
        f"{place or 'the file'} is damaged: {str(error).splitlines()[0] if str(error) else error!r}",
        why="What cannot be decoded is not answered; reading goes on after it." if place else "",
        fix="Fetch or write the file again, and begin the run anew.",
        count=count,
        place=place,
        size=size,
    )
