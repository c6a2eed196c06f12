"""Counting over columns of Arrow: what comes how often, without making a row of Python of any row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

Key = tuple[Any, ...]

BETWEEN: Final = " "
"""What stands between names that are joined; no name has it."""


def counted(*columns: Any) -> Iterator[tuple[Key, int]]:
    """Yield each combination of values with how often it comes."""
    names = [str(number) for number in range(len(columns))]
    found = pa.table(list(columns), names=names).group_by(names).aggregate([([], "count_all")])
    values = zip(*(found.column(name).to_pylist() for name in names), strict=True)
    yield from zip(values, found.column("count_all").to_pylist(), strict=True)


def members(lists: Any) -> tuple[Any, Any]:
    """Return the members of all lists of a column, and beside them the row of each."""
    return pc.list_parent_indices(lists), pc.list_flatten(lists)


def once(rows: Any, names: Any) -> tuple[Any, Any]:
    """Return rows and names with every pair once."""
    found = pa.table([rows, names], names=["row", "name"]).group_by(["row", "name"]).aggregate([])
    return found.column("row"), found.column("name")


def chained(*arrays: Any) -> Any:
    """Return several arrays as one."""
    # A column that was filtered to nothing may have no chunk, so the type is said.
    return pa.chunked_array([chunk for one in arrays for chunk in getattr(one, "chunks", [one])], arrays[0].type)


def status_of(resistance: Any, drug: str) -> Any:
    """Return for each row the status of one drug; empty where it has none."""
    rows, values = members(resistance)
    those = pc.equal(pc.struct_field(values, "drug"), drug)
    rows, status = pc.filter(rows, those), pc.filter(pc.struct_field(values, "status"), those)
    places = pc.index_in(pa.array(range(len(resistance)), pa.int64()), value_set=rows)
    return pc.fill_null(pc.take(status, places), "")


def joined(names: Any) -> Any:
    """Return each list of names as one text."""
    return pc.binary_join(names, BETWEEN)
