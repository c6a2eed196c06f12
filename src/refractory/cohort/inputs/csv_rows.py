"""CSV: UTF-8, a header, a case a row, by a mapping.

A quote that is opened and not closed swallows what follows. So a row is held against the header: if it does not have
its columns, its first line alone is given up, and reading goes on with the next one.
"""

from __future__ import annotations

import codecs
import csv
from collections import deque
from collections.abc import Iterator
from typing import Final

from refractory.case.limits import MAX_BYTES
from refractory.cohort.inputs import mapped
from refractory.cohort.inputs.mapping import CohortMapping
from refractory.cohort.inputs.pending import SHOWN_BYTES, Pending, lost
from refractory.cohort.inputs.source import Line, Source, lines, too_large
from refractory.cohort.records import Unreadable
from refractory.errors import UsageError

_QUOTE: Final = b'"'


def check(source: Source, mapping: CohortMapping) -> None:
    """Hold the header of a file against a mapping; a file that cannot be read is told when it is read.

    Raises:
        UsageError: A column is missing or unknown, or there is no header.
    """
    first = next(_rows(source, mapping.delimiter, 1), None)
    if first is None:
        raise UsageError("the file is empty.", place=source.name, fix="Give a CSV file with a header.")
    if isinstance(first, _Row):
        mapping.check(tuple(first.cells), source.name)
    elif first.count is not None:
        raise UsageError(f"the header cannot be read: {first.message}", place=source.name, fix=first.fix)


def read(source: Source, mapping: CohortMapping) -> Iterator[Pending]:
    """Yield the records of a file whose header was checked."""
    header: list[str] | None = None
    for row in _rows(source, mapping.delimiter, None):
        if isinstance(row, Unreadable):
            yield lost(row)
        elif header is None:
            header = row.cells
        else:
            cells = dict(zip(header, row.cells, strict=True))
            yield mapped.pending(mapping, cells, source.name, row.number, row.size)


class _Row:
    """A row: its first line, its bytes, and its cells."""

    __slots__ = ("cells", "number", "size")

    def __init__(self, number: int, size: int, cells: list[str]) -> None:
        self.number = number
        self.size = size
        self.cells = cells


def _rows(source: Source, delimiter: str, most: int | None) -> Iterator[_Row | Unreadable]:
    """Yield the header and the rows.

    Args:
        source: The file.
        delimiter: What stands between the columns.
        most: How many; None: all.
    """
    ahead = _Lines(source)
    columns = 0
    found = 0
    while found != most and (line := ahead.next()) is not None:
        if isinstance(line, Unreadable):
            yield line
            continue
        if not line.whole:
            yield too_large(source.name, line.number, line.size, line.content)
            continue
        row = _row(line, ahead, source.name, delimiter, columns)
        found += 1
        if isinstance(row, _Row) and not columns:
            columns = len(row.cells)
        yield row


class _Lines:
    """Lines of which some may be given back."""

    def __init__(self, source: Source) -> None:
        self._lines = lines(source, spaces=True)
        self._back: deque[Line | Unreadable] = deque()

    def next(self) -> Line | Unreadable | None:
        """Return the next line; None at the end."""
        return self._back.popleft() if self._back else next(self._lines, None)

    def give_back(self, given: list[Line | Unreadable]) -> None:
        """Let lines be the next ones."""
        self._back.extendleft(reversed(given))


def _row(line: Line, ahead: _Lines, source: str, delimiter: str, columns: int) -> _Row | Unreadable:
    """Return a row, with the lines that belong to it; or its first line, if they do not make a row."""
    cells, fault = _cells(line.content, delimiter, columns)
    if not fault:
        return _Row(line.number, line.size, cells)
    content, size, taken = line.content, line.size, list[Line | Unreadable]()
    while content.count(_QUOTE) % 2:
        more = ahead.next()
        if more is None:
            break
        taken.append(more)
        if isinstance(more, Unreadable) or not more.whole or size + more.size > MAX_BYTES:
            break
        content += b"\n" + more.content
        size += more.size
    else:
        cells, fault = _cells(content, delimiter, columns) if taken else (cells, fault)
        if not fault:
            return _Row(line.number, size, cells)
    ahead.give_back(taken)
    return Unreadable(
        source,
        line.number,
        fault,
        why="In which column each cell belongs cannot be told.",
        fix="Put cells with the delimiter, a quote or a line feed in them into quotes, and write their quotes twice.",
        count=1,
        raw=line.content[:SHOWN_BYTES],
        size=line.size,
    )


def _cells(content: bytes, delimiter: str, columns: int) -> tuple[list[str], str]:
    """Return the cells of a row, or what is wrong with it; of the header, the columns are 0."""
    try:
        text = content.removeprefix(codecs.BOM_UTF8).decode("utf-8")
        cells = next(csv.reader([text], delimiter=delimiter, strict=True))
        if columns and len(cells) != columns:
            return [], f"the row has {len(cells)} columns, and the header has {columns}."
        return cells, ""
    except UnicodeDecodeError as error:
        return [], f"it is not written in UTF-8 (byte {error.start + 1})."
    except (csv.Error, StopIteration) as error:
        return [], f"it is no row of CSV: {error}."
