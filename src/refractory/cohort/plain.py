"""Stand-in for `refractory.cohort.inputs` until it is merged: NDJSON files, a record a line."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from refractory.cohort.records import Chunk, Item, Record


def files(inputs: Sequence[Path]) -> list[Path]:
    """Return the files of the inputs."""
    return [path for one in inputs for path in (sorted(one.iterdir()) if one.is_dir() else [one])]


def chunks(inputs: Sequence[Path], size: int, done: Collection[int] = ()) -> Iterator[Chunk]:
    """Yield the chunks that are not done."""
    paths = files(inputs)
    total = sum(path.stat().st_size for path in paths) or 1
    read, number = 0, 0
    items: list[Item] = []
    for path in paths:
        with path.open("rb") as file:
            for row, line in enumerate(file, 1):
                read += len(line)
                items.append(Record(line.rstrip(b"\n"), str(path), row))
                if len(items) == size:
                    if number not in done:
                        yield Chunk(number, tuple(items), read / total)
                    items, number = [], number + 1
    if items and number not in done:
        yield Chunk(number, tuple(items), 1.0)
